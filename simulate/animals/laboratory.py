"""The laboratory: a theory's trained networks go through an experiment, and leave sessions.

Networks run side by side in batches that fit into a given memory; what a network does is the same
to the bit in any batch. A session is one network on one day. The gain of the virtual instrument is
set in a reference block of outcome trials before the experiment, so that a cell fires alike on all
days and in all experiments, and what is silent stays silent.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.animals.day import repeats_itself, run_day
from errorneurons.simulate.animals.sweep import bench_of, marked, none_left, origin, prepared
from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.circuit import Circuit, has
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.readout import decoder_of
from errorneurons.simulate.experiments.trials import (
    EXPECTED,
    UNEXPECTED,
    Clock,
    kinds_of,
    tabulated,
    trial,
    whole,
    with_defaults,
)
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.observe import extents, observe, shown_in
from errorneurons.simulate.theories.registry import THEORIES, Theory
from errorneurons.simulate.trials.bench import Bench, Laser, NoiseCurrent
from errorneurons.simulate.trials.manipulations import manipulated
from errorneurons.simulate.trials.run import run_trials
from errorneurons.simulate.trials.training import QUIETLY

REFERENCE = Clock(start=0.0, outcome=0.3, stop=0.5, bin=0.05)
MANIPULATION = (
    "manipulation", "manipulated_role", "manipulated_area", "manipulated_cell",
    "manipulated_target", "efficacy", "off_target", "drive_size",
)  # fmt: skip
_RECORDED, _RECORDING = 4, 32
"""Bytes of a recorded rate, and of one in a trial that is being recorded."""
SPIKES, OTHERS = 12, 45
"""Bytes that making a session takes for each value: Poisson spikes, and all else in one go."""


@dataclass(frozen=True)
class Setup:
    """How networks are put through an experiment.

    Attributes
    ----------
    networks
        Numbers of the networks; each is one virtual animal.
    seed
        Seed of everything random.
    repeats
        Trials of each kind, in the sense of the experiment.
    instrument
        How they are recorded.
    laser
        How well the laser silences where trials do not say.
    memory
        What activity may take in memory [bytes]; it decides how many networks run side by side,
        and nothing else.

    Raises
    ------
    ValueError
        If a number is impossible.
    """

    networks: tuple[int, ...] = tuple(range(4))
    seed: int = 1
    repeats: int = 5
    instrument: Instrument = field(default_factory=Instrument)
    laser: Laser = field(default_factory=Laser)
    memory: float = 2e9

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("repeats", 1), ("memory", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name):g}; give {least} or more")
        if not self.networks:
            raise ValueError("networks is empty; name one or more, by numbers of 0 or more")
        if min(self.networks) < 0:
            raise ValueError(f"networks is {self.networks}; give numbers of 0 or more")


def sessions(
    theory: Theory,
    experiment: Experiment,
    setup: Setup,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[xr.Dataset]:
    """Put a theory's networks through an experiment; yield one session a network and day.

    Parameters
    ----------
    theory
        An entry of the registry.
    experiment
        What is done.
    setup
        Which networks, and how they are recorded.
    progress
        Called with a sentence whenever a part is done, or a network is left out.

    Raises
    ------
    ValueError
        If the theory cannot be put through the experiment, or no network is left.
    """
    check_possible(theory, experiment, setup)
    left = 0
    for batch in batches_of_animals(theory, experiment, setup):
        ready = prepared(theory, batch, setup.seed, setup.instrument, setup.laser)
        for index in sorted({*range(len(batch))} - {*ready.kept}):
            how = "diverged" if ready.trained.diverged[index] else "oscillates"
            progress(f"{theory.name}: network {batch[index]} {how} and is left out")
        if ready.kept:
            left += len(ready.kept)
            progress(f"{theory.name}: {len(ready.kept)} networks trained")
            bench = of_networks(ready.bench, ready.kept, len(batch))
            weights = of_networks(ready.trained.weights, ready.kept, len(batch))
            numbers = [batch[index] for index in ready.kept]
            animals = (bench, weights, numbers)
            yield from _days(theory, experiment, setup, animals, progress)
    if not left:
        raise ValueError(none_left(theory, ready.trained))


def _days(
    theory: Theory,
    experiment: Experiment,
    setup: Setup,
    animals: tuple[Bench[Any, Any], Any, Sequence[int]],
    progress: Callable[[str], None],
) -> Iterator[xr.Dataset]:
    """Yield the sessions of a batch, day by day; networks may diverge while they learn."""
    bench, weights, numbers = animals
    sizes, provenance = _reference(bench, weights), origin_of(theory, experiment, setup)
    for number, day in enumerate(experiment.days(setup.seed, setup.repeats), start=1):
        noise = NoiseCurrent(experiment.noise, setup.seed, np.array(numbers), number)
        noisy = replace(bench, noise=noise if experiment.noise else None)
        blocks, weights = run_day(noisy, weights, day, experiment.clock)
        blocks = [replace(block, extents=sizes, day=number) for block in blocks]
        shown = shown_in([block.table for block in blocks])
        sound = np.flatnonzero(np.logical_and.reduce([b.finite() for b in blocks])).tolist()
        for index in sound:
            seen = observe(
                theory.circuit, blocks, numbers[index], index, setup.seed, setup.instrument, shown
            )
            yield seen.assign_attrs(
                theory.attributes, day=number, experiment=experiment.name, provenance=provenance
            )
            del seen
        del blocks  # before the next day takes as much
        for index in sorted({*range(len(numbers))} - {*sound}):
            progress(f"{theory.name}: network {numbers[index]} diverged on day {number}, its last")
        bench, weights, sizes = of_networks((bench, weights, sizes), sound, len(numbers))
        numbers = [numbers[index] for index in sound]
        if not numbers:
            return


@QUIETLY
def _reference(bench: Bench[Any, Any], weights: Any) -> dict[str, Array]:
    """Return the sizes of signals in trials with expected and unexpected outcomes."""
    kinds = (EXPECTED, UNEXPECTED)
    rows = [trial(kind, s, REFERENCE) for kind in kinds for s in range(STIMULI)]
    activity, _ = run_trials(bench, weights, tabulated(rows), REFERENCE, n_streams=len(kinds))
    return extents(activity)


def check_possible(theory: Theory, experiment: Experiment, setup: Setup) -> None:
    """Refuse, before anything is trained, an experiment that a theory cannot be put through.

    Raises
    ------
    ValueError
        Saying in one sentence what the theory lacks.
    """
    for role in experiment.needs:
        if not has(theory.circuit, role):
            others = ", ".join(t.name for t in THEORIES if has(t.circuit, role))
            raise ValueError(
                f"{experiment.name} needs {role} neurons, and {theory.name} has none; "
                f"theories that have: {others}"
            )
    bench = unprepared(theory, setup)
    for day in experiment.days(setup.seed, setup.repeats):
        table = day.table
        names = [name for name in MANIPULATION if name in table]
        manipulated(bench, table[names].drop_duplicates().to_dict("records"))
        decoder_of(bench.readout, with_defaults(table))
        many = [block.streams for block in day.blocks if block.plastic and block.streams > 1]
        if many:
            raise ValueError(
                f"a plastic block of {experiment.name} has {many[0]} streams; give 1, since "
                "synapses change from trial to trial"
            )
        if experiment.noise and len(day.blocks) > 1:
            raise ValueError(
                f"a day of {experiment.name} has noise and {len(day.blocks)} blocks; give one, "
                "since every block would have the same noise"
            )


def unprepared(theory: Theory, setup: Setup, networks: Sequence[int] = (0,)) -> Bench[Any, Any]:
    """Return a bench with untrained networks, everyone labelled as in the experiment."""
    bench = bench_of(theory, networks, setup.seed, setup.laser)
    weights = theory.circuit.initial_weights(setup.seed, networks)
    return marked(bench, weights, setup.instrument, (setup.seed, networks))


def batches_of_animals(
    theory: Theory, experiment: Experiment, setup: Setup
) -> list[tuple[int, ...]]:
    """Return which networks run side by side: in as few batches as fit into the memory."""
    activity, session = memory_of(theory.circuit, experiment, setup)
    most = max(1, int((setup.memory - session) // activity))
    size = math.ceil(len(setup.networks) / math.ceil(len(setup.networks) / most))
    return [setup.networks[i : i + size] for i in range(0, len(setup.networks), size)]


def memory_of(
    circuit: Circuit[Any, Any], experiment: Experiment, setup: Setup
) -> tuple[float, float]:
    """Return the memory of one network's activity on the largest day, and of making a session.

    Returns
    -------
    activity, session
        [bytes].
    """
    days = experiment.days(setup.seed, setup.repeats)
    clock = experiment.clock
    bins = whole(clock.stop - clock.start, clock.bin)
    samples = bins * max(len(day.table) for day in days)
    at_once = bins * max(
        len(kinds_of(block.table)[0]) if repeats_itself(block, experiment.noise) else block.streams
        for day in days
        for block in day.blocks
    )
    neurons = sum(p.size for p in circuit.populations)
    if circuit.carrier in ("apical", "burst_probability"):
        neurons += sum(p.size for p in circuit.populations if p.role == "representation")
    units = most_units(circuit, setup.instrument)
    seen = setup.instrument
    plain = seen.imaging is None and seen.spiking != "sub_poisson"
    observed = SPIKES if plain else OTHERS
    recorded = (_RECORDED * samples + _RECORDING * at_once) * neurons
    return float(recorded), float(observed * samples * units)


def most_units(circuit: Circuit[Any, Any], instrument: Instrument) -> int:
    """Return how many units a session has at most."""
    areas = {(p.role, p.area) for p in circuit.populations}
    if circuit.carrier == "none":
        areas |= {("error", area) for _, area in areas}
    shown = instrument.areas or {area for _, area in areas}
    return sum(instrument.cells_of(area) for _, area in areas if area in shown)


def origin_of(theory: Theory, experiment: Experiment, setup: Setup) -> str:
    """Return the provenance of the sessions of an experiment, as JSON.

    It does not name the other networks, nor how many ran side by side: a session is the same
    without them.
    """
    plan = asdict(setup)
    del plan["networks"], plan["memory"]
    days = experiment.days(setup.seed, setup.repeats)
    tables = "\n".join(
        f"{block.plastic} {block.streams}{' morning' * (block.starts_from == 'morning')}"
        f"{' independent' * block.independent}\n"
        f"{block.table.to_csv(index=False)}"
        for day in days
        for block in day.blocks
    )
    found = origin(theory, plan, experiment.clock)
    found["experiment"] = {
        "name": experiment.name,
        "noise": experiment.noise,
        "days": len(days),
        "tables": hashlib.sha256(tables.encode()).hexdigest(),
    }
    return json.dumps(found)
