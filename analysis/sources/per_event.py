"""A window for each event: a row with several events becomes as many trials.

In self-paced tasks, or where images flash by in a trial, a row of the table has no single time
zero. A list of columns under ``time_zero`` names the events; each time in them, one or several a
row, is a row of its own here, in the order of time within its trial. What the row says holds for
all its events, and three columns are new:

================ ============================================================================
``event.column`` the column that the time is from
``event.number`` its place among those of this column and row, from 0
``event.time``   the time, in the unit of time of the table
================ ============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import EVENT_TIME, Events
from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues, RowNumbers
from errorneurons.analysis.sources.when import Times
from errorneurons.analysis.sources.words import taken

_COLUMN, _NUMBER = "event.column", "event.number"
_Lists = tuple[RawValues, RowNumbers]


@dataclass(frozen=True)
class _Found:
    """The events of a table: row, place in the row, column and time of each."""

    row: RowNumbers
    number: RowNumbers
    column: RowNumbers
    time: Times

    def at(self, places: npt.NDArray[Any]) -> _Found:
        """Return some of the events."""
        return _Found(self.row[places], self.number[places], self.column[places], self.time[places])


def one_row_per_event(table: RawTable, events: Events) -> RawTable:
    """Return a table with one row for each event of the rows of another.

    Parameters
    ----------
    table
        The table of trials.
    events
        Names the columns with times of events, and what is cut out around each.

    Raises
    ------
    DoorError
        If there is no such column, it holds no times, or rows lack one and may not.
    """
    lists = [_times(table, name) for name in events.several]
    found = _events(lists)
    missing = ~np.isfinite(found.time)
    if not len(missing):
        raise DoorError(f"table `{table.name}` has no event in {', '.join(events.several)}")
    if missing.all() or (missing.any() and not events.drop_missing):
        raise DoorError(
            f"{missing.sum()} of {len(missing)} events of table `{table.name}` have no time; set "
            "drop_missing = true under [events] to leave these out"
        )
    kept = found.at(~missing)
    one = kept.at(np.lexsort((kept.time, kept.row)))
    ends = [own for _, own in lists]
    columns = {name: _of_events(column, one, ends, name) for name, column in table.columns.items()}
    columns |= {
        _COLUMN: RawColumn(lambda: np.array(events.several)[one.column]),
        _NUMBER: RawColumn(lambda: one.number),
        EVENT_TIME: RawColumn(lambda: one.time),
    }
    window = np.array([events.start or 0.0, events.stop or 0.0]) * events.rate
    return replace(
        table, rows=len(one.row), columns=columns, ids=None,
        lasts=lambda: one.time[:, None] + window,
    )  # fmt: skip


def _times(table: RawTable, name: str) -> _Lists:
    """Return the times of a column, one or several a row, and where those of each row end."""
    column = table.columns.get(name)
    if column is None or column.lists is None:
        values, ends = table.plain(name), np.arange(1, len(table) + 1)
    else:
        values, ends = column.lists()
    if values.dtype.kind not in "iuf":
        raise DoorError(f"column `{name}` of table `{table.name}` holds no times; name another")
    return values.astype(np.float64), ends.astype(np.intp)


def _events(lists: list[_Lists]) -> _Found:
    counts = [np.diff(ends, prepend=0) for _, ends in lists]
    rows = [np.repeat(np.arange(len(own)), own) for own in counts]
    begins = [np.repeat(ends - own, own) for (_, ends), own in zip(lists, counts, strict=True)]
    return _Found(
        np.concatenate(rows),
        np.concatenate([np.arange(len(begin)) - begin for begin in begins]),
        np.repeat(np.arange(len(lists)), [len(times) for times, _ in lists]),
        np.concatenate([times for times, _ in lists]),
    )


def _of_events(column: RawColumn, one: _Found, ends: list[RowNumbers], name: str) -> RawColumn:
    """Return a column of the rows as one of events."""

    def read() -> RawValues | None:
        values = column.read()
        return None if values is None else values[one.row]

    def lists() -> _Lists:
        if column.lists is None:
            raise DoorError(f"column `{name}` has one value a row; leave `squeeze` out")
        values, own = column.lists()
        starts, counts = np.r_[0, own[:-1]].astype(np.intp), np.diff(own, prepend=0)
        each = counts[one.row]
        within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        return values[np.repeat(starts[one.row], each) + within], np.cumsum(each).astype(np.intp)

    def at_event() -> RawValues:
        values, own = (column.lists or lists)()
        alike = np.array([np.array_equal(own, theirs) for theirs in ends])
        if not alike.any():
            raise DoorError(
                f"column `{name}` has not as many values a row as there are events; "
                '`squeeze = "event"` needs one for each'
            )
        rows = np.r_[0, own[:-1]].astype(np.intp)[one.row] + one.number
        return taken(values, np.where(alike[one.column], rows, -1))

    return RawColumn(read, None if column.lists is None else lists, column.description, at_event)
