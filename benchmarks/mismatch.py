"""How often P21 and P03 are answered wrongly, on virtual recordings in which N/M is known.

Run with ``python benchmarks/mismatch.py``; it takes five minutes. Cells have patterns over five
stimuli, normal, with log-normal gains, and trials have noise of three times the variance of a
response. Energies of P21 are drawn from the distribution of their cross-validated estimates, those
of P03 from means over trials in its windows of time. Animals differ in the size of what they show.

===== ============== ==========================================================================
P21   threshold      each cell answers the violation with a ninth of its response to the input
P21   one in nine    one cell in nine answers it as it answers the input
P21   ratio differs  the share differs between animals, its standard deviation is its mean
P21   nothing        no cell answers the violation
P21   all            each cell answers the violation as it answers the input
P03   threshold      two thirds of the change below come before, one third after that above
P03   order differs  that share is even between 1/3 and 1, another one in each animal
P03   together       both areas change in the same window
P03   below first    all comes before
P03   no response    neither area changes: M is 0
===== ============== ==========================================================================

At the threshold both answers are wrong, and each may come in 5 %. The table in Markdown goes to
standard output.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.rule import outcomes
from errorneurons.simulate.arrays import generator

Array = npt.NDArray[np.float64]

STIMULI, NOISE, GAINS, SPREAD = 5, 3.0, 0.5, 0.25
"""Stimuli, variance of the noise of a trial in units of a response's, sigma of log gains, and the
variance of the relative energies of animals."""
WINDOWS = 9
"""The one before the event, and the eight after it."""
KINDS = {
    "P21": ("threshold", "one in nine", "ratio differs", "nothing", "all"),
    "P03": ("threshold", "order differs", "together", "below first", "no response"),
}
BLOCK = 50


@dataclass(frozen=True)
class Recordings:
    """What virtual recordings consist of: of which kind, for which claim, and how large.

    Attributes
    ----------
    claim, kind
        See above.
    animals, cells, trials
        Counts: cells an area, trials a stimulus and condition.
    """

    claim: str
    kind: str
    animals: int
    cells: int
    trials: int = 10


def energies(one: Recordings, rng: np.random.Generator, count: int) -> Array:
    """Return N, M and 0 of each animal of many recordings, (recording, animal, 3)."""
    n, m = (_scope if one.claim == "P21" else _order)(one, rng, count)
    return np.stack([n, m, np.zeros_like(n)], axis=-1)


def _scope(one: Recordings, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    shape = (count, one.animals, one.cells)
    share = np.full(shape, {"nothing": 0.0, "all": 1.0}.get(one.kind, 1 / 9))
    if one.kind == "one in nine":
        share = (rng.random(shape) < 1 / 9).astype(np.float64)
    if one.kind == "ratio differs":
        share = share * rng.exponential(1.0, shape[:2])[..., None]
    size = _animals(rng, shape[:2])[..., None] * _gains(rng, shape)
    n, m = (
        _estimated(size * energy, conditions, one.trials, rng).mean(axis=-1)
        for energy, conditions in ((share, 2), (1.0, 1))
    )
    return n, m


def _order(one: Recordings, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Return N and M if the taught area changes in the third window, and the one below around it."""
    shape = (count, one.animals)
    early = np.full(shape, {"below first": 1.0}.get(one.kind, 2 / 3))
    if one.kind == "order differs":
        early = rng.uniform(1 / 3, 1.0, shape)
    changes = np.zeros((2, *shape, WINDOWS - 1))
    changes[1, ..., 2] = 1.0
    if one.kind == "together":
        changes[0, ..., 2] = 1.0
    else:
        changes[0, ..., 1], changes[0, ..., 4] = early, 1 - early
    if one.kind == "no response":
        changes[:] = 0.0
    below, taught = (_changes_seen(one, own, rng) for own in changes)
    later = taught.sum(axis=-1, keepdims=True) - np.cumsum(taught, axis=-1)
    n = (below * (later + taught / 2)).sum(axis=-1)
    return n, below.sum(axis=-1) * taught.sum(axis=-1)


def _changes_seen(one: Recordings, energy: Array, rng: np.random.Generator) -> Array:
    """Return cross-validated energies of the changes in an area, (recording, animal, window)."""
    shape = (*energy.shape[:2], one.cells, STIMULI, WINDOWS)
    size = _animals(rng, shape[:2])[..., None] * _gains(rng, shape[:3])
    steps = np.sqrt(energy[:, :, None, None] * size[..., None, None])
    # each change has a pattern of its own
    level = np.cumsum(steps * rng.standard_normal((*shape[:4], WINDOWS - 1)), axis=-1)
    level = np.concatenate([np.zeros((*shape[:4], 1)), level], axis=-1)
    variance = 2 * NOISE / one.trials  # of a difference of two conditions
    seen = np.diff(level + np.sqrt(variance) * rng.standard_normal(shape), axis=-1)
    degrees = 2 * (one.trials - 1) * one.cells * STIMULI
    estimated = 2 * variance * rng.chisquare(degrees, energy.shape) / degrees
    return np.asarray((seen**2).mean(axis=(2, 3)) - estimated)


def _animals(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.gamma(1 / SPREAD, SPREAD, shape)


def _gains(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.lognormal(-(GAINS**2) / 2, GAINS, shape)


def _estimated(energy: Array, conditions: int, trials: int, rng: np.random.Generator) -> Array:
    v, scatter = NOISE / trials, trials - 1
    estimate = (energy + conditions * v) * rng.chisquare(STIMULI, energy.shape)
    estimate -= v / scatter * rng.chisquare(conditions * STIMULI * scatter, energy.shape)
    return np.asarray(estimate / STIMULI)


def rates(one: Recordings, seed: int, count: int) -> dict[str, float]:
    """Return N/M of all animals together, and how often each outcome comes."""
    rng = generator(seed, "mismatch", *map(str, vars(one).values()))
    table = np.concatenate([energies(one, rng, BLOCK) for _ in range(-(-count // BLOCK))])
    found = outcomes(claim(one.claim), table, (0.0, 0.0, 0.0))
    ratio = float(table[..., 0].mean() / table[..., 1].mean())
    return {"N/M": ratio} | {o.value: float((found == o).mean()) for o in Outcome}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| claim | population | animals | cells | trials | N/M | " + " | ".join(Outcome) + " |")
    print("|---" * 10 + "|")
    sizes = [(6, 20, 10), (6, 60, 10), (10, 60, 10), (20, 20, 10), (10, 60, 2)]
    for key, kinds in KINDS.items():
        for kind, (animals, cells, trials) in product(kinds, sizes):
            found = rates(Recordings(key, kind, animals, cells, trials), arguments.seed,
                          arguments.data_sets)  # fmt: skip
            numbers = " | ".join(f"{value:.3f}" for value in found.values())
            print(f"| {key} | {kind} | {animals} | {cells} | {trials} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
