"""What to draw of activity in time: few samples but every peak, round scales, event labels."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.statistics import Floats

Event = tuple[float, float | None]

_LETTER = 6.6  # width of a letter at 12 px [pixels]; generous


class EventLabel(NamedTuple):
    """What is written at an event: how far right [pixels], on which line from below."""

    text: str
    left: float
    lane: int


def kept_samples(curves: Floats, flat: float = 0.0, most: int = 160) -> npt.NDArray[np.intp]:
    """Return which samples to draw: the extremes of every stretch, so that no transient is lost.

    Parameters
    ----------
    curves
        (curve, time); NaN where nothing was recorded.
    flat
        A sample this close to the line between its neighbours may go.
    most
        About how many samples to keep.

    Examples
    --------
    >>> peak = np.zeros((1, 1000))
    >>> peak[0, 501] = 1.0
    >>> 501 in kept_samples(peak)
    True
    """
    length, filled = curves.shape[-1], np.nan_to_num(curves)
    if length <= most:
        return _without_straight(filled, np.arange(length), flat)
    starts = np.linspace(0, length, most // 4 + 1).astype(int)
    kept = {0, length - 1}
    for start, stop in pairwise(starts):
        piece = filled[:, start:stop]
        kept.update((start + piece.argmax(axis=1)).tolist())
        kept.update((start + piece.argmin(axis=1)).tolist())
    return _without_straight(filled, np.array(sorted(kept)), flat)


def _without_straight(
    curves: Floats, kept: npt.NDArray[np.intp], flat: float
) -> npt.NDArray[np.intp]:
    for _ in range(6):
        if len(kept) < 3:
            break
        y, inner = curves[:, kept], np.arange(1, len(kept) - 1, 2)
        share = (kept[inner] - kept[inner - 1]) / (kept[inner + 1] - kept[inner - 1])
        between = y[:, inner - 1] + share * (y[:, inner + 1] - y[:, inner - 1])
        straight = (np.abs(y[:, inner] - between) <= flat).all(axis=0)
        kept = np.delete(kept, inner[straight])
    return kept


def scale_of(activity: xr.Dataset, role: str) -> tuple[float, float]:
    """Return lowest and highest activity of a role, over all areas and conditions, 0 included.

    A role that is as good as silent gets the range of the loudest one, so that rounding errors
    are not shown as responses.
    """
    ranges = {str(r): _range(activity.sel(role=r)) for r in activity["role"].values}
    loudest = max(ranges.values(), key=lambda x: x[1] - x[0])
    low, high = ranges[role]
    if high - low <= 1e-3 * (loudest[1] - loudest[0]):
        low, high = loudest
    return (low, high) if high > low else (0.0, 1.0)


def _range(activity: xr.Dataset) -> tuple[float, float]:
    shown = np.concatenate([activity[v].values.ravel() for v in ("mean", "low", "high")])
    shown = shown[np.isfinite(shown)]
    return float(min(shown.min(initial=0.0), 0.0)), float(max(shown.max(initial=0.0), 0.0))


def round_length(span: float) -> float:
    """Return 1, 2 or 5 times a power of ten, about half of `span`.

    Examples
    --------
    >>> round_length(0.9)
    0.5
    """
    power = 10.0 ** math.floor(math.log10(span * 0.6))
    return float(max(m * power for m in (1, 2, 5) if m * power <= span * 0.6))


def events_of(activity: xr.Dataset) -> Mapping[str, Event]:
    """Return name -> (time, None), or (start, end) for a pair called "x on" and "x off" [s]."""
    given = json.loads(activity.attrs.get("events", "{}"))
    times = {str(name): float("nan" if at is None else at) for name, at in given.items()}
    times = {name: at for name, at in times.items() if math.isfinite(at)}
    events: dict[str, Event] = {}
    for name, at in times.items():
        stem = name.removesuffix(" on")
        if name.endswith(" off") and name.removesuffix(" off") + " on" in times:
            continue
        events[stem if f"{stem} off" in times else name] = (at, times.get(f"{stem} off"))
    return dict(sorted(events.items(), key=lambda event: event[1][0]))


def place_labels(
    events: Mapping[str, Event], start: float, per_pixel: float, room: float
) -> Mapping[str, EventLabel]:
    """Return where the labels of events stand, so that none overlap and none leaves the column.

    Earlier events stand above later ones, so that no event's line runs through a label.

    Parameters
    ----------
    events
        As of `events_of`.
    start, per_pixel
        Left end of the axis [s], and time of one pixel [s].
    room
        Width of the column, with the margin that labels may use [pixels].
    """
    starts: list[float] = []
    labels: dict[str, EventLabel] = {}
    for name, (at, _) in sorted(events.items(), key=lambda event: -event[1][0]):
        text = abridged(name, max(3, int(room / _LETTER) - 1))
        width = _LETTER * len(text) + 8.0
        left = max(0.0, min((max(at, start) - start) / per_pixel, room - width))
        taken = [lane for lane, other in enumerate(starts) if other <= left + width]
        lane = taken[-1] + 1 if taken else 0
        starts[lane:] = [left, *starts[lane + 1 :]]
        labels[name] = EventLabel(text, left, lane)
    return labels


def abridged(text: str, most: int) -> str:
    """Return the text, its middle left out if it is longer than `most` letters.

    Examples
    --------
    >>> abridged("primary visual cortex, layer 5", 12)
    'primar…yer 5'
    """
    tail = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[-tail:]}"


def shortened(text: str, most: int) -> str:
    """Return the text, cut with an ellipsis if it is longer than `most` letters.

    Examples
    --------
    >>> shortened("prospective configuration", 12)
    'prospective…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
