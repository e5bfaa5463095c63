"""Predictive coding with a supervised output (Whittington & Bogacz 2017).

Each area holds representation neurons (potential x, rate phi(x)) and error neurons (rate e).
Predictions ascend from the input to the output, errors descend; a neuron's potential relaxes until
the error it makes above balances its own.

============ =====================================================================
errors       e_l = x_l - W_l phi(x_{l-1})         the input enters area 1 as r_0
relaxation   tau dx_l/dt = -e_l + phi'(x_l) (W_{l+1}^T e_{l+1})
output       x_L = t with a teaching signal, else it relaxes as all others do
plasticity   dW_l/dt = eta e_l phi(x_{l-1})^T     while relaxing
============ =====================================================================

With a free output the errors vanish and x is the feedforward sweep. With a clamped output they
settle at e_l = phi'(x_l) W_{l+1}^T e_{l+1}: the recursion of the error-neuron microcircuit.

What the equations leave open is by which route -e reaches a representation neuron. Through its
error neuron, as drawn in the source: silencing error neurons leaves x where it was. Or directly:
the soma itself sums W_l phi(x_{l-1}) - x_l, and error neurons report the sum and send it down;
silencing them spares inference. `direct` is the share of it that takes the direct route; while
nothing is silenced or cut, all shares are one. Rates, and errors, may run ahead of potentials,
r = phi(x + T dx/dt) (`lookahead`), as in latent equilibrium (Haider et al. 2021).

Source: Neural Computation 29:1229 (2017), doi:10.1162/NECO_a_00949, equations 2.14-2.19.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec
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
from errorneurons.simulate.parts.plasticity import (
    changed,
    drawn_weights,
    generators,
    transposed,
)
from errorneurons.simulate.refusing import shares


@dataclass(frozen=True)
class Weights:
    """The synapses W, (network, post, pre); the input stands before the areas."""

    W: Array


@dataclass(frozen=True)
class State:
    """Potentials and rates of one step. Dims (network, stream, neuron)."""

    x: Array
    r: Array
    e: Array
    presynaptic: Array
    r_travelling: tuple[Array, ...]
    e_travelling: tuple[Array, ...]
    motion: tuple[Array, ...] = ()
    """dx/dt [1/ms], where rates look ahead; else none."""

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.e}


_ROUTES = ("error_feedback", "error_to_representation", "phi_prime")


@explained()
@dataclass(frozen=True)
class SupervisedPC(PairedCircuit, ActivatedCircuit, UniformlyLearningCircuit):
    """Parameters of supervised predictive coding.

    Attributes
    ----------
    tau
        Time constant of relaxation [ms].
    cut
        Names of what is cut: ``"error_feedback"``, W^T e, ``"error_to_representation"``, -e, or
        ``"phi_prime"``, the factor phi' on W^T e (then 1).
    direct
        Share of W phi(x) - x that a soma sums itself, from 0 to 1. Where it is 1 no error returns,
        and there is no ``"error_to_representation"`` to cut.
    lookahead
        T: how far rates and errors run ahead of potentials [ms], below `tau`.

    Raises
    ------
    ValueError
        If a name is unknown, a share is none, or rates look further ahead than potentials lag.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    learning_rate: PerNetwork = 0.002
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    direct: PerNetwork = 0.0
    lookahead: PerNetwork = 0.0
    skips: PerNetwork = 0.0

    theory = "supervised_pc"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        shares(self.theory, {"direct": self.direct, "skips": self.skips})
        returns = np.any(np.asarray(self.direct) < 1)
        check_names(self, [n for n in _ROUTES if returns or n != "error_to_representation"])
        if np.any((np.asarray(self.lookahead) < 0) | (self.lookahead >= np.asarray(self.tau))):
            raise ValueError(
                f"lookahead of {self.theory} is {self.lookahead} ms; give 0 ms or more, and less "
                f"than tau, {self.tau} ms"
            )

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        return self.ascending_axons("W"), self.descending_axons("error", "W^T")

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        return Weights(drawn_weights(rngs, self.strengths, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        x = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r = self.phi(x)
        presynaptic = self.without_input(r)
        delay = self.timing.delay_steps
        motion = (x,) * bool(np.any(self.lookahead))
        return State(x, r, x, presynaptic, (r,) * delay, (x,) * delay, motion)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        x = self._held(state.x.copy(), world)
        ahead = x
        if state.motion:
            ahead = self._held(x + self.lookahead * state.motion[0], world)
        r, slope = self.phi.with_slope(ahead)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        presynaptic, prediction = feedforward(world.transmitted("W", weights.W), world, r_arriving)
        e = world.kept("error", ahead - prediction + world.driven("error"))
        e_arriving, e_travelling = delayed(state.e_travelling, e)

        W_up = world.transmitted("W^T", transposed(weights.W, self.layers[0]))
        gate = 1.0 if "phi_prime" in self.cut else slope
        descending = gate * matvec(W_up, e_arriving) * ("error_feedback" not in self.cut)
        local = e
        if state.motion:  # the soma leaks as it is, and not as it will be
            local = world.kept("error", x - prediction + world.driven("error"))
        local = local * ("error_to_representation" not in self.cut)
        if np.any(self.direct):
            local = local + self.direct * (x - prediction - local)
        dx = (-local + descending + world.driven("representation")) / self.tau
        return State(
            x + self.timing.dt * dx, r, e, presynaptic, r_travelling, e_travelling,
            (dx,) * len(state.motion),
        )  # fmt: skip

    def _held(self, x: Array, world: World) -> Array:
        """Return potentials, the output's clamped by a target, and silenced ones at 0."""
        x[..., self.output] = np.where(world.teaching, world.target, x[..., self.output])
        return world.kept("representation", x)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        eta, where = self.timing.dt * self.eta, self.plastic_blocks
        return replace(weights, W=changed(weights.W, eta, after.e, after.presynaptic, where))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        at_rest = f"{self.theory} has feedback at rest"
        return Sweep(self.layers, weights.W, np.ones(1), self.phi.with_slope, at_rest)
