"""What the two theories with apical errors share: somas, the output, W and B.

Both are strict hierarchies. Equations stand in `dendritic_pc` and `dendritic_microcircuit`.

The error of both is the apical potential of the representation neurons of all areas but the
output, so that is what role "error" means here: one entry a neuron, silencing it silences the
tuft, and driving it depolarises the tuft. The soma fires on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from errorneurons.simulate.arrays import Array, outer
from errorneurons.simulate.circuit import Axons, Carrier, Timing, World
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.parts.activations import Derivative
from errorneurons.simulate.parts.connectivity import spread
from errorneurons.simulate.parts.layered import ActivatedCircuit, LearningCircuit, RoutedCircuit
from errorneurons.simulate.parts.plasticity import drawn_weights, generators, transposed

ROUTES = ("error_feedback", "inhibition", "error_to_representation", "lookahead")


@dataclass(frozen=True)
class DendriticHierarchy(ActivatedCircuit, LearningCircuit, RoutedCircuit):
    """Parameters of somas and feedforward synapses in theories with apical errors.

    Attributes
    ----------
    g_leak, g_basal, g_apical, g_dendrite, g_interneuron, g_target
        Conductances [1/ms]; those of interneurons count only where there are some.
    learning_rates
        eta of each area [1/ms].
    feedback
        ``"transpose"`` of W plus noise, refreshed in every learning step, or ``"fixed"``.
    feedback_noise
        Half-width of the uniform noise on B.
    target
        What `World.target` holds: ``"rate"``, converted by the inverse of the output's phi, or
        ``"potential"``.
    cut
        Names of what is cut: ``"error_feedback"``, B r, ``"inhibition"``, that of tufts by their
        area, ``"error_to_representation"``, v_api at the soma, or ``"lookahead"``, which makes
        r = phi(u) of phi(u~).
    """

    layers: tuple[int, ...] = (10, 20, 15, 10, 5)
    activation: tuple[str, ...] = ("tanh", "tanh", "tanh", "tanh")
    timing: Timing = field(default_factory=Timing)
    g_leak: float = 0.03
    g_basal: float = 0.1
    g_apical: float = 0.02
    g_dendrite: float = 0.1
    g_interneuron: float = 0.06
    g_target: float = 0.06
    learning_rates: tuple[float, ...] = (0.2, 0.1, 0.05, 0.02)
    feedback: Literal["transpose", "fixed"] = "transpose"
    feedback_noise: float = 0.0
    weight_scale: float = 1.5
    target: Literal["rate", "potential"] = "rate"
    derivative: Derivative = "exact"
    cut: tuple[str, ...] = ()

    theory: ClassVar[str]
    has_interneurons: ClassVar[bool] = False
    """Whether interneurons inhibit the tufts, and not the representation neurons themselves."""
    carrier: ClassVar[Carrier] = "apical"
    plastic: ClassVar[Literal["always", "after settling"]] = "always"

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        return self.ascending_axons("W"), self.descending_axons("representation", "B")

    @cached_property
    def tau(self) -> Array:
        """Membrane time constants [ms], (neuron,), or (network, 1, neuron)."""
        passive, all_alike = self.g_leak + self.g_basal, np.ones(sum(self.sizes))
        # a conductance may differ from network to network, which one does not matter here
        tau: Array = 1 / (passive + self.g_apical + 0 * self.g_target) * all_alike
        tau[..., self.output] = 1 / (passive + self.g_target)
        return tau

    @cached_property
    def attenuation(self) -> Array:
        """c: the soma's share of the basal potential when nothing else drives it.

        Dims as those of `tau`.
        """
        c = self.g_basal * self.tau
        c[..., self.output] = self.g_basal / (self.g_leak + self.g_basal)
        return c

    @cached_property
    def tufted(self) -> slice:
        """Where the neurons with an apical potential stand: in all areas but the output."""
        return slice(0, self.output.start)

    def tuft(self, apical: Array, world: World) -> Array:
        """Return the apical potentials after what is done to the tufts."""
        own = apical[..., self.tufted] + world.driven("error")
        apical[..., self.tufted] = world.kept("error", own)
        return apical

    def lookahead(self, u: Array, u_before: Array) -> Array:
        """Return the potential that the soma is heading for."""
        return u_before + self.tau * (u - u_before) / self.timing.dt

    def fired(self, u: Array, u_ahead: Array, world: World) -> Array:
        """Return the rates of representation neurons."""
        r = self.phi(u if "lookahead" in self.cut else u_ahead)
        return world.kept("representation", r)

    def compared(self, feedback: Array, inhibition: Array, world: World) -> Array:
        """Return the apical potentials: what comes from above plus the (negative) inhibition."""
        apical = feedback * ("error_feedback" not in self.cut)
        return self.tuft(apical + inhibition * ("inhibition" not in self.cut), world)

    def target_potential(self, world: World) -> Array:
        """Return the potential that the teaching signal asks of the output."""
        if self.target == "potential":
            return world.target
        return self.phi.inverse(world.target, -1)

    def soma(self, u: Array, basal: Array, apical: Array, world: World) -> Array:
        """Return du/dt of all representation neurons."""
        out = self.output
        du = -u / self.tau + self.g_basal * basal
        du = du + self.g_apical * apical * ("error_to_representation" not in self.cut)
        taught = self.g_basal * basal[..., out] + self.g_target * self.target_potential(world)
        tau = self.tau[..., out]
        free = self.attenuation[..., out] * basal[..., out] / tau
        du[..., out] = np.where(world.teaching, taught, free) - u[..., out] / tau
        return du + world.driven("representation")

    def surprise(self, rule: str, u_ahead: Array, r: Array, basal_before: Array) -> Array:
        """Return what plasticity makes vanish: activity minus its prediction from below."""
        predicted = self.attenuation * basal_before
        return r - self.phi(predicted) if rule == "rate" else u_ahead - predicted

    def changed(self, W: Array, surprise: Array, presynaptic: Array) -> Array:
        """Return the feedforward synapses after one step of plasticity."""
        return W + self.timing.dt * self.eta * outer(surprise, presynaptic)

    def start(self, seed: int, theory: str, networks: Sequence[int]) -> tuple[Array, Array, Array]:
        """Draw W, B and the lasting noise on B of untrained networks of a theory."""
        rngs = generators(seed, theory, networks)
        W = drawn_weights(rngs, self.strengths, self.weight_scale)
        descending = self.feedback_strengths
        drawn = np.stack([rng.uniform(-1, 1, descending.shape) for rng in rngs])
        if self.feedback == "fixed":
            fan_in = np.maximum(np.count_nonzero(descending, axis=1, keepdims=True), 1)
            return W, drawn * descending * self.weight_scale / np.sqrt(fan_in), 0.0 * drawn
        noise = drawn * descending * self.feedback_noise
        return W, self.refreshed(W, noise), noise

    def refreshed(self, W: Array, noise: Array) -> Array:
        """Return the feedback synapses as the transpose of W plus noise."""
        return transposed(W, self.layers[0]) + noise

    def sweep(self, weights: Any) -> Sweep:
        """Return the feedforward sweep that inference is where the apical potentials cancel."""
        at_rest = f"{self.theory} has feedback at rest"
        return Sweep(self.layers, weights.W, self.attenuation, self.phi.with_slope, at_rest)

    def of_post(self, values: Array) -> Array:
        """Return values of neurons as factors on the synapses that they receive."""
        return np.swapaxes(np.atleast_2d(values), -1, -2)

    def ideal_prediction(self, B: Array, W: Array) -> Array:
        """Return c B W: what an area must subtract to cancel the feedback it causes itself."""
        recurrent = W[:, :, self.layers[0] :]
        cancel: Array = np.matmul(B, self.of_post(self.attenuation) * recurrent)
        return cancel


def within_areas(rates: tuple[float, ...], sizes: tuple[int, ...]) -> Array:
    """Return the rates of lateral plasticity in the hidden areas, (neuron, neuron)."""
    table = np.diag([*rates, 0.0])
    return spread(table, sizes, sizes)
