"""Steps circuits until nothing moves, with and without a teaching signal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Circuit, Role, World, neurons
from errorneurons.simulate.engine.run import Stepper

LOOK, STILL = 50, 1e-10
"""A network has settled if no rate moved by more than `STILL` in `LOOK` steps."""
_PATIENCE, _LONGEST = 1500, 0.3
"""It is stepped for `_PATIENCE` steps or `_LONGEST` [s], whichever is more, and then given up."""
_LIMIT = 0.02
_AT_ONCE = 10
"""Steps whose rates are held in memory at once."""


def settled(
    circuit: Circuit[Any, Any], weights: Any, inputs: Array, target: Array | None = None
) -> tuple[Any, Any]:
    """Return the last two states once settled with inputs, and with teaching if there is any.

    Activity starts from rest and stands at the inputs before teaching begins.

    Parameters
    ----------
    circuit, weights
        Networks; their synapses stay as they are.
    inputs
        (network or 1, item, input neuron); items are stepped side by side.
    target
        (network or 1, item, output neuron); None for no teaching signal.
    """
    output = neurons(circuit, "representation", circuit.output_area)
    unread = np.zeros((1, 1, output.stop - output.start))
    world = World(inputs, unread if target is None else target, np.zeros((1, 1, 1), dtype=bool))
    stepper = Stepper(circuit, weights, inputs.shape[1])
    before, state = _still(stepper, world)
    if target is not None:
        before, state = _still(stepper, replace(world, teaching=np.ones((1, 1, 1), dtype=bool)))
    return before, state


def _still(stepper: Stepper, world: World) -> tuple[Any, Any]:
    """Step until nothing moves, and return the last two states."""
    before = earlier = stepper.state
    longest = max(_PATIENCE, round(_LONGEST / stepper.circuit.timing.step))
    for k in range(0, longest, LOOK):
        stepper.advance(world, min(LOOK, longest - k) - 1)
        before = stepper.state
        stepper.advance(world, 1)
        if k + LOOK <= longest:
            if moved(earlier.rates, stepper.state.rates) < STILL:
                break
            earlier = stepper.state
    return before, stepper.state


def moved(earlier: Mapping[Role, Array], later: Mapping[Role, Array]) -> float:
    """Return how far the rate that moved most did; what is not finite does not count."""
    steps = [np.abs(later[role] - earlier[role]) for role in later]
    return max(float(np.where(np.isfinite(step), step, 0.0).max()) for step in steps)


def unsettled(
    circuit: Circuit[Any, Any], weights: Any, inputs: Array, target: Array
) -> npt.NDArray[np.bool_]:
    """Return which networks still move under teaching after the longest time, (network,).

    A network does if within `LOOK` steps a rate moves by more than `_LIMIT` of the largest rate of
    its role, or is no longer finite.
    """
    _, state = settled(circuit, weights, inputs, target)
    world = World(inputs, target, np.ones((1, 1, 1), dtype=bool))
    stepper = Stepper(circuit, weights, inputs.shape[1], state)
    start = {role: x[None] for role, x in state.rates.items()}
    return moving(chain([start], each_step(stepper, world, LOOK)), _LIMIT)


def each_step(stepper: Stepper, world: World, steps: int) -> Iterator[dict[Role, Array]]:
    """Take steps, and yield the rates of all roles after some of them, as `moving` takes them."""
    for first in range(0, steps, _AT_ONCE):
        yield stepper.advance(world, [1] * min(_AT_ONCE, steps - first), show=stepper.roles)


def moving(seen: Iterable[Mapping[Role, Array]], limit: float) -> npt.NDArray[np.bool_]:
    """Return which networks still move, (network,).

    Parameters
    ----------
    seen
        Rates by role, (step, network, stream, neuron), some steps after the other.
    limit
        A network moves if a rate covers more than this share of the largest rate of its role, or
        is not finite.
    """
    extremes: dict[Role, tuple[Array, Array]] = {}
    for rates in seen:
        for role, x in rates.items():
            low, high = x.min(axis=0), x.max(axis=0)
            least, most = extremes.get(role, (low, high))
            extremes[role] = np.minimum(least, low), np.maximum(most, high)
    still = np.ones(len(next(iter(extremes.values()))[0]), dtype=bool)
    for low, high in extremes.values():
        covered = (high - low).max(axis=(1, 2))
        largest = np.maximum(np.abs(low), np.abs(high)).max(axis=(1, 2))
        still &= covered <= limit * largest  # not where a rate is NaN
    return ~still
