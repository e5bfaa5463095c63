"""What the virtual animals of a theory say under a design, as a file of the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from errorneurons.predictions.comparing.animals import Table, effects_under, measured
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.shards import batches_of, read_worlds, worlds_key
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.store.files import NETCDF
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece
from errorneurons.simulate.theories.registry import REGISTRY, theory


def table_of(name: str, design: Design, animals: Animals, folder: Path) -> Piece:
    """Return the piece of work that records the worlds of a theory under a design."""
    rests_on = (worlds_key(theory(name), animals), design, effects_under(design))
    return Piece(
        _record,
        (name, design, animals, folder),
        key(_record, rests_on, REGISTRY),
        f"{name}: recorded",
    )


def _record(name: str, design: Design, animals: Animals, folder: Path) -> xr.Dataset:
    parts = [
        measured(seen, name, design, animals.seed)
        for batch in batches_of(name, animals)
        if len((seen := read_worlds(folder, name, batch)).number)
    ]
    effects = effects_under(design)
    empty = np.empty((0, len(effects), 3))
    return xr.Dataset(
        {
            "energy": (
                ("animal", "effect", "part"),
                np.concatenate([empty, *(p.energies for p in parts)]),
            ),
            "world": ("animal", np.concatenate([np.empty(0, int), *(p.world for p in parts)])),
        },
        {"effect": list(effects), "part": ["N", "M", "N_R"]},
        {"design": repr(design)},
    )


def read_recorded(path: Path) -> Table:
    """Return what virtual animals say from its file."""
    known = NETCDF.read(path)
    effects = tuple(str(name) for name in known["effect"].values)
    return Table(known["world"].values, known["energy"].values, effects)
