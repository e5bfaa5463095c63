"""Deep feedback control against the properties that its paper states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.deep_feedback_control import DeepFeedbackControl

SMALL = DeepFeedbackControl(
    layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"), timing=Timing(1e-3, 1e-3), k_i=0.01
)
LINEAR = replace(SMALL, activation=("linear",) * 3)
HIDDEN, OUTPUT = slice(0, 11), slice(11, 14)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def cosine(one: Array, two: Array) -> float:
    return float((one * two).sum() / np.linalg.norm(one) / np.linalg.norm(two))


def jacobian(W: Array) -> Array:
    """Return dr_L/du of all neurons of a linear 4-6-5-3, (output, neuron)."""
    last, middle = W[OUTPUT, 10:15], W[6:11, 4:10]
    return np.concatenate([last @ middle, last, np.eye(3)], axis=1)


@pytest.mark.parametrize("feedback", ["transpose", "fixed"])
def test_the_controller_brings_the_output_to_the_target(
    feedback: Any, make_world: Maker, states: Runner
) -> None:
    circuit, world = replace(SMALL, feedback=feedback), make_world(SMALL, teaching=True)
    weights = circuit.initial_weights(1, [0, 1])
    alone = circuit.sweep(weights).output(np.repeat(world.input, 2, axis=0))
    assert np.abs(alone - world.target).max() > 0.5
    last = states(circuit, weights, world, 5000)[-1]
    found = last.r[..., OUTPUT] - world.target
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_a_leaky_integral_leaves_the_output_short_of_the_target(
    make_world: Maker, states: Runner
) -> None:
    """At rest k_i (t - y) = alpha z, so that c = (k_p + k_i / alpha) (t - y)."""
    circuit, world = replace(SMALL, leak=0.02), make_world(SMALL, teaching=True)
    last = states(circuit, circuit.initial_weights(1, [0]), world, 3000)[-1]
    missed = world.target - last.r[..., OUTPUT]
    gain = circuit.k_p + circuit.k_i / circuit.leak
    np.testing.assert_allclose(last.apical[..., OUTPUT], gain * missed, atol=1e-9)
    assert np.abs(missed).max() > 0.05


@pytest.mark.parametrize("reach", [1.0, 0.2])
def test_what_it_adds_is_the_least_that_brings_the_output_there(
    reach: float, make_world: Maker, states: Runner
) -> None:
    """In a linear network a = D J^T (J D J^T)^-1 (t - y); with rho = 1 the pseudoinverse of J."""
    circuit, world = replace(LINEAR, reach=reach), make_world(LINEAR, teaching=True)
    weights = circuit.initial_weights(1, [0])
    last = states(circuit, weights, world, 8000)[-1]
    missed = world.target - circuit.sweep(weights).output(world.input)
    J, cost = jacobian(weights.W[0]), np.repeat([reach, 1.0], (11, 3))
    wanted = missed[0] @ np.linalg.inv(J * cost @ J.T) @ J * cost
    np.testing.assert_allclose(last.apical[0], wanted, atol=1e-8)
    if reach == 1:
        np.testing.assert_allclose(last.apical[0], missed[0] @ np.linalg.pinv(J).T, atol=1e-8)


def test_each_neuron_learns_to_do_of_itself_what_the_controller_added(
    make_world: Maker, states: Runner
) -> None:
    """At rest r - phi(W r) = phi(W r + a) - phi(W r), and W approaches what needs no control."""
    world = make_world(SMALL, teaching=True)
    weights = SMALL.initial_weights(1, [0])
    before, last = states(SMALL, weights, world, 3000)[-2:]
    surplus = SMALL.phi(last.basal + last.apical) - SMALL.phi(last.basal)
    dW = SMALL.learn(weights, before, last).W - weights.W
    eta = SMALL.timing.dt * SMALL.learning_rate
    by_hand = np.einsum("nsi,nsj->nij", surplus, last.presynaptic) * SMALL.projections
    np.testing.assert_allclose(dW, eta * by_hand, atol=1e-9)


def test_what_is_learnt_lowers_the_loss_and_the_areas_hear_the_controller_at_once(
    make_world: Maker, states: Runner
) -> None:
    world = make_world(SMALL, teaching=True)
    weights = SMALL.initial_weights(1, [0])
    sweep = SMALL.sweep(weights)
    wanted = sweep.negative_gradient(world.input, world.target)
    before, last = states(SMALL, weights, world, 3000)[-2:]
    dW = SMALL.learn(weights, before, last).W - weights.W
    assert cosine(dW, wanted) > 0.5
    start = states(SMALL, weights, replace(world, teaching=np.zeros((1, 1, 1), bool)), 300)[-1]
    first = states(SMALL, weights, world, 1 + SMALL.timing.delay_steps, start)[-1]
    assert (np.abs(first.apical) > 0).all()


def test_small_errors_change_synapses_along_the_gradient_if_the_controller_is_weak(
    make_world: Maker, states: Runner
) -> None:
    """Without an integral c = k_p (t - y): in a linear network a is backpropagation's delta."""
    weak = replace(LINEAR, k_p=1e-4, k_i=0.0, reach=1.0)
    world = make_world(weak, teaching=True)
    weights = weak.initial_weights(1, [0])
    before, last = states(weak, weights, world, 2000)[-2:]
    dW = weak.learn(weights, before, last).W - weights.W
    wanted = weak.sweep(weights).negative_gradient(world.input, world.target)
    assert cosine(dW, wanted) > 1 - 1e-6


def test_without_a_teaching_signal_tufts_are_silent_and_the_integral_is_forgotten(
    make_world: Maker, states: Runner
) -> None:
    weights, world = SMALL.initial_weights(1, [0]), make_world(SMALL)
    every = states(SMALL, weights, world, 300)
    assert not any(s.apical.any() for s in every)
    output = SMALL.sweep(weights).output(world.input)
    np.testing.assert_allclose(every[-1].r[..., OUTPUT], output, atol=1e-9)
    after = states(SMALL, weights, make_world(SMALL, teaching=True), 200, every[-1])[-1]
    assert after.z.all()
    assert not states(SMALL, weights, world, 1, after)[-1].z.any()


def test_silencing_the_tufts_of_one_area_spares_those_of_the_areas_below(
    make_world: Maker, states: Runner
) -> None:
    keep = np.ones((1, 1, 14))
    keep[..., 6:11] = 0.0
    weights = SMALL.initial_weights(1, [0])
    off = states(SMALL, weights, make_world(SMALL, teaching=True, keep={"error": keep}), 3000)[-1]
    assert not off.apical[..., 6:11].any()
    assert (off.apical[..., :6] != 0).all()


def test_without_feedback_only_the_output_is_controlled(make_world: Maker, states: Runner) -> None:
    cut = SMALL.without("error_feedback")
    last = states(cut, cut.initial_weights(1, [0]), make_world(cut, teaching=True), 3000)[-1]
    assert not last.apical[..., HIDDEN].any()
    assert last.apical[..., OUTPUT].all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k_i": -0.1}, "k_i"),
        ({"reach": -1.0}, "reach"),
        ({"feedback": "fix"}, "feedback of deep_feedback_control is 'fix'.*did you mean 'fixed'"),
        ({"cut": ("phi_prime",)}, "cut of deep_feedback_control"),
    ],
)
def test_what_it_cannot_be_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DeepFeedbackControl(**wrong)
