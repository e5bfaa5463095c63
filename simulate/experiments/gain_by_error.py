"""Gain x error: stimuli of every contrast, each with outcome errors of every size."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    UNEXPECTED,
    shared,
    shuffled,
    tabulated,
    trial,
)

CONTRASTS = (0.25, 0.5, 1.0, 2.0)
SIZES = (0.0, 0.5, 1.0, 2.0)


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day with the whole grid, each stimulus `repeats` times."""
    rows = [
        trial(UNEXPECTED | {"contrast": contrast, "outcome_size": size}, stimulus, CLOCK)
        for contrast, size in product(CONTRASTS, SIZES)
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    rows = shuffled(rows, seed, "gain by error")
    return (Day((Block(tabulated(rows), streams=shared(len(rows), 20)),)),)


EXPERIMENT = Experiment(
    "gain_by_error",
    "gain x error",
    "Every contrast of the stimulus with every size of the outcome error: do they multiply in an "
    "error response, or add?",
    days,
    panels=("contrast",),
    lines=("outcome_size",),
)
