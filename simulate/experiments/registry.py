"""The registry of experiments: a tuple written by hand.

To add an experiment, write its module beside this one and one entry here.
"""

from __future__ import annotations

from errorneurons.simulate.experiments import (
    brain_computer_interface,
    chronic_silencing,
    gain_by_error,
    imperfect_silencing,
    influence,
    interneurons,
    novelty,
    oddball,
    outcome_error,
    repeats,
    silencing,
    sinusoidal,
    teach_reteach,
    terminals,
)
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.refusing import entry

EXPERIMENTS: tuple[Experiment, ...] = (
    outcome_error.EXPERIMENT,
    novelty.EXPERIMENT,
    silencing.EXPERIMENT,
    imperfect_silencing.EXPERIMENT,
    terminals.EXPERIMENT,
    influence.EXPERIMENT,
    gain_by_error.EXPERIMENT,
    oddball.EXPERIMENT,
    sinusoidal.EXPERIMENT,
    repeats.EXPERIMENT,
    interneurons.EXPERIMENT,
    teach_reteach.EXPERIMENT,
    *chronic_silencing.EXPERIMENTS,
    *brain_computer_interface.EXPERIMENTS,
)


def experiment(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("experiment", name, {e.name: e for e in EXPERIMENTS})
