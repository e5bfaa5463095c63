"""What claims on violated expectations look at: contrasts that adaptation does not make.

A stimulus that is rare, or that breaks a row, is one to which cells are adapted less. So what is
compared is the same event with the same before it (`control` says ``"matched"``, in trials of both
kinds), or the contrast is taken from which that of a control block has been subtracted: trials in
which the same is shown and nothing is expected (`control` says which outcome each stands for).
Trials are compared with others of the same `stimulus`, so a stimulus names all that is shown up to
the violation and with it: AAAA, and not the A's that foretell something else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.asking import once, once_alike
from errorneurons.analysis.measures.energies import (
    Missing,
    Response,
    Window,
    energy_of_difference,
    overlap_of_contrasts,
    responses,
    trials,
)
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.taught import outcomes_teach
from errorneurons.predictions.words import counted

Contrast = tuple[protocol.Trials, ...]
"""Trials with unexpected and with expected outcomes; then what stands for each in the control."""

_UNTAUGHT: protocol.Factors = {"teaching": False, "manipulation": "none"}
VIOLATED: protocol.Factors = {"outcome": "unexpected", **_UNTAUGHT}
"""Expectations that are violated, in trials in which nothing teaches."""
MET: protocol.Factors = {"outcome": "expected", **_UNTAUGHT}
"""Expectations that are met, in trials in which nothing teaches."""
_IN_CONTROL: tuple[protocol.Factors, ...] = tuple(
    {"control": kind, "manipulation": "none"} for kind in ("unexpected", "expected")
)

_SAY_SO = "Say by `teaching` of each trial whether its outcome teaches."
_ADD = "Add trials in which the same events come expected and unexpected, and teach nothing."
_CONTROL = (
    "Compare the same event with the same before it, such as a rare AAAA with a frequent one, and "
    'say so by `control` = "matched"; or show all in a control block too, in which nothing is '
    "expected, and say there by `control` which outcome each trial stands for."
)


def has_untaught_violations(session: xr.Dataset) -> Missing | None:
    """Require violations of which it is said that they teach nothing, and a control.

    Whether a violation teaches decides what it should evoke; it is not guessed.
    """
    if "outcome" in session.coords and "teaching" not in session.coords:
        wanted = (("teaching", False),)
        return Missing("whether the outcomes teach is not said", _SAY_SO, ("teaching",), wanted)
    kinds = (VIOLATED, "an unexpected"), (MET, "an expected")
    lacks = (
        protocol.has_trials(factors, f"{name} outcome that teaches nothing", _ADD)(session)
        for factors, name in kinds
    )
    covered = protocol.covers("outcome_onset", VIOLATED, protocol.BEFORE, protocol.OUTCOME)
    return (
        next(filter(None, lacks), None)
        or _uncontrolled(session, untaught_violations(session))
        or covered(session)
    )


def has_violations(session: xr.Dataset) -> Missing | None:
    """Require outcomes that teach, or else violations as `has_untaught_violations` does."""
    if outcomes_teach(session):
        return protocol.has_outcome_contrast(session)
    return has_untaught_violations(session)


def _uncontrolled(session: xr.Dataset, contrast: Contrast) -> Missing | None:
    if contrast:
        return None
    return Missing(
        "a violated expectation is not told from adaptation: no event comes both expected and "
        "unexpected, twice each, with the same before it, and no control block shows them to the "
        "same cells",
        _CONTROL,
        () if "control" in session.coords else ("control",),
    )


def untaught_violations(session: xr.Dataset) -> Contrast:
    """Return the trials that tell what violations evoke without teaching; none without control."""
    return once_alike(session, "untaught violations", lambda: _untaught_violations(session))


def _untaught_violations(session: xr.Dataset) -> Contrast:
    return _controlled(session, tuple(trials(session, factors) for factors in (VIOLATED, MET)))


def _controlled(session: xr.Dataset, both: Contrast) -> Contrast:
    control = tuple(trials(session, factors) for factors in _IN_CONTROL)
    matched = trials(session, {"control": "matched"})
    for contrast in (both + control, tuple(np.intersect1d(own, matched) for own in both)):
        shared = _shared(session, contrast)
        if shared:
            return tuple(own[np.isin(_stimuli(session, own), shared)] for own in contrast)
    return ()


def _shared(session: xr.Dataset, contrast: Contrast) -> list[str]:
    """Return the stimuli that have two trials or more in each part of a contrast."""
    counts = [
        dict(zip(*np.unique(_stimuli(session, own), return_counts=True), strict=True))
        for own in contrast
    ]
    return [name for name in counts[0] if all(own.get(name, 0) >= 2 for own in counts)]


def _stimuli(session: xr.Dataset, chosen: protocol.Trials) -> npt.NDArray[np.str_]:
    return np.asarray(session.variables["stimulus"].values[chosen].astype(str))


def taught_violations(session: xr.Dataset) -> Contrast:
    """Return the trials with unexpected and with expected outcomes that teach.

    With a control where there is one. They do without: an outcome that teaches is another event
    than the one expected, which comes expected after another stimulus; see `of_rare_outcomes`.
    """
    return once_alike(session, "taught violations", lambda: _taught_violations(session))


def _taught_violations(session: xr.Dataset) -> Contrast:
    both = tuple(
        trials(session, factors)
        for factors in (protocol.UNEXPECTED_TRIALS, protocol.EXPECTED_TRIALS)
    )
    return _controlled(session, both) or both


def of_rare_outcomes(sessions: Sequence[xr.Dataset]) -> str:
    """Say where outcomes that teach are rarer if unexpected, and no control shows them alike."""
    rarer = [s for s in sessions if outcomes_teach(s) and _rarer(s)]
    if not rarer:
        return ""
    where = "" if len(rarer) == len(sessions) else f" in {counted(len(rarer), 'session')}"
    return (
        f"Unexpected outcomes are rarer than expected ones{where}, and no control block shows both "
        "alike: cells that adapt to what comes often, or answer what is rare, count as cells of "
        "errors, unless each outcome comes as often in all, expected after another stimulus."
    )


def _rarer(session: xr.Dataset) -> bool:
    contrast = taught_violations(session)
    return len(contrast) == 2 and 0 < len(contrast[0]) < len(contrast[1])


def violations(session: xr.Dataset) -> Contrast:
    """Return the trials whose outcomes are compared: those that teach, if a session has such."""
    taught = outcomes_teach(session)
    return taught_violations(session) if taught else untaught_violations(session)


def outcomes_told_from_adaptation(session: xr.Dataset) -> Contrast:
    """Return the trials whose outcomes are compared, as `violations` does; none without control.

    Outcomes of which it is not said whether they teach count as such that do not.
    """
    return once_alike(session, "told from adaptation", lambda: _told_from_adaptation(session))


def _told_from_adaptation(session: xr.Dataset) -> Contrast:
    if outcomes_teach(session):
        return taught_violations(session)
    both = protocol.UNEXPECTED_TRIALS, protocol.EXPECTED_TRIALS
    return _controlled(
        session, tuple(trials(session, protocol.as_taught(session, factors)) for factors in both)
    )


def has_outcomes_told_from_adaptation(session: xr.Dataset) -> Missing | None:
    """Require outcomes to compare, and a control of adaptation where they teach nothing."""
    lack = protocol.has_outcome_contrast(session)
    return lack or _uncontrolled(session, outcomes_told_from_adaptation(session))


def contrast_energy(
    session: xr.Dataset, contrast: Contrast, cells: protocol.Cells,
    window: Window = protocol.OUTCOME, baseline: Window = protocol.BEFORE,
) -> float:  # fmt: skip
    """Return the energy of a contrast of outcomes in some cells, that of the control taken off."""
    key = ("contrast", tuple(x.tobytes() for x in contrast), cells.tobytes(), window, baseline)
    return once(session, key, lambda: _energy(session, contrast, cells, window, baseline))


def _energy(
    session: xr.Dataset, contrast: Contrast, cells: protocol.Cells, window: Window, baseline: Window
) -> float:
    def shown(chosen: protocol.Trials) -> Response:
        return responses(session, chosen, cells, "outcome_onset", window, baseline)

    first, second = shown(contrast[0]), shown(contrast[1])
    found = energy_of_difference(first, second)
    if len(contrast) == 2:
        return found
    third, fourth = shown(contrast[2]), shown(contrast[3])
    shared = overlap_of_contrasts((first, second), (third, fourth))
    return found + energy_of_difference(third, fourth) - 2 * shared


def somata_of_areas(session: xr.Dataset) -> dict[str, protocol.Cells]:
    """Return the somata of each area, labelled or not; which are interneurons is known by type."""
    return once_alike(session, "somata of areas", lambda: _somata_of_areas(session))


def _somata_of_areas(session: xr.Dataset) -> dict[str, protocol.Cells]:
    chosen = session.variables["role"].values != "interneuron"
    if "cell_type" in session.coords:
        chosen &= np.array(["tuft" not in str(k) for k in session.variables["cell_type"].values])
    area = session.variables["area"].values
    return {str(name): np.flatnonzero(chosen & (area == name)) for name in np.unique(area[chosen])}
