"""What an experiment costs, said before it starts.

On this machine and now, one trial of it is run with untrained synapses, recorded and compressed;
the rest is multiplication. Training is counted at its longest.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import distinct
from errorneurons.simulate.animals.runner import batches_of_animals, memory_of
from errorneurons.simulate.animals.trained import untrained_bench
from errorneurons.simulate.experiments.experiment import Block, Experiment
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.trials import Clock, streams
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.observe import observe
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Bench, NoiseCurrent
from errorneurons.simulate.trials.run import Activity, run_trials
from errorneurons.simulate.trials.training import PRESENTATION, QUIETLY

EPOCHS = 30
"""Training stops at the latest after so many."""
LIBRARIES = 3e8
"""What Python and its libraries take in memory [bytes]."""
FILE = 1.5e5
"""What a session takes on disk besides its activity [bytes]."""
ENOUGH = 2e5
"""Values in a session from which its speed and its size on disk are measured."""


@dataclass(frozen=True)
class Cost:
    """What putting one theory through an experiment costs.

    Attributes
    ----------
    trials
        Trials of one network.
    sessions
        Sessions, one a network and day.
    simulated
        Time that is simulated, over all networks, without training [s].
    wall
        Expected time on the wall's clock, without training [s].
    training
        Time on the wall's clock that training takes at most [s].
    memory
        Peak memory [bytes].
    disk
        Size of the sessions as netCDF [bytes].
    """

    trials: int
    sessions: int
    simulated: float
    wall: float
    training: float
    memory: float
    disk: float

    def __str__(self) -> str:
        return (
            f"{self.trials} trials a network, {self.simulated:,.0f} s simulated; about "
            f"{_duration(self.wall)} after at most {_duration(self.training)} of training; "
            f"{self.memory / 1e9:.1f} GB of memory; {self.disk / 1e6:,.1f} MB on disk in "
            f"{self.sessions} sessions (measured just now on one trial)"
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@QUIETLY
def cost(theory: Theory, experiment: Experiment, animals: Animals, instrument: Instrument) -> Cost:
    """Return what it costs to put a theory through an experiment.

    Parameters
    ----------
    theory
        An entry of the registry.
    experiment
        What is done.
    animals
        Which networks.
    instrument
        How they are recorded.
    """
    first, clock = batches_of_animals(theory, experiment, animals, instrument)[0], experiment.clock
    theory = first.structured(theory)
    batch, seed = first.numbers, animals.seed
    noise = NoiseCurrent(experiment.noise, seed, np.array(batch)) if experiment.noise else None
    bench = replace(untrained_bench(theory, first, instrument), noise=noise)
    weights = theory.circuit.initial_weights(seed, batch)
    days = experiment.days(seed)
    count, trials = len(animals.numbers), sum(len(day.table) for day in days)
    blocks = [block for day in days for block in day.blocks]
    # what is compiled at the first step, if anything, is no part of what is measured
    run_trials(bench, weights, blocks[0].table.iloc[:1], clock)
    seconds, (activity, *_) = _running(
        bench, weights, [_once(b, experiment.noise) for b in blocks], clock
    )
    values, observing, size = _observing(theory, activity, first, instrument)
    all_values = count * trials * values
    recorded, session = memory_of(theory.circuit, experiment, seed, instrument)
    return Cost(
        trials=trials,
        sessions=count * len(days),
        simulated=count * trials * (clock.stop - clock.start),
        wall=seconds * count / len(batch) + observing * all_values,
        training=_training(replace(bench, noise=None), weights) * count / len(batch),
        memory=LIBRARIES + len(batch) * recorded + session,
        disk=size * all_values + FILE * count * len(days),
    )


def _once(block: Block, noise: float) -> Block:
    """Return the block as it is run: each kind of trial in a stream of its own, or as it is."""
    kinds, _ = distinct(block, noise)
    return replace(block, table=kinds, streams=len(kinds)) if kinds is not block.table else block


def _running(
    bench: Bench[Any, Any], weights: Any, blocks: Sequence[Block], clock: Clock
) -> tuple[float, list[Activity]]:
    """Return the time that all trials of a batch take [s], and one trial of each kind of block."""
    seconds, seen = 0.0, dict[tuple[bool, int], tuple[float, Activity]]()
    for block in blocks:
        kind = (block.plastic, block.streams)
        if kind not in seen:
            first = pd.concat([part.iloc[:1] for part in streams(block.table, block.streams)])
            began = time.perf_counter()
            activity, _ = run_trials(
                bench, weights, first, clock, block.streams, learn=block.plastic
            )
            seen[kind] = time.perf_counter() - began, activity
        seconds += seen[kind][0] * len(block.table) / block.streams
    return seconds, [activity for _, activity in seen.values()]


def _observing(
    theory: Theory, activity: Activity, animals: Animals, instrument: Instrument
) -> tuple[int, float, float]:
    """Return values in a trial of a session, and for each value time [s] and size [bytes]."""
    trials, bins = activity.rates["representation"].shape[1:3]
    rounds = int(np.ceil(ENOUGH / (trials * bins * 100)))
    rates = {role: np.tile(x[:1], (1, rounds, 1, 1)) for role, x in activity.rates.items()}
    apical = None if activity.apical is None else np.tile(activity.apical[:1], (1, rounds, 1, 1))
    output, target = (np.tile(x[:1], (1, rounds, 1)) for x in (activity.output, activity.target))
    labelled = None if activity.labelled is None else activity.labelled[:1]
    table = pd.concat([activity.table] * rounds, ignore_index=True)
    tiled = Activity(rates, output, target, table, activity.clock, labelled, apical)
    began = time.perf_counter()
    seen = observe(theory.circuit, [tiled], animals.numbers[0], 0, animals.seed, instrument)
    size = len(zlib.compress(_stored(seen["rate"]), 1))
    spent, values = time.perf_counter() - began, seen["rate"].size
    return values // len(table), spent / values, size / values


def _stored(rate: xr.DataArray) -> bytes:
    """Return activity as a file stores it: spikes as counts, all else byte by byte."""
    if rate.attrs["signal"] == "spikes":
        counts = np.rint(rate.values / rate.attrs["sampling_rate"])
        return bytes(counts.astype(np.uint8).tobytes())
    values = np.ascontiguousarray(rate.values).reshape(-1, 1)
    return bytes(values.view(np.uint8).T.tobytes())


def _training(bench: Bench[Any, Any], weights: Any) -> float:
    """Return the time that the longest training takes [s]."""
    epoch = learning_block(0, "trained", {}, 1, PRESENTATION)
    began = time.perf_counter()
    run_trials(bench, weights, epoch, PRESENTATION, learn=True)
    return EPOCHS * (time.perf_counter() - began)
