"""What a recording is and holds, whatever can be tested on it: cells, trials, rates, contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.activity import activity, mean_rate
from errorneurons.analysis.measures.energies import Factors, trials
from errorneurons.analysis.measures.labelling import FOLD
from errorneurons.analysis.measures.windows import bin_width
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.judging.whom import who_was_recorded
from errorneurons.predictions.words import counted, listed, number

_KINDS = 12
"""So many kinds of trials are listed one by one."""
_LINES = 4
"""So many conditions are told apart in a picture."""
_NOT_KINDS = {"trial_start", "stimulus"}

_CONTRASTS: tuple[tuple[str, Factors, Factors], ...] = (
    ("unexpected and expected outcomes", {"outcome": "unexpected"}, {"outcome": "expected"}),
    ("outcomes that teach and that do not", {"teaching": True}, {"teaching": False}),
    ("novel and trained stimuli", {"familiarity": "novel"}, {"familiarity": "trained"}),
    ("before and after learning", {"phase": "before"}, {"phase": "after"}),
    ("cells silenced and left alone", {"manipulation": "silence"}, {"manipulation": "none"}),
    ("cells driven and left alone", {"manipulation": "drive"}, {"manipulation": "none"}),
)


@dataclass(frozen=True)
class AreaHeld:
    """The units of an area: how many of each role, and the activity of the middle 80 %."""

    name: str
    level: float
    units: Mapping[str, int]
    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Holdings:
    """What a recording is and holds.

    Attributes
    ----------
    facts
        Sentences.
    areas
        Its areas, lowest first.
    roles
        The roles of its units.
    units
        Of its activity.
    columns, kinds
        What tells trials apart; and of each kind what they are, how many, and their mean activity.
    more
        How many kinds of trials are not listed.
    picture
        Activity by condition, role and area, see `Report.activity`; None where there is no time.
    """

    facts: tuple[str, ...]
    areas: tuple[AreaHeld, ...]
    roles: tuple[str, ...]
    units: str
    columns: tuple[str, ...]
    kinds: tuple[tuple[str, ...], ...]
    more: int
    picture: xr.Dataset | None


def holdings(sessions: Sequence[xr.Dataset]) -> Holdings:
    """Return what a recording is and holds.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    """
    whole = _once_each(sessions)
    units, means = _units_of(whole), [_means(session) for session in whole]
    units["mean"] = np.concatenate([of_units for _, of_units in means])
    kept = units.drop_duplicates(["animal", "unit_id"])
    columns, kinds, alike = _kinds(whole, [of_trials for of_trials, _ in means])
    return Holdings(
        (*_facts(whole, kept), *alike, *_contrasts(whole), *_localised(sessions)),
        tuple(_areas(kept)),
        tuple(sorted(set(kept["role"]))),
        str(whole[0]["rate"].attrs.get("units", "")),
        columns,
        kinds[:_KINDS],
        max(0, len(kinds) - _KINDS),
        _picture(whole),
    )


def _once_each(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return each session once that is cross-fitted in folds."""
    seen = {(str(s.attrs["animal"]), _name(s)): s for s in reversed(sessions)}
    return list(reversed(seen.values()))


def _name(session: xr.Dataset) -> str:
    return str(session.attrs["session_id"]).split(FOLD)[0]


def _units_of(sessions: Sequence[xr.Dataset]) -> pd.DataFrame:
    columns = ("unit_id", "area", "level", "role")
    tables = [
        pd.DataFrame({c: s.variables[c].values for c in columns}).assign(
            animal=str(s.attrs["animal"])
        )
        for s in sessions
    ]
    return pd.concat(tables, ignore_index=True).astype({"area": str, "role": str})


def _means(session: xr.Dataset) -> tuple[Floats, Floats]:
    """Return the mean activity of each trial and of each unit, trial by trial for memory's sake."""
    rate = session.variables["rate"].values
    total, count = np.zeros(rate.shape[2]), np.zeros(rate.shape[2])
    of_trials = np.full(len(rate), np.nan)
    for k, trial in enumerate(rate):
        there = np.isfinite(trial)
        sums, counts = np.where(there, trial, 0.0).sum(axis=0), there.sum(axis=0)
        total, count = total + sums, count + counts
        if counts.any():
            of_trials[k] = sums.sum() / counts.sum()
    return of_trials, np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _facts(sessions: Sequence[xr.Dataset], units: pd.DataFrame) -> list[str]:
    names = {str(s.attrs["animal"]) for s in sessions}
    noun = who_was_recorded(sessions)
    who = counted(len(names), noun) if noun else "Animals that are not told apart"
    named = {str(s.attrs.get("species", "")) for s in sessions}
    species = listed(sorted(name for name in named if "://" not in name))  # an address is no name
    who += f" ({species})" * bool(species)
    held = f"{counted(len(sessions), 'session')} and {counted(len(units), 'unit')}"
    count = counted(sum(s.sizes["trial"] for s in sessions), _row_noun(sessions))
    rate, time = sessions[0]["rate"], sessions[0].variables["time"].values
    width = bin_width(sessions[0])
    signal = "spikes" if rate.attrs.get("signal") == "spikes" else "activity"
    signal = f"{signal} [{rate.attrs.get('units', 'no units')}]"
    seen = f"{signal} in bins of {1000 * width:.3g} ms"
    if len(time) > 1:
        seen += f" from {number(float(time[0]) - width / 2)} to {number(time[-1] + width / 2)} s"
    return [f"{who}, {held}; {count} of {seen}."]


