"""Silencing: role x area x window, every combination."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    BEFORE_INPUT,
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    WHILE_SETTLED,
    Factors,
    shared,
    shuffled,
    silence,
    tabulated,
    trial,
)

ROLES = ("representation", "error")
AREAS = ("area 1", "area 2", "area 3", "area 4")

#: Window -> when, and the trials in which it is looked at: errors are looked at when an outcome
#: comes, inference when none does.
WINDOWS: dict[str, tuple[tuple[float, float], tuple[Factors, ...]]] = {
    "before input": (BEFORE_INPUT, (PASSIVE,)),
    "while settled": (WHILE_SETTLED, (PASSIVE,)),
    "during outcome": (DURING_OUTCOME, (EXPECTED, UNEXPECTED)),
}


def conditions() -> list[Factors]:
    """Return every combination, and the same trials without a laser."""
    controls = [kind | {"window": "none"} for kind in (PASSIVE, EXPECTED, UNEXPECTED)]
    return controls + [
        kind | silence(role, area, when) | {"window": window}
        for role, area, (window, (when, kinds)) in product(ROLES, AREAS, WINDOWS.items())
        for kind in kinds
    ]


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day with every combination, each stimulus `repeats` times."""
    rows = [
        trial(condition, stimulus, CLOCK)
        for condition in conditions()
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    return (
        Day((Block(tabulated(shuffled(rows, seed, "silencing")), streams=shared(len(rows), 25)),)),
    )


EXPERIMENT = Experiment(
    "silencing",
    "silencing, role x area x window",
    "Every role silenced in every area in every window: what rests on whom, and when?",
    days,
    panels=("manipulated_role", "manipulated_area"),
    lines=("window", "outcome"),
)
