"""Classifiers of theories, calibrated on worlds that they have not seen."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from errorneurons.analysis.evidence.classifiers import (
    CANDIDATES,
    THINNED,
    Candidate,
    contenders,
    fit,
    fit_contenders,
    log_score,
    simplest_of_the_best,
    tempered,
    world_folds,
)

TWO = {"a": [0.3], "b": [-0.3]}


def fitted(experiments, candidate=CANDIDATES[0]):
    folds = world_folds(experiments, 1)
    return fit(candidate, experiments.values, experiments.label, folds, 1)


@pytest.mark.parametrize("worlds", [2, 3, 24])
def test_a_world_lies_in_one_fold_and_every_fold_has_every_theory(clusters, worlds) -> None:
    experiments = clusters(TWO, worlds=worlds)
    fold = world_folds(experiments, 3)
    seen = {(int(w), int(f)) for w, f in zip(experiments.world, fold, strict=True)}
    assert len(seen) == worlds
    in_each = {(t, int(f)) for t, f in zip(experiments.theory, fold, strict=True)}
    assert len(in_each) == 2 * min(5, worlds)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_every_candidate_knows_what_bayes_knows(clusters, candidate) -> None:
    experiments = clusters(TWO, worlds=150, each=10, shift=0.0, noise=0.3)
    found = fitted(experiments, candidate)
    log_odds = np.arctanh(experiments.values[:, 0]) * 2 * np.arctanh(0.3) / 0.09
    error = np.exp(found.held_out[:, 0]) - expit(log_odds)
    assert np.abs(error).mean() < (0.08 if candidate.name == "random forest" else 0.04)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_constant_features_and_bits_are_no_hindrance(clusters, candidate) -> None:
    experiments = clusters({"a": [0.3, 0.0, 0.0], "b": [-0.3, 0.0, 0.0]})
    experiments.values[:, 1], experiments.values[:, 2] = -1.0, experiments.label
    assert np.isfinite(fitted(experiments, candidate).log_probability(experiments.values, 0)).all()


def test_the_score_of_not_knowing_is_that_of_chance() -> None:
    labels = np.array([0, 0, 0, 1, 2])
    assert log_score(np.full((5, 3), np.log(1 / 3)), labels) == pytest.approx(-np.log(3))


def test_theories_weigh_the_same_in_the_score_however_many_experiments_they_have() -> None:
    log = np.log([[0.9, 0.1]] * 9 + [[0.5, 0.5]])
    assert log_score(log, np.array([0] * 9 + [1])) == pytest.approx(np.log([0.9, 0.5]).mean())


def test_a_temperature_keeps_sums_and_order() -> None:
    log = np.log([[0.7, 0.2, 0.1]])
    warm = np.exp(tempered(log, 4.0))
    assert warm.sum() == pytest.approx(1)
    assert warm[0, 0] > warm[0, 1] > warm[0, 2] > 0.1


class Overconfident:
    """Says log odds three times too large."""

    def __init__(self, gain):
        self.gain = gain

    def fit(self, _matrix, _labels):
        return self

    def predict_proba(self, matrix):
        odds = expit(self.gain * matrix[:, 0])
        return np.column_stack([odds, 1 - odds])


def test_overconfidence_is_cooled_by_held_out_worlds(clusters) -> None:
    experiments = clusters(TWO, worlds=200, each=20, shift=0.0, noise=0.3)
    true_gain = 2 * np.arctanh(0.3) / 0.09
    experiments.values[:] = np.arctanh(experiments.values)
    found = fitted(experiments, Candidate("loud", lambda _seed: Overconfident(3 * true_gain)))
    assert found.temperatures == pytest.approx([3.0] * 5, rel=0.2)


def test_of_equals_the_simplest_is_chosen(clusters) -> None:
    experiments = clusters(TWO, worlds=40)
    simple = fitted(experiments)
    world, labels = experiments.world, experiments.label
    assert simplest_of_the_best([simple, fitted(experiments)], labels, world) is simple


def test_a_better_classifier_is_chosen_though_it_is_complex(clusters) -> None:
    ring = clusters({"a": [0.0, 0.0], "b": [0.5, 0.5]}, worlds=40)
    signs = np.random.default_rng(0).choice([-1, 1], ring.values.shape)
    ring.values[:] *= signs
    both = [fitted(ring, CANDIDATES[0]), fitted(ring, CANDIDATES[2])]
    assert simplest_of_the_best(both, ring.label, ring.world) is both[1]


def test_a_classifier_that_fails_badly_in_one_world_is_not_taken_for_an_equal(clusters) -> None:
    experiments = clusters(TWO, worlds=40)
    labels, world = experiments.label, experiments.world
    best = fitted(experiments)
    lost = np.where((world == 0) & (labels == 0), 60.0, -0.01)[:, None]
    modest, rash = (
        replace(best, held_out=best.held_out - loss, score=best.score - np.mean(loss))
        for loss in (0.2, lost)
    )
    assert rash.score < modest.score
    assert simplest_of_the_best([rash, best], labels, world) is rash  # close by its scatter alone
    assert simplest_of_the_best([modest, rash, best], labels, world) is best


@pytest.mark.parametrize(("errors", "near"), [(1.9, True), (2.1, False)])
def test_a_contender_is_less_than_two_standard_errors_behind(clusters, errors, near) -> None:
    experiments = clusters(TWO, worlds=40)
    labels, world = experiments.label, experiments.world
    best = fitted(experiments)
    off = np.random.default_rng(0).normal(size=(2, 40))
    off = (off - off.mean(1, keepdims=True)) / off.std(1, ddof=1, keepdims=True)
    lost = errors * np.sqrt(1 / 80) + off[labels, world]
    behind = replace(best, name="behind", held_out=best.held_out - lost[:, None])
    behind = replace(behind, score=log_score(behind.held_out, labels))
    assert ("behind" in contenders([best, behind], labels, world)) == near


def far_and_near(clusters, each):
    experiments = clusters(TWO, worlds=40, each=each)
    kinds = (Candidate("silent", lambda _seed: Overconfident(0.0)), *CANDIDATES[:2])
    folds = world_folds(experiments, 1)
    found, scores = fit_contenders(kinds, experiments.values, experiments, folds, 1)
    alone = fit(kinds[1], experiments.values, experiments.label, folds, 1)
    return {one.name: one for one in found}, scores, alone


def test_a_kind_that_is_far_behind_is_scored_and_not_fitted_to_all(clusters) -> None:
    found, scores, _ = far_and_near(clusters, 2 * THINNED // 40)
    assert "silent" not in found
    assert scores["silent"] == pytest.approx(np.log(0.5))


def test_contenders_are_fitted_as_if_there_were_no_others(clusters) -> None:
    found, scores, alone = far_and_near(clusters, 2 * THINNED // 40)
    np.testing.assert_array_equal(found[alone.name].held_out, alone.held_out)
    assert scores[alone.name] == alone.score


def test_few_experiments_leave_no_kind_out(clusters) -> None:
    found, scores, _ = far_and_near(clusters, THINNED // 40)
    assert list(found) == list(scores)
    assert len(found) == 3
