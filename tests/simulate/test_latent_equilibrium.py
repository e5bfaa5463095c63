"""Latent equilibrium against the properties that its paper states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.latent_equilibrium import LatentEquilibrium

SMALL = LatentEquilibrium(
    layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"), timing=Timing(1e-3, 1e-3)
)
THROUGH = 3 + 2 * SMALL.timing.delay_steps
"""Steps that signals need for three areas."""

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def cosine(one: Array, two: Array) -> float:
    return float((one * two).sum() / np.linalg.norm(one) / np.linalg.norm(two))


def update(circuit: LatentEquilibrium, world: World, states: Runner, steps: int = 400) -> Array:
    """Return the change of synapses per unit of nudge, learning rate and time, summed."""
    weights = circuit.initial_weights(1, [0, 1])
    before, after = states(circuit, weights, world, steps)[-2:]
    dW = circuit.learn(weights, before, after).W - weights.W
    return np.asarray(dW / (circuit.beta * circuit.learning_rate * circuit.timing.dt))


@pytest.mark.parametrize("tau", [5.0, 50.0, 500.0])
def test_with_matched_lookahead_the_output_is_there_after_the_delays_however_slow_the_membranes(
    tau: float, make_world: Maker, states: Runner
) -> None:
    circuit, world = replace(SMALL, tau=tau), make_world(SMALL)
    weights = circuit.initial_weights(1, [0, 1])
    every = states(circuit, weights, world, THROUGH + 1)
    output = circuit.sweep(weights).output(np.repeat(world.input, 2, axis=0))
    assert np.abs(every[-2].r[..., circuit.output] - output).max() > 0.1
    np.testing.assert_allclose(every[-1].r[..., circuit.output], output, atol=1e-12)


def test_without_lookahead_it_gets_there_with_the_membranes(
    make_world: Maker, states: Runner
) -> None:
    circuit, world = replace(SMALL, cut=("lookahead",), tau=20.0), make_world(SMALL)
    weights = circuit.initial_weights(1, [0, 1])
    output = circuit.sweep(weights).output(np.repeat(world.input, 2, axis=0))
    every = states(circuit, weights, world, 1500)
    away = [np.abs(s.r[..., circuit.output] - output).max() for s in (every[THROUGH], every[-1])]
    assert away[0] > 0.1
    assert away[1] < 1e-6


@pytest.mark.parametrize("lookahead", [0.0, 0.5, 1.0])
def test_without_a_teaching_signal_no_mismatch_is_left(
    lookahead: float, make_world: Maker, states: Runner
) -> None:
    circuit = replace(SMALL, lookahead=lookahead)
    settled = states(circuit, circuit.initial_weights(1, [0, 1]), make_world(SMALL), 1500)[-1]
    np.testing.assert_allclose(settled.e, 0, atol=1e-9)


def test_at_equilibrium_mismatches_are_the_recursion_of_backpropagation(
    make_world: Maker, states: Runner
) -> None:
    weights = SMALL.initial_weights(1, [0, 1])
    world = make_world(SMALL, teaching=True)
    last = states(SMALL, weights, world, 400)[-1]
    slope = SMALL.phi.with_slope(last.ahead)[1]
    below = slope[..., :11] * np.matmul(last.e, weights.W[:, :, 4:])[..., :11]
    np.testing.assert_allclose(last.e[..., :11], below, atol=1e-12)
    nudge = SMALL.beta * (world.target - last.r[..., SMALL.output])
    np.testing.assert_allclose(last.e[..., SMALL.output], nudge, atol=1e-12)


def test_the_weaker_the_nudge_the_closer_is_the_change_of_synapses_to_the_gradient(
    make_world: Maker, states: Runner
) -> None:
    world = make_world(SMALL, teaching=True)
    both = replace(
        world, input=np.repeat(world.input, 2, axis=0), target=np.repeat(world.target, 2, axis=0)
    )
    weights = SMALL.initial_weights(1, [0, 1])
    wanted = SMALL.sweep(weights).negative_gradient(both.input, both.target)
    away = []
    for beta in (0.1, 0.01, 0.001):
        found = update(replace(SMALL, beta=beta), both, states)
        away.append(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
    assert away[0] < 0.5
    np.testing.assert_allclose(np.divide(away[:-1], away[1:]), 10, rtol=0.3)  # of first order
    assert away[-1] < 0.005


def test_plasticity_is_right_as_soon_as_signals_went_up_and_errors_down(
    make_world: Maker, states: Runner
) -> None:
    """With lookahead after the delays of the way, at any tau; without it only later."""
    world = make_world(SMALL, teaching=True)
    weak = replace(SMALL, beta=1e-3, tau=50.0)
    late = replace(weak, cut=("lookahead",))
    settled = update(weak, world, states)
    assert cosine(update(weak, world, states, 2 * THROUGH + 2), settled) > 0.99999
    assert cosine(update(late, world, states, 2 * THROUGH + 2), settled) < 0.9


def test_silencing_error_neurons_spares_inference(make_world: Maker, states: Runner) -> None:
    weights = SMALL.initial_weights(1, [0, 1])
    off = make_world(SMALL, keep={"error": np.zeros((1, 1, 14))})
    on = states(SMALL, weights, make_world(SMALL), 60)[-1]
    np.testing.assert_array_equal(states(SMALL, weights, off, 60)[-1].r, on.r)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lookahead": 1.5}, "lookahead"),
        ({"beta": -0.1}, "beta"),
        ({"cut": ("error_to_representation",)}, "cut of latent_equilibrium"),
    ],
)
def test_what_it_cannot_be_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatentEquilibrium(**wrong)
