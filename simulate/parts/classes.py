"""Neurons of several classes in one role and area, such as the two signs of an error.

Populations of one role stand area after area, and within an area class after class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.circuit import Array, Role, World

Places = tuple[npt.NDArray[np.intp], ...]


def places(sizes: Sequence[int], classes: int) -> Places:
    """Return where the neurons of each class stand among all neurons of their role.

    Parameters
    ----------
    sizes
        Neurons of one class in each area, the same for all classes.
    classes
        Number of classes.

    Examples
    --------
    >>> places((2, 1), 2)
    (array([0, 1, 4]), array([2, 3, 5]))
    """
    starts = classes * np.cumsum([0, *sizes[:-1]])
    return tuple(
        np.concatenate([s + c * n + np.arange(n) for s, n in zip(starts, sizes, strict=True)])
        for c in range(classes)
    )


def beside(rates: Sequence[Array], where: Places) -> Array:
    """Return the rates of all classes in one array, (network, stream, neuron of the role)."""
    together = np.empty((*rates[0].shape[:-1], sum(len(w) for w in where)))
    for own, at in zip(rates, where, strict=True):
        together[..., at] = own
    return together


def acted_on(world: World, role: Role, at: npt.NDArray[np.intp], drive: Array) -> Array:
    """Return the drive of one class of neurons after what is injected and silenced."""
    if role in world.current:
        drive = drive + world.current[role][..., at]
    return drive * world.keep[role][..., at] if role in world.keep else drive
