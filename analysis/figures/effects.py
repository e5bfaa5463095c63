"""Figures of activity and of effects, as SVG that takes its text colour from the page.

Figures are drawn 370 px wide with text of at least 12 px,
so that it is legible on a telephone and may be enlarged on a desk. Error and representation neurons
have the same two hues everywhere, every theory one colour and one marker
(`errorneurons.analysis.figures.palette`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from errorneurons.analysis.figures.palette import RECORDING, role_colour
from errorneurons.analysis.figures.sheet import (
    DASHES,
    FONT,
    SMALL,
    WIDTH,
    Dashes,
    as_svg,
    axes_at,
    blank,
    name_axis,
    settings,
    write,
)
from errorneurons.analysis.figures.strips import (
    StripRow,
    effect_limits,
    effect_ticks,
    scattered,
    signed_root,
)
from errorneurons.analysis.figures.svg import HOLDS, INK, MUTED, PALE, PAPER
from errorneurons.analysis.figures.traces import (
    Event,
    Label,
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


def effect_strip(
    rows: Sequence[StripRow], threshold: float, side: Literal["below", "above"], key: str, alt: str
) -> str:
    """Draw effects with their intervals against a threshold.

    Parameters
    ----------
    rows
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
        top, step, bottom = 26.0, 44.0, 44.0
        height = top + step * len(rows) + bottom
        figure = blank(height)
        axes = axes_at(figure, 8.0, bottom, WIDTH - 16.0, height - top - bottom)
        axes.set_ylim(len(rows), 0)
        low, high = effect_limits(rows, threshold)
        axes.set_xlim(signed_root(low), signed_root(high))
        _threshold(axes, threshold, side, len(rows))
        for at, row in enumerate(rows):
            _strip_row(axes, row, at, low, high)
        _effect_axis(axes, low, high, threshold)
        return as_svg(figure, key, alt)


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
        write(
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
    name_axis(axes, "time [s]", 1)
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


def _mark(axes: Axes, event: Event, label: Label, tall: float) -> None:
    """Mark an event by a line, or by a bar above the traces if it lasts."""
    (start, end), (left, right) = event, axes.get_xlim()
    above = 1 + (4.0 + 15.0 * label.lane) / tall
    if end is None:
        axes.axvline(start, 0, above, color=MUTED, linewidth=1, clip_on=False)
    else:
        axes.axvspan(max(start, left), min(end, right), color=PALE, alpha=0.35, linewidth=0)
    write(axes, label.text, (0, above), (label.left + 3, 0), color=INK)


def recorded_roles(activity: xr.Dataset) -> tuple[str, ...]:
    """Return the roles of which there is any activity."""
    found = activity["mean"].notnull().any(["condition", "area", "time"])
    return tuple(str(role) for role in activity["role"].values[found.values])


def _threshold(axes: Axes, threshold: float, side: Literal["below", "above"], rows: int) -> None:
    at, (left, right) = signed_root(threshold), axes.get_xlim()
    ends = (left, at) if side == "below" else (at, right)
    for row in range(rows):
        low, high = row + 0.4, row + 0.94
        axes.fill_between(ends, low, high, color=HOLDS, alpha=0.3, linewidth=0)
        axes.plot([0, 0], [low, high], color=PALE, linewidth=1)
        axes.plot([at, at], [low, high], color=INK, linewidth=1.3, dashes=(3, 2))
    nearer_left = (at - left) < 0.5 * (right - left)
    words = f"claim holds {side} {threshold:.2g}, the dashed line"
    edge, aligned = (0, "left") if nearer_left else (1, "right")
    write(axes, words, (edge, 1), (0, 9), ha=aligned)


def _strip_row(axes: Axes, row: StripRow, at: int, low: float, high: float) -> None:
    left, right = axes.get_xlim()
    note = shortened(row.note, 26)
    axes.text(left, at + 0.3, shortened(row.label, 50 - len(note)), color=INK, size=12.5)
    axes.text(right, at + 0.3, note, color=INK, ha="right", size=SMALL)
    centre, colour = at + 0.66, _drawable(row.style.colour)

    def place(x: float) -> float:
        return signed_root(min(max(x, low), high))

    if math.isfinite(row.low) and math.isfinite(row.high):
        ends = place(row.low), place(row.high)
        thick, alpha = (13.0, 0.45) if row.expected else (3.0, 1.0)
        # A range of no width is still a range: it is drawn as wide as one can see.
        ends = (ends[0] - 0.006, ends[1] + 0.006) if ends[1] - ends[0] < 0.01 else ends
        axes.plot(
            ends, (centre, centre), color=colour, linewidth=thick, alpha=alpha,
            solid_capstyle="butt", zorder=3,
        )  # fmt: skip
    points = np.array([p for p in row.points if math.isfinite(p)])
    if len(points):
        axes.plot(
            [place(p) for p in points], centre + scattered(len(points), 0.28), "o", color=colour,
            markersize=4.2, alpha=0.5, markeredgewidth=0, clip_on=False, zorder=2,
        )  # fmt: skip
    if math.isfinite(row.value):
        beyond = ">" if row.value > high else "<" if row.value < low else row.style.marker
        axes.plot(
            [place(row.value)], [centre], beyond, markersize=10, color=colour, zorder=4,
            markerfacecolor=colour if row.style.filled else PAPER, markeredgecolor=INK,
            markeredgewidth=1.2, clip_on=False,
        )  # fmt: skip
    if at:
        axes.axhline(at, color=PALE, linewidth=0.4)


def _drawable(colour: str) -> str:
    return {RECORDING.colour: INK}.get(colour, MUTED if colour.startswith("var(") else colour)


def _effect_axis(axes: Axes, low: float, high: float, threshold: float) -> None:
    ticks = effect_ticks(low, high, threshold)
    labels = [f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks]
    axes.set_xticks([signed_root(tick) for tick in ticks], labels, size=SMALL)
    axes.set_yticks([])
    name_axis(axes, "N/M, ratio of energies (spaced by amplitude)")
