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
feedback     B = W^T + noise, or fixed
============ =====================================================================

The products of the plasticity take v_bas and the presynaptic r of the step before. Error and
representation populations may differ in size; neuron n of one is then linked to neuron n of the
other while both exist, and B links the partners of those that W links.

The output's error neurons are silent without a teaching signal, and with them all others: this
is the theory's hallmark. Circuits with another equation in place of one of these have a part that
says it, see `error_parts`: `amended` asks the parts what they make of what the paper says.

Source: doi:10.1371/journal.pcbi.1014164, equations in the order of its Methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec
from errorneurons.simulate.circuit import Carrier, Role, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import feedforward
from errorneurons.simulate.parts.plasticity import changed
from errorneurons.simulate.theories.error_parameters import ErrorParameters
from errorneurons.simulate.theories.error_places import CircuitPart
from errorneurons.simulate.theories.error_synapses import Weights, drawn_synapses, refreshed


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


@explained()
@dataclass(frozen=True)
class ErrorMicrocircuit(ErrorParameters):
    """Parameters of the error-neuron microcircuit."""

    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        return drawn_synapses(self, seed, networks)

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        networks = len(weights.W)
        o = np.zeros((networks, streams, sum(self.sizes)))
        o_error = np.zeros((networks, streams, sum(self.error_sizes)))
        r = np.broadcast_to(self.phi(o, weights.tuning), o.shape)
        e = np.broadcast_to(self.phi_error(o_error, weights.error_tuning), o_error.shape)
        presynaptic = self.without_input(r)
        travelling = self.timing.delay_steps
        e, pairs = self.carried_by(self.amended(CircuitPart.fired, e, self.halves))
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

        W = world.transmitted("W", weights.ascending)
        presynaptic, basal = feedforward(W, world, r_arriving)
        fired = e if pairs is None else pairs
        basal = self.amended(CircuitPart.basal, basal, weights.L_ER, world, fired, self.halves)
        B = world.transmitted("B", weights.B)
        B = self.amended(CircuitPart.feedback, B)
        arriving = self.amended(CircuitPart.arriving, matvec(B, e_arriving), B, e_arriving)
        arriving = self.amended(
            CircuitPart.supported, arriving, world, fired, self.halves, self.error_sizes
        )
        descending = arriving * ("error_feedback" not in self.cut)
        apical = matvec(weights.L_ER, e) * ("error_to_representation" not in self.cut)
        apical = self.amended(CircuitPart.apical, apical, weights.L_ER, descending)
        gate = self.amended(CircuitPart.gate, matvec(weights.L_RE, slope))
        dendritic = self.amended(CircuitPart.dendritic, gate * descending, weights.L_RE, r, basal)
        taught = self.amended(CircuitPart.taught, self.output_error)
        dendritic[..., taught] = 0.0
        top = self._top_error(weights, world, r, slope)

        current = world.driven("representation")
        du = -state.u / tau + self.g_basal * basal + self.g_apical * apical + current
        du = self.amended(CircuitPart.somatic, du, self.output, self.g_target, state.u, r, world)
        injected = self.amended(CircuitPart.carried, world.driven("error"), self.halves)
        dv = -state.v / tau_E + self.g_dendrite * dendritic + injected
        dv[..., taught] += self.g_target * top
        return State(
            state.u + dt * du, state.u, state.v + dt * dv, state.v, u_ahead, v_ahead, r, e,
            presynaptic, basal, apical, dendritic, r_travelling, e_travelling, pairs,
        )  # fmt: skip

    def _represented(
        self, weights: Weights, state: State, world: World, u_ahead: Array
    ) -> tuple[Array, Array]:
        r, slope = self.phi.with_slope(u_ahead, weights.tuning)
        role, sizes = "representation", self.sizes
        followed = self.amended(CircuitPart.followed, u_ahead, role, state.u, sizes)
        if followed is not u_ahead:
            r = self.phi(followed, weights.tuning)
        return world.kept("representation", r), slope

    def _errors(
        self, weights: Weights, state: State, world: World, v_ahead: Array
    ) -> tuple[Array, Array | None]:
        followed = self.amended(CircuitPart.followed, v_ahead, "error", state.v, self.error_sizes)
        e = self.phi_error(followed, weights.error_tuning)
        return self.carried_by(world.kept("error", self.amended(CircuitPart.fired, e, self.halves)))

    def carried_by(self, fired: Array) -> tuple[Array, Array | None]:
        """Return e, and the rates of the error neurons if they are not e itself."""
        e = self.amended(CircuitPart.carried, fired, self.halves)
        return e, None if e is fired else fired

    def _top_error(self, weights: Weights, world: World, r: Array, slope: Array) -> Array:
        out = self.output
        absent = self.amended(CircuitPart.untaught, 0.0, slope[..., out], r[..., out])
        taught = self.amended(CircuitPart.told, slope[..., out] * (world.target - r[..., out]))
        error = np.where(world.teaching, taught, absent)
        return matvec(weights.L_RE[:, self.output_error, out], error)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        dt, r = self.timing.dt, before.presynaptic
        predicted = self.tau * self.g_basal * before.basal
        expected = partial(self.phi, predicted, weights.tuning)
        surprise = self.amended(CircuitPart.surprise, after.u_ahead - predicted, after.r, expected)
        W = changed(weights.W, dt * self.eta, surprise, r, self.plastic_blocks)
        B = refreshed(self, weights.W, weights.feedback_noise) if self.refreshes else weights.B
        R, E = self.sizes, self.error_sizes
        L_RE = self.amended(CircuitPart.relaxed, weights.L_RE, "error", dt, E, R)
        L_ER = self.amended(CircuitPart.relaxed, weights.L_ER, "representation", dt, R, E)
        learnt = replace(weights, W=W, B=B, L_RE=L_RE, L_ER=L_ER)
        return self.amended(CircuitPart.learnt, learnt, weights, dt * self.eta, surprise, r, dt)

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        gains = np.asarray(self.g_basal * self.tau, float).reshape(-1, 1, 1)
        rate = partial(self.phi.with_slope, tuning=weights.tuning)
        return Sweep(self.layers, weights.ascending, gains, rate, self._disturbed())

    def _disturbed(self) -> str:
        """Return what lets errors descend without a teaching signal, empty if nothing does."""
        at_rest = self.phi_error(np.zeros(sum(self.error_sizes))).any()
        reasons = [part.disturbance() for part in self.parts]
        reasons += ["error_activation (active at rest)"] * bool(at_rest)
        found = next((reason for reason in reasons if reason), "")
        return found and f"with this {found} errors descend without a teaching signal"
