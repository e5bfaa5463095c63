"""The error-neuron microcircuit (Max, Jaras, Granier, Wilmes, Petrovici 2026).

Each area holds representation neurons R (potential u, rate r) and error neurons E (potential v,
rate e). Representations ascend through W, errors descend through B, and the two meet within an
area only, through lateral synapses that link them about one to one.

============ =====================================================================
basal        v_bas = (W + weight noise) r     from all lower areas and the input; noise is 0
apical       v_api = L_ER e                   from the error neurons next door
soma R       du/dt = -u/tau + g_bas v_bas + g_api v_api
dendrite E   v_den = (L_RE phi'(u~)) * (B e)  top-down error, gated by the local slope
soma E       dv/dt = -v/tau_E + g_den v_den                         hidden areas
soma E       dv/dt = -v/tau_T + g_tgt L_RE (phi'(u~) (t - r))       output area, 0 without t
rates        r = phi(u~),  e = phi_E(v~)      the lookahead u~ = u + tau du/dt
pairs        e = [phi_E(v~)]+ - [-phi_E(v~)]+ an option: two rates that are not negative
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
are the counter-circuits of `errorneurons.simulate.ablations.changes`.

Source: doi:10.1371/journal.pcbi.1014164, equations in the order of its Methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, area_rows, delayed, generator, matvec, outer, own
from errorneurons.simulate.circuit import Axons, Carrier, Role, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.parts.cells import side_by_side, vary
from errorneurons.simulate.parts.connectivity import backwards, spread
from errorneurons.simulate.parts.layered import feedforward
from errorneurons.simulate.parts.plasticity import (
    changed,
    lateral_weights,
    linked_pairs,
    one_to_one,
    start_weights,
    transposed,
)
from errorneurons.simulate.theories.error_parameters import ErrorParameters


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`.

    `F` is the low-passed weight change, `tuning` the slope and offset of each neuron, and
    `weight_noise` what `W` transmits too much, all only where the circuit uses them.
    """

    W: Array
    L_RE: Array
    L_ER: Array
    B: Array
    feedback_noise: Array
    F: Array | None = None
    tuning: Tuning | None = None
    error_tuning: Tuning | None = None
    weight_noise: Array | None = None

    @property
    def ascending(self) -> Array:
        """What forward synapses transmit."""
        return self.W if self.weight_noise is None else self.W + self.weight_noise


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
    pairs: Array | None = None

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role; of pairs the rates of both halves."""
        return {"representation": self.r, "error": self.e if self.pairs is None else self.pairs}


@dataclass(frozen=True)
class ErrorMicrocircuit(ErrorParameters):
    """The error-neuron microcircuit; its parameters are those of `ErrorParameters`."""

    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        own = self.ascending_axons("W")
        if self.error_coding == "paired":  # B takes the difference of two neurons' rates
            return (own,)
        names = list(area_rows(self.sizes))
        direct = tuple((names[-1], name) for name in names[:-1])
        descending = backwards(own.routes) if self.feedback_route == "descending" else direct
        return own, Axons("error", "B", descending, area_rows(self.error_sizes))

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        drawn = [
            self._draw(generator(seed, self.theory, n, "weights"), i)
            for i, n in enumerate(networks)
        ]
        W, L_RE, L_ER, noise = (np.stack(x) for x in zip(*drawn, strict=True))
        B = self._refreshed(W, noise) if self._refreshes else noise
        spreads = [generator(seed, self.theory, n, "variability") for n in networks]
        tuning = vary(spreads, self.sizes, self.variability, self.tuned)
        error_tuning = vary(spreads, self.error_sizes, self.error_variability, None)
        wrong = self._weight_noise(seed, networks)
        return Weights(W, L_RE, L_ER, B, noise, None, tuning, error_tuning, wrong)

    def _weight_noise(self, seed: int, networks: Sequence[int]) -> Array | None:
        if not np.any(self.weight_noise):
            return None
        rngs = [generator(seed, self.theory, n, "weight noise") for n in networks]
        drawn = np.stack([rng.uniform(-1, 1, self.strengths.shape[-2:]) for rng in rngs])
        noise: Array = drawn * self.weight_noise * (self.strengths != 0)
        return noise

    def _draw(self, rng: np.random.Generator, network: int) -> tuple[Array, Array, Array, Array]:
        scale = own(self.weight_scale, network)
        area_strengths = np.asarray(own(np.asarray(self.area_strengths), network))
        W = start_weights(rng, spread(area_strengths, self.sizes, self.layers), scale)
        lateral_noise = own(self.lateral_noise, network)
        L_RE = lateral_weights(rng, self.error_sizes, self.sizes, lateral_noise)
        L_ER = lateral_weights(rng, self.sizes, self.error_sizes, lateral_noise)
        size = sum(self.error_sizes)
        noise = rng.uniform(-1, 1, (size, size))
        descending = spread(area_strengths[:, 1:].T, self.error_sizes, self.error_sizes)
        if self.feedback_route == "teaching_area":
            mask = np.zeros_like(noise)
            mask[: self.output_error.start, self.output_error] = 1
            return W, L_RE, L_ER, noise * mask / np.sqrt(self.error_sizes[-1])
        if self.feedback == "fixed":
            fan_in = np.maximum(np.count_nonzero(descending, axis=1, keepdims=True), 1)
            return W, L_RE, L_ER, noise * descending * scale / np.sqrt(fan_in)
        return W, L_RE, L_ER, noise * own(self.feedback_noise, network) * (descending != 0)

    @property
    def _refreshes(self) -> bool:
        return self.feedback == "transpose" and self.feedback_route == "descending"

    def _refreshed(self, W: Array, noise: Array) -> Array:
        B = transposed(W, self.layers[0])
        if self.error_sizes == self.sizes:
            feedback = noise.copy()
            for lower, higher in self.feedback_blocks:
                feedback[:, lower, higher] += B[:, lower, higher]
            return feedback
        # Neurons without a partner neither send nor receive the transposed part.
        E, R = linked_pairs(self.error_sizes, self.sizes)
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
        presynaptic = self.without_input(r)
        travelling = self.timing.delay_steps
        pairs = np.tile(o_error, 2) if self.error_coding == "paired" else None
        return State(
            o, o, o_error, o_error, o, o_error, r, e, presynaptic, o, o, o_error,
            (r,) * travelling, (e,) * travelling, pairs,
        )  # fmt: skip

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        dt, tau, tau_E = self.timing.dt, self.tau, self.tau_error
        u_ahead = state.u_before + tau * (state.u - state.u_before) / dt
        v_ahead = state.v_before + tau_E * (state.v - state.v_before) / dt
        r, slope = self._represented(weights, state, world, u_ahead)
        e, pairs = self._errors(weights, state, world, v_ahead)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        e_arriving, e_travelling = delayed(state.e_travelling, e)
        ascending = world.transmitted("W", weights.ascending)
        presynaptic, basal = feedforward(ascending, world, r_arriving)

        apical = matvec(weights.L_ER, e) * ("error_to_representation" not in self.cut)
        B = world.transmitted("B", weights.B)
        dendritic = matvec(B, e_arriving) * ("error_feedback" not in self.cut)
        if self.phi_prime_transfer:
            dendritic = matvec(weights.L_RE, slope) * dendritic
        if np.any(self.sensory_leak):
            dendritic = dendritic + self.sensory_leak * matvec(weights.L_RE, r)
        dendritic[..., self.output_error] = 0.0
        top = self._top_error(weights, world, r, slope)

        current = world.driven("representation")
        du = -state.u / tau + self.g_basal * basal + self.g_apical * apical + current
        if self.teaching_to_representation:
            nudge = self.g_target * (world.target - state.u[..., self.output]) * world.teaching
            du[..., self.output] += nudge
        dv = -state.v / tau_E + self.g_dendrite * dendritic + self._injected(world)
        dv[..., self.output_error] += self.g_target * top
        return State(
            state.u + dt * du, state.u, state.v + dt * dv, state.v, u_ahead, v_ahead, r, e,
            presynaptic, basal, apical, dendritic, r_travelling, e_travelling, pairs,
        )  # fmt: skip

    def _represented(
        self, weights: Weights, state: State, world: World, u_ahead: Array
    ) -> tuple[Array, Array]:
        r, slope = self.phi.with_slope(u_ahead, weights.tuning)
        if self.lookahead is not None:
            u_ahead = np.where(np.repeat(self.lookahead, self.sizes), u_ahead, state.u)
            r = self.phi(u_ahead, weights.tuning)
        return world.kept("representation", r), slope

    def _errors(
        self, weights: Weights, state: State, world: World, v_ahead: Array
    ) -> tuple[Array, Array | None]:
        if self.error_lookahead is not None:
            v_ahead = np.where(np.repeat(self.error_lookahead, self.error_sizes), v_ahead, state.v)
        e = self.phi_error(v_ahead, weights.error_tuning)
        if self.error_coding == "signed":
            floored = e if self.error_baseline is None else np.maximum(e, -self.error_baseline)
            return world.kept("error", floored), None
        pairs = world.kept(
            "error", side_by_side((np.maximum(e, 0), np.maximum(-e, 0)), self.halves)
        )
        return self._difference(pairs), pairs

    def _difference(self, pairs: Array) -> Array:
        positive, negative = self.halves
        difference: Array = pairs[..., positive] - pairs[..., negative]
        return difference

    def _injected(self, world: World) -> Array | float:
        current = world.driven("error")
        if self.error_coding == "signed" or isinstance(current, float):
            return current
        return self._difference(current)

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
        F = None
        if self.low_pass:
            F = np.zeros_like(weights.W) if weights.F is None else weights.F
            F = F + dt / self.low_pass * (dt * self.eta * outer(surprise, before.presynaptic) - F)
            W = weights.W + F
        else:
            W = changed(weights.W, dt * self.eta, surprise, before.presynaptic, self.plastic_blocks)
        B = self._refreshed(weights.W, weights.feedback_noise) if self._refreshes else weights.B
        R, E = self.sizes, self.error_sizes
        L_RE = self._relaxed(weights.L_RE, self.rates_onto_error, E, R)
        L_ER = self._relaxed(weights.L_ER, self.rates_onto_representation, R, E)
        return replace(weights, W=W, B=B, F=F, L_RE=L_RE, L_ER=L_ER)

    def _relaxed(
        self, L: Array, eta: tuple[float, ...] | None, post: tuple[int, ...], pre: tuple[int, ...]
    ) -> Array:
        if eta is None:
            return L
        return L - self.timing.dt * np.repeat(eta, post)[:, None] * (L - one_to_one(post, pre))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        gains = np.asarray(self.g_basal * self.tau, float).reshape(-1, 1, 1)
        rate = partial(self.phi.with_slope, tuning=weights.tuning)
        return Sweep(self.layers, weights.ascending, gains, rate, self._disturbed())

    def _disturbed(self) -> str:
        """Return what lets errors descend without a teaching signal, empty if nothing does."""
        at_rest = self.phi_error(np.zeros(sum(self.error_sizes)))
        reasons = {
            "sensory_leak": bool(np.any(self.sensory_leak)),
            "absent_target": self.absent_target != "silent",
            "error_activation (active at rest)": bool(np.any(at_rest)),
            "error_variability (active at rest)": self.error_variability != 0,
        }
        found = next((name for name, holds in reasons.items() if holds), "")
        return found and f"with this {found} errors descend without a teaching signal"
