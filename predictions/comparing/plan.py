"""Plans experiments: how often the verdict of a design would be right, and what buys most.

A verdict is right if the true theory leads those that stay, and none leads that the richest design
could tell from it. Every design is simulated and judged as a recording would be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.analysis.evidence.comparison import Comparison, compare
from errorneurons.analysis.evidence.power import (
    as_weighed,
    gains,
    probability_right,
    smallest_design,
)
from errorneurons.predictions.claims.registry import (
    CLAIMS,
    IN_ONE_EXPERIMENT,
    MANIPULATIONS,
    claims_for,
    claims_shown_by,
    manipulations_of,
)
from errorneurons.predictions.comparing.animals import Table
from errorneurons.predictions.comparing.conditions import USUAL_EXPERIMENT, all_told, conditions_of
from errorneurons.predictions.comparing.costs import added_cost
from errorneurons.predictions.comparing.design import AREAS, Design, taken_together
from errorneurons.predictions.comparing.effects import (
    BITS,
    FEATURES,
    Drawn,
    draw,
    features_of,
    together,
)
from errorneurons.predictions.comparing.library import animals_under
from errorneurons.predictions.comparing.responding import clear_of_chance
from errorneurons.predictions.comparing.weigh import Question
from errorneurons.predictions.words import listed
from errorneurons.simulate.refusing import known, numbers_to_try, whole_number
from errorneurons.simulate.store.counting import counting
from errorneurons.simulate.store.work import Progress

EXPERIMENTS = 240
"""Virtual experiments of each theory at each design of a plan."""
TARGETS = (0.8, 0.95)


@dataclass(frozen=True)
class Grid:
    """Designs to choose from.

    Attributes
    ----------
    animals, cells, trials
        Numbers to try: animals; cells of each role in each area; trials of each stimulus in each
        condition.
    manipulations
        What can be done, names of `MANIPULATIONS`: those of the outcome-error experiment unless
        others are named, and other experiments.
    areas
        Levels of the simulated areas that are recorded, 1 the lowest, 4 the teaching area.
    signal
        ``"spikes"`` or ``"calcium"``.
    label_error
        Share of false labels: value, low and high.
    budget
        The most animals that can be had; None for no limit.
    alone
        Whether the other experiments are done by themselves, without the outcome-error experiment.

    Raises
    ------
    ValueError
        If a number is impossible, or a manipulation unknown, or what is to be done alone is not
        other experiments.
    """

    animals: tuple[int, ...] = (2, 3, 4, 6, 8, 12)
    cells: tuple[int, ...] = (4, 12, 36)
    trials: tuple[int, ...] = (2, 6)
    manipulations: tuple[str, ...] = IN_ONE_EXPERIMENT
    areas: tuple[int, ...] = tuple(range(1, AREAS + 1))
    signal: str = "spikes"
    label_error: tuple[float, float, float] = (0.05, 0.0, 0.1)
    budget: int | None = None
    alone: bool = False

    def __post_init__(self) -> None:
        for name in ("animals", "cells", "trials", "areas"):
            numbers_to_try(name, getattr(self, name))
        if max(self.areas) > AREAS:
            raise ValueError(f"area {max(self.areas)} is not simulated; give areas 1 to {AREAS}")
        if self.budget is not None:
            whole_number("budget", self.budget, 1)
        if not self.affordable:
            raise ValueError(
                f"a budget of {self.budget} animals is below the smallest number to try, "
                f"{min(self.animals)}; give more animals, or try fewer"
            )
        for name in self.manipulations:
            known("manipulation", name, MANIPULATIONS)
        known("instrument", self.signal, ("spikes", "calcium"))
        if self.alone and (not self.manipulations or {*self.manipulations} & {*IN_ONE_EXPERIMENT}):
            others = listed(name for name in MANIPULATIONS if name not in IN_ONE_EXPERIMENT)
            raise ValueError(
                f"manipulations are {listed(self.manipulations) or 'none'}; what is done alone, "
                f"without the outcome-error experiment, is one or more of {others}"
            )

    @property
    def affordable(self) -> tuple[int, ...]:
        """Numbers of animals within the budget."""
        most = math.inf if self.budget is None else self.budget
        return tuple(sorted({n for n in self.animals if n <= most}))

    @property
    def features(self) -> tuple[str, ...]:
        """Features of the claims that can be tested."""
        keys = claims_for(self.manipulations)
        shown = {c.key for name in self.experiments for c in claims_shown_by(name)}
        return features_of([key for key in keys if key in shown])

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the experiments that are done, the outcome-error experiment first."""
        others = sorted({c.shown_by for c in CLAIMS if c.shown_by in self.manipulations})
        return (*others,) if self.alone else (USUAL_EXPERIMENT, *others)

    def designs(self, cells: int, trials: int) -> tuple[Design, ...]:
        """Return one of the designs, with the most animals that can be had, by experiment."""
        here = {(level, role): cells for level in self.areas for role in ROLES_RECORDED}
        return tuple(
            Design(
                max(self.affordable), here,
                (trials,) * len(conditions_of(name, all_told(name)).factors),
                tuple(c.key for c in claims_shown_by(name)),
                label_error=self.label_error, signal=self.signal, experiment=name,
                told=all_told(name),
            )
            for name in self.experiments
        )  # fmt: skip


