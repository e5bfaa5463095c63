"""Poisson counts in a compiled loop, the numbers that NumPy draws."""

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


# the generator's own Poisson counts ask for numba's memory
@njit(cache=compiler_cache())  # type: ignore[untyped-decorator, unused-ignore]
def spiked(
    mean: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    width: float,
    rng: np.random.Generator,
    rate: npt.NDArray[np.float32],
    least: npt.NDArray[np.float64],
) -> None:
    """Fill `rate`, (trial, bin and unit), with spikes a second in trials of a few kinds.

    The counts are those of ``rng.poisson(mean[rows])``; `mean` is (kind, bin and unit),
    and `least`, (bin and unit), is overwritten.
    """
    last = -1
    for trial in range(len(rows)):
        row = rows[trial]
        if row != last:
            last = row
            for k in range(mean.shape[1]):
                least[k] = math.exp(-mean[row, k])
        for k in range(mean.shape[1]):
            count = 0
            if mean[row, k] >= FEW:
                count = rng.poisson(mean[row, k])
            elif mean[row, k] > 0:
                product = rng.random()
                while product > least[k]:
                    count += 1
                    product *= rng.random()
            rate[trial, k] = count / width
