"""NumPy's files, ``.npy`` and ``.npz``: without pickles."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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

_KEPT = 2**30
"""So many bytes of arrays are kept for the next that asks for a part of them."""
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
        kept = _Kept()
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
                arrays[name] = _Member(archive, info.filename, tuple(shape), dtype, kept)
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


def is_folder_of_arrays(folder: Path) -> bool:
    """Whether a folder holds arrays in files of their own, and no folders or other recordings."""
    inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
    arrays = [path for path in inside if path.suffix == ".npy"]
    others = {path.suffix for path in inside} & {".nwb", ".mat", ".npz", ".nc", ".zarr"}
    return len(arrays) > 1 and not others and not any(path.is_dir() for path in inside)


@contextmanager
def hold_folder_of_arrays(folder: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a folder, each by the name of its file.

    Raises
    ------
    DoorError
        If a file is damaged.
    """
    files = sorted(path for path in folder.glob("*.npy") if not path.name.startswith("."))
    check_count(folder, len(files))
    arrays: dict[str, LazyArray] = {}
    refused: dict[str, str] = {}
    with damage_told(folder):
        for path in files:
            try:
                arrays[path.stem] = mapped_npy(path)
            except DoorError as error:
                if PICKLED not in str(error):
                    raise
                refused[path.stem] = PICKLED
        yield NamedArrays(arrays, refused=refused)


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


@dataclass
class _Kept:
    """Arrays of an archive that were read, the latest as far as they fit into some bytes."""

    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    def add(self, name: str, values: np.ndarray[Any, Any]) -> None:
        self.arrays[name] = values
        while sum(a.nbytes for a in self.arrays.values()) > _KEPT and len(self.arrays) > 1:
            self.arrays.pop(next(iter(self.arrays)))


@dataclass
class _Member:
    """An array of an archive; read only if it is asked for, and piece by piece if asked for so."""

    archive: zipfile.ZipFile
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    kept: _Kept
    place: int = 0
    stream: IO[bytes] | None = None

    def __getitem__(self, index: Any) -> Any:
        if len(self.shape) == 1 and self.member not in self.kept.arrays:
            part = index[0] if isinstance(index, tuple) and len(index) == 1 else index
            if isinstance(part, slice) and part.step is None:
                start, stop, _ = part.indices(self.shape[0])
                if stop - start < self.shape[0]:
                    return self._next(start, max(stop, start))
        return self._values()[index]

    def _next(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Return a piece; the pieces of an array are read one after the other."""
        if self.stream is None or start != self.place:
            check_size(self.member, self.shape, self.dtype.itemsize)
            self.stream = self.archive.open(self.member)
            _header(self.stream)
            if start:  # what is passed over is not checked for damage
                self.stream.seek(start * self.dtype.itemsize, io.SEEK_CUR)
        wanted = (stop - start) * self.dtype.itemsize
        found = self.stream.read(wanted)
        if len(found) != wanted:
            raise DoorError(f"array `{self.member}` ends too soon; save it again")
        self.place = stop
        if stop == self.shape[0]:
            self.stream.close()
            self.stream = None
        return np.frombuffer(found, self.dtype)

    def _values(self) -> np.ndarray[Any, Any]:
        if self.member not in self.kept.arrays:
            check_size(self.member, self.shape, self.dtype.itemsize)
            with self.archive.open(self.member) as stream:
                self.kept.add(self.member, np.asarray(npy.read_array(stream, allow_pickle=False)))
        return self.kept.arrays[self.member]
