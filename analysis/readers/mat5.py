"""MATLAB files of version 5 to 7.2, element by element; no library is trusted with a damaged one.

An element is a tag, its type and its length in bytes, and what follows; a matrix is an element of
elements: flags, lengths of axes, name, and then numbers, characters, or further matrices (MAT-File
Format, MathWorks). Whatever lies beyond its element is refused.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import DEEPEST, MOST_BYTES, check_size

HEADER = 128
_MATRIX, _PACKED = 14, 15
_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
"""Type of an element -> how its numbers are stored."""
_NUMBERS = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
"""Class of a matrix -> what its numbers are."""
_CELL, _STRUCT, _CHAR = 1, 2, 4
_KINDS = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an object"}
_COMPLEX = 0x0800
_ENCODINGS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


@dataclass(frozen=True)
class Element:
    """A piece of a file: its type, its bytes, and their order (``<`` or ``>``)."""

    kind: int
    data: memoryview
    order: str

    def inside(self) -> Iterator[Element]:
        """Yield the elements in an element, or in a file."""
        place = 0
        while place + 8 <= len(self.data):
            kind, length = np.frombuffer(self.data[place : place + 8], f"{self.order}u4").tolist()
            start, small = place + 8, kind >> 16
            if small:  # four bytes or fewer stand where the length of others does
                kind, length, start = kind & 0xFFFF, small, place + 4
            if start + length > len(self.data) or small > 4:
                raise DoorError("an element is longer than what holds it; copy the file again")
            yield Element(kind, self.data[start : start + length], self.order)
            filled = length if kind == _PACKED else -(-length // 8) * 8
            place += 8 if small else 8 + filled

    def numbers(self) -> np.ndarray[Any, Any]:
        """Return the numbers of an element."""
        if self.kind not in _STORED:
            raise DoorError(f"an element is of unknown type {self.kind}; the file is damaged")
        return np.frombuffer(self.data, f"{self.order}{_STORED[self.kind]}")


@dataclass(frozen=True)
class Variable:
    """A matrix of a file, of which no more than name and axes are known yet.

    Attributes
    ----------
    name, shape
        As in the file.
    number
        Its class.
    element
        The element that it is, perhaps packed.
    """

    name: str
    shape: tuple[int, ...]
    number: int
    element: Element

    @property
    def dtype(self) -> np.dtype[Any]:
        """What it holds."""
        return np.dtype(_NUMBERS.get(self.number, "O"))

    @property
    def is_numbers(self) -> bool:
        """Whether it holds numbers."""
        return self.number in _NUMBERS

    @property
    def kind(self) -> str:
        """Why it is not read; empty if it is."""
        known = self.is_numbers or self.number in (_CELL, _STRUCT, _CHAR)
        return "" if known else _KINDS.get(self.number, f"of class {self.number}")

    def __getitem__(self, index: Any) -> Any:
        """Return a part of it; it is read once, as a whole."""
        return self.values[index]

    def forget(self) -> None:
        """Forget what was read; it is read again if it is asked for."""
        self.__dict__.pop("values", None)

    @cached_property
    def values(self) -> np.ndarray[Any, Any]:
        """What it holds; of structures and cells, objects."""
        check_size(self.name, self.shape, 1)
        return _values(_unpacked(self.element, MOST_BYTES), 0)


def variables(file: mmap.mmap) -> Iterator[Variable]:
    """Yield the matrices of a file of version 5.

    Raises
    ------
    DoorError
        If the file is damaged.
    """
    data = memoryview(file)
    order = "<" if bytes(data[HEADER - 2 : HEADER]) == b"IM" else ">"
    for element in Element(_MATRIX, data[HEADER:], order).inside():
        head = _unpacked(element, 2**16, part=True) if element.kind == _PACKED else element
        if head.kind != _MATRIX:
            raise DoorError(f"an element of type {head.kind} is no matrix; copy the file again")
        parts = head.inside()
        flags = _next(parts).numbers()
        number = int(flags[0]) & 0xFF if len(flags) else 0
        if number == 17:
            continue  # what MATLAB keeps for itself has no axes
        shape = tuple(int(n) for n in _next(parts).numbers())
        yield Variable(_text(_next(parts)), shape, number, element)


def _next(parts: Iterator[Element]) -> Element:
    part = next(parts, None)
    if part is None:
        raise DoorError("a matrix lacks a part; the file is damaged, copy it again")
    return part


def _unpacked(element: Element, most: int, *, part: bool = False) -> Element:
    """Return a packed matrix unpacked, or the first bytes of it."""
    if element.kind != _PACKED:
        return element
    unpack = zlib.decompressobj()
    data = memoryview(unpack.decompress(element.data, most))
    if unpack.unconsumed_tail and not part:
        raise DoorError(f"a matrix unpacks to more than {most / 2**30:.3g} GiB; save it with -v7.3")
    kind, length = np.frombuffer(data[:8], f"{element.order}u4").tolist()
    if length > len(data) - 8 and not part:
        raise DoorError("a matrix is longer than what was packed; the file is damaged")
    return Element(kind, data[8 : 8 + length], element.order)


def _values(matrix: Element, depth: int) -> np.ndarray[Any, Any]:
    """Return what a matrix holds."""
    if matrix.kind != _MATRIX or depth > 2 * DEEPEST:
        raise DoorError("a cell or structure holds no matrix, or too many within; save it flat")
    if not len(matrix.data):
        return np.zeros((0, 0))
    parts = matrix.inside()
    flags = _next(parts).numbers()
    number = int(flags[0]) & 0xFF if len(flags) else 0
    shape = tuple(int(n) for n in _next(parts).numbers())
    _next(parts)  # its name
    if len(shape) > 32 or any(n < 0 for n in shape):
        raise DoorError(f"a matrix is declared {shape}; the file is damaged")
    if number in _NUMBERS:
        if int(flags[0]) & _COMPLEX:
            raise DoorError("a matrix holds complex numbers; save the parts that are meant")
        numbers = _next(parts).numbers().astype(_NUMBERS[number], copy=False)
        return _shaped(numbers, shape)
    if number == _CHAR:
        return _rows(_next(parts), shape)
    if number not in (_CELL, _STRUCT):
        return np.zeros((0, 0))
    if prod(shape) > len(matrix.data):
        raise DoorError(f"cells are declared {shape}, and the file does not hold so many")
    if number == _CELL:
        cells = np.empty(prod(shape), dtype=object)
        for k in range(len(cells)):
            cells[k] = _values(_next(parts), depth + 1)
        return cells.reshape(shape, order="F")
    return _structure(parts, shape, depth)


def _shaped(values: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if len(values) != prod(shape):
        raise DoorError(f"a matrix is declared {shape}, and holds {len(values)}; copy it again")
    return values.reshape(shape, order="F")


def _structure(
    parts: Iterator[Element], shape: tuple[int, ...], depth: int
) -> np.ndarray[Any, Any]:
    """Return a structure, or an array of them, by their fields."""
    lengths = _next(parts).numbers()
    length = int(lengths[0]) if len(lengths) else 0
    held = bytes(_next(parts).data)
    if length < 1:
        raise DoorError("names of fields have no length; the file is damaged")
    pieces = [held[k : k + length] for k in range(0, len(held), length)]
    names = [piece.split(b"\0")[0].decode("utf-8", "replace") for piece in pieces]
    if not names or len(set(names)) < len(names):
        raise DoorError("a structure has no fields, or two of one name; save it again")
    made = np.empty(prod(shape), dtype=[(name, object) for name in names])
    for k in range(len(made)):
        for name in names:
            made[name][k] = _values(_next(parts), depth + 1)
    return made.reshape(shape, order="F")


def _text(element: Element) -> str:
    encoding = _ENCODINGS.get(element.kind, "latin-1")
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if element.order == "<" else "-be"
    return bytes(element.data).decode(encoding, "replace")


def _rows(element: Element, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return the rows of a matrix of characters, without what fills them up."""
    text = _text(element)
    if not text:
        return np.zeros(0, dtype=str)
    if len(shape) != 2 or len(text) != prod(shape):
        return np.array([text])
    letters = np.array(list(text)).reshape(shape, order="F")
    return np.array(["".join(row).rstrip() for row in letters])
