"""Worlds and settled states, as the tests of the theories need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import World


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
