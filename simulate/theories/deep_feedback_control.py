"""Deep feedback control (Meulemans, Tristany Farinha, Garcia Ordonez, Aceituno et al. 2021).

A controller reads how far the output is from its target and drives all areas at once until there
is nothing left to correct. What it had to add to each neuron is what the neuron learns to do of
itself. Errors are not handed down from area to area: each area hears the controller directly.

=========== =====================================================================
soma        tau du_l/dt = -u_l + W_l r_{l-1} + a_l,   r_l = phi(u_l)    the input enters as r_0
tuft        a_l = Q_l c
controller  c = k_p (t - r_L) + z                          0 without a teaching signal
            dz/dt = k_i (t - r_L) - alpha z                from 0 at the onset of the outcome on
feedback    Q_L = 1,  Q_l = rho W_{l+1}^T ... W_L^T        or rho times what was drawn once
plasticity  dW_l/dt = eta (r_l - phi(W_l r_{l-1})) r_{l-1}^T      after settling
=========== =====================================================================

Once settled without a leak (alpha = 0) the output is the target, whatever the synapses are. Where
phi is linear and rho = 1, Q is the transpose of J = dr_L/du, so that of all a that bring the output
there the controller finds the smallest, J^T (J J^T)^-1 (t - y), what a step of Gauss and Newton
would change. With another rho it is the smallest if what is added below the output counts 1/rho.
It comes to every area with the delay of one axon.

The source lets Q learn, from noise that areas add, until its columns span the rows of J. Here Q is
what that leads to where slopes are 1, and follows W at once: an assumption. rho is another: with 1
the output hears itself through all areas many times as loudly in one direction as in another, and
a controller that is fast enough for one overshoots in the other.

Role "error" is the tuft, a: silencing it silences the tuft, driving it depolarises it.

Source: NeurIPS 34 (2021), arXiv:2106.07887.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_slices, delayed, matvec
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
from errorneurons.simulate.refusing import known, not_negative, stable_step


@dataclass(frozen=True)
class Weights:
    """The synapses, (network, post, pre): W, input first, and Q, read if feedback is fixed."""

    W: Array
    Q: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron).

    `u` is the new potential, `z` the new integral; the others are of the step.
    """

    u: Array
    r: Array
    apical: Array
    basal: Array
    z: Array
    presynaptic: Array
    r_travelling: tuple[Array, ...]
    c_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role; the error is the apical potential."""
        return {"representation": self.r, "error": self.apical}


@explained()
@dataclass(frozen=True)
class DeepFeedbackControl(PairedCircuit, ActivatedCircuit, UniformlyLearningCircuit):
    """Parameters of deep feedback control.

    Attributes
    ----------
    tau
        Time constant of the membranes [ms].
    k_p
        Gain of the controller for the error itself.
    k_i
        Gain for its integral [1/ms].
    leak
        alpha, how fast the integral forgets [1/ms]; with some, the output stays short of it.
    reach
        rho, how strongly the controller acts on areas below the output.
    feedback
        ``"transpose"``, or ``"fixed"``: Q is drawn as synapses are.
    cut
        Names of what is cut: ``"error_feedback"``, Q c below the output, or
        ``"error_to_representation"``, a at the soma.

    Raises
    ------
    ValueError
        If a name is unknown, a gain negative, or a step too long.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 5.0
    k_p: PerNetwork = 0.1
    k_i: PerNetwork = 0.02
    leak: PerNetwork = 0.0
    reach: PerNetwork = 0.2
    learning_rate: PerNetwork = 0.05
    weight_scale: PerNetwork = 1.5
    feedback: Literal["transpose", "fixed"] = "transpose"
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    theory = "deep_feedback_control"
    carrier: ClassVar[Carrier] = "apical"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        check_names(self, ("error_feedback", "error_to_representation"))
        known(f"feedback of {self.theory}", self.feedback, ("transpose", "fixed"))
        not_negative(self.theory, {"k_p": self.k_p, "k_i": self.k_i, "leak": self.leak,
                                   "reach": self.reach})  # fmt: skip
        stable_step(self.theory, self.timing.dt, float(np.min(self.tau)))

    @cached_property
    def rows(self) -> tuple[slice, ...]:
        """Where the neurons of each area stand."""
        return area_slices(self.sizes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are; none are the controller's."""
        return (self.ascending_axons("W"),)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.projections, self.weight_scale)
        everywhere = np.ones((sum(self.sizes), self.layers[-1]))
        return Weights(W, drawn_weights(rngs, everywhere, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        o = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r, c = self.phi(o), o[..., self.output]
        line = self.timing.delay_steps
        return State(o, r, o, o, c, self.without_input(r), (r,) * line, (c,) * line)

    def descended(self, weights: Weights, c: Array) -> Array:
        """Return Q c, what the controller's signal is in the tufts, (network, stream, neuron)."""
        below = 0.0 if "error_feedback" in self.cut else self.reach
        if self.feedback == "fixed":
            hidden = matvec(weights.Q, c)[..., : self.output.start]
            return np.concatenate([below * hidden, c], axis=-1)
        found, inputs = [c], self.layers[0]
        for lower, upper in zip(self.rows[-2::-1], self.rows[:0:-1], strict=True):
            columns = slice(inputs + lower.start, inputs + lower.stop)
            W_up = np.swapaxes(weights.W[:, upper, columns], -1, -2)
            found.insert(0, matvec(W_up, found[0]))
        return np.concatenate([*(below * a for a in found[:-1]), c], axis=-1)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.u))
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        presynaptic, basal = feedforward(world.transmitted("W", weights.W), world, r_arriving)

        dt, missed = self.timing.dt, world.target - r[..., self.output]
        z = state.z + dt * (self.k_i * missed - self.leak * state.z)
        c = np.where(world.teaching, self.k_p * missed + state.z, 0.0)
        c_arriving, c_travelling = delayed(state.c_travelling, c)
        apical = self.descended(weights, c_arriving)
        apical = world.kept("error", apical + world.driven("error"))

        added = 0.0 if "error_to_representation" in self.cut else apical
        du = -state.u + basal + added + world.driven("representation")
        return State(
            state.u + dt / self.tau * du, r, apical, basal, np.where(world.teaching, z, 0.0),
            presynaptic, r_travelling, c_travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step from `before` to `after`."""
        surplus = after.r - self.phi(before.basal)
        eta = self.timing.dt * self.eta
        W = changed(weights.W, eta, surplus, before.presynaptic, self.plastic_blocks)
        return replace(weights, W=W)

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return Sweep(self.layers, weights.W, np.ones(1), self.phi.with_slope)
