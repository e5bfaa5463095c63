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
rates        r = phi(u~),  e = v~             the lookahead u~ = u + tau du/dt
plasticity   dW/dt = eta (u~ - g v_bas) r^T,  g = tau g_bas
feedback     B = W^T + noise
============ =====================================================================

The output's error neurons are silent without a teaching signal, and with them all others: this
is the theory's hallmark. The options at the end of `ErrorMicrocircuit` break it on purpose; they
are the counter-circuits of `errorneurons.simulate.ablations`.

Source: doi:10.1371/journal.pcbi.1014164, equations in the order of its Methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from errorneurons.simulate.activations import AreaActivations
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
from errorneurons.simulate.connectivity import chain, spread


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    L_RE: Array
    L_ER: Array
    B: Array
    feedback_noise: Array


@dataclass(frozen=True)
class State:
    """Potentials, rates and compartments of one step. Dims (network, stream, neuron)."""

    u: Array
    u_before: Array
    v: Array
    v_before: Array
    u_ahead: Array
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
        eta of each area [1/ms].
    connectivity
        Strengths of the projections, (area, area or input); default a chain.
    feedback_noise, lateral_noise
        Half-widths of the uniform noise on B and on the lateral synapses.
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
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    g_leak: float = 0.03
    g_basal: float = 0.1
    g_apical: float = 0.02
    g_dendrite: float = 0.1
    g_target: float = 0.06
    learning_rates: tuple[float, ...] = (0.2, 0.1, 0.05, 0.02)
    connectivity: tuple[tuple[float, ...], ...] | None = None
    feedback_noise: float = 0.0
    lateral_noise: float = 0.0
    weight_scale: float = 1.5
    absent_target: Literal["silent", "zero"] = "silent"
    sensory_leak: float = 0.0
    feedback_route: Literal["descending", "teaching_area"] = "descending"
    teaching_to_representation: bool = False

    theory = "error_microcircuit"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        roles: tuple[Role, Role] = ("representation", "error")
        return tuple(
            Population(role, f"area {level}", level, size)
            for role in roles
            for level, size in enumerate(self.layers[1:], start=1)
        )

    @property
    def output_area(self) -> str:
        """The area whose representation neurons are the output: the last."""
        return f"area {len(self.sizes)}"

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each role in each area."""
        return self.layers[1:]

    @cached_property
    def output(self) -> slice:
        """Where the output area's neurons stand."""
        return area_slices(self.sizes)[-1]

    @cached_property
    def phi(self) -> AreaActivations:
        """Activation functions of the representation neurons."""
        return AreaActivations(self.activation, self.sizes)

    @cached_property
    def strengths(self) -> Array:
        """Strength of the projection from neuron to neuron, (post, pre)."""
        return spread(self.connectivity or chain(len(self.sizes)), self.sizes, self.layers)

    @cached_property
    def tau(self) -> float:
        """Membrane time constant of representation neurons [ms]."""
        return 1 / (self.g_leak + self.g_basal + self.g_apical)

    @cached_property
    def tau_error(self) -> Array:
        """Membrane time constant of error neurons [ms], (neuron,)."""
        tau = np.full(sum(self.sizes), 1 / (self.g_leak + self.g_dendrite))
        tau[self.output] = 1 / (self.g_leak + self.g_target)
        return tau

    @cached_property
    def eta(self) -> Array:
        """Learning rates graded by the strength of the projection [1/ms], (post, pre)."""
        return np.repeat(self.learning_rates, self.sizes)[:, None] * self.strengths

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        drawn = [self._draw(generator(seed, self.theory, n, "weights")) for n in networks]
        W, L_RE, L_ER, noise = (np.stack(x) for x in zip(*drawn, strict=True))
        B = noise if self.feedback_route == "teaching_area" else self._feedback(W, noise)
        return Weights(W, L_RE, L_ER, B, noise)

    def _draw(self, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
        size = sum(self.sizes)
        fan_in = np.count_nonzero(self.strengths, axis=1, keepdims=True)
        W = rng.uniform(-1, 1, self.strengths.shape) * self.strengths
        W *= self.weight_scale / np.sqrt(fan_in)
        same_area = spread(tuple(map(tuple, np.eye(len(self.sizes)))), self.sizes, self.sizes)
        L_RE, L_ER = (
            np.eye(size) + same_area * rng.uniform(-1, 1, (size, size)) * self.lateral_noise
            for _ in range(2)
        )
        noise = rng.uniform(-1, 1, (size, size))
        if self.feedback_route == "teaching_area":
            return W, L_RE, L_ER, noise * self._from_teaching_area() / np.sqrt(self.sizes[-1])
        return W, L_RE, L_ER, noise * self.feedback_noise * (self._feedback(W[None], 0.0)[0] != 0)

    def _from_teaching_area(self) -> Array:
        mask = np.zeros((sum(self.sizes), sum(self.sizes)))
        mask[: self.output.start, self.output] = 1
        return mask

    def _feedback(self, W: Array, noise: Array | float) -> Array:
        return np.swapaxes(W[:, :, self.layers[0] :], -1, -2) + noise

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        silent = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r = self.phi(silent)
        presynaptic = np.zeros((*silent.shape[:2], sum(self.layers)))
        presynaptic[..., self.layers[0] :] = r
        travelling = self.timing.delay_steps
        o = silent
        travelling = self.timing.delay_steps
        return State(
            o, o, o, o, o, r, o, presynaptic, o, o, o, (r,) * travelling, (o,) * travelling
        )  # fmt: skip

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        dt, tau, tau_E = self.timing.dt, self.tau, self.tau_error
        u_ahead = state.u_before + tau * (state.u - state.u_before) / dt
        v_ahead = state.v_before + tau_E * (state.v - state.v_before) / dt
        r = world.kept("representation", self.phi(u_ahead))
        e = world.kept("error", v_ahead)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        e_arriving, e_travelling = delayed(state.e_travelling, e)
        r_input = np.broadcast_to(world.input, (*r.shape[:2], self.layers[0]))
        presynaptic = np.concatenate([r_input, r_arriving], axis=-1)

        slope = self.phi.slope(u_ahead)
        basal = matvec(weights.W, presynaptic)
        apical = matvec(weights.L_ER, e)
        gate = matvec(weights.L_RE, slope)
        dendritic = gate * matvec(weights.B, e_arriving)
        if self.sensory_leak:
            dendritic = dendritic + self.sensory_leak * matvec(weights.L_RE, r)
        dendritic[..., self.output] = 0.0
        top = self._top_error(weights, world, r, slope)

        current = world.driven("representation")
        du = -state.u / tau + self.g_basal * basal + self.g_apical * apical + current
        if self.teaching_to_representation:
            nudge = self.g_target * (world.target - state.u[..., self.output]) * world.teaching
            du[..., self.output] += nudge
        dv = -state.v / tau_E + self.g_dendrite * dendritic + world.driven("error")
        dv[..., self.output] += self.g_target * top
        return State(
            state.u + dt * du, state.u, state.v + dt * dv, state.v, u_ahead, r, e,
            presynaptic, basal, apical, dendritic, r_travelling, e_travelling,
        )  # fmt: skip

    def _top_error(self, weights: Weights, world: World, r: Array, slope: Array) -> Array:
        out = self.output
        absent = 0.0 if self.absent_target == "silent" else -slope[..., out] * r[..., out]
        taught = slope[..., out] * (world.target - r[..., out])
        return matvec(weights.L_RE[:, out, out], np.where(world.teaching, taught, absent))

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        g = self.tau * self.g_basal
        dW = self.timing.dt * self.eta * outer(after.u_ahead - g * before.basal, before.presynaptic)
        B = weights.B
        if self.feedback_route == "descending":
            B = self._feedback(weights.W, weights.feedback_noise)
        return replace(weights, W=weights.W + dW, B=B)