ROLES_RECORDED = ("error", "representation")


@dataclass(frozen=True)
class Planned:
    """A plan.

    Attributes
    ----------
    grid, question
        What was asked.
    points
        Probability of the right verdict at each design, see `power.probability_right`, and its
        ``cost``, in animals that are recorded on one day with nothing done to them.
    smallest
        Target -> the smallest design that reaches it, or None.
    gains
        What each manipulation adds, see `power.gains`, its ``cost`` for an animal, and what is
        ``added_per_cost``; what adds most for its cost comes first.
    gains_at
        At which design: where larger ones are always right, nothing could be added. The smallest
        that reaches the first target, or the one that is right most often.
    classes
        Theories that not even the largest design can tell apart, together.
    """

    grid: Grid
    question: Question
    points: pd.DataFrame
    smallest: Mapping[float, Mapping[str, float] | None]
    gains: pd.DataFrame
    gains_at: Mapping[str, float]
    classes: tuple[tuple[str, ...], ...] = field(default=())


def plan(grid: Grid, question: Question, progress: Progress) -> Planned:
    """Find out how often the verdict of each design would be right.

    Parameters
    ----------
    grid
        Designs to choose from.
    question
        Which theories are to be told apart, and on how much simulation.
    progress
        Called with a sentence whenever something is done.
    """
    tables = {}
    for cells in sorted(set(grid.cells)):
        for trials in sorted(set(grid.trials)):
            progress(f"virtual animals with {_sizes(cells, trials)}")
            tables[cells, trials] = animals_of(grid.designs(cells, trials), question, progress)
    most = max(tables)
    richest = compared_on(
        tables[most], taken_together(grid.designs(*most)), grid.features, question
    )
    rows, same = [], np.random.SeedSequence(question.animals.seed)
    judged = counting(progress, [f"judged: {_sizes(*sizes)}" for sizes in tables])
    for (cells, trials), animals in tables.items():
        for count in grid.affordable:
            design = replace(taken_together(grid.designs(cells, trials)), animals=count)
            largest = (cells, trials) == most and count == max(grid.affordable)
            found = richest if largest else compared_on(animals, design, grid.features, question)
            size = {"animals": count, "cells": cells, "trials": trials}
            rows.append(as_weighed(found, richest.classes, same).assign(**size))
        judged(f"judged: {_sizes(cells, trials)}")
    points = probability_right(pd.concat(rows, ignore_index=True))
    an_animal = 1 + added_cost(grid.manipulations, question.costs)
    points = points.assign(cost=points["animals"] * an_animal)
    smallest = {t: smallest_design(points, t) for t in TARGETS}
    at = smallest[TARGETS[0]] or best_design(points)
    cells, trials, count = (int(at[name]) for name in ("cells", "trials", "animals"))
    progress(f"what manipulations buy: {count} animals with {_sizes(cells, trials)}")
    there = replace(taken_together(grid.designs(cells, trials)), animals=count)
    found = compared_on(tables[cells, trials], there, grid.features, question)
    return Planned(
        grid, question, points, smallest, _gains(found, grid, count, question, richest.classes), at,
        richest.classes,
    )  # fmt: skip


