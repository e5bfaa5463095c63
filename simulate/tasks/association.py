"""Five stimuli, five outcomes: the task of the report, on which every theory is trained."""

from __future__ import annotations

import numpy as np

from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.tasks.held import Items
from errorneurons.simulate.tasks.task import Intact, Learnt, Task, TaskDesign
from errorneurons.simulate.theories.registry import THEORIES as ENTERED
from errorneurons.simulate.theories.registry import theory as find
from errorneurons.simulate.trials.training import EPOCHS_A_BLOCK, train

TRAINED_THEORIES = tuple(theory.name for theory in ENTERED if not theory.variant_of)
LOOSE = "macaque_binned"


def _intact(theory: str) -> Intact:
    """Return the circuit; in a loose hierarchy, if that is a variant, so that routes can be cut."""
    loose = (t for t in ENTERED if t.variant_of == theory and t.connectivity == LOOSE)
    return next(loose, find(theory)).circuit


def _associated(_: Intact, design: TaskDesign) -> Items:
    task = association(design.seed, design.numbers)
    return Items(task.stimuli["trained"], task.outcomes["trained"])


def _associate(circuit: Intact, design: TaskDesign) -> Learnt:
    task, numbers = association(design.seed, design.numbers), list(design.numbers)
    learnt = train(circuit, task, design.seed, numbers, design.epochs or 0, stage=None)
    epoch = EPOCHS_A_BLOCK * np.arange(len(learnt.loss))
    return Learnt(
        learnt.weights, learnt.loss, epoch, learnt.diverged, learnt.oscillating, design.no_score
    )


TASK = Task(
    "association",
    "association",
    "Five stimuli, five outcomes: the task of the report.",
    TRAINED_THEORIES,
    6,
    _intact,
    _associate,
    "to associate five stimuli with five outcomes (10 inputs and four areas of 20, 15, 10 and 5 "
    "neurons a role, steps of 1 ms, delays of 2 ms between areas); an epoch shows every stimulus "
    "for 300 ms and then for 100 ms with its outcome. The intact error-neuron microcircuit has the "
    "skip routes of macaque visual cortex (strengths in half-decade bins, "
    "doi:10.1371/journal.pcbi.1014164); all other theories are as in the report of theories",
    _associated,
    cannot={
        "backprop": "is not put to it: it is a control for learning, and no claim is about its "
        "activity"
    },
)
