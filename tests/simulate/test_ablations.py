"""The hallmark of the error microcircuit, and how each counter-circuit breaks what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errorneurons.simulate.circuit import World, neurons
from errorneurons.simulate.theories import counter_circuits
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.registry import COUNTER_CIRCUITS, INTACT, Theory

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]

SIZE = sum(INTACT.sizes)
AREA_1 = neurons(INTACT, "error", "area 1")
AREA_2 = neurons(INTACT, "error", "area 2")
OUTPUT = neurons(INTACT, "error", "area 4")


def off(where: slice) -> dict[str, Any]:
    """Return the factors that silence the error neurons in `where`."""
    keep = np.ones((1, 1, SIZE))
    keep[..., where] = 0.0
    return {"error": keep}


@given(
    seed=st.integers(0, 1000), size=st.floats(0, 20), drive=st.floats(-2, 2), kept=st.floats(0, 1)
)
@settings(max_examples=25, deadline=None)
def test_error_cells_are_silent_without_a_teaching_signal(
    seed: int, size: float, drive: float, kept: float
) -> None:
    rng = np.random.default_rng(seed)
    circuit = ErrorMicrocircuit(feedback_noise=0.3, lateral_noise=0.3)
    weights = circuit.initial_weights(seed, [0, 1])
    world = World(
        rng.normal(0, size, (2, 1, 10)), rng.normal(size=(2, 1, 5)), np.zeros((1, 1, 1), bool),
        {"representation": 1.0 * (rng.random((1, 1, SIZE)) < kept)},
        {"representation": drive * rng.random((1, 1, SIZE))},
    )  # fmt: skip
    state = circuit.rest(weights, 1)
    for _ in range(30):
        state = circuit.step(weights, state, world)
        assert not state.e.any()


def test_a_teaching_signal_makes_errors_in_every_area(make_world: Maker, states: Runner) -> None:
    weights = INTACT.initial_weights(1, [0, 1])
    last = states(INTACT, weights, make_world(INTACT, teaching=True), 100)[-1]
    for level in (1, 2, 3, 4):
        assert (np.abs(last.e[..., neurons(INTACT, "error", f"area {level}")]) > 1e-6).any()


def test_an_absent_target_read_as_zero_gives_errors_without_teaching(
    make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.absent_target_read_as_zero(INTACT)
    last = states(circuit, circuit.initial_weights(1, [0]), make_world(circuit), 200)[-1]
    out = circuit.output
    expected = -0.06 / 0.09 * (1 - last.r[..., out] ** 2) * last.r[..., out]
    np.testing.assert_allclose(last.e[..., OUTPUT], expected, atol=1e-10)
    assert np.abs(last.e[..., AREA_1]).max() > 1e-3


def test_a_sensory_leak_gives_errors_beside_active_representations(
    make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.sensory_leak(INTACT, 0.2)
    last = states(circuit, circuit.initial_weights(1, [0]), make_world(circuit), 200)[-1]
    area_3 = neurons(circuit, "error", "area 3")  # no error above, so only the leak
    expected = 0.1 / 0.13 * 0.2 * last.r[..., area_3]
    np.testing.assert_allclose(last.e[..., area_3], expected, atol=1e-10)
    assert not last.e[..., OUTPUT].any()


@pytest.mark.parametrize("direct", [False, True])
def test_only_direct_feedback_leaves_errors_below_a_silenced_area(
    direct: bool, make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.direct_feedback(INTACT) if direct else INTACT
    world = make_world(circuit, teaching=True, keep=off(AREA_2))
    last = states(circuit, circuit.initial_weights(1, [0]), world, 100)[-1]
    assert (np.abs(last.e[..., AREA_1]).max() > 1e-3) == direct
    assert np.abs(last.e[..., OUTPUT]).max() > 1e-3


@pytest.mark.parametrize("nudged", [False, True])
def test_only_the_nudged_circuit_learns_with_its_error_cells_off(
    nudged: bool, make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.teaching_to_representation(INTACT) if nudged else INTACT
    weights = circuit.initial_weights(1, [0])
    world = make_world(circuit, teaching=True, keep=off(slice(None)))
    before, after = states(circuit, weights, world, 100)[-2:]
    change = np.abs(circuit.learn(weights, before, after).W - weights.W)[:, circuit.output]
    assert change.max() > 1e-3 if nudged else change.max() < 1e-12


@pytest.mark.parametrize("counter", COUNTER_CIRCUITS, ids=lambda c: c.name)
def test_an_ablated_circuit_has_the_synapses_of_the_intact_one(counter: Theory) -> None:
    intact = INTACT.initial_weights(4, [2, 7])
    ablated = counter.circuit.initial_weights(4, [2, 7])
    np.testing.assert_array_equal(ablated.W, intact.W)
    np.testing.assert_array_equal(ablated.L_RE, intact.L_RE)
    np.testing.assert_array_equal(ablated.L_ER, intact.L_ER)


@pytest.mark.parametrize("counter", COUNTER_CIRCUITS, ids=lambda c: c.name)
def test_an_ablation_leaves_the_intact_circuit_as_it_was(counter: Theory) -> None:
    assert counter.circuit != INTACT
    assert ErrorMicrocircuit(learning_rates=(0.5, 0.3, 0.15, 0.08)) == INTACT


def test_the_nudged_circuit_learns_with_its_output() -> None:
    rates = counter_circuits.teaching_to_representation(INTACT).learning_rates
    np.testing.assert_allclose(rates, (0.05, 0.03, 0.015, 0.08 / 1.5))
