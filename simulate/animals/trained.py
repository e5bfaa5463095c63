"""Networks of a theory before an experiment: trained, labelled, on the bench.

A theory's own networks and those of worlds, in which what it leaves open was drawn, are trained
alike, and alike left out if they diverged or oscillate under teaching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.association import STIMULI, association
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.readout import readout
from errorneurons.simulate.experiments.trials import CLOCK, PASSIVE, Clock
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.nuisance import (
    DRIVE,
    LEARNT_STIMULI,
    STAGE,
    SURPRISE,
    applied,
    chosen,
)
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Bench, Chosen, Laser, arbitrary_half, strays
from errorneurons.simulate.trials.manipulations import aimed_at
from errorneurons.simulate.trials.run import run_trials, synapses
from errorneurons.simulate.trials.training import QUIETLY, READ, TRAINED, Training, train

NEARLY = 0.9
"""An animal of a world that removed less than this share of what it was to remove is left out."""
PROBE_CURRENT = 0.02
DIVERGED, OSCILLATES, _UNTAUGHT = "diverged", "oscillates", "has not learnt"


@dataclass(frozen=True)
class Trained:
    """Trained networks on a bench, ready for experiments.

    Attributes
    ----------
    theory
        What they are networks of.
    animals
        Which of its networks; those that are left out are none of them.
    bench
        Circuit, task, laser, labels and drive.
    weights
        Their synapses.
    removed
        Share of the loss that training removed, (network,).
    nuisance
        Name -> what was drawn of what the theory leaves open, (network,).
    left_out
        Number of a network that is not used -> why.
    extents
        As in `Activity`, if they are known already.
    """

    theory: Theory
    animals: Animals
    bench: Bench[Any, Any]
    weights: Any
    removed: Array
    nuisance: Mapping[str, Array]
    left_out: Mapping[int, str]
    extents: Mapping[str, Array] | None = None

    def without(self, reasons: Mapping[int, str]) -> Trained:
        """Return the others, if networks are left out for a reason each."""
        numbers = self.animals.numbers
        if not reasons:
            return self
        where = [k for k, n in enumerate(numbers) if n not in reasons]
        bench, weights = self.bench, self.weights
        if where:  # a circuit of no networks is none
            bench, weights = of_networks((bench, weights), where, len(numbers))
        removed, nuisance, extents = of_networks(
            (self.removed, self.nuisance, self.extents), where, len(numbers)
        )
        animals = replace(self.animals, only=tuple(numbers[k] for k in where))
        return Trained(self.theory, animals, bench, weights, removed, nuisance,
                       {**self.left_out, **reasons}, extents)  # fmt: skip


def train_animals(
    theory: Theory, animals: Animals, instrument: Instrument, laser: Laser | None = None
) -> Trained:
    """Train networks of a theory, and put those that can be used on the bench.

    Parameters
    ----------
    theory
        An entry of the registry.
    animals
        Which networks; each is the same whoever is trained beside it. All are built alike, see
        `Animals.batches`.
    instrument
        What labels refer to.
    laser
        How well it silences.
    """
    drawn, numbers = animals.drawn(theory), list(animals.numbers)
    theory = animals.structured(theory)
    bench = _bench(theory, animals, drawn, laser or Laser())
    always = [n for n in theory.nuisance if n.acts == "always"]
    learner = _with(theory.trained or theory.circuit, always, drawn)
    stage = drawn.get(STAGE, np.full(len(numbers), TRAINED))
    learnt = train(learner, bench.association, animals.seed, numbers, stage=stage)
    weights = learnt.weights
    if theory.trained is not None:  # a lesion may add synapses of its own to those that learnt
        own = bench.circuit.initial_weights(animals.seed, numbers)
        weights = replace(own, **synapses(weights))
    reasons = _unfit(learnt, numbers)
    if drawn:
        short = np.flatnonzero(learnt.removed < NEARLY * stage)
        reasons = {numbers[k]: _UNTAUGHT for k in short.tolist()} | reasons
    ready = Trained(theory, animals, bench, weights, learnt.removed, drawn, {}).without(reasons)
    if not ready.animals.numbers:
        return ready
    bench = labelled_bench(ready.bench, ready.weights, instrument, ready.animals)
    strength = ready.nuisance.get(DRIVE, np.ones(1))[:, None, None]
    drive = strength * matched_drive(bench, ready.weights)
    return replace(ready, bench=replace(bench, drive=drive))


def untrained_bench(
    theory: Theory, animals: Animals, instrument: Instrument, laser: Laser | None = None
) -> Bench[Any, Any]:
    """Return a bench with untrained networks, everyone labelled as in the experiment."""
    theory = animals.structured(theory)
    bench = _bench(theory, animals, animals.drawn(theory), laser or Laser())
    weights = theory.circuit.initial_weights(animals.seed, animals.numbers)
    return labelled_bench(bench, weights, instrument, animals)


def _bench(
    theory: Theory, animals: Animals, drawn: Mapping[str, Array], laser: Laser
) -> Bench[Any, Any]:
    """Return a theory's circuit with its task, a laser and a cursor, nobody labelled."""
    seed, numbers = animals.seed, list(animals.numbers)
    inputs, outputs = theory.circuit.layers[0], theory.circuit.layers[-1]
    learnt = chosen(theory.nuisance, drawn).get(LEARNT_STIMULI, STIMULI)
    task = association(seed, numbers, inputs, outputs, besides=learnt - STIMULI)
    if SURPRISE in drawn:
        task = replace(task, surprise=drawn[SURPRISE][:, None, None])
    return Bench(
        _with(theory.circuit, theory.nuisance, drawn), task, laser=laser,
        strays=strays(theory.circuit, seed, numbers), readout=readout(seed, numbers, outputs),
        senses_outcomes=theory.senses_outcomes,
    )  # fmt: skip


