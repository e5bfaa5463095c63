"""Novelty without teaching: new stimuli in a passive block, next to trained ones.

Each block is run in copies of the network of its own, so that nothing has ever taught in those of
the passive block. The outcome block, as in a task, gives the error response to compare with.
"""

from __future__ import annotations

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    Factors,
    shuffled,
    tabulated,
    trial,
)

#: The conditions of each block; blocks have equally many.
BLOCKS: dict[str, tuple[Factors, ...]] = {
    "passive": (PASSIVE, PASSIVE | {"familiarity": "novel"}),
    "outcome": (EXPECTED, UNEXPECTED),
}


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: a passive block with trained and novel stimuli, and a block of outcomes."""
    rows: list[Factors] = []
    for block, conditions in BLOCKS.items():
        own = [
            {**trial(condition, stimulus, CLOCK), "block": block}
            for condition in conditions
            for stimulus in range(STIMULI)
            for _ in range(repeats)
        ]
        rows += shuffled(own, seed, "novelty", block)
    return (Day((Block(tabulated(rows), streams=len(BLOCKS) * STIMULI),)),)


EXPERIMENT = Experiment(
    "novelty",
    "novelty without teaching",
    "New and trained stimuli without any outcome, and a block of outcomes to compare with: does "
    "novelty alone evoke errors?",
    days,
    panels=("block",),
    lines=("familiarity", "outcome"),
)
