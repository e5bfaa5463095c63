"""Classifiers that give the probability of each theory, calibrated on worlds they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from errorneurons.analysis.evidence.experiments import Experiments, Ints
from errorneurons.analysis.statistics import Floats

FOLDS = 5
THINNED = 250
"""Experiments a theory that show which kinds of classifiers are far behind, in as many worlds."""
_FAR = 2.0
"""Standard errors by which a kind is far behind the best."""
FLOOR = 1e-6
"""Least probability that is taken from a classifier before calibration."""


@dataclass(frozen=True)
class Candidate:
    """A kind of classifier.

    Attributes
    ----------
    name
        In words, for the page.
    build
        Makes an unfitted scikit-learn classifier from a seed.
    """

    name: str
    build: Callable[[int], Any]


def _logistic(_seed: int) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), _regression(1.0))


def _splines(_seed: int) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    return make_pipeline(SplineTransformer(5, degree=2), StandardScaler(), _regression(0.3))


def _products(_seed: int) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    powers = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(StandardScaler(), powers, StandardScaler(), _regression(0.1))


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, class_weight="balanced", tol=1e-3, max_iter=3000)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        40, min_samples_leaf=20, class_weight="balanced", random_state=seed
    )


CANDIDATES = (
    Candidate("logistic regression", _logistic),
    Candidate("logistic regression on splines", _splines),
    Candidate("logistic regression on squares and products", _products),
    Candidate("random forest", _forest),
)
"""From simple to complex."""


@dataclass(frozen=True)
class Fitted:
    """A classifier fitted without the worlds of each fold in turn.

    Attributes
    ----------
    name
        The kind.
    models
        One a fold, fitted to the other folds.
    temperatures
        One a fold: the power that calibrates its model, fitted to held-out experiments of the
        other folds, so that neither has seen the fold.
    held_out
        (experiment, theory), calibrated log probability from the fold that has not seen the world.
    score
        Mean log probability of the true theory in held-out worlds, theories alike [nats].
    """

    name: str
    models: tuple[Any, ...]
    temperatures: tuple[float, ...]
    held_out: Floats
    score: float

    def log_probability(self, matrix: Floats, fold: int) -> Floats:
        """Return (experiment, theory) by the model of a fold."""
        raw = _log_probability(self.models[fold], matrix)
        return tempered(raw, self.temperatures[fold])


def world_folds(experiments: Experiments, seed: int) -> Ints:
    """Return (experiment,) the fold in which each is held out; worlds stay whole.

    As many folds as `FOLDS`, or as the theory with the fewest worlds has worlds. Worlds of every
    theory are dealt out evenly, and worlds of the same number always go together.
    """
    numbers, at = np.unique(experiments.world, return_inverse=True)
    simulated = np.zeros((len(numbers), len(experiments.theories)), dtype=bool)
    simulated[at, experiments.label] = True
    count = min(FOLDS, int(simulated.sum(axis=0).min()))
    dealt, fold = np.zeros((simulated.shape[1], count)), np.zeros(len(numbers), dtype=np.int64)
    for world in np.random.default_rng(seed).permutation(len(numbers)):
        fold[world] = np.argmin(dealt[simulated[world]].sum(axis=0))
        dealt[simulated[world], fold[world]] += 1
    return fold[at]


def fit(candidate: Candidate, matrix: Floats, labels: Ints, fold: Ints, seed: int) -> Fitted:
    """Fit one classifier a fold, and calibrate each on worlds that neither has seen.

    Parameters
    ----------
    candidate
        The kind.
    matrix
        (experiment, column).
    labels
        (experiment,), the theory.
    fold
        (experiment,), see `world_folds`.
    seed
        Of classifiers that draw.
    """
    folds = range(int(fold.max()) + 1)
    raw = np.empty((len(labels), int(labels.max()) + 1))
    models = []
    for k in folds:
        model = candidate.build(seed).fit(matrix[fold != k], labels[fold != k])
        raw[fold == k] = _log_probability(model, matrix[fold == k])
        models.append(model)
    temperatures = tuple(_temperature(raw[fold != k], labels[fold != k]) for k in folds)
    held_out = np.empty_like(raw)
    for k in folds:
        held_out[fold == k] = tempered(raw[fold == k], temperatures[k])
    return Fitted(
        candidate.name, tuple(models), temperatures, held_out, log_score(held_out, labels)
    )


def fit_contenders(
    candidates: Sequence[Candidate], matrix: Floats, experiments: Experiments, fold: Ints, seed: int
) -> tuple[tuple[Fitted, ...], dict[str, float]]:
    """Fit the kinds of classifiers that may be the best, and score all of them.

    Parameters
    ----------
    candidates
        From simple to complex.
    matrix
        (experiment, column).
    experiments
        Where these come from.
    fold, seed
        As in `fit`.

    Returns
    -------
        The contenders, fitted to all experiments; and the log score of every kind [nats]. One that
        is two standard errors or more behind the best where there are no more than `THINNED`
        experiments a theory is fitted to these only, and has its score there.
    """

    def fits(kinds: Sequence[Candidate], rows: Ints) -> tuple[Fitted, ...]:
        return tuple(fit(one, matrix[rows], labels[rows], fold[rows], seed) for one in kinds)

    labels, few = experiments.label, experiments.first(THINNED)
    every = np.arange(len(labels))
    tried: tuple[Fitted, ...] = ()
    if len(candidates) > 1 and len(few) < len(every):
        tried = fits(candidates, few)
        near = contenders(tried, labels[few], experiments.world[few])
        candidates = [one for one in candidates if one.name in near]
    found = fits(candidates, every)
    return found, {one.name: one.score for one in (*tried, *found)}


def contenders(fitted: Sequence[Fitted], labels: Ints, world: Ints) -> tuple[str, ...]:
    """Return the names of those less than two standard errors behind the best.

    Parameters
    ----------
    fitted, labels, world
        As in `simplest_of_the_best`.
    """
    return tuple(one.name for one in _close(fitted, labels, world, _FAR))


def simplest_of_the_best(fitted: Sequence[Fitted], labels: Ints, world: Ints) -> Fitted:
    """Return the first whose log score is close to the best and that no simpler one beats.

    Close is a standard error. That alone would favour classifiers that fail badly in a few worlds:
    the larger their losses scatter, the easier they are close.

    Parameters
    ----------
    fitted
        From simple to complex.
    labels, world
        (experiment,). The standard error is that of the difference to the best, over worlds.
    """
    best_so_far = np.maximum.accumulate([one.score for one in fitted])
    unbeaten = [one for one, best in zip(fitted, best_so_far, strict=True) if one.score == best]
    return _close(unbeaten, labels, world, 1.0)[0]


def _close(
    fitted: Sequence[Fitted], labels: Ints, world: Ints, errors: float
) -> tuple[Fitted, ...]:
    """Return those that are so many standard errors behind the best, or fewer."""
    top = max(fitted, key=lambda one: one.score)
    place = np.arange(len(labels))

    def close(one: Fitted) -> bool:
        lost = (top.held_out - one.held_out)[place, labels]
        return top.score - one.score <= errors * _error_over_worlds(lost, labels, world)

    return tuple(one for one in fitted if one is top or close(one))


def _error_over_worlds(values: Floats, labels: Ints, world: Ints) -> float:
    """Return the standard error of a mean over theories, each a mean over its worlds."""
    squares = []
    for label in range(int(labels.max()) + 1):
        own = labels == label
        _, at = np.unique(world[own], return_inverse=True)
        means = np.bincount(at, values[own]) / np.bincount(at)
        squares.append(means.var(ddof=1) / len(means))
    return float(np.sqrt(np.mean(squares) / len(squares)))


def log_score(log_probability: Floats, labels: Ints) -> float:
    """Return the mean log probability of the true theory, every theory with the same weight."""
    own = log_probability[np.arange(len(labels)), labels]
    return float((np.bincount(labels, own) / np.bincount(labels)).mean())


def tempered(log_probability: Floats, temperature: float) -> Floats:
    """Return log probabilities to the power 1/temperature, so that they sum to one again."""
    return np.asarray(log_softmax(log_probability / temperature, axis=1))


def _log_probability(model: Any, matrix: Floats) -> Floats:
    return np.asarray(np.log(np.clip(model.predict_proba(matrix), FLOOR, None)))


def _temperature(log_probability: Floats, labels: Ints) -> float:
    """Return the temperature with the best log score."""

    def loss(log_temperature: float) -> float:
        return -log_score(tempered(log_probability, float(np.exp(log_temperature))), labels)

    found = minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
