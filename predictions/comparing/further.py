"""What to record next after a recording: which addition to the design buys most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from errorneurons.analysis.evidence.comparison import Comparison
from errorneurons.analysis.evidence.power import as_weighed, probability_right
from errorneurons.predictions.claims.claim import Manipulation
from errorneurons.predictions.claims.registry import (
    CLAIMS,
    claim,
    claims_shown_by,
    manipulations_of,
)
from errorneurons.predictions.comparing.conditions import USUAL_EXPERIMENT, conditions_of
from errorneurons.predictions.comparing.costs import added_cost
from errorneurons.predictions.comparing.design import AREAS, Design, taken_together
from errorneurons.predictions.comparing.effects import features_of
from errorneurons.predictions.comparing.plan import (
    ROLES_RECORDED,
    TARGETS,
    animals_of,
    compared_on,
)
from errorneurons.predictions.comparing.steps import NextSteps, Step
from errorneurons.predictions.comparing.weigh import Question, Weighed
from errorneurons.predictions.words import counted, listed
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.store.work import Progress

_LEAST_COST = 1e-3
"""Of what is said to cost nothing."""
MORE = 1.5
"""How many more animals the larger of the next designs has."""


def next_steps(found: Weighed, question: Question, progress: Progress) -> NextSteps:
    """Return what to record next after a recording.

    Parameters
    ----------
    found
        The recording between theories.
    question
        As for `weighed`.
    progress
        Called with a sentence whenever something is done.
    """
    now = taken_together(found.designs)
    progress("planning what to record next")
    every = _all_completed(found.designs)
    full = taken_together(every)
    animals = animals_of(every, question, progress)

    @cache  # one of the options may be the full design
    def compared(count: int, features: tuple[str, ...]) -> Comparison:
        return compared_on(animals, replace(full, animals=count), features, question)

    classes = compared(full.animals, features_of(full.claims)).classes
    rows, same = [], np.random.SeedSequence(question.animals.seed)
    for title, count, claims in _options(now, full):
        table = as_weighed(compared(count, features_of(claims)), classes, same)
        size = {"animals": count, "cells": _cells(full), "trials": max(full.trials)}
        cost = _cost(now, count, claims, question.costs)
        point = probability_right(table.assign(**size))
        rows.append(point.assign(title=title, claims=len(claims), cost=cost))
    points = pd.concat(rows, ignore_index=True)
    return NextSteps(_summary(points), _best(points), points)


def _all_completed(designs: Sequence[Design]) -> list[Design]:
    """Return designs completed, one of the outcome-error experiment first."""
    first, count = designs[0], len(conditions_of(USUAL_EXPERIMENT).factors)
    outcomes = [d for d in designs if d.experiment == USUAL_EXPERIMENT] or [
        replace(first, experiment=USUAL_EXPERIMENT, told=(), trials=(0,) * count, answering={})
    ]
    return [
        _completed(d)
        for d in (*outcomes, *(d for d in designs if d.experiment != USUAL_EXPERIMENT))
    ]


def _completed(now: Design) -> Design:
    """Return the design with every area, condition and claim, and with more animals."""
    usual = max(now.cells.values(), default=24)
    cells = {(level, role): now.cells.get((level, role), 0) or usual
             for level in range(1, AREAS + 1) for role in ROLES_RECORDED}  # fmt: skip
    repeats = max(max(now.trials), 2)
    return replace(
        now, animals=max(math.ceil(MORE * now.animals), 6), cells=cells, sessions=1,
        trials=tuple(n or repeats for n in now.trials),
        claims=tuple(c.key for c in claims_shown_by(now.experiment)),
    )  # fmt: skip


def _options(now: Design, full: Design) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return what could be recorded next: title, animals and claims."""
    have = now.claims
    options = [("As recorded", now.animals, have), ("More animals", full.animals, have)]
    lacking = {
        words: keys
        for words, keys in what_to_do(full.claims).items()
        if not {*keys} <= {*now.claims}
    }
    for words, keys in lacking.items():
        options.append((f"Add {words}", now.animals, (*have, *keys)))
    if len(lacking) > 1:
        every = tuple(key for keys in lacking.values() for key in keys)
        options.append(("Add all of these", now.animals, (*have, *every)))
    return options


