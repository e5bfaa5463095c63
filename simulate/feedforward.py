"""The feedforward sweep that a circuit settles in, and its gradient, in closed form.

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

import numpy as np

from errorneurons.simulate.arrays import Array, area_slices, matvec, outer


@dataclass(frozen=True)
class Sweep:
    """The feedforward sweep that a circuit settles in.

    Attributes
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    W
        What forward synapses transmit, (network, neuron, input + neuron); absent ones are 0.
    gains
        c of each neuron, (..., neuron).
    rate
        Potentials -> rates and slopes, of all neurons.
    disturbed
        What makes the circuit settle elsewhere even without teaching; empty if nothing does.
    read
        Rates of the output area -> the output; affine.
    span
        s, the derivative of `read`.
    """

    layers: tuple[int, ...]
    W: Array
    gains: Array
    rate: Callable[[Array], tuple[Array, Array]]
    disturbed: str = ""
    read: Callable[[Array], Array] = np.asarray
    span: float = 1.0

    def settled(self, inputs: Array) -> tuple[Array, Array]:
        """Return what representation neurons settle to without a teaching signal.

        All trials at once, without stepping through time.

        Parameters
        ----------
        inputs
            Rates of the input, (network or 1, trial, input neuron).

        Returns
        -------
        tuple
            Potentials and rates, each (network, trial, neuron).

        Raises
        ------
        ValueError
            If errors descend without a teaching signal: then only stepping finds the state.
        """
        if self.disturbed:
            raise ValueError(f"{self.disturbed}; step the circuit until it settles")
        u, presynaptic = self._forward(inputs)
        return u, presynaptic[..., self.layers[0] :]

    def _forward(self, inputs: Array) -> tuple[Array, Array]:
        """Return potentials, and presynaptic rates, input first, (network, stream, neuron)."""
        n, size = self.layers[0], sum(self.layers[1:])
        shape = (len(self.W), inputs.shape[1])
        shown = np.broadcast_to(inputs, (*shape, n))
        presynaptic = np.concatenate([shown, np.zeros((*shape, size))], axis=-1)
        u = np.zeros((*shape, size))
        for area in area_slices(self.layers[1:]):
            reach = n + area.start
            basal = matvec(self.W[..., :reach], presynaptic[..., :reach])
            u[..., area] = (self.gains * basal)[..., area]
            presynaptic[..., reach : n + area.stop] = self.rate(u)[0][..., area]
        return u, presynaptic

    def output(self, inputs: Array) -> Array:
        """Return the output, (network, stream, output neuron)."""
        return self.read(self._forward(inputs)[1][..., -self.layers[-1] :])

    def negative_gradient(self, inputs: Array, target: Array) -> Array:
        """Return -dE/dW, summed over streams, (network, post, pre); 0 where there is no synapse.

        Parameters
        ----------
        inputs, target
            (network, stream, input or output neuron).
        """
        u, presynaptic = self._forward(inputs)
        slope = self.rate(u)[1]
        recurrent = np.swapaxes(self.W[:, :, self.layers[0] :], -1, -2)
        delta = np.zeros(slope.shape)
        areas = area_slices(self.layers[1:])
        missed = target - self.read(presynaptic[..., -self.layers[-1] :])
        delta[..., areas[-1]] = self.span * slope[..., areas[-1]] * missed
        for area in areas[-2::-1]:
            delta[..., area] = (slope * matvec(recurrent, self.gains * delta))[..., area]
        gradient: Array = outer(self.gains * delta, presynaptic) * (self.W != 0)
        return gradient
