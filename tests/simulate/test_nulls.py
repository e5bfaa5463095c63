"""The nulls: nothing in them carries an error, and teaching changes no synapse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import World, has
from errorneurons.simulate.theories.adaptation import Adaptation
from errorneurons.simulate.theories.feature_gain import FeatureGain

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


@pytest.mark.parametrize("circuit", [Adaptation(), FeatureGain()])
def test_nulls_have_no_error_neurons(circuit: Any) -> None:
    assert not has(circuit, "error")
    assert circuit.carrier == "none"


@pytest.mark.parametrize("circuit", [Adaptation(), FeatureGain()])
def test_teaching_changes_no_synapse_of_a_null(
    circuit: Any, make_world: Maker, states: Runner
) -> None:
    weights = circuit.initial_weights(1, [0])
    before, after = states(circuit, weights, make_world(circuit, teaching=True), 20)[-2:]
    np.testing.assert_array_equal(circuit.learn(weights, before, after).W, weights.W)


def test_adaptation_does_not_depend_on_teaching(make_world: Maker, states: Runner) -> None:
    circuit = Adaptation()
    weights = circuit.initial_weights(1, [0, 1])
    taught, free = (states(circuit, weights, make_world(circuit, t), 200) for t in (True, False))
    np.testing.assert_array_equal([s.r for s in taught], [s.r for s in free])


def test_resources_settle_where_use_and_recovery_balance(make_world: Maker, states: Runner) -> None:
    circuit = Adaptation()
    world = make_world(circuit)
    last = states(circuit, circuit.initial_weights(1, [0]), world, 3000)[-1]
    balance = 1 / (1 + circuit.use * circuit.tau_recovery * np.abs(world.input[0]))
    np.testing.assert_allclose(last.a[0, :, :10], balance, atol=1e-5)


def test_a_lasting_input_loses_its_response(make_world: Maker, states: Runner) -> None:
    circuit = Adaptation()
    every = states(circuit, circuit.initial_weights(1, [0]), make_world(circuit), 600)
    assert np.abs(every[-1].r).mean() < 0.7 * np.abs(every[20].r).mean()


def test_arousal_scales_all_cells_alike(make_world: Maker, states: Runner) -> None:
    circuit = FeatureGain()
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit)
    state = states(circuit, weights, world, 30)[-1]
    calm, aroused = (
        circuit.step(weights, replace(state, arousal=np.full((1, 3, 1), s)), world).r
        for s in (0.0, 0.8)
    )
    assert np.abs(calm).min() > 0
    np.testing.assert_allclose(aroused / calm, 1.8)


def test_arousal_is_the_only_way_of_an_outcome_to_a_cell(make_world: Maker) -> None:
    circuit = FeatureGain()
    weights, state = (
        circuit.initial_weights(1, [0]),
        circuit.rest(circuit.initial_weights(1, [0]), 3),
    )
    taught, free = (circuit.step(weights, state, make_world(circuit, t)) for t in (True, False))
    np.testing.assert_array_equal(taught.u, free.u)
    assert (taught.arousal > free.arousal).all()


def test_what_is_expected_arouses_less_than_what_is_not(make_world: Maker, states: Runner) -> None:
    circuit = FeatureGain()
    weights, world = circuit.initial_weights(1, [0]), make_world(circuit, teaching=True)
    state = circuit.rest(weights, 3)
    for _ in range(3000):
        after = circuit.step(weights, state, world)
        weights, state = circuit.learn(weights, state, after), after
    other = replace(world, target=np.roll(world.target, 1, axis=1))
    free = states(circuit, weights, replace(world, teaching=~world.teaching), 500)[-1]
    expected, unexpected = (circuit.step(weights, free, w).arousal for w in (world, other))
    np.testing.assert_allclose(expected - free.arousal, circuit.relevance, atol=0.02)
    assert (unexpected > expected + 0.1).all()


def test_arousal_fades_with_its_time_constant(make_world: Maker, states: Runner) -> None:
    circuit = FeatureGain()
    every = states(circuit, circuit.initial_weights(1, [0]), make_world(circuit), 102)
    ratio = every[101].arousal / every[1].arousal
    np.testing.assert_allclose(ratio, (1 - 1 / 50) ** 100)
