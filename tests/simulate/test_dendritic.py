"""The two theories with apical errors: what the tuft carries, and what silencing does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array, area_slices
from errorneurons.simulate.circuit import World, neurons
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]

SIZES = {"layers": (4, 6, 5, 3), "learning_rates": (0.1,) * 3}
TANH = {**SIZES, "activation": ("tanh",) * 3}
PC = {**SIZES, "activation": ("linear",) * 3, "lateral_rates": (0.1,) * 2}
SAC = {**TANH, "interneuron_rates": (0.1,) * 2, "inhibition_rates": (0.0,) * 2}


def predicting(**options: Any) -> list[Any]:
    """Return the circuits whose untrained networks predict themselves."""
    return [DendriticPC(**PC, **options), DendriticMicrocircuit(**SAC, **options)]


@pytest.mark.parametrize("circuit", predicting(), ids=lambda c: c.theory)
def test_a_network_that_predicts_itself_has_no_apical_potential_without_teaching(
    circuit: Any, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0, 1])
    last = states(circuit, weights, make_world(circuit), 600)[-1]
    assert np.abs(last.r).min() > 1e-4
    np.testing.assert_allclose(last.rates["error"], 0, atol=1e-9)


def backprop_errors(circuit: Any, W: Array, u: Array, target: Array) -> list[Array]:
    """Return W^T delta as it reaches each hidden area, lowest first."""
    _, mid, top = area_slices(circuit.sizes)
    slope = circuit.phi.slope(u)
    delta = slope[:, top] * (circuit.phi.inverse(target, -1) - u[:, top])
    into_mid = delta @ W[top, 10:15]
    into_low = (slope[:, mid] * into_mid) @ W[mid, 4:10]
    return [into_low, into_mid]


@pytest.mark.parametrize(
    "circuit", predicting(g_apical=1e-4, g_target=1e-4), ids=lambda c: c.theory
)
def test_under_weak_nudging_the_apical_potential_is_the_backpropagated_error(
    circuit: Any, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0])
    free = states(circuit, weights, make_world(circuit), 600)[-1]
    world = make_world(circuit, teaching=True)
    error = states(circuit, weights, world, 600)[-1].rates["error"][0]
    wanted = backprop_errors(circuit, weights.W[0], free.u[0], world.target[0])
    for area, expected in zip(("area 1", "area 2"), wanted, strict=True):
        mine = error[:, neurons(circuit, "error", area)].ravel()
        cosine = mine @ expected.ravel() / np.linalg.norm(mine) / np.linalg.norm(expected)
        assert cosine > 1 - 1e-4


@pytest.mark.parametrize("circuit", predicting(), ids=lambda c: c.theory)
def test_apical_errors_fade_from_area_to_area(
    circuit: Any, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, range(8))
    error = states(circuit, weights, make_world(circuit, teaching=True), 600)[-1].rates["error"]
    low, mid = (error[..., neurons(circuit, "error", f"area {n}")] for n in (1, 2))
    assert np.abs(low).mean() < 0.5 * np.abs(mid).mean()


@pytest.mark.parametrize("circuit", predicting(), ids=lambda c: c.theory)
def test_silencing_the_tuft_leaves_the_soma_to_its_basal_input(
    circuit: Any, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0])
    off = make_world(circuit, teaching=True, keep={"error": np.zeros((1, 1, 11))})
    silenced = states(circuit, weights, off, 600)[-1]
    assert not silenced.rates["error"].any()
    free = states(circuit, weights, make_world(circuit), 600)[-1]
    np.testing.assert_allclose(silenced.r[..., :11], free.r[..., :11], atol=1e-9)
    assert np.abs(silenced.r[..., 11:] - free.r[..., 11:]).max() > 0.01


@pytest.mark.parametrize("circuit", predicting(), ids=lambda c: c.theory)
def test_driving_the_tuft_moves_the_soma(circuit: Any, make_world: Maker, states: Runner) -> None:
    weights = circuit.initial_weights(1, [0])
    driven = make_world(circuit, current={"error": np.full((1, 1, 11), 0.5)})
    plain, moved = (states(circuit, weights, w, 600)[-1] for w in (make_world(circuit), driven))
    assert ((moved.u - plain.u)[..., :6] > 0).all()


def test_without_interneurons_the_feedback_reaches_the_tuft_uncancelled(
    make_world: Maker, states: Runner
) -> None:
    circuit = DendriticMicrocircuit(**SAC)
    weights = circuit.initial_weights(1, [0])
    off = make_world(circuit, keep={"interneuron": np.zeros((1, 1, 8))})
    last = states(circuit, weights, off, 600)[-1]
    released = np.einsum("npq,nsq->nsp", weights.B, last.r)[..., :11]
    assert np.abs(released).min() > 1e-4
    np.testing.assert_allclose(last.rates["error"], released, atol=1e-6)


STILL = {"learning_rates": (0.0,) * 3, "feedback": "fixed"}
INHIBITED: list[tuple[Any, str]] = [
    (DendriticPC(**(PC | STILL)), "M"),
    (DendriticMicrocircuit(**(SAC | STILL | {"inhibition_rates": (0.1,) * 2})), "B_PI"),
]


@pytest.mark.parametrize(("circuit", "name"), INHIBITED, ids=lambda x: getattr(x, "theory", x))
def test_inhibition_learns_to_cancel_the_feedback(
    circuit: Any, name: str, make_world: Maker
) -> None:
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit)
    weights = replace(weights, **{name: 0.5 * getattr(weights, name)})
    state, left = circuit.rest(weights, 3), []
    for _ in range(1000):
        before, state = state, circuit.step(weights, state, world)
        weights = circuit.learn(weights, before, state)
        left.append(np.abs(state.rates["error"]).mean())
    assert left[-1] < 0.7 * left[100]


@pytest.mark.parametrize("circuit", predicting(), ids=lambda c: c.theory)
def test_there_is_one_apical_error_for_each_neuron_below_the_output(circuit: Any) -> None:
    sizes = {p.area: p.size for p in circuit.populations if p.role == "error"}
    assert sizes == {"area 1": 6, "area 2": 5}
    assert circuit.carrier == "apical"
