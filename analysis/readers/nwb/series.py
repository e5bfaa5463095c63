"""Series of an NWB file that are events: what was presented when, and what was noted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from errorneurons.analysis.sources.recording import RawColumn, RawTable, RawValues

_CALLED = {"IndexSeries": "image", "AnnotationSeries": "annotation"}
"""Type of a series -> what its values are."""
_LIGHT = "OptogeneticSeries"
_MOST = 10**6
"""A longer series is no list of events."""


def event_series(file: Any) -> dict[str, RawTable]:
    """Return series of single values with times of their own as tables, by name.

    Images and other stimuli that were presented, notes, and behavioural events.
    """
    return {name: made for name, series in _series(file) if (made := _table(name, series))}


def _series(file: Any) -> Iterator[tuple[str, Any]]:
    inside = [*file.acquisition.items()]
    inside += [pair for m in file.processing.values() for pair in m.data_interfaces.items()]
    yield from file.stimulus.items()
    for name, held in inside:
        if held.neurodata_type == "AnnotationSeries":
            yield name, held
        elif held.neurodata_type == "BehavioralEvents":
            yield from held.time_series.items()


def _table(name: str, series: Any) -> RawTable | None:
    data, times = getattr(series, "data", None), getattr(series, "timestamps", None)
    if series.neurodata_type == _LIGHT or data is None or times is None:
        return None
    shape = np.shape(data)
    if len(shape) != 1 or np.shape(times) != shape or not 1 < shape[0] <= _MOST:
        return None
    called = _CALLED.get(series.neurodata_type, "value")
    columns = {
        "timestamp": RawColumn(partial(_read, times)),
        called: RawColumn(partial(_read, data), description=str(series.description)),
    }
    return RawTable(name, shape[0], columns)


def _read(stored: Any) -> RawValues:
    values = np.asarray(stored[:])
    if values.dtype.kind not in "OS":
        return values
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values], dtype=str)
