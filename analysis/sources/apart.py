"""Trials whose windows overlap: the same spikes in two trials would make them dependent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.recording import CutOut, RowNumbers
from errorneurons.analysis.sources.when import Times

_NONE = 1e-9
"""Windows that overlap by no more than rounding do not [s]."""


def not_overlapping(
    zero: Times, cut: CutOut, rows: RowNumbers, overlap: str | None
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return which trials are read, and what must be known of those that overlap.

    Parameters
    ----------
    zero
        Time zero of each trial [s], (trial,).
    cut
        What is cut out around it.
    rows
        Rows of the trials in their table.
    overlap
        What the mapping says becomes of trials that overlap, see `Events`.

    Raises
    ------
    DoorError
        If trials overlap, and the mapping does not say what becomes of them.

    Examples
    --------
    >>> cut = CutOut(0.0, 1.0, 0.5)
    >>> not_overlapping(np.array([0.0, 0.8, 1.6]), cut, np.arange(3), "leave_out")[0].tolist()
    [True, False, True]
    """
    window, order = cut.stop - cut.start, np.argsort(zero, kind="stable")
    every = np.ones(len(zero), dtype=bool)
    shared = window - np.diff(zero[order])
    if not len(shared) or shared.max() <= _NONE:
        return every, ""
    if overlap is None:
        worst = int(np.argmax(shared))
        first, second = rows[order[worst]], rows[order[worst + 1]]
        anew = np.flatnonzero(np.diff(zero) < 0)
        mend = (
            f"times begin anew at trial {rows[anew[0] + 1]}; put all on one clock"
            if len(anew)
            else 'shorten start to stop under [events], or say overlap = "leave_out" there to drop '
            "the later one"
        )
        raise DoorError(
            f"the windows of trials {first} and {second} of the file overlap by "
            f"{shared[worst]:.3g} s and the same spikes would count twice; {mend}"
        )
    if overlap == "keep":
        both = shared > _NONE
        touched = (np.r_[both, False] | np.r_[False, both]).sum()
        return every, (
            f"the windows of {touched} of {len(zero)} trials overlap, and what they share counts "
            "twice"
        )
    free = -np.inf
    for k in order:
        every[k] = zero[k] >= free - _NONE
        free = zero[k] + window if every[k] else free
    out = (~every).sum()
    return every, f"{out} of {len(zero)} trials begin in the window of another and are left out"
