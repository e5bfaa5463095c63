"""The networks of a batch of worlds as a file of the library."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import xarray as xr

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import Ran, distinct
from errorneurons.simulate.animals.performed import (
    ELECTRODES,
    OF_WORLDS,
    SIDE_BY_SIDE,
    Performed,
    performed,
)
from errorneurons.simulate.animals.trained import markers
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf
from errorneurons.simulate.theories.registry import REGISTRY, Theory, theory
from errorneurons.simulate.trials.run import Activity

OPTION = "--library"
"""The option that says where the library is."""
LEFT_OUT = "left_out"


def batches_of(name: str, animals: Animals) -> tuple[Animals, ...]:
    """Return which animals of a theory's worlds are simulated together, a file each."""
    return animals.batches(theory(name), SIDE_BY_SIDE)


def shard(folder: Path, name: str, batch: Animals) -> Path:
    """Return the file of a batch of worlds of a theory."""
    return Shelf(folder, NETCDF).path(shard_name(name, batch), worlds_key(theory(name), batch))


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


def _simulate(name: str, batch: Animals) -> xr.Dataset:
    return _packed(performed(theory(name), OF_WORLDS, batch, ELECTRODES))


def _packed(seen: Performed) -> xr.Dataset:
    """Return networks as a Dataset; tables of trials follow from the seed and are not kept."""
    data: dict[str, tuple[tuple[str, ...], object]] = {
        "number": (("network",), seen.number),
        "removed": (("network",), seen.removed),
    }
    for name, value in seen.nuisance.items():
        data[f"nuisance {name}"] = ("network",), value
    for n, activity in enumerate(seen.activity):
        trial = ("network", f"{n} trial")
        data[f"{n} output"] = (*trial, "output"), activity.output
        data[f"{n} target"] = (*trial, "output"), activity.target
        for role, rates in activity.rates.items():
            data[f"{n} rates {role}"] = (*trial, "time", role), rates
    return xr.Dataset(data, attrs={LEFT_OUT: json.dumps(dict(seen.left_out))})


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
    known = NETCDF.read(shard(folder, name, batch))
    animals = replace(batch, only=tuple(known["number"].values.tolist()))
    entry, blocks = theory(name), list[Ran]()
    labelled = markers(entry.circuit, ELECTRODES, animals)
    (day,) = OF_WORLDS.days(animals.seed)
    for n, block in enumerate(day.blocks if animals.numbers else ()):
        kinds, rows = distinct(block)
        start = f"{n} rates "
        rates = {str(x).removeprefix(start): known[x].values
                 for x in known.data_vars if str(x).startswith(start)}  # fmt: skip
        output, target = (known[f"{n} {part}"].values for part in ("output", "target"))
        activity = Activity(rates, output, target, kinds, OF_WORLDS.clock, labelled)  # type: ignore[arg-type]
        blocks.append(Ran(activity, rows, block.table))
    nuisance = {str(n).removeprefix("nuisance "): known[n].values
                for n in known.data_vars if str(n).startswith("nuisance ")}  # fmt: skip
    left_out = {int(n): why for n, why in json.loads(known.attrs[LEFT_OUT]).items()}
    return Performed(entry, OF_WORLDS, animals, tuple(blocks), known["removed"].values, nuisance,
                     left_out)  # fmt: skip
