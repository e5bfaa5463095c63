"""How much of a file is believed: what it declares is looked at before anything is read."""

from __future__ import annotations

import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError

MOST_BYTES = 2**31
"""An array that a file has to hold in memory as a whole may not be larger [bytes]."""
MOST_ARRAYS = 20_000
"""A file with more arrays, or levels of arrays in arrays, is no recording."""
DEEPEST = 16
"""Structures in structures go no deeper."""
PICKLED = "is pickled, and reading it could run code; save it as plain arrays"
"""Why objects of Python are not read."""


def check_size(name: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse an array that is declared larger than what fits, before it is read.

    Raises
    ------
    DoorError
        With its size.
    """
    size = prod(shape) * itemsize
    if size > MOST_BYTES or any(length < 0 for length in shape):
        raise DoorError(
            f"array `{name}` is declared {shape}, {size / 2**30:.3g} GiB; the most that is read as "
            f"one is {MOST_BYTES / 2**30:.3g} GiB, so cut it into pieces"
        )


def check_count(path: Path, count: int) -> None:
    """Refuse a file with more parts than a recording has.

    Raises
    ------
    DoorError
        With their number.
    """
    if count > MOST_ARRAYS:
        raise DoorError(
            f"{path.name} holds more than {MOST_ARRAYS} arrays; leave out what is no recording"
        )


def check_plain(name: str, dtype: np.dtype[np.generic]) -> None:
    """Refuse an array of objects.

    Raises
    ------
    DoorError
        Saying why.
    """
    if dtype.hasobject:
        raise DoorError(f"array `{name}` {PICKLED}")


def check_text(name: str, values: npt.NDArray[np.generic]) -> None:
    """Refuse what is no text: strings of a damaged file may hold what no string can.

    Raises
    ------
    DoorError
        Naming the array.
    """
    if values.dtype.kind == "U" and values.size:
        codes = np.ascontiguousarray(values).view(np.uint32)
        if codes.dtype.newbyteorder(values.dtype.byteorder) != codes.dtype:
            codes = codes.byteswap()
        if codes.max() > sys.maxunicode:
            raise DoorError(f"`{name}` holds what is no text; the file is damaged, copy it again")


def plain_name(name: str) -> str:
    """Return the name of a file that stands beside a recording.

    Raises
    ------
    DoorError
        If it leads elsewhere.
    """
    if not name or name != Path(name).name or name in (".", "..") or "\\" in name or "\0" in name:
        raise DoorError(
            f"`{name}` leads to another folder; give the name of a file beside the recording"
        )
    return name


BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    SyntaxError, SystemError, TypeError, ValueError, struct.error, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What libraries raise over a damaged file."""


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Say in one sentence that a file is damaged, whatever a library says of it.

    Raises
    ------
    DoorError
        In place of what a library raises.
    """
    try:
        yield
    except DoorError:
        raise
    except MemoryError as error:
        raise DoorError(
            f"{path.name} needs more memory than there is, or is damaged; keep fewer units or "
            "trials, take wider bins, or give each probe an array of its own"
        ) from error
    except BROKEN as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise DoorError(
            f"{path.name} is damaged, or a part of it that is read is missing: {said}; mend it, or "
            "copy it again"
        ) from error
