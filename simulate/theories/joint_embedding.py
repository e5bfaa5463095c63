"""Joint embedding: areas predict one another's representations, and not one another's input.

What the Keller laboratory proposes after measuring which cells move which (2026). Two forms of
predictive processing say opposite things of how layer 5 and layer 2/3 of one area act on each
other, and what was measured spoke against each in one direction:

====================== ============================ ============================ ==============
influence              hierarchical                 non-hierarchical             joint embedding
====================== ============================ ============================ ==============
layer 5 on layer 2/3   it is what is compared:      it predicts:                 as hierarchical
                       positive errors +, neg. -    positive errors -, neg. +
layer 2/3 on layer 5   explains it away:            corrects it:                 as the other
                       positive errors -, neg. +    positive errors +, neg. -
====================== ============================ ============================ ==============

So an area encodes what it gets, in layer 5; this embedding is the teaching signal of its own layer
2/3; the predictions come from the embeddings of other areas, its context; and what is left corrects
the embedding.

=============== ================================================================
encoding        z_l = F_l r_{l-1}              the input enters area 1 as r_0; F is fixed
                z_L = t with a teaching signal, else z_L = P_L: nothing to encode
context         P_l = sum over k other than l of V_lk r_k
positive errors pPE_l = [r_l - P_l]+
negative errors nPE_l = [P_l - r_l]+
embedding       tau dx_l/dt = -x_l + z_l + k (pPE_l - nPE_l),   r_l = phi(x_l)
plasticity      dV_lk/dt = eta (pPE_l - nPE_l) r_k^T            after settling
=============== ================================================================

There is no order of areas but for F: every area is the context of all others, and errors stay where
they are. The output is the predicted outcome until an outcome is delivered. An error drives an
embedding further from what was predicted, k < 1 (a linear one to z + k / (1 - k) (z - P)), so that
what surprises is represented more strongly; that embeddings do not collapse onto what is easy to
predict rests on fixed encodings, the limit of a slow encoder of targets.

*Assumed*: the abstract and the first figure were at hand, no equation and no measured sign. The
signs follow from the abstract by elimination, the form of F, P and of plasticity is that of
`mismatch_neurons`, and interneurons are left out.

Source: bioRxiv 10.64898/2026.01.29.702557, eLife 110827; joint embedding: LeCun, A path towards
autonomous machine intelligence (2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, delayed, matvec, outer
from errorneurons.simulate.circuit import Axons, Carrier, Population, Role, Timing, World
from errorneurons.simulate.parts.cells import Places, acted_on, places, side_by_side
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
from errorneurons.simulate.theories.mismatch_neurons import Weights


@dataclass(frozen=True)
class State:
    """Potentials and rates of one step. Dims (network, stream, neuron).

    `error` holds nPE and pPE of one area after the other, `mismatch` is pPE - nPE, and
    `context` the rates that P was made of.
    """

    x: Array
    r: Array
    error: Array
    mismatch: Array
    context: Array
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {"representation": self.r, "error": self.error}


@explained()
@dataclass(frozen=True)
class JointEmbedding(ActivatedCircuit, FreezableCircuit):
    """Parameters of joint embedding.

    Attributes
    ----------
    layers
        Neurons in the input and representation neurons in each area, lowest first; an area has
        as many neurons of each class of error neurons.
    tau
        Time constant of embeddings [ms].
    correction
        k: how far an error moves the embedding of its area, from 0 to 1.
    weight_scale
        Encodings F are U(-1, 1) * weight_scale / sqrt(fan-in). V starts at 0.
    cut
        Names of what is cut; there is one, ``"error_to_representation"``: k (pPE - nPE).
    frozen
        Names of areas to which predictions do not change.

    Raises
    ------
    ValueError
        If a name is unknown, or a correction no share.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    correction: PerNetwork = 0.3
    learning_rate: PerNetwork = 0.02
    weight_scale: PerNetwork = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    theory = "joint_embedding"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        check_names(self, ("error_to_representation",))
        shares(self.theory, {"correction": self.correction})

    @property
    def populations(self) -> tuple[Population, ...]:
        """Embeddings and both halves of the error of all areas."""
        signs: tuple[tuple[str, Literal[-1, 1]], ...] = (("nPE", -1), ("pPE", 1))
        return stacked("representation", self.sizes) + stacked("error", self.sizes, signs)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        rows = area_rows(self.sizes)
        everywhere = tuple((a, b) for a in rows for b in rows if a != b)
        return self.ascending_axons("F"), Axons("representation", "V", everywhere, rows)

    @cached_property
    def area_strengths(self) -> Strengths:
        """1 where an area encodes another; none encode for the output, whose signal is given."""
        return *chain(len(self.sizes))[:-1], (0.0,) * len(self.layers)

    @cached_property
    def plastic_synapses(self) -> Array:
        """1 where a synapse of V exists and may change, (neuron predicted, neuron of context)."""
        area = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.asarray(self.plastic_rows * (area[:, None] != area))

    @cached_property
    def error_places(self) -> Places:
        """Where nPE and pPE stand among the error neurons."""
        return places(self.sizes, 2)

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the encodings of untrained networks, in which nothing is predicted."""
        rngs = generators(seed, self.theory, networks)
        F = drawn_weights(rngs, self.projections, self.weight_scale)
        return Weights(F, np.zeros((len(F), sum(self.sizes), sum(self.sizes))))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        x = np.zeros((len(weights.V), streams, sum(self.sizes)))
        r = self.phi(x)
        return State(x, r, np.tile(x, 2), x, r, (r,) * self.timing.delay_steps)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.x))
        arriving, travelling = delayed(state.r_travelling, r)
        P = matvec(world.transmitted("V", weights.V), arriving)
        _, z = feedforward(world.transmitted("F", weights.F), world, arriving)
        z[..., self.output] = np.where(world.teaching, world.target, P[..., self.output])

        at_npe, at_ppe = self.error_places
        npe = np.maximum(acted_on(world, "error", at_npe, P - r), 0.0)
        ppe = np.maximum(acted_on(world, "error", at_ppe, r - P), 0.0)
        mismatch = ppe - npe
        corrected = self.correction * mismatch * ("error_to_representation" not in self.cut)
        dx = -state.x + z + corrected + world.driven("representation")
        return State(
            state.x + self.timing.dt / self.tau * dx, r,
            side_by_side((npe, ppe), self.error_places), mismatch, arriving, travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        dV = self.learning_rate * outer(after.mismatch, after.context) * self.plastic_synapses
        return replace(weights, V=weights.V + self.timing.dt * dV)
