"""Could a theory have given this? Distances, and their ranks among held-out worlds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree
from scipy.stats import beta

from errorneurons.analysis.evidence.experiments import Ints
from errorneurons.analysis.statistics import Floats

NEIGHBOURS = 5
RESOLUTION = 0.03
"""Differences of an index below this count for nothing: exact zeros stay finite."""
NEAREST = 0.1
"""Distances well below this are alike, in units of a theory's own spread."""
_LEAF = 64
"""Experiments that are looked at one by one: in many dimensions a search cannot pass over more."""
LEAST_SPREAD = 0.1
CONFIDENCE = 0.8
"""In so many libraries of worlds no theory is left out more often than its p says."""
FEWEST_WORLDS = 32
"""With fewer worlds than these no p reaches .05, and no theory is ever left out."""


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

    whiten: Floats
    neighbours: KDTree

    def distance(self, matrix: Floats) -> Floats:
        """Return (experiment,) log of the mean distance to the nearest experiments of the theory.

        The logarithm, so that a theory with a few outlying worlds does not reach everywhere.
        """
        nearest = np.arange(1, min(NEIGHBOURS, self.neighbours.n) + 1)
        distance = np.asarray(self.neighbours.query(matrix @ self.whiten, k=nearest)[0])
        return np.asarray(np.log(NEAREST + distance.mean(axis=1)))


def cloud(matrix: Floats) -> Cloud:
    """Return where experiments lie: the nearest neighbours in units of their shrunk covariance.

    Parameters
    ----------
    matrix
        (experiment, column), of one theory. Columns may be constant.
    """
    from sklearn.covariance import ledoit_wolf

    own = ledoit_wolf(matrix)[0] if len(matrix) > 1 else 0.0  # one experiment has no spread
    size, axes = np.linalg.eigh(own + RESOLUTION**2 * np.eye(matrix.shape[1]))
    whiten = axes / np.sqrt(size)
    return Cloud(whiten, KDTree(matrix @ whiten, _LEAF))


@dataclass(frozen=True)
class Spread:
    """The scale of a score among the held-out experiments of a theory, from its median up."""

    centre: float
    size: float

    def standardised(self, score: Floats) -> Floats:
        """Return the score in units of its spread."""
        return (score - self.centre) / self.size


def score_spread(score: Floats, upper: float) -> Spread:
    """Return the scale of a score, from its median to its `upper` quantile.

    Its least size is a tenth (of a nat, of a distance).
    """
    centre, high = np.quantile(score, [0.5, upper])
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

    score: Floats
    world: Ints
    fold: Ints

    def p(self, score: Floats) -> Floats:
        """Return the Monte-Carlo p of new experiments, see `upper_bound`.

        A world counts once, however many experiments it holds, because the recording is one more
        world and not one more experiment of a world that is known.

        Parameters
        ----------
        score
            (experiment, fold), each by the models of every fold.

        Returns
        -------
            (experiment,). P(p <= a) <= a for a new world of the theory, if its scores are
            exchangeable with those of the worlds here; and in 4 of 5 libraries of worlds, so it is
            in this very one.

        References
        ----------
        Lee, Barber and Willett (2023), Distribution-free inference with hierarchical data,
        doi:10.48550/arXiv.2306.06342.
        """
        worlds = len(np.unique(self.world))
        total = np.zeros(len(score))
        for k in np.unique(self.fold):
            total += self._share(score[:, k], self.fold == k)
        return upper_bound(total, np.full(len(total), worlds))

    def p_held_out(self, score: Floats, world: Ints, own: npt.NDArray[np.bool_]) -> Floats:
        """Return the p of held-out experiments, each scored by the models that have not seen it.

        Parameters
        ----------
        score, world
            (experiment,).
        own
            (experiment,), which of them are those of the theory itself, all of them. They are
            ranked among its other worlds.
        """
        total = self._share(score, np.ones(len(self.score), dtype=bool))
        same = pd.Series(score[own]).groupby(world[own])
        total[own] -= same.rank(method="max", ascending=False) / same.transform("size")
        return upper_bound(total, len(np.unique(self.world)) - own)

    def _share(self, score: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
        """Return the sum over worlds of the share of its scores that are as large."""
        world, own = self.world[kept], self.score[kept]
        _, at, size = np.unique(world, return_inverse=True, return_counts=True)
        weight = 1.0 / size[at]
        above = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
        return above[np.searchsorted(own, score, side="left")]


def upper_bound(farther: Floats, worlds: Ints) -> Floats:
    """Return by how many of all its worlds a theory lies as far away, at most.

    Of the worlds simulated, some lie as far as the recording; the share of all worlds that would is
    known only from so many, and the 80 % upper bound of Clopper and Pearson is taken. The usual
    (1 + farther) / (1 + worlds) is about its mean: it is right on average over libraries of worlds,
    and with some libraries a theory would be left out too often.

    Parameters
    ----------
    farther
        (experiment,), worlds as far away, counted in shares of their experiments.
    worlds
        (experiment,), worlds simulated.
    """
    nearer = np.maximum(worlds - farther, 1e-9)  # where all are farther, the bound is 1
    return np.asarray(beta.ppf(CONFIDENCE, farther + 1.0, nearer))


def ranks(score: Floats, world: Ints, fold: Ints) -> Ranks:
    """Return the held-out scores of a theory, sorted.

    Parameters
    ----------
    score, world, fold
        (experiment,).
    """
    order = np.argsort(score, kind="stable")
    return Ranks(score[order], world[order], fold[order])
