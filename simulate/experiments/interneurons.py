"""Silencing of interneurons, in trials without an error and with one."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
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

AREAS = ("area 1", "area 2", "area 3")
KINDS: tuple[tuple[Factors, tuple[float, float]], ...] = (
    (PASSIVE, WHILE_SETTLED),
    (EXPECTED, DURING_OUTCOME),
    (UNEXPECTED, DURING_OUTCOME),
)


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: every area's interneurons off in every kind of trial, and controls."""
    conditions = [kind for kind, _ in KINDS] + [
        kind | silence("interneuron", area, when) for (kind, when), area in product(KINDS, AREAS)
    ]
    rows = [
        trial(condition, stimulus, CLOCK)
        for condition in conditions
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    rows = shuffled(rows, seed, "interneurons")
    return (Day((Block(tabulated(rows), streams=shared(len(rows), 20)),)),)


EXPERIMENT = Experiment(
    "interneurons",
    "silencing of interneurons",
    "Interneurons of an area are silenced while an input is settled, or at the outcome: does it "
    "unmask errors where there are none?",
    days,
    needs=("interneuron",),
    panels=("outcome",),
    lines=("manipulation", "manipulated_area"),
)
