"""What changes from day to day: the error of the output, and responses to outcomes and stimuli."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Trials,
    Window,
    energy,
    responses,
    trials,
    units,
)
from errorneurons.analysis.statistics import Floats

_BEFORE: Window = (-0.1, 0.0)
AFTER_OUTCOME: Window = (0.0, 0.15)
"""Before synapses change, in experiments in which they change late in the outcome."""
AFTER_INPUT: Window = (0.2, 0.3)
_RULES = ("association", "decoder")
"""Columns that say what belongs together."""
QUANTITIES = {
    "miss": "error of the output",
    "outcome": "response to the outcome",
    "stimulus": "response to the stimulus",
}
"""Variables of `by_day`, with what they are."""

_Row = dict[str, str | int | float]


def by_day(sessions: Iterable[xr.Dataset], share: float = 0.9) -> xr.Dataset | None:
    """Return what changes from day to day, in trials with an expected outcome.

    On days of tests, these are the trials of what is learnt on other days, if there are any.

    Parameters
    ----------
    sessions
        Sessions of animals on days, each with the attribute ``day``; they are read once, one after
        the other.
    share
        The intervals hold this share of the animals.

    Returns
    -------
    Dataset or None
        None if no trial has an expected outcome. Dims (bound, role, day), bound being mean, low and
        high: ``miss``, the root of 1 - performance, which is the error of the output as a share of
        the outcome's size, the same for all roles; ``outcome`` and ``stimulus``, the sizes of
        responses [units of the rate], the signed roots of cross-validated energies, NaN without
        cells of the role or with less than two trials of any stimulus. Coordinates of the day:
        ``plastic``, whether learning was under way, and ``rule``, what was learnt.

    Raises
    ------
    ValueError
        If a session does not say its day.
    """
    rows: list[_Row] = []
    for session in sessions:
        if "day" not in session.attrs:
            raise ValueError("a session has no attribute `day`; give it the day of its recording")
        rows += _rows(session)
    if not rows:
        return None
    found = pd.DataFrame(rows)
    learnt = found["rule"].isin(found.loc[found["plastic"], "rule"])
    untaught = ~found["day"].isin(found.loc[learnt, "day"])
    found = found[learnt | untaught]
    roles, first = sorted(found["role"].unique()), found.groupby("day").first()
    dims = ("bound", "role", "day")
    return xr.Dataset(
        {name: (dims, _bounds(found, name, share)) for name in QUANTITIES},
        {
            "bound": ["mean", "low", "high"], "role": roles, "day": first.index.to_numpy(),
            "plastic": ("day", first["plastic"].to_numpy(dtype=bool)),
            "rule": ("day", first["rule"].to_numpy(dtype=str)),
        },
        {"units": found["units"].iloc[0]},
    )  # fmt: skip


def _rows(session: xr.Dataset) -> Iterator[_Row]:
    """Yield one row a rule and role: the squares of what is shown, which are without bias."""
    of_all: _Row = {
        "day": int(session.attrs["day"]),
        "units": str(session["rate"].attrs.get("units", "a.u.")),
        "plastic": _learning(session),
    }
    for rule, chosen in _rules(session).items():
        missed = float(np.nanmean(1 - session["performance"].values[chosen]))
        for role in np.unique(session["role"].values):
            yield {
                **of_all, "rule": rule, "role": str(role), "miss": missed,
                "outcome": _energy(session, chosen, role, "outcome_onset", AFTER_OUTCOME),
                "stimulus": _energy(session, chosen, role, "input_onset", AFTER_INPUT),
            }  # fmt: skip


def _energy(session: xr.Dataset, chosen: Trials, role: str, event: str, window: Window) -> float:
    cells = units(session, role)
    return energy(responses(session, chosen, cells, event, window, _BEFORE))


def _bounds(found: pd.DataFrame, name: str, share: float) -> Floats:
    """Return the signed roots of mean, low and high over animals, (bound, role, day)."""
    groups = found.groupby(["role", "day"])[name]
    parts = (groups.mean(), groups.quantile((1 - share) / 2), groups.quantile((1 + share) / 2))
    roles, days = (sorted(found[column].unique()) for column in ("role", "day"))
    every = pd.MultiIndex.from_product([roles, days])
    shape = (len(parts), len(roles), len(days))
    square = np.stack([part.reindex(every).to_numpy() for part in parts]).reshape(shape)
    return np.asarray(np.sign(square) * np.sqrt(np.abs(square)))


def _learning(session: xr.Dataset) -> bool:
    return "phase" in session.coords and bool((session["phase"].values == "during").all())


def _rules(session: xr.Dataset) -> dict[str, Trials]:
    """Return the trials with an expected outcome, by what belongs together in them."""
    chosen = trials(session, {"outcome": "expected"})
    columns = [session[name].values[chosen] for name in _RULES if name in session.coords]
    names = np.array(
        [", ".join(str(x) for x in row if x != "none") for row in zip(*columns, strict=True)]
        if columns else [""] * len(chosen)
    )  # fmt: skip
    return {str(name): chosen[names == name] for name in np.unique(names)}
