"""Balanced bursts against the properties that their paper states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from errorneurons.simulate.circuit import World
from errorneurons.simulate.theories.burst_balanced import BurstBalanced, Weights
from errorneurons.simulate.theories.burst_dependent import BurstDependent

CIRCUIT = BurstBalanced(
    layers=(4, 6, 5, 3), learning_rates=(0.1,) * 3, inhibition_rate=0.1, beta=6.0
)
HIDDEN = slice(0, 11)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def unbalanced(circuit: BurstBalanced) -> Weights:
    """Return synapses whose inhibition knows nothing of the bursts that it is to cancel."""
    weights = circuit.initial_weights(1, [0])
    off = np.random.default_rng(2).normal(size=weights.Q.shape) * (circuit.eta_inhibition > 0)
    return replace(weights, Q=0.2 * off)


@pytest.mark.parametrize("feedback", ["transpose", "fixed"])
def test_balanced_bursts_are_at_rest_in_all_areas_without_a_teaching_signal(
    feedback: Any, make_world: Maker, states: Runner
) -> None:
    circuit = replace(CIRCUIT, feedback=feedback)
    every = states(circuit, circuit.initial_weights(1, [0, 1]), make_world(circuit), 100)
    assert max(np.abs(s.error).max() for s in every) < 1e-14


def test_teaching_changes_bursts_and_leaves_events_alone(make_world: Maker, states: Runner) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    taught, free = (states(CIRCUIT, weights, make_world(CIRCUIT, x), 100) for x in (True, False))
    np.testing.assert_array_equal(taught[-1].e, free[-1].e)
    assert np.abs(taught[-1].error).min() > 1e-6


def test_bursts_are_what_excitation_and_inhibition_leave(make_world: Maker, states: Runner) -> None:
    weights = unbalanced(CIRCUIT)
    last = states(CIRCUIT, weights, make_world(CIRCUIT, teaching=True), 200)[-1]
    drive = (last.p * last.e) @ weights.Y[0].T - last.e @ weights.Q[0].T
    p = expit(CIRCUIT.beta * (1 - last.e) * drive + logit(CIRCUIT.p_b))
    np.testing.assert_allclose(last.p[..., HIDDEN], p[..., HIDDEN], atol=1e-12)


def test_inhibition_learns_to_cancel_what_events_alone_bring(states: Runner) -> None:
    """Whatever Q was, and while something teaches; of events that vary enough it becomes p_b Y."""
    circuit = replace(CIRCUIT, learning_rates=(0.0,) * 3, inhibition_rate=0.05)
    rng = np.random.default_rng(4)
    shown, target = rng.uniform(-3, 3, (1, 20, 4)), rng.uniform(-1, 1, (1, 20, 3))
    world, weights = World(shown, target, np.ones((1, 1, 1), bool)), unbalanced(circuit)
    events = replace(world, teaching=np.zeros((1, 1, 1), bool))
    start, state = weights.Q, circuit.rest(weights, 20)
    loud = np.abs(states(circuit, weights, events, 50, state)[-1].error).max()
    for _ in range(4000):
        before, state = state, circuit.step(weights, state, world)
        weights = replace(circuit.learn(weights, before, state), Y=weights.Y)
    quiet = np.abs(states(circuit, weights, events, 50, state)[-1].error).max()
    assert quiet < 0.05 * loud
    missed = [np.linalg.norm((Q - circuit.p_b * weights.Y)[:, 6:11]) for Q in (start, weights.Q)]
    assert missed[1] < 0.01 * missed[0]


def test_with_balanced_bursts_inhibition_stays(make_world: Maker, states: Runner) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    pair = states(CIRCUIT, weights, make_world(CIRCUIT, teaching=True), 100)[-2:]
    np.testing.assert_allclose(CIRCUIT.learn(weights, *pair).Q, weights.Q, atol=1e-14)


def test_nothing_is_learnt_of_events_that_nothing_teaches(
    make_world: Maker, states: Runner
) -> None:
    """One phase: the baseline is known, and no mean over a phase without teaching is needed."""
    weights = CIRCUIT.initial_weights(1, [0])
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 100)[-2:]
    np.testing.assert_allclose(CIRCUIT.learn(weights, *free).W, weights.W, atol=1e-14)


@pytest.mark.parametrize("area", [slice(0, 6), slice(6, 11), slice(11, 14)])
def test_small_errors_change_synapses_along_the_gradient(
    area: slice, along_gradient: Callable[..., float]
) -> None:
    assert along_gradient(replace(CIRCUIT, kappa=1e-4), area) > 1 - 1e-5


def test_with_ideal_inhibition_it_is_burst_dependent_plasticity_balanced(
    make_world: Maker, states: Runner
) -> None:
    other = BurstDependent(
        layers=CIRCUIT.layers, learning_rates=CIRCUIT.learning_rates, inhibition=1.0,
        beta=6.0, p_0=0.2, kappa=0.2, weight_scale=CIRCUIT.weight_scale,
    )  # fmt: skip
    weights, world = CIRCUIT.initial_weights(1, [0]), make_world(CIRCUIT, teaching=True)
    mine = states(CIRCUIT, weights, world, 60)
    its = states(other, weights, world, 60)
    for here, there in zip(mine, its, strict=True):
        np.testing.assert_allclose(here.p, there.p, atol=1e-12)


def test_silencing_the_error_holds_bursts_at_rest_and_leaves_the_output(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    off = make_world(CIRCUIT, teaching=True, keep={"error": np.zeros((1, 1, 14))})
    silenced = states(CIRCUIT, weights, off, 100)[-1]
    assert (silenced.p == CIRCUIT.p_b).all()
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 100)[-1]
    np.testing.assert_array_equal(silenced.e, free.e)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p_b": 1.0}, "p_b of burst_balanced is 1.0; give a value between 0 and 1"),
        ({"kappa": 2.0}, "kappa of burst_balanced is 2.0; give a share, from 0 to 1"),
        ({"learning_rates": (1.0,)}, "learning_rates has 1 entries for 4 areas"),
        ({"feedback": "fix"}, "feedback of burst_balanced is 'fix'.*did you mean 'fixed'"),
    ],
)
def test_impossible_parameters_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BurstBalanced(**options)
