"""Supervised predictive coding against its own theory: sweep, recursion, closed form, energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array, area_slices
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.supervised_pc import SupervisedPC, Weights

CIRCUIT = SupervisedPC(layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"))
PROMPT = replace(CIRCUIT, timing=Timing(1e-3, 0.0))
LINEAR = replace(PROMPT, activation=("linear",) * 3)
DIRECT = replace(CIRCUIT, direct=1.0)
AHEAD = replace(PROMPT, direct=1.0, lookahead=2.0)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def energy(state: Any) -> Array:
    return np.asarray(0.5 * (state.e**2).sum(axis=-1))


@pytest.mark.parametrize("circuit", [CIRCUIT, PROMPT])
def test_with_a_free_output_the_potentials_settle_at_the_feedforward_sweep(
    circuit: SupervisedPC, make_world: Maker, states: Runner
) -> None:
    weights, world = circuit.initial_weights(1, [0, 1]), make_world(circuit)
    last = states(circuit, weights, world, 1500)[-1]
    below = np.broadcast_to(world.input, (2, 3, 4))
    for here, columns in zip(area_slices((6, 5, 3)), area_slices((4, 6, 5)), strict=True):
        swept = np.einsum("npq,nsq->nsp", weights.W[:, here, columns], below)
        np.testing.assert_allclose(last.x[..., here], swept, atol=1e-10)
        below = last.r[..., here]


@pytest.mark.parametrize("circuit", [CIRCUIT, PROMPT])
def test_with_a_free_output_the_errors_vanish(
    circuit: SupervisedPC, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0, 1])
    every = states(circuit, weights, make_world(circuit), 1500)
    assert np.abs(every[0].e).max() > 0.1
    np.testing.assert_allclose(every[-1].e, 0, atol=1e-10)


def test_with_a_clamped_output_the_errors_settle_at_the_microcircuits_recursion(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0, 1])
    last = states(CIRCUIT, weights, make_world(CIRCUIT, teaching=True), 3000)[-1]
    one, two, three = area_slices((6, 5, 3))
    for low, high, first in ((one, two, 4), (two, three, 10)):
        W = weights.W[:, high, first : first + low.stop - low.start]
        slope = 1 - np.tanh(last.x[..., low]) ** 2
        expected = slope * np.einsum("npq,nsp->nsq", W, last.e[..., high])
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(last.e[..., low], expected, atol=1e-9)


def test_a_linear_network_settles_at_the_solution_of_its_linear_system(
    make_world: Maker, states: Runner
) -> None:
    weights, world = LINEAR.initial_weights(1, [0]), make_world(LINEAR, teaching=True)
    last = states(LINEAR, weights, world, 4000)[-1]
    A = np.eye(14) - weights.W[0, :, 4:]  # e = A x - b, and A_f^T e = 0 where x is free
    b = world.input[0] @ weights.W[0, :, :4].T
    free, clamped = A[:, :11], A[:, 11:]
    right = free.T @ (b - world.target[0] @ clamped.T).T
    solution = np.linalg.solve(free.T @ free, right).T
    np.testing.assert_allclose(last.x[0, :, :11], solution, atol=1e-9)


@pytest.mark.parametrize("teaching", [False, True])
def test_the_energy_never_rises_while_relaxing(
    teaching: bool, make_world: Maker, states: Runner
) -> None:
    weights = PROMPT.initial_weights(2, [0, 1, 2])
    every = states(PROMPT, weights, make_world(PROMPT, teaching), 400)
    energies = np.stack([energy(s) for s in every])
    assert (np.diff(energies, axis=0) <= 1e-12).all()
    assert (energies[-1] < 0.9 * energies[0]).all()


def test_silencing_error_cells_leaves_the_potentials_where_they_were(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    before = states(CIRCUIT, weights, make_world(CIRCUIT), 1500)[-1]
    off = make_world(CIRCUIT, seed=8, keep={"error": np.zeros((1, 1, 14))})
    after = states(CIRCUIT, weights, off, 100, start=before)
    np.testing.assert_allclose(after[-1].x, before.x, atol=1e-10)
    on = states(CIRCUIT, weights, replace(off, keep={}), 100, start=before)
    assert np.abs(on[-1].x - before.x).max() > 0.1


def test_plasticity_is_the_gradient_of_the_energy(make_world: Maker, states: Runner) -> None:
    weights = PROMPT.initial_weights(1, [0])
    world = make_world(PROMPT, teaching=True)
    state = states(PROMPT, weights, world, 50)[-1]
    after = PROMPT.step(weights, state, world)
    dW = PROMPT.learn(weights, state, after).W - weights.W
    for post, pre in ((2, 1), (8, 6), (12, 13)):
        shifted = [Weights(weights.W.copy()) for _ in range(2)]
        for sign, moved in zip((1, -1), shifted, strict=True):
            moved.W[0, post, pre] += sign * 1e-5
        high, low = (energy(PROMPT.step(w, state, world)).sum() for w in shifted)
        expected = -PROMPT.learning_rate * (high - low) / 2e-5
        assert dW[0, post, pre] == pytest.approx(expected, rel=1e-5)


def test_there_is_plasticity_only_where_there_are_synapses(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    before, after = states(CIRCUIT, weights, make_world(CIRCUIT, teaching=True), 30)[-2:]
    learnt = CIRCUIT.learn(weights, before, after).W[0]
    assert (learnt[CIRCUIT.projections == 0] == 0).all()
    assert (learnt != weights.W[0])[CIRCUIT.projections == 1].all()


# What the theory leaves open: by which route cells are driven, and whether rates look ahead


@pytest.mark.parametrize("teaching", [False, True])
@pytest.mark.parametrize("direct", [0.3, 1.0])
def test_while_nothing_is_silenced_all_routes_are_one(
    direct: float, teaching: bool, make_world: Maker, states: Runner
) -> None:
    weights, world = CIRCUIT.initial_weights(1, [0]), make_world(CIRCUIT, teaching)
    one, other = (
        states(replace(CIRCUIT, direct=d), weights, world, 200)[-1] for d in (0.0, direct)
    )
    np.testing.assert_allclose(one.x, other.x, atol=1e-12)
    np.testing.assert_allclose(one.e, other.e, atol=1e-12)


def test_with_a_direct_drive_silent_error_cells_spare_the_feedforward_sweep(
    make_world: Maker, states: Runner
) -> None:
    weights = DIRECT.initial_weights(1, [0])
    whole, off = (
        states(DIRECT, weights, make_world(DIRECT, keep=keep), 1500)[-1]
        for keep in ({}, {"error": np.zeros((1, 1, 14))})
    )
    np.testing.assert_allclose(off.x, whole.x, atol=1e-10)
    assert np.abs(whole.x).max() > 0.1
    assert not off.e.any()


def test_with_a_direct_drive_silencing_an_area_spares_the_error_above(
    make_world: Maker, states: Runner
) -> None:
    """It only loses what the area below would have corrected."""
    weights, keep = DIRECT.initial_weights(1, [0]), np.ones((1, 1, 14))
    keep[..., :6] = 0
    above = [
        np.abs(states(c, weights, make_world(c, True, keep={"error": k}), 3000)[-1].e[..., 6:11])
        for c in (CIRCUIT, DIRECT)
        for k in (np.ones((1, 1, 14)), keep)
    ]
    (whole, off), (direct, direct_off) = (
        [a.mean() for a in pair] for pair in (above[:2], above[2:])
    )
    assert direct_off > direct * 0.99
    assert off < 0.5 * whole


@pytest.mark.parametrize("direct", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("teaching", [False, True])
def test_looking_ahead_leaves_the_equilibrium_where_it_is(
    direct: float, teaching: bool, make_world: Maker, states: Runner
) -> None:
    weights, world = PROMPT.initial_weights(1, [0]), make_world(PROMPT, teaching)
    circuits = (PROMPT, replace(AHEAD, direct=direct))
    one, other = (states(c, weights, world, 3000)[-1] for c in circuits)
    np.testing.assert_allclose(one.x, other.x, atol=1e-9)
    np.testing.assert_allclose(one.e, other.e, atol=1e-9)


def test_rates_that_look_ahead_by_all_of_tau_do_not_lag_in_a_sweep(
    make_world: Maker, states: Runner
) -> None:
    """With T = tau - dt a rate is that of the potential to which its cell relaxes, at once."""
    circuit = replace(AHEAD, lookahead=9.0, cut=("error_feedback",))
    world = make_world(circuit)
    weights = circuit.initial_weights(1, [0])
    early = states(circuit, weights, world, 8)[-1]
    settled = states(PROMPT, weights, world, 1500)[-1]
    np.testing.assert_allclose(early.r, settled.r, atol=1e-10)
    assert np.abs(states(PROMPT, weights, world, 8)[-1].r - settled.r).max() > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direct": 1.5}, "direct of supervised_pc is 1.5; give a share, from 0 to 1"),
        ({"direct": 1.0, "cut": ("error_to_representation",)}, "cut of supervised_pc"),
        ({"lookahead": 10.0}, "lookahead of supervised_pc is 10.0 ms; give 0 ms or more, and less"),
        ({"lookahead": -1.0}, "lookahead of supervised_pc is -1.0 ms"),
    ],
)
def test_impossible_routes_and_lookaheads_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SupervisedPC(**options)
