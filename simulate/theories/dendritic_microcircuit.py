"""The dendritic cortical microcircuit (Sacramento, Costa, Bengio, Senn 2018).

Beside the representation neurons of each area stand interneurons that mirror the area above.
The apical dendrite compares the feedback of the area above with that of its mirror image; what
is left is the error, a potential that never leaves the neuron.

============= ==================================================================
basal         v_bas = W r                                from the area below
apical        v_api,l = B_l r_{l+1} + B^PI_l r^I_l       the error of area l
hidden        du/dt = -u/tau + g_bas v_bas + g_api v_api
output        du/dt = -u/tau_L + g_bas v_bas + g_tgt t,  free: (c_L v_bas - u)/tau_L
dendrite I    v_den = W^IP r
soma I        du^I/dt = -u^I/tau_I + g_den v_den + g_I u~_{l+1},  tau_I = 1/(g_L + g_den + g_I)
rates         r = phi(u~),  r^I_l = phi_{l+1}(u~^I)      the lookahead u~ = u + tau du/dt
rate rule     dW/dt = eta (r - phi(c v_bas)) r^T         or with u~ - c v_bas
interneurons  dW^IP/dt = eta_IP (r^I - phi_{l+1}(c_I v_den)) r^T,  c_I = g_den/(g_L + g_den)
              dB^PI/dt = -eta_PI v_api r^I^T
feedback      B = W^T + noise and B^PI = -B, refreshed together, or both left alone
start         W^IP_l = c_{l+1}/c_I W_{l+1},  B^PI = -B   the network predicts itself
============= ==================================================================

The products of the plasticity take compartments and presynaptic rates of the step before.

Source: Sacramento et al., NeurIPS 2018, arXiv:1810.11393; equations as simulated by
doi:10.1371/journal.pcbi.1014164.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec, outer
from errorneurons.simulate.circuit import Role, World
from errorneurons.simulate.parts.checks import check_dendritic
from errorneurons.simulate.parts.dendritic import ROUTES
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.interneurons import MirroredHierarchy
from errorneurons.simulate.parts.layered import feedforward


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    B: Array
    W_IP: Array
    B_PI: Array
    feedback_noise: Array


@dataclass(frozen=True)
class State:
    """Potentials, rates and compartments of one step. Dims (network, stream, neuron)."""

    u: Array
    u_before: Array
    u_interneuron: Array
    u_interneuron_before: Array
    u_ahead: Array
    u_interneuron_ahead: Array
    r: Array
    r_interneuron: Array
    presynaptic: Array
    basal: Array
    apical: Array
    dendritic: Array
    r_travelling: tuple[Array, ...]
    error: Array

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role; the error is the apical potential of all areas that have one."""
        return {
            "representation": self.r,
            "error": self.error,
            "interneuron": self.r_interneuron,
        }


@explained()
@dataclass(frozen=True)
class DendriticMicrocircuit(MirroredHierarchy):
    """Parameters of the dendritic cortical microcircuit.

    Attributes
    ----------
    plasticity
        ``"rate"`` as published, or ``"potential"``; interneurons use rates in any case.
    lateral
        ``"plastic"``, or ``"ideal"``: the network is kept predicting itself.

    Raises
    ------
    ValueError
        If a parameter is impossible: the message names it, its value and the mend.
    """

    plasticity: Literal["potential", "rate"] = "rate"
    lateral: Literal["plastic", "ideal"] = "plastic"

    theory = "dendritic_microcircuit"

    def __post_init__(self) -> None:
        check_dendritic(self, ("interneuron_rates", "inhibition_rates"), ROUTES)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks, which predict themselves."""
        W, B, noise = self.start(seed, self.theory, networks)
        return Weights(W, B, *self.self_predicting(W, B), noise)

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        o_I = o[..., self.mirrored]
        r = self.phi(o)
        presynaptic = self.without_input(r)
        return State(
            o, o, o_I, o_I, o, o_I, r, r[..., self.mirrored], presynaptic, o, o, o_I,
            (r,) * self.timing.delay_steps, o[..., self.tufted],
        )  # fmt: skip

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        dt, tau_I = self.timing.dt, self.tau_interneuron
        u_ahead = self.lookahead(state.u, state.u_before)
        u_interneuron_ahead = (
            state.u_interneuron_before
            + tau_I * (state.u_interneuron - state.u_interneuron_before) / dt
        )
        r = self.fired(state.u, u_ahead, world)
        u_firing = state.u_interneuron if "lookahead" in self.cut else u_interneuron_ahead
        r_interneuron = world.kept("interneuron", self.mirror_rate(u_firing))
        arriving, travelling = delayed(state.r_travelling, r)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, arriving)
        inhibition = matvec(weights.B_PI, r_interneuron)
        feedback = matvec(world.transmitted("B", weights.B), arriving)
        apical = self.compared(feedback, inhibition, world)
        dendritic = matvec(weights.W_IP, r)

        du = self.soma(state.u, basal, apical, world)
        du_interneuron = (
            -state.u_interneuron / tau_I + self.g_dendrite * dendritic + world.driven("interneuron")
        )
        du_interneuron = du_interneuron + self.g_interneuron * u_ahead[..., self.mirrored]
        return State(
            state.u + dt * du, state.u,
            state.u_interneuron + dt * du_interneuron, state.u_interneuron,
            u_ahead, u_interneuron_ahead,
            r, r_interneuron, presynaptic, basal, apical, dendritic, travelling,
            apical[..., self.tufted],
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        dt, r_before = self.timing.dt, before.r
        surprise = self.surprise(self.plasticity, after.u_ahead, after.r, before.basal)
        W = self.changed(weights.W, surprise, before.presynaptic)
        B, B_PI = weights.B, weights.B_PI
        if self.feedback == "transpose":
            B = self.refreshed(weights.W, weights.feedback_noise)
            B_PI = self.opposed(B)
        if self.lateral == "ideal":
            return replace(weights, W=W, B=B, W_IP=self.ideal_mirror(W), B_PI=self.opposed(B))
        surprise_I = after.r_interneuron - self.mirror_rate(
            self.attenuation_interneuron * before.dendritic
        )
        dW_IP = self.eta_interneuron * outer(surprise_I, r_before)
        dB_PI = -self.eta_inhibition * outer(before.apical, before.r_interneuron)
        return replace(weights, W=W, B=B, W_IP=weights.W_IP + dt * dW_IP, B_PI=B_PI + dt * dB_PI)
