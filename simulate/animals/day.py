"""A day of an experiment: networks go through its blocks, in as few steps as give the same.

While synapses are frozen and nothing is noisy, trials of one kind that start from one state are the
same. Each kind then runs once, all kinds side by side as streams, each in a copy of the network,
and is repeated where it is recorded. Blocks that learn from the same synapses run side by side too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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


def repeats_itself(block: Block, noise: float) -> bool:
    """Return whether the trials of one kind in a block are the same."""
    return block.independent and not block.plastic and not noise


@QUIETLY
def run_day(
    bench: Bench[Any, Any], weights: Any, day: Day, clock: Clock
) -> tuple[list[Activity], Any]:
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
    morning, found = weights, list[Activity]()
    for (starts_from, plastic, _), run_of in groupby(day.blocks, _side_by_side):
        blocks = list(run_of)
        first = morning if starts_from == "morning" else weights
        if plastic and len(blocks) > 1:
            learnt, weights = _learning(bench, first, blocks, clock)
            found += learnt
        else:
            for block in blocks:
                activity, weights = run_block(bench, first, block, clock)
                found.append(activity)
                first = morning if starts_from == "morning" else weights
    return found, weights


def _side_by_side(block: Block) -> tuple[str, bool, int]:
    """Return what blocks have in common that may run side by side, if they learn."""
    together = block.plastic and block.starts_from == "morning"
    return block.starts_from, together, len(block.table) if together else 0


def _learning(
    bench: Bench[Any, Any], weights: Any, blocks: Sequence[Block], clock: Clock
) -> tuple[list[Activity], Any]:
    """Run blocks that learn from the same synapses, each in a copy of the network of its own."""
    count, length = len(blocks), len(blocks[0].table)
    table = pd.concat([block.table for block in blocks])
    every, learnt = run_trials(bench, weights, table, clock, n_streams=count, learn=True)
    apart = [
        presented(every, range(k * length, (k + 1) * length), block.table)
        for k, block in enumerate(blocks)
    ]
    copies = count * len(every.output)
    return apart, of_networks(learnt, np.arange(count - 1, copies, count), copies)


def run_block(
    bench: Bench[Any, Any], weights: Any, block: Block, clock: Clock
) -> tuple[Activity, Any]:
    """Run the trials of a block, each kind once where it repeats itself.

    Returns
    -------
    Activity, weights
        As `trials.run.run` returns them.
    """
    if not repeats_itself(block, 0.0 if bench.noise is None else bench.noise.size):
        return run_trials(bench, weights, block.table, clock, block.streams, block.plastic)
    kinds, rows = kinds_of(block.table)
    return presented(each_from_rest(bench, weights, kinds, clock), rows, block.table), weights


def each_from_rest(
    bench: Bench[Any, Any], weights: Any, kinds: pd.DataFrame, clock: Clock
) -> Activity:
    """Run one trial of each kind, each in a stream of its own that starts from rest.

    The end of a long pause is the same state. After one given trial it would
    not be: where silencing keeps what was there, as in theories whose error cells drive inference,
    that trial would stand for all.

    Parameters
    ----------
    bench
        Circuit and task, without noise.
    weights
        Synapses of all networks; they stay as they are.
    kinds
        One row a kind.
    clock
        When things happen in a trial.
    """
    activity, _ = run_trials(bench, weights, kinds, clock, n_streams=len(kinds))
    return activity


def each_from_the_same_state(
    bench: Bench[Any, Any], weights: Any, kinds: pd.DataFrame, clock: Clock
) -> Activity:
    """Run one trial of each kind, each in a stream of its own after the same trial.

    Over many trials all kinds follow the same trials on average. What a trial leaves behind then
    cancels between conditions; with a few random predecessors, kept as if they were the mean, it
    would not.

    Parameters
    ----------
    bench
        Circuit and task, without noise.
    weights
        Synapses of all networks; they stay as they are.
    kinds
        One row a kind, a passive trial of a trained stimulus among them: it comes before each.
    clock
        When things happen in a trial.
    """
    passive = (kinds["outcome"] == "none") & (kinds["manipulation"] == "none")
    first = int(np.flatnonzero(passive & (kinds["familiarity"] == "trained"))[0])
    pairs = [row for k in range(len(kinds)) for row in (first, k)]
    both, _ = run_trials(bench, weights, kinds.iloc[pairs], clock, n_streams=len(kinds))
    return presented(both, np.arange(1, 2 * len(kinds), 2), kinds)


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
