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
from errorneurons.analysis.figures.sheet import DASHES, Dashes, as_png, blank, words_at
from errorneurons.analysis.figures.strokes import TICK, Box, Pen, Strokes, ticks_of
from errorneurons.analysis.measures.conditions import Panel
from errorneurons.analysis.statistics import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMALL, TEXT_SIZE, LARGE_TEXT_SIZE = 8.0, 9.0, 11.0
_COLUMN, _ROW, _GAP, _LEFT, LINE, _APART = 126.0, 61.0, 54.0, 54.0, 11.5, 25.0
"""Width of a column, height of a row, gap between blocks, left margin, line of text, gap between
columns [px]."""
_TALL = _ROW - 9
"""Height of a panel [px]."""
_COLUMNS = 8
"""The most columns that stand side by side."""
_DIGIT = 5.1
"""Width of a digit [px]."""
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
        sheet = _Sheet(figure, Strokes(), layout)
        if layout.common:
            _legend(sheet, (9, 45), _styles(blocks[0][0]))
        for number, (panel, shown) in enumerate(blocks):
            _block(sheet, number, panel, shown)
        sheet.strokes.draw_on(figure)
        as_png(figure, path)


class _Layout:
    """Where everything stands [px]."""

    def __init__(self, panels: Sequence[Panel], data: Sequence[xr.Dataset]) -> None:
        self.roles = list(dict.fromkeys(r for shown in data for r in _roles(shown)))
        self.times = data[0]["time"].values
        self.ends = float(self.times[0]), float(self.times[-1])
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

    def box(self, number: int, column: int, row: int) -> Box:
        """Return the box of a block, a role and an area; rows are counted from above."""
        left = self.left(number) + column * (_COLUMN + _APART)
        bottom = self.height - self.down_to(number) - self.head - (row + 1) * _ROW + 4
        up = self.limits[self.roles[column]]
        return Box(left, bottom, _COLUMN, _TALL, self.ends, up)

    def down_to(self, number: int) -> float:
        """Return how far down a block begins."""
        return self.above + (number // self.across) * self.step

    def left(self, number: int) -> float:
        """Return the left edge of the axes of a block."""
        return (number % self.across) * self.block + _LEFT


@dataclass(frozen=True)
class _Sheet:
    """What is drawn on, and where everything stands."""

    figure: Figure
    strokes: Strokes
    layout: _Layout

    def write(self, words: str, left: float, up: float, **look: Any) -> None:
        """Write words at a place counted from the lower left corner [px]."""
        words_at(self.figure, words, left, self.layout.height - up, **look)


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


def _block(sheet: _Sheet, number: int, panel: Panel, shown: xr.Dataset) -> None:
    styles, layout, curves = _styles(panel), sheet.layout, _bounds(shown)
    left, down = layout.left(number) - 36, layout.down_to(number)
    words_at(sheet.figure, panel.title, left, down + 3, size=TEXT_SIZE, weight="bold")
    if not layout.common:
        _legend(sheet, (left, down + 10), styles)
    for column, role in enumerate(layout.roles):
        boxes = [layout.box(number, column, row) for row in range(len(layout.areas))]
        for box, area in zip(boxes, reversed(layout.areas), strict=True):
            _curves(sheet, box, curves.get((role, area), {}), role, styles)
            for time in panel.events.values():
                sheet.strokes.upright(box, time)
        _dress(sheet, boxes)
        if column == 0:
            _name_areas(sheet, boxes, str(shown["mean"].attrs.get("units", "")))
        _above(sheet, boxes[0], role, panel, styles)


def _bounds(shown: xr.Dataset) -> dict[tuple[str, str], dict[str, Floats]]:
    """Return mean, low and high, (3, time), by role and area, and by condition."""
    dims = ("condition", "role", "area", "time")
    curves = np.stack([shown[v].transpose(*dims).values for v in ("mean", "low", "high")])
    labels, roles, areas = ([str(name) for name in shown[dim].values] for dim in dims[:3])
    return {
        (role, area): {label: curves[:, k, i, j] for k, label in enumerate(labels)}
        for i, role in enumerate(roles)
        for j, area in enumerate(areas)
    }


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
    sheet: _Sheet, box: Box, bounds: Mapping[str, Floats], role: str,
    styles: Mapping[str, tuple[float | None, Dashes]],
) -> None:  # fmt: skip
    if not any(np.isfinite(curve[0]).any() for curve in bounds.values()):
        middle = box.left + box.width / 2, box.bottom + box.tall / 2
        sheet.write("not recorded", *middle, ha="center", va="center")
        return
    for label, (light, dashes) in styles.items():
        pen = Pen(_colour(role, light), 1.0 if light is None else 1.4, dashes)
        sheet.strokes.curve(box, sheet.layout.times, bounds[label], pen)


