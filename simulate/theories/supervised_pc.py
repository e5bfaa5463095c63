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

The bottom-up drive reaches a neuron through its error neuron only, so silencing error neurons
leaves x where it was.

Source: Neural Computation 29:1229 (2017), doi:10.1162/NECO_a_00949, equations 2.14-2.19.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec
from errorneurons.simulate.circuit import Axons, Carrier, Population, Role, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.checks import check_names
from errorneurons.simulate.parts.layered import (
    ActivatedCircuit,
    FreezableCircuit,
    feedforward,
    stacked,
)
from errorneurons.simulate.parts.plasticity import (
    blocks,
    changed,
    drawn_weights,
    generators,
    transposed,
)


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

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.e}


#: What can be cut: W^T e, -e, and the factor phi' on W^T e (then 1).
_ROUTES = ("error_feedback", "error_to_representation", "phi_prime")


@dataclass(frozen=True)
class SupervisedPC(ActivatedCircuit, FreezableCircuit):
    """Parameters of supervised predictive coding.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    activation
        Activation function of each area; with a linear output, targets are potentials and rates.
    tau
        Time constant of relaxation [ms]; this and the next two may be one a network.
    learning_rate
        eta [1/ms].
    weight_scale
        Start weights are U(-1, 1) * weight_scale / sqrt(fan-in).
    cut
        Names of what is cut, of `_ROUTES`.
    frozen
        Names of areas whose synapses do not change.

    Raises
    ------
    ValueError
        If a name is unknown.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    learning_rate: PerNetwork = 0.002
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    theory = "supervised_pc"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def __post_init__(self) -> None:
        check_names(self, _ROUTES)

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation and error neurons of areas 1, 2, ..."""
        return stacked("representation", self.sizes) + stacked("error", self.sizes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        return self.ascending_axons("W"), self.descending_axons("error", "W^T")

    @cached_property
    def eta(self) -> Array:
        """Learning rate of each synapse [1/ms], (post, pre) or (network, post, pre)."""
        return np.asarray(self.learning_rate * self.projections * self.plastic_rows)

    @cached_property
    def plastic_blocks(self) -> tuple[tuple[slice, slice], ...]:
        """Where W learns: rows and columns of each area."""
        return blocks(self.eta, self.sizes)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        return Weights(drawn_weights(rngs, self.projections, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        x = np.zeros((len(weights.W), streams, sum(self.sizes)))
        r = self.phi(x)
        presynaptic = self.without_input(r)
        delay = self.timing.delay_steps
        return State(x, r, x, presynaptic, (r,) * delay, (x,) * delay)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        x = state.x.copy()
        x[..., self.output] = np.where(world.teaching, world.target, x[..., self.output])
        x = world.kept("representation", x)
        r, slope = self.phi.with_slope(x)
        r_arriving, r_travelling = delayed(state.r_travelling, r)
        presynaptic, prediction = feedforward(world.transmitted("W", weights.W), world, r_arriving)
        e = world.kept("error", x - prediction + world.driven("error"))
        e_arriving, e_travelling = delayed(state.e_travelling, e)

        W_up = world.transmitted("W^T", transposed(weights.W, self.layers[0]))
        gate = 1.0 if "phi_prime" in self.cut else slope
        descending = gate * matvec(W_up, e_arriving) * ("error_feedback" not in self.cut)
        local = e * ("error_to_representation" not in self.cut)
        dx = (-local + descending + world.driven("representation")) / self.tau
        return State(
            x + self.timing.dt * dx, r, e, presynaptic, r_travelling, e_travelling
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        eta, where = self.timing.dt * self.eta, self.plastic_blocks
        return replace(weights, W=changed(weights.W, eta, after.e, after.presynaptic, where))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        at_rest = f"{self.theory} has feedback at rest"
        return Sweep(self.layers, weights.W, np.ones(1), self.phi.with_slope, at_rest)
