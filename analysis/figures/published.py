"""Figures of published results: one panel, a line a case, or a line through cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from errorneurons.analysis.figures.palette import Style
from errorneurons.analysis.figures.sheet import (
    DASHES,
    INK,
    MUTED,
    WIDTH,
    as_svg,
    blank,
    drawable,
    legend,
    sample,
    settings,
)
from errorneurons.analysis.statistics import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_HEIGHT, _LEGEND = 250.0, 18.0
"""Height of a panel, and of a line of its legend [px]."""
_FEWEST_TICKS, _MOST_TICKS = 3, 8
"""Labels of a logarithmic axis."""
_SMALL = 1e-6
"""An axis with less than this, or more than its inverse, is labelled by powers of ten."""


@dataclass(frozen=True)
class Course:
    """What is drawn of one circuit: median and quartiles along an axis, or each network.

    Attributes
    ----------
    label
        In the legend.
    style
        Colour and marker.
    x
        (point,).
    values
        (network, point).
    dashed
        Which of the dashes its line has.
    """

    label: str
    style: Style
    x: Floats
    values: Floats
    dashed: int = 0


@dataclass(frozen=True)
class Charted:
    """A panel.

    Attributes
    ----------
    title, across, label
        Above it, and of its two axes, with units.
    courses
        What is drawn; those of one label look alike and stand in the legend once.
    log
        Whether the upright axis is logarithmic.
    each
        Whether every network is drawn.
    wide
        Whether the other axis is logarithmic.
    quoted
        Published points: colour of their circuit, x and y.
    """

    title: str
    across: str
    label: str
    courses: Sequence[Course]
    log: bool = False
    each: bool = False
    wide: bool = False
    quoted: Sequence[tuple[Style, Sequence[float], Sequence[float]]] = ()


def published_panel(panel: Charted, key: str, alt: str) -> str:
    """Return a panel as an ``<svg>`` element.

    Parameters
    ----------
    panel
        What it shows.
    key, alt
        Prefix of the ids, and what the figure shows in words.
    """
    with settings(key):
        known = {c.label: c for c in panel.courses}
        lines = len(known) + bool(panel.quoted)
        figure = blank(_HEIGHT + _LEGEND * lines, WIDTH, arranged=True)
        axes = figure.subplots()
        axes.spines["left"].set_visible(True)
        for course in panel.courses:
            _course(axes, course, each=panel.each)
        for style, x, y in panel.quoted:
            axes.plot(x, y, "_", color=INK, markersize=14, markeredgewidth=4, zorder=5)
            axes.plot(x, y, "_", color=style.colour, markersize=13, markeredgewidth=2, zorder=6)
        if panel.log:
            axes.set_yscale("log" if _positive(panel) else "symlog")
            _label_powers(axes.yaxis, axes.get_ylim())
        axes.set(xlabel=panel.across, ylabel=panel.label)
        if panel.wide:
            axes.set_xscale("log")
            _label_powers(axes.xaxis, axes.get_xlim())
        elif all((c.x == np.round(c.x)).all() for c in panel.courses):
            axes.locator_params(axis="x", integer=True)
        samples = [sample(c.style, DASHES[c.dashed % len(DASHES)]) for c in known.values()]
        words = [*known]
        if panel.quoted:
            samples.append(sample(Style(MUTED, "_"), "none"))
            words.append("published, in the colour of its circuit")
        legend(figure, samples, words)
        return as_svg(figure, key, alt)


def _label_powers(axis: Axis, limits: tuple[float, float]) -> None:
    """Label powers of ten, and so much between them that one sees how the axis runs."""
    from matplotlib.ticker import FixedLocator, NullLocator

    if axis.get_scale() == "log":
        axis.set_major_locator(FixedLocator(log_ticks(*limits)))
    low, high = limits
    plain = axis.get_scale() != "log" or (low >= _SMALL and high < 1 / _SMALL)
    axis.set_major_formatter(lambda value, _: _plainly(value) if plain else _by_powers(value))
    axis.set_minor_locator(NullLocator())


def _plainly(value: float) -> str:
    """Return a number without a power of ten."""
    return np.format_float_positional(value, precision=9, trim="-").replace("-", "\N{MINUS SIGN}")


def _by_powers(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "\N{MINUS SIGN}") if value else "0"


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return where a logarithmic axis is labelled: at three places or more, at eight at most.

    Parameters
    ----------
    low, high
        Ends of the axis, positive.

    Examples
    --------
    >>> log_ticks(0.8, 200.0), log_ticks(0.8, 12.0), log_ticks(2.1, 2.9)
    ((1.0, 10.0, 100.0), (1.0, 2.0, 5.0, 10.0), (2.2, 2.4, 2.6, 2.8))
    """
    from matplotlib.ticker import MaxNLocator

    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leading in ((1,), (1, 2, 5)):
        every = (float(f"{m}e{k}") for k in powers for m in leading)
        if len(found := [tick for tick in every if low <= tick <= high]) >= _FEWEST_TICKS:
            return tuple(found[:: math.ceil(len(found) / _MOST_TICKS)])
    even = (MaxNLocator(n, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) for n in range(4, 12))
    inside = (tuple(float(tick) for tick in own if low <= tick <= high) for own in even)
    return next(own for own in inside if len(own) >= _FEWEST_TICKS)


def _positive(panel: Charted) -> bool:
    return all(np.nanmin(c.values) > 0 for c in panel.courses)


def _course(axes: Axes, course: Course, *, each: bool) -> None:
    colour, dash = drawable(course.style.colour), DASHES[course.dashed % len(DASHES)]
    marker = course.style.marker if len(course.x) <= 12 else ""
    if each:
        for values in course.values:
            axes.plot(course.x, values, color=colour, linewidth=1, alpha=0.7, linestyle=dash)
        return
    low, median, high = np.nanpercentile(course.values, [25, 50, 75], axis=0)
    axes.fill_between(course.x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        course.x, median, color=colour, linewidth=1.6, linestyle=dash, marker=marker, markersize=6
    )
