"""Many small panels on one sheet: their strokes are collected, and drawn all at once.

Axes of the library for plotting take fifteen milliseconds each, most of it for ticks that they
share with their neighbours. Sizes are pixels of `sheet`, counted from the lower left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.figures.sheet import Dashes
from errorneurons.analysis.statistics import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICK = 3.5
"""Length of a tick, and its distance from its number [px]."""


@dataclass(frozen=True)
class Box:
    """Where a panel stands, and what it shows.

    Attributes
    ----------
    left, bottom, width, tall
        Its place [px].
    across, up
        The ends of its axes.
    """

    left: float
    bottom: float
    width: float
    tall: float
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, values: Floats | float) -> Floats:
        """Return how far right values are [px]."""
        start, stop = self.across
        return self.left + (np.asarray(values) - start) / (stop - start) * self.width

    def y(self, values: Floats | float) -> Floats:
        """Return how far up values are [px]."""
        low, high = self.up
        return self.bottom + (np.asarray(values) - low) / (high - low) * self.tall


@dataclass(frozen=True)
class Pen:
    """How a line is drawn: its colour, its width [px], and its dashes."""

    colour: Any
    width: float
    dashes: Dashes = "solid"


_FRAME, _EVENT = Pen("black", 0.8), Pen("#999999", 0.7, (0, (2, 2)))


@dataclass
class Strokes:
    """What is drawn on a sheet, from behind to the front: marks, bands, lines; points in [px]."""

    marks: list[tuple[Floats, Pen]] = field(default_factory=list)
    bands: list[tuple[Floats, Any]] = field(default_factory=list)
    lines: list[tuple[Floats, Pen]] = field(default_factory=list)

    def line(self, points: npt.ArrayLike, pen: Pen) -> None:
        """Draw a line through points [px]."""
        self.lines.append((np.asarray(points, float), pen))

    def curve(self, box: Box, time: Floats, bounds: Floats, pen: Pen) -> None:
        """Draw a mean and the band around it, with gaps where something is missing.

        Parameters
        ----------
        box
            Where.
        time
            (time,)
        bounds
            Mean, lower and upper end of the band, (3, time).
        pen
            How the mean is drawn.
        """
        mean, low, high = bounds
        for run in _runs(low + high):
            x = box.x(time[run])
            edges = (np.r_[x, x[::-1]], np.r_[box.y(low[run]), box.y(high[run])[::-1]])
            self.bands.append((np.column_stack(edges), pen.colour))
        for run in _runs(mean):
            self.line(np.column_stack((box.x(time[run]), box.y(mean[run]))), pen)

    def upright(self, box: Box, at: float) -> None:
        """Mark a time, behind all else; nothing if it lies outside."""
        if box.across[0] <= at <= box.across[1]:
            x = float(box.x(at))
            ends = np.array([[x, box.bottom], [x, box.bottom + box.tall]])
            self.marks.append((ends, _EVENT))

    def frame(self, box: Box, across: Sequence[float], up: Sequence[float]) -> None:
        """Draw the axes of a panel, open above and to the right, with their ticks."""
        left, bottom = box.left, box.bottom
        corner = [(left, bottom + box.tall), (left, bottom), (left + box.width, bottom)]
        self.line(corner, _FRAME)
        for x in box.x(np.asarray(across)):
            self.line([(x, bottom), (x, bottom - TICK)], _FRAME)
        for y in box.y(np.asarray(up)):
            self.line([(left, y), (left - TICK, y)], _FRAME)

    def draw_on(self, figure: Figure) -> None:
        """Draw everything that was collected."""
        from matplotlib.collections import LineCollection, PolyCollection
        from matplotlib.transforms import Affine2D

        pixels = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
        figure.add_artist(
            PolyCollection(
                [edge for edge, _ in self.bands], facecolors=[colour for _, colour in self.bands],
                alpha=0.15, linewidths=0, transform=pixels, zorder=1,
            )
        )  # fmt: skip
        for order, lines in enumerate((self.marks, self.lines)):
            pens = [pen for _, pen in lines]
            figure.add_artist(
                LineCollection(
                    [points for points, _ in lines], colors=[pen.colour for pen in pens],
                    linewidths=[pen.width for pen in pens], capstyle="butt", joinstyle="round",
                    linestyles=[pen.dashes for pen in pens], transform=pixels, zorder=2 * order,
                )
            )  # fmt: skip


def _runs(values: Floats) -> list[slice]:
    """Return the stretches in which nothing is missing."""
    ends = np.flatnonzero(np.diff(np.r_[False, np.isfinite(values), False]))
    return [slice(start, stop) for start, stop in zip(ends[::2], ends[1::2], strict=True)]


def ticks_of(ends: tuple[float, float], most: int) -> tuple[list[float], list[str]]:
    """Return round values between the ends of an axis, about as many as `most`, and as text.

    Examples
    --------
    >>> ticks_of((-0.1, 0.5), 4)[1]
    ['0.0', '0.2', '0.4']
    """
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(*ends)
    step = found[1] - found[0]
    ticks = [float(np.round(x / step) * step) for x in found if ends[0] <= x <= ends[1]]
    short = [f"{x:.6g}" for x in ticks]
    if not any("e" in text for text in short):
        digits = max((len(text.partition(".")[2]) for text in short), default=0)
        short = [f"{x:.{digits}f}" for x in ticks]
    return ticks, [text.replace("-", "\N{MINUS SIGN}") for text in short]
