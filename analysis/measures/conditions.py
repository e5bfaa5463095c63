"""Raw activity of sessions by condition: which conditions there are, and their mean over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.activity import Curves, activities, magnitude
from errorneurons.analysis.measures.energies import Factors

SHARE = 0.9
"""Bands hold this share of the networks."""
ORDER = (
    "passive", "none", "trained", "expected", "novel", "unexpected", "representation", "error",
    "before input", "while settled", "during outcome", "local oddball", "global oddball",
    "local and global", "local", "global", "silence", "drive", "somata",
)  # fmt: skip
"""Texts in the order in which they are shown; others follow by the alphabet."""
WIDEST = 0.02
"""The size of a response is shown in bins as wide as this, where they can be joined [s]."""
MOST_LINES, MOST_PANELS = 7, 24
"""More lines in a panel, or more panels, cannot be told apart."""
_ALIKE = (
    "stimulus", "association", "teaching", "outcome_onset", "input_onset", "input_offset",
    "performance", "outcome_error", "manipulation_offset", "position",
)  # fmt: skip
"""Columns of trials that follow from others, are measured, or name what is averaged over."""
_CONTROL = {"manipulation": "none"}
_NOTHING = {
    "outcome": "no outcome", "manipulation": "not manipulated", "window": "no laser",
    "manipulated_role": "not manipulated", "manipulated_area": "not manipulated",
    "oddball": "no oddball",
}  # fmt: skip
"""What to write for ``none``."""
NUMBERS = {
    "outcome_size": "error size {:g}", "modulation_frequency": "{:g} Hz",
    "manipulated_cell": "cell {:g}", "manipulation_onset": "from {:g} s",
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """Conditions that are drawn together.

    Attributes
    ----------
    title
        What they have in common, in words.
    lines
        Label -> trial factors.
    controls
        Labels of those that are there to compare with.
    events
        Name -> time of what happens in all of them [s].
    windows
        Label -> onset and offset of what is done to cells [s].
    """

    title: str
    lines: Mapping[str, Factors]
    controls: tuple[str, ...]
    events: Mapping[str, float]
    windows: Mapping[str, tuple[float, float]]


def panels_of(
    session: xr.Dataset, panels: Sequence[str] = (), lines: Sequence[str] = ()
) -> tuple[Panel, ...]:
    """Return the conditions of a session's trials, sorted into panels.

    Parameters
    ----------
    session
        One of the sessions.
    panels, lines
        Columns of trials whose values make panels and lines. Without lines, all columns that
        differ between trials make lines, and as many of them as need be make panels.
    """
    table = _trials_of(session)
    if not lines:
        panels, lines = _told_apart(table)
    acted = [name for name in panels if name.startswith("manipulated_")]
    controls = table["manipulation"] == "none" if acted else pd.Series(False, table.index)
    groups = _grouped(table[~controls], panels)
    made = [_panel(common, part, table[controls], lines) for common, part in groups]
    return tuple(made[:MOST_PANELS])


def _trials_of(session: xr.Dataset) -> pd.DataFrame:
    columns = {
        str(name): session.variables[name].values
        for name in session.coords
        if session.variables[name].dims == ("trial",)
    }
    table = pd.DataFrame(columns)
    shown = table["input_onset"].notna()
    if shown.any():
        table = table[shown]  # a pause between sequences is no condition
    return table if "manipulation" in table else table.assign(manipulation="none")


def _told_apart(table: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return columns for panels and for lines: all that differ, as few as can be for panels."""
    # NaN equals nothing, so what has it tells no trials apart; an onset does within a manipulation
    whole = {str(name): table[name].nunique() for name in table if table[name].notna().all()}
    differ = [name for name, n in whole.items() if name not in _ALIKE and 1 < n <= MOST_LINES]
    if "manipulation_onset" in table and len({*table["manipulation_onset"].dropna()}) > 1:
        differ.append("manipulation_onset")
    for split in range(len(differ) + 1):
        panels, lines = differ[:split], differ[split:]
        most = max(len(_combinations(part, lines)) for _, part in _grouped(table, panels))
        if most <= MOST_LINES:
            break
    return tuple(panels), tuple(lines) or ("phase",)


def _grouped(table: pd.DataFrame, names: Sequence[str]) -> list[tuple[Factors, pd.DataFrame]]:
    """Return the trials of each combination of values of some columns."""
    return [(own, _chosen(table, own)) for own in _combinations(table, names)]


def _combinations(table: pd.DataFrame, names: Sequence[str]) -> list[Factors]:
    """Return the combinations of values that there are, in the order in which to show them."""
    if not names:
        return [{}]
    found = table[list(names)].drop_duplicates().sort_values(list(names), key=_ranks)
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


