"""Could a theory have given this? Distances, and their ranks among its own held-out worlds.

An experiment may lie far from all of a theory's own, or deviate from them in one index alone: the
larger of the two, each in units of the theory's farthest, is ranked. Without the second, one world
that is unusual in many ways would cover for everything that is as far in any one. Among many
indices a single one that is missed by far is still nothing unusual, so the largest deviation of the
claims' own effects is ranked by itself, at a level of its own.

Nothing here knows of other theories: whether one stays must not depend on who else is listed.
"""

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
RESOLUTION = 0.07
"""Differences of an index below this count for nothing: exact zeros stay finite. It is the size of
what no theory of ours contains, and no combination of indices is known better.
"""
BIT = 0.2
"""What a bit counts in distances: one that never varies else would put its worlds out of reach."""
_FOLDS = 5
NEAREST = 0.1
"""Distances well below this are alike, in units of a theory's own spread."""
_NORMAL_95 = 1.645
"""Standard deviations to the 95 % quantile of a normal distribution."""
_LEAST_SPREAD = 0.1
_LEAF = 64
"""Experiments that are looked at one by one: in many dimensions a search cannot pass over more."""
CONFIDENCE = 0.8
"""In so many libraries of worlds no theory is left out more often than its p says."""
FEWEST_WORLDS = 32
"""With fewer worlds than these no p reaches .05, and no theory is ever left out."""


@dataclass(frozen=True)
class Columns:
    """How feature values become columns without gaps.

    A value that could not be tested becomes 0, and one more column says so, for the features that
    some virtual experiment could not test: that is evidence too. A bit that turns is as far as an
    index that differs by `BIT`.

    Attributes
    ----------
    with_gaps, bits
        (feature,): whether some experiment could not test it, whether it is 0 or 1 in all.
    """

    with_gaps: npt.NDArray[np.bool_]
    bits: npt.NDArray[np.bool_]

    def matrix(self, values: Floats) -> Floats:
        """Return (experiment, column) for values (experiment, feature)."""
        missing = np.isnan(values)
        known = np.where(missing, 0.0, values) * np.where(self.bits, BIT, 1.0)
        return np.hstack([known, BIT * missing[:, self.with_gaps]])


def columns_of(values: Floats) -> Columns:
    """Return how the values of virtual experiments, (experiment, feature), become columns."""
    missing = np.isnan(values)
    bits = (missing | np.isin(values, (0, 1))).all(axis=0)
    return Columns(np.asarray(missing.any(axis=0)), np.asarray(bits))


@dataclass(frozen=True)
class Cloud:
    """Where the virtual experiments of a theory lie.

    Attributes
    ----------
    whiten
        (column, column), turns differences into units of the theory's own spread.
    neighbours
        Search among the whitened experiments of the theory.
    middle, below, above
        (column,), the median of each column, and its spread on either side; a column of one or two
        values has none, which is infinite.
    """

    whiten: Floats
    neighbours: KDTree
    middle: Floats
    below: Floats
    above: Floats

    def scores(self, matrix: Floats) -> Floats:
        """Return (experiment, 2) the distance, and the log of the largest deviation."""
        largest = self.largest(matrix, np.ones(matrix.shape[1], dtype=bool))
        return np.column_stack([self.distance(matrix), np.log(NEAREST + largest)])

    def largest(self, matrix: Floats, those: npt.NDArray[np.bool_]) -> Floats:
        """Return (experiment,) the largest deviation in some of the columns, in their spreads."""
        off = matrix - self.middle
        deviations = np.maximum(off / self.above, -off / self.below)
        return np.asarray(deviations[:, those].max(axis=1))

    def distance(self, matrix: Floats) -> Floats:
        """Return (experiment,) log of the mean distance to the nearest experiments of the theory.

        The logarithm, so that a theory with a few outlying worlds does not reach everywhere.
        """
        nearest = np.arange(1, min(NEIGHBOURS, self.neighbours.n) + 1)
        distance = np.asarray(self.neighbours.query(matrix @ self.whiten, k=nearest)[0])
        return np.asarray(np.log(NEAREST + distance.mean(axis=1)))


def cloud(matrix: Floats) -> Cloud:
    """Return where experiments lie: the nearest neighbours in units of their covariance.

    Parameters
    ----------
    matrix
        (experiment, column), of one theory. Columns may be constant.
    """
    width = matrix.shape[1]
    own = np.zeros((width, width))
    if len(matrix) > 1:  # one experiment has no spread
        own = np.cov(matrix, rowvar=False).reshape(width, width)
    size, axes = np.linalg.eigh(own + RESOLUTION**2 * np.eye(width))
    whiten = axes / np.sqrt(size)
    low, middle, high = np.quantile(matrix, [0.05, 0.5, 0.95], axis=0)
    few = np.array([len(np.unique(column)) <= 2 for column in matrix.T])
    below, above = (
        np.where(few, np.inf, np.hypot(one / _NORMAL_95, RESOLUTION))
        for one in (middle - low, high - middle)
    )
    return Cloud(whiten, KDTree(matrix @ whiten, _LEAF), middle, below, above)


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

    def p_held_out(self, score: Floats, world: Ints) -> Floats:
        """Return the p of its own experiments, each ranked among its other worlds.

        Parameters
        ----------
        score, world
            (experiment,), all of them, each scored by the models that have not seen it.
        """
        total = self._share(score, np.ones(len(self.score), dtype=bool))
        same = pd.Series(score).groupby(world)
        total -= same.rank(method="max", ascending=False) / same.transform("size")
        return upper_bound(total, np.full(len(total), len(np.unique(self.world)) - 1))

    def p_of(self, score: Floats) -> Floats:
        """Return the p of new experiments, each scored by the models of one fold alone."""
        total = self._share(score, np.ones(len(self.score), dtype=bool))
        return upper_bound(total, np.full(len(total), len(np.unique(self.world))))

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


