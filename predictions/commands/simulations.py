"""Commands that simulate: report, ablate, simulate and demo-recording."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errorneurons.predictions.commands.options import (
    AblationOnly,
    Ablations,
    Claims,
    Connectivities,
    ConnectivityOnly,
    Figures,
    Results,
    SizesGiven,
    Tasks,
    Theories,
    TheoriesNeeded,
    TheoryFiles,
    TheoryNeeded,
    Tried,
)
from errorneurons.predictions.commands.shared import (
    Networks,
    Out,
    Scheduler,
    Seed,
    app,
    check_folder,
    check_new_file,
    say,
    this_command,
    write_report,
)

if TYPE_CHECKING:
    import xarray as xr

    from errorneurons.simulate.instrument.instrument import Instrument


class _Recorded(StrEnum):
    """What a demo recording holds."""

    SPIKES = "spikes"
    CALCIUM = "calcium"
    TUFTS = "tufts"


Count = Annotated[int, typer.Option(min=1, metavar="N", help="Networks; each is an animal.")]

Repeats = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Trials of each kind (5), or how often a table is run (1)."
    ),
]


@app.command()
def report(
    out: Out = Path("errorneurons-report"),
    seed: Seed = 1,
    networks: Networks = 16,
    theory: Theories = None,
    claim: Claims = None,
    theory_file: TheoryFiles = None,
    name: Annotated[str, typer.Option(metavar="WORDS", help="Title of the page.")] = "",
    figures: Figures = None,
    sessions: Annotated[
        bool, typer.Option("--sessions", help="Leave the virtual recordings in OUT/sessions, too.")
    ] = False,
    families: Annotated[
        bool,
        typer.Option(
            "--families",
            help="Judge what theories leave open, too: a row a family of rivals (twice the time).",
        ),
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Simulate the theories and judge the claims on them.

    With --theory and --claim only these are judged, in the experiments of these claims. A theory of
    your own, in a Python file that ends in THEORY = Theory(...), need not be in the package.
    """
    check_folder(out)
    from errorneurons.predictions.commands.bar import showing
    from errorneurons.predictions.studies.choosing import selected
    from errorneurons.predictions.studies.report import theories_report
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.store.work import Labour

    chosen = selected(theory or (), claim or (), theory_file or (), name, families=families)
    animals, labour = Animals(networks, seed), Labour(scheduler=scheduler)
    with showing() as tell:
        found = theories_report(
            animals, out, this_command(), tell, labour, chosen=chosen, sessions=sessions
        )
    write_report(found, out, figures)


@app.command()
def ablate(
    theory: Theories = None,
    ablation: Ablations = None,
    out: Out = Path("errorneurons-ablations"),
    seed: Seed = 1,
    networks: Annotated[
        int, typer.Option(min=2, metavar="N", help="Networks trained of each circuit.")
    ] = 12,
    epochs: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Epochs of training; by default those of the task."),
    ] = None,
    task: Tasks = None,
    scheduler: Scheduler = None,
) -> None:
    """Take parts of the circuits away, and report what each of them was for.

    Says what it does to learning, inference, errors and alignment with backpropagation.
    """
    from errorneurons.predictions.pages.ablations import write_page
    from errorneurons.predictions.studies.ablations import effects_of
    from errorneurons.predictions.studies.lesions import simulate_pairs
    from errorneurons.simulate.ablations.registry import pairs
    from errorneurons.simulate.store.work import Labour
    from errorneurons.simulate.tasks.task import TaskDesign

    tasks = tuple(dict.fromkeys(task or ("association",)))
    chosen = {name: pairs(tuple(theory or ()), tuple(ablation or ()), name) for name in tasks}
    check_folder(out)
    for name, those in chosen.items():
        folder = out if len(tasks) == 1 else out / name
        design, labour = TaskDesign(networks, seed, epochs, name), Labour(scheduler=scheduler)
        data = simulate_pairs(those, design, out, say, labour)
        page = write_page(data, effects_of(data, those), those, folder, this_command())
        typer.echo(f"Report: {page}")


