"""Folders in the naming of ALF, as those of the International Brain Laboratory and ONE.

A file ``_namespace_object.attribute.npy`` is the column ``attribute`` of the table ``object``, and
``object.table.pqt`` holds several; those of a folder within, as of a probe, have its name before
them: ``probe00.spikes.times``. Nothing is fetched from the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.numpy_files import mapped_npy
from errorneurons.analysis.readers.tables import TABLES, placed, table_columns
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.limits import PICKLED, check_count, damage_told
from errorneurons.analysis.sources.recording import LazyArray

_NAME = re.compile(
    r"(?:_[A-Za-z0-9]+_)?([A-Za-z0-9]+)\.([A-Za-z0-9_]+)(?:\.[^.]+)*\.(npy|csv|tsv|pqt)"
)
_WHOLE = ("table", "metrics")
"""Attributes that stand for all columns of a table."""
_NUMBER = "cluster_id"
"""The column of such a table that says of which cluster a row is."""


def is_alf(folder: Path) -> bool:
    """Whether a folder holds spikes in the naming of ALF, and is no folder of such folders."""
    below = [path.relative_to(folder).parts[:-1] for path in _spikes(folder)]
    return bool(below) and not any("alf" in parts[1:] for parts in below)


def _spikes(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*spikes.times*.npy") if _NAME.fullmatch(p.name))


@contextmanager
def hold_alf(folder: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a folder in the naming of ALF.

    Raises
    ------
    DoorError
        If a file is damaged.
    """
    with damage_told(folder):
        files = sorted(p for p in folder.rglob("*") if p.is_file() and _NAME.fullmatch(p.name))
        check_count(folder, len(files))
        arrays: dict[str, LazyArray] = {}
        refused: dict[str, str] = {}
        numbered: dict[str, NamedArrays] = {}
        for path in files:
            parts = [*path.relative_to(folder).parts[:-1], *_named(path)]
            if path.is_symlink() and folder.resolve() not in path.resolve().parents:
                raise DoorError(f"{path.name} is a link that leads out of {folder.name}; copy it")
            name = ".".join(p for p in parts if p not in ("alf", "#"))
            if path.suffix in TABLES:
                _add_table(arrays, numbered, path, name)
            else:
                _add(arrays, refused, path, name)
        _check_sorted_once(folder, arrays)
        for table, held in numbered.items():
            arrays |= _by_number(table, held, arrays)
        yield NamedArrays(arrays, signal=_signal(arrays), refused=refused)


_PROBE = re.compile(r"probe_?[0-9]+[a-z]?", re.IGNORECASE)


def _check_sorted_once(folder: Path, arrays: dict[str, LazyArray]) -> None:
    """Refuse spikes that stand there twice, as another sorting or revision of the same."""
    spikes = ".spikes.times"
    places = sorted(
        f".{name}".removesuffix(spikes) for name in arrays if f".{name}".endswith(spikes)
    )
    for one, other in combinations(places, 2):
        probes = [found[0] for found in map(_PROBE.search, (one, other)) if found]
        if f"{other}.".startswith(f"{one}.") or (len(probes) == 2 and probes[0] == probes[1]):
            raise DoorError(
                f"{folder.name} holds two sortings of the same spikes, in {_folder(one)} and "
                f"{_folder(other)}; leave one of them"
            )


def _folder(place: str) -> str:
    return f"`{place.strip('.').replace('.', '/')}`" if place else "the folder itself"


def _by_number(table: str, held: NamedArrays, arrays: dict[str, LazyArray]) -> dict[str, LazyArray]:
    """Return columns with each row at the number of its cluster, by which spikes go.

    Raises
    ------
    DoorError
        If the numbers are none, or one stands twice.
    """
    ids = np.asarray(held.arrays[_NUMBER])
    if ids.dtype.kind not in "iu" or (ids < 0).any() or len(np.unique(ids)) < len(ids):
        raise DoorError(f"`{table}.{_NUMBER}` holds a number twice, or what is none; mend it")
    others = [array.shape[0] for name, array in arrays.items() if name.startswith(f"{table}.")]
    length = max([*others, *(ids + 1).tolist()], default=0)
    if np.array_equal(ids, np.arange(length)):
        return {f"{table}.{name}": array for name, array in held.arrays.items()}
    check_count(Path(table), length)
    found: dict[str, LazyArray] = {
        f"{table}.{name}": placed(array, ids, length) for name, array in held.arrays.items()
    }
    return found | {f"{table}.{_NUMBER}": np.arange(length)}


def _named(path: Path) -> tuple[str, ...]:
    found = _NAME.fullmatch(path.name)
    return (found[1], found[2]) if found else ()


def _add_table(
    arrays: dict[str, LazyArray], numbered: dict[str, NamedArrays], path: Path, name: str
) -> None:
    table, _, attribute = name.rpartition(".")
    held = table_columns(path)
    if attribute in _WHOLE and _NUMBER in held.arrays:
        numbered[table] = held
    elif attribute in _WHOLE or len(held.arrays) > 1:
        arrays |= {f"{table}.{column}": a for column, a in held.arrays.items()}
    elif held.arrays:
        arrays[name] = next(iter(held.arrays.values()))


def _add(arrays: dict[str, LazyArray], refused: dict[str, str], path: Path, name: str) -> None:
    try:
        arrays[name] = mapped_npy(path)
    except DoorError as error:
        if PICKLED not in str(error):
            raise
        refused[name] = PICKLED


def _signal(arrays: dict[str, LazyArray]) -> SignalSource | None:
    """Return where the spikes of all probes are."""
    probes = [n.removesuffix("spikes.times") for n in arrays if n.endswith("spikes.times")]
    probes = [probe for probe in probes if f"{probe}spikes.clusters" in arrays]
    if not probes:
        return None
    tables = [f"{p}clusters" for p in probes]
    known = all(any(name.startswith(f"{table}.") for name in arrays) for table in tables)
    first = probes[0]
    joined = len(probes) == 1 and f"{first}clusters.channels" in arrays
    joined = joined and any(name.startswith(f"{first}channels.") for name in arrays)
    return SignalSource(
        spike_times=tuple(f"{p}spikes.times" for p in probes),
        spike_units=tuple(f"{p}spikes.clusters" for p in probes),
        table=tuple(tables) if known else "",
        electrodes=f"{first}channels" if joined else "",
        channels="channels" if joined else "",
    )
