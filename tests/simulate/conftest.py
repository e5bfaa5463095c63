"""Worlds and settled states of theories, and days of experiments, as the tests need them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
