"""Which recordings hold the same fields: one mapping is enough for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from errorneurons.analysis.called import names_that_tell
from errorneurons.analysis.door import describe_recording, needs_mapping
from errorneurons.analysis.readers.beside import file_beside
from errorneurons.analysis.sources.content import IN_NO_TABLE, FileContent, TableContent


@dataclass(frozen=True)
class SameFields:
    """Recordings with the same fields.

    Attributes
    ----------
    content
        What the first of them holds; None of files of the contract, which need no mapping.
    paths
        Their files and folders.
    """

    content: FileContent | None
    paths: tuple[Path, ...]


def alike_by_fields(paths: Sequence[Path]) -> tuple[SameFields, ...]:
    """Return recordings by kind, each kind in the place of its first.

    Raises
    ------
    DoorError
        If one is damaged or no recording.
    """
    contents = {p: describe_recording(p) if needs_mapping(p) else None for p in paths}
    beside = {
        file_beside(path, file)
        for path, content in contents.items()
        for file in (content.beside.values() if content else ())
    }
    found: dict[object, tuple[FileContent | None, list[Path]]] = {}
    for path in [p for p in contents if p not in beside] or contents:
        content = contents[path]
        key = None if content is None else _fields(content)
        found.setdefault(key, (content, []))[1].append(path)
    return tuple(
        SameFields(_with_names(content, own), tuple(own)) for content, own in found.values()
    )


def _with_names(content: FileContent | None, paths: Sequence[Path]) -> FileContent | None:
    """Return what a file holds, with the names that tell recordings apart."""
    if content is None:
        return None
    about = {key: value for key, value in content.about.items() if key != "file.name"}
    return replace(content, about={**about, **names_that_tell(paths)})


def _fields(content: FileContent) -> tuple[object, ...]:
    """Return the names of all that a file holds."""
    tables = (content.units, content.electrodes, *content.intervals)
    arrays = tuple(name.partition(" (")[0] for name in content.arrays)
    return (*map(_columns, tables), content.rois, arrays, tuple(content.beside))


def _columns(table: TableContent | None) -> tuple[object, ...]:
    if table is None:
        return ()
    # arrays in no table are called by their number, which is no field
    return ("" if table.name.startswith(IN_NO_TABLE) else table.name, *table.names)
