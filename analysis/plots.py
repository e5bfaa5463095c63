"""Figures of activity and of effects, as SVG that takes its text colour from the page.

The only module that imports matplotlib. Figures are drawn 440 px wide and keep text of at least
11 px when a telephone shows them at 350 px; error and representation neurons have the same two
hues everywhere, and every theory one colour and one marker (`errorneurons.analysis.palette`).
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from errorneurons.analysis.palette import RECORDING, Style, role_colour
from errorneurons.analysis.svg import HOLDS, INK, MUTED, PALE, for_page
from errorneurons.analysis.traces import (
    Event,
    events_of,
    kept_samples,
    lanes_of,
    round_length,
    scale_of,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 440.0
FONT = 14.0
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (4.5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
)


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
    rows: Sequence[StripRow], threshold: float, side: Literal["below", "above"], key: str, alt: str
) -> str:
    """Draw effects with their intervals against a threshold.

    Parameters
    ----------
    rows
        From top to bottom.
    threshold, side
        The value that the claim is tested against, and on which side of it the claim holds.
    key
        Prefix of the ids in the figure, unique on the page.
    alt
        What the figure shows, for those who cannot see it.

    Returns
    -------
        An ``<svg>`` element. Equal distances are equal differences of amplitude (signed square
        root); the ticks are plain ratios of energies. Values beyond the axis stand at its edge
        as arrow heads.
    """
    with _settings(key):
        top, step, bottom = 30.0, 46.0, 48.0
        height = top + step * len(rows) + bottom
        figure = _figure(height)
        axes = _axes(figure, 12.0, bottom, WIDTH - 24.0, height - top - bottom)
        axes.set_ylim(len(rows), 0)
        low, high = _effect_limits(rows, threshold)
        axes.set_xlim(_amplitude(low), _amplitude(high))
        _threshold(axes, threshold, side, len(rows))
        for at, row in enumerate(rows):
            _strip_row(axes, row, at, low, high)
        _effect_axis(axes, low, high, threshold)
        return _svg(figure, key, alt)


def activity_in_time(activity: xr.Dataset, key: str, alt: str) -> str:
    """Draw mean activity and its interval, one column a role, one row an area, lowest at the bottom.

    Parameters
    ----------
    activity
        Variables ``mean``, ``low``, ``high`` of dims (condition, role, area, time) [attrs
        ``units``], areas lowest first, attr ``events`` (JSON: name -> time [s]).
    key
        Prefix of the ids in the figure, unique on the page.
    alt
        What the figure shows, for those who cannot see it.

    Returns
    -------
        An ``<svg>`` element. Within a column all areas share the scale of its bar; the dashes of
        the conditions are in the order of `DASHES`.
    """
    with _settings(key):
        roles, events = recorded_roles(activity), events_of(activity)
        left, gap, bottom, row = 76.0, 26.0, 40.0, 46.0
        width = (WIDTH - left - 10.0 - gap * (len(roles) - 1)) / max(1, len(roles))
        time = activity["time"].values
        ends = float(time[0]), max(float(time[-1]), float(time[0]) + 1e-3)
        lanes = lanes_of(events, ends[0], (ends[1] - ends[0]) / width)
        tall = row * activity.sizes["area"]
        header = 22.0 + 15.0 * (1 + max(lanes.values(), default=0))
        figure = _figure(header + tall + bottom)
        for column, role in enumerate(roles):
            axes = _axes(figure, left + column * (width + gap), bottom, width, tall)
            axes.set_xlim(*ends)
            _role_column(axes, activity, role, row, named=column == 0)
            for name, event in events.items():
                _mark(axes, name, event, lanes[name], tall)
            axes.annotate(
                _role_name(role), (0, 1), xytext=(0, header - 14), textcoords="offset points",
                xycoords="axes fraction", color=role_colour(role), weight="bold",
            )  # fmt: skip
        return _svg(figure, key, alt)


def _role_column(
    axes: Axes, activity: xr.Dataset, role: str, row: float, *, named: bool
) -> None:
    shown = activity.sel(role=role)
    low, high = scale_of(activity, role)
    unit = 0.86 / (high - low)
    areas = [str(a) for a in shown["area"].values]
    for level in range(len(areas)):
        base = level + 0.06 - low * unit
        axes.axhline(base, color=PALE, linewidth=0.7)
        for condition in range(shown.sizes["condition"]):
            _trace(axes, shown.isel(condition=condition, area=level), unit, base, condition, role)
    axes.set_ylim(0, len(areas))
    labels = [shortened(a, 10) for a in areas] if named else []
    axes.set_yticks([i + 0.06 - low * unit for i in range(len(labels))], labels, size=12.5)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=12.5)
    axes.set_xlabel("time [s]", size=12.5, labelpad=1)
    _scale_bar(axes, high - low, unit, len(areas), activity["mean"].attrs.get("units", ""))


def _trace(
    axes: Axes, shown: xr.Dataset, unit: float, base: float, condition: int, role: str
) -> None:
    """Draw one area in one condition, its interval first."""
    curves = np.stack([shown[v].values for v in ("mean", "low", "high")]).astype(float)
    kept = kept_samples(curves, flat=0.004 / unit)
    time, (mean, low, high) = shown["time"].values[kept], base + unit * curves[:, kept]
    colour, marker = role_colour(role), "o" if len(kept) == 1 else ""
    if np.nan_to_num(high - low).max() > 0.01:
        axes.fill_between(time, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        time, mean, color=colour, linestyle=DASHES[condition % len(DASHES)], linewidth=1.7,
        marker=marker, dash_capstyle="butt",
    )  # fmt: skip


def _scale_bar(axes: Axes, span: float, unit: float, areas: int, units: str) -> None:
    length = round_length(span)
    start, end = areas - 0.04 - length * unit, areas - 0.04
    axes.plot([1, 1], [start, end], transform=axes.get_yaxis_transform(), color=INK, linewidth=2.5)
    axes.annotate(
        f"{length:g} {units}".strip(), (1, (start + end) / 2), xytext=(-5, 0), size=12,
        textcoords="offset points", xycoords=axes.get_yaxis_transform(), ha="right", va="center",
    )  # fmt: skip


def _mark(axes: Axes, name: str, event: Event, lane: int, tall: float) -> None:
    """Mark an event by a line, or by a bar above the traces if it lasts."""
    (start, end), (left, right) = event, axes.get_xlim()
    above = 1 + (4.0 + 15.0 * lane) / tall
    if end is None:
        axes.axvline(start, 0, above, color=MUTED, linewidth=1, clip_on=False)
    else:
        axes.axvspan(max(start, left), min(end, right), color=PALE, alpha=0.35, linewidth=0)
    axes.annotate(
        name, (max(start, left), above), xycoords=axes.get_xaxis_transform(), xytext=(3, 0),
        textcoords="offset points", size=12, color=INK,
    )  # fmt: skip


def recorded_roles(activity: xr.Dataset) -> tuple[str, ...]:
    """Return the roles of which there is any activity."""
    found = activity["mean"].notnull().any(["condition", "area", "time"])
    return tuple(str(role) for role in activity["role"].values[found.values])


def _role_name(role: str) -> str:
    return {"unknown": "Role unknown"}.get(role, role.capitalize())


def _settings(key: str) -> AbstractContextManager[None]:
    import matplotlib as mpl

    rc = {
        "svg.fonttype": "none", "svg.hashsalt": key, "font.size": FONT, "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"], "text.color": INK, "text.parse_math": False,
        "xtick.color": MUTED, "xtick.labelcolor": INK, "axes.labelcolor": INK,
        "axes.edgecolor": MUTED, "axes.spines.top": False, "axes.spines.right": False,
        "axes.spines.left": False, "ytick.left": False, "path.simplify_threshold": 0.4,
    }  # fmt: skip
    return mpl.rc_context(rc)


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH / 72, height / 72), dpi=72)


def _axes(figure: Figure, left: float, bottom: float, width: float, tall: float) -> Axes:
    """Return axes at a place given in pixels."""
    height = figure.get_figheight() * 72
    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, tall / height))
    axes.patch.set_visible(False)
    return axes


def _svg(figure: Figure, key: str, alt: str) -> str:
    page = io.StringIO()
    figure.patch.set_visible(False)
    figure.savefig(page, format="svg", metadata={"Date": None})
    return for_page(page.getvalue(), key, alt)


def _amplitude(energy: float) -> float:
    return math.copysign(math.sqrt(abs(energy)), energy)


def _effect_limits(rows: Sequence[StripRow], threshold: float) -> tuple[float, float]:
    """Return the ends of the axis; beyond 36 (or -1) an effect is shown as an arrow head."""
    shown = [x for row in rows for x in (*row.points, row.value, row.low, row.high)]
    shown = [x for x in shown if math.isfinite(x)]
    low = max(min([*shown, -0.04]) * 1.1, -1.0)
    high = min(max([*shown, 1.0, 3 * threshold]) * 1.08, 36.0)
    return low, high


def _threshold(axes: Axes, threshold: float, side: Literal["below", "above"], rows: int) -> None:
    at, (left, right) = _amplitude(threshold), axes.get_xlim()
    ends = (left, at) if side == "below" else (at, right)
    for row in range(rows):
        low, high = row + 0.4, row + 0.94
        axes.fill_between(ends, low, high, color=HOLDS, alpha=0.3, linewidth=0)
        axes.plot([0, 0], [low, high], color=PALE, linewidth=1)
        axes.plot([at, at], [low, high], color=INK, linewidth=1.3, dashes=(3, 2))
    nearer_left = (at - left) < 0.5 * (right - left)
    axes.annotate(
        f"claim holds {side} {threshold:.2g}, the dashed line", (0 if nearer_left else 1, 1),
        xytext=(0, 9), xycoords="axes fraction", textcoords="offset points", size=12,
        ha="left" if nearer_left else "right",
    )  # fmt: skip


def _strip_row(axes: Axes, row: StripRow, at: int, low: float, high: float) -> None:
    left, right = axes.get_xlim()
    axes.text(left, at + 0.3, shortened(row.label, 36), color=INK, size=13)
    axes.text(right, at + 0.3, shortened(row.note, 24), color=INK, ha="right", size=12.5)
    centre, colour = at + 0.66, _drawable(row.style.colour)

    def place(x: float) -> float:
        return _amplitude(min(max(x, low), high))

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
        spread = (np.arange(len(points)) * 0.618 % 1 - 0.5) * 0.36
        axes.plot(
            [place(p) for p in points], centre + spread, "o", color=colour, markersize=4.2,
            alpha=0.5, markeredgewidth=0, clip_on=False, zorder=2,
        )  # fmt: skip
    if math.isfinite(row.value):
        beyond = ">" if row.value > high else "<" if row.value < low else row.style.marker
        axes.plot(
            [place(row.value)], [centre], beyond, markersize=10, color=colour, zorder=4,
            markerfacecolor=colour if row.style.filled else "white", markeredgecolor=INK,
            markeredgewidth=1.2, clip_on=False,
        )  # fmt: skip
    if at:
        axes.axhline(at, color=PALE, linewidth=0.4)


def _drawable(colour: str) -> str:
    return {RECORDING.colour: INK}.get(colour, MUTED if colour.startswith("var(") else colour)


def _effect_axis(axes: Axes, low: float, high: float, threshold: float) -> None:
    """Ticks in plain numbers, and none that would touch its neighbour."""
    left, right = axes.get_xlim()
    room, ticks = 0.085 * (right - left), [0.0]
    for value in (1, 4, 16, 9, 25, 36, threshold, 0.25, 2, 0.5, -0.25, -1):
        x = _amplitude(value)
        if low <= value <= high and all(abs(x - _amplitude(t)) > room for t in ticks):
            ticks.append(value)
    axes.set_xticks([_amplitude(t) for t in ticks], [_plain(t) for t in ticks], size=12.5)
    axes.set_yticks([])
    axes.set_xlabel("N/M, ratio of energies (spaced by amplitude)", size=12.5, labelpad=2)


def _plain(value: float) -> str:
    return f"{value:.2g}".replace("-", "\N{MINUS SIGN}")
