"""What the two theories of bursts share: ensembles that send events up and bursts down.

Role "error" is p - p at rest: silencing it holds the burst probability at rest, driving it adds to
it. Rates of role "representation" are 2 e - 1, the events about their midpoint, so that the output
spans the range of the targets. Equations stand in `burst_dependent` and `burst_balanced`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from scipy.special import expit, logit

from errorneurons.simulate.arrays import Array, PerNetwork
from errorneurons.simulate.circuit import Axons, Carrier
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.activations import AreaActivations
from errorneurons.simulate.parts.layered import LearningCircuit, PairedCircuit, RoutedCircuit
from errorneurons.simulate.parts.plasticity import drawn_weights, generators, transposed
from errorneurons.simulate.refusing import all_known, known, lengths


def centred(e: Array) -> Array:
    """Return events about their midpoint, the rates of role "representation"."""
    return 2 * e - 1


def bursting(apical: Array, at_rest: PerNetwork) -> Array:
    """Return p - p at rest of dendrites with an input; exactly 0, not to rounding, without one."""
    found: Array = np.where(apical == 0, 0.0, expit(apical + logit(at_rest)) - at_rest)
    return found


class BurstingCircuit(PairedCircuit, LearningCircuit, RoutedCircuit):
    """A layered circuit of ensembles; it adds no parameter to those of the theory.

    Each ensemble stands there twice, its events as a representation neuron, its bursts as an error.

    Attributes
    ----------
    layers
        Ensembles in the input and in each area, lowest first.
    beta
        Gain of the apical dendrites.
    learning_rates
        eta of each area [1/ms].
    feedback
        ``"transpose"`` of W, refreshed in every learning step, or ``"fixed"``.
    """

    feedback: Literal["transpose", "fixed"]
    weight_scale: float

    theory: ClassVar[str]
    carrier: ClassVar[Carrier] = "burst_probability"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    def check_ensembles(self, routes: tuple[str, ...]) -> None:
        """Refuse learning rates that do not fit the areas, unknown feedback, unknown routes.

        Raises
        ------
        ValueError
            If one of these is so.
        """
        lengths("learning_rates", self.learning_rates, len(self.sizes))
        known(f"feedback of {self.theory}", self.feedback, ("transpose", "fixed"))
        all_known(f"cut of {self.theory}", self.cut, routes)

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        # an ensemble's events travel up and its bursts down, whichever name it is aimed at by
        return (
            self.ascending_axons("W"),
            self.descending_axons("representation", "Y"),
            self.descending_axons("error", "Y"),
        )

    def drawn_synapses(self, seed: int, networks: Sequence[int]) -> tuple[Array, Array]:
        """Draw W and Y of untrained networks, (network, post, pre)."""
        rngs = generators(seed, self.theory, networks)
        W = drawn_weights(rngs, self.strengths, self.weight_scale)
        if self.feedback == "transpose":
            return W, transposed(W, self.layers[0])
        return W, drawn_weights(rngs, self.feedback_strengths, self.weight_scale)

    def wanted(self, target: Array) -> Array:
        """Return the events of the output that stand for a target."""
        return (1 + target) / 2

    def sweep_of(self, W: Array, disturbed: str = "") -> Sweep:
        """Return the feedforward sweep that inference is, see `Sweep`."""
        logistic = AreaActivations(("logistic",) * len(self.sizes), self.sizes).with_slope
        return Sweep(self.layers, W, np.ones(1), logistic, disturbed, centred, span=2.0)
