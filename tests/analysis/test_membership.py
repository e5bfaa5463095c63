"""Ranks among held-out worlds, and distances."""

import numpy as np
import pytest

from errorneurons.analysis.membership import LEAST_SPREAD, cloud, ranks, spread


def of(score, world=None, fold=None):
    score = np.asarray(score, dtype=float)
    world = np.arange(len(score)) if world is None else np.asarray(world)
    fold = np.zeros(len(score), dtype=int) if fold is None else np.asarray(fold)
    return ranks(score, world, fold)


def test_with_one_experiment_a_world_the_p_is_the_rank_among_all() -> None:
    p = of([1.0, 2.0, 3.0, 4.0]).p(np.array([[0.0], [2.5], [9.0]]))
    assert p == pytest.approx([5 / 5, 3 / 5, 1 / 5])


def test_a_tie_speaks_for_the_theory() -> None:
    assert of([1.0, 2.0, 2.0]).p(np.array([[2.0]])) == pytest.approx([3 / 4])


def test_a_world_counts_once_however_many_experiments_it_holds() -> None:
    score, world = [5.0] * 98 + [1.0, 1.0], [0] * 98 + [1, 2]
    assert of(score, world).p(np.array([[3.0]])) == pytest.approx([(1 + 1) / 4])


def test_each_world_is_compared_by_the_models_that_have_not_seen_it() -> None:
    rank = of([1.0, 1.0, 10.0, 10.0], fold=[0, 0, 1, 1])
    assert rank.p(np.array([[2.0, 9.0]])) == pytest.approx([3 / 5])


def test_an_experiment_is_not_compared_with_its_own_world() -> None:
    rank = of([5.0, 5.0, 1.0, 1.0], [0, 0, 1, 2])
    score, world = np.array([5.0, 5.0, 1.0, 1.0, 5.0]), np.array([0, 0, 1, 2, 0])
    p = rank.p_held_out(score, world, np.array([True, True, True, True, False]))
    assert p == pytest.approx([1 / 3, 1 / 3, 3 / 3, 3 / 3, 2 / 4])


@pytest.mark.parametrize("worlds", [24, 40, 100])
@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_a_new_world_of_the_theory_is_ruled_out_once_in_twenty_at_most(worlds, shared) -> None:
    rng, out = np.random.default_rng(worlds), []
    for _ in range(1000):
        level = rng.normal(size=worlds + 1)
        score = shared * level[:, None] + (1 - shared) * rng.normal(size=(worlds + 1, 10))
        rank = of(score[1:].ravel(), np.repeat(np.arange(worlds), 10))
        out.append(rank.p(score[:1, :1])[0] <= 0.05)
    assert np.mean(out) <= 0.065


def test_a_cloud_without_spread_has_finite_distances() -> None:
    near, far = cloud(np.full((20, 2), -1.0)).distance(np.array([[-1.0, -1.0], [1.0, -1.0]]))
    assert np.isfinite([near, far]).all()
    assert far > near


def test_a_cloud_of_two_parts_is_empty_in_between() -> None:
    part = np.random.default_rng(0).normal(0, 0.03, (100, 2))
    between, within = cloud(np.vstack([part - 0.6, part + 0.6])).distance(
        np.array([[0.0, 0.0], [0.6, 0.6]])
    )
    assert between > within


def test_distance_is_counted_in_units_of_the_theory() -> None:
    own = np.random.default_rng(0).normal(0, [0.3, 0.05], (300, 2))
    along, across = cloud(own).distance(np.array([[0.9, 0.0], [0.0, 0.9]]))
    assert across > along + 1


def test_the_scale_of_a_score_runs_from_its_median_to_a_quantile() -> None:
    found = spread(np.arange(101.0), 0.9)
    assert found.standardised(np.array([50.0, 90.0])) == pytest.approx([0.0, 1.0])
    assert spread(np.ones(10), 0.9).size == LEAST_SPREAD
