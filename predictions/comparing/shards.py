"""The networks of a batch of worlds as a file of the library."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import Ran, distinct
from errorneurons.simulate.animals.days import through_days
from errorneurons.simulate.animals.performed import (
    ELECTRODES,
    OF_WORLDS,
    SIDE_BY_SIDE,
    Performed,
    on_one_day,
    put_through,
    ready_animals,
    under_noise,
)
from errorneurons.simulate.animals.trained import markers
from errorneurons.simulate.engine.plans import PLANS
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.store.files import ARRAYS
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf
from errorneurons.simulate.theories.from_file import is_file, rests_on_file, theory_named
from errorneurons.simulate.theories.registry import REGISTRY
from errorneurons.simulate.trials.run import Activity

OPTION = "--library"
"""The option that says where the library is."""
OFTEN = 8
"""How often each trial of worlds is simulated under noise. Trials that are recorded twice share
their noise, which counts as a response then.
"""
LEFT_OUT = "left_out"
"""Name of the text that says which networks were left out, and why."""


def batches_of(name: str, animals: Animals) -> tuple[Animals, ...]:
    """Return which animals of a theory's worlds are simulated together, a file each."""
    entry = theory_named(name)
    return animals.batches(entry, SIDE_BY_SIDE // OFTEN if entry.noise else SIDE_BY_SIDE)


def _often_enough(name: str, tried: Experiment) -> Experiment:
    """Return the experiment with trials under noise that are rarely recorded more than once."""
    if not theory_named(name).noise or tried.name != OF_WORLDS.name:
        return tried
    return replace(tried, repeats=max(tried.repeats, OFTEN))


def shard(folder: Path, name: str, batch: Animals, tried: Experiment = OF_WORLDS) -> Path:
    """Return the file of a batch of worlds of a theory, put through an experiment."""
    own = worlds_key(name, batch, tried)
    return Shelf(folder, ARRAYS).path(shard_name(name, batch, tried), own)


def shard_name(name: str, batch: Animals, tried: Experiment = OF_WORLDS) -> str:
    """Return the name of that file, without key and ending."""
    worlds = batch.of_worlds
    return f"{place(name, tried)}/worlds-{worlds[0]:03d}-{len(worlds)}"


def place(name: str, tried: Experiment) -> str:
    """Return the folder of a theory put through an experiment, within the library."""
    own = theory_named(name).name
    return own if tried.name == OF_WORLDS.name else f"{own}/{tried.name}"


def worlds_key(name: str, animals: Animals, tried: Experiment = OF_WORLDS) -> str:
    """Return the hash of everything that the worlds of a theory rest on in an experiment."""
    rests_on = (theory_named(name).rests_on, replace(animals, only=None), tried)
    if not is_file(name):
        return key(_simulate, rests_on, REGISTRY)
    content, also = rests_on_file(name)
    return key(_simulate, (*rests_on, content), REGISTRY, also)


def shard_of(name: str, batch: Animals, tried: Experiment = OF_WORLDS) -> Piece:
    """Return the piece of work that simulates a batch of worlds in an experiment."""
    there = "" if tried.name == OF_WORLDS.name else f" in {tried.label}"
    said = (
        f"{theory_named(name).name}: worlds {', '.join(map(str, batch.of_worlds))} simulated{there}"
    )
    return Piece(_simulate, (name, batch, tried), worlds_key(name, batch, tried), said)


def _simulate(name: str, batch: Animals, tried: Experiment) -> dict[str, npt.NDArray[Any]]:
    tried = _often_enough(name, tried)
    try:
        if tried.name == OF_WORLDS.name:  # its own trials set the gain of the instrument
            return _packed([put_through(theory_named(name), tried, batch, ELECTRODES)])
        ready = ready_animals(theory_named(name), batch, ELECTRODES)
        days = list(through_days(ready, tried)) if ready.animals.numbers else []
        numbers = days[-1].animals.numbers if len(days) == len(tried.days(batch.seed)) else ()
        return _packed([day.of(numbers) for day in days] or [on_one_day(ready, tried)])
    finally:
        PLANS.clear()  # no other batch has the same numbers


def _packed(days: Sequence[Performed]) -> dict[str, npt.NDArray[Any]]:
    """Return networks as arrays; tables of trials follow from the seed and are not kept.

    Dims are (network,), and for each block, of number n on all days together, (network, trial,
    output) for ``n output`` and ``n target``, (network, trial, time, unit) for ``n rates <role>``;
    where they are not those of the block itself, (network,) for ``n extents <source>``, (network,
    output) for ``n decoder``.
    """
    last = days[-1]
    found: dict[str, npt.NDArray[Any]] = {"number": last.number, "removed": last.removed}
    found |= {f"nuisance {name}": value for name, value in last.nuisance.items()}
    for n, activity in enumerate(block for day in days for block in day.activity):
        found |= {f"{n} output": activity.output, f"{n} target": activity.target}
        found |= {f"{n} rates {role}": rates for role, rates in activity.rates.items()}
        found |= {f"{n} extents {s}": own for s, own in (activity.extents or {}).items()}
        found |= {} if activity.decoder is None else {f"{n} decoder": activity.decoder}
    return found | {LEFT_OUT: np.array(json.dumps(dict(last.left_out)))}


def read_worlds(
    folder: Path, name: str, batch: Animals, tried: Experiment = OF_WORLDS
) -> tuple[Performed, ...]:
    """Return the networks of a batch of worlds from the library, day by day.

    Parameters
    ----------
    folder
        The library.
    name
        Of the theory.
    batch
        One of `batches_of`.
    tried
        The experiment that they were put through.
    """
    known = ARRAYS.read(shard(folder, name, batch, tried))
    animals = replace(batch, only=tuple(known["number"].tolist()))
    entry = animals.structured(theory_named(name))
    tried = under_noise(entry, _often_enough(name, tried))
    labelled = markers(entry.circuit, ELECTRODES, animals)
    left_out = {int(n): why for n, why in json.loads(str(known[LEFT_OUT])).items()}
    found, n = list[Performed](), 0
    for number, day in enumerate(tried.days(animals.seed), start=1):
        blocks = list[Ran]()
        for block in day.blocks if animals.numbers else ():
            kinds, rows = distinct(block, tried.noise)
            activity = Activity(
                _named(known, f"{n} rates "), known[f"{n} output"], known[f"{n} target"], kinds,
                tried.clock, labelled, extents=_named(known, f"{n} extents ") or None, day=number,
                decoder=known.get(f"{n} decoder"),
            )  # fmt: skip
            blocks.append(Ran(activity, rows, block.table))
            n += 1
        found.append(Performed(entry, tried, animals, tuple(blocks), known["removed"],
                               _named(known, "nuisance "), left_out))  # fmt: skip
    return tuple(found)


def _named(known: Mapping[str, npt.NDArray[Any]], start: str) -> dict[Any, npt.NDArray[Any]]:
    """Return the arrays whose names begin so, by the rest of the name."""
    return {n.removeprefix(start): values for n, values in known.items() if n.startswith(start)}
