"""Energies of response patterns: unbiased, free of baseline, and in units of gain squared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.analysis.measures.activity import (
    Curves,
    activities,
    activity,
    magnitude,
    mean_rate,
)
from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import (
    Factors,
    Response,
    energy,
    energy_of_difference,
    false_labels,
    level_of,
    overlap,
    overlap_of_contrasts,
    responses,
    trials,
    tuning_energy,
    units,
)
from errorneurons.analysis.measures.gaps import thinned
from errorneurons.analysis.session.session import session
from errorneurons.analysis.statistics import Floats

PATTERN = {"a": np.array([1.0, -2.0, 0.5]), "b": np.array([0.0, 1.0, 3.0])}
TRUTH = float(np.mean([(p**2).mean() for p in PATTERN.values()]))


def noisy(seed: int, count: int = 4, noise: float = 1.0, scale: float = 1.0) -> Response:
    rng = np.random.default_rng(seed)
    return {k: scale * p + rng.normal(0, noise, (count, 3)) for k, p in PATTERN.items()}


def without_noise(count: int = 3) -> Response:
    return {k: np.tile(p, (count, 1)) for k, p in PATTERN.items()}


def assert_mean(values: Sequence[float], truth: float) -> None:
    """Demand that the mean lies within four standard errors of the truth."""
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - truth) < 4 * error


def recorded(rate: Floats, **columns: Any) -> xr.Dataset:
    """Return a session of trials of 100 ms bins, input at 0, from -0.2 s on."""
    count, bins, cells = rate.shape
    defaults: dict[str, Any] = {
        "time": np.round((np.arange(bins) + 0.5) * 0.1 - 0.2, 9),
        "unit_id": [f"u{k}" for k in range(cells)],
        "area": ["V1", "LM"] * (cells // 2), "level": [1.0, 2.0] * (cells // 2),
        "role": ["error", "representation"] * (cells // 2), "label_source": ["model"] * cells,
        "stimulus": ["a", "b"] * (count // 2), "input_onset": np.zeros(count),
    }  # fmt: skip
    return session(
        {"rate": rate}, defaults | columns, {"animal": "m", "session_id": "1"}, units="Hz",
        sampling_rate=10.0,
    )  # fmt: skip


# Energies


def test_the_energy_of_a_noisy_response_is_unbiased() -> None:
    assert_mean([energy(noisy(seed)) for seed in range(2000)], TRUTH)


def test_the_naive_energy_is_inflated_by_noise() -> None:
    naive = [
        np.mean([(x.mean(axis=0) ** 2).mean() for x in noisy(seed).values()]) for seed in range(500)
    ]
    assert np.mean(naive) - TRUTH == pytest.approx(1 / 4, rel=0.2)  # noise variance over trials


def test_the_energy_of_nothing_is_negative_as_often_as_chance_has_it() -> None:
    values = [energy(noisy(seed, scale=0.0)) for seed in range(1000)]
    assert_mean(values, 0.0)
    assert min(values) < 0


def test_without_noise_the_energy_is_the_mean_square() -> None:
    assert energy(without_noise()) == pytest.approx(TRUTH)


@given(gain=st.floats(-100, 100), seed=st.integers(0, 100))
def test_the_energy_scales_with_the_gain_squared(gain: float, seed: int) -> None:
    scaled = {k: gain * x for k, x in noisy(seed).items()}
    assert energy(scaled) == pytest.approx(gain**2 * energy(noisy(seed)), rel=1e-9, abs=1e-12)


@given(gain=st.floats(0.01, 100), seed=st.integers(0, 100))
def test_a_ratio_of_energies_does_not_depend_on_the_gain(gain: float, seed: int) -> None:
    first, second = noisy(seed), noisy(seed + 1, scale=2.0)
    ratio = energy(first) / energy(second)
    scaled = ({k: gain * x for k, x in part.items()} for part in (first, second))
    n, m = (energy(part) for part in scaled)
    assert n / m == pytest.approx(ratio, rel=1e-9)


def test_a_stimulus_with_a_single_trial_does_not_count() -> None:
    assert energy({**without_noise(), "c": np.full((1, 3), 9.0)}) == pytest.approx(TRUTH)


def test_there_is_no_energy_without_two_trials() -> None:
    assert np.isnan(energy({"a": np.ones((1, 3))}))


def test_the_energy_of_a_difference_of_equal_conditions_is_nothing_on_average() -> None:
    pairs = [(noisy(2 * seed), noisy(2 * seed + 1)) for seed in range(1000)]
    assert_mean([energy_of_difference(*pair) for pair in pairs], 0.0)


def test_the_energy_of_a_difference_is_that_of_the_difference_of_patterns() -> None:
    pairs = [(noisy(2 * seed), noisy(2 * seed + 1, count=7, scale=3.0)) for seed in range(1000)]
    assert_mean([energy_of_difference(*pair) for pair in pairs], 4 * TRUTH)


def test_a_difference_is_taken_over_stimuli_that_both_conditions_have() -> None:
    only_a = {"a": without_noise()["a"] * 2}
    assert energy_of_difference(only_a, without_noise()) == pytest.approx(np.mean([1, 4, 0.25]))


def test_the_overlap_of_two_conditions_is_the_product_of_their_means() -> None:
    pairs = [(noisy(2 * seed), noisy(2 * seed + 1, scale=-0.5)) for seed in range(1000)]
    assert_mean([overlap(*pair) for pair in pairs], -0.5 * TRUTH)


def test_the_overlap_of_contrasts_is_bilinear() -> None:
    a, b, c, d = (noisy(seed) for seed in range(4))
    difference = {k: c[k] - d[k] for k in c}
    expected = overlap(a, difference) - overlap(b, difference)
    assert overlap_of_contrasts((a, b), (c, d)) == pytest.approx(expected)


def test_conditions_without_a_shared_stimulus_have_no_overlap() -> None:
    assert np.isnan(overlap({"a": np.ones((2, 3))}, {"b": np.ones((2, 3))}))


def test_without_noise_the_tuning_energy_is_the_variance_over_stimuli() -> None:
    patterns = np.random.default_rng(0).normal(size=(5, 3))
    response = {str(k): np.tile(p, (4, 1)) for k, p in enumerate(patterns)}
    assert tuning_energy(response) == pytest.approx(patterns.var(axis=0, ddof=1).mean())


def test_a_response_that_is_the_same_to_all_stimuli_has_no_tuning() -> None:
    assert tuning_energy({k: np.tile([5.0, 2.0], (3, 1)) for k in "abc"}) == pytest.approx(0)


# Responses


RATES = np.random.default_rng(3).poisson(5.0, (6, 6, 4)).astype(float)


def response(seen: xr.Dataset, window: tuple[float, float] = (0.0, 0.2)) -> Response:
    chosen, cells = np.arange(seen.sizes["trial"]), np.arange(seen.sizes["unit"])
    return responses(seen, chosen, cells, "input_onset", window, (-0.2, 0.0))


def test_a_response_is_window_mean_minus_baseline_mean_by_stimulus() -> None:
    expected = RATES[:, 2:4].mean(axis=1) - RATES[:, :2].mean(axis=1)
    found = response(recorded(RATES))
    np.testing.assert_allclose(found["a"], expected[::2])
    np.testing.assert_allclose(found["b"], expected[1::2])


@given(baseline=st.floats(0, 1000))
def test_adding_a_baseline_changes_no_response(baseline: float) -> None:
    before, after = response(recorded(RATES)), response(recorded(RATES + baseline))
    assert energy(after) == pytest.approx(energy(before), abs=1e-8)


@pytest.mark.parametrize(
    ("window", "bins"),
    [((0.0, 0.1), [2]), ((0.0, 0.2), [2, 3]), ((0.05, 0.15), [2]), ((0.051, 0.16), [3]),
     ((0.1, 0.4), [3, 4, 5])],
)  # fmt: skip
def test_a_bin_belongs_to_a_window_that_its_centre_lies_in(
    window: tuple[float, float], bins: list[int]
) -> None:
    expected = RATES[0, bins].mean(axis=0) - RATES[0, :2].mean(axis=0)
    np.testing.assert_allclose(response(recorded(RATES), window)["a"][0], expected)


def test_windows_follow_the_event_of_each_trial() -> None:
    found = response(recorded(RATES, input_onset=[0.0, 0.1] * 3))
    expected = RATES[1, 3:5].mean(axis=0) - RATES[1, 1:3].mean(axis=0)
    np.testing.assert_allclose(found["b"][0], expected)


def test_trials_in_which_no_unit_is_without_a_gap_are_left_out() -> None:
    gappy = RATES.copy()
    gappy[0, 3, 1] = gappy[2, 3] = np.nan
    found = response(recorded(gappy))
    assert {name: len(x) for name, x in found.items()} == {"a": 2, "b": 3}
    assert np.isnan(found["a"]).sum() == 1
    assert np.isfinite(energy(found))


def test_a_gap_outside_the_windows_does_no_harm() -> None:
    gappy = RATES.copy()
    gappy[2, 5, 1] = np.nan
    assert len(response(recorded(gappy))["a"]) == 3


def test_a_window_without_a_bin_gives_no_response() -> None:
    assert response(recorded(RATES), (0.5, 0.6)) == {}


# Trials and units


def test_trials_have_all_factors() -> None:
    seen = recorded(RATES, outcome=["expected"] * 3 + ["unexpected"] * 3, teaching=[True] * 6)
    factors: dict[str, str | bool] = {"outcome": "unexpected", "teaching": True, "stimulus": "a"}
    assert trials(seen, factors).tolist() == [4]


def test_no_trial_has_a_factor_that_was_not_recorded() -> None:
    assert len(trials(recorded(RATES), {"outcome": "expected"})) == 0


@given(marked=st.lists(st.booleans(), min_size=6, max_size=6))
def test_no_trial_that_labelled_the_units_is_ever_chosen(marked: list[bool]) -> None:
    seen = recorded(RATES, localiser=marked)
    assert trials(seen, {}).tolist() == [k for k in range(6) if not marked[k]]


def test_a_share_of_false_labels_that_is_nowhere_known_is_none() -> None:
    columns = {"label_source": ["genetic"] * 4, "role": ["error"] * 4}
    assert false_labels(recorded(RATES, **columns)) is None
    assert false_labels(recorded(RATES, label_error=[np.nan] * 4, **columns)) is None
    known = recorded(RATES, label_error=[0.1, np.nan, np.nan, np.nan], **columns)
    assert false_labels(known) == (0.1, 0.1, 0.1)


def test_unlabelled_units_are_all_but_error_units() -> None:
    seen = recorded(RATES, role=["error", "representation", "unknown", "error"])
    assert units(seen, "unlabelled").tolist() == [1, 2]
    assert units(seen, "error", lambda level: level > 1).tolist() == [3]


def test_an_area_without_units_has_no_level() -> None:
    assert level_of(recorded(RATES), "LM") == 2.0
    assert np.isnan(level_of(recorded(RATES), "MT"))


@pytest.mark.parametrize("groups", [2, 3, 8])
def test_over_all_groups_each_trial_is_left_out_exactly_once(groups: int) -> None:
    rate = np.arange(24.0).repeat(2).reshape(24, 1, 2)
    seen = recorded(rate, stimulus=["a"] * 10 + ["b"] * 14, teaching=[True, False] * 12)
    kept = [set(thinned(seen, g, groups)["rate"].values[:, 0, 0]) for g in range(groups)]
    left_out = [trial for k in kept for trial in set(range(24)) - k]
    assert sorted(left_out) == list(range(24))


def test_each_group_leaves_out_equally_many_trials_of_each_kind() -> None:
    seen = recorded(RATES.repeat(2, axis=0), stimulus=["a"] * 6 + ["b"] * 6)
    assert list(thinned(seen, 1, 3)["stimulus"].values) == ["a"] * 4 + ["b"] * 4


def test_the_activity_in_time_is_the_mean_over_units_and_trials() -> None:
    seen = recorded(RATES)
    found = activity([seen, seen], {"all a": {"stimulus": "a"}}, mean_rate)
    expected = RATES[::2, :, ::2].mean(axis=(0, 2))
    np.testing.assert_allclose(found["mean"].sel(role="error", area="V1")[0], expected, rtol=1e-6)
    assert found["area"].values.tolist() == ["V1", "LM"]
    assert np.isnan(found["mean"].sel(role="error", area="LM")).all()


@pytest.mark.parametrize("curves", [magnitude, mean_rate])
@pytest.mark.parametrize("count", [1, 3])
def test_pictures_computed_together_are_those_computed_one_by_one(
    curves: Curves, count: int
) -> None:
    seen = [recorded(RATES * (1 + k)) for k in range(count)]
    pictures: dict[str, dict[str, Factors]] = {
        "both": {"all a": {"stimulus": "a"}, "all b": {"stimulus": "b"}},
        "one": {"b": {"stimulus": "b"}},
    }
    together = activities(seen, pictures, curves)
    for name, conditions in pictures.items():
        xr.testing.assert_identical(together[name], activity(seen, conditions, curves))
    alone = together["one"].sel(condition="b", drop=True)
    xr.testing.assert_equal(together["both"].sel(condition="all b", drop=True), alone)


def test_sessions_that_are_asked_often_answer_as_ever() -> None:
    seen = recorded(RATES)
    chosen, every = trials(seen, {"stimulus": "a"}), np.arange(seen.sizes["unit"])
    plain = responses(seen, chosen, every, "input_onset", (0.0, 0.1), (-0.1, 0.0))
    with asked_often([seen]):
        for cells in (every[:1], every):
            found = responses(seen, chosen, cells, "input_onset", (0.0, 0.1), (-0.1, 0.0))
            for name, expected in plain.items():
                np.testing.assert_array_equal(found[name], expected[:, cells])
        assert trials(seen, {"stimulus": "a"}) is trials(seen, {"stimulus": "a"})
    assert trials(seen, {"stimulus": "a"}) is not trials(seen, {"stimulus": "a"})


def test_the_size_of_a_response_survives_pairs_of_cells_of_opposite_sign() -> None:
    step = np.array([0.0, 0.0, 3.0, 3.0])[None, :, None] * np.array([1.0, -1.0])
    seen = recorded(np.repeat(step, 6, axis=0) + 10, stimulus=["a"] * 6, input_onset=[0.0] * 6)
    seen = seen.assign_coords(time=("time", [-0.15, -0.05, 0.05, 0.15], seen["time"].attrs))
    curve = magnitude(seen, np.arange(6), [np.arange(2)])[0, 0]
    np.testing.assert_allclose(curve, [0, 0, 3, 3], atol=1e-12)
