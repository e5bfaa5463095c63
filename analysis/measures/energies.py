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

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.statistics import Floats

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
Response = dict[str, Floats]
"""Stimulus -> responses of the trials with that stimulus, (trial, unit)."""


_Found = TypeVar("_Found")
_KNOWN: ContextVar[Mapping[int, dict[Hashable, object]] | None] = ContextVar("known", default=None)


@contextmanager
def asked_often(sessions: Sequence[xr.Dataset]) -> Iterator[None]:
    """Keep, while the block lasts, which trials and responses the claims ask sessions for.

    Several claims ask for the same. The sessions must not change meanwhile.
    """
    token = _KNOWN.set({id(session): {} for session in sessions})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def _once(session: xr.Dataset, key: Hashable, found: Callable[[], _Found]) -> _Found:
    """Return what is found, or what was found before where sessions are `asked_often`."""
    known = (_KNOWN.get() or {}).get(id(session))
    if known is None:
        return found()
    if key not in known:
        known[key] = found()
    return known[key]  # type: ignore[return-value]


def trials(session: xr.Dataset, factors: Factors) -> npt.NDArray[np.int64]:
    """Return the numbers of the trials that have all `factors`; none if one was not recorded.

    Trials that served to label the units are never among them: they may not test what they chose.
    """
    return _once(session, tuple(sorted(factors.items())), lambda: _trials(session, factors))


def _trials(session: xr.Dataset, factors: Factors) -> npt.NDArray[np.int64]:
    chosen = np.ones(session.sizes["trial"], dtype=bool)
    if "localiser" in session.coords:
        chosen &= ~session.variables["localiser"].values
    for name, value in factors.items():
        if name not in session.coords:
            return np.array([], dtype=np.int64)
        chosen &= session.variables[name].values == value
    return np.flatnonzero(chosen)


def units(
    session: xr.Dataset, role: str, keep: Callable[[Floats], npt.NDArray[np.bool_]] | None = None
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
    key = (chosen.tobytes(), event, window, baseline)
    difference, stimuli = _once(
        session, key, lambda: _differences(session, chosen, event, window, baseline)
    )
    own = difference[:, cells]
    complete = np.asarray(np.isfinite(own).all(axis=1))
    if not complete.all():
        stimuli = {name: rows[complete[rows]] for name, rows in stimuli.items()}
    return {name: own[rows] for name, rows in stimuli.items() if len(rows)}


def _differences(
    session: xr.Dataset, chosen: Trials, event: str, window: Window, baseline: Window
) -> tuple[Floats, dict[str, Trials]]:
    """Return window minus baseline of all units, (trial, unit), and the rows of each stimulus."""
    every = np.arange(session.sizes["unit"])
    inside, before = window_means(session, chosen, every, event, (window, baseline))
    names, numbers = np.unique(session.variables["stimulus"].values[chosen], return_inverse=True)
    rows = {str(name): np.flatnonzero(numbers == k) for k, name in enumerate(names)}
    return inside - before, rows


def window_means(
    session: xr.Dataset, chosen: Trials, cells: Cells, event: str, windows: Sequence[Window]
) -> list[Floats]:
    """Return the mean of each window relative to an event [s], (trial, unit); NaN at a gap.

    A bin belongs to a window if its centre does.
    """
    time = session.variables["time"].values
    # one contiguous read of the trials: files are lazy, and pointwise reads are slow
    rate = session.variables["rate"].values
    onset = session.variables[event].values[chosen].astype(float)[:, None]
    found = []
    for a, b in windows:
        inside = (time >= onset + a - 1e-9) & (time < onset + b - 1e-9)
        used = np.flatnonzero(inside.any(axis=0))
        shown = rate[np.ix_(chosen, used, cells)].astype(float)
        found.append(_window_mean(shown, inside[:, used]))
    return found


def _window_mean(rate: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Mean over the bins inside, (trial, unit); NaN where a window has no bin or a gap."""
    count = inside.sum(axis=1)[:, None]
    total = (rate if inside.all() else np.where(inside[..., None], rate, 0.0)).sum(axis=1)
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


def unit_energies(response: Response) -> Floats:
    """Return the energy of each unit, averaged over stimuli with two trials or more, (unit,)."""
    values = [_energies(x) for x in response.values() if len(x) >= 2]
    return np.asarray(np.add.reduce(values) / len(values)) if values else np.empty(0)


def _energies(x: Floats) -> Floats:
    """Energy of one pattern, x (trial, unit), in each unit."""
    t, total = len(x), np.add.reduce
    return np.asarray((total(x) ** 2 - total(x * x)) / (t * (t - 1)))


def _mean(x: Floats) -> Floats:
    """Mean along the first axis; `x.mean` takes longer to find out what it is asked for."""
    return np.asarray(np.add.reduce(x) / len(x))


def overlap(first: Response, second: Response) -> float:
    """Return the product of the means of two sets of trials, averaged over units and stimuli.

    The two sets must share no trial. Stimuli that only one of them has are left out.
    """
    shared = [name for name in first if name in second and len(first[name]) and len(second[name])]
    values = [float(_mean(_mean(first[s]) * _mean(second[s]))) for s in shared]
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
