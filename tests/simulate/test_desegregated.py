"""Desegregated predictive processing: violations without cells of their own, in loose balance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World, has
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.theories.desegregated import Desegregated
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.settling import settled
from errorneurons.simulate.trials.training import Training, train

SMALL = Desegregated(
    layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"), timing=Timing(1e-3, 1e-3)
)
NETWORKS = [0, 1, 2, 3]
TASK = association(1, NETWORKS)
OUTPUT = slice(45, 50)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


@cache
def learnt(balance: float = 0.5, spread: float = 0.2) -> tuple[Any, Training[Any]]:
    circuit: Any = replace(  # type: ignore[type-var]
        theory("desegregated").circuit, balance=balance, spread=spread
    )
    return circuit, train(circuit, TASK, 1, NETWORKS)


def every_pair(circuit: Any, weights: Any) -> tuple[Array, Array, Array]:
    """Return what cells settle to with each outcome after each stimulus, and who expects what.

    Dims (network, stimulus, outcome, cell); which outcome comes, and which is expected, have the
    output cells last.
    """
    stimuli, outcomes = TASK.stimuli["trained"], TASK.outcomes["trained"]
    first, second = np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5)
    alone = settled(circuit, weights, stimuli)[1].r[..., OUTPUT]
    r = settled(circuit, weights, stimuli[:, first], outcomes[:, second])[1].r
    return tuple(x.reshape(4, 5, 5, -1) for x in (r, outcomes[:, second], alone[:, first]))  # type: ignore[return-value]


def test_a_violation_is_answered_more_strongly_than_what_was_learnt() -> None:
    circuit, trained = learnt()
    r, _, _ = every_pair(circuit, trained.weights)
    energy = (r[..., OUTPUT] ** 2).sum(axis=-1)
    met = np.eye(5, dtype=bool)
    assert (energy[:, ~met].mean(axis=1) > 3 * energy[:, met].mean(axis=1)).all()
    untrained = circuit.initial_weights(1, NETWORKS)
    r, came, _ = every_pair(circuit, untrained)
    np.testing.assert_allclose(r[..., OUTPUT], -circuit.balances[OUTPUT] * came, atol=1e-9)


def test_without_inhibition_no_violation_is_answered() -> None:
    circuit, trained = learnt()
    r, _, _ = every_pair(circuit.without("restraint"), trained.weights)
    np.testing.assert_allclose(r, r[:, :, :1] + np.zeros(r.shape), atol=1e-9)


def test_violations_reach_cells_of_all_areas_which_all_represent_the_stimulus() -> None:
    """Nobody is silent to inputs and nobody to violations: there is no class of either."""
    circuit, trained = learnt()
    r, _, _ = every_pair(circuit, trained.weights)
    to_input = r.mean(axis=2).var(axis=1)
    to_violation = (r - np.diagonal(r, axis1=1, axis2=2).mean(axis=-1)[:, None, None]).var(axis=2)
    to_violation = to_violation.mean(axis=1)
    for start, stop in ((0, 20), (20, 35), (35, 45), (45, 50)):
        for energy in (to_input[:, start:stop], to_violation[:, start:stop]):
            assert (np.median(energy, axis=1) > 0.2 * energy.mean(axis=1)).all()
            assert (energy > 0).all()


def test_output_cells_carry_expectation_and_outcome_in_shares_that_vary_smoothly() -> None:
    """x = expected - b t, with a b for each cell: from little error in it to much."""
    circuit, trained = learnt()
    r, came, _ = every_pair(circuit, trained.weights)
    for network in range(4):
        for cell in range(5):
            x = r[network, ..., 45 + cell]
            own = x - x.mean(axis=1, keepdims=True)
            t = came[network, ..., cell] - came[network, ..., cell].mean(axis=1, keepdims=True)
            share = -(own * t).sum() / (t * t).sum()
            assert share == pytest.approx(circuit.balances[45 + cell], abs=0.25)
    np.testing.assert_allclose(circuit.balances[45:], [0.3, 0.4, 0.5, 0.6, 0.7])


def test_loose_balance_learns_and_tight_balance_does_not() -> None:
    assert np.median(learnt(0.5, 0.0)[1].removed) > 0.9
    assert np.median(learnt(0.95, 0.0)[1].removed) < 0.6


def test_what_was_learnt_is_restrained_by_its_balance_and_what_is_orthogonal_not_at_all(
    states: Runner,
) -> None:
    """A linear area that hears itself: V = 1 / (1 - b) on what was shown, r = (1 - b) E."""
    circuit = Desegregated(
        layers=(6, 6, 3), activation=("linear", "linear"), timing=Timing(1e-3, 0.0), spread=0.0,
        learning_rate=0.02, frozen=("area 2",),
    )  # fmt: skip
    weights = circuit.initial_weights(1, [0])
    inverse = np.linalg.inv(weights.F[0, :6, :6])
    known, new = inverse[:, :2].T, inverse[:, 2:4].T
    nothing = np.zeros((1, 2, 3))
    shown, state = World(known[None], nothing, np.ones((1, 1, 1), bool)), circuit.rest(weights, 2)
    for _ in range(6000):
        before, state = state, circuit.step(weights, state, shown)
        weights = circuit.learn(weights, before, state)
    b, E = circuit.balance, known @ weights.F[0, :6, :6].T
    np.testing.assert_allclose(state.r[0, :, :6], (1 - b) * E, atol=1e-3)
    np.testing.assert_allclose(weights.V[0, :6, :6] @ E.T, E.T / (1 - b), atol=1e-2)
    other = World(new[None], nothing, np.zeros((1, 1, 1), bool))
    r = states(circuit, weights, other, 3000, circuit.rest(weights, 2))[-1].r
    np.testing.assert_allclose(r[0, :, :6], new @ weights.F[0, :6, :6].T, atol=1e-2)


def test_what_is_learnt_is_the_gradient_of_what_is_not_balanced(
    make_world: Maker, states: Runner
) -> None:
    weights = SMALL.initial_weights(1, [0])
    some = np.random.default_rng(5).normal(size=weights.V.shape) * (SMALL.plastic_synapses > 0)
    weights = replace(weights, V=0.1 * some)
    world = make_world(SMALL, teaching=True)
    before, last = states(SMALL, weights, world, 2000)[-2:]
    dV = (SMALL.learn(weights, before, last).V - weights.V)[0]
    dV = dV / (SMALL.timing.dt * SMALL.learning_rate)
    arriving = np.concatenate([world.input, last.context], axis=-1) @ weights.F[0].T
    arriving = arriving + SMALL.descent * last.context @ weights.G[0].T
    arriving[..., 11:] = world.target

    def loss(V: Array) -> float:
        return float(0.5 * ((arriving - last.context @ V.T) ** 2).sum())

    for post, pre in ((0, 8), (7, 7), (13, 2)):
        step = np.zeros_like(dV)
        step[post, pre] = 1e-5
        slope = (loss(weights.V[0] + step) - loss(weights.V[0] - step)) / 2e-5
        assert dV[post, pre] == pytest.approx(-slope, abs=1e-7)


def test_hidden_areas_hear_themselves_and_those_above_and_the_output_those_below() -> None:
    exists = SMALL.plastic_synapses
    rows = (slice(0, 6), slice(6, 11), slice(11, 14))
    found = [[bool(exists[one, two].all()) for two in rows] for one in rows]
    assert found == [[True, True, True], [False, True, True], [True, True, False]]
    assert exists.sum() == 6 * 14 + 5 * 8 + 3 * 11
    assert set(SMALL.axons[2].routes) == {
        ("area 2", "area 1"), ("area 3", "area 1"), ("area 3", "area 2"),
        ("area 1", "area 3"), ("area 2", "area 3"),
    }  # fmt: skip


def test_it_has_no_error_neurons() -> None:
    assert not has(SMALL, "error")
    assert SMALL.carrier == "none"


def test_a_balance_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"balance of a cell of desegregated is 1\.1; give a sh"):
        Desegregated(balance=0.9, spread=0.2)
