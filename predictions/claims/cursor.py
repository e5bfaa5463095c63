"""What claims about brain-computer interfaces look at: a cursor that cells move by known weights.

A session has one decoder: `decoder` of its trials names it, where there are several. Its cells say
`decoder_weight`, or the sign of it, `causal_sign`, which cells that are paired with one of them may
have, too. The error of a trial is `outcome_error`, the goal minus the cursor, shown at
`outcome_onset` while the cursor stands still: activity that takes the error of a moving cursor away
is control. In each product of an error and a response the two are of different trials of a
stimulus, for where the cursor is read from the very spikes, noise of a trial is in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import (
    Cells,
    Effect,
    Missing,
    Trials,
    Window,
    trials,
)
from errorneurons.analysis.measures.windows import window_means
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.dated import undated
from errorneurons.simulate.experiments.interface import KNOWN, SWAPPED

OfDays = Callable[[Sequence[xr.Dataset]], Effect | Missing]
"""Days of one animal with one decoder -> energies N and M, or what is missing and its mend."""

NO_CURSOR = "none"
CURSOR_DAYS = (*KNOWN, SWAPPED.start)
"""Days of simulated animals with the decoder that they know, and the first with another one."""
CLEARLY_MOVED = 1.65
"""Standard errors by which activity must go with the error that it leaves: one-sided 5 %."""
_NOTHING = 1e-12
_HARDLY = 1e-4
"""Share of the energy of errors that must be change at equal goal."""
SHOWN: Window = (0.0, 0.15)
"""From when the error is shown on, before the synapses of simulated animals change [s]."""
BEFORE_SHOWN: Window = (-0.1, 0.0)
CURSOR_TRIALS: protocol.Factors = {"outcome": "expected", "teaching": True, "manipulation": "none"}
"""What holds of trials with a cursor, as far as the session says."""

_REMEDY = "Give `outcome_error`, the goal minus the cursor, with `outcome_onset` when it is shown."


def cursor_trials(session: xr.Dataset) -> Trials:
    """Return the trials in which a cursor missed its goal by a known error, shown at a time."""
    return once_alike(session, "cursor trials", lambda: _cursor_trials(session))


def _cursor_trials(session: xr.Dataset) -> Trials:
    chosen = trials(session, _factors(session))
    for name in ("outcome_error", "outcome_onset"):
        if name not in session.coords:
            return chosen[:0]
        chosen = chosen[np.isfinite(session.variables[name].values[chosen])]
    if "decoder" in session.coords:
        chosen = chosen[session.variables["decoder"].values[chosen] != NO_CURSOR]
    stimulus = session.variables["stimulus"].values[chosen]
    names, counts = np.unique(stimulus, return_counts=True)
    return np.asarray(chosen[np.isin(stimulus, names[counts >= 2])])


def decoders(session: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the decoders of the trials with a cursor, empty where none has one."""
    if "decoder" not in session.coords:
        return ("",)
    return tuple(np.unique(session.variables["decoder"].values[cursor_trials(session)]).tolist())


def causal_signs_of(session: xr.Dataset) -> Floats:
    """Return the sign of what each unit does to the cursor, (unit,); NaN if unknown, or nothing."""
    signs = np.full(session.sizes["unit"], np.nan)
    for name in ("decoder_weight", "causal_sign"):
        if name in session.coords:
            own = np.sign(session.variables[name].values.astype(float))
            signs = np.where(np.isfinite(own) & (own != 0), own, signs)
    return signs


@dataclass(frozen=True, eq=False)
class ErrorTrials:
    """The trials of a stimulus with a cursor.

    Attributes
    ----------
    stimulus
        Its name.
    errors
        Goal minus cursor, (trial,).
    others
        Mean error of the other trials, (trial,).
    responses
        To seeing the error, (trial, cell).
    before
        Rates before it is shown, (trial, cell).
    """

    stimulus: str
    errors: Floats
    others: Floats
    responses: Floats
    before: Floats


def seen_by(session: xr.Dataset, cells: Cells) -> list[ErrorTrials]:
    """Return errors and responses of some cells to seeing them, one entry a stimulus.

    Trials in which one of the cells was not recorded are left out, and stimuli with less than two.
    """
    chosen = cursor_trials(session)
    shown, before = window_means(session, chosen, cells, "outcome_onset", (SHOWN, BEFORE_SHOWN))
    stimulus = session.variables["stimulus"].values[chosen]
    error = session.variables["outcome_error"].values[chosen].astype(float)
    complete = np.isfinite(shown - before).all(axis=1)
    found = []
    for name in np.unique(stimulus):
        own = complete & (stimulus == name)
        if own.sum() >= 2:
            others = means_of_others(error[own])
            moved = (shown - before)[own]
            found.append(ErrorTrials(str(name), error[own], others, moved, before[own]))
    return found


