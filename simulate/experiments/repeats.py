"""Identical trials, many times, with noise in all somata."""

from __future__ import annotations

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    EXPECTED,
    PASSIVE,
    Factors,
    tabulated,
    trial,
)

IDENTICAL = 6
"""Identical trials for each repeat that is asked for: by default 30 in all."""
NOISE = 0.2
"""A fifth of what moves a cell by its natural tuning, in each step."""
KINDS: tuple[Factors, ...] = (PASSIVE, EXPECTED)


def days(seed: int, repeats: int) -> tuple[Day, ...]:  # noqa: ARG001, every order is the same
    """Return one day: the same trial again and again, of each stimulus with and without outcome."""
    rows = [
        trial(kind, stimulus, CLOCK)
        for kind in KINDS
        for stimulus in range(STIMULI)
        for _ in range(IDENTICAL * repeats)
    ]
    return (Day((Block(tabulated(rows), streams=len(KINDS) * STIMULI),)),)


EXPERIMENT = Experiment(
    "repeats",
    "repeated identical trials",
    "The same trial many times with noise in all cells: do representation and error cells vary "
    "together when nothing teaches?",
    days,
    noise=NOISE,
    lines=("outcome",),
)
