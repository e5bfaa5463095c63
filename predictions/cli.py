"""The command line: `errorneurons --help`.

Heavy libraries are imported by the commands that need them, so that help comes at once. Whatever
is wrong with what the user gave is one sentence and exit status 2.
"""

from __future__ import annotations

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import xarray as xr

    from errorneurons.predictions.prediction import Report, Verdict

app = typer.Typer(
    help="Judge theories of cortical error signalling on simulated and recorded activity.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Networks = Annotated[int, typer.Option(help="Networks simulated for each theory.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")]


class Registry(StrEnum):
    """What `errorneurons list` knows."""

    THEORIES = "theories"
    CLAIMS = "claims"
    ABLATIONS = "ablations"
    CONNECTIVITY = "connectivity"


@app.command()
def report(out: Out = Path("errorneurons-report"), seed: Seed = 1, networks: Networks = 20) -> None:
    """Simulate all theories, judge all claims on them and write a report."""
    from errorneurons.predictions.study import theories_report
    from errorneurons.simulate.sweep import Plan

    _write(theories_report(Plan(networks, seed), out, _command(), _say), out)


@app.command("list")
def list_(what: Annotated[Registry, typer.Argument(help="Which registry.")]) -> None:
    """List theories, claims, ablations or connectivity variants."""
    for name, text in _entries(what):
        typer.echo(f"{name:28} {text}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A netCDF, Zarr or, with --mapping, NWB file.")],
    mapping: Annotated[Path | None, typer.Option(help="Mapping file of an NWB file.")] = None,
) -> None:
    """Check a file against the dataset contract, naming every breach with its mend."""
    sessions = _sessions(file, mapping)
    animals = len({s.attrs["animal"] for s in sessions})
    trials, units = (sum(s.sizes[dim] for s in sessions) for dim in ("trial", "unit"))
    typer.echo(
        f"{file} obeys the dataset contract: {len(sessions)} sessions, {animals} animals, "
        f"{trials} trials, {units} units."
    )


@app.command("demo-recording")
def demo_recording(
    theory: Annotated[str, typer.Option(help="Theory or counter-circuit that is recorded.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="NWB file to write.")],
    animals: Annotated[int, typer.Option(help="Virtual animals.")] = 8,
    cells: Annotated[int, typer.Option(help="Cells of each role in each area.")] = 24,
    trials: Annotated[int, typer.Option(help="Trials of each condition and stimulus.")] = 8,
    label_error: Annotated[float, typer.Option(help="Share of false error labels.")] = 0.05,
    seed: Seed = 101,
) -> None:
    """Write a small virtual recording of a theory as NWB: spikes, labels with error, laser."""
    from errorneurons.analysis.dataset import collect
    from errorneurons.analysis.recordings import write_nwb
    from errorneurons.simulate.observe import Instrument
    from errorneurons.simulate.sweep import Plan, ensemble
    from errorneurons.simulate.theories import theory as find

    if out.suffix != ".nwb":
        raise ValueError(f"{out} does not end in .nwb; a demo recording is an NWB file")
    known = find(theory)
    interval = (max(0.0, label_error - 0.05), label_error + 0.05)
    instrument = Instrument(cells, label_error, interval)
    networks = ensemble(known, Plan(animals, seed, trials, instrument=instrument), _say)
    write_nwb(collect(networks.sessions()), out, seed=seed)
    _say(f"{out}: {len(networks.networks)} animals of {theory}")


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="An NWB file.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Mapping file to write (FILE.toml).")
    ] = None,
) -> None:
    """Print what an NWB file holds, and write a commented mapping file to start from."""
    from errorneurons.analysis.recordings import describe_nwb, mapping_template

    typer.echo(str(describe_nwb(file)))
    target = out or file.with_suffix(".toml")
    if target.exists():
        raise ValueError(f"{target} is there already and is not overwritten; give another --out")
    target.write_text(mapping_template(file), encoding="utf-8")
    _say(f"mapping written to {target}; read it, and give it to: errorneurons compare")


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(help="Recordings: NWB, netCDF or Zarr.")],
    mapping: Annotated[Path | None, typer.Option(help="Mapping file of the NWB files.")] = None,
    out: Out = Path("errorneurons-comparison"),
    seed: Seed = 1,
    networks: Networks = 20,
) -> None:
    """Judge the claims on recordings, beside what each theory leads one to expect of them."""
    from errorneurons.predictions.study import matched_plan, recording_report

    sessions = [s for file in files for s in _sessions(file, mapping)]
    name = ", ".join(file.name for file in files)
    plan = matched_plan(sessions, networks, seed)
    _write(recording_report(sessions, name, plan, out, _command(), _say), out)


def main() -> None:
    """Run the command line; bad input is one sentence and exit status 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        if os.environ.get("ERRORNEURONS_TRACEBACK"):
            raise
        typer.echo(f"errorneurons: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo(
            "errorneurons: interrupted; what is done is kept, run it again to go on", err=True
        )
        sys.exit(130)


def _sessions(file: Path, mapping: Path | None) -> list[xr.Dataset]:
    from errorneurons.analysis.dataset import open_recording
    from errorneurons.analysis.recordings import load_mapping, read_nwb

    if file.suffix == ".nwb":
        if mapping is None:
            raise ValueError(
                f"{file} needs a mapping file that says what its fields mean; write one with "
                f"`errorneurons inspect {file}` and give it as --mapping"
            )
        tree = read_nwb(file, load_mapping(mapping))
    else:
        tree = open_recording(file)
    return [child.to_dataset() for child in tree.children.values()]


def _entries(what: Registry) -> list[tuple[str, str]]:
    if what is Registry.CLAIMS:
        from errorneurons.predictions.registry import CLAIMS

        return [(c.key, c.sentence) for c in CLAIMS]
    if what is Registry.CONNECTIVITY:
        from errorneurons.simulate.connectivity import CONNECTIVITY

        return list(CONNECTIVITY)
    from errorneurons.simulate.theories import COUNTER_CIRCUITS, THEORIES

    chosen = THEORIES if what is Registry.THEORIES else COUNTER_CIRCUITS
    return [(t.name, t.description) for t in chosen]


def _write(made: Report, out: Path) -> None:
    from errorneurons.predictions.report import write

    page = write(made, out)
    _say(f"{made.answer}\n")
    for line in _table(made.verdicts):
        typer.echo(line)
    typer.echo(f"\nReport: {page}")


def _table(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [f"{v.claim:6} {v.subject:28} {v.outcome.value}" for v in verdicts]


def _command() -> str:
    return shlex.join(["errorneurons", *sys.argv[1:]])


def _say(text: str) -> None:
    typer.echo(text, err=True)
