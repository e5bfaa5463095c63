"""Names for what stands in structures and cells, as MATLAB has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import DEEPEST, check_count
from errorneurons.analysis.sources.recording import LazyArray


@dataclass
class Naming:
    """Gathers the arrays of a file by their names.

    Attributes
    ----------
    path
        The file.
    arrays, lists, refused
        See `NamedArrays`.
    """

    path: Path
    arrays: dict[str, LazyArray] = field(default_factory=dict)
    lists: dict[str, tuple[LazyArray, ...]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def held(self) -> NamedArrays:
        """Return what was gathered."""
        return NamedArrays(self.arrays, self.lists, refused=self.refused)

    def add(self, name: str, value: Any, depth: int = 0) -> None:
        """Name an array, the fields of a structure, or what stands in cells.

        Parameters
        ----------
        name
            Its name.
        value
            An array; of structures it has fields, of cells its values are arrays.
        depth
            In how many structures it stands.

        Raises
        ------
        DoorError
            If structures go deeper than those of any recording, or there are too many.
        """
        check_count(self.path, len(self.arrays))
        if depth > DEEPEST:
            raise DoorError(f"`{name}` stands in more than {DEEPEST} structures; save it flat")
        array = np.asarray(value)
        if array.dtype.names:
            for inner in array.dtype.names:
                self.add_each(f"{name}.{inner}", array[inner].ravel("F").tolist(), depth)
        elif array.dtype.kind == "O" and array.ndim == 2 and min(array.shape) > 1:
            matrix = _matrix(array)
            if matrix is not None:
                self.arrays[name] = matrix
                return
            for k, row in enumerate(array, start=1):  # as spikes of units in trials
                self.add_each(f"{name}.{k}", row.tolist(), depth)
        elif array.dtype.kind == "O":
            self.add_each(name, array.ravel("F").tolist(), depth)
        elif array.dtype.kind in "biufUS":
            self.arrays[name] = array
        else:
            self.refused[name] = f"holds {array.dtype}; save its numbers as an array"

    def add_each(self, name: str, values: list[Any], depth: int) -> None:
        """Name values that stand side by side: one, a column, or a list.

        Raises
        ------
        DoorError
            As `add`.
        """
        every = [np.asarray(value) for value in values]
        if len(every) == 1:
            self.add(name, every[0], depth + 1)
            return
        plain = [v for v in every if v.dtype.kind in "biufU" and v.dtype.names is None]
        if len(plain) == len(every) and every:
            column = _column(every)
            if column is not None:
                self.arrays[name] = column
                return
            if all(v.dtype.kind != "U" for v in every):
                self.lists[name] = tuple(every)
        check_count(self.path, len(self.arrays) + len(every))
        for k, value in enumerate(every, start=1):
            self.add(f"{name}.{k}", value, depth + 1)


def _matrix(cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Return cells with a text each, or a number each, as one array."""
    columns = [_column([np.asarray(value) for value in own]) for own in cells.T]
    known = [own for own in columns if own is not None]
    alike = len(known) == len(columns) and len({own.dtype.kind for own in known}) == 1
    return np.column_stack(known) if alike else None


def _column(values: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
    """Return values as one column, if each is one text or one number; nothing is NaN."""
    if any(value.size > 1 or value.dtype.kind not in "biufU" for value in values):
        return None
    if not any(value.size for value in values):
        return None
    if all(value.dtype.kind == "U" or not value.size for value in values):
        return np.array([str(v.reshape(-1)[0]) if v.size else "" for v in values], dtype=str)
    if any(value.dtype.kind == "U" for value in values):
        return None
    return np.array([float(v.reshape(-1)[0]) if v.size else np.nan for v in values])
