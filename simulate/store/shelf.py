"""What was computed is taken from an earlier run, the rest is computed and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errorneurons.simulate.store.counting import counting
from errorneurons.simulate.store.files import Format, WriteError, is_intact, keep, remove_abandoned
from errorneurons.simulate.store.places import check_writable
from errorneurons.simulate.store.work import Ahead, Labour, Progress, run_all

_SHOWN = 16
"""Digits of the key in a file's name."""


@dataclass(frozen=True)
class Piece:
    """A result that may be there already.

    Attributes
    ----------
    work, arguments
        The function of a module that gives it, and what it is called with.
    key
        The hash of everything it rests on, as of `keys.key`.
    said
        What is said when it is done; the name of the piece if empty.
    beside
        Other files that the work leaves, with `files.keeping`; it is done again if one is damaged.
    """

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    key: str
    said: str = ""
    beside: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """Where results of one kind are kept, and how.

    Two runs with other keys do not touch each other's files; two with the same key write the same.

    Attributes
    ----------
    folder
        The folder.
    form
        How a result is written and read.
    option
        The option of the command that chooses another folder.
    """

    folder: Path
    form: Format
    option: str = "--out"

    def path(self, name: str, key: str) -> Path:
        """Return the file of a result; a ``/`` in its name makes a folder."""
        return self.folder / f"{name}-{key[:_SHOWN]}{self.form.suffix}"


def provide(
    pieces: Mapping[str, Piece],
    shelf: Shelf,
    progress: Progress,
    labour: Labour | None = None,
    ahead: Ahead | None = None,
) -> dict[str, Path]:
    """Return the file of every piece; those that are not there, or damaged, are made.

    Parameters
    ----------
    pieces
        Name of the file without ending -> what is to be in it.
    shelf
        Where and how it is kept.
    progress
        Called with one sentence on what was taken from an earlier run, with one for every file
        that is damaged, and with a `Done` whenever a piece is done.
    labour
        Who does the work; local processes, one a core, if not given.
    ahead
        Called once before several local processes begin, see `run_all`.

    Raises
    ------
    ValueError
        If the folder cannot be written to.
    WriteError
        If a file cannot be written.
    """
    paths = {name: shelf.path(name, piece.key) for name, piece in pieces.items()}
    left = missing_pieces(pieces, shelf)
    for file in (f for name, piece in left.items() for f in _damaged(piece, paths[name])):
        if file.exists():
            progress(f"{file} cannot be read and is made again")
    if pieces and len(left) < len(pieces):
        share = "all" if not left else f"{len(pieces) - len(left)} of"
        progress(f"{share} {len(pieces)} taken from an earlier run")
    if left:
        check_writable(shelf.folder, shelf.option)
        remove_abandoned(shelf.folder)
    tasks = {name: (_make, (piece, paths[name], shelf)) for name, piece in left.items()}
    said = {name: piece.said or name for name, piece in left.items()}
    try:
        say = counting(progress, said.values())
        run_all(tasks, lambda text: say(said.get(text, text)), labour, ahead)
    except BaseException:
        remove_abandoned(shelf.folder, 0.0)  # what workers that were stopped have begun to write
        raise
    for name in left:
        if not is_intact(paths[name]):
            raise WriteError(
                f"{paths[name]} was made but is not there; workers on other machines must share "
                f"the folder, give another {shelf.option}"
            )
    return paths


def missing_pieces(pieces: Mapping[str, Piece], shelf: Shelf) -> dict[str, Piece]:
    """Return the pieces that are not there, or damaged."""
    return {
        name: piece
        for name, piece in pieces.items()
        if _damaged(piece, shelf.path(name, piece.key))
    }


def _damaged(piece: Piece, path: Path) -> list[Path]:
    """Return those files of a piece that are not there, or not as they were written."""
    return [file for file in (path, *piece.beside) if not is_intact(file)]


def _make(piece: Piece, path: Path, shelf: Shelf) -> None:
    if not _damaged(piece, path):  # another run has made it meanwhile
        return
    keep(piece.work(*piece.arguments), path, shelf.form, shelf.option)
