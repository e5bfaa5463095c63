"""The command line: `errorneurons --help`.

Heavy libraries are imported by the commands that need them, so that help comes at once. Whatever
is wrong with what the user gave is one sentence and exit status 2; `ERRORNEURONS_TRACEBACK=1`
shows where it was found.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from errorneurons import __version__

if TYPE_CHECKING:
    import xarray as xr

    from errorneurons.predictions.between_theories import Question
    from errorneurons.predictions.prediction import Report, Verdict
    from errorneurons.simulate.instrument import Instrument


class OneSentence(TyperGroup):
    """Runs a command; bad input is one sentence and exit status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (ValueError, OSError) as error:
            if os.environ.get("ERRORNEURONS_TRACEBACK"):
                raise
            _say(f"errorneurons: {_sentence(error)}")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            _say("errorneurons: interrupted; what is done is kept, run it again to go on")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=OneSentence,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Networks = Annotated[int, typer.Option(min=1, help="Networks simulated for each theory.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")]


class Registry(StrEnum):
    """What `errorneurons list` knows."""

    THEORIES = "theories"
    CLAIMS = "claims"
    COUNTER_CIRCUITS = "counter-circuits"
    ABLATIONS = "ablations"
    CONNECTIVITY = "connectivity"
    TASKS = "tasks"
    EXPERIMENTS = "experiments"


class Recorded(StrEnum):
    """What a demo recording holds."""

    SPIKES = "spikes"
    CALCIUM = "calcium"
    TUFTS = "tufts"


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


@app.command()
def report(out: Out = Path("errorneurons-report"), seed: Seed = 1, networks: Networks = 16) -> None:
    """Simulate the theories and judge the claims on them."""
    _check_folder(out)
    from errorneurons.predictions.study import theories_report
    from errorneurons.simulate.sweep import Plan

    _write(theories_report(Plan(networks, seed), out, _command(), _say), out)


@app.command()
def ablate(
    theory: Annotated[
        list[str] | None, typer.Option(help="A theory; may be given again. All if not given.")
    ] = None,
    ablation: Annotated[
        list[str] | None, typer.Option(help="An ablation; may be given again. All if not given.")
    ] = None,
    out: Out = Path("errorneurons-ablations"),
    seed: Seed = 1,
    networks: Annotated[int, typer.Option(min=2, help="Networks trained of each circuit.")] = 12,
    epochs: Annotated[
        int | None, typer.Option(min=2, help="Epochs of training; those of the task if not given.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="A task; may be given again. The association if not given."),
    ] = None,
) -> None:
    """Take parts of the circuits away, and report what each of them was for.

    Says what it does to learning, inference, errors and alignment with backpropagation.
    """
    from errorneurons.predictions.ablation_page import write_page
    from errorneurons.predictions.ablation_study import effects_of, simulate_pairs
    from errorneurons.simulate.ablation_registry import pairs
    from errorneurons.simulate.ablation_tasks import Design

    tasks = tuple(dict.fromkeys(task or ("association",)))
    chosen = {name: pairs(tuple(theory or ()), tuple(ablation or ()), name) for name in tasks}
    _check_folder(out)
    for name, those in chosen.items():
        folder = out if len(tasks) == 1 else out / name
        data = simulate_pairs(those, Design(networks, seed, epochs, name), out, _say)
        page = write_page(data, effects_of(data, those), those, folder, _command())
        typer.echo(f"Report: {page}")


@app.command()
def simulate(
    experiment: Annotated[
        str, typer.Argument(help="An experiment, or a table of trials that ends in .csv.")
    ],
    theory: Annotated[
        list[str], typer.Option(help="Theory that is put through it; may be given again.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for sessions and figures.")],
    networks: Annotated[int, typer.Option(min=1, help="Networks; each is an animal.")] = 4,
    seed: Seed = 1,
    repeats: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of each kind (5), or how often a table is run (1)."),
    ] = None,
    instrument: Annotated[
        Recorded | None,
        typer.Option(help="What is recorded; if left out, spikes where the errors are."),
    ] = None,
    streams: Annotated[
        int, typer.Option(min=1, help="Copies of a network that share a table's trials out.")
    ] = 1,
) -> None:
    """Put theories through an experiment, and leave sessions and figures of raw activity.

    Says beforehand what it costs. What is in the folder already is not made again.
    """
    from errorneurons.predictions.experimenting import named_experiment
    from errorneurons.predictions.experimenting import simulate as put_through
    from errorneurons.simulate.instrument import where_errors_are
    from errorneurons.simulate.laboratory import Setup
    from errorneurons.simulate.theories import theory as find

    chosen = named_experiment(experiment, streams)
    often = repeats or (1 if experiment.endswith(".csv") else 5)
    subjects = []
    for known in (find(name) for name in dict.fromkeys(theory)):
        seen = _instrument(instrument or Recorded.SPIKES)
        seen = seen if instrument else where_errors_are(seen, known.circuit)
        subjects.append((known, Setup(tuple(range(networks)), seed, often, seen)))
    _check_folder(out)
    for figure in put_through(chosen, subjects, out, _say):
        typer.echo(f"Figure: {figure}")


