"""What named arrays are, put together as a recording: cut out, traces, or spikes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.named.arrays import NamedArrays, column_length
from errorneurons.analysis.named.cut import Cut, CutArray
from errorneurons.analysis.named.owned import owned_spikes
from errorneurons.analysis.named.relative import as_arrays
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import MEASURED_IN, Events, SignalSource
from errorneurons.analysis.sources.lasers import LASER
from errorneurons.analysis.sources.recording import (
    CutOut,
    LazyArray,
    RawColumn,
    RawRecording,
    RawTable,
    RawValues,
    RowNumbers,
    Signal,
    Sites,
)
from errorneurons.analysis.sources.traces import Series, Traces, checked_frames, steady_frames
from errorneurons.analysis.sources.when import Times, check_precision


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
    held, source = as_arrays(held, _merged(held, signal), events, tables)
    made: Signal
    trials: int | None
    if source.has_trials:
        made, units, trials = _cut_arrays(held, source, events)
    else:
        made, units = (owned_spikes if source.spike_times else _traces)(held, source)
        trials = None
    known = dict(tables)
    if events.table not in known:
        rows = trials
        if rows is None and not events.table:
            first = (*events.several, events.zero)[0]
            rows = column_length(held.array(first).shape)
        known[events.table] = held.table(events.table, rows)
    if trials not in (None, len(known[events.table])):
        raise DoorError(
            f"`{source.arrays[0]}` has {trials} trials, table `{known[events.table].name}` "
            f"{len(known[events.table])} rows; give it one row a trial, in the same order"
        )
    if isinstance(made, Cut):
        known[events.table] = _with_axes(known[events.table], made.blocks[0].axes_of_trials)
    sites = _sites(held, source, units)
    invalid = [np.empty((0, 2)), *(times for _, times in _epochs(held, "^invalid_times$", ""))]
    return RawRecording(
        known, units, made, held.said, sites,
        invalid=lambda: invalid[-1],
        lights=lambda trials: _epochs(held, LASER.pattern, trials.name), more=held.table,
    )  # fmt: skip


def _epochs(held: NamedArrays, pattern: str, but: str) -> Iterator[tuple[str, Times]]:
    """Yield the tables of intervals whose name fits, but for one: (interval, 2) [s]."""
    for name in held.groups():
        if name == but or not re.search(pattern, name, re.IGNORECASE):
            continue
        table = held.table(name)
        starts = [n for n in table.names if n.lower() in ("start", "start_time", "onset")]
        stops = [n for n in table.names if n.lower() in ("stop", "stop_time", "end", "offset")]
        if starts and stops:
            both = np.column_stack([table.plain(n[0]).astype(np.float64) for n in (starts, stops)])
            yield name, both[np.isfinite(both).all(axis=1)]


def _with_axes(table: RawTable, axes: Mapping[str, RowNumbers]) -> RawTable:
    """Return the table of trials with the columns that say where in several axes a trial is."""
    own = {f"axis.{n}": RawColumn(partial(np.asarray, places)) for n, places in axes.items()}
    return replace(table, columns={**table.columns, **own}) if own else table


_ONLY_SPIKES = {"spike_times", "spike_units", "unit_ids"}
_ONLY_VALUES = {"values", "dims", "bins", "units", "kind"}
"""What makes no sense where spikes, or arrays of activity, are read."""


def _merged(held: NamedArrays, said: SignalSource | None) -> SignalSource:
    """Return where activity is: what the mapping says of it counts before what the reader knows."""
    own = held.signal
    told = {} if said is None else said.model_dump(exclude_unset=True)
    if own is not None:
        known = own.model_dump(exclude_unset=True)
        other = {"values": _ONLY_SPIKES | {"kind"}, "spike_times": _ONLY_VALUES}
        drop = {name for key, names in other.items() if key in told for name in names}
        told = {name: known[name] for name in known if name not in drop} | told
    if not told.get("values") and not told.get("spike_times"):
        raise DoorError(
            "the mapping file does not say where activity is; add [signal] with `values` and "
            "`dims`, or with `spike_times`"
        )
    names = SignalSource.model_validate({"values": told.get("values", ())}).arrays
    if any("*" in name for name in names):
        told["values"] = _every(held, names)
    if told.get("values") and not (told.get("dims") or told.get("columns")):
        raise DoorError('[signal] `values` needs dims, e.g. dims = ["trial", "time", "unit"]')
    return SignalSource.model_validate(told)


def _every(held: NamedArrays, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of arrays that some names, ``cell_*``, stand for."""
    found: list[str] = []
    for name in names:
        own = held.matching(name)
        if not own:
            hint = did_you_mean(name.replace("*", ""), (*held.arrays,))
            raise DoorError(f"there is no array `{name}`; {hint}")
        found += own
    return tuple(dict.fromkeys(found))


