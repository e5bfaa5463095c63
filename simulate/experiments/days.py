"""What days are made of: tests with frozen synapses, practice, and a clock for slow learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day
from errorneurons.simulate.experiments.learning import in_turn
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    Clock,
    Factors,
    shuffled,
    tabulated,
    trial,
)

SLOW = replace(CLOCK, plasticity=CLOCK.stop - 0.02)
"""Synapses change in the last 20 ms of an outcome.

If they changed all along, several theories would unlearn most of an error while it is shown, and
the response to it would be that of no synapses in particular.
"""

#: Trials that show which cells carry an error and how each is tuned to stimuli.
TEST: tuple[Factors, ...] = (EXPECTED, UNEXPECTED, PASSIVE)


def frozen_day(
    seed: int, day: int, conditions: Sequence[Factors], repeats: int, clock: Clock = SLOW
) -> Day:
    """Return a day with frozen synapses: every stimulus in every condition, in random order.

    Parameters
    ----------
    seed
        Seed of the run; decides, with the day, the order.
    day
        Number of the day.
    conditions
        Factors of the trials.
    repeats
        Trials of each condition and stimulus.
    clock
        When things happen in a trial.
    """
    rows = [
        trial(factors, stimulus, clock)
        for factors in conditions
        for stimulus in range(STIMULI)
        for _ in range(repeats)
    ]
    table = tabulated(shuffled(rows, seed, "day", day))
    return Day((Block(table, streams=len(conditions)),))


def plastic_day(seed: int, day: int, factors: Factors, repeats: int, clock: Clock = SLOW) -> Day:
    """Return a day on which synapses change; each stimulus comes once in every five trials.

    Parameters
    ----------
    seed, day, repeats, clock
        As in `frozen_day`.
    factors
        What is learnt, and what is done meanwhile.
    """
    rng = generator(seed, "trial order", "day", day)
    rows = in_turn(rng, {**EXPECTED, "phase": "during", **factors}, repeats, clock)
    return Day((Block(tabulated(rows), plastic=True),))