def _ranks(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers as they are, texts by their place in `ORDER`, then in the alphabet."""
    if values.dtype.kind in "biuf":
        return values.astype(float)
    seen = [*ORDER, *sorted({*values} - {*ORDER})]
    return values.map({value: rank for rank, value in enumerate(seen)})


def _panel(
    common: Factors, table: pd.DataFrame, controls: pd.DataFrame, lines: Sequence[str]
) -> Panel:
    """Return the panel of the trials of a table, with those of the controls."""
    rows = [{**common, **row} for row in _combinations(table, lines)]
    own = {_words(row, lines): row for row in rows}
    beside = {}
    for row in _combinations(controls, lines) if len(controls) else []:
        label = _words(row, lines)
        label = f"{_NOTHING['manipulation']}, {label}" if label in own else label
        beside[label] = {**_CONTROL, **row}
    windows = {}
    for label, factors in own.items():
        chosen = _chosen(table, factors)
        if "manipulation_onset" in table and chosen["manipulation_onset"].notna().any():
            windows[label] = (
                float(chosen["manipulation_onset"].median()),
                float(chosen["manipulation_offset"].median()),
            )
    factors_of = {label: _given(f) for label, f in {**beside, **own}.items()}
    title = _done_to(table, common) + _words(common, tuple(common))
    return Panel(title, factors_of, tuple(beside), _events(table), windows)


def _done_to(table: pd.DataFrame, common: Factors) -> str:
    """Return what is done to the cells that a panel is named by."""
    if not any(name.startswith("manipulated_") for name in common):
        return ""
    done = {"silence": "silenced: ", "drive": "driven: "}
    return done.get("".join({*table["manipulation"]}), "")


def _chosen(table: pd.DataFrame, factors: Mapping[str, Any]) -> pd.DataFrame:
    chosen = pd.Series(True, table.index)
    for name, value in _given(factors).items():
        chosen &= table[name] == value
    return table[chosen]


def _given(factors: Mapping[str, Any]) -> Factors:
    """Return the factors that have a value; NaN says that there is none."""
    return {n: v for n, v in factors.items() if not (isinstance(v, float) and np.isnan(v))}


def _events(table: pd.DataFrame) -> dict[str, float]:
    names = {"input": "input_onset", "input off": "input_offset", "outcome": "outcome_onset"}
    times = {k: table[v].median() for k, v in names.items() if v in table}
    return {k: float(t) for k, t in times.items() if np.isfinite(t)}


def _words(factors: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return a condition in words; what is not done to anyone is said once."""
    given = {name: factors[name] for name in names if name in factors}
    if factors.get("manipulation") == "none":
        given = {n: value for n, value in given.items() if not n.startswith("manipulated_")}
    words = [_word(name, value) for name, value in given.items()]
    return ", ".join(dict.fromkeys(word for word in words if word))


def _word(name: str, value: Any) -> str:
    if name == "manipulated_target" and value != "somata":
        return f"terminals in {value}"
    if isinstance(value, str):
        return _NOTHING.get(name, "") if value == "none" else value
    if isinstance(value, bool | np.bool_):
        return f"{name}" if value else f"no {name}"
    if np.isnan(value) or (name == "manipulated_cell" and value < 0):
        return ""
    return NUMBERS.get(name, name.replace("_", " ") + " {:g}").format(value)


def raw_activity(
    sessions: Iterable[xr.Dataset], panels: Sequence[Panel], curves: Curves
) -> list[xr.Dataset]:
    """Return mean activity and its spread over sessions, one dataset a panel.

    Parameters
    ----------
    sessions
        Sessions on one time axis; each is looked at once, so they may come one by one.
    panels
        As `panels_of` makes them.
    curves
        `activity.mean_rate` or `activity.magnitude`.

    Returns
    -------
    list of Dataset
        ``mean``, ``low`` and ``high`` of dims (condition, role, area, time).
    """
    return raw_activities(sessions, panels, (curves,))[0]


def raw_activities(
    sessions: Iterable[xr.Dataset], panels: Sequence[Panel], curves: Sequence[Curves]
) -> list[list[xr.Dataset]]:
    """Return what `raw_activity` returns for each of several kinds of curves, in one pass."""
    pictures = {str(number): panel.lines for number, panel in enumerate(panels)}
    found: list[list[list[xr.Dataset]]] = [[[] for _ in panels] for _ in curves]
    for session in sessions:
        for kind, by_panel in zip(curves, found, strict=True):
            shown = _joined(session) if kind is magnitude else session
            for number, picture in activities([shown], pictures, kind).items():
                by_panel[int(number)].append(picture)
        del session, shown  # before the next one takes as much
    return [[_over_sessions(own) for own in by_panel] for by_panel in found]


def _joined(session: xr.Dataset) -> xr.Dataset:
    """Return a session in wider bins, in which the energy of a response is less noisy."""
    bins, width = session.sizes["time"], 1 / session["rate"].attrs["sampling_rate"]
    most = max(1, int(WIDEST / width + 1e-6))
    joined = max(n for n in range(1, most + 1) if bins % n == 0)
    if joined == 1:
        return session
    time, rate = session.variables["time"], session.variables["rate"]
    wide = _mean(rate.values.reshape(len(rate), -1, joined, rate.shape[2]), axis=2)
    return session.drop_dims("time").assign(
        rate=(rate.dims, wide, rate.attrs),
        time=(time.dims, time.values.reshape(-1, joined).mean(axis=1), time.attrs),
    )


def _over_sessions(each: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return mean and band over sessions, NaN where none has the role in the area."""
    if len(each) == 1:
        return each[0]
    aligned = xr.align(*(one["mean"] for one in each), join="outer", copy=False)
    means = np.stack([mean.values for mean in aligned])
    there = ~np.isnan(means).all(axis=0)
    filled = np.where(there, means, 0.0)
    # a sort of all at once where nothing is missing; NaN has to be looked for line by line
    quantile = np.nanquantile if np.isnan(filled).any() else np.quantile
    low, high = quantile(filled, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=0)
    shown = {"mean": _mean(filled, axis=0), "low": low, "high": high}
    first = aligned[0]
    made = xr.Dataset(
        {name: (first.dims, np.where(there, values, np.nan)) for name, values in shown.items()},
        first.coords,
        each[0].attrs,
    )
    made["mean"].attrs.update(first.attrs)
    return made


def _mean(values: npt.NDArray[np.floating], axis: int) -> npt.NDArray[np.floating]:
    """Return the mean of what is not missing."""
    mean = np.nanmean if np.isnan(values).any() else np.mean
    return np.asarray(mean(values, axis=axis))
