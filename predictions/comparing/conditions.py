"""The conditions of an experiment, and which trials of a session or of a simulation are of each.

Those of the outcome-error experiment are listed by hand. Those of another follow from its table:
its trials fall apart by familiarity and manipulations, and by whatever else tells some of them
apart and is told of those of the recording too. Over days each day has its own.
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
from errorneurons.simulate.experiments.readout import NO_DECODER
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.experiments.trials import NO_MANIPULATION, TrialFactors

USUAL_EXPERIMENT = Claim.shown_by
"""The outcome-error experiment, which shows most claims."""
_ALWAYS = ("familiarity", "manipulation", "manipulated_role")
"""The columns that tell the conditions of any experiment apart."""
_OUTCOME = ("outcome", "teaching")
COLUMNS = (*_OUTCOME, *_ALWAYS)
"""Those that tell the conditions of the outcome-error experiment apart, areas left open."""
AREA = "manipulated_area"
RULES = ("association", "decoder")
"""What is in force from some day on, whatever it is called."""
FURTHER = (
    "phase",
    "block",
    "sequence",
    "position",
    "oddball",
    "contrast",
    "outcome_size",
    "modulation_frequency",
    "manipulated_target",
    AREA,
    *RULES,
)
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
        number = self._stimulus(table)
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
            same &= number < stimuli
            for kind in np.unique(kinds[same]):
                own = np.flatnonzero(same & (kinds == kind))
                chosen.append(own[np.arange(counts[k]) * len(own) // max(counts[k], 1)])
        if self.learning:
            chosen.append(np.flatnonzero(free))
        return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)

    def _stimulus(self, table: pd.DataFrame) -> npt.NDArray[np.floating]:
        """Return the number of the stimulus of each trial in its set, by its name, from 0."""
        if self.learning:
            return table["pattern"].to_numpy()
        named = table["stimulus"].str.extract(r"(\d+)$")[0]
        return np.asarray(named.to_numpy(dtype=float) - 1)

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
        What else is told of the trials of a recording, see `told_by`.
    """
    if name == USUAL_EXPERIMENT:
        full = [{**USUAL, **factors} for factors in OUTCOME_ERROR]
        places = tuple(str(own[AREA]) for own in full)
        every = tuple({column: own[column] for column in COLUMNS} for own in full)
        return Conditions((1,) * len(every), every, places, USUAL, learning=True)
    tables = [day.table for day in experiment(name).days(_ORDER)]
    columns = [*_ALWAYS, *(n for n in told if n != AREA)]
    found: dict[str, tuple[int, TrialFactors, str]] = {}
    for day, table in enumerate(tables, start=1):
        shown = table[table["input_onset"].notna()]  # a pause is no trial of a recording
        values = [_column(shown, n).tolist() for n in columns]
        for place, *own in zip(_column(shown, AREA).tolist(), *values, strict=True):
            factors = dict(zip(columns, own, strict=True))
            which = f"{day} {factors} {place if AREA in told else ''}"
            found.setdefault(which, (day, factors, place))
    days, every, places = zip(*found.values(), strict=True)
    return Conditions(days, every, places, _BY_DEFAULT, by_area=AREA in told)


