"""Whether two responses are in the same cells, against populations in which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.analysis.measures.energies import energy_of_difference
from errorneurons.analysis.measures.segregation import (
    ONE_PEAK,
    shared_by_cells,
    unit_energies_of_difference,
)

COUNT = 2000


def ratio(a: np.ndarray, b: np.ndarray) -> float:
    n, m, _ = shared_by_cells(a, b)
    return n / m


def test_responses_that_have_nothing_to_do_with_each_other_share_as_many_cells_as_chance() -> None:
    rng = np.random.default_rng(1)
    found = [shared_by_cells(*rng.exponential(size=(2, 12))) for _ in range(4000)]
    n, m, _ = np.mean(found, axis=0)
    assert n == pytest.approx(m, rel=0.03)
    assert m == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_two_classes_share_no_cell_however_many_belong_to_each(share: float) -> None:
    first = np.arange(COUNT) < share * COUNT
    assert ratio(1.0 * first, 3.0 * ~first) == 0.0


@given(
    mode=st.floats(-0.9, 0.9), low=st.floats(-1, 1), high=st.floats(-1, 1),
    gain=st.floats(0, 2), seed=st.integers(0, 99),
)  # fmt: skip
def test_no_selectivity_with_one_peak_shares_less_than_two_thirds(
    mode: float, low: float, high: float, gain: float, seed: int
) -> None:
    # any density with one peak is a mixture of even ones that begin at the peak; this one has
    # two parts of such sizes that its mean is 0
    low, high = min(low, -mode), max(high, -mode)
    part = (high + mode) / max(high - low, 1e-9)
    even = (np.arange(COUNT) + 0.5) / COUNT
    s = np.concatenate([mode + even * (end - mode) for end in (low, high)])
    weight = np.repeat([part, 1 - part] if high > low else [0.5, 0.5], COUNT)
    drawn = np.random.default_rng(seed).choice(s, 40 * COUNT, p=weight / weight.sum())
    g = np.random.default_rng(seed + 1).lognormal(0, gain / 4, len(drawn))
    assert ratio(g * (1 - drawn), g * (1 + drawn)) > ONE_PEAK - 0.03


def test_an_even_selectivity_shares_just_two_thirds() -> None:
    s = np.linspace(-1, 1, COUNT)
    assert ratio(1 - s, 1 + s) == pytest.approx(ONE_PEAK, abs=0.002)


def test_cells_without_a_number_are_left_out_and_one_cell_has_no_other() -> None:
    a, b = np.array([1.0, 1.0, np.nan]), np.array([1.0, 1.0, 1.0])
    assert shared_by_cells(a, b) == (1.0, 1.0, 1.0)
    assert np.isnan(shared_by_cells(a[:1], b[:1])).all()


def test_the_energies_of_a_difference_have_that_of_all_units_for_mean() -> None:
    rng = np.random.default_rng(0)
    first, second = ({s: rng.normal(size=(n, 5)) for s, n in (("a", 3), ("b", 4))} for _ in "12")
    each = unit_energies_of_difference(first, second | {"c": first["a"]})
    assert each.mean() == pytest.approx(energy_of_difference(first, second))
    assert len(unit_energies_of_difference(first, {"c": first["a"]})) == 0
