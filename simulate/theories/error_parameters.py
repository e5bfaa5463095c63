"""The parameters of the error microcircuit, and what follows from them.

The equations stand in `error_microcircuit`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeVar

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, area_slices
from errorneurons.simulate.circuit import Axons, Population, Timing
from errorneurons.simulate.parts.activations import AreaActivations, Derivative, Tuning
from errorneurons.simulate.parts.cells import Places, places
from errorneurons.simulate.parts.checks import (
    check_connectivity,
    check_hierarchy,
    check_numbers,
    check_options,
)
from errorneurons.simulate.parts.connectivity import Strengths, backwards, chain
from errorneurons.simulate.parts.layered import (
    ONE_CLASS,
    ActivatedCircuit,
    LearningCircuit,
    RoutedCircuit,
    stacked,
)
from errorneurons.simulate.parts.plasticity import Grading, Rates, blocks
from errorneurons.simulate.refusing import all_known, lengths, populated
from errorneurons.simulate.theories.error_parts import Ungated, WithoutLookahead
from errorneurons.simulate.theories.error_places import CircuitPart

_ROUTES = ("error_feedback", "error_to_representation")

#: The choices that each option leaves.
_OPTIONS = {
    "feedback": ("transpose", "fixed"),
    "learning_grading": ("strength", "hierarchical", "uniform"),
}

_NUMBERS = ("g_leak", "g_basal", "g_apical", "g_dendrite", "g_target", "feedback_noise",
            "lateral_noise", "weight_scale", "skip_strength")  # fmt: skip

_T = TypeVar("_T")
_PartT = TypeVar("_PartT", bound=CircuitPart)


@dataclass(frozen=True)
class ErrorParameters(ActivatedCircuit, LearningCircuit, RoutedCircuit):
    """The parameters of the error-neuron microcircuit, in a class below its equations.

    Attributes
    ----------
    g_leak, g_basal, g_apical, g_dendrite, g_target
        Conductances [1/ms].
    connectivity
        Strengths of the projections, (area, input or area); default a chain.
    skip_strength
        Strength of the projections to higher areas that `connectivity` lacks; the input still
        reaches only what it reaches there.
    feedback_noise, lateral_noise
        Half-widths of the uniform noise on B and on the lateral synapses.
    error_layers
        Error neurons of each area (areas only); default as many as representation neurons.
    feedback
        ``"transpose"`` of W plus noise, refreshed in every learning step, or ``"fixed"``:
        random synapses that never change (feedback alignment).
    cut
        Names of what is cut: ``"error_feedback"``, B e, or ``"error_to_representation"``, v_api,
        each at the dendrite where it arrives.
    parts
        What has other equations than the paper's, see `error_parts`.

    Raises
    ------
    ValueError
        If a parameter is impossible: the message names it, its value and the mend.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    g_leak: PerNetwork = 0.03
    g_basal: PerNetwork = 0.1
    g_apical: PerNetwork = 0.02
    g_dendrite: PerNetwork = 0.1
    g_target: PerNetwork = 0.06
    learning_rates: Rates = (0.2, 0.1, 0.05, 0.02)
    connectivity: Strengths | None = None
    skip_strength: PerNetwork = 0.0
    feedback_noise: PerNetwork = 0.0
    lateral_noise: PerNetwork = 0.0
    weight_scale: PerNetwork = 1.5
    error_layers: tuple[int, ...] | None = None
    derivative: Derivative = "exact"
    feedback: Literal["transpose", "fixed"] = "transpose"
    learning_grading: Grading = "strength"
    cut: tuple[str, ...] = ()
    parts: tuple[CircuitPart, ...] = ()

    theory = "error_microcircuit"

    def __post_init__(self) -> None:
        areas = len(self.layers) - 1
        check_hierarchy(self)
        populated("error_layers", self.error_sizes, 1)
        lengths("error_layers", self.error_sizes, areas)
        self._check_parts()
        _ = self.phi_error, self.tuned
        check_connectivity(self.connectivity, areas)
        check_options(self, _OPTIONS)
        all_known(f"cut of {self.theory}", self.cut, _ROUTES)
        shortest = {"R": self.tau, "E": self.tau_error}
        check_numbers(self, {n: getattr(self, n) for n in _NUMBERS}, shortest)

    def _check_parts(self) -> None:
        taken = Counter(part.place for part in self.parts)
        for part in self.parts:
            if taken[part.place] > 1:
                raise ValueError(
                    f"parts of {self.theory} has {part.place} {taken[part.place]} times; give "
                    "one part of each place, or exchange it by `having`"
                )
            part.check(self.theory, self.sizes)

    def without(self, route: str) -> Self:
        """Return the circuit in which a route carries nothing, or a mechanism is off.

        Raises
        ------
        ValueError
            If there is no such route.
        """
        if route == "phi_prime":
            return self.having(Ungated())
        if route == "lookahead":
            return self.having(WithoutLookahead("representation"), WithoutLookahead("error"))
        return super().without(route)

    def having(self, *parts: CircuitPart) -> Self:
        """Return the circuit with other parts, each instead of what it has in that place."""
        places = {part.place: part for part in (*self.parts, *parts)}
        return replace(self, parts=tuple(places.values()))

    def lacking(self, kind: type[CircuitPart]) -> Self:
        """Return the circuit without its parts of a kind."""
        return replace(self, parts=tuple(p for p in self.parts if not isinstance(p, kind)))

    def parts_of(self, kind: type[_PartT]) -> tuple[_PartT, ...]:
        """Return its parts of a kind."""
        return tuple(part for part in self.parts if isinstance(part, kind))

    def amended(self, hook: Callable[..., Any], paper: _T, *others: Any) -> _T:
        """Return what the parts make of what the paper says in a place.

        Parameters
        ----------
        hook
            The place: a method of `CircuitPart`.
        paper
            What the paper says.
        others
            What else the method takes.
        """
        for part in self.parts:
            paper = getattr(part, hook.__name__)(paper, *others)
        return paper

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        classes = self.amended(CircuitPart.classes, ONE_CLASS)
        return stacked("representation", self.sizes) + stacked("error", self.error_sizes, classes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        own, areas = self.ascending_axons("W"), area_rows(self.sizes)
        descending = self.amended(CircuitPart.descending, backwards(own.routes), tuple(areas))
        if not descending:
            return (own,)
        return own, Axons("error", "B", descending, area_rows(self.error_sizes))

    @property
    def refreshes(self) -> bool:
        """Whether B follows W."""
        return self.amended(CircuitPart.refreshed, self.feedback == "transpose")

    @cached_property
    def halves(self) -> Places:
        """Where the positive and the negative halves of pairs stand among the error neurons."""
        return places(self.error_sizes, 2)

    @cached_property
    def error_sizes(self) -> tuple[int, ...]:
        """Error neurons of each area."""
        return self.error_layers or self.sizes

    @cached_property
    def output_error(self) -> slice:
        """Where the output area's error neurons stand."""
        return area_slices(self.error_sizes)[-1]

    @cached_property
    def phi_error(self) -> AreaActivations:
        """Activation functions of the error neurons."""
        names = self.amended(CircuitPart.functions, ("linear",) * len(self.error_sizes))
        return AreaActivations(names, self.error_sizes)

    @cached_property
    def tuned(self) -> Tuning | None:
        """Slope and offset of the representation neurons before any variability."""
        return self.amended(CircuitPart.tuned, None, self.sizes)

    @cached_property
    def area_strengths(self) -> Strengths | Array:
        """Strength of the projection from area to area, (area, input or area).

        One table a network if the strength of skips is one a network.
        """
        listed = self.connectivity or chain(len(self.sizes))
        if not np.any(self.skip_strength):
            return listed
        skipping = np.tril(np.asarray(listed) == 0)
        skipping[:, 0] = False
        return np.asarray(np.asarray(listed) + self.skip_strength * skipping)

    @cached_property
    def tau(self) -> PerNetwork:
        """Membrane time constant of representation neurons [ms]."""
        return 1 / (self.g_leak + self.g_basal + self.g_apical)

    @cached_property
    def tau_error(self) -> Array:
        """Membrane time constant of error neurons [ms], (neuron,) or (network, 1, neuron)."""
        hidden = 1 / (self.g_leak + self.g_dendrite)
        topmost = np.arange(sum(self.error_sizes)) >= self.output_error.start
        return np.where(topmost, 1 / (self.g_leak + self.g_target), hidden)

    @cached_property
    def plastic_blocks(self) -> tuple[tuple[slice, slice], ...]:
        """Where W learns: rows and columns of each area."""
        return blocks(self.eta, self.sizes)

    @cached_property
    def feedback_blocks(self) -> tuple[tuple[slice, slice], ...]:
        """Where feedback is the transpose of W, as many E as R: rows and columns of each area."""
        ascending = self.strengths[..., self.layers[0] :]
        return blocks(np.swapaxes(ascending, -1, -2), self.sizes)
