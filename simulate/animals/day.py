"""A day of an experiment: networks go through its blocks, in as few steps as give the same.

While synapses are frozen and nothing is noisy, trials of one kind that start from one state are the
same. Each kind then runs once, all kinds side by side as streams, each in a copy of the network,
and is repeated where it is recorded. Blocks that learn from the same synapses run side by side too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.arrays import of_networks
from errorneurons.simulate.experiments.experiment import Block, Day
from errorneurons.simulate.experiments.trials import Clock, kinds_of
from errorneurons.simulate.trials.bench import Bench
from errorneurons.simulate.trials.run import Activity, run_trials
from errorneurons.simulate.trials.training import QUIETLY

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ran:
    """A block that was run, each kind of trial once where it repeats itself.

    Attributes
    ----------
    activity
        What was recorded.
    rows
        Which of its trials each trial of the block is, (trial,).
    table
        The trials of the block.
    """

    activity: Activity
    rows: Rows
    table: pd.DataFrame

    def of(self, networks: Sequence[int]) -> Ran:
        """Return the block of some of the networks."""
        return replace(
            self, activity=of_networks(self.activity, networks, len(self.activity.output))
        )

    def shown_to(self, network: int) -> Activity:
        """Return all trials of the block, of one network."""
        return presented(self.of([network]).activity, self.rows, self.table)

    def repeated_as(self, table: pd.DataFrame) -> Ran:
        """Return the block with other trials of the same kinds."""
        _, rows = kinds_of(pd.concat([self.activity.table, table]))
        return replace(self, rows=rows[-len(table) :], table=table)


def repeats_itself(block: Block, noise: float) -> bool:
    """Return whether the trials of one kind in a block are the same."""
    return block.independent and not block.plastic and not noise


@QUIETLY
def run_day(bench: Bench[Any, Any], weights: Any, day: Day, clock: Clock) -> tuple[list[Ran], Any]:
    """Run the blocks of a day.

    Blocks that learn from the synapses of the morning run side by side if they are equally long;
    each kind of trial runs once in blocks that repeat themselves.

    Parameters
    ----------
    bench
        Circuit and task.
    weights
        Synapses of the morning.
    day
        What is done.
    clock
        When things happen in a trial.

    Returns
    -------
    blocks, weights
        What happened in each block, and the synapses after the last.
    """
    morning, found = weights, list[Ran]()
    for (starts_from, plastic, _), run_of in groupby(day.blocks, _side_by_side):
        blocks = list(run_of)
        bench = _with_noise(bench, len(found))
        first = morning if starts_from == "morning" else weights
        if plastic and len(blocks) > 1:
            learnt, weights = _learning(bench, first, blocks, clock)
            found += learnt
        else:
            for block in blocks:
                bench = _with_noise(bench, len(found))
                ran, weights = run_block(bench, first, block, clock)
                found.append(ran)
                first = morning if starts_from == "morning" else weights
    return found, weights


def _with_noise(bench: Bench[Any, Any], block: int) -> Bench[Any, Any]:
    """Return the bench with the noise of a block of its day, if it has any."""
    noise = bench.noise and replace(bench.noise, block=block)
    return replace(bench, noise=noise)


def _side_by_side(block: Block) -> tuple[str, bool, int]:
    """Return what blocks have in common that may run side by side, if they learn."""
    together = block.plastic and block.starts_from == "morning"
    return block.starts_from, together, len(block.table) if together else 0


def _learning(
    bench: Bench[Any, Any], weights: Any, blocks: Sequence[Block], clock: Clock
) -> tuple[list[Ran], Any]:
    """Run blocks that learn from the same synapses, each in a copy of the network of its own."""
    count, length = len(blocks), len(blocks[0].table)
    table = pd.concat([block.table for block in blocks])
    every, learnt = run_trials(bench, weights, table, clock, n_streams=count, learn=True)
    parts = (range(k * length, (k + 1) * length) for k in range(count))
    apart = [
        Ran(presented(every, part, block.table), np.arange(length), block.table)
        for part, block in zip(parts, blocks, strict=True)
    ]
    copies = count * len(every.output)
    return apart, of_networks(learnt, np.arange(count - 1, copies, count), copies)


def distinct(block: Block, noise: float = 0.0) -> tuple[pd.DataFrame, Rows]:
    """Return the trials of a block that differ, as they are run, and which each trial is."""
    if repeats_itself(block, noise):
        return kinds_of(block.table)
    return block.table, np.arange(len(block.table))


def run_block(bench: Bench[Any, Any], weights: Any, block: Block, clock: Clock) -> tuple[Ran, Any]:
    """Run the trials of a block, each kind once where it repeats itself.

    Each kind then has a stream of its own that starts from rest. The end of a long pause is the
    same state, and what trials in random order leave is nearly so on average. After one given
    trial it would not be: where silencing keeps what was there, as in theories whose error cells
    drive inference, that trial would stand for all.

    Returns
    -------
    Ran, weights
        What happened, and the synapses afterwards.
    """
    noise = 0.0 if bench.noise is None else bench.noise.size
    kinds, rows = distinct(block, noise)
    count = len(kinds) if repeats_itself(block, noise) else block.streams
    activity, after = run_trials(bench, weights, kinds, clock, count, block.plastic)
    return Ran(activity, rows, block.table), after


def presented(activity: Activity, rows: Rows | range, table: pd.DataFrame) -> Activity:
    """Return activity with trials picked out and repeated.

    Parameters
    ----------
    activity
        What was recorded.
    rows
        Which of its trials come, in which order.
    table
        The trials that they are then.
    """
    apical = None if activity.apical is None else activity.apical[:, rows]
    return replace(
        activity,
        rates={role: rates[:, rows] for role, rates in activity.rates.items()},
        output=activity.output[:, rows],
        target=activity.target[:, rows],
        table=table,
        apical=apical,
    )
