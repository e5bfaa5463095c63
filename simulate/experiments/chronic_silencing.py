"""Chronic silencing: a new association is learnt while one area's error cells are off.

The laser is on in the outcome window of every trial of every day of learning, so nothing that
depends on these cells' answers to outcomes can be learnt. How the stimuli are represented is
tested before and after, without laser, so that the change of tuning in each area can be compared:
where errors descend from area to area, it is missing in the silenced area and all below it, and
areas above learn on.

Each silenced area is an experiment of its own, and so is learning without laser, because an animal
learns something new but once. Network n is an animal of its group; network n of another group had
the same synapses and the same task before day 1, as only a simulation can have it, so groups may
be compared network by network.

========== =============== ==================================================================
day        synapses        what happens
========== =============== ==================================================================
1          frozen          the trained association, and the new one with and without outcomes
2 to 7     plastic         the new association, with the laser at the outcome
8          frozen          as on day 1
========== =============== ==================================================================
"""

from __future__ import annotations

from errorneurons.simulate.experiments.days import SLOW, TEST, frozen_day, plastic_day
from errorneurons.simulate.experiments.experiment import Day, Experiment
from errorneurons.simulate.experiments.trials import (
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    Factors,
    silence,
)

NEW: Factors = {"association": "new", "familiarity": "novel"}
TESTED: tuple[Factors, ...] = (*TEST, EXPECTED | NEW, PASSIVE | NEW)
LEARNING = range(2, 8)
AREAS = ("area 1", "area 2", "area 3", "area 4")


def chronic_silencing(area: str | None) -> Experiment:
    """Return the experiment of one group of animals.

    Parameters
    ----------
    area
        Where error cells are silenced, one of `AREAS`; None for learning without laser.
    """
    laser = {} if area is None else silence("error", area, DURING_OUTCOME)

    def days(seed: int, repeats: int) -> tuple[Day, ...]:
        before, after = ([{**f, "phase": phase} for f in TESTED] for phase in ("before", "after"))
        return (
            frozen_day(seed, 1, before, repeats),
            *(plastic_day(seed, day, NEW | laser, repeats) for day in LEARNING),
            frozen_day(seed, LEARNING.stop, after, repeats),
        )

    name = "control" if area is None else area.replace(" ", "_")
    off = "without laser" if area is None else f"with the error cells of {area} off at the outcome"
    return Experiment(
        f"chronic_silencing_{name}",
        f"learning, {'no laser' if area is None else f'{area} silenced'}",
        f"A new association is learnt over days {off}: in which areas does tuning change?",
        days,
        SLOW,
        panels=("familiarity",),
        lines=("outcome",),
    )


EXPERIMENTS = tuple(chronic_silencing(area) for area in (None, *AREAS))
