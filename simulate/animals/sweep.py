"""A theory's networks, trained, put through the outcome-error experiment and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons import __version__
from errorneurons.simulate.animals.day import presented, run_day
from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.association import STIMULI, association
from errorneurons.simulate.experiments.experiment import Day
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.outcome import outcome_error, with_learning
from errorneurons.simulate.experiments.readout import readout
from errorneurons.simulate.experiments.trials import CLOCK, PASSIVE, Clock, kinds_of
from errorneurons.simulate.instrument.observe import Instrument, extents, observe, shown_in
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.trials.bench import Chosen, Laser, arbitrary_half, strays
from errorneurons.simulate.trials.manipulations import aimed_at
from errorneurons.simulate.trials.run import Activity, Bench, run_trials, synapses
from errorneurons.simulate.trials.training import QUIETLY, READ, Training, train

LEAST_REMOVED = 0.9
PROBE_CURRENT = 0.02


@dataclass(frozen=True)
class Plan:
    """How an ensemble of virtual recordings is made.

    Attributes
    ----------
    networks
        How many networks; each is one virtual animal.
    seed
        Seed of everything random.
    repeats
        Trials of each condition and stimulus.
    learning_repeats
        Presentations of each stimulus in a block of learning.
    instrument
        How networks are recorded.
    bin
        Width of the bins in which activity is simulated [s].
    laser
        How well the laser silences.
    """

    networks: int = 16
    seed: int = 1
    repeats: int = 5
    learning_repeats: int = 12
    instrument: Instrument = field(default_factory=Instrument)
    bin: float = CLOCK.bin
    laser: Laser = field(default_factory=Laser)

    @property
    def clock(self) -> Clock:
        """When things happen in a trial."""
        return replace(CLOCK, bin=self.bin)

    def __post_init__(self) -> None:
        _ = self.clock  # refuses bins that do not divide a trial
        for name, least in (("networks", 1), ("repeats", 2), ("learning_repeats", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give {least} or more")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; give a whole number of 0 or more")


@dataclass(frozen=True)
class Ensemble:
    """A theory's networks after the experiment, ready to be recorded.

    Attributes
    ----------
    theory, plan
        What was simulated, and how.
    networks
        Numbers of the networks that were kept.
    blocks
        What happened to all networks: each kind of trial with frozen synapses once, and the blocks
        of learning.
    notes
        What the reader must know: networks left out, and what training did not reach.
    training
        How much of the loss training removed, in words.
    learnt
        Whether training removed at least 90 % of the loss in the median network.
    """

    theory: Theory
    plan: Plan
    networks: tuple[int, ...]
    blocks: tuple[Activity, ...]
    notes: tuple[str, ...]
    training: str
    learnt: bool

    def sessions(
        self, instrument: Instrument | None = None, repeats: int | None = None
    ) -> Iterator[xr.Dataset]:
        """Yield one session a network.

        Parameters
        ----------
        instrument, repeats
            How it is recorded, and with how many trials of each kind; by default as planned.
        """
        plan = replace(
            self.plan,
            instrument=instrument or self.plan.instrument,
            repeats=repeats or self.plan.repeats,
        )
        provenance = json.dumps(origin(self.theory, asdict(plan), plan.clock))
        table = outcome_error(plan.seed, plan.repeats)
        _, rows = kinds_of(pd.concat([self.blocks[0].table, table]))
        rows = rows[-len(table) :]
        shown = shown_in([table, *(block.table for block in self.blocks[1:])])
        for n in self.networks:
            kinds, *learnt = of_networks(self.blocks, [n], self.plan.networks)
            blocks = [presented(kinds, rows, table), *learnt]
            seen = observe(self.theory.circuit, blocks, n, 0, plan.seed, plan.instrument, shown)
            yield seen.assign_attrs(self.theory.attributes, provenance=provenance)


def ensemble(
    theory: Theory, plan: Plan, progress: Callable[[str], None] = lambda _: None
) -> Ensemble:
    """Train a theory's networks and put them through the outcome-error experiment.

    Parameters
    ----------
    theory
        An entry of the registry.
    plan
        How many networks, seeds and how they are recorded.
    progress
        Called with a few words whenever a part is done.

    Raises
    ------
    ValueError
        If no network is left: all diverged or oscillate.
    """
    networks = range(plan.networks)
    ready = prepared(theory, networks, plan.seed, plan.instrument, plan.laser)
    progress("trained")
    trained, kept = ready.trained, list(ready.kept)
    if not kept:
        raise ValueError(none_left(theory, trained))
    blocks = _blocks(ready.bench, trained.weights, plan)
    progress("experiment done")
    learnt = bool(np.median(trained.removed[kept]) >= LEAST_REMOVED)
    return Ensemble(
        theory, plan, tuple(kept), tuple(blocks), _notes(trained, kept),
        _training(trained.removed[kept]), learnt,
    )  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """Trained networks on a bench, ready for experiments.

    Attributes
    ----------
    bench
        Circuit, task, laser, labels and drive of all networks.
    trained
        Their synapses, and how training went.
    kept
        Indices of the networks that neither diverged nor oscillate.
    """

    bench: Bench[Any, Any]
    trained: Training[Any]
    kept: tuple[int, ...]


def prepared(
    theory: Theory, networks: Sequence[int], seed: int, instrument: Instrument, laser: Laser
) -> Prepared:
    """Train networks of a theory, and put them on the bench.

    Parameters
    ----------
    theory
        An entry of the registry.
    networks
        Numbers of the networks; each is the same whatever others are trained beside it.
    seed
        Seed of the run.
    instrument
        What labels refer to.
    laser
        How well it silences.
    """
    numbers = list(networks)
    bench = bench_of(theory, numbers, seed, laser)
    trained = train(theory.trained or theory.circuit, bench.association, seed, numbers)
    sound = ~(trained.diverged | trained.oscillating)
    if theory.trained is not None:  # a lesion may add synapses of its own to those that learnt
        own = theory.circuit.initial_weights(seed, numbers)
        trained = replace(trained, weights=replace(own, **synapses(trained.weights)))
    bench = equipped(bench, trained.weights, instrument, (seed, numbers))
    return Prepared(bench, trained, tuple(np.flatnonzero(sound).tolist()))


def bench_of(theory: Theory, networks: Sequence[int], seed: int, laser: Laser) -> Bench[Any, Any]:
    """Return a theory's circuit with its task, a laser and a cursor, nobody labelled."""
    beside = strays(theory.circuit, seed, networks)
    inputs, outputs = theory.circuit.layers[0], theory.circuit.layers[-1]
    task = association(seed, networks, inputs, outputs)
    cursor = readout(seed, networks, outputs)
    return Bench(theory.circuit, task, laser=laser, strays=beside, readout=cursor)


