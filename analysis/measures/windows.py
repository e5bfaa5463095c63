"""Means over windows of time around an event of each trial."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.asking import Remembered, once, once_alike
from errorneurons.analysis.session.plain import Averaged
from errorneurons.analysis.statistics import Floats

Window = tuple[float, float]
Trials = npt.NDArray[np.int64]
Cells = npt.NDArray[np.int64]
_Bins = tuple[slice, npt.NDArray[np.bool_]]


STRADDLE = 0.01
"""An event may lie this share of a bin within it and still count as lying on its edge."""


def bin_width(session: xr.Dataset) -> float:
    """Return the width of a bin [s], 0 if the session does not say."""
    rate = float(session.variables["rate"].attrs.get("sampling_rate", np.inf))
    return 1 / rate if rate > 0 else 0.0


def has_window(
    session: xr.Dataset, chosen: Trials, event: str, window: Window
) -> npt.NDArray[np.bool_]:
    """Return which of some trials have a bin in a window, (trial,)."""
    return np.asarray(_bins(session, chosen, event, window)[1].any(axis=1))


def window_means(
    session: xr.Dataset, chosen: Trials, cells: Cells, event: str, windows: Sequence[Window]
) -> list[Floats]:
    """Return the mean of each window relative to an event [s], (trial, unit); NaN at a gap.

    A bin belongs to a window if its centre does, and it does not straddle the event.
    """
    return [window_mean(session, chosen, event, window)[:, cells] for window in windows]


def window_mean(session: xr.Dataset, chosen: Trials, event: str, window: Window) -> Floats:
    """Return the mean over the bins of a window, (trial, unit); NaN where it has none or a gap."""
    key = ("mean", chosen.tobytes(), event, window)
    return once(session, key, lambda: _window_mean(session, chosen, event, window))


def _window_mean(session: xr.Dataset, chosen: Trials, event: str, window: Window) -> Floats:
    key = ("bins", chosen.tobytes(), event, window)
    used, inside = once_alike(session, key, lambda: _bins(session, chosen, event, window))
    # one contiguous read of the trials: files are lazy, and pointwise reads are slow
    rate = session.variables["rate"].values[chosen, used]
    if inside.all() and inside.shape[1]:
        return np.asarray(rate.sum(axis=1, dtype=float) / inside.shape[1])
    count = inside.sum(axis=1)[:, None]
    total = np.where(inside[..., None], rate.astype(float), 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.where(count > 0, count, np.nan))


def windows_asked(alike: Remembered) -> dict[Hashable, Averaged]:
    """Return which bins were averaged in sessions that are `asked_often`.

    Parameters
    ----------
    alike
        What is known of their trials.

    Returns
    -------
    dict
        What `window_mean` asks a session of its own for -> of which bins it is the mean.
    """
    found: dict[Hashable, Averaged] = {}
    for key, bins in alike.items():
        if isinstance(key, tuple) and key[0] == "bins":
            used, inside = cast("_Bins", bins)
            found["mean", *key[1:]] = Averaged(np.frombuffer(key[1], np.int64), used, inside)
    return found


def _bins(session: xr.Dataset, chosen: Trials, event: str, window: Window) -> _Bins:
    """Return from which bin to which a window goes in any trial, and which of them lie inside."""
    time = session.variables["time"].values
    onset = session.variables[event].values[chosen].astype(float)[:, None]
    inside = (time >= onset + window[0] - 1e-9) & (time < onset + window[1] - 1e-9)
    if 0.0 in window:  # what comes before an event and what comes after it do not share a bin
        inside &= np.abs(time - onset) > (0.5 - STRADDLE) * bin_width(session)
    bins = np.flatnonzero(inside.any(axis=0))
    used = slice(bins[0], bins[-1] + 1) if len(bins) else slice(0, 0)
    return used, inside[:, used]