@app.command("reproduce")
def reproduce_published(
    name: Results = None,
    out: Out = Path("errorneurons-published"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute or less each: fewer networks and epochs.")
    ] = False,
    networks: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Networks of each circuit; by default as published."),
    ] = None,
    seed: Seed = 0,
    scheduler: Scheduler = None,
) -> None:
    """Obtain published results again: their figures, and published numbers beside those obtained.

    What is in the folder already is not made again.
    """
    from errorneurons.predictions.pages.published import write_published
    from errorneurons.predictions.studies.published import asked_of, obtain, results_named
    from errorneurons.simulate.store.work import Labour

    asked = [asked_of(one, quick, networks) for one in results_named(name or ())]
    check_folder(out)
    every = obtain(asked, seed, out, say, Labour(scheduler=scheduler))
    page, lines = write_published(every, out, this_command(), seed)
    for line in lines:
        typer.echo(line)
    typer.echo(f"\nPage: {page}")


@app.command("simulate")
def simulate_theories(
    experiment: Tried,
    theory: TheoriesNeeded,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="Folder for sessions and figures."),
    ],
    networks: Count = 4,
    seed: Seed = 1,
    repeats: Repeats = None,
    instrument: Annotated[
        _Recorded | None,
        typer.Option(help="What is recorded; if left out, spikes where the errors are."),
    ] = None,
    streams: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Copies of a network that share a table's trials out."
        ),
    ] = 1,
    ablation: AblationOnly = "intact",
    connectivity: ConnectivityOnly = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="SIZES", help="Neurons in the input and in each area, e.g. 10-20-15-10-5."
        ),
    ] = None,
    scheduler: Scheduler = None,
) -> None:
    """Put theories through an experiment, and leave sessions and figures of raw activity.

    Says beforehand what it costs. What is in the folder already is not made again.
    """
    from errorneurons.predictions.studies.experiments import Asked
    from errorneurons.predictions.studies.experiments import simulate as put_through
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.experiments.registry import named_experiment
    from errorneurons.simulate.instrument.instrument import recorded_by
    from errorneurons.simulate.store.work import Labour
    from errorneurons.simulate.variants import layers_of, variant

    chosen = replace(named_experiment(experiment, streams), repeats=_often(repeats, experiment))
    sizes = layers_of(layers) if layers else None
    subjects = []
    for name in dict.fromkeys(theory):
        known = variant(name, ablation, connectivity, sizes)
        seen = recorded_by(instrument, known.circuit)
        subjects.append(Asked(known, chosen, Animals(networks, seed), seen))
    check_folder(out)
    for figure in put_through(subjects, out, say, Labour(scheduler=scheduler)):
        typer.echo(f"Figure: {figure}")


@app.command("sweep")
def _sweep(
    experiment: Tried,
    theory: TheoriesNeeded,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the Zarr groups.")
    ],
    ablation: Ablations = None,
    connectivity: Connectivities = None,
    layers: SizesGiven = None,
    networks: Count = 4,
    seed: Seed = 1,
    repeats: Repeats = None,
    instrument: Annotated[
        str,
        typer.Option(metavar="KIND", help="What is recorded: rates, spikes, calcium or tufts."),
    ] = "rates",
    scheduler: Scheduler = None,
) -> None:
    """Put theories through an experiment: taken apart, wired otherwise, and in other sizes.

    Leaves sessions of every combination, and one dataset of activity by neuron type, as Zarr. What
    makes no sense is skipped with the reason; what is in the folder already is not made again.
    """
    from errorneurons.predictions.studies.sweep import CircuitSweep, through
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.store.work import Labour
    from errorneurons.simulate.variants import combined, layers_of

    sizes = [layers_of(text) for text in layers or ()]
    circuits = combined(theory, ablation or ("intact",), connectivity or (None,), sizes or (None,))
    animals, often = Animals(networks, seed), _often(repeats, experiment)
    asked = through(CircuitSweep((), experiment, often, animals, instrument), *circuits)
    for reason in dict.fromkeys(asked.skipped["reason"]):
        say(f"skipped: {reason}")
    check_folder(out)
    asked.save(out, say, Labour(scheduler=scheduler))
    typer.echo(f"Activity: {out / 'activity.zarr'}\nSessions: {out / 'sessions'}")


def _often(repeats: int | None, experiment: str) -> int:
    """Return how often each kind of trial is run; a table is run once unless told otherwise."""
    return repeats or (1 if experiment.endswith(".csv") else 5)


