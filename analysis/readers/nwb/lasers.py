"""Lasers that a file holds beside the table of trials: a mapping may not pass them over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.readers.nwb.file import column, interval_tables, plain_values
from errorneurons.analysis.readers.nwb.when import Times, touched
from errorneurons.analysis.session.contract import DoorError

LASER = re.compile(
    "opto|laser|(^|_)ogen|photo(stim|inhib|act)|silenc|inactivat|perturb", re.IGNORECASE
)
"""What the name of a table of laser epochs has in it."""
DARK = 0.01
"""Power below this share of the largest is no light."""


def check_lasers(
    file: Any,
    trials: Any,
    windows: Times,
    manipulated: npt.NDArray[np.bool_],
    ignored: tuple[str, ...],
) -> None:
    """Refuse laser light in trials in which the mapping knows of none.

    Parameters
    ----------
    file
        The open `pynwb.NWBFile`.
    trials
        Its table of trials.
    windows
        From when to when each trial is cut out [s], (trial, 2).
    manipulated
        Which trials are manipulated, as the mapping says, (trial,).
    ignored
        Names of what the mapping knowingly leaves out.

    Raises
    ------
    DoorError
        Naming the table or series, and in how many trials.
    """
    for name, epochs in _epochs(file, trials):
        lit = touched(epochs, windows)[:, 0] & ~manipulated
        if name not in ignored and lit.any():
            raise DoorError(
                f"`{name}` has light in {lit.sum()} of {len(lit)} trials that the mapping says "
                "nothing is done in; map `manipulation` and its columns under [trial], leave the "
                f'trials out with keep_trials, or say ignored = ["{name}"]'
            )


def check_laser_columns(trials: Any, used: set[str], ignored: tuple[str, ...]) -> None:
    """Refuse columns of the trials that tell of a laser, where the mapping knows of none.

    Parameters
    ----------
    trials
        The table of trials.
    used
        Columns that the mapping reads or keeps trials by.
    ignored
        Names of what the mapping knowingly leaves out.

    Raises
    ------
    DoorError
        Naming the column.
    """
    for name in trials.colnames:
        if LASER.search(name) and name not in used and name not in ignored:
            values = plain_values(trials[name])
            if values is not None and len(np.unique(values)) > 1:
                raise DoorError(
                    f"column `{name}` of the trials seems to tell of a laser, and the mapping says "
                    "nothing of a manipulation; map `manipulation` under [trial], choose trials by "
                    f'keep_trials, or say ignored = ["{name}"]'
                )


def _epochs(file: Any, trials: Any) -> Iterator[tuple[str, Times]]:
    """Yield what may be laser epochs, by name: intervals (epoch, 2) [s]."""
    modules = file.processing.values()
    inside = {n: t for module in modules for n, t in module.data_interfaces.items()}
    tables = {**interval_tables(file), **inside}
    for name, table in tables.items():
        is_table = getattr(table, "neurodata_type", "") == "TimeIntervals"
        if is_table and table is not trials and LASER.search(name):
            ends = [column(table, end).astype(float) for end in ("start_time", "stop_time")]
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
