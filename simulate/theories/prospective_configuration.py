"""Prospective configuration (Song, Millidge, Salvatori, Lukasiewicz, Xu, Bogacz 2024).

The network of supervised predictive coding, equation by equation (see `supervised_pc`), in which
plasticity waits: under a teaching signal activity first settles in the configuration that yields
the target, and only then do synapses consolidate it.

============ =====================================================================
errors       e_l = x_l - W_l phi(x_{l-1})
relaxation   tau dx_l/dt = -e_l + phi'(x_l) (W_{l+1}^T e_{l+1}),  x_L = t with a teaching signal
settled      max |x(t) - x(t - dt)| < limit
plasticity   dW_l/dt = eta e_l phi(x_{l-1})^T     once settled, else 0
============ =====================================================================

While synapses are frozen it is supervised predictive coding exactly, and it starts from the same
synapses, so the two differ in what they have learnt and in nothing else.

Source: Nature Neuroscience 27:348 (2024), doi:10.1038/s41593-023-01514-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import PerNetwork
from errorneurons.simulate.circuit import Carrier, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.nested import NestedCircuit, in_common
from errorneurons.simulate.theories.supervised_pc import State, SupervisedPC, Weights


@explained(SupervisedPC)
@dataclass(frozen=True)
class ProspectiveConfiguration(NestedCircuit):
    """Parameters of prospective configuration.

    Attributes
    ----------
    learning_rate
        eta [1/ms], while settled.
    limit
        Largest change of a potential in a step at which the network counts as settled. The
        default is reached in the last 10 ms of the 100 ms that an outcome lasts in
        training; 1e-8 takes about 700 ms.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    learning_rate: PerNetwork = 0.02
    weight_scale: PerNetwork = 1.5
    limit: float = 1e-3
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    direct: PerNetwork = 0.0
    lookahead: PerNetwork = 0.0
    skips: PerNetwork = 0.0

    theory = "prospective_configuration"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        _ = self.network  # checks the names of what is cut and frozen

    @cached_property
    def network(self) -> SupervisedPC:
        """The network of supervised predictive coding whose steps are taken."""
        return SupervisedPC(**in_common(self, SupervisedPC))

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks: those of supervised predictive coding."""
        return self.network.initial_weights(seed, networks)

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        return self.network.rest(weights, streams)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        return self.network.step(weights, state, world)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step that led to `after`: changed only where settled."""
        moved = np.abs(after.x - before.x).max(axis=-1, keepdims=True)
        consolidated = np.where(moved < self.limit, after.e, 0.0)
        return self.network.learn(weights, before, replace(after, e=consolidated))

    def sweep(self, weights: Weights) -> Sweep:
        """Return the feedforward sweep that inference is."""
        return replace(self.network.sweep(weights), disturbed=f"{self.theory} has feedback at rest")
