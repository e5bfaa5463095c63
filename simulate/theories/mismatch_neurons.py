"""Mismatch neurons: local, non-hierarchical predictive processing (Keller & Mrsic-Flogel 2018).

Each area compares the signal that comes up to it with what internal representations, of this and
of all other areas, predict of it. Two classes of error neurons in layer 2/3 carry the two signs
of what is left, and an internal representation in layer 5 collects it. Predictions travel between
areas, errors never leave theirs.

================= ==============================================================
bottom-up         T_l = F_l phi(x_{l-1})        the input enters area 1 as r_0; F is fixed
                  T_L = t with a teaching signal, else T_L = P_L: nothing to compare
prediction        P_l = sum_k V_lk phi(x_k)     from all areas, or all others
VIP, PV           VIP = P,  PV = P
SST               SST = T - w VIP               carries T, disinhibited by predictions
negative errors   nPE = [(1 - w) P - SST]+      = [P - T]+
positive errors   pPE = [T - PV]+               = [T - P]+
representation    tau dx/dt = -x + P + k (pPE - nPE)
plasticity        dV/dt = eta (pPE - nPE) phi(x)^T           after settling
================= ==============================================================

The representation falls back on what is predicted, and errors correct it. So the output is the
predicted outcome until an outcome is delivered. Rates of interneurons are about a baseline, and
may be negative; those of error neurons may not. With SST cells off, negative-error neurons are
released and no longer see T; with VIP cells off, they lose the share w of their response to P.

Whether an area's own representation is among those that predict its input, the theory leaves
open: V_ll is recurrence within the area (`recurrence`).

Source: Neuron 100:424 (2018), doi:10.1016/j.neuron.2018.10.003; roles of interneurons: Attinger,
Wang, Keller, Cell 169:1291 (2017), doi:10.1016/j.cell.2017.05.023, and Hertaeg & Sprekeler, eLife
9:e57541 (2020). The sources have no equation for the representation: x falls back on P here.
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

INTERNEURONS = ("SST", "VIP", "PV")
"""Classes of interneurons, in the order in which they stand in an area."""


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `F`."""

    F: Array
    V: Array


@dataclass(frozen=True)
class State:
    """Potentials and rates of one step. Dims (network, stream, neuron).

    `error` holds nPE and pPE, `interneuron` SST, VIP and PV of one area after the other, and
    `mismatch` is pPE - nPE.
    """

    x: Array
    r: Array
    error: Array
    interneuron: Array
    mismatch: Array
    predicting: Array
    r_travelling: tuple[Array, ...]

    @property
    def rates(self) -> Mapping[Role, Array]:
        """Rates by role."""
        return {
            "representation": self.r,
            "error": self.error,
            "interneuron": self.interneuron,
        }


