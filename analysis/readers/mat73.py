"""HDF5: read in part; that of MATLAB 7.3 with axes in the order of MATLAB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.naming import Naming
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.session.files import check_hdf5
from errorneurons.analysis.sources.limits import DEEPEST, check_count, check_size, damage_told

HDF5 = (".h5", ".hdf5")
"""Endings of files of HDF5 that are none of a known kind."""
Add = Callable[[Naming, str, Any, int], None]
"""How a dataset is added: to what, by which name, itself, and in how many groups it stands."""
_RATIO = 1100
"""Nothing that is packed becomes so many times as large."""


@contextmanager
def hold_mat73(path: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a MATLAB file of version 7.3.

    Raises
    ------
    DoorError
        If the file is damaged, or leads to other files.
    """
    check_hdf5(path)
    with damage_told(path), h5py.File(path, "r") as file:
        naming = Naming(path)
        _add_group(naming, file, "", 0, _add_dataset)
        yield naming.held()


@contextmanager
def hold_hdf5(path: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a file of HDF5, ``group.name`` each, axes as they stand there.

    Raises
    ------
    DoorError
        If the file is damaged, leads to other files, or is of a kind that has its own ending.
    """
    check_hdf5(path)
    with damage_told(path), h5py.File(path, "r") as file:
        if "nwb_version" in file.attrs or file.userblock_size:  # in which MATLAB names itself
            ending = ".mat" if file.userblock_size else ".nwb"
            raise DoorError(f"{path.name} is another kind of file; rename it to end in {ending}")
        naming = Naming(path)
        _add_group(naming, file, "", 0, _add_plain)
        yield naming.held()


def _add_plain(naming: Naming, name: str, node: Any, depth: int) -> None:
    """Add a dataset that MATLAB has not written."""
    del depth
    check_stored(name, node)
    text = h5py.check_string_dtype(node.dtype)
    if node.dtype.kind in "biuf" and node.shape is not None:
        naming.arrays[name] = node
    elif text is not None and node.shape is not None:
        check_size(name, node.shape, 64)
        found = np.asarray(node.asstr(errors="replace")[()])
        naming.arrays[name] = np.array(found.tolist(), dtype=str)
    else:
        naming.refused[name] = f"holds {node.dtype}; save its numbers as an array"


def _add_group(naming: Naming, group: Any, prefix: str, depth: int, add: Add) -> None:
    if depth > DEEPEST:
        raise DoorError(f"`{prefix}` stands in more than {DEEPEST} structures; save it flat")
    check_count(naming.path, len(group))
    for name in group:
        if name.startswith("#"):
            continue  # where MATLAB keeps what cells refer to
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise DoorError(f"`{prefix}{name}` is a link that leads elsewhere; copy what it names")
        node = group[name]
        if isinstance(node, h5py.Group):
            _add_group(naming, node, f"{prefix}{name}.", depth + 1, add)
        elif isinstance(node, h5py.Dataset):
            add(naming, f"{prefix}{name}", node, depth)


def _add_dataset(naming: Naming, name: str, node: Any, depth: int) -> None:
    check_stored(name, node)
    kind = node.attrs.get("MATLAB_class", b"")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    if node.attrs.get("MATLAB_empty", 0):
        naming.arrays[name] = np.zeros(0, str if kind == "char" else float)
    elif node.dtype == h5py.ref_dtype:
        naming.add(name, _cells(naming, name, node), depth)
    elif kind == "char":
        check_size(name, node.shape, 2)
        naming.arrays[name] = _text(node[()])
    elif node.dtype.kind in "biuf":
        naming.arrays[name] = _Reversed(node)
    else:
        naming.refused[name] = f"holds {kind or node.dtype}; save its numbers as an array"


def check_stored(name: str, node: Any) -> None:
    """Refuse data that stand in other files, or that are declared and not there.

    Raises
    ------
    DoorError
        Saying which.
    """
    if node.external or node.is_virtual:
        raise DoorError(f"`{name}` stands in another file; copy it into this one")
    stored = node.id.get_storage_size()
    if node.size * node.dtype.itemsize > _RATIO * stored:
        raise DoorError(
            f"`{name}` is declared {node.shape} and the file holds {stored} bytes of it; save it "
            "again"
        )


def _cells(naming: Naming, name: str, node: Any, around: int = 0) -> np.ndarray[Any, Any]:
    """Return what stands in cells, or in as many as are `around` them."""
    check_size(name, node.shape, 64)
    check_count(naming.path, len(naming.arrays) + max(around, 1) * node.size)
    cells = np.empty(node.size, dtype=object)
    # MATLAB counts the first axis first, and writes axes the other way round
    for k, reference in enumerate(node[()].T.ravel()):
        inner = node.file[reference]
        if isinstance(inner, h5py.Dataset) and inner.dtype == h5py.ref_dtype and not around:
            cells[k] = _cells(naming, name, inner, node.size)
        else:
            cells[k] = _referred(name, inner)
    return cells.reshape(node.shape[::-1])


def _referred(name: str, node: Any) -> np.ndarray[Any, Any]:
    if not isinstance(node, h5py.Dataset) or node.dtype == h5py.ref_dtype:
        raise DoorError(f"`{name}` holds structures in cells, or cells too deep; save it flat")
    check_stored(name, node)
    if node.attrs.get("MATLAB_empty", 0):
        return np.zeros(0)
    check_size(name, node.shape, node.dtype.itemsize)
    return _text(node[()]) if node.attrs.get("MATLAB_class") == b"char" else node[()].T


def _text(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the rows of a matrix of characters."""
    rows = np.atleast_2d(np.asarray(codes, dtype=np.uint16).T)
    return np.array([row.astype("<u2").tobytes().decode("utf-16-le", "replace") for row in rows])


@dataclass(frozen=True)
class _Reversed:
    """An array whose axes are those of MATLAB; in the file they stand the other way round."""

    stored: Any

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.stored.shape[::-1]
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.stored.dtype
        return dtype

    def __getitem__(self, index: Any) -> Any:
        if index is Ellipsis:
            check_size(self.stored.name, self.shape, self.dtype.itemsize)
            return self.stored[()].T
        own = index if isinstance(index, tuple) else (index,)
        full = own + (slice(None),) * (len(self.shape) - len(own))
        # whole axes are turned back; a number takes its axis away
        return self.stored[full[::-1]].T
