"""MATLAB files: version 5 to 7.2 by `mat5`, version 7.3, which is HDF5, by `mat73`.

What stands in structures is named ``structure.field``, what stands in cells ``cell.1``, ``cell.2``
... A structure array, or a structure of columns, is a table.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.naming import Naming
from errorneurons.analysis.readers.mat5 import HEADER, Variable, variables
from errorneurons.analysis.readers.mat73 import hold_mat73
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import check_count, check_size, damage_told


@contextmanager
def hold_mat(path: Path) -> Iterator[NamedArrays]:
    """Yield the arrays of a MATLAB file.

    Raises
    ------
    DoorError
        If the file is damaged or no MATLAB file.
    """
    with path.open("rb") as stream:
        head = stream.read(HEADER)
    if b"MATLAB 7.3" in head or b"\x89HDF" in head:
        with hold_mat73(path) as held:
            yield held
        return
    if not head.startswith(b"MATLAB 5.0") or len(head) < HEADER:
        raise DoorError(f"{path.name} is no MATLAB file of version 5 or later; save it with -v7")
    with damage_told(path), path.open("rb") as stream:
        # not closed here: arrays that are views of it may outlive the block
        yield _named(path, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def _named(path: Path, file: mmap.mmap) -> NamedArrays:
    naming = Naming(path)
    read: list[Variable] = []

    def release() -> None:
        for variable in read:
            variable.forget()
        if sys.platform != "win32":
            file.madvise(mmap.MADV_DONTNEED)

    for variable in variables(file):
        read.append(variable)
        check_count(path, len(naming.arrays))
        name = variable.name
        if variable.kind:
            naming.refused[name] = f"is {variable.kind}; save its numbers as an array"
        elif variable.is_numbers:
            naming.arrays[name] = variable
        else:
            check_size(name, variable.shape, 8)
            naming.add(name, variable.values)
    return replace(naming.held(), release=release)
