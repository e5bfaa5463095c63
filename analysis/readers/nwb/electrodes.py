"""Which electrode a unit is taken to sit at: its peak channel, or else its first electrode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from errorneurons.analysis.readers.nwb.file import ends_of, plain_column, plain_values, raw_table
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RawTable, RawValues, RowNumbers

PEAK_COLUMNS = (
    "peak_channel_id", "peak_electrode", "max_electrode", "peak_channel", "max_channel",
    "main_channel", "best_channel",
)  # fmt: skip
"""Columns of units that say at which electrode a unit is largest, as it is called here or there."""


@dataclass(frozen=True)
class NwbSites:
    """Where units are.

    Attributes
    ----------
    electrodes, units
        Tables of the open file.
    """

    electrodes: Any
    units: Any

    @property
    def table(self) -> RawTable:
        """The electrodes."""
        return raw_table("electrodes", self.electrodes)

    def at(self, name: str) -> RawValues:
        """Return a column of the table of electrodes for each unit.

        Raises
        ------
        DoorError
            If there is no such column, or units name no electrode or one that does not exist.
        """
        values: RawValues = plain_column(self.electrodes, name)[_rows(self.electrodes, self.units)]
        return values

    def unlike(self, name: str, units: RowNumbers) -> int:
        """Return how many of some units have no peak channel, and electrodes unlike in a column."""
        without = "electrodes" not in self.units.colnames
        if without or _peaks(self.electrodes, self.units) is not None:
            return 0
        values, (every, ends) = plain_column(self.electrodes, name), _electrodes(self.units)
        starts = np.r_[0, ends[:-1]]
        return sum(len(np.unique(values[every[starts[k] : ends[k]]])) > 1 for k in units)


def _rows(electrodes: Any, units: Any) -> RowNumbers:
    """Return for each unit a row of the table of electrodes."""
    peaks = _peaks(electrodes, units)
    if peaks is not None:
        return peaks
    if "electrodes" not in units.colnames:
        raise DoorError("the units name no electrodes; take it from a column or give a constant")
    every, ends = _electrodes(units)
    starts = np.r_[0, ends[:-1]].astype(np.intp)
    if (ends <= starts).any():
        raise DoorError(f"unit {int(np.argmax(ends <= starts))} names no electrode; give it one")
    if ((every < 0) | (every >= len(electrodes))).any():
        raise DoorError(
            f"the units name electrodes beyond the table of {len(electrodes)}; mend `electrodes`"
        )
    first: RowNumbers = every[starts]
    return first


def _electrodes(units: Any) -> tuple[RowNumbers, RowNumbers]:
    """Return the electrodes of all units, one after the other, and where those of each end."""
    from hdmf.common import VectorIndex

    named = units["electrodes"]
    if isinstance(named, VectorIndex):
        ends = ends_of(units, "electrodes")
        return np.asarray(named.target.data[:], dtype=np.intp), ends
    every = np.asarray(named.data[:], dtype=np.intp).reshape(len(units), -1)
    return every.ravel(), every.shape[1] * np.arange(1, len(units) + 1)


def _peaks(electrodes: Any, units: Any) -> RowNumbers | None:
    """Return the row of each unit's peak channel, None if the units do not say."""
    from hdmf.common import DynamicTableRegion

    known = {int(given): row for row, given in enumerate(np.asarray(electrodes.id[:]))}
    for name in PEAK_COLUMNS:
        if name not in units.colnames:
            continue
        if isinstance(units[name], DynamicTableRegion):
            rows = np.asarray(units[name].data[:], dtype=np.intp)
            if rows.shape == (len(units),) and ((rows >= 0) & (rows < len(electrodes))).all():
                return rows
            continue
        ids = plain_values(units[name])
        if ids is None or ids.dtype.kind not in "iuf":
            continue
        if (counted := _counted_from_one(ids, electrodes, units)) is not None:
            return counted
        if all(given in known for given in ids):
            return np.array([known[given] for given in ids], dtype=np.intp)
    return None


def _counted_from_one(ids: RawValues, electrodes: Any, units: Any) -> RowNumbers | None:
    """Return the rows of peak channels that count from 1, None if they do not seem to.

    As in Steinmetz et al. (2019): the electrodes of each unit begin with its peak, and are named by
    their rows from 0, the peak by its number from 1. Taken for an id, it is the next electrode.
    """
    if "electrodes" not in units.colnames:
        return None
    every, ends = _electrodes(units)
    starts = np.r_[0, ends[:-1]].astype(np.intp)
    if (ends - starts < 2).any() or not len(ids):
        return None
    first = every[starts]
    fits = np.array_equal(first, ids - 1) and (first < len(electrodes)).all()
    return first if fits else None
