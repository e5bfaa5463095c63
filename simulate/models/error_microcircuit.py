"""The error-neuron microcircuit (Max, Jaras, Granier, Wilmes, Petrovici 2026).

Each area holds representation neurons R (potential u, rate r) and error neurons E (potential v,
rate e). Representations ascend through W, errors descend through B, and the two meet within an
area only, through lateral synapses that link them about one to one.

============ =====================================================================
basal        v_bas = W r                      from all lower areas and the input
apical       v_api = L_ER e                   from the error neurons next door
soma R       du/dt = -u/tau + g_bas v_bas + g_api v_api
dendrite E   v_den = (L_RE phi'(u~)) * (B e)  top-down error, gated by the local slope
soma E       dv/dt = -v/tau_E + g_den v_den                         hidden areas
soma E       dv/dt = -v/tau_T + g_tgt L_RE (phi'(u~) (t - r))       output area, 0 without t
rates        r = phi(u~),  e = phi_E(v~)      the lookahead u~ = u + tau du/dt
plasticity   dW/dt = eta (u~ - g v_bas) r^T,  g = tau g_bas
rate rule    dW/dt = eta (r - phi(g v_bas)) r^T
low pass     F += dt/tau_LO (dW - F),  W += F
laterals     dL/dt = -eta_L (L - 1)           towards one-to-one
feedback     B = W^T + noise, or fixed
============ =====================================================================

The products of the plasticity take v_bas and the presynaptic r of the step before. Error and
representation populations may differ in size; neuron n of one is then linked to neuron n of the
other while both exist, and B links the partners of those that W links.

The output's error neurons are silent without a teaching signal, and with them all others: this
is the theory's hallmark. The options at the end of `ErrorMicrocircuit` break it on purpose; they
are the counter-circuits of `errorneurons.simulate.ablations`.

Source: doi:10.1371/journal.pcbi.1014164, equations in the order of its Methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from errorneurons.simulate.activations import AreaActivations, Derivative, Tuning
from errorneurons.simulate.circuit import (
    Array,
    Carrier,
    Population,
    Role,
    Timing,
    World,
    area_slices,
    delayed,
    generator,
    matvec,
    outer,
)
from errorneurons.simulate.connectivity import Strengths, chain, spread
from errorneurons.simulate.models.checks import (
    check_connectivity,
    check_hierarchy,
    check_numbers,
    check_options,
)
from errorneurons.simulate.plasticity import (
    Grading,
    Rates,
    lateral_weights,
    learning_rates,
    one_to_one,
    partners,
    start_weights,
    transposed,
)
from errorneurons.simulate.tuning import per_neuron, vary
from errorneurons.simulate.validation import lengths, populated

#: The choices that each option leaves.
OPTIONS = {
    "absent_target": ("silent", "zero"),
    "feedback_route": ("descending", "teaching_area"),
    "feedback": ("transpose", "fixed"),
    "plasticity": ("potential", "rate"),
    "learning_grading": ("strength", "hierarchical", "uniform"),
}


@dataclass(frozen=True)
class Weights:
    """The  Dims (network, post, pre); the input stands before the areas in `W`.

    `F` is the low-passed weight change, `tuning` the slope and offset of each neuron, both only
    where the circuit uses them.
    """

    W: Array
    L_RE: Array
    L_ER: Array
    B: Array
    feedback_noise: Array
    F: Array | None = None
    tuning: Tuning | None = None
    error_tuning: Tuning | None = None


@dataclass(frozen=True)
class State:
    """Potentials, rates and compartments of one step. Dims (network, stream, neuron)."""

    u: Array
    u_before: Array
    v: Array
    v_before: Array
    u_ahead: Array
    v_ahead: Array
    r: Array
    e: Array
    presynaptic: Array
    basal: Array
    apical: Array
    dendritic: Array
    r_travelling: tuple[Array, ...]
    e_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.e}


@dataclass(frozen=True)
class ErrorMicrocircuit:
    """Parameters of the error-neuron microcircuit.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    activation
        Activation function of the representation neurons of each area.
    g_leak, g_basal, g_apical, g_dendrite, g_target
        Conductances [1/ms].
    learning_rates
        eta of each area [1/ms], or a table (area, input or area) with one of each projection.
    connectivity
        Strengths of the projections, (area, input or area); default a chain.
    feedback_noise, lateral_noise
        Half-widths of the uniform noise on B and on the lateral
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

    Raises
    ------
    ValueError
        If a parameter is impossible: the message names it, its value and the mend.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    g_leak: float = 0.03
    g_basal: float = 0.1
    g_apical: float = 0.02
    g_dendrite: float = 0.1
    g_target: float = 0.06
    learning_rates: Rates = (0.2, 0.1, 0.05, 0.02)
    connectivity: Strengths | None = None
    feedback_noise: float = 0.0
    lateral_noise: float = 0.0
    weight_scale: float = 1.5
    absent_target: Literal["silent", "zero"] = "silent"
    sensory_leak: float = 0.0
    feedback_route: Literal["descending", "teaching_area"] = "descending"
    teaching_to_representation: bool = False
    error_layers: tuple[int, ...] | None = None
    error_activation: tuple[str, ...] | None = None
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

    theory = "error_microcircuit"
    carrier: Carrier = "error"

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
        check_options(self, OPTIONS)
        numbers = ("g_leak", "g_basal", "g_apical", "g_dendrite", "g_target", "low_pass",
                   "feedback_noise", "lateral_noise", "variability", "error_variability",
                   "weight_scale")  # fmt: skip
        shortest = {"R": self.tau, "E": float(self.tau_error.min())}
        check_numbers(self, {n: getattr(self, n) for n in numbers}, shortest)

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        roles: tuple[tuple[Role, tuple[int, ...]], ...] = (
            ("representation", self.sizes),
            ("error", self.error_sizes),
        )
        return tuple(
            Population(role, f"area {level}", level, size)
            for role, sizes in roles
            for level, size in enumerate(sizes, start=1)
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Representation neurons of each area."""
        return self.layers[1:]

    @cached_property
    def error_sizes(self) -> tuple[int, ...]:
        """Error neurons of each area."""
        return self.error_layers or self.sizes

    @cached_property
    def output(self) -> slice:
        """Where the output area's representation neurons stand."""
        return area_slices(self.sizes)[-1]

    @cached_property
    def output_error(self) -> slice:
        """Where the output area's error neurons stand."""
        return area_slices(self.error_sizes)[-1]

    @cached_property
    def phi(self) -> AreaActivations:
        """Activation functions of the representation neurons."""
        return AreaActivations(self.activation, self.sizes, self.derivative)

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
    def area_strengths(self) -> Strengths:
        """Strength of the projection from area to area, (area, input or area)."""
        return self.connectivity or chain(len(self.sizes))

    @cached_property
    def strengths(self) -> Array:
        """Strength of the projection from neuron to neuron, (post, pre)."""
        return spread(self.area_strengths, self.sizes, self.layers)

    @cached_property
    def tau(self) -> float:
        """Membrane time constant of representation neurons [ms]."""
        return 1 / (self.g_leak + self.g_basal + self.g_apical)

    @cached_property
    def tau_error(self) -> Array:
        """Membrane time constant of error neurons [ms], (neuron,)."""
        tau = np.full(sum(self.error_sizes), 1 / (self.g_leak + self.g_dendrite))
        tau[self.output_error] = 1 / (self.g_leak + self.g_target)
        return tau

    @cached_property
    def area_eta(self) -> Array:
        """Learning rate of each projection [1/ms], (area, input or area)."""
        return learning_rates(self.learning_rates, self.area_strengths, self.learning_grading)

    @cached_property
    def eta(self) -> Array:
        """Learning rate of each synapse [1/ms], (post, pre)."""
        return spread(self.area_eta, self.sizes, self.layers)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        drawn = [self._draw(generator(seed, self.theory, n, "weights")) for n in networks]
        W, L_RE, L_ER, noise = (np.stack(x) for x in zip(*drawn, strict=True))
        B = self._refreshed(W, noise) if self._refreshes else noise
        spreads = [generator(seed, self.theory, n, "variability") for n in networks]
        tuning = vary(spreads, self.sizes, self.variability, self.tuned)
        error_tuning = vary(spreads, self.error_sizes, self.error_variability, None)
        return Weights(W, L_RE, L_ER, B, noise, None, tuning, error_tuning)

    def _draw(self, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
        W = start_weights(rng, self.strengths, self.weight_scale)
        L_RE = lateral_weights(rng, self.error_sizes, self.sizes, self.lateral_noise)
        L_ER = lateral_weights(rng, self.sizes, self.error_sizes, self.lateral_noise)
        size = sum(self.error_sizes)
        noise = rng.uniform(-1, 1, (size, size))
        descending = spread(
            tuple(map(tuple, np.asarray(self.area_strengths)[:, 1:].T)),
            self.error_sizes, self.error_sizes,
        )  # fmt: skip
        if self.feedback_route == "teaching_area":
            mask = np.zeros_like(noise)
            mask[: self.output_error.start, self.output_error] = 1
            return W, L_RE, L_ER, noise * mask / np.sqrt(self.error_sizes[-1])
        if self.feedback == "fixed":
            fan_in = np.maximum(np.count_nonzero(descending, axis=1, keepdims=True), 1)
            return W, L_RE, L_ER, noise * descending * self.weight_scale / np.sqrt(fan_in)
        return W, L_RE, L_ER, noise * self.feedback_noise * (descending != 0)

    @property
    def _refreshes(self) -> bool:
        return self.feedback == "transpose" and self.feedback_route == "descending"

    def _refreshed(self, W: Array, noise: Array) -> Array:
        B = transposed(W, self.layers[0])
        if self.error_sizes == self.sizes:
            return B + noise
        # Neurons without a partner neither send nor receive the transposed part.
        E, R = partners(self.error_sizes, self.sizes)
        feedback = noise.copy()
        feedback[:, E[:, None], E] += B[:, R[:, None], R]
        return feedback

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        networks = len(weights.W)
        o = np.zeros((networks, streams, sum(self.sizes)))
        o_error = np.zeros((networks, streams, sum(self.error_sizes)))
        r = np.broadcast_to(self.phi(o, weights.tuning), o.shape)
        e = np.broadcast_to(self.phi_error(o_error, weights.error_tuning), o_error.shape)
        presynaptic = np.concatenate([np.zeros((networks, streams, self.layers[0])), r], axis=-1)
        travelling = self.timing.delay_steps
        return State(
            o, o, o_error, o_error, o, o_error, r, e, presynaptic, o, o, o_error,
            (r,) * travelling, (e,) * travelling,
        )  # fmt: skip

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        dt, tau, tau_E = self.timing.dt, self.tau, self.tau_error
        u_ahead = state.u_before + tau * (state.u - state.u_before) / dt
        v_ahead = state.v_before + tau_E * (state.v - state.v_before) / dt
        r, e = self._rates(weights, state, world, u_ahead, v_ahead)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        e_arriving, e_travelling = delayed(state.e_travelling, e)
        r_input = np.broadcast_to(world.input, (*r.shape[:2], self.layers[0]))
        presynaptic = np.concatenate([r_input, r_arriving], axis=-1)

        slope = self.phi.slope(u_ahead, weights.tuning)
        basal = matvec(weights.W, presynaptic)
        apical = matvec(weights.L_ER, e)
        dendritic = matvec(weights.B, e_arriving)
        if self.phi_prime_transfer:
            dendritic = matvec(weights.L_RE, slope) * dendritic
        if self.sensory_leak:
            dendritic = dendritic + self.sensory_leak * matvec(weights.L_RE, r)
        dendritic[..., self.output_error] = 0.0
        top = self._top_error(weights, world, r, slope)

        current = world.driven("representation")
        du = -state.u / tau + self.g_basal * basal + self.g_apical * apical + current
        if self.teaching_to_representation:
            nudge = self.g_target * (world.target - state.u[..., self.output]) * world.teaching
            du[..., self.output] += nudge
        dv = -state.v / tau_E + self.g_dendrite * dendritic + world.driven("error")
        dv[..., self.output_error] += self.g_target * top
        return State(
            state.u + dt * du, state.u, state.v + dt * dv, state.v, u_ahead, v_ahead, r, e,
            presynaptic, basal, apical, dendritic, r_travelling, e_travelling,
        )  # fmt: skip

    def _rates(
        self, weights: Weights, state: State, world: World, u_ahead: Array, v_ahead: Array
    ) -> tuple[Array, Array]:
        if self.lookahead is not None:
            u_ahead = np.where(np.repeat(self.lookahead, self.sizes), u_ahead, state.u)
        if self.error_lookahead is not None:
            v_ahead = np.where(np.repeat(self.error_lookahead, self.error_sizes), v_ahead, state.v)
        r = world.kept("representation", self.phi(u_ahead, weights.tuning))
        e = world.kept("error", self.phi_error(v_ahead, weights.error_tuning))
        return r, e

    def _top_error(self, weights: Weights, world: World, r: Array, slope: Array) -> Array:
        out = self.output
        absent = 0.0 if self.absent_target == "silent" else -slope[..., out] * r[..., out]
        taught = slope[..., out] * (world.target - r[..., out])
        error = np.where(world.teaching, taught, absent)
        return matvec(weights.L_RE[:, self.output_error, out], error)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        dt = self.timing.dt
        predicted = self.tau * self.g_basal * before.basal
        if self.plasticity == "rate":
            surprise = after.r - self.phi(predicted, weights.tuning)
        else:
            surprise = after.u_ahead - predicted
        dW, F = dt * self.eta * outer(surprise, before.presynaptic), None
        if self.low_pass:
            F = np.zeros_like(dW) if weights.F is None else weights.F
            dW = F = F + dt / self.low_pass * (dW - F)
        B = self._refreshed(weights.W, weights.feedback_noise) if self._refreshes else weights.B
        R, E = self.sizes, self.error_sizes
        L_RE = self._relaxed(weights.L_RE, self.rates_onto_error, E, R)
        L_ER = self._relaxed(weights.L_ER, self.rates_onto_representation, R, E)
        return replace(weights, W=weights.W + dW, B=B, F=F, L_RE=L_RE, L_ER=L_ER)

    def _relaxed(
        self, L: Array, eta: tuple[float, ...] | None, post: tuple[int, ...], pre: tuple[int, ...]
    ) -> Array:
        if eta is None:
            return L
        return L - self.timing.dt * np.repeat(eta, post)[:, None] * (L - one_to_one(post, pre))
