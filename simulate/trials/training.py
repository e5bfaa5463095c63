"""Trains many networks side by side until each has learnt its association, and checks them.

Theories are compared at matched performance: a network stops learning as soon as it has removed
`TRAINED` of its loss, or no longer learns. One that never does, that diverges, or that oscillates
under teaching is named, and what is said of it is limited accordingly; none is dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, PerNetwork, of_networks
from errorneurons.simulate.circuit import Circuit, Role, StateT, WeightsT, World
from errorneurons.simulate.engine.run import Stepper, lanes_of
from errorneurons.simulate.experiments.association import STIMULI, Association
from errorneurons.simulate.experiments.learning import lesson
from errorneurons.simulate.experiments.trials import Clock
from errorneurons.simulate.trials.bench import Bench
from errorneurons.simulate.trials.run import run_trials, synapses
from errorneurons.simulate.trials.settling import each_step, moving

TRAINED = 0.95
PRESENTATION = Clock(start=0.0, outcome=0.3, stop=0.4, bin=0.1)
PROBE = Clock(start=0.0, outcome=0.4, stop=0.4, bin=0.1)
EPOCHS_A_BLOCK = 2
READ: tuple[Role, ...] = ("representation",)
"""The output is read of these; whatever else would be recorded is not looked at."""
_PATIENCE = 4
PROGRESS = 0.1
QUIETLY = np.errstate(over="ignore", invalid="ignore")
"""Networks that diverge are found by their numbers, and need no warning."""


@dataclass(frozen=True)
class Training(Generic[WeightsT]):
    """Trained networks.

    Attributes
    ----------
    weights
        Synapses after training.
    loss
        Mean squared error of the settled output over that of untrained output 0, after each block
        of epochs, (block, network); row 0 is before training.
    diverged, oscillating
        (network,) bool.
    """

    weights: WeightsT
    loss: Array
    diverged: npt.NDArray[np.bool_]
    oscillating: npt.NDArray[np.bool_]

    @property
    def removed(self) -> Array:
        """Share of the loss that training removed, (network,)."""
        share: Array = 1 - self.loss[-1] / self.loss[0]
        return share

    def diverged_at(self, network: int) -> int:
        """Return the epoch by which a network's synapses or output were no longer finite."""
        return EPOCHS_A_BLOCK * int(np.argmax(~np.isfinite(self.loss[:, network])))


@QUIETLY
def train(
    circuit: Circuit[WeightsT, StateT],
    association: Association,
    seed: int,
    networks: list[int],
    epochs: int = 30,
    stage: PerNetwork | None = TRAINED,
) -> Training[WeightsT]:
    """Train networks on the set ``"trained"`` of their association, and what they learn besides.

    Parameters
    ----------
    circuit
        The theory.
    association
        Stimuli and outcomes, one a network.
    seed
        Seed of the run.
    networks
        Numbers of the networks; they decide the start weights.
    epochs
        The most epochs to train; a network stops before if it has learnt, or learns no more. An
        epoch shows every stimulus once, for 300 ms without and 100 ms with its outcome.
    stage
        Share of its loss at which a network has learnt, one for all or one a network; None if all
        are to learn for all epochs, whatever they have learnt.
    """
    bench, count = Bench(circuit, association), len(networks)
    weights = circuit.initial_weights(seed, networks)
    losses = [loss(bench, weights)]
    share = np.inf if stage is None else np.ravel(stage)
    wanted = (1 - np.broadcast_to(share, count)) * losses[0]
    open_ones = running = np.arange(count)
    for block in range(epochs // EPOCHS_A_BLOCK):
        table = lesson(association.taught, seed + block, EPOCHS_A_BLOCK, PRESENTATION)
        part = of_networks(bench, running, count)
        before = of_networks(weights, running, count)
        _, after = run_trials(part, before, table, PRESENTATION, learn=True, roles=READ)
        sound = _finite(after)
        still = np.isin(running, open_ones)
        learnt = sound & still
        weights = _with(
            weights, running[learnt], of_networks(after, learnt.nonzero()[0], len(learnt))
        )
        reached = losses[-1].copy()
        reached[open_ones] = np.where(sound, loss(part, after), np.inf)[still]
        losses.append(reached)
        done = (reached <= wanted) | ~np.isfinite(reached)
        if stage is not None:
            done |= _stagnant(losses)
        open_ones = open_ones[~done[open_ones]]
        if not len(open_ones):
            break
        # whoever fills up lanes that are computed anyway goes along: the same programs fit
        if lanes_of(len(open_ones)) < lanes_of(len(running)):
            running = open_ones
    history = np.stack(losses)
    return Training(weights, history, ~np.isfinite(history[-1]), oscillating(bench, weights))


def _stagnant(losses: list[Array]) -> npt.NDArray[np.bool_]:
    """Return which networks are where they were some blocks of epochs ago."""
    if len(losses) <= _PATIENCE:
        return np.zeros(len(losses[0]), dtype=bool)
    return np.asarray(losses[-1] > (1 - PROGRESS) * losses[-1 - _PATIENCE])


@QUIETLY
def loss(bench: Bench[Any, Any], weights: Any) -> Array:
    """Return each network's loss: squared error of the settled output over that of output 0.

    Where a circuit settles in a feedforward sweep, that is what it settles in; else it is stepped.
    """
    sweep = bench.circuit.sweep(weights)
    shown = bench.association
    if sweep is not None and not sweep.disturbed:
        stimuli, wanted = (
            np.concatenate([part[name] for name in shown.taught], axis=1)
            for part in (shown.stimuli, shown.outcomes)
        )
        output = sweep.output(stimuli)
    else:
        table = lesson(shown.taught, 0, 1, PROBE)
        activity, _ = run_trials(bench, weights, table, PROBE, len(table), roles=READ)
        pairs = zip(table["association"], table["pattern"], strict=True)
        wanted = np.stack([shown.outcomes[name][:, k] for name, k in pairs], axis=1)
        output = activity.output
    error = ((output - wanted) ** 2).mean(axis=(1, 2))
    return np.asarray(error / (wanted**2).mean(axis=(1, 2)))


@QUIETLY
def oscillating(
    bench: Bench[Any, Any], weights: Any, settling: float = 1.0, limit: float = 0.02
) -> npt.NDArray[np.bool_]:
    """Return which networks still move after `settling` [s] of an unexpected outcome.

    A network oscillates if, in the last 100 ms, a rate covers more than `limit` of the largest
    rate of its role. One whose rates are no longer finite counts as oscillating.
    """
    circuit, shown = bench.circuit, bench.association
    world = World(
        shown.stimuli["trained"], shown.unexpected("trained"), np.ones((1, 1, 1), dtype=bool)
    )
    stepper = Stepper(circuit, weights, STIMULI)
    steps, last = round(settling / circuit.timing.step), round(0.1 / circuit.timing.step)
    stepper.advance(world, max(steps - last, 0))
    return moving(each_step(stepper, world, min(last, steps)), limit)


def _finite(weights: Any) -> npt.NDArray[np.bool_]:
    parts = synapses(weights).values()
    finite = [np.isfinite(p).all(axis=tuple(range(1, p.ndim))) for p in parts]
    return np.asarray(np.logical_and.reduce(finite))


def _with(weights: Any, index: npt.NDArray[np.int64], learnt: Any) -> Any:
    """Return synapses with those of some networks replaced by what these have learnt."""
    new = synapses(learnt)
    changed = {name: old.copy() for name, old in synapses(weights).items()}
    for name, old in changed.items():
        old[index] = new[name]
    return replace(weights, **changed)
