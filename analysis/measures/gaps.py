"""Responses with gaps: energies over the units and trials that are there, and what is not there.

A trial that one unit lacks still counts for the others. What is compared is compared over the same
units and stimuli, so that a unit which is lost half-way does not stand on one side alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

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
