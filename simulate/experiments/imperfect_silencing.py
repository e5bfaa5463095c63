"""Imperfect silencing: a laser that leaves a part of the rate, or hits the other role as well."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    UNEXPECTED,
    shared,
    shuffled,
    silence,
    tabulated,
    trial,
)

EFFICACIES = (0.0, 0.5, 0.75, 1.0)
OFF_TARGET = (0.0, 0.1, 0.3)


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: error cells of area 2 silenced at the outcome, from not at all to wholly."""
    rows = [
        trial(
            kind | silence("error", "area 2", DURING_OUTCOME)
            | {"efficacy": efficacy, "off_target": missed},
            stimulus, CLOCK,
        )
        for kind, efficacy, missed in product((EXPECTED, UNEXPECTED), EFFICACIES, OFF_TARGET)
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]  # fmt: skip
    rows = shuffled(rows, seed, "imperfect silencing")
    return (Day((Block(tabulated(rows), streams=shared(len(rows), 24)),)),)


EXPERIMENT = Experiment(
    "imperfect_silencing",
    "imperfect silencing",
    "A laser on the error cells of area 2 that silences them in part, and others beside them: how "
    "good must it be?",
    days,
    panels=("outcome", "off_target"),
    lines=("efficacy",),
)
