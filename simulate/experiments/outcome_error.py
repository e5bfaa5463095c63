"""The outcome-error experiment: what the seven claims look at.

A block with frozen synapses, then two in which the same new association is learnt, with and
without a laser. Both start from the synapses of the morning, which only a simulation can do.
"""

from __future__ import annotations

import pandas as pd

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.learning import LEARNING_BLOCKS, learning_block
from errorneurons.simulate.experiments.trials import (
    BEFORE_INPUT,
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    WHILE_SETTLED,
    Clock,
    Factors,
    drive,
    shared,
    silence,
    trial,
)

#: The conditions of the outcome-error experiment, weights frozen.
OUTCOME_ERROR: tuple[Factors, ...] = (
    EXPECTED,
    UNEXPECTED,
    EXPECTED | silence("error", "area 2", DURING_OUTCOME),
    UNEXPECTED | silence("error", "area 2", DURING_OUTCOME),
    PASSIVE,
    PASSIVE | {"familiarity": "novel"},
    PASSIVE | drive("representation", "area 2", WHILE_SETTLED),
    PASSIVE | silence("representation", "area 3", WHILE_SETTLED),
    PASSIVE | silence("error", "all", BEFORE_INPUT),
)


def outcome_error(seed: int, repeats: int = 6, clock: Clock = CLOCK) -> pd.DataFrame:
    """Return the trials of the outcome-error experiment with frozen synapses, in random order.

    Parameters
    ----------
    seed
        Seed of the run; decides the order.
    repeats
        Trials of each condition and stimulus, at least 2.

    Returns
    -------
    DataFrame
        One row a trial.

    Raises
    ------
    ValueError
        If there are too few repeats for a cross-validated energy.
    """
    if repeats < 2:
        raise ValueError(f"repeats is {repeats}; cross-validation needs 2 or more of each trial")
    rows = [
        trial(factors, stimulus, clock)
        for factors in OUTCOME_ERROR
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    order = generator(seed, "trial order").permutation(len(rows))
    return pd.DataFrame([rows[i] for i in order])


def with_learning(presentations: int) -> Experiment:
    """Return the experiment with a number of presentations of each stimulus in a learning block."""

    def days(seed: int, repeats: int) -> tuple[Day, ...]:
        table = outcome_error(seed, repeats)
        frozen = Block(table, streams=shared(len(table), len(OUTCOME_ERROR)))
        learning = (
            learning_block(seed, "new", factors, presentations) for factors in LEARNING_BLOCKS
        )
        plastic = (Block(t, plastic=True, starts_from="morning") for t in learning)
        return (Day((frozen, *plastic)),)

    return Experiment(
        "outcome_error",
        "outcome error",
        "Expected and unexpected outcomes, novel input, lasers, a drive, and learning with and "
        "without a laser: what seven claims look at.",
        days,
        panels=("phase", "manipulation"),
        lines=("outcome", "familiarity", "manipulated_role", "manipulated_area"),
    )


EXPERIMENT = with_learning(presentations=12)
