# ruff: noqa: ARG002  (a part that changes nothing takes what others need)
"""The places in the equations of the error microcircuit where a circuit may say something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork
from errorneurons.simulate.circuit import World
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.parts.cells import Places
from errorneurons.simulate.parts.layered import Classes

if TYPE_CHECKING:
    from errorneurons.simulate.theories.error_synapses import Weights

Neurons = Literal["representation", "error"]
AreaRoutes = tuple[tuple[str, str], ...]
Sizes = Sequence[int]


@dataclass(frozen=True)
class CircuitPart:
    """A part that changes nothing: each method returns what the paper says in its place.

    Attributes
    ----------
    name
        What it is called in messages and in the provenance of results.
    """

    name: str = field(default="", init=False)

    @property
    def place(self) -> str:
        """The place in the circuit that it takes: a circuit has one part of each."""
        return self.name

    def check(self, theory: str, sizes: Sizes) -> None:
        """Refuse impossible parameters, for representation neurons of these areas."""

    def classes(self, classes: Classes) -> Classes:
        """Return the classes of error neurons in an area."""
        return classes

    def functions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return phi_E of each area."""
        return names

    def tuned(self, tuning: Tuning | None, sizes: Sizes) -> Tuning | None:
        """Return the slope and offset of representation neurons, None for 1 and 0."""
        return tuning

    def varied(
        self, tuning: Tuning | None, role: Neurons, rngs: Sequence[np.random.Generator],
        sizes: Sizes,
    ) -> Tuning | None:  # fmt: skip
        """Return the slope and offset of single neurons of a role."""
        return tuning

    def weight_noise(
        self, noise: Array | None, seed: int, theory: str, networks: Sequence[int],
        strengths: Array,
    ) -> Array | None:  # fmt: skip
        """Return what forward synapses transmit on top of W."""
        return noise

    def descending(self, routes: AreaRoutes, areas: Sequence[str]) -> AreaRoutes:
        """Return from where to where single axons of error neurons go."""
        return routes

    def fixed_feedback(self, B: Array, drawn: Array, top: slice) -> Array:
        """Return what is fixed of B, (error, error); `drawn` is U(-1, 1), `top` the output's."""
        return B

    def feedback(self, B: Array) -> Array:
        """Return the synapses that carry errors from area to area, (..., post, pre)."""
        return B

    def taught(self, output: slice) -> slice:
        """Return which error neurons the teaching signal enters, as many as the output's."""
        return output

    def refreshed(self, refreshed: bool) -> bool:
        """Return whether B follows W."""
        return refreshed

    def followed(self, ahead: Array, role: Neurons, potential: Array, sizes: Sizes) -> Array:
        """Return what the rates of a role follow: u~ or u."""
        return ahead

    def fired(self, e: Array, halves: Places) -> Array:
        """Return the rates of the neurons that carry e."""
        return e

    def carried(self, fired: Array | float, halves: Places) -> Array | float:
        """Return the error that rates, or currents, of these neurons carry."""
        return fired

    def gate(self, slope: Array) -> Array | float:
        """Return what multiplies the error from afar: L_RE phi'(u~)."""
        return slope

    def basal(self, v_bas: Array, L_ER: Array, world: World, fired: Array, halves: Places) -> Array:
        """Return the basal potential of representation neurons; `fired` are rates beside them."""
        return v_bas

    def apical(self, v_api: Array, L_ER: Array, arriving: Array) -> Array:
        """Return the apical potential of representation neurons, where B e arrives as well."""
        return v_api

    def arriving(self, afar: Array, B: Array, e: Array) -> Array:
        """Return the errors that arrive from other areas: B e."""
        return afar

    def supported(
        self, arriving: Array, world: World, fired: Array, halves: Places, sizes: Sizes
    ) -> Array:
        """Return what of that passes; `fired` are rates of error neurons, `sizes` of areas."""
        return arriving

    def dendritic(self, v_den: Array, L_RE: Array, r: Array, v_bas: Array) -> Array:
        """Return the potential of the dendrite of error neurons."""
        return v_den

    def untaught(self, error: Array | float, slope: Array, r: Array) -> Array | float:
        """Return the error of the output without a teaching signal."""
        return error

    def told(self, error: Array) -> Array:
        """Return what the output's error neurons are told when taught: phi'(u) (t - r)."""
        return error

    def somatic(
        self, du: Array, output: slice, g_target: PerNetwork, u: Array, r: Array, world: World
    ) -> Array:
        """Return du/dt of representation neurons, of which u is the potential and r the rate."""
        return du

    def surprise(self, surprise: Array, r: Array, expected: Callable[[], Array]) -> Array:
        """Return the postsynaptic factor of the change of W; `expected` is phi(g v_bas)."""
        return surprise

    def learnt(
        self, learnt: Weights, before: Weights, eta: Array, surprise: Array, presynaptic: Array,
        dt: float,
    ) -> Weights:  # fmt: skip
        """Return the synapses after learning, W of which has learnt eta surprise r^T."""
        return learnt

    def relaxed(self, L: Array, onto: Neurons, dt: float, post: Sizes, pre: Sizes) -> Array:
        """Return the lateral synapses onto a role after a step."""
        return L

    def disturbance(self) -> str:
        """Return the name of what lets errors descend without a teaching signal, or nothing."""
        return ""
