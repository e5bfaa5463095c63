"""Could a theory have given this? Distances, and their ranks among held-out worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from errorneurons.analysis.virtual_experiments import Array, Integers

NEIGHBOURS = 5
RESOLUTION = 0.03
"""Differences of an index below this count for nothing: exact zeros stay finite."""
NEAREST = 0.1
"""Distances well below this are alike, in units of a theory's own spread."""
LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Cloud:
    """Where the virtual experiments of a theory lie.

    Attributes
    ----------
    whiten
        (column, column), turns differences into units of the theory's own spread.
    neighbours
        Search among the whitened experiments of the theory.
    """

    whiten: Array
    neighbours: Any

    def distance(self, matrix: Array) -> Array:
        """Return (experiment,) log of the mean distance to the nearest experiments of the theory.

        The logarithm, so that a theory with a few outlying worlds does not reach everywhere.
        """
        mean = self.neighbours.kneighbors(matrix @ self.whiten)[0].mean(axis=1)
        return np.asarray(np.log(NEAREST + mean))


def cloud(matrix: Array) -> Cloud:
    """Return where experiments lie: the nearest neighbours in units of their shrunk covariance.

    Parameters
    ----------
    matrix
        (experiment, column), of one theory. Columns may be constant.
    """
    from sklearn.covariance import ledoit_wolf
    from sklearn.neighbors import NearestNeighbors

    covariance = ledoit_wolf(matrix)[0] + RESOLUTION**2 * np.eye(matrix.shape[1])
    size, axes = np.linalg.eigh(covariance)
    whiten = axes / np.sqrt(size)
    count = min(NEIGHBOURS, len(matrix))
    return Cloud(whiten, NearestNeighbors(n_neighbors=count).fit(matrix @ whiten))


@dataclass(frozen=True)
class Spread:
    """The scale of a score among the held-out experiments of a theory: median and upper decile."""

    centre: float
    size: float

    def standardised(self, score: Array) -> Array:
        """Return the score in units of its spread."""
        return (score - self.centre) / self.size


def spread(score: Array) -> Spread:
    """Return the scale of a score; its least size is a tenth (of a nat, of a distance)."""
    centre, high = np.quantile(score, [0.5, 0.9])
    return Spread(float(centre), max(float(high - centre), LEAST_SPREAD))


@dataclass(frozen=True)
class Ranks:
    """Scores of held-out experiments of one theory, to rank others among.

    Attributes
    ----------
    score
        (experiment,), larger = less like the theory, ascending.
    world, fold
        (experiment,), in the same order.
    """

    score: Array
    world: Integers
    fold: Integers

    def p(self, score: Array) -> Array:
        """Return the Monte-Carlo p of new experiments.

        A world counts once, however many experiments it holds, because the recording is one more
        world and not one more experiment of a world that is known:
        p = (1 + sum over worlds of the share of its scores that are as large) / (1 + worlds).
        With one experiment a world this is (1 + #) / (1 + n).

        Parameters
        ----------
        score
            (experiment, fold), each by the models of every fold.

        Returns
        -------
            (experiment,). P(p <= a) <= a for a new world of the theory, if its scores are
            exchangeable with those of the worlds here.

        References
        ----------
        Lee, Barber and Willett (2023), Distribution-free inference with hierarchical data,
        doi:10.48550/arXiv.2306.06342.
        """
        worlds = len(np.unique(self.world))
        total = np.zeros(len(score))
        for k in np.unique(self.fold):
            total += self._share(score[:, k], self.fold == k)
        return (1 + total) / (1 + worlds)

    def p_of_own(self, score: Array, world: Integers) -> Array:
        """Return the p of held-out experiments of the theory itself, among its other worlds."""
        everything = np.ones(len(self.score), dtype=bool)
        total = self._share(score, everything)
        for w in np.unique(world):
            own = world == w
            total[own] -= self._share(score[own], self.world == w)
        return (1 + total) / len(np.unique(self.world))

    def p_of_others(self, score: Array) -> Array:
        """Return the p of held-out experiments of other theories."""
        total = self._share(score, np.ones(len(self.score), dtype=bool))
        return (1 + total) / (1 + len(np.unique(self.world)))

    def _share(self, score: Array, kept: Any) -> Array:
        """Return the sum over worlds of the share of its scores that are as large."""
        world, own = self.world[kept], self.score[kept]
        _, at, size = np.unique(world, return_inverse=True, return_counts=True)
        weight = 1.0 / size[at]
        above = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
        return above[np.searchsorted(own, score, side="left")]


def ranks(score: Array, world: Integers, fold: Integers) -> Ranks:
    """Return the held-out scores of a theory, sorted.

    Parameters
    ----------
    score, world, fold
        (experiment,).
    """
    order = np.argsort(score, kind="stable")
    return Ranks(score[order], world[order], fold[order])
