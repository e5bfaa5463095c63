"""The networks of a batch of worlds as a file of the library."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from errorneurons.simulate.animals.worlds import (
    COARSE,
    Animals,
    WorldPlan,
    labelled,
    simulate_batch,
    tables,
)
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf
from errorneurons.simulate.theories.registry import REGISTRY, Theory, theory
from errorneurons.simulate.trials.run import Activity

OPTION = "--library"
"""The option that says where the library is."""
BLOCKS = ("frozen", "learning")
INSTRUMENTS = ("errorneurons.simulate.instrument.observe",)
"""What simulated activity does not rest on: it is recorded later."""


def shard(folder: Path, name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> Path:
    """Return the file of a batch of worlds of a theory."""
    return Shelf(folder, NETCDF).path(shard_name(name, worlds), worlds_key(theory(name), plan))


def shard_name(name: str, worlds: tuple[int, ...]) -> str:
    """Return the name of that file, without key and ending."""
    return f"{name}/worlds-{worlds[0]:03d}-{len(worlds)}"


def worlds_key(entry: Theory, plan: WorldPlan) -> str:
    """Return the hash of everything that the worlds of a theory rest on."""
    return key(_simulate, (entry.rests_on, plan), (*REGISTRY, *INSTRUMENTS))


def shard_of(name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> Piece:
    """Return the piece of work that simulates a batch of worlds."""
    said = f"{name}: worlds {', '.join(map(str, worlds))} simulated"
    return Piece(_simulate, (name, plan, worlds), worlds_key(theory(name), plan), said)


def _simulate(name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> xr.Dataset:
    return _packed(simulate_batch(theory(name), plan, worlds))


def _packed(animals: Animals) -> xr.Dataset:
    """Return animals as a Dataset; tables of trials follow from the plan and are not kept."""
    data: dict[str, tuple[tuple[str, ...], object]] = {
        "world": (("network",), animals.world),
        "number": (("network",), animals.number),
        "removed": (("network",), animals.removed),
    }
    for name, value in animals.nuisance.items():
        data[f"nuisance {name}"] = ("network",), value
    for block, activity in zip(BLOCKS, animals.blocks, strict=False):
        trial = ("network", f"{block} trial")
        data[f"{block} output"] = (*trial, "output"), activity.output
        data[f"{block} target"] = (*trial, "output"), activity.target
        for role, rates in activity.rates.items():
            data[f"{block} rates {role}"] = (*trial, "time", role), rates
    return xr.Dataset(data, attrs={"left_out": animals.left_out})


def read_worlds(folder: Path, name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> Animals:
    """Return the networks of a batch of worlds from the library.

    Parameters
    ----------
    folder, name, plan
        As in `virtual_experiments`.
    worlds
        One of the batches.
    """
    known = NETCDF.read(shard(folder, name, plan, worlds))
    circuit, blocks = theory(name).circuit, []
    chosen = labelled(circuit, plan, known["number"].values.tolist())
    for block, table in zip(BLOCKS, tables(plan), strict=True):
        start = f"{block} rates "
        rates = {str(n).removeprefix(start): known[n].values
                 for n in known.data_vars if str(n).startswith(start)}  # fmt: skip
        if rates:
            output, target = (known[f"{block} {part}"].values for part in ("output", "target"))
            blocks.append(
                Activity(rates, output, target, table, COARSE, chosen)  # type: ignore[arg-type]
            )
    nuisance = {str(n).removeprefix("nuisance "): known[n].values
                for n in known.data_vars if str(n).startswith("nuisance ")}  # fmt: skip
    return Animals(
        circuit, known["world"].values, known["number"].values, nuisance,
        known["removed"].values, tuple(blocks), int(known.attrs["left_out"]),
    )  # fmt: skip
