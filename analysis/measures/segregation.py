"""Whether two responses are carried by the same cells.

For the energies a and b of two responses of each cell, measured in different trials,

    N = mean over cells of a b,        M = mean over pairs of different cells of a b.

Both are unbiased, also if a and b are noisy. N / M is 1 if a and b have nothing to do with each
other, above 1 if some cells respond more to everything, and 0 if no cell has both. With
a and b in units of their means, and s = (b - a) / (b + a), it is E[g^2 (1 - s^2)] / 4, g = a + b.
If the density of s has one peak and g is independent of s, then E s = 0, the variance of s is 1/3
at most, and N / M is 2/3 or more: of all densities with one peak on [-1, 1] and mean 0 the even one
is widest. Less than 2/3 needs two peaks, or responses whose size depends on what they are to.

N and M are products of energies. Divided by the geometric mean of both sizes they are energies
again, in which animals differ as they do in responses, and not by the square.
"""

from __future__ import annotations

import numpy as np

from errorneurons.analysis.measures import gaps
from errorneurons.analysis.measures.energies import Picked, Response, unit_energies
from errorneurons.analysis.statistics import Floats

ONE_PEAK = 2 / 3
"""The least N / M of cells whose selectivity has one peak."""


def unit_energies_of_difference(first: Response, second: Response) -> Floats:
    """Return the energy of the difference of two conditions of each unit, (unit,).

    Averaged over the stimuli of which both have two trials or more. The conditions share no trial.

    Examples
    --------
    >>> import numpy as np
    >>> on, off = np.array([[3.0, 1.0], [3.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])
    >>> unit_energies_of_difference({"a": on}, {"a": off}).tolist()
    [4.0, 0.0]
    """
    if isinstance(first, Picked) and isinstance(second, Picked):
        a, b = first.pattern, second.pattern
        if a.stimuli.names == b.stimuli.names and a.stimuli.repeated and b.stimuli.repeated:
            every = a.energies + b.energies - 2 * a.overlap(b)
            return np.asarray(every[first.cells])
    shared = [
        name for name in first if name in second and min(len(first[name]), len(second[name])) >= 2
    ]
    if not shared:
        return np.empty(0)
    mine, other = ({name: part[name] for name in shared} for part in (first, second))
    if gaps.has_gaps(mine, other):
        return gaps.unit_energies_of_difference_there(mine, other)
    products = [mine[name].mean(axis=0) * other[name].mean(axis=0) for name in shared]
    return np.asarray(unit_energies(mine) + unit_energies(other) - 2 * np.mean(products, axis=0))


def unit_energies_of_contrast(first: Response, second: Response, *control: Response) -> Floats:
    """Return the energy of first - second of each unit, that of a control block taken off, (unit,).

    Averaged over the stimuli of which all have two trials or more. No two share a trial.

    Parameters
    ----------
    first, second
        Responses in the two conditions that are compared.
    control
        What stands for each of them in a control block; none if nothing is to be taken off.

    Examples
    --------
    >>> import numpy as np
    >>> on, off = np.array([[3.0, 4.0], [3.0, 4.0]]), np.ones((2, 2))
    >>> adapted = np.array([[1.0, 4.0], [1.0, 4.0]])
    >>> unit_energies_of_contrast({"a": on}, {"a": off}, {"a": adapted}, {"a": off}).tolist()
    [4.0, 0.0]
    """
    if not control:
        return unit_energies_of_difference(first, second)
    parts = first, second, *control
    shared = [name for name in first if all(len(p[name]) >= 2 if name in p else 0 for p in parts)]
    if not shared:
        return np.empty(0)
    own = [{name: part[name] for name in shared} for part in parts]
    means = np.array([[part[name].mean(axis=0) for name in shared] for part in own])
    whole = np.tensordot([1.0, -1.0, -1.0, 1.0], means, axes=1)
    products = (whole**2 - (means**2).sum(axis=0)).mean(axis=0)
    return np.asarray(sum(unit_energies(part) for part in own) + products)


def shared_by_cells(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Return N, M and the product of both sizes, of two energies of each cell, (cell,).

    NaN with fewer than two cells; cells of which one is not a number are left out. The sizes are
    the mean energies with all signs taken as positive, so that noise does not make them 0.

    Examples
    --------
    >>> import numpy as np
    >>> shared_by_cells(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    (0.0, 0.3333333333333333, 0.25)
    >>> shared_by_cells(np.ones(4), np.ones(4))
    (1.0, 1.0, 1.0)
    """
    there = np.isfinite(a) & np.isfinite(b)
    count = int(there.sum())
    if count < 2:
        return float("nan"), float("nan"), float("nan")
    a, b = a[there], b[there]
    own, all_pairs = float(a @ b), float(a.sum() * b.sum())
    sizes = float(np.abs(a).mean() * np.abs(b).mean())
    return own / count, (all_pairs - own) / (count * (count - 1)), sizes
