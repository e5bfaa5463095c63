"""Figures of raw activity: one block of panels a group of conditions, one row an area."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.in_time import recorded_roles
from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.sheet import DASHES, Dashes, as_png, axes_at, blank, words_at
from errorneurons.analysis.measures.conditions import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL, TEXT_SIZE, LARGE_TEXT_SIZE = 8.0, 9.0, 11.0
_COLUMN, _ROW, _GAP, _LEFT, LINE, _APART = 126.0, 61.0, 54.0, 54.0, 11.5, 25.0
"""Width of a column, height of a row, gap between blocks, left margin, line of text, gap between
columns [px]."""
_COLUMNS = 8
"""The most columns that stand side by side."""
SHARED = "#444444"
"""The colour of a window that several lines share."""
LINES: tuple[Dashes, ...] = ("solid", (0, (4.5, 1.5)))
"""Neighbours in a row of shades are told apart by these as well."""


@dataclass(frozen=True)
class Caption:
    """What is written above a figure.

    Attributes
    ----------
    title
        Experiment and theory.
    text
        What the curves are.
    """

    title: str
    text: str


def open_axes() -> AbstractContextManager[None]:
    """Return the settings of figures of activity: small text, axes open above and to the right."""
    import matplotlib as mpl

    return mpl.rc_context({"font.size": _SMALL, "font.family": "sans-serif",
                           "font.sans-serif": ["DejaVu Sans"], "axes.spines.top": False,
                           "axes.spines.right": False})  # fmt: skip


def draw_raw_activity(
    blocks: Sequence[tuple[Panel, xr.Dataset]], caption: Caption, path: Path
) -> None:
    """Draw activity over time and write it as PNG.

    Parameters
    ----------
    blocks
        Groups of conditions, and for each of them ``mean``, ``low``, ``high`` (condition, role,
        area, time), areas lowest first.
    caption
        What is written above.
    path
        Where to; the file is written beside its place and renamed.
    """
    with open_axes():
        layout = _Layout([panel for panel, _ in blocks], [shown for _, shown in blocks])
        figure = blank(layout.height, layout.width)
        words_at(figure, caption.title, 9, 9, size=LARGE_TEXT_SIZE, weight="bold")
        words_at(figure, caption.text, 9, 26, size=TEXT_SIZE)
        if layout.common:
            _legend(figure, (9, 45), _styles(blocks[0][0]))
        for number, (panel, shown) in enumerate(blocks):
            _block(figure, layout, number, panel, shown)
        as_png(figure, path)


class _Layout:
    """Where everything stands [px]."""

    def __init__(self, panels: Sequence[Panel], data: Sequence[xr.Dataset]) -> None:
        self.roles = list(dict.fromkeys(r for shown in data for r in _roles(shown)))
        time = data[0]["time"].values
        self.time = float(time[0]), float(time[-1])
        self.areas = [str(a) for a in data[0]["area"].values]
        self.limits = {role: _limits(data, role) for role in self.roles}
        self.block = _LEFT + len(self.roles) * (_COLUMN + _APART)
        self.across = min(len(panels), max(1, _COLUMNS // len(self.roles)))
        self.down = math.ceil(len(panels) / self.across)
        lines = max(len(panel.lines) for panel in panels)
        lanes = max(len(set(panel.windows.values())) for panel in panels)
        self.common = len(panels) > 1 and all(
            list(panel.lines) == list(panels[0].lines) for panel in panels
        )
        self.head = 48 + 4 * lanes + (0 if self.common else LINE * lines)
        self.tall = len(self.areas) * _ROW
        self.step = self.head + self.tall + _GAP
        self.width = max(540.0, self.across * self.block + 14)
        self.above = 43 + (LINE * lines + 11 if self.common else 0)
        self.height = self.above + self.down * self.step

    def axes(self, figure: Figure, number: int, column: int, row: int) -> Axes:
        """Return the axes of a block, a role and an area; rows are counted from above."""
        left = self.left(number) + column * (_COLUMN + _APART)
        bottom = self.height - self.down_to(number) - self.head - (row + 1) * _ROW + 4
        return axes_at(figure, left, bottom, _COLUMN, _ROW - 9)

    def down_to(self, number: int) -> float:
        """Return how far down a block begins."""
        return self.above + (number // self.across) * self.step

    def left(self, number: int) -> float:
        """Return the left edge of the axes of a block."""
        return (number % self.across) * self.block + _LEFT


def _roles(shown: xr.Dataset) -> tuple[str, ...]:
    order = ("representation", "error", "interneuron", "unknown")
    return tuple(sorted(recorded_roles(shown), key=order.index))


def _limits(data: Sequence[xr.Dataset], role: str) -> tuple[float, float]:
    """Return the range of a role's activity in all blocks, with a little room."""
    values = np.concatenate([shown[v].sel(role=role).values.ravel() for shown in data
                             if role in shown["role"].values
                             for v in ("low", "high", "mean")])  # fmt: skip
    low, high = np.nanmin(values), np.nanmax(values)
    room = 0.05 * max(high - low, 1e-6 * max(abs(high), 1), 1e-9)
    return float(min(low, 0) - room), float(high + room)


