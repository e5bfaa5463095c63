"""Folders in which some files are recordings, and others what a mapping names beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from errorneurons.analysis.mapping import Mapping, load_mapping
from errorneurons.analysis.named.guess import guessed
from errorneurons.analysis.readers.beside import file_beside
from errorneurons.analysis.readers.tables import TABLES, hold_table
from errorneurons.analysis.session.contract import DoorError


def without_files_beside(paths: Sequence[Path], mapping: str | Path | None) -> list[Path]:
    """Return recordings without the files that a mapping names beside them.

    Raises
    ------
    DoorError
        If the mapping is wrong.
    """
    if mapping is None:
        return [*paths]
    return _without(paths, _named(load_mapping(mapping)))


def _named(mapping: Mapping) -> tuple[str, ...]:
    names = (mapping.events.file, mapping.sessions or "", *mapping.tables.values())
    return tuple(name for name in names if name)


def _without(paths: Sequence[Path], names: Iterable[str]) -> list[Path]:
    named: set[Path] = set()
    for path in paths:
        for name in names:
            with suppress(DoorError):  # what is not there is said where it is read
                named.add(file_beside(path, name))
    return [path for path in paths if path not in named]


def tables_with_activity(folder: Path, deep: int, mapping: str | Path | None) -> list[Path]:
    """Return the tables in a folder, and in those in it, that hold activity.

    Parameters
    ----------
    folder
        The folder.
    deep
        So many folders in folders are looked into.
    mapping
        The mapping file that says which columns are activity; without one, names tell.

    Raises
    ------
    DoorError
        If the mapping is wrong.
    """
    said = None if mapping is None else load_mapping(mapping)
    found = [*_tables(folder, deep)]
    if said is None:
        return [path for path in found if _seems_activity(path)]
    if said.signal is None:
        return []
    wanted = {*said.signal.arrays, *said.signal.trains}
    return [path for path in _without(found, _named(said)) if _has(path, wanted)]


def tables_in(folder: Path) -> str:
    """Return the names of the first tables in a folder and the folders in it, for a sentence."""
    found = [path.relative_to(folder).as_posix() for path in _tables(folder, _DEEP)]
    return ", ".join(found[:_FEW]) + (" ..." if len(found) > _FEW else "")


_DEEP = 2
_FEW = 4


def _tables(folder: Path, deep: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and deep and not path.name.startswith("."):
            yield from _tables(path, deep - 1)
        elif path.suffix in TABLES and path.is_file() and not path.name.startswith("."):
            yield path


def _seems_activity(path: Path) -> bool:
    with suppress(DoorError), hold_table(path) as held:
        return guessed(held).signal is not None
    return False


def _has(path: Path, names: set[str]) -> bool:
    with suppress(DoorError), hold_table(path) as held:
        return all(held.matching(name) for name in names)
    return False
