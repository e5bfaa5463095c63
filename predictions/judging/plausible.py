"""What of a recording is hardly so: times in ms, counts for rates, areas that nobody recorded.

None of it is certain, so none of it is refused; each doubt is one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.windows import bin_width
from errorneurons.predictions.words import listed, number

_SLOW, _FAST = 0.05, 300.0
"""Rates that a typical unit does not have [Hz]."""
_WIDE = 5.0
"""Bins that are hardly so wide [s]."""
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
    yield from _times(session)
    yield from _areas(session)
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
