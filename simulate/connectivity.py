"""Which areas project to which, and how strongly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from errorneurons.simulate.circuit import Array

Strengths = tuple[tuple[float, ...], ...]


def chain(areas: int) -> Strengths:
    """Return the strengths of a strict hierarchy: each area projects to the next one only.

    Returns
    -------
    Strengths
        (target area, source), the input being source 0 and area k source k.
    """
    return tuple(tuple(float(s == t) for s in range(areas + 1)) for t in range(areas))


def spread(strengths: Strengths | Array, post: Sequence[int], pre: Sequence[int]) -> Array:
    """Return strengths from neuron to neuron, (post, pre), from strengths from area to area."""
    return np.repeat(np.repeat(np.asarray(strengths, float), post, axis=0), pre, axis=1)
