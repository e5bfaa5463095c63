"""Poisson counts in compiled loops: the numbers that NumPy draws, and others from fewer numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types

from errorneurons.simulate.store.places import compiler_cache

_OPTIONS: dict[str, Any] = {"cache": compiler_cache(), "_nrt": False}  # nothing is allocated

_LINE = types.float64[::1]
_GENERATOR: Any = types.NumPyRandomGeneratorType("NumPyRandomGeneratorType")
TYPES = (types.float32[:, ::1], _GENERATOR, types.int64[:, ::1], _LINE, _LINE)
"""What `multiplied` is called with for activity, which is stored in single precision."""

FEW = 10.0
"""Below this mean NumPy draws a count by multiplying uniform numbers, as is done here."""
MANY = 25.0
"""From this mean on, going through the distribution from 0 takes longer than NumPy's way."""
NO_COUNT = 128
"""No count of a mean below `MANY` gets there, but a number that rounding leaves above the sum."""
SHARES = 1.0 / np.maximum(np.arange(NO_COUNT + 1.0), 1.0)
"""1 / k: the probability of k is that of k - 1 times mean / k."""

_TABLE = types.float64[:, ::1]
TYPES_OF_INVERTED = (_TABLE, types.int64[::1], _LINE, _LINE, _LINE, _TABLE, _TABLE)
"""What `inverted` is called with."""


@njit(**_OPTIONS)  # type: ignore[untyped-decorator, unused-ignore]
def multiplied(
    mean: npt.NDArray[np.floating],
    rng: np.random.Generator,
    counts: npt.NDArray[np.int64],
    known: npt.NDArray[np.float64],
    least: npt.NDArray[np.float64],
) -> None:
    """Fill `counts` by multiplying uniform numbers until they fall below ``exp(-mean)``.

    NumPy does the same for means below 10, at half the speed: it looks each mean up anew. Trials of
    one kind that follow one another have the same means. `mean` and `counts` are (trial, bin and
    unit); `known` and `least`, (bin and unit), begin as 0 and 1.
    """
    for trial in range(mean.shape[0]):
        for k in range(mean.shape[1]):
            expected, count = mean[trial, k], 0
            if expected > 0:
                if expected != known[k]:
                    known[k], least[k] = expected, math.exp(-expected)
                product = rng.random()
                while product > least[k]:
                    count += 1
                    product *= rng.random()
            counts[trial, k] = count


@njit(**_OPTIONS)  # type: ignore[untyped-decorator, unused-ignore]
def inverted(
    mean: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
    least: npt.NDArray[np.float64],
    below: npt.NDArray[np.float64],
    uniform: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
) -> None:
    """Fill `counts` with Poisson counts, by inversion of the distribution.

    A count is how many values of the cumulative distribution a uniform number is not below. Draws
    of a kind that follow one another go through the distribution together, unit beside unit.

    Parameters
    ----------
    mean
        Expected counts below `MANY`, (kind, unit).
    rows
        Which kind each draw is of, (draw,).
    share
        `SHARES`.
    least, below
        Overwritten, (unit,).
    uniform, counts
        Numbers below 1, and their counts, (draw, unit).
    """
    start = 0
    while start < len(rows):
        row, stop = rows[start], start
        while stop < len(rows) and rows[stop] == row:
            stop += 1
        for k in range(mean.shape[1]):
            least[k] = below[k] = math.exp(-mean[row, k])
        counts[start:stop] = 0
        number, left = 0, True
        while left and number < NO_COUNT:
            number += 1
            left = False
            for draw in range(start, stop):
                for k in range(mean.shape[1]):
                    passed = uniform[draw, k] >= below[k]
                    left |= passed
                    counts[draw, k] += passed
            for k in range(mean.shape[1]):
                least[k] *= mean[row, k] * share[number]
                below[k] += least[k]
        start = stop
