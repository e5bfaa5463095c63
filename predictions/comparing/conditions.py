"""The conditions of an experiment, and which trials of a session or of a simulation are of each.

Those of the outcome-error experiment are listed by hand. Those of another follow from its table:
its trials fall apart by whether and what is taught, familiarity and manipulations, and by whatever
else tells some of them apart and stands in the recording too. Over days each day has its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.energies import trials
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.claims.registry import claims_shown_by
from errorneurons.simulate.animals.performed import OF_WORLDS
from errorneurons.simulate.experiments.columns import DEFAULTS
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.experiments.trials import NO_MANIPULATION, TrialFactors

USUAL_EXPERIMENT = Claim.shown_by
"""The outcome-error experiment, which shows most claims."""
COLUMNS = ("outcome", "teaching", "familiarity", "manipulation", "manipulated_role")
"""The columns that tell the conditions of any experiment apart, areas left open."""
AREA = "manipulated_area"
FURTHER = (
    "phase", "association", "decoder", "block", "sequence", "position", "oddball", "contrast",
    "outcome_size", "modulation_frequency", "manipulated_target", AREA,
)  # fmt: skip
"""Columns that tell conditions apart where the trials of an experiment differ in them."""
USUAL: TrialFactors = {**NO_MANIPULATION, "familiarity": "trained"}
"""What a trial is like if a recording has no column that says otherwise."""
_UNTAUGHT: TrialFactors = {"outcome": "none", "teaching": False}
"""What it is like, too, outside of the outcome-error experiment."""
_KINDS = ("stimulus", "manipulated_cell")
"""The columns that tell the kinds of trials of a condition apart; the first for the usual ones."""
_ORDER = 0
"""Seed of the order of trials, on which nothing here depends."""
_Rows = npt.NDArray[np.int64]
_BY_DEFAULT: TrialFactors = {**DEFAULTS, **USUAL, **_UNTAUGHT}


@dataclass(frozen=True)
class Conditions:
    """The conditions of an experiment.

    Attributes
    ----------
    day
        On which of its days each is.
    factors
        What the trials of each have in common, but for areas.
    places
        The simulated area that is manipulated in each, or another word.
    usual
        What a trial is like if a session has no column that says otherwise.
    learning
        Whether trials of no condition are those of learning, which belong to every recording.
    by_area
        Whether the manipulated area, too, tells conditions apart.
    """

    day: tuple[int, ...]
    factors: tuple[TrialFactors, ...]
    places: tuple[str, ...]
    usual: TrialFactors
    learning: bool = False
    by_area: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the columns that tell the kinds of trials of a condition apart."""
        return _KINDS[:1] if self.learning else _KINDS

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return a number for each condition, the same for those that differ in their day alone."""
        known: dict[str, int] = {}
        each = zip(self.factors, self.places, strict=True)
        return tuple(known.setdefault(f"{own} {place}", len(known)) for own, place in each)

    @property
    def days(self) -> tuple[frozenset[int], ...]:
        """Return the numbers of the conditions that each day has; days may have the same."""
        found = [set[int]() for _ in range(max(self.day))]
        for day, number in zip(self.day, self.numbers, strict=True):
            found[day - 1].add(number)
        return tuple(map(frozenset, found))

    def of(self, day: int) -> list[int]:
        """Return the numbers of the conditions of a day."""
        return [k for k, own in enumerate(self.day) if own == day]

    def rows(self, table: pd.DataFrame, day: int, counts: Sequence[int], stimuli: int) -> _Rows:
        """Return which trials of a simulated table are shown, some of them more than once.

        Parameters
        ----------
        table
            The trials that were simulated.
        day
            On which day.
        counts
            Trials of each kind wanted in each condition.
        stimuli
            Of how many stimuli.
        """
        free = np.ones(len(table), dtype=bool)
        chosen: list[_Rows] = []
        told = [name for name in self.kinds if name in table]
        kinds = table.groupby(told, sort=False).ngroup().to_numpy()
        for k in self.of(day):
            asked = self.factors[k] | ({AREA: self.places[k]} if self.by_area else {})
            same = np.logical_and.reduce(
                [_column(table, name) == value for name, value in asked.items()]
            )
            free &= ~same
            same &= (table["pattern"] < stimuli).to_numpy()
            for kind in np.unique(kinds[same]):
                own = np.flatnonzero(same & (kinds == kind))
                chosen.append(own[np.arange(counts[k]) * len(own) // max(counts[k], 1)])
        if self.learning:
            chosen.append(np.flatnonzero(free))
        return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)

    def count(self, session: xr.Dataset, number: int, levels: Mapping[str, int]) -> int:
        """Return the trials of a kind in one condition, the median over its kinds in a session.

        Parameters
        ----------
        session
            One session.
        number
            Which condition.
        levels
            Recorded area -> the simulated area that it stands for.
        """
        full, place = self.factors[number], self.places[number]
        there = {name: value for name, value in full.items() if name in session.coords}
        if any(full[name] != self.usual.get(name) for name in full if name not in there):
            return 0
        own = trials(session, there)  # type: ignore[arg-type]
        if self.by_area and place.startswith("area "):
            if AREA not in session.coords:
                return 0
            here = [area for area, level in levels.items() if f"area {level}" == place]
            own = own[np.isin(session[AREA].values[own], here)]
        told = [name for name in self.kinds if name in session.coords]
        kinds = pd.DataFrame({name: session[name].values[own] for name in told})
        return int(np.median(kinds.value_counts())) if len(own) else 0

    def of_any_day(self, session: xr.Dataset, levels: Mapping[str, int]) -> dict[int, int]:
        """Return the trials of a kind by the number of a condition, of those that there are any.

        Parameters
        ----------
        session, levels
            As in `count`.
        """
        first = {number: k for k, number in reversed([*enumerate(self.numbers)])}
        counts = {number: self.count(session, k, levels) for number, k in first.items()}
        return {number: count for number, count in counts.items() if count}


@cache
def conditions_of(name: str, told: tuple[str, ...] = ()) -> Conditions:
    """Return the conditions of an experiment.

    Parameters
    ----------
    name
        Of the experiment.
    told
        Those of `FURTHER` that a recording has.
    """
    if name == USUAL_EXPERIMENT:
        full = [{**USUAL, **factors} for factors in OUTCOME_ERROR]
        places = tuple(str(own[AREA]) for own in full)
        every = tuple({column: own[column] for column in COLUMNS} for own in full)
        return Conditions((1,) * len(every), every, places, USUAL, learning=True)
    tables = [day.table for day in experiment(name).days(_ORDER)]
    whole = pd.concat(tables, ignore_index=True)
    differ = [
        n for n in FURTHER if n in told and n in whole and len(whole[n].dropna().unique()) > 1
    ]
    columns = [*COLUMNS, *(n for n in differ if n != AREA)]
    found: dict[str, tuple[int, TrialFactors, str]] = {}
    for day, table in enumerate(tables, start=1):
        shown = table[table["input_onset"].notna()]  # a pause is no trial of a recording
        values = [_column(shown, n).tolist() for n in columns]
        for place, *own in zip(_column(shown, AREA).tolist(), *values, strict=True):
            factors = dict(zip(columns, own, strict=True))
            which = f"{day} {factors} {place if AREA in differ else ''}"
            found.setdefault(which, (day, factors, place))
    days, every, places = zip(*found.values(), strict=True)
    return Conditions(days, every, places, _BY_DEFAULT, by_area=AREA in differ)


def _column(table: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    """Return a column, as it is by default where there is none."""
    if name in table:
        return np.asarray(table[name].to_numpy(), dtype=object)
    return np.full(len(table), _BY_DEFAULT[name], dtype=object)


def told_by(sessions: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """Return those of `FURTHER` that sessions have."""
    return tuple(name for name in FURTHER if any(name in s.coords for s in sessions))


def of_worlds(name: str) -> Experiment:
    """Return an experiment as the animals of worlds are put through it, by its name.

    Its bins are the widest in which every window of the claims that it shows is whole.
    """
    if name == USUAL_EXPERIMENT:
        return OF_WORLDS
    usual, claims = experiment(name), claims_shown_by(name)
    width = min((c.bin for c in claims), default=usual.clock.bin)
    return replace(usual, clock=replace(usual.clock, bin=max(width, usual.clock.bin)))


def matched(recorded: Sequence[Collection[int]], days: Sequence[frozenset[int]]) -> dict[int, int]:
    """Return which of the days of an experiment each recorded day stands for, from 1.

    Days in a row that have the same conditions are a stage. A recorded day is of the stage, from
    that of the day before on, whose conditions are most like its own; the days of a stage are
    spread over those that were simulated, and more of them than there are, are left out.

    Parameters
    ----------
    recorded
        For each recorded day, in order, the kinds of conditions that it has.
    days
        Those of each day of the experiment.

    Returns
    -------
    dict
        Place among the recorded days, from 0 -> day of the experiment.
    """
    stages: list[list[int]] = []
    for day, kinds in enumerate(days, start=1):
        if stages and days[stages[-1][0] - 1] == kinds:
            stages[-1].append(day)
        else:
            stages.append([day])
    own: dict[int, list[int]] = {}
    now = 0
    for place, seen in enumerate(recorded):
        alike = [_likeness(days[days_of[0] - 1], {*seen}) for days_of in stages[now:]]
        if max(alike, default=0.0) > 0:
            now += int(np.argmax(alike))
            own.setdefault(now, []).append(place)
    found: dict[int, int] = {}
    for stage, places in own.items():
        count = min(len(places), len(stages[stage]))
        shown = np.linspace(0, len(places) - 1, count).round().astype(int)
        where = np.linspace(0, len(stages[stage]) - 1, count).round().astype(int)
        for at, day in zip(shown.tolist(), where.tolist(), strict=True):
            found[places[at]] = stages[stage][day]
    return found


def _likeness(some: Collection[int], others: set[int]) -> float:
    """Return what two sets have in common, as a share of all that either has."""
    return len({*some} & others) / max(len({*some} | others), 1)