def none_left(theory: Theory, trained: Training[Any]) -> str:
    """Return what to say where no network can be used."""
    return (
        f"no network of {theory.name} is left: {int(trained.diverged.sum())} diverged and "
        f"{int(trained.oscillating.sum())} oscillate; lower its learning rate or the delay"
    )


def equipped(
    bench: Bench[Any, Any], weights: Any, instrument: Instrument, key: tuple[int, Sequence[int]]
) -> Bench[Any, Any]:
    """Return the bench on which trained networks are tested with an instrument.

    Parameters
    ----------
    bench
        Circuit, task and laser.
    weights
        The trained synapses.
    instrument
        What labels refer to.
    key
        Seed of the run, and the numbers of the networks.
    """
    marked_ones = marked(bench, weights, instrument, key)
    return replace(marked_ones, drive=matched_drive(marked_ones, weights))


def marked(
    bench: Bench[Any, Any], weights: Any, instrument: Instrument, key: tuple[int, Sequence[int]]
) -> Bench[Any, Any]:
    """Return the bench with the labels that an instrument refers to.

    If the instrument does not see what carries the error, apical potentials are recorded in place
    of it, or an arbitrary half of the representation neurons is labelled.

    Parameters
    ----------
    bench
        Circuit, task and laser.
    weights
        The trained synapses.
    instrument
        What labels refer to.
    key
        Seed of the run, and the numbers of the networks.
    """
    circuit = bench.circuit
    apical = labelled = None
    if not instrument.sees(circuit):
        apical = instrument.compartment == "apical" and hasattr(circuit.rest(weights, 1), "apical")
        labelled = None if apical else arbitrary_half(circuit, *key)
    return replace(bench, labelled=labelled, apical=bool(apical))


def _blocks(bench: Bench[Any, Any], weights: Any, plan: Plan) -> list[Activity]:
    """Return what happens in the experiment; its frozen trials stand for one of each kind."""
    (day,) = with_learning(plan.learning_repeats).days(plan.seed, plan.repeats)
    frozen, *learning = day.blocks
    kinds, _ = kinds_of(frozen.table)
    blocks, _ = run_day(bench, weights, Day((replace(frozen, table=kinds), *learning)), plan.clock)
    return [replace(block, extents=extents(blocks[0])) for block in blocks]


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


def _notes(trained: Training[Any], kept: list[int]) -> tuple[str, ...]:
    notes = [
        f"Network {n} diverged by epoch {trained.diverged_at(int(n))} and is left out."
        for n in np.flatnonzero(trained.diverged)
    ]
    if trained.oscillating.any():
        names = ", ".join(str(n) for n in np.flatnonzero(trained.oscillating))
        notes.append(f"Networks that oscillate under teaching are left out: {names}.")
    removed = trained.removed[kept]
    if np.median(removed) < LEAST_REMOVED:
        notes.append(
            f"Training removed {np.median(removed):.0%} of the loss, less than 90 %, so no claim "
            "about learning is tested."
        )
    return tuple(notes)


def _training(removed: Array) -> str:
    return (
        f"Training removed {100 * np.median(removed):.0f} % of the loss "
        f"(median of {len(removed)} networks, from {100 * removed.min():.0f} to "
        f"{100 * removed.max():.0f} %)."
    )


def origin(theory: Theory, plan: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return where sessions come from: versions, circuit, plan and clock."""
    circuit: Circuit[Any, Any] = theory.circuit
    return {
        "package": f"errorneurons {__version__}",
        "theory": theory.name,
        "circuit": asdict(circuit),  # type: ignore[call-overload]
        "plan": dict(plan),
        "clock": asdict(clock),
    }
