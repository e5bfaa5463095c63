"""How well feedback synapses agree with the forward synapses that they answer.

With feedback alignment B never changes, and W turns towards it while the network learns
(Lillicrap et al., Nature Communications 7:13276, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from errorneurons.simulate.arrays import Array, area_slices


def feedback_angles(layers: Sequence[int], W: Array, B: Array) -> Array:
    """Return the angle between feedback and the transpose of the forward synapses.

    Parameters
    ----------
    layers
        Neurons in the input and in each area, lowest first.
    W
        Forward synapses, (network, neuron, input + neuron).
    B
        Feedback synapses, (network, neuron, neuron).

    Returns
    -------
    Array
        Dims (network, lower area, higher area) [deg]; 0 is W^T, 90 is unrelated. NaN where one of
        the two has no synapses.

    Raises
    ------
    ValueError
        If the shapes do not fit, e.g. because populations of error neurons have sizes of their
        own.
    """
    areas, inputs = area_slices(layers[1:]), layers[0]
    size = sum(layers[1:])
    if W.shape[1:] != (size, inputs + size) or B.shape[1:] != (size, size):
        raise ValueError(
            f"W has shape {W.shape} and B {B.shape} for layers {tuple(layers)}; give "
            f"(network, {size}, {inputs + size}) and (network, {size}, {size})"
        )
    up = np.swapaxes(W[:, :, inputs:], -1, -2)
    angles = np.full((len(W), len(areas), len(areas)), np.nan)
    for lower, low in enumerate(areas):
        for higher in range(lower + 1, len(areas)):
            angles[:, lower, higher] = _angle(up[:, low, areas[higher]], B[:, low, areas[higher]])
    return angles


def _angle(one: Array, other: Array) -> Array:
    one, other = (x.reshape(len(x), -1) for x in (one, other))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    known = lengths > 0
    cosine = (one * other).sum(axis=1) / np.where(known, lengths, 1.0)
    angle: Array = np.where(known, np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.nan)
    return angle
