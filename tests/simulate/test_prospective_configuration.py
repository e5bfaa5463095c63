"""Prospective configuration against the properties that its paper states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.prospective_configuration import ProspectiveConfiguration
from errorneurons.simulate.theories.supervised_pc import SupervisedPC, Weights

SMALL = ProspectiveConfiguration(layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"))
CAREFUL = replace(SMALL, timing=Timing(1e-3, 0.0), limit=1e-8)
# one input, one hidden neuron, two outputs, all linear: the network of the paper's Fig. 1
BEAR = replace(CAREFUL, layers=(1, 1, 2), activation=("linear", "linear"))

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def settled(circuit: Any, weights: Weights, world: World, states: Runner) -> tuple[Any, Any]:
    before, after = states(circuit, weights, world, 3000)[-2:]
    return before, after


def swept(weights: Weights, world: World) -> Array:
    """Return the output of the small network in a feedforward sweep, (stream, neuron)."""
    W, r = weights.W[0], world.input[0]
    r = np.tanh(r @ W[:6, :4].T)
    r = np.tanh(r @ W[6:11, 4:10].T)
    return r @ W[11:, 10:15].T


def test_with_frozen_synapses_it_is_supervised_predictive_coding(
    make_world: Maker, states: Runner
) -> None:
    rival = SupervisedPC(layers=SMALL.layers, activation=SMALL.activation)
    world = make_world(SMALL, teaching=True)
    mine = states(SMALL, SMALL.initial_weights(4, [0, 1]), world, 200)
    its = states(rival, rival.initial_weights(4, [0, 1]), world, 200)
    for here, there in zip(mine, its, strict=True):
        np.testing.assert_array_equal(here.x, there.x)
        np.testing.assert_array_equal(here.e, there.e)


def test_the_settled_hidden_activity_predicts_the_target_before_anything_is_learnt(
    make_world: Maker, states: Runner
) -> None:
    weights = SMALL.initial_weights(1, [0])
    world = make_world(SMALL, teaching=True)
    _, after = settled(SMALL, weights, world, states)
    predicted = after.r[0, :, 6:11] @ weights.W[0, 11:, 10:15].T
    missed = np.linalg.norm(world.target[0] - swept(weights, world), axis=-1)
    left = np.linalg.norm(world.target[0] - predicted, axis=-1)
    assert (left < missed).all()
    assert left.mean() < 0.7 * missed.mean()


def test_synapses_wait_until_activity_has_settled(make_world: Maker, states: Runner) -> None:
    weights = CAREFUL.initial_weights(1, [0])
    every = states(CAREFUL, weights, make_world(CAREFUL, teaching=True), 1500)
    moving = CAREFUL.learn(weights, every[50], every[51])
    still = CAREFUL.learn(weights, every[-2], every[-1])
    np.testing.assert_array_equal(moving.W, weights.W)
    assert np.abs(every[-1].x - every[-2].x).max() < 1e-8
    assert (still.W != weights.W)[0][CAREFUL.network.projections == 1].all()


def test_each_stream_waits_for_itself(make_world: Maker, states: Runner) -> None:
    weights = CAREFUL.initial_weights(1, [0])
    before, after = settled(CAREFUL, weights, make_world(CAREFUL, teaching=True), states)
    stirred = after.x.copy()
    stirred[:, 1] += 1.0
    learnt = CAREFUL.learn(weights, before, replace(after, x=stirred))
    others = replace(after, e=after.e * np.array([1.0, 0.0, 1.0])[None, :, None])
    np.testing.assert_array_equal(learnt.W, CAREFUL.network.learn(weights, before, others).W)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_learning_leaves_the_output_that_was_right_where_it_was_more_than_backprop_does(
    rate: float, states: Runner
) -> None:
    """The bear of the paper: of two outputs one is right already; interference is on it."""
    W = np.zeros((1, 3, 4))
    W[0, 0, 0] = W[0, 1, 1] = W[0, 2, 1] = 1.0
    weights, yes = Weights(W), np.ones((1, 1, 1), bool)
    world = World(np.ones((1, 1, 1)), np.array([[[0.0, 1.0]]]), yes)
    circuit = replace(BEAR, learning_rate=rate)
    state = circuit.rest(weights, 1)
    every = [state := circuit.step(weights, state, world) for _ in range(3000)]
    learnt = circuit.learn(weights, every[-2], every[-1]).W[0]
    # backprop: dW_2 = (t - y) r^T, dW_1 = W_2^T (t - y) i^T
    delta = np.array([-1.0, 0.0])
    w_1, w_2 = 1.0 + rate * delta.sum(), 1.0 + rate * delta
    mine, its = learnt[1:, 1] * learnt[0, 0], w_2 * w_1
    assert alignment(mine) > alignment(its)
    assert abs(mine[1] - 1) < abs(its[1] - 1)


def alignment(output: Array) -> float:
    """Target alignment: cosine between the change of the output and the way to the target."""
    change, wanted = output - 1.0, np.array([-1.0, 0.0])
    return float(change @ wanted / np.linalg.norm(change))
