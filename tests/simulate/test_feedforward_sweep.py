"""The gradient of a feedforward sweep, against finite differences and the theories themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations.registry import LEARNERS, intact
from errorneurons.simulate.circuit import Timing, World, neurons
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    AbsentTargetAsZero,
    ErrorActivation,
    SensoryLeak,
    VariableNeurons,
)
from errorneurons.simulate.theories.error_places import CircuitPart


def sweep(name: str, networks: tuple[int, ...] = (0,)) -> Sweep | None:
    circuit = intact(name)
    return circuit.sweep(circuit.initial_weights(3, networks))


SWEEPS = [name for name in LEARNERS if sweep(name) is not None]


@pytest.mark.parametrize("name", SWEEPS)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    rng, own = np.random.default_rng(1), sweep(name)
    assert own is not None
    inputs, target = rng.uniform(-1, 1, (1, 3, 10)), rng.uniform(-0.8, 0.8, (1, 3, 5))

    def loss(moved: Any) -> float:
        return float(0.5 * ((target - replace(own, W=moved).output(inputs)) ** 2).sum())

    gradient, h = own.negative_gradient(inputs, target), 1e-5
    W = own.W
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
    for _ in range(2500):
        state = circuit.step(weights, state, world)
    settled = state.rates["representation"][..., neurons(circuit, "representation", "area 4")]
    np.testing.assert_allclose(settled, circuit.sweep(weights).output(world.input), atol=1e-8)


def test_an_absent_synapse_has_no_gradient() -> None:
    own = sweep("supervised_pc")
    assert own is not None
    gradient = own.negative_gradient(np.ones((1, 1, 10)), np.ones((1, 1, 5)))
    assert not gradient[own.W == 0].any()


@pytest.mark.parametrize("name", ["hierarchical_pc", "mismatch_neurons", "adaptation"])
def test_inference_that_is_no_sweep_has_none(name: str) -> None:
    assert sweep(name) is None


SKIPS = ((1.0, 0, 0, 0), (0, 1, 0, 0), (0, 0.3, 1, 0))


@pytest.mark.parametrize("theory", [ErrorMicrocircuit, Backprop])
def test_the_settled_state_is_where_stepping_ends(theory: Any) -> None:
    circuit = theory(
        layers=(4, 5, 3, 2), activation=("tanh", "relu", "logistic"), connectivity=SKIPS,
        learning_rates=(0.1,) * 3, timing=Timing(1e-3, 2e-3),
    )  # fmt: skip
    weights = circuit.initial_weights(1, range(2))
    inputs = np.random.default_rng(0).uniform(size=(1, 6, 4))
    world = World(inputs, np.zeros((1, 1, 2)), np.zeros((1, 1, 1), bool))
    state = circuit.rest(weights, 6)
    for _ in range(300):
        state = circuit.step(weights, state, world)
    u, r = circuit.sweep(weights).settled(inputs)
    np.testing.assert_allclose(u, state.u, atol=1e-12)
    np.testing.assert_allclose(r, state.r, atol=1e-12)


@pytest.mark.parametrize(
    "part",
    [SensoryLeak(0.1), AbsentTargetAsZero(), ErrorActivation(("logistic",) * 4),
     VariableNeurons("error", 0.1)],
    ids=lambda part: part.name,
)  # fmt: skip
def test_circuits_with_errors_at_rest_are_refused(part: CircuitPart) -> None:
    circuit = ErrorMicrocircuit(parts=(part,))
    with pytest.raises(ValueError, match="errors descend without a teaching signal; step the"):
        circuit.sweep(circuit.initial_weights(0, [0])).settled(np.zeros((1, 1, 10)))


def test_theories_with_feedback_at_rest_are_refused() -> None:
    circuit: Any = DendriticPC()
    with pytest.raises(ValueError, match="dendritic_pc has feedback at rest; step the"):
        circuit.sweep(circuit.initial_weights(0, [0])).settled(np.zeros((1, 1, 10)))
