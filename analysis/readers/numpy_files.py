"""NumPy's files, ``.npy`` and ``.npz``: without pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import (
    PICKLED,
    check_count,
    check_plain,
    check_size,
    damage_told,
)
from errorneurons.analysis.sources.recording import LazyArray

_RATIO = 1100
"""Nothing that zlib has packed becomes larger than this when it is unpacked."""


@contextmanager
def hold_npz(path: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of an ``.npz`` file.

    Raises
    ------
    DoorError
        If the file is damaged.
    """
    with damage_told(path), zipfile.ZipFile(path) as archive:
        check_count(path, len(archive.infolist()))
        arrays: dict[str, LazyArray] = {}
        refused: dict[str, str] = {}
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if not info.filename.endswith(".npy") or name in arrays:
                raise DoorError(f"{path.name}: `{info.filename}` is no array, or stands twice")
            with archive.open(info) as stream:
                shape, _, dtype = _header(stream)
                start = stream.tell()
            if dtype.hasobject:
                refused[name] = PICKLED
            else:
                _check_held(name, info, start + prod(shape) * dtype.itemsize)
                arrays[name] = _Member(path, info.filename, tuple(shape), dtype)
        yield NamedArrays(arrays, refused=refused)


@contextmanager
def hold_npy(path: Path) -> Iterator[NamedArrays]:
    """Yield the one array of an ``.npy`` file, by the name of the file.

    Raises
    ------
    DoorError
        If the file is damaged.
    """
    with damage_told(path):
        yield NamedArrays({path.stem: mapped_npy(path)})


def _check_held(name: str, info: zipfile.ZipInfo, size: int) -> None:
    """Refuse an array that is declared larger than what was packed, or packed as nothing can be."""
    if info.file_size != size or size > _RATIO * max(info.compress_size, 1):
        raise DoorError(
            f"array `{name}` is declared to be {size} bytes, and the file does not hold so many; "
            "save it again"
        )


def mapped_npy(path: Path) -> LazyArray:
    """Return the array of an ``.npy`` file, mapped into memory.

    Raises
    ------
    DoorError
        If it is an array of objects, or larger than the file.
    """
    with path.open("rb") as stream:
        shape, _, dtype = _header(stream)
        length = path.stat().st_size - stream.tell()
    check_plain(path.stem, dtype)
    if prod(shape) * dtype.itemsize > length:
        raise DoorError(
            f"{path.name} is declared {shape} and holds {length} bytes of it; copy it again"
        )
    if not prod(shape):
        return np.zeros(shape, dtype)
    mapped: LazyArray = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    found: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(stream)
    return found


@dataclass(frozen=True)
class _Member:
    """An array of an archive; read once, and only if it is asked for."""

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    @cached_property
    def _values(self) -> np.ndarray[Any, Any]:
        with zipfile.ZipFile(self.path) as archive:
            check_size(self.member, self.shape, self.dtype.itemsize)
            with archive.open(self.member) as stream:
                return np.asarray(npy.read_array(stream, allow_pickle=False))
