"""Files that hold named arrays and do not say what they are: MATLAB, NumPy, tables, folders.

Which array is what says ``[signal]`` of the mapping, or the reader for folders of known programs.
Arrays ``group.name`` are the columns of a table ``group``; those without a group, and of the right
length, are columns of trials and units too. A column of a matrix is ``name.1``, ``name.2`` ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any

import numpy as np

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.content import IN_NO_TABLE
from errorneurons.analysis.sources.limits import check_text
from errorneurons.analysis.sources.recording import (
    LazyArray,
    RawColumn,
    RawTable,
    RawValues,
    RowNumbers,
)
from errorneurons.analysis.sources.words import as_text

PIECE = 2**22
"""So many values are read together where an array need not be held as a whole."""
MOST_COLUMNS = 64
"""A matrix with more columns is no part of a table."""


@dataclass(frozen=True)
class NamedArrays:
    """What a file holds that does not say what it is.

    Attributes
    ----------
    arrays
        Name, as ``group.name`` or ``name`` -> array, not yet read.
    lists
        Name -> arrays of unlike lengths under one name, such as spike times of units.
    metadata
        What the file says of itself.
    signal
        Where activity is, if the program that wrote the file tells.
    refused
        Name -> why it is not read.
    doubts
        What must be known of how it was written, in sentences.
    release
        Forgets what has been read so far; it is read again if it is asked for.
    """

    arrays: Mapping[str, LazyArray]
    lists: Mapping[str, tuple[LazyArray, ...]] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    signal: SignalSource | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    release: Callable[[], None] = lambda: None

    @cached_property
    def said(self) -> dict[str, object]:
        """What the file says of itself: its metadata, and texts and numbers that stand alone."""
        alone = {n: a for n, a in self.arrays.items() if np.prod(a.shape) == 1}
        plain = {n: np.ravel(a[...])[0] for n, a in alone.items() if a.dtype.kind in "Ubiuf"}
        return {n: as_text(value) or None for n, value in plain.items()} | dict(self.metadata)

    def array(self, name: str) -> LazyArray:
        """Return an array by name.

        Raises
        ------
        DoorError
            If there is none.
        """
        if name in self.refused:
            raise DoorError(f"`{name}` {self.refused[name]}")
        if name not in self.arrays:
            raise DoorError(f"there is no array `{name}`; {did_you_mean(name, (*self.arrays,))}")
        return self.arrays[name]

    def matching(self, name: str) -> tuple[str, ...]:
        """Return the arrays and lists of a name, ``cell_*`` of all that begin so, in number order.

        Examples
        --------
        >>> arrays = {f"cell_{k}": np.zeros(2) for k in (10, 9, 1)}
        >>> NamedArrays(arrays).matching("cell_*")
        ('cell_1', 'cell_9', 'cell_10')
        """
        every = (*self.arrays, *self.lists)
        if "*" not in name:
            return (name,) if name in every else ()
        found = [own for own in every if fnmatchcase(own, name)]
        return tuple(sorted(found, key=lambda own: [_numbered(p) for p in _DIGITS.split(own)]))

    def vector(self, name: str) -> RawValues:
        """Return an array of one axis, or one beside which others are 1 long.

        Raises
        ------
        DoorError
            If there is none, or it has another shape.
        """
        found = self.array(name)
        if not _is_vector(found.shape):
            raise DoorError(f"array `{name}` has shape {found.shape}; it must have one axis")
        return np.asarray(found[...]).reshape(-1)

    def pieces(self, name: str) -> Iterator[RawValues]:
        """Yield an array of one axis in pieces, in order, so that it is never held as a whole.

        Raises
        ------
        DoorError
            As `vector`.
        """
        found = self.array(name)
        if not _is_vector(found.shape):
            raise DoorError(f"array `{name}` has shape {found.shape}; it must have one axis")
        length = int(np.prod(found.shape))
        axis = next((k for k, n in enumerate(found.shape) if n == length), 0)
        for start in range(0, length, PIECE):
            part = (*(slice(None),) * axis, slice(start, min(start + PIECE, length)))
            yield np.asarray(found[part]).reshape(-1)

    def table(self, name: str, rows: int | None = None) -> RawTable:
        """Return the arrays of a group as a table, or those of no group if `name` is empty.

        Parameters
        ----------
        name
            The group.
        rows
            Its length, if it is known; otherwise that of most of its arrays.

        Raises
        ------
        DoorError
            If there is no such group.
        """
        inside = {
            key.removeprefix(f"{name}."): array
            for key, array in self.arrays.items()
            if (key.startswith(f"{name}.") if name else "." not in key)
            if (holder := key.rpartition(".")[0]) == name or holder not in self.lists
        }
        if not inside and name:
            hint = did_you_mean(name, self.groups()) if self.groups() else "its arrays are in none"
            raise DoorError(f"there is no table `{name}`; {hint}")
        lengths = [n for array in inside.values() if (n := column_length(array.shape)) is not None]
        length = max(sorted(set(lengths)), key=lengths.count, default=0) if rows is None else rows
        called = name or f"{IN_NO_TABLE} {length} rows"
        refused = {
            key: f"has {found} values, and the table {length} rows; give it one value a row"
            for key, array in inside.items()
            if (found := column_length(array.shape)) not in (None, length)
        }
        refused |= {key.removeprefix(f"{name}."): why for key, why in self.refused.items()}
        columns = {**dict(_columns(inside, length)), **self._ragged(name, length)}
        return RawTable(called, length, columns, refused=refused, doubts=self.doubts)

    def _ragged(self, group: str, rows: int) -> dict[str, RawColumn]:
        """Return the lists of a group that have an array a row, as columns of several values."""
        return {
            key.removeprefix(f"{group}."): RawColumn(lambda: None, partial(_one_after_other, own))
            for key, own in self.lists.items()
            if len(own) == rows and key.rpartition(".")[0] == group
        }

    def groups(self) -> tuple[str, ...]:
        """Return the names of groups of arrays."""
        names = dict.fromkeys(key.rpartition(".")[0] for key in self.arrays if "." in key)
        return tuple(name for name in names if name not in self.lists)


_DIGITS = re.compile(r"(\d+)")


def _numbered(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)


def _one_after_other(arrays: Sequence[LazyArray]) -> tuple[RawValues, RowNumbers]:
    """Return the values of several arrays, and where those of each end."""
    every = [np.asarray(array[...]).reshape(-1) for array in arrays]
    return np.concatenate(every), np.cumsum([len(values) for values in every]).astype(np.intp)


def _is_vector(shape: tuple[int, ...]) -> bool:
    return len([n for n in shape if n != 1]) <= 1


def column_length(shape: tuple[int, ...]) -> int | None:
    """Return how many rows an array has as a column; None if it can be none."""
    if _is_vector(shape):
        return int(np.prod(shape))
    return shape[0] if len(shape) == 2 and shape[1] <= MOST_COLUMNS else None


def _columns(arrays: Mapping[str, LazyArray], rows: int) -> Any:
    for name, array in arrays.items():
        if _is_vector(array.shape) and int(np.prod(array.shape)) == rows:
            yield name, RawColumn(_reading(name, array, None))
        elif len(array.shape) == 2 and array.shape[0] == rows and array.shape[1] <= MOST_COLUMNS:
            for k in range(array.shape[1]):
                yield f"{name}.{k + 1}", RawColumn(_reading(name, array, k))


def _reading(name: str, array: LazyArray, column: int | None) -> Callable[[], RawValues | None]:
    def read() -> RawValues | None:
        found = np.asarray(array[...] if column is None else array[:, column]).reshape(-1)
        if found.dtype.kind == "S":
            return np.char.decode(found, "utf-8", "replace")
        check_text(name, found)
        return found if found.dtype.kind in "biufUT" else None

    return read
