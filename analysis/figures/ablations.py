"""Figures of ablations: a map of effects with numbers, and effects network by network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from errorneurons.analysis.figures.palette import theory_style
from errorneurons.analysis.figures.sheet import (
    SMALL,
    WIDTH,
    as_svg,
    axes_at,
    blank,
    name_axis,
    settings,
)
from errorneurons.analysis.figures.strips import StripRow, scattered
from errorneurons.analysis.figures.svg import INK, MUTED, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _COLUMN, WIDE, LABELS, _HEAD = 22.0, 48.0, 62.0, 184.0, 58.0
TITLE = 7.8
"""Room for a letter of a title [px]."""
_MAP = "RdBu_r"
_LEAST = 1e-3
"""The shortest axis of effects on learning."""


@dataclass(frozen=True)
class Square:
    """One cell of a map.

    Attributes
    ----------
    text
        What is written in it.
    shade
        -1 to 1, 0 no effect; NaN where there is nothing to say.
    """

    text: str
    shade: float = math.nan


def effect_map(
    rows: Sequence[tuple[str, Sequence[Square]]],
    groups: Sequence[tuple[str, Sequence[str]]],
    key: str,
    alt: str,
) -> str:
    """Draw a map of effects: one row an ablation, one column a measure, numbers in the cells.

    Parameters
    ----------
    rows
        Label and cells of each row, top to bottom.
    groups
        Title and columns of each group of columns, left to right.
    key, alt
        Prefix of the ids, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Blue is less, red is more than intact, white no effect.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    wide = _widths(rows, groups)
    lefts = [LABELS + sum(wide[:at]) for at in range(len(wide) + 1)]
    height = _HEAD + _ROW * len(rows) + 6
    with settings(key):
        figure = Figure(figsize=((lefts[-1] + 6) / 72, height / 72), dpi=72)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, lefts[-1] + 6), ylim=(height, 0))
        axes.set_axis_off()
        at = 0
        for title, names in groups:
            left, right = lefts[at], lefts[at + len(names)]
            axes.text((left + right) / 2, 16, title, ha="center", size=SMALL, weight="bold")
            axes.plot([left + 3, right - 3], [24, 24], color=PALE, linewidth=1)
            for name in names:
                middle = (lefts[at] + lefts[at + 1]) / 2
                axes.text(middle, 44, name, ha="center", size=SMALL)
                at += 1
        for row, (label, cells) in enumerate(rows):
            top = _HEAD + _ROW * row
            axes.text(LABELS - 8, top + _ROW / 2, label, ha="right", va="center", size=SMALL)
            for cell, left, width in zip(cells, lefts, wide, strict=False):
                _cell(axes, (left, top, width), cell, colormaps[_MAP])
        return as_svg(figure, key, alt)


def _widths(
    rows: Sequence[tuple[str, Sequence[Square]]], groups: Sequence[tuple[str, Sequence[str]]]
) -> list[float]:
    """Return the width of each column, in which its texts and a share of the title have room."""
    widths: list[float] = []
    for title, names in groups:
        for name in names:
            texts = [name, *(cells[len(widths)].text for _, cells in rows)]
            own = WIDE if max(map(len, texts)) > 5 else _COLUMN
            widths.append(max(own, TITLE * len(title) / len(names)))
    return widths


def _cell(axes: Axes, place: tuple[float, float, float], cell: Square, colours: object) -> None:
    from matplotlib.colors import Colormap, to_hex
    from matplotlib.patches import Rectangle

    assert isinstance(colours, Colormap)
    known = math.isfinite(cell.shade)
    shade = max(-1.0, min(1.0, cell.shade)) if known else 0.0
    face = to_hex(colours(0.5 + 0.46 * shade)) if known else "none"
    ink = MUTED if not known else "#ffffff" if abs(shade) > 0.72 else "#111111"
    left, top, width = place
    box = Rectangle((left + 1, top + 1), width - 2, _ROW - 2, facecolor=face, edgecolor="none")
    axes.add_patch(box)
    middle = (left + width / 2, top + _ROW / 2)
    axes.text(*middle, cell.text, ha="center", va="center", color=ink, size=SMALL)


def paired_strips(rows: Sequence[StripRow], none: float, label: str, key: str, alt: str) -> str:
    """Draw the effect in each network with the mean and its interval.

    Parameters
    ----------
    rows
        From top to bottom; `style` is that of the theory.
    none
        What the effect is if nothing happens: the upright line.
    label
        Of the axis.
    key, alt
        Prefix of the ids, and what the figure shows in words.
    """
    with settings(key):
        top, step, bottom = 8.0, 42.0, 42.0
        height = top + step * len(rows) + bottom
        figure = blank(height)
        axes = axes_at(figure, 12.0, bottom, WIDTH - 24.0, height - top - bottom)
        axes.set_ylim(len(rows), 0)
        shown = [x for r in rows for x in (*r.points, r.low, r.high) if math.isfinite(x)]
        low, high = min([*shown, none]), max([*shown, none])
        low, high = max(low, none - 2.5), min(high, none + 2.5)
        # less than this is rounding, and no axis is to blow it up
        if high - low < _LEAST:
            low, high = none - _LEAST, none + _LEAST
        room = 0.06 * (high - low)
        axes.set_xlim(low - room, high + room)
        for at, row in enumerate(rows):
            axes.plot([none, none], [at + 0.42, at + 0.94], color=MUTED, linewidth=1.2)
            _paired_row(axes, row, at)
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=6)
        axes.tick_params(axis="x", labelsize=SMALL)
        name_axis(axes, label)
        return as_svg(figure, key, alt)


def _paired_row(axes: Axes, row: StripRow, at: int) -> None:
    low, high = axes.get_xlim()
    axes.text(low, at + 0.32, row.label, size=SMALL)
    axes.text(high, at + 0.32, row.note, size=SMALL, ha="right")
    centre, colour = at + 0.68, row.style.colour
    points = np.array([p for p in row.points if math.isfinite(p)])
    inside = np.clip(points, low, high)
    axes.plot(inside, centre + scattered(len(points), 0.3), "o", color=colour, markersize=5,
              alpha=0.75, markeredgewidth=0, clip_on=False)  # fmt: skip
    if math.isfinite(row.low):
        ends = np.clip([row.low, row.high], low, high)
        axes.plot(ends, (centre, centre), color=INK, linewidth=2.4, solid_capstyle="butt")
    if math.isfinite(row.value):
        beyond = row.style.marker if low <= row.value <= high else "<" if row.value < low else ">"
        axes.plot([np.clip(row.value, low, high)], [centre], beyond, color=colour, markersize=9,
                  markeredgecolor=INK, markeredgewidth=1.1, clip_on=False)  # fmt: skip


def strip_of(
    theory: str, label: str, note: str, points: tuple[float, ...], span: tuple[float, float, float]
) -> StripRow:
    """Return a row of `paired_strips`; `span` is mean, low and high."""
    return StripRow(label, note, theory_style(theory), points, *span)