@app.command("list")
def list_(what: Annotated[Registry, typer.Argument(help="Which registry.")]) -> None:
    """List theories, claims, or what else there is."""
    for name, text in _entries(what):
        typer.echo(f"{name:28} {text}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A netCDF, Zarr or, with --mapping, NWB file.")],
    mapping: Annotated[Path | None, typer.Option(help="Mapping file of an NWB file.")] = None,
) -> None:
    """Check a file against the dataset contract."""
    from errorneurons.analysis.dataset import check as check_contract
    from errorneurons.analysis.dataset import open_recording
    from errorneurons.predictions.words import counted

    sessions = _sessions(check_contract(open_recording(file, mapping)))
    animals = len({s.attrs["animal"] for s in sessions})
    trials, units = (sum(s.sizes[dim] for s in sessions) for dim in ("trial", "unit"))
    typer.echo(
        f"{file} obeys the dataset contract: {counted(len(sessions), 'session')}, "
        f"{counted(animals, 'animal')}, {counted(trials, 'trial')}, {counted(units, 'unit')}."
    )


@app.command("demo-recording")
def demo_recording(
    theory: Annotated[str, typer.Option(help="Theory or counter-circuit that is recorded.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="NWB file to write.")],
    animals: Annotated[int, typer.Option(min=1, help="Virtual animals.")] = 8,
    cells: Annotated[int, typer.Option(min=2, help="Cells of each role in each area.")] = 24,
    trials: Annotated[int, typer.Option(min=2, help="Trials of each condition and stimulus.")] = 8,
    label_error: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of false error labels.")
    ] = 0.05,
    instrument: Annotated[Recorded, typer.Option(help="What is recorded.")] = Recorded.SPIKES,
    areas: Annotated[
        str, typer.Option(help="Areas that are recorded, e.g. 'area 1, area 2'; all if not given.")
    ] = "",
    efficacy: Annotated[
        float, typer.Option(min=0, max=1, help="Share of its rate that a silenced cell loses.")
    ] = 1.0,
    off_target: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the other role's cells silenced as well.")
    ] = 0.0,
    seed: Seed = 101,
) -> None:
    """Write a virtual recording of a theory as NWB.

    It holds spikes or calcium, labels of error cells of which some are false, and laser trials.
    """
    from errorneurons.analysis.dataset import collect
    from errorneurons.analysis.recordings import write_nwb
    from errorneurons.predictions.words import counted
    from errorneurons.simulate.bench import Laser
    from errorneurons.simulate.sweep import Plan, ensemble
    from errorneurons.simulate.theories import theory as find

    if out.suffix != ".nwb":
        raise ValueError(f"{out} does not end in .nwb; a demo recording is an NWB file")
    _check_new_file(out)
    known = find(theory)
    seen = replace(
        _instrument(instrument),
        cells=cells,
        label_error=label_error,
        label_error_interval=(max(0.0, label_error - 0.05), label_error + 0.05),
        areas=tuple(name.strip() for name in areas.split(",") if name.strip()),
    )
    seen.check_areas(p.area for p in known.circuit.populations)
    plan = Plan(animals, seed, trials, instrument=seen, laser=Laser(efficacy, off_target))
    networks = ensemble(known, plan, _say)
    write_nwb(collect(networks.sessions()), out, seed=seed)
    _say(f"{out}: {counted(len(networks.networks), 'animal')} of {theory}")