_NewFile = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="NWB file to write.")]
_VirtualAnimals = Annotated[int, typer.Option(min=1, metavar="N", help="Virtual animals.")]
_Cells = Annotated[int, typer.Option(min=2, metavar="N", help="Cells of each role in each area.")]
_TrialsOfAKind = Annotated[
    int, typer.Option(min=2, metavar="N", help="Trials of each condition and stimulus.")
]
_FalseLabels = Annotated[
    float,
    typer.Option(min=0, max=0.9, metavar="SHARE", help="Share of error labels that are false."),
]
_StatedFalseLabels = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=0.9,
        metavar="SHARE",
        help="Share of false labels that the file states; the truth by default.",
    ),
]
_Kind = Annotated[_Recorded, typer.Option(help="What is recorded.")]
_RecordedAreas = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Areas that are recorded, e.g. 'area 1, area 2'; all if not given.",
    ),
]
_Efficacy = Annotated[
    float,
    typer.Option(
        min=0, max=1, metavar="SHARE", help="Share of its rate that a silenced cell loses."
    ),
]
_OffTarget = Annotated[
    float,
    typer.Option(
        min=0, max=1, metavar="SHARE", help="Share of the other role's cells silenced as well."
    ),
]


@app.command("demo-recording")
def demo_recording(
    theory: TheoryNeeded,
    out: _NewFile,
    animals: _VirtualAnimals = 8,
    cells: _Cells = 24,
    trials: _TrialsOfAKind = 8,
    label_error: _FalseLabels = 0.05,
    stated_label_error: _StatedFalseLabels = None,
    instrument: _Kind = _Recorded.SPIKES,
    areas: _RecordedAreas = "",
    efficacy: _Efficacy = 1.0,
    off_target: _OffTarget = 0.0,
    seed: Seed = 101,
) -> None:
    """Write a virtual recording of a theory as NWB.

    It holds spikes or calcium, labels of error cells of which some are false, and laser trials. To
    see what wrong labels do, let the file state another share of them than the true one.
    """
    from errorneurons.analysis.readers.nwb.reader import write_nwb
    from errorneurons.analysis.session.session import collect
    from errorneurons.predictions.words import counted
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.animals.performed import put_through
    from errorneurons.simulate.animals.runner import recordings_of
    from errorneurons.simulate.experiments.registry import experiment
    from errorneurons.simulate.instrument.instrument import recorded_by
    from errorneurons.simulate.theories.registry import theory as find
    from errorneurons.simulate.trials.bench import Laser

    if out.suffix != ".nwb":
        raise ValueError(f"{out} does not end in .nwb; a demo recording is an NWB file")
    check_new_file(out)
    known = find(theory)
    seen = _labelled(
        replace(
            recorded_by(instrument, known.circuit),
            cells=cells,
            areas=tuple(name.strip() for name in areas.split(",") if name.strip()),
        ),
        label_error,
    )
    stated = label_error if stated_label_error is None else stated_label_error
    told = _labelled(seen, stated)
    seen.check_areas(p.area for p in known.circuit.populations)
    tried = replace(experiment("outcome_error"), repeats=trials)
    made = put_through(known, tried, Animals(animals, seed), seen, Laser(efficacy, off_target), say)
    write_nwb(collect(_stating(told, s) for s in recordings_of(made, seen)), out, seed=seed)
    said = f"{out}: {counted(len(made.animals.numbers), 'animal')} of {theory}"
    if stated != label_error:
        said += f"; {label_error:.0%} of error labels are false, the file states {stated:.0%}"
    say(said)


def _labelled(seen: Instrument, share: float) -> Instrument:
    """Return the instrument with a share of false labels, known to within 5 %."""
    interval = max(0.0, share - 0.05), share + 0.05
    return replace(seen, label_error=share, label_error_interval=interval)


def _stating(told: Instrument, session: xr.Dataset) -> xr.Dataset:
    """Return a session whose labels claim to be as often false as those of another instrument."""
    low, high = told.label_error_interval
    known = session["label_error"].copy()
    known.values[known.notnull()] = told.label_error
    known.attrs |= {"low": low, "high": high}
    return session.assign_coords(label_error=known)
