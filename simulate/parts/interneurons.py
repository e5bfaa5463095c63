"""Interneurons that mirror the area above, in a theory with apical errors.

Equations stand in `dendritic_microcircuit`; the interneurons of all areas but the output stand
side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Population
from errorneurons.simulate.parts.activations import AreaActivations
from errorneurons.simulate.parts.connectivity import spread
from errorneurons.simulate.parts.dendritic import DendriticHierarchy
from errorneurons.simulate.parts.layered import stacked


@dataclass(frozen=True)
class MirroredHierarchy(DendriticHierarchy):
    """A hierarchy with apical errors in which interneurons mirror the area above.

    Attributes
    ----------
    interneuron_rates
        eta_IP of each hidden area [1/ms].
    inhibition_rates
        eta_PI of each hidden area [1/ms].
    """

    interneuron_rates: tuple[float, ...] = (0.2, 0.1, 0.05)
    inhibition_rates: tuple[float, ...] = (0.0, 0.0, 0.0)

    has_interneurons = True

    @property
    def populations(self) -> tuple[Population, ...]:
        """Representation neurons of all areas, apical errors and interneurons of all but one."""
        own = stacked("representation", self.sizes)
        errors = stacked("error", self.sizes[:-1])
        return own + errors + stacked("interneuron", self.sizes[1:])

    @cached_property
    def mirrored(self) -> slice:
        """Where the neurons stand that interneurons mirror: all areas but the lowest."""
        return slice(self.sizes[0], None)

    @cached_property
    def phi_interneuron(self) -> AreaActivations:
        """Activation functions of the interneurons: those of the area above."""
        return AreaActivations(self.activation[1:], self.sizes[1:], self.derivative)

    @cached_property
    def tau_interneuron(self) -> float:
        """Membrane time constant of interneurons [ms]."""
        return 1 / (self.g_leak + self.g_dendrite + self.g_interneuron)

    @cached_property
    def attenuation_interneuron(self) -> float:
        """c_I: the soma's share of the dendritic potential when nothing else drives it."""
        return self.g_dendrite / (self.g_leak + self.g_dendrite)

    @cached_property
    def eta_interneuron(self) -> Array:
        """Learning rate of the synapses onto interneurons [1/ms], (interneuron, neuron)."""
        return self._laterally(self.interneuron_rates)

    @cached_property
    def eta_inhibition(self) -> Array:
        """Learning rate of the synapses of interneurons [1/ms], (neuron, interneuron)."""
        return self._laterally(self.inhibition_rates).T

    def _laterally(self, rates: tuple[float, ...]) -> Array:
        table = np.eye(len(rates), len(self.sizes)) * np.asarray(rates, float)[:, None]
        return spread(table, self.sizes[1:], self.sizes)

    def mirror_rate(self, u_interneuron: Array) -> Array:
        """Return the rates of interneurons, of which there may be none."""
        return self.phi_interneuron(u_interneuron) if u_interneuron.shape[-1] else u_interneuron

    def self_predicting(self, W: Array, B: Array) -> tuple[Array, Array]:
        """Return W^IP and B^PI with which the network predicts itself."""
        return self.ideal_mirror(W), self.opposed(B)

    def ideal_mirror(self, W: Array) -> Array:
        """Return W^IP with which interneurons mirror the area above."""
        c = self.of_post(self.attenuation[..., self.mirrored]) / self.attenuation_interneuron
        return c * W[:, self.mirrored, self.layers[0] :]

    def opposed(self, B: Array) -> Array:
        """Return B^PI that cancels the feedback B."""
        return -B[:, :, self.mirrored]
