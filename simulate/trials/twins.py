"""Streams that have been alike so far, stepped once.

While synapses are frozen and nothing is noisy, streams of a network that have been shown the same
from the start are in the same state: trials of one stimulus that differ in their outcome are one
trial until it comes. Such streams are stepped as one until something tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Role, World
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.engine.trees import arrays, rebuilt, world_arrays


class Twins:
    """Streams of all networks, of which only those are stepped that differ.

    It is used as a `Stepper` is, and gives the same.

    Parameters
    ----------
    circuit, weights
        The theory, and the synapses of all networks; they stay as they are.
    streams
        Copies of each network.
    """

    def __init__(self, circuit: Any, weights: Any, streams: int) -> None:
        self.circuit, self._weights = circuit, weights
        self._stepper = Stepper(circuit, weights, 1)
        self._of = np.zeros(streams, np.int64)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles whose rates a state holds."""
        return self._stepper.roles

    def advance(
        self, world: World, steps: Sequence[int] | npt.NDArray[np.int64], show: Sequence[str] = ()
    ) -> dict[Any, Array]:
        """Take steps in a world; arguments and result are those of `Stepper.advance`."""
        first = self._apart(world)
        seen = world
        if len(first) < len(self._of):
            seen = _of_streams(world, first)
        found = self._stepper.advance(seen, steps, show=show)
        if len(first) == len(self._of):
            return found
        return {role: x[..., self._of, :] for role, x in found.items()}

    def _apart(self, world: World) -> npt.NDArray[np.int64]:
        """Let streams go apart that a world tells apart; return the first of those alike."""
        shown = _shown(world, len(self._of))
        numbers: dict[tuple[int, bytes], int] = {}
        now = np.array([
            numbers.setdefault((int(old), own), len(numbers))
            for old, own in zip(self._of, shown, strict=True)
        ])  # fmt: skip
        _, first = np.unique(now, return_index=True)
        count = int(self._of.max()) + 1
        if len(first) > count:
            came_from, state = self._of[first], self._stepper.state
            own = {n: x[:, came_from] if x.shape[1] == count else x
                   for n, x in arrays(state).items()}  # fmt: skip
            self._stepper = Stepper(self.circuit, self._weights, len(first), rebuilt(state, own))
            self._of = now
        return first


def _shown(world: World, streams: int) -> list[bytes]:
    """Return what each stream is shown; a target that nobody teaches is not."""
    seen = replace(world, target=np.where(world.teaching, world.target, 0.0))
    parts = [
        np.moveaxis(x, -2, 0).reshape(streams, -1)
        for name, x in world_arrays(seen).items()
        if x.shape[-2] == streams and not name.startswith("world.synapses")
    ]
    return [row.tobytes() for row in np.concatenate([np.zeros((streams, 1)), *parts], axis=1)]


def _of_streams(world: World, index: npt.NDArray[np.int64]) -> World:
    """Return the world of some of the streams."""

    def own(x: Any) -> Any:
        return x[..., index, :] if x.shape[-2] > 1 else x

    return replace(
        world, input=own(world.input), target=own(world.target), teaching=own(world.teaching),
        keep={role: own(x) for role, x in world.keep.items()},
        current={role: own(x) for role, x in world.current.items()},
    )  # fmt: skip
