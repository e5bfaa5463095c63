"""The gradient that backpropagation would follow, in the units of a circuit, in closed form.

What a circuit computes without teaching, once settled, is a feedforward sweep with its gains:

======== ==================================================================
forward  u_l = c_l sum_k W_lk r_k,  r = phi(u),  the input is r_0
loss     E = 1/2 sum (t - s r_L)^2,  s the span of the output
backward delta_L = s phi'(u_L) (t - s r_L),  delta_k = phi'(u_k) sum_l W_lk^T c_l delta_l
gradient -dE/dW_lk = c_l delta_l r_k^T
======== ==================================================================

Each potential u_l depends on areas below l only, so that the areas are swept one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from errorneurons.simulate.arrays import Array, area_slices, matvec, outer
from errorneurons.simulate.parts.dendritic import DendriticHierarchy
from errorneurons.simulate.theories.burst_dependent import BurstDependent
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.prospective_configuration import ProspectiveConfiguration
from errorneurons.simulate.theories.supervised_pc import SupervisedPC


@dataclass(frozen=True)
class Sweep:
    """The feedforward sweep that a circuit settles in.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    gains
        c of each neuron, (..., neuron).
    rate
        Potentials -> rates and slopes, of all neurons.
    read
        Rates of the output area -> the output; affine.
    span
        s, the derivative of `read`.
    """

    layers: tuple[int, ...]
    gains: Array
    rate: Callable[[Array], tuple[Array, Array]]
    read: Callable[[Array], Array]
    span: float = 1.0

    def forward(self, W: Array, inputs: Array) -> tuple[Array, Array]:
        """Return presynaptic rates, input first, and slopes, (network, stream, neuron)."""
        n, size = self.layers[0], sum(self.layers[1:])
        shape = (len(W), inputs.shape[1])
        shown = np.broadcast_to(inputs, (*shape, n))
        presynaptic = np.concatenate([shown, np.zeros((*shape, size))], axis=-1)
        u = np.zeros((*shape, size))
        for area in area_slices(self.layers[1:]):
            u[..., area] = (self.gains * matvec(W, presynaptic))[..., area]
            presynaptic[..., n + area.start : n + area.stop] = self.rate(u)[0][..., area]
        return presynaptic, self.rate(u)[1]

    def output(self, W: Array, inputs: Array) -> Array:
        """Return the output, (network, stream, output neuron)."""
        return self.read(self.forward(W, inputs)[0][..., -self.layers[-1] :])

    def negative_gradient(self, W: Array, inputs: Array, target: Array) -> Array:
        """Return -dE/dW, summed over streams, (network, post, pre); 0 where there is no synapse.

        Parameters
        ----------
        W
            Forward synapses, (network, neuron, input + neuron); an absent synapse is 0.
        inputs, target
            (network, stream, input or output neuron).
        """
        presynaptic, slope = self.forward(W, inputs)
        recurrent = np.swapaxes(W[:, :, self.layers[0] :], -1, -2)
        delta = np.zeros(slope.shape)
        areas = area_slices(self.layers[1:])
        missed = target - self.read(presynaptic[..., -self.layers[-1] :])
        delta[..., areas[-1]] = self.span * slope[..., areas[-1]] * missed
        for area in areas[-2::-1]:
            delta[..., area] = (slope * matvec(recurrent, self.gains * delta))[..., area]
        gradient: Array = outer(self.gains * delta, presynaptic) * (W != 0)
        return gradient


def sweep_of(circuit: Any, weights: Any = None) -> Sweep | None:
    """Return the feedforward sweep of a circuit, None if its inference is not one.

    Neurons that differ in slope and offset are those of `weights`.

    Hierarchical predictive coding infers causes by relaxation, and mismatch neurons predict from
    all areas at once: neither has a feedforward output whose gradient could be compared.
    """
    if isinstance(circuit, ProspectiveConfiguration):
        return sweep_of(circuit.network, weights)
    if isinstance(circuit, BurstDependent):
        return Sweep(circuit.layers, np.ones(1), _logistic, _about_midpoint, 2.0)
    gains: Array
    if isinstance(circuit, ErrorMicrocircuit):
        gains = np.asarray(circuit.g_basal * circuit.tau, float).reshape(-1, 1, 1)
    elif isinstance(circuit, DendriticHierarchy):
        gains = circuit.attenuation
    elif isinstance(circuit, SupervisedPC):
        gains = np.ones(1)
    else:
        return None
    tuned = partial(circuit.phi.with_slope, tuning=getattr(weights, "tuning", None))
    return Sweep(circuit.layers, gains, tuned, np.asarray)


def _logistic(u: Array) -> tuple[Array, Array]:
    e = expit(u)
    return e, e * (1 - e)


def _about_midpoint(e: Array) -> Array:
    return 2 * e - 1
