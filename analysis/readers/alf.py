"""Folders in the naming of ALF, as those of the International Brain Laboratory and ONE.

A file ``_namespace_object.attribute.npy`` is the column ``attribute`` of the table ``object``, and
``object.table.pqt`` holds several; those of a folder within, as of a probe, have its name before
them: ``probe00.spikes.times``. Nothing is fetched from the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.readers.numpy_files import mapped_npy
from errorneurons.analysis.readers.tables import TABLES, table_columns
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.limits import PICKLED, check_count, damage_told
from errorneurons.analysis.sources.recording import LazyArray

_NAME = re.compile(
    r"(?:_[A-Za-z0-9]+_)?([A-Za-z0-9]+)\.([A-Za-z0-9_]+)(?:\.[^.]+)*\.(npy|csv|tsv|pqt)"
)
_WHOLE = ("table", "metrics")
"""Attributes that stand for all columns of a table."""


def is_alf(folder: Path) -> bool:
    """Whether a folder holds spikes in the naming of ALF."""
    return bool(_spikes(folder))


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
        for path in files:
            parts = [*path.relative_to(folder).parts[:-1], *_named(path)]
            if path.is_symlink() and folder.resolve() not in path.resolve().parents:
                raise DoorError(f"{path.name} is a link that leads out of {folder.name}; copy it")
            _add(arrays, refused, path, ".".join(p for p in parts if p not in ("alf", "#")))
        yield NamedArrays(arrays, signal=_signal(arrays), refused=refused)


def _named(path: Path) -> tuple[str, ...]:
    found = _NAME.fullmatch(path.name)
    return (found[1], found[2]) if found else ()


def _add(arrays: dict[str, LazyArray], refused: dict[str, str], path: Path, name: str) -> None:
    if path.suffix in TABLES:
        table, _, attribute = name.rpartition(".")
        held = table_columns(path)
        keep = dict(held.arrays) if attribute in _WHOLE or len(held.arrays) > 1 else {}
        one = next(iter(held.arrays.values()), None)
        arrays |= {f"{table}.{column}": a for column, a in keep.items()}
        if not keep and one is not None:
            arrays[name] = one
        return
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
