"""Balanced bursts: learning in one phase (Greedy, Zhu, Pemberton, Mellor, Ponte Costa 2022).

Ensembles that send two messages at once, as in burst-dependent plasticity: events travel up, and
bursts travel down through synapses that facilitate. Beside them events travel down, too, through
synapses that depress, and by way of interneurons inhibit the dendrites that bursts excite. Once
inhibition has learnt what events alone bring, a burst more or less than the baseline is an error.

=========== =====================================================================
events      e_l = sigma(u_l),  u_l = W_l e_{l-1}           the input enters area 1 as r_0
dendrite    v_l = sigma'(u_l) / e_l (Y_l b_{l+1} - Q_l e_{l+1}),   sigma'(u) / e = 1 - e
bursts      b_l = p_l e_l,  p_l = sigma(beta v_l + logit p_b)
output      p_L = p_b + p_b kappa (t - e_L)                p_b without t
plasticity  dW_l/dt = eta_l (p_l - p_b) e_l e_{l-1}^T
inhibition  dQ_l/dt = eta_Q (p'_l - p_b) e_{l+1}^T         p' as p, but nothing teaches
feedback    Y = W^T, or fixed;  Q starts at p_b Y
=========== =====================================================================

With Q = p_b Y no dendrite is moved without a teaching signal, in any area, so that p_b need not be
found out in a phase of its own. Small errors then reach the synapses of hidden areas as
sigma' W^T delta, one factor an area left aside: the gradient of the loss of the output's events,
see `burst_dependent`. That theory has a share of ideal inhibition among what it leaves open; here
inhibition has synapses that learn, and the teaching signal never lets bursts saturate.

Q learns of what happens without teaching, and synapses change in this package with teaching only.
As teaching leaves events alone, what would have happened is known: p' are the bursts of the same
events untaught, as they were in the pause before, and Q learns of them beside W.

Role "error" is p - p_b: silencing it holds the burst probability at p_b, driving it adds to it.
Rates of role "representation" are 2 e - 1, as in `burst_dependent`.

Source: Advances in Neural Information Processing Systems 35 (2022), arXiv:2206.11769.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import expit

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec, outer
from errorneurons.simulate.circuit import Axons, Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.bursts import BurstingCircuit, bursting, centred
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import feedforward
from errorneurons.simulate.parts.plasticity import transposed
from errorneurons.simulate.refusing import (
    not_negative,
    probabilities,
    shares,
)


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    Y: Array
    Q: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `e`, `p` and `error`, p - p_b, are of the step, `u` is the new potential; `untaught` is what the
    error would be without teaching, `above` the events that come down with the bursts. Events
    travel up and down, bursts down, those that nothing taught beside the others.
    """

    u: Array
    e: Array
    p: Array
    error: Array
    untaught: Array
    above: Array
    presynaptic: Array
    e_travelling: tuple[Array, ...]
    b_travelling: tuple[Array, ...]
    untaught_travelling: tuple[Array, ...]
    down_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": centred(self.e), "error": self.error}


@explained()
@dataclass(frozen=True)
class BurstBalanced(BurstingCircuit):
    """Parameters of balanced bursts.

    Attributes
    ----------
    p_b
        Burst probability at rest.
    kappa
        Gain of the teaching signal, from 0 to 1.
    inhibition_rate
        eta_Q [1/ms].
    cut
        Names of routes that carry nothing: ``"error_feedback"``, Y b - Q e, ``"inhibition"``, Q e.

    Raises
    ------
    ValueError
        If p_b is no probability, or a parameter does not fit the areas.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    timing: Timing = field(default_factory=Timing)
    p_b: PerNetwork = 0.2
    beta: PerNetwork = 10.0
    kappa: PerNetwork = 1.0
    learning_rates: tuple[float, ...] = (0.5, 0.3, 0.2, 0.1)
    inhibition_rate: PerNetwork = 0.1
    feedback: Literal["transpose", "fixed"] = "transpose"
    weight_scale: float = 6.0
    cut: tuple[str, ...] = ()

    theory = "burst_balanced"

    def __post_init__(self) -> None:
        self.check_ensembles(("error_feedback", "inhibition"))
        not_negative(self.theory, {"beta": self.beta, "inhibition_rate": self.inhibition_rate})
        probabilities(self.theory, {"p_b": self.p_b})
        shares(self.theory, {"kappa": self.kappa})

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are; Q is driven by events alone."""
        return (*super().axons, self.descending_axons("representation", "Q"))

    @cached_property
    def eta_inhibition(self) -> Array:
        """eta_Q of each synapse [1/ms], (..., neuron, neuron above)."""
        return np.asarray(self.inhibition_rate * (self.feedback_strengths != 0))

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks, whose bursts are balanced."""
        W, Y = self.drawn_synapses(seed, networks)
        return Weights(W, Y, self.p_b * Y)

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state of all potentials 0 and all burst probabilities p_b."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        e, p, line = expit(o), o + self.p_b, self.timing.delay_steps
        presynaptic = self.without_input(e)
        travelling = (e,) * line, (p * e,) * line, (p * e,) * line, (e,) * line
        return State(o, e, p, o, o, e, presynaptic, *travelling)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        e = world.kept("representation", expit(state.u))
        arriving, e_travelling = delayed(state.e_travelling, e)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, arriving)
        # bursts and the events that are to balance them come down together
        bursts, b_travelling = delayed(state.b_travelling, state.p * state.e)
        others, untaught_travelling = delayed(
            state.untaught_travelling, (self.p_b + state.untaught) * state.e
        )
        above, down_travelling = delayed(state.down_travelling, state.e)

        untaught = self.deviating(weights, e, others, above, world)
        untaught[..., self.output] = 0.0
        error = self.deviating(weights, e, bursts, above, world)
        missed = self.wanted(world.target) - e[..., self.output]
        error[..., self.output] = np.where(world.teaching, self.p_b * self.kappa * missed, 0.0)
        error = world.kept("error", error + world.driven("error"))
        return State(
            basal + world.driven("representation"), e, self.p_b + error, error, untaught, above,
            presynaptic, e_travelling, b_travelling, untaught_travelling, down_travelling,
        )  # fmt: skip

    def deviating(
        self, weights: Weights, e: Array, bursts: Array, above: Array, world: World
    ) -> Array:
        """Return p - p_b where bursts and events of the areas above meet in dendrites."""
        excited = matvec(world.transmitted("Y", weights.Y), bursts)
        inhibited = matvec(world.transmitted("Q", weights.Q), above)
        dendrite = (1 - e) * (excited - inhibited * ("inhibition" not in self.cut))
        apical = self.beta * dendrite * ("error_feedback" not in self.cut)
        return bursting(apical, self.p_b)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        dt, inputs = self.timing.dt, self.layers[0]
        W = weights.W + dt * self.eta * outer(after.error * after.e, after.presynaptic)
        Q = weights.Q + dt * self.eta_inhibition * outer(after.untaught, after.above)
        fixed = self.feedback == "fixed"
        return Weights(W, weights.Y if fixed else transposed(weights.W, inputs), Q)

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return self.sweep_of(weights.W)
