from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.engine.probe import settled
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

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
    u, r = settled(circuit, weights, inputs)
    np.testing.assert_allclose(u, state.u, atol=1e-12)
    np.testing.assert_allclose(r, state.r, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{"sensory_leak": 0.1}, {"absent_target": "zero"}, {"error_activation": ("logistic",) * 4},
     {"error_variability": 0.1}],
)  # fmt: skip
def test_circuits_with_errors_at_rest_are_refused(options: dict[str, Any]) -> None:
    circuit = ErrorMicrocircuit(**options)
    with pytest.raises(ValueError, match="errors descend without a teaching signal; step the"):
        settled(circuit, circuit.initial_weights(0, [0]), np.zeros((1, 1, 10)))


def test_theories_with_feedback_at_rest_are_refused() -> None:
    circuit: Any = DendriticPC()
    with pytest.raises(ValueError, match="dendritic_pc has feedback at rest; step it until"):
        settled(circuit, circuit.initial_weights(0, [0]), np.zeros((1, 1, 10)))
