"""What all commands share: how bad input is answered, and what is asked of folders and files."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from errorneurons.predictions.claims.claim import Verdict
    from errorneurons.predictions.judging.readiness import Ready
    from errorneurons.predictions.studies.findings import Report


STYLES = {"SUPPORTED": "green", "CONTRADICTED": "red", "UNDECIDED": "yellow", "NOT_TESTABLE": "dim"}
_TYPES = re.compile(r" <(?:list\[)?(?:path|Path|str|text)\]?>", re.IGNORECASE)
"""What help writes behind an argument that has a word of its own."""
_SCREEN = 24
"""Verdicts that have a line each; of more, the outcomes stand side by side."""
ENDLESS = 10_000
"""Columns of what is no terminal: nothing is wrapped or cut there."""


_ABOUT_THEORIES = ("report", "plan", "ablate", "reproduce")
_OF_RECORDINGS = (".nwb", ".nc", ".zarr", ".mat", ".h5", ".hdf5", ".npz", ".npy")


class OneSentence(TyperGroup):
    """Runs a command; bad input is one sentence and exit status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (ValueError, OSError) as error:
            if os.environ.get("ERRORNEURONS_TRACEBACK"):
                raise
            say(f"errorneurons: {_sentence(error)}")
            raise typer.Exit(2) from None
        except MemoryError as error:
            if os.environ.get("ERRORNEURONS_TRACEBACK"):
                raise
            why = f": {error}" if str(error) else ""
            say(f"errorneurons: memory is short{why}; ask for fewer or smaller networks")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            say("errorneurons: interrupted; what is done is kept, run it again to go on")
            raise typer.Exit(130) from None


class InWords(TyperCommand):
    """A command whose help names what is to be given, without the types that Python gives it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what is given; a recording given to a command about theories is told where to go."""
        given = [arg for arg in args if arg.lower().endswith(_OF_RECORDINGS)]
        if self.name in _ABOUT_THEORIES and given:
            raise ValueError(
                f"{self.name} is about theories; recordings are judged by: errorneurons compare "
                f"{given[0]}"
            )
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help; what stands beside the types stays where it is."""
        return _TYPES.sub(lambda found: " " * len(found[0]), super().get_help(ctx))


app = typer.Typer(
    cls=OneSentence,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed of everything random.")]

Networks = Annotated[
    int, typer.Option(min=1, metavar="N", help="Networks simulated for each theory.")
]

Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a Dask scheduler whose workers simulate, e.g. tcp://host:8786.",
    ),
]

Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="Say nothing of what is being done, only what is found."),
]

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the report.")]


def _sentence(error: ValueError | OSError) -> str:
    """Return what an error says, without the number that the system gives it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}; give another file or folder"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def check_folder(out: Path) -> None:
    """Refuse at once, not after minutes, a folder that cannot be written to."""
    from errorneurons.simulate.store.places import check_writable

    check_writable(out)


def check_new_file(out: Path) -> None:
    """Refuse at once a file that is there already, or whose folder cannot be written to."""
    from errorneurons.simulate.store.places import can_write

    if out.exists():
        raise ValueError(f"{out} is there already and is not overwritten; give another --out")
    if not out.parent.is_dir():
        raise ValueError(f"there is no folder {out.parent} to write {out.name} to; make it first")
    if not can_write(out.parent):
        raise ValueError(f"the folder {out.parent} may not be written to; give another --out")


@contextmanager
def folder_of_results(out: Path) -> Iterator[None]:
    """Refuse at once a folder that cannot be written to; leave none behind that is empty."""
    new = [p for p in (out, *out.parents) if not p.exists()]
    try:
        check_folder(out)
        yield
    finally:
        for folder in new:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def write_report(made: Report, out: Path, figures: Path | None = None) -> None:
    """Write a report, and its figures if a folder is given; print its answer and its verdicts."""
    from errorneurons.predictions.pages.page import write

    page = write(made, out)
    draw_for_papers(made, figures)
    say(f"{made.answer}\n")
    show_outcomes(made.verdicts)
    typer.echo(f"\nReport: {page}")


