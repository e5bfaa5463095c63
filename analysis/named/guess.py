"""Guess what named arrays are, as far as names and shapes tell; whoever reads it corrects it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays, column_length
from errorneurons.analysis.named.assembled import recording_of
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import Events, SignalSource
from errorneurons.analysis.sources.recording import RawTable

_SPIKES = re.compile(r"(^|[._])(spikes?|spk|st|ts)([._]?times?)?$|spike.?times?", re.IGNORECASE)
_OWNERS = re.compile(r"clu|unit|cell|neuron|owner|spike.?id", re.IGNORECASE)
_TIMES = re.compile(
    r"(^|[._])(t|time|times|time_s|bins?|bin_?starts?|frame_?times?)$", re.IGNORECASE
)
_ONSETS = re.compile(r"onset|start|stim|cue|event|trial", re.IGNORECASE)
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
    """

    signal: SignalSource | None
    sure: bool
    units: RawTable | None
    trials: tuple[RawTable, ...]
    electrodes: RawTable | None = None


def guessed(held: NamedArrays) -> Guess:
    """Return what arrays seem to be."""
    for signal in [held.signal] if held.signal else _signals(held):
        try:
            units, trials = _tables(held, signal)
        except DoorError:
            continue
        sites = held.table(signal.electrodes) if signal.electrodes else None
        return Guess(signal, held.signal is not None, units, trials, sites)
    return Guess(held.signal, held.signal is not None, None, _groups(held, ()))


def _tables(held: NamedArrays, signal: SignalSource) -> tuple[RawTable, tuple[RawTable, ...]]:
    """Return the table of units that a signal leads to, and tables that may be of its trials."""
    if signal.has_trials:
        events = Events() if signal.bin_starts else Events(start=0.0, bin_width=1.0)
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
    for name in held.lists:
        if _SPIKES.search(name):
            yield SignalSource(spike_times=name)
    vectors = {n: a for n, a in held.arrays.items() if len(a.shape) == 1 or 1 in a.shape[:2]}
    for name, times in vectors.items():
        if _SPIKES.search(name) and times.dtype.kind in "iuf":
            size = np.prod(times.shape)
            for other, owners in vectors.items():
                if _OWNERS.search(other) and other != name and np.prod(owners.shape) == size:
                    yield SignalSource(spike_times=name, spike_units=other)
    large = sorted(held.arrays, key=lambda n: -int(np.prod(held.arrays[n].shape)))
    for axes in (3, 2):
        for name in large:
            shape, kind = held.arrays[name].shape, held.arrays[name].dtype.kind
            if len(shape) == axes and min(shape) > 1 and kind in "iuf":
                yield _array(held, name, shape)


def _array(held: NamedArrays, name: str, shape: tuple[int, ...]) -> SignalSource:
    """Return an array of activity, its axes by the arrays that are as long."""
    lengths = {n: int(np.prod(a.shape)) for n, a in held.arrays.items() if _is_column(a.shape)}
    times = [n for n in lengths if _TIMES.search(n) and lengths[n] in shape]
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