def _instrument(recorded: Recorded) -> Instrument:
    from errorneurons.simulate.instrument import TWO_PHOTON_SOMATA, TWO_PHOTON_TUFTS, Instrument

    return {
        Recorded.SPIKES: Instrument(),
        Recorded.CALCIUM: TWO_PHOTON_SOMATA,
        Recorded.TUFTS: TWO_PHOTON_TUFTS,
    }[recorded]


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="An NWB file.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Mapping file to write (FILE.toml).")
    ] = None,
) -> None:
    """Print what an NWB file holds, and write a mapping.

    The mapping file is filled in as far as names tell, with comments; read and correct it.
    """
    from errorneurons.analysis.recordings import describe_nwb, mapping_template

    content = describe_nwb(file)
    target = out or Path(file.with_suffix(".toml").name)
    _check_new_file(target)
    typer.echo(str(content))
    target.write_text(mapping_template(file), encoding="utf-8")
    _say(f"mapping written to {target}; read it, and give it to: errorneurons compare")


Theories = Annotated[
    list[str] | None, typer.Option("--theory", help="Theory to compare; repeat for more.")
]
Worlds = Annotated[
    int, typer.Option(min=20, help="Draws of what a theory leaves open, simulated for each.")
]
Library = Annotated[
    Path | None, typer.Option(help="Folder that keeps simulated worlds from run to run.")
]


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(help="Recordings: NWB, netCDF or Zarr.")],
    mapping: Annotated[Path | None, typer.Option(help="Mapping file of the NWB files.")] = None,
    out: Out = Path("errorneurons-comparison"),
    seed: Seed = 1,
    theory: Theories = None,
    worlds: Worlds = 40,
    library: Library = None,
) -> None:
    """Judge the claims on recordings, and weigh the theories.

    Ends in a verdict between theories, how far to trust it, and what to record next. The first
    time, the worlds of the theories are simulated, which takes a while; they are kept.
    """
    from errorneurons.analysis.dataset import collect, open_recording
    from errorneurons.predictions.study import recording_report

    _check_folder(out)
    question = _question(theory, worlds, seed, library)
    sessions = [s for file in files for s in _sessions(open_recording(file, mapping))]
    collect(sessions)  # refuses a session that is given twice
    name = ", ".join(file.name for file in files)
    _write(recording_report(sessions, name, question, _command(), _say), out)


@app.command()
def plan(
    theory: Theories = None,
    animals: Annotated[str, typer.Option(help="Numbers of animals to try.")] = "4,6,8,12",
    cells: Annotated[str, typer.Option(help="Cells of each role and area to try.")] = "12,36",
    trials: Annotated[str, typer.Option(help="Trials of a stimulus and condition.")] = "4,10",
    manipulation: Annotated[
        list[str] | None,
        typer.Option(help="What can be done; repeat for more. `none` for recording alone."),
    ] = None,
    areas: Annotated[str, typer.Option(help="Recorded areas, 1 lowest, 4 teaching.")] = "1,2,3,4",
    instrument: Annotated[str, typer.Option(help="spikes or calcium.")] = "spikes",
    label_error: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of false error labels.")
    ] = 0.05,
    budget: Annotated[int | None, typer.Option(min=2, help="The most animals.")] = None,
    out: Out = Path("errorneurons-plan"),
    seed: Seed = 1,
    worlds: Worlds = 40,
    library: Library = None,
) -> None:
    """Plan an experiment: how many animals, cells and trials settle it, and what buys most."""
    from errorneurons.predictions.plan_page import write_plan
    from errorneurons.predictions.planning import MANIPULATIONS, Grid
    from errorneurons.predictions.planning import plan as find

    chosen = tuple(manipulation or MANIPULATIONS)
    interval = (label_error, max(0.0, label_error - 0.05), min(0.95, label_error + 0.05))
    grid = Grid(
        _numbers("--animals", animals), _numbers("--cells", cells), _numbers("--trials", trials),
        () if chosen == ("none",) else chosen, _numbers("--areas", areas), instrument, interval,
        budget,
    )  # fmt: skip
    _check_folder(out)
    planned = find(grid, _question(theory, worlds, seed, library), _say)
    page, lines = write_plan(planned, out, _command())
    for line in lines:
        typer.echo(line)
    typer.echo(f"\nPlan: {page}")


