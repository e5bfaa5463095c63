"""What a mapping says of events and of activity: where they are, and how they are counted."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

EVENT_TIME = "event.time"
"""The column with the time of an event, in a table that has a row for each."""


class Events(BaseModel):
    """Which trials there are, and what is cut out around each.

    Attributes
    ----------
    table
        Name of the table that holds the trials; empty for arrays that stand in no table.
    file
        A file beside the recording, or in its folder, that holds the trials, e.g. ``trials.csv``.
    time_zero
        Its column with the time that becomes time zero of a trial; empty for a trial x time x unit
        array that has been cut out already. A list of columns makes a trial of each event that
        they name, one or several a row; see `errorneurons.analysis.sources.per_event`.
    group
        Column of the table; rows with the same value in it are one trial. A trial has the values of
        its first row, see `squeeze` of `errorneurons.analysis.origins.Source` for others.
    rate
        Times of events are counted in so many a second: 1 for seconds, 1000 for milliseconds.
    start, stop
        What is cut out, relative to time zero [s].
    bin_width
        Width of a bin [s]; stop - start is a whole number of bins.
    drop_missing
        Whether trials without a time zero are left out; otherwise they are refused.
    overlap
        What becomes of trials whose windows overlap: ``leave_out`` drops those that begin before
        the one before has ended, ``keep`` reads them all the same; otherwise they are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = ""
    file: str = ""
    time_zero: str | tuple[str, ...] = ""
    group: str | None = None
    rate: float = 1.0
    start: float | None = None
    stop: float | None = None
    bin_width: float | None = None
    drop_missing: bool = False
    overlap: Literal["leave_out", "keep"] | None = None

    @model_validator(mode="after")
    def _whole_bins(self) -> Events:
        if self.time_zero == () or len(set(self.several)) < len(self.several):
            raise ValueError("`time_zero` is a list that names nothing, or a column twice")
        if not 0 < self.rate < float("inf"):
            raise ValueError("give a rate above 0, so many ticks a second")
        if self.start is None or self.stop is None or self.bin_width is None:
            return self
        if not (0 < self.bin_width < float("inf") and self.start < self.stop < float("inf")):
            raise ValueError("give start < stop and a bin_width above 0, all in seconds")
        if abs(self.bins * self.bin_width - (self.stop - self.start)) > 1e-6 * self.bin_width:
            raise ValueError(
                f"{self.stop - self.start:g} s are no whole number of bins of {self.bin_width:g} s"
            )
        return self

    @property
    def several(self) -> tuple[str, ...]:
        """Names of the columns of which each time is an event; empty if a row is a trial."""
        return () if isinstance(self.time_zero, str) else self.time_zero

    @property
    def zero(self) -> str:
        """Name of the column with time zero of each trial; empty if trials are cut out already."""
        return self.time_zero if isinstance(self.time_zero, str) else EVENT_TIME

    @property
    def bins(self) -> int:
        """Number of bins; 0 if the mapping leaves it to the recording."""
        if self.start is None or self.stop is None or self.bin_width is None:
            return 0
        return round((self.stop - self.start) / self.bin_width)


MEASURED_IN = {
    "Hz": ("spikes", "Hz"),
    "count": ("spikes", "Hz"),
    "dF/F": ("calcium", "dF/F"),
    "%": ("calcium", "dF/F"),
    "z": ("event", "z"),
    "a.u.": ("event", "a.u."),
}
"""Units of measure of activity -> the kind of signal they are taken for, and units it gets."""


