"""Files that are there whole and intact, or not at all.

A file is written under a name that no other process uses, its checksum is appended, it is flushed
to the disk, and renamed. HDF5, netCDF and NPZ ignore what follows their end, as `read_json` does.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.files import PART, not_written, part_of

if TYPE_CHECKING:
    import xarray as xr

MARK = b"\nsha256:"
TRAILER = len(MARK) + 64 + 1
ABANDONED = 60.0
"""Seconds after which what a process that is no more has left half written is removed."""


@dataclass(frozen=True)
class Format:
    """How one kind of result lies on disk.

    Attributes
    ----------
    suffix
        Ending of the file's name, e.g. ``.nc``.
    write
        Writes a result to a path. A function of a module, as `read`.
    read
        Reads it from a path; it must bear with what follows the end of the file.
    """

    suffix: str
    write: Callable[[Any, Path], object]
    read: Callable[[Path], Any]


class WriteError(OSError):
    """A file that cannot be written: which, why, and what can be done about it."""


@contextmanager
def replacing(path: Path, option: str = "--out") -> Iterator[Path]:
    """Yield a path beside `path` to write to; it is renamed if the block ends well, else removed.

    Parameters
    ----------
    path
        Where the file is to be. Its folder is made.
    option
        The option that chooses another folder.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(not_written(path, error, option)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path, option: str = "--out") -> Iterator[Path]:
    """As `replacing`, for a folder: yield a path to make one at; if none is made, nothing changes.

    Raises
    ------
    WriteError
        If it cannot be written.
    """
    part, old = part_of(path), part_of(path)
    try:
        yield part
        while part.exists():
            with suppress(FileNotFoundError):
                path.rename(old)
            with suppress(FileExistsError):  # another process was there first: once more
                _rename(part, path)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(not_written(path, error, option)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _rename(folder: Path, path: Path) -> None:
    """Rename a folder.

    Raises
    ------
    FileExistsError
        If there is one of that name already; systems say so in two ways.
    """
    try:
        folder.rename(path)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise FileExistsError(*error.args) from error


def digest_of(folder: Path, leave_out: str) -> str:
    """Return the hash of the names and the bytes of all files in a folder but one."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if (name := path.relative_to(folder).as_posix()) != leave_out:
            digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:
        if path.is_dir():  # where folders cannot be opened, renaming is all that can be done
            return
        raise
    try:
        os.fsync(opened)
    except OSError as error:
        cannot = error.errno in (errno.EINVAL, errno.EOPNOTSUPP)  # not every file system can
        if not path.is_dir() and not cannot:
            raise
    finally:
        os.close(opened)


def keep(result: object, path: Path, form: Format, option: str = "--out") -> None:
    """Write a result with its checksum, whole or not at all.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    with keeping(path, option) as part:
        form.write(result, part)


@contextmanager
def keeping(path: Path, option: str = "--out") -> Iterator[Path]:
    """Yield a path to write to as `replacing` does; the file gets its checksum as well."""
    with replacing(path, option) as part:
        yield part
        seal(part)


def seal(path: Path) -> None:
    """Append the checksum of a file to it."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, os.SEEK_END)
        file.write(MARK + digest.encode() + b"\n")


def is_intact(path: Path) -> bool:
    """Return whether a file is there and is, to the last bit, what was written."""
    try:
        now = path.stat()
        return _matches(path, now.st_size, now.st_mtime_ns, now.st_ino)
    except OSError:
        return False


@cache
def _matches(path: Path, size: int, *_: int) -> bool:
    """Return whether a file is what its checksum says; read once as long as it is the same."""
    digest, left = hashlib.sha256(), size - TRAILER
    if left < 0:
        return False
    with path.open("rb") as file:
        while left and (block := file.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
        return file.read() == MARK + digest.hexdigest().encode() + b"\n"


def remove_abandoned(folder: Path, age: float = ABANDONED) -> None:
    """Remove what processes of this machine that are no more left half written so long ago [s]."""
    for part in list(folder.rglob(f".*{PART}*")):
        with suppress(OSError, ValueError, IndexError):
            owner = part.name.split(PART)[0].rpartition(".")[2].split("-")
            here = "-".join(owner[:-2]) == socket.gethostname()
            old = time.time() - part.stat().st_mtime >= age
            if here and old and not _lives(int(owner[-2])):
                shutil.rmtree(part) if part.is_dir() else part.unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_netcdf(data: xr.Dataset, path: Path) -> None:
    """Write a dataset, compressed."""
    encoding = {name: _compressed(data[name]) for name in data.data_vars}
    # made in memory: HDF5 that meets a full disk half way may bring the process down later
    path.write_bytes(data.to_netcdf(engine="h5netcdf", encoding=encoding))


def _compressed(variable: xr.DataArray) -> dict[str, object]:
    numbers = variable.ndim > 0 and variable.dtype.kind in "fiub"
    return {"zlib": True, "complevel": 1} if numbers else {}


def read_netcdf(path: Path) -> xr.Dataset:
    """Read a dataset whole; the file is closed."""
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf") as known:
        return known.load()


def write_arrays(data: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    """Write arrays of numbers or text by name, not compressed, as `numpy.load` reads them."""
    with ZipFile(path, "w") as archive:
        for name, values in data.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=False)


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read what `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as known:
        return {name: known[name] for name in known.files}


def write_json(content: object, path: Path) -> None:
    """Write numbers, text, lists and mappings; floats come back as they were, to the last bit."""
    path.write_text(json.dumps(content, default=float), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.JSONDecoder().raw_decode(path.read_text(encoding="utf-8"))[0]


NETCDF = Format(".nc", write_netcdf, read_netcdf)
"""Arrays with names, for people: any program for netCDF opens them."""
ARRAYS = Format(".npz", write_arrays, read_arrays)
"""Arrays with names that this package reads itself, in a tenth of the time; `numpy.load` too."""
JSON = Format(".json", write_json, read_json)
"""Summaries."""
