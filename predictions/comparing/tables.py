"""What the virtual animals of a theory say under a design, as a file of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.predictions.comparing.animals import Table, effects_under, measured
from errorneurons.predictions.comparing.conditions import of_worlds
from errorneurons.predictions.comparing.design import Design
from errorneurons.predictions.comparing.recording import Known
from errorneurons.predictions.comparing.shards import batches_of, read_worlds, worlds_key
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.experiments.registry import EXPERIMENTS_LIST
from errorneurons.simulate.store.files import ARRAYS
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece
from errorneurons.simulate.theories.from_file import theory_named
from errorneurons.simulate.theories.registry import REGISTRY


def table_of(name: str, design: Design, animals: Animals, folder: Path) -> Piece:
    """Return the piece of work that records the worlds of a theory under a design."""
    worlds = worlds_key(name, animals, of_worlds(design.experiment))
    rests_on = (worlds, design, effects_under(design))
    return Piece(
        _record,
        (name, design, animals, folder),
        key(_record, rests_on, (*REGISTRY, *EXPERIMENTS_LIST)),
        f"{theory_named(name).name}: recorded",
    )


def _record(
    name: str, design: Design, animals: Animals, folder: Path
) -> dict[str, npt.NDArray[Any]]:
    """Return energies, (animal, effect, 3), worlds, (animal,), and names of effects, (effect,)."""
    known: Known = {}
    tried = of_worlds(design.experiment)
    parts = [
        measured(seen, theory_named(name).name, design, animals.seed, known)
        for batch in batches_of(name, animals)
        if len((seen := read_worlds(folder, name, batch, tried))[0].number)
    ]
    effects = effects_under(design)
    empty = np.empty((0, len(effects), 3))
    return {
        "energy": np.concatenate([empty, *(p.energies for p in parts)]),
        "world": np.concatenate([np.empty(0, int), *(p.world for p in parts)]),
        "animal": np.concatenate([np.empty(0, int), *(p.animal for p in parts)]),
        "effect": np.array(list(effects), dtype=str),
        "design": np.array(repr(design)),
    }


def read_recorded(path: Path) -> Table:
    """Return what virtual animals say from its file."""
    known = ARRAYS.read(path)
    effects = tuple(known["effect"].tolist())
    return Table(known["world"], known["energy"], effects, known["animal"])
