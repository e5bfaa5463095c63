"""Rows of a table grouped into trials: rows with the same value in one column are one trial."""

from __future__ import annotations

import numpy as np

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues, RowNumbers
from errorneurons.analysis.sources.words import STOPS, as_texts, missing_in


def grouped(table: RawTable, by: str) -> RawTable:
    """Return a table with one row for each value of a column, in the order of their first rows.

    A row has the values of its first row, and the stop of its last; ``squeeze`` chooses others.
    Rows without a value are left out.

    Raises
    ------
    DoorError
        If there is no such column, or it holds no value.
    """
    values = table.plain(by)
    rows = np.flatnonzero(~missing_in(values))
    if not len(rows):
        raise DoorError(f"`group`: column `{by}` of table `{table.name}` holds no value")
    _, first, inverse = np.unique(as_texts(values[rows]), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[inverse]
    order = rows[np.argsort(rank, kind="stable")]
    ends = np.cumsum(np.bincount(rank)).astype(np.intp)
    columns = {
        name: _one_of_several(column, order, ends, last=name.lower() in STOPS)
        for name, column in table.columns.items()
    }
    starts = np.r_[0, ends[:-1]].astype(np.intp)
    return RawTable(
        table.name, len(ends), columns, ids=lambda: table.keys[order[starts]],
        refused=table.refused, doubts=table.doubts,
    )  # fmt: skip


def _one_of_several(
    column: RawColumn, order: RowNumbers, ends: RowNumbers, *, last: bool
) -> RawColumn:
    def read() -> RawValues | None:
        values = column.read()
        rows = order[ends - 1] if last else order[np.r_[0, ends[:-1]].astype(np.intp)]
        return None if values is None else values[rows]

    def lists() -> tuple[RawValues, RowNumbers]:
        values = column.read()
        if values is None:
            raise DoorError("a column with several values a row cannot be grouped; choose another")
        return values[order], ends

    return RawColumn(read, lists, column.description)
