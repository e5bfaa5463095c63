"""Mismatch neurons: two signs in two classes, local errors, and what each interneuron is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import World, error_signs, neurons
from errorneurons.simulate.theories.mismatch_neurons import MismatchNeurons, Weights

CIRCUIT = MismatchNeurons(layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"))
SST, VIP, PV = range(3)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def predicting(seed: int = 1, circuit: MismatchNeurons = CIRCUIT) -> Weights:
    """Return synapses with predictions of what is not there."""
    weights = circuit.initial_weights(seed, [0])
    rng = np.random.default_rng(seed)
    return replace(weights, V=rng.uniform(-0.3, 0.3, weights.V.shape))


def halves(state: Any) -> tuple[Array, Array]:
    npe, ppe = CIRCUIT.error_places
    return state.error[..., npe], state.error[..., ppe]


def without(classes: tuple[int, ...], make_world: Maker, teaching: bool = True) -> World:
    keep = np.ones((1, 1, 42))
    for c in classes:
        keep[..., CIRCUIT.interneuron_places[c]] = 0.0
    return make_world(CIRCUIT, teaching, keep={"interneuron": keep})


def test_one_class_fires_for_more_and_the_other_for_less_than_predicted(
    make_world: Maker, states: Runner
) -> None:
    npe, ppe = halves(states(CIRCUIT, predicting(), make_world(CIRCUIT, True), 200)[-1])
    assert (np.maximum(npe, ppe) > 0).all()
    assert not np.minimum(npe, ppe).any()
    assert npe.any()
    assert ppe.any()


def test_both_classes_are_silent_where_all_is_as_predicted(states: Runner) -> None:
    weights, world = CIRCUIT.initial_weights(1, [0]), calm(CIRCUIT)
    state = states(CIRCUIT, weights, world, 1)[-1]
    assert not state.error.any()


def calm(circuit: MismatchNeurons) -> World:
    none = np.zeros((1, 3, circuit.layers[0]))
    return World(none, np.zeros((1, 3, circuit.layers[-1])), np.ones((1, 1, 1), bool))


def test_learning_makes_the_trained_event_silent_and_not_another(
    make_world: Maker, states: Runner
) -> None:
    circuit = replace(CIRCUIT, learning_rate=0.05)
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit, teaching=True)
    before = states(circuit, weights, world, 300)[-1]
    state = before
    for _ in range(4000):
        after = circuit.step(weights, state, world)
        weights, state = circuit.learn(weights, state, after), after
    assert np.abs(state.error).max() < 0.02 * np.abs(before.error).max()
    other = states(circuit, weights, make_world(circuit, teaching=True, seed=9), 300)[-1]
    assert np.abs(other.error).max() > 0.2 * np.abs(before.error).max()


def test_the_output_is_the_predicted_outcome_until_one_is_delivered(
    make_world: Maker, states: Runner
) -> None:
    weights = predicting()
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 1000)[-1]
    predicted = free.predicting[0] @ weights.V[0, 11:].T
    np.testing.assert_allclose(free.x[0, :, 11:], predicted, atol=1e-9)
    np.testing.assert_allclose(free.mismatch[..., 11:], 0, atol=1e-12)


def test_errors_stay_in_their_area(make_world: Maker, states: Runner) -> None:
    """Errors reach other areas through the representation that they correct, or not at all."""
    circuit = replace(CIRCUIT, correction=0.0)
    weights = predicting()
    drive = np.zeros((1, 1, 28))
    where = neurons(circuit, "error", "area 2")
    drive[..., where] = 1.0
    driven = make_world(circuit, True, current={"error": drive})
    plain, moved = (
        states(circuit, weights, w, 100)[-1].error for w in (make_world(circuit, True), driven)
    )
    changed = np.abs(moved - plain).max(axis=(0, 1)) > 0
    assert changed[where].any()
    assert not np.delete(changed, np.arange(where.start, where.stop)).any()


def test_predictions_travel_between_areas(make_world: Maker, states: Runner) -> None:
    drive = np.zeros((1, 1, 14))
    drive[..., neurons(CIRCUIT, "representation", "area 3")] = 1.0
    driven = make_world(CIRCUIT, current={"representation": drive})
    weights = predicting()
    plain, moved = (
        states(CIRCUIT, weights, w, 300)[-1].error for w in (make_world(CIRCUIT), driven)
    )
    assert (moved - plain)[..., neurons(CIRCUIT, "error", "area 1")].any()


def test_without_sst_cells_negative_errors_are_released_and_blind_to_the_input(
    make_world: Maker, states: Runner
) -> None:
    weights, off = predicting(), without((SST,), make_world)
    circuit = replace(CIRCUIT, correction=0.0)
    state = states(circuit, weights, off, 1)[-1]
    start = states(circuit, weights, make_world(circuit, True), 300)[-1]
    npe, _ = halves(circuit.step(weights, start, off))
    P = circuit.step(weights, start, off).predicting[0] @ weights.V[0].T
    np.testing.assert_allclose(npe[0], np.maximum(0.5 * P, 0), atol=1e-12)
    assert not halves(state)[0].any()


def test_without_vip_cells_negative_errors_lose_their_share_of_the_prediction(
    make_world: Maker, states: Runner
) -> None:
    weights, off = predicting(), without((VIP,), make_world)
    start = states(CIRCUIT, weights, make_world(CIRCUIT, True), 300)[-1]
    on, lost = (
        halves(CIRCUIT.step(weights, start, w))[0] for w in (make_world(CIRCUIT, True), off)
    )
    P = CIRCUIT.step(weights, start, off).predicting[0] @ weights.V[0].T
    up = (P > 0) & (on[0] > 0)
    assert up.any()
    np.testing.assert_allclose((on - lost)[0][up & (lost[0] > 0)], 0.5 * P[up & (lost[0] > 0)])
    assert (lost[0][up] < on[0][up]).all()


def test_without_pv_cells_positive_errors_no_longer_know_the_prediction(
    make_world: Maker, states: Runner
) -> None:
    weights, off = predicting(), without((PV,), make_world)
    start = states(CIRCUIT, weights, make_world(CIRCUIT, True), 300)[-1]
    _, ppe = halves(CIRCUIT.step(weights, start, off))
    np.testing.assert_allclose(ppe[0, :, 11:], np.maximum(off.target[0], 0))


def test_error_neurons_tell_which_half_they_carry() -> None:
    signs = error_signs(CIRCUIT)
    npe, ppe = CIRCUIT.error_places
    assert (signs[npe] == -1).all()
    assert (signs[ppe] == 1).all()


def test_the_classes_of_an_area_stand_side_by_side() -> None:
    assert neurons(CIRCUIT, "error", "area 2") == slice(12, 22)
    assert neurons(CIRCUIT, "interneuron", "area 3") == slice(33, 42)
    np.testing.assert_array_equal(CIRCUIT.error_places[1][6:11], np.arange(17, 22))


@pytest.mark.parametrize("disinhibition", [0.0, 0.3, 1.0])
def test_the_path_through_vip_cells_leaves_the_negative_error_as_it_is(
    disinhibition: float, make_world: Maker, states: Runner
) -> None:
    rival = replace(CIRCUIT, disinhibition=disinhibition)
    weights, world = predicting(), make_world(CIRCUIT, teaching=True)
    one, other = (states(c, weights, world, 100)[-1] for c in (CIRCUIT, rival))
    np.testing.assert_allclose(one.error, other.error, atol=1e-12)


# What the theory leaves open: whether an area predicts itself


def test_without_recurrence_no_area_learns_to_predict_itself(
    make_world: Maker, states: Runner
) -> None:
    circuit = replace(CIRCUIT, recurrence=0.0)
    for own, inside in ((CIRCUIT, True), (circuit, False)):
        weights = predicting(circuit=own)
        before, after = states(own, weights, make_world(own, teaching=True), 30)[-2:]
        changed = own.learn(weights, before, after).V[0] != weights.V[0]
        assert changed[:6, :6].any() == inside
        assert changed[:6, 6:].any()
        assert changed[11:, :11].any()


def test_an_impossible_recurrence_is_refused() -> None:
    with pytest.raises(ValueError, match="recurrence of mismatch_neurons is 2; give a share"):
        MismatchNeurons(recurrence=2)
