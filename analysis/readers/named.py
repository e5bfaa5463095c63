"""Files of named arrays, whatever their kind: each has a function that holds its arrays open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from errorneurons.analysis.mapping import Mapping as Meaning
from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.assembled import recording_of
from errorneurons.analysis.named.guess import Guess, guessed
from errorneurons.analysis.readers.alf import hold_alf, is_alf
from errorneurons.analysis.readers.beside import events_beside, likely_events, with_tables_beside
from errorneurons.analysis.readers.mat import hold_mat
from errorneurons.analysis.readers.mat73 import HDF5, hold_hdf5
from errorneurons.analysis.readers.numpy_files import (
    hold_folder_of_arrays,
    hold_npy,
    hold_npz,
    is_folder_of_arrays,
)
from errorneurons.analysis.readers.phy import hold_phy, is_phy
from errorneurons.analysis.readers.suite2p import hold_suite2p, is_suite2p
from errorneurons.analysis.readers.tables import TABLES, event_table, hold_table
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.content import FileContent, content_of
from errorneurons.analysis.sources.limits import plain_name
from errorneurons.analysis.sources.recording import RawRecording, RawTable
from errorneurons.analysis.sources.sessions import Opened
from errorneurons.analysis.sources.words import as_text

Hold = Callable[[Path], AbstractContextManager[NamedArrays]]

HOLDERS: Mapping[str, Hold] = {
    ".mat": hold_mat,
    **dict.fromkeys(HDF5, hold_hdf5),
    ".npz": hold_npz,
    ".npy": hold_npy,
    **dict.fromkeys(TABLES, hold_table),
}
"""How files of named arrays are held open, by their endings."""

FOLDERS = (
    (is_suite2p, hold_suite2p),
    (is_phy, hold_phy),
    (is_alf, hold_alf),
    (is_folder_of_arrays, hold_folder_of_arrays),
)
"""Folders of known programs, and of arrays: how each is told, and held open."""


def opened_by(hold: Hold) -> Opened:
    """Return how recordings are opened whose arrays are held so."""

    @contextmanager
    def opened(path: Path, mapping: Meaning) -> Iterator[RawRecording]:
        if mapping.rois:
            raise DoorError(
                "`rois` names responses in NWB files of HDF5; say where activity is under [signal]"
            )
        with hold(path) as held:
            found = with_tables_beside(
                recording_of(
                    held, mapping.signal, mapping.events, events_beside(path, mapping.events)
                ),
                path,
                mapping,
            )
            beside = sessions_beside(path, mapping.sessions)
            yield replace(found, metadata={**found.metadata, **beside})

    return opened


def holding(path: Path) -> Hold | None:
    """Return how a file or folder is held open, None if it is of another kind."""
    if not path.is_dir():
        return HOLDERS.get(path.suffix)
    return next((hold for is_one, hold in FOLDERS if is_one(path)), None)


def sessions_beside(path: Path, name: str | None) -> dict[str, object]:
    """Return what a table of sessions says of a recording, as ``sessions.column``.

    The table stands beside it, or in the nearest folder above, where it names recordings as they
    are seen from there, ``mouse1/day2.nwb``.

    Raises
    ------
    DoorError
        If there is no such file, or it does not name the recording once in its column ``file``.
    """
    if not name:
        return {}
    folder = _folder_with(path.absolute(), plain_name(name))
    table = event_table(folder / name)
    called = path.absolute().relative_to(folder)
    texts = [str(given).replace("\\", "/").removeprefix("./") for given in table.plain("file")]
    rows = np.flatnonzero(np.isin(texts, [called.as_posix(), called.with_suffix("").as_posix()]))
    if len(rows) != 1:
        raise DoorError(
            f"`sessions`: {name} names {called.as_posix()} in {len(rows)} rows of its column "
            "`file`; give it one"
        )
    row = int(rows[0])
    return {f"sessions.{key}": _said(table.plain(key)[row]) for key in table.names if key != "file"}


_ABOVE = 5
"""So many folders above a recording a table of sessions is looked for, its own one counted."""


def _folder_with(path: Path, name: str) -> Path:
    """Return the nearest folder above a path that holds a file, its own one if none does."""
    near = path.parents[:_ABOVE]
    return next((folder for folder in near if (folder / name).is_file()), path.parent)


def _said(value: object) -> object:
    """Return a value as a person writes it, None where nothing is."""
    return as_text(value) or None


def describe_arrays(path: Path, hold: Hold) -> FileContent:
    """Say what is in a file or folder of named arrays, and where activity and trials seem to be.

    Raises
    ------
    DoorError
        If it is damaged, or of another kind.
    """
    with hold(path) as held:
        guess = guessed(held)
        beside = _beside(path, guess)
        tables = [content_of(table) for table in (*beside.values(), *guess.trials)]
        arrays = [
            f"{n} {tuple(a.shape)} {a.dtype}"
            for n, a in held.arrays.items()
            if n.rpartition(".")[0] not in held.lists and n not in held.said
        ]
        arrays += _lists(held)
        return FileContent(
            name=path.name,
            about={"file.name": path.stem, **{k: str(v) for k, v in held.said.items() if v}},
            units=None if guess.units is None else content_of(guess.units),
            electrodes=None if guess.electrodes is None else content_of(guess.electrodes),
            intervals=tuple(tables),
            other=tuple(f"{name} ({why})" for name, why in held.refused.items()),
            arrays=tuple(arrays),
            signal=guess.signal,
            known=guess.sure,
            beside={table.name: file for (file, _), table in beside.items()},
            window=guess.window,
        )


def _lists(held: NamedArrays) -> Iterator[str]:
    """Yield a line a list of arrays; of lists that are numbered, ``spikes.1`` ..., one for all."""
    alike: dict[tuple[str, int], list[str]] = {}
    for name, arrays in held.lists.items():
        stem, _, last = name.rpartition(".")
        alike.setdefault((stem if last.isdecimal() else name, len(arrays)), []).append(name)
    for (_, length), names in alike.items():
        several = f"{names[0]} to {names[-1]} (each a list of {length})"
        yield several if len(names) > 1 else f"{names[0]} (a list of {length})"


def _beside(path: Path, guess: Guess) -> dict[tuple[str, str], RawTable]:
    """Return tables in other files that may be those of trials: file, and name -> table."""
    by = guess.signal.columns.get("trial") if guess.signal else None
    if guess.trials and by is None:
        return {}
    found = {(file, table.name): table for file, table in likely_events(path)}
    return {key: t for key, t in found.items() if by is None or by in t.names}
