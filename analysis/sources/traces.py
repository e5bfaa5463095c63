"""Traces with times, as the responses of regions of interest (ROIs), averaged in bins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RowNumbers
from errorneurons.analysis.sources.when import Times, edge_tolerance

PERCENT = ("%", "percent", "percentage")
"""Units that stand for a hundredth of dF/F, in lower case."""


def _nothing(units: RowNumbers) -> dict[str, str | float]:
    del units
    return {}


@dataclass(frozen=True)
class Series:
    """Traces of some units.

    Attributes
    ----------
    rows
        Rows of the units in the table of all, (unit,).
    times
        When frames were taken [s], (frame,).
    data
        Traces as they are stored, (frame, unit), not yet read.
    scale, offset
        What is stored times `scale` plus `offset` is the response.
    """

    rows: npt.NDArray[np.int64]
    times: Times
    data: Any
    scale: float = 1.0
    offset: float = 0.0

    def read(self, start: int, stop: int, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return the traces of some of the units in some frames, (frame, unit)."""
        stored = np.asarray(self.data[start:stop], dtype=np.float64)
        return stored.reshape(-1, len(self.rows))[:, chosen] * self.scale + self.offset


@dataclass(frozen=True)
class Traces:
    """Traces of units with the times of their frames.

    Attributes
    ----------
    series
        The traces; several where units were not recorded in the same frames.
    count
        Number of all units.
    units, kind
        Their units and what they are, in words of the contract.
    microscope
        Returns what is known of how some units were recorded.
    """

    series: tuple[Series, ...]
    count: int
    units: str
    kind: str = "calcium"
    microscope: Callable[[RowNumbers], dict[str, str | float]] = _nothing
    own_window: None = None

    def about(self, units: RowNumbers) -> dict[str, str | float]:
        """Return frame rate and indicator of some units, as far as all have the same."""
        return self.microscope(units)

    def binned(
        self, units: RowNumbers, trials: RowNumbers, edges: Times
    ) -> npt.NDArray[np.float32]:
        """Return the mean of the frames of units in each bin, NaN in bins without a frame.

        Parameters
        ----------
        units
            Rows of the units that are read.
        trials
            Rows of the table of trials, which the edges know already.
        edges
            Edges of the bins [s], (trial, bin + 1). A frame on an edge belongs to the later bin.

        Returns
        -------
        npt.NDArray[np.float32]
            (trial, bin, unit).

        Raises
        ------
        DoorError
            If no trial lies where frames were taken, or no frame has a value.
        """
        del trials
        self._check_clock(edges)
        slack = edge_tolerance(edges)  # a frame on an edge, but for rounding, is not before it
        place = np.full(self.count, -1)
        place[units] = np.arange(len(units))
        seen = np.empty((*edges[:, :-1].shape, len(units)), dtype=np.float32)
        seen[...] = np.nan
        for together in self._apart():
            rows = place[np.unique(np.concatenate([series.rows for series in together]))]
            read = np.sort(rows[rows >= 0])
            for trial, own in enumerate(edges - slack):
                total = np.zeros((len(own) - 1, len(units)))
                count = np.zeros_like(total)
                for series in together:
                    _add_frames(series, place, own, total, count)
                part, seen_in = total[:, read], count[:, read]
                seen[trial][:, read] = np.where(seen_in > 0, part / np.maximum(seen_in, 1), np.nan)
        if seen.size and np.isnan(seen).all():
            raise DoorError(
                f"no bin of {len(edges)} trials holds a frame with a value; mend the clock of the "
                "frames, or take bins as wide as a frame lasts"
            )
        return seen

    def _apart(self) -> list[tuple[Series, ...]]:
        """Return series that share no units apart: what is kept of one need not be of the next."""
        every = np.concatenate([series.rows for series in self.series])
        if len(np.unique(every)) < len(every):
            return [self.series]
        return [(series,) for series in self.series]

    def _check_clock(self, edges: Times) -> None:
        """Refuse frames on another clock than the trials."""
        ends = [series.times[[0, -1]] for series in self.series if len(series.times)]
        if not ends or not len(edges):
            return
        (first, _), (_, last) = np.min(ends, axis=0), np.max(ends, axis=0)
        begin, end = edges[:, 0], edges[:, -1]
        if ((end < first) | (begin > last)).all():
            raise DoorError(
                f"frames run from {first:g} to {last:g} s, trials from {begin.min():g} to "
                f"{end.max():g} s: no trial lies in the recording; mend the clock of either, or "
                "how many frames there are a second"
            )


def _add_frames(
    series: Series,
    place: npt.NDArray[np.int64],
    edges: Times,
    total: npt.NDArray[np.float64],
    count: npt.NDArray[np.float64],
) -> None:
    """Add the frames of one trial to the sums of its bins, and count them, (bin, unit)."""
    read = place[series.rows] >= 0
    if not read.any():
        return
    start, stop = np.searchsorted(series.times, edges[[0, -1]])
    data = series.read(int(start), int(stop), read)
    where = np.searchsorted(edges, series.times[start:stop], side="right") - 1
    units = place[series.rows[read]]
    for sums, values in ((total, np.nan_to_num(data)), (count, np.isfinite(data))):
        own = np.zeros((len(edges) - 1, len(units)))
        np.add.at(own, where, values)
        sums[:, units] += own


def checked_frames(times: Times, frames: int, where: str) -> Times:
    """Return when each frame was taken [s].

    Raises
    ------
    DoorError
        If the times do not fit the frames, are not finite or do not increase.
    """
    if times.shape != (frames,):
        raise DoorError(f"{where} has {frames} frames but {times.size} timestamps; mend either")
    if not np.isfinite(times).all():
        raise DoorError(f"{where} has timestamps that are NaN or infinite; leave these frames out")
    if (np.diff(times) < 0).any():
        raise DoorError(f"{where} has frames that go back in time; mend the clock of the recording")
    if frames > 1 and np.median(np.diff(times)) <= 0:
        raise DoorError(f"{where} has many frames at the same time; mend its timestamps")
    return times


def steady_frames(rate: float, start: float, frames: int, where: str) -> Times:
    """Return the times of frames taken at one rate [s].

    Raises
    ------
    DoorError
        If the rate [Hz] is not above 0, or the start [s] not finite.
    """
    if not (0 < rate < np.inf and np.isfinite(start)):
        raise DoorError(f"{where} has a rate of {rate:g} Hz from {start:g} s on; mend its clock")
    times: Times = start + np.arange(frames) / rate
    return times
