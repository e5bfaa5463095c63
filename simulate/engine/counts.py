"""Poisson counts in a compiled loop, the numbers that NumPy draws."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def multiplied(
    mean: npt.NDArray[np.floating], rng: np.random.Generator, counts: npt.NDArray[np.int64]
) -> None:
    """Fill `counts` by multiplying uniform numbers until they fall below ``exp(-mean)``.

    NumPy does the same for means below 10, at half the speed: it looks each mean up anew.
    """
    for k in range(mean.size):
        count = 0
        if mean[k] > 0:
            least, product = math.exp(-mean[k]), rng.random()
            while product > least:
                count += 1
                product *= rng.random()
        counts[k] = count
