"""Figures of activity and of effects, as SVG that takes its text colour from the page.

Figures are drawn 370 px wide with text of at least 12 px,
so that it is legible on a telephone and may be enlarged on a desk. Error and representation neurons
have the same two hues everywhere, every theory one colour and one marker
(`errorneurons.analysis.figures.palette`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.figures.palette import RECORDING, Style, role_colour
from errorneurons.analysis.figures.sheet import (
    DASHES,
    FONT,
    HOLDS,
    INK,
    MUTED,
    PALE,
    PAPER,
    SMALL,
    WIDTH,
    Dashes,
    as_svg,
    axes_at,
    blank,
    drawable,
    name_rows,
    rows,
    settings,
    write_words,
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
    shortened,
)
from errorneurons.analysis.statistics import Floats

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


_LEAST, _MOST = -1.0, 36.0
"""Where the axis of effects ends at most."""


@dataclass(frozen=True)
class StripRow:
    """One row of an effect strip.

    Attributes
    ----------
    label, note
        Written above the row, left and right.
    style
        Colour and marker.
    points
        One a unit of replication.
    value, low, high
        The effect and its interval; NaN where there is none.
    expected
        If true, the row is a range that a theory expects: drawn as a shaded strip.
    """

    label: str
    note: str = ""
    style: Style = RECORDING
    points: tuple[float, ...] = ()
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    expected: bool = False


def effect_strip(
    strips: Sequence[StripRow], threshold: float, side: Literal["below", "above"], key: str,
    alt: str,
) -> str:  # fmt: skip
    """Draw effects with their intervals against a threshold.

    Parameters
    ----------
    strips
        From top to bottom.
    threshold, side
        The value that the claim is tested against, and on which side of it the claim holds.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Equal distances are equal differences of amplitude (signed square
        root); the ticks are plain ratios of energies. Values beyond the axis stand at its edge
        as arrow heads.
    """
    with settings(key):
        figure, axes = rows(len(strips), 44.0, 68.0)
        low, high = effect_limits(strips, threshold)
        axes.set_xscale("function", functions=(amplitudes, energies))
        axes.set_xlim(low, high)
        _threshold(axes, threshold, side, len(strips))
        draw_strips(axes, strips)
        ticks = effect_ticks(low, high, threshold)
        axes.set_xticks(ticks, [f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
        axes.set_xlabel("N/M, ratio of energies (spaced by amplitude)")
        return as_svg(figure, key, alt)


def draw_strips(axes: Axes, strips: Sequence[StripRow]) -> None:
    """Draw effects in rows: their points, intervals, and values, at the edge if they lie beyond."""
    notes = [shortened(strip.note, 26) for strip in strips]
    names = [shortened(s.label, 50 - len(n)) for s, n in zip(strips, notes, strict=True)]
    name_rows(axes, names, notes, (0, 12))
    _points(axes, strips)
    axes.set(yticks=[], ylabel="")
    for at, strip in enumerate(strips):
        _interval(axes, strip, at)
        _value(axes, strip, at)


def _points(axes: Axes, strips: Sequence[StripRow]) -> None:
    """Draw a point a unit of replication, those of equal value beside each other."""
    import seaborn as sns

    points = {k: [p for p in s.points if math.isfinite(p)] for k, s in enumerate(strips)}
    if not any(points.values()):
        return
    left, right = axes.get_xlim()
    sns.scatterplot(
        x=np.clip([p for own in points.values() for p in own], left, right),
        y=[y for at, own in points.items() for y in at + scattered(len(own), 0.28)],
        hue=[at for at, own in points.items() for _ in own], legend=False, clip_on=False,
        palette={at: drawable(strips[at].style.colour) for at, own in points.items() if own},
        s=19, alpha=0.6, linewidth=0, zorder=3.5, ax=axes,
    )  # fmt: skip


def _interval(axes: Axes, strip: StripRow, at: int) -> None:
    if not (math.isfinite(strip.low) and math.isfinite(strip.high)):
        return
    scale = axes.xaxis.get_transform()
    left, right = scale.transform(axes.get_xlim())
    ends = np.clip(scale.transform([strip.low, strip.high]), left, right)
    # A range of no width is still a range: it is drawn as wide as one can see.
    least = 0.002 * (right - left)
    ends = ends + np.array([-least, least]) if ends[1] - ends[0] < least else ends
    thick, alpha = (13.0, 0.45) if strip.expected else (3.0, 1.0)
    axes.plot(
        scale.inverted().transform(ends), (at, at), color=drawable(strip.style.colour),
        linewidth=thick, alpha=alpha, solid_capstyle="butt", zorder=3,
    )  # fmt: skip


def _value(axes: Axes, strip: StripRow, at: int) -> None:
    if not math.isfinite(strip.value):
        return
    (left, right), colour = axes.get_xlim(), drawable(strip.style.colour)
    beyond = ">" if strip.value > right else "<" if strip.value < left else strip.style.marker
    axes.plot(
        [np.clip(strip.value, left, right)], [at], beyond, markersize=10, color=colour, zorder=4,
        markerfacecolor=colour if strip.style.filled else PAPER, markeredgecolor=INK,
        markeredgewidth=1.2, clip_on=False,
    )  # fmt: skip


def _threshold(axes: Axes, threshold: float, side: Literal["below", "above"], count: int) -> None:
    """Shade in each row where the claim holds, and say so."""
    left, right = axes.get_xlim()
    ends = (left, threshold) if side == "below" else (threshold, right)
    for row in range(count):
        low, high = row - 0.26, row + 0.28
        axes.fill_between(ends, low, high, color=HOLDS, alpha=0.3, linewidth=0)
        axes.plot([0, 0], [low, high], color=PALE, linewidth=1)
        axes.plot([threshold] * 2, [low, high], color=INK, linewidth=1.3, dashes=(3, 2))
    for row in range(1, count):
        axes.axhline(row - 0.66, color=PALE, linewidth=0.4)
    first, at, last = amplitudes(left), amplitudes(threshold), amplitudes(right)
    edge, aligned = (0, "left") if at - first < 0.5 * (last - first) else (1, "right")
    words = f"claim holds {side} {threshold:.2g}, the dashed line"
    write_words(axes, words, (edge, 1), (0, 5), ha=aligned)


def amplitudes(energy: npt.ArrayLike) -> Floats:
    """Return the signed square root: equal steps of amplitude are equal distances on the strip."""
    return np.sign(energy) * np.sqrt(np.abs(energy))


def energies(amplitude: npt.ArrayLike) -> Floats:
    """Return the signed square, which undoes `amplitudes`."""
    return np.sign(amplitude) * np.square(amplitude)


def effect_limits(rows: Sequence[StripRow], threshold: float) -> tuple[float, float]:
    """Return the ends of the axis; beyond `_LEAST` and `_MOST` an arrow head stands for it."""
    shown = [x for row in rows for x in (*row.points, row.value, row.low, row.high)]
    shown = [x for x in shown if math.isfinite(x)]
    low = max(min([*shown, -0.04]) * 1.1, _LEAST)
    high = min(max([*shown, 1.0, 3 * threshold]) * 1.08, _MOST)
    return low, high


def effect_ticks(low: float, high: float, threshold: float) -> list[float]:
    """Return plain numbers between the ends of the axis, none so near that labels would touch."""
    room, ticks = 0.095 * float(amplitudes(high) - amplitudes(low)), [0.0]
    for value in (1, 4, 16, 9, 25, 36, threshold, 0.25, 2, 0.5, -0.25, -1):
        apart = all(abs(amplitudes(value) - amplitudes(tick)) > room for tick in ticks)
        if low <= value <= high and apart:
            ticks.append(value)
    return ticks


def scattered(count: int, tall: float) -> npt.NDArray[np.float64]:
    """Return offsets about 0 that keep points of equal value apart, the same every time."""
    return np.asarray((np.arange(count) * 0.618 % 1 - 0.5) * tall)


def activity_in_time(activity: xr.Dataset, key: str, alt: str) -> str:
    """Draw mean activity and its interval: one column a role, one row an area, lowest below.

    Parameters
    ----------
    activity
        Variables ``mean``, ``low``, ``high`` of dims (condition, role, area, time) [attrs
        ``units``], areas lowest first, attr ``events`` (JSON: name -> time [s]).
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Within a column all areas share the scale of its bar; the dashes of
        the conditions are in the order of `DASHES`.
    """
    with settings(key):
        roles, events = recorded_roles(activity), events_of(activity)
        names = [abridged(str(area), 12) for area in activity["area"].values]
        left, gap, bottom, row = 14.0 + 7.4 * max(map(len, names)), 24.0, 40.0, 42.0
        width = (WIDTH - left - 14.0 - gap * (len(roles) - 1)) / max(1, len(roles))
        time = activity["time"].values
        ends = float(time[0]), max(float(time[-1]), float(time[0]) + 1e-3)
        labels = place_labels(events, ends[0], (ends[1] - ends[0]) / width, width + 12.0)
        tall = row * activity.sizes["area"]
        header = 38.0 + 15.0 * (1 + max((label.lane for label in labels.values()), default=0))
        figure = blank(header + tall + bottom)
        for column, role in enumerate(roles):
            axes = axes_at(figure, left + column * (width + gap), bottom, width, tall)
            axes.set_xlim(*ends)
            scale = _role_column(axes, activity, role)
            shown = names if column == 0 else [""] * len(names)
            axes.set_yticks(axes.get_yticks(), shown, size=SMALL)
            for name, event in events.items():
                _mark(axes, event, labels[name], tall)
            _title(axes, role, scale, header, 16 if len(roles) < 3 else 9)
        return as_svg(figure, key, alt)


def _title(axes: Axes, role: str, scale: str, header: float, letters: int) -> None:
    name = abridged({"unknown": "Role unknown"}.get(role, role.capitalize()), letters)
    for text, up, size in ((name, header - 14, FONT), (scale, header - 30, SMALL)):
        write_words(
            axes, text, (0, 1), (0, up), color=role_colour(role) if text is name else INK,
            size=size, weight="bold" if text is name else "normal",
        )  # fmt: skip


def _role_column(axes: Axes, activity: xr.Dataset, role: str) -> str:
    """Draw all areas of a role, and return the length of the scale bar."""
    shown = activity.sel(role=role)
    order = ("condition", "area", "time")
    curves = np.stack([shown[v].transpose(*order).values for v in ("mean", "low", "high")])
    time, (low, high) = shown["time"].values, scale_of(activity, role)
    unit = 0.86 / (high - low)
    bases = [level + 0.06 - low * unit for level in range(shown.sizes["area"])]
    for level, base in enumerate(bases):
        axes.axhline(base, color=PALE, linewidth=0.7)
        for condition, traces in enumerate(curves[:, :, level].swapaxes(0, 1)):
            _trace(axes, time, base + unit * traces, DASHES[condition % len(DASHES)], role)
        if np.isnan(curves[0, :, level]).all():
            axes.text(time[0], base, " not recorded", size=SMALL, va="bottom")
    axes.set_ylim(0, len(bases))
    axes.set_yticks(bases)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=SMALL)
    axes.set_xlabel("time [s]", labelpad=1)
    return _scale_bar(axes, high - low, unit, len(bases), activity["mean"].attrs.get("units", ""))


def _trace(axes: Axes, time: Floats, traces: Floats, dashes: Dashes, role: str) -> None:
    """Draw the mean of one area in one condition, its interval first; `traces` in rows."""
    kept = kept_samples(traces, flat=0.004)
    time, (mean, low, high), colour = time[kept], traces[:, kept], role_colour(role)
    if np.nan_to_num(high - low).max() > 0.01:
        axes.fill_between(time, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        time, mean, color=colour, linestyle=dashes, linewidth=1.7,
        marker="o" if len(kept) == 1 else "", dash_capstyle="butt",
    )  # fmt: skip


def _scale_bar(axes: Axes, span: float, unit: float, areas: int, units: str) -> str:
    """Draw a bar right of the highest area, and return its length in words."""
    from matplotlib.transforms import offset_copy

    length = round_length(span)
    start, end = areas - 0.02 - length * unit, areas - 0.02
    right = offset_copy(axes.get_yaxis_transform(), axes.get_figure(root=True), x=5, units="points")
    axes.plot([1, 1], [start, end], transform=right, color=INK, linewidth=2.5, clip_on=False)
    return f"bar: {length:g} {units}".strip()


def _mark(axes: Axes, event: Event, label: EventLabel, tall: float) -> None:
    """Mark an event by a line, or by a bar above the traces if it lasts."""
    (start, end), (left, right) = event, axes.get_xlim()
    above = 1 + (4.0 + 15.0 * label.lane) / tall
    if end is None:
        axes.axvline(start, 0, above, color=MUTED, linewidth=1, clip_on=False)
    else:
        axes.axvspan(max(start, left), min(end, right), color=PALE, alpha=0.35, linewidth=0)
    write_words(axes, label.text, (0, above), (label.left + 3, 0), color=INK)


def recorded_roles(activity: xr.Dataset) -> tuple[str, ...]:
    """Return the roles of which there is any activity."""
    found = activity["mean"].notnull().any(["condition", "area", "time"])
    return tuple(str(role) for role in activity["role"].values[found.values])
