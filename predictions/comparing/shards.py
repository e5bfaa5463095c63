"""The networks of a batch of worlds as a file of the library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import Ran, distinct
from errorneurons.simulate.animals.performed import (
    ELECTRODES,
    OF_WORLDS,
    SIDE_BY_SIDE,
    Performed,
    put_through,
)
from errorneurons.simulate.animals.trained import markers
from errorneurons.simulate.engine.plans import PLANS
from errorneurons.simulate.store.files import ARRAYS
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf
from errorneurons.simulate.theories.registry import REGISTRY, Theory, theory
from errorneurons.simulate.trials.run import Activity

OPTION = "--library"
"""The option that says where the library is."""
LEFT_OUT = "left_out"
"""Name of the text that says which networks were left out, and why."""


def batches_of(name: str, animals: Animals) -> tuple[Animals, ...]:
    """Return which animals of a theory's worlds are simulated together, a file each."""
    return animals.batches(theory(name), SIDE_BY_SIDE)


def shard(folder: Path, name: str, batch: Animals) -> Path:
    """Return the file of a batch of worlds of a theory."""
    return Shelf(folder, ARRAYS).path(shard_name(name, batch), worlds_key(theory(name), batch))


def shard_name(name: str, batch: Animals) -> str:
    """Return the name of that file, without key and ending."""
    worlds = batch.of_worlds
    return f"{name}/worlds-{worlds[0]:03d}-{len(worlds)}"


def worlds_key(entry: Theory, animals: Animals) -> str:
    """Return the hash of everything that the worlds of a theory rest on."""
    return key(_simulate, (entry.rests_on, replace(animals, only=None)), REGISTRY)


def shard_of(name: str, batch: Animals) -> Piece:
    """Return the piece of work that simulates a batch of worlds."""
    said = f"{name}: worlds {', '.join(map(str, batch.of_worlds))} simulated"
    return Piece(_simulate, (name, batch), worlds_key(theory(name), batch), said)


def _simulate(name: str, batch: Animals) -> dict[str, npt.NDArray[Any]]:
    try:
        return _packed(put_through(theory(name), OF_WORLDS, batch, ELECTRODES))
    finally:
        PLANS.clear()  # no other batch has the same numbers


def _packed(seen: Performed) -> dict[str, npt.NDArray[Any]]:
    """Return networks as arrays; tables of trials follow from the seed and are not kept.

    Dims are (network,), and for each block, of number n, (network, trial, output) for ``n output``
    and ``n target``, (network, trial, time, unit) for ``n rates <role>``.
    """
    found: dict[str, npt.NDArray[Any]] = {"number": seen.number, "removed": seen.removed}
    found |= {f"nuisance {name}": value for name, value in seen.nuisance.items()}
    for n, activity in enumerate(seen.activity):
        found |= {f"{n} output": activity.output, f"{n} target": activity.target}
        found |= {f"{n} rates {role}": rates for role, rates in activity.rates.items()}
    return found | {LEFT_OUT: np.array(json.dumps(dict(seen.left_out)))}


def read_worlds(folder: Path, name: str, batch: Animals) -> Performed:
    """Return the networks of a batch of worlds from the library.

    Parameters
    ----------
    folder
        The library.
    name
        Of the theory.
    batch
        One of `batches_of`.
    """
    known = ARRAYS.read(shard(folder, name, batch))
    animals = replace(batch, only=tuple(known["number"].tolist()))
    entry, blocks = animals.structured(theory(name)), list[Ran]()
    labelled = markers(entry.circuit, ELECTRODES, animals)
    (day,) = OF_WORLDS.days(animals.seed)
    for n, block in enumerate(day.blocks if animals.numbers else ()):
        kinds, rows = distinct(block)
        rates = _named(known, f"{n} rates ")
        output, target = known[f"{n} output"], known[f"{n} target"]
        activity = Activity(rates, output, target, kinds, OF_WORLDS.clock, labelled)
        blocks.append(Ran(activity, rows, block.table))
    left_out = {int(n): why for n, why in json.loads(str(known[LEFT_OUT])).items()}
    return Performed(entry, OF_WORLDS, animals, tuple(blocks), known["removed"],
                     _named(known, "nuisance "), left_out)  # fmt: skip


def _named(known: Mapping[str, npt.NDArray[Any]], start: str) -> dict[Any, npt.NDArray[Any]]:
    """Return the arrays whose names begin so, by the rest of the name."""
    return {n.removeprefix(start): values for n, values in known.items() if n.startswith(start)}
