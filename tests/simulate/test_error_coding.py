"""Signed and paired error neurons: what is carried, and what a low baseline clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import World, error_signs, neurons
from errorneurons.simulate.kernels import kernels
from errorneurons.simulate.theories.error_parts import FlooredErrors, PairedErrors
from errorneurons.simulate.theories.registry import INTACT

PAIRED = INTACT.having(PairedErrors())
SIZE = sum(INTACT.sizes)
ROUNDING = 1e-12
"""Matrix products round by how their arrays lie in memory, which differs between runs."""

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def test_the_difference_of_a_pair_is_the_signed_error(make_world: Maker, states: Runner) -> None:
    weights, world = INTACT.initial_weights(1, [0]), make_world(INTACT, teaching=True)
    signed, paired = (states(c, weights, world, 100)[-1] for c in (INTACT, PAIRED))
    np.testing.assert_allclose(signed.e, paired.e, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(signed.u, paired.u, rtol=0, atol=ROUNDING)
    rates, signs = paired.rates["error"], error_signs(PAIRED)
    assert (rates >= 0).all()
    summed = (rates * signs)[..., PAIRED.halves[0]] + (rates * signs)[..., PAIRED.halves[1]]
    np.testing.assert_array_equal(summed, paired.e)


def test_silencing_one_half_leaves_the_other(make_world: Maker, states: Runner) -> None:
    keep = np.ones((1, 1, 2 * SIZE))
    keep[..., PAIRED.halves[1]] = 0.0
    weights = PAIRED.initial_weights(1, [0])
    off = make_world(PAIRED, teaching=True, keep={"error": keep})
    last = states(PAIRED, weights, off, 100)[-1]
    assert (last.e >= 0).all()
    assert last.e.any()


@pytest.mark.parametrize(("half", "sign"), [(0, 1), (1, -1)])
def test_driving_a_half_drives_its_sign(
    half: int, sign: int, make_world: Maker, states: Runner
) -> None:
    current = np.zeros((1, 1, 2 * SIZE))
    current[..., PAIRED.halves[half]] = 0.1
    weights = PAIRED.initial_weights(1, [0])
    last = states(PAIRED, weights, make_world(PAIRED, current={"error": current}), 60)[-1]
    top = neurons(INTACT, "error", "area 4")
    assert (sign * last.e[..., top] > 0).all()


def test_a_low_baseline_clips_negative_errors_and_them_alone(
    make_world: Maker, states: Runner
) -> None:
    clipped = INTACT.having(FlooredErrors(0.01))
    weights, world = INTACT.initial_weights(1, [0]), make_world(INTACT, teaching=True)
    plain, low = (states(c, weights, world, 2)[-1] for c in (INTACT, clipped))
    assert plain.e.min() < -0.01
    np.testing.assert_allclose(low.e, np.maximum(plain.e, -0.01), rtol=0, atol=ROUNDING)


def test_a_high_baseline_changes_nothing(make_world: Maker, states: Runner) -> None:
    high = INTACT.having(FlooredErrors(10.0))
    weights, world = INTACT.initial_weights(1, [0]), make_world(INTACT, teaching=True)
    one, other = (states(c, weights, world, 100)[-1] for c in (INTACT, high))
    np.testing.assert_allclose(one.e, other.e, rtol=0, atol=ROUNDING)


def test_a_negative_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match=r"error_baseline of error_microcircuit is -0.1; give a"):
        INTACT.having(FlooredErrors(-0.1))


def test_the_engine_refuses_the_baseline_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"the engine knows no error_baseline, which is 0.5; use"):
        kernels.port(INTACT.having(FlooredErrors(0.5)))