def _row_noun(sessions: Sequence[xr.Dataset]) -> str:
    """Return what a row of the activity is called."""
    levels = {str(s.attrs.get("level_of_data", "trial")) for s in sessions}
    return levels.pop() if levels in ({"mean"}, {"sample"}) else "trial"


def _kinds(
    sessions: Sequence[xr.Dataset], means: Sequence[Floats]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], list[str]]:
    """Return what tells trials apart, each kind with its counts, and what all have in common."""
    table = pd.concat([_told(s) for s in sessions], ignore_index=True)
    mean = np.concatenate(means)
    stimuli = table["stimulus"].nunique()
    names = [str(c) for c in table]
    varied = [c for c in names if c != "stimulus" and (table[c] != table[c].iloc[0]).any()]
    if not varied or (1 < stimuli <= _LINES):
        varied = ["stimulus", *varied]
    same = {c: table[c].iloc[0] for c in names if c not in (*varied, "stimulus", "session")}
    shown = [c for c in varied if c != "session"]
    said = [f"In all trials: {'; '.join(f'{_words(c)} {v}' for c, v in same.items())}."]
    if "stimulus" not in shown:
        said.append(f"There are {counted(stimuli, 'stimulus', 'stimuli')}.")
    if not shown:
        return (), (), said[1:] if not same else said
    rows = []
    for values, own in table.assign(mean=mean).groupby(shown, sort=False):
        of_sessions = f"{own['session'].nunique()} of {len(sessions)}"
        known = own["mean"].dropna()
        typical = number(float(known.mean())) if len(known) else "not recorded"
        rows.append((*map(str, values), f"{len(own):,}", of_sessions, typical))
    heads = (*(_words(c).capitalize() for c in shown), f"{_row_noun(sessions)}s".capitalize(),
             "Sessions", "Mean activity")  # fmt: skip
    return heads, tuple(rows), said if same else said[1:]


def _told(session: xr.Dataset) -> pd.DataFrame:
    """Return the columns that tell trials apart, in words."""
    columns = {
        str(name): _texts(column.values)
        for name, column in session.coords.items()
        if column.dims == ("trial",) and column.dtype.kind in "UTOb"
        if name == "stimulus" or name not in _NOT_KINDS
    }
    columns["session"] = np.full(
        session.sizes["trial"], f"{session.attrs['animal']} {_name(session)}"
    )
    return pd.DataFrame(columns).astype(str)


def _texts(values: np.typing.NDArray[np.generic]) -> np.typing.NDArray[np.str_]:
    if values.dtype.kind == "b":
        return np.where(values, "yes", "no")
    return values.astype(str)


def _words(column: str) -> str:
    return column.replace("_", " ")


def _contrasts(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Return which contrasts there are, each with two trials or more on either side."""
    found = []
    for name, *both in _CONTRASTS:
        count = sum(all(len(trials(s, factors)) >= 2 for factors in both) for s in sessions)
        if count:
            where = f" (in {count} of {len(sessions)} sessions)" * (len(sessions) > 1)
            found.append(f"{name}{where}")
    none = "It holds no contrast of conditions that a claim speaks of."
    return [f"It contrasts {listed(found)}." if found else none]


def _localised(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Return how many error cells a localiser found, and how reliably."""
    by = [s for s in sessions if "label_source" in s.coords]
    by = [s for s in by if (s["label_source"].values == "localiser").any()]
    if not by:
        return []
    counts = [int((s["role"].values == "error").sum()) for s in by]
    of = [s.sizes["unit"] for s in by]
    shares = [s["label_error"].values for s in by if "label_error" in s.coords]
    known = np.concatenate(shares) if shares else np.empty(0)
    known = known[np.isfinite(known)]
    false = f"; of them {known.mean():.0%} are false by chance" if len(known) else ""
    said = f"A localiser finds {min(counts)} to {max(counts)} error cells in a session"
    return [f"{said} of {min(of)} to {max(of)} units{false}."]


def _areas(units: pd.DataFrame) -> list[AreaHeld]:
    found = []
    for name, own in units.groupby("area"):
        known = own["mean"].dropna()
        low, middle, high = known.quantile([0.1, 0.5, 0.9]) if len(known) else [np.nan] * 3
        level = float(own["level"].iloc[0])
        roles = {str(role): int(n) for role, n in own["role"].value_counts().items()}
        found.append(AreaHeld(str(name), level, roles, float(middle), float(low), float(high)))
    return sorted(found, key=lambda a: (np.isnan(a.level), a.level, a.name))


def _picture(sessions: Sequence[xr.Dataset]) -> xr.Dataset | None:
    """Return activity in time of the contrast of outcomes, or else by stimulus, or of all."""
    alike = [s for s in sessions if s["time"].equals(sessions[0]["time"])]
    if alike[0].sizes["time"] < 2:
        return None
    picture = activity(alike, _shown(alike), mean_rate)
    return picture if np.isfinite(picture["mean"]).any() else None


def _shown(sessions: Sequence[xr.Dataset]) -> dict[str, Factors]:
    free: Factors = {"manipulation": "none"}
    if not all("manipulation" in s.coords for s in sessions):
        free = {}
    outcomes: dict[str, Factors] = {
        f"{o} outcome": {"outcome": o, **free} for o in ("expected", "unexpected")
    }
    if all(any(len(trials(s, own)) >= 2 for s in sessions) for own in outcomes.values()):
        return outcomes
    stimuli = sorted({str(x) for s in sessions for x in np.unique(s["stimulus"].values)})
    if 1 < len(stimuli) <= _LINES:
        return {name: {"stimulus": name, **free} for name in stimuli}
    return {"all trials": free}
