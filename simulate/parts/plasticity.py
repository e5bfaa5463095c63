"""What theories share in how synapses start and change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, PerNetwork, area_slices, generator, outer, own
from errorneurons.simulate.parts.connectivity import Strengths, spread

Index = npt.NDArray[np.intp]
Grading = Literal["strength", "hierarchical", "uniform"]
Rates = tuple[float, ...] | Strengths


def is_table(rates: Rates) -> bool:
    """Return whether learning rates are given for each projection and not for each area."""
    return bool(rates) and not np.isscalar(rates[0])


def learning_rates(rates: Rates, strengths: Strengths | Array, grading: Grading) -> Array:
    """Return the learning rate of each projection, (..., target area, input or area) [1/ms].

    Parameters
    ----------
    rates
        One rate an area, or a table with one a projection, which is used as it is.
    strengths
        Strengths of the projections.
    grading
        ``"strength"``: times the strength of the projection; ``"hierarchical"``: plastic
        between adjacent areas only; ``"uniform"``: the same for all projections that exist.
    """
    if is_table(rates):
        return np.asarray(rates, float)
    strength = np.asarray(strengths, float)
    grades = {
        "strength": strength,
        "hierarchical": np.eye(*strength.shape[-2:]) * (strength != 0),
        "uniform": (strength != 0).astype(float),
    }
    graded: Array = np.asarray(rates, float)[:, None] * grades[grading]
    return graded


def one_to_one(post: Sequence[int], pre: Sequence[int]) -> Array:
    """Return synapses that link the n-th neurons of two populations in each area, (post, pre).

    Where one population is larger, its last neurons are left without a partner.
    """
    links = np.zeros((sum(post), sum(pre)))
    for rows, columns in zip(area_slices(post), area_slices(pre), strict=True):
        links[rows, columns] = np.eye(rows.stop - rows.start, columns.stop - columns.start)
    return links


def linked_pairs(post: Sequence[int], pre: Sequence[int]) -> tuple[Index, Index]:
    """Return the indices of the neurons that `one_to_one` links, (pair,) post and pre."""
    rows, columns = np.nonzero(one_to_one(post, pre))
    return rows, columns


def start_weights(rng: np.random.Generator, strengths: Array, scale: PerNetwork) -> Array:
    """Draw U(-1, 1) * scale / sqrt(fan-in), graded by strength, (post, pre)."""
    fan_in = np.count_nonzero(strengths, axis=1, keepdims=True)
    W = rng.uniform(-1, 1, strengths.shape) * strengths
    return W * (scale / np.sqrt(np.maximum(fan_in, 1)))


def generators(seed: int, theory: str, networks: Sequence[int]) -> list[np.random.Generator]:
    """Return what draws the synapses of a theory's untrained networks, one a network."""
    return [generator(seed, theory, n, "weights") for n in networks]


def drawn_weights(
    rngs: Sequence[np.random.Generator], strengths: Array, scale: PerNetwork
) -> Array:
    """Draw the synapses of networks, each as `start_weights` does, (network, post, pre)."""
    drawn = [
        start_weights(rng, np.asarray(own(strengths, i)), own(scale, i))
        for i, rng in enumerate(rngs)
    ]
    return np.stack(drawn)


def blocks(table: Array, post: Sequence[int]) -> tuple[tuple[slice, slice], ...]:
    """Return, for each postsynaptic area, where the presynaptic neurons it is linked to stand.

    Parameters
    ----------
    table
        0 where there is no synapse, (..., post, pre).
    post
        Neurons of each postsynaptic area.

    Returns
    -------
    tuple
        Rows and columns, one pair for each area that has synapses.
    """
    linked = np.any(table, axis=tuple(range(table.ndim - 2)))
    found = []
    for rows in area_slices(post):
        columns = np.flatnonzero(linked[rows].any(axis=0))
        if len(columns):
            found.append((rows, slice(int(columns[0]), int(columns[-1]) + 1)))
    return tuple(found)


def changed(
    W: Array, eta: Array, post: Array, pre: Array, where: tuple[tuple[slice, slice], ...]
) -> Array:
    """Return ``W + eta * outer(post, pre)``, computed where `blocks` says that there are synapses.

    Parameters
    ----------
    W
        (network, post, pre).
    eta
        Learning rate times the step, (post, pre) or (network, post, pre).
    post, pre
        (network, stream, neuron).
    where
        From `blocks`; areas project to few others, so this is most of the time that learning takes.
    """
    new = W.copy()
    for rows, columns in where:
        change = outer(post[..., rows], pre[..., columns])
        new[:, rows, columns] += eta[..., rows, columns] * change
    return new


def lateral_weights(
    rng: np.random.Generator, post: Sequence[int], pre: Sequence[int], noise: PerNetwork
) -> Array:
    """Draw one-to-one synapses plus U(-noise, noise) between all neurons of an area."""
    within = spread(np.eye(len(post)), post, pre)
    return one_to_one(post, pre) + within * rng.uniform(-1, 1, within.shape) * noise


def transposed(W: Array, inputs: int) -> Array:
    """Return the transpose of the synapses between areas, those from the input left out.

    Parameters
    ----------
    W
        (network, neuron, input + neuron).
    inputs
        Number of input neurons.

    Returns
    -------
    Array
        (network, neuron, neuron).
    """
    return np.swapaxes(W[:, :, inputs:], -1, -2)