def means_of_others(errors: Floats) -> Floats:
    """Return of each trial the mean error of the others.

    Examples
    --------
    >>> means_of_others(np.array([1.0, 2.0, 6.0])).tolist()
    [4.0, 3.5, 1.5]
    """
    return np.asarray((errors.sum() - errors) / (len(errors) - 1))


def has_cursor(session: xr.Dataset) -> Missing | None:
    """Require errors of a cursor in two trials of a stimulus, recorded around their onset."""
    if not len(cursor_trials(session)):
        if _has_errors_all_along(session):
            return Missing(
                "the errors of the cursor are known, but not when each is shown, so that activity "
                "before and after cannot be told apart; where the cursor moves all along, activity "
                "that takes its error away is control of the cursor",
                "Show the error when the cursor stands still, and give the time as "
                "`outcome_onset`.",
            )
        return Missing("no stimulus has two trials with a cursor whose error is known", _REMEDY)
    if len(decoders(session)) > 1:
        names = " and ".join(map(repr, decoders(session)))
        return Missing(
            f"one session has the decoders {names}, and each unit has one weight",
            "Give the trials of each decoder as a session of their own.",
        )
    return protocol.covers("outcome_onset", _factors(session), BEFORE_SHOWN, SHOWN)(session)


def _has_errors_all_along(session: xr.Dataset) -> bool:
    if "outcome_error" not in session.coords:
        return False
    known = np.isfinite(session.variables["outcome_error"].values)
    if "outcome_onset" in session.coords:
        known = known & ~np.isfinite(session.variables["outcome_onset"].values)
    return bool(known.any())


def _factors(session: xr.Dataset) -> protocol.Factors:
    return {name: value for name, value in CURSOR_TRIALS.items() if name in session.coords}


def of_known_decoder(
    sessions: Sequence[xr.Dataset],
    found: OfDays,
    lack: Callable[[xr.Dataset], Missing | None],
) -> Effect | Missing:
    """Return the energies of the days with the decoder that the animal knew first.

    Parameters
    ----------
    sessions
        Sessions of one animal, day by day.
    found
        Energies of sessions.
    lack
        What a session lacks for it.
    """
    return _over_days(sessions, found, lack, changed=False)


def after_the_swap(
    sessions: Sequence[xr.Dataset],
    found: OfDays,
    lack: Callable[[xr.Dataset], Missing | None],
) -> Effect | Missing:
    """Return the energies of the first day with another decoder than the first one."""
    return _over_days(sessions, found, lack, changed=True)


def moves_the_cursor(sessions: Sequence[xr.Dataset]) -> Missing | None:
    """Require that the cells with a weight are seen to move the cursor of the decoder known first.

    Where the weights of a decoder say that their activity, just before the error is shown, takes
    the cursor farther, the error must be smaller. Cells that were not recorded, that fire noise,
    or whose weights are another's have no such relation, and what a claim would find in them is no
    evidence. Rates that drift go with an error that is learnt, whoever moves the cursor; so what is
    asked is how a trial of a goal differs from the one before. Where nothing differs, as in
    networks without noise on days without learning, nothing is required.
    """
    shifts, errors = _moved(sessions)
    free = len(shifts) - 2
    if free < 1 or not (shifts.std() > _NOTHING and errors.std() > _NOTHING):
        return None
    r = float(np.corrcoef(shifts, errors)[0, 1])
    if r * np.sqrt(free / max(1 - r**2, _NOTHING)) < -CLEARLY_MOVED:
        return None
    return Missing(
        "the cells with a weight are not seen to move the cursor: where they say that it goes "
        f"farther than in the trial before, its error is not smaller (correlation {r:.2f} over "
        f"{len(shifts)} pairs of trials)",
        "Check `decoder_weight` and `outcome_error` (goal minus cursor), and give the activity "
        "that the decoder reads, from 100 ms before the error is shown on.",
    )


def _moved(sessions: Sequence[xr.Dataset]) -> tuple[Floats, Floats]:
    """Return how much farther cells moved the cursor than in the trial before, and its errors so.

    Of pairs of neighbouring trials of a goal, each trial in one pair.
    """
    shifts, errors = [np.empty(0)], [np.empty(0)]
    for session in _of_first_decoder(sessions):
        chosen, cells = cursor_trials(session), weighted_cells(session)
        if not len(cells):
            continue
        (rates,) = window_means(session, chosen, cells, "outcome_onset", (BEFORE_SHOWN,))
        shift = rates @ session.variables["decoder_weight"].values.astype(float)[cells]
        error = session.variables["outcome_error"].values[chosen].astype(float)
        stimulus = session.variables["stimulus"].values[chosen]
        for name in np.unique(stimulus):
            own = (stimulus == name) & np.isfinite(shift)
            shifts.append(_from_pairs(shift[own]))
            errors.append(_from_pairs(error[own]))
    return np.concatenate(shifts), np.concatenate(errors)


def _from_pairs(values: Floats) -> Floats:
    """Return the differences of the first two values, of the next two, and so on, (pair,)."""
    later = values[1::2]
    return np.asarray(later - values[::2][: len(later)])


