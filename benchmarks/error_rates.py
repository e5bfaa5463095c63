"""How often the tests over animals are wrong, on virtual data sets at the threshold and off it.

Run with ``python benchmarks/error_rates.py``; it takes ten minutes or so. Every line of the grid is
written to ``error_rates.csv`` in ``--folder`` as soon as it is done, and is not computed again by a
second call. A line outside the bounds is run once more with ten times the data sets. Tables in
Markdown go to standard output, progress to standard error, figures into the folder ``figures``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from known_energies import Cells, Design, drawn, drawn_animals, measured, responses
from nested import hierarchical_bootstrap, mixed_model
from scipy import stats

from errorneurons.analysis.statistics import jackknife_ratios, sign_flip, students
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.rule import ALPHA, answered, by_student, difference, outcomes
from errorneurons.simulate.arrays import generator

Array = npt.NDArray[np.float64]

ANIMALS, ICC, CELLS, LABEL_ERROR = (6, 8, 10, 20), (0.05, 0.1, 0.3), (20, 60, 200), (0.0, 0.05, 0.1)
BLOCK = 100
"""Data sets that share a random stream: fixed, so that no result depends on how many are run."""
VALIDATED = 100
"""Labelled cells that were checked to learn the share of false labels."""
HIGHEST, COVERAGE, SLACK = 0.065, (0.93, 0.97), 0.015
CLAIMS = {1 / 9: claim("P02"), 0.8: claim("P04b")}
NESTED_DRAWS = 1000
FLIPPED = 2000
"""How many data sets of a line the sign-flip test is tried on."""


def attainable_size(animals: int, alpha: float = 0.05) -> float:
    """Return how often the two-sided sign-flip test rejects at most if its assumption holds.

    Its p is a multiple of the smallest one, so that it is conservative by construction.

    Examples
    --------
    >>> attainable_size(6), attainable_size(5)
    (0.03125, 0.0)
    """
    least = 2.0 ** (1 - animals)
    return float(np.floor(alpha / least + 1e-9) * least)


@dataclass(frozen=True)
class Line:
    """One line of the table: a group, and the design of its data sets."""

    group: str
    design: Design

    @property
    def name(self) -> str:
        """Return what identifies the line, and its random numbers."""
        return " ".join([self.group, *map(str, asdict(self.design).values())])


def grid() -> Iterator[Line]:
    """Yield all lines, those that DESIGN asks for first."""
    for animals, icc, cells, pi in product(ANIMALS, ICC, CELLS, LABEL_ERROR):
        yield Line("symmetric", Design(animals, cells, icc, pi))
    variants = {
        "skewed": {"shape": "skewed"}, "log-normal": {"shape": "log-normal"},
        "one in ten": {"shape": "one in ten"}, "heavy tails": {"shape": "heavy tails"},
        "two stimuli": {"stimuli": 2}, "two trials": {"trials": 2},
        "threshold .8": {"threshold": 0.8},
    }  # fmt: skip
    for (group, options), pi, animals, icc in product(
        variants.items(), LABEL_ERROR[:2], ANIMALS, ICC
    ):
        yield Line(group, Design(animals, 60, icc, pi, **options))
    for animals in ANIMALS:
        yield Line("trial by trial", Design(animals, 20, 0.1, 0.05))
        yield Line("noisy", Design(animals, 20, 0.1, 0.05, noise=1.5))
        for effect in (-1.0, 1.0):
            yield Line(f"effect {effect:+.0f}", Design(animals, 60, 0.1, 0.05, effect))


def data_sets(line: Line, seed: int, count: int) -> Iterator[Cells]:
    """Yield data sets in blocks, (data set, animal, cell)."""
    for block in range(-(-count // BLOCK)):
        size = min(BLOCK, count - block * BLOCK)
        if line.group == "trial by trial":
            streams = (generator(seed, "first", line.name, block, k) for k in range(size))
            parts = [measured(responses(line.design, rng)) for rng in streams]
            yield Cells(*(np.stack([getattr(p, n) for p in parts]) for n in vars(parts[0])))
        else:
            yield drawn(line.design, generator(seed, "first", line.name, block), size)


def rates(line: Line, seed: int, count: int) -> dict[str, float]:
    """Return how often each test, cells as n too, says what over `count` data sets of a line."""
    design = line.design
    energies, p_above = [], []
    for cells in data_sets(line, seed, count):
        energies.append(cells.energies())
        pooled = cells.difference(design.threshold, design.label_error)
        p_above.append(students(pooled.reshape(len(pooled), -1))[1])
    above = np.concatenate(p_above)
    sides = [float((above < ALPHA).mean()), float((above > 1 - ALPHA).mean())]
    if CLAIMS[design.threshold].side == "below":
        sides.reverse()
    labels = generator(seed, "first", line.name, "labels")
    return animal_rates(line, np.concatenate(energies), labels) | {
        "cells_supported": sides[0],
        "cells_contradicted": sides[1],
        "cells_two_sided": float((_two_sided(above) < 0.05).mean()),
    }


def rates_again(line: Line, seed: int, count: int) -> dict[str, float]:
    """Return the same of other data sets, without cells as n."""
    blocks = range(-(-count // BLOCK))
    tables = [
        drawn_animals(line.design, generator(seed, "again", line.name, block),
                      min(BLOCK, count - block * BLOCK))
        for block in blocks
    ]  # fmt: skip
    labels = generator(seed, "again", line.name, "labels")
    return animal_rates(line, np.concatenate(tables), labels)


def animal_rates(line: Line, table: Array, labels: np.random.Generator) -> dict[str, float]:
    """Return how often each test says what, from N, M and N_R, (data set, animal, 3)."""
    design = line.design
    judged = CLAIMS[design.threshold]
    d = difference(judged, table, design.label_error)
    answers, above = answered(judged, table, design.label_error), students(d)[1]
    plain = by_student(judged, table, design.label_error)
    return {
        "supported": float((answers == Outcome.SUPPORTED).mean()),
        "contradicted": float((answers == Outcome.CONTRADICTED).mean()),
        "student_supported": float((plain == Outcome.SUPPORTED).mean()),
        "student_contradicted": float((plain == Outcome.CONTRADICTED).mean()),
        "coverage": float((_two_sided(above) >= 0.05).mean()),
        "coverage_jackknife": _jackknife_coverage(table, design),
        "fieller_unbounded": float((_two_sided(students(table[..., 1])[1]) >= 0.05).mean()),
        "sign_flip": float(np.mean([sign_flip(x)[0] <= ALPHA for x in d[:FLIPPED]])),
        "sign_flip_attainable": attainable_size(design.animals),
        "skewness": float(stats.skew(d.ravel())),
        **whole_rule(judged, table, design, labels),
    }


def _two_sided(above: Array) -> Array:
    return 2 * np.minimum(above, 1 - above)


def _jackknife_coverage(table: Array, design: Design) -> float:
    """Return how often the jackknife interval of N/M holds its true value."""
    truth = design.threshold * (1 + design.effect)
    n = table[..., 0] - design.label_error * table[..., 2]
    ratio, error = jackknife_ratios(n, table[..., 1])
    reach = stats.t.ppf(0.975, design.animals - 1) * error
    return float((np.abs(ratio - truth) <= reach).mean())


@cache
def known_shares() -> Array:
    """Return share and Wilson interval for every count of false labels, (count, 3)."""
    tests = [stats.binomtest(k, VALIDATED) for k in range(VALIDATED + 1)]
    intervals = [t.proportion_ci(method="wilson") for t in tests]
    return np.array([[k / VALIDATED, i.low, i.high] for k, i in enumerate(intervals)])


def whole_rule(
    judged: Claim, table: Array, design: Design, rng: np.random.Generator
) -> dict[str, float]:
    """Return the rate of each outcome if pi was learnt from validated cells, with its interval."""
    counts = rng.binomial(VALIDATED, design.label_error, len(table))
    found = outcomes(judged, table, known_shares()[counts])
    return {f"rule_{o.lower()}": float((found == o).mean()) for o in Outcome}


def breaches(row: dict[str, Any]) -> list[str]:
    """Return which bounds a line at the threshold breaks; off the threshold there are none."""
    if row["effect"] != 0:
        return []
    found = [
        f"{name} {row[name]:.3f}"
        for name in ("supported", "contradicted", "rule_supported", "rule_contradicted")
        if row[name] > HIGHEST
    ]
    if not COVERAGE[0] <= row["coverage"] <= COVERAGE[1]:
        found.append(f"coverage {row['coverage']:.3f}")
    if row["sign_flip"] > row["sign_flip_attainable"] + SLACK:
        found.append(f"sign_flip {row['sign_flip']:.3f}")
    return found


def nested_rates(animals: int, icc: float, seed: int, count: int) -> dict[str, float]:
    """Return the coverage of the secondary methods on cells within animals, and of Student's t."""
    line = Line("nested", Design(animals, 20, icc))
    blocks = [b.difference(line.design.threshold, 0.0) for b in data_sets(line, seed, count)]
    covered = []
    for k, cells in enumerate(np.concatenate(blocks)):
        above = float(students(cells.mean(axis=1))[1])
        boot = hierarchical_bootstrap(
            list(cells), np.random.SeedSequence(seed, spawn_key=(k,)), NESTED_DRAWS
        ).interval
        mixed = mixed_model(list(cells)).interval
        covered.append([0.025 <= above <= 0.975, *(i.low <= 0 <= i.high for i in (boot, mixed))])
    names = ("coverage", "coverage_bootstrap", "coverage_mixed")
    return dict(zip(names, np.mean(covered, axis=0).tolist(), strict=True))


