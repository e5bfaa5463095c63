"""Worlds: a theory's networks under nuisance that is drawn once a world, run many side by side.

All animals of a world share what the theory leaves open up to a little scatter; each is a network
of its own with its own task. The networks of many worlds are trained and put through the
outcome-error experiment together. What is kept is the activity without noise, in coarse bins, of
each kind of trial: an instrument then records virtual sessions from it as often as one likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.animals.day import each_from_the_same_state
from errorneurons.simulate.animals.sweep import equipped
from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.learning import LEARNING_BLOCKS, learning_block
from errorneurons.simulate.experiments.outcome import outcome_error
from errorneurons.simulate.experiments.trials import CLOCK, kinds_of
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.nuisance import (
    DRIVE,
    STAGE,
    SURPRISE,
    applied,
    draw_nuisances,
)
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Chosen, arbitrary_half
from errorneurons.simulate.trials.run import Activity, Bench, run_trials
from errorneurons.simulate.trials.training import QUIETLY, TRAINED, train

COARSE = replace(CLOCK, bin=0.05)
"""Every window that a claim looks at is a multiple of these bins."""
INSTRUMENT = Instrument()
"""What labels refer to: somata. Where errors are elsewhere, an arbitrary half is labelled."""
BATCH = 40
"""The most networks that run side by side, in less than 0.4 GB."""
MOST_NETWORKS = 1000
NEARLY = 0.9
"""A network that removed less than this share of what it was to remove has not learnt."""


@dataclass(frozen=True)
class WorldPlan:
    """How many worlds, and what happens in them.

    Attributes
    ----------
    worlds
        How often nuisance is drawn.
    networks
        Animals of each world.
    seed
        Seed of everything random.
    learning_repeats
        Presentations of each stimulus in a block of learning.

    Raises
    ------
    ValueError
        If a number is impossible.
    """

    worlds: int = 40
    networks: int = 4
    seed: int = 1
    learning_repeats: int = 3

    def __post_init__(self) -> None:
        for name, least in (("worlds", 1), ("networks", 1), ("seed", 0),
                            ("learning_repeats", 2)):  # fmt: skip
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give {least} or more")
        if self.networks > MOST_NETWORKS:
            raise ValueError(f"networks is {self.networks}; give {MOST_NETWORKS} or fewer a world")


@dataclass(frozen=True)
class Animals:
    """Networks of some worlds after the experiment, ready to be recorded.

    Attributes
    ----------
    circuit
        The theory with its own parameters: it names neurons and areas.
    world, number
        World and number of each network, (network,); the number is like no other network's.
    nuisance
        Name -> what was drawn, (network,).
    removed
        Share of the loss that training removed, (network,).
    blocks
        One trial of each kind with frozen synapses, and the trials of the blocks of learning.
    left_out
        How many networks diverged, oscillate or did not learn; they are not among these.
    """

    circuit: Circuit[Any, Any]
    world: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    nuisance: Mapping[str, Array]
    removed: Array
    blocks: tuple[Activity, ...]
    left_out: int


def batches_of_worlds(theory: Theory, plan: WorldPlan) -> list[tuple[int, ...]]:
    """Return which worlds run together: those with the same delay, at most `BATCH` networks."""
    by_delay: dict[int, list[int]] = {}
    for world in range(plan.worlds):
        circuit = applied(theory.circuit, theory.nuisance, drawn(theory, plan, (world,)))
        by_delay.setdefault(circuit.timing.delay_steps, []).append(world)
    size = max(1, BATCH // plan.networks)
    return [
        tuple(worlds[i : i + size])
        for _, worlds in sorted(by_delay.items())
        for i in range(0, len(worlds), size)
    ]


def drawn(theory: Theory, plan: WorldPlan, worlds: Sequence[int]) -> dict[str, Array]:
    """Return the nuisance of worlds: name -> (network,), one world after the other."""
    each = [
        draw_nuisances(theory.nuisance, plan.seed, theory.name, w, plan.networks) for w in worlds
    ]
    return {n.name: np.concatenate([world[n.name] for world in each]) for n in theory.nuisance}


def simulate_batch(theory: Theory, plan: WorldPlan, worlds: tuple[int, ...]) -> Animals:
    """Train the networks of worlds with one delay, and put them through the experiment.

    Parameters
    ----------
    theory
        An entry of the registry.
    plan
        How many networks, and what happens to them.
    worlds
        Numbers of the worlds, as in `batches_of_worlds`.
    """
    values = drawn(theory, plan, worlds)
    count = len(worlds) * plan.networks
    world = np.repeat(worlds, plan.networks)
    number = MOST_NETWORKS * world + np.tile(np.arange(plan.networks), len(worlds))
    surprise = values.get(SURPRISE, np.ones(count))[:, None, None]
    tasks = replace(association(plan.seed, number.tolist()), surprise=surprise)
    trains = [n for n in theory.nuisance if n.acts == "always"]
    learner = applied(theory.trained or theory.circuit, trains, values)
    stage = values.get(STAGE, np.full(count, TRAINED))
    trained = train(learner, tasks, plan.seed, number.tolist(), stage=stage)
    good = ~(trained.diverged | trained.oscillating) & (trained.removed >= NEARLY * stage)
    sound = np.flatnonzero(good)
    blocks: tuple[Activity, ...] = ()
    if len(sound):
        bench = Bench(applied(theory.circuit, theory.nuisance, values), tasks)
        bench = of_networks(bench, sound, count)
        weights = of_networks(trained.weights, sound, count)
        bench = equipped(bench, weights, INSTRUMENT, (plan.seed, number[sound].tolist()))
        blocks = _blocks(bench, weights, of_networks(values, sound, count), plan)
        finite = np.logical_and.reduce([block.finite() for block in blocks])
        blocks = of_networks(blocks, finite.nonzero()[0], len(sound))
        sound = sound[finite]
    return Animals(
        theory.circuit, world[sound], number[sound], of_networks(values, sound, count),
        trained.removed[sound], blocks, count - len(sound),
    )  # fmt: skip


def labelled(circuit: Circuit[Any, Any], plan: WorldPlan, number: Sequence[int]) -> Chosen | None:
    """Return which representation neurons of networks are labelled error cells, None if none are.

    Parameters
    ----------
    circuit
        The theory.
    plan
        With its seed.
    number
        Numbers of the networks.
    """
    if INSTRUMENT.sees(circuit) or not len(number):
        return None
    return arbitrary_half(circuit, plan.seed, number)


def tables(plan: WorldPlan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the kinds of trials with frozen synapses, and the trials of learning."""
    kinds, _ = kinds_of(outcome_error(plan.seed, repeats=2))
    blocks = [learning_block(plan.seed, "new", f, plan.learning_repeats) for f in LEARNING_BLOCKS]
    return kinds, pd.concat(blocks, ignore_index=True)


@QUIETLY
def _blocks(
    bench: Bench[Any, Any], weights: Any, values: Mapping[str, Array], plan: WorldPlan
) -> tuple[Activity, ...]:
    strength = values.get(DRIVE, np.ones(1))[:, None, None]
    bench = replace(bench, drive=strength * bench.drive)
    kinds, learning = tables(plan)
    frozen = each_from_the_same_state(bench, weights, kinds, COARSE)
    learnt, _ = run_trials(
        bench, weights, learning, COARSE, n_streams=len(LEARNING_BLOCKS), learn=True
    )
    return frozen, learnt