def _question(theories: list[str] | None, worlds: int, seed: int, library: Path | None) -> Question:
    """Return what is compared; an unknown theory is refused at once."""
    from errorneurons.predictions.between_theories import Question
    from errorneurons.predictions.library import default_folder
    from errorneurons.simulate.theories import COMPARED
    from errorneurons.simulate.theories import theory as find
    from errorneurons.simulate.worlds import WorldPlan

    names = tuple(dict.fromkeys(find(name).name for name in theories or COMPARED))
    folder = library or default_folder()
    _check_folder(folder)
    return Question(names, WorldPlan(worlds, seed=seed), folder)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """Return whole numbers that were given with commas between them."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"{option} is {text!r}; give whole numbers with commas between them, e.g. 4,8,12"
        ) from None


def main() -> None:
    """Run the command line."""
    app(prog_name="errorneurons")


def _sentence(error: ValueError | OSError) -> str:
    """Return what an error says, without the number that the system gives it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}"
    return str(error)


def _check_folder(out: Path) -> None:
    """Refuse at once, not after minutes, a folder that cannot be written to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot make the folder {out}: {error.strerror}; give another --out"
        ) from error
    if not os.access(out, os.W_OK):
        raise ValueError(f"the folder {out} may not be written to; give another --out")


def _check_new_file(out: Path) -> None:
    """Refuse at once a file that is there already, or whose folder cannot be written to."""
    if out.exists():
        raise ValueError(f"{out} is there already and is not overwritten; give another --out")
    if not out.parent.is_dir():
        raise ValueError(f"there is no folder {out.parent} to write {out.name} to; make it first")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"the folder {out.parent} may not be written to; give another --out")


def _sessions(tree: xr.DataTree) -> list[xr.Dataset]:
    return [child.to_dataset() for child in tree.children.values()]


def _entries(what: Registry) -> list[tuple[str, str]]:
    if what is Registry.CLAIMS:
        from errorneurons.predictions.registry import CLAIMS

        return [(c.key, c.sentence) for c in CLAIMS]
    if what is Registry.CONNECTIVITY:
        from errorneurons.simulate.connectivity import CONNECTIVITY

        return list(CONNECTIVITY)
    if what is Registry.TASKS:
        from errorneurons.simulate.tasks.registry import table

        return table()
    if what is Registry.EXPERIMENTS:
        from errorneurons.simulate.experiments.registry import EXPERIMENTS

        return [(e.name, e.description) for e in EXPERIMENTS]
    if what is Registry.ABLATIONS:
        from errorneurons.simulate.ablation_registry import ABLATIONS

        return [(a.name, a.sentence) for a in ABLATIONS]
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
    """Return a line a verdict: N/M with its interval, or the start of what is missing."""
    from textwrap import shorten

    from errorneurons.predictions.words import effect

    wide = max(len(v.subject) for v in verdicts)
    return [
        f"{v.claim:5} {v.subject:{wide}}  {v.outcome.value:12}  "
        + (
            shorten(v.reason, 100, placeholder=" ...")
            if v.outcome.value == "NOT_TESTABLE"
            else f"N/M = {_plain(effect(v))}"
        )
        for v in verdicts
    ]


def _plain(text: str) -> str:
    """Return a number with a minus that every terminal can show."""
    return text.replace("\N{MINUS SIGN}", "-")


def _command() -> str:
    return shlex.join(["errorneurons", *sys.argv[1:]])


def _say(text: str) -> None:
    typer.echo(text, err=True)
