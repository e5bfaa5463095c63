"""MATLAB files: version 5 to 7.2 here, version 7.3, which is HDF5, in `mat73`.

What stands in structures is named ``structure.field``, what stands in cells ``cell.1``, ``cell.2``
... A structure array, or a structure of columns, is a table.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.naming import Naming
from errorneurons.analysis.readers.mat73 import hold_mat73
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import MOST_BYTES, check_count, check_size, damage_told
from errorneurons.analysis.sources.recording import LazyArray

_PLAIN = {
    "double",
    "single",
    "logical",
    *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)),
}
_NESTED = {"struct", "cell", "char"}
_HEADER, _PACKED = 128, 15


@contextmanager
def hold_mat(path: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a MATLAB file.

    Raises
    ------
    DoorError
        If the file is damaged or no MATLAB file.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEADER)
    if b"MATLAB 7.3" in head or b"\x89HDF" in head:
        with hold_mat73(path) as held:
            yield held
        return
    if not head.startswith(b"MATLAB 5.0") or len(head) < _HEADER:
        raise DoorError(f"{path.name} is no MATLAB file of version 5 or later; save it with -v7")
    with damage_told(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd names and of what cannot be read, which is said
        yield _named(path)


def _named(path: Path) -> NamedArrays:
    from scipy.io import whosmat

    _check_packed(path)
    found = whosmat(path)
    check_count(path, len(found))
    naming = Naming(path)
    for name, shape, kind in found:
        if kind in _PLAIN:
            naming.arrays[name] = _Variable(path, name, tuple(shape))
        elif kind in _NESTED:
            check_size(name, tuple(shape), 8)
            naming.add(name, _loaded(path, name))
        else:
            naming.refused[name] = f"is a {kind}; save its numbers as an array"
    return naming.held()


def _loaded(path: Path, name: str) -> Any:
    from scipy.io import loadmat

    return loadmat(path, variable_names=[name], chars_as_strings=True)[name]


@dataclass(frozen=True)
class _Variable:
    """An array of numbers; read once, and only if it is asked for."""

    path: Path
    name: str
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    @cached_property
    def _values(self) -> LazyArray:
        check_size(self.name, self.shape, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(_loaded(self.path, self.name))


def _check_packed(path: Path) -> None:
    """Refuse a file whose parts become larger than memory when they are unpacked."""
    size, place = path.stat().st_size, _HEADER
    with path.open("rb") as stream:
        order = "<u4" if stream.read(_HEADER)[-2:] == b"IM" else ">u4"
        while place + 8 <= size:
            stream.seek(place)
            kind, length = np.frombuffer(stream.read(8), order).tolist()
            if length > size - place:
                raise DoorError(f"{path.name} is truncated: its end is missing; copy it again")
            if kind == _PACKED and length * 1100 > MOST_BYTES:
                _check_unpacked(path, stream.read(length))
            place += 8 + length


def _check_unpacked(path: Path, packed: bytes) -> None:
    unpack, length, rest = zlib.decompressobj(), 0, packed
    while rest and length <= MOST_BYTES:
        length += len(unpack.decompress(rest, 2**24))
        rest = unpack.unconsumed_tail
    if length > MOST_BYTES:
        raise DoorError(
            f"{path.name} unpacks to more than {MOST_BYTES / 2**30:.3g} GiB; save it with -v7.3"
        )
