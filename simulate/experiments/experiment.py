"""What an experiment is: one or more days, each a table of trials with synapses frozen or plastic.

Each day of a network is one recording session. Synapses are carried from day to day; a day on
which they are plastic changes them for the days that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from errorneurons.simulate.circuit import Role
from errorneurons.simulate.experiments.trials import CLOCK, Clock


@dataclass(frozen=True)
class Day:
    """The trials of one day.

    Attributes
    ----------
    table
        Its trials, one row a trial; see `trials`.
    plastic
        Whether synapses change while something teaches.
    streams
        Copies of the network that share the trials of a day with frozen synapses out, which is
        faster than one after the other; 1 where the order of trials matters or synapses change.
    """

    table: pd.DataFrame
    plastic: bool = False
    streams: int = 1


@dataclass(frozen=True)
class Experiment:
    """An experiment that any theory can be put through.

    Attributes
    ----------
    name
        Identifier, the name of its module.
    label
        As written in figures.
    description
        One sentence: what is done, and which question it answers.
    days
        From the seed of the run and the number of repeats of each kind of trial to the days.
    clock
        When things happen in a trial.
    noise
        Standard deviation of the noise current into every soma in each step, as a share of the
        current that moves it by its natural tuning (`Bench.drive`), which is comparable between
        theories; 0 where only the instrument is noisy.
    needs
        Roles that a theory must have neurons of.
    panels, lines
        Columns whose values make a panel or a line of a figure; without lines, all columns that
        differ between trials.
    """

    name: str
    label: str
    description: str
    days: Callable[[int, int], tuple[Day, ...]]
    clock: Clock = field(default_factory=lambda: CLOCK)
    noise: float = 0.0
    needs: tuple[Role, ...] = ()
    panels: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
