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
from typing import ClassVar, Literal

import numpy as np
from scipy.special import expit, logit

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec, outer
from errorneurons.simulate.circuit import Axons, Carrier, Population, Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.layered import LearningCircuit, RoutedCircuit, feedforward, stacked
from errorneurons.simulate.parts.plasticity import drawn_weights, generators, transposed
from errorneurons.simulate.refusing import all_known, known, lengths, probabilities, shares


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
        return {"representation": 2 * self.e - 1, "error": self.error}


@dataclass(frozen=True)
class BurstDependent(LearningCircuit, RoutedCircuit):
    """Parameters of burst-dependent plasticity.

    Attributes
    ----------
    layers
        Ensembles in the input and in each area, lowest first.
    p_0
        Burst probability without any dendritic input.
    beta
        Gain of the apical dendrites.
    kappa
        Gain of the teaching signal.
    tau_mean
        Time constant of the running mean of the burst probability [ms].
    learning_rates
        eta of each area [1/ms].
    feedback
        ``"transpose"`` of W, refreshed in every learning step, or ``"fixed"``.
    inhibition
        q: share of what events alone bring down that apical inhibition cancels, from 0 to 1.
    weight_scale
        Start weights are U(-1, 1) * weight_scale / sqrt(fan-in).
    cut
        Names of routes that carry nothing; there is one, ``"error_feedback"``: Y b.
    skips
        Strength of routes that skip areas, as a share of the macaque's, from 0 (a strict hierarchy)
        to 1; may be one a network.

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
    carrier: ClassVar[Carrier] = "burst_probability"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        lengths("learning_rates", self.learning_rates, len(self.sizes))
        known(f"feedback of {self.theory}", self.feedback, ("transpose", "fixed"))
        all_known(f"cut of {self.theory}", self.cut, ("error_feedback",))
        shares(self.theory, {"inhibition": self.inhibition, "skips": self.skips})
        probabilities(self.theory, {"p_0": self.p_0})

    @property
    def populations(self) -> tuple[Population, ...]:
        """The ensembles of areas 1, 2, ... twice over: their events and their bursts."""
        return stacked("representation", self.sizes) + stacked("error", self.sizes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        # an ensemble's events travel up and its bursts down, whichever name it is aimed at by
        return (
            self.ascending_axons("W"),
            self.descending_axons("representation", "Y"),
            self.descending_axons("error", "Y"),
        )

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.strengths, self.weight_scale)
        if self.feedback == "transpose":
            return Weights(W, transposed(W, self.layers[0]))
        return Weights(W, drawn_weights(rngs, self.feedback_strengths, self.weight_scale))

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
        apical = self.beta * (1 - e) * feedback
        p = expit(apical + logit(self.p_0))
        # exactly p_0, and not to rounding, where nothing arrives
        error = np.where(apical == 0, 0.0, p - self.p_0)
        wanted = (1 + world.target) / 2
        taught = np.clip(self.kappa * (wanted - e[..., self.output]), -self.p_0, 1 - self.p_0)
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
        at_rest = f"{self.theory} has feedback at rest"
        return Sweep(
            self.layers, weights.W, np.ones(1), _logistic, at_rest, lambda e: 2 * e - 1, span=2.0
        )


def _logistic(u: Array) -> tuple[Array, Array]:
    e = expit(u)
    return e, e * (1 - e)
