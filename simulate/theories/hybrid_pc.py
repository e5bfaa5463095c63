"""Hybrid predictive coding (Tscshantz, Millidge, Seth, Buckley 2023): inferring, fast and slow.

The network of hierarchical predictive coding, equation by equation (see `hierarchical_pc`, the
outcome at the top), and beside it synapses A that ascend and guess at once what relaxation would
find. A new stimulus lets a guess sweep through the areas, from which they relax; once relaxed, A
learns to guess that.

============= ====================================================================
guess         a_l = A_l tanh(x_{l-1})                        the input is x_0
sweep         x_l = a_l     when the front of a change of the input arrives, else
relaxation    tau dx_l/dt = -e_l + V_l^T (g'(V_l x_l) * e_{l-1}),   e_l = x_l - g(V_{l+1} x_{l+1})
plasticity    dV_l/dt = eta (g'(V_l x_l) * e_{l-1}) x_l^T            after settling
amortisation  dA_l/dt = eta_A (x_l - a_l) tanh(x_{l-1})^T            after settling
============= ====================================================================

The front is at the input in the step in which it changes, and ascends with x. Without a change the
guesses move nothing: where the network rests, and what errors are there, is as without them. The
error of a guess, x_l - a_l, is known to the synapses of A alone. While a front passes, errors are
large: what is guessed above is predicted down only later.

Source: PLOS Comput. Biol. 19:e1011280 (2023), doi:10.1371/journal.pcbi.1011280, with a guess that
is linear in rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_slices, delayed, matvec, outer
from errorneurons.simulate.circuit import Axons, Carrier, Role, Timing, World
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.nested import NestedCircuit, in_common
from errorneurons.simulate.refusing import not_negative
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC
from errorneurons.simulate.theories.hierarchical_pc import State as Relaxing
from errorneurons.simulate.theories.hierarchical_pc import Weights as Predictions


@dataclass(frozen=True)
class Weights:
    """The synapses, (network, post, pre), levels side by side: V descends and A ascends."""

    V: Array
    A: Array


@dataclass(frozen=True)
class State:
    """What one step leaves behind. Dims (network, stream, neuron of a level, the input first).

    `network` is the state of predictive coding, `guess` holds the a, `guessing` what they are made
    of, `front` is 1 where the front of a change is in the next step, and `shown` is the input.
    """

    network: Relaxing
    guess: Array
    guessing: Array
    front: Array
    front_travelling: tuple[Array, ...]
    shown: Array

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return self.network.rates


@explained(HierarchicalPC)
@dataclass(frozen=True)
class HybridPC(NestedCircuit):
    """Parameters of hybrid predictive coding.

    Attributes
    ----------
    amortisation
        eta_A / eta; without any nothing is guessed, and fronts reset areas to 0.
    frozen
        Names of areas whose predictions of the level below do not change, nor do their guesses.

    Raises
    ------
    ValueError
        If a name is unknown, or a number negative.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: str = "tanh"
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 20.0
    learning_rate: PerNetwork = 0.05
    amortisation: PerNetwork = 1.0
    weight_scale: PerNetwork = 0.9
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    prior: PerNetwork = 0.03
    skips: PerNetwork = 0.0

    theory = "hybrid_pc"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        _ = self.network  # checks what it has in common with predictive coding
        not_negative(self.theory, {"amortisation": self.amortisation})

    @cached_property
    def network(self) -> HierarchicalPC:
        """The network of predictive coding that relaxes."""
        return HierarchicalPC(outcomes=self.layers[-1], **in_common(self, HierarchicalPC))

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        predictions, errors = self.network.axons
        guesses = Axons("representation", "A", errors.routes, self.network.places, self.layers[0])
        return predictions, guesses, errors

    @cached_property
    def plastic_guesses(self) -> Array:
        """1 where a synapse of A exists and may change, (post, pre)."""
        return np.asarray(np.swapaxes(self.network.plastic_synapses, -1, -2))

    @cached_property
    def ascent(self) -> Array:
        """1 from the first neuron of each level to all of the next, (1, post, pre)."""
        levels = area_slices(self.layers)
        steps = np.zeros((1, sum(self.layers), sum(self.layers)))
        for lower, upper in pairwise(levels):
            steps[0, upper, lower.start] = 1.0
        return steps

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the predictions of untrained networks; they guess 0."""
        V = self.network.initial_weights(seed, networks).V
        return Weights(V, np.zeros(V.shape))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        network = self.network.rest(Predictions(weights.V), streams)
        o = np.zeros(network.x.shape)
        return State(network, o, o, o, (o,) * self.timing.delay_steps, o[..., : self.layers[0]])

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        inputs = self.layers[0]
        relaxed = self.network.step(Predictions(weights.V), state.network, world)
        guessing = np.tanh(relaxed.predicting)
        guess = matvec(world.transmitted("A", weights.A), guessing)

        shown = np.broadcast_to(world.input, state.shown.shape)
        change = matvec(np.ones((1, 1, inputs)), (shown - state.shown) ** 2)
        front = state.front.copy()
        front[..., :inputs] = np.where(change > 0, 1.0, 0.0) * np.ones(inputs)
        front_arriving, front_travelling = delayed(state.front_travelling, front)
        ascended = matvec(self.ascent, front_arriving)
        network = replace(relaxed, x=np.where(ascended > 0, guess, relaxed.x))
        return State(network, guess, guessing, ascended, front_travelling, shown)

    def learn(self, weights: Weights, before: State, after: State) -> Weights:
        """Return the synapses after the step that led to `after`."""
        own = Predictions(weights.V)
        V = self.network.learn(own, before.network, after.network).V
        missed = after.network.x - after.guess
        rate = self.timing.dt * self.learning_rate * self.amortisation * self.plastic_guesses
        return Weights(V, weights.A + rate * outer(missed, after.guessing))

    def sweep(self, weights: Weights) -> None:
        """Return None: causes are inferred by relaxation, wherever it starts."""
