"""Levels that predict the one below: where everything stands in a descending hierarchy.

The bottom level is the input, and with it the outcome where that is one more sensory input; the
areas are the levels above it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, area_slices
from errorneurons.simulate.circuit import Axons, Population
from errorneurons.simulate.parts.activations import AreaActivations
from errorneurons.simulate.parts.connectivity import ascending_routes, backwards, loosened, spread
from errorneurons.simulate.parts.layered import RoutedCircuit, stacked

Placement = Literal["outcome_at_top", "outcome_as_input"]


class LevelledCircuit(RoutedCircuit):
    """A circuit of levels, each predicting the one below; it adds no parameter to the theory's.

    Attributes
    ----------
    mapping
        Where the outcome enters.
    layers
        Neurons in the input and in each area, lowest first.
    outcomes
        Numbers that make an outcome; with ``"outcome_at_top"`` the size of the last area.
    activation
        g.
    timing
        Length of a time step, and axonal delay between levels [s].
    learning_rate
        eta [1/ms].
    weight_scale
        Start weights are U(-1, 1) * weight_scale / sqrt(fan-in).
    frozen
        Names of areas whose predictions of the level below do not change.
    skips
        Strength of predictions that skip levels, as a share of the macaque's, from 0 (a strict
        hierarchy) to 1.
    """

    mapping: Placement
    layers: tuple[int, ...]
    outcomes: int
    activation: str
    frozen: tuple[str, ...]
    skips: PerNetwork

    @property
    def output_area(self) -> str:
        """The area whose representation neurons are the output."""
        return f"area {len(self.layers) - 1}" if self.mapping == "outcome_at_top" else "outcome"

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation neurons of each area; error neurons of the bottom sit in area 1."""
        areas = self.layers[1:]
        outcome = [("outcome", self.outcomes)] if self.levels[0] > self.layers[0] else []
        bottom = [("input", self.layers[0]), *outcome]
        return (
            *(Population("representation", x, 0, n) for x, n in outcome),
            *stacked("representation", areas),
            *(Population("error", "area 1", 1, n, x, partners=x) for x, n in bottom),
            *stacked("error", areas),
        )

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        routes = ascending_routes(loosened(len(self.layers) - 1, self.skips))
        # the error neurons of the bottom sit in area 1, and what area 1 sends them stays there
        rows = self.places | {"area 1": slice(0, self.places["area 1"].stop)}
        predictions = Axons("representation", "V", backwards(routes), rows, self.layers[0])
        return predictions, Axons("error", "V^T", routes, self.places)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Neurons at each level, the bottom first."""
        bottom = self.outcomes if self.mapping == "outcome_as_input" else 0
        return (self.layers[0] + bottom, *self.layers[1:])

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the neurons of each area stand among those of all levels."""
        areas = area_rows(self.layers[1:])
        return dict(zip(areas, area_slices(self.levels)[1:], strict=True))

    @cached_property
    def top(self) -> slice:
        """Where the top level stands, which nothing predicts."""
        return area_slices(self.levels)[-1]

    @cached_property
    def clamped(self) -> slice:
        """Where the outcome is clamped, and read when it is free."""
        if self.mapping == "outcome_at_top":
            return self.top
        return slice(self.layers[0], self.levels[0])

    @cached_property
    def g(self) -> AreaActivations:
        """Activation function of the predictions."""
        return AreaActivations((self.activation,), (sum(self.levels),))

    @cached_property
    def strengths(self) -> Array:
        """Strength of the prediction of one neuron by another, (..., predicted, that predicts).

        Each level is predicted by the one above it, and those where areas are skipped, more weakly
        by higher ones.
        """
        routes = np.swapaxes(np.asarray(loosened(len(self.layers) - 1, self.skips)), -1, -2)
        nothing = np.zeros((*routes.shape[:-1], 1))
        below = np.concatenate([nothing, routes], axis=-1)
        return spread(below, self.levels, self.levels)

    @cached_property
    def plastic_synapses(self) -> Array:
        """Strength where a synapse may change, else 0, (..., predicted, that predicts)."""
        plastic = self.strengths.copy()
        for area in self.frozen:
            plastic[..., self.places[area]] = 0.0
        return plastic
