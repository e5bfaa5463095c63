"""The command line: `errorneurons --help`.

Heavy libraries are imported by the commands that need them, so that help comes at once. Whatever
is wrong with what the user gave is one sentence and exit status 2; `ERRORNEURONS_TRACEBACK=1`
shows where it was found.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from errorneurons import __version__
from errorneurons.predictions.commands import demo as demo
from errorneurons.predictions.commands import recordings as recordings
from errorneurons.predictions.commands import simulations as simulations
from errorneurons.predictions.commands.shared import InWords, app


class Registry(StrEnum):
    """What `errorneurons list` knows."""

    THEORIES = "theories"
    CLAIMS = "claims"
    COUNTER_CIRCUITS = "counter-circuits"
    ABLATIONS = "ablations"
    CONNECTIVITY = "connectivity"
    TASKS = "tasks"
    EXPERIMENTS = "experiments"
    PUBLISHED = "published"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"errorneurons {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Judge theories of cortical error signalling on simulated and recorded activity."""


@app.command("list")
def list_(what: Annotated[Registry, typer.Argument(help="Which registry.")]) -> None:
    """List theories, claims, or what else there is."""
    for name, text in _entries(what):
        typer.echo(f"{name:40} {text}" if name.startswith(" ") else f"{name:28} {text}")


def _entries(what: Registry) -> list[tuple[str, str]]:
    if what is Registry.CLAIMS:
        from errorneurons.predictions.claims.registry import CLAIMS

        return [(c.key, c.sentence) for c in CLAIMS]
    if what is Registry.CONNECTIVITY:
        from errorneurons.simulate.parts.connectivity import CONNECTIVITY

        return list(CONNECTIVITY)
    if what is Registry.TASKS:
        from errorneurons.simulate.tasks.registry import tasks_table

        return tasks_table()
    if what is Registry.EXPERIMENTS:
        from errorneurons.simulate.experiments.registry import EXPERIMENTS

        return [(e.name, e.description) for e in EXPERIMENTS]
    if what is Registry.PUBLISHED:
        from errorneurons.simulate.published.registry import PUBLISHED_RESULTS

        return [(r.name, r.description) for r in PUBLISHED_RESULTS]
    if what is Registry.ABLATIONS:
        from errorneurons.simulate.ablations.registry import ABLATIONS

        return [(a.name, a.sentence) for a in ABLATIONS]
    from errorneurons.simulate.theories.registry import COUNTER_CIRCUITS, OPEN_CHOICES, THEORIES

    if what is Registry.COUNTER_CIRCUITS:
        return [(t.name, t.description) for t in COUNTER_CIRCUITS]
    own = {t.name: [o for o in OPEN_CHOICES if o.variant_of == t.name] for t in THEORIES}
    return [
        entry
        for t in THEORIES
        for entry in (
            (t.name, t.description),
            *((f"  {o.name}", f"  {o.description}") for o in own[t.name]),
        )
    ]


for _registered in app.registered_commands:
    _registered.cls = InWords


def main() -> None:
    """Run the command line."""
    from errorneurons.simulate.store.places import compiler_cache

    compiler_cache()
    app(prog_name="errorneurons")
