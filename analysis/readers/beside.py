"""What stands in files beside a recording: tables of events, of units, and of sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from errorneurons.analysis.mapping import Mapping as Meaning
from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.guess import guessed
from errorneurons.analysis.readers.mat import hold_mat
from errorneurons.analysis.readers.numpy_files import hold_npz
from errorneurons.analysis.readers.tables import TABLES, event_table
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import Events
from errorneurons.analysis.sources.limits import plain_name
from errorneurons.analysis.sources.recording import RawColumn, RawRecording, RawTable

_HOLDERS = {".mat": hold_mat, ".npz": hold_npz}
"""Files of several arrays, of which some may be a table."""
_Value = TypeVar("_Value")
_LIKELY = re.compile("trial|event|stim|behav|epoch", re.IGNORECASE)


def file_beside(path: Path, pattern: str) -> Path:
    """Return a file beside a recording, or in its folder, by its name or what it ends in.

    ``*_events.tsv`` is the one whose name begins most like that of the recording.

    Raises
    ------
    DoorError
        If the name leads elsewhere, or there are none or several.
    """
    name = plain_name(pattern)
    folders = [path, path.parent] if path.is_dir() else [path.parent]
    if "*" not in name:
        inside = folders[0] / name
        return inside if inside.is_file() else path.with_name(name)
    found = [p for f in folders for p in sorted(f.iterdir()) if fnmatchcase(p.name, name)]
    found = [p for p in found if p != path and p.is_file()]
    alike = [shared_parts(path.name, p.name) for p in found]
    best = [p for p, count in zip(found, alike, strict=True) if count == max(alike)]
    if len(best) != 1:
        some = ", ".join(p.name for p in best[:3])
        raise DoorError(
            f"`{name}` is the name of {len(best)} files beside {path.name}"
            + (f", {some}" if some else "")
            + "; give the name of one"
        )
    return best[0]


def shared_parts(one: str, other: str) -> int:
    """Return how many parts of two names, between ``_`` and dots, are the same from the start."""
    parts = zip(*(re.split(r"[_.]", name) for name in (one, other)), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def called_like(path: Path, other: Path) -> str:
    """Return how a mapping names a file beside recordings that are called as it is."""
    count = shared_parts(path.name, other.name)
    start = re.match(rf"(?:[^_.]+[_.]){{{count}}}", other.name) if count else None
    pattern = f"*{other.name[start.end() - 1 :]}" if start else other.name
    try:
        return pattern if file_beside(path, pattern) == other else other.name
    except DoorError:
        return other.name


def events_beside(path: Path, events: Events) -> dict[str, RawTable]:
    """Return the table of trials, if it stands in a file of its own, beside a recording or in it.

    Raises
    ------
    DoorError
        If there is no such file, it is no table, or it stands elsewhere.
    """
    if not events.file:
        return {}
    file = file_beside(path, events.file)
    table = table_in(file, events.table)
    if file.suffix in TABLES and events.table not in ("", table.name):
        raise DoorError(
            f"[events] table is `{events.table}`, but file names `{file.name}`; leave it out"
        )
    return {events.table: table}


def with_tables_beside(recording: RawRecording, path: Path, mapping: Meaning) -> RawRecording:
    """Return a recording that knows the tables in other files that a mapping names.

    Raises
    ------
    DoorError
        If there is no such file, or it is no table.
    """
    if not mapping.tables:
        return recording
    beside = {name: table_in(file_beside(path, file), "") for name, file in mapping.tables.items()}
    known = {*recording.tables, recording.units.name, "units", "electrodes"}
    if own := known & {*beside}:
        raise DoorError(f"`tables` names {min(own)!r}, which the file has too; choose another name")
    more = recording.more

    def found(name: str) -> RawTable:
        if name in beside:
            return beside[name]
        return recording.table(name) if more is None else more(name)

    return replace(recording, more=found)


def table_in(file: Path, name: str) -> RawTable:
    """Return a table of a file: of text or Parquet the whole, of arrays those of one group.

    Raises
    ------
    DoorError
        If there is no such file, or it is no table.
    """
    hold = _HOLDERS.get(file.suffix)
    if hold is None:
        return event_table(file)
    if not file.is_file():
        raise DoorError(f"there is no file {file.name} beside the recording, or in it")
    with hold(file) as held:
        loose = any("." not in key for key in held.arrays)
        alone = held.groups()[0] if not loose and len(held.groups()) == 1 else ""
        return _in_memory(held.table(name or alone))


def _in_memory(table: RawTable) -> RawTable:
    """Return a table whose columns have been read, so that its file may be closed."""
    columns = {}
    for name, column in table.columns.items():
        lists = None if column.lists is None else partial(_same, column.lists())
        columns[name] = RawColumn(partial(_same, column.read()), lists, column.description)
    return replace(table, columns=columns)


def _same(value: _Value) -> _Value:
    return value


def likely_events(path: Path) -> Iterator[tuple[str, RawTable]]:
    """Yield tables beside a recording, or in it, that may be those of trials, and how to name them.

    Raises
    ------
    DoorError
        If one is damaged.
    """
    for folder in [path, path.parent] if path.is_dir() else [path.parent]:
        for file in sorted(folder.iterdir()):
            if file == path or not file.is_file() or not _LIKELY.search(file.stem):
                continue
            pattern = called_like(path, file)
            if file.suffix in TABLES and ("." not in file.stem or pattern != file.name):
                yield pattern, replace(event_table(file), name=pattern.rpartition(".")[0])
            elif file.suffix in _HOLDERS:
                with suppress(DoorError), _HOLDERS[file.suffix](file) as held:
                    yield from [(pattern, table) for table in _tables_of(held)]


def _tables_of(held: NamedArrays) -> list[RawTable]:
    """Return the tables of a file that is no recording itself."""
    if guessed(held).signal is not None:
        return []
    loose = [""] if any("." not in key for key in held.arrays) else []
    tables = [held.table(name) for name in (*loose, *held.groups())]
    return [_in_memory(table) for table in tables if len(table) > 1]
