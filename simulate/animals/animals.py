"""Virtual animals: how many networks of a theory, and from which seed.

Without worlds every network has the theory's own parameters. With worlds, what a theory leaves open
is drawn once a world: its animals share it up to a little scatter, and each is a network of its
own with its own task.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.refusing import whole_number
from errorneurons.simulate.theories.nuisance import (
    DELAY,
    OF_EXPERIMENT,
    chosen,
    draw_nuisances,
)
from errorneurons.simulate.theories.registry import Theory

MOST = 1000
"""The most animals of a world: animal 3 of world 2 has the number 2003."""


@dataclass(frozen=True)
class Animals:
    """How many networks, each of which is one virtual animal, and from which seed.

    Attributes
    ----------
    count
        How many; with worlds, how many of each.
    seed
        Seed of everything random.
    worlds
        How often what a theory leaves open is drawn; None: never.
    only
        Numbers of those that are asked for, if not all; each is the same whoever is beside it.

    Raises
    ------
    ValueError
        If a number is impossible.
    """

    count: int = 4
    seed: int = 1
    worlds: int | None = None
    only: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        own = {"worlds": 1} if self.worlds is not None else {}
        for name, least in {"count": 1, "seed": 0, **own}.items():
            whole_number(f"Animals.{name}", getattr(self, name), least)
        if self.worlds is not None and self.count > MOST:
            raise ValueError(f"Animals.count is {self.count}; give {MOST} or fewer a world")

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the networks, world by world."""
        if self.only is not None:
            return self.only
        return tuple(MOST * w + n for w in range(self.worlds or 1) for n in range(self.count))

    @property
    def of_worlds(self) -> tuple[int, ...]:
        """The worlds that these are animals of, each once."""
        return tuple(dict.fromkeys(n // MOST for n in self.numbers))

    def drawn(self, theory: Theory) -> dict[str, Array]:
        """Return the nuisance of the networks: name -> (network,); nothing without worlds."""
        if self.worlds is None:
            return {}
        each = {
            w: draw_nuisances(theory.nuisance, self.seed, theory.name, w, self.count)
            for w in self.of_worlds
        }
        return {
            n.name: np.array([each[k // MOST][n.name][k % MOST] for k in self.numbers])
            for n in theory.nuisance
        }

    def batches(self, theory: Theory, most: int) -> tuple[Animals, ...]:
        """Return which run side by side: at most so many, worlds whole and built alike."""
        if self.worlds is None:
            size = math.ceil(len(self.numbers) / math.ceil(len(self.numbers) / most))
            return self._split(self.numbers, size)
        size = self.count * max(1, most // self.count)
        alike = dict[tuple[float, ...], list[int]]()
        for number, built in zip(self.numbers, self._built(theory), strict=True):
            alike.setdefault(built, []).append(number)
        return tuple(
            batch for _, own in sorted(alike.items()) for batch in self._split(tuple(own), size)
        )

    def structured(self, theory: Theory) -> Theory:
        """Return a theory whose circuit is built as those of the networks, which are alike in it.

        Parameters
        ----------
        theory
            An entry of the registry.
        """
        found = chosen(theory.nuisance, self.drawn(theory))
        built: Any = {name: x for name, x in found.items() if name not in OF_EXPERIMENT}
        own: Any = {"circuit": theory.circuit, "trained": theory.trained}
        if not built:
            return theory
        own = {name: circuit and replace(circuit, **built) for name, circuit in own.items()}
        return replace(theory, **own)

    def _built(self, theory: Theory) -> list[tuple[float, ...]]:
        """Return what decides of each network which others it can run beside."""
        drawn, step = self.drawn(theory), theory.circuit.timing.step
        scale = {DELAY: step}
        decisive = [
            np.round(drawn[n.name] / scale.get(n.name, 1.0)) for n in theory.nuisance if n.of_worlds
        ]
        return [tuple(float(x[k]) for x in decisive) for k in range(len(self.numbers))]

    def _split(self, numbers: tuple[int, ...], size: int) -> tuple[Animals, ...]:
        parts = range(0, len(numbers), size)
        return tuple(replace(self, only=numbers[i : i + size]) for i in parts)
