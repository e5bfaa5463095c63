"""The gradient of a feedforward sweep, against finite differences and the theories themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations.registry import LEARNERS, intact
from errorneurons.simulate.circuit import World, neurons
from errorneurons.simulate.engine.gradient import Sweep, sweep_of

SWEEPS = [name for name in LEARNERS if sweep_of(intact(name)) is not None]


def sweep(name: str) -> Sweep:
    found = sweep_of(intact(name))
    assert found is not None
    return found


@pytest.mark.parametrize("name", SWEEPS)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    rng, own = np.random.default_rng(1), sweep(name)
    W = intact(name).initial_weights(3, [0]).W
    inputs, target = rng.uniform(-1, 1, (1, 3, 10)), rng.uniform(-0.8, 0.8, (1, 3, 5))

    def loss(moved: Any) -> float:
        return float(0.5 * ((target - own.output(moved, inputs)) ** 2).sum())

    gradient, h = own.negative_gradient(W, inputs, target), 1e-5
    synapses = np.argwhere(W != 0)
    for at in map(tuple, synapses[rng.permutation(len(synapses))[:40]]):
        step = np.zeros(W.shape)
        step[at] = h
        numeric = (loss(W - step) - loss(W + step)) / (2 * h)
        assert gradient[at] == pytest.approx(numeric, abs=1e-9)


@pytest.mark.parametrize("name", [n for n in SWEEPS if n != "dendritic_microcircuit"])
def test_a_circuit_without_feedback_settles_in_its_sweep(name: str) -> None:
    """Without feedback, because tufts in an untrained hierarchy need not cancel exactly."""
    whole: Any = intact(name)
    circuit: Any = replace(whole, cut=("error_to_representation",)) if "dendr" in name else whole
    weights = circuit.initial_weights(3, [0, 1])
    rng = np.random.default_rng(2)
    world = World(rng.uniform(-1, 1, (2, 3, 10)), np.zeros((1, 1, 5)), np.zeros((1, 1, 1), bool))
    state = circuit.rest(weights, 3)
    for _ in range(1500):
        state = circuit.step(weights, state, world)
    settled = state.rates["representation"][..., neurons(circuit, "representation", "area 4")]
    np.testing.assert_allclose(settled, sweep(name).output(weights.W, world.input), atol=1e-8)


def test_an_absent_synapse_has_no_gradient() -> None:
    own = sweep("supervised_pc")
    W = intact("supervised_pc").initial_weights(1, [0]).W
    gradient = own.negative_gradient(W, np.ones((1, 1, 10)), np.ones((1, 1, 5)))
    assert not gradient[W == 0].any()


@pytest.mark.parametrize("name", ["hierarchical_pc", "mismatch_neurons", "adaptation"])
def test_inference_that_is_no_sweep_has_none(name: str) -> None:
    assert sweep_of(intact(name)) is None
