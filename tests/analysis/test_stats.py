"""Statistics over animals against scipy, brute force and simulation."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from errorneurons.analysis.stats import (
    against_zero,
    holm,
    mean_interval,
    ratio_of_means,
    sign_flip,
    spread,
    student,
)

VALUES = np.random.default_rng(2).normal(0.4, 1, (20, 7))


def test_the_test_against_zero_agrees_with_scipy() -> None:
    for values in VALUES:
        found = against_zero(values)
        above, below = (stats.ttest_1samp(values, 0, alternative=a) for a in ("greater", "less"))
        assert found.t == pytest.approx(above.statistic)
        assert (found.p_above, found.p_below) == pytest.approx((above.pvalue, below.pvalue))
        assert (found.mean, found.degrees) == (pytest.approx(values.mean()), 6)


def test_the_test_against_zero_is_symmetric() -> None:
    for values in VALUES:
        there, back = against_zero(values), against_zero(-values)
        assert there.t == -back.t
        assert there.p_above == pytest.approx(back.p_below)
        assert there.p_sign_flip == pytest.approx(back.p_sign_flip)


@pytest.mark.parametrize(("value", "p_above"), [(2.0, 0.0), (-2.0, 1.0), (0.0, 0.5)])
def test_animals_that_all_agree_leave_no_doubt(value: float, p_above: float) -> None:
    assert student([value] * 6)[1] == p_above


def test_the_sign_flip_test_is_brute_force_over_all_signs() -> None:
    for values in VALUES[:5]:
        sums = np.array([np.dot(signs, values) for signs in product((-1, 1), repeat=7)])
        brute = (np.abs(sums) >= abs(values.sum()) - 1e-12).mean()
        assert sign_flip(values)[0] == pytest.approx(brute)


def test_the_smallest_sign_flip_p_at_six_animals_is_one_in_thirty_two() -> None:
    assert sign_flip([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == (0.03125, 0.03125)


def test_the_sign_flip_test_of_nothing_is_one() -> None:
    assert sign_flip(np.zeros(6))[0] == 1.0


def test_above_twenty_animals_there_is_no_sign_flip_p() -> None:
    p, least = sign_flip(np.ones(21))
    assert np.isnan(p)
    assert least == 2.0**-20


def test_a_ratio_is_that_of_the_means_not_the_mean_of_the_ratios() -> None:
    assert ratio_of_means([1.0, 3.0], [1.0, 1e-3]).value == pytest.approx(4 / 1.001)


def test_the_jackknife_interval_of_a_constant_denominator_is_students() -> None:
    n = VALUES[0]
    found, wanted = ratio_of_means(n, np.full(7, 2.0)), stats.ttest_1samp(n / 2, 0)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))


def test_the_jackknife_interval_of_a_ratio_covers() -> None:
    rng = np.random.default_rng(11)
    m = rng.normal(1.0, 0.3, (1000, 10))
    n = 0.2 * m + rng.normal(0, 0.2, m.shape)
    found = [ratio_of_means(*pair) for pair in zip(n, m, strict=True)]
    assert 0.90 <= np.mean([f.low <= 0.2 <= f.high for f in found]) <= 0.98


def test_one_animal_gives_a_ratio_without_an_interval() -> None:
    found = ratio_of_means([1.0], [2.0])
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()
    assert found.level == "no interval from one animal"


@pytest.mark.parametrize("test", [against_zero, student])
@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_animals_are_refused(test: Any, values: list[float]) -> None:
    with pytest.raises(ValueError, match=f"a test over animals needs 2 or more, not {len(values)}"):
        test(values)


def test_the_range_over_networks_leaves_out_five_percent_on_either_side() -> None:
    assert spread(np.arange(101)) == pytest.approx((5.0, 95.0))


def test_holm_multiplies_the_smallest_p_most_and_leaves_nan_alone() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, np.nan, 0.03]), [0.03, 0.06, np.nan, 0.06])


def test_the_interval_of_a_mean_is_students_over_what_is_finite() -> None:
    found = mean_interval([1.0, 2.0, 4.0, np.nan, np.inf])
    expected = stats.t.interval(0.95, 2, 7 / 3, stats.sem([1.0, 2.0, 4.0]))
    assert (found.value, found.low, found.high) == pytest.approx((7 / 3, *expected))


@pytest.mark.parametrize(("values", "mean"), [([3.0, np.nan], 3.0), ([np.nan], np.nan)])
def test_one_number_has_no_interval_of_its_mean(values: list[float], mean: float) -> None:
    found = mean_interval(values)
    assert found.value == pytest.approx(mean, nan_ok=True)
    assert np.isnan([found.low, found.high]).all()
