"""Experiments as tables of trials, one row a trial, its columns the trial factors of the contract.

A table is all that a simulation needs to know about an experiment, and a user can write one;
`columns` says what each column means. The times of a row are seconds on the time axis of the
trial, on which the input usually comes on at 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import SAME_STIMULI, STIMULI
from errorneurons.simulate.experiments.columns import DEFAULTS

TrialFactors = dict[str, str | bool | float]


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
    plasticity
        When synapses begin to change, if they do; None: with the outcome. Over days learning is
        slow, and until then the responses to an outcome are those of the synapses before it.

    Raises
    ------
    ValueError
        If a trial is no whole number of bins.
    """

    start: float = -0.1
    stop: float = 0.5
    outcome: float = 0.3
    bin: float = 0.01
    plasticity: float | None = None

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
MANIPULATED_ROLES = ("representation", "error")
AREA_NAMES = ("area 1", "area 2", "area 3", "area 4")
"""The areas of a circuit that is put through experiments, the lowest first."""

BEFORE_INPUT = (-0.05, CLOCK.outcome)
WHILE_SETTLED = (0.15, CLOCK.outcome)
DURING_OUTCOME = (CLOCK.outcome, CLOCK.stop)


def silence(role: str, area: str, window: tuple[float, float]) -> TrialFactors:
    """Return the trial factors of a laser that silences the cells of a role in an area."""
    return _manipulation("silence", role, area, window)


def drive(role: str, area: str, window: tuple[float, float]) -> TrialFactors:
    """Return the trial factors of a current into half of the cells of a role in an area."""
    return _manipulation("drive", role, area, window)


def _manipulation(kind: str, role: str, area: str, window: tuple[float, float]) -> TrialFactors:
    return {
        "manipulation": kind,
        "manipulated_role": role,
        "manipulated_area": area,
        "manipulation_onset": window[0],
        "manipulation_offset": window[1],
    }


NO_MANIPULATION: TrialFactors = {
    "manipulation": "none",
    "manipulated_role": "none",
    "manipulated_area": "none",
    "manipulation_onset": float("nan"),
    "manipulation_offset": float("nan"),
}
EXPECTED: TrialFactors = {"outcome": "expected", "teaching": True}
UNEXPECTED: TrialFactors = {"outcome": "unexpected", "teaching": True}
PASSIVE: TrialFactors = {"outcome": "none", "teaching": False}


def trial(factors: TrialFactors, stimulus: int, clock: Clock) -> TrialFactors:
    """Return the row of a trial; what `factors` leave open is as in a test of trained networks.

    Parameters
    ----------
    factors
        Trial factors of the contract; ``teaching`` must be among them.
    stimulus
        Number of the stimulus in its set, from 0.
    clock
        When things happen.
    """
    familiarity = str(factors.get("familiarity", "trained"))
    base: TrialFactors = {
        "association": familiarity,
        "familiarity": familiarity,
        "phase": "after",
        "input_onset": 0.0,
        "outcome_onset": clock.outcome if _has_outcome(factors) else float("nan"),
    }
    row = {**base, **NO_MANIPULATION, **factors}
    shown = SAME_STIMULI.get(str(row["association"]), row["association"])
    return {"stimulus": f"{shown} {stimulus + 1}", "pattern": stimulus, **row}


def _has_outcome(factors: TrialFactors) -> bool:
    return bool(factors["teaching"]) or factors.get("outcome", "none") != "none"


def tabulated(rows: Iterable[TrialFactors]) -> pd.DataFrame:
    """Return the table of rows; what one of them leaves out is as it is by default."""
    return pd.DataFrame([{**DEFAULTS, **row} for row in rows])


def with_defaults(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that has all columns with a default, filled in where rows leave them open.

    Tables that were put together may have columns that only some of their rows give.
    """
    full = table.copy()
    for name, value in DEFAULTS.items():
        if name not in full:
            full[name] = value
        elif name != "input_onset" and full[name].hasnans:  # NaN: there is no input
            full[name] = full[name].where(full[name].notna(), value)
    return full


def trials_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the trials of a table, with all columns that have a default, as `with_defaults` does.

    It goes through columns, many times as fast as pandas goes through rows.
    """
    columns = {str(name): table[name].tolist() for name in table}
    for name, value in DEFAULTS.items():
        own = columns.get(name, [value] * len(table))
        missing = name != "input_onset"  # NaN: there is no input
        columns[name] = [value if missing and (x is None or x != x) else x for x in own]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def kinds_of(table: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return the kinds of trials of a table.

    Returns
    -------
    kinds, numbers
        The trials that differ in any column, in the order in which they first come; and which of
        them each trial of the table is, (trial,).
    """
    numbers = table.groupby(list(table.columns), dropna=False, sort=False).ngroup().to_numpy()
    _, first = np.unique(numbers, return_index=True)
    return table.iloc[first].reset_index(drop=True), numbers.astype(np.int64)


def shuffled(rows: Sequence[TrialFactors], seed: int, *purpose: str | int) -> list[TrialFactors]:
    """Return rows in an order of their own for each purpose, the same for all theories."""
    order = generator(seed, "trial order", *purpose).permutation(len(rows))
    return [rows[i] for i in order]


def in_turn(
    factors: TrialFactors,
    repeats: int,
    clock: Clock,
    seed: int,
    *purpose: str | int,
    stimuli: int = STIMULI,
) -> list[TrialFactors]:
    """Return trials in which each stimulus comes once before any comes again, in random order.

    Parameters
    ----------
    factors
        What all trials have in common.
    repeats
        Presentations of each stimulus.
    clock
        When things happen in a trial.
    seed, purpose
        Decide the order, the same for all theories.
    stimuli
        How many stimuli there are.
    """
    rng = generator(seed, "trial order", *purpose)
    return [
        trial(factors, int(stimulus), clock)
        for _ in range(repeats)
        for stimulus in rng.permutation(stimuli)
    ]


def shared(count: int, most: int) -> int:
    """Return to how many streams, at most `most`, a number of trials can be dealt evenly."""
    return max(n for n in range(1, most + 1) if count % n == 0)


def streams(trials: Any, count: int) -> list[Any]:
    """Deal trials, a table or a list of them, in their order to `count` streams of equal length.

    Raises
    ------
    ValueError
        If the trials cannot be dealt evenly.
    """
    if len(trials) % count:
        raise ValueError(f"{len(trials)} trials cannot be dealt evenly to {count} streams")
    length = len(trials) // count
    return [trials[i * length : (i + 1) * length] for i in range(count)]
