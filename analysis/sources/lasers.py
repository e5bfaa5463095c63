"""Lasers that a file holds beside the table of trials: a mapping may not pass them over."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import RawTable
from errorneurons.analysis.sources.when import Times, touched

LASER = re.compile(
    "opto|laser|(^|_)ogen|photo(stim|inhib|act)|silenc|inactivat|perturb", re.IGNORECASE
)
"""What the name of a table of laser epochs has in it."""
LIGHT_POWER = "laser_power"
"""Column of a table of epochs that were found in a series of laser power."""


def check_lasers(
    lights: Iterable[tuple[str, Times]],
    windows: Times,
    manipulated: npt.NDArray[np.bool_],
    ignored: tuple[str, ...],
) -> None:
    """Refuse laser light in trials in which the mapping knows of none.

    Parameters
    ----------
    lights
        What may be laser epochs, by name: intervals (epoch, 2) [s].
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
    for name, epochs in lights:
        lit = touched(epochs, windows)[:, 0] & ~manipulated
        if name not in ignored and lit.any():
            raise DoorError(
                f"`{name}` has light in {lit.sum()} of {len(lit)} trials that the mapping says "
                "nothing is done in; map `manipulation` and its columns under [trial], leave the "
                f'trials out with keep_trials, or say ignored = ["{name}"]'
            )


def check_laser_columns(trials: RawTable, used: set[str], ignored: tuple[str, ...]) -> None:
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
    for name in trials.names:
        if LASER.search(name) and name not in used and name not in ignored:
            values = trials.columns[name].read()
            if values is not None and len(np.unique(values)) > 1:
                raise DoorError(
                    f"column `{name}` of the trials seems to tell of a laser, and the mapping says "
                    "nothing of a manipulation; map `manipulation` under [trial], choose trials by "
                    f'keep_trials, or say ignored = ["{name}"]'
                )
