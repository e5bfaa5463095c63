"""Spikes of units, counted in bins around each trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RowNumbers
from errorneurons.analysis.sources.when import (
    Times,
    check_precision,
    checked_intervals,
    edge_tolerance,
    observed,
    spiking,
)


@dataclass(frozen=True)
class Spikes:
    """Spike times of units, read unit by unit.

    Attributes
    ----------
    times
        Returns the spike times of one row of the table of units [s], (spike,).
    intervals
        Returns when that unit was observed, (interval, 2) [s], None if the file does not say.
    ready
        Refuses what is damaged, before anything is read.
    """

    times: Callable[[int], npt.NDArray[np.generic]]
    intervals: Callable[[int], npt.NDArray[np.generic] | None] = lambda _: None
    ready: Callable[[], None] = lambda: None
    kind: str = "spikes"
    units: str = "Hz"
    own_window: None = None

    def about(self, units: RowNumbers) -> dict[str, str | float]:
        """Return nothing: spikes were sorted, however they were recorded."""
        del units
        return {}

    def binned(
        self, units: RowNumbers, trials: RowNumbers, edges: Times
    ) -> npt.NDArray[np.float32]:
        """Return the spike rates [Hz] of units, NaN where a unit was not observed.

        Where the file does not say when, all units are taken to be observed as long as any spikes.

        Parameters
        ----------
        units
            RowNumbers of the table of units.
        trials
            RowNumbers of the table of trials, which the edges know already.
        edges
            Edges of the bins [s], (trial, bin + 1), evenly spaced.

        Returns
        -------
        npt.NDArray[np.float32]
            (trial, bin, unit); counts times one constant, so that counts come back exactly.

        Raises
        ------
        DoorError
            If spike times are not finite or do not increase, or intervals of observation are wrong.
        """
        del trials
        self.ready()
        rate = np.empty((len(edges), edges.shape[1] - 1, len(units)), dtype=np.float32)
        per_second = np.float32(samples_per_second(edges))
        unsaid, ends, count = [], [], 0
        for k, row in enumerate(units):
            spikes = _checked(self.times(int(row)), int(row))
            rate[:, :, k] = count_spikes(spikes, edges) * per_second
            intervals = _when_observed(self.intervals(int(row)), spikes, int(row))
            if intervals is None:
                unsaid.append(k)
            else:
                rate[~observed(intervals, edges), k] = np.nan
            if len(spikes):
                ends.append(spikes[[0, -1]])
                count += len(spikes)
        if unsaid and ends:
            firsts, lasts = np.array(ends).T
            outside = ~observed(spiking(firsts, lasts, count, edges), edges)
            for k in unsaid:
                rate[:, :, k][outside] = np.nan
        return rate


def _checked(found: npt.NDArray[np.generic], row: int) -> Times:
    """Return the spike times of one unit [s], refused if not finite or not in order."""
    check_precision(found, f"spike times of unit {row}")
    spikes = found.astype(np.float64)
    if not np.isfinite(spikes).all():
        raise DoorError(f"unit {row} has spike times that are NaN or infinite; leave them out")
    if (np.diff(spikes) < 0).any():
        raise DoorError(
            f"the spike times of unit {row} go back in time; sort them, or mend the clock of "
            "recordings that were joined"
        )
    return spikes


def _when_observed(found: npt.NDArray[np.generic] | None, spikes: Times, row: int) -> Times | None:
    """Return when a unit was observed, (interval, 2) [s]; None if the file does not say."""
    if found is None:
        return None
    intervals = found.astype(np.float64)
    if intervals.ndim != 2 or intervals.shape[1] != 2:
        raise DoorError("obs_intervals of the units are no pairs of start and stop; mend them")
    if len(intervals) == 0:
        # of a unit with spikes it is unknown when it was observed; one without was not
        return None if len(spikes) else intervals
    ordered = checked_intervals(intervals, f"the obs_intervals of unit {row}")
    k = np.searchsorted(ordered[:, 0], spikes, side="right") - 1
    reach = np.maximum.accumulate(ordered[:, 1])
    if len(spikes) and not ((k >= 0) & (spikes <= reach[np.maximum(k, 0)])).any():
        raise DoorError(
            f"none of the {len(spikes)} spikes of unit {row} lies in its obs_intervals; mend the "
            "clock of either"
        )
    return ordered


def samples_per_second(edges: Times) -> float:
    """Return 1 / bin width [Hz], rounded as people choose bins."""
    width = float(edges[0, -1] - edges[0, 0]) / (edges.shape[1] - 1)
    return float(f"{1 / width:.9g}")


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
    # a spike that lies on an edge but for rounding is not lost before it
    shifted = edges.ravel() - edge_tolerance(edges)
    before = np.searchsorted(spikes, shifted).reshape(edges.shape)
    counts: npt.NDArray[np.int64] = np.diff(before, axis=1).astype(np.int64)
    return counts