def _of_first_decoder(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return the sessions with a cursor that has the decoder of the first of them."""
    own = [s for s in sessions if len(cursor_trials(s)) and has_cursor(s) is None]
    return [s for s in own if decoders(s) == decoders(own[0])]


def at_equal_goal(responses: Floats, errors: Floats) -> tuple[float, float, float]:
    """Return how responses, and errors, of a goal go with the errors of trials beside them.

    Parameters
    ----------
    responses, errors
        Of the trials of one goal in their order, (trial,).

    Returns
    -------
    tuple of float
        Sums over trials of products of responses and errors beside them, of errors and errors
        beside them, and of errors with themselves, which the second is if they change slowly;
        means off. Products are of odd trials with even ones, so noise of a trial adds nothing.

    Examples
    --------
    >>> at_equal_goal(np.array([8.0, 6.0, 4.0, 2.0]), np.array([4.0, 3.0, 2.0, 1.0]))
    (4.0, 2.0, 4.0)
    """
    moved = told = varied = 0.0
    for half, own, beside in _halves(errors):
        moved += float(responses[half] @ beside)
        told += float(own @ beside)
        varied += float(own @ own)
    return moved, told, varied


def _halves(errors: Floats) -> Iterator[tuple[slice, Floats, Floats]]:
    """Yield odd and even trials: where they are, their errors and those beside, means off."""
    first, last = errors[:1], errors[-1:]
    before, after = np.concatenate([errors[1:2], errors[:-1]]), np.concatenate([errors[1:], last])
    after[-1:] = before[-1:] if len(errors) > 1 else first
    beside = (before + after) / 2
    for half in (slice(0, None, 2), slice(1, None, 2)):
        if len(errors[half]):
            own, next_to = errors[half], beside[half]
            yield half, own - own.mean(), next_to - next_to.mean()


def goals_are_learnt(sessions: Sequence[xr.Dataset]) -> Missing | None:
    """Require that the error of a goal changes over its trials by more than it scatters.

    Cells that are tuned to the goal answer all of its trials alike. They differ from cells that
    answer the error only as far as there are trials of one goal with unlike errors, and errors
    that the cells' own noise makes are no help, for it is in the cells' responses, too.
    """
    days = _of_first_decoder(sessions)
    every = [one for session in days for one in seen_by(session, np.empty(0, np.int64))]
    pairs = [(own, beside) for one in every for _, own, beside in _halves(one.errors)]
    own, beside = (np.concatenate([np.empty(0), *each]) for each in zip(*pairs, strict=True))
    # odd trials beside even ones and even ones beside odd ones are the same pairs twice
    free = (len(own) - len(pairs)) / 2
    spread = float(np.sqrt((own @ own) * (beside @ beside)))
    r = float(own @ beside) / spread if spread > _NOTHING else 0.0
    if free > 0 and r * np.sqrt(free / max(1 - r**2, _NOTHING)) > CLEARLY_MOVED:
        size = sum(float(one.errors @ one.errors) for one in every)
        if float(own @ own) > _HARDLY * size:
            return None
        return Missing(
            "the error of a goal hardly changes over its trials, by less than 1 % of its size, "
            "so that cells tuned to the goal cannot be told from cells that answer the error",
            _LEARN,
        )
    return Missing(
        "the error of a goal does not change over its trials by more than it scatters, so that "
        "cells tuned to the goal cannot be told from cells that answer the error (correlation "
        f"{r:.2f} of a trial with those beside it)",
        _LEARN,
    )


_LEARN = (
    "Give four trials or more of each goal, in their order, from days on which the animal learns, "
    "or shift the cursor by steps that last for several trials."
)


def weighted_cells(session: xr.Dataset) -> Cells:
    """Return the units that move the cursor by a known weight, whatever they are labelled."""
    if "decoder_weight" not in session.coords:
        return np.empty(0, np.int64)
    weights = session.variables["decoder_weight"].values.astype(float)
    return np.flatnonzero(np.isfinite(weights) & (weights != 0))


def _over_days(
    sessions: Sequence[xr.Dataset],
    found: OfDays,
    lack: Callable[[xr.Dataset], Missing | None],
    *,
    changed: bool,
) -> Effect | Missing:
    with_cursor = [s for s in sessions if len(cursor_trials(s))] or list(sessions[:1])
    lacks = [lack(session) for session in with_cursor]
    good = [s for s, missing in zip(with_cursor, lacks, strict=True) if missing is None]
    if not good:
        return next(missing for missing in lacks if missing is not None)
    if len({decoders(session) for session in good}) > 1:
        unordered = undated(good, "which decoder the animal knew first")
        if unordered:
            return unordered
    known = decoders(good[0])
    own = [s for s in good if (decoders(s) != known) == changed]
    if not own:
        return Missing(
            "the animal never has another decoder than the first",
            "Change the decoder on one of the days, and name both in `decoder`.",
        )
    return found(own[:1] if changed else own)
