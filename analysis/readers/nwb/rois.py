"""Responses of regions of interest (ROIs) in an NWB file, averaged in bins around each trial.

ROIs of several planes stand in several tables; here they become one table, like that of units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.mapping import did_you_mean
from errorneurons.analysis.readers.nwb.file import plain_values
from errorneurons.analysis.session.contract import DoorError

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Responses of some ROIs.

    Attributes
    ----------
    rows
        Rows of the ROIs in the table of all, (roi,).
    times
        When frames were taken [s], (frame,).
    data
        Responses, (frame, roi), not yet read.
    """

    rows: _Integers
    times: npt.NDArray[np.float64]
    data: Any


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


def containers(file: Any) -> dict[str, Any]:
    """Return what holds responses of ROIs, by name."""
    return {
        name: interface
        for module in file.processing.values()
        for name, interface in module.data_interfaces.items()
        if interface.neurodata_type in ("DfOverF", "Fluorescence") and interface.roi_response_series
    }


def rois_of(file: Any, name: str) -> Rois:
    """Return the ROIs whose responses a container holds.

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    name
        Name of the container, e.g. ``DfOverF``.

    Raises
    ------
    DoorError
        If there is no such container.
    """
    known = containers(file)
    if name not in known:
        hint = did_you_mean(name, tuple(known)) if known else "it holds no responses of ROIs"
        raise DoorError(f"the file has no responses of ROIs `{name}`; {hint}")
    every = list(known[name].roi_response_series.values())
    planes = list({id(s.rois.table): s.rois.table for s in every}.values())
    table, rank = _joined(planes)
    first = np.cumsum([0, *(len(plane) for plane in planes)])
    start = {id(plane): int(k) for plane, k in zip(planes, first, strict=False)}
    series = tuple(
        Series(rank[start[id(s.rois.table)] + np.asarray(s.rois.data[:])], _times(s), s.data)
        for s in every
    )
    ratio = known[name].neurodata_type == "DfOverF"
    return Rois(table, series, "dF/F" if ratio else "a.u.")


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
            values = [getattr(plane.imaging_plane, name) for plane in planes]
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


def _times(series: Any) -> npt.NDArray[np.float64]:
    """Return when each frame was taken [s]."""
    if series.timestamps is not None:
        return np.asarray(series.timestamps[:], dtype=np.float64)
    start = series.starting_time or 0.0
    times: npt.NDArray[np.float64] = start + np.arange(len(series.data)) / series.rate
    return times


def binned_responses(
    rois: Rois, rows: npt.NDArray[np.intp], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return the mean response of ROIs in each bin, NaN in bins without a frame.

    Parameters
    ----------
    rois
        The ROIs.
    rows
        Rows of those that are read.
    edges
        Edges of the bins [s], (trial, bin + 1). A frame on an edge belongs to the later bin.

    Returns
    -------
    npt.NDArray[np.float32]
        (trial, bin, unit).

    Raises
    ------
    DoorError
        If the times of frames do not increase.
    """
    place = np.full(len(rois.table), -1)
    place[rows] = np.arange(len(rows))
    total = np.zeros((*edges[:, :-1].shape, len(rows)))
    count = np.zeros_like(total)
    for series in rois.series:
        read = place[series.rows] >= 0
        if not read.any():
            continue
        if (np.diff(series.times) < 0).any():
            raise DoorError("the times of frames go back; mend the clock of the recording")
        units = place[series.rows[read]]
        for trial, own in enumerate(edges):
            start, stop = np.searchsorted(series.times, own[[0, -1]])
            data = np.asarray(series.data[start:stop], dtype=np.float64)[:, read]
            where = np.searchsorted(own, series.times[start:stop], side="right") - 1
            for sums, values in ((total, np.nan_to_num(data)), (count, np.isfinite(data))):
                own_sums = np.zeros((len(own) - 1, len(units)))
                np.add.at(own_sums, where, values)
                sums[trial][:, units] += own_sums
    seen = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return seen.astype(np.float32)