def _sizes(cells: int, trials: int) -> str:
    return f"{cells} cells and {trials} trials"


def best_design(points: pd.DataFrame) -> dict[str, float]:
    """Return the design that is right most often, of those alike the largest."""
    best = points.sort_values(["smooth", "animals"]).iloc[-1]
    return {name: float(best[name]) for name in ("animals", "cells", "trials", "right", "low",
                                                 "high")}  # fmt: skip


def animals_of(
    designs: Sequence[Design], question: Question, progress: Progress
) -> dict[str, Table]:
    """Return what the virtual animals of the theories say under designs, by theory.

    Parameters
    ----------
    designs, progress
        As in `library.animals_under`.
    question
        Which theories, and on how much simulation.
    """
    return animals_under(
        question.theories, designs, question.animals, question.folder, progress, question.labour
    )


def compared_on(
    animals: Mapping[str, Table], design: Design, features: Sequence[str], question: Question
) -> Comparison:
    """Compare the theories on experiments of a design, drawn from virtual animals.

    Parameters
    ----------
    animals
        What they say, by theory.
    design
        How many of them an experiment has.
    features
        What is compared.
    question
        Which theories, and on how much simulation.

    Raises
    ------
    ValueError
        If no claim can be tested.
    """
    seed = question.animals.seed
    count = max(EXPERIMENTS, len(question.animals.of_worlds))
    drawn = {name: draw(own, name, design, seed, count) for name, own in animals.items()}
    every = together(drawn)
    experiments = replace(every, weighed=_weighed(drawn, features))
    tested = np.flatnonzero(np.isfinite(experiments.values).any(axis=0))
    names = tuple(f for f in (experiments.features[k] for k in tested) if f in features)
    if not names:
        areas = listed(f"area {level}" for level in sorted({a for a, _ in design.cells}))
        raise ValueError(f"with {areas} alone no claim can be tested; record more areas")
    return compare(experiments.columns(names), np.random.SeedSequence(seed))


def _weighed(drawn: Mapping[str, Drawn], features: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return by which features recordings would be weighed, (experiment, feature).

    Those of the claims with a response that is clear of 0, all claims of `features` together, as
    `responding.telling` has it.
    """
    asked = np.array([BITS[c.key] in features for c in CLAIMS])
    chance = np.concatenate([own.chance for own in drawn.values()])
    clear = clear_of_chance(np.where(asked, chance, np.nan))
    own = np.array([[f in features_of((c.key,)) for f in FEATURES] for c in CLAIMS])
    return np.asarray(clear @ own)


def _gains(
    found: Comparison, grid: Grid, animals: int, question: Question,
    classes: Sequence[Sequence[str]],
) -> pd.DataFrame:  # fmt: skip
    have = found.experiments.features
    groups = {
        name: tuple(k for k in features_of(_needing(name)) if k in have)
        for name in grid.manipulations
        if not grid.alone  # nothing is left without it
    }
    groups = {name: own for name, own in groups.items() if own}
    if not groups:
        return pd.DataFrame(columns=["everything", "without", "lost", "added"], dtype=float)
    same = np.random.SeedSequence(question.animals.seed)
    own = gains(found, groups, animals, same, classes=classes)
    cost = np.array([added_cost([name], question.costs) for name in own.index])
    with np.errstate(divide="ignore", invalid="ignore"):  # what costs nothing
        worth = own["added_per_animal"] / cost
    return own.assign(cost=cost, added_per_cost=worth).sort_values(
        ["added_per_cost", "cost"], ascending=[False, True], kind="stable"
    )


def _needing(manipulation: str) -> tuple[str, ...]:
    """Return the claims that need a manipulation, or another experiment."""
    return tuple(c.key for c in CLAIMS if manipulation in manipulations_of([c]))
