"""The registry of experiments: a tuple written by hand.

To add an experiment, write it into the file of its family, or into a new one beside this, and add
a new file's `EXPERIMENTS` here.
"""

from __future__ import annotations

from pathlib import Path

from errorneurons.simulate.experiments import (
    interface,
    learning,
    novelty,
    oddball,
    outcome,
    silencing,
    single_cells,
    untaught,
)
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.tables import experiment_of, read_table
from errorneurons.simulate.refusing import entry

EXPERIMENTS_LIST = (__name__,)
"""Not followed by keys of results: the experiment that was done is part of them."""

EXPERIMENTS: tuple[Experiment, ...] = (
    *outcome.EXPERIMENTS,
    *novelty.EXPERIMENTS,
    *silencing.EXPERIMENTS,
    *single_cells.EXPERIMENTS,
    *oddball.EXPERIMENTS,
    *learning.EXPERIMENTS,
    *interface.EXPERIMENTS,
    *untaught.EXPERIMENTS,
)


def experiment(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("experiment", name, {e.name: e for e in EXPERIMENTS})


def named_experiment(name: str, streams: int = 1) -> Experiment:
    """Return an experiment of the registry, or the one in a CSV file.

    Parameters
    ----------
    name
        Name, or path of a table that ends in ``.csv``.
    streams
        Copies of the network that share the trials of a table out.

    Raises
    ------
    ValueError
        If there is none, or its table cannot be run.
    """
    if not str(name).endswith(".csv"):
        return experiment(name)
    table = read_table(name)
    if len(table) % streams:
        raise ValueError(
            f"{name} has {len(table)} trials, which cannot be dealt evenly to {streams} streams; "
            "give --streams a number that divides them"
        )
    return experiment_of(table, Path(name).stem, streams=streams)
