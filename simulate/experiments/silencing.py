"""Silencing: whose, where, when, how well, and what exactly.

============================ ====================================================================
experiment                   what is silenced
============================ ====================================================================
`silencing`                  every role in every area in every window
`imperfect_silencing`        error cells of area 2 in part, and others beside them
`terminals`                  error cells of area 3, or only what they send to area 2
`interneurons`               the interneurons of an area, without an error and with one
============================ ====================================================================
"""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment, Frozen
from errorneurons.simulate.experiments.trials import (
    AREA_NAMES,
    BEFORE_INPUT,
    DURING_OUTCOME,
    EXPECTED,
    MANIPULATED_ROLES,
    PASSIVE,
    UNEXPECTED,
    WHILE_SETTLED,
    TrialFactors,
    silence,
)

#: Window -> when, and the trials in which it is looked at: errors are looked at when an outcome
#: comes, inference when none does.
WINDOWS: dict[str, tuple[tuple[float, float], tuple[TrialFactors, ...]]] = {
    "before input": (BEFORE_INPUT, (PASSIVE,)),
    "while settled": (WHILE_SETTLED, (PASSIVE,)),
    "during outcome": (DURING_OUTCOME, (EXPECTED, UNEXPECTED)),
}
WITHOUT_LASER: tuple[TrialFactors, ...] = (PASSIVE, EXPECTED, UNEXPECTED)
#: Every combination, and the same trials without a laser.
EVERYONE = (
    *(kind | {"window": "none"} for kind in WITHOUT_LASER),
    *(
        kind | silence(role, area, when) | {"window": window}
        for role, area, (window, (when, kinds)) in product(
            MANIPULATED_ROLES, AREA_NAMES, WINDOWS.items()
        )
        for kind in kinds
    ),
)

EFFICACIES = (0.0, 0.5, 0.75, 1.0)
OFF_TARGET = (0.0, 0.1, 0.3)
IN_PART = tuple(
    kind | silence("error", "area 2", DURING_OUTCOME) | {"efficacy": efficacy, "off_target": missed}
    for kind, efficacy, missed in product((EXPECTED, UNEXPECTED), EFFICACIES, OFF_TARGET)
)

SOMATA = silence("error", "area 3", DURING_OUTCOME)
LASERS: tuple[TrialFactors, ...] = ({}, SOMATA, SOMATA | {"manipulated_target": "area 2"})
AXONS = tuple(outcome | laser for outcome, laser in product((EXPECTED, UNEXPECTED), LASERS))

#: Kind of trial -> when the interneurons of an area are off.
TRIALS_TO_UNMASK = (
    (PASSIVE, WHILE_SETTLED),
    (EXPECTED, DURING_OUTCOME),
    (UNEXPECTED, DURING_OUTCOME),
)
UNMASKED = (
    *WITHOUT_LASER,
    *(
        kind | silence("interneuron", area, when)
        for (kind, when), area in product(TRIALS_TO_UNMASK, AREA_NAMES[:3])
    ),
)

EXPERIMENTS = (
    Experiment(
        "silencing",
        "silencing, role x area x window",
        "Every role silenced in every area in every window: what rests on whom, and when?",
        (Frozen(EVERYONE, ("silencing",), 25),),
        panels=("manipulated_role", "manipulated_area"),
        lines=("window", "outcome"),
    ),
    Experiment(
        "imperfect_silencing",
        "imperfect silencing",
        "A laser on the error cells of area 2 that silences them in part, and others beside them: "
        "how good must it be?",
        (Frozen(IN_PART, ("imperfect silencing",), 24),),
        panels=("outcome", "off_target"),
        lines=("efficacy",),
    ),
    Experiment(
        "terminals",
        "silencing of axon terminals",
        "Error cells of area 3 silenced as a whole, or only what they send to area 2: does the "
        "error below come down their axons?",
        (Frozen(AXONS, ("terminals",), STIMULI),),
        panels=("outcome",),
        lines=("manipulation", "manipulated_target"),
    ),
    Experiment(
        "interneurons",
        "silencing of interneurons",
        "Interneurons of an area are silenced while an input is settled, or at the outcome: does "
        "it unmask errors where there are none?",
        (Frozen(UNMASKED, ("interneurons",), 20),),
        needs=("interneuron",),
        panels=("outcome",),
        lines=("manipulation", "manipulated_area"),
    ),
)
