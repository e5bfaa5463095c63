"""How often P10, P11 and P20 are answered wrongly, on virtual recordings that are known.

Run with ``python benchmarks/over_days.py``; it takes some minutes. Recordings are drawn of which
N/M is known, with noise of trials, and judged by the claims' own measures and rule over animals.

===== ================================================================================ ===========
claim an animal                                                                        N/M
===== ================================================================================ ===========
P10   error cells whose response, as the error goes to a tenth, stays by a share       the share
P11   cells that answer an error in part by its sign in each, in part the goal alike   the part
P20   cells whose change takes a share of the error of the cursor away                 the share
===== ================================================================================ ===========

Either N/M is the same in all animals, or it differs between them by a gamma distribution (variance
half of the squared mean) of which D is 0 on average; animals respond more or less (gamma, variance
.25), and so do cells (log-normal, sigma .5). In P20 the cursor is read from the same spikes, noise
included. At the threshold each answer may come in 5 %. The table in Markdown goes to standard
output.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.measures.energies import Effect, energy
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.cursor import ErrorTrials, means_of_others
from errorneurons.predictions.claims.errors_fade_as_learnt import left_over
from errorneurons.predictions.claims.errors_signed_by_cause import SeenErrors, signed_share
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.claims.representations_hold_still import taken_away
from errorneurons.predictions.judging.rule import outcomes
from errorneurons.simulate.arrays import generator

Array = npt.NDArray[np.float64]

NOISE, GAINS, SPREAD = 1.0, 0.5, 0.25
"""Standard deviation of a trial in units of a response's, sigma of log gains of cells, and
variance of the relative energies of animals."""
GOALS = np.array([-1.0, -0.5, 0.5, 1.0])
LEARNT, SCATTER = (1.5, 0.5), 0.2
"""First and last error of a goal over their mean, and standard deviation of single errors; P11."""
LEFT = 0.1
"""Squared error before the reversal over that at it."""
AS_ENERGIES = 1.0403
"""What N/M of P10 is larger by on average where it differs, so that D, divided by the geometric
mean of energies, is 0 on average."""


@dataclass(frozen=True)
class Recordings:
    """What virtual recordings consist of.

    Attributes
    ----------
    key
        Of the claim.
    ratio
        N/M, on average over animals.
    animals, cells, trials
        Counts: cells an animal, trials of a stimulus.
    differs
        Whether N/M differs between animals.
    """

    key: str
    ratio: float
    animals: int
    cells: int
    trials: int
    differs: bool = False


def fading(one: Recordings, share: float, gain: float, rng: np.random.Generator) -> Effect:
    """Draw N and M of an animal for P10."""
    cells = rng.lognormal(-(GAINS**2), GAINS, one.cells)
    left = LEFT + share * (1 - LEFT)
    error, stimulus = (
        tuple(_energy(one, own, cells, rng) for own in both)
        for both in ((gain * left, gain), (1.0, 1.0))
    )
    return left_over((error[0], error[1]), (stimulus[0], stimulus[1]), LEFT)


def _energy(one: Recordings, mean: float, cells: Array, rng: np.random.Generator) -> float:
    pattern = np.sqrt(mean) * cells * rng.choice([-1.0, 1.0], (len(GOALS), 1, one.cells))
    x = pattern + NOISE * rng.normal(size=(len(GOALS), one.trials, one.cells))
    return energy({str(k): own for k, own in enumerate(x)})


def signed(one: Recordings, share: float, gain: float, rng: np.random.Generator) -> Effect:
    """Draw both N and M of an animal for P11: half of its cells move the cursor either way."""
    causal = np.where(np.arange(one.cells) % 2, 1.0, -1.0)
    half = rng.lognormal(-(GAINS**2), GAINS, one.cells // 2)
    cells = np.repeat(half, 2)  # gains have nothing to do with the sign
    alike = np.abs(GOALS) - np.abs(GOALS).mean()
    alike = alike * np.sqrt((GOALS**2).sum() / (alike**2).sum())
    shown = []
    for goal, whole in zip(GOALS, alike, strict=True):
        errors = goal * np.linspace(*LEARNT, one.trials) + SCATTER * rng.normal(size=one.trials)
        evoked = share * errors[:, None] * causal + np.sqrt(max(1 - share**2, 0.0)) * whole
        noise = NOISE * rng.normal(size=(one.trials, one.cells))
        responses = np.sqrt(gain) * evoked * cells + noise
        shown.append(_trials(goal, errors, responses, np.zeros(responses.shape)))
    return signed_share([SeenErrors(tuple(shown), causal, causal)])


def shifting(one: Recordings, share: float, gain: float, rng: np.random.Generator) -> Effect:
    """Draw N and M of an animal for P20, whose cursor is read from spikes before the error."""
    weights = np.where(np.arange(one.cells) % 2, 1.0, -1.0) / one.cells
    shown = []
    for goal in np.sqrt(gain) * GOALS:
        before, after = NOISE * rng.normal(size=(2, one.trials, one.cells))
        error = goal - before @ weights
        moved = (after - before) @ weights + share * goal
        shown.append(_trials(goal, error, moved[:, None], before))
    return taken_away([shown])


def _trials(goal: float, errors: Array, responses: Array, before: Array) -> ErrorTrials:
    return ErrorTrials(str(goal), errors, means_of_others(errors), responses, before)


DRAWN: dict[str, Callable[[Recordings, float, float, np.random.Generator], Effect]] = {
    "P10": fading, "P11": signed, "P20": shifting,
}  # fmt: skip


def energies(one: Recordings, rng: np.random.Generator, count: int) -> Array:
    """Return N, M, 0 and of P11 the other N, (recording, animal, 3 or 4)."""
    shape = (count, one.animals)
    gains = rng.gamma(1 / SPREAD, SPREAD, shape)
    shares = one.ratio * (rng.gamma(2.0, 0.5, shape) if one.differs else np.ones(shape))
    if one.differs and one.key == "P10":
        shares *= AS_ENERGIES
    drawn = [
        DRAWN[one.key](one, float(share), float(gain), rng)
        for share, gain in zip(shares.ravel(), gains.ravel(), strict=True)
    ]
    rows = np.array(
        [[e.numerator, e.denominator, 0.0, *[e.as_well] * (e.as_well is not None)] for e in drawn]
    )
    return rows.reshape(*shape, -1)


def rates(one: Recordings, seed: int, count: int) -> dict[str, float]:
    """Return N/M of all animals together, and how often each outcome comes."""
    rng = generator(seed, "over days", *map(str, vars(one).values()))
    table = energies(one, rng, count)
    found = outcomes(claim(one.key), table, (0.0, 0.0, 0.0))
    ratio = float(table[..., 0].mean() / table[..., 1].mean())
    return {"N/M": ratio} | {o.value: float((found == o).mean()) for o in Outcome}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--far", type=int, help="data sets of lines far from the threshold")
    parser.add_argument("--claim", choices=tuple(DRAWN), help="one of them instead of all")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| claim | truth | animals | cells | trials | N/M | " + " | ".join(Outcome) + " |")
    print("|---" * 10 + "|")
    for key in (arguments.claim,) if arguments.claim else DRAWN:
        at = claim(key).threshold
        most = ("0.7", 0.7, False) if key == "P11" else ("1", 1.0, False)
        truths = (("threshold", at, False), ("differs", at, True), ("0", 0.0, False), most,
                  *[("-threshold", -at, False)] * (key == "P20"))  # fmt: skip
        sizes = [*product((6, 10, 20), (20,), (10,)), (10, 80, 10), (10, 20, 4)]
        for (name, ratio, differs), (animals, cells, trials) in product(truths, sizes):
            one = Recordings(key, ratio, animals, cells, trials, differs)
            near = name in ("threshold", "differs", "-threshold")
            count = arguments.data_sets if near else arguments.far or arguments.data_sets
            found = rates(one, arguments.seed, count)
            numbers = " | ".join(f"{value:.3f}" for value in found.values())
            print(f"| {key} | {name} | {animals} | {cells} | {trials} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
