"""How often P21 and P03 are answered wrongly, on virtual recordings in which N/M is known.

Run with ``python benchmarks/mismatch.py``; it takes five minutes. Cells have patterns over five
stimuli, normal, with log-normal gains, and trials have noise of three times the variance of a
response in 200 ms, more in shorter windows. Energies are drawn from the distribution of their
cross-validated estimates. Animals differ in the size of what they show.

===== ============== ==========================================================================
P21   threshold      each cell answers the violation with a ninth of its response to the input
P21   one in nine    one cell in nine answers it as it answers the input
P21   ratio differs  the share differs between animals, its standard deviation is its mean
P21   nothing        no cell answers the violation
P21   all            each cell answers the violation as it answers the input
P03   threshold      by each split, twice as much as in the taught area has come below
P03   order differs  what has come below is another share in each animal; D is 0 on average
P03   together       both areas have a response that lasts from the event on
P03   below first    nothing has come by the last split in the taught area
P03   no response    neither area responds: M is 0
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
SPLITS = (0.05, 0.1)
"""Of the 200 ms after the event [s]."""
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
    """Return N and M; energies of an area before and after each split have independent noise."""
    shape = (count, one.animals)
    share = np.full(shape, {"together": 1.0, "below first": 0.0}.get(one.kind, 0.5))
    if one.kind == "order differs":  # 1 - 2/3 (1 + share) is 0 on average
        share = rng.uniform(0.0, 1.0, shape)
    there = float(one.kind != "no response")
    n, m = np.zeros(shape), np.zeros(shape)
    sizes = [_animals(rng, shape)[..., None] * _gains(rng, (*shape, one.cells)) for _ in range(2)]
    for split in SPLITS:
        (early, late), (early_taught, late_taught) = (
            [_seen(one, size * there * amount, width, rng)
             for amount, width in ((part[..., None], split), (1.0, 0.2 - split))]
            for size, part in zip(sizes, (np.ones(shape), share), strict=True)
        )  # fmt: skip
        n += early * late_taught
        m += early * late_taught + late * early_taught
    return n, m


def _seen(one: Recordings, energy: Array, width: float, rng: np.random.Generator) -> Array:
    """Return the mean over cells; noise goes with the width of a window, and a baseline's 50 ms."""
    noise = NOISE * (0.2 / width + 0.2 / 0.05) / 5
    return _estimated(energy, 2, one.trials, rng, noise).mean(axis=-1)


def _animals(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.gamma(1 / SPREAD, SPREAD, shape)


def _gains(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.lognormal(-(GAINS**2) / 2, GAINS, shape)


def _estimated(
    energy: Array, conditions: int, trials: int, rng: np.random.Generator, noise: float = NOISE
) -> Array:
    v, scatter = noise / trials, trials - 1
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
