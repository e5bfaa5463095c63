"""Commands that simulate: report, ablate, reproduce, simulate and sweep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from errorneurons.predictions.commands.options import (
    AblationOnly,
    Ablations,
    Claims,
    Connectivities,
    ConnectivityOnly,
    Figures,
    RecordedBy,
    Results,
    SizesGiven,
    Tasks,
    Theories,
    TheoriesNeeded,
    TheoryFiles,
    Tried,
)
from errorneurons.predictions.commands.shared import (
    Networks,
    Out,
    Quiet,
    Scheduler,
    Seed,
    app,
    check_folder,
    say,
    this_command,
    write_report,
)

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
    quiet: Quiet = False,
) -> None:
    """Simulate the theories and judge the claims on them.

    With --theory and --claim only these are judged, in the experiments of these claims. A theory of
    your own, in a Python file that ends in THEORY = Theory(...), need not be in the package.
    """
    check_folder(out)
    from errorneurons.predictions.commands.progress import showing
    from errorneurons.predictions.studies.choosing import selected
    from errorneurons.predictions.studies.report import theories_report
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.store.work import Labour

    chosen = selected(theory or (), claim or (), theory_file or (), name, families=families)
    animals, labour = Animals(networks, seed), Labour(scheduler=scheduler)
    with showing(quiet=quiet) as tell:
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
    quiet: Quiet = False,
) -> None:
    """Take parts of the circuits away, and report what each of them was for.

    Says what it does to learning, inference, errors and alignment with backpropagation.
    """
    from errorneurons.predictions.commands.progress import showing
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
        with showing(quiet=quiet) as tell:
            data = simulate_pairs(those, design, out, tell, labour)
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
    theory_file: TheoryFiles = None,
    seed: Seed = 0,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Obtain published results again: their figures, and published numbers beside those obtained.

    What is in the folder already is not made again.
    """
    from errorneurons.predictions.commands.progress import showing
    from errorneurons.predictions.pages.published import write_published
    from errorneurons.predictions.studies.published import asked_of, obtain, results_named
    from errorneurons.simulate.store.work import Labour

    files = theory_file or ()
    asked = [asked_of(one, quick, networks, files) for one in results_named(name or ())]
    check_folder(out)
    with showing(quiet=quiet) as tell:
        every = obtain(asked, seed, out, tell, Labour(scheduler=scheduler))
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
        RecordedBy | None,
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
    quiet: Quiet = False,
) -> None:
    """Put theories through an experiment, and leave sessions and figures of raw activity.

    Says beforehand what it costs. What is in the folder already is not made again.
    """
    from errorneurons.predictions.commands.progress import showing
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
    with showing(quiet=quiet) as tell:
        figures = put_through(subjects, out, tell, Labour(scheduler=scheduler))
    for figure in figures:
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
    quiet: Quiet = False,
) -> None:
    """Put theories through an experiment: taken apart, wired otherwise, and in other sizes.

    Leaves sessions of every combination, and one dataset of activity by neuron type, as Zarr. What
    makes no sense is skipped with the reason; what is in the folder already is not made again.
    """
    from errorneurons.predictions.commands.progress import showing
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
    with showing(quiet=quiet) as tell:
        asked.save(out, tell, Labour(scheduler=scheduler))
    typer.echo(f"Activity: {out / 'activity.zarr'}\nSessions: {out / 'sessions'}")


def _often(repeats: int | None, experiment: str) -> int:
    """Return how often each kind of trial is run; a table is run once unless told otherwise."""
    return repeats or (1 if experiment.endswith(".csv") else 5)
