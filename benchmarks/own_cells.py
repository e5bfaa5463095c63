"""How often P01 is answered wrongly, on virtual recordings of populations that are known.

Run with ``python benchmarks/own_cells.py``; it takes a minute. A cell answers the input with the
energy a and the outcome error with b, in other trials; over stimuli it has a pattern of its own,
normal with that variance, and the noise of trials. Energies are drawn from the distribution of
their cross-validated estimates (see `known_energies`), of many recordings at once. Populations:

============ ====================================================================================
two classes  half of the cells, or a tenth, has (a, b) = (0, 1), the others (1, 0)
threshold    the same with a leak, (1, x) and (x, 1): N / M is 1/3 for x = 5 - sqrt(24) in halves
even         one population, b / (a + b) spread evenly from 0 to 1: N / M is 2/3
alike        one population, a = b
independent  a and b of a cell are 0 or 1 independently, each in a fifth of the cells
============ ====================================================================================

Gains of cells and of animals are log-normal or gamma. At the threshold both answers are wrong,
and each may come in 5 %; SUPPORTED is wrong in the three below it, CONTRADICTED in the one above.
The table in Markdown goes to standard output.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.rule import outcomes
from errorneurons.simulate.arrays import generator

Array = npt.NDArray[np.float64]
Kind = Literal[
    "two classes", "a tenth", "threshold", "leak differs", "even", "alike", "independent"
]

P01 = claim("P01")
LEAK = 5 - 24**0.5
"""x / ((1 + x) / 2)^2 is 1/3."""
MEAN_LEAK = 0.10626
"""For gamma distributions of variance m^2 / 2 and this m, (x - (1 + x)^2 / 12) / (1 + x) is 0 on
average."""
STIMULI, NOISE, GAINS = 5, 0.5, 0.5
"""Stimuli, variance of the noise of a trial in units of a response's, and sigma of log gains."""


@dataclass(frozen=True)
class Recordings:
    """What virtual recordings consist of.

    Attributes
    ----------
    kind
        Of which population, see above.
    animals, cells, trials
        Counts: cells an animal, trials a stimulus and condition.
    spread
        Variance of the relative energies of animals.
    """

    kind: Kind
    animals: int
    cells: int
    trials: int = 10
    spread: float = 0.25


def population(one: Recordings, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Draw a and b of the cells of many recordings, (recording, animal, cell), before gains."""
    shape = (count, one.animals, one.cells)
    if one.kind == "even":
        share = rng.random(shape)
        return 1 - share, share
    if one.kind == "alike":
        return np.ones(shape), np.ones(shape)
    if one.kind == "independent":
        first, second = ((rng.random(shape) < 0.2).astype(np.float64) for _ in range(2))
        return first, second
    part = 0.1 if one.kind == "a tenth" else 0.5
    error = np.broadcast_to(np.arange(one.cells) < part * one.cells, shape)
    leak = _leak(one, rng, shape[:2])[..., None]
    return np.where(error, leak, 1.0), np.where(error, 1.0, leak)


def _leak(one: Recordings, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return the leak of each animal; where it differs, D is 0 on average."""
    if one.kind == "threshold":
        return np.full(shape, LEAK)
    if one.kind == "leak differs":
        return np.asarray(MEAN_LEAK * rng.gamma(2.0, 0.5, shape))
    return np.zeros(shape)


def energies(one: Recordings, rng: np.random.Generator, count: int) -> Array:
    """Return N, M and 0 of each animal of many recordings, (recording, animal, 3)."""
    true = population(one, rng, count)
    # what the pairs of cells of a recording have in common is the class; gains are independent
    gain = rng.lognormal(-(GAINS**2) / 2, GAINS, (2, *true[0].shape))
    relative = rng.gamma(1 / one.spread, one.spread, (count, one.animals, 1))
    a, b = (
        _estimated(relative * g * energy, conditions, one.trials, rng)
        for energy, g, conditions in zip(true, gain, (1, 2), strict=True)
    )
    own, every = (a * b).sum(axis=-1), a.sum(axis=-1) * b.sum(axis=-1)
    unit = np.sqrt(np.abs(a).mean(axis=-1) * np.abs(b).mean(axis=-1))
    n, m = own / one.cells / unit, (every - own) / (one.cells * (one.cells - 1)) / unit
    return np.stack([n, m, np.zeros_like(n)], axis=-1)


def _estimated(energy: Array, conditions: int, trials: int, rng: np.random.Generator) -> Array:
    v, scatter = NOISE / trials, trials - 1
    estimate = (energy + conditions * v) * rng.chisquare(STIMULI, energy.shape)
    estimate -= v / scatter * rng.chisquare(conditions * STIMULI * scatter, energy.shape)
    return np.asarray(estimate / STIMULI)


def rates(one: Recordings, seed: int, count: int) -> dict[str, float]:
    """Return N/M of all animals together, and how often each outcome comes."""
    rng = generator(seed, "own cells", *map(str, vars(one).values()))
    blocks = [energies(one, rng, 100) for _ in range(-(-count // 100))]
    table = np.concatenate(blocks)
    found = outcomes(P01, table, (0.0, 0.0, 0.0))
    ratio = float(table[..., 0].mean() / table[..., 1].mean())
    return {"N/M": ratio} | {o.value: float((found == o).mean()) for o in Outcome}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| population | animals | cells | trials | N/M | " + " | ".join(Outcome) + " |")
    print("|---" * 9 + "|")
    kinds: tuple[Kind, ...] = (
        "threshold", "leak differs", "even", "alike", "independent", "two classes", "a tenth",
    )  # fmt: skip
    sizes = [*product((6, 10, 20), (20, 60, 200), (10,)), (10, 60, 2)]
    for kind, (animals, cells, trials) in product(kinds, sizes):
        one = Recordings(kind, animals, cells, trials)
        found = rates(one, arguments.seed, arguments.data_sets)
        numbers = " | ".join(f"{value:.3f}" for value in found.values())
        print(f"| {kind} | {animals} | {cells} | {trials} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
