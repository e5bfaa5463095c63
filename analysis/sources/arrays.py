"""Files that hold named arrays and do not say what they are: MATLAB, NumPy, tables, folders.

Which array is what says ``[signal]`` of the mapping, or the reader for folders of known programs.
Arrays ``group.name`` are the columns of a table ``group``; those without a group, and of the right
length, are columns of trials and units too. A column of a matrix is ``name.1``, ``name.2`` ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import MEASURES, Events, SignalSource
from errorneurons.analysis.sources.cut import Block, Cut
from errorneurons.analysis.sources.recording import (
    CutOut,
    LazyArray,
    RawColumn,
    RawRecording,
    RawTable,
    RawValues,
    Signal,
)
from errorneurons.analysis.sources.spikes import Spikes
from errorneurons.analysis.sources.traces import Series, Traces, checked_frames, steady_frames

MOST_COLUMNS = 64
"""A matrix with more columns is no part of a table."""


@dataclass(frozen=True)
class NamedArrays:
    """What a file holds that does not say what it is.

    Attributes
    ----------
    arrays
        Name, as ``group.name`` or ``name`` -> array, not yet read.
    lists
        Name -> arrays of unlike lengths under one name, such as spike times of units.
    metadata
        What the file says of itself.
    signal
        Where activity is, if the program that wrote the file tells.
    refused
        Name -> why it is not read.
    """

    arrays: Mapping[str, LazyArray]
    lists: Mapping[str, tuple[LazyArray, ...]] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    signal: SignalSource | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    def array(self, name: str) -> LazyArray:
        """Return an array by name.

        Raises
        ------
        DoorError
            If there is none.
        """
        if name in self.refused:
            raise DoorError(f"`{name}` {self.refused[name]}")
        if name not in self.arrays:
            raise DoorError(f"there is no array `{name}`; {did_you_mean(name, (*self.arrays,))}")
        return self.arrays[name]

    def vector(self, name: str) -> RawValues:
        """Return an array of one axis, or one beside which others are 1 long.

        Raises
        ------
        DoorError
            If there is none, or it has another shape.
        """
        found = self.array(name)
        if not _is_vector(found.shape):
            raise DoorError(f"array `{name}` has shape {found.shape}; it must have one axis")
        return np.asarray(found[...]).reshape(-1)

    def table(self, name: str, rows: int | None = None) -> RawTable:
        """Return the arrays of a group as a table, or those of no group if `name` is empty.

        Parameters
        ----------
        name
            The group.
        rows
            Its length, if it is known; otherwise that of most of its arrays.

        Raises
        ------
        DoorError
            If there is no such group.
        """
        inside = {
            key.removeprefix(f"{name}."): array
            for key, array in self.arrays.items()
            if (key.startswith(f"{name}.") if name else "." not in key)
        }
        if not inside and name:
            raise DoorError(f"there is no table `{name}`; {did_you_mean(name, self.groups())}")
        lengths = [n for array in inside.values() if (n := _rows_of(array.shape)) is not None]
        length = max(sorted(set(lengths)), key=lengths.count, default=0) if rows is None else rows
        return RawTable(name or f"arrays of {length} rows", length, dict(_columns(inside, length)))

    def groups(self) -> tuple[str, ...]:
        """Return the names of groups of arrays."""
        return tuple(dict.fromkeys(key.rpartition(".")[0] for key in self.arrays if "." in key))


def _is_vector(shape: tuple[int, ...]) -> bool:
    return len([n for n in shape if n != 1]) <= 1


def _rows_of(shape: tuple[int, ...]) -> int | None:
    """Return how many rows an array has as a column; None if it can be none."""
    if _is_vector(shape):
        return int(np.prod(shape))
    return shape[0] if len(shape) == 2 and shape[1] <= MOST_COLUMNS else None


def _columns(arrays: Mapping[str, LazyArray], rows: int) -> Any:
    for name, array in arrays.items():
        if _is_vector(array.shape) and int(np.prod(array.shape)) == rows:
            yield name, RawColumn(_reading(array, None))
        elif len(array.shape) == 2 and array.shape[0] == rows and array.shape[1] <= MOST_COLUMNS:
            for k in range(array.shape[1]):
                yield f"{name}.{k + 1}", RawColumn(_reading(array, k))


def _reading(array: LazyArray, column: int | None) -> Callable[[], RawValues | None]:
    def read() -> RawValues | None:
        found = np.asarray(array[...] if column is None else array[:, column]).reshape(-1)
        if found.dtype.kind == "S":
            return np.char.decode(found, "utf-8", "replace")
        return found if found.dtype.kind in "biufUT" else None

    return read


def recording_of(
    held: NamedArrays, signal: SignalSource | None, events: Events, tables: Mapping[str, RawTable]
) -> RawRecording:
    """Return the recording that named arrays are.

    Parameters
    ----------
    held
        The arrays.
    signal
        Where activity is, as the mapping says; what the reader knows by default.
    events
        Which trials there are.
    tables
        Tables of events from elsewhere, by name.

    Raises
    ------
    DoorError
        If an array is missing, or of a shape that does not fit.
    """
    source = signal or held.signal
    if source is None:
        raise DoorError(
            "the mapping file does not say where activity is; add [signal] with `values` and "
            "`dims`, or with `spike_times`"
        )
    if source.has_trials:
        made, units, trials = _cut_arrays(held, source, events)
    else:
        made, units = (_spikes if source.spike_times else _traces)(held, source)
        trials = None
    known = dict(tables)
    if events.table not in known:
        rows = trials
        if rows is None and not events.table:
            rows = _rows_of(held.array(events.time_zero).shape)
        known[events.table] = held.table(events.table, rows)
    return RawRecording(known, units, made, held.metadata)


def _measure(source: SignalSource) -> tuple[str, str]:
    if source.units is None:
        raise DoorError(
            f"[signal] `units` is missing; say what activity is measured in: {', '.join(MEASURES)}"
        )
    kind, units = MEASURES[source.units]
    return source.kind or kind, units


def _cut_arrays(
    held: NamedArrays, source: SignalSource, events: Events
) -> tuple[Signal, RawTable, int]:
    kind, units = _measure(source)
    blocks = tuple(
        Block(name, held.array(name), source.dims, source.bins or 1) for name in source.arrays
    )
    sizes = blocks[0].sizes
    for block in blocks:
        if (block.sizes["trial"], block.sizes["time"]) != (sizes["trial"], sizes["time"]):
            raise DoorError(
                f"`{blocks[0].name}` and `{block.name}` have not the same trials and bins; they "
                "are no arrays of one recording"
            )
    whole = _bins_of(held, source, events, sizes["time"])
    first, window = _part(whole, events)
    scale = {"count": 1 / whole.bin_width, "%": 0.01}.get(source.units or "", 1.0)
    table = _named_blocks(held, source, [(b.name, b.sizes["unit"]) for b in blocks])
    return Cut(blocks, window, kind, units, scale, first), table, sizes["trial"]


def _bins_of(held: NamedArrays, source: SignalSource, events: Events, bins: int) -> CutOut:
    """Return the bins that arrays hold."""
    if not source.bin_starts:
        if events.start is None or events.bin_width is None:
            raise DoorError(
                "the mapping does not say when the bins of a trial are; give bin_starts under "
                "[signal], or start and bin_width under [events]"
            )
        return CutOut(events.start, events.start + bins * events.bin_width, events.bin_width)
    starts = held.vector(source.bin_starts).astype(np.float64) / (source.rate or 1.0)
    widths = np.diff(starts)
    if len(starts) != bins or bins < 2 or not np.isfinite(starts).all():
        raise DoorError(
            f"`{source.bin_starts}` has {len(starts)} starts for {bins} bins; it must have one for "
            "each of two or more"
        )
    width = float(f"{np.median(widths):.6g}")
    if width <= 0 or np.abs(widths - width).max() > 1e-3 * width:
        raise DoorError(f"the bins of `{source.bin_starts}` are not evenly spaced; bin them anew")
    start = float(f"{starts[0]:.6g}")
    return CutOut(start, start + bins * width, width)


def _part(whole: CutOut, events: Events) -> tuple[int, CutOut]:
    """Return the first bin that the mapping asks for, and the window from there."""
    width = whole.bin_width
    if events.bin_width is not None and abs(events.bin_width - width) > 1e-6 * width:
        raise DoorError(
            f"the bins of the recording are {width:g} s wide, bin_width is {events.bin_width:g} s; "
            "leave it out"
        )
    start = whole.start if events.start is None else events.start
    stop = whole.stop if events.stop is None else events.stop
    first, last = (round((t - whole.start) / width) for t in (start, stop))
    if not 0 <= first < last <= whole.bins:
        raise DoorError(
            f"start to stop is {start:g} to {stop:g} s, the recording has bins from "
            f"{whole.start:g} to {whole.stop:g} s; choose a part of them"
        )
    begin = whole.start + first * width
    return first, CutOut(begin, begin + (last - first) * width, width)


def _named_blocks(
    held: NamedArrays, source: SignalSource, parts: list[tuple[str, int]]
) -> RawTable:
    """Return the table of units, with the column ``array`` that says which array each is from."""
    rows = sum(size for _, size in parts)
    table = held.table(source.table, rows)
    names = np.repeat([name for name, _ in parts], [size for _, size in parts])
    return RawTable(table.name, rows, {**table.columns, "array": RawColumn(lambda: names)})


def _traces(held: NamedArrays, source: SignalSource) -> tuple[Signal, RawTable]:
    kind, units = _measure(source)
    if units == "Hz" and source.units == "count":
        raise DoorError("traces are no counts; give [signal] units in Hz, or another measure")
    series, parts, start = [], [], 0
    for name in source.arrays:
        block = Block(name, held.array(name), source.dims)
        frames, count = block.sizes["time"], block.sizes["unit"]
        where = f"array `{name}`"
        if source.frame_times:
            found = held.vector(source.frame_times).astype(np.float64) / (source.rate or 1.0)
            times = checked_frames(found, frames, where)
        elif source.rate:
            times = steady_frames(source.rate, 0.0, frames, where)
        else:
            raise DoorError(f"{where} has no times; give frame_times, or rate, under [signal]")
        data = _Turned(block.data) if source.dims[0] == "unit" else block.data
        rows = np.arange(start, start + count)
        series.append(Series(rows, times, data, 0.01 if source.units == "%" else 1.0))
        parts.append((name, count))
        start += count
    return Traces(tuple(series), start, units, kind), _named_blocks(held, source, parts)


@dataclass(frozen=True)
class _Turned:
    """A (unit, frame) array read as (frame, unit)."""

    data: LazyArray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape[::-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self.data[:, index]).T


def _spikes(held: NamedArrays, source: SignalSource) -> tuple[Signal, RawTable]:
    rate = source.rate or 1.0
    name = source.spike_times
    if name in held.lists:
        own = held.lists[name]
        table = held.table(source.table, len(own))
        return Spikes(lambda row: np.asarray(own[row][...], dtype=float).ravel() / rate), table
    if not source.spike_units:
        raise DoorError(f"`{name}` is one array; name the array that says whose a spike is, "
                        "spike_units, under [signal]")  # fmt: skip
    times, owners = held.vector(name), held.vector(source.spike_units)
    if len(times) != len(owners):
        raise DoorError(
            f"`{name}` has {len(times)} spikes, `{source.spike_units}` {len(owners)}; mend either"
        )
    if owners.dtype.kind not in "iuf" or times.dtype.kind not in "iuf":
        raise DoorError(f"`{name}` and `{source.spike_units}` must be numbers")
    order = np.argsort(owners, kind="stable")
    owned, sorted_times = owners[order], times[order]
    table, keys = _owners(held, source, owned)
    starts, stops = (np.searchsorted(owned, keys, side=side) for side in ("left", "right"))

    def of(row: int) -> RawValues:
        return np.asarray(sorted_times[starts[row] : stops[row]] / rate, dtype=np.float64)

    return Spikes(of), table


def _owners(
    held: NamedArrays, source: SignalSource, owned: RawValues
) -> tuple[RawTable, RawValues]:
    """Return the table of units, and the number by which spikes name each of them."""
    found = np.unique(owned)
    if not source.table:
        table = held.table("", len(found))
        return RawTable(table.name, len(found), table.columns, lambda: found), found
    table = held.table(source.table)
    keys = table.plain(source.unit_ids) if source.unit_ids else np.arange(len(table))
    strange = np.setdiff1d(found, keys)
    if len(strange):
        raise DoorError(
            f"`{source.spike_units}` names unit {strange[0]:g}, which table `{source.table}` does "
            "not have; mend it"
        )
    return RawTable(source.table, len(table), table.columns, lambda: keys), keys