@dataclass(frozen=True)
class Membership:
    """Whether experiments could be of a theory, by its own worlds alone.

    Attributes
    ----------
    columns
        How its experiments become columns.
    clouds
        Where they lie, without the worlds of each fold in turn.
    centre, farthest
        (2,), the median of either score among its held-out experiments, and how far above it the
        farthest lies.
    ranks
        The larger of both scores of its held-out experiments, in these units.
    main
        (column,), the claims' own effects, of which the largest deviation is ranked by itself.
    singles
        The largest deviation in these of its held-out experiments.
    held_out
        (experiment of the theory,), the p of each, as if its world had not been simulated.
    """

    columns: Columns
    clouds: tuple[Cloud, ...]
    centre: Floats
    farthest: Floats
    ranks: Ranks
    main: npt.NDArray[np.bool_]
    singles: Ranks
    held_out: Floats

    def p(self, values: Floats) -> Floats:
        """Return the p of new experiments, (experiment, feature), ranked in every fold.

        The smaller of two: of the experiment as a whole, and of the largest deviation in a claim's
        own effect. Each has its own level, so that P(p <= a) <= 2 a for a new world of the theory.
        """
        matrix = _matrix(self.columns, values)
        whole = np.column_stack([self._score(own, matrix) for own in self.clouds])
        single = np.column_stack([own.largest(matrix, self.main) for own in self.clouds])
        return np.minimum(self.ranks.p(whole), self.singles.p(single))

    def _score(self, own: Cloud, matrix: Floats) -> Floats:
        return _larger(own.scores(matrix), self.centre, self.farthest)

    def p_of_others(self, values: Floats, world: Ints) -> Floats:
        """Return the p of many experiments of other theories; each has the cloud of one fold."""
        matrix, fold = _matrix(self.columns, values), world % len(self.clouds)
        score, single = np.empty(len(matrix)), np.empty(len(matrix))
        for k, own in enumerate(self.clouds):
            score[fold == k] = self._score(own, matrix[fold == k])
            single[fold == k] = own.largest(matrix[fold == k], self.main)
        return np.minimum(self.ranks.p_of(score), self.singles.p_of(single))


def membership(
    values: Floats, world: Ints, seed: int, main: npt.NDArray[np.bool_] | None = None
) -> Membership:
    """Return what it takes to say whether experiments could be of a theory.

    Parameters
    ----------
    values, world
        Of the theory alone: (experiment, feature) in [-1, 1], NaN = not testable; (experiment,).
    seed
        Of the division of its worlds into folds.
    main
        (feature,), those whose largest deviation is ranked by itself; all if not given.
    """
    columns, fold = columns_of(values), _own_folds(world, seed)
    matrix, both, clouds = _matrix(columns, values), np.empty((len(values), 2)), []
    ranked = np.zeros(matrix.shape[1], dtype=bool)
    ranked[: values.shape[1]] = True if main is None or not main.any() else main
    single = np.empty(len(values))
    for k in range(int(fold.max()) + 1):
        clouds.append(cloud(matrix[fold != k]))
        both[fold == k] = clouds[-1].scores(matrix[fold == k])
        single[fold == k] = clouds[-1].largest(matrix[fold == k], ranked)
    centre = np.median(both, axis=0)
    farthest = np.maximum(both.max(axis=0) - centre, _LEAST_SPREAD)
    score = _larger(both, centre, farthest)
    own, singles = ranks(score, world, fold), ranks(single, world, fold)
    held_out = np.minimum(own.p_held_out(score, world), singles.p_held_out(single, world))
    return Membership(columns, tuple(clouds), centre, farthest, own, ranked, singles, held_out)


def _larger(both: Floats, centre: Floats, farthest: Floats) -> Floats:
    """Return (experiment,) the larger of two scores, in units of the farthest of the theory."""
    return np.asarray(((both - centre) / farthest).max(axis=1))


def _own_folds(world: Ints, seed: int) -> Ints:
    """Return (experiment,) the fold in which each is held out; worlds are dealt out in turn."""
    numbers, at = np.unique(world, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(numbers))
    return np.asarray(dealt % min(_FOLDS, len(numbers)))[at]


def _matrix(columns: Columns, values: Floats) -> Floats:
    """Return (experiment, column), the last one for what all of the theory's own could test."""
    unheard = np.isnan(values[:, ~columns.with_gaps]).sum(axis=1, keepdims=True)
    return np.hstack([columns.matrix(values), BIT * unheard])