def _sites(held: NamedArrays, source: SignalSource, units: RawTable) -> Sites | None:
    """Return where units are, if their table says at which rows of another they were recorded."""
    if not (source.electrodes and source.channels):
        return None
    return _Joined(held.table(source.electrodes), units, source.channels)


@dataclass(frozen=True)
class _Joined:
    """Units that name the row of their electrode."""

    table: RawTable
    units: RawTable
    column: str

    def at(self, name: str) -> RawValues:
        values, rows = self.table.plain(name), self.units.plain(self.column)
        if rows.dtype.kind not in "iu" or ((rows < 0) | (rows >= len(self.table))).any():
            raise DoorError(
                f"column `{self.column}` of table `{self.units.name}` names rows beyond the "
                f"{len(self.table)} of `{self.table.name}`; mend it"
            )
        found: RawValues = values[rows]
        return found

    def unlike(self, name: str, units: RowNumbers) -> int:
        """Return 0: each unit has one electrode."""
        del name, units
        return 0


def _measure(source: SignalSource) -> tuple[str, str]:
    if source.units is None:
        raise DoorError(
            "[signal] `units` is missing; say what activity is measured in: "
            f"{', '.join(MEASURED_IN)}"
        )
    kind, units = MEASURED_IN[source.units]
    return source.kind or kind, units


def _cut_arrays(
    held: NamedArrays, source: SignalSource, events: Events
) -> tuple[Cut, RawTable, int]:
    blocks = tuple(CutArray.of(name, held.array(name), source) for name in source.arrays)
    kind, units = _measure(source)
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
    counts = source.units == "count" and kind == "spikes"  # residuals of counts are events
    return Cut(blocks, window, kind, units, scale, first, counts), table, sizes["trial"]


_CENTRES = re.compile(r"cent(er|re)|mid", re.IGNORECASE)


def _bins_of(held: NamedArrays, source: SignalSource, events: Events, bins: int) -> CutOut:
    """Return the bins that arrays hold."""
    if not source.bin_starts:
        if events.start is None or events.bin_width is None:
            raise DoorError(
                "the mapping does not say when the bins of a trial are; give bin_starts under "
                "[signal], or start and bin_width under [events]"
            )
        return CutOut(events.start, events.start + bins * events.bin_width, events.bin_width)
    if _CENTRES.search(source.bin_starts):
        raise DoorError(
            f"`{source.bin_starts}` are not the starts of bins, as its name tells; give start and "
            "bin_width under [events] instead"
        )
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
    table = held.table(source.tables[0], rows)
    names = np.repeat([name for name, _ in parts], [size for _, size in parts])
    return replace(table, columns={**table.columns, "array": RawColumn(lambda: names)})


def _traces(held: NamedArrays, source: SignalSource) -> tuple[Signal, RawTable]:
    blocks = [CutArray.of(name, held.array(name), source) for name in source.arrays]
    kind, units = _measure(source)
    if source.units == "count":
        raise DoorError("traces are no counts; give [signal] units in Hz, or another measure")
    series, parts, start = [], [], 0
    for block in blocks:
        name = block.name
        frames, count = block.sizes["time"], block.sizes["unit"]
        where = f"array `{name}`"
        if source.frame_times:
            found = held.vector(source.frame_times)
            check_precision(found, f"times in `{source.frame_times}`", source.rate or 1.0)
            times = checked_frames(found.astype(np.float64) / (source.rate or 1.0), frames, where)
        elif source.rate:
            times = steady_frames(source.rate, 0.0, frames, where)
        else:
            raise DoorError(f"{where} has no times; give frame_times, or rate, under [signal]")
        data = _Turned(block.data) if block.dims[0] == "unit" else block.data
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
