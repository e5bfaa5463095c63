"""Rules that relate the parts of a session to each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.identity import folded
from errorneurons.analysis.session.schema import FIELDS, LEVELS_OF_DATA, SIGNALS

_MANIPULATION = (
    "manipulated_role",
    "manipulated_area",
    "manipulation_onset",
    "manipulation_offset",
)
"""Columns that a session with manipulated trials needs."""


def inconsistencies(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    """Name every inconsistency of a session, each with its mend.

    Parameters
    ----------
    session
        One session.
    sound
        Names of the variables that are right when looked at alone; the others are not related to
        anything.
    """
    yield from _rate(session)
    yield from _time(session, sound)
    yield from _units(session, sound)
    yield from _trials(session, sound)
    yield from _areas(session, sound)
    yield from _localiser(session, sound)
    yield from _opsin(session)


def _rate(session: xr.Dataset) -> Iterator[str]:
    if "rate" not in session.variables:
        return
    attrs = session.variables["rate"].attrs
    signal = attrs.get("signal")
    if signal not in SIGNALS:
        allowed = ", ".join(SIGNALS)
        yield f"`rate` has signal {signal!r}; set its attrs['signal'] to one of {allowed}"
    elif attrs.get("units") in set(FIELDS["rate"].units) - set(SIGNALS[signal]):
        allowed = " or ".join(repr(unit) for unit in SIGNALS[signal])
        yield f"`rate` has signal {signal!r} in {attrs.get('units')!r}; give it in {allowed}"
    rate = attrs.get("sampling_rate")
    if not isinstance(rate, int | float | np.integer | np.floating) or not 0 < rate < np.inf:
        yield f"`rate` has sampling_rate {rate!r}; set it to samples per second [Hz], 1 / bin width"


def _time(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    if "time" not in sound or session.sizes["time"] == 0:
        return
    time = session.variables["time"].values
    steps = np.diff(time)
    if not np.isfinite(time).all() or (steps <= 0).any():
        yield "`time` does not increase throughout; sort it and give each bin one centre"
        return
    if "rate" in sound:
        rate = session.variables["rate"].attrs.get("sampling_rate")
        if isinstance(rate, int | float | np.integer | np.floating) and rate > 0 and len(steps):
            yield from _spacing(steps, float(rate))
    for name in ("input_onset", "outcome_onset", "manipulation_onset", "manipulation_offset"):
        if name in sound:
            yield from _onsets(name, session.variables[name].values, time)


FAR = 1000.0
"""An onset this far from the window of its trial belongs to another clock [s]."""


def _onsets(
    name: str, onset: npt.NDArray[np.float64], time: npt.NDArray[np.float64]
) -> Iterator[str]:
    """Name onsets that cannot be times on the axis of the trial."""
    known = np.isfinite(onset)
    off = np.maximum(np.nan_to_num(time[0] - onset), np.nan_to_num(onset - time[-1]))
    away = known & (off > float(time[-1] - time[0]) + 1.0)
    wrong = away if 2 * away.sum() > known.sum() else known & (off > FAR)
    if wrong.any():
        first = int(np.argmax(wrong))
        yield (
            f"`{name}` lies at {onset[first]:g} s in trial {first} but `time` runs from "
            f"{time[0]:g} to {time[-1]:g} s ({wrong.sum()} of {known.sum()} trials); give it in "
            "seconds on the time axis of the trial"
        )


def _spacing(steps: npt.NDArray[np.float64], rate: float) -> Iterator[str]:
    worst = steps[np.argmax(np.abs(steps * rate - 1))]
    if abs(worst * rate - 1) > 1e-3:
        yield (
            f"`time` has a step of {worst:g} s but the sampling_rate of `rate` is {rate:g} Hz; "
            "bin evenly and set sampling_rate to 1 / bin width"
        )


def _units(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    if "unit_id" in sound:
        names, counts = np.unique(session.variables["unit_id"].values, return_counts=True)
        if (counts > 1).any():
            yield f"`unit_id` {str(names[counts > 1][0])!r} stands twice; name every unit once"
        if "partner" in sound:
            unknown = set(session.variables["partner"].values.tolist()) - set(names.tolist()) - {""}
            if unknown:
                yield f"`partner` names {min(unknown)!r}, no unit_id; leave it empty if none"
    if {"area", "level"} <= sound:
        for area in np.unique(session.variables["area"].values).tolist():
            levels = np.unique(
                session.variables["level"].values[session.variables["area"].values == area]
            )
            if len(levels) > 1:
                found = " and ".join(f"{level:g}" for level in levels)
                yield f"`level` of area {area!r} is {found}; give an area one level"
    if {"causal_sign", "decoder_weight"} <= sound:
        sign, weight = (session.variables[n].values for n in ("causal_sign", "decoder_weight"))
        both = np.isfinite(sign) & np.isfinite(weight) & (weight != 0)  # partners move nothing
        wrong = np.flatnonzero(both & (sign != np.sign(weight)))
        if len(wrong):
            at = int(wrong[0])
            yield (
                f"`causal_sign` of unit {at} is {sign[at]:g} but its `decoder_weight` is "
                f"{weight[at]:g}; give the sign of the weight, or leave it out"
            )
    known = "role" in sound and bool((session.variables["role"].values != "unknown").any())
    if known and "label_source" not in session.variables:
        yield "`label_source` is missing but `role` is known; say where the roles come from"
    yield from _label_error(session, sound)


def _label_error(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    if "label_error" not in sound:
        return
    known = session.variables["label_error"].values
    share = known[np.isfinite(known)]
    if ((share < 0) | (share > 1)).any():
        yield "`label_error` lies outside 0 to 1; give it as a share, not in percent"
        return
    if "role" in sound:  # the interval is that of the error cells
        share = known[np.isfinite(known) & (session.variables["role"].values == "error")]
    if len(share):
        attrs = session.variables["label_error"].attrs
        low, high = attrs.get("low", share.min()), attrs.get("high", share.max())
        if not 0 <= low <= share.min() <= share.max() <= high <= 1:
            yield (
                f"`label_error` runs from {share.min():g} to {share.max():g}, outside its "
                f"interval {low:g} to {high:g}; widen its attrs['low'] and attrs['high']"
            )


def _trials(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    if "manipulation" in sound and (session.variables["manipulation"].values != "none").any():
        for name in _MANIPULATION:
            if name not in session.variables:
                yield f"`{name}` is missing but there is a `manipulation`; add it along trial"
    if {"manipulation_onset", "manipulation_offset"} <= sound:
        length = (
            session.variables["manipulation_offset"].values
            - session.variables["manipulation_onset"].values
        )
        if (length < 0).any():
            yield "`manipulation_offset` lies before `manipulation_onset`; exchange them"


def _localiser(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    if {"localiser", "manipulation"} <= sound:
        both = session["localiser"].values & (session["manipulation"].values != "none")
        if both.any():
            yield (
                f"`localiser` is true in {both.sum()} trials with a manipulation; label the units "
                "by trials without one"
            )
    level = session.attrs.get("level_of_data", "trial")
    if level not in LEVELS_OF_DATA:
        allowed = ", ".join(LEVELS_OF_DATA)
        yield f"attribute `level_of_data` is {level!r}; allowed are {allowed}"
    other = session.attrs.get("localiser_session")
    if other is not None and other == session.attrs.get("session_id"):
        yield (
            f"attribute `localiser_session` is {other!r}, the session itself; leave it out and "
            "mark its localiser trials by `localiser`"
        )


_NO_OPSINS = {
    "no", "control", "ctrl", "sham", "wt", "wildtype", "wild-type", "na", "n/a", "nan", "false",
    "yfp", "eyfp", "gfp", "egfp", "mcherry", "tdtomato",
}  # fmt: skip
"""What control animals are said to have, in lower case: a fluorophore alone answers no light."""


def _opsin(session: xr.Dataset) -> Iterator[str]:
    opsin = session.attrs.get("opsin")
    if isinstance(opsin, str) and opsin.strip().lower() in _NO_OPSINS:
        yield (
            f"attribute `opsin` is {opsin!r}, which answers no light; write 'none' in control "
            "animals, or leave it out if it is unknown"
        )


def _areas(session: xr.Dataset, sound: set[str]) -> Iterator[str]:
    """Name areas that differ from a recorded one by case or spaces alone."""
    if "area" not in sound:
        return
    areas = {folded(area): area for area in np.unique(session.variables["area"].values).tolist()}
    named = [(f"attribute `{n}`", session.attrs.get(n)) for n in ("teaching_area", "output_area")]
    if "manipulated_area" in sound:
        found = np.unique(session.variables["manipulated_area"].values).tolist()
        named += [("`manipulated_area`", area) for area in found]
    for where, area in named:
        meant = areas.get(folded(str(area)), area)
        if meant != area:
            yield f"{where} is {area!r} but the units are in {meant!r}; write it the same way"
