"""Activity that was there before an outcome, and ends with it, is no answer to it.

What an outcome evokes is measured from just before it. So where the trials that are compared differ
then already, as after other stimuli, the end of that difference looks like a response; and so does
the end of the response to the input, where trials of one kind are broken off. With c the contrast
of outcomes and x what was there, a pattern over cells, the share of c that goes with x is

    <x c>^2 / (<x x> <c c>),

the products being of different trials of a stimulus. x is what differs between the kinds just
before the outcome, or the response to the input at that time, which ends if <x c> is below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.gaps import means
from errorneurons.analysis.measures.windows import window_mean
from errorneurons.analysis.statistics import Floats, students
from errorneurons.predictions.claims.requirements import BEFORE, OUTCOME
from errorneurons.predictions.claims.violations import Contrast, somata_of_areas

_WINDOWS = ("input_onset", BEFORE), ("outcome_onset", BEFORE), ("outcome_onset", OUTCOME)
_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
"""Of the parts of a contrast: unexpected and expected, and what stands for each in the control."""
_CLEAR = 0.05
"""A pattern is there if p that it has no energy, over animals, is below this."""
_MOST = 0.5
"""Where as large a share of the contrast goes with it, the rest may be nothing."""


def of_what_was_there(
    contrast_of: Callable[[xr.Dataset], Contrast],
) -> Callable[[Sequence[xr.Dataset]], str]:
    """Return what says that outcomes are not told from the end of what was there before them.

    Parameters
    ----------
    contrast_of
        The trials of a session whose outcomes are compared.

    Returns
    -------
    callable
        Sessions -> why an answer stays open, empty if it does not.
    """

    def doubt(sessions: Sequence[xr.Dataset]) -> str:
        animals: dict[str, list[Floats]] = {}
        for session in sessions:
            found = list(_products(session, contrast_of(session)))
            if found:
                animals.setdefault(str(session.attrs["animal"]), []).append(np.mean(found, axis=0))
        if len(animals) < 2:
            return ""
        return _said(np.array([np.mean(days, axis=0) for days in animals.values()]))

    return doubt


def _said(products: Floats) -> str:
    """Return the sentence for products of the three patterns, (animal, pattern, pattern)."""
    differing, held = (_share(products, pattern) for pattern in (0, 1))
    if abs(differing) >= _MOST:
        return (
            "the trials that are compared differ before the outcome already, and "
            f"{min(abs(differing), 1):.0%} of what differs after it goes with that; compare trials "
            "that are alike up to the outcome"
        )
    if held <= -_MOST:
        return (
            "the response to the input ends at unexpected outcomes, and "
            f"{min(-held, 1):.0%} of what differs between outcomes is that; let the input last "
            "alike with both"
        )
    return ""


def _share(products: Floats, pattern: int) -> float:
    """Return the share of the contrast that goes with a pattern, below 0 if that ends.

    It is 0 where one of them is not there: the pattern must be clear of 0 over animals.
    """
    means = products.mean(axis=0)
    own, along, contrast = means[pattern, pattern], means[pattern, 2], means[2, 2]
    if min(own, contrast) <= 0 or students(products[:, pattern, pattern])[1] >= _CLEAR:
        return 0.0
    return float(np.sign(along) * along**2 / (own * contrast))


def _products(session: xr.Dataset, contrast: Contrast) -> Iterator[Floats]:
    """Yield for each stimulus the products of the patterns, of different trials each."""
    areas = somata_of_areas(session)
    if not contrast or not areas:
        return
    cells = np.concatenate(list(areas.values()))
    stimuli = [session.variables["stimulus"].values[part].astype(str) for part in contrast]
    shown = [
        np.stack([window_mean(session, part, *window)[:, cells] for window in _WINDOWS])
        for part in contrast
    ]
    for name in np.unique(stimuli[0]):
        rows = [np.flatnonzero(own == name) for own in stimuli]
        if min(map(len, rows)) < 2:
            continue
        of_parts = list(zip(shown, rows, strict=True))
        one, other = (
            _patterns(np.stack([[means(own) for own in x[:, r[k::2]]] for x, r in of_parts]))
            for k in range(2)
        )
        both = one[:, None] * other[None]
        there = np.isfinite(both).all(axis=(0, 1))
        if there.any():
            found = both[..., there].mean(axis=-1)
            yield (found + found.T) / 2


def _patterns(shown: Floats) -> Floats:
    """Return what differs before, what is held, and the contrast, (pattern, unit).

    Parameters
    ----------
    shown
        Means over trials, (part of the contrast, window, unit).
    """
    before_input, before, after = shown.transpose(1, 0, 2)
    held, signs = before - before_input, _SIGNS[: len(shown)]
    return np.stack([signs @ held, held.mean(axis=0), signs @ (after - before)])