class Results:
    """A CSV file of finished lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = pd.read_csv(path) if path.exists() else pd.DataFrame({"name": []})

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a finished line."""
        found = self.table[self.table["name"] == name]
        return None if found.empty else found.iloc[-1].dropna().to_dict()

    def add(self, row: dict[str, Any]) -> None:
        """Write a line; the file is whole at any time."""
        self.table = pd.concat([self.table, pd.DataFrame([row])], ignore_index=True)
        beside = self.path.with_suffix(".part")
        self.table.to_csv(beside, index=False, float_format="%.6g")
        beside.replace(self.path)


def run(folder: Path, seed: int, count: int) -> pd.DataFrame:
    """Compute what is missing, and return one row a line: that of the second run where there is."""
    results = Results(folder / "error_rates.csv")
    lines = list(grid())
    rows = [_row(results, line, seed, count, "first") for line in lines]
    for k, row in enumerate(rows):
        row["breaches"] = "; ".join(breaches(row))
        # what is made trial by trial is the twin of another line, too slow for ten times as many
        if row["breaches"] and row["group"] != "trial by trial":
            second = _row(results, lines[k], seed, 10 * count, "again")
            rows[k] = row | second | {"breaches": "; ".join(breaches(second))}
    return pd.DataFrame(rows)


