"""Ranks among held-out worlds, and distances."""

import numpy as np
import pytest
from scipy.stats import binom

from errorneurons.analysis.evidence.membership import (
    FEWEST_WORLDS,
    cloud,
    columns_of,
    membership,
    ranks,
    upper_bound,
)


def of(score, world=None, fold=None):
    score = np.asarray(score, dtype=float)
    world = np.arange(len(score)) if world is None else np.asarray(world)
    fold = np.zeros(len(score), dtype=int) if fold is None else np.asarray(fold)
    return ranks(score, world, fold)


def bounds(*counts: tuple[float, float]):
    """Return the p of experiments from (worlds as far away, worlds)."""
    farther, worlds = np.array(counts, dtype=float).T
    return pytest.approx(upper_bound(farther, worlds))


@pytest.mark.parametrize(("farther", "worlds"), [(0, 40), (1, 60), (3, 100), (39, 40)])
def test_the_p_is_the_upper_bound_of_clopper_and_pearson(farther: int, worlds: int) -> None:
    p = upper_bound(np.array([farther]), np.array([worlds]))[0]
    assert binom.cdf(farther, worlds, p) == pytest.approx(0.2)
    assert p > (1 + farther) / (1 + worlds)


def test_a_theory_of_which_all_worlds_are_farther_has_p_of_one() -> None:
    assert upper_bound(np.array([7.0]), np.array([7])) == pytest.approx(1.0)


def test_with_the_fewest_worlds_a_theory_can_just_be_left_out() -> None:
    p = upper_bound(np.zeros(2), np.array([FEWEST_WORLDS, FEWEST_WORLDS - 1]))
    assert p[0] <= 0.05 < p[1]


@pytest.mark.parametrize("worlds", [40, 100, 300])
def test_four_of_five_libraries_leave_a_theory_out_once_in_twenty_at_most(worlds: int) -> None:
    libraries = np.sort(np.random.default_rng(worlds).uniform(size=(4000, worlds)), axis=1)
    most = np.flatnonzero(upper_bound(np.arange(worlds), np.full(worlds, worlds)) <= 0.05)[-1]
    left_out = 1 - libraries[:, worlds - 1 - most]  # share of worlds beyond that score
    assert np.mean(left_out <= 0.05) >= 0.78


def test_with_one_experiment_a_world_the_p_counts_the_worlds_as_far_away() -> None:
    p = of([1.0, 2.0, 3.0, 4.0]).p(np.array([[0.0], [2.5], [9.0]]))
    assert p == bounds((4, 4), (2, 4), (0, 4))


def test_a_tie_speaks_for_the_theory() -> None:
    assert of([1.0, 2.0, 2.0]).p(np.array([[2.0]])) == bounds((2, 3))


def test_a_world_counts_once_however_many_experiments_it_holds() -> None:
    score, world = [5.0] * 98 + [1.0, 1.0], [0] * 98 + [1, 2]
    assert of(score, world).p(np.array([[3.0]])) == bounds((1, 3))


def test_each_world_is_compared_by_the_models_that_have_not_seen_it() -> None:
    rank = of([1.0, 1.0, 10.0, 10.0], fold=[0, 0, 1, 1])
    assert rank.p(np.array([[2.0, 9.0]])) == bounds((2, 4))


def test_an_experiment_is_not_compared_with_its_own_world() -> None:
    score, world = np.array([5.0, 5.0, 1.0, 1.0]), np.array([0, 0, 1, 2])
    rank = of(score, world)
    assert rank.p_held_out(score, world) == bounds((0, 2), (0, 2), (2, 2), (2, 2))
    assert rank.p_of(np.array([5.0])) == bounds((1, 3))


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


def test_what_a_theory_could_always_test_and_an_experiment_could_not_counts_against_it() -> None:
    own = np.random.default_rng(0).normal(0, 0.1, (200, 3))
    found = membership(own, np.repeat(np.arange(50), 4), 1)
    p = found.p(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, np.nan]]))
    assert p[1] <= 0.05 < p[0]


def test_with_gaps_of_its_own_a_theory_may_leave_a_gap() -> None:
    own = np.random.default_rng(0).normal(0, 0.1, (200, 3))
    own[::3, 2] = np.nan
    found = membership(own, np.repeat(np.arange(50), 4), 1)
    assert found.p(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, np.nan]])).min() > 0.05


def test_one_index_far_off_is_not_covered_for_by_a_world_that_is_unusual_in_many_ways() -> None:
    own = np.random.default_rng(0).normal(0, 0.1, (400, 12))
    world = np.repeat(np.arange(100), 4)
    own[world == 0] += 0.4
    off = np.zeros((1, 12))
    off[0, 3] = 0.8
    found = membership(own, world, 1)
    away = [own.distance(np.pad(off, ((0, 0), (0, 1))))[0] for own in found.clouds]
    assert max(away) < found.centre[0] + found.farthest[0]
    assert found.p(off)[0] <= 0.05


def test_a_claims_own_effect_far_off_is_not_covered_for_by_indices_that_often_are() -> None:
    rng = np.random.default_rng(0)
    own = np.clip(0.05 * rng.standard_t(2, (400, 12)), -1, 1)
    own[:, 0] = rng.normal(0, 0.1, 400)
    world, off = np.repeat(np.arange(100), 4), np.zeros((1, 12))
    off[0, 0] = 0.5
    alike, singled = (membership(own, world, 1, main) for main in (None, np.arange(12) == 0))
    assert alike.p(off)[0] > 0.05
    assert singled.p(off)[0] <= 0.05


def test_features_that_are_zero_or_one_are_bits() -> None:
    values = np.array([[1.0, 0.5, np.nan], [0.0, 1.0, 1.0]])
    assert columns_of(values).bits.tolist() == [True, False, True]
