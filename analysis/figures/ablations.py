"""Figures of ablations: a map of effects with numbers, and effects network by network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from errorneurons.analysis.figures.effects import StripRow, draw_strips
from errorneurons.analysis.figures.sheet import MUTED, PAPER, SMALL, as_svg, blank, rows, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _COLUMN, _WIDE, _LABELS, _HEAD = 22.0, 48.0, 62.0, 184.0, 56.0
TITLE = 7.8
"""Room for a letter of a title [px]."""
_LEAST = 1e-3
"""The shortest axis of effects on learning."""


@dataclass(frozen=True)
class EffectCell:
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


Effects = Sequence[tuple[str, Sequence[EffectCell]]]
"""Label and cells of each row, top to bottom."""


def effect_map(
    cells: Effects, groups: Sequence[tuple[str, Sequence[str]]], key: str, alt: str
) -> str:
    """Draw a map of effects: one row an ablation, one column a measure, numbers in the cells.

    Parameters
    ----------
    cells
        What is in it.
    groups
        Title and columns of each group of columns, left to right.
    key, alt
        Prefix of the ids, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Blue is less, red is more than intact, white no effect.
    """
    starts = np.cumsum([0, *(len(names) for _, names in groups)])
    parts = [[row[a:b] for _, row in cells] for a, b in pairwise(starts)]
    wide = [_width(part, *group) for part, group in zip(parts, groups, strict=True)]
    with settings(key):
        figure = blank(_HEAD + _ROW * len(cells), _LABELS + sum(wide), arranged=True)
        panels = figure.subplots(1, len(groups), width_ratios=wide, squeeze=False)[0]
        for axes, part, (title, names) in zip(panels, parts, groups, strict=True):
            _heat(axes, part, names)
            axes.set_title(title, size=SMALL, weight="bold")
            axes.set_yticks([])
        labels = [label for label, _ in cells]
        panels[0].set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0)
        return as_svg(figure, key, alt)


def _width(part: Sequence[Sequence[EffectCell]], title: str, names: Sequence[str]) -> float:
    """Return the width of a group of columns, in which its texts and its title have room."""
    texts = [*names, *(cell.text for row in part for cell in row)]
    own = _WIDE if max(map(len, texts)) > 5 else _COLUMN
    return max(own * len(names), TITLE * len(title))


def _heat(axes: Axes, part: Sequence[Sequence[EffectCell]], names: Sequence[str]) -> None:
    """Fill the cells of a group of columns, and write in all of them."""
    import seaborn as sns

    shades = np.array([[cell.shade for cell in row] for row in part])
    texts = np.array([[cell.text for cell in row] for row in part])
    sns.heatmap(
        shades, vmin=-1.09, vmax=1.09, cmap="RdBu_r", cbar=False, annot=texts, fmt="", ax=axes,
        annot_kws={"size": SMALL}, xticklabels=names, linewidths=2, linecolor=PAPER,
    )  # fmt: skip
    for row, column in np.argwhere(~np.isfinite(shades)):
        axes.text(column + 0.5, row + 0.5, texts[row, column], ha="center", va="center",
                  color=MUTED, size=SMALL)  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(length=0, rotation=0)


def paired_strips(strips: Sequence[StripRow], none: float, label: str, key: str, alt: str) -> str:
    """Draw the effect in each network with the mean and its interval.

    Parameters
    ----------
    strips
        From top to bottom; `style` is that of the theory.
    none
        What the effect is if nothing happens: the upright line.
    label
        Of the axis.
    key, alt
        Prefix of the ids, and what the figure shows in words.
    """
    with settings(key):
        figure, axes = rows(len(strips), 42.0, 46.0)
        shown = [x for s in strips for x in (*s.points, s.low, s.high) if math.isfinite(x)]
        low = max(min([*shown, none]), none - 2.5)
        high = min(max([*shown, none]), none + 2.5)
        # less than this is rounding, and no axis is to blow it up
        if high - low < _LEAST:
            low, high = none - _LEAST, none + _LEAST
        room = 0.06 * (high - low)
        axes.set_xlim(low - room, high + room)
        for row in range(len(strips)):
            axes.plot([none, none], [row - 0.26, row + 0.26], color=MUTED, linewidth=1.2)
        draw_strips(axes, strips)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(label)
        return as_svg(figure, key, alt)
