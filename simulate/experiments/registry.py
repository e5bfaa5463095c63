"""The registry of experiments: a tuple written by hand.

To add an experiment, write it into the file of its family, or into a new one beside this, and add
a new file's `EXPERIMENTS` here.
"""

from __future__ import annotations

from errorneurons.simulate.experiments import (
    interface,
    learning,
    novelty,
    oddball,
    outcome,
    silencing,
    single_cells,
)
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.refusing import entry

EXPERIMENTS: tuple[Experiment, ...] = (
    *outcome.EXPERIMENTS,
    *novelty.EXPERIMENTS,
    *silencing.EXPERIMENTS,
    *single_cells.EXPERIMENTS,
    *oddball.EXPERIMENTS,
    *learning.EXPERIMENTS,
    *interface.EXPERIMENTS,
)


def experiment(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("experiment", name, {e.name: e for e in EXPERIMENTS})
