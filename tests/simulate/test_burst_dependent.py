"""Burst-dependent plasticity: two messages in one ensemble, and the gradient in small errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from errorneurons.simulate.circuit import World
from errorneurons.simulate.theories.burst_dependent import BurstDependent, Weights

CIRCUIT = BurstDependent(layers=(4, 6, 5, 3), learning_rates=(0.1,) * 3)
BALANCED = replace(CIRCUIT, inhibition=1.0)

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


@pytest.mark.parametrize("circuit", [CIRCUIT, BALANCED])
def test_teaching_changes_bursts_and_leaves_events_alone(
    circuit: BurstDependent, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0, 1])
    taught, free = (
        states(circuit, weights, make_world(circuit, teaching), 100) for teaching in (True, False)
    )
    for one, other in zip(taught, free, strict=True):
        np.testing.assert_array_equal(one.e, other.e)
    assert np.abs(taught[-1].p - free[-1].p).min() > 0


@pytest.mark.parametrize(("circuit", "where"), [(BALANCED, slice(None)), (CIRCUIT, slice(11, 14))])
def test_without_a_teaching_signal_burst_probabilities_are_at_rest(
    circuit: BurstDependent, where: slice, make_world: Maker, states: Runner
) -> None:
    every = states(circuit, circuit.initial_weights(1, [0, 1]), make_world(circuit), 100)
    assert all((s.p[..., where] == circuit.p_0).all() for s in every)
    assert not every[-1].rates["error"][..., where].any()


def test_balanced_bursts_are_those_of_greedy_et_al(make_world: Maker, states: Runner) -> None:
    """p = sigma(beta (1 - e) (Y b - Q e) + logit p_0), Q = p_0 Y: no burst signal at rest."""
    weights, world = BALANCED.initial_weights(1, [0]), make_world(BALANCED, teaching=True)
    last = states(BALANCED, weights, world, 100)[-1]
    b, Q = last.p * last.e, BALANCED.p_0 * weights.Y[0]
    drive = b @ weights.Y[0].T - last.e @ Q.T
    p = expit(BALANCED.beta * (1 - last.e) * drive + logit(BALANCED.p_0))
    np.testing.assert_allclose(last.p[..., :11], p[..., :11], atol=1e-12)
    assert np.abs(last.p - BALANCED.p_0)[..., :11].min() > 1e-6


def test_balanced_bursts_learn_in_one_phase(make_world: Maker, states: Runner) -> None:
    """The running mean is p_0, so that no phase without teaching is needed to know it."""
    weights = BALANCED.initial_weights(1, [0])
    taught = states(BALANCED, weights, make_world(BALANCED, teaching=True), 30)
    assert all((s.mean == BALANCED.p_0).all() for s in taught)
    free = states(BALANCED, weights, make_world(BALANCED), 30)
    np.testing.assert_array_equal(BALANCED.learn(weights, *free[-2:]).W, weights.W)


def test_without_balancing_bursts_below_follow_events_above(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 100)[-1].rates["error"]
    assert np.abs(free[..., :11]).min() > 0


def test_what_bursts_do_all_the_time_is_no_surprise_and_changes_no_synapses(
    make_world: Maker, states: Runner
) -> None:
    """Bursts are compared with their running mean, and not with p_0."""
    weights = CIRCUIT.initial_weights(1, [0])
    seen = states(CIRCUIT, weights, make_world(CIRCUIT), 900)
    early, late = (
        np.abs(CIRCUIT.learn(weights, *pair).W - weights.W).max() for pair in (seen[:2], seen[-2:])
    )
    assert late < 1e-6 * early
    assert np.abs(seen[-1].p - CIRCUIT.p_0)[..., :11].min() > 1e-3


@pytest.mark.parametrize("area", [slice(0, 6), slice(6, 11), slice(11, 14)])
def test_small_errors_change_synapses_along_the_gradient(
    area: slice, along_gradient: Callable[..., float]
) -> None:
    assert along_gradient(replace(BALANCED, kappa=1e-5), area) > 1 - 1e-5


def test_the_running_mean_is_held_while_there_is_a_teaching_signal(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 400)[-1]
    np.testing.assert_allclose(free.mean, free.p, atol=1e-5)
    taught = states(CIRCUIT, weights, make_world(CIRCUIT, teaching=True), 50, start=free)
    assert all((s.mean == free.mean).all() for s in taught)


def test_silencing_the_error_holds_bursts_at_rest_and_leaves_the_output(
    make_world: Maker, states: Runner
) -> None:
    weights = CIRCUIT.initial_weights(1, [0])
    off = make_world(CIRCUIT, teaching=True, keep={"error": np.zeros((1, 1, 14))})
    silenced = states(CIRCUIT, weights, off, 100)[-1]
    assert (silenced.p == CIRCUIT.p_0).all()
    free = states(CIRCUIT, weights, make_world(CIRCUIT), 100)[-1]
    np.testing.assert_array_equal(silenced.e, free.e)


def test_fixed_feedback_never_changes(make_world: Maker, states: Runner) -> None:
    circuit = replace(CIRCUIT, feedback="fixed")
    weights = circuit.initial_weights(1, [0])
    before, after = states(circuit, weights, make_world(circuit, teaching=True), 30)[-2:]
    learnt: Weights = circuit.learn(weights, before, after)
    np.testing.assert_array_equal(learnt.Y, weights.Y)
    assert (learnt.W != weights.W)[0][circuit.projections == 1].all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p_0": 1.0}, "p_0 of burst_dependent is 1.0; give a value between 0 and 1"),
        ({"learning_rates": (1.0,)}, "learning_rates has 1 entries for 4 areas"),
        ({"feedback": "fix"}, "feedback of burst_dependent is 'fix'.*did you mean 'fixed'"),
        (
            {"inhibition": -0.1},
            r"inhibition of burst_dependent is -0\.1; give a share, from 0 to 1",
        ),
    ],
)
def test_impossible_parameters_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BurstDependent(**options)
