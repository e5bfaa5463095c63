"""Figures of effects, as SVG that takes its text colour from the page.

Figures are drawn 370 px wide with text of at least 12 px,
so that it is legible on a telephone and may be enlarged on a desk. Error and representation neurons
have the same two hues everywhere, every theory one colour and one marker
(`errorneurons.analysis.figures.palette`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.figures.palette import RECORDING, Style
from errorneurons.analysis.figures.sheet import (
    HOLDS,
    INK,
    PALE,
    PAPER,
    as_files,
    as_svg,
    drawable,
    name_rows,
    rows,
    settings,
    write_words,
)
from errorneurons.analysis.figures.traces import (
    shortened,
)
from errorneurons.analysis.statistics import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_Side = Literal["below", "above", "within"]
"""Where a claim holds: on one side of the threshold, or between its negative and it."""

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
    strips: Sequence[StripRow], threshold: float, side: _Side, key: str,
    alt: str,
) -> str:  # fmt: skip
    """Draw effects with their intervals against a threshold.

    Parameters
    ----------
    strips
        From top to bottom.
    threshold, side
        The value that the claim is tested against, and on which side of it the claim holds, or
        within it and its negative.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Equal distances are equal differences of amplitude (signed square
        root); the ticks are plain ratios of energies. Values beyond the axis stand at its edge
        as arrow heads.
    """
    with settings(key):
        return as_svg(_drawn(strips, threshold, side), key, alt)


def effect_files(
    strips: Sequence[StripRow], threshold: float, side: _Side, stem: Path
) -> tuple[Path, ...]:
    """Draw the same for a paper, on white: as SVG and PDF, whose text can be edited, and as PNG.

    Parameters
    ----------
    strips, threshold, side
        As in `effect_strip`.
    stem
        The files without their endings; each is there whole or not at all.
    """
    with settings(stem.name):
        return as_files(_drawn(strips, threshold, side), stem)


def _drawn(strips: Sequence[StripRow], threshold: float, side: _Side) -> Figure:
    figure, axes = rows(len(strips), 44.0, 68.0)
    low, high = effect_limits(strips, threshold)
    axes.set_xscale("function", functions=(amplitudes, energies))
    axes.set_xlim(low, high)
    _threshold(axes, threshold, side, len(strips))
    draw_strips(axes, strips)
    ticks = effect_ticks(low, high, threshold)
    axes.set_xticks(ticks, [f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
    axes.set_xlabel("N/M (spaced by its square root)")
    return figure


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


def _threshold(axes: Axes, threshold: float, side: _Side, count: int) -> None:
    """Shade in each row where the claim holds, and say so."""
    left, right = axes.get_xlim()
    ends = {"below": (left, threshold), "above": (threshold, right),
            "within": (-threshold, threshold)}[side]  # fmt: skip
    lines = ends if side == "within" else (threshold,)
    for row in range(count):
        low, high = row - 0.26, row + 0.28
        axes.fill_between(ends, low, high, color=HOLDS, alpha=0.3, linewidth=0)
        axes.plot([0, 0], [low, high], color=PALE, linewidth=1)
        for line in lines:
            axes.plot([line] * 2, [low, high], color=INK, linewidth=1.3, dashes=(3, 2))
    for row in range(1, count):
        axes.axhline(row - 0.66, color=PALE, linewidth=0.4)
    first, at, last = amplitudes(left), amplitudes(threshold), amplitudes(right)
    edge, aligned = (0, "left") if at - first < 0.5 * (last - first) else (1, "right")
    words = f"claim holds {side} {threshold:.2g}, the dashed line"
    if side == "within":
        words = f"claim holds within \N{PLUS-MINUS SIGN}{threshold:.2g}, the dashed lines"
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
