"""Worlds and settled states of theories, and days of experiments, as the tests need them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Role, Timing, World, has
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.readout import readout
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Bench, arbitrary_half
from errorneurons.simulate.trials.run import Activity, run_trials
from errorneurons.simulate.trials.training import train


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Return a maker of worlds with a random input and target, 3 streams."""

    def make(circuit: Any, teaching: bool = False, seed: int = 3, **manipulation: Any) -> World:
        rng = np.random.default_rng(seed)
        inputs = rng.uniform(-1, 1, (1, 3, circuit.layers[0]))
        target = rng.uniform(-0.8, 0.8, (1, 3, circuit.layers[-1]))
        return World(inputs, target, np.full((1, 1, 1), teaching), **manipulation)

    return make


@pytest.fixture
def states() -> Callable[..., list[Any]]:
    """Return a runner of a circuit in one world: the state after each step."""

    def run(circuit: Any, weights: Any, world: World, steps: int, start: Any = None) -> list[Any]:
        state = circuit.rest(weights, 3) if start is None else start
        return [state := circuit.step(weights, state, world) for _ in range(steps)]

    return run


@pytest.fixture
def along_gradient(
    make_world: Callable[..., World], states: Callable[..., list[Any]]
) -> Callable[..., float]:
    """Return what gives the cosine of plasticity in an area with the gradient, with bursts."""

    def loss(W: Array, inputs: Array, target: Array) -> float:
        """Return the loss of the output's events whose gradient is -(t - e) e / (e (1 - e))."""
        e = expit(inputs @ W[:6, :4].T)
        e = expit(e @ W[6:11, 4:10].T)
        e = expit(e @ W[11:, 10:15].T)
        return float((-e - (1 - target) * np.log1p(-e)).sum())

    def cosine(circuit: Any, area: slice) -> float:
        assert circuit.layers == (4, 6, 5, 3)
        weights, world = circuit.initial_weights(1, [0]), make_world(circuit, teaching=True)
        pair = states(circuit, weights, world, 100)[-2:]
        dW = (circuit.learn(weights, *pair).W - weights.W)[0, area]
        places, gradient = np.argwhere(circuit.projections[area] == 1), []
        for post, pre in places:
            shifted = []
            for sign in (1, -1):
                moved = weights.W[0].copy()
                moved[area.start + post, pre] += sign * 1e-5
                shifted.append(loss(moved, world.input[0], (1 + world.target[0]) / 2))
            gradient.append((shifted[1] - shifted[0]) / 2e-5)
        mine = dW[places[:, 0], places[:, 1]]
        return float(mine @ gradient / np.linalg.norm(mine) / np.linalg.norm(gradient))

    return cosine


@pytest.fixture(scope="session")
def put_through() -> Callable[..., list[Activity]]:
    """Return a runner of two trained networks through an experiment, day by day, in 2 ms steps."""

    @cache
    def prepared(theory: Theory) -> tuple[Bench[Any, Any], Any]:
        networks, task = [0, 1], association(1, [0, 1])
        circuit: Any = replace(theory.circuit, timing=Timing(step=0.002))
        labelled = None if has(circuit, "error") else arbitrary_half(circuit, 1, networks)
        bench = Bench(circuit, task, labelled=labelled, readout=readout(1, networks))
        return bench, train(circuit, task, 1, networks).weights

    @cache
    def through(theory: Theory, experiment: Experiment) -> list[Activity]:
        bench, weights = prepared(theory)
        found, clock = [], replace(experiment.clock, bin=0.05)
        days = replace(experiment, repeats=2).days(1)
        for block in (block for day in days for block in day.blocks):
            activity, weights = run_trials(
                bench, weights, block.table, clock, block.streams, block.plastic
            )
            found.append(activity)
        return found

    return through


@pytest.fixture(scope="session")
def evoked() -> Callable[..., Any]:
    """Return what gives the responses to outcomes or stimuli, (network, trial, neuron)."""

    def response(activity: Activity, role: Role, to: str = "outcome") -> Any:
        rates = activity.rates[role].astype(float)
        blank, settled, after = slice(1, 2), slice(6, 8), slice(8, 11)
        now, before = (after, settled) if to == "outcome" else (settled, blank)
        return rates[:, :, now].mean(axis=2) - rates[:, :, before].mean(axis=2)

    return response


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return pieces of work that other processes find too."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import chores

    return chores