def _dress(sheet: _Sheet, boxes: Sequence[Box]) -> None:
    """Draw the axes of a column, and write what is on them."""
    (times, hours), (values, numbers) = ticks_of(boxes[0].across, 4), ticks_of(boxes[0].up, 3)
    for box in boxes:
        sheet.strokes.frame(box, times, values)
        for y, number in zip(box.y(np.array(values)), numbers, strict=True):
            sheet.write(number, box.left - 2 * TICK, y, ha="right", va="center_baseline")
    lowest = boxes[-1]
    for x, number in zip(lowest.x(np.array(times)), hours, strict=True):
        sheet.write(number, x, lowest.bottom - 2 * TICK, ha="center")
    middle, below = lowest.left + lowest.width / 2, lowest.bottom - 2 * TICK - LINE
    sheet.write("time [s]", middle, below, ha="center")


def _name_areas(sheet: _Sheet, boxes: Sequence[Box], units: str) -> None:
    """Write areas and units beside the numbers of a column."""
    letters = max(map(len, ticks_of(boxes[0].up, 3)[1]), default=0)
    for box, area in zip(boxes, reversed(sheet.layout.areas), strict=True):
        sheet.write(
            f"{area}\n[{units}]" if units else area,
            box.left - 3 * TICK - _DIGIT * letters, box.bottom + box.tall / 2,
            rotation=90, ha="right", va="center", multialignment="center",
        )  # fmt: skip


def _above(
    sheet: _Sheet, box: Box, role: str, panel: Panel,
    styles: Mapping[str, tuple[float | None, Dashes]],
) -> None:  # fmt: skip
    """Write role and events above a column, and draw when cells are manipulated."""
    windows = dict.fromkeys(panel.windows.values())
    top = box.bottom + box.tall
    for lane, window in enumerate(windows):
        own = [label for label, when in panel.windows.items() if when == window]
        colour = _colour(role, styles[own[0]][0]) if len(own) == 1 else SHARED
        ends = [(float(box.x(time)), top + 4 + 4 * lane) for time in window]
        sheet.strokes.line(ends, Pen(colour, 2.5))
    level = top + 4 + 4 * len(windows)
    for name, time in panel.events.items():
        sheet.write(name, float(box.x(time)) + 1, level, size=_SMALL - 0.5, color="#555555",
                    va="baseline")  # fmt: skip
    sheet.write(role, box.left, level + 12, size=TEXT_SIZE, weight="bold", va="baseline",
                color=role_colour(role))  # fmt: skip


def _legend(
    sheet: _Sheet, corner: tuple[float, float],
    styles: Mapping[str, tuple[float | None, Dashes]],
) -> None:  # fmt: skip
    """Write which line is what, below a corner."""
    for at, (label, (light, dashes)) in enumerate(styles.items(), start=1):
        left, down = corner[0], corner[1] + LINE * at
        up = sheet.layout.height - down
        pen = Pen(_colour("", light), 1.6, dashes)
        sheet.strokes.line([(left, up), (left + 29, up)], pen)
        words_at(sheet.figure, label, left + 34, down, size=_SMALL, va="center")
