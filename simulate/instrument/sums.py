"""The sums of spikes that windows over trials consist of, so that no more than these are drawn.

Spikes of a Poisson process in the bins of a trial are independent, and so are their sums over sets
of bins that share none. Bins of a trial that the same windows hold are drawn as one count, and what
no window holds is not drawn at all; the means of the windows then have the same distribution, all
of them together, as if every bin had been drawn.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.plain import Averaged
from errorneurons.simulate.arrays import Array

_Rows = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Told:
    """A mean over bins of trials, made of draws.

    Attributes
    ----------
    parts
        Where among the trials, and which draws are added there.
    bins
        How many bins the window has in each trial, NaN for none, (trial, 1).
    """

    parts: Sequence[tuple[slice | _Rows, slice | _Rows]]
    bins: Array

    def mean(self, counts: Array, width: float) -> Array:
        """Return the mean rate [Hz], (trial, unit); NaN where it has no bin."""
        total = np.zeros((len(self.bins), counts.shape[1]))
        for at, draws in self.parts:
            total[at] += counts[draws]
        return np.asarray(total / (self.bins * width))


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over bins of trials of some kinds, and the windows that consist of them.

    Attributes
    ----------
    kinds, bins
        Of which kind of trial each bin is, and which of its bins, (part of a sum,).
    starts
        Where the parts of each sum begin, (sum,).
    drawn
        Which sum each draw is of, (draw,); each trial has draws of its own.
    windows
        What is asked for -> how it is made of draws.
    """

    kinds: _Rows
    bins: _Rows
    starts: _Rows
    drawn: _Rows
    windows: Mapping[Hashable, Told]

    def expected(self, rates: npt.NDArray[np.floating], width: float) -> Array:
        """Return the expected count of each sum, from rates in its bins [Hz], (part, unit)."""
        if not len(self.starts):
            return np.empty((0, rates.shape[1]))
        return np.asarray(np.add.reduceat(rates * width, self.starts, axis=0, dtype=float))

    def means(self, counts: Array, width: float) -> dict[Hashable, Array]:
        """Return the mean rate in each window [Hz] from the spikes of each draw, (draw, unit)."""
        return {key: own.mean(counts, width) for key, own in self.windows.items()}


def sums_of(asked: Mapping[Hashable, Averaged], kinds: _Rows, bins: int) -> Sums:
    """Return the sums that windows consist of.

    Parameters
    ----------
    asked
        What is asked for -> which bins of which trials it is the mean of.
    kinds
        Of which kind each trial is, (trial,); trials of a kind have the same expected rates.
    bins
        Bins of a trial.
    """
    held = np.zeros((len(asked), len(kinds), bins), dtype=bool)
    for own, window in zip(held, asked.values(), strict=True):
        own[window.trials, window.bins] = window.inside
    numbers: dict[tuple[int, bytes], int] = {}
    drawn: list[int] = []
    parts: dict[Hashable, list[tuple[slice | _Rows, slice | _Rows]]] = {key: [] for key in asked}
    for by, trials, inside in _held_alike(held):
        at = np.full(len(kinds), -1)
        at[trials] = len(drawn) + np.arange(len(trials))
        for (key, window), holds in zip(asked.items(), by, strict=True):
            if holds:
                draws = at[window.trials]
                own = np.flatnonzero(draws >= 0)
                parts[key].append((_short(own), _short(draws[own])))
        sums = zip(kinds[trials].tolist(), (bins_.tobytes() for bins_ in inside), strict=True)
        drawn += [numbers.setdefault(one, len(numbers)) for one in sums]
    where = np.array([np.frombuffer(own, bool) for _, own in numbers]).reshape(-1, bins)
    of, which = np.nonzero(where)
    kind = np.array([kind for kind, _ in numbers], dtype=np.int64)
    windows = {key: Told(own, _bins_in(asked[key].inside)) for key, own in parts.items()}
    starts = np.searchsorted(of, np.arange(len(where)))
    return Sums(kind[of], which, starts, np.array(drawn, dtype=np.int64), windows)


def _held_alike(held: _Flags) -> Iterator[tuple[_Flags, _Rows, _Flags]]:
    """Yield each set of windows, the trials in which just these hold some bins, and the bins.

    Sets are (window,), trials their numbers, bins (trial, bin).
    """
    count, trials, bins = held.shape
    packed = np.packbits(held.reshape(count, trials * bins), axis=0).T
    numbers: dict[bytes, int] = {}
    number = [numbers.setdefault(own.tobytes(), len(numbers)) for own in packed]
    at = np.array(number).reshape(trials, bins)
    for own, k in numbers.items():
        by = np.unpackbits(np.frombuffer(own, np.uint8), count=count).astype(bool)
        inside = at == k
        where = np.flatnonzero(inside.any(axis=1))
        if by.any():
            yield by, where, inside[where]


def _short(numbers: _Rows) -> slice | _Rows:
    """Return consecutive numbers as a slice, which copies nothing."""
    if len(numbers) and np.array_equal(numbers, numbers[0] + np.arange(len(numbers))):
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return numbers


def _bins_in(inside: _Flags) -> Array:
    """Return how many bins a window has in each trial, NaN for none, (trial, 1)."""
    count = inside.sum(axis=1)[:, None]
    return np.where(count > 0, count, np.nan)
