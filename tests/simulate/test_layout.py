"""Where the engine's arrays begin, and what it takes in one go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.kernels import layout
from errorneurons.simulate.kernels.layout_error_microcircuit import (
    ERROR_MICROCIRCUIT_LAYOUT as PLAN,
)
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import WithoutLookahead


def circuit(layers: tuple[int, ...], **options: Any) -> ErrorMicrocircuit:
    areas = len(layers) - 1
    arguments: dict[str, Any] = {
        "layers": layers, "activation": ("tanh",) * areas, "timing": Timing(1e-4, 2e-4),
        "learning_rates": (0.1,) * areas,
    }  # fmt: skip
    return ErrorMicrocircuit(**(arguments | options))


def place(x: Any) -> int:
    """Return how many numbers after the beginning of a page an array begins."""
    return int(x.ctypes.data // x.itemsize % layout.PAGE)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.integers(0, layout.PAGE - 1))
def test_arrays_begin_where_they_should_and_at_zero(shape: list[int], after: int) -> None:
    found = layout.aligned(tuple(shape), after)
    assert found.shape == tuple(shape)
    assert found.size == 0 or place(found) == after
    assert found.flags.c_contiguous
    assert not found.any()


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(0, 7))
def test_arrays_laid_out_are_copies_with_the_network_last(
    n: int, i: int, j: int, beyond: int
) -> None:
    own = np.random.default_rng(0).normal(size=(n, i, j))
    found = layout.last(own, beyond)
    np.testing.assert_array_equal(found[:, :j], np.moveaxis(own, 0, -1))
    assert not found[:, j:].any()
    found[:] = 0
    assert own.all()


@pytest.mark.parametrize("layers", [(4, 50, 43, 9), (4, 40, 30, 2)])
def test_what_a_pass_reads_and_writes_stands_apart_within_a_page(layers: tuple[int, ...]) -> None:
    large = circuit(layers)
    weights, block = large.initial_weights(0, [0]), slice(0, 1)
    W = PLAN.synapses(large, weights, block).W
    x = PLAN.variables(large, large.rest(weights, 1), block)
    assert W.shape[1] % layout.CACHE_LINE == 0
    beside = [x.line, x.descending, x.scaled]
    places = [place(array) // (layout.PAGE // 4) for array in (W, *beside)]
    assert sorted(places) == [0, 1, 2, 3]
    assert not any(place(array) % layout.CACHE_LINE for array in (W, *beside))


def test_neighbouring_areas_that_behave_alike_are_activated_in_one_go() -> None:
    layers = (4, 5, 3, 2, 6)
    alike = PLAN.anatomy(circuit(layers))
    np.testing.assert_array_equal(alike.begins, [0, 16, 32, 48])
    mixed = PLAN.anatomy(
        circuit(
            layers, activation=("tanh", "tanh", "logistic", "logistic"),
            error_layers=(4, 3, 2, 6), parts=(WithoutLookahead("error", ("area 4",)),),
        )
    )  # fmt: skip
    np.testing.assert_array_equal(mixed.begins, np.cumsum([0, 8, 2, 6, 7, 2, 6, 8, 2, 6]))
    np.testing.assert_array_equal(mixed.ahead, [True] * 5 + [False] + [True] * 3)
    np.testing.assert_array_equal(
        mixed.phi[[0, 1, 2, 6, 7, 8]],
        [layout.PHI_TANH, layout.PHI_LOGISTIC, layout.PHI_LOGISTIC] * 2,
    )
