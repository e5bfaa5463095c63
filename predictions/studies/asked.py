"""What a notebook asks, and the commands too: evidence, plans and ablations as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory

import xarray as xr

from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.predictions.claims.registry import IN_ONE_EXPERIMENT
from errorneurons.predictions.comparing.design import designs_of, no_trial_of
from errorneurons.predictions.comparing.library import default_folder
from errorneurons.predictions.comparing.plan import Grid, plan
from errorneurons.predictions.comparing.responding import telling
from errorneurons.predictions.comparing.weigh import Question, weighed
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.table import ResultTable, result_table
from errorneurons.predictions.judging.verdicts import AnySessions, checked, on_recording
from errorneurons.predictions.studies.lesions import simulate_pairs
from errorneurons.predictions.words import listed
from errorneurons.simulate.ablations.registry import pairs
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.refusing import a_list, in_short
from errorneurons.simulate.store.work import Labour, Progress, silently
from errorneurons.simulate.tasks.task import TaskDesign
from errorneurons.simulate.theories.from_file import is_file, theory_named
from errorneurons.simulate.theories.registry import COMPARED
from errorneurons.simulate.theories.registry import theory as find

MOST_FALSE = 0.9
"""The largest share of false labels that can be planned for."""


def question_of(
    theories: Sequence[str] | None = None,
    worlds: int = 40,
    seed: int = 1,
    library: str | Path | None = None,
    labour: Labour | None = None,
    costs: Mapping[str, float] | None = None,
) -> Question:
    """Return what is compared; an unknown theory is refused at once.

    Parameters
    ----------
    theories
        Names, or Python files of theories that the registry does not have; those that evidence
        compares by default if not given.
    worlds
        Draws of what a theory leaves open.
    seed
        Seed of everything random.
    library
        Folder that keeps simulated worlds; that of the user if not given.
    labour
        Who simulates; local processes, one a core, if not given.
    costs
        What manipulations add to the cost of an animal; guesses for those not given.
    """
    a_list("theories", theories or COMPARED)
    names = tuple(dict.fromkeys(map(_named, theories or COMPARED)))
    called = [theory_named(name).name for name in names]
    if twice := [name for name in {*called} if called.count(name) > 1]:
        raise ValueError(f"two files hold a theory of one name: {listed(twice)}; rename one")
    folder = default_folder() if library is None else Path(library)
    return Question(
        names, Animals(seed=seed, worlds=worlds), folder, labour=labour or Labour(),
        costs=costs or {},
    )  # fmt: skip


def _named(theory: str) -> str:
    """Return the name of a theory, or where its file is for whoever simulates it."""
    return str(Path(theory).resolve()) if is_file(theory) else find(theory).name


def evidence_from(
    sessions: AnySessions,
    theories: Sequence[str] | None = None,
    *,
    worlds: int = 40,
    seed: int = 1,
    library: str | Path | None = None,
    progress: Progress = silently,
) -> Evidence:
    """Weigh a recording between theories, by virtual experiments of its own design.

    The worlds of the theories are simulated the first time, which takes minutes; they are kept.

    Parameters
    ----------
    sessions
        A collection as `open` returns it, or sessions.
    theories
        Names, or Python files of theories of your own, two or more; those that evidence compares by
        default if not given.
    worlds
        Draws of what a theory leaves open, simulated for each; below 32 none can be left out.
    seed
        Seed of everything random.
    library
        Folder that keeps simulated worlds; that of the user if not given.
    progress
        Called with a sentence whenever something is done, e.g. ``print``.

    Returns
    -------
    Evidence
        ``kept`` is the set of theories that stay, whoever else is listed, ``leading`` those of it
        that no other clearly exceeds; ``to_dataframe()`` has a row a theory.

    Raises
    ------
    ValueError
        If a theory is unknown, or the recording can test no claim, or none has a response that is
        clear of 0.
    """
    question = question_of(theories, worlds, seed, library)
    every = as_believed(checked(sessions))
    verdicts, measured = on_recording(every, "recording")
    if not any(m.animals for m in measured.values()):
        raise ValueError(f"nothing can be weighed: no claim can be tested. {verdicts[0].reason}")
    if not designs_of(every):
        tested = [key for key, m in measured.items() if m.animals]
        raise ValueError(f"nothing can be weighed: {no_trial_of(tested)}; give such trials too")
    told = telling(every, measured)
    if why := told.responses.nothing:
        raise ValueError(f"nothing can be weighed: {why}")
    return weighed(told, question, progress).evidence


def design_points(
    theories: Sequence[str] | None = None,
    *,
    animals: Sequence[int] = Grid.animals,
    cells: Sequence[int] = Grid.cells,
    trials: Sequence[int] = Grid.trials,
    manipulations: Sequence[str] = IN_ONE_EXPERIMENT,
    areas: Sequence[int] = Grid.areas,
    instrument: str = Grid.signal,
    label_error: float = 0.05,
    budget: int | None = None,
    alone: bool = False,
    costs: Mapping[str, float] | None = None,
    worlds: int = 40,
    seed: int = 1,
    library: str | Path | None = None,
    progress: Progress = silently,
) -> ResultTable:
    """Find out how often the verdict of an experiment would be right, before it is done.

    Parameters
    ----------
    theories, worlds, seed, library, progress
        As in `weigh`.
    animals, cells, trials
        Numbers to try: animals; cells of each role and area; trials of each stimulus and condition.
    manipulations
        What can be done beside recording, other experiments too; none for recording alone.
    areas
        Levels of the recorded areas, 1 the lowest, 4 the teaching area.
    instrument
        ``"spikes"`` or ``"calcium"``.
    label_error
        Share of false error labels, known to within 5 %.
    budget
        The most animals that can be had.
    alone
        Whether the other experiments are done by themselves, without the outcome-error experiment.
    costs
        Manipulation or other experiment -> what it adds to the cost of an animal, of which
        recording alone on one day is 1; guesses for those not given: silencing 1, driving 2.

    Returns
    -------
    ResultTable
        A DataFrame, with `to_xarray` by animals, cells and trials. One row a
        design: ``animals``, ``cells``, ``trials``, how often its verdict is ``right``
        with the interval ``low`` to ``high``, ``smooth``, the same over neighbouring designs, and
        its ``cost``.

    Raises
    ------
    ValueError
        If a theory or manipulation is unknown, or a number or cost impossible.
    """
    several = {"animals": animals, "cells": cells, "trials": trials, "areas": areas,
               "manipulations": manipulations}  # fmt: skip
    for name, values in several.items():
        a_list(name, values)
    grid = Grid(
        tuple(animals), tuple(cells), tuple(trials), tuple(manipulations), tuple(areas),
        instrument, label_errors(label_error), budget, alone,
    )  # fmt: skip
    question = question_of(theories, worlds, seed, library, costs=costs)
    found = plan(grid, question, progress).points
    return result_table(found, "animals", "cells", "trials")


def label_errors(share: float) -> tuple[float, float, float]:
    """Return a share of false labels with its interval: 5 % more and less.

    Raises
    ------
    ValueError
        If it is no such share.
    """
    if not isinstance(share, Real) or not 0 <= share <= MOST_FALSE:
        raise ValueError(f"label_error is {in_short(share)}; give a share from 0 to {MOST_FALSE}")
    return share, max(0.0, share - 0.05), min(0.95, share + 0.05)


def ablation_effects(
    theory: str,
    ablations: Sequence[str] | None = None,
    task: str = "association",
    *,
    networks: int = 12,
    seed: int = 1,
    epochs: int | None = None,
    folder: str | Path | None = None,
    progress: Progress = silently,
) -> xr.Dataset:
    """Take parts of a circuit away, and measure what that does.

    Parameters
    ----------
    theory
        Name of a theory.
    ablations
        Names (`errorneurons list ablations`); all that make sense if not given.
    task
        What is learnt (`errorneurons list tasks`).
    networks
        Networks of each circuit.
    seed
        Seed of everything random.
    epochs
        Epochs of training; those of the task if not given.
    folder
        Keeps what was simulated, to go on after an interruption; nothing is kept if not given.
    progress
        Called with a sentence whenever something is done, e.g. ``print``.

    Returns
    -------
    Dataset
        Loss, share of loss removed, output, error, change and alignment by theory, ablation,
        network and area, ``"intact"`` first; see `simulate.ablations.effects.effects`.

    Raises
    ------
    ValueError
        If a name is unknown, or nothing is left to take away.

    Examples
    --------
    >>> import errorneurons as en
    >>> found = en.ablate("error_microcircuit", ["no_error_feedback"], networks=2, epochs=4)
    >>> found["ablation"].values.tolist()
    ['intact', 'no_error_feedback']
    >>> bool((found["change"].sel(ablation="no_error_feedback", area="area 1") < 1e-9).all())
    True
    """
    if ablations is not None:
        a_list("ablations", ablations)
    if not isinstance(theory, str):
        raise ValueError(f"theory is {in_short(theory)}; give the name of one")
    chosen = pairs((theory,), tuple(ablations or ()), task)
    design = TaskDesign(networks, seed, epochs, task)
    if folder is not None:
        return simulate_pairs(chosen, design, Path(folder), progress)
    with TemporaryDirectory() as place:
        return simulate_pairs(chosen, design, Path(place), progress).load()
