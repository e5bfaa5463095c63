"""Whether recordings keep what `plan` promises of them: `python benchmarks/promises.py`.

`plan` is asked how often the verdict between two theories would be right on designs of several
sizes. Then animals of other worlds, from another seed, are recorded with the cells and trials of
each design, and their sessions are weighed as `compare` weighs recordings: by the claims with a
response, beside virtual experiments as uncertain as they are. The table in Markdown goes to
standard output: what is promised, with all claims of all experiments weighed (as plans did once)
and as they are now; how often recordings come out right, with the standard error over worlds; and
by how many of the claims they are weighed on average. It takes some minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from errorneurons.analysis.evidence.comparison import Comparison, compare, same_class
from errorneurons.analysis.evidence.power import as_weighed
from errorneurons.analysis.evidence.recovery import verdicts
from errorneurons.analysis.measures.asking import asked_often
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing.animals import Table, instrument_of
from errorneurons.predictions.comparing.conditions import of_worlds
from errorneurons.predictions.comparing.design import Design, taken_together
from errorneurons.predictions.comparing.effects import draw, features_of, recorded, together
from errorneurons.predictions.comparing.library import simulate_worlds
from errorneurons.predictions.comparing.plan import EXPERIMENTS, Grid, animals_of, compared_on
from errorneurons.predictions.comparing.recording import presentation, record
from errorneurons.predictions.comparing.responding import telling
from errorneurons.predictions.comparing.shards import batches_of, read_worlds
from errorneurons.predictions.comparing.weigh import Question
from errorneurons.predictions.judging.measured import measure
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.arrays import generator

THEORIES = "error_microcircuit", "supervised_pc"
SEED = np.random.SeedSequence(1)
FRESH = 2
"""Seed of the animals that are recorded."""


def worlds_of(name: str, animals: Animals, design: Design, folder: Path) -> list[list[xr.Dataset]]:
    """Return the sessions of the animals of each world, one an animal."""
    found: dict[int, list[xr.Dataset]] = {}
    for batch in batches_of(name, animals):
        day = read_worlds(folder, name, batch, of_worlds(design.experiment))[0]
        shown = presentation(day, design) if len(day.number) else None
        for at, world in enumerate(day.world.tolist()):
            how = instrument_of(design, animals.seed, name, world)
            seed = int(generator(animals.seed, "recording", name, world).integers(2**31))
            own = record(day, at, design, how, seed, shown)
            found.setdefault(world, []).append(own)
    return list(found.values())


def weighed(
    sessions: Sequence[xr.Dataset], tables: dict[str, Table], design: Design, whole: Comparison
) -> tuple[tuple[str, ...], int]:
    """Return which theories lead of a recording, and by how many claims it is weighed."""
    with asked_often(sessions):
        measured = {c.key: measure(c.effect, sessions, trial_level=True) for c in CLAIMS}
        told = telling(sessions, measured)
        found = recorded(told.sessions, told.measured)
    clear = told.responses.clear
    kept = tuple(f for f in whole.experiments.features if f in features_of(clear))
    if not kept:
        return whole.theories, 0
    drawn = {n: draw(t, n, design, 1, EXPERIMENTS, found.scatter) for n, t in tables.items()}
    fitted = compare(together(drawn).columns(kept), SEED)
    leading = fitted.judge([found.values[f] for f in kept]).leading[0]
    return tuple(n for n, leads in zip(fitted.theories, leading, strict=True) if leads), len(clear)


def lines(
    sizes: tuple[int, int], animals: Sequence[int], fresh: Animals, question: Question
) -> Iterator[str]:
    """Yield a row of the table for each theory and number of animals."""
    grid = Grid(tuple(animals), (sizes[0],), (sizes[1],))
    designs = grid.designs(*sizes)
    tables = animals_of(designs, question, lambda _: None)
    most = replace(taken_together(designs), animals=max(animals))
    classes = compared_on(tables, most, grid.features, question).classes
    shown = {n: worlds_of(n, fresh, designs[0], question.folder) for n in question.theories}
    for count in animals:
        design = replace(most, animals=count)
        whole = compared_on(tables, design, grid.features, question)
        once = verdicts(whole, classes).groupby("theory")["right"].mean()
        now = as_weighed(whole, classes, SEED).groupby("theory")["right"].mean()
        mates = same_class(whole.theories, classes)
        for at, name in enumerate(whole.theories):
            said = [weighed(own[:count], tables, design, whole) for own in shown[name]]
            own_class = {n for n, mate in zip(whole.theories, mates[at], strict=True) if mate}
            right = np.array([name in leads and {*leads} <= own_class for leads, _ in said])
            error = np.sqrt(right.mean() * (1 - right.mean()) / len(right))
            claims = np.mean([number for _, number in said])
            yield (
                f"| {count}, {sizes[0]}, {sizes[1]} | {name} | {once[name]:.2f} | {now[name]:.2f} "
                f"| {right.mean():.2f} ({error:.2f}) | {claims:.1f} |"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, default=Path("promises-library"))
    parser.add_argument("--worlds", type=int, default=24, help="worlds that are recorded")
    parser.add_argument("--animals", default="4,8,16")
    parser.add_argument("--sizes", default="4x2,12x6", help="cells x trials")
    asked = parser.parse_args()
    animals = [int(n) for n in asked.animals.split(",")]
    question = Question(THEORIES, Animals(worlds=40), asked.library)
    fresh = Animals(max(animals), FRESH, asked.worlds)
    simulate_worlds(THEORIES, fresh, asked.library, lambda _: None)
    print("| animals, cells, trials | theory | once | promised | recordings (SE) | claims |")
    print("|---" * 6 + "|")
    for size in asked.sizes.split(","):
        cells, trials = map(int, size.split("x"))
        for line in lines((cells, trials), animals, fresh, question):
            print(line, flush=True)


if __name__ == "__main__":
    main()
