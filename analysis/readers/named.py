"""Files of named arrays, whatever their kind: each has a function that holds its arrays open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from errorneurons.analysis.mapping import Mapping as Meaning
from errorneurons.analysis.readers.mat import hold_mat
from errorneurons.analysis.readers.numpy_files import hold_npy, hold_npz
from errorneurons.analysis.readers.tables import TABLES, event_table, hold_table
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import Events
from errorneurons.analysis.sources.arrays import NamedArrays, recording_of
from errorneurons.analysis.sources.limits import plain_name
from errorneurons.analysis.sources.recording import RawRecording, RawTable

Hold = Callable[[Path], AbstractContextManager[NamedArrays]]

HOLDS: Mapping[str, Hold] = {
    ".mat": hold_mat,
    ".npz": hold_npz,
    ".npy": hold_npy,
    **dict.fromkeys(TABLES, hold_table),
}
"""How files of named arrays are held open, by their endings."""


@contextmanager
def opened_arrays(path: Path, mapping: Meaning) -> Iterator[RawRecording]:
    """Yield what a file of named arrays holds, open as long as the block runs.

    Raises
    ------
    DoorError
        If the file is damaged, or has not what the mapping names.
    """
    with holding(path)(path) as held:
        yield recording_of(held, mapping.signal, *_events(path, mapping.events))


def holding(path: Path) -> Hold:
    """Return how a file is held open."""
    return HOLDS[path.suffix]


def _events(path: Path, events: Events) -> tuple[Events, dict[str, RawTable]]:
    """Return which trials there are, and the table that stands in a file of its own."""
    if not events.file:
        return events, {}
    name = plain_name(events.file)
    inside = path / name if path.is_dir() else path.with_name(name)
    table = event_table(inside if inside.is_file() else path.with_name(name))
    if events.table not in ("", table.name):
        raise DoorError(
            f"[events] table is `{events.table}`, but file names `{name}`; leave it out"
        )
    return events, {events.table: table}
