"""Spike counts: Poisson, or more regular than that.

============ =======================================================================
poisson      counts in bins are independent, their variance is their mean
sub-Poisson  every k-th event of a Poisson process is a spike of a train with gamma
             intervals; each of these spikes is kept with probability p
============ =======================================================================

With p = 1 the Fano factor of such a train is 1/k in a long window (Cox, Renewal Theory, 1962).
Keeping a share p brings it to 1 - p + p/k, so k = ceil(1/F) and p = (1 - F)/(1 - 1/k) give any F
below 1. The mean is exact in every bin; the variance in a window with M expected spikes is
F M + p^2 (1 - 1/k^2)/6, for M above about 1.

Cortical neurons can be that regular: simple cells in layer 4 of the cat's primary visual cortex
vary less than a Poisson process, doi:10.1016/s0896-6273(00)00072-6.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.engine.counts import FEW, MANY, SHARES, inverted, multiplied

Counts = npt.NDArray[np.int64]
TOGETHER = 64
"""Draws whose uniform numbers are there at a time: the memory of many takes longer than they do."""


def poisson(mean: npt.NDArray[np.floating], rng: np.random.Generator) -> Counts:
    """Return spike counts of a Poisson process, the numbers that ``rng.poisson(mean)`` gives.

    Parameters
    ----------
    mean
        Expected counts, (trial, time, unit).
    rng
        Random numbers.
    """
    counts: Counts
    if not mean.size or not 0 <= mean.min() <= mean.max() < FEW:
        counts = rng.poisson(mean)
    else:
        counts = np.empty(mean.shape, np.int64)
        flat = len(mean), -1
        means = np.ascontiguousarray(mean).reshape(flat)
        known, least = np.zeros(means.shape[1]), np.ones(means.shape[1])
        multiplied(means, rng, counts.reshape(flat), known, least)
    return counts


def poisson_of_kinds(
    mean: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return Poisson counts of several draws of each kind, in less time than `poisson` takes.

    Parameters
    ----------
    mean
        Expected counts, (kind, unit).
    rows
        Which kind each draw is of, (draw,).
    rng
        Random numbers.

    Returns
    -------
    npt.NDArray[np.float64]
        Counts, (draw, unit).
    """
    many = mean >= MANY
    few, units = np.where(many, 0.0, mean), mean.shape[1]
    counts, uniform = np.empty((len(rows), units)), np.empty((TOGETHER, units))
    least, below = np.empty((2, units))
    for start in range(0, len(rows), TOGETHER):
        own = rows[start : start + TOGETHER]
        rng.random(out=uniform[: len(own)])
        inverted(few, own, SHARES, least, below, uniform, counts[start : start + TOGETHER])
    draws = np.flatnonzero(np.asarray(many.any(axis=1))[rows])
    if len(draws):
        draw, unit = np.nonzero(many[rows[draws]])
        counts[draws[draw], unit] = rng.poisson(mean[rows[draws[draw]], unit])
    return counts


def sub_poisson(mean: npt.NDArray[np.floating], fano: float, rng: np.random.Generator) -> Counts:
    """Return spike counts that vary less than those of a Poisson process.

    Parameters
    ----------
    mean
        Expected counts, (trial, time, unit). Bins follow one another within a trial.
    fano
        Variance over mean of the count in a long window, between 0 and 1.
    rng
        Random numbers.
    """
    order, share = regularity(fano)
    events = np.cumsum(rng.poisson(mean * (order / share)), axis=1)
    events += rng.integers(0, order, (events.shape[0], 1, events.shape[2]))
    counts: Counts = rng.binomial(np.diff(events // order, axis=1, prepend=0), share)
    return counts


def regularity(fano: float) -> tuple[int, float]:
    """Return k and p of the train with a Fano factor between 0 and 1, see the head of the page."""
    order = math.ceil(1 / fano - 1e-9)
    return order, (1 - fano) / (1 - 1 / order)
