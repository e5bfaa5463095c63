"""What of a recording is not there, in words: why energies are no numbers, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once
from errorneurons.analysis.measures.energies import Missing
from errorneurons.analysis.measures.gaps import unrecorded

_Counts = tuple[int, int, int, int]
"""Trials that no unit has, trials, units that lack a trial, units."""


def why_no_number(session: xr.Dataset) -> Missing:
    """Return why a session that has all that a claim asks for gives no energies."""
    lost = _in_words(_counts(session))
    if not lost:
        return Missing(
            "no stimulus has two trials in each of the conditions that are compared",
            "Record two trials or more of the same stimulus in each condition.",
        )
    return Missing(
        f"no cell is left with two trials of a stimulus in each condition: {lost}",
        "Record more trials without gaps.",
    )


def losses(sessions: Sequence[xr.Dataset]) -> str:
    """Return what of some sessions was not recorded, in words; empty if all was."""
    return _in_words(tuple(np.sum([_counts(session) for session in sessions], axis=0).tolist()))


def _counts(session: xr.Dataset) -> _Counts:
    return once(session, "unrecorded", lambda: _counted(session))


def _counted(session: xr.Dataset) -> _Counts:
    trials, units = unrecorded(session.variables["rate"].values)
    return int(trials.sum()), len(trials), int(units.sum()), len(units)


def _in_words(counts: _Counts) -> str:
    trials, of_trials, units, of_units = counts
    said = [f"{trials} of {of_trials} trials were not recorded"] if trials else []
    if units:
        said.append(f"{units} of {of_units} units were not recorded in some trials")
    return "; ".join(said)
