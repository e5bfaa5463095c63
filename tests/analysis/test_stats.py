"""Statistics over animals against scipy, brute force and simulation."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from errorneurons.analysis.statistics import (
    against_zero,
    central_range,
    fieller,
    holm,
    mean_interval,
    ratio_of_means,
    shrunk,
    sign_flip,
    skewness,
    student_t,
    students,
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
    assert student_t([value] * 6)[1] == p_above


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


@pytest.mark.parametrize("test", [against_zero, student_t])
@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_animals_are_refused(test: Any, values: list[float]) -> None:
    with pytest.raises(ValueError, match=f"a test over animals needs 2 or more, not {len(values)}"):
        test(values)


def test_the_range_over_networks_leaves_out_five_percent_on_either_side() -> None:
    assert central_range(np.arange(101)) == pytest.approx((5.0, 95.0))


def test_holm_multiplies_the_smallest_p_most_and_leaves_nan_alone() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, np.nan, 0.03]), [0.03, 0.06, np.nan, 0.06])


def test_many_data_sets_are_tested_as_each_alone() -> None:
    rows = np.concatenate([VALUES, np.full((1, 7), -2.0), np.zeros((1, 7))])
    found = np.stack(students(rows.reshape(2, 11, 7)), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(found, [student_t(row) for row in rows])


def test_the_sign_flip_test_of_twenty_animals_agrees_with_scipy() -> None:
    values = np.random.default_rng(7).normal(0.5, 1, 20)
    drawn = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=3
    ).pvalue
    assert sign_flip(values)[0] == pytest.approx(drawn, abs=4 * np.sqrt(drawn / 20_000))


# Fieller


def test_the_ends_of_the_fieller_set_are_where_students_t_begins_to_reject() -> None:
    n, m = VALUES[0], VALUES[1] + 4
    found = fieller(n, m)
    for end in (found.low, found.high):
        assert stats.ttest_1samp(n - end * m, 0).pvalue == pytest.approx(0.05)
    assert found.low < found.value < found.high


def test_the_fieller_set_of_a_constant_denominator_is_students_interval() -> None:
    found, wanted = fieller(VALUES[0], np.full(7, 2.0)), stats.ttest_1samp(VALUES[0] / 2, 0)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))


def test_the_fieller_set_turns_with_the_sign_of_the_denominator() -> None:
    n, m = VALUES[0], VALUES[1] + 4
    there, back = fieller(n, m), fieller(n, -m)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@pytest.mark.parametrize(("shift", "out"), [(0.0, "out: nothing"), (4.0, "out: -")])
def test_a_fieller_set_without_bounds_says_so(shift: float, out: str) -> None:
    m = np.array([-2.0, 2.1, -1.0, 1.0, 0.5, -0.5, 0.2])
    found = fieller(VALUES[0] + shift, m)
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.level.startswith("95 % Fieller set over animals, without bounds: M is not clear")
    assert out in found.level


def test_what_a_fieller_set_without_bounds_leaves_out_is_rejected() -> None:
    n, m = VALUES[0] + 4.0, np.array([-2.0, 2.1, -1.0, 1.0, 0.5, -0.5, 0.2])
    low, high = map(float, fieller(n, m).level.split("out: ")[1].rstrip(")").split(" to "))
    inside, outside = np.linspace(low, high, 7)[1:-1], (low - 1, high + 1)
    assert all(stats.ttest_1samp(n - r * m, 0).pvalue < 0.05 for r in inside)
    assert all(stats.ttest_1samp(n - r * m, 0).pvalue > 0.05 for r in outside)


def test_a_fieller_set_needs_two_animals() -> None:
    with pytest.raises(ValueError, match="an interval over animals needs 2 or more, not 1"):
        fieller([1.0], [2.0])


def test_the_interval_of_a_mean_is_students_over_what_is_finite() -> None:
    found = mean_interval([1.0, 2.0, 4.0, np.nan, np.inf])
    expected = stats.t.interval(0.95, 2, 7 / 3, stats.sem([1.0, 2.0, 4.0]))
    assert (found.value, found.low, found.high) == pytest.approx((7 / 3, *expected))


@pytest.mark.parametrize(("values", "mean"), [([3.0, np.nan], 3.0), ([np.nan], np.nan)])
def test_one_number_has_no_interval_of_its_mean(values: list[float], mean: float) -> None:
    found = mean_interval(values)
    assert found.value == pytest.approx(mean, nan_ok=True)
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("tail", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("animals", [5, 20])
def test_a_t_that_skewness_is_allowed_for_keeps_its_level(tail: float, animals: int) -> None:
    shape = 4 / tail**2
    rng = np.random.default_rng(1)
    t, _ = students(rng.gamma(shape, size=(20_000, animals)) - shape)
    found = shrunk(t, tail, animals)
    assert (found < stats.t.ppf(0.05, animals - 1)).mean() == pytest.approx(0.05, abs=0.01)
    np.testing.assert_array_equal(found[t > 0], t[t > 0])


def test_the_skewness_is_that_of_scipy_and_none_where_there_is_nothing_to_see() -> None:
    x = np.random.default_rng(2).exponential(size=(4, 9))
    np.testing.assert_allclose(skewness(x), stats.skew(x, axis=-1, bias=False))
    assert skewness([2.0, 2.0, 2.0]) == 0
    assert skewness([1.0, 2.0]) == 0
