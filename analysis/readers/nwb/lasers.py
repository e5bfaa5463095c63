"""What of an NWB file may be laser light: tables of epochs, and series of its power."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from errorneurons.analysis.readers.nwb.file import interval_tables, plain_column
from errorneurons.analysis.sources.lasers import LASER
from errorneurons.analysis.sources.when import Times

DARK = 0.01
"""Power below this share of the largest is no light."""


def nwb_lights(file: Any, trials: str) -> Iterator[tuple[str, Times]]:
    """Yield what may be laser epochs, by name: intervals (epoch, 2) [s].

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    trials
        Name of its table of trials, which is none.
    """
    modules = file.processing.values()
    inside = {n: t for module in modules for n, t in module.data_interfaces.items()}
    tables = {**interval_tables(file), **inside}
    for name, table in tables.items():
        is_table = getattr(table, "neurodata_type", "") == "TimeIntervals"
        if is_table and name != trials and LASER.search(name):
            ends = [plain_column(table, end).astype(float) for end in ("start_time", "stop_time")]
            both = np.column_stack(ends)
            yield name, both[np.isfinite(both).all(axis=1)]
    for name, series in {**file.acquisition, **file.stimulus, **inside}.items():
        if getattr(series, "neurodata_type", "") == "OptogeneticSeries":
            yield name, _light(series)


def _light(series: Any) -> Times:
    """Return when a series of laser power is on, (epoch, 2) [s]."""
    power = np.abs(np.asarray(series.data[:], dtype=np.float64))
    power = np.nan_to_num(power.reshape(len(power), -1)).max(axis=1, initial=0.0)
    if series.timestamps is not None:
        times = np.asarray(series.timestamps[:], dtype=np.float64)
    else:
        times = (series.starting_time or 0.0) + np.arange(len(power)) / (series.rate or 1.0)
    on = power[: len(times)] > DARK * power.max(initial=0.0)
    change = np.diff(np.pad(on.astype(np.int8), 1))
    first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return np.column_stack([times[first], times[np.minimum(last, len(times) - 1)]])
