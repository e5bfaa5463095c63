"""What is said of labels that mean nothing: labels dealt at random within areas.

Run with ``python benchmarks/dealt_labels.py``; it takes some minutes. Networks of a theory go
through the experiments that show the claims on labelled cells, and are recorded. Of each of many
recordings, six animals are drawn, and the labels of their cells are dealt anew within each area.
Then no answer is right, SUPPORTED no more than CONTRADICTED. Beside it stand the same
recordings with their own labels, and what would be said if labels were taken at their word.

All days of an animal are dealt alike, as its cells are the same. The table in Markdown goes to
standard output.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from answers import DECIDED, counted, some_animals  # beside this file

import errorneurons as en
from errorneurons.analysis.measures.asking import asked_often
from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.labels import chance_of_labels, doubt_of_labels
from errorneurons.predictions.judging.measured import measure
from errorneurons.simulate.arrays import generator

THEORIES = "error_microcircuit", "supervised_pc"
ANIMALS = 12


def dealt(session: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Return a session with the labels of its cells dealt anew within each area.

    Interneurons, which are known by their type, stay what they are.
    """
    role, area = session["role"].values.copy(), session["area"].values
    for name in np.unique(area):
        cells = np.flatnonzero((area == name) & (role != "interneuron"))
        role[cells] = role[rng.permutation(cells)]
    return session.assign_coords(role=("unit", role))


def verdicts(sessions: Sequence[xr.Dataset], claims: Sequence[Claim]) -> dict[str, tuple[str, str]]:
    """Return what is said of each claim, and what is if labels are taken at their word."""
    with asked_often(sessions):
        chance = chance_of_labels(sessions)
        plain = [judge(c, "", measure(c.effect, sessions, True), "recording") for c in claims]
    return {c.key: _said(c, v, chance) for c, v in zip(claims, plain, strict=True)}


def _said(claim: Claim, plain: Verdict, chance: float) -> tuple[str, str]:
    doubted = plain.decided and doubt_of_labels(claim, chance)
    return str(Outcome.UNDECIDED if doubted else plain.outcome), str(plain.outcome)


def nulls(
    sessions: Sequence[xr.Dataset], claims: Sequence[Claim], count: int, animals: int, seed: int
) -> dict[str, Counter[tuple[str, str]]]:
    """Return how often what is said of each claim of recordings whose labels are dealt anew."""

    def made() -> Iterator[list[xr.Dataset]]:
        for k in range(count):
            chosen = some_animals(sessions, animals, generator(seed, "dealt", k))
            yield [
                dealt(s, generator(seed, "dealt", k, str(s.attrs["animal"])))
                for s in sessions
                if s.attrs["animal"] in chosen
            ]

    return counted(made(), lambda own: verdicts(own, claims))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nulls", type=int, default=100)
    parser.add_argument("--animals", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--theory", action="append", help="by default two; may be repeated")
    parser.add_argument("--claim", action="append", help="by default all; may be repeated")
    arguments = parser.parse_args()
    print("| theory | claim | own labels | dealt: S | C | at their word: S | C |")
    print("|---" * 7 + "|")
    by_labels = [c for c in CLAIMS if c.by_labels and c.key in (arguments.claim or [c.key])]
    for theory in arguments.theory or THEORIES:
        for shown_by in dict.fromkeys(c.shown_by for c in by_labels):
            claims = [c for c in by_labels if c.shown_by == shown_by]
            sessions = list(en.simulate(theory, shown_by, ANIMALS, arguments.seed))
            own = verdicts(sessions, claims)
            found = nulls(sessions, claims, arguments.nulls, arguments.animals, arguments.seed)
            for key, counts in found.items():
                rates = [
                    sum(n for said, n in counts.items() if said[which] == outcome) / counts.total()
                    for which in range(2)
                    for outcome in DECIDED
                ]
                numbers = " | ".join(f"{rate:.2f}" for rate in rates)
                print(f"| {theory} | {key} | {own[key][0]} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
