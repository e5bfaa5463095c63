"""Lay sessions end to end in one recording, and turn rates in bins into spike times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.statistics import Floats

TICKS_A_SECOND = 32768.0
"""Ticks a second [Hz]. A power of two: times are exact, and compress to half."""

_GAP = 0.5
"""Least time between two trials [s]."""

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """One session on the clock of the file.

    Attributes
    ----------
    session
        The session.
    edges
        Edges of the bins of each trial [s], (trial, bin + 1).
    stop
        When the session ends [s].
    spikes, spikes_end
        Spike times of all units one after the other [s], and where each unit ends.
    intervals, intervals_end
        When units were observed [s], (interval, 2), one unit after the other, and where each ends.
    """

    session: xr.Dataset
    edges: Floats
    stop: float
    spikes: Floats
    spikes_end: _Integers
    intervals: Floats
    intervals_end: _Integers

    @property
    def animal(self) -> str:
        """The animal."""
        return str(self.session.attrs["animal"])

    @property
    def session_id(self) -> str:
        """The session."""
        return str(self.session.attrs["session_id"])

    @property
    def bin_width(self) -> float:
        """Width of a bin [s]."""
        return width_of(self.session)

    @property
    def zero(self) -> Floats:
        """Time zero of each trial [s]."""
        left = float(self.session["time"].values[0]) - self.bin_width / 2
        zero: Floats = self.edges[:, 0] - round(left, 9)
        return zero


def width_of(session: xr.Dataset) -> float:
    """Return the width of a bin of a session [s]."""
    return float(f"{1 / float(session['rate'].attrs['sampling_rate']):.12g}")


def lay_out(sessions: Sequence[xr.Dataset], seed: int) -> list[Part]:
    """Give every session its place in time, and its spikes if it holds some.

    Raises
    ------
    DoorError
        If rates are no whole numbers of spikes a bin, or bins are too short to hold a spike.
    """
    parts: list[Part] = []
    for k, session in enumerate(sessions):
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        parts.append(_lay_out(session, parts[-1].stop if parts else 0.0, random))
    return parts


def _lay_out(session: xr.Dataset, start: float, random: np.random.Generator) -> Part:
    width, bins = width_of(session), session.sizes["time"]
    # whole seconds apart, so that trials begin on a tick of the clock
    period = float(np.ceil(bins * width + _GAP))
    trials = start + _GAP + period * np.arange(session.sizes["trial"])
    edges = trials[:, None] + width * np.arange(bins + 1)
    stop = float(trials[-1] + period)
    if session["rate"].attrs["signal"] != "spikes":
        nothing, nowhere = np.zeros(0), np.zeros(0, np.int64)
        return Part(session, edges, stop, nothing, nowhere, nothing, nowhere)
    # (unit, trial, bin): the spikes of a unit stand together
    rate = np.moveaxis(session["rate"].values, -1, 0)
    observed = ~np.isnan(rate)
    spikes, spikes_end = _draw(_counts(rate, session), edges, random)
    intervals, intervals_end = _intervals(observed, edges, (start, stop))
    return Part(session, edges, stop, spikes, spikes_end, intervals, intervals_end)


def _counts(rate: npt.NDArray[np.floating], session: xr.Dataset) -> _Integers:
    exact = np.nan_to_num(rate) / float(session["rate"].attrs["sampling_rate"])
    counts: _Integers = np.rint(exact).astype(np.int64)
    if not np.allclose(counts, exact, rtol=0, atol=1e-3):
        raise DoorError(
            f"session {session.attrs['session_id']} of {session.attrs['animal']}: rates are no "
            "whole numbers of spikes a bin; give spike counts / bin width"
        )
    return counts


def _draw(
    counts: _Integers, edges: Floats, random: np.random.Generator
) -> tuple[Floats, _Integers]:
    """Draw spike times strictly inside their bins, no two of a unit on the same tick."""
    first = (np.floor(edges[:, :-1] * TICKS_A_SECOND).astype(np.int64) + 1).ravel()
    ticks = np.ceil(edges[:, 1:] * TICKS_A_SECOND).astype(np.int64).ravel() - first
    each = counts.reshape(len(counts), -1)
    if (each > ticks).any():
        raise DoorError(
            f"a bin with {each.max()} spikes is too short for a clock of {TICKS_A_SECOND:g} Hz; "
            "give longer bins"
        )
    spikes = [_draw_unit(unit, first, ticks, random) / TICKS_A_SECOND for unit in each]
    return np.concatenate(spikes), np.cumsum(each.sum(axis=1))


def _draw_unit(
    counts: _Integers, first: _Integers, ticks: _Integers, random: np.random.Generator
) -> _Integers:
    """Draw the ticks of one unit: sorted draws from the room that is left, then one tick apart."""
    room = np.repeat(ticks - counts + 1, counts)
    tick = np.repeat(first, counts) + (random.random(len(room)) * room).astype(np.int64)
    tick.sort()
    before = np.repeat(np.cumsum(counts) - counts, counts)
    spikes: _Integers = tick + np.arange(len(tick)) - before
    return spikes


def _intervals(
    observed: npt.NDArray[np.bool_], edges: Floats, session: tuple[float, float]
) -> tuple[Floats, _Integers]:
    """Return when each unit was observed, one unit after the other, and where each ends."""
    if observed.all():
        units = len(observed)
        return np.tile(np.array([session]), (units, 1)), np.arange(1, units + 1)
    intervals = []
    for unit in observed:
        change = np.diff(np.pad(unit.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        intervals.append(np.column_stack([edges[change == 1], edges[change == -1]]))
    return np.concatenate(intervals), np.cumsum([len(rows) for rows in intervals])