def _column(table: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    """Return a column, as it is by default where there is none."""
    if name in table:
        return np.asarray(table[name].to_numpy(), dtype=object)
    return np.full(len(table), _BY_DEFAULT[name], dtype=object)


def told_by(name: str, sessions: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """Return what tells the conditions of an experiment apart in sessions, beside what always does.

    That is the outcome and whether it teaches, if they are told, and what differs between trials
    of the experiment and between those of the sessions, and is called the same in both.

    Parameters
    ----------
    name
        Of the experiment.
    sessions
        In the words of the experiment, see `in_its_words`.
    """
    whole = _whole(name)
    found = [column for column in _OUTCOME if any(column in s.coords for s in sessions)]
    for column in FURTHER:
        own = _values(whole, column)
        seen = {v for s in sessions if column in s.coords for v in np.unique(s[column]).tolist()}
        alike = (len(seen) > 1 and seen <= own) or column == AREA
        if len(own) > 1 and (column in RULES or (seen and alike)):
            found.append(column)
    return tuple(found)


def all_told(name: str) -> tuple[str, ...]:
    """Return all that can tell the conditions of an experiment apart, beside what always does."""
    if name == USUAL_EXPERIMENT:
        return ()
    whole = _whole(name)
    return (*_OUTCOME, *(column for column in FURTHER if len(_values(whole, column)) > 1))


def in_its_words(name: str, sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return sessions with the rules in force named as in an experiment.

    What a rule is called, a decoder or which outcome follows what, is up to a recording. Those of
    an animal are those of the experiment in the order of days; the first one, if it is not told.

    Parameters
    ----------
    name
        Of the experiment.
    sessions
        Sessions of animals, each with its day.
    """
    whole = _whole(name)
    for column in RULES:
        own = [v for v in dict.fromkeys(whole.get(column, [])) if v == v and v != NO_DECODER]
        if len(own) > 1:
            sessions = _renamed(sessions, column, own)
    return [*sessions]


def _renamed(sessions: Sequence[xr.Dataset], column: str, names: Sequence[str]) -> list[xr.Dataset]:
    """Return sessions with other values in a column: those named, in the order of days."""
    known: dict[str, dict[str, str]] = {}
    for session in sorted(sessions, key=day_of):
        own = known.setdefault(str(session.attrs["animal"]), {})
        values = [NO_DECODER] if column not in session.coords else session[column].values
        for value in dict.fromkeys(map(str, values)):
            if value != NO_DECODER:
                own.setdefault(value, names[min(len(own), len(names) - 1)])
    found = []
    for session in sessions:
        own = known[str(session.attrs["animal"])]
        if column in session.coords:
            values = [own.get(str(value), NO_DECODER) for value in session[column].values]
        else:
            values = [names[0]] * session.sizes["trial"]
        found.append(session.assign_coords({column: ("trial", np.array(values, dtype=str))}))
    return found


def day_of(session: xr.Dataset) -> float:
    """Return the day of a session, 0 if it has none."""
    return float(session.attrs.get("day", 0))


def _whole(name: str) -> pd.DataFrame:
    return pd.concat([day.table for day in experiment(name).days(_ORDER)], ignore_index=True)


def _values(table: pd.DataFrame, column: str) -> set[object]:
    return {*table[column].dropna()} if column in table else set()


def of_worlds(name: str) -> Experiment:
    """Return an experiment as the animals of worlds are put through it, by its name.

    Its bins are the widest in which every window of the claims that it shows is whole.
    """
    usual = OF_WORLDS if name == USUAL_EXPERIMENT else experiment(name)
    width = min((c.bin for c in claims_shown_by(name)), default=usual.clock.bin)
    return replace(usual, clock=replace(usual.clock, bin=width))


def days_matched(
    recorded: Sequence[Collection[int]], days: Sequence[frozenset[int]]
) -> dict[int, int]:
    """Return which of the days of an experiment each recorded day stands for, from 1.

    Days in a row that have the same conditions are a stage. Recorded days are of stages in their
    order: as many as can be, and so that their conditions are as like as can be. Those of a stage
    are spread over the days that were simulated; more of them than there are, are left out.

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
    for place, of in enumerate(_in_order(recorded, [days[own[0] - 1] for own in stages])):
        if of is not None:
            own.setdefault(of, []).append(place)
    found: dict[int, int] = {}
    for stage, places in own.items():
        count = min(len(places), len(stages[stage]))
        shown = np.linspace(0, len(places) - 1, count).round().astype(int)
        where = np.linspace(0, len(stages[stage]) - 1, count).round().astype(int)
        for at, day in zip(shown.tolist(), where.tolist(), strict=True):
            found[places[at]] = stages[stage][day]
    return found


def _in_order(
    recorded: Sequence[Collection[int]], stages: Sequence[frozenset[int]]
) -> tuple[int | None, ...]:
    """Return the stage of each recorded day, none for a day that is like none."""
    best: dict[int, tuple[tuple[int, float], tuple[int | None, ...]]] = {0: ((0, 0.0), ())}
    for seen in recorded:
        alike = [_likeness(stage, {*seen}) for stage in stages]
        longer: dict[int, tuple[tuple[int, float], tuple[int | None, ...]]] = {}
        for now, ((count, total), path) in best.items():
            tried = [(now, ((count, total), (*path, None)))]
            tried += [
                (stage, ((count + 1, total + alike[stage]), (*path, stage)))
                for stage in range(now, len(stages))
                if alike[stage]
            ]
            for stage, way in tried:
                if stage not in longer or way[0] > longer[stage][0]:
                    longer[stage] = way
        best = longer
    return max(best.values(), key=lambda way: way[0])[1]


def _likeness(some: Collection[int], others: set[int]) -> float:
    """Return what two sets have in common, as a share of all that either has."""
    return len({*some} & others) / max(len({*some} | others), 1)
