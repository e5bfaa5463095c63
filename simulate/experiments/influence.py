"""Influence maps: single cells are driven, and everyone else is looked at."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    PASSIVE,
    Clock,
    Factors,
    drive,
    shared,
    shuffled,
    tabulated,
    trial,
)

CLOCK = Clock(start=-0.1, outcome=0.3, stop=0.3)
DRIVEN = (0.15, 0.3)
ROLES = ("representation", "error")
AREAS = ("area 1", "area 2", "area 3")
CELLS = 5
"""Cells of each role and area; with arbitrary labels the smallest of these areas has no more."""


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: each cell is driven `repeats` times, with one stimulus after the other."""
    cells = [
        PASSIVE | drive(role, area, DRIVEN) | {"manipulated_cell": cell}
        for role, area, cell in product(ROLES, AREAS, range(CELLS))
    ]
    controls: list[Factors] = [PASSIVE] * STIMULI  # as often as each stimulus is shown with cells
    rows = [
        trial(condition, (number + repeat) % STIMULI, CLOCK)
        for number, condition in enumerate(controls + cells)
        for repeat in range(repeats)
    ]
    rows = shuffled(rows, seed, "influence")
    return (Day((Block(tabulated(rows), streams=shared(len(rows), 35)),)),)


EXPERIMENT = Experiment(
    "influence",
    "influence maps",
    "Single cells are driven while a stimulus is on and nothing teaches: whom does each of them "
    "move?",
    days,
    CLOCK,
    panels=("manipulated_role", "manipulated_area"),
    lines=("manipulation",),
)
