"""Compare theories on one design: fit, calibrate, and rank held-out virtual experiments.

Two questions are asked of an experiment, and answered by themselves:

- could this theory have given it? By the theory's own worlds alone (`membership`), so that the
  answer is the same whoever else is on the list.
- which of the theories on the list is the most probable? By a classifier, whose answer holds among
  those listed. Of those that could have given it, one that is `CLEARLY` less probable than another
  does not lead. Of theories that overlap, this is what tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components
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
    Columns,
    Membership,
    columns_of,
    membership,
)
from errorneurons.analysis.statistics import Floats

LEVEL_OF_A_THEORY = 0.05
_ALIKE = 0.75
"""Pairwise accuracy below which two theories cannot be told apart on a design."""
CLEARLY = 10.0
"""A theory that stays does not lead if another that stays is more than so many times as probable:
strong evidence, by Jeffreys (1961).
"""


@dataclass(frozen=True)
class Judged:
    """What a comparison says of experiments.

    Attributes
    ----------
    posterior
        (experiment, theory), sums to one: among the theories on the list.
    p
        (experiment, theory), Monte-Carlo p of each theory, by its own worlds alone.
    member
        (theory, theory): whether they belong to the same class.
    """

    posterior: Floats
    p: Floats
    member: npt.NDArray[np.bool_]

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """(experiment, theory): whether the theory stays, p > .05."""
        return self.p > LEVEL_OF_A_THEORY

    @property
    def leading(self) -> npt.NDArray[np.bool_]:
        """(experiment, theory): whether it stays, and no other that stays is `CLEARLY` more so.

        Theories of a class share their probability: they do not stand in each other's way.
        """
        of_class = self.posterior @ self.member
        best = np.where(self.kept, of_class, 0.0).max(axis=1, keepdims=True)
        return np.asarray(self.kept & (CLEARLY * of_class >= best))

    def rows(self, those: npt.NDArray[np.bool_]) -> Judged:
        """Return what is said of some of the experiments."""
        return Judged(self.posterior[those], self.p[those], self.member)


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
    _members: tuple[Membership, ...]

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
        rows = np.atleast_2d(np.asarray(values, dtype=float))
        matrix = self._columns.matrix(rows)
        with threadpool_limits(1):  # as in `compare`
            folds = range(len(self.fitted.models))
            found = np.mean([np.exp(self.fitted.log_probability(matrix, k)) for k in folds], axis=0)
            p = np.column_stack([own.p(rows) for own in self._members])
        return Judged(capped(found, self.experiments.label), p, self.member)

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
        members, p = _memberships(experiments, deal)
    fitted = simplest_of_the_best(fits, labels, experiments.world)
    classes = _named(experiments.theories, equivalence_classes(fitted.held_out, labels))
    member = same_class(experiments.theories, classes)
    held_out = Judged(capped(np.exp(fitted.held_out), labels), p, member)
    return Comparison(experiments, classes, held_out, said, fitted, columns, members)


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


def _memberships(experiments: Experiments, seed: int) -> tuple[tuple[Membership, ...], Floats]:
    """Return each theory's own worlds, and (experiment, theory) the p of experiments held out."""
    members, labels = [], experiments.label
    main = np.isin(experiments.features, experiments.main)
    p = np.empty((len(labels), len(experiments.theories)))
    for at in range(p.shape[1]):
        own = labels == at
        members.append(membership(experiments.values[own], experiments.world[own], seed, main))
        p[own, at] = members[-1].held_out
        p[~own, at] = members[-1].p_of_others(experiments.values[~own], experiments.world[~own])
    return tuple(members), p
