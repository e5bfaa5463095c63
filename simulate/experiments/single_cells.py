"""What cells tell: whom they move, alone or as a class, how they multiply, lag, vary together."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment, Frozen
from errorneurons.simulate.experiments.trials import (
    AREA_NAMES,
    EXPECTED,
    MANIPULATED_ROLES,
    PASSIVE,
    UNEXPECTED,
    Clock,
    TrialFactors,
    drive,
)

DRIVING = Clock(start=-0.1, outcome=0.3, stop=0.3)
_DRIVEN = (0.15, 0.3)
CELLS = 5
"""Cells of each role and area; with arbitrary labels the smallest of these areas has no more."""
UNDRIVEN: tuple[TrialFactors, ...] = (PASSIVE,) * STIMULI
"""As often as each stimulus is shown with cells."""
EACH_DRIVEN = tuple(
    PASSIVE | drive(role, area, _DRIVEN) | {"manipulated_cell": cell}
    for role, area, cell in product(MANIPULATED_ROLES, AREA_NAMES[:3], range(CELLS))
)

STRONGLY = 2**0.5
"""Twice the energy of the natural tuning: what crosses areas is small beside spikes' noise."""
CLASSES_DRIVEN = (
    PASSIVE,
    *(
        PASSIVE | drive(role, "area 2", _DRIVEN) | {"drive_size": STRONGLY}
        for role in MANIPULATED_ROLES
    ),
)

CONTRASTS = (0.25, 0.5, 1.0, 2.0)
SIZES = (0.0, 0.5, 1.0, 2.0)
GRID = tuple(
    UNEXPECTED | {"contrast": contrast, "outcome_size": size}
    for contrast, size in product(CONTRASTS, SIZES)
)

WAVES = Clock(start=-0.1, outcome=1.2, stop=1.2, bin=0.005)
FREQUENCIES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""[Hz]; from 0.2 s on, when the onset is over, each fits a whole number of times into 1 s."""
SINUSOIDAL = tuple(PASSIVE | {"modulation_frequency": frequency} for frequency in FREQUENCIES)

IDENTICAL = 6
"""Identical trials for each repeat that is asked for: by default 30 in all."""
NOISE = 0.2
"""A fifth of what moves a cell by its natural tuning, in each step."""
ALWAYS_THE_SAME = (PASSIVE, EXPECTED)

EXPERIMENTS = (
    Experiment(
        "influence",
        "influence maps",
        "Single cells are driven while a stimulus is on and nothing teaches: whom does each of "
        "them move?",
        (Frozen(UNDRIVEN + EACH_DRIVEN, ("influence",), 35, stimuli="the next one"),),
        DRIVING,
        panels=("manipulated_role", "manipulated_area"),
        lines=("manipulation",),
    ),
    Experiment(
        "class_influence",
        "influence of a class",
        "Half of the cells of a class are driven in area 2 while a stimulus is on and nothing "
        "teaches: which class of which other area do they move?",
        (Frozen(CLASSES_DRIVEN, ("class influence",), 15, times=8, fewest=2),),
        DRIVING,
        panels=("manipulated_role", "manipulated_area"),
        lines=("manipulation",),
    ),
    Experiment(
        "gain_by_error",
        "gain x error",
        "Every contrast of the stimulus with every size of the outcome error: do they multiply in "
        "an error response, or add?",
        (Frozen(GRID, ("gain by error",), 20),),
        panels=("contrast",),
        lines=("outcome_size",),
    ),
    Experiment(
        "sinusoidal",
        "sinusoidal drive",
        "Stimuli that go up and down at many frequencies: by how much does each area lag, beyond "
        "conduction?",
        (Frozen(SINUSOIDAL, ("sinusoidal",), len(FREQUENCIES)),),
        WAVES,
        panels=("modulation_frequency",),
        lines=("familiarity",),
    ),
    Experiment(
        "repeats",
        "repeated identical trials",
        "The same trial many times with noise in all cells: do representation and error cells vary "
        "together when nothing teaches?",
        (Frozen(ALWAYS_THE_SAME, None, len(ALWAYS_THE_SAME) * STIMULI, times=IDENTICAL),),
        noise=NOISE,
        lines=("outcome",),
    ),
)
