"""What of a recording is hardly so: times in ms, counts for rates, areas that nobody recorded.

None of it is certain, so none of it is refused; each doubt is one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.gaps import blank_in
from errorneurons.analysis.measures.windows import bin_width
from errorneurons.predictions.words import counted, listed, number

_SLOW, _FAST = 0.05, 300.0
"""Rates that a typical unit does not have [Hz]."""
_FEW = 0.1
"""A share of rates that are unlike all others."""
_WIDE = 5.0
"""Bins that are hardly so wide [s]."""
_HIERARCHY = 3
"""Of fewer areas an order of the alphabet says nothing."""
_SOME = 50
"""Trials that are looked at."""


def implausible(sessions: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """Return what is hardly so, each doubt once, with the number of sessions that it is about.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    """
    found: dict[str, list[str]] = {}
    for session in sessions:
        for kind, sentence in _of_session(session):
            found.setdefault(kind, []).append(sentence)
    return tuple(_once(own, len(sessions)) for own in found.values())


def _once(sentences: list[str], sessions: int) -> str:
    """Return the first of some sentences alike, and of how many sessions they are."""
    if sessions == 1:
        return sentences[0]
    return f"{sentences[0].rstrip('.')} (so in {len(sentences)} of {sessions} sessions)."


def _of_session(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    for ask in (
        _times, _onsets, _without_onset, _areas, _order_of_areas, _parts_of_areas,
        _empty, _performance, _day, _doubled, _blank,
    ):  # fmt: skip
        yield from ask(session)
    if session["rate"].attrs.get("units") == "dF/F":
        yield from _ratios(session)
    if session["rate"].attrs.get("signal") == "calcium":
        yield from _baselines(session)
    if (
        session["rate"].attrs.get("units") == "Hz"
        and session["rate"].attrs.get("signal") != "event"
    ):
        yield from _rates(session)


def _times(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    width = bin_width(session)
    if width > _WIDE:
        yield "time", f"bins are {number(width)} s wide; if times are in ms, divide them by 1000."


def _areas(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    recorded = {str(area) for area in session.variables["area"].values}
    named = {n: {str(session.attrs[n])} for n in ("teaching_area", "output_area")
             if session.attrs.get(n)}  # fmt: skip
    if "manipulated_area" in session.coords:
        named["manipulated_area"] = {str(a) for a in session.variables["manipulated_area"].values}
    for name, areas in named.items():
        strange = sorted(areas - recorded - {"", "none", "all"})
        if strange:
            yield (
                name,
                (
                    f"`{name}` is {strange[0]!r}, where no unit was recorded; recorded were "
                    f"{listed(sorted(recorded)[:8])}."
                ),
            )


def _order_of_areas(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield that an order of areas is that of the alphabet, or leaves out the taught area."""
    if "level" not in session.coords:
        return
    areas, levels = (session.variables[name].values for name in ("area", "level"))
    placed = {str(a): float(v) for a, v in zip(areas, levels, strict=True) if np.isfinite(v)}
    order = sorted(placed, key=lambda area: placed[area])
    counted_up = len({re.sub(r"\d+$", "", area) for area in order}) == 1
    if len({*placed.values()}) >= _HIERARCHY and order == sorted(order) and not counted_up:
        yield (
            "alphabet",
            (
                f"the areas stand in the order of the alphabet, {listed(order[:8])}, the "
                "lowest first; look whether that is their hierarchy."
            ),
        )
    taught = str(session.attrs.get("teaching_area", ""))
    if placed and taught in {str(a) for a in areas} - {*placed}:
        yield (
            "teaching level",
            (
                f"`teaching_area` is {taught!r}, which has no place in the order of the areas, so "
                "that none is known to be below it; add it to `areas`, or say its `level`."
            ),
        )


