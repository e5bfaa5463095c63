"""What of an NWB file may be laser light: tables of epochs, and series of its power."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.readers.nwb.file import interval_tables, plain_column
from errorneurons.analysis.sources.lasers import LASER, LIGHT_POWER
from errorneurons.analysis.sources.recording import RawColumn, RawTable
from errorneurons.analysis.sources.when import Times

DARK = 0.01
"""Power below this share of the largest is no light."""
TRAIN = 0.25
"""Pulses that follow one another sooner than this [s] are one epoch, from the first to the last."""


def nwb_lights(file: Any, trials: str) -> Iterator[tuple[str, Times]]:
    """Yield what may be laser epochs, by name: intervals (epoch, 2) [s].

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    trials
        Name of its table of trials, which is none.
    """
    for name, table in {**interval_tables(file), **_inside(file)}.items():
        is_table = getattr(table, "neurodata_type", "") == "TimeIntervals"
        if is_table and name != trials and LASER.search(name):
            ends = [plain_column(table, end).astype(float) for end in ("start_time", "stop_time")]
            both = np.column_stack(ends)
            yield name, both[np.isfinite(both).all(axis=1)]
    for name, series in _powers(file).items():
        yield name, _light(series)[0]


def light_tables(file: Any) -> dict[str, RawTable]:
    """Return series of laser power as tables of epochs, by name.

    Columns are ``start_time``, ``stop_time`` [s], ``laser_power``, the largest of the epoch in the
    unit of the series, and ``location``, that of the site. Pulses of a train are one epoch.

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    """
    return {name: _epochs_of(name, series) for name, series in _powers(file).items()}


def _powers(file: Any) -> dict[str, Any]:
    """Return the series of laser power of a file, by name."""
    held = {**file.acquisition, **file.stimulus, **_inside(file)}
    return {n: s for n, s in held.items() if s.neurodata_type == "OptogeneticSeries"}


def _inside(file: Any) -> dict[str, Any]:
    """Return what stands in the modules of a file, by name."""
    modules = file.processing.values()
    return {n: held for module in modules for n, held in module.data_interfaces.items()}


def _epochs_of(name: str, series: Any) -> RawTable:
    """Return a series of laser power as a table, a row an epoch."""
    pulses, power = _light(series)
    first = np.ones(len(pulses), dtype=np.bool_)
    first[1:] = pulses[1:, 0] - pulses[:-1, 1] > TRAIN
    starts = np.flatnonzero(first)
    last = np.append(starts[1:], len(pulses))[: len(starts)] - 1
    most = np.maximum.reduceat(power, starts) if len(starts) else power
    columns = {
        "start_time": pulses[starts, 0],
        "stop_time": pulses[last, 1],
        LIGHT_POWER: most,
        "location": np.full(len(starts), str(series.site.location)),
    }
    return RawTable(
        name, len(starts), {k: RawColumn(partial(np.asarray, v)) for k, v in columns.items()}
    )


def _light(series: Any) -> tuple[Times, npt.NDArray[np.float64]]:
    """Return when a series of laser power is on, (pulse, 2) [s], and the most power of each."""
    power = np.abs(np.asarray(series.data[:], dtype=np.float64))
    power = np.nan_to_num(power.reshape(len(power), -1)).max(axis=1, initial=0.0)
    if series.timestamps is not None:
        times = np.asarray(series.timestamps[:], dtype=np.float64)
    else:
        times = (series.starting_time or 0.0) + np.arange(len(power)) / (series.rate or 1.0)
    on = power[: len(times)] > DARK * power.max(initial=0.0)
    change = np.diff(np.pad(on.astype(np.int8), 1))
    first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    most = np.maximum.reduceat(power, first) if len(first) else np.empty(0)
    return np.column_stack([times[first], times[np.minimum(last, len(times) - 1)]]), most
