"""Guess what named arrays are, as far as names and shapes tell; whoever reads it corrects it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays, column_length
from errorneurons.analysis.named.assembled import recording_of
from errorneurons.analysis.named.relative import trains_of
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import Events, SignalSource
from errorneurons.analysis.sources.recording import RawTable, RawValues

_SPIKES = re.compile(r"(^|[._])(spikes?|spk|st|ts)([._]?times?)?$|spike.?times?", re.IGNORECASE)
_OWNERS = re.compile(r"clu|unit|cell|neuron|owner|spike.?id", re.IGNORECASE)
_TIMES = re.compile(
    r"(^|[._])(t|time|times|time_s|bins?|bin_?starts?|frame_?times?)$", re.IGNORECASE
)
_ONSETS = re.compile(r"onset|start|stim|cue|event|trial", re.IGNORECASE)
_EVENLY = 1.5
"""Steps of frames or bins differ by less than this factor; those of events by more."""
_MOST = 10**6
"""So many values at most are looked at to tell counts from other measures."""


@dataclass(frozen=True)
class Guess:
    """Where activity and trials seem to be.

    Attributes
    ----------
    signal
        Where activity is, None if nothing tells.
    sure
        Whether the program that wrote the file is known.
    units, trials
        Tables, None if nothing tells; several may be those of trials.
    electrodes
        The table of electrodes, if there is one.
    window
        From when to when spikes run, if they are timed within trials.
    """

    signal: SignalSource | None
    sure: bool
    units: RawTable | None
    trials: tuple[RawTable, ...]
    electrodes: RawTable | None = None
    window: tuple[float, float] | None = None


def guessed(held: NamedArrays) -> Guess:
    """Return what arrays seem to be."""
    for signal in [held.signal] if held.signal else _signals(held):
        try:
            units, trials = _tables(held, signal)
        except DoorError:
            continue
        sites = held.table(signal.electrodes) if signal.electrodes else None
        sure = held.signal is not None
        return Guess(signal, sure, units, trials, sites, window_of(held, signal))
    return Guess(held.signal, held.signal is not None, None, _groups(held, ()))


def _tables(held: NamedArrays, signal: SignalSource) -> tuple[RawTable, tuple[RawTable, ...]]:
    """Return the table of units that a signal leads to, and tables that may be of its trials."""
    if signal.has_trials:
        bins = signal.bin_starts or (signal.columns and signal.values)
        first, last = window_of(held, signal) or (0.0, 1.0)
        events = Events() if bins else Events(start=first, stop=last, bin_width=last - first)
        found = recording_of(held, signal, events, {})
        return found.units, (found.tables[""], *_groups(held, signal.tables))
    rate = {} if signal.rate or not signal.values else {"rate": 30.0}
    nowhere = Events(table="none")
    source = signal.model_copy(update=rate)
    found = recording_of(held, source, nowhere, {"none": RawTable("none", 0, {})})
    own = {*signal.arrays, *signal.trains, *signal.owners, signal.frame_times}
    onsets = [n for n in held.arrays if _ONSETS.search(n) and "." not in n and n not in own]
    lengths = {column_length(held.arrays[name].shape) for name in onsets}
    loose = [held.table("", length) for length in sorted(n for n in lengths if n and n > 1)]
    return found.units, (*loose, *_groups(held, (*signal.tables, signal.electrodes)))


def _groups(held: NamedArrays, but: tuple[str, ...]) -> tuple[RawTable, ...]:
    """Return the tables of a file, without those of units and what is no table."""
    spikes = held.signal.trains + held.signal.owners if held.signal else ()
    kept = [
        n for n in held.groups() if n not in but and not any(s.startswith(f"{n}.") for s in spikes)
    ]
    tables = [held.table(name) for name in kept]
    return tuple(table for table in tables if len(table) > 1)


def _signals(held: NamedArrays) -> Iterator[SignalSource]:
    """Yield where activity may be, the likeliest first."""
    yield from _by_trial(held)
    for name in held.lists:
        if _SPIKES.search(name):
            group = name.rpartition(".")[0]
            told = [a.shape for n, a in held.arrays.items() if group and n.startswith(f"{group}.")]
            known = len(held.lists[name]) in map(column_length, told)
            yield SignalSource(spike_times=name, table=group if known else "")
    yield from _rows(held)
    vectors = {n: a for n, a in held.arrays.items() if len(a.shape) == 1 or 1 in a.shape[:2]}
    for name, times in vectors.items():
        if _SPIKES.search(name) and times.dtype.kind in "iuf":
            size = np.prod(times.shape)
            for other, owners in vectors.items():
                if _OWNERS.search(other) and other != name and np.prod(owners.shape) == size:
                    yield SignalSource(spike_times=name, spike_units=other)
    yield from _times_and_units(held)
    large = sorted(held.arrays, key=lambda n: -int(np.prod(held.arrays[n].shape)))
    for axes in (3, 2):
        for name in large:
            shape, kind = held.arrays[name].shape, held.arrays[name].dtype.kind
            if len(shape) == axes and min(shape) > 1 and kind in "iuf":
                yield _array(held, name, shape)
    yield from _side_by_side(held)


def _times_and_units(held: NamedArrays) -> Iterator[SignalSource]:
    """Yield spikes of a table of nothing but times, whatever they are called, and units."""
    owners = [n for n in held.arrays if _OWNERS.search(n)]
    times = [n for n in held.arrays if _BINS.search(n) and n not in owners]
    if len(held.arrays) == 2 and len(owners) == len(times) == 1:
        (owner,), (time,) = owners, times
        same = held.arrays[time].shape == held.arrays[owner].shape
        if same and held.arrays[time].dtype.kind in "iuf":
            yield SignalSource(spike_times=time, spike_units=owner)


_FEWEST = 3


def _side_by_side(held: NamedArrays) -> Iterator[SignalSource]:
    """Yield traces of which each stands in a column of its own, beside their times."""
    loose = {n: a for n, a in held.arrays.items() if "." not in n and a.dtype.kind == "f"}
    for time in (n for n in filter(_TIMES.search, loose) if _are_steady(held.vector(n))):
        columns = [n for n, a in loose.items() if n != time and a.shape == loose[time].shape]
        stems = {re.sub(r"\d+$", "", name) for name in columns}
        every = f"{next(iter(stems), '')}*"
        alone = len(stems) == 1 and held.matching(every) == tuple(columns)
        if len(columns) >= _FEWEST:
            names = every if alone else tuple(columns)
            measure = _measure(held, columns[0])
            yield SignalSource(values=names, dims=("time",), units=measure, frame_times=time)


def _by_trial(held: NamedArrays) -> Iterator[SignalSource]:
    """Yield spikes that are listed unit by unit and trial by trial."""
    for name in dict.fromkeys(n.rpartition(".")[0] for n in held.lists):
        lists = trains_of(held, name) if _SPIKES.search(name) else []
        if lists and len({len(own) for own in lists}) == 1:
            lengths = [column_length(a.shape) for n, a in held.arrays.items() if "." not in n]
            turned = len(lists) in lengths and len(lists[0]) not in lengths
            group = name.rpartition(".")[0]
            turned |= bool(_TRIAL.search(group)) and len(lists) != len(lists[0])
            beside = any(n.startswith(f"{group}.") and n not in held.lists for n in held.arrays)
            table = group if group and beside and not turned else ""
            if turned:
                table = _table_of_units(held, len(lists[0]))
            dims = ("trial", "unit") if turned else ("unit", "trial")
            yield _in_ms(held, SignalSource(spike_times=name, dims=dims, table=table))


def _table_of_units(held: NamedArrays, units: int) -> str:
    """Return the group that is called by units and has a row for each, empty if there is none."""
    called = [name for name in held.groups() if _UNITS.search(name)]
    return next((name for name in called if len(held.table(name)) == units), "")


def _are_steady(times: RawValues) -> bool:
    steps = np.diff(times)
    return len(steps) > 1 and bool((steps > 0).all() and steps.max() < 2 * np.median(steps))


_TRIAL = re.compile(r"^trial", re.IGNORECASE)
_UNITS = re.compile(r"unit|cell|neuron|cluster", re.IGNORECASE)
_VALUES = re.compile(r"count|rate|spikes|dff|df_f|value|activity|response", re.IGNORECASE)
_BINS = re.compile(r"time|^t$|bin", re.IGNORECASE)


def _rows(held: NamedArrays) -> Iterator[SignalSource]:
    """Yield tables in which a row is a spike of a trial, or the value of a bin."""
    numbers = [n for n, a in held.arrays.items() if len(a.shape) == 1 and "." not in n]
    trial = next((n for n in numbers if _TRIAL.search(n)), None)
    unit = next((n for n in numbers if n != trial and _OWNERS.search(n)), None)
    alike = [n for n in numbers if trial and held.arrays[n].shape == held.arrays[trial].shape]
    if trial is None or unit not in alike or len(alike) < 3:
        return
    rest = [n for n in alike if n not in (trial, unit) and held.arrays[n].dtype.kind in "biuf"]
    spikes = next((n for n in rest if _SPIKES.search(n)), None)
    value = next((n for n in rest if _VALUES.search(n) and n != spikes), None)
    time = next((n for n in rest if _BINS.search(n) and n != value), None)
    if value and time:
        own = {"trial": trial, "time": time, "unit": unit}
        yield SignalSource.model_validate(
            {"values": value, "columns": own, "units": _measure(held, value)}
        )
    elif spikes and _restarts(held, spikes, trial):
        own = {"trial": trial, "unit": unit}
        said = {"spike_times": spikes, "columns": own}
        yield _in_ms(held, SignalSource.model_validate(said))


def _restarts(held: NamedArrays, times: str, trial: str) -> bool:
    """Whether times begin anew in each trial."""
    found, trials = held.vector(times), held.vector(trial)
    first, last = (found[trials == k] for k in (trials[0], trials[-1]))
    return bool(len(first) and len(last) and last.min() < first.max())


_LONGEST = 60.0
"""No trial lasts longer [s]: times that run further are in ms."""


def _in_ms(held: NamedArrays, signal: SignalSource) -> SignalSource:
    """Return spikes within trials with their rate, if they seem to be timed in milliseconds."""
    first, last = window_of(held, signal) or (0.0, 0.0)
    return signal.model_copy(update={"rate": 1000.0}) if last - first > _LONGEST else signal


def window_of(held: NamedArrays, signal: SignalSource) -> tuple[float, float] | None:
    """Return from when to when spikes run that are timed within trials; None if they are not."""
    if not (signal.spike_times and signal.has_trials):
        return None
    name = signal.trains[0]
    trains = [train for own in trains_of(held, name) for train in own]
    times = held.vector(name) if signal.columns else np.concatenate(trains)
    times = times[np.isfinite(times)] / (signal.rate or 1.0)
    if not len(times):
        return None
    first, last = (round(float(edge), 1) for edge in (times.min(), times.max()))
    return (first, last) if first < last else None


def _array(held: NamedArrays, name: str, shape: tuple[int, ...]) -> SignalSource:
    """Return an array of activity, its axes by the arrays that are as long."""
    lengths = {n: int(np.prod(a.shape)) for n, a in held.arrays.items() if _is_column(a.shape)}
    times = [n for n in lengths if _TIMES.search(n) and lengths[n] in shape and _runs(held, n)]
    if len(shape) == 2:
        turned = shape[0] < shape[1]
        return SignalSource(
            values=name,
            dims=("unit", "time") if turned else ("time", "unit"),
            units=_measure(held, name),
            frame_times=times[0] if times else "",
        )
    texts = [lengths[n] for n in lengths if held.arrays[n].dtype.kind == "U"]
    time = shape.index(lengths[times[0]]) if times else 1
    others = [axis for axis in range(3) if axis != time]
    # of the two that are left, trials are those that most columns are told of
    told = [sum(n == shape[axis] for n in lengths.values()) for axis in others]
    trial = others[int(told[1] > told[0] and shape[others[1]] in (*texts, *lengths.values()))]
    dims = ["unit"] * 3
    dims[time], dims[trial] = "time", "trial"
    starts = times[0] if times else ""
    return SignalSource(
        values=name, dims=tuple(dims), units=_measure(held, name), bin_starts=starts
    )


def _runs(held: NamedArrays, name: str) -> bool:
    """Whether an array increases evenly, as bins do and the times of events do not."""
    array = held.arrays[name]
    if array.dtype.kind not in "iuf":
        return False
    steps = np.diff(np.ravel(array[...]).astype(float))
    return bool(len(steps) and steps.min() > 0 and steps.max() < _EVENLY * steps.min())


def _is_column(shape: tuple[int, ...]) -> bool:
    return len([n for n in shape if n != 1]) == 1


def _measure(held: NamedArrays, name: str) -> Literal["count", "dF/F", "a.u."]:
    """Return what an array seems to be measured in."""
    array = held.arrays[name]
    if "dff" in name.lower() or "df_f" in name.lower():
        return "dF/F"
    if np.prod(array.shape) <= _MOST:
        values = np.asarray(array[...], dtype=np.float64)
        if (values >= 0).all() and (values == np.round(values)).all():
            return "count"
    return "a.u."
