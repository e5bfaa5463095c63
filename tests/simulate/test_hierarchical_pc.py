"""Hierarchical predictive coding, both mappings, against its own theory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC, Weights

AT_TOP = HierarchicalPC("outcome_at_top", (4, 6, 5, 3), outcomes=3, timing=Timing(1e-3, 0.0))
AS_INPUT = replace(AT_TOP, mapping="outcome_as_input")

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]
both = pytest.mark.parametrize("circuit", [AT_TOP, AS_INPUT], ids=lambda c: c.theory)


def energy(state: Any, top: slice | None = None, prior: float = 1.0) -> Array:
    weight = np.ones(state.e.shape[-1])
    if top:  # e_L = pi x_L, and the prior's energy is pi x_L^2 / 2
        weight[top] = 1 / prior if prior else 0.0
    return np.asarray(0.5 * (weight * state.e**2).sum(axis=-1))


@both
@pytest.mark.parametrize("teaching", [False, True])
def test_the_energy_never_rises_while_relaxing(
    circuit: HierarchicalPC, teaching: bool, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(2, [0, 1, 2])
    energies = np.stack(
        [energy(s) for s in states(circuit, weights, make_world(circuit, teaching), 400)]
    )
    assert (np.diff(energies, axis=0) <= 1e-12).all()
    assert (energies[-1] < 0.95 * energies[0]).all()


@both
@pytest.mark.parametrize("teaching", [False, True])
def test_a_linear_network_settles_at_the_solution_of_its_linear_system(
    circuit: HierarchicalPC, teaching: bool, make_world: Maker, states: Runner
) -> None:
    linear = replace(circuit, activation="linear")
    weights, world = linear.initial_weights(1, [0]), make_world(linear, teaching)
    last = states(linear, weights, world, 6000)[-1]
    clamped = np.zeros(sum(linear.levels), dtype=bool)
    clamped[:4] = True
    clamped[linear.clamped] |= teaching
    A = np.eye(len(clamped)) - weights.V[0]  # e = A x, and A_f^T e = 0 where x is free
    given = last.predicting[0][:, clamped]
    right = -A[:, ~clamped].T @ A[:, clamped] @ given.T
    solution = np.linalg.solve(A[:, ~clamped].T @ A[:, ~clamped], right).T
    np.testing.assert_allclose(last.x[0][:, ~clamped], solution, atol=1e-9)
    np.testing.assert_array_equal(given[:, :4], world.input[0])


@both
@pytest.mark.parametrize("delay", [0.0, 2e-3])
def test_without_input_everything_rests_at_zero(
    circuit: HierarchicalPC, delay: float, states: Runner
) -> None:
    circuit = replace(circuit, timing=Timing(1e-3, delay))
    blank = World(np.zeros((1, 1, 4)), np.ones((1, 1, 3)), np.zeros((1, 1, 1), bool))
    for state in states(circuit, circuit.initial_weights(1, [0]), blank, 50):
        assert not state.x.any()
        assert not state.e.any()


@both
def test_a_perturbation_dies_out_without_input(circuit: HierarchicalPC, states: Runner) -> None:
    blank = World(np.zeros((1, 1, 4)), np.ones((1, 1, 3)), np.zeros((1, 1, 1), bool))
    weights = circuit.initial_weights(1, [0, 1])
    start = circuit.rest(weights, 3)
    start = replace(start, x=start.x + np.random.default_rng(0).normal(size=start.x.shape))
    assert np.abs(states(circuit, weights, blank, 4000, start)[-1].x[..., 4:]).max() < 1e-8


@both
def test_plasticity_is_the_gradient_of_the_energy(
    circuit: HierarchicalPC, make_world: Maker, states: Runner
) -> None:
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit, teaching=True)
    before, after = states(circuit, weights, world, 200)[-2:]
    dV = circuit.learn(weights, before, after).V - weights.V
    rows, columns = np.nonzero(circuit.strengths)
    for post, pre in list(zip(rows, columns, strict=True))[::17]:
        shifted = [Weights(weights.V.copy()) for _ in range(2)]
        for sign, moved in zip((1, -1), shifted, strict=True):
            moved.V[0, post, pre] += sign * 1e-5
        high, low = (energy(circuit.step(w, before, world)).sum() for w in shifted)
        expected = -circuit.learning_rate * (high - low) / 2e-5
        assert dV[0, post, pre] == pytest.approx(expected, rel=1e-5, abs=1e-12)


@both
def test_learning_after_settling_lowers_the_settled_energy(
    circuit: HierarchicalPC, make_world: Maker, states: Runner
) -> None:
    weights, world = circuit.initial_weights(1, [0, 1]), make_world(circuit, teaching=True)
    before, after = states(circuit, weights, world, 2000)[-2:]
    learnt = circuit.learn(weights, before, after)
    settled = energy(states(circuit, learnt, world, 2000)[-1]).sum(axis=1)
    assert (settled < energy(after).sum(axis=1)).all()


def test_the_two_mappings_are_two_theories() -> None:
    assert (AT_TOP.theory, AS_INPUT.theory) == ("hierarchical_pc", "hierarchical_pc_sensory")


def test_with_the_outcome_at_the_top_the_output_is_the_top() -> None:
    assert AT_TOP.output_area == "area 3"


def test_with_the_outcome_as_input_the_output_area_is_outcome() -> None:
    assert AS_INPUT.output_area == "outcome"
    assert [p.level for p in AS_INPUT.populations if p.area == "outcome"] == [0]


@both
def test_a_delivered_outcome_clamps_the_output(
    circuit: HierarchicalPC, make_world: Maker, states: Runner
) -> None:
    world = make_world(circuit, teaching=True)
    last = states(circuit, circuit.initial_weights(1, [0]), world, 5)[-1]
    np.testing.assert_array_equal(last.predicting[..., circuit.clamped], world.target)


def test_an_outcome_of_another_size_than_the_top_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layers ends in 3, but outcomes is 5; with the outcome"):
        HierarchicalPC("outcome_at_top", (4, 6, 3), outcomes=5)


# How precise the prior at the top is


@both
@pytest.mark.parametrize("prior", [0.0, 0.3])
def test_the_energy_of_any_prior_never_rises_while_relaxing(
    circuit: HierarchicalPC, prior: float, make_world: Maker, states: Runner
) -> None:
    own = replace(circuit, prior=prior)
    every = states(own, own.initial_weights(2, [0, 1]), make_world(own), 400)
    energies = np.stack([energy(s, own.top, prior) for s in every])
    assert (np.diff(energies, axis=0) <= 1e-12).all()


@pytest.mark.parametrize("prior", [0.0, 0.3, 1.0])
def test_a_linear_top_settles_at_the_posterior_mean(
    prior: float, make_world: Maker, states: Runner
) -> None:
    """Of a cause with precision pi, seen through one layer with precision 1."""
    circuit = HierarchicalPC(
        "outcome_at_top", (6, 3), outcomes=3, activation="linear", prior=prior,
        timing=Timing(1e-3, 0.0),
    )  # fmt: skip
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit)
    last = states(circuit, weights, world, 8000)[-1]
    V = weights.V[0, :6, 6:]
    mean = np.linalg.solve(V.T @ V + prior * np.eye(3), V.T @ world.input[0].T).T
    np.testing.assert_allclose(last.x[0][:, 6:], mean, atol=1e-9)


def test_with_a_flat_prior_the_error_cells_of_the_top_are_silent_unless_driven(
    make_world: Maker, states: Runner
) -> None:
    flat = replace(AT_TOP, prior=0.0)
    for state in states(flat, flat.initial_weights(1, [0]), make_world(flat, True), 50):
        assert not state.e[..., flat.top].any()


def test_a_negative_precision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"prior of hierarchical_pc is -1\.0"):
        HierarchicalPC(prior=-1.0)
