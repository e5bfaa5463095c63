"""Activity in time as SVG: one column a role, one row an area.

A page holds a hundred of these figures, so their few strokes are written as they are: a library for
plotting takes a twentieth of a second for each. Sizes are those of `sheet`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.sheet import (
    DASHES,
    FONT,
    INK,
    MUTED,
    PALE,
    SMALL,
    WIDTH,
    Dashes,
    element,
    on_page,
)
from errorneurons.analysis.figures.traces import (
    Event,
    EventLabel,
    abridged,
    events_of,
    kept_samples,
    place_labels,
    round_length,
    scale_of,
)
from errorneurons.analysis.statistics import Floats

_ROW, _GAP, _BELOW, _RIGHT = 42.0, 24.0, 40.0, 14.0
"""Height of an area, gap between columns, room below and to the right [px]."""
_LINE = 15.0
"""Height of a line of words [px]."""
_THICK = 1.7
"""Width of a mean [px]."""


@dataclass(frozen=True)
class _Column:
    """Where a column stands, and what time it shows.

    Attributes
    ----------
    left, top, width, tall
        Its box [px].
    start, stop
        The ends of the axis of time [s].
    """

    left: float
    top: float
    width: float
    tall: float
    start: float
    stop: float

    @property
    def foot(self) -> float:
        """The lower edge [px]."""
        return self.top + self.tall

    def x(self, time: float | Floats) -> Floats:
        """Return how far right a time is [px]."""
        return self.left + (np.asarray(time) - self.start) / (self.stop - self.start) * self.width

    def y(self, rows: float | Floats) -> Floats:
        """Return how far down a height above the foot is [px]; it is counted in rows."""
        return self.foot - _ROW * np.asarray(rows)


def activity_in_time(activity: xr.Dataset, key: str, alt: str) -> str:
    """Draw mean activity and its interval: one column a role, one row an area, lowest below.

    Parameters
    ----------
    activity
        Variables ``mean``, ``low``, ``high`` of dims (condition, role, area, time) [attrs
        ``units``], areas lowest first, attr ``events`` (JSON: name -> time [s]).
    key, alt
        Id of the figure, unique on the page, and what it shows in words.

    Returns
    -------
        An ``<svg>`` element. Within a column all areas share the scale of its bar; the dashes of
        the conditions are in the order of `DASHES`.
    """
    roles, events = recorded_roles(activity), events_of(activity)
    names = [abridged(str(area), 12) for area in activity["area"].values]
    left = 14.0 + 7.4 * max(map(len, names))
    width = (WIDTH - left - _RIGHT - _GAP * (len(roles) - 1)) / max(1, len(roles))
    time = activity["time"].values
    start, stop = float(time[0]), max(float(time[-1]), float(time[0]) + 1e-3)
    labels = place_labels(events, start, (stop - start) / width, width + 12.0)
    top = 38.0 + _LINE * (1 + max((label.lane for label in labels.values()), default=0))
    tall = _ROW * activity.sizes["area"]
    body: list[str] = []
    for number, role in enumerate(roles):
        column = _Column(left + number * (width + _GAP), top, width, tall, start, stop)
        body += _events(column, events, labels)
        body += _role(column, activity, role, names if number == 0 else (), len(roles))
    return element("".join(body), WIDTH, top + tall + _BELOW, alt, key)


def recorded_roles(activity: xr.Dataset) -> tuple[str, ...]:
    """Return the roles of which there is any activity."""
    found = activity["mean"].notnull().any(["condition", "area", "time"])
    return tuple(str(role) for role in activity["role"].values[found.values])


def _role(
    column: _Column, activity: xr.Dataset, role: str, names: Sequence[str], roles: int
) -> Iterator[str]:
    """Yield all areas of a role, its name, its scale and its axis."""
    shown = activity.sel(role=role)
    order = ("condition", "area", "time")
    curves = np.stack([shown[v].transpose(*order).values for v in ("mean", "low", "high")])
    time, (low, high) = shown["time"].values, scale_of(activity, role)
    unit = 0.86 / (high - low)
    ends = column.left, column.left + column.width
    intervals, means = [], []
    for level in range(curves.shape[2]):
        base = level + 0.06 - low * unit
        at = float(column.y(base))
        yield _line(ends, (at, at), PALE, 0.7)
        for condition, traces in enumerate(curves[:, :, level].swapaxes(0, 1)):
            drawn = _thinned(time, base + unit * traces)
            intervals.append(_interval(column, *drawn, role))
            means.append(_mean(column, *drawn, DASHES[condition % len(DASHES)], role))
        if np.isnan(curves[0, :, level]).all():
            yield _words(" not recorded", column.left, at - 3)
        if names:
            yield _words(names[level], column.left - 7, at + 4.6, anchor="end")
    yield from (*intervals, *means)
    length = round_length(high - low)
    above = curves.shape[2] - 0.02
    bar = column.y(np.array([above - length * unit, above]))
    yield _line((ends[1] + 5,) * 2, (float(bar[0]), float(bar[1])), INK, 2.5)
    name = {"unknown": "Unlabelled"}.get(role, role.capitalize())
    name = abridged(name, 16 if roles < 3 else 9)
    yield _words(name, column.left, 14, size=FONT, colour=role_colour(role), weight=700)
    units = activity["mean"].attrs.get("units", "")
    yield _words(f"bar: {length:g} {units}".strip(), column.left, 30)
    yield from _axis(column)


def _thinned(time: Floats, traces: Floats) -> tuple[Floats, Floats]:
    """Return the samples of mean, low and high that are drawn."""
    kept = kept_samples(traces, flat=0.004)
    return time[kept], traces[:, kept]


def _interval(column: _Column, time: Floats, traces: Floats, role: str) -> str:
    """Return the interval about a mean, where it is wide enough to be seen."""
    _, low, high = traces
    if np.nan_to_num(high - low).max() <= 0.01:
        return ""
    path = ""
    for part in _known(low + high):
        around = np.concatenate([time[part], time[part][::-1]])
        path += f"M {_points(column, around, np.concatenate([low[part], high[part][::-1]]))} z"
    return f'<path d="{path}" style="fill: {on_page(role_colour(role))}; fill-opacity: 0.18"/>'


def _mean(column: _Column, time: Floats, traces: Floats, dashes: Dashes, role: str) -> str:
    """Return the mean of one area in one condition; a dot if it is a single sample."""
    mean, colour = traces[0], on_page(role_colour(role))
    if len(mean) == 1 and np.isfinite(mean[0]):
        at = f'cx="{float(column.x(time[0])):.1f}" cy="{float(column.y(mean[0])):.1f}"'
        return f'<circle {at} r="3" style="fill: {colour}"/>'
    path = "".join(f"M {_points(column, time[part], mean[part])}" for part in _known(mean))
    array = "" if isinstance(dashes, str) else ",".join(f"{x * _THICK:g}" for x in dashes[1])
    dashed = f"; stroke-dasharray: {array}" if array else ""
    style = f"fill: none; stroke: {colour}; stroke-width: {_THICK}{dashed}"
    return f'<path d="{path}" style="{style}"/>' if path else ""


def _known(values: Floats) -> list[slice]:
    """Return the stretches that are numbers."""
    runs = groupby(range(len(values)), key=np.isfinite(values).__getitem__)
    found = [list(run) for finite, run in runs if finite]
    return [slice(run[0], run[-1] + 1) for run in found]


def _points(column: _Column, time: Floats, rows: Floats) -> str:
    pairs = zip(column.x(time).tolist(), column.y(rows).tolist(), strict=True)
    return " ".join(f"{x:.1f} {y:.1f}" for x, y in pairs)


def _events(
    column: _Column, events: Mapping[str, Event], labels: Mapping[str, EventLabel]
) -> Iterator[str]:
    """Mark events by a line, or by a bar behind the traces if they last."""
    for name, (start, end) in events.items():
        above = column.top - 4.0 - _LINE * labels[name].lane
        if end is None:
            at = float(column.x(start))
            yield _line((at, at), (column.foot, above), MUTED, 1.0)
        else:
            left, right = column.x(np.clip([start, end], column.start, column.stop))
            box = f'x="{left:.1f}" y="{column.top:.1f}" width="{right - left:.1f}"'
            style = f"fill: {on_page(PALE)}; fill-opacity: 0.35"
            yield f'<rect {box} height="{column.tall:.1f}" style="{style}"/>'
        yield _words(labels[name].text, column.left + labels[name].left + 3, above)


def _axis(column: _Column) -> Iterator[str]:
    """Yield the axis of time."""
    foot = column.foot
    yield _line((column.left, column.left + column.width), (foot, foot), MUTED, 0.8)
    for time, text in round_times(column.start, column.stop):
        at = float(column.x(time))
        yield _line((at, at), (foot, foot + 3.5), MUTED, 0.8)
        yield _words(text, at, foot + 16.3, anchor="middle")
    yield _words("time [s]", column.left + column.width / 2, foot + 29.6, anchor="middle")


def round_times(start: float, stop: float) -> list[tuple[float, str]]:
    """Return round times between the ends of an axis, four steps apart at most, and their texts.

    Examples
    --------
    >>> [text for _, text in round_times(-0.1, 0.49)]
    ['0.0', '0.2', '0.4']
    """
    power = 10.0 ** math.floor(math.log10((stop - start) / 4))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= (stop - start) / 4 - 1e-12)
    digits = next(n for n in range(12) if abs(round(step, n) - step) < 1e-9 * step or n == 11)
    first, last = math.ceil(start / step - 1e-9), math.floor(stop / step + 1e-9)
    times = [round(n * step, digits) + 0.0 for n in range(first, last + 1)]
    return [(t, f"{t:.{digits}f}".replace("-", "\N{MINUS SIGN}")) for t in times]


def _line(x: tuple[float, float], y: tuple[float, float], colour: str, width: float) -> str:
    path = f"M {x[0]:.1f} {y[0]:.1f} {x[1]:.1f} {y[1]:.1f}"
    style = f"fill: none; stroke: {on_page(colour)}; stroke-width: {width:g}"
    return f'<path d="{path}" style="{style}"/>'


def _words(
    text: str,
    x: float,
    y: float,
    anchor: str = "start",
    size: float = SMALL,
    colour: str = INK,
    weight: int = 400,
) -> str:
    heavy = f"font-weight: {weight}; " if weight != 400 else ""
    style = f"{heavy}font-size: {size:g}px; font-family: system-ui, sans-serif"
    style += f"; text-anchor: {anchor}; fill: {on_page(colour)}"
    return f'<text style="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
