"""Learning from a scalar error against the properties of node perturbation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.theories.scalar_reward import ScalarReward, Weights

SMALL = ScalarReward(
    layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"), timing=Timing(1e-3, 1e-3),
    exploration=1e-3, tau_exploration=1e6,
)  # fmt: skip

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]
DURATIONS = (10, 40, 160, 2560)


def cosine(one: Array, two: Array) -> float:
    return float((one * two).sum() / np.linalg.norm(one) / np.linalg.norm(two))


def told(circuit: ScalarReward, world: World) -> tuple[Weights, Array]:
    """Return synapses that expect the reward of this world, and its gradient."""
    weights = circuit.initial_weights(1, [0])
    sweep = circuit.sweep(weights)
    reward = -0.5 * ((world.target - sweep.output(world.input)) ** 2).sum(axis=-1)
    v = np.linalg.lstsq(world.input[0], reward[0], rcond=None)[0]
    return Weights(weights.W, v[None, None]), sweep.negative_gradient(world.input, world.target)


def drifts(circuit: ScalarReward, world: World, steps: tuple[int, ...]) -> list[Array]:
    """Return the sum of changes of synapses, were these frozen, after some steps of teaching."""
    weights, _ = told(circuit, world)
    state = circuit.rest(weights, 3)
    for _ in range(60):
        state = circuit.step(weights, state, replace(world, teaching=np.zeros((1, 1, 1), bool)))
    sums, total = [], np.zeros_like(weights.W)
    for k in range(1, max(steps) + 1):
        before, state = state, circuit.step(weights, state, world)
        total = total + circuit.learn(weights, before, state).W - weights.W
        if k in steps:
            sums.append(total)
    return sums


def test_the_change_of_synapses_follows_the_gradient_and_the_closer_the_longer(
    make_world: Maker,
) -> None:
    world = make_world(SMALL, teaching=True)
    _, gradient = told(SMALL, world)
    found = [cosine(sum_, gradient) for sum_ in drifts(SMALL, world, DURATIONS)]
    assert (np.diff(found) > 0).all()
    assert found[0] > 0
    assert found[-1] > 0.99


def test_on_average_it_is_the_gradient_and_not_only_along_it(make_world: Maker) -> None:
    world = make_world(SMALL, teaching=True)
    _, gradient = told(SMALL, world)
    (long,) = drifts(SMALL, world, (2560,))
    size = np.linalg.norm(long) / np.linalg.norm(gradient)
    assert size / (2560 * SMALL.learning_rate) == pytest.approx(1, abs=0.05)


def test_without_memory_of_the_perturbation_the_areas_below_the_output_learn_nothing_useful(
    make_world: Maker,
) -> None:
    """Eligibility must be as old as the reward's cause: with the wrong age, areas 1 and 2 fail."""

    class Forgetful(ScalarReward):
        lags = (0, 0, 0)

    world = make_world(SMALL, teaching=True)
    own = {f.name: getattr(SMALL, f.name) for f in fields(SMALL)}
    _, gradient = told(SMALL, world)
    (found,) = drifts(Forgetful(**own), world, (2560,))
    below = slice(0, 11)
    assert cosine(found[:, below], gradient[:, below]) < 0.5
    assert cosine(found[:, 11:], gradient[:, 11:]) > 0.99


@pytest.mark.parametrize("teaching", [True, False])
def test_all_error_neurons_say_the_same(teaching: bool, make_world: Maker, states: Runner) -> None:
    weights = SMALL.initial_weights(1, [0, 1])
    last = states(SMALL, weights, make_world(SMALL, teaching=teaching), 60)[-1]
    np.testing.assert_array_equal(last.e, last.e[..., :1] + np.zeros_like(last.e))
    assert (last.e != 0).all() == teaching


def test_the_error_is_reward_minus_what_was_expected(make_world: Maker, states: Runner) -> None:
    world = make_world(SMALL, teaching=True)
    still = replace(SMALL, exploration=1e-12)
    weights, _ = told(still, world)
    last = states(still, weights, world, 60)[-1]
    np.testing.assert_allclose(last.e, 0, atol=1e-9)
    more = replace(world, target=world.target + 1.0)
    missed = more.target - still.sweep(weights).output(world.input)
    was = world.target - still.sweep(weights).output(world.input)
    fall = -0.5 * ((missed**2).sum(axis=-1) - (was**2).sum(axis=-1))
    worse = states(still, weights, more, 60)[-1]
    np.testing.assert_allclose(worse.e[..., 0], fall, atol=1e-9)


def test_what_is_shown_often_is_expected(make_world: Maker) -> None:
    world = make_world(SMALL, teaching=True)
    circuit = replace(SMALL, learning_rate=0.0, expectation_rate=0.02)
    weights, state = circuit.initial_weights(1, [0]), None
    state = circuit.rest(weights, 3)
    errors = []
    for _ in range(3000):
        before, state = state, circuit.step(weights, state, world)
        weights = circuit.learn(weights, before, state)
        errors.append(np.abs(state.delta).max())
    assert errors[-1] < 0.01 * errors[20]


def test_without_a_teaching_signal_nothing_is_tried_out(make_world: Maker, states: Runner) -> None:
    weights = SMALL.initial_weights(1, [0])
    world = make_world(SMALL)
    last = states(SMALL, weights, world, 60)[-1]
    wanted = SMALL.sweep(weights).output(world.input)
    np.testing.assert_allclose(last.r[..., SMALL.output], wanted, atol=1e-12)


def test_exploration_ceases_while_an_outcome_lasts(make_world: Maker, states: Runner) -> None:
    brief = replace(SMALL, exploration=0.05, tau_exploration=50.0)
    every = states(brief, brief.initial_weights(1, [0]), make_world(brief, teaching=True), 1000)
    early, late = (np.ptp([s.r for s in every[a:]][:50], axis=0).max() for a in (50, 900))
    assert early > 0.05
    assert late < 1e-6


def test_a_negative_exploration_is_refused() -> None:
    with pytest.raises(ValueError, match="exploration"):
        ScalarReward(exploration=-0.1)
