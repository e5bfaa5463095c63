"""Write files whole or not at all, and refuse what cannot be read."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import unpack_from
from tempfile import TemporaryDirectory

from errorneurons.analysis.session.contract import DoorError, told

PART = ".part"
CACHE = "XDG_CACHE_HOME"
"""The environment variable that says where the user's cache is."""


def part_of(path: Path) -> Path:
    """Return a path beside `path` to write to first; no other process, here or elsewhere, uses it.

    The name says whose it is: the machine, the process, and something drawn.
    """
    own = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.stem}.{own}{PART}{path.suffix}")


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it is renamed if the block ends well, else removed.

    Raises
    ------
    DoorError
        If the file cannot be written.
    """
    if not path.parent.is_dir():
        raise DoorError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    part = part_of(path)
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise DoorError(not_written(path, error, "place")) from error
    finally:
        part.unlink(missing_ok=True)


def not_written(path: Path, error: OSError, place: str) -> str:
    """Return why a file cannot be written, and what can be done about it.

    Parameters
    ----------
    path
        The file.
    error
        What the system says.
    place
        What can be given instead, e.g. the option of a command.
    """
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "the disk is full" if full else told(error)
    mend = f"make room, or give another {place}" if full else f"give another {place}"
    return f"cannot write {path}: {reason}; {mend}"


def import_pynwb() -> None:
    """Import pynwb also where it cannot make its folder in the user's cache, on which it insists.

    As for service users and in containers: the folder is a temporary one then.
    """
    try:
        import_module("pynwb")
    except OSError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "pynwb"]:
            del sys.modules[name]
        before = os.environ.get(CACHE)
        with TemporaryDirectory() as folder:
            os.environ[CACHE] = folder
            try:
                import_module("pynwb")
            finally:
                os.environ.pop(CACHE)
                os.environ |= {} if before is None else {CACHE: before}


def check_hdf5(path: Path) -> None:
    """Refuse what is no readable HDF5 file.

    Raises
    ------
    DoorError
        Saying in one sentence what it is instead.
    """
    import h5py

    if not path.exists():
        raise DoorError(f"there is no file {path}")
    if path.is_dir():
        raise DoorError(f"{path} is a folder; give a file")
    if path.stat().st_size == 0:
        raise DoorError(f"{path.name} is empty; write or copy it again")
    if 0 < path.stat().st_size <= _SCANNED and not _texts_end(path):
        raise DoorError(f"{path.name} is damaged: its texts have no end; copy it again")
    try:
        with h5py.File(path, "r") as file:
            # what every reader looks at first; damage here would leave its file half open
            dict(file.attrs)
            list(file)
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        raise DoorError(_why_not_hdf5(path, error)) from error


_SCANNED = 2**28
"""Files so large [bytes] are looked through for what would be read without end."""
_HEAP, _HEAD, _ALIGNED = b"GCOL\x01\0\0\0", 16, 8


def _texts_end(path: Path) -> bool:
    """Whether every heap of texts of an HDF5 file has an end; the library reads on for ever.

    A heap is its mark, its size, and its objects, each of a number, its length, and bytes; number 0
    is what is free, all of it counted in its length (HDF5 File Format Specification, III.E).
    """
    with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
        start = data.find(_HEAP)
        while start >= 0:
            end = min(start + int.from_bytes(data[start + 8 : start + 16], "little"), len(data))
            place = start + _HEAD
            while place + _HEAD <= end:
                number, length = unpack_from("<H6xQ", data, place)
                if not number and not length:
                    return False
                place += _HEAD + -(-length // _ALIGNED) * _ALIGNED if number else length
            start = data.find(_HEAP, start + _HEAD)
    return True


def _why_not_hdf5(path: Path, error: Exception) -> str:
    text = str(error)
    if "truncated" in text:
        return f"{path.name} is truncated: its end is missing; copy it again"
    if "signature" in text:
        return f"{path.name} is no HDF5 file, whatever its ending says; give another file"
    if isinstance(error, PermissionError):
        return f"{path.name} may not be read; change its permissions"
    return f"{path.name} is damaged and cannot be read as HDF5; copy it again"
