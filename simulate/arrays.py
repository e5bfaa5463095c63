"""Arrays of many networks: where areas stand, products, delays, some networks of many; randomness.

Rates and potentials have dims (network, stream, neuron), synapses (network, post, pre); the neurons
of all areas stand side by side, lowest area first.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
PerNetwork = float | Array
"""A parameter: one value for all networks, or one a network, (network, 1, 1)."""


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the random generator of one purpose.

    Every random number of the package comes from here. Two purposes never share a stream, and a
    stream depends on its own purpose alone: not on how many networks run together, nor in which
    order. An ablated circuit passes the name of its intact theory and so shares its networks.

    Parameters
    ----------
    seed
        The seed of the whole run.
    purpose
        What the numbers are for, e.g. ``("error_microcircuit", 3, "weights")``.

    Examples
    --------
    >>> a, b = generator(1, "task", 0), generator(1, "task", 0)
    >>> bool(a.normal() == b.normal())
    True
    """
    key = tuple(zlib.crc32(p.encode()) if isinstance(p, str) else p for p in purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def own(value: PerNetwork, network: int) -> PerNetwork:
    """Return a parameter's value for one network, the one that all share if they share it."""
    if isinstance(value, np.ndarray) and value.ndim == 3:
        return np.asarray(value[network if len(value) > 1 else 0])
    return value


def of_networks(thing: T, index: npt.ArrayLike, count: int) -> T:
    """Return what some of the networks have of a thing: circuit, synapses, task or state.

    Parameters
    ----------
    thing
        Arrays, or a dataclass, tuple or mapping that holds arrays. What is not an array with
        `count` entries along its first dimension belongs to all networks alike and is kept.
    index
        Which networks, in which order; one may come several times.
    count
        How many networks `thing` is of.
    """
    return cast("T", _of_networks(thing, np.asarray(index, dtype=np.int64), count))


def _of_networks(thing: Any, index: npt.NDArray[np.int64], count: int) -> Any:
    if isinstance(thing, np.ndarray):
        return thing[index] if len(thing) == count else thing
    if isinstance(thing, Mapping):
        return {name: _of_networks(x, index, count) for name, x in thing.items()}
    if isinstance(thing, tuple):
        parts = [_of_networks(x, index, count) for x in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else tuple(parts)
    if is_dataclass(thing) and not isinstance(thing, type):
        changed = {f.name: _of_networks(getattr(thing, f.name), index, count)
                   for f in fields(thing) if f.init}  # fmt: skip
        return replace(thing, **changed)
    return thing


def area_rows(sizes: Sequence[int]) -> dict[str, slice]:
    """Return where the neurons of ``"area 1"``, ``"area 2"``, ... stand side by side."""
    return {f"area {n}": where for n, where in enumerate(area_slices(sizes), start=1)}


def area_slices(sizes: Sequence[int]) -> tuple[slice, ...]:
    """Return where the neurons of each area stand when all areas stand side by side."""
    ends = np.cumsum(sizes)
    return tuple(slice(int(e - n), int(e)) for e, n in zip(ends, sizes, strict=True))


def matvec(weights: Array, rates: Array) -> Array:
    """Return ``weights @ rates`` for every network and stream.

    Parameters
    ----------
    weights
        (network, post, pre).
    rates
        (network, stream, pre).

    Returns
    -------
    Array
        (network, stream, post).
    """
    product: Array = np.matmul(rates, np.swapaxes(weights, -1, -2))
    return product


def outer(post: Array, pre: Array) -> Array:
    """Return the sum over streams of ``outer(post, pre)``: dims (network, post, pre)."""
    if post.shape[1] == 1:  # five times as fast as a matrix product with one column
        return post[:, 0, :, None] * pre[:, 0, None, :]
    product: Array = np.matmul(np.swapaxes(post, -1, -2), pre)
    return product


def delayed(history: tuple[Array, ...], now: Array) -> tuple[Array, tuple[Array, ...]]:
    """Return what arrives after an axonal delay of ``len(history)`` steps, and the new history."""
    line = (*history, now)
    return line[0], line[1:]


T = TypeVar("T")
