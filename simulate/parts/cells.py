"""Single neurons: several classes in one role and area, and how cells of a class vary.

Populations of one role stand area after area, and within an area class after class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Role, World
from errorneurons.simulate.parts.activations import Tuning

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


def side_by_side(rates: Sequence[Array], where: Places) -> Array:
    """Return the rates of all classes in one array, (network, stream, neuron of the role)."""
    together: Array = np.concatenate(rates, axis=-1)[..., np.argsort(np.concatenate(where))]
    return together


def acted_on(world: World, role: Role, at: npt.NDArray[np.intp], drive: Array) -> Array:
    """Return the drive of one class of neurons after what is injected and silenced."""
    if role in world.current:
        drive = drive + world.current[role][..., at]
    return drive * world.keep[role][..., at] if role in world.keep else drive


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
