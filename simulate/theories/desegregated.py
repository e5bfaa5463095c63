"""Desegregated predictive processing (Wang, Audette, Schneider, Aljadeff 2026).

No cell is there for errors. An area is one population of excitatory and inhibitory cells, and each
excitatory cell is driven by what arrives and restrained by what recurrent synapses have learnt to
expect of it. The two cancel loosely, in one cell more than in another, so that all cells carry the
stimulus and its violation, in shares that vary smoothly.

========== ===================================================================
excitation E_l = F_l r_{l-1} + G_l r_{l+1}    the input enters area 1 as r_0; F and G are fixed
inhibition I_l = sum over k from l up of V_lk r_k           of the area itself and those above
output     E_L = sum over k below L of V_Lk r_k,  I_L = t with a teaching signal, else 0
cells      tau dx_l/dt = -x_l + E_l - b_l I_l,  r_l = phi(x_l)
balance    b = beta + sigma u,  u evenly spread from -1 to 1 over the cells of an area
plasticity dV_l/dt = eta (E_l - I_l) r^T,   dV_L/dt = eta (I_L - E_L) r^T       with teaching
========== ===================================================================

Where I has learnt E, x = E - b I = (1 - b) E + b (E - I): 1 - b of the stimulus, and b of how far
it is from what was expected. In the output area the outcome is what restrains, so that cells say
what is expected until it comes: signs are about a baseline, and the other way round it is the same
network. Recurrent synapses must undo what they restrain, V_ll = 1 / (1 - b) if they were alone,
so that tight balance, b near 1, is slow and unstable with delays: balance must be loose.

There is no role "error": an experimenter who labels error cells labels some of these.

*Assumed*, for the abstract and summaries were at hand and no equation: that a cell is driven by
the area below and, half as strongly, by the area above; that balance is learnt by comparing the
two currents of a cell; which areas are heard, and how b is spread. From the abstract: a recurrent
network of excitation and inhibition in loose balance, whose cells represent stimulus and error
together.

Source: Nature Communications (2026), doi:10.1038/s41467-026-70347-w.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, delayed, matvec, outer
from errorneurons.simulate.circuit import Axons, Carrier, Population, Role, Timing, World
from errorneurons.simulate.parts.checks import check_names
from errorneurons.simulate.parts.connectivity import Strengths, chain
from errorneurons.simulate.parts.explained import explained
from errorneurons.simulate.parts.layered import (
    ActivatedCircuit,
    FreezableCircuit,
    feedforward,
    stacked,
)
from errorneurons.simulate.parts.plasticity import drawn_weights, generators
from errorneurons.simulate.refusing import shares


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `F`."""

    F: Array
    G: Array
    V: Array


@dataclass(frozen=True)
class State:
    """Potentials, rates and currents of one step. Dims (network, stream, neuron).

    `expected` is V r, `inhibition` what inhibitory cells fire, `surprise` the difference of the
    currents that V learns of, and `context` the rates that V r was made of.
    """

    x: Array
    r: Array
    expected: Array
    inhibition: Array
    surprise: Array
    context: Array
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "interneuron": self.inhibition}


@explained()
@dataclass(frozen=True)
class Desegregated(ActivatedCircuit, FreezableCircuit):
    """Parameters of desegregated predictive processing.

    Attributes
    ----------
    layers
        Neurons in the input and excitatory neurons in each area, lowest first; an area has as many
        inhibitory neurons.
    tau
        Time constant of excitatory cells [ms].
    balance
        beta, the share of inhibition that cells feel, on average.
    spread
        sigma, by how much it is more or less in single cells.
    weight_scale
        F is U(-1, 1) * weight_scale / sqrt(fan-in). V starts at 0.
    descent
        G is drawn as F is, and this times as strong.
    cut
        Names of what is cut; there is one, ``"restraint"``: b I.
    frozen
        Names of areas to which synapses do not change.

    Raises
    ------
    ValueError
        If a name is unknown, or the balance of a cell no share.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    balance: PerNetwork = 0.5
    spread: PerNetwork = 0.2
    learning_rate: PerNetwork = 0.05
    weight_scale: PerNetwork = 1.5
    descent: PerNetwork = 0.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    theory = "desegregated"
    carrier: ClassVar[Carrier] = "none"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        check_names(self, ("restraint",))
        for extreme in (self.balance - self.spread, self.balance + self.spread):
            shares(self.theory, {"balance of a cell": extreme})

    @property
    def populations(self) -> tuple[Population, ...]:
        """Excitatory and inhibitory neurons of all areas."""
        return stacked("representation", self.sizes) + stacked("interneuron", self.sizes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        rows = area_rows(self.sizes)
        *hidden, output = rows
        heard = tuple((a, b) for b in hidden for a in rows if a > b)
        everywhere = heard + tuple((a, output) for a in hidden)
        down = tuple((a, b) for b, a in pairwise(rows))
        return (
            self.ascending_axons("F"),
            Axons("representation", "G", down, rows),
            Axons("representation", "V", everywhere, rows),
        )

    @cached_property
    def area_strengths(self) -> Strengths:
        """1 where F exists; none of it reaches the output, whose excitation is learnt."""
        return *chain(len(self.sizes))[:-1], (0.0,) * len(self.layers)

    @cached_property
    def plastic_synapses(self) -> Array:
        """1 where a synapse of V exists and may change, (neuron, neuron of context)."""
        area = np.repeat(np.arange(len(self.sizes)), self.sizes)
        own, heard = area[:, None], area[None, :]
        is_output = own == len(self.sizes) - 1
        return np.asarray(self.plastic_rows * np.where(is_output, heard < own, heard >= own))

    @cached_property
    def descending(self) -> Array:
        """1 where a synapse of G exists, (neuron, neuron of the area above)."""
        area = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.asarray(area[:, None] + 1 == area[None, :], float)

    @cached_property
    def balances(self) -> Array:
        """Return b of each excitatory cell, (neuron,) or (network, 1, neuron)."""
        places = np.concatenate([np.linspace(-1, 1, n) for n in self.sizes])
        return np.asarray(self.balance + self.spread * places)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks, in which nothing is expected."""
        rngs = generators(seed, self.theory, networks)
        F = drawn_weights(rngs, self.projections, self.weight_scale)
        G = drawn_weights(rngs, self.descending, self.weight_scale)
        return Weights(F, G, np.zeros(G.shape))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        x = np.zeros((len(weights.V), streams, sum(self.sizes)))
        r = self.phi(x)
        return State(x, r, x, x, x, r, (r,) * self.timing.delay_steps)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.x))
        arriving, travelling = delayed(state.r_travelling, r)
        expected = matvec(world.transmitted("V", weights.V), arriving)
        _, excitation = feedforward(world.transmitted("F", weights.F), world, arriving)
        descending = matvec(world.transmitted("G", weights.G), arriving)
        excitation = excitation + self.descent * descending
        excitation[..., self.output] = expected[..., self.output]

        restraining = expected.copy()
        restraining[..., self.output] = np.where(world.teaching, world.target, 0.0)
        inhibition = world.kept("interneuron", restraining + world.driven("interneuron"))
        surprise = excitation - inhibition
        surprise[..., self.output] = -surprise[..., self.output]

        felt = self.balances * inhibition * ("restraint" not in self.cut)
        dx = -state.x + excitation - felt + world.driven("representation")
        return State(
            state.x + self.timing.dt / self.tau * dx, r, expected, inhibition, surprise,
            arriving, travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        dV = self.learning_rate * outer(after.surprise, after.context) * self.plastic_synapses
        return replace(weights, V=weights.V + self.timing.dt * dV)
