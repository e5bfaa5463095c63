"""How often each claim of the outcome-error experiment is answered wrongly at its own threshold.

Run with ``python benchmarks/each_claim.py``; it takes a minute. `error_rates` asks at two
thresholds how the test over animals does whatever comes; this asks all claims that compare one
energy with another, at theirs, with the same virtual animals (`known_energies`): 60 labelled cells,
an intra-class correlation of .1 or .3, no false labels or 5 % known ones, and N and M that vary
alike between animals (``same``: D is symmetric) or N alone (``differs``: D is skewed). There D is 0
on average, and both answers are wrong. ``as claimed`` is N of 0, or for a claim that N is large N
as large as M, with an ICC of .1 and 5 %. The table in Markdown goes to standard output, the largest
rate of each line.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
import numpy.typing as npt
from known_energies import Design, Shape, drawn_animals

from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.rule import outcomes
from errorneurons.simulate.arrays import generator

KEYS = ("P02", "P05a", "P05b", "P06a"), ("P04a", "P06b"), ("P04b",)
"""Claims of the same threshold, of which the same holds."""
ANIMALS, CELLS, ICC, LABEL_ERROR = (6, 10, 20), 60, (0.1, 0.3), (0.0, 0.05)


def found(judged: Claim, design: Design, seed: int, count: int) -> npt.NDArray[np.str_]:
    """Return what is said of many recordings of a design whose share of false labels is known."""
    rng = generator(seed, "each claim", *map(str, vars(design).values()))
    return outcomes(judged, drawn_animals(design, rng, count), (design.label_error,) * 3)


def at_the_threshold(
    judged: Claim, animals: int, shape: Shape, seed: int, count: int
) -> dict[Outcome, float]:
    """Return the largest rate of either answer, both wrong."""
    designs = [
        Design(animals, CELLS, icc, pi, threshold=judged.threshold, shape=shape)
        for icc, pi in product(ICC, LABEL_ERROR)
    ]
    answers = [found(judged, design, seed, count) for design in designs]
    return {
        wrong: max(float((a == wrong).mean()) for a in answers)
        for wrong in (Outcome.SUPPORTED, Outcome.CONTRADICTED)
    }


def power(judged: Claim, animals: int, seed: int, count: int) -> float:
    """Return how often a claim is supported that is as it says."""
    effect = 1 / judged.threshold - 1 if judged.side == "above" else -1.0
    design = Design(animals, CELLS, ICC[0], LABEL_ERROR[1], effect, judged.threshold)
    return float((found(judged, design, seed, count) == Outcome.SUPPORTED).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    of = arguments.seed, arguments.data_sets
    print("| claims | animals | same: S | C | differs: S | C | as claimed: S |")
    print("|---" * 7 + "|")
    for keys, animals in product(KEYS, ANIMALS):
        judged = claim(keys[0])
        shapes: tuple[Shape, ...] = "symmetric", "skewed"
        rates = [r for s in shapes for r in at_the_threshold(judged, animals, s, *of).values()]
        numbers = " | ".join(f"{rate:.3f}" for rate in (*rates, power(judged, animals, *of)))
        print(f"| {', '.join(keys)} | {animals} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