def _onsets(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    time = session["time"].values
    for name in ("input_onset", "outcome_onset"):
        if name not in session.coords:
            continue
        onset = session[name].values
        known = np.isfinite(onset)
        off = known & ((onset < time[0] - _NEAR) | (onset > time[-1] + _NEAR))
        if off.any() and not off[known].all():
            yield (
                name,
                (
                    f"`{name}` is {number(float(onset[off][0]))} s in {off.sum()} of "
                    f"{known.sum()} trials, in which nothing was recorded; if there was none, "
                    "leave it empty, or write NaN."
                ),
            )


def _without_onset(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield what happened without it being said when, or before what it follows."""
    for name, onset, words in (
        ("outcome", "outcome_onset", ("expected", "unexpected")),
        ("manipulation", "manipulation_onset", ("silence", "drive")),
    ):
        if not {name, onset} <= set(session.coords):
            continue
        there = np.isin(session[name].values, words)
        unsaid = there & np.isnan(session[onset].values)
        if unsaid.any():
            yield (
                f"no {onset}",
                (
                    f"`{onset}` is empty in {unsaid.sum()} of {there.sum()} trials that have "
                    f"`{name}`, which are lost where it is asked what follows."
                ),
            )
    if "outcome_onset" in session.coords:
        input_, outcome = session["input_onset"].values, session["outcome_onset"].values
        early = outcome < input_
        if 2 * early.sum() > np.isfinite(outcome - input_).sum():
            yield (
                "order",
                (
                    f"the outcome comes before the input in {early.sum()} of {early.size} trials; "
                    "look whether `input_onset` and `outcome_onset` are exchanged."
                ),
            )


_NEAR = 1.0
"""An onset may lie so far outside of what is cut out [s]."""
_LAYER = re.compile(r"(\w{2,}?[a-zA-Z])(1|2/3|4|5|6a|6b|6)")
_SIDE = re.compile(r"^(left|right|lh|rh)[\s_.-]+|[\s_.-]+(left|right|lh|rh|l|r)$", re.IGNORECASE)


def _parts_of_areas(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield areas that are layers or sides of one, as far as names tell."""
    areas = sorted({str(area) for area in session["area"].values})
    for what, whole in (("layers", _without_layer), ("sides", _without_side)):
        parts: dict[str, list[str]] = {}
        for area in areas:
            parts.setdefault(whole(area), []).append(area)
        several = [own for own in parts.values() if len(own) > 1 and _is_sure(what, own)]
        if several:
            yield (
                what,
                (
                    f"areas {listed([repr(a) for a in several[0][:4]])} seem to be {what} of one "
                    "area, and count as areas of their own; if they are one, say so by `values` of "
                    "`area`."
                ),
            )


def _without_layer(area: str) -> str:
    found = _LAYER.fullmatch(area)
    return found[1] if found else area


def _without_side(area: str) -> str:
    return _SIDE.sub("", area).casefold()


def _is_sure(what: str, areas: list[str]) -> bool:
    """Whether names of areas tell of layers: V1 and V2, or CA1 and CA3, do not."""
    if what == "sides":
        return True
    return any(area.endswith(("2/3", "6a", "6b")) or not area[-1].isdigit() for area in areas)


_NOTHING = ("", "nan", "NaN", "unknown", "void", "root", "?")
"""What stands for no area, and no stimulus, in files."""


def _empty(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    for name, what in (("area", "unit"), ("stimulus", "trial")):
        texts = session[name].values
        none = int(np.isin(texts, _NOTHING).sum())
        if none and not (texts == "unknown").all():
            yield (
                f"empty {name}",
                (
                    f"`{name}` is empty or unknown in {counted(none, what)} of {len(texts)}, which "
                    f"count as of one {name}; leave them out, or say by `default` what they are."
                ),
            )


def _day(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    day = session.attrs.get("day")
    if isinstance(day, int | float) and day >= _DATE:
        yield (
            "day",
            (
                f"`day` is {day:.0f}, which seems to be a date; count days, so that the next is "
                "one more, also at the end of a month."
            ),
        )


_DATE = 100_000
"""No animal is so old; 240131 and 20240131 are dates [days]."""


def _performance(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    if "performance" in session.coords and (session["performance"].values > 1).any():
        highest = float(np.nanmax(session["performance"].values))
        yield (
            "performance",
            f"`performance` reaches {number(highest)}, a share 1 at most; divide percent by 100.",
        )


def _doubled(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield trials, and units, whose activity is that of another, value for value."""
    if session.attrs.get("theory") or session["rate"].attrs.get("signal") == "model":
        return
    rate = session["rate"].values
    for what, rows in (("trial", rate.transpose(0, 2, 1)), ("unit", rate.transpose(2, 0, 1))):
        first = _twice(rows)
        if first is not None:
            same = f"{what}s {first[0]} and {first[1]} hold the same activity, value for value"
            yield f"doubled {what}", f"{same}; give each {what} once."


def _blank(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield that no unit is active at some time, as where a recording was interrupted."""
    if session.attrs.get("theory") or (found := blank_in(session)) is None:
        return
    outcome = session.variables.get("outcome")
    odd = 0 if outcome is None else (outcome.values[found.trials] == "unexpected").sum()
    of_them = f", {odd} of them with an unexpected outcome" * bool(odd)
    said = (
        f"no unit of {session.sizes['unit']} is active for {1000 * found.duration:.3g} ms, from "
        f"{number(found.start)} s on, in {counted(len(found.trials), 'trial')} of "
        f"{session.sizes['trial']}{of_them}; if the recording was interrupted, leave these out."
    )
    yield "blank", said


def _twice(rows: npt.NDArray[np.floating]) -> tuple[int, int] | None:
    """Return two rows that are the same and not flat, None if there are none."""
    step = max(1, rows.shape[1] // _SEEN)
    seen: dict[bytes, list[int]] = {}
    for k, row in enumerate(rows):
        some = np.ascontiguousarray(row[::step][:_SEEN])
        if len(np.unique(some[np.isfinite(some)])) > _FLAT:
            others = seen.setdefault(some.tobytes(), [])
            for other in others:
                if np.array_equal(rows[other], row, equal_nan=True):
                    return other, k
            others.append(k)
    return None


_SEEN, _FLAT = 16, 3
"""Parts of a row that are compared first, and values that it needs to tell anything."""
_TYPICAL = 5.0
"""dF/F of a typical unit does not vary so much, nor lie so high."""


def _ratios(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    some = _looked_at(session)
    if not some.size or session.attrs.get("theory"):
        return
    sizes = np.maximum(np.nanstd(some, axis=(0, 1)), np.abs(np.nanmedian(some, axis=(0, 1))))
    if (typical := float(np.median(sizes))) > _TYPICAL:
        yield (
            "dF/F",
            (
                f"dF/F of half of the units is {number(typical)} and more; in percent it is "
                'units = "%", and fluorescence of which no baseline was taken off is "a.u.".'
            ),
        )


def _looked_at(session: xr.Dataset) -> npt.NDArray[np.floating]:
    """Return some trials, of the units that have values there, (trial, time, unit)."""
    rate = session["rate"]
    some = np.asarray(rate[:: max(1, rate.sizes["trial"] // _SOME)].values)
    return some[..., np.isfinite(some).any(axis=(0, 1))]


def _baselines(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    some = _looked_at(session)
    if not some.size or session.attrs.get("theory"):
        return
    above = np.nanmedian(some, axis=(0, 1)) / np.maximum(np.nanstd(some, axis=(0, 1)), 1e-12)
    if (typical := float(np.median(above))) > _TYPICAL:
        yield (
            "baseline",
            (
                f"activity of a typical unit lies {number(typical)} times what it varies by above "
                "0, as fluorescence does of which no baseline was taken off; give dF/F, or bright "
                "units count for more than others."
            ),
        )


def _rates(session: xr.Dataset) -> Iterator[tuple[str, str]]:
    rate = session["rate"]
    step = max(1, rate.sizes["trial"] // _SOME)
    some = rate[::step].values
    known = some[np.isfinite(some)]
    if not len(known) or session.attrs.get("theory"):
        return
    width = bin_width(session)
    if _are_counts(known, width):
        yield (
            "counts",
            (
                f"rates are whole numbers up to {number(float(known.max()))} in bins of "
                f"{1000 * width:.3g} ms, where a spike is a rate of {number(1 / width)} Hz; if "
                "they are counts, divide them by the width of the bins, or say so by their units."
            ),
        )
        return
    spikes = known * width
    broken = np.abs(spikes - np.round(spikes)) > 1e-3
    if 0 < broken.sum() < _FEW * len(known):
        yield (
            "broken",
            (
                f"{broken.sum()} of {len(known)} rates that were looked at are no whole number of "
                f"spikes of a bin, as all others are, the first {number(float(known[broken][0]))} "
                "Hz; the file may be damaged."
            ),
        )
    typical = float(np.median(_means(some)))
    if typical < _SLOW:
        yield (
            "slow",
            (
                f"half of the units fire at less than {typical:.2g} Hz; look whether spike times "
                "are in seconds, and whether the trials lie where the units were recorded."
            ),
        )
    if typical > _FAST:
        yield (
            "fast",
            (
                f"half of the units fire at more than {number(typical)} Hz; look whether times are "
                "in seconds, and whether units are single cells."
            ),
        )


def _means(some: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    there = np.isfinite(some).any(axis=(0, 1))
    return np.asarray(np.nanmean(some[:, :, there], axis=(0, 1)))


def _are_counts(known: npt.NDArray[np.floating], width: float) -> bool:
    """Whether values are whole numbers, which rates in bins of this width are not."""
    if known.min() < 0 or known.max() < 1 or width > 0.9:
        return False
    whole = np.abs(known - np.round(known)) < 1e-6
    spikes = known * width
    return bool(whole.all() and (np.abs(spikes - np.round(spikes)) > 1e-3).any())
