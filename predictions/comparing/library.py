"""The library of worlds on disk: simulated once, recorded once a design, taken from there after.

Each theory has a folder. A shard holds the networks of one batch of worlds, another file what they
say under one design. Every file has in its name the key of everything it rests on, and another is
made when that changes; an interrupted run takes up where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from errorneurons import __version__
from errorneurons.predictions.comparing.animals import Table, joined_tables, stocked
from errorneurons.predictions.comparing.conditions import of_worlds
from errorneurons.predictions.comparing.design import Design, taken_together
from errorneurons.predictions.comparing.effects import EXPERIMENTS, Drawn, draw
from errorneurons.predictions.comparing.shards import (
    LEFT_OUT,
    OPTION,
    batches_of,
    place,
    shard,
    shard_name,
    shard_of,
    worlds_key,
)
from errorneurons.predictions.comparing.tables import read_recorded, table_of
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import OF_WORLDS
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.store.files import ARRAYS, JSON, is_intact, keep
from errorneurons.simulate.store.places import cache_folder
from errorneurons.simulate.store.shelf import Shelf, missing_pieces, provide
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.theories.from_file import theory_named

FOLDER = "ERRORNEURONS_LIBRARY"
"""The environment variable that says where the library is."""


def default_folder() -> Path:
    """Return where the library is: $ERRORNEURONS_LIBRARY, or in the user's cache folder."""
    return cache_folder("errorneurons-library", FOLDER, OPTION)


def virtual_experiments(
    names: Sequence[str],
    designs: Sequence[Design],
    animals: Animals,
    folder: Path,
    progress: Progress,
    count: int = EXPERIMENTS,
    labour: Labour | None = None,
    scatter: Mapping[str, float] | None = None,
) -> dict[str, Drawn]:
    """Return virtual experiments of theories under designs, simulating what is not there yet.

    Parameters
    ----------
    names, designs, animals, folder, progress, labour
        As in `animals_under`.
    count
        Experiments of each theory.
    scatter
        How uncertain the recording is that they stand for, see `effects.RecordedEffects`.
    """
    found = animals_under(names, designs, animals, folder, progress, labour)
    one = taken_together(designs)
    return {n: draw(t, n, one, animals.seed, count, scatter) for n, t in found.items()}


def animals_under(
    names: Sequence[str],
    designs: Sequence[Design],
    animals: Animals,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
) -> dict[str, Table]:
    """Return what the virtual animals of theories say in several experiments, side by side.

    Parameters
    ----------
    names, animals, folder, progress, labour
        As in `virtual_animals`.
    designs
        The recording to be imitated, a design for each experiment whose trials it has.
    """
    each = [virtual_animals(names, d, animals, folder, progress, labour) for d in designs]
    return {name: joined_tables([tables[name] for tables in each]) for name in each[0]}


def virtual_animals(
    names: Sequence[str],
    design: Design,
    animals: Animals,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
) -> dict[str, Table]:
    """Return what the virtual animals of theories say under a design, simulated where need be.

    Experiments with fewer animals than the design has can be drawn from them too.

    Parameters
    ----------
    names
        Theories by name, or by the Python file that one is in.
    design
        The recording to be imitated.
    animals
        How many worlds and networks of each, and the seed.
    folder
        The library, e.g. `default_folder()`.
    progress
        Called with a sentence beforehand and whenever something is done.
    labour
        Who simulates; local processes, one a core, if not given.
    """
    simulate_worlds(names, animals, folder, progress, labour, of_worlds(design.experiment))
    design = stocked(design)
    tried = of_worlds(design.experiment)
    files = {n: f"{place(n, tried)}/measured" for n in names}
    pieces = {file: table_of(n, design, animals, folder) for n, file in files.items()}
    shelf = Shelf(folder, ARRAYS, OPTION)
    provide(missing_pieces(pieces, shelf), shelf, progress, labour)
    return {
        theory_named(n).name: read_recorded(shelf.path(file, pieces[file].key))
        for n, file in files.items()
    }


def simulate_worlds(
    names: Sequence[str],
    animals: Animals,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
    tried: Experiment = OF_WORLDS,
) -> None:
    """Simulate the worlds of theories that are not in the library yet.

    Parameters
    ----------
    names, animals, folder, progress, labour
        As in `virtual_animals`.
    tried
        What they are put through.
    """
    pieces = {
        shard_name(n, batch, tried): shard_of(n, batch, tried)
        for n in names
        for batch in batches_of(n, animals)
    }
    shelf = Shelf(folder, ARRAYS, OPTION)
    left = missing_pieces(pieces, shelf)
    if left:
        networks = sum(len(piece.arguments[1].numbers) for piece in left.values())
        progress(f"simulating {networks} networks in {len(left)} batches; kept in {folder}")
    provide(left, shelf, progress, labour, compile_ahead)
    made = {piece.arguments[0] for piece in left.values()}
    for name in names:
        own = worlds_key(name, animals, tried)
        path = Shelf(folder, JSON).path(f"{place(name, tried)}/summary", own)
        if name in made or not is_intact(path):  # a run may have ended before it was written
            _summarise(folder, name, animals, path, tried)


def _summarise(folder: Path, name: str, animals: Animals, file: Path, tried: Experiment) -> None:
    """Write what the shards of a theory are, for people."""
    shards = {}
    for batch in batches_of(name, animals):
        path = shard(folder, name, batch, tried)
        with np.load(path, allow_pickle=False) as known:  # no activity is read
            removed, left_out = known["removed"], json.loads(str(known[LEFT_OUT]))
        shards[path.name] = {
            "worlds": batch.of_worlds,
            "networks": len(removed),
            "left_out": left_out,
            "median share of the loss removed": float(np.median(removed)),
        }
    entry = theory_named(name)
    summary = {
        "package": f"errorneurons {__version__}",
        "key": worlds_key(name, animals, tried),
        "experiment": tried.name,
        "circuit": repr(entry.circuit),
        "nuisance": [repr(n) for n in entry.nuisance],
        "animals": repr(animals),
        "shards": shards,
    }
    keep(summary, file, JSON, OPTION)
