"""A null: feature selectivity under a gain that all cells share.

Arousal, and locomotion with it, follows whatever is surprising or matters to the animal, and
scales all responses alike. Nothing in these areas carries an error, yet responses to what is
unexpected are larger: whatever a claim finds here is not about errors.

=========== =====================================================================
rates       r = phi(W r_pre) (1 + gamma s)            the input enters area 1 as r_0
surprise    q = |i - K_i i| + teaching (c + |t - K_t i|)    root mean squares
arousal     ds/dt = -s/tau_s + [dq/dt]+               one number, the same for all cells
expectation dK/dt = eta ((i, t) - K i) i^T            K = (K_i, K_t), while there is teaching
=========== =====================================================================

i is the input and t the outcome. Arousal follows events: it rises with what becomes surprising or
relevant, and fades. W never changes. K is what the arousal system, which lies outside
these areas, expects: with which inputs it is familiar, and which outcome follows which. It reaches
the areas through the one number s.

Source: the nulls that Vinck et al., Neuron 86:740 (2015), and Saleem et al., Nature Neuroscience
16:1864 (2013), suggest: arousal and running scale visual responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, delayed, matvec, outer
from errorneurons.simulate.circuit import Carrier, Role, Timing, World
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import ActivatedCircuit, feedforward
from errorneurons.simulate.parts.plasticity import drawn_weights, generators


@dataclass(frozen=True)
class Weights:
    """Synapses W, (network, post, pre), and the expectation K, (network, event, input)."""

    W: Array
    K: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron); `arousal` has one entry.

    `surprise` is what happened minus what was expected: input, then outcome (0 without one);
    `q` is its size.
    """

    u: Array
    r: Array
    arousal: Array
    q: Array
    surprise: Array
    shown: Array
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r}


@explained()
@dataclass(frozen=True)
class FeatureGain(ActivatedCircuit):
    """Parameters of feature selectivity under a common gain.

    Attributes
    ----------
    gamma
        How strongly arousal scales responses.
    relevance
        c: arousal that any outcome brings.
    tau_arousal
        Time constant of arousal [ms].
    learning_rate
        eta, the rate at which expectations form [1/ms].
    weight_scale
        The synapses are U(-1, 1) * weight_scale / sqrt(fan-in).
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    gamma: float = 1.0
    relevance: float = 0.2
    tau_arousal: float = 50.0
    learning_rate: float = 0.002
    weight_scale: float = 1.5

    theory = "feature_gain"
    carrier: ClassVar[Carrier] = "none"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of networks; nothing is expected yet."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.projections, self.weight_scale)
        inputs, outputs = self.layers[0], self.layers[-1]
        return Weights(W, np.zeros((len(W), inputs + outputs, inputs)))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials and arousal are 0."""
        networks, events, inputs = weights.K.shape
        u = np.zeros((networks, streams, sum(self.sizes)))
        r, silent = self.phi(u), np.zeros((networks, streams, events))
        line = (r,) * self.timing.delay_steps
        calm = silent[..., :1]
        return State(u, r, calm, calm, silent, silent[..., :inputs], line)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        gain = 1 + self.gamma * state.arousal
        r = world.kept("representation", self.phi(state.u) * gain)
        arriving, travelling = delayed(state.r_travelling, r)
        presynaptic, u = feedforward(world.transmitted("W", weights.W), world, arriving)
        shown = presynaptic[..., : self.layers[0]]
        expected = matvec(weights.K, shown)
        surprise = self._surprise(world, shown, expected)
        novelty, outcome = surprise[..., : shown.shape[-1]], surprise[..., shown.shape[-1] :]
        q = _size(novelty) + world.teaching * self.relevance + _size(outcome)
        fading = state.arousal * (1 - self.timing.dt / self.tau_arousal)
        return State(
            u + world.driven("representation"), r,
            fading + np.maximum(q - state.q, 0.0), q,
            surprise, shown, travelling,
        )  # fmt: skip

    def _surprise(self, world: World, shown: Array, expected: Array) -> Array:
        surprise = -expected
        surprise[..., : shown.shape[-1]] += shown
        outcome = surprise[..., shown.shape[-1] :]
        outcome[...] = np.where(world.teaching, outcome + world.target, 0.0)
        return surprise

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return what is expected after the step to `after`; synapses learn nothing."""
        dK = self.learning_rate * outer(after.surprise, after.shown)
        return replace(weights, K=weights.K + self.timing.dt * dK)


def _size(surprise: Array) -> Array:
    size: Array = np.sqrt((surprise**2).mean(axis=-1, keepdims=True))
    return size