@explained()
@dataclass(frozen=True)
class MismatchNeurons(ActivatedCircuit, FreezableCircuit):
    """Parameters of mismatch neurons.

    Attributes
    ----------
    layers
        Neurons in the input and representation neurons in each area, lowest first; an area has
        as many neurons of each class of error neurons and interneurons.
    tau
        Time constant of the representation [ms].
    correction
        k: how far an error moves the representation, from 0 to 1.
    disinhibition
        w: the share of the predictions that reaches negative-error neurons by way of VIP cells.
    weight_scale
        The bottom-up synapses F are U(-1, 1) * weight_scale / sqrt(fan-in). V starts at 0.
    cut
        Classes of interneurons that are silent, of `INTERNEURONS`.
    frozen
        Names of areas to which predictions do not change.
    recurrence
        How fast an area learns to predict itself, as a share of eta from 0 to 1; with 0, V_ll = 0.

    Raises
    ------
    ValueError
        If a name is unknown.
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear")
    timing: Timing = field(default_factory=Timing)
    tau: PerNetwork = 10.0
    correction: PerNetwork = 0.5
    disinhibition: float = 0.5
    learning_rate: PerNetwork = 0.02
    weight_scale: float = 1.5
    cut: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    recurrence: PerNetwork = 1.0

    theory = "mismatch_neurons"
    carrier: ClassVar[Carrier] = "error"
    plastic: ClassVar[Literal["always", "after settling"]] = "after settling"

    def __post_init__(self) -> None:
        check_names(self, INTERNEURONS)
        shares(self.theory, {"recurrence": self.recurrence})

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation neurons, both halves of the error, and interneurons of all areas."""
        return (
            *stacked("representation", self.sizes),
            *stacked("error", self.sizes, (("nPE", -1), ("pPE", 1))),
            *stacked("interneuron", self.sizes, tuple((name, 0) for name in INTERNEURONS)),
        )

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        rows = area_rows(self.sizes)
        everywhere = tuple((a, b) for a in rows for b in rows if a != b)
        return (
            self.ascending_axons("F"),
            Axons("representation", "V", everywhere, rows),
        )

    @cached_property
    def area_strengths(self) -> Strengths:
        """1 where bottom-up synapses exist; none reach the output, whose signal is the outcome."""
        return *chain(len(self.sizes))[:-1], (0.0,) * len(self.layers)

    @cached_property
    def plastic_synapses(self) -> Array:
        """How fast V changes, as shares of eta, (..., neuron predicted, neuron that predicts)."""
        area = np.repeat(np.arange(len(self.sizes)), self.sizes)
        share = np.where(area[:, None] == area, self.recurrence, 1.0)
        return np.asarray(self.plastic_rows * share)

    @cached_property
    def error_places(self) -> Places:
        """Where nPE and pPE stand among the error neurons."""
        return places(self.sizes, 2)

    @cached_property
    def interneuron_places(self) -> Places:
        """Where SST, VIP and PV stand among the interneurons."""
        return places(self.sizes, len(INTERNEURONS))

    def initial_weights(self, seed: int, networks: Sequence[int]) -> Weights:
        """Draw the synapses of untrained networks, in which nothing is predicted."""
        rngs = generators(seed, self.theory, networks)
        F = drawn_weights(rngs, self.projections, self.weight_scale)
        return Weights(F, np.zeros((len(F), sum(self.sizes), sum(self.sizes))))

    def rest(self, weights: Weights, streams: int) -> State:
        """Return the state in which all potentials are 0."""
        x = np.zeros((len(weights.V), streams, sum(self.sizes)))
        r = self.phi(x)
        error, interneuron = np.tile(x, 2), np.tile(x, len(INTERNEURONS))
        return State(x, r, error, interneuron, x, r, (r,) * self.timing.delay_steps)

    def step(self, weights: Weights, state: State, world: World) -> State:
        """Return the state one time step later."""
        r = world.kept("representation", self.phi(state.x))
        arriving, travelling = delayed(state.r_travelling, r)
        P = matvec(world.transmitted("V", weights.V), arriving)
        _, T = feedforward(world.transmitted("F", weights.F), world, arriving)
        T[..., self.output] = np.where(world.teaching, world.target, P[..., self.output])

        w = self.disinhibition
        at_sst, at_vip, at_pv = self.interneuron_places
        vip = acted_on(world, "interneuron", at_vip, P) * ("VIP" not in self.cut)
        sst = acted_on(world, "interneuron", at_sst, T - w * vip) * ("SST" not in self.cut)
        pv = acted_on(world, "interneuron", at_pv, P) * ("PV" not in self.cut)
        at_npe, at_ppe = self.error_places
        npe = np.maximum(acted_on(world, "error", at_npe, (1 - w) * P - sst), 0.0)
        ppe = np.maximum(acted_on(world, "error", at_ppe, T - pv), 0.0)

        mismatch = ppe - npe
        dx = -state.x + P + self.correction * mismatch + world.driven("representation")
        return State(
            state.x + self.timing.dt / self.tau * dx, r,
            side_by_side((npe, ppe), self.error_places),
            side_by_side((sst, vip, pv), self.interneuron_places),
            mismatch, arriving, travelling,
        )  # fmt: skip

    def learn(self, weights: Weights, before: State, after: State) -> Weights:  # noqa: ARG002
        """Return the synapses after the step that led to `after`."""
        dV = self.learning_rate * outer(after.mismatch, after.predicting) * self.plastic_synapses
        return replace(weights, V=weights.V + self.timing.dt * dV)