def _with(circuit: Any, nuisances: Sequence[Any], drawn: Mapping[str, Array]) -> Any:
    return applied(circuit, nuisances, dict(drawn)) if drawn else circuit


def _unfit(learnt: Training[Any], numbers: Sequence[int]) -> dict[int, str]:
    """Return the networks that diverged or oscillate, and since when."""
    reasons = {numbers[k]: OSCILLATES for k in np.flatnonzero(learnt.oscillating).tolist()}
    for k in np.flatnonzero(learnt.diverged).tolist():
        reasons[numbers[k]] = f"{DIVERGED} by epoch {learnt.diverged_at(k)}"
    return dict(sorted(reasons.items()))


def none_left(theory: Theory, reasons: Iterable[str]) -> str:
    """Return what to say where no network can be used."""
    every = list(reasons)
    diverged = sum(reason.startswith(DIVERGED) for reason in every)
    return (
        f"no network of {theory.name} is left: {diverged} diverged and "
        f"{every.count(OSCILLATES)} oscillate; lower its learning rate or the delay, and "
        "if it has a rhythm of its own, let `rates` be means over a cycle"
    )


def labelled_bench(
    bench: Bench[Any, Any], weights: Any, instrument: Instrument, animals: Animals
) -> Bench[Any, Any]:
    """Return the bench with the labels that an instrument refers to.

    If the instrument does not see what carries the error, apical potentials are recorded in place
    of it, or an arbitrary half of the representation neurons is labelled.

    Parameters
    ----------
    bench
        Circuit, task and laser.
    weights
        The synapses.
    instrument
        What labels refer to.
    animals
        Which networks.
    """
    apical = (
        not instrument.sees(bench.circuit)
        and instrument.compartment == "apical"
        and hasattr(bench.circuit.rest(weights, 1), "apical")
    )
    labelled = None if apical else markers(bench.circuit, instrument, animals)
    return replace(bench, labelled=labelled, apical=apical)


def markers(circuit: Circuit[Any, Any], instrument: Instrument, animals: Animals) -> Chosen | None:
    """Return the representation neurons that are labelled error cells, None if the carrier is.

    Parameters
    ----------
    circuit
        The theory.
    instrument
        What labels refer to.
    animals
        Which networks.
    """
    if instrument.sees(circuit) or not animals.numbers:
        return None
    return arbitrary_half(circuit, animals.seed, animals.numbers)


@QUIETLY
def matched_drive(bench: Bench[Any, Any], weights: Any, area: str = "area 2") -> Array:
    """Return the current whose effect has the energy of the area's tuning, (network, 1, 1).

    Half of the area's representation neurons are driven, so each of them is moved by sqrt(2) times
    the root mean square of its tuning. The current is found by two probes.
    """
    _, driven_ones = aimed_at(bench.circuit, bench.labelled, "drive", "representation", area)
    clock = Clock(start=0.0, outcome=CLOCK.outcome, stop=CLOCK.outcome, bin=0.05)
    rest = learning_block(0, "trained", PASSIVE | {"outcome_onset": float("nan")}, 1, clock)
    driven: pd.DataFrame = rest.assign(
        manipulation="drive", manipulated_role="representation", manipulated_area=area,
        manipulation_onset=0.0, manipulation_offset=clock.stop,
    )  # fmt: skip
    count = len(bench.association.stimuli["trained"])
    current = np.full((count, 1, 1), PROBE_CURRENT)
    natural = _settled(bench, weights, rest, clock)
    wanted = np.sqrt(2 * _mean_of(natural.var(axis=1), driven_ones))
    for _ in range(2):
        moved = _settled(replace(bench, drive=current), weights, driven, clock)
        evoked = np.sqrt(_mean_of(((moved - natural) ** 2).mean(axis=1), driven_ones))
        current = current * (wanted / evoked)[:, None, None]
    return current


def _settled(bench: Bench[Any, Any], weights: Any, table: Any, clock: Clock) -> Array:
    """Representation rates in the last bin, (network, stimulus, neuron)."""
    activity, _ = run_trials(bench, weights, table, clock, STIMULI, roles=READ)
    return np.asarray(activity.rates["representation"][:, :, -1], dtype=float)


def _mean_of(values: Array, chosen: Chosen) -> Array:
    """Return the mean over chosen neurons, (network,); both arguments are (network, neuron)."""
    chosen = np.broadcast_to(chosen, values.shape)
    return np.array([row[which].mean() for row, which in zip(values, chosen, strict=True)])
