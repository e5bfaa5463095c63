"""Activity of sessions in time: the size of responses, or mean rates, by condition and area."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.energies import Array, Cells, Factors, Trials, trials

Curves = Callable[[xr.Dataset, Trials, Cells], Array]
"""(session, trials, cells) -> curves in time, (curve, time)."""


def magnitude(session: xr.Dataset, chosen: Trials, cells: Cells) -> Array:
    """Return the size of the response in time, as one curve (1, time).

    It is the square root, with its sign, of the cross-validated energy in each bin after the mean
    of the bins before the input is taken away. Cells that fire more for positive and cells that
    fire more for negative errors do not cancel in it, and noise does not add to it.
    """
    rate = session.variables["rate"].values[chosen][..., cells].astype(float)
    before = session.variables["time"].values < np.nanmin(
        session.variables["input_onset"].values[chosen]
    )
    if before.any():
        rate = rate - rate[:, before].mean(axis=1, keepdims=True)
    energies = _energy_in_time(rate, session.variables["stimulus"].values[chosen])
    return np.asarray(np.sign(energies) * np.sqrt(np.abs(energies)))[None]


def magnitude_of_halves(session: xr.Dataset, chosen: Trials, cells: Cells) -> Array:
    """Return `magnitude` of all trials, of the odd and of the even ones, (3, time)."""
    parts = (chosen, chosen[::2], chosen[1::2])
    return np.concatenate([magnitude(session, p, cells) for p in parts if len(p)])


def _energy_in_time(rate: Array, stimulus: npt.NDArray[np.str_]) -> Array:
    """Return the cross-validated energy in each bin, averaged over cells and stimuli."""
    energies = []
    for name in np.unique(stimulus):
        x = rate[stimulus == name]
        if len(x) > 1:
            cross = x.sum(axis=0) ** 2 - (x**2).sum(axis=0)
            energies.append(cross.mean(axis=-1) / (len(x) * (len(x) - 1)))
    return np.asarray(np.mean(energies, axis=0)) if energies else np.full(rate.shape[1], np.nan)


def mean_rate(session: xr.Dataset, chosen: Trials, cells: Cells) -> Array:
    """Return the mean over cells of each trial, (trial, time)."""
    return np.asarray(
        np.nanmean(session.variables["rate"].values[chosen][..., cells], axis=-1), dtype=float
    )


def activity(
    sessions: Sequence[xr.Dataset],
    conditions: Mapping[str, Factors],
    curves: Curves = magnitude,
    share: float = 0.9,
) -> xr.Dataset:
    """Return the activity in time, by condition, role and area.

    Parameters
    ----------
    sessions
        Sessions on one time axis.
    conditions
        Label -> trial factors.
    curves
        `magnitude` of responses, or `mean_rate`.
    share
        The interval holds this share of the sessions; with a single session it is the mean +- 2
        standard errors over trials for `mean_rate`, and the two halves of the trials for
        `magnitude`.

    Returns
    -------
    Dataset
        ``mean``, ``low`` and ``high`` of dims (condition, role, area, time); areas lowest first.
    """
    roles = sorted({str(r) for s in sessions for r in s["role"].values})
    areas = _areas_by_level(sessions)
    if len(sessions) == 1 and curves is magnitude:
        curves = magnitude_of_halves
    shape = (len(conditions), len(roles), len(areas), sessions[0].sizes["time"])
    mean, low, high = (np.full(shape, np.nan) for _ in range(3))
    for i, factors in enumerate(conditions.values()):
        chosen = [trials(s, factors) for s in sessions]
        for j, k in np.ndindex(len(roles), len(areas)):
            found = [
                curves(s, t, cells)
                for s, t in zip(sessions, chosen, strict=True)
                if len(t) and len(cells := _cells(s, roles[j], areas[k]))
            ]
            if found:
                mean[i, j, k], low[i, j, k], high[i, j, k] = _band(found, curves, share)
    dims = ("condition", "role", "area", "time")
    name = "firing rate" if curves is mean_rate else "size of the response"
    units = str(sessions[0]["rate"].attrs.get("units", "a.u."))
    attrs = {"long_name": name, "units": units}
    return xr.Dataset(
        {"mean": (dims, mean, attrs), "low": (dims, low), "high": (dims, high)},
        {"condition": list(conditions), "role": roles, "area": areas,
         "time": sessions[0]["time"].values},
        {"units": units,
         "over": "trials" if len(sessions) == 1 else "sessions",
         "events": json.dumps(_events(sessions[0], conditions))},
    )  # fmt: skip


def _cells(session: xr.Dataset, role: str, area: str) -> Cells:
    here = (session.variables["role"].values == role) & (session.variables["area"].values == area)
    return np.flatnonzero(here)


def _band(found: list[Array], curves: Curves, share: float) -> tuple[Array, Array, Array]:
    """Return mean and interval of the curves of each session."""
    if curves is magnitude_of_halves:
        return found[0][0], found[0].min(axis=0), found[0].max(axis=0)
    if len(found) == 1:
        mean = np.nanmean(found[0], axis=0)
        reach = 2 * np.nanstd(found[0], axis=0) / np.sqrt(max(1, len(found[0]) - 1))
        return mean, mean - reach, mean + reach
    middle = np.stack([np.nanmean(c, axis=0) for c in found])
    low, high = np.nanquantile(middle, [(1 - share) / 2, (1 + share) / 2], axis=0)
    return np.asarray(np.nanmean(middle, axis=0)), low, high


def _events(session: xr.Dataset, conditions: Mapping[str, Factors]) -> dict[str, float]:
    """Name -> time of what happens in the trials of any of the conditions [s]."""
    chosen = np.unique(np.concatenate([trials(session, f) for f in conditions.values()]))
    names = {
        "input": "input_onset",
        "outcome": "outcome_onset",
        "laser on": "manipulation_onset",
        "laser off": "manipulation_offset",
    }
    times = {k: session[v].values[chosen] for k, v in names.items() if v in session.coords}
    return {k: float(np.nanmedian(t)) for k, t in times.items() if np.isfinite(t).any()}


def _areas_by_level(sessions: Sequence[xr.Dataset]) -> list[str]:
    levels = {
        str(a): float(v)
        for s in sessions
        for a, v in zip(s["area"].values, s["level"].values, strict=True)
    }
    return sorted(levels, key=lambda a: (np.isnan(levels[a]), levels[a], a))
