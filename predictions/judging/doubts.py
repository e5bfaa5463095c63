"""What is doubted of a recording: labels and lasers that may mean nothing, and other reasons.

A laser that does nothing evokes nothing, spares all, and supports and contradicts claims; so do
labels that are dealt at random. So the cells that a laser is aimed at must be seen to differ with
it, over animals, and what it is to silence must be seen to be silent, as far as a threshold asks
for it. What is doubted leaves a verdict open, and is not weighed between theories, whose virtual
lasers and labels mean what they say.

So do signals that all cells share. Animals that run, wake up or are rewarded where an outcome is
unexpected move all cells, and their contrast of outcomes is no error. So an answer must be the same
with that taken off, see `without_what_is_shared`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.measures.gaps import means
from errorneurons.analysis.statistics import Interval, ratio_of_means, students
from errorneurons.predictions.claims.claim import Claim, Measure, Outcome, Verdict, answer_of
from errorneurons.predictions.claims.lasers import changes, is_control, what_is_left
from errorneurons.predictions.claims.requirements import BEFORE
from errorneurons.predictions.judging.labels import chance_of_labels, doubt_of_labels
from errorneurons.predictions.judging.measured import FEWEST_ANIMALS, Doubt, Measured, measure
from errorneurons.predictions.judging.rule import ALPHA, outcomes
from errorneurons.simulate.arrays import Array

_LASER_UNSEEN = (
    "That the laser does anything is not seen: no cell that it is aimed at was recorded with it "
    "and without it, after the same input or outcome."
)
_SEE_THE_LASER = (
    "Record cells that the laser is aimed at, in trials in which they fire without it, and see "
    "that it moves them."
)
_LEFT_UNSEEN = (
    "How much the laser leaves of the response of the cells that it is aimed at is not seen: none "
    "that clearly responds was recorded with it and without it."
)
_SILENCE_MORE = (
    "Silence more of the cells, or each of them more, and see in those that the laser is aimed at "
    "that little of their response is left."
)
_KNOW_WHAT_IS_LEFT = (
    "Record more trials with the laser and without it, or more of the cells that it is aimed at, "
    "or outcomes that they answer more strongly, to know how little of their response is left."
)
_SEE_WHAT_ALL_SHARE = (
    "Compare trials of like running speed, pupil and reward, and record more cells, to see what "
    "error cells do that others do not."
)
_FEWEST_CELLS = 16
"""What fewer cells share is not told from what each of them does."""
_MOST_LEFT = 0.5
"""A laser that leaves more of the amplitude than this tells nothing of complete silencing."""


def measured_with_doubts(
    sessions: Sequence[xr.Dataset], claims: Sequence[Claim]
) -> dict[str, Measured]:
    """Return what a recording says to each claim, by key, with what is doubted of it."""
    with asked_often(sessions):
        chance = chance_of_labels(sessions)
        found = {c.key: measure(c.effect, sessions, trial_level=True) for c in claims}
        alike = _said_without_what_is_shared(sessions, claims, found)
        doubts = {
            c.key: _doubt(c, found[c.key], sessions, chance, alike.get(c.key, ""))
            for c in claims
            if found[c.key].animals
        }
    return {key: replace(own, doubt=doubts.get(key)) for key, own in found.items()}


def _doubt(
    claim: Claim, measured: Measured, sessions: Sequence[xr.Dataset], chance: float, unshared: str
) -> Doubt | None:
    """Return why what a recording says to a claim may be no answer."""
    doubted = doubt_of_labels(claim, chance) or _doubt_of_lasers(claim, sessions)
    if doubted:
        return doubted
    if unshared and unshared != _said(claim, measured):
        return Doubt(
            "cells may answer outcomes alike, as they do running, arousal or a reward: with what "
            f"all of them share taken off, the claim is {unshared}",
            _SEE_WHAT_ALL_SHARE,
        )
    return Doubt(why) if claim.doubt and (why := claim.doubt(sessions)) else None


def _said(claim: Claim, measured: Measured) -> str:
    return str(
        outcomes(claim, measured.energies, measured.label_error, elsewhere=measured.elsewhere)
    )


def _said_without_what_is_shared(
    sessions: Sequence[xr.Dataset], claims: Sequence[Claim], measured: Mapping[str, Measured]
) -> dict[str, str]:
    """Return what is said of claims on outcomes with what cells share taken off, by key.

    Of recordings of which a statement about the population is made.
    """
    asked = [c for c in claims if c.of_outcomes and len(measured[c.key].animals) >= FEWEST_ANIMALS]
    found: dict[str, dict[int, Effect | Missing]] = {c.key: {} for c in asked}
    for session in sessions if asked else ():
        alone = without_what_is_shared(session)
        with asked_often([alone]):
            for c in asked:
                found[c.key][id(session)] = answer_of(c.effect, [alone])
    said = {}
    for c in asked:
        own = measure(_known(found[c.key]), sessions, trial_level=False)
        said[c.key] = _said(c, own) if len(own.animals) >= FEWEST_ANIMALS else ""
    return said


def _known(answers: Mapping[int, Effect | Missing]) -> Measure:
    return lambda session: answers[id(session)]


def without_what_is_shared(session: xr.Dataset) -> xr.Dataset:
    """Return a session with what all its units share of what outcomes evoke taken off.

    In each time bin from the outcome on, of the change since before it: one amount for all, and one
    times their mean rate until outcomes, by least squares over the units that were recorded in that
    trial. Trials of few units stay as they are, and sessions without outcomes.
    """
    if "outcome_onset" not in session.coords:
        return session
    rate = session["rate"].values
    rate = rate.astype(np.result_type(rate, np.float32), copy=False)
    since = session["time"].values - session.variables["outcome_onset"].values[:, None]
    known = np.isfinite(rate)
    seen = known.any(axis=2)  # trials may be of unlike lengths
    there = (known | ~seen[..., None]).all(axis=1)
    before = seen & (since >= BEFORE[0]) & (since < BEFORE[1])
    shown = np.flatnonzero(before.any(axis=1) & (there.sum(axis=1) >= _FEWEST_CELLS))
    if not len(shown):
        return session
    usual = means(np.stack([rate[k, seen[k] & (since[k] < 0)].mean(axis=0) for k in shown]))
    left, taking = rate.copy(), dict[bytes, Array]()
    for trial in shown:
        own, after = there[trial], seen[trial] & (since[trial] >= 0)
        loads = np.stack([np.ones(own.sum()), usual[own]], axis=-1).astype(rate.dtype)
        if own.tobytes() not in taking:
            taking[own.tobytes()] = np.linalg.pinv(loads).T
        base = rate[trial, before[trial]][:, own].mean(axis=0)
        moved = (rate[trial, after][:, own] - base) @ taking[own.tobytes()] @ loads.T
        left[np.ix_([trial], after, own)] -= moved
    return session.assign(rate=session["rate"].copy(data=left))


def _doubt_of_lasers(claim: Claim, sessions: Sequence[xr.Dataset]) -> Doubt | None:
    chances = [_chance_of_laser(sessions, *use) for use in _uses(claim)]
    p = max((p for p in chances if p >= ALPHA), default=None)
    if p is None:
        return None
    return Doubt(
        "the laser may do nothing: with it the cells that it is aimed at do not differ by more "
        f"than chance from those in trials without it (p {p:.2g})",
        _SEE_THE_LASER,
    )


def _uses(claim: Claim) -> list[tuple[str, str]]:
    """Return what lasers of a claim do, to cells of which role."""
    uses = {
        (str(x["manipulation"]), str(x["manipulated_role"]))
        for x in (condition.factors for condition in claim.conditions)
        if x.get("manipulation", "none") != "none"
    }
    return sorted(uses)


def beside_lasers(
    claim: Claim, verdict: Verdict, measured: Measured, sessions: Sequence[xr.Dataset]
) -> Verdict:
    """Return an answer as far as lasers bear it: UNDECIDED where one is seen to do too little."""
    for manipulation, role in _uses(claim):
        if np.isnan(_chance_of_laser(sessions, manipulation, role)):
            return replace(verdict, reason=f"{verdict.reason} {_LASER_UNSEEN}")
        if manipulation == "silence":
            verdict = _beside_what_is_left(claim, verdict, measured, sessions, role)
    return verdict


def left_by_lasers(claim: Claim, sessions: Sequence[xr.Dataset]) -> str:
    """Return that cells which a claim silences keep a part of their response; nothing if not.

    So much as is clear of 0, or more than half: virtual lasers, with which a recording is compared
    where theories are weighed, leave nothing.
    """
    if claim.incomplete is None:
        return ""
    shares = [_share_left(sessions, role) for kind, role in _uses(claim) if kind == "silence"]
    seen = [share for share in shares if share and (share.low > 0 or share.value > _MOST_LEFT)]
    if not seen:
        return ""
    return f"{_of_share(seen[0])}, and virtual lasers leave nothing"


def _beside_what_is_left(
    claim: Claim, verdict: Verdict, measured: Measured, sessions: Sequence[xr.Dataset], role: str
) -> Verdict:
    """Return a verdict, UNDECIDED if a laser that silences in part would do for it."""
    if claim.incomplete is None or verdict.outcome is not _of_no_laser(claim):
        return verdict
    left = _share_left(sessions, role)
    if left is None:
        return replace(verdict, reason=f"{verdict.reason} {_LEFT_UNSEEN}")
    most = min(max(left.high, 0.0), 1.0)
    bound = claim.incomplete(claim.threshold, most, sessions)
    asked = replace(claim, threshold=bound)
    found = outcomes(asked, measured.energies, measured.label_error, elsewhere=measured.elsewhere)
    if left.value <= _MOST_LEFT and str(found) == verdict.outcome:
        return verdict
    if left.low > 0:
        return verdict.left_open(f"{_of_share(left)}, and that may be why", _SILENCE_MORE)
    why = (
        f"it is known only that the laser leaves {most:.0%} or less of the response of the cells "
        "that it is aimed at, and that much may be why"
    )
    return verdict.left_open(why, _KNOW_WHAT_IS_LEFT)


def _of_share(left: Interval) -> str:
    value, low, high = (f"{max(x, 0.0):.0%}" for x in (left.value, left.low, min(left.high, 1.0)))
    return (
        f"the laser leaves {value} ({low} to {high}) of the response of the cells that it is aimed "
        "at"
    )


def _of_no_laser(claim: Claim) -> Outcome:
    """Return what is said of a claim if silencing takes nothing away: all remains, none changes."""
    assert claim.incomplete is not None
    grows = claim.incomplete(claim.threshold, 1.0, ()) > claim.threshold
    return Outcome.SUPPORTED if grows == (claim.side == "above") else Outcome.CONTRADICTED


def _share_left(sessions: Sequence[xr.Dataset], role: str) -> Interval | None:
    """Return the share of their amplitude that silenced cells keep, where it is best known.

    None if there are no two animals in which they clearly respond without the laser.
    """
    means = _over_animals(sessions, lambda session: what_is_left(session, role))
    known = [ratio_of_means(*both.T) for both in means if students(both[:, 1])[1] < ALPHA]
    return min(known, key=lambda share: share.high - share.low, default=None)


def _chance_of_laser(sessions: Sequence[xr.Dataset], manipulation: str, role: str) -> float:
    """Return the p that a laser changes as much in the cells it is aimed at if it does nothing.

    The least over events, times how many there are; NaN if none is seen in two animals.
    """
    means = _over_animals(sessions, lambda session: changes(session, manipulation, role))
    found = [float(students(own)[1]) for own in means]
    return min(1.0, len(found) * min(found)) if found else float("nan")


def _over_animals(
    sessions: Sequence[xr.Dataset],
    seen_in: Callable[[xr.Dataset], Mapping[str, float | tuple[float, float]]],
) -> list[Array]:
    """Return the means of animals over their sessions, (animal, ...), for each event.

    Control animals are left out, and events that were seen in fewer than two animals.
    """
    seen: dict[str, dict[str, list[float | tuple[float, float]]]] = {}
    for session in sessions:
        if not is_control(session):
            for event, found in seen_in(session).items():
                animals = seen.setdefault(event, {})
                animals.setdefault(str(session.attrs["animal"]), []).append(found)
    return [
        np.array([np.mean(days, axis=0) for days in own.values()])
        for own in seen.values()
        if len(own) > 1
    ]
