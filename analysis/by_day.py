"""What changes from day to day: the error of the output, and responses to outcomes and stimuli."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures import (
    Array,
    Trials,
    Window,
    energy,
    responses,
    trials,
    units,
)

BEFORE: Window = (-0.1, 0.0)
AFTER_OUTCOME: Window = (0.0, 0.15)
"""Before synapses change, in experiments in which they change late in the outcome."""
AFTER_INPUT: Window = (0.2, 0.3)
RULES = ("association", "decoder")
"""Columns that say what belongs together on a day."""
QUANTITIES = {
    "miss": "error of the output",
    "outcome": "response to the outcome",
    "stimulus": "response to the stimulus",
}
"""Variables of `by_day`, with what they are."""


def by_day(sessions: Sequence[xr.Dataset], share: float = 0.9) -> xr.Dataset:
    """Return what changes from day to day, in trials with an expected outcome.

    Parameters
    ----------
    sessions
        Sessions of animals on days, each with the attribute ``day``.
    share
        The intervals hold this share of the animals.

    Returns
    -------
    Dataset
        Dims (bound, role, day), bound being mean, low and high: ``miss``, the root of 1 -
        performance, which is the error of the output as a share of the outcome's size, the same
        for all roles; ``outcome`` and ``stimulus``, the sizes of responses [units of the rate], the
        signed roots of cross-validated energies, NaN without cells of the role or with less than
        two trials of any stimulus. Coordinates of the day: ``plastic``, whether learning was
        under way, and ``rule``, what was learnt.

    Raises
    ------
    ValueError
        If a session does not say its day.
    """
    if any("day" not in session.attrs for session in sessions):
        raise ValueError("a session has no attribute `day`; give each the day of its recording")
    roles = sorted({str(role) for s in sessions for role in np.unique(s["role"].values)})
    found = pd.DataFrame([row for session in sessions for row in _rows(session, roles)])
    days = sorted({int(session.attrs["day"]) for session in sessions})
    dims = ("bound", "role", "day")
    shown = {name: (dims, _bounds(found, name, roles, days, share)) for name in QUANTITIES}
    of_day = {int(session.attrs["day"]): session for session in reversed(sessions)}
    return xr.Dataset(
        shown,
        {
            "bound": ["mean", "low", "high"], "role": roles, "day": days,
            "plastic": ("day", [_learning(of_day[day]) for day in days]),
            "rule": ("day", [_rule(of_day[day]) for day in days]),
        },
        {"units": str(sessions[0]["rate"].attrs.get("units", "a.u."))},
    )  # fmt: skip


def _rows(session: xr.Dataset, roles: Sequence[str]) -> list[dict[str, str | int | float]]:
    """Return one row a role: the squares of what is shown, since these are without bias."""
    chosen = trials(session, {"outcome": "expected"})
    missed = float(np.nanmean(1 - session["performance"].values[chosen]))
    of_all = {"day": int(session.attrs["day"]), "miss": missed}
    return [
        {
            **of_all, "role": role,
            "outcome": _energy(session, chosen, role, "outcome_onset", AFTER_OUTCOME),
            "stimulus": _energy(session, chosen, role, "input_onset", AFTER_INPUT),
        }
        for role in roles
    ]  # fmt: skip


def _energy(session: xr.Dataset, chosen: Trials, role: str, event: str, window: Window) -> float:
    cells = units(session, role)
    if not len(cells):
        return float("nan")
    return energy(responses(session, chosen, cells, event, window, BEFORE))


def _bounds(
    found: pd.DataFrame, name: str, roles: Sequence[str], days: Sequence[int], share: float
) -> Array:
    """Return the signed roots of mean, low and high over animals, (bound, role, day)."""
    groups = found.groupby(["role", "day"])[name]
    parts = (groups.mean(), groups.quantile((1 - share) / 2), groups.quantile((1 + share) / 2))
    every = pd.MultiIndex.from_product([roles, days])
    shape = (len(parts), len(roles), len(days))
    square = np.stack([part.reindex(every).to_numpy() for part in parts]).reshape(shape)
    return np.asarray(np.sign(square) * np.sqrt(np.abs(square)))


def _learning(session: xr.Dataset) -> bool:
    return "phase" in session.coords and bool((session["phase"].values == "during").all())


def _rule(session: xr.Dataset) -> str:
    """Return what belongs together on a day, of the trials with an expected outcome."""
    chosen = trials(session, {"outcome": "expected"})
    names = [np.unique(session[c].values[chosen]) for c in RULES if c in session.coords]
    return ", ".join(" and ".join(name) for name in names if "none" not in name)
