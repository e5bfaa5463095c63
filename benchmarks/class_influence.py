"""How often P18a and P18b are answered wrongly, on virtual recordings in which influence is known.

Run with ``python benchmarks/class_influence.py``; it takes some minutes. Two classes of cells are
driven in turn, and both are looked at elsewhere. A cell answers with a pattern of its own over
stimuli, normal with the energy

    X(d, c) = s_d h_c rho(d, c)        strength s_d of the drive and gain h_c, of each animal

d and c are the classes R and E in P18a; in P18b the cells that c stands for are those of the class
d on the right side (c = d) or on the wrong one, and h_c is the gain of an area. rho is 1 where the
claim says that influence goes. Of every trial there is noise, and trials without a drive are
controls for both drives alike; in P18a they are of the same cells. Recordings:

============== =================================================================================
threshold      rho is the same either way where there should be nothing: 1/3 (P18a), 1/9 (P18b)
one crosses    rho is 1 and 1/9 (P18a), 2/9 and 0 (P18b)
gains differ   as threshold, but gains differ by animals; in P18b rho makes up for what that adds
ratios differ  as threshold, but rho differs between animals, gamma with half its squared mean
as claimed     rho is 0 where there should be nothing
no classes     rho is 1 everywhere
nothing        nobody moves anybody
============== =================================================================================

In the first four D is 0 on average: both answers are wrong, and each may come in 5 %. SUPPORTED is
wrong in the last two, CONTRADICTED in the one before. The table in Markdown goes to standard
output.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.claims.influence_stays_within_a_class import ERRORS
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.rule import outcomes
from errorneurons.simulate.arrays import generator

Array = npt.NDArray[np.float64]
Kind = Literal[
    "threshold", "one crosses", "gains differ", "ratios differ", "as claimed", "no classes",
    "nothing",
]  # fmt: skip

STIMULI, NOISE, GAINS, CLASS_GAINS = 5, 0.5, 0.5, 0.3
"""Stimuli, variance of the noise of a trial in units of a response's, sigma of the log gains of
cells, and that of classes where they differ."""
AS_SHARES = 1.104
"""What rho is larger by on average where it differs, so that D of P18a, in shares of what either
drive evokes in both classes, is 0 on average."""


@dataclass(frozen=True)
class Recordings:
    """What virtual recordings consist of.

    Attributes
    ----------
    kind
        In which influence is what, see above.
    animals, cells, trials
        Counts: cells of each class an animal, trials a stimulus and condition.
    key
        Of which claim.
    spread
        Variance of the relative strength of a drive, by animals.
    """

    kind: Kind
    animals: int
    cells: int
    trials: int = 5
    key: str = "P18a"
    spread: float = 0.25

    @property
    def claim(self) -> Claim:
        """The claim that they are made for."""
        return claim(self.key)


def influences(one: Recordings, rng: np.random.Generator, count: int) -> dict[str, Array]:
    """Draw X of each animal of many recordings, (recording, animal), by driven and seen class."""
    shape = (count, one.animals)
    strength = {d: rng.gamma(1 / one.spread, one.spread, shape) for d in "RE"}
    if one.kind == "nothing":
        strength = dict.fromkeys("RE", np.zeros(shape))
    gain = dict.fromkeys("RE", np.ones(shape))
    if one.kind == "gains differ":
        gain = {c: rng.lognormal(-(CLASS_GAINS**2) / 2, CLASS_GAINS, shape) for c in "RE"}
    crossing = _crossing(one, rng, shape)
    return {
        d + c: strength[d] * gain[c] * (1.0 if d == c else crossing[d])
        for d, c in product("RE", repeat=2)
    }


def _crossing(
    one: Recordings, rng: np.random.Generator, shape: tuple[int, int]
) -> dict[str, Array]:
    """Return rho of each driven class where there should be nothing."""
    product_of_both = one.key == "P18a"
    rho = one.claim.threshold**0.5 if product_of_both else one.claim.threshold / 2
    if one.kind == "ratios differ":
        if product_of_both:
            rho *= AS_SHARES
        return {d: rho * rng.gamma(2.0, 0.5, shape) for d in "RE"}
    if one.kind == "gains differ" and not product_of_both:
        # D is 0 on average if rho (E[h_R^2] + E[h_E^2]) is q0 E[h_R] E[h_E]
        rho *= float(np.exp(-(CLASS_GAINS**2)))
    uneven = (1.0, one.claim.threshold) if product_of_both else (one.claim.threshold, 0.0)
    known = {"as claimed": (0.0, 0.0), "no classes": (1.0, 1.0), "nothing": (0.0, 0.0),
             "one crosses": uneven}.get(one.kind, (rho, rho))  # fmt: skip
    return {d: np.full(shape, own) for d, own in zip("RE", known, strict=True)}


def energies(one: Recordings, rng: np.random.Generator, count: int) -> Array:
    """Return N, M and 0 of each animal of many recordings, (recording, animal, 3)."""
    true = influences(one, rng, count)
    seen: dict[str, Array] = {}
    for c in "RE":
        first, second = _estimated([true["R" + c], true["E" + c]], one, rng)
        seen |= {"R" + c: first, "E" + c: second}
    if one.key == "P18a":
        halves = [_shares(seen, half) for half in range(2)]
        return np.asarray(sum(halves) / len(halves))
    rr, re, er, ee = (seen[key].mean(axis=-1) for key in ("RR", "RE", "ER", "EE"))
    return np.stack([re * ee + er * rr, rr * ee, np.zeros_like(rr)], axis=-1)


def _shares(seen: Mapping[str, Array], half: int) -> Array:
    """Return N and M of P18a of half of the cells, as shares of what moves the other half."""
    rr, re, er, ee = (seen[key][..., half::2].mean(axis=-1) for key in ("RR", "RE", "ER", "EE"))
    unit = np.ones_like(rr)
    for d in "RE":
        others = [seen[d + c][..., 1 - half :: 2] for c in "RE"]
        moved = sum(np.abs(x.mean(axis=-1)) for x in others)
        errors = [x.std(axis=-1, ddof=1) / x.shape[-1] ** 0.5 for x in others]
        unit = unit * (moved + ERRORS * np.hypot(*errors))
    return np.stack([re * er / unit, rr * ee / unit, np.zeros_like(rr)], axis=-1)


def _estimated(true: list[Array], one: Recordings, rng: np.random.Generator) -> list[Array]:
    """Return the energies of two drives in each cell of a class, with the same controls or not."""
    shape = (*true[0].shape, one.cells, STIMULI)
    noise = NOISE / one.trials
    control = [_means(shape, noise, rng)] * 2
    if one.key == "P18b":
        control = [control[0], _means(shape, noise, rng)]
    found = []
    for energy, (off, off_noise) in zip(true, control, strict=True):
        gains = rng.lognormal(-(GAINS**2) / 2, GAINS, shape[:-1])[..., None]
        pattern = rng.normal(size=shape) * np.sqrt(energy[..., None, None] * gains)
        on, on_noise = _means(shape, noise, rng)
        difference = ((pattern + on - off) ** 2).mean(axis=-1)
        found.append(difference - (on_noise + off_noise)[..., None])
    return found


def _means(shape: tuple[int, ...], noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return noise of the means over trials, and the estimate of its variance in all cells."""
    degrees = shape[-1] * shape[-2] * (round(NOISE / noise) - 1)
    return rng.normal(size=shape) * np.sqrt(noise), noise * rng.chisquare(
        degrees, shape[:-2]
    ) / degrees


