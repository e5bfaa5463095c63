"""What an effect strip shows, and on which scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.figures.palette import RECORDING, Style

_LEAST, MOST = -1.0, 36.0


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


def signed_root(energy: float) -> float:
    """Return the signed square root: equal steps of amplitude are equal distances on the strip."""
    return math.copysign(math.sqrt(abs(energy)), energy)


def effect_limits(rows: Sequence[StripRow], threshold: float) -> tuple[float, float]:
    """Return the ends of the axis; beyond `_LEAST` and `MOST` an arrow head stands for it."""
    shown = [x for row in rows for x in (*row.points, row.value, row.low, row.high)]
    shown = [x for x in shown if math.isfinite(x)]
    low = max(min([*shown, -0.04]) * 1.1, _LEAST)
    high = min(max([*shown, 1.0, 3 * threshold]) * 1.08, MOST)
    return low, high


def effect_ticks(low: float, high: float, threshold: float) -> list[float]:
    """Return plain numbers between the ends of the axis, none so near that labels would touch."""
    room, ticks = 0.095 * (signed_root(high) - signed_root(low)), [0.0]
    for value in (1, 4, 16, 9, 25, 36, threshold, 0.25, 2, 0.5, -0.25, -1):
        apart = all(abs(signed_root(value) - signed_root(tick)) > room for tick in ticks)
        if low <= value <= high and apart:
            ticks.append(value)
    return ticks


def scattered(count: int, tall: float) -> npt.NDArray[np.float64]:
    """Return offsets about 0 that keep points of equal value apart, the same every time."""
    return np.asarray((np.arange(count) * 0.618 % 1 - 0.5) * tall)