def draw_for_papers(made: Report, folder: Path | None) -> None:
    """Write each claim's figure and its numbers, if a folder is given."""
    if folder is None:
        return
    from errorneurons.predictions.pages.figures import write_figures

    written = write_figures(made, folder)
    say(f"{folder}: {len(written)} files, each claim's figure and its numbers\n")


def show_verdicts(verdicts: Sequence[Verdict], ready: Ready | None = None) -> None:
    """Print a row a verdict: N/M with its interval, or what is missing.

    A terminal gets colours, and rows as wide as it is; elsewhere a verdict is one plain line.
    """
    from rich.console import Console
    from rich.text import Text

    from errorneurons.predictions.pages.marks import effect
    from errorneurons.predictions.words import GLOSSES

    console, rows = Console(highlight=False), []
    lacks = ready.lacks if ready else {}
    for v in verdicts:
        missing = v.outcome.value == "NOT_TESTABLE"
        reason = lacks.get(v.claim) or v.reason
        words = _within(reason, console) if missing else f"N/M = {_plain(effect(v))}"
        verdict = Text(v.outcome.value, STYLES[v.outcome.value], no_wrap=True)
        rows.append((Text(v.claim, no_wrap=True), Text(v.subject, no_wrap=True), verdict, words))
    _print_rows(rows, console)
    if any(v.outcome.value != "NOT_TESTABLE" for v in verdicts):
        typer.echo(f"N/M is {GLOSSES['N/M']}.")


def show_outcomes(verdicts: Sequence[Verdict]) -> None:
    """Print a line a verdict, or of many the outcomes: a row a subject, a column a claim."""
    if len(verdicts) <= _SCREEN:
        show_verdicts(verdicts)
        return
    from rich.console import Console
    from rich.text import Text

    claims = tuple(dict.fromkeys(v.claim for v in verdicts))
    said = {(v.subject, v.claim): v.outcome.value for v in verdicts}
    rows: list[tuple[str | Text, ...]] = [("", *claims)]
    for subject in dict.fromkeys(v.subject for v in verdicts):
        words = [said.get((subject, key), "") for key in claims]
        marks = [Text(word[:1] or ".", STYLES.get(word, "dim")) for word in words]
        rows.append((Text(subject, no_wrap=True), *marks))
    _print_rows(rows, Console(highlight=False))
    typer.echo("S supported, C contradicted, U undecided, N not testable, . not asked")


def show_readiness(ready: Ready) -> None:
    """Print which claims can be tested, and of the others what is missing, the nearest first."""
    from rich.console import Console
    from rich.text import Text

    typer.echo(ready.summary)
    console, rows = Console(highlight=False), []
    for row in ready.rows:
        able = Text(row.can, "dim" if row.can == "no" else "green", no_wrap=True)
        key = Text(row.claim.key, no_wrap=True)
        rows.append((key, able, Text(row.claim.name), Text(f"{row.lacking} {row.mend}".strip())))
    _print_rows(rows, console)


def _print_rows(rows: Sequence[tuple[str | Text, ...]], console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    if console.is_terminal:
        console.print(table)
        return
    for line in console.render_lines(table, console.options.update(width=ENDLESS), pad=False):
        typer.echo("".join(segment.text for segment in line).rstrip())


def _within(reason: str, console: Console) -> Text:
    """Return a reason as it is where it can be wrapped, and its beginning where it is a line."""
    from textwrap import shorten

    from rich.text import Text

    return Text(reason if console.is_terminal else shorten(reason, 100, placeholder=" ..."))


def _plain(text: str) -> str:
    """Return a number with a minus that every terminal can show."""
    return text.replace("\N{MINUS SIGN}", "-")


def this_command() -> str:
    """Return the command that was given, to be shown where its results are."""
    return shlex.join(["errorneurons", *sys.argv[1:]])


def say(text: str) -> None:
    """Tell the user something that is no result."""
    typer.echo(text, err=True)
