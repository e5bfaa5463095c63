"""Spikes that are timed within their trial, and tables with a value a row, as one array.

Spikes may be listed unit by unit and, within, trial by trial (``data(k).spikes{t}`` of MATLAB), or
stand in a table that says of each spike of which trial and unit it is. Either way they are counted
in the bins that the mapping asks for, trial x time x unit, and all else is that of arrays that have
been cut out before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.owned import in_seconds
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import Events, SignalSource
from errorneurons.analysis.sources.limits import check_size
from errorneurons.analysis.sources.recording import LazyArray, RawTable, RawValues, RowNumbers

UNITS = "units of the rows"
"""What the table of units is called that the rows of a table tell of."""
_EDGE = 1e-6
"""A spike this near the end of its bin is in the next [bins]."""
_SLACK = 10
"""A window may go so many mean distances of spikes beyond the first and the last of all."""


def as_arrays(
    held: NamedArrays, source: SignalSource, events: Events, tables: Mapping[str, RawTable]
) -> tuple[NamedArrays, SignalSource]:
    """Return what a file holds with its activity as an array of trials, and where that is.

    Parameters
    ----------
    held, source, events, tables
        As `errorneurons.analysis.named.assembled.recording_of` gets them.

    Raises
    ------
    DoorError
        If rows name no trial, or one value twice, or the window is not that of the spikes.
    """
    if source.spike_times and source.has_trials and not source.columns:
        return _from_lists(held, source, events)
    return _from_rows(held, source, events, tables) if source.columns else (held, source)


def trains_of(held: NamedArrays, name: str) -> list[list[RawValues]]:
    """Return lists in a list, as ``name.1``, ``name.2`` ...; empty if there are none."""
    found: list[list[RawValues]] = []
    while (key := f"{name}.{len(found) + 1}") in held.lists or key in held.arrays:
        if key in held.lists:
            found.append([np.asarray(a[...]).reshape(-1) for a in held.lists[key]])
        else:  # a column where no trial has more than one spike
            values = np.asarray(held.arrays[key][...]).reshape(-1)
            found.append([v[np.isfinite(v)] for v in values.astype(np.float64)[:, None]])
    return found


def _from_lists(
    held: NamedArrays, source: SignalSource, events: Events
) -> tuple[NamedArrays, SignalSource]:
    name = source.trains[0]
    lists = trains_of(held, name)
    lengths = sorted({len(own) for own in lists})
    if len(source.trains) > 1 or source.dims not in (("unit", "trial"), ("trial", "unit")):
        raise DoorError('spikes listed by trial have dims = ["unit", "trial"], or the other way')
    if not lists:
        raise DoorError(f"`{name}` holds no lists of spikes in a list, one for each unit and trial")
    if len(lengths) > 1:
        raise DoorError(
            f"`{name}` lists {lengths[0]} trains of spikes in one place and {lengths[-1]} in "
            "another; give each unit as many as there are trials, empty ones too"
        )
    outer, inner = np.indices((len(lists), lengths[0])).reshape(2, -1)
    trains = [train for own in lists for train in own]
    sizes = [len(train) for train in trains]
    units, trials = (outer, inner) if source.dims[0] == "unit" else (inner, outer)
    times = np.concatenate(trains).astype(np.float64)
    shape = (int(trials.max()) + 1, int(units.max()) + 1)
    places = (np.repeat(trials, sizes), np.repeat(units, sizes))
    counts = _counted(name, in_seconds(times, source.rate, name), places, shape, events)
    arrays = {n: a for n, a in held.arrays.items() if not n.startswith(f"{name}.")}
    return replace(held, arrays={**arrays, name: counts}, lists={}), _of_counts(source, name)


def _of_counts(source: SignalSource, name: str) -> SignalSource:
    table = source.tables[0]
    return SignalSource(values=name, dims=("trial", "time", "unit"), units="count", table=table)


def _counted(
    name: str, times: RawValues, places: tuple[RowNumbers, RowNumbers], shape: tuple[int, int],
    events: Events,
) -> RawValues:  # fmt: skip
    """Return counts of spikes in the bins of the window, (trial, bin, unit)."""
    if events.start is None or events.stop is None or events.bin_width is None:
        raise DoorError(
            "spikes listed by trial need start, stop and bin_width under [events], on the clock of "
            f"the trial; `{name}` {_range(times)}"
        )
    _check_window(name, times, events.start, events.stop, events.bin_width)
    check_size(name, (shape[0], events.bins, shape[1]), 2)
    bins = np.floor((times - events.start) / events.bin_width + _EDGE)
    inside = np.flatnonzero((bins >= 0) & (bins < events.bins))
    counts = np.zeros((shape[0], events.bins, shape[1]), np.uint16)
    at = (places[0][inside], bins[inside].astype(np.intp), places[1][inside])
    np.add.at(counts, at, 1)
    return counts


def _check_window(name: str, times: RawValues, start: float, stop: float, width: float) -> None:
    """Refuse a window of which a part was not recorded, as no spike of any unit and trial tells."""
    if not len(times) or not np.isfinite(times).all():
        raise DoorError(f"`{name}` {_range(times)}; mend it")
    first, last = float(times.min()), float(times.max())
    slack = width + _SLACK * (last - first) / len(times)
    if start < first - slack or stop > last + slack:
        raise DoorError(
            f"`{name}` {_range(times)}, start and stop are {start:g} and {stop:g} s; choose a "
            "window of which all was recorded, and give rate under [signal] if times are no seconds"
        )


def _range(times: RawValues) -> str:
    if not len(times):
        return "holds no spikes"
    if not np.isfinite(times).all():
        return "holds times that are NaN or infinite"
    return f"runs from {times.min():.3g} to {times.max():.3g} s within trials"


def _from_rows(
    held: NamedArrays, source: SignalSource, events: Events, tables: Mapping[str, RawTable]
) -> tuple[NamedArrays, SignalSource]:
    """Return an array in place of a table in which a row is a spike, or the value of a bin."""
    name = (*source.trains, *source.arrays)[0]
    said = {axis: held.vector(column) for axis, column in source.columns.items()}
    values = held.vector(name)
    wrong = [column for axis, column in source.columns.items() if len(said[axis]) != len(values)]
    if wrong:
        raise DoorError(f"`{wrong[0]}` and `{name}` are not of the same rows; name columns of one")
    trials, known = _known_trials(said["trial"], source.columns["trial"], events, tables)
    keys, units = np.unique(said["unit"], return_inverse=True)
    told = _told(held, trials, len(known)) if not events.file else {}
    told |= {f"{UNITS}.{n}": a for n, a in _told(held, units, len(keys)).items()}
    shape = (len(known), len(keys))
    if source.spike_times:
        times = in_seconds(values.astype(np.float64), source.rate, name)
        made = _counted(name, times, (trials, units), shape, events)
        where = SignalSource(values=name, dims=("trial", "time", "unit"), units="count")
    else:
        starts, bins = np.unique(said["time"], return_inverse=True)
        made = _filled(name, values, (trials, bins, units), (shape[0], len(starts), shape[1]))
        told[source.columns["time"]] = starts
        kept = source.model_dump(include={"units", "kind", "rate"}, exclude_none=True)
        own = {"values": name, "dims": ("trial", "time", "unit"), **kept}
        where = SignalSource.model_validate({**own, "bin_starts": source.columns["time"]})
    return replace(held, arrays={**told, name: made}), where.model_copy(update={"table": UNITS})


def _known_trials(
    said: RawValues, column: str, events: Events, tables: Mapping[str, RawTable]
) -> tuple[RowNumbers, RawValues]:
    """Return the trial of each row, and what trials are called, in the order of their table."""
    if not events.file:
        known, first, inverse = np.unique(said, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return np.argsort(order)[inverse], known[order]
    known = tables[events.table].plain(column)
    order = np.argsort(known, kind="stable")
    if len(np.unique(known)) < len(known):
        raise DoorError(f"`{column}` of `{events.file}` holds a trial twice; name each once")
    place = np.minimum(np.searchsorted(known[order], said), len(known) - 1)
    rows = order[place]
    strange = said[known[rows] != said]
    if len(strange):
        raise DoorError(f"`{column}` names trial {strange[0]}, which {events.file} does not have")
    return rows, known


def _told(held: NamedArrays, groups: RowNumbers, count: int) -> dict[str, LazyArray]:
    """Return the columns that have one value in all rows of a group, a row a group."""
    first = np.full(count, -1)
    first[groups[::-1]] = np.arange(len(groups))[::-1]
    if (first < 0).any():
        return {}
    found: dict[str, LazyArray] = {}
    for name, array in held.arrays.items():
        values = np.asarray(array[...])
        if "." not in name and values.shape == groups.shape:
            own = values[first]
            if np.array_equal(own[groups], values, equal_nan=values.dtype.kind == "f"):
                found[name] = own
    return found


def _filled(
    name: str, values: RawValues, places: tuple[Any, ...], shape: tuple[int, ...]
) -> RawValues:
    """Return values at their places, NaN where none stands."""
    if values.dtype.kind not in "biuf":
        raise DoorError(f"`{name}` holds {values.dtype}, no numbers; name another column")
    check_size(name, shape, 8)
    flat = np.ravel_multi_index(places, shape)
    if len(np.unique(flat)) < len(flat):
        raise DoorError(f"two rows of `{name}` are of the same trial, time and unit; leave one out")
    made = np.full(shape, np.nan)
    made.reshape(-1)[flat] = values
    return made
