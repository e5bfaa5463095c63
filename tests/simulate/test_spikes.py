"""Spike counts have the mean and the Fano factor that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.simulate.engine.counts import MANY
from errorneurons.simulate.instrument.spikes import (
    TOGETHER,
    poisson,
    poisson_of_kinds,
    regularity,
    sub_poisson,
)

TRIALS, BINS, UNITS = 400, 20, 40


def counts(fano: float, mean: float = 0.8) -> np.ndarray:
    """Return spike counts of 400 trials and 40 units, (trial, time, unit)."""
    expected = np.full((TRIALS, BINS, UNITS), mean)
    return sub_poisson(expected, fano, np.random.default_rng(3))


@given(st.floats(0.02, 0.98))
def test_order_and_share_give_the_fano_factor(fano: float) -> None:
    order, share = regularity(fano)
    assert 1 - share + share / order == pytest.approx(fano)
    assert 0 < share <= 1 + 1e-9


@pytest.mark.parametrize("fano", [0.1, 0.3, 0.5, 0.8])
def test_the_mean_is_exact_in_every_bin(fano: float) -> None:
    found = counts(fano).mean(axis=(0, 2))
    assert np.abs(found - 0.8).max() < 5 * np.sqrt(0.8 / (TRIALS * UNITS))


@pytest.mark.parametrize("fano", [0.1, 0.3, 0.5, 0.8])
def test_the_variance_in_a_window_is_that_of_the_renewal_process(fano: float) -> None:
    order, share = regularity(fano)
    window = counts(fano).sum(axis=1).ravel()
    expected = fano * 16 + share**2 * (1 - order**-2) / 6
    error = expected * np.sqrt(2 / window.size)
    assert abs(window.var() - expected) < 4 * error


@pytest.mark.parametrize("fano", [0.1, 0.5])
def test_the_mean_follows_a_rate_that_changes(fano: float) -> None:
    mean = np.linspace(0, 3, BINS)[None, :, None] * np.ones((TRIALS, 1, UNITS))
    found = sub_poisson(mean, fano, np.random.default_rng(1)).mean(axis=(0, 2))
    assert np.abs(found - mean[0, :, 0]).max() < 5 * np.sqrt(3 / (TRIALS * UNITS))


def test_no_spikes_are_expected_and_none_come() -> None:
    assert not counts(0.3, mean=0.0).any()


@pytest.mark.parametrize("highest", [0.5, 9.9, 40.0])
def test_counts_are_those_that_numpy_draws(highest: float) -> None:
    mean = np.random.default_rng(1).uniform(0, highest, (30, 20, 10)).astype(np.float32)
    mean[0] = 0
    ours, numpys = np.random.default_rng(2), np.random.default_rng(2)
    np.testing.assert_array_equal(poisson(mean, ours), numpys.poisson(mean))
    assert ours.random() == numpys.random()


def test_poisson_counts_have_a_fano_factor_of_one() -> None:
    window = poisson(np.full((TRIALS, 5, UNITS), 2.0), np.random.default_rng(2)).sum(axis=1)
    assert window.var() / window.mean() == pytest.approx(1, abs=4 * np.sqrt(2 / window.size))


@pytest.mark.parametrize("mean", [0.003, 0.4, 2.0, 9.99, 10.0, MANY - 0.01, MANY, 50.0])
def test_counts_of_kinds_are_poisson(mean: float) -> None:
    kinds = np.array([[0.0, mean, 1.0], [0.0, 0.0, mean]])
    rows = np.tile([0, 0, 0, 1, 0], 4000)
    found = poisson_of_kinds(kinds, rows, np.random.default_rng(5))
    assert not found[:, 0].any()
    for unit, drawn in ((1, found[rows == 0, 1]), (2, found[rows == 1, 2])):
        edges = np.unique(scipy.stats.poisson.ppf(np.linspace(0, 1, 40)[1:-1], mean))
        bins = np.array([-1, *edges, np.inf])
        observed = np.histogram(drawn, bins + 0.5)[0]
        expected = len(drawn) * np.diff(scipy.stats.poisson.cdf(bins, mean))
        assert scipy.stats.chisquare(observed, expected).pvalue > 1e-3, unit


def test_counts_of_a_kind_are_the_inverse_of_the_distribution() -> None:
    mean, count = np.random.default_rng(3).uniform(0, MANY, (4, 30)), 3 * TOGETHER // 2
    rows = np.sort(np.random.default_rng(4).integers(0, 4, count))
    found = poisson_of_kinds(mean, rows, np.random.default_rng(1))
    uniform = np.random.default_rng(1).random(found.shape)
    np.testing.assert_array_equal(found, scipy.stats.poisson.ppf(uniform, mean[rows]))


def test_draws_do_not_depend_on_how_many_follow() -> None:
    mean, rows = np.full((1, 7), 3.0), np.zeros(3 * TOGETHER, dtype=int)
    few, many = (
        poisson_of_kinds(mean, rows[:n], np.random.default_rng(1)) for n in (10, len(rows))
    )
    np.testing.assert_array_equal(few, many[:10])
