"""The parameters of the error microcircuit, and what follows from them.

The equations stand in `error_microcircuit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_slices
from errorneurons.simulate.circuit import Population, Timing
from errorneurons.simulate.parts.activations import AreaActivations, Derivative, Tuning
from errorneurons.simulate.parts.cells import Places, per_neuron, places
from errorneurons.simulate.parts.checks import (
    check_connectivity,
    check_hierarchy,
    check_numbers,
    check_options,
)
from errorneurons.simulate.parts.connectivity import Strengths, chain
from errorneurons.simulate.parts.layered import (
    ONE_CLASS,
    ActivatedCircuit,
    Classes,
    LearningCircuit,
    RoutedCircuit,
    stacked,
)
from errorneurons.simulate.parts.plasticity import Grading, Rates, blocks
from errorneurons.simulate.refusing import all_known, lengths, not_negative, populated

#: Routes that can be cut: B e and v_api, each at the dendrite where it arrives.
_ROUTES = ("error_feedback", "error_to_representation")

#: The choices that each option leaves.
_OPTIONS = {
    "absent_target": ("silent", "zero"),
    "error_coding": ("signed", "paired"),
    "feedback_route": ("descending", "teaching_area"),
    "feedback": ("transpose", "fixed"),
    "plasticity": ("potential", "rate"),
    "learning_grading": ("strength", "hierarchical", "uniform"),
}


@dataclass(frozen=True)
class ErrorParameters(ActivatedCircuit, LearningCircuit, RoutedCircuit):
    """Parameters of the error-neuron microcircuit, the fields of `ErrorMicrocircuit`.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    activation
        Activation function of the representation neurons of each area.
    g_leak, g_basal, g_apical, g_dendrite, g_target
        Conductances [1/ms]; these, noise and strengths may be one a network, see `PerNetwork`.
    learning_rates
        eta of each area [1/ms], or a table (area, input or area) with one of each projection.
    connectivity
        Strengths of the projections, (area, input or area); default a chain.
    skip_strength
        Strength of the projections to higher areas that `connectivity` lacks; the input still
        reaches only what it reaches there.
    feedback_noise, lateral_noise
        Half-widths of the uniform noise on B and on the lateral synapses.
    weight_noise
        Half-width of the uniform noise that forward synapses transmit on top of W; plasticity
        and the transpose in B know nothing of it.
    weight_scale
        Start weights are U(-1, 1) * weight_scale / sqrt(fan-in).
    absent_target
        What the output's error neurons compute without a teaching signal: ``"silent"`` (the
        theory) or ``"zero"`` (a counter-circuit: they take the absent target for 0).
    sensory_leak
        c in v_den += c L_RE r, 0 in the theory.
    feedback_route
        ``"descending"`` (the theory) or ``"teaching_area"`` (a counter-circuit: fixed random
        synapses from the output's error neurons straight to those of every area).
    teaching_to_representation
        If true the output's representation neurons are nudged by g_tgt (t - u) as well.
    error_layers
        Error neurons of each area (areas only); default as many as representation neurons.
    error_activation
        Activation function of the error neurons of each area; default linear.
    error_coding
        ``"signed"``: one error neuron carries both signs, its rate being about a baseline.
        ``"paired"``: two do, one firing for a positive and one for a negative error, and their
        difference is what the synapses of both carry on.
    error_baseline
        Rate below which a signed error neuron cannot fall: e = max(phi_E(v~), -baseline). A low
        one clips negative errors; default no such rate. Pairs need none.
    activation_slope, activation_offset
        Slope and offset of the representation neurons, one an area or one a neuron.
    variability, error_variability
        sigma of slopes ~ N(1, sigma) and offsets ~ N(0, sigma) of single R or E neurons, on top.
    derivative
        How phi' is computed, see `AreaActivations`.
    lookahead, error_lookahead
        Whether the rates of each area follow the lookahead u~ (default) or the potential u.
        The gate phi'(u~) and plasticity follow the lookahead in any case.
    feedback
        ``"transpose"`` of W plus noise, refreshed in every learning step, or ``"fixed"``:
        random synapses that never change (feedback alignment).
    phi_prime_transfer
        Whether top-down errors are gated by phi' in hidden areas.
    plasticity
        ``"potential"`` or ``"rate"``, the rules of the table above.
    low_pass
        tau_LO of the low-passed weight changes [ms]; 0 for none.
    rates_onto_error, rates_onto_representation
        Rates at which the lateral synapses of each area relax to one-to-one [1/ms]; default 0.
    learning_grading
        How `learning_rates` of areas are spread over projections, see `plasticity`.
    cut
        Names of routes that carry nothing, of `_ROUTES`.

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
    weight_noise: PerNetwork = 0.0
    weight_scale: PerNetwork = 1.5
    absent_target: Literal["silent", "zero"] = "silent"
    sensory_leak: PerNetwork = 0.0
    feedback_route: Literal["descending", "teaching_area"] = "descending"
    teaching_to_representation: bool = False
    error_layers: tuple[int, ...] | None = None
    error_activation: tuple[str, ...] | None = None
    error_coding: Literal["signed", "paired"] = "signed"
    error_baseline: float | None = None
    activation_slope: tuple[float | tuple[float, ...], ...] | None = None
    activation_offset: tuple[float | tuple[float, ...], ...] | None = None
    variability: float = 0.0
    error_variability: float = 0.0
    derivative: Derivative = "exact"
    lookahead: tuple[bool, ...] | None = None
    error_lookahead: tuple[bool, ...] | None = None
    feedback: Literal["transpose", "fixed"] = "transpose"
    phi_prime_transfer: bool = True
    plasticity: Literal["potential", "rate"] = "potential"
    low_pass: float = 0.0
    rates_onto_error: tuple[float, ...] | None = None
    rates_onto_representation: tuple[float, ...] | None = None
    learning_grading: Grading = "strength"
    cut: tuple[str, ...] = ()

    theory = "error_microcircuit"

    def __post_init__(self) -> None:
        areas = len(self.layers) - 1
        check_hierarchy(self)
        populated("error_layers", self.error_sizes, 1)
        for name in ("error_layers", "activation_slope", "activation_offset", "lookahead",
                     "error_lookahead", "rates_onto_error",
                     "rates_onto_representation"):  # fmt: skip
            if getattr(self, name) is not None:
                lengths(name, getattr(self, name), areas)
        _ = self.phi_error, self.tuned
        check_connectivity(self.connectivity, areas)
        check_options(self, _OPTIONS)
        all_known(f"cut of {self.theory}", self.cut, _ROUTES)
        numbers = ("g_leak", "g_basal", "g_apical", "g_dendrite", "g_target", "low_pass",
                   "feedback_noise", "lateral_noise", "weight_noise", "variability",
                   "error_variability", "weight_scale", "skip_strength",
                   "sensory_leak")  # fmt: skip
        shortest = {"R": self.tau, "E": self.tau_error}
        check_numbers(self, {n: getattr(self, n) for n in numbers}, shortest)
        if self.error_baseline is not None:
            not_negative(self.theory, {"error_baseline": self.error_baseline})

    def without(self, route: str) -> Self:
        """Return the circuit in which a route carries nothing, or a mechanism is off.

        Raises
        ------
        ValueError
            If there is no such route.
        """
        if route == "phi_prime":
            return replace(self, phi_prime_transfer=False)
        if route == "lookahead":
            off = (False,) * len(self.sizes)
            return replace(self, lookahead=off, error_lookahead=off)
        return super().without(route)

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        halves: Classes = (("positive", 1), ("negative", -1))
        classes = halves if self.error_coding == "paired" else ONE_CLASS
        return stacked("representation", self.sizes) + stacked("error", self.error_sizes, classes)

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
        names = self.error_activation or ("linear",) * len(self.error_sizes)
        return AreaActivations(names, self.error_sizes)

    @cached_property
    def tuned(self) -> Tuning | None:
        """Slope and offset of the representation neurons before any variability."""
        if self.activation_slope is None and self.activation_offset is None:
            return None
        areas = len(self.sizes)
        slope = per_neuron("activation_slope", self.activation_slope or (1.0,) * areas, self.sizes)
        offset = per_neuron(
            "activation_offset", self.activation_offset or (0.0,) * areas, self.sizes
        )
        return Tuning(slope[None, None], offset[None, None])

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
