"""Hybrid predictive coding against the properties that its paper states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC
from errorneurons.simulate.theories.hierarchical_pc import Weights as Predictions
from errorneurons.simulate.theories.hybrid_pc import HybridPC, Weights
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.training import train

SMALL = HybridPC(layers=(4, 6, 5, 3), timing=Timing(1e-3, 1e-3), tau=10.0, prior=1.0)
SWEPT = 3 * (1 + SMALL.timing.delay_steps)
"""Steps after which a front is through."""

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def guessing_anything(circuit: HybridPC) -> Weights:
    V = circuit.initial_weights(1, [0, 1]).V
    A = np.random.default_rng(1).normal(size=V.shape) * circuit.plastic_guesses
    return Weights(V, 0.5 * A)


@pytest.mark.parametrize("teaching", [False, True])
def test_whatever_is_guessed_it_rests_where_predictive_coding_does(
    teaching: bool, make_world: Maker, states: Runner
) -> None:
    weights, world = guessing_anything(SMALL), make_world(SMALL, teaching=teaching)
    mine = states(SMALL, weights, world, 3000)
    its = states(SMALL.network, Predictions(weights.V), world, 3000)
    assert np.abs(mine[SWEPT].network.x - its[SWEPT].x).max() > 0.1
    np.testing.assert_allclose(mine[-1].network.x, its[-1].x, atol=1e-9)
    np.testing.assert_allclose(mine[-1].network.e, its[-1].e, atol=1e-9)


def test_while_the_input_stays_it_is_predictive_coding_to_the_bit(
    make_world: Maker, states: Runner
) -> None:
    weights, world = guessing_anything(SMALL), make_world(SMALL)
    start = states(SMALL, weights, world, SWEPT + 5)[-1]
    other = replace(world, teaching=np.ones((1, 1, 1), bool))
    mine = states(SMALL, weights, other, 50, start)
    its = states(SMALL.network, Predictions(weights.V), other, 50, start.network)
    for here, there in zip(mine, its, strict=True):
        np.testing.assert_array_equal(here.network.x, there.x)


def test_a_front_leaves_the_feedforward_sweep_behind(make_world: Maker, states: Runner) -> None:
    still = replace(SMALL, tau=1e12)
    weights, world = guessing_anything(still), make_world(still)
    x = states(still, weights, world, SWEPT)[-1].network.x
    levels = [slice(0, 4), slice(4, 10), slice(10, 15), slice(15, 18)]
    swept = np.repeat(world.input, 2, axis=0)
    for lower, upper in pairwise(levels):
        swept = np.matmul(np.tanh(swept), np.swapaxes(weights.A[:, upper, lower], 1, 2))
        np.testing.assert_allclose(x[..., upper], swept, atol=1e-9)


def test_synapses_learn_to_guess_what_relaxation_finds(make_world: Maker, states: Runner) -> None:
    quick = replace(SMALL, learning_rate=0.1)
    weights, world = quick.initial_weights(1, [0]), make_world(quick, teaching=True)
    before, last = states(quick, weights, world, 3000)[-2:]
    for _ in range(3000):
        learnt = quick.learn(weights, before, last)
        weights = Weights(weights.V, learnt.A)  # predictions stay, so that it rests where it did
        last = quick.step(weights, last, world)
    off = (last.network.x - last.guess)[..., 4:]
    np.testing.assert_allclose(off, 0, atol=1e-4)


def test_guesses_that_are_frozen_stay(make_world: Maker, states: Runner) -> None:
    frozen = replace(SMALL, frozen=("area 2",))
    weights = guessing_anything(SMALL)
    before, last = states(frozen, weights, make_world(frozen, teaching=True), 100)[-2:]
    changed = (frozen.learn(weights, before, last).A != weights.A).any(axis=(0, 2))
    assert changed.tolist() == [False] * 4 + [True] * 6 + [False] * 5 + [True] * 3


def inferred(circuit: Any, weights: Any, shown: Array, steps: int) -> tuple[Array, Array]:
    """Return the energy of errors and the output, (step, network, stimulus[, neuron])."""
    world = World(shown, np.zeros((1, 1, 5)), np.zeros((1, 1, 1), bool))
    state, energies, outputs = circuit.rest(weights, shown.shape[1]), [], []
    for _ in range(steps):
        state = circuit.step(weights, state, world)
        energies.append((state.rates["error"] ** 2).sum(axis=-1))
        outputs.append(state.rates["representation"][..., -5:])
    return np.stack(energies), np.stack(outputs)


def test_with_learnt_guesses_errors_are_smaller_and_inference_takes_fewer_steps() -> None:
    circuit, task = theory("hybrid_pc").circuit, association(1, range(4))
    weights = train(circuit, task, 1, [0, 1, 2, 3]).weights
    shown, wanted = task.stimuli["trained"], task.outcomes["trained"]
    network: HierarchicalPC = circuit.network  # type: ignore[attr-defined]
    mine, output = inferred(circuit, weights, shown, 400)
    its, its_output = inferred(network, Predictions(weights.V), shown, 400)
    # a front needs 12 steps up, and predictions 2 more down
    assert (mine[20] < its[20]).mean() > 0.9
    low = [(energy > 0.1).sum(axis=0) for energy in (mine, its)]
    assert np.median(low[0] / low[1]) < 0.4
    missed = [((found[16] - wanted) ** 2).sum() for found in (output, its_output)]
    assert missed[0] < 0.1 * missed[1]


def test_a_negative_amortisation_is_refused() -> None:
    with pytest.raises(ValueError, match="amortisation"):
        HybridPC(amortisation=-0.1)