def _row(results: Results, line: Line, seed: int, count: int, run: str) -> dict[str, Any]:
    """Return the row of a line, from the file if it is in it."""
    name = f"{line.name}, {run}, seed {seed}, {count}"
    if (row := results.find(name)) is None:
        compute = rates if run == "first" else rates_again
        about = {"name": name, "group": line.group, **asdict(line.design), "data_sets": count}
        row = about | compute(line, seed, count)
        results.add(row)
        _say(f"{name} {'; '.join(breaches(row))}")
    return row


def run_nested(folder: Path, seed: int, count: int) -> pd.DataFrame:
    """Compute what is missing of the secondary methods."""
    results = Results(folder / "error_rates_nested.csv")
    rows = []
    for animals, icc in product((6, 20), (0.05, 0.3)):
        name = f"{animals} {icc} seed {seed} of {count}"
        if results.find(name) is None:
            about = {"name": name, "animals": animals, "icc": icc, "data_sets": count}
            results.add({**about, **nested_rates(animals, icc, seed, count)})
            _say(f"nested {name}")
        rows.append(results.find(name))
    return pd.DataFrame(rows)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run the grid, print the tables, draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--nested-data-sets", type=int, default=200, help="for secondary methods")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    (arguments.folder / "figures").mkdir(parents=True, exist_ok=True)
    table = run(arguments.folder, arguments.seed, arguments.data_sets)
    nested = run_nested(arguments.folder, arguments.seed, arguments.nested_data_sets)
    import error_rates_shown as shown  # beside this file

    print(shown.tables(table, nested))
    shown.figures(table, arguments.folder / "figures")


if __name__ == "__main__":
    main()
