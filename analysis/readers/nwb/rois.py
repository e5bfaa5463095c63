"""Responses of regions of interest (ROIs) in an NWB file, averaged in bins around each trial.

ROIs of several planes stand in several tables; here they become one table, like that of units.
Several series of the same ROIs, as raw and neuropil traces are, are never read together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.readers.nwb.file import plain_values
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.traces import PERCENT, Series, checked_frames, steady_frames

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rois:
    """The ROIs of a container of responses, whatever plane they lie in.

    Attributes
    ----------
    table
        One row a ROI, with the columns that all planes have, and ``location``, ``indicator`` and
        ``imaging_rate`` of its plane.
    series
        The responses.
    units
        Their units in words of the contract.
    """

    table: Any
    series: tuple[Series, ...]
    units: str


def readable(file: Any) -> tuple[str, ...]:
    """Return what responses of ROIs may be read by name, dF/F first.

    It is the name of a container, or ``container/series`` where it holds several of the same ROIs.
    """
    names = []
    for name, container in _containers(file).items():
        every = list(container.roi_response_series.values())
        alone = [f"{name}/{series.name}" for series in every]
        names += alone if _rivals(every) else [name]
    return tuple(sorted(names, key=_liking))


def _liking(name: str) -> tuple[bool, bool, bool]:
    """Return what sorts dF/F before other responses, and those of the surround to the end."""
    text = name.lower().replace("/", "").replace("_", "")
    ratio = "dff" in text or "dfoverf" in text or "deltaf" in text
    return not ratio, "neuropil" in text, "deconv" in text


def _containers(file: Any) -> dict[str, Any]:
    """Return what holds responses of ROIs, by name; with its module where a name stands twice."""
    found = [
        (module.name, name, interface)
        for module in file.processing.values()
        for name, interface in module.data_interfaces.items()
        if interface.neurodata_type in ("DfOverF", "Fluorescence") and interface.roi_response_series
    ]
    names = [name for _, name, _ in found]
    return {
        name if names.count(name) == 1 else f"{module} {name}": interface
        for module, name, interface in found
    }


def _rivals(every: Sequence[Any]) -> tuple[str, str] | None:
    """Return the names of two series that show the same ROI at the same time, None if none do."""
    for one, other in combinations(every, 2):
        if one.rois is None or other.rois is None or one.rois.table is not other.rois.table:
            continue
        shared = np.intersect1d(np.asarray(one.rois.data[:]), np.asarray(other.rois.data[:]))
        (start, stop), (begin, end) = _span(one), _span(other)
        if len(shared) and not (stop < begin or end < start):
            return one.name, other.name
    return None


def _span(series: Any) -> tuple[float, float]:
    """Return the times of the first and the last frame [s]."""
    if series.timestamps is not None:
        times = series.timestamps
        return (float(times[0]), float(times[-1])) if len(times) else (np.nan, np.nan)
    start = float(series.starting_time or 0.0)
    return start, start + len(series.data) / float(series.rate or np.nan)


def rois_of(file: Any, name: str) -> Rois:
    """Return the ROIs whose responses a container holds.

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    name
        Name of the container, e.g. ``DfOverF``, or of one of its series, ``Fluorescence/raw``, or
        how those of several planes begin, ``Fluorescence/Deconvolved*``.

    Raises
    ------
    DoorError
        If there is no such container, several of its series show the same ROIs, or one is damaged.
    """
    known = _containers(file)
    holder, _, one = (name, "", "") if name in known else name.rpartition("/")
    if holder not in known:
        names = readable(file)
        hint = did_you_mean(name, names) if names else "it holds no responses of ROIs"
        raise DoorError(f"the file has no responses of ROIs `{name}`; {hint}")
    every = list(known[holder].roi_response_series.values())
    if one:
        begin = one.removesuffix("*")
        every = [s for s in every if s.name == one or (begin != one and s.name.startswith(begin))]
        if not every:
            names = tuple(known[holder].roi_response_series)
            raise DoorError(f"`{holder}` holds no series `{one}`; {did_you_mean(one, names)}")
    if rivals := _rivals(every):
        best = min((series.name for series in every), key=_liking)
        raise DoorError(
            f"`{holder}` holds several series of the same ROIs, {rivals[0]!r} and {rivals[1]!r}, "
            f'which are not to be averaged; name one: rois = "{holder}/{best}"'
        )
    if any(series.rois is None or series.rois.table is None for series in every):
        raise DoorError(f"the series of `{holder}` do not say which ROIs they show; mend `rois`")
    planes = list({id(s.rois.table): s.rois.table for s in every}.values())
    table, rank = _joined(planes)
    first = np.cumsum([0, *(len(plane) for plane in planes)])
    start = {id(plane): int(k) for plane, k in zip(planes, first, strict=False)}
    series = tuple(_series(s, rank[start[id(s.rois.table)] :]) for s in every)
    return Rois(table, series, _units(known[holder].neurodata_type, every))


def _units(kind: str, every: Sequence[Any]) -> str:
    """Return the units of some series in words of the contract."""
    found = {
        "dF/F" if kind == "DfOverF" or _unit(s) in (*PERCENT, "df/f", "dff") else "a.u."
        for s in every
    }
    if len(found) > 1:
        raise DoorError(
            "some series of ROIs are in dF/F and some are not; name one, rois = "
            f'"container/{every[0].name}"'
        )
    return found.pop()


def _unit(series: Any) -> str:
    return str(series.unit).strip().lower()


def _series(series: Any, rank: _Integers) -> Series:
    """Return a series, its ROIs by their rows in the table of all; refuse what is damaged."""
    where = f"the series of ROIs `{series.name}`"
    rows = np.asarray(series.rois.data[:], dtype=np.int64)
    if len(np.unique(rows)) < len(rows) or ((rows < 0) | (rows >= len(series.rois.table))).any():
        raise DoorError(
            f"{where} names rows of ROIs that are negative, beyond the table of "
            f"{len(series.rois.table)} ROIs, or stand twice; mend its `rois`"
        )
    shape = tuple(series.data.shape)
    if len(shape) > 2 or (shape[1] if len(shape) == 2 else 1) != len(rows):
        mend = "it stands ROI x time, transpose it" if shape[0] == len(rows) else "mend either"
        raise DoorError(
            f"{where} has shape {shape} but {len(rows)} ROIs, and must be (frame, ROI); {mend}"
        )
    hundredth = 0.01 if _unit(series) in PERCENT else 1.0
    conversion, offset = (float(x) for x in (series.conversion, series.offset or 0.0))
    if not (np.isfinite([conversion, offset]).all() and conversion):
        raise DoorError(f"{where} has conversion {conversion:g} and offset {offset:g}; mend them")
    return Series(
        rank[rows], _times(series, where), series.data, conversion * hundredth, offset * hundredth
    )


def _joined(planes: list[Any]) -> tuple[Any, _Integers]:
    """Return the ROIs of several planes as one table in the order of their ids, and their rows."""
    from hdmf.common import DynamicTable, ElementIdentifiers, VectorData

    ids = np.concatenate([np.asarray(plane.id[:]) for plane in planes])
    if len(np.unique(ids)) < len(ids):
        ids = np.arange(len(ids))  # every plane counts from 0
    order = np.argsort(ids)
    columns = []
    for name in (n for n in planes[0].colnames if all(n in plane.colnames for plane in planes)):
        parts = [plain_values(plane[name]) for plane in planes]
        if all(part is not None for part in parts):
            text = str(planes[0][name].description)
            columns.append((name, text, np.concatenate([p for p in parts if p is not None])))
    for name in ("location", "indicator", "imaging_rate"):
        if name not in planes[0].colnames:
            empty = np.nan if name == "imaging_rate" else ""
            values = [getattr(plane.imaging_plane, name) or empty for plane in planes]
            sizes = [len(plane) for plane in planes]
            columns.append((name, f"{name} of the imaging plane", np.repeat(values, sizes)))
    vectors = [VectorData(name=n, description=d, data=v[order]) for n, d, v in columns]
    table = DynamicTable(
        name="rois",
        description="ROIs of all planes",
        columns=vectors,
        id=ElementIdentifiers(name="id", data=ids[order]),
    )
    return table, np.argsort(order)


def _times(series: Any, where: str) -> npt.NDArray[np.float64]:
    """Return when each frame was taken [s]."""
    frames = len(series.data)
    if series.timestamps is None:
        rate, start = float(series.rate or 0.0), float(series.starting_time or 0.0)
        return steady_frames(rate, start, frames, where)
    return checked_frames(np.asarray(series.timestamps[:], dtype=np.float64), frames, where)
