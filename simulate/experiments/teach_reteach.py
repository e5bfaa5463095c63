"""Teach and reteach: a known association is reversed, relearnt over days, and reversed back.

Stimuli and outcomes stay the same five throughout; what changes at a reversal is which belongs to
which. So errors return at once at a reversal, and so must responses that signal them, while what
represents a stimulus has no reason to. Whatever fades with exposure alone stays faded.

Each network is an animal that was trained before day 1. Its days are sessions:

========== =============== ==================================================================
day        synapses        what happens
========== =============== ==================================================================
1          frozen          the trained association: expected, unexpected and no outcomes
2 to 7     plastic         the reversed association
8          frozen          the reversed association, tested as on day 1
9 to 12    plastic         the trained association again
========== =============== ==================================================================
"""

from __future__ import annotations

from errorneurons.simulate.experiments.association import REVERSED
from errorneurons.simulate.experiments.days import SLOW, TEST, frozen_day, plastic_day
from errorneurons.simulate.experiments.experiment import Day, Experiment
from errorneurons.simulate.experiments.trials import Factors

RULES: dict[str, Factors] = {
    "trained": {"association": "trained", "familiarity": "trained"},
    "reversed": {"association": REVERSED, "familiarity": "trained"},
}
RELEARNING = range(2, 8)
RETEACHING = range(9, 13)


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return the days.

    Parameters
    ----------
    seed
        Seed of the run; decides the order of trials.
    repeats
        Trials of each condition and stimulus on a day.
    """
    before, after = (
        [{**rule, **factors, "phase": phase} for factors in TEST]
        for rule, phase in ((RULES["trained"], "before"), (RULES["reversed"], "after"))
    )
    return (
        frozen_day(seed, 1, before, repeats),
        *(plastic_day(seed, day, RULES["reversed"], repeats) for day in RELEARNING),
        frozen_day(seed, RELEARNING.stop, after, repeats),
        *(plastic_day(seed, day, RULES["trained"], repeats) for day in RETEACHING),
    )


EXPERIMENT = Experiment(
    "teach_reteach",
    "teach and reteach",
    "A known association is reversed and relearnt over days: do error responses follow the error, "
    "and not exposure, while representations persist?",
    days,
    SLOW,
    lines=("outcome",),
)
