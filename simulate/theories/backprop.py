"""Error backpropagation in an artificial network whose areas work in parallel.

The control for learning speed: what exact gradients achieve with the same delays. Each step
takes all values from its start, so that rates and errors travel one area a step.

========== =====================================================================
potential  u_l <- g W_l r_{l-1},          g = g_bas/(g_L + g_bas),  r = phi(u)
error      delta_L <- phi'(u_L) (t - r_L)                            0 without t
           delta_l <- phi'(u_l) (B_l delta_{l+1})
plasticity dW/dt = eta delta r(prev)^T
feedback   B = W^T at the start of the previous learning step, or fixed
========== =====================================================================

Source: doi:10.1371/journal.pcbi.1014164, the artificial network of its Fig. 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec, outer
from errorneurons.simulate.circuit import Carrier, Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.activations import Derivative
from errorneurons.simulate.parts.checks import check_connectivity, check_hierarchy, check_options
from errorneurons.simulate.parts.connectivity import Strengths, chain
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import (
    ActivatedCircuit,
    LearningCircuit,
    feedforward,
)
from errorneurons.simulate.parts.plasticity import (
    Grading,
    Rates,
    drawn_weights,
    generators,
    transposed,
)
from errorneurons.simulate.refusing import not_negative

#: The choices that each option leaves.
_OPTIONS = {
    "feedback": ("transpose", "fixed"),
    "learning_grading": ("strength", "hierarchical", "uniform"),
}


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`."""

    W: Array
    B: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `r`, `slope` and `delta_before` are the values used in the step, `u` and `delta` the new ones.
    """

    u: Array
    delta: Array
    r: Array
    slope: Array
    delta_before: Array
    presynaptic: Array
    basal: Array
    r_travelling: tuple[Array, ...]
    delta_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r}


@explained()
@dataclass(frozen=True)
class Backprop(ActivatedCircuit, LearningCircuit):
    """Parameters of the artificial network.

    Attributes
    ----------
    g_leak, g_basal
        Conductances [1/ms]; they scale potentials and nothing else.
    connectivity
        Strengths of the projections, (area, input or area); default a chain.
    feedback
        ``"transpose"`` of W, refreshed in every learning step, or ``"fixed"``: random synapses
        that never change (feedback alignment).

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
    learning_rates: Rates = (0.2, 0.1, 0.05, 0.02)
    connectivity: Strengths | None = None
    feedback: Literal["transpose", "fixed"] = "transpose"
    learning_grading: Grading = "strength"
    weight_scale: float = 1.5
    derivative: Derivative = "exact"

    theory = "backprop"
    carrier: ClassVar[Carrier] = "none"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        check_hierarchy(self)
        check_connectivity(self.connectivity, len(self.sizes))
        check_options(self, _OPTIONS)
        not_negative(self.theory, {n: getattr(self, n) for n in ("g_leak", "weight_scale")})
        if not self.g_basal > 0:
            raise ValueError(f"g_basal of backprop is {self.g_basal}; give a value above 0")

    @cached_property
    def area_strengths(self) -> Strengths:
        """Strength of the projection from area to area, (area, input or area)."""
        return self.connectivity or chain(len(self.sizes))

    @cached_property
    def gain(self) -> float:
        """Share of the synaptic input in the potential: g_bas / (g_L + g_bas)."""
        return self.g_basal / (self.g_leak + self.g_basal)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.strengths, self.weight_scale)
        if self.feedback == "transpose":
            return Weights(W, transposed(W, self.layers[0]))
        return Weights(W, drawn_weights(rngs, self.feedback_strengths, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials and errors are 0."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r, slope = self.phi(o), self.phi.slope(o)
        presynaptic = self.without_input(r)
        line = self.timing.delay_steps
        return State(o, o, r, slope, o, presynaptic, o, (r,) * line, (o,) * line)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.u))
        slope = self.phi.slope(state.u)
        arriving, r_travelling = delayed(state.r_travelling, r)
        delta_arriving, delta_travelling = delayed(state.delta_travelling, state.delta)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, arriving)
        u = self.gain * basal + world.driven("representation")
        error = matvec(weights.B, delta_arriving)
        error[..., self.output] = np.where(world.teaching, world.target - r[..., self.output], 0.0)
        return State(
            u, slope * error, r, slope, state.delta, presynaptic, basal,
            r_travelling, delta_travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        dW = self.timing.dt * self.eta * outer(after.delta_before, before.presynaptic)
        B = weights.B if self.feedback == "fixed" else transposed(weights.W, self.layers[0])
        return replace(weights, W=weights.W + dW, B=B)

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return Sweep(self.layers, weights.W, np.full(1, self.gain), self.phi.with_slope)
