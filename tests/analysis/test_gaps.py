"""Energies over the units and trials that are there; bins that straddle an event decide nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Response,
    energy,
    energy_of_difference,
    overlap,
    overlap_of_contrasts,
    responses,
    tuning_energy,
)
from errorneurons.analysis.measures.gaps import unrecorded
from errorneurons.analysis.measures.labelling import labelled_by_localiser
from errorneurons.analysis.measures.windows import window_means
from errorneurons.analysis.session.session import session

UNITS = 12


def drawn(seed: int, trials: int = 6) -> Response:
    rng = np.random.default_rng(seed)
    return {s: rng.normal(1.0, 1.0, (trials, UNITS)) for s in "ab"}


def with_gaps(response: Response, seed: int) -> Response:
    """Return responses in which some units lack some trials, and one has none."""
    rng = np.random.default_rng(seed)
    lost = {s: rng.random(x.shape) < 0.2 for s, x in response.items()}
    for gone in lost.values():
        gone[:, 0] = True
    return {s: np.where(lost[s], np.nan, x) for s, x in response.items()}


def without(response: Response, unit: int) -> Response:
    return {s: np.delete(x, unit, axis=1) for s, x in response.items()}


def lacking(response: Response, unit: int) -> Response:
    gone = np.arange(UNITS) == unit
    return {s: np.where(gone, np.nan, x) for s, x in response.items()}


def test_a_unit_that_was_never_recorded_changes_nothing() -> None:
    a, b, c, d = (drawn(k) for k in range(4))
    less, dead = ([f(x, 3) for x in (a, b, c, d)] for f in (without, lacking))
    assert energy(dead[0]) == pytest.approx(energy(less[0]))
    assert overlap(*dead[:2]) == pytest.approx(overlap(*less[:2]))
    assert energy_of_difference(*dead[:2]) == pytest.approx(energy_of_difference(*less[:2]))
    assert tuning_energy(dead[0]) == pytest.approx(tuning_energy(less[0]))
    pairs = [((x[0], x[1]), (x[2], x[3])) for x in (dead, less)]
    assert overlap_of_contrasts(*pairs[0]) == pytest.approx(overlap_of_contrasts(*pairs[1]))


def test_a_unit_lost_half_way_stands_on_neither_side() -> None:
    a, b = drawn(1), drawn(2)
    half = {s: np.where(np.arange(UNITS) == 3, np.nan, x) for s, x in b.items()}
    expected = energy_of_difference(without(a, 3), without(b, 3))
    assert energy_of_difference(a, half) == pytest.approx(expected)


@pytest.mark.parametrize("measure", [energy, lambda r: energy_of_difference(r, drawn(99, 400))])
def test_energies_with_gaps_are_unbiased(measure: Callable[[Response], float]) -> None:
    whole = [measure(drawn(seed)) for seed in range(400)]
    gappy = [measure(with_gaps(drawn(seed), seed)) for seed in range(400)]
    assert np.mean(gappy) == pytest.approx(np.mean(whole), abs=4 * np.std(gappy) / 20)


def test_without_two_trials_of_a_unit_there_is_no_energy() -> None:
    assert np.isnan(energy({"a": np.array([[1.0, np.nan], [np.nan, 2.0]])}))


def recorded(onset: float, width: float, **gaps: list[int]) -> xr.Dataset:
    """Return six trials of three units which fire at 10 Hz before an event and at 50 Hz after."""
    edges = np.arange(0.0, 0.4 - 1e-9, width)
    left, right = edges - 0.2, edges - 0.2 + width
    after = np.clip((right - np.maximum(left, onset)) / width, 0, 1)
    rate = np.tile((10 + 40 * after)[None, :, None], (6, 1, 3))
    for unit, missing in gaps.items():
        rate[missing, :, int(unit[1:])] = np.nan
    columns = {
        "time": np.round(left + width / 2, 9), "unit_id": list("xyz"), "area": ["V1"] * 3,
        "level": [1] * 3, "role": ["unknown"] * 3, "stimulus": ["a"] * 6,
        "input_onset": np.full(6, onset),
    }  # fmt: skip
    return session({"rate": rate}, columns, {"animal": "m", "session_id": "1"})


@pytest.mark.parametrize("onset", [0.0, 0.013, 0.0199999999])
@pytest.mark.parametrize("width", [0.01, 0.02])
def test_a_bin_that_straddles_the_event_is_neither_before_nor_after_it(
    onset: float, width: float
) -> None:
    made = recorded(onset, width)
    windows = [(-0.05, 0.0), (0.0, 0.05)]
    before, after = window_means(made, np.arange(6), np.arange(3), "input_onset", windows)
    np.testing.assert_allclose(before, 10.0, atol=1e-3)
    np.testing.assert_allclose(after, 50.0, atol=1e-3)


def test_a_trial_that_one_unit_lacks_counts_for_the_others() -> None:
    made = recorded(0.0, 0.01, u1=[0, 1, 2], u2=[0, 1, 2, 3, 4])
    found = responses(made, np.arange(6), np.arange(3), "input_onset", (0.0, 0.05), (-0.05, 0.0))[
        "a"
    ]
    assert np.isfinite(found).sum(axis=0).tolist() == [6, 3, 1]
    assert energy({"a": found}) == pytest.approx(1600.0)


def test_what_was_not_recorded_is_told_apart() -> None:
    made = recorded(0.0, 0.01, u0=[5], u1=[0, 5], u2=[5])
    trials, units = unrecorded(made["rate"].values)
    assert trials.tolist() == [False] * 5 + [True]
    assert units.tolist() == [False, True, False]


def test_a_localiser_finds_cells_beside_one_that_was_not_recorded(
    make_localised: Callable[[], list[xr.Dataset]],
) -> None:
    made = make_localised()[0].drop_vars(["localiser", "label_source", "label_error"])
    made["rate"].values[:, :, 7] = np.nan
    first, second = labelled_by_localiser(made, np.random.default_rng(1))
    for fold in (first, second):
        assert fold["role"].values.tolist() == ["error"] * 3 + ["unknown"] * 5
