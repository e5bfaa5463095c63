# ruff: noqa: ARG002, D102  (`CircuitPart` says what its methods are and take)
"""Parts of the error microcircuit whose axons reach others, or need others, than the paper says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from errorneurons.simulate.arrays import Array, matvec
from errorneurons.simulate.circuit import World
from errorneurons.simulate.parts.cells import Places
from errorneurons.simulate.refusing import not_negative, shares
from errorneurons.simulate.theories.error_places import CircuitPart, Sizes


@dataclass(frozen=True)
class AscendingErrors(CircuitPart):
    """Error neurons reach those of the areas above as well: v_den = phi' ((1 - c) B + c B^T) e.

    `share` is c. At a half what goes up and down is a loop that delays make oscillate.
    """

    name: str = field(default="ascending_errors", init=False)
    share: float = 0.8

    def check(self, theory: str, sizes: Sizes) -> None:
        shares(theory, {self.name: self.share})

    def arriving(self, afar: Array, B: Array, e: Array) -> Array:
        ascending = matvec(np.swapaxes(B, -1, -2), e)
        return (1 - self.share) * afar + self.share * ascending


@dataclass(frozen=True)
class ErrorsNeedThoseBelow(CircuitPart):
    """Errors pass where error neurons below are not silenced: v_den = phi' (1 - c + c k) B e.

    k is the share of the error neurons of the area below that is not silenced, 1 in the lowest
    area; `share` is c. So no error ascends, but without the tonic firing below none descends.
    """

    name: str = field(default="errors_need_those_below", init=False)
    share: float = 1.0

    def check(self, theory: str, sizes: Sizes) -> None:
        shares(theory, {self.name: self.share})

    def supported(
        self, arriving: Array, world: World, fired: Array, halves: Places, sizes: Sizes
    ) -> Array:
        area = np.repeat(np.arange(len(sizes)), sizes)
        below = (area[:, None] == area + 1) / np.repeat(sizes, sizes)
        lowest = (area == 0).astype(np.float64)
        firing = not_silenced(world, fired, halves, len(area))
        passing: Array = 1 - self.share + self.share * (matvec(below, firing) + lowest)
        return arriving * passing


@dataclass(frozen=True)
class MixedClasses(CircuitPart):
    """Axons between areas reach both classes: v_den += c L_RE W r, v_api += d L_ER B e.

    `up` is c, `down` d. The latter is larger since the apical conductance is small.
    """

    name: str = field(default="mixed_classes", init=False)
    up: float = 0.5
    down: float = 2.5

    def check(self, theory: str, sizes: Sizes) -> None:
        given = {"up": self.up, "down": self.down}
        not_negative(theory, {f"{self.name} {way}": strength for way, strength in given.items()})

    def apical(self, v_api: Array, L_ER: Array, arriving: Array) -> Array:
        return v_api + self.down * matvec(L_ER, arriving)

    def dendritic(self, v_den: Array, L_RE: Array, r: Array, v_bas: Array) -> Array:
        return v_den + self.up * matvec(L_RE, v_bas)

    def disturbance(self) -> str:
        return self.name if self.up else ""


@dataclass(frozen=True)
class DriveThroughErrors(CircuitPart):
    """The drive needs error neurons that are not silenced: v_bas = (1 - c + c L_ER k) W r.

    k is 1 of an error neuron at any rate, and 0 while it is silenced; `share` is c. So error
    neurons carry none of the drive, but without their tonic firing it does not arrive.
    """

    name: str = field(default="drive_through_errors", init=False)
    share: float = 1.0

    def check(self, theory: str, sizes: Sizes) -> None:
        shares(theory, {self.name: self.share})

    def basal(self, v_bas: Array, L_ER: Array, world: World, fired: Array, halves: Places) -> Array:
        firing = not_silenced(world, fired, halves, L_ER.shape[-1])
        return v_bas * (1 - self.share + self.share * matvec(L_ER, firing))


def not_silenced(world: World, fired: Array, halves: Places, count: int) -> Array:
    """Return 1 for error neurons at any rate and 0 while silenced, of pairs the mean of both.

    Parameters
    ----------
    world
        What is done to them.
    fired
        Their rates.
    halves
        Where the halves of pairs stand.
    count
        How many errors they carry.
    """
    firing = world.kept("error", 0.0 * fired + 1.0)
    if firing.shape[-1] == count:
        return firing
    positive, negative = halves
    return 0.5 * (firing[..., positive] + firing[..., negative])
