"""Activity of sessions in time: the size of responses, or mean rates, by condition and area."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.energies import Cells, Factors, Trials, trials
from errorneurons.analysis.statistics import Floats

Groups = Sequence[Cells]
Curves = Callable[[xr.Dataset, Trials, Groups], Floats]
"""(session, trials, groups of cells) -> curves in time of each group, (curve, group, time)."""


def magnitude(session: xr.Dataset, chosen: Trials, groups: Groups) -> Floats:
    """Return the size of the response of groups of cells in time, as one curve (1, group, time).

    It is the square root, with its sign, of the cross-validated energy in each bin after the mean
    of the bins before the input is taken away. Cells that fire more for positive and cells that
    fire more for negative errors do not cancel in it, and noise does not add to it.
    """
    before = session.variables["time"].values < np.nanmin(
        session.variables["input_onset"].values[chosen]
    )
    stimulus = session.variables["stimulus"].values[chosen]
    rate = session.variables["rate"].values[chosen]
    each = [_energies(rate[stimulus == name], before) for name in np.unique(stimulus)]
    known = [energy for energy in each if energy is not None]
    if not known:
        return np.full((1, len(groups), rate.shape[1]), np.nan)
    energies = np.mean(known, axis=0)
    of_groups = np.stack([energies[:, cells].mean(axis=-1) for cells in groups])
    return np.asarray(np.sign(of_groups) * np.sqrt(np.abs(of_groups)))[None]


def magnitude_of_halves(session: xr.Dataset, chosen: Trials, groups: Groups) -> Floats:
    """Return `magnitude` of all trials, of the odd and of the even ones, (3, group, time)."""
    parts = (chosen, chosen[::2], chosen[1::2])
    return np.concatenate([magnitude(session, p, groups) for p in parts if len(p)])


def _energies(rate: npt.NDArray[np.floating], before: npt.NDArray[np.bool_]) -> Floats | None:
    """Return the cross-validated energy of one stimulus in each bin and cell, (time, unit).

    None with fewer than two trials.
    """
    count = len(rate)
    if count < 2:
        return None
    x = rate.astype(float)
    if before.any():
        x -= x[:, before].mean(axis=1, keepdims=True)
    cross = x.sum(axis=0) ** 2 - np.einsum("tbu,tbu->bu", x, x)
    return np.asarray(cross / (count * (count - 1)))


def mean_rate(session: xr.Dataset, chosen: Trials, groups: Groups) -> Floats:
    """Return the mean over the cells of each group in each trial, (trial, group, time)."""
    rate = session.variables["rate"].values[chosen]
    of_groups = [np.nanmean(rate[..., cells], axis=-1) for cells in groups]
    return np.asarray(np.stack(of_groups, axis=1), dtype=float)


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
    return activities(sessions, {"": conditions}, curves, share)[""]


def activities(
    sessions: Sequence[xr.Dataset],
    pictures: Mapping[str, Mapping[str, Factors]],
    curves: Curves = magnitude,
    share: float = 0.9,
) -> dict[str, xr.Dataset]:
    """Return several pictures of activity in time; conditions that they share are computed once.

    Parameters
    ----------
    sessions, curves, share
        As in `activity`.
    pictures
        Name -> the conditions that a picture shows, as in `activity`.

    Returns
    -------
    dict
        Name -> what `activity` returns.
    """
    roles = sorted({str(r) for s in sessions for r in s["role"].values})
    areas = _areas_by_level(sessions)
    lone = len(sessions) == 1
    curves = magnitude_of_halves if lone and curves is magnitude else curves
    shown = {_key(factors): factors for own in pictures.values() for factors in own.values()}
    found = {
        key: _condition(sessions, factors, [(r, a) for r in roles for a in areas], curves, share)
        for key, factors in shown.items()
    }
    name = "firing rate" if curves is mean_rate else "size of the response"
    units = str(sessions[0]["rate"].attrs.get("units", "a.u."))
    attrs = {"long_name": name, "units": units}
    dims = ("condition", "role", "area", "time")
    shape = (-1, len(roles), len(areas), sessions[0].sizes["time"])
    made = {}
    for picture, conditions in pictures.items():
        each = [found[_key(factors)] for factors in conditions.values()]
        mean, low, high = (np.stack([one[k] for one in each]).reshape(shape) for k in range(3))
        made[picture] = xr.Dataset(
            {"mean": (dims, mean, attrs), "low": (dims, low), "high": (dims, high)},
            {"condition": list(conditions), "role": roles, "area": areas,
             "time": sessions[0]["time"].values},
            {"units": units,
             "over": "trials" if lone else "sessions",
             "events": json.dumps(_events(sessions[0], conditions))},
        )  # fmt: skip
    return made


def _key(factors: Factors) -> tuple[tuple[str, str | bool], ...]:
    return tuple(sorted(factors.items()))


def _condition(
    sessions: Sequence[xr.Dataset],
    factors: Factors,
    places: Sequence[tuple[str, str]],
    curves: Curves,
    share: float,
) -> tuple[Floats, Floats, Floats]:
    """Return mean and interval of one condition at each (role, area), each (place, time)."""
    found: list[list[Floats]] = [[] for _ in places]
    for session in sessions:
        chosen = trials(session, factors)
        cells = [_cells(session, *place) for place in places]
        there = [k for k, group in enumerate(cells) if len(group)]
        if len(chosen) and there:
            seen = curves(session, chosen, [cells[k] for k in there])
            for k, of_group in zip(there, np.moveaxis(seen, 1, 0), strict=True):
                found[k].append(of_group)
    bands = np.full((3, len(places), sessions[0].sizes["time"]), np.nan)
    by_count: dict[int, list[int]] = {}
    for k, own in enumerate(found):
        by_count.setdefault(len(own), []).append(k)
    for count, same in by_count.items():
        if count == 1:
            for k in same:
                bands[:, k] = _of_one(found[k][0], curves)
        elif count:
            bands[:, same] = _over_sessions([found[k] for k in same], share)
    return bands[0], bands[1], bands[2]


def _cells(session: xr.Dataset, role: str, area: str) -> Cells:
    here = (session.variables["role"].values == role) & (session.variables["area"].values == area)
    return np.flatnonzero(here)


def _of_one(curves: Floats, kind: Curves) -> tuple[Floats, Floats, Floats]:
    """Return mean and interval of the curves of a single session."""
    if kind is magnitude_of_halves:
        return curves[0], curves.min(axis=0), curves.max(axis=0)
    mean = np.nanmean(curves, axis=0)
    reach = 2 * np.nanstd(curves, axis=0) / np.sqrt(max(1, len(curves) - 1))
    return mean, mean - reach, mean + reach


def _over_sessions(found: Sequence[Sequence[Floats]], share: float) -> Floats:
    """Return mean and interval over as many sessions at each place, (3, place, time)."""
    middle = np.array([[np.nanmean(curves, axis=0) for curves in own] for own in found])
    # a sort of all at once where nothing is missing; NaN has to be looked for line by line
    quantile = np.nanquantile if np.isnan(middle).any() else np.quantile
    low, high = quantile(middle, [(1 - share) / 2, (1 + share) / 2], axis=1)
    return np.stack([np.nanmean(middle, axis=1), low, high])


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
