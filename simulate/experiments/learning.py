"""Learning: blocks in which synapses change, and experiments of many days.

Each network is an animal that was trained before day 1. Its days are sessions, with frozen
synapses (a test) or plastic ones (practice):

============================= ================================================================
experiment                    days
============================= ================================================================
`teach_reteach`               1 test; 2 to 7 the reversed association; 8 test; 9 to 12 the
                              trained association again
`chronic_silencing_...`       1 test; 2 to 7 a new association, with the laser on at every
                              outcome; 8 test
============================= ================================================================

*Teach and reteach.* Stimuli and outcomes stay the same five throughout; what changes at a reversal
is which belongs to which. So errors return at once at a reversal, and so must responses that
signal them, while what represents a stimulus has no reason to. Whatever fades with exposure alone
stays faded.

*Chronic silencing.* The laser is on in the outcome window of every trial of every day of learning,
so nothing that depends on these cells' answers to outcomes can be learnt. How the stimuli are
represented is tested before and after, without laser: where errors descend from area to area, the
change of tuning is missing in the silenced area and all below it, and areas above learn on. Each
silenced area is an experiment of its own, and so is learning without laser, because an animal
learns something new but once. Network n of another group had the same synapses and the same task
before day 1, as only a simulation can have it, so groups may be compared network by network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import REVERSED, STIMULI
from errorneurons.simulate.experiments.experiment import Experiment, Frozen, Plastic
from errorneurons.simulate.experiments.trials import (
    AREA_NAMES,
    CLOCK,
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    Clock,
    TrialFactors,
    in_turn,
    silence,
)

#: Two blocks in which the same new association is learnt from the same synapses, which only a
#: simulation can do: one without laser, one with the error cells off at the outcome.
LEARNING_BLOCKS: tuple[TrialFactors, ...] = ({}, silence("error", "all", DURING_OUTCOME))
SLOW = replace(CLOCK, plasticity=CLOCK.stop - 0.02)
"""Synapses change in the last 20 ms of an outcome.

If they changed all along, several theories would unlearn most of an error while it is shown, and
the response to it would be that of no synapses in particular.
"""

#: Trials that show which cells carry an error and how each is tuned to stimuli.
TEST: tuple[TrialFactors, ...] = (EXPECTED, UNEXPECTED, PASSIVE)
AS_TRAINED: TrialFactors = {"association": "trained", "familiarity": "trained"}
THE_OTHER_WAY: TrialFactors = {"association": REVERSED, "familiarity": "trained"}
NEW: TrialFactors = {"association": "new", "familiarity": "novel"}

RELEARNING = range(2, 8)
RETEACHING = range(9, 13)
_LEARNING = range(2, 8)


def learning_block(
    seed: int,
    name: str,
    factors: TrialFactors,
    repeats: int,
    clock: Clock = CLOCK,
    stimuli: int = STIMULI,
) -> pd.DataFrame:
    """Return the trials of a block in which the association `name` is learnt.

    Each of its stimuli comes once before any comes again, in random order.
    """
    during: TrialFactors = {"phase": "during", "familiarity": "novel", "association": name}
    every = {**EXPECTED, **factors, **during}
    return pd.DataFrame(in_turn(every, repeats, clock, seed, name, stimuli=stimuli))


def lesson(sets: Mapping[str, int], seed: int, epochs: int, clock: Clock) -> pd.DataFrame:
    """Return the trials of some epochs in which several sets are learnt, mixed within each epoch.

    Parameters
    ----------
    sets
        Name of each set -> how many stimuli it has.
    seed
        Decides the order.
    epochs
        How often each stimulus comes.
    clock
        When things happen in a trial.
    """
    parts = [learning_block(seed, name, {}, epochs, clock, count) for name, count in sets.items()]
    if len(parts) == 1:
        return parts[0]
    rng, counts = generator(seed, "trial order", *sets), sets.values()
    mixed = [
        pd.concat([
            part.iloc[epoch * n : (epoch + 1) * n] for part, n in zip(parts, counts, strict=True)
        ]).iloc[rng.permutation(sum(counts))]
        for epoch in range(epochs)
    ]  # fmt: skip
    return pd.concat(mixed, ignore_index=True)


def tested(day: int, phase: str, conditions: Sequence[TrialFactors]) -> Frozen:
    """Return a day with frozen synapses: every stimulus in every condition, in random order."""
    rows = [condition | {"phase": phase} for condition in conditions]
    return Frozen(rows, ("day", day), streams=len(rows), day=day)


def practice(days: range, factors: TrialFactors) -> tuple[Plastic, ...]:
    """Return days on which synapses change; each stimulus comes once in every five trials."""
    return tuple(Plastic(factors, ("day", day), day=day) for day in days)


TEACH_RETEACH = Experiment(
    "teach_reteach",
    "teach and reteach",
    "A known association is reversed and relearnt over days: do error responses follow the error, "
    "and not exposure, while representations persist?",
    (
        tested(1, "before", [AS_TRAINED | factors for factors in TEST]),
        *practice(RELEARNING, THE_OTHER_WAY),
        tested(RELEARNING.stop, "after", [THE_OTHER_WAY | factors for factors in TEST]),
        *practice(RETEACHING, AS_TRAINED),
    ),
    SLOW,
    lines=("outcome",),
)


def chronic_silencing(area: str | None) -> Experiment:
    """Return the experiment of one group of animals.

    Parameters
    ----------
    area
        Where error cells are silenced, one of `AREA_NAMES`; None for learning without laser.
    """
    laser = {} if area is None else silence("error", area, DURING_OUTCOME)
    kinds = (*TEST, EXPECTED | NEW, PASSIVE | NEW)
    name = "control" if area is None else area.replace(" ", "_")
    off = "without laser" if area is None else f"with the error cells of {area} off at the outcome"
    return Experiment(
        f"chronic_silencing_{name}",
        f"learning, {'no laser' if area is None else f'{area} silenced'}",
        f"A new association is learnt over days {off}: in which areas does tuning change?",
        (
            tested(1, "before", kinds),
            *practice(_LEARNING, NEW | laser),
            tested(_LEARNING.stop, "after", kinds),
        ),
        SLOW,
        panels=("familiarity",),
        lines=("outcome",),
    )


CHRONIC_SILENCING = tuple(chronic_silencing(area) for area in (None, *AREA_NAMES))
EXPERIMENTS = (TEACH_RETEACH, *CHRONIC_SILENCING)
