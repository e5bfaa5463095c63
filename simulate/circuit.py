"""What a circuit is: the one page to read before writing a theory.

A theory is one file in `simulate/theories`: a frozen dataclass of parameters, four pure functions.

=================== ================================================================
`initial_weights`   the synapses of untrained networks, drawn network by network
`rest`              the state before the first step, everything silent
`step`              state in, state out: one time step with frozen synapses
`learn`             weights in, weights out: what one step does to the synapses
=================== ================================================================

Many networks, and many copies of each, are stepped together. Every array of a state has dims
(network, stream, neuron): a *stream* is a copy of the network with the same synapses that lives
through other trials. Every array of synapses has dims (network, post, pre). The neurons of all
areas stand side by side, lowest area first, so that one line of code is the equation of all areas.

What the world and the experimenter do to a circuit during a step is a `World`: input, target,
and what is silenced or driven. An ablation is another thing: a function from circuit to circuit.

A parameter that enters the equations as a plain factor may be one number or have one value a
network, so that networks with different parameters are stepped together. What is done to arrays
stands in `errorneurons.simulate.arrays`.

Times are in seconds in everything a user sees. The conductances of the published model are in
1/ms; `Timing.dt` is the step in ms and is used nowhere but in the equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, area_slices

if TYPE_CHECKING:
    from errorneurons.simulate.feedforward import Sweep

Role = Literal["representation", "error", "interneuron"]
Carrier = Literal["error", "apical", "burst_probability", "none"]

NOTHING: Mapping[Role, Array] = MappingProxyType({})
UNTOUCHED: Mapping[str, Array] = MappingProxyType({})


@dataclass(frozen=True)
class Population:
    """The neurons of one role in one area.

    Attributes
    ----------
    role
        What the theory says these neurons do.
    area
        Name of the area.
    level
        Place of the area in the hierarchy; 0 is the sensory input, 1 the lowest area.
    size
        Number of neurons.
    cell_type
        Name of the class within the role, where a theory has several, e.g. ``"SST"``.
    sign
        Which half of a signed error these neurons carry by firing more: +1 or -1. 0 where one
        neuron carries both halves, its rate being signed.
    partners
        Area of the representation neurons that error neurons are paired with one to one; empty if
        it is their own.
    """

    role: Role
    area: str
    level: int
    size: int
    cell_type: str = ""
    sign: Literal[-1, 0, 1] = 0
    partners: str = ""


@dataclass(frozen=True)
class Axons:
    """Which synapses the axons of one role make in other areas.

    Attributes
    ----------
    role
        Whose axons.
    matrix
        What the synapses are called in `World.transmitted`.
    routes
        (source area, target area) of every projection.
    rows
        Where the receiving neurons of each target area stand in the matrix, area by area.
    first
        The column of the role's first neuron; the others follow.
    """

    role: Role
    matrix: str
    routes: tuple[tuple[str, str], ...]
    rows: Mapping[str, slice]
    first: int = 0


@dataclass(frozen=True)
class Timing:
    """The clock of a simulation.

    Attributes
    ----------
    step
        Length of one time step [s].
    delay
        Axonal delay between two areas, on top of the one step that every synapse takes [s];
        a whole number of steps.
    """

    step: float = 1e-3
    delay: float = 2e-3

    def __post_init__(self) -> None:
        if not self.step > 0:
            raise ValueError(f"Timing.step is {self.step} s; give a step above 0 s, e.g. 0.001")
        ratio = self.delay / self.step
        if ratio < 0 or abs(ratio - round(ratio)) > 1e-6:
            raise ValueError(
                f"Timing.delay is {self.delay} s; give a whole number of steps of {self.step} s"
            )

    @property
    def dt(self) -> float:
        """The step [ms], the unit of time of the published conductances."""
        return 1000 * self.step

    @property
    def delay_steps(self) -> int:
        """The axonal delay in steps."""
        return round(self.delay / self.step)


@dataclass(frozen=True)
class World:
    """What the world and the experimenter do to a circuit during one step.

    Attributes
    ----------
    input
        Rates of the sensory input, (network or 1, stream or 1, input neuron).
    target
        What the output should be, (network or 1, stream or 1, output neuron); read only where
        `teaching` holds. Targets are rates; a theory that compares potentials converts them.
    teaching
        Whether there is a teaching signal, (network or 1, stream or 1, 1) bool.
    keep
        For each role that is silenced, the factor on the neurons' rates: 1 untouched, 0 silent.
        (network or 1, stream or 1, neuron).
    current
        For each role that is driven, the injected current in the units of the soma's equation,
        (network or 1, stream or 1, neuron).
    synapses
        For each matrix of synapses some of whose axon terminals are silenced, the factor on the
        synapses, (network or 1, post, pre).
    """

    input: Array
    target: Array
    teaching: npt.NDArray[np.bool_]
    keep: Mapping[Role, Array] = field(default_factory=lambda: NOTHING)
    current: Mapping[Role, Array] = field(default_factory=lambda: NOTHING)
    synapses: Mapping[str, Array] = field(default_factory=lambda: UNTOUCHED)

    def kept(self, role: Role, rates: Array) -> Array:
        """Return `rates` of a role after silencing."""
        return rates * self.keep[role] if role in self.keep else rates

    def driven(self, role: Role) -> Array | float:
        """Return the current injected into the neurons of a role, 0 if none is."""
        return self.current.get(role, 0.0)

    def transmitted(self, matrix: str, weights: Array) -> Array:
        """Return the synapses of a matrix after axon terminals are silenced, (..., post, pre)."""
        return weights * self.synapses[matrix] if matrix in self.synapses else weights


class State(Protocol):
    """The state of a theory: whatever it needs, and the rates of its neurons by role."""

    @property
    def rates(self) -> Mapping[Role, Array]:
        """The rates used in this step, each (network, stream, neuron)."""


WeightsT = TypeVar("WeightsT")
StateT = TypeVar("StateT", bound=State)


class Circuit(Protocol[WeightsT, StateT]):
    """What every theory is. See the table at the head of this page."""

    @property
    def theory(self) -> str:
        """Identifier, the name of the theory's file."""

    @property
    def carrier(self) -> Carrier:
        """What carries the error."""

    @property
    def timing(self) -> Timing:
        """The clock."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons in the input and, of one class of a role, in each area, lowest first."""

    @property
    def output_area(self) -> str:
        """The area whose representation neurons are read as the output."""

    @property
    def plastic(self) -> Literal["always", "after settling"]:
        """When `learn` is to be called while there is a teaching signal."""

    @property
    def populations(self) -> tuple[Population, ...]:
        """Populations in the order in which their neurons stand side by side, per role."""

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""

    def initial_weights(self, seed: int, networks: Sequence[int]) -> WeightsT:
        """Draw the synapses of untrained networks, the same whatever else is drawn with them."""

    def rest(self, weights: WeightsT, streams: int) -> StateT:
        """Return the state in which everything is silent."""

    def step(self, weights: WeightsT, state: StateT, world: World) -> StateT:
        """Return the state one time step later."""

    def learn(self, weights: WeightsT, before: StateT, after: StateT) -> WeightsT:
        """Return the synapses after the step from `before` to `after`."""

    def sweep(self, weights: WeightsT) -> Sweep | None:
        """Return the feedforward sweep that inference is, None if it is no such sweep."""


