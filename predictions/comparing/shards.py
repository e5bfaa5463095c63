"""The networks of a batch of worlds as a file of the library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.animals.worlds import (
    COARSE,
    Animals,
    WorldPlan,
    labelled,
    simulate_batch,
    tables,
)
from errorneurons.simulate.engine.plans import PLANS
from errorneurons.simulate.store.files import ARRAYS
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
    return Shelf(folder, ARRAYS).path(shard_name(name, worlds), worlds_key(theory(name), plan))


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


def _simulate(name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> dict[str, npt.NDArray[Any]]:
    try:
        return _packed(simulate_batch(theory(name), plan, worlds))
    finally:
        PLANS.clear()  # no other batch has the same numbers


def _packed(animals: Animals) -> dict[str, npt.NDArray[Any]]:
    """Return animals as arrays; tables of trials follow from the plan and are not kept.

    Those of each network are ``world``, ``number``, ``removed`` and ``nuisance ...``, (network,);
    ``<block> output``, ``target``, (network, trial, output), and ``rates <role>``, (network, trial,
    time, unit).
    """
    found: dict[str, npt.NDArray[Any]] = {
        "world": animals.world, "number": animals.number, "removed": animals.removed,
        "left_out": np.array(animals.left_out),
    }  # fmt: skip
    found |= {f"nuisance {name}": value for name, value in animals.nuisance.items()}
    for block, activity in zip(BLOCKS, animals.blocks, strict=False):
        found |= {f"{block} output": activity.output, f"{block} target": activity.target}
        found |= {f"{block} rates {role}": rates for role, rates in activity.rates.items()}
    return found


def read_worlds(folder: Path, name: str, plan: WorldPlan, worlds: tuple[int, ...]) -> Animals:
    """Return the networks of a batch of worlds from the library.

    Parameters
    ----------
    folder, name, plan
        As in `virtual_experiments`.
    worlds
        One of the batches.
    """
    known = ARRAYS.read(shard(folder, name, plan, worlds))
    circuit, blocks = theory(name).circuit, []
    chosen = labelled(circuit, plan, known["number"].tolist())
    for block, table in zip(BLOCKS, tables(plan), strict=True):
        rates = _named(known, f"{block} rates ")
        if rates:
            output, target = known[f"{block} output"], known[f"{block} target"]
            blocks.append(Activity(rates, output, target, table, COARSE, chosen))
    return Animals(
        circuit, known["world"], known["number"], _named(known, "nuisance "), known["removed"],
        tuple(blocks), int(known["left_out"]),
    )  # fmt: skip


def _named(known: Mapping[str, npt.NDArray[Any]], start: str) -> dict[Any, npt.NDArray[Any]]:
    """Return the arrays whose names begin so, by the rest of the name."""
    return {n.removeprefix(start): values for n, values in known.items() if n.startswith(start)}