class SignalSource(BaseModel):
    """Where activity is, for kinds of files that leave it open.

    Attributes
    ----------
    values
        Name of the array of activity; several names for arrays of different units, ``cell_*`` for
        all that begin so.
    dims
        What its axes are, the slowest first: ``trial``, ``time``, ``unit``, or two of them that
        run in one axis, ``trial*time`` if the bins of a trial follow one another. Several axes may
        be trials, ``trial:stimulus`` and ``trial:repeat``; the columns ``axis.stimulus`` and
        ``axis.repeat`` say where in them a trial is. Of other axes one place is read: ``plane=2``
        is the third, ``1`` an axis of length 1. Without ``trial``, it is traces that are cut out
        around events.
    bins
        Bins of a trial, where trials and bins run in one axis.
    bin_starts
        Name of the array with the starts of the bins of a trial; without it they begin at
        ``start`` and follow by ``bin_width`` under [events].
    frame_times
        Name of the array with the times of the frames of traces.
    spike_times
        Name of the array of spike times, or of the list of one array a unit; several names for
        several probes.
    spike_units
        Name of the array that says of which unit each spike is, one for each of `spike_times`.
    table
        Name of the table of units, one for each of `spike_times`; empty for arrays that stand in
        no table.
    unit_ids
        Column of the table of units with the numbers that `spike_units` uses; without it they are
        its rows.
    electrodes, channels
        Name of the table of electrodes, and the column of the table of units with its rows.
    rate
        Times are counted in so many a second: 1 for seconds, 30000 for samples; of traces without
        times, frames a second.
    columns
        Of a table in which each row is a spike, or the value of a bin: the columns that say of
        which ``trial`` and ``unit`` it is, and of values ``time``, when the bin starts. Spikes are
        then timed within their trial, as they are with `dims` ``["unit", "trial"]``, which says
        that spikes are listed unit by unit and, within, trial by trial.
    units
        What activity is measured in: Hz, count (a bin), dF/F, %, z or a.u.
    kind
        ``spikes``, ``calcium`` or ``event``, if the units do not say: residuals of spike counts
        are events, for they may be negative.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: str | tuple[str, ...] = ()
    dims: tuple[str, ...] = ()
    bins: int | None = None
    bin_starts: str = ""
    frame_times: str = ""
    spike_times: str | tuple[str, ...] = ()
    spike_units: str | tuple[str, ...] = ()
    table: str | tuple[str, ...] = ""
    unit_ids: str = ""
    electrodes: str = ""
    channels: str = ""
    rate: float | None = None
    columns: dict[Literal["trial", "time", "unit"], str] = {}
    units: Literal["Hz", "count", "dF/F", "%", "z", "a.u."] | None = None
    kind: Literal["spikes", "calcium", "event"] | None = None

    @model_validator(mode="after")
    def _one_signal(self) -> SignalSource:
        if self.values and self.spike_times:
            raise ValueError("give one of values and spike_times")
        axes = [name for axis in self.dims if not place_in(axis) for name in axis.split("*")]
        named = [name for name in axes if not name.startswith("trial:")]
        kinds = [name.partition(":")[0] for name in axes]
        strange = [name for name in kinds if name not in ("trial", "time", "unit")]
        twice = len(set(axes)) < len(axes) or ("trial" in named and len(named) < len(axes))
        if strange or twice:
            raise ValueError(
                f"dims are {list(self.dims)}; name trial, time and unit once each, several axes of "
                'trials as "trial:name", and of another axis the place that is read, "plane=0"'
            )
        if "time" not in kinds and "trial" not in kinds and self.dims:
            raise ValueError(f"dims are {list(self.dims)}; one of them is trial or time")
        if any("*" in axis for axis in self.dims) and not (self.bins or 0) > 0:
            raise ValueError("trials and bins run in one axis; say how many bins a trial has")
        if not isinstance(self.table, str) and len(self.table) != len(self.trains):
            raise ValueError("give one table of units for each of spike_times")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise ValueError("give a rate above 0, so many samples a second")
        needed = {"trial", "unit"} if self.spike_times else {"trial", "time", "unit"}
        if self.columns and ({*self.columns} != needed or self.dims or self.spike_units):
            raise ValueError(
                f"`columns` say of which {', '.join(sorted(needed))} a row is, in place of dims "
                "and spike_units"
            )
        return self

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays of activity."""
        return _several(self.values)

    @property
    def trains(self) -> tuple[str, ...]:
        """Names of the arrays of spike times."""
        return _several(self.spike_times)

    @property
    def owners(self) -> tuple[str, ...]:
        """Names of the arrays that say whose spikes are."""
        return _several(self.spike_units)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables of units, one for each array."""
        count = max(1, len(self.trains))
        return (self.table,) * count if isinstance(self.table, str) else self.table

    @property
    def has_trials(self) -> bool:
        """Whether activity has been cut out already."""
        names = "*".join(self.dims).split("*")
        cut = any(name == "trial" or name.startswith("trial:") for name in names)
        return cut or bool(self.columns)


def place_in(axis: str) -> str:
    """Return which place of an axis is read, as text; empty for an axis that is read whole.

    Examples
    --------
    >>> place_in("plane=2"), place_in("1"), place_in("trial")
    ('2', '0', '')
    """
    if axis == "1":
        return "0"
    found = re.fullmatch(r"[^\W\d]\w*=(\d+)", axis)
    return found[1] if found else ""


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names
