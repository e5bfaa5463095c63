"""Spikes of the units of an NWB file, counted in bins around each trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.readers.nwb.file import ragged
from errorneurons.analysis.session.contract import DoorError

Times = npt.NDArray[np.float64]


def binned_rates(units: Any, rows: npt.NDArray[np.intp], edges: Times) -> npt.NDArray[np.float32]:
    """Return the spike rates [Hz] of units, NaN where a unit was not observed.

    Parameters
    ----------
    units
        The table of units.
    rows
        Its rows.
    edges
        Edges of the bins [s], (trial, bin + 1), evenly spaced.

    Returns
    -------
    npt.NDArray[np.float32]
        (trial, bin, unit); counts times one constant, so that counts come back exactly.

    Raises
    ------
    DoorError
        If spike times are not finite or do not increase.
    """
    bins = edges.shape[1] - 1
    rate = np.empty((len(edges), bins, len(rows)), dtype=np.float32)
    per_second = np.float32(samples_per_second(edges))
    has_intervals = "obs_intervals" in units.colnames
    for k, row in enumerate(rows):
        rate[:, :, k] = count_spikes(spikes_of(units, int(row)), edges) * per_second
        if has_intervals:
            intervals = ragged(units, "obs_intervals", int(row)).reshape(-1, 2)
            rate[~observed(intervals, edges), k] = np.nan
    return rate


def samples_per_second(edges: Times) -> float:
    """Return 1 / bin width [Hz], rounded as people choose bins."""
    width = float(edges[0, -1] - edges[0, 0]) / (edges.shape[1] - 1)
    return float(f"{1 / width:.9g}")


def spikes_of(units: Any, row: int) -> Times:
    """Return the spike times of one unit [s].

    Raises
    ------
    DoorError
        If they are not finite or do not increase.
    """
    spikes = ragged(units, "spike_times", row).astype(np.float64)
    if not np.isfinite(spikes).all():
        raise DoorError(f"unit {row} has spike times that are NaN or infinite; leave them out")
    if (np.diff(spikes) < 0).any():
        raise DoorError(
            f"the spike times of unit {row} go back in time; sort them, or mend the clock of "
            "recordings that were joined"
        )
    return spikes


def count_spikes(spikes: Times, edges: Times) -> npt.NDArray[np.int64]:
    """Return how many spikes fall into each bin; a spike on an edge belongs to the later bin.

    Parameters
    ----------
    spikes
        Spike times in order [s], (spike,).
    edges
        Edges of the bins [s], (trial, bin + 1).

    Returns
    -------
    npt.NDArray[np.int64]
        (trial, bin).

    Examples
    --------
    >>> count_spikes(np.array([0.1, 0.5, 0.6]), np.array([[0.0, 0.5, 1.0]])).tolist()
    [[1, 2]]
    """
    before = np.searchsorted(spikes, edges.ravel()).reshape(edges.shape)
    counts: npt.NDArray[np.int64] = np.diff(before, axis=1).astype(np.int64)
    return counts


def observed(intervals: Times, edges: Times) -> npt.NDArray[np.bool_]:
    """Return whether each bin lies within an interval of observation.

    Parameters
    ----------
    intervals
        Start and stop [s], (interval, 2); they do not overlap.
    edges
        Edges of the bins [s], (trial, bin + 1).

    Returns
    -------
    npt.NDArray[np.bool_]
        (trial, bin).
    """
    if len(intervals) == 0:
        return np.zeros((len(edges), edges.shape[1] - 1), dtype=bool)
    starts, stops = intervals[np.argsort(intervals[:, 0])].T
    # a bin whose edge is the interval's, but for rounding, is inside
    slack = 1e-3 * (edges[0, 1] - edges[0, 0])
    left, right = edges[:, :-1] + slack, edges[:, 1:] - slack
    k = np.searchsorted(starts, left, side="right") - 1
    inside: npt.NDArray[np.bool_] = (k >= 0) & (right <= stops[np.maximum(k, 0)])
    return inside
