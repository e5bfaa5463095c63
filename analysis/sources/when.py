"""When something was recorded: intervals of time against the bins of trials.

What lies outside is neither zero nor data: it was not recorded, and becomes NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.measures.gaps import unrecorded
from errorneurons.analysis.session.contract import DoorError

Times = npt.NDArray[np.float64]
Bins = npt.NDArray[np.bool_]

CHANCE = 20.0
"""Spikes that all units together would have fired in a silence, for it to be no recording.

Poisson cells are silent so long with a probability of e^-20.
"""
GAP = 1e-2
"""Intervals that are apart by less than this share of a bin are one."""


def edge_tolerance(edges: Times) -> float:
    """Return by how much a time may miss an edge and still count as lying on it [s]."""
    width = float(edges[0, 1] - edges[0, 0])
    rounding = 4 * float(np.spacing(np.abs(edges[np.isfinite(edges)]).max(initial=0.0)))
    return min(max(1e-8, rounding), 1e-3 * width)


_COARSE = 1e-2
"""Times that are further apart than this for want of digits are none [s]."""


def check_precision(times: npt.NDArray[np.generic], what: str, rate: float = 1.0) -> None:
    """Refuse times that have lost their digits: single precision holds seven.

    Parameters
    ----------
    times
        Times as they are stored.
    what
        What they are times of.
    rate
        They are counted in so many a second.

    Raises
    ------
    DoorError
        Saying how far apart the nearest two times are.
    """
    if times.dtype.kind != "f" or times.dtype.itemsize > 4 or not len(times):
        return
    largest = np.abs(times[np.isfinite(times)]).max(initial=0.0)
    apart = float(np.spacing(largest)) / rate
    if apart > _COARSE:
        raise DoorError(
            f"{what} are stored with few digits: near {largest / rate:.10g} s, times are "
            f"{apart:.2g} s apart; save them in double precision"
        )


_LONG_AGO = 10.0
"""A time so long before time zero of its trial is no time of the trial [s]."""


def check_times(name: str, times: Times, zero: Times) -> None:
    """Refuse -1 and its like in place of a time: what lies before the recording, and long ago.

    Parameters
    ----------
    name
        What the times are, as the contract calls it.
    times, zero
        The times, and time zero of each trial [s], (trial,).

    Raises
    ------
    DoorError
        Naming the first, and how many there are.
    """
    strange = (times < 0) & (zero - times > _LONG_AGO) & (np.nanmin(zero) >= 0)
    if strange.any():
        raise DoorError(
            f"`{name}` is {times[strange][0]:g} s in {strange.sum()} trials, which is before the "
            "recording began; leave it empty, or write NaN, where there was none"
        )


def checked_intervals(intervals: Times, what: str) -> Times:
    """Return intervals in order, (interval, 2) [s], if each ends after it starts.

    Raises
    ------
    DoorError
        If one is NaN, ends before it starts, or overlaps another that does not hold it whole.
    """
    if not np.isfinite(intervals).all():
        raise DoorError(f"{what} hold a time that is NaN or infinite; give every start and stop")
    reversed_ = np.flatnonzero(intervals[:, 1] < intervals[:, 0])
    if len(reversed_):
        start, stop = intervals[reversed_[0]]
        raise DoorError(
            f"{what} hold an interval from {start:g} to {stop:g} s, which ends before it starts; "
            "exchange the two"
        )
    ordered = intervals[np.lexsort((-intervals[:, 1], intervals[:, 0]))]
    reach = np.maximum.accumulate(ordered[:, 1])[:-1]
    crossing = (ordered[1:, 0] < reach - 1e-6) & (ordered[1:, 1] > reach + 1e-6)
    if crossing.any():
        later = ordered[1:][crossing][0]
        raise DoorError(
            f"{what} overlap: the interval from {later[0]:g} to {later[1]:g} s begins before the "
            "one before it ends; mend where one ends and the next begins"
        )
    return ordered


def merged(intervals: Times, apart: float = 0.0) -> Times:
    """Return intervals in order as their union; those less than `apart` [s] from another join."""
    ordered = intervals[np.lexsort((-intervals[:, 1], intervals[:, 0]))]
    if not len(ordered):
        return ordered
    reach = np.maximum.accumulate(ordered[:, 1])
    first = np.r_[True, ordered[1:, 0] > reach[:-1] + apart]
    last = np.r_[first[1:], True]
    return np.column_stack([ordered[first, 0], reach[last]])


def observed(intervals: Times, edges: Times) -> Bins:
    """Return whether each bin lies within an interval of observation.

    Parameters
    ----------
    intervals
        Start and stop [s], (interval, 2), in any order; one may lie within another.
    edges
        Edges of the bins [s], (trial, bin + 1).

    Returns
    -------
    npt.NDArray[np.bool_]
        (trial, bin).
    """
    if len(intervals) == 0:
        return np.zeros((len(edges), edges.shape[1] - 1), dtype=bool)
    width = float(edges[0, 1] - edges[0, 0])
    starts, stops = merged(intervals, GAP * width).T
    # a bin whose edge is the interval's, but for rounding, is inside
    slack = 1e-3 * width
    left, right = edges[:, :-1] + slack, edges[:, 1:] - slack
    k = np.searchsorted(starts, left, side="right") - 1
    inside: Bins = (k >= 0) & (right <= stops[np.maximum(k, 0)])
    return inside


def touched(intervals: Times, edges: Times) -> Bins:
    """Return whether each bin has a part in common with an interval, (trial, bin)."""
    if len(intervals) == 0:
        return np.zeros((len(edges), edges.shape[1] - 1), dtype=bool)
    starts, stops = merged(intervals).T
    slack = edge_tolerance(edges)
    k = np.searchsorted(starts, edges[:, 1:] - slack) - 1
    inside: Bins = (k >= 0) & (stops[np.maximum(k, 0)] > edges[:, :-1] + slack)
    return inside


def spiking(firsts: Times, lasts: Times, count: int, edges: Times) -> Times:
    """Return from when to when spikes were recorded, (1, 2) [s], as far as the spikes tell.

    Where no file says so, a recording ends with its last spike if all units together are then
    silent for longer than chance allows; so does it begin.

    Parameters
    ----------
    firsts, lasts
        First and last spike of each unit that has some [s].
    count
        Number of all spikes.
    edges
        Edges of the bins of the trials [s], (trial, bin + 1).

    Raises
    ------
    DoorError
        If no trial lies between the spikes, or these are not in seconds.
    """
    if count < 2 or lasts.max() <= firsts.min():
        return np.array([[-np.inf, np.inf]])
    first, last = float(firsts.min()), float(lasts.max())
    rate = (count - 1) / (last - first)
    _check_clock(first, last, rate / len(firsts), edges)
    before = first if rate * (first - edges[:, 0].min()) > CHANCE else -np.inf
    after = last if rate * (edges[:, -1].max() - last) > CHANCE else np.inf
    return np.array([[before, after]])


def _check_clock(first: float, last: float, rate: float, edges: Times) -> None:
    """Refuse spikes on another clock than the trials, or in other units."""
    begin, end = float(edges[:, 0].min()), float(edges[:, -1].max())
    runs = f"spike times run from {first:g} to {last:g} s, trials from {begin:g} to {end:g} s"
    apart = rate * ((begin - last) if last < begin else (first - end)) > CHANCE
    if apart:
        raise DoorError(f"{runs}: no trial lies in the recording; mend the clock of either")
    if len(edges) >= _MANY and last - first > _LONGER * (end - begin) and rate < _SLOWEST:
        raise DoorError(
            f"{runs}, and a unit fires {rate:.2g} times a second: spike times seem to be in ms or "
            "samples; give them in seconds"
        )


_MANY, _LONGER, _SLOWEST = 10, 300.0, 0.1
"""With so many trials or more, spikes that take so many times as long, at so few Hz, are no times
in seconds: a thousand times as long and as few is what milliseconds would be."""


def gaps_in_words(rate: npt.NDArray[np.float32], invalid: Bins) -> list[str]:
    """Return what of a session was not recorded, in words; empty if nothing is to be said.

    Parameters
    ----------
    rate
        Activity, (trial, bin, unit), NaN where it was not recorded.
    invalid
        Which bins lie in `invalid_times`, (trial, bin).
    """
    none, lost = unrecorded(rate)
    trials = len(none)
    said = []
    if none.any():
        said.append(f"{none.sum()} of {trials} trials were not recorded")
    if invalid.any():
        said.append(f"{invalid.any(axis=1).sum()} of {trials} trials touch `invalid_times`")
    if lost.any():
        said.append(f"{lost.sum()} of {rate.shape[2]} units were not recorded in some trials")
    if rate.size and (low := np.fmin.reduce(rate, axis=None)) == np.fmax.reduce(rate, axis=None):
        said.append(f"activity is {low:g} throughout")
    return said
