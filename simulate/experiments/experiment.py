"""What an experiment is: days of blocks of trials, each with synapses frozen or plastic.

Each day of a network is one recording session, which holds the trials of all its blocks. Synapses
are carried from block to block and from day to day, unless a block says that it starts from those
of the morning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from errorneurons.simulate.circuit import Role
from errorneurons.simulate.experiments.trials import CLOCK, Clock


@dataclass(frozen=True)
class Block:
    """Trials in a row, with synapses that stay as they are or change.

    Attributes
    ----------
    table
        Its trials, one row a trial; see `trials`.
    plastic
        Whether synapses change while something teaches.
    streams
        Copies of the network that share the trials of a block with frozen synapses out, which is
        faster than one after the other; 1 where the order of trials matters or synapses change.
    starts_from
        Whose synapses it starts with: those after the block before it, or those of the morning, as
        if the blocks before had not been, which only a simulation can do.
    """

    table: pd.DataFrame
    plastic: bool = False
    streams: int = 1
    starts_from: Literal["block before", "morning"] = "block before"


@dataclass(frozen=True)
class Day:
    """The blocks of one day, one after the other; the next day has the synapses of the last.

    Attributes
    ----------
    blocks
        At least one.
    """

    blocks: tuple[Block, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The trials of all blocks, as the session of the day holds them."""
        return pd.concat([block.table for block in self.blocks], ignore_index=True)


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
