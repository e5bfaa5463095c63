"""Hierarchical predictive coding (Rao & Ballard 1999; Friston 2005; Bastos et al. 2012).

Each level holds representation neurons x and error neurons e. Predictions descend, errors ascend:
an error is "what is there minus what the level above predicted", the opposite sign of the
error-neuron microcircuit's.

============ =====================================================================
errors       e_l = x_l - g(V_{l+1} x_{l+1})       at the top e_L = pi x_L, a prior's pull to 0
relaxation   tau dx_l/dt = -e_l + V_l^T (g'(V_l x_l) * e_{l-1})
plasticity   dV_l = eta (g'(V_l x_l) * e_{l-1}) x_l^T          after settling
============ =====================================================================

How precise the prior is, pi, the theory leaves open. With pi = 1 it shrinks every cause; with
pi = 0 it is flat, and the top is whatever explains the level below best.

Where the outcome enters makes two theories, and several claims have opposite signs under them.
They share all equations and differ in one word, `mapping`:

- ``"outcome_at_top"`` (`hierarchical_pc`): the stimulus is the bottom level, and the outcome is
  the top level, clamped when it is delivered. The output is the inferred top. The network models
  stimuli given outcomes, so its output is a posterior estimate and a poor regressor.
- ``"outcome_as_input"`` (`hierarchical_pc_sensory`): the outcome is part of the bottom level,
  free and predicted until it is delivered; the top is always free. The output is the predicted
  outcome.

The input arrives in area 1, so the error neurons that compare it with its prediction, e_0, stand
there beside e_1.

Source: Nature Neuroscience 2:79 (1999), doi:10.1038/4580; Phil. Trans. R. Soc. B 360:815 (2005).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, delayed, matvec, outer
from errorneurons.simulate.circuit import Carrier, Role, Timing, World
from errorneurons.simulate.parts.checks import check_names
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.levels import LevelledCircuit, Placement
from errorneurons.simulate.parts.plasticity import drawn_weights, generators
from errorneurons.simulate.refusing import not_negative, shares


@dataclass(frozen=True)
class Weights:
    """The synapses V, (network, neuron predicted, neuron that predicts); levels side by side."""

    V: Array


@dataclass(frozen=True)
class State:
    """Potentials and errors of all levels, the input first. Dims (network, stream, neuron)."""

    x: Array
    e: Array
    gated: Array
    predicting: Array
    x_travelling: tuple[Array, ...]
    gated_travelling: tuple[Array, ...]
    inputs: int

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role; the input itself is no neuron of ours."""
        return {"representation": self.x[..., self.inputs :], "error": self.e}


@explained()
@dataclass(frozen=True)
class HierarchicalPC(LevelledCircuit):
    """Parameters of hierarchical predictive coding.

    Attributes
    ----------
    tau
        Time constant of relaxation [ms].
    cut
        Names of what is cut: ``"error_feedback"``, V^T (g' e), ``"error_to_representation"``, -e,
        or ``"phi_prime"``, the factor g' (then 1).
    prior
        pi: precision of the prior at the top, from 0 (flat) on.

    Raises
    ------
    ValueError
        If a name is unknown, a precision is negative, or the outcome does not fit the top.
    """

    mapping: Placement = "outcome_at_top"
    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    outcomes: int = 5
    activation: str = "tanh"
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    learning_rate: PerNetwork = 0.002
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    prior: PerNetwork = 1.0
    skips: PerNetwork = 0.0

    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        check_names(self, ("error_feedback", "error_to_representation", "phi_prime"))
        not_negative(self.theory, {"prior": self.prior})
        shares(self.theory, {"skips": self.skips})
        if self.mapping == "outcome_at_top" and self.layers[-1] != self.outcomes:
            raise ValueError(
                f"HierarchicalPC.layers ends in {self.layers[-1]}, but outcomes is "
                f"{self.outcomes}; with the outcome at the top the two are the same number"
            )

    @property
    def theory(self) -> str:
        """Identifier: each mapping is a theory of its own."""
        at_top = self.mapping == "outcome_at_top"
        return "hierarchical_pc" if at_top else "hierarchical_pc_sensory"

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks."""
        rngs = generators(seed, self.theory, networks)
        return Weights(drawn_weights(rngs, self.strengths, self.weight_scale))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        o = np.zeros((len(weights.V), streams, sum(self.levels)))
        travelling = (o,) * self.timing.delay_steps
        return State(o, o, o, o, travelling, travelling, self.layers[0])

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        inputs, out = self.layers[0], self.clamped
        x = state.x.copy()
        x[..., :inputs] = world.input
        x[..., out] = np.where(world.teaching, world.target, x[..., out])
        x[..., inputs:] = world.kept("representation", x[..., inputs:])
        x_arriving, x_travelling = delayed(state.x_travelling, x)
        potential = matvec(world.transmitted("V", weights.V), x_arriving)
        prediction, slope = self.g.with_slope(potential)
        e = x - prediction
        e[..., self.top] = self.prior * e[..., self.top]
        e = world.kept("error", e + world.driven("error"))
        gated = e if "phi_prime" in self.cut else slope * e
        gated_arriving, gated_travelling = delayed(state.gated_travelling, gated)

        dx = -e * ("error_to_representation" not in self.cut)
        V_up = world.transmitted("V^T", np.swapaxes(weights.V, -1, -2))
        ascending = matvec(V_up, gated_arriving)
        dx = dx + ascending * ("error_feedback" not in self.cut)
        dx[..., inputs:] += world.driven("representation")
        return State(
            x + self.timing.dt / self.tau * dx, e, gated, x_arriving, x_travelling,
            gated_travelling, inputs,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        dV = self.learning_rate * outer(after.gated, after.predicting) * self.plastic_synapses
        return replace(weights, V=weights.V + self.timing.dt * dV)

    def sweep(self, weights: Weights) -> None:
        """Return None: causes are inferred by relaxation, not in a feedforward sweep."""