def neurons(circuit: Circuit[Any, Any], role: Role, area: str = "all") -> slice:
    """Return where the neurons of a role stand, of one area or of all.

    The populations of one role and area, if there are several, stand side by side.

    Raises
    ------
    ValueError
        If the circuit has no such neurons.
    """
    sizes: dict[str, int] = {}
    for p in circuit.populations:
        if p.role == role:
            sizes[p.area] = sizes.get(p.area, 0) + p.size
    if area == "all" and sizes:
        return slice(0, sum(sizes.values()))
    if area not in sizes:
        known = ", ".join(sizes) or "none"
        raise ValueError(
            f"{circuit.theory} has no {role} neurons in area {area!r}; areas that have: {known}"
        )
    return dict(zip(sizes, area_slices(list(sizes.values())), strict=True))[area]


def has(circuit: Circuit[Any, Any], role: Role) -> bool:
    """Return whether a circuit has neurons of a role."""
    return any(p.role == role for p in circuit.populations)


def error_signs(circuit: Circuit[Any, Any]) -> npt.NDArray[np.int64]:
    """Return the half of a signed error that each error neuron carries, (error neuron,).

    +1 and -1 are rectified halves, 0 is a signed rate; see `Population.sign`.
    """
    own = [p for p in circuit.populations if p.role == "error"]
    return np.repeat([p.sign for p in own], [p.size for p in own]).astype(np.int64)
