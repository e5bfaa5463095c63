"""The synapses of the error microcircuit, and how those of untrained networks are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from errorneurons.simulate.arrays import Array, generator, own
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.parts.connectivity import spread
from errorneurons.simulate.parts.plasticity import (
    generators,
    lateral_weights,
    linked_pairs,
    start_weights,
    transposed,
)
from errorneurons.simulate.theories.error_parameters import ErrorParameters
from errorneurons.simulate.theories.error_places import CircuitPart


@dataclass(frozen=True)
class Weights:
    """The synapses. Dims (network, post, pre); the input stands before the areas in `W`.

    `F` is the low-passed weight change, `tuning` the slope and offset of each neuron, and
    `weight_noise` what `W` transmits too much, all only where the circuit uses them.
    """

    W: Array
    L_RE: Array
    L_ER: Array
    B: Array
    feedback_noise: Array
    F: Array | None = None
    tuning: Tuning | None = None
    error_tuning: Tuning | None = None
    weight_noise: Array | None = None

    @property
    def ascending(self) -> Array:
        """What forward synapses transmit."""
        return self.W if self.weight_noise is None else self.W + self.weight_noise


def drawn_synapses(c: ErrorParameters, seed: int, networks: Sequence[int]) -> Weights:
    """Draw the synapses of untrained networks of a circuit."""
    rngs = generators(seed, c.theory, networks)
    drawn = [_draw(c, rng, i) for i, rng in enumerate(rngs)]
    W, L_RE, L_ER, noise = (np.stack(x) for x in zip(*drawn, strict=True))
    B = refreshed(c, W, noise)
    spreads = [generator(seed, c.theory, n, "variability") for n in networks]
    tuning = c.amended(CircuitPart.varied, c.tuned, "representation", spreads, c.sizes)
    error_tuning = c.amended(CircuitPart.varied, None, "error", spreads, c.error_sizes)
    wrong = c.amended(CircuitPart.weight_noise, None, seed, c.theory, networks, c.strengths)
    return Weights(W, L_RE, L_ER, B, noise, None, tuning, error_tuning, wrong)


def _draw(
    c: ErrorParameters, rng: np.random.Generator, network: int
) -> tuple[Array, Array, Array, Array]:
    scale = own(c.weight_scale, network)
    area_strengths = np.asarray(own(np.asarray(c.area_strengths), network))
    W = start_weights(rng, spread(area_strengths, c.sizes, c.layers), scale)
    lateral_noise = own(c.lateral_noise, network)
    L_RE = lateral_weights(rng, c.error_sizes, c.sizes, lateral_noise)
    L_ER = lateral_weights(rng, c.sizes, c.error_sizes, lateral_noise)
    size = sum(c.error_sizes)
    drawn = rng.uniform(-1, 1, (size, size))
    descending = spread(area_strengths[:, 1:].T, c.error_sizes, c.error_sizes)
    if c.feedback == "fixed":
        fan_in = np.maximum(np.count_nonzero(descending, axis=1, keepdims=True), 1)
        B = drawn * descending * scale / np.sqrt(fan_in)
    else:
        B = drawn * own(c.feedback_noise, network) * (descending != 0)
    return W, L_RE, L_ER, c.amended(CircuitPart.fixed_feedback, B, drawn, c.output_error)


def refreshed(c: ErrorParameters, W: Array, noise: Array) -> Array:
    """Return the feedback B = W^T + noise; the noise alone where B does not follow W."""
    if not c.refreshes:
        return noise
    B, feedback = transposed(W, c.layers[0]), noise.copy()
    if c.error_sizes == c.sizes:
        for lower, higher in c.feedback_blocks:
            feedback[:, lower, higher] += B[:, lower, higher]
        return feedback
    # Neurons without a partner neither send nor receive the transposed part.
    E, R = linked_pairs(c.error_sizes, c.sizes)
    feedback[:, E[:, None], E] += B[:, R[:, None], R]
    return feedback
