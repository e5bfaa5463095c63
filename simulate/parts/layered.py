"""What follows from the layers of a circuit alone.

Most theories are stacks of areas above an input, the last area being the output. `layers` lists
the neurons of the input and of each area, lowest first, and each area projects to the next one
only, unless a theory has other `area_strengths`. A theory says the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, Self, cast

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, area_slices, matvec
from errorneurons.simulate.circuit import Axons, Population, Role, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.activations import AreaActivations, Derivative
from errorneurons.simulate.parts.connectivity import (
    Strengths,
    ascending_routes,
    backwards,
    loosened,
    spread,
)
from errorneurons.simulate.parts.plasticity import Grading, Rates, blocks, learning_rates

Classes = tuple[tuple[str, Literal[-1, 0, 1]], ...]
"""Name and sign of each class of neurons in an area, see `Population`."""
ONE_CLASS: Classes = (("", 0),)


def stacked(
    role: Role, sizes: Sequence[int], classes: Classes = ONE_CLASS
) -> tuple[Population, ...]:
    """Return the populations of a role in areas 1, 2, ..., class after class within an area.

    Parameters
    ----------
    role
        What the theory says these neurons do.
    sizes
        Neurons of one class in each area, lowest first.
    classes
        The classes of the role; default one without a name.
    """
    return tuple(
        Population(role, f"area {level}", level, size, name, sign)
        for level, size in enumerate(sizes, start=1)
        for name, sign in classes
    )


def after_input(world: World, arriving: Array) -> Array:
    """Return the presynaptic rates, those of the input first, (network, stream, pre)."""
    shape = (*arriving.shape[:2], world.input.shape[-1])
    return np.concatenate([np.broadcast_to(world.input, shape), arriving], axis=-1)


def feedforward(weights: Array, world: World, arriving: Array) -> tuple[Array, Array]:
    """Return the presynaptic rates, input first, and the basal potentials they cause."""
    presynaptic = after_input(world, arriving)
    return presynaptic, matvec(weights, presynaptic)


class RoutedCircuit:
    """A circuit some of whose routes can be cut; it adds no parameter to those of the theory.

    Attributes
    ----------
    cut
        Names of what is cut; the theory knows the names.
    """

    cut: tuple[str, ...]

    def without(self, route: str) -> Self:
        """Return the circuit in which a route carries nothing.

        Raises
        ------
        ValueError
            If the theory has no such route.
        """
        changes: Any = {"cut": (*self.cut, route)}
        found: Any = replace(self, **changes)  # type: ignore[type-var]
        return cast("Self", found)


class LayeredCircuit:
    """A circuit of stacked areas; it adds no parameter to those of the theory.

    It says of parameters what they are in most theories, see `explained`; a theory has those that
    it declares.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    timing
        Length of a time step, and axonal delay between areas [s].
    learning_rate
        eta [1/ms].
    weight_scale
        Start weights are U(-1, 1) * weight_scale / sqrt(fan-in).
    skips
        Strength of routes that skip areas, as a share of the macaque's, from 0 (a strict hierarchy)
        to 1, see `loosened`.
    """

    layers: tuple[int, ...]
    skips: PerNetwork = 0.0

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation neurons of areas 1, 2, ...; a theory may have more."""
        return stacked("representation", self.sizes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are: W ascends."""
        return (self.ascending_axons("W"),)

    @property
    def output_area(self) -> str:
        """The area whose representation neurons are the output: the last."""
        return f"area {len(self.sizes)}"

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Representation neurons of each area."""
        return self.layers[1:]

    @cached_property
    def output(self) -> slice:
        """Where the output area's representation neurons stand."""
        return area_slices(self.sizes)[-1]

    @cached_property
    def area_strengths(self) -> Strengths | Array:
        """Strength of the projection from area to area, (area, input or area)."""
        return loosened(len(self.sizes), self.skips)

    @cached_property
    def strengths(self) -> Array:
        """Strength of the projection from neuron to neuron, (..., post, pre)."""
        return spread(self.area_strengths, self.sizes, self.layers)

    @cached_property
    def projections(self) -> Array:
        """1 where a synapse exists, (..., post, pre)."""
        return np.asarray(self.strengths != 0, float)

    @cached_property
    def feedback_strengths(self) -> Array:
        """Strength of feedback, the transpose of what ascends between areas, (..., post, pre)."""
        return np.swapaxes(self.strengths[..., self.layers[0] :], -1, -2)

    def ascending_axons(self, matrix: str) -> Axons:
        """Return the axons of representation neurons that ascend through `matrix`."""
        routes = ascending_routes(self.area_strengths)
        return Axons("representation", matrix, routes, area_rows(self.sizes), self.layers[0])

    def descending_axons(self, role: Role, matrix: str) -> Axons:
        """Return the axons of a role that descend through `matrix` where others ascend."""
        routes = backwards(ascending_routes(self.area_strengths))
        return Axons(role, matrix, routes, area_rows(self.sizes))

    def sweep(self, weights: Any) -> Sweep | None:  # noqa: ARG002
        """Return the feedforward sweep that inference is; None, it is no such sweep."""
        return None

    def without_input(self, rates: Array) -> Array:
        """Return the presynaptic rates, a silent input first, (network, stream, pre)."""
        return np.concatenate([np.zeros((*rates.shape[:2], self.layers[0])), rates], axis=-1)


class PairedCircuit(LayeredCircuit):
    """A layered circuit with one error to each representation neuron, in the same area."""

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        return stacked("representation", self.sizes) + stacked("error", self.sizes)


class FreezableCircuit(LayeredCircuit, RoutedCircuit):
    """A layered circuit in which single areas may learn nothing, and routes be cut.

    Attributes
    ----------
    frozen
        Names of areas whose synapses do not change.
    """

    frozen: tuple[str, ...]

    @cached_property
    def plastic_rows(self) -> Array:
        """1 for neurons whose synapses may change, (neuron, 1)."""
        own = [area not in self.frozen for area in area_rows(self.sizes)]
        return np.repeat(own, self.sizes)[:, None].astype(float)


class UniformlyLearningCircuit(FreezableCircuit):
    """A layered circuit in which all synapses that may change do so at one rate, times strength."""

    learning_rate: PerNetwork

    @cached_property
    def eta(self) -> Array:
        """Learning rate of each synapse [1/ms], (post, pre) or (network, post, pre)."""
        return np.asarray(self.learning_rate * self.strengths * self.plastic_rows)

    @cached_property
    def plastic_blocks(self) -> tuple[tuple[slice, slice], ...]:
        """Where W learns: rows and columns of each area."""
        return blocks(self.eta, self.sizes)


class ActivatedCircuit(LayeredCircuit):
    """A layered circuit in which each area has an activation function.

    Attributes
    ----------
    activation
        Activation function phi of each area; with a linear output, targets are potentials and
        rates.
    derivative
        How phi' is computed, see `AreaActivations`.
    """

    activation: tuple[str, ...]
    derivative: Derivative = "exact"

    @cached_property
    def phi(self) -> AreaActivations:
        """Activation functions of the representation neurons."""
        return AreaActivations(self.activation, self.sizes, self.derivative)


class LearningCircuit(LayeredCircuit):
    """A layered circuit in which each area, or each projection, has a learning rate.

    Attributes
    ----------
    learning_rates
        eta of each area [1/ms], or a table (area, input or area) with one of each projection.
    learning_grading
        How `learning_rates` of areas are spread over projections, see `plasticity`.
    """

    learning_rates: Rates
    learning_grading: Grading = "strength"

    @cached_property
    def area_eta(self) -> Array:
        """Learning rate of each projection [1/ms], (..., area, input or area)."""
        return learning_rates(self.learning_rates, self.area_strengths, self.learning_grading)

    @cached_property
    def eta(self) -> Array:
        """Learning rate of each synapse [1/ms], (..., post, pre)."""
        return spread(self.area_eta, self.sizes, self.layers)
