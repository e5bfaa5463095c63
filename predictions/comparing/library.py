"""The library of worlds on disk: simulated once, recorded once a design, taken from there after.

Each theory has a folder. A shard holds the networks of one batch of worlds, another file what they
say under one design. Every file has in its name the key of everything it rests on, and another is
made when that changes; an interrupted run takes up where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from errorneurons import __version__
from errorneurons.predictions.comparing.animals import Table, stocked
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.effects import EXPERIMENTS, Drawn, draw
from errorneurons.predictions.comparing.shards import (
    OPTION,
    shard,
    shard_name,
    shard_of,
    worlds_key,
)
from errorneurons.predictions.comparing.tables import read_recorded, table_of
from errorneurons.simulate.animals.worlds import WorldPlan, batches_of_worlds
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.store.files import ARRAYS, JSON, keep
from errorneurons.simulate.store.places import cache_folder
from errorneurons.simulate.store.shelf import Shelf, missing_pieces, provide
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.theories.registry import theory

FOLDER = "ERRORNEURONS_LIBRARY"
"""The environment variable that says where the library is."""


def default_folder() -> Path:
    """Return where the library is: $ERRORNEURONS_LIBRARY, or in the user's cache folder."""
    return cache_folder("errorneurons-library", FOLDER, OPTION)


def virtual_experiments(
    names: Sequence[str],
    design: Design,
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    count: int = EXPERIMENTS,
    labour: Labour | None = None,
) -> dict[str, Drawn]:
    """Return virtual experiments of theories under a design, simulating what is not there yet.

    Parameters
    ----------
    names, design, plan, folder, progress, labour
        As in `virtual_animals`.
    count
        Experiments of each theory.
    """
    found = virtual_animals(names, design, plan, folder, progress, labour)
    return {n: draw(table, n, design, plan.seed, count) for n, table in found.items()}


def virtual_animals(
    names: Sequence[str],
    design: Design,
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
) -> dict[str, Table]:
    """Return what the virtual animals of theories say under a design, simulated where need be.

    Experiments with fewer animals than the design has can be drawn from them too.

    Parameters
    ----------
    names
        Theories by name.
    design
        The recording to be imitated.
    plan
        How many worlds and networks, and the seed.
    folder
        The library, e.g. `default_folder()`.
    progress
        Called with a sentence beforehand and whenever something is done.
    labour
        Who simulates; local processes, one a core, if not given.
    """
    simulate_worlds(names, plan, folder, progress, labour)
    design = stocked(design)
    pieces = {f"{n}/measured": table_of(n, design, plan, folder) for n in names}
    shelf = Shelf(folder, ARRAYS, OPTION)
    provide(missing_pieces(pieces, shelf), shelf, progress, labour)
    return {
        n: read_recorded(shelf.path(f"{n}/measured", pieces[f"{n}/measured"].key)) for n in names
    }


def simulate_worlds(
    names: Sequence[str],
    plan: WorldPlan,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
) -> None:
    """Simulate the worlds of theories that are not in the library yet.

    Parameters
    ----------
    names, plan, folder, progress, labour
        As in `virtual_animals`.
    """
    pieces = {
        shard_name(n, worlds): shard_of(n, plan, worlds)
        for n in names
        for worlds in batches_of_worlds(theory(n), plan)
    }
    shelf = Shelf(folder, ARRAYS, OPTION)
    left = missing_pieces(pieces, shelf)
    if left:
        networks = plan.networks * sum(len(piece.arguments[2]) for piece in left.values())
        progress(f"simulating {networks} networks in {len(left)} batches; kept in {folder}")
    provide(left, shelf, _with_time_left(progress, len(left)), labour, compile_ahead)
    for name in {piece.arguments[0]: None for piece in left.values()}:
        _summarise(folder, name, plan)


def _with_time_left(progress: Progress, count: int) -> Progress:
    """Return what says, with each of `count` pieces, how long the others will take as it goes."""
    began, done = time.perf_counter(), 0

    def say(text: str) -> None:
        nonlocal done
        done += 1
        minutes = (time.perf_counter() - began) * (count - done) / done / 60
        progress(f"{text}; about {minutes:.1f} minutes left" if done < count else text)

    return say


def _summarise(folder: Path, name: str, plan: WorldPlan) -> None:
    """Write what the shards of a theory are, for people."""
    shards = {}
    for worlds in batches_of_worlds(theory(name), plan):
        path = shard(folder, name, plan, worlds)
        with np.load(path, allow_pickle=False) as known:  # no activity is read
            removed = known["removed"]
            shards[path.name] = {
                "worlds": worlds,
                "networks": len(removed),
                "left_out": int(known["left_out"]),
                "median share of the loss removed": float(np.median(removed)),
            }
    entry = theory(name)
    rests_on = worlds_key(entry, plan)
    summary = {
        "package": f"errorneurons {__version__}",
        "key": rests_on,
        "circuit": repr(entry.circuit),
        "nuisance": [repr(n) for n in entry.nuisance],
        "plan": repr(plan),
        "shards": shards,
    }
    keep(summary, Shelf(folder, JSON).path(f"{name}/summary", rests_on), JSON, OPTION)
