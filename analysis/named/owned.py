"""Spikes whose owners are named beside them, as sorters write them, or listed unit by unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues
from errorneurons.analysis.sources.spikes import Spikes
from errorneurons.analysis.sources.when import check_precision


def owned_spikes(held: NamedArrays, source: SignalSource) -> tuple[Spikes, RawTable]:
    """Return the spikes of units, and the table of units.

    Raises
    ------
    DoorError
        If an array is missing, or spikes name units that do not exist.
    """
    names = source.trains
    if len(names) == 1 and names[0] in held.lists:
        own = held.lists[names[0]]
        table = held.table(source.tables[0], len(own))
        observed = held.lists.get("obs_intervals", ())

        def times(row: int) -> RawValues:
            return in_seconds(np.asarray(own[row][...]).ravel(), source.rate, names[0])

        def intervals(row: int) -> RawValues | None:
            return np.asarray(observed[row][...]) if len(observed) == len(own) else None

        return Spikes(times, intervals), table
    if len(source.owners) != len(names):
        raise DoorError(
            f"`{names[0]}` is one array; name the array that says whose a spike is, spike_units, "
            "under [signal], one for each of spike_times"
        )
    probes = [_probe(held, source, k) for k in range(len(names))]
    starts = np.cumsum([0, *(len(probe.keys) for probe in probes)])
    sorted_ = _Sorted(probes, starts, source.rate)
    return Spikes(sorted_.times), _stacked(probes, names)


@dataclass(frozen=True)
class _Probe:
    """Spikes of one sorting: their array, that of their owners, and the table of units.

    `known` are the owners that have spikes, in order, and `counts` how many each has.
    """

    held: NamedArrays
    times: str
    owners: str
    table: RawTable
    keys: RawValues
    known: RawValues
    counts: RawValues

    def sorted_by_owner(self) -> tuple[RawValues, RawValues, RawValues]:
        """Return the spikes unit by unit, and where those of each unit start and stop.

        There may be as many spikes as fill the memory: they are read in pieces, each spike put
        where it belongs, so that no more is held than the spikes once.
        """
        ends = np.cumsum(self.counts)
        place = ends - self.counts
        found = np.empty(int(ends[-1]) if len(ends) else 0, self.held.array(self.times).dtype)
        pieces = zip(self.held.pieces(self.owners), self.held.pieces(self.times), strict=True)
        for owners, times in pieces:
            rank = np.searchsorted(self.known, owners)
            order = np.argsort(rank, kind="stable")
            own = np.bincount(rank, minlength=len(place))
            within = np.arange(len(rank)) - np.repeat(np.cumsum(own) - own, own)
            found[np.repeat(place, own) + within] = times[order]
            place = place + own
        self.held.release()
        starts, stops = np.r_[0, ends], np.r_[ends, ends[-1:]]
        at = np.searchsorted(self.known, self.keys)
        there = np.r_[self.known, self.known[-1:]][at] == self.keys if len(ends) else at < 0
        return found, np.where(there, starts[at], 0), np.where(there, stops[at], 0)


@dataclass
class _Sorted:
    """Spikes of several sortings, of which no more than one is held in memory."""

    probes: Sequence[_Probe]
    starts: RawValues
    rate: float | None
    kept: dict[int, tuple[RawValues, RawValues, RawValues]] = field(default_factory=dict)

    def times(self, row: int) -> RawValues:
        """Return the spike times of one unit [s]."""
        k = int(np.searchsorted(self.starts, row, side="right")) - 1
        if k not in self.kept:
            self.kept.clear()
            self.kept[k] = self.probes[k].sorted_by_owner()
        times, starts, stops = self.kept[k]
        own = row - int(self.starts[k])
        found = times[starts[own] : stops[own]]
        return in_seconds(found, self.rate, self.probes[k].times)


def in_seconds(times: RawValues, rate: float | None, name: str) -> RawValues:
    """Return times in seconds, as they are counted so many a second.

    Raises
    ------
    DoorError
        If they are whole numbers and it is not said of what.
    """
    if rate is None:
        check_precision(times, f"`{name}`")  # times without digits are whole numbers too
        if len(times) > 1 and (times[:_SOME] % 1 == 0).all():
            raise DoorError(
                f"`{name}` holds whole numbers, and not how many there are a second; add rate "
                "under [signal]: 30000 for samples of 30 kHz, 1000 for milliseconds, 1 for seconds"
            )
    kept = times.dtype if times.dtype.kind == "f" else np.float64
    seconds: RawValues = times / np.asarray(rate or 1.0, kept)
    return seconds


_SOME = 1000
"""Spikes of a unit that are looked at."""


def _probe(held: NamedArrays, source: SignalSource, k: int) -> _Probe:
    name, owner = source.trains[k], source.owners[k]
    times, owners = held.array(name), held.array(owner)
    if np.prod(times.shape) != np.prod(owners.shape):
        raise DoorError(
            f"`{name}` has {np.prod(times.shape)} spikes, `{owner}` {np.prod(owners.shape)}; mend "
            "either"
        )
    for array, its in ((times, name), (owners, owner)):
        if array.dtype.kind not in "iuf":
            raise DoorError(f"`{its}` holds {array.dtype}, no numbers; name another array")
    found, counts = _counted(held, owner)
    wrong = found[~(np.isfinite(found) & (found >= 0))]
    if len(wrong):
        raise DoorError(
            f"`{owner}` holds {wrong[0]:g}, which is no number of a unit; leave out the "
            "spikes that are of none"
        )
    table, keys = _units(held, source, k, found)
    strange = np.setdiff1d(found, keys)
    if len(strange):
        raise DoorError(
            f"`{owner}` names unit {strange[0]:g}, which table `{table.name}` does not have; "
            "mend it"
        )
    return _Probe(held, name, owner, table, keys, found, counts)


def _counted(held: NamedArrays, owner: str) -> tuple[RawValues, RawValues]:
    """Return the different values of an array, in order, and how many there are of each."""
    pieces = [np.unique(piece, return_counts=True) for piece in held.pieces(owner)]
    if not pieces:
        return np.empty(0), np.empty(0, np.intp)
    every, counts = (np.concatenate(part) for part in zip(*pieces, strict=True))
    found, at = np.unique(every, return_inverse=True)
    return found, np.bincount(at, counts).astype(np.intp)


def _units(
    held: NamedArrays, source: SignalSource, k: int, found: RawValues
) -> tuple[RawTable, RawValues]:
    """Return the table of units of a sorting, and what spikes call them."""
    if source.tables[k]:
        table = held.table(source.tables[k])
        return table, table.plain(source.unit_ids) if source.unit_ids else np.arange(len(table))
    if source.unit_ids:
        keys = held.vector(source.unit_ids)
        return held.table("", len(keys)), keys
    table = held.table("", len(found))
    for name in table.names:
        if _IDS.search(name) and _is_in_other_order(table.plain(name), found):
            raise DoorError(
                f"`{name}` holds the numbers that `{source.owners[k]}` calls units by, in another "
                f'order; if columns of units are in that order, add unit_ids = "{name}" under '
                "[signal], else leave it out of the file"
            )
    return table, found


_IDS = re.compile(r"id|clu|unit|cell|neuron", re.IGNORECASE)


def _is_in_other_order(ids: RawValues, found: RawValues) -> bool:
    known = ids.dtype.kind in "iuf" and len(ids) == len(found)
    return known and not np.array_equal(ids, found) and np.array_equal(np.sort(ids), found)


def _stacked(probes: Sequence[_Probe], names: Sequence[str]) -> RawTable:
    """Return the units of all sortings as one table, with the columns that all have."""
    if len(probes) == 1:
        table, keys = probes[0].table, probes[0].keys
        called = probes[0].owners.rpartition(".")[2]
        columns = {called: RawColumn(lambda: keys), **table.columns}
        refused = {name: why for name, why in table.refused.items() if name not in columns}
        return replace(table, rows=len(keys), ids=lambda: keys, columns=columns, refused=refused)
    shared = [n for n in probes[0].table.names if all(n in p.table.names for p in probes)]
    sizes = [len(probe.keys) for probe in probes]

    def stacked(column: str) -> Any:
        return lambda: np.concatenate([probe.table.plain(column) for probe in probes])

    columns = {name: RawColumn(stacked(name)) for name in shared}
    columns["array"] = RawColumn(lambda: np.repeat(names, sizes))
    return RawTable("units", sum(sizes), columns)
