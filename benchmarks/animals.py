"""Time what recording and measuring a virtual animal takes: `python benchmarks/animals.py`.

Networks of a few worlds are simulated once, then recorded and measured as `compare` and `plan` do.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from designs import full_design

from errorneurons.predictions.comparing.animals import Table, measured, stocked
from errorneurons.predictions.comparing.design import Design
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import ELECTRODES, OF_WORLDS, Performed, performed
from errorneurons.simulate.theories.registry import theory

ROUNDS = 6
DESIGNS = {
    "24 cells, 5 trials": full_design(animals=8, cells=24, repeats=5),
    "6 cells, 3 trials": full_design(animals=8, cells=6, repeats=3),
    "24 cells, 5 trials, P02 alone": replace(full_design(animals=8), claims=("P02",)),
}
"""8 animals: each world has 12 virtual ones, so that each of its 4 networks is recorded thrice."""


def timed(animals: Performed, name: str, design: Design) -> tuple[float, Table]:
    """Return CPU time of an animal [s], the best of some rounds, and what all of them say."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        table = measured(animals, name, stocked(design), seed=1)
        taken.append((time.process_time() - start) / len(table.world))
    return min(taken), table


def main() -> None:
    """Print a line a design; with `--effects` what the animals say, beside its standard error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--theory", default="error_microcircuit")
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--effects", action="store_true")
    asked = parser.parse_args()
    plan = Animals(worlds=asked.worlds).batches(theory(asked.theory), 4 * asked.worlds)[0]
    animals = performed(theory(asked.theory), OF_WORLDS, plan, ELECTRODES)
    for title, design in DESIGNS.items():
        taken, table = timed(animals, asked.theory, design)
        print(f"{asked.theory}, {title}: {1e3 * taken:.2f} ms of CPU an animal")
        if asked.effects:
            error = np.nanstd(table.energies, axis=0) / np.sqrt(len(table.world))
            for effect, mean, own in zip(
                table.effects, np.nanmean(table.energies, axis=0), error, strict=True
            ):
                said = ", ".join(f"{m:.4g} +- {e:.2g}" for m, e in zip(mean, own, strict=True))
                print(f"  {effect}: {said}")


if __name__ == "__main__":
    main()
