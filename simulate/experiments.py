"""Experiments as tables of trials, one row a trial, its columns the trial factors of the contract.

A table is all that a simulation needs to know about an experiment, and a user can write one. The
times of a row are seconds on the time axis of the trial, on which the input comes on at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from errorneurons.simulate.circuit import generator
from errorneurons.simulate.tasks.association import STIMULI

Factors = dict[str, str | bool | float]


@dataclass(frozen=True)
class Clock:
    """When things happen in a trial [s].

    Attributes
    ----------
    start, stop
        The trial; before 0 the input is blank.
    outcome
        When the outcome, and with it the teaching signal, comes.
    bin
        Width of the bins in which activity is recorded.

    Raises
    ------
    ValueError
        If a trial is no whole number of bins.
    """

    start: float = -0.1
    stop: float = 0.5
    outcome: float = 0.3
    bin: float = 0.01

    def __post_init__(self) -> None:
        if not whole(self.stop - self.start, self.bin):
            raise ValueError(
                f"bin is {self.bin:g} s; give a width that divides the "
                f"{self.stop - self.start:g} s of a trial"
            )


def whole(length: float, part: float) -> int:
    """Return how often a part goes into a length [s], 0 if not a whole number of times."""
    ratio = length / part if part > 0 else 0.0
    return round(ratio) if abs(ratio - round(ratio)) < 1e-6 else 0


CLOCK = Clock()

BEFORE_INPUT = (-0.05, CLOCK.outcome)
WHILE_SETTLED = (0.15, CLOCK.outcome)
DURING_OUTCOME = (CLOCK.outcome, CLOCK.stop)


def silence(role: str, area: str, window: tuple[float, float]) -> Factors:
    """Return the trial factors of a laser that silences the cells of a role in an area."""
    return _manipulation("silence", role, area, window)


def drive(role: str, area: str, window: tuple[float, float]) -> Factors:
    """Return the trial factors of a current into half of the cells of a role in an area."""
    return _manipulation("drive", role, area, window)


def _manipulation(kind: str, role: str, area: str, window: tuple[float, float]) -> Factors:
    return {
        "manipulation": kind,
        "manipulated_role": role,
        "manipulated_area": area,
        "manipulation_onset": window[0],
        "manipulation_offset": window[1],
    }


NO_MANIPULATION: Factors = {
    "manipulation": "none",
    "manipulated_role": "none",
    "manipulated_area": "none",
    "manipulation_onset": float("nan"),
    "manipulation_offset": float("nan"),
}
EXPECTED: Factors = {"outcome": "expected", "teaching": True}
UNEXPECTED: Factors = {"outcome": "unexpected", "teaching": True}
PASSIVE: Factors = {"outcome": "none", "teaching": False}

#: The conditions of the outcome-error experiment, weights frozen.
OUTCOME_ERROR: tuple[Factors, ...] = (
    EXPECTED,
    UNEXPECTED,
    EXPECTED | silence("error", "area 2", DURING_OUTCOME),
    UNEXPECTED | silence("error", "area 2", DURING_OUTCOME),
    PASSIVE,
    PASSIVE | {"familiarity": "novel"},
    PASSIVE | drive("representation", "area 2", WHILE_SETTLED),
    PASSIVE | silence("representation", "area 3", WHILE_SETTLED),
    PASSIVE | silence("error", "all", BEFORE_INPUT),
)

#: Two blocks in which the same new association is learnt from the same synapses, which only a
#: simulation can do: one without laser, one with the error cells off at the outcome.
LEARNING_BLOCKS: tuple[Factors, ...] = ({}, silence("error", "all", DURING_OUTCOME))


def outcome_error(seed: int, repeats: int = 6, clock: Clock = CLOCK) -> pd.DataFrame:
    """Return the trials of the outcome-error experiment with frozen synapses, in random order.

    Parameters
    ----------
    seed
        Seed of the run; decides the order.
    repeats
        Trials of each condition and stimulus, at least 2.

    Returns
    -------
    DataFrame
        One row a trial.

    Raises
    ------
    ValueError
        If there are too few repeats for a cross-validated energy.
    """
    if repeats < 2:
        raise ValueError(f"repeats is {repeats}; cross-validation needs 2 or more of each trial")
    rows = [
        _trial(factors, stimulus, clock)
        for factors in OUTCOME_ERROR
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    order = generator(seed, "trial order").permutation(len(rows))
    return pd.DataFrame([rows[i] for i in order])


def learning_block(
    seed: int, name: str, factors: Factors, repeats: int, clock: Clock = CLOCK
) -> pd.DataFrame:
    """Return the trials of a block in which the association `name` is learnt.

    Each stimulus comes once in every five trials, in random order.
    """
    rng = generator(seed, "trial order", name)
    during: Factors = {"phase": "during", "familiarity": "novel", "association": name}
    return pd.DataFrame(
        [
            _trial({**EXPECTED, **factors, **during}, int(stimulus), clock)
            for _ in range(repeats)
            for stimulus in rng.permutation(STIMULI)
        ]
    )


def _trial(factors: Factors, stimulus: int, clock: Clock) -> dict[str, str | bool | float]:
    familiarity = str(factors.get("familiarity", "trained"))
    base: Factors = {
        "association": familiarity,
        "familiarity": familiarity,
        "phase": "after",
        "input_onset": 0.0,
        "outcome_onset": clock.outcome if factors["teaching"] else float("nan"),
    }
    row = {**base, **NO_MANIPULATION, **factors}
    return {"stimulus": f"{row['association']} {stimulus + 1}", "pattern": stimulus, **row}


def streams(table: pd.DataFrame, count: int) -> Sequence[pd.DataFrame]:
    """Deal the trials of a table, in their order, to `count` streams of equal length.

    Raises
    ------
    ValueError
        If the trials cannot be dealt evenly.
    """
    if len(table) % count:
        raise ValueError(f"{len(table)} trials cannot be dealt evenly to {count} streams")
    length = len(table) // count
    return [table.iloc[i * length : (i + 1) * length] for i in range(count)]
