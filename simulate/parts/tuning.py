"""Slopes and offsets of single neurons, and how they vary from neuron to neuron."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from errorneurons.simulate.circuit import Array
from errorneurons.simulate.parts.activations import Tuning


def per_neuron(what: str, values: Sequence[float | Sequence[float]], sizes: Sequence[int]) -> Array:
    """Return one value a neuron, (neuron,), from one an area or one a neuron of each area.

    Raises
    ------
    ValueError
        If an area has a list that does not have one value for each of its neurons.
    """
    spread = []
    for area, (value, size) in enumerate(zip(values, sizes, strict=True), start=1):
        found = np.asarray(value, float)
        if found.ndim and found.shape != (size,):
            raise ValueError(
                f"{what} of area {area} has {found.size} values for {size} neurons; "
                "give one value for the area or one for each neuron"
            )
        spread.append(np.broadcast_to(found, (size,)))
    return np.concatenate(spread)


def vary(
    rngs: Sequence[np.random.Generator], sizes: Sequence[int], sigma: float, base: Tuning | None
) -> Tuning | None:
    """Draw slopes ~ N(1, sigma) and offsets ~ N(0, sigma), one neuron by one.

    Parameters
    ----------
    rngs
        One generator a network.
    sizes
        Neurons of each area.
    sigma
        Spread of both; 0 returns `base`.
    base
        Slopes that are multiplied and offsets that are added to; default 1 and 0.
    """
    if sigma == 0:
        return base
    drawn = np.stack([rng.normal(0, sigma, (2, 1, sum(sizes))) for rng in rngs])
    slope, offset = (1.0, 0.0) if base is None else base
    return Tuning(slope * (1 + drawn[:, 0]), offset + drawn[:, 1])
