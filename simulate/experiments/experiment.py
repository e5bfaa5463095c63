"""What an experiment is: days of blocks of trials, each with synapses frozen or plastic.

Each day of a network is one recording session, which holds the trials of all its blocks. Synapses
are carried from block to block and from day to day, unless a block says that it starts from those
of the morning.

An experiment is data. It lists what its blocks consist of; with a seed and a number of repeats
they become tables of trials:

============ =================================================================================
`Frozen`     every stimulus in every condition, in random order, with frozen synapses
`Plastic`    one condition, each stimulus once in every five trials, while synapses change
`SideBySide` blocks with frozen synapses, each in copies of the network of its own
`Written`      a table that is written already
============ =================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal, Protocol

import pandas as pd

from errorneurons.simulate.circuit import Role
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.trials import (
    CLOCK,
    EXPECTED,
    Clock,
    TrialFactors,
    in_turn,
    shared,
    shuffled,
    tabulated,
    trial,
)
from errorneurons.simulate.refusing import whole_number

Order = tuple[str | int, ...]
"""Purpose of the random numbers that put trials in order."""
Start = Literal["block before", "morning"]


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
    independent
        Whether nothing is asked of what a trial leaves behind for the next. Where synapses are
        frozen and nothing is noisy, each kind of trial then runs once, from rest.
    """

    table: pd.DataFrame
    plastic: bool = False
    streams: int = 1
    starts_from: Start = "block before"
    independent: bool = False


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


class BlockPlan(Protocol):
    """What a block consists of, whatever the seed."""

    @property
    def day(self) -> int:
        """Number of its day, from 1."""

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block.

        Parameters
        ----------
        seed
            Seed of the run; decides the order of trials.
        repeats
            Trials of each kind.
        clock
            When things happen in a trial.
        """


@dataclass(frozen=True)
class Frozen:
    """Every stimulus in every condition, in random order, with frozen synapses.

    Attributes
    ----------
    conditions
        Factors of the trials.
    order
        Purpose of their random order; None for the order in which they are listed.
    streams
        Copies of the network that share the trials out: at most so many, fewer where the trials
        could not be dealt evenly.
    times
        Trials of each condition and stimulus for each repeat that is asked for.
    fewest
        Repeats that an analysis of the trials needs.
    stimuli
        Shown in each condition: all of them in each repeat, or in each repeat the next one.
    defaults
        Whether the table has the columns that no condition gives.
    day
        On which day.
    """

    conditions: Sequence[TrialFactors]
    order: Order | None
    streams: int = 1
    times: int = 1
    fewest: int = 1
    stimuli: Literal["all", "the next one"] = "all"
    defaults: bool = True
    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block; see `BlockPlan`.

        Raises
        ------
        ValueError
            If there are too few repeats.
        """
        if repeats < self.fewest:
            raise ValueError(
                f"repeats is {repeats}; cross-validation needs {self.fewest} or more of each trial"
            )
        rows = self._rows(repeats * self.times, clock)
        if self.order is not None:
            rows = shuffled(rows, seed, *self.order)
        return Block(
            _table(rows, self.defaults), streams=shared(len(rows), self.streams), independent=True
        )

    def _rows(self, repeats: int, clock: Clock) -> list[TrialFactors]:
        if self.stimuli == "the next one":
            return [
                trial(factors, (number + repeat) % STIMULI, clock)
                for number, factors in enumerate(self.conditions)
                for repeat in range(repeats)
            ]
        return [
            trial(factors, stimulus, clock)
            for factors in self.conditions
            for stimulus in range(STIMULI)
            for _ in range(repeats)
        ]


@dataclass(frozen=True)
class Plastic:
    """Trials with expected outcomes from which is learnt; each stimulus once in every five.

    Attributes
    ----------
    factors
        What is learnt, and what is done meanwhile.
    order
        Purpose of the random order.
    presentations
        Of each stimulus; None for as many as repeats are asked for.
    starts_from
        As in `Block`.
    defaults
        Whether the table has the columns that the trials do not give.
    day
        On which day.
    """

    factors: TrialFactors
    order: Order
    presentations: int | None = None
    starts_from: Start = "block before"
    defaults: bool = True
    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block; see `BlockPlan`."""
        factors = {**EXPECTED, "phase": "during", **self.factors}
        rows = in_turn(factors, self.presentations or repeats, clock, seed, *self.order)
        return Block(_table(rows, self.defaults), plastic=True, starts_from=self.starts_from)


@dataclass(frozen=True)
class SideBySide:
    """Blocks with frozen synapses at the same time, each in copies of the network of its own.

    So only trials of the same part precede one another. Parts have equally many trials a stream.
    """

    parts: Sequence[BlockPlan]
    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block; see `BlockPlan`."""
        parts = [part.block(seed, repeats, clock) for part in self.parts]
        table = pd.concat([part.table for part in parts], ignore_index=True)
        return Block(
            table,
            streams=sum(part.streams for part in parts),
            independent=all(part.independent for part in parts),
        )


@dataclass(frozen=True)
class Written:
    """A block whose table is written already; it is run `repeats` times over."""

    given: Block
    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:  # noqa: ARG002
        """Return the block; see `BlockPlan`."""
        table = pd.concat([self.given.table] * repeats, ignore_index=True)
        return replace(self.given, table=table)


def _table(rows: Sequence[TrialFactors], defaults: bool) -> pd.DataFrame:
    return tabulated(rows) if defaults else pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment that any theory can be put through.

    Attributes
    ----------
    name
        Identifier.
    label
        As written in figures.
    description
        One sentence: what is done, and which question it answers.
    blocks
        What its blocks consist of, day by day.
    clock
        When things happen in a trial.
    noise
        Standard deviation of the noise current into every soma in each step, as a share of the
        current that moves it by its natural tuning (`Bench.drive`), which is comparable between
        theories; 0 where only the instrument is noisy.
    needs
        Roles that a theory must have neurons of.
    repeats
        Trials of each kind.
    panels, lines
        Columns whose values make a panel or a line of a figure; without lines, all columns that
        differ between trials.
    """

    name: str
    label: str
    description: str
    blocks: tuple[BlockPlan, ...]
    clock: Clock = field(default_factory=lambda: CLOCK)
    noise: float = 0.0
    needs: tuple[Role, ...] = ()
    repeats: int = 5
    panels: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        whole_number("repeats", self.repeats, 1)

    def days(self, seed: int) -> tuple[Day, ...]:
        """Return the days.

        Parameters
        ----------
        seed
            Seed of the run; decides the order of trials.
        """
        return tuple(
            self._day(seed, tuple(plans))
            for _, plans in groupby(self.blocks, key=lambda plan: plan.day)
        )

    def day(self, seed: int, number: int) -> Day:
        """Return one of the days, by its number from 1."""
        plans = [tuple(own) for _, own in groupby(self.blocks, key=lambda plan: plan.day)]
        return self._day(seed, plans[number - 1])

    def _day(self, seed: int, plans: Sequence[BlockPlan]) -> Day:
        return Day(tuple(plan.block(seed, self.repeats, self.clock) for plan in plans))
