"""What theories refuse, and what follows from their equations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.kernels import kernels
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    ErrorActivation,
    RelaxingLaterals,
    TunedNeurons,
    VariableNeurons,
    WithoutLookahead,
)

IMPOSSIBLE = [
    ({"layers": (3,)}, r"layers of error_microcircuit is \(3,\); give at least 2 whole numbers"),
    ({"layers": (3, 0, 1, 1, 1)}, "give at least 2 whole numbers of neurons above 0"),
    ({"activation": ("tanh",)}, "activation has 1 entries for 4 areas; give one entry for each"),
    ({"activation": ("tahn",) * 4}, r"activation of area 1 is 'tahn'.* did you mean 'tanh'"),
    ({"parts": (ErrorActivation(("relo",) * 4),)}, "is 'relo', which is .* did you mean 'relu'"),
    ({"derivative": "exakt"}, "derivative is 'exakt', which is unknown; did you mean 'exact'"),
    ({"g_apical": -0.1}, "g_apical of error_microcircuit is -0.1; give a value of 0 or more"),
    ({"g_leak": float("nan")}, "g_leak of error_microcircuit is nan; give a value of 0 or more"),
    ({"learning_rates": (1.0,)}, "learning_rates has 1 entries for 4 areas"),
    ({"learning_rates": ((1.0,),)}, r"learning_rates has 1 rows of \[1\] numbers; give 4 rows"),
    ({"connectivity": ((1.0, 0.0),)}, r"connectivity has 1 rows of \[2\] numbers; give 4 rows"),
    ({"timing": Timing(0.1, 0.0)}, "the step of error_microcircuit is 100 ms while its shortest"),
    ({"feedback": "transposed"}, "feedback of .* is 'transposed'.*did you mean 'transpose'"),
    ({"error_layers": (3, 3)}, "error_layers has 2 entries for 4 areas"),
    ({"parts": (WithoutLookahead("error", ("area 5",)),)}, "is 'area 5', which is unknown"),
    ({"parts": (TunedNeurons((1.0, (1.0, 2.0), 1.0, 1.0)),)}, "area 2 has 2 values for 15 neurons"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), IMPOSSIBLE)
def test_impossible_parameters_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ErrorMicrocircuit(**options)


def test_projections_that_do_not_ascend_are_refused() -> None:
    table = ((1.0, 0, 0, 0, 0), (0, 1, 1, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0))
    with pytest.raises(ValueError, match="lets area 2 project forward to area 2; forward"):
        ErrorMicrocircuit(connectivity=table)


@pytest.mark.parametrize(
    ("theory", "options", "message"),
    [
        (DendriticPC, {"lateral_rates": (1.0,)}, "lateral_rates of dendritic_pc has 1 entries"),
        (DendriticMicrocircuit, {"inhibition_rates": ()}, "has 0 entries for 3 hidden areas"),
        (DendriticPC, {"target": "rates"}, "target of dendritic_pc is 'rates'.* mean 'rate'"),
        (DendriticPC, {"g_target": -1.0}, "g_target of dendritic_pc is -1.0; give a value"),
        (Backprop, {"g_basal": 0.0}, "g_basal of backprop is 0.0; give a value above 0"),
        (Backprop, {"learning_grading": "strong"}, "learning_grading of backprop is 'strong', w"),
    ],
)
def test_impossible_rivals_are_refused(theory: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        theory(**options)


def simulate(circuit: Any, steps: int, teaching: bool, streams: int = 4) -> tuple[Any, Any]:
    weights = circuit.initial_weights(2, range(3))
    rng = np.random.default_rng(1)
    shapes = ((1, streams, circuit.layers[0]), (1, streams, circuit.layers[-1]))
    world = World(
        rng.uniform(size=shapes[0]), rng.uniform(0.2, 0.6, size=shapes[1]),
        np.full((1, 1, 1), teaching),
    )  # fmt: skip
    state = circuit.rest(weights, streams)
    for _ in range(steps):
        state = circuit.step(weights, state, world)
    return weights, state


def test_error_neurons_are_silent_without_a_teaching_signal() -> None:
    circuit = ErrorMicrocircuit(lateral_noise=0.3, feedback_noise=0.5)
    assert not simulate(circuit, 50, teaching=False)[1].e.any()


def test_error_neurons_speak_with_a_teaching_signal() -> None:
    _, state = simulate(ErrorMicrocircuit(), 50, teaching=True)
    assert np.abs(state.e).min() > 0


@pytest.mark.parametrize("theory", [DendriticPC, DendriticMicrocircuit])
def test_an_ideal_network_predicts_itself(theory: Any) -> None:
    circuit = theory(lateral="ideal", activation=("linear",) * 4)
    _, state = simulate(circuit, 400, teaching=False)
    assert np.abs(state.apical).max() < 1e-8


@pytest.mark.parametrize("theory", [DendriticPC, DendriticMicrocircuit])
def test_target_rates_are_the_potentials_that_cause_them(theory: Any) -> None:
    by_rate, by_potential = theory(), theory(target="potential")
    weights = by_rate.initial_weights(0, [0])
    rest, yes = by_rate.rest(weights, 1), np.ones((1, 1, 1), bool)
    rate = np.full((1, 1, 5), 0.4)
    one = by_rate.step(weights, rest, World(np.ones((1, 1, 10)), rate, yes))
    other = by_potential.step(weights, rest, World(np.ones((1, 1, 10)), np.arctanh(rate), yes))
    np.testing.assert_allclose(one.u, other.u)


def test_variability_spreads_slopes_and_offsets_neuron_by_neuron() -> None:
    circuit = ErrorMicrocircuit(
        parts=(TunedNeurons((2.0,) * 4), VariableNeurons("representation", 0.3))
    )
    tuning = circuit.initial_weights(0, range(200)).tuning
    assert tuning is not None
    assert tuning.slope.mean() == pytest.approx(2, abs=0.05)
    assert tuning.slope.std() == pytest.approx(0.6, abs=0.05)
    assert tuning.offset.std() == pytest.approx(0.3, abs=0.02)


def test_variability_leaves_the_synapses_as_they_are() -> None:
    plain = ErrorMicrocircuit()
    varied = plain.having(VariableNeurons("representation"), VariableNeurons("error", 0.1))
    W = plain.initial_weights(0, [4]).W
    np.testing.assert_array_equal(W, varied.initial_weights(0, [4]).W)


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES)
def test_networks_are_the_same_whatever_is_drawn_with_them(theory: Any) -> None:
    alone, among = theory().initial_weights(0, [7]), theory().initial_weights(0, [3, 7])
    np.testing.assert_array_equal(alone.W[0], among.W[1])


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES)
def test_streams_live_apart(theory: Any) -> None:
    circuit = theory()
    _, together = simulate(circuit, 20, teaching=True, streams=4)
    weights = circuit.initial_weights(2, range(3))
    rng = np.random.default_rng(1)
    inputs, target = rng.uniform(size=(1, 4, 10)), rng.uniform(0.2, 0.6, size=(1, 4, 5))
    state = circuit.rest(weights, 1)
    for _ in range(20):
        world = World(inputs[:, 2:3], target[:, 2:3], np.ones((1, 1, 1), bool))
        state = circuit.step(weights, state, world)
    np.testing.assert_allclose(state.u[:, 0], together.u[:, 2], atol=1e-13)


def test_laterals_relax_to_one_to_one() -> None:
    circuit = ErrorMicrocircuit(
        lateral_noise=0.3, error_layers=(9, 15, 10, 5), parts=(RelaxingLaterals((0.5,) * 4),)
    )
    weights, state = simulate(circuit, 1, teaching=False)
    for _ in range(100):
        weights = circuit.learn(weights, state, state)
    np.testing.assert_allclose(weights.L_RE[0, :9, :20], np.eye(9, 20), atol=1e-12)


def test_a_grading_decides_which_projections_learn() -> None:
    table = ((1.0, 0, 0), (0, 0.5, 0))
    circuit = ErrorMicrocircuit(
        layers=(2, 3, 2), activation=("tanh",) * 2, learning_rates=(0.4, 0.2), connectivity=table
    )
    etas = {
        g: replace(circuit, learning_grading=g).area_eta[1, 1].item()
        for g in ("strength", "uniform", "hierarchical")
    }
    assert etas == {"strength": 0.1, "uniform": 0.2, "hierarchical": 0.2}
