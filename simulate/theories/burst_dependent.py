"""Burst-dependent plasticity (Payeur, Guerguiev, Zenke, Richards, Naud 2021), in rates.

There are no error neurons. Each neuron is an ensemble that sends two messages at once: how often
it fires an event, a spike or a burst, says what is represented; what share of its events are
bursts says what was wrong with it. Events travel up, bursts travel down.

=========== =====================================================================
events      e_l = sigma(W_l e_{l-1})                     the input enters area 1 as r_0
bursts      b_l = p_l e_l
hidden      p_l = sigma(beta h(e_l) (Y_l b_{l+1}) + logit p_0),   h(e) = 1 - e
output      p_L = p_0 + clip(kappa (t - e_L))            p_0 without t
balancing   Y_l (b_{l+1} - q p_0 e_{l+1}) for Y_l b_{l+1}  an option, q from 0 to 1
mean        tau_mean dpbar/dt = p - pbar                 held while there is a teaching signal
plasticity  dW_l/dt = eta_l (p_l - pbar_l) e_l e_{l-1}^T
feedback    Y = W^T, or fixed
=========== =====================================================================

Teaching never changes the events. Small errors reach the synapses of hidden areas as
sigma' W^T delta, the gradient of the loss sum(-e - (1 - t) log(1 - e)) of the output's events, up
to one factor an area if inhibition balances the bursts that events alone bring down, and up to a
factor for each neuron otherwise.

Without balancing, bursts in an area follow the events of the area above also without a teaching
signal, and only the output's burst probability stays at p_0. With all of it, q = 1, all do,
exactly, so that p_0 is the running mean and one phase is enough to learn: what `burst_balanced`
has learnt, the theory whose inhibition Q_l e_{l+1} has synapses of its own.

Role "error" is p - p_0: silencing it holds the burst probability at p_0, driving it adds to it.
Rates of role "representation" are 2 e - 1, the events about their midpoint, so that the output
spans the range of the targets; a silenced neuron has no events and stands at -1.

Source: Nature Neuroscience 24:1010 (2021), doi:10.1038/s41593-021-00857-x; balancing: Greedy, Zhu,
Pemberton, Mellor, Ponte Costa, Advances in Neural Information Processing Systems 35 (2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy.special import expit

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec, outer
from errorneurons.simulate.circuit import Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.bursts import BurstingCircuit, bursting, centred
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import feedforward
from errorneurons.simulate.parts.plasticity import transposed
from errorneurons.simulate.refusing import probabilities, shares


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    Y: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `e`, `p` and `mean` are events, burst probability and its running mean in the step, `error`
    is p - p_0, `descending` is what the bursts send down, and `u` is the new potential.
    """

    u: Array
    e: Array
    p: Array
    error: Array
    mean: Array
    descending: Array
    presynaptic: Array
    e_travelling: tuple[Array, ...]
    b_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": centred(self.e), "error": self.error}


@explained()
@dataclass(frozen=True)
class BurstDependent(BurstingCircuit):
    """Parameters of burst-dependent plasticity.

    Attributes
    ----------
    p_0
        Burst probability without any dendritic input.
    kappa
        Gain of the teaching signal.
    tau_mean
        Time constant of the running mean of the burst probability [ms].
    inhibition
        q: share of what events alone bring down that apical inhibition cancels, from 0 to 1.
    cut
        Names of routes that carry nothing; there is one, ``"error_feedback"``: Y b.

    Raises
    ------
    ValueError
        If p_0 is no probability, or a parameter does not fit the areas.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    timing: Timing = field(default_factory=Timing)
    p_0: float = 0.2
    beta: float = 6.0
    kappa: float = 0.4
    tau_mean: float = 30.0
    learning_rates: tuple[float, ...] = (0.07, 0.07, 0.07, 0.07)
    feedback: Literal["transpose", "fixed"] = "transpose"
    inhibition: PerNetwork = 0.0
    weight_scale: float = 4.0
    cut: tuple[str, ...] = ()
    skips: PerNetwork = 0.0

    theory = "burst_dependent"

    def __post_init__(self) -> None:
        self.check_ensembles(("error_feedback",))
        shares(self.theory, {"inhibition": self.inhibition, "skips": self.skips})
        probabilities(self.theory, {"p_0": self.p_0})

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        return Weights(*self.drawn_synapses(seed, networks))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state of all potentials 0 and all burst probabilities p_0."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        e, p = expit(o), o + self.p_0
        b = self._descending(e, p)
        presynaptic = self.without_input(e)
        line = self.timing.delay_steps
        return State(o, e, p, o, p, b, presynaptic, (e,) * line, (b,) * line)

    def _descending(self, e: Array, p: Array) -> Array:
        b = p * e
        return b - self.inhibition * self.p_0 * e if np.any(self.inhibition) else b

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        e = world.kept("representation", expit(state.u))
        e_arriving, e_travelling = delayed(state.e_travelling, e)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, e_arriving)
        b_arriving, b_travelling = delayed(state.b_travelling, state.descending)

        Y = world.transmitted("Y", weights.Y)
        feedback = matvec(Y, b_arriving) * ("error_feedback" not in self.cut)
        error = bursting(self.beta * (1 - e) * feedback, self.p_0)
        missed = self.wanted(world.target) - e[..., self.output]
        taught = np.clip(self.kappa * missed, -self.p_0, 1 - self.p_0)
        error[..., self.output] = np.where(world.teaching, taught, 0.0)
        error = world.kept("error", error + world.driven("error"))
        p = self.p_0 + error

        towards = state.mean + self.timing.dt / self.tau_mean * (p - state.mean)
        mean = np.where(world.teaching, state.mean, towards)
        u = basal + world.driven("representation")
        return State(
            u, e, p, error, mean, self._descending(e, p), presynaptic, e_travelling, b_travelling
        )

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        surplus = (after.p - after.mean) * after.e
        dW = self.timing.dt * self.eta * outer(surplus, after.presynaptic)
        if self.feedback == "fixed":
            return replace(weights, W=weights.W + dW)
        return Weights(weights.W + dW, transposed(weights.W, self.layers[0]))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return self.sweep_of(weights.W, f"{self.theory} has feedback at rest")
