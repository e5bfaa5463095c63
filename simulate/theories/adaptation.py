"""A null: adaptation by depressing synapses, and nothing else (Tsodyks & Markram 1997).

Responses to what is repeated or lasting fade, those to what is new are large. There is no
prediction, no error and no teaching: whatever a claim finds here is not about errors.

========== =====================================================================
rates      r = phi(W (a * r_pre))                the input enters area 1 as r_0
resources  da/dt = (1 - a)/tau_rec - U a |r_pre|     one a presynaptic neuron
========== =====================================================================

A rate is signed, about a baseline; its size uses up resources.

Source: PNAS 94:719 (1997), doi:10.1073/pnas.94.2.719, in rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec
from errorneurons.simulate.circuit import Carrier, Role, Timing, World
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import ActivatedCircuit, after_input
from errorneurons.simulate.parts.plasticity import drawn_weights, generators


@dataclass(frozen=True)
class Weights:
    """The synapses W, (network, post, pre); the input stands before the areas."""

    W: Array


@dataclass(frozen=True)
class State:
    """Potentials, rates and synaptic resources of one step. Dims (network, stream, neuron)."""

    u: Array
    r: Array
    a: Array
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r}


@explained()
@dataclass(frozen=True)
class Adaptation(ActivatedCircuit):
    """Parameters of adaptation.

    Attributes
    ----------
    tau_recovery
        tau_rec: time in which resources come back [ms].
    use
        U: share of the resources that a rate of 1 uses up [1/ms].
    weight_scale
        The synapses are U(-1, 1) * weight_scale / sqrt(fan-in).
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    tau_recovery: float = 300.0
    use: float = 0.01
    weight_scale: float = 1.5

    theory = "adaptation"
    carrier: ClassVar[Carrier] = "none"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of networks."""
        rngs = generators(seed, self.theory, networks)
        return Weights(drawn_weights(rngs, self.projections, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0 and all resources are there."""
        u = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r, a = self.phi(u), np.ones((*u.shape[:2], sum(self.layers)))
        return State(u, r, a, (r,) * self.timing.delay_steps)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.u))
        arriving, travelling = delayed(state.r_travelling, r)
        presynaptic = after_input(world, arriving)
        u = matvec(world.transmitted("W", weights.W), state.a * presynaptic) + world.driven(
            "representation"
        )
        da = (1 - state.a) / self.tau_recovery - self.use * state.a * np.abs(presynaptic)
        return State(u, r, state.a + self.timing.dt * da, travelling)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses as they are: nothing is learnt from teaching."""
        return weights
