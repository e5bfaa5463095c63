"""Dendritic predictive coding (Mikulasch, Rudelt, Wibral, Priesemann 2023).

There are no error neurons. The apical dendrite of an area compares the feedback from the area
above with what the area itself predicts of it, through its own lateral inhibition; what is left
is the error, a potential that never leaves the neuron.

========== =====================================================================
basal      v_bas = W r                             from the area below
apical     v_api,l = B_l r_{l+1} - M_l r_l(prev)   the error of area l
hidden     du/dt = -u/tau + g_bas v_bas + g_api v_api,  tau = 1/(g_L + g_bas + g_api)
output     du/dt = -u/tau_L + g_bas v_bas + g_tgt t,    tau_L = 1/(g_L + g_bas + g_tgt)
free       du/dt = (c_L v_bas - u)/tau_L                an output without t
rates      r = phi(u~), the lookahead u~ = u + tau du/dt
plasticity dW/dt = eta (u~ - c v_bas) r^T,   c = g_bas tau, at the output g_bas/(g_L + g_bas)
rate rule  dW/dt = eta (r - phi(c v_bas)) r^T
inhibition dM/dt = eta_M v_api r^T
feedback   B = W^T + noise, or fixed
start      M_l = c_{l+1} B_l W_{l+1}               the network predicts itself
========== =====================================================================

The products of the plasticity take v_bas, v_api and the presynaptic r of the step before.

Source: doi:10.1016/j.tins.2022.09.007; equations as simulated by doi:10.1371/journal.pcbi.1014164.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec, outer
from errorneurons.simulate.circuit import Population, Role, World
from errorneurons.simulate.parts.checks import check_dendritic
from errorneurons.simulate.parts.dendritic import ROUTES, DendriticHierarchy, within_areas
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import feedforward, stacked


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    B: Array
    M: Array
    feedback_noise: Array


@dataclass(frozen=True)
class State:
    """Potentials, rates and compartments of one step. Dims (network, stream, neuron)."""

    u: Array
    u_before: Array
    u_ahead: Array
    r: Array
    r_before: Array
    presynaptic: Array
    basal: Array
    apical: Array
    r_travelling: tuple[Array, ...]
    error: Array

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role; the error is the apical potential of all areas that have one."""
        return {"representation": self.r, "error": self.error}


@explained()
@dataclass(frozen=True)
class DendriticPC(DendriticHierarchy):
    """Parameters of dendritic predictive coding.

    Attributes
    ----------
    lateral_rates
        eta_M of each hidden area [1/ms].
    plasticity
        What W compares, ``"potential"`` or ``"rate"``; see the rate rule.
    lateral
        ``"plastic"``, or ``"ideal"``: M is kept at c B W, the network always predicts itself.

    Raises
    ------
    ValueError
        If a parameter is impossible: the message names it, its value and the mend.
    """

    lateral_rates: tuple[float, ...] = (0.2, 0.1, 0.05)
    plasticity: Literal["potential", "rate"] = "potential"
    lateral: Literal["plastic", "ideal"] = "plastic"

    theory = "dendritic_pc"

    def __post_init__(self) -> None:
        check_dendritic(self, ("lateral_rates",), ROUTES)

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation neurons of all areas, apical errors of all but the output."""
        return stacked("representation", self.sizes) + stacked("error", self.sizes[:-1])

    @cached_property
    def eta_inhibition(self) -> Array:
        """Learning rate of the inhibition within areas [1/ms], (neuron, neuron)."""
        return within_areas(self.lateral_rates, self.sizes)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks, which predict themselves."""
        W, B, noise = self.start(seed, self.theory, networks)
        return Weights(W, B, self.ideal_prediction(B, W), noise)

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r = self.phi(o)
        presynaptic = self.without_input(r)
        travelling = (r,) * self.timing.delay_steps
        return State(o, o, o, r, r, presynaptic, o, o, travelling, o[..., self.tufted])

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        u_ahead = self.lookahead(state.u, state.u_before)
        r = self.fired(state.u, u_ahead, world)
        arriving, travelling = delayed(state.r_travelling, r)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, arriving)
        feedback = matvec(world.transmitted("B", weights.B), arriving)
        apical = self.compared(feedback, -matvec(weights.M, state.r), world)
        u = state.u + self.timing.dt * self.soma(state.u, basal, apical, world)
        return State(
            u, state.u, u_ahead, r, state.r, presynaptic, basal, apical, travelling,
            apical[..., self.tufted],
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        surprise = self.surprise(self.plasticity, after.u_ahead, after.r, before.basal)
        W = self.changed(weights.W, surprise, before.presynaptic)
        B = weights.B
        if self.feedback == "transpose":
            B = self.refreshed(weights.W, weights.feedback_noise)
        if self.lateral == "ideal":
            return replace(weights, W=W, B=B, M=self.ideal_prediction(B, W))
        # r_before is the rate that entered the apical potential of the step before.
        dM = self.eta_inhibition * outer(before.apical, before.r_before)
        return replace(weights, W=W, B=B, M=weights.M + self.timing.dt * dM)
