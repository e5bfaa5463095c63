"""What every reader returns: events in tables, a table of units, and a signal.

=============== ===============================================================================
`RawColumn`        values of a table, read when they are asked for
`RawTable`         named columns of one length: events, units, electrodes
`Signal`        activity of units around events: spikes, traces, or trial x time x unit
`RawRecording`     all of it, with what the file says of its subject
=============== ===============================================================================

A reader opens a file and says which of its parts these are. What they mean says the mapping, and
the rest, from the contract to refusals, is the same for all: `errorneurons.analysis.sources`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.when import Times

RawValues = npt.NDArray[Any]
RowNumbers = npt.NDArray[np.intp]


class LazyArray(Protocol):
    """An array of a file, of which no more is read than is asked for; `numpy` arrays are some."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What it holds."""

    def __getitem__(self, index: Any) -> Any:
        """Return a part of it."""


@dataclass(frozen=True)
class RawColumn:
    """Values of a table, not yet read.

    Attributes
    ----------
    read
        Returns one plain value a row, (row,), or None where a row holds something else.
    lists
        Where a row holds several values: returns those of all rows, one after the other, and
        where those of each row end.
    description
        What the file says of it.
    at_event
        Where each event of a row is a trial: returns the value that stands at the place of the
        event, (row,).
    """

    read: Callable[[], RawValues | None]
    lists: Callable[[], tuple[RawValues, RowNumbers]] | None = None
    description: str = ""
    at_event: Callable[[], RawValues] | None = None


@dataclass(frozen=True)
class RawTable:
    """Named columns of one length.

    Attributes
    ----------
    name
        As in the file.
    rows
        Their number.
    columns
        Name -> column.
    ids
        What the rows are called; counted from 0 if not given.
    refused
        Name of a column -> why it is not read.
    lasts
        Returns from when to when each row lasts, (row, 2), in the unit of time of its columns;
        where it is not given, columns say so.
    doubts
        What must be known of how it was written, in sentences.
    """

    name: str
    rows: int
    columns: Mapping[str, RawColumn]
    ids: Callable[[], RawValues] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    lasts: Callable[[], Times] | None = None
    doubts: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.rows

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.columns)

    @property
    def keys(self) -> RawValues:
        """What the rows are called."""
        return np.arange(self.rows) if self.ids is None else self.ids()

    def plain(self, name: str) -> RawValues:
        """Return one column with one value a row.

        Raises
        ------
        DoorError
            If there is no such column, or it has several values a row.
        """
        if name in self.refused:
            raise DoorError(f"column `{name}` of table `{self.name}` {self.refused[name]}")
        if name not in self.columns:
            raise DoorError(
                f"table `{self.name}` has no column `{name}`; {did_you_mean(name, self.names)}"
            )
        values = self.columns[name].read()
        if values is None:
            raise DoorError(
                f"column `{name}` of table `{self.name}` holds no single number or text a row; "
                "choose another column"
            )
        if len(values) != self.rows:
            raise DoorError(
                f"column `{name}` of table `{self.name}` has {len(values)} values in {self.rows} "
                "rows; the file is damaged"
            )
        return values


@dataclass(frozen=True)
class CutOut:
    """The bins that are cut out of each trial, relative to its time zero.

    Attributes
    ----------
    start, stop
        From when to when [s].
    bin_width
        Width of a bin [s].
    """

    start: float
    stop: float
    bin_width: float

    @property
    def bins(self) -> int:
        """Number of bins."""
        return round((self.stop - self.start) / self.bin_width)

    def edges(self, zero: Times) -> Times:
        """Return the edges of the bins of trials [s], (trial, bin + 1)."""
        edges: Times = zero[:, None] + (self.start + self.bin_width * np.arange(self.bins + 1))
        return edges

    @property
    def centres(self) -> Times:
        """Centres of the bins [s], (bin,)."""
        centres: Times = self.edges(np.zeros(1))[0, :-1] + self.bin_width / 2
        return centres


class Signal(Protocol):
    """Activity of units around events."""

    @property
    def kind(self) -> str:
        """What it is, as the contract says: spikes, calcium or event."""

    @property
    def units(self) -> str:
        """Units of measure, in words of the contract."""

    @property
    def own_window(self) -> CutOut | None:
        """The bins that it comes in, None if it is cut out around events."""

    def binned(
        self, units: RowNumbers, trials: RowNumbers, edges: Times
    ) -> npt.NDArray[np.float32]:
        """Return activity, (trial, bin, unit), NaN where it was not recorded.

        Parameters
        ----------
        units, trials
            RowNumbers of the table of units and of the table of trials.
        edges
            Edges of the bins [s], (trial, bin + 1), evenly spaced.
        """

    def about(self, units: RowNumbers) -> dict[str, str | float]:
        """Return what else is known of how units were recorded."""


class Sites(Protocol):
    """Where units are, if the file says at which electrodes they were recorded."""

    @property
    def table(self) -> RawTable:
        """The electrodes."""

    def at(self, name: str) -> RawValues:
        """Return a column of the table of electrodes for each unit, (unit,)."""

    def unlike(self, name: str, units: RowNumbers) -> int:
        """Return how many of some units lie at electrodes with unlike values of a column."""


def _no_light() -> Iterator[tuple[str, Times]]:
    yield from ()


def _empty() -> Times:
    return np.empty((0, 2))


@dataclass(frozen=True)
class RawRecording:
    """What a file of any kind holds.

    Attributes
    ----------
    tables
        Tables of events by name.
    units
        The table of units.
    signal
        Their activity.
    metadata
        What the file says of itself and its subject, e.g. ``subject.species``; None if it is
        silent about one that it could give.
    sites
        Where units are, if the file has electrodes.
    invalid
        Returns the intervals in which nothing that was recorded is to be believed, (interval, 2)
        [s].
    lights
        Returns what may be epochs of laser light beside a table of trials: name, (epoch, 2) [s].
    origin
        What provenance says of the file beside its name and hash.
    more
        Returns a table that is none of events by name, where a file holds such.
    """

    tables: Mapping[str, RawTable]
    units: RawTable
    signal: Signal
    metadata: Mapping[str, object]
    sites: Sites | None = None
    invalid: Callable[[], Times] = _empty
    lights: Callable[[RawTable], Iterator[tuple[str, Times]]] = field(default=lambda _: _no_light())
    origin: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[str], RawTable] | None = None

    def table(self, name: str) -> RawTable:
        """Return any table by name: of events, the units, the electrodes, and what there is more.

        Raises
        ------
        DoorError
            If there is none.
        """
        known = {**self.tables, "units": self.units, self.units.name: self.units}
        if self.sites is not None:
            known["electrodes"] = self.sites.table
        if name not in known and self.more is not None:
            return self.more(name)
        if name not in known:
            raise DoorError(f"the file has no table `{name}`; {did_you_mean(name, tuple(known))}")
        return known[name]

    def said(self, name: str) -> object:
        """Return a field of the file or its subject, e.g. ``subject.species``.

        Raises
        ------
        DoorError
            If the file does not say.
        """
        if name not in self.metadata:
            hint = did_you_mean(name, tuple(self.metadata))
            raise DoorError(f"there is no metadata `{name}`; {hint}")
        if self.metadata[name] is None:
            raise DoorError(f"the file does not give `{name}`; give a constant")
        return self.metadata[name]
