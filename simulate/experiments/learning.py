"""Blocks of trials in which synapses change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    Clock,
    Factors,
    silence,
    trial,
)

#: Two blocks in which the same new association is learnt from the same synapses, which only a
#: simulation can do: one without laser, one with the error cells off at the outcome.
LEARNING_BLOCKS: tuple[Factors, ...] = ({}, silence("error", "all", DURING_OUTCOME))


def learning_block(
    seed: int, name: str, factors: Factors, repeats: int, clock: Clock = CLOCK
) -> pd.DataFrame:
    """Return the trials of a block in which the association `name` is learnt.

    Each stimulus comes once in every five trials, in random order.
    """
    during: Factors = {"phase": "during", "familiarity": "novel", "association": name}
    rng = generator(seed, "trial order", name)
    return pd.DataFrame(in_turn(rng, {**EXPECTED, **factors, **during}, repeats, clock))


def in_turn(
    rng: np.random.Generator, factors: Factors, repeats: int, clock: Clock
) -> list[Factors]:
    """Return trials in which each stimulus comes once in every five, in random order."""
    return [
        trial(factors, int(stimulus), clock)
        for _ in range(repeats)
        for stimulus in rng.permutation(STIMULI)
    ]
