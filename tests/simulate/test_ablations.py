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


def driving(where: slice) -> dict[str, Any]:
    """Return the current into the error neurons in `where`."""
    return {"error": 0.05 * (1 - off(where)["error"])}


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


def test_an_error_told_as_one_number_is_the_same_in_all_error_neurons_of_the_output(
    make_world: Maker, states: Runner
) -> None:
    weights = INTACT.initial_weights(1, [0, 1])
    told = []
    for circuit in (INTACT, counter_circuits.error_as_one_number(INTACT)):
        untaught = states(circuit, weights, make_world(circuit), 100)[-1]
        assert not untaught.e.any()
        last = states(circuit, weights, make_world(circuit, teaching=True), 2)[-1]
        told.append(last.v[..., OUTPUT])
    intact, broken = told
    size = np.sqrt((intact**2).mean(axis=-1, keepdims=True))
    np.testing.assert_allclose(broken, size * np.ones(intact.shape[-1]), rtol=1e-9)


def test_a_held_output_comes_to_rest_at_the_target_and_is_free_without_one(
    make_world: Maker, states: Runner
) -> None:
    circuit, weights = counter_circuits.held_output(INTACT), INTACT.initial_weights(1, [0])
    world = make_world(circuit, teaching=True)
    last = states(circuit, weights, world, 400)[-1]
    target = np.broadcast_to(world.target, last.r[..., circuit.output].shape)
    np.testing.assert_allclose(last.r[..., circuit.output], target, atol=1e-6)
    free = [states(c, weights, make_world(c), 100)[-1] for c in (circuit, INTACT)]
    np.testing.assert_array_equal(free[0].u, free[1].u)


@pytest.mark.parametrize("counter", COUNTER_CIRCUITS, ids=lambda c: c.name)
def test_an_ablated_circuit_has_the_synapses_of_the_intact_one(counter: Theory) -> None:
    intact = INTACT.initial_weights(4, [2, 7])
    ablated = counter.circuit.initial_weights(4, [2, 7])
    np.testing.assert_array_equal(ablated.W, intact.W)
    np.testing.assert_array_equal(ablated.L_RE, intact.L_RE)
    np.testing.assert_array_equal(ablated.L_ER, intact.L_ER)


@pytest.mark.parametrize("counter", COUNTER_CIRCUITS, ids=lambda c: c.name)
def test_an_ablation_leaves_the_intact_circuit_as_it_was(counter: Theory) -> None:
    assert counter.circuit != INTACT or counter.senses_outcomes
    assert ErrorMicrocircuit(learning_rates=(0.5, 0.3, 0.15, 0.08)) == INTACT


def test_the_nudged_circuit_learns_with_its_output() -> None:
    rates = counter_circuits.teaching_to_representation(INTACT).learning_rates
    np.testing.assert_allclose(rates, (0.05, 0.03, 0.015, 0.08 / 1.5))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_with_ascending_errors_a_driven_area_moves_the_area_above(
    share: float, make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.ascending_errors(INTACT, share)
    world = make_world(circuit, current=driving(AREA_2))
    last = states(circuit, circuit.initial_weights(1, [0]), world, 100)[-1]
    area_3 = neurons(circuit, "error", "area 3")
    assert (np.abs(last.e[..., area_3]).max() > 1e-3) == bool(share)
    assert (np.abs(last.e[..., AREA_1]).max() > 1e-3) == (not share)
    assert not last.e[..., OUTPUT].any()


@pytest.mark.parametrize("needs", [False, True])
def test_only_errors_that_need_those_below_are_lost_above_a_silenced_area(
    needs: bool, make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.errors_need_those_below(INTACT) if needs else INTACT
    weights, area_3 = circuit.initial_weights(1, [0]), neurons(circuit, "error", "area 3")
    intact = states(circuit, weights, make_world(circuit, teaching=True), 100)[-1]
    world = make_world(circuit, teaching=True, keep=off(AREA_2))
    last = states(circuit, weights, world, 100)[-1]
    assert np.abs(intact.e[..., AREA_1]).max() > 1e-3
    assert (np.abs(last.e[..., area_3]).max() < 1e-12) == needs
    assert np.abs(last.e[..., OUTPUT]).max() > 1e-3


def test_what_only_silencing_shows_is_the_microcircuit_while_nothing_is_silenced(
    make_world: Maker, states: Runner
) -> None:
    weights = INTACT.initial_weights(1, [0])
    plain = states(INTACT, weights, make_world(INTACT, teaching=True), 50)[-1]
    for changed in (
        counter_circuits.errors_need_those_below,
        counter_circuits.drive_through_errors,
    ):
        circuit = changed(INTACT)
        last = states(circuit, weights, make_world(circuit, teaching=True), 50)[-1]
        np.testing.assert_allclose(last.e, plain.e, atol=1e-14)
        np.testing.assert_allclose(last.u, plain.u, atol=1e-14)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_drive_through_errors_loses_its_share_in_a_silenced_area(
    share: float, make_world: Maker, states: Runner
) -> None:
    circuit = counter_circuits.drive_through_errors(INTACT, share)
    weights = circuit.initial_weights(1, [0])
    intact = states(circuit, weights, make_world(circuit), 300)[-1]
    silenced = states(circuit, weights, make_world(circuit, keep=off(AREA_1)), 300)[-1]
    np.testing.assert_allclose(
        silenced.basal[..., AREA_1], (1 - share) * intact.basal[..., AREA_1], atol=1e-12
    )


def test_axons_of_mixed_classes_reach_either_class(make_world: Maker, states: Runner) -> None:
    circuit = counter_circuits.mixed_classes(INTACT, 0.5, 2.0)
    weights = circuit.initial_weights(1, [0])
    world = make_world(circuit, current=driving(AREA_2), keep=off(AREA_1))
    last = states(circuit, weights, world, 400)[-1]
    arriving = np.einsum("nij,nsj->nsi", weights.B, last.e)[..., AREA_1]
    assert np.abs(arriving).max() > 1e-3
    np.testing.assert_allclose(last.apical[..., AREA_1], 2.0 * arriving, atol=1e-6)
    area_3 = neurons(circuit, "error", "area 3")  # no error above, so only what ascends
    np.testing.assert_allclose(last.dendritic[..., area_3], 0.5 * last.basal[..., area_3])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (counter_circuits.ascending_errors, "ascending_errors of error_microcircuit is 1.5; give"),
        (counter_circuits.drive_through_errors, "drive_through_errors of error_.* is 1.5; give"),
        (counter_circuits.errors_need_those_below, "errors_need_those_below of .* is 1.5; give"),
    ],
)
def test_a_share_above_one_is_refused(changed: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(INTACT, 1.5)
