"""A scalar error: reward prediction error and node perturbation (Fiete & Seung 2006).

A null for errors that are vectors. Every neuron is told the same number, how much better than
expected the outcome was, and finds out by itself what it had to do with it: while an outcome
lasts it perturbs its own potential a little, and synapses that were active when a perturbation
was followed by more reward than expected grow.

============ =====================================================================
inference    u_l = W_l r_{l-1},  r_l = phi(u_l + xi_l)     the input enters area 1 as r_0
exploration  xi_i = sigma a sqrt(2) cos(theta_i + omega_i t)      with a teaching signal, else 0
             tau_a da/dt = -a                              from 1 at the onset of the outcome on
reward       R = -1/2 sum (t - r_L)^2
error        delta = R - v r_0                             0 without a teaching signal
plasticity   dW_l/dt = eta delta xi_l(t - lag_l) / sigma^2 r_{l-1}^T
expectation  dv/dt = eta_v delta r_0^T
============ =====================================================================

lag_l is how long a perturbation takes from area l to the output, the time for which a synapse
remembers that it is eligible. To first order in sigma, delta = const + sum_i dR/du_i xi_i(t -
lag_i). Frequencies differ from neuron to neuron, so that the mean of xi_i xi_j is sigma^2 a^2 for
i = j and 0 else: dW is the gradient of R on average, the closer the longer one averages. (The
source perturbs with noise. A simulation with one number for each frequency has the same mean and
can be repeated; an outcome of 100 ms resolves about as many directions in either.)

Error neurons, one to each representation neuron, all report delta. No area has an error of its
own, and no error acts on a representation.

Source: Phys. Rev. Lett. 97:048104 (2006), doi:10.1103/PhysRevLett.97.048104, as the correlation of
reward with a perturbation of the potential; the baseline is that of Williams 1992,
doi:10.1007/BF00992696, learnt from the stimulus as by Rescorla and Wagner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import (
    Array,
    PerNetwork,
    area_slices,
    delayed,
    generator,
    matvec,
    outer,
)
from errorneurons.simulate.circuit import Axons, Carrier, Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.checks import check_names
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import (
    ActivatedCircuit,
    PairedCircuit,
    UniformlyLearningCircuit,
    feedforward,
)
from errorneurons.simulate.parts.plasticity import changed, drawn_weights, generators
from errorneurons.simulate.refusing import not_negative, shares

_CYCLES = (0.05, 0.45)
"""Lowest and highest frequency of perturbations, in cycles a step."""


@dataclass(frozen=True)
class Weights:
    """The synapses: W, (network, post, pre), input first, and v, (network, 1, input)."""

    W: Array
    v: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `cosine` and `sine` are those of the perturbations' phases, `arousal` is a, `perturbed` holds
    xi of this and earlier steps, the oldest first, and `input` is r_0.
    """

    u: Array
    r: Array
    e: Array
    delta: Array
    presynaptic: Array
    input: Array
    cosine: Array
    sine: Array
    arousal: Array
    perturbed: tuple[Array, ...]
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.e}


@explained()
@dataclass(frozen=True)
class ScalarReward(PairedCircuit, ActivatedCircuit, UniformlyLearningCircuit):
    """Parameters of learning from a scalar error.

    Attributes
    ----------
    exploration
        sigma: standard deviation of perturbations.
    tau_exploration
        Time constant with which exploration ceases while an outcome lasts [ms].
    expectation_rate
        eta_v [1/ms].
    cut
        There is nothing to cut.

    Raises
    ------
    ValueError
        If a name is unknown, or a number negative.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    exploration: PerNetwork = 0.05
    tau_exploration: PerNetwork = 100.0
    learning_rate: PerNetwork = 0.01
    expectation_rate: PerNetwork = 0.002
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    skips: PerNetwork = 0.0

    theory = "scalar_reward"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        check_names(self, ())
        not_negative(self.theory, {"exploration": self.exploration})
        shares(self.theory, {"skips": self.skips})

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are; no error travels."""
        return (self.ascending_axons("W"),)

    @cached_property
    def omega(self) -> Array:
        """Angle by which each neuron's perturbation turns in a step, (neuron,)."""
        return 2 * np.pi * np.linspace(*_CYCLES, sum(self.sizes))

    @cached_property
    def lags(self) -> tuple[int, ...]:
        """Steps that a perturbation takes from each area to the output."""
        return tuple((1 + self.timing.delay_steps) * n for n in range(len(self.sizes)))[::-1]

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks; nothing is expected."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.strengths, self.weight_scale)
        return Weights(W, np.zeros((len(W), 1, self.layers[0])))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        shape = (len(weights.W), streams, sum(self.sizes))
        theta = generator(0, self.theory, "phases").uniform(0, 2 * np.pi, shape[-1])
        turn = np.zeros(shape) + theta
        o, one = np.zeros(shape), np.zeros((*shape[:2], 1))
        r = self.phi(o)
        return State(
            o, r, o, one, self.without_input(r), np.zeros((*shape[:2], self.layers[0])),
            np.cos(turn), np.sin(turn), one + 1, (o,) * (self.lags[0] + 1),
            (r,) * self.timing.delay_steps,
        )  # fmt: skip

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        size = np.sqrt(2.0) * self.exploration * state.arousal
        xi = np.where(world.teaching, size * state.cosine, 0.0)
        r = world.kept("representation", self.phi(state.u + xi))
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, r_arriving)

        missed = world.target - r[..., self.output]
        reward = -0.5 * matvec(np.ones((1, 1, self.layers[-1])), missed * missed)
        shown = presynaptic[..., : self.layers[0]]
        delta = np.where(world.teaching, reward - matvec(weights.v, shown), 0.0)
        told = delta * np.ones(sum(self.sizes))
        e = world.kept("error", told + world.driven("error"))

        cos, sin = np.cos(self.omega), np.sin(self.omega)
        waning = state.arousal * (1 - self.timing.dt / self.tau_exploration)
        return State(
            basal + world.driven("representation"), r, e, delta, presynaptic, shown,
            cos * state.cosine - sin * state.sine, cos * state.sine + sin * state.cosine,
            np.where(world.teaching, waning, 1.0), (*state.perturbed[1:], xi), r_travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step that led to `after`."""
        areas = zip(area_slices(self.sizes), self.lags, strict=True)
        xi = np.concatenate([after.perturbed[-1 - lag][..., a] for a, lag in areas], axis=-1)
        eligible = after.e * xi / self.exploration**2
        dt = self.timing.dt
        W = changed(weights.W, dt * self.eta, eligible, before.presynaptic, self.plastic_blocks)
        return Weights(W, weights.v + dt * self.expectation_rate * outer(after.delta, after.input))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return Sweep(self.layers, weights.W, np.ones(1), self.phi.with_slope)
