"""What the words of a mapping do with columns: joins, neighbours, overlaps, lists of values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.origins import Scalar, Source
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RawTable, RawValues, RowNumbers
from errorneurons.analysis.sources.when import Times

_Missing = npt.NDArray[np.bool_]
STARTS = ("start_time", "start", "onset", "timestamp")
STOPS = ("stop_time", "stop", "end", "offset")
"""Names of columns that say from when to when a row lasts."""


def as_text(value: Any) -> str:
    """Return a value of a column as text, as the keys of ``values`` are written."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating):
        # 0.1 in single precision is 0.1, not 0.100000001490116, and -0 is 0
        return "" if np.isnan(value) else f"{float(str(value)) + 0.0:.15g}"
    return str(value)


def as_texts(values: RawValues) -> RawValues:
    """Return values as text, each different one made once."""
    found, inverse = np.unique(values, return_inverse=True)
    return np.array([as_text(value) for value in found], dtype=str)[inverse]


def missing_in(values: RawValues) -> _Missing:
    """Return which values are NaN or empty."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    return (
        np.asarray(values == "") if values.dtype.kind in "UT" else np.zeros(len(values), dtype=bool)
    )


def taken(values: RawValues, rows: RowNumbers) -> RawValues:
    """Return the values of some rows, NaN or empty text for rows below 0."""
    if not len(values):
        return np.full(len(rows), np.nan)
    found = values[np.maximum(rows, 0)]
    none = rows < 0
    if not none.any():
        return found
    if found.dtype.kind in "iuf":
        return np.where(none, np.nan, found.astype(np.float64))
    return np.where(none, "", as_texts(found))


def squeezed(table: RawTable, name: str, which: str | int) -> RawValues:
    """Return one of the several values that each row of a column has.

    Raises
    ------
    DoorError
        If there is no such column, or it has one value a row.
    """
    given = table.columns.get(name)
    if given is None or given.lists is None:
        table.plain(name)  # says what is wrong with the name
        raise DoorError(
            f"column `{name}` of table `{table.name}` has one value a row; leave `squeeze` out"
        )
    if which == "event":
        if given.at_event is None:
            raise DoorError('`squeeze = "event"` needs a list of columns as `time_zero`')
        return given.at_event()
    values, ends = given.lists()
    starts = np.r_[0, ends[:-1]].astype(np.intp)
    if which == "count":
        return np.asarray(ends - starts)
    if which == "all":
        texts = as_texts(values)
        return np.array([" ".join(texts[a:b]) for a, b in zip(starts, ends, strict=True)])
    rows = ends - 1 if which == "last" else starts + (0 if which == "first" else int(which))
    return taken(values, np.where((rows < starts) | (rows >= ends), -1, rows))


def looked_up(source: Source, table: RawTable, other: RawTable) -> RawValues:
    """Return a column of another table, in the rows that the own column `by` names.

    Raises
    ------
    DoorError
        If rows of the other table go by one name, or one is named that is not there and there is no
        `default`.
    """
    column, by = str(source.column), str(source.by)
    keys = as_texts(other.keys if source.id is None else other.plain(source.id))
    known, first, counts = np.unique(keys, return_index=True, return_counts=True)
    if (counts > 1).any():
        raise DoorError(
            f"`by`: {str(known[counts > 1][0])!r} names {counts.max()} rows of table "
            f"`{other.name}`; give a column as `id` whose values are all different"
        )
    wanted = as_texts(_whole(table.plain(by)))
    place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    there = known[place] == wanted if len(known) else np.zeros(len(wanted), dtype=bool)
    if not there.all() and source.default is None:
        raise DoorError(
            f"`by`: column `{by}` names {str(wanted[~there][0])!r}, which is no row of table "
            f"`{other.name}`; mend it, or give a `default`"
        )
    rows = np.where(there, first[place] if len(first) else -1, -1)
    return taken(other.plain(column), rows)


def _whole(values: RawValues) -> RawValues:
    """Return numbers that are ids as integers, as far as they are."""
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values % 1 == 0).all():
        return values.astype(np.int64)
    return values


def overlapping(source: Source, table: RawTable, other: RawTable) -> RawValues:
    """Return whether each row's interval overlaps one of another table, or what stands there.

    Raises
    ------
    DoorError
        If a table has no times.
    """
    own, theirs = interval_of(table), interval_of(other)
    fine = np.flatnonzero(np.isfinite(theirs).all(axis=1))
    fine = fine[np.argsort(theirs[fine, 0], kind="stable")]
    rows = np.full(len(own), -1, dtype=np.intp)
    if len(fine):
        starts, reach = theirs[fine, 0], np.maximum.accumulate(theirs[fine, 1])
        # the first that ends after a row begins; it overlaps if it begins before the row ends
        k = np.searchsorted(reach, own[:, 0], side="right")
        at = np.minimum(k, len(fine) - 1)
        overlap = (k < len(fine)) & (starts[at] < np.maximum(own[:, 1], own[:, 0] + 1e-9))
        rows[overlap] = fine[at[overlap]]
    return rows >= 0 if source.column is None else taken(other.plain(source.column), rows)


def interval_of(table: RawTable) -> Times:
    """Return from when to when each row of a table lasts, (row, 2) [s].

    Raises
    ------
    DoorError
        If it does not say.
    """
    if table.lasts is not None:
        return table.lasts()
    names = {name.lower(): name for name in table.names}
    start = next((names[n] for n in STARTS if n in names), None)
    stop = next((names[n] for n in STOPS if n in names), start)
    if start is None or stop is None:
        raise DoorError(
            f"`during`: table `{table.name}` says not from when to when its rows last; it needs "
            "start_time and stop_time"
        )
    return np.column_stack([table.plain(name).astype(np.float64) for name in (start, stop)])


def put_together(parts: list[RawValues]) -> RawValues:
    """Return several columns as one of text, without what is missing."""
    texts = [as_texts(values) for values in parts]
    return np.array([" ".join(v for v in row if v) for row in zip(*texts, strict=True)], dtype=str)


def before(values: RawValues) -> RawValues:
    """Return the value of the row before, missing in the first."""
    return taken(values, np.arange(len(values)) - 1)


def matched(values: RawValues, wanted: str | tuple[Scalar, ...]) -> RawValues:
    """Return which values a regular expression is found in, or which are in a list."""
    texts = as_texts(values)
    if isinstance(wanted, str):
        pattern = re.compile(wanted)
        found, inverse = np.unique(texts, return_inverse=True)
        return np.array([pattern.search(v) is not None for v in found], dtype=bool)[inverse]
    return np.isin(texts, [as_text(value) for value in wanted])


def parts_of(values: RawValues, pattern: str) -> RawValues:
    """Return what stands in the group of a regular expression, empty where it is not found."""
    expression = re.compile(pattern)
    texts, inverse = np.unique(as_texts(values), return_inverse=True)
    found = [expression.search(text) for text in texts]
    return np.array([one[1] or "" if one else "" for one in found], dtype=str)[inverse]


def translated(
    values: RawValues, meaning: dict[str, Scalar], default: Scalar | None, where: str
) -> RawValues:
    """Return what values mean; what `meaning` has no word for is the default.

    Raises
    ------
    DoorError
        If there is no word for a value, and no default.
    """
    found, inverse = np.unique(values, return_inverse=True)
    unknown = [as_text(value) for value in found if as_text(value) not in meaning]
    if unknown and default is None:
        raise DoorError(
            f"{where} holds {', '.join(map(repr, unknown[:8]))}, which `values` does not "
            f"translate; it has {', '.join(map(repr, meaning))}"
        )
    return np.array([meaning.get(as_text(value), default) for value in found])[inverse]


def filled_in(values: RawValues, default: Scalar) -> RawValues:
    """Return values with a default where they are missing."""
    none = missing_in(values)
    if not none.any():
        return values
    if values.dtype.kind == "f" and isinstance(default, int | float):
        return np.where(none, float(default), values)
    return np.where(none, as_text(default), as_texts(values))
