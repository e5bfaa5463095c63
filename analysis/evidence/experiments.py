"""Virtual experiments: what several theories give when one experiment is simulated many times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.statistics import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Experiments:
    """Virtual experiments of several theories on one design.

    Attributes
    ----------
    features
        Names: parts of claims (bounded indices, see `bounded_index`) and bits.
    values
        (experiment, feature), in [-1, 1]; NaN = not testable in that experiment.
    theory
        (experiment,), the theory that was simulated.
    world
        (experiment,). Experiments of one world share what a theory leaves open (parameters,
        instrument), drawn once; they are never divided between fitting and testing. Theories may
        use the same numbers.
    main
        The features that count by themselves, see `membership`; all if none is named.
    weighed
        (experiment, feature): whether a recording like it would be weighed by the feature; None if
        all are.

    Raises
    ------
    ValueError
        If lengths differ, a name stands twice, a value lies outside [-1, 1], there are fewer than
        two theories, or a theory has fewer than two worlds.
    """

    features: tuple[str, ...]
    values: Floats
    theory: tuple[str, ...]
    world: Ints
    main: tuple[str, ...] = ()
    weighed: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        breach = _breach(self)
        if breach:
            raise ValueError(breach)

    @property
    def theories(self) -> tuple[str, ...]:
        """The theories, in the order in which they first occur."""
        return tuple(dict.fromkeys(self.theory))

    @property
    def label(self) -> Ints:
        """(experiment,): the place of its theory in `theories`."""
        place = {name: at for at, name in enumerate(self.theories)}
        return np.array([place[name] for name in self.theory])

    def rows(self, kept: npt.NDArray[np.generic]) -> Experiments:
        """Return some of the experiments, by place or by a mask."""
        theory = tuple(np.asarray(self.theory)[kept].tolist())
        weighed = None if self.weighed is None else self.weighed[kept]
        return replace(
            self, values=self.values[kept], theory=theory, world=self.world[kept], weighed=weighed
        )

    def columns(self, kept: tuple[str, ...]) -> Experiments:
        """Return all experiments with some of the features."""
        places = [self.features.index(name) for name in kept]
        weighed = None if self.weighed is None else self.weighed[:, places]
        return replace(self, features=kept, values=self.values[:, places], weighed=weighed)

    def without(self, theory: str) -> Experiments:
        """Return the experiments of all other theories."""
        return self.rows(np.asarray(self.theory) != theory)

    def thinned(self, most: int) -> Experiments:
        """Return at most `most` experiments a theory, from its worlds in turn."""
        return self.rows(self.first(most))

    def first(self, most: int) -> Ints:
        """Return the places of at most `most` experiments a theory, from its worlds in turn."""
        kept, labels = [], self.label
        for label in range(len(self.theories)):
            own = np.flatnonzero(labels == label)
            turn = _turns(self.world[own])
            kept.append(own[np.argsort(turn, kind="stable")[:most]])
        return np.sort(np.concatenate(kept))


def _turns(world: Ints) -> Ints:
    """Return how many experiments of the same world come before each."""
    order = np.argsort(world, kind="stable")
    start = np.searchsorted(world[order], world[order], side="left")
    turn = np.empty(len(world), dtype=np.int64)
    turn[order] = np.arange(len(world)) - start
    return turn


def _breach(experiments: Experiments) -> str:
    """Return what is wrong, or an empty text."""
    values, world = experiments.values, experiments.world
    count, width = len(experiments.theory), len(experiments.features)
    if values.shape != (count, width) or world.shape != (count,):
        return (
            f"values are {values.shape} and worlds {world.shape} for {count} experiments and"
            f" {width} features; give ({count}, {width}) and ({count},)"
        )
    if experiments.weighed is not None and experiments.weighed.shape != values.shape:
        return f"weighed is {experiments.weighed.shape} for values that are {values.shape}"
    if len(set(experiments.features)) < width:
        return f"a feature is named twice among {', '.join(experiments.features)}"
    if (np.abs(values) > 1).any():
        at = experiments.features[int(np.argmax((np.abs(values) > 1).any(axis=0)))]
        return f"a value of {at!r} lies outside [-1, 1]; give bounded indices or bits"
    if len(set(experiments.theory)) < 2:
        return f"evidence compares two theories or more, not {len(set(experiments.theory))}"
    for name in experiments.theories:
        worlds = len(np.unique(world[np.asarray(experiments.theory) == name]))
        if worlds < 2:
            return f"theory {name!r} has {worlds} world; at least 2 are needed, 100 are advised"
    return ""


def bounded_index(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, noise: npt.ArrayLike = 0.0
) -> Floats:
    """Return (N - M) / (|N| + |M| + noise), elementwise.

    Parameters
    ----------
    numerator, denominator
        N and M, means over the animals of an experiment, in the same units.
    noise
        How large both are by chance, in these units, not negative.

    Returns
    -------
        In [-1, 1]: -1 if N is nothing, 0 if they are equal or both are exactly 0, close to 0 if
        they are no larger than the noise, NaN where either is. Finite for exact zeros, where the
        ratio and its logarithm are not.
    """
    n, m, s = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (numerator, denominator, noise))
    )
    # Divided by the largest first: the sum of two energies may overflow.
    largest = np.maximum(np.maximum(np.abs(n), np.abs(m)), s)
    largest = np.where(largest == 0, 1.0, largest)
    n, m, s = n / largest, m / largest, s / largest
    total = np.abs(n) + np.abs(m) + s
    return np.asarray((n - m) / np.where(total == 0, 1.0, total))
