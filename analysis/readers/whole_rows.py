"""Whether the rows of a table as text are whole: none cut short, nor its last value."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from errorneurons.analysis.session.contract import DoorError

_PIECE = 2**24
"""Bytes of a file that are looked at together."""
_LAST = 2**16
"""Bytes at the end of a file to which its last value is compared."""


def check_rows(path: Path, separator: str, columns: int) -> None:
    """Refuse a table in which a row has fewer values than there are columns; empty rows are none.

    Raises
    ------
    DoorError
        Naming the first such row.
    """
    short = next(_short_rows(path, separator, columns), None)
    if short is None:
        return
    line, values, last = short
    if last:
        raise DoorError(
            f"{path.name} has {columns} columns, its last row has {values}; it is cut short, copy "
            "it again"
        )
    raise DoorError(
        f"{path.name} has {columns} columns, its line {line} has {values}; mend it, with nothing "
        "between two separators where nothing is"
    )


def _short_rows(path: Path, separator: str, columns: int) -> Iterator[tuple[int, int, bool]]:
    """Yield rows that lack values: number of the line, of values, and whether it is the last."""
    line = 0
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        while piece := stream.read(_PIECE) + stream.readline():
            if b'"' in piece or piece.count(b"\r") != piece.count(b"\r\n"):
                yield from _short_rows_by_csv(path, separator, columns)
                return
            codes = np.frombuffer(piece, np.uint8)
            ends = np.flatnonzero(codes == ord("\n"))
            if not piece.endswith(b"\n"):
                ends = np.append(ends, len(codes))
            parts = np.flatnonzero(codes == ord(separator))
            counts = np.diff(np.searchsorted(parts, ends), prepend=0) + 1
            for row in np.flatnonzero(counts < columns).tolist():
                if piece[ends[row - 1] if row else 0 : ends[row]].strip():
                    rest = piece[ends[row] :].strip() or stream.tell() < size
                    yield line + row + 1, int(counts[row]), not rest
            line += len(ends)


def _short_rows_by_csv(path: Path, separator: str, columns: int) -> Iterator[tuple[int, int, bool]]:
    """Do the same where a value may hold separators and ends of lines, between quotes."""
    short: tuple[int, int, bool] | None = None
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=separator, skipinitialspace=True)
        try:
            for row in rows:
                if short is not None and row:
                    yield short[0], short[1], False
                    return
                if row and len(row) < columns and any(value.strip() for value in row):
                    short = rows.line_num, len(row), True
        except csv.Error as error:
            raise ValueError(str(error)) from error
    if short is not None:
        yield short


def doubts_of_end(path: Path, separator: str) -> tuple[str, ...]:
    """Say that the last value of a table may be cut short, if its last line does not end.

    Raises
    ------
    DoorError
        If it is: no other in its column is as short, or is a word with which others begin.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _LAST))
        text = stream.read().decode("utf-8", "replace")
    if text.endswith(("\n", "\r", '"')):
        return ()
    *others, value = [row.rpartition(separator)[2].strip() for row in text.splitlines()[1:]] or [""]
    shortest = min(map(len, others), default=0)
    begun = not is_number(value) and any(o.startswith(value) for o in others)
    if others and value not in others and (len(value) < shortest or begun):
        raise DoorError(
            f"{path.name} ends in {value!r} without an end of line, shorter than what stands above "
            "it; it is cut short, copy it again, or end the line if it is whole"
        )
    if not is_number(value):
        return ()
    return (f"{path.name} ends without an end of line: if it was cut short, so is its {value}",)


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
