"""Latent equilibrium (Haider, Ellenberger, Kriener, Jordan, Senn, Petrovici 2021).

Neurons are slow and yet respond at once: what they send is not their potential but where it is
heading. The energy of all mismatches is a function of these prospective potentials, and the
network stands in its minimum at all times, be the membranes as slow as they may.

============= ====================================================================
prospective   u^_l = u_l + T du_l/dt,   r_l = phi(u^_l)          T = lookahead * tau
mismatch      e_l = u^_l - W_l r_{l-1}        the input enters area 1 as r_0
relaxation    tau du_l/dt = -u_l + W_l r_{l-1} + phi'(u^_l) (W_{l+1}^T e_{l+1})
output        ... + beta (t - u^_L)           with a teaching signal, for the error from above
plasticity    dW_l/dt = eta e_l r_{l-1}^T     while relaxing
============= ====================================================================

With lookahead 1, T = tau, the leak cancels: u^_l is the sum of its inputs in the same moment, and
a step of the input is through the network after as many delays as there are areas. Then
e_l = phi'(u^_l) W_{l+1}^T e_{l+1} with e_L = beta (t - u^_L): in the limit of a weak nudge, beta
-> 0, the plasticity is beta times the gradient of the loss, at every instant.

In steps, u^(t + dt) = (1 - lookahead) u(t) + lookahead * (inputs of t), and a mismatch compares
u^ with the W r that it was made of, that of the step before, which W learns from, too. Somata sum
W r themselves, so that silencing error neurons spares inference.

Source: NeurIPS 34 (2021), arXiv:2110.14549, equations 2-9.
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
from errorneurons.simulate.refusing import not_negative, shares
from errorneurons.simulate.theories.supervised_pc import Weights


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `r` and `e` are of the step, `basal` is W r; `u` and `ahead` are the new potential and the
    prospective one.
    """

    u: Array
    ahead: Array
    basal: Array
    r: Array
    e: Array
    presynaptic: Array
    r_travelling: tuple[Array, ...]
    e_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.e}


@explained()
@dataclass(frozen=True)
class LatentEquilibrium(PairedCircuit, ActivatedCircuit, UniformlyLearningCircuit):
    """Parameters of latent equilibrium.

    Attributes
    ----------
    tau
        Time constant of the membranes [ms].
    lookahead
        How far neurons look ahead, as a share of tau.
    beta
        How strongly the teaching signal nudges the output.
    cut
        Names of what is cut: ``"error_feedback"``, W^T e, ``"phi_prime"``, the factor phi' on W^T e
        (then 1), or ``"lookahead"``, T (then 0).

    Raises
    ------
    ValueError
        If a name is unknown, a lookahead is no share, or a nudge is negative.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    lookahead: PerNetwork = 1.0
    beta: PerNetwork = 0.1
    learning_rate: PerNetwork = 0.1
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    skips: PerNetwork = 0.0

    theory = "latent_equilibrium"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        check_names(self, ("error_feedback", "phi_prime", "lookahead"))
        shares(self.theory, {"lookahead": self.lookahead, "skips": self.skips})
        not_negative(self.theory, {"beta": self.beta})

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
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r = self.phi(o)
        line = self.timing.delay_steps
        return State(o, o, o, r, o, self.without_input(r), (r,) * line, (o,) * line)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        ahead = world.kept("representation", state.ahead)
        r, slope = self.phi.with_slope(ahead)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, r_arriving)
        e = world.kept("error", ahead - state.basal + world.driven("error"))
        e_arriving, e_travelling = delayed(state.e_travelling, e)

        W_up = world.transmitted("W^T", transposed(weights.W, self.layers[0]))
        gate = 1.0 if "phi_prime" in self.cut else slope
        from_above = gate * matvec(W_up, e_arriving) * ("error_feedback" not in self.cut)
        nudge = self.beta * (world.target - ahead[..., self.output])
        from_above[..., self.output] = np.where(world.teaching, nudge, 0.0)
        towards = basal + from_above + world.driven("representation")
        share = self.lookahead * ("lookahead" not in self.cut)
        return State(
            state.u + self.timing.dt / self.tau * (towards - state.u),
            (1 - share) * state.u + share * towards,
            basal, r, e, presynaptic, r_travelling, e_travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step that led to `after`."""
        eta, where = self.timing.dt * self.eta, self.plastic_blocks
        return replace(weights, W=changed(weights.W, eta, after.e, before.presynaptic, where))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return Sweep(self.layers, weights.W, np.ones(1), self.phi.with_slope)
