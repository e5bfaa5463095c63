"""Responses with gaps: energies over the units and trials that are there, and what is not there.

A trial that one unit lacks still counts for the others. What is compared is compared over the same
units and stimuli, so that a unit which is lost half-way does not stand on one side alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.windows import bin_width
from errorneurons.analysis.statistics import Floats

Patterns = Mapping[str, Floats]
"""Stimulus -> responses, (trial, unit), NaN where a unit was not recorded in a trial."""


def has_gaps(*responses: Patterns) -> bool:
    """Whether a unit lacks a trial that others have."""
    return any(not np.isfinite(x).all() for response in responses for x in response.values())


def energies_there(x: Floats) -> Floats:
    """Return the energy of a pattern in each unit over its own trials; NaN with fewer than two."""
    count, total, squares = _sums(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        energy = (total**2 - squares) / (count * (count - 1))
    return np.where(count >= 2, energy, np.nan)


def unit_energies_there(response: Patterns) -> Floats:
    """Return the energy of each unit, averaged over the stimuli of which it has two trials."""
    each = [energies_there(x) for x in response.values()]
    return means(np.array(each)) if each else np.empty(0)


def energy_of_difference_there(first: Patterns, second: Patterns) -> float:
    """Return the energy of a difference over units and stimuli with two trials of both."""
    return mean_of_all(_of_difference(first, second))


def unit_energies_of_difference_there(first: Patterns, second: Patterns) -> Floats:
    """Return the energy of a difference of each unit, over stimuli with two trials of both."""
    each = _of_difference(first, second)
    return means(np.array(each)) if each else np.empty(0)


def _of_difference(first: Patterns, second: Patterns) -> list[Floats]:
    """Return the energy of a difference of each unit, stimulus by stimulus."""
    return [
        energies_there(first[s])
        + energies_there(second[s])
        - 2 * means(first[s]) * means(second[s])
        for s in first
        if s in second
    ]


def overlap_there(first: Patterns, second: Patterns) -> float:
    """Return the overlap over units and stimuli that both sets of trials have."""
    return mean_of_all([means(first[s]) * means(second[s]) for s in first if s in second])


def overlap_of_contrasts_there(
    contrast: tuple[Patterns, Patterns], other: tuple[Patterns, Patterns]
) -> float:
    """Return the overlap of (a - b) with (c - d) over units and stimuli that all four have."""
    (a, b), (c, d) = contrast, other
    shared = [s for s in a if s in b and s in c and s in d]
    return mean_of_all([(means(a[s]) - means(b[s])) * (means(c[s]) - means(d[s])) for s in shared])


def with_all(response: Patterns) -> Patterns:
    """Return the responses of the units that have every trial of every stimulus."""
    whole = np.logical_and.reduce([np.isfinite(x).all(axis=0) for x in response.values()])
    return {s: x[:, whole] for s, x in response.items()}


def means(x: Floats) -> Floats:
    """Return the mean of each unit over its own trials, (unit,); NaN without any."""
    count, total, _ = _sums(x)
    return total / np.where(count > 0, count, np.nan)


def mean_of_all(values: Sequence[Floats] | Floats) -> float:
    """Return the mean of all that is not NaN; NaN if nothing is left."""
    every = np.concatenate([np.ravel(one) for one in values]) if len(values) else np.empty(0)
    known = every[np.isfinite(every)]
    return float(known.mean()) if len(known) else float("nan")


def _sums(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return how many trials each unit has, their sum, and the sum of their squares."""
    there = np.isfinite(x)
    own = np.where(there, x, 0.0)
    return there.sum(axis=0).astype(float), own.sum(axis=0), (own * own).sum(axis=0)


def unrecorded(rate: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return which trials no unit has, and which units lack one of the other trials altogether.

    Parameters
    ----------
    rate
        Activity, (trial, bin, unit), NaN where it was not recorded.
    """
    # trial by trial, for the whole may be large
    each = [np.isfinite(trial).any(axis=0) for trial in rate]
    there: npt.NDArray[np.bool_] = np.array(each, dtype=bool).reshape(-1, rate.shape[2])
    gone: npt.NDArray[np.bool_] = there.sum(axis=1) == 0
    lost: npt.NDArray[np.bool_] = (~there[~gone]).sum(axis=0) > 0
    return gone, lost


def thinned(session: xr.Dataset, group: int, groups: int) -> xr.Dataset:
    """Return a session without every `groups`-th trial of each kind, counted from `group`.

    Trials are of one kind if all their text and yes-or-no columns agree.
    """
    columns = {
        str(name): session.variables[name].values
        for name in session.coords
        if session[name].dims == ("trial",) and session[name].dtype.kind in "UTOb"
    }
    kinds = pd.DataFrame(columns)
    number = kinds.groupby(list(columns), dropna=False).cumcount().to_numpy()
    return session.isel(trial=np.flatnonzero(number % groups != group))


@dataclass(frozen=True)
class Blank:
    """Bins in which no unit is active in some trials, though chance would hardly have it so.

    Attributes
    ----------
    trials
        In which trials the first of them lies, as where the recording was interrupted.
    start, duration
        Of the bins of the first of these trials [s].
    """

    trials: npt.NDArray[np.int64]
    start: float
    duration: float


def blank_in(session: xr.Dataset) -> Blank | None:
    """Return the bin at which most trials become blank, None where fewer than three do.

    A run of bins that are exactly 0 in all units is blank if units that are 0 as often as they are
    on the whole, one by one, would hardly have one in the session. Trials with something silenced
    are left out.
    """
    rate, asked = session["rate"].values, _not_silenced(session)
    there = np.isfinite(rate).any(axis=(0, 1))
    zero, none = np.zeros(rate.shape[2]), np.zeros(rate.shape[:2], dtype=bool)
    for trial in asked:  # one by one, so that no copy of all of it is made
        at = rate[trial] == 0
        zero += at.mean(axis=0) / len(asked)
        none[trial] = at.any(axis=1) & (at | ~np.isfinite(rate[trial]))[:, there].all(axis=1)
    chance = np.log(np.clip(zero[there], _RAREST, 1.0)).sum()
    least = math.ceil(_HARDLY / chance) if chance < 0 else rate.shape[1]
    runs = [(k, *run) for k in np.flatnonzero(none.any(axis=1)) for run in _runs(none[k])]
    long = [run for run in runs if run[2] >= least]
    if not long:
        return None
    start = Counter(run[1] for run in long).most_common(1)[0][0]
    those = [run for run in long if run[1] == start]
    if len(those) < _FEWEST_BLANK:
        return None
    time = session["time"].values
    width = bin_width(session)
    trials = np.array([run[0] for run in those], dtype=np.int64)
    return Blank(trials, float(time[start]) - width / 2, those[0][2] * width)


def _not_silenced(session: xr.Dataset) -> npt.NDArray[np.int64]:
    if "manipulation" not in session.coords:
        return np.arange(session.sizes["trial"])
    return np.flatnonzero(session["manipulation"].values != "silence")


def _runs(none: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where runs of bins begin, and how many bins they have."""
    edges = np.flatnonzero(np.diff(np.r_[False, none, False].astype(int)))
    return [(int(a), int(b - a)) for a, b in edges.reshape(-1, 2)]


_HARDLY = -35.0
"""Log of the chance that a run of bins is blank, below which it is hardly chance."""
_RAREST = 1e-3
"""A unit that is never 0 is said to be so often."""
_FEWEST_BLANK = 3
"""Trials in which a recording is blank at the same time, which fewer may be by mishap."""