def rates(one: Recordings, seed: int, count: int) -> dict[str, float]:
    """Return N/M of all animals together, and how often each outcome comes."""
    rng = generator(seed, "class influence", *map(str, vars(one).values()))
    blocks = [energies(one, rng, 50) for _ in range(-(-count // 50))]
    table = np.concatenate(blocks)
    found = outcomes(one.claim, table, (0.0, 0.0, 0.0))
    with np.errstate(invalid="ignore"):
        ratio = float(table[..., 0].mean() / table[..., 1].mean())
    return {"N/M": ratio} | {o.value: float((found == o).mean()) for o in Outcome}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| influence | claim | animals | cells | trials | N/M | " + " | ".join(Outcome) + " |")
    print("|---" * 10 + "|")
    kinds: tuple[Kind, ...] = (
        "threshold", "one crosses", "gains differ", "ratios differ", "as claimed", "no classes",
        "nothing",
    )  # fmt: skip
    sizes = [(6, 20, 5), (10, 20, 5), (10, 60, 5), (20, 20, 5), (10, 20, 2)]
    for kind, key, (animals, cells, trials) in product(kinds, ("P18a", "P18b"), sizes):
        one = Recordings(kind, animals, cells, trials, key)
        found = rates(one, arguments.seed, arguments.data_sets)
        numbers = " | ".join(f"{value:.3f}" for value in found.values())
        print(f"| {kind} | {key} | {animals} | {cells} | {trials} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