def _cost(now: Design, animals: int, claims: Sequence[str], costs: Mapping[str, float]) -> float:
    """Return what an option costs beside what is recorded: more animals, or more done with them."""
    done, to_do = (manipulations_of([claim(k) for k in keys]) for keys in (now.claims, claims))
    an_animal = 1 + added_cost(done, costs)
    return (animals - now.animals) * an_animal + animals * added_cost(to_do.keys() - done, costs)


def what_to_do(keys: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Return what could be done, in words -> the claims that need it; recording alone is last.

    Parameters
    ----------
    keys
        Of the claims that are to be tested, if not all.
    """
    claims = [c for c in CLAIMS if keys is None or c.key in keys]
    needs = sorted(
        dict.fromkeys((c.shown_by, c.manipulations) for c in claims),
        key=lambda need: (not need[1], need[0] == USUAL_EXPERIMENT),
    )
    return {
        _in_words(*need): tuple(c.key for c in claims if (c.shown_by, c.manipulations) == need)
        for need in needs
    }


def _in_words(shown_by: str, manipulations: Sequence[Manipulation]) -> str:
    done = listed(m.words for m in manipulations)
    if shown_by == USUAL_EXPERIMENT:
        return done or "novel input without teaching"
    return f"{experiment(shown_by).label}{f' with {done}' if done else ''}"


def _cells(design: Design) -> int:
    return max(design.cells.values())


def _summary(points: pd.DataFrame) -> str:
    first = _point(points, 0)
    if first["right"] >= max(TARGETS):
        return (
            f"The design as recorded gives the right verdict in {_share(first)} of virtual "
            "recordings; more of the same would change little."
        )
    if not len(_better(points)):
        return (
            f"The design as recorded gives the right verdict in {_share(first)} of virtual "
            "recordings. None of the larger designs that were simulated does better: what limits "
            "it is not the size of the recording but what the theories leave open."
        )
    return (
        f"The design as recorded gives the right verdict in {_share(first)} of virtual "
        "recordings. What would raise that, first what raises it most for its cost (an animal "
        "recorded on one day with nothing done to it: 1):"
    )


def _better(points: pd.DataFrame) -> pd.DataFrame:
    """Return the designs that are right more often than the first, the one as recorded."""
    right = points["right"].to_numpy()
    return points.iloc[np.flatnonzero(right > right[0])]


def _best(points: pd.DataFrame) -> tuple[Step, ...]:
    """Return the three steps that bring most for their cost, where that is alike the cheaper."""
    better = _better(points)
    gained = better["right"] - points["right"].iloc[0]
    order = better.assign(worth=gained / better["cost"].clip(lower=_LEAST_COST)).sort_values(
        ["worth", "cost", "claims"], ascending=[False, True, True], kind="stable"
    )
    rows = [_point(order, k) for k in range(min(3, len(order)))]
    return tuple(
        Step(
            f"{row['title']}.",
            f"{counted(int(row['animals']), 'animal')}, {int(row['cells'])} cells of each role and "
            f"area, {int(row['trials'])} trials of each stimulus and condition: the verdict is "
            f"right in {_share(row)} of virtual recordings, at a cost of {row['cost']:.3g}.",
            float(row["right"]), float(row["low"]), float(row["high"]), float(row["cost"]),
        )
        for row in rows
    )  # fmt: skip


def _point(points: pd.DataFrame, at: int) -> dict[str, float]:
    return {name: points[name].tolist()[at] for name in points.columns}


def _share(point: Mapping[str, float]) -> str:
    return f"{point['right']:.0%} [{point['low']:.0%}, {point['high']:.0%}]"
