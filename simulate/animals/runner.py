"""The runner: a theory's networks are put through an experiment, and leave sessions.

Networks run side by side in batches that fit into the memory; what a network does is the same to
the bit in any batch. A session is one network on one day. The gain of the virtual instrument is
set in a reference block of outcome trials before the experiment, so that a cell fires alike on all
days and in all experiments, and what is silent stays silent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import xarray as xr

from errorneurons import __version__
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import distinct, repeats_itself
from errorneurons.simulate.animals.days import through_days
from errorneurons.simulate.animals.performed import Performed, under_noise
from errorneurons.simulate.animals.trained import (
    none_left,
    train_animals,
    untrained_bench,
)
from errorneurons.simulate.circuit import Circuit, has
from errorneurons.simulate.experiments.columns import DEFAULTS
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.readout import decoder_of
from errorneurons.simulate.experiments.trials import whole
from errorneurons.simulate.instrument.displayed import shown_in
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.observe import observe
from errorneurons.simulate.theories.registry import THEORIES, Theory
from errorneurons.simulate.trials.bench import Laser
from errorneurons.simulate.trials.manipulations import manipulated

MANIPULATION = (
    "manipulation", "manipulated_role", "manipulated_area", "manipulated_cell",
    "manipulated_target", "efficacy", "off_target", "drive_size",
)  # fmt: skip
MEMORY = 2e9
"""What activity may take in memory [bytes]; it decides how many networks run side by side."""
_RECORDED, _RECORDING = 4, 32
"""Bytes of a recorded rate, and of one in a trial that is being recorded."""
SPIKES, OTHERS = 12, 45
"""Bytes that making a session takes for each value: Poisson spikes, and all else in one go."""


def sessions(
    theory: Theory,
    experiment: Experiment,
    animals: Animals,
    instrument: Instrument,
    laser: Laser | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[xr.Dataset]:
    """Put a theory's networks through an experiment; yield one session a network and day.

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
    laser
        How well it silences where trials do not say.
    progress
        Called with a sentence whenever a part is done, or a network is left out.

    Raises
    ------
    ValueError
        If the theory cannot be put through the experiment, or no network is left.
    """
    experiment = under_noise(theory, experiment)
    check_possible(theory, experiment, animals, instrument, laser)
    origin = origin_of(theory, experiment, animals, instrument, laser)
    reasons: list[str] = []
    for batch in batches_of_animals(theory, experiment, animals, instrument):
        ready = train_animals(theory, batch, instrument, laser)
        for number, why in ready.left_out.items():
            progress(f"{theory.name}: network {number} {why} and is left out")
        reasons += ready.left_out.values()
        if ready.animals.numbers:
            progress(f"{theory.name}: {len(ready.animals.numbers)} networks trained")
            for seen in through_days(ready, experiment, progress):
                yield from recordings_of(seen, instrument, origin)
    if len(reasons) == len(animals.numbers):
        raise ValueError(none_left(theory, reasons))


def recordings_of(
    seen: Performed, instrument: Instrument, origin: str | None = None
) -> Iterator[xr.Dataset]:
    """Record networks; yield one session each.

    Parameters
    ----------
    seen
        The networks after a day of an experiment.
    instrument
        How they are recorded.
    origin
        What `origin_of` says, where it is asked for several times.
    """
    if not seen.blocks:
        return
    tried, animals = seen.experiment, seen.animals
    origin = origin or origin_of(seen.theory, tried, animals, instrument, seen.laser)
    first = seen.blocks[0].activity
    sizes = first.extents or extents(first)
    shown = shown_in([ran.table for ran in seen.blocks])
    for index, number in enumerate(animals.numbers):
        own = {source: size[index : index + 1] for source, size in sizes.items()}
        blocks = [replace(ran.shown_to(index), extents=own) for ran in seen.blocks]
        session = observe(seen.theory.circuit, blocks, number, 0, animals.seed, instrument, shown)
        del blocks
        name = f"{tried.name}_day{first.day}"  # other experiments of the same animals differ
        yield session.assign_attrs(
            seen.theory.attributes, session_id=name, day=first.day, experiment=tried.name,
            provenance=origin,
        )  # fmt: skip
        del session


def check_possible(
    theory: Theory,
    experiment: Experiment,
    animals: Animals,
    instrument: Instrument,
    laser: Laser | None = None,
) -> None:
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
    bench = untrained_bench(theory, replace(animals, only=(0,)), instrument, laser)
    for day in experiment.days(animals.seed):
        table = day.table
        names = [name for name in MANIPULATION if name in table]
        manipulated(bench, table[names].drop_duplicates().to_dict("records"))
        decoder_of(bench.readout, table.filter(["decoder"]).fillna(DEFAULTS["decoder"]))
        many = [block.streams for block in day.blocks if block.plastic and block.streams > 1]
        if many:
            raise ValueError(
                f"a plastic block of {experiment.name} has {many[0]} streams; give 1, since "
                "synapses change from trial to trial"
            )


def batches_of_animals(
    theory: Theory, experiment: Experiment, animals: Animals, instrument: Instrument
) -> tuple[Animals, ...]:
    """Return which networks run side by side: in as few batches as fit into the memory."""
    activity, session = memory_of(theory.circuit, experiment, animals.seed, instrument)
    return animals.batches(theory, max(1, int((MEMORY - session) // activity)))


def memory_of(
    circuit: Circuit[Any, Any], experiment: Experiment, seed: int, instrument: Instrument
) -> tuple[float, float]:
    """Return the memory of one network's activity on the largest day, and of making a session.

    Returns
    -------
    activity, session
        [bytes].
    """
    clock, most, kept, at_once = experiment.clock, 0, 0, 0
    for day in experiment.days(seed):
        run = [(len(distinct(b, experiment.noise)[0]), b) for b in day.blocks]
        most, kept = max(most, len(day.table)), max(kept, sum(n for n, _ in run))
        side_by_side = (n if repeats_itself(b, experiment.noise) else b.streams for n, b in run)
        at_once = max(at_once, *side_by_side)
    bins = whole(clock.stop - clock.start, clock.bin)
    neurons = sum(p.size for p in circuit.populations)
    if circuit.carrier in ("apical", "burst_probability"):
        neurons += sum(p.size for p in circuit.populations if p.role == "representation")
    plain = instrument.imaging is None and instrument.spiking != "sub_poisson"
    observed = SPIKES if plain else OTHERS
    activity = (_RECORDED * kept + _RECORDING * at_once) * bins * neurons
    return float(activity), float(observed * most * bins * most_units(circuit, instrument))


def most_units(circuit: Circuit[Any, Any], instrument: Instrument) -> int:
    """Return how many units a session has at most."""
    areas = {(p.role, p.area) for p in circuit.populations}
    if circuit.carrier == "none":
        areas |= {("error", area) for _, area in areas}
    shown = instrument.areas or {area for _, area in areas}
    return sum(instrument.cells_of(area) for _, area in areas if area in shown)


def origin_of(
    theory: Theory,
    experiment: Experiment,
    animals: Animals,
    instrument: Instrument,
    laser: Laser | None = None,
) -> str:
    """Return the provenance of the sessions of an experiment, as JSON.

    It does not name the other networks, nor how many ran side by side: a session is the same
    without them.
    """
    days = experiment.days(animals.seed)
    tables = "\n".join(
        f"{block.plastic} {block.streams}{' morning' * (block.starts_from == 'morning')}"
        f"{' independent' * block.independent}\n"
        f"{block.table.to_csv(index=False)}"
        for day in days
        for block in day.blocks
    )
    return json.dumps({
        "package": f"errorneurons {__version__}",
        "theory": theory.name,
        "circuit": asdict(theory.circuit),  # type: ignore[call-overload]
        "plan": {
            "seed": animals.seed,
            "repeats": experiment.repeats,
            "instrument": asdict(instrument),
            "laser": asdict(laser or Laser()),
        },
        "clock": asdict(experiment.clock),
        "experiment": {
            "name": experiment.name,
            "noise": experiment.noise,
            "days": len(days),
            "tables": hashlib.sha256(tables.encode()).hexdigest(),
        },
    })  # fmt: skip
