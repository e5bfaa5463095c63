"""Measures of one session: response patterns and their cross-validated energies.

A response is the mean of a window minus the mean of a baseline before the event, per unit,
stimulus and trial. The energy of a response pattern x is estimated without the trials' noise:

    E(x) = (|sum_t x_t|^2 - sum_t |x_t|^2) / (T (T - 1))

averaged over units and stimuli. It is unbiased, so it may be negative. The energy of a difference
of two conditions is the sum of both energies minus twice their inner product, and the overlap of
two conditions is the product of their means. Units, gain and baseline cancel in a ratio of two
energies of the same cells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

Array = npt.NDArray[np.float64]
Window = tuple[float, float]
Factors = Mapping[str, str | bool]


@dataclass(frozen=True)
class Effect:
    """The energies that one session gives to a claim.

    Attributes
    ----------
    numerator
        N, the cross-validated energy of the response in question.
    denominator
        M, the cross-validated energy it is compared with.
    false_label
        N_R, the same energy as N in the unlabelled cells: what falsely labelled cells add to N.
    """

    numerator: float
    denominator: float
    false_label: float = 0.0


@dataclass(frozen=True)
class Missing:
    """Why a session cannot answer.

    Attributes
    ----------
    what
        What is missing.
    remedy
        The nearest experiment that would answer.
    columns
        Trial columns that it lacks for that.
    """

    what: str
    remedy: str
    columns: tuple[str, ...] = ()


Trials = npt.NDArray[np.int64]
Cells = npt.NDArray[np.int64]
Response = dict[str, Array]
"""Stimulus -> responses of the trials with that stimulus, (trial, unit)."""


def trials(session: xr.Dataset, factors: Factors) -> npt.NDArray[np.int64]:
    """Return the numbers of the trials that have all `factors`; none if one was not recorded.

    Trials that served to label the units are never among them: they may not test what they chose.
    """
    chosen = np.ones(session.sizes["trial"], dtype=bool)
    if "localiser" in session.coords:
        chosen &= ~session.variables["localiser"].values
    for name, value in factors.items():
        if name not in session.coords:
            return np.array([], dtype=np.int64)
        chosen &= session.variables[name].values == value
    return np.flatnonzero(chosen)


def units(
    session: xr.Dataset, role: str, keep: Callable[[Array], npt.NDArray[np.bool_]] | None = None
) -> npt.NDArray[np.int64]:
    """Return the numbers of the units of a role, of all levels or of those that `keep` picks.

    ``"unlabelled"`` stands for every role but ``"error"``.
    """
    roles = session.variables["role"].values
    chosen = roles != "error" if role == "unlabelled" else roles == role
    if keep is not None:
        chosen = chosen & keep(session.variables["level"].values.astype(float))
    return np.flatnonzero(chosen)


def level_of(session: xr.Dataset, area: str) -> float:
    """Return the level of an area, NaN if it has no unit."""
    levels = session.variables["level"].values[session.variables["area"].values == area]
    return float(levels[0]) if len(levels) else float("nan")


def false_labels(session: xr.Dataset) -> tuple[float, float, float] | None:
    """Return the mean share of false labels over the error cells, and its interval.

    None if there are no error cells or the session does not say.
    """
    error = units(session, "error")
    if "label_error" not in session.coords:
        return None
    shares = session.variables["label_error"].values[error]
    if not np.isfinite(shares).any():
        return None
    value = float(np.nanmean(shares))
    attrs = session.variables["label_error"].attrs
    return value, attrs.get("low", value), attrs.get("high", value)


def responses(
    session: xr.Dataset,
    chosen: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int64],
    event: str,
    window: Window,
    baseline: Window,
) -> Response:
    """Return window mean minus baseline mean, by stimulus.

    Parameters
    ----------
    session
        One session.
    chosen, cells
        Numbers of the trials and of the units.
    event
        Trial column with the time that both windows are relative to [s].
    window, baseline
        From and to, relative to the event [s].

    Returns
    -------
    Response
        Stimulus -> (trial, unit). Trials with a NaN in either window are left out.
    """
    inside, before = window_means(session, chosen, cells, event, (window, baseline))
    difference = inside - before
    stimulus = session.variables["stimulus"].values[chosen]
    complete = np.isfinite(difference).all(axis=1)
    return {
        str(name): difference[complete & (stimulus == name)]
        for name in np.unique(stimulus[complete])
    }


def window_means(
    session: xr.Dataset, chosen: Trials, cells: Cells, event: str, windows: Sequence[Window]
) -> list[Array]:
    """Return the mean of each window relative to an event [s], (trial, unit); NaN at a gap.

    A bin belongs to a window if its centre does.
    """
    time = session.variables["time"].values
    # one contiguous read of the trials: files are lazy, and pointwise reads are slow
    rate = session.variables["rate"].values[chosen][..., cells].astype(float)
    onset = session.variables[event].values[chosen].astype(float)[:, None]
    return [
        _window_mean(rate, (time >= onset + a - 1e-9) & (time < onset + b - 1e-9))
        for a, b in windows
    ]


def _window_mean(rate: Array, inside: npt.NDArray[np.bool_]) -> Array:
    """Mean over the bins inside, (trial, unit); NaN where a window has no bin or a gap."""
    count = inside.sum(axis=1)[:, None]
    used = inside.any(axis=0)
    total = np.where(inside[:, used, None], rate[:, used], 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.where(count > 0, count, np.nan))


def energy(response: Response) -> float:
    """Return the cross-validated energy, averaged over units and stimuli; NaN without two trials.

    Examples
    --------
    >>> import numpy as np
    >>> energy({"a": np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])})
    2.5
    """
    energies = unit_energies(response)
    return float(energies.mean()) if len(energies) else float("nan")


def unit_energies(response: Response) -> Array:
    """Return the energy of each unit, averaged over stimuli with two trials or more, (unit,)."""
    values = [_energies(x) for x in response.values() if len(x) >= 2]
    return np.asarray(np.mean(values, axis=0)) if values else np.empty(0)


def _energies(x: Array) -> Array:
    """Energy of one pattern, x (trial, unit), in each unit."""
    t = len(x)
    return np.asarray((x.sum(axis=0) ** 2 - (x**2).sum(axis=0)) / (t * (t - 1)))


def overlap(first: Response, second: Response) -> float:
    """Return the product of the means of two sets of trials, averaged over units and stimuli.

    The two sets must share no trial. Stimuli that only one of them has are left out.
    """
    shared = [name for name in first if name in second and len(first[name]) and len(second[name])]
    values = [float((first[s].mean(axis=0) * second[s].mean(axis=0)).mean()) for s in shared]
    return float(np.mean(values)) if values else float("nan")


def energy_of_difference(first: Response, second: Response) -> float:
    """Return the energy of the difference of two conditions, over the stimuli that both have."""
    shared = [
        name for name in first if name in second and min(len(first[name]), len(second[name])) >= 2
    ]
    a, b = ({name: part[name] for name in shared} for part in (first, second))
    return energy(a) + energy(b) - 2 * overlap(a, b)


def overlap_of_contrasts(
    contrast: tuple[Response, Response], other: tuple[Response, Response]
) -> float:
    """Return the overlap of two contrasts of two conditions each: (a - b) with (c - d)."""
    (a, b), (c, d) = contrast, other
    return overlap(a, c) - overlap(a, d) - overlap(b, c) + overlap(b, d)


def tuning_energy(response: Response) -> float:
    """Return the energy of the tuning: the variance of the pattern over stimuli.

    It is half of the energy of the difference of two stimuli, averaged over all pairs.
    """
    names = [name for name, x in response.items() if len(x) >= 2]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    values = [energy_of_difference({"": response[a]}, {"": response[b]}) / 2 for a, b in pairs]
    return float(np.mean(values)) if values else float("nan")


def thinned(session: xr.Dataset, group: int, groups: int) -> xr.Dataset:
    """Return a session without every `groups`-th trial of each kind, counted from `group`.

    Trials are of one kind if all their text and yes-or-no columns agree.
    """
    columns = {
        str(name): session.variables[name].values
        for name in session.coords
        if session[name].dims == ("trial",) and session[name].dtype.kind in "UTOb"
    }
    kinds = pd.DataFrame(columns)
    number = kinds.groupby(list(columns), dropna=False).cumcount().to_numpy()
    return session.isel(trial=np.flatnonzero(number % groups != group))


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
