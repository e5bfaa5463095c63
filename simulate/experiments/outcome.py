"""The outcome-error experiment: what the claims look at.

A block with frozen synapses, then two in which the same new association is learnt, with and
without a laser. Both start from the synapses of the morning, which only a simulation can do.
"""

from __future__ import annotations

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment, Frozen, Plastic
from errorneurons.simulate.experiments.learning import LEARNING_BLOCKS, NEW
from errorneurons.simulate.experiments.trials import (
    BEFORE_INPUT,
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    WHILE_SETTLED,
    TrialFactors,
    drive,
    silence,
)

#: The conditions of the outcome-error experiment, weights frozen.
OUTCOME_ERROR: tuple[TrialFactors, ...] = (
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
_KINDS = STIMULI * len(OUTCOME_ERROR)
FROZEN = Frozen(OUTCOME_ERROR, order=(), streams=_KINDS, fewest=2, defaults=False)


def with_learning(presentations: int) -> Experiment:
    """Return the experiment with a number of presentations of each stimulus in a learning block."""
    learning = (
        Plastic(NEW | factors, ("new",), presentations, starts_from="morning", defaults=False)
        for factors in LEARNING_BLOCKS
    )
    return Experiment(
        "outcome_error",
        "outcome error",
        "Expected and unexpected outcomes, novel input, lasers, a drive, and learning with and "
        "without a laser: what nine claims look at.",
        (FROZEN, *learning),
        panels=("phase", "manipulation"),
        lines=("outcome", "familiarity", "manipulated_role", "manipulated_area"),
    )


EXPERIMENTS = (with_learning(presentations=12),)
