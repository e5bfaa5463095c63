"""Compare theories on one design: fit, calibrate, and rank held-out virtual experiments.

Two questions are asked of an experiment x for every theory T; the less favourable answer counts:

- do theories that this design can tell from T explain x better? log P(others|x) / P(T's class|x)
- does x lie where T's own experiments lie? log of its distance to the nearest of them

The first has power against the other theories of the list, the second against what is not on it.
Each is put in units of its spread among held-out experiments of T; the larger of the two is ranked
among those of held-out worlds of T (`membership.Ranks`), so the p is valid whatever the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from errorneurons.analysis.evidence.classifiers import (
    CANDIDATES,
    Candidate,
    Fitted,
    fit_contenders,
    simplest_of_the_best,
    world_folds,
)
from errorneurons.analysis.evidence.experiments import Experiments, Ints
from errorneurons.analysis.evidence.membership import (
    Cloud,
    Ranks,
    Spread,
    cloud,
    ranks,
    score_spread,
)
from errorneurons.analysis.statistics import Floats

_LEVEL = 0.05
_ALIKE = 0.75
"""Pairwise accuracy below which two theories cannot be told apart on a design."""
ODDS, _FARTHEST = 0.97, 1.0
"""Quantiles of a theory's own experiments that scale odds, and distances. A few worlds lie many
spreads away; in units of the farthest, their distances do not hide what the odds say.
"""
BIT = 0.2
"""What a bit counts in distances: one that never varies else would put its worlds out of reach."""


@dataclass(frozen=True)
class Judged:
    """What a comparison says of experiments.

    Attributes
    ----------
    posterior
        (experiment, theory), sums to one.
    p
        (experiment, theory), Monte-Carlo p of each theory.
    """

    posterior: Floats
    p: Floats

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """(experiment, theory): whether the theory stays, p > .05."""
        return self.p > _LEVEL


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
class Comparison:
    """Theories compared on one design.

    Attributes
    ----------
    experiments
        What it was fitted to.
    classes
        Sets of theories that this design cannot tell apart.
    held_out
        What is said of each of the experiments by models that have not seen its world.
    classifiers
        Log score of each candidate in held-out worlds [nats], see `classifiers.fit_contenders`.
    fitted
        The one that was chosen.
    """

    experiments: Experiments
    classes: tuple[tuple[str, ...], ...]
    held_out: Judged
    classifiers: dict[str, float]
    fitted: Fitted
    _columns: Columns
    _clouds: tuple[tuple[Cloud, ...], ...]
    _spreads: tuple[tuple[Spread, Spread], ...]
    _ranks: tuple[Ranks, ...]

    @property
    def theories(self) -> tuple[str, ...]:
        """The theories, in the order of posterior and p."""
        return self.experiments.theories

    def judge(self, values: npt.ArrayLike) -> Judged:
        """Judge new experiments.

        Parameters
        ----------
        values
            (experiment, feature), as in the virtual experiments.
        """
        matrix = self._columns.matrix(np.atleast_2d(np.asarray(values, dtype=float)))
        with threadpool_limits(1):  # as in `compare`
            logs = [self.fitted.log_probability(matrix, k) for k in range(len(self._clouds))]
            distances = [_distances(clouds, matrix) for clouds in self._clouds]
        odds = [_odds_against(log, self.member) for log in logs]
        pairs = zip(odds, distances, strict=True)
        score = np.stack([_scores(*pair, self._spreads) for pair in pairs], axis=-1)
        p = [own.p(score[:, at]) for at, own in enumerate(self._ranks)]
        posterior = capped(np.mean([np.exp(log) for log in logs], axis=0), self.experiments.label)
        return Judged(posterior, np.column_stack(p))

    @property
    def member(self) -> npt.NDArray[np.bool_]:
        """(theory, theory): whether they belong to the same class."""
        return same_class(self.theories, self.classes)


def compare(
    experiments: Experiments,
    seed: np.random.SeedSequence,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Comparison:
    """Fit and calibrate everything that judging an experiment takes.

    Parameters
    ----------
    experiments
        Virtual experiments; 1,000 a theory in 100 worlds or more are advised. With fewer than
        `membership.FEWEST_WORLDS` no p can reach .05, so no theory is ever left out.
    seed
        Of the division into folds and of classifiers that draw.
    candidates
        Kinds of classifiers to choose from, by their log score in held-out worlds.
    """
    deal, draw = (int(state) for state in seed.generate_state(2))
    labels, fold = experiments.label, world_folds(experiments, deal)
    columns = columns_of(experiments.values)
    matrix = columns.matrix(experiments.values)
    with threadpool_limits(1):  # products this small are slower on more: threads wait, and burn CPU
        fits, said = fit_contenders(candidates, matrix, experiments, fold, draw)
        clouds, distance = _held_out_distances(matrix, labels, fold)
    fitted = simplest_of_the_best(fits, labels, experiments.world)
    classes = _named(experiments.theories, equivalence_classes(fitted.held_out, labels))
    odds = _odds_against(fitted.held_out, same_class(experiments.theories, classes))
    spreads = tuple(
        (
            score_spread(odds[labels == at, at], ODDS),
            score_spread(distance[labels == at, at], _FARTHEST),
        )
        for at in range(len(experiments.theories))
    )
    score = _scores(odds, distance, spreads)
    own = tuple(
        ranks(score[labels == at, at], experiments.world[labels == at], fold[labels == at])
        for at in range(len(experiments.theories))
    )
    p = [
        rank.p_held_out(score[:, at], experiments.world, labels == at)
        for at, rank in enumerate(own)
    ]
    held_out = Judged(capped(np.exp(fitted.held_out), labels), np.column_stack(p))
    return Comparison(experiments, classes, held_out, said, fitted, columns, clouds, spreads, own)


def capped(probability: Floats, labels: Ints) -> Floats:
    """Return probabilities of which none is below 1 / (n + 1), n the experiments of that theory.

    Parameters
    ----------
    probability
        (experiment, theory).
    labels
        The theories of the virtual experiments behind it.
    """
    raised = np.maximum(probability, 1 / (np.bincount(labels) + 1))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def pairwise_accuracy(log_probability: Floats, labels: Ints) -> Floats:
    """Return (theory, theory): how often the more probable of two is the true one, of either.

    Parameters
    ----------
    log_probability
        (experiment, theory), held out.
    labels
        (experiment,), the true theory.
    """
    count = log_probability.shape[1]
    own = log_probability[np.arange(len(labels)), labels][:, None]
    right = (own > log_probability) + 0.5 * (own == log_probability)
    share = np.stack([right[labels == at].mean(axis=0) for at in range(count)])
    return np.asarray((share + share.T) / 2)


def equivalence_classes(log_probability: Floats, labels: Ints) -> Ints:
    """Return (theory,) the number of its class: all that are linked by an accuracy below .75."""
    alike = pairwise_accuracy(log_probability, labels) < _ALIKE
    return np.asarray(connected_components(alike, directed=False)[1], dtype=np.int64)


def same_class(theories: Sequence[str], classes: Sequence[Sequence[str]]) -> npt.NDArray[np.bool_]:
    """Return (theory, theory): whether they belong to the same class."""
    place = [next(at for at, own in enumerate(classes) if name in own) for name in theories]
    return np.equal.outer(place, place)


def _named(theories: Sequence[str], classes: Ints) -> tuple[tuple[str, ...], ...]:
    """Return the theories of each class, by the number of the class of each theory."""
    names = np.array(theories)
    return tuple(tuple(names[classes == one].tolist()) for one in np.unique(classes))


def _odds_against(log_probability: Floats, member: npt.NDArray[np.bool_]) -> Floats:
    """Return (experiment, theory) log odds of all other classes against the theory's class."""
    odds = np.zeros_like(log_probability)
    for at, own in enumerate(member):
        if not own.all():
            others = logsumexp(log_probability[:, ~own], axis=1)
            odds[:, at] = others - logsumexp(log_probability[:, own], axis=1)
    return odds


def _distances(clouds: tuple[Cloud, ...], matrix: Floats) -> Floats:
    return np.column_stack([one.distance(matrix) for one in clouds])


def _held_out_distances(
    matrix: Floats, labels: Ints, fold: Ints
) -> tuple[tuple[tuple[Cloud, ...], ...], Floats]:
    """Return the clouds (fold, theory) without each fold, and the distances of its experiments."""
    theories = range(int(labels.max()) + 1)
    clouds, distance = [], np.empty((len(labels), len(theories)))
    for k in range(int(fold.max()) + 1):
        kept = fold != k
        clouds.append(tuple(cloud(matrix[kept & (labels == at)]) for at in theories))
        distance[~kept] = _distances(clouds[-1], matrix[~kept])
    return tuple(clouds), distance


def _scores(odds: Floats, distance: Floats, spreads: tuple[tuple[Spread, Spread], ...]) -> Floats:
    """Return (experiment, theory) how much speaks against each theory; the larger of two."""
    columns = [
        np.maximum(by_odds.standardised(odds[:, at]), by_distance.standardised(distance[:, at]))
        for at, (by_odds, by_distance) in enumerate(spreads)
    ]
    return np.column_stack(columns)