def _block(figure: Figure, layout: _Layout, number: int, panel: Panel, shown: xr.Dataset) -> None:
    styles = _styles(panel)
    left, down = layout.left(number) - 36, layout.down_to(number)
    words_at(figure, panel.title, left, down + 3, size=TEXT_SIZE, weight="bold")
    if not layout.common:
        _legend(figure, (left, down + 10), styles)
    units = str(shown["mean"].attrs.get("units", ""))
    for column, role in enumerate(layout.roles):
        for row, area in enumerate(reversed(layout.areas)):
            axes = layout.axes(figure, number, column, row)
            one = shown.sel(area=area, role=role) if role in shown["role"].values else None
            _curves(axes, one, role, styles)
            _dress(axes, layout, panel, (column, row), units)
            if row == 0:
                _above(axes, role, panel, styles)


def _styles(panel: Panel) -> Mapping[str, tuple[float | None, Dashes]]:
    """Return lightness (None: a control, grey) and dashes of each line."""
    own = [label for label in panel.lines if label not in panel.controls]
    light = np.linspace(-0.45, 0.35, len(own)) if len(own) > 1 else [0.0]
    return {
        **{c: (None, DASHES[i % len(DASHES)]) for i, c in enumerate(panel.controls)},
        **{c: (float(light[i]), LINES[i % len(LINES)]) for i, c in enumerate(own)},
    }


def _colour(role: str, light: float | None) -> Any:
    """Return a shade of a role's hue: towards black below 0, towards white above."""
    from matplotlib.colors import to_rgb

    if light is None:
        return "#8a8a8a"
    hue = np.array(to_rgb(role_colour(role) if role else "#555555"))
    return tuple(hue * (1 + light) if light < 0 else hue + (1 - hue) * light)


def _curves(
    axes: Axes, shown: xr.Dataset | None, role: str,
    styles: Mapping[str, tuple[float | None, Dashes]],
) -> None:  # fmt: skip
    if shown is None or bool(shown["mean"].isnull().all()):
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", va="center")
        return
    for label, (light, dashes) in styles.items():
        line, colour = shown.sel(condition=label), _colour(role, light)
        time, low, high = line["time"].values, line["low"].values, line["high"].values
        axes.fill_between(time, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(time, line["mean"].values, color=colour, linestyle=dashes,
                  linewidth=1.0 if light is None else 1.4)  # fmt: skip


def _dress(axes: Axes, layout: _Layout, panel: Panel, place: tuple[int, int], units: str) -> None:
    """Mark events, and write what is on the axes."""
    column, row = place
    axes.set_ylim(*layout.limits[layout.roles[column]])
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(*layout.time)
    for time in panel.events.values():
        axes.axvline(time, color="#999999", linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
    if row == len(layout.areas) - 1:
        axes.set_xlabel("time [s]")
    else:
        axes.tick_params(axis="x", labelbottom=False)
    if column == 0:
        area = list(reversed(layout.areas))[row]
        axes.set_ylabel(f"{area}\n[{units}]" if units else area)


def _above(
    axes: Axes, role: str, panel: Panel, styles: Mapping[str, tuple[float | None, Dashes]]
) -> None:
    """Write role and events above a column, and draw when cells are manipulated."""
    height = _ROW - 9
    windows = dict.fromkeys(panel.windows.values())
    for lane, window in enumerate(windows):
        own = [label for label, when in panel.windows.items() if when == window]
        colour = _colour(role, styles[own[0]][0]) if len(own) == 1 else SHARED
        y = 1 + (4 + 4 * lane) / height
        axes.plot(window, [y, y], transform=axes.get_xaxis_transform(), clip_on=False,
                  color=colour, linewidth=2.5, solid_capstyle="butt")  # fmt: skip
    level = 4 + 4 * len(windows)
    for name, time in panel.events.items():
        axes.annotate(name, (time, 1), xycoords=axes.get_xaxis_transform(), xytext=(1, level),
                      textcoords="offset points", size=_SMALL - 0.5, color="#555555")  # fmt: skip
    axes.annotate(role, (0, 1), xycoords="axes fraction", xytext=(0, level + 12),
                  textcoords="offset points", size=TEXT_SIZE, weight="bold",
                  color=role_colour(role))  # fmt: skip


def _legend(
    figure: Figure, corner: tuple[float, float],
    styles: Mapping[str, tuple[float | None, Dashes]],
) -> None:  # fmt: skip
    """Write which line is what, below a corner."""
    from matplotlib.lines import Line2D

    width, height = figure.get_figwidth() * 72, figure.get_figheight() * 72
    for at, (label, (light, dashes)) in enumerate(styles.items(), start=1):
        left, down = corner[0], corner[1] + LINE * at
        ends = [left / width, (left + 29) / width]
        sample = Line2D(ends, [1 - down / height] * 2, linewidth=1.6)
        sample.set(color=_colour("", light), linestyle=dashes)
        figure.add_artist(sample)
        words_at(figure, label, left + 34, down, size=_SMALL, va="center")
