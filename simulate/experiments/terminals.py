"""Axon terminals: what error cells send to the area below is silenced, and nothing else."""

from __future__ import annotations

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    UNEXPECTED,
    Factors,
    shuffled,
    silence,
    tabulated,
    trial,
)

SOMATA = silence("error", "area 3", DURING_OUTCOME)
KINDS: tuple[Factors, ...] = ({}, SOMATA, SOMATA | {"manipulated_target": "area 2"})


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: no laser, on somata in area 3, on the terminals of their axons in area 2."""
    rows = [
        trial(outcome | kind, stimulus, CLOCK)
        for outcome in (EXPECTED, UNEXPECTED)
        for kind in KINDS
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    return (Day((Block(tabulated(shuffled(rows, seed, "terminals")), streams=STIMULI),)),)


EXPERIMENT = Experiment(
    "terminals",
    "silencing of axon terminals",
    "Error cells of area 3 silenced as a whole, or only what they send to area 2: does the error "
    "below come down their axons?",
    days,
    panels=("outcome",),
    lines=("manipulation", "manipulated_target"),
)
