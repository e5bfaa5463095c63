"""The registry of claims: a tuple written by hand.

To add a claim, write its file in `claims` and one entry here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from errorneurons.predictions.claims import (
    driving_evokes_no_error,
    errors_descend,
    errors_fade_as_learnt,
    errors_have_their_own_cells,
    errors_signed_by_cause,
    inference_survives,
    influence_stays_within_a_class,
    learning_needs_error_cells,
    lower_areas_are_not_earlier,
    representations_hold_still,
    silencing_evokes_no_error,
    silencing_removes_error_below,
    silencing_spares_error_above,
    silent_without_teaching,
    untaught_violations_evoke_nothing,
)
from errorneurons.predictions.claims.claim import Claim, Manipulation, Measure, Outcome, Verdict
from errorneurons.predictions.claims.meant import claim_among
from errorneurons.simulate.experiments.registry import experiment

CLAIMS: tuple[Claim, ...] = (
    silent_without_teaching.CLAIM,
    silencing_removes_error_below.CLAIM,
    silencing_spares_error_above.CLAIM,
    driving_evokes_no_error.CLAIM,
    silencing_evokes_no_error.CLAIM,
    inference_survives.CLAIM,
    learning_needs_error_cells.CLAIM,
    errors_have_their_own_cells.CLAIM,
    influence_stays_within_a_class.CLAIM,
    errors_descend.CLAIM,
    untaught_violations_evoke_nothing.CLAIM,
    lower_areas_are_not_earlier.CLAIM,
    errors_fade_as_learnt.CLAIM,
    errors_signed_by_cause.CLAIM,
    representations_hold_still.CLAIM,
)


EFFECTS: dict[str, dict[str, Measure]] = {
    c.key: {c.key: c.effect, **{f"{c.key} {name}": found for name, found in c.secondary.items()}}
    for c in CLAIMS
}
"""Claim -> the name of each of its effects -> the effect; first what it is judged by."""


MORE_DAYS = 0.5
"""What a further day costs with an animal that is there already; the first costs 1."""


def claims_shown_by(experiment: str) -> tuple[Claim, ...]:
    """Return the claims that virtual animals show in an experiment, by its name."""
    return tuple(c for c in CLAIMS if c.shown_by == experiment)


def days_asked(claims: Sequence[Claim]) -> tuple[int, ...]:
    """Return the days that claims which one experiment shows ask sessions of; all if empty."""
    if not all(c.days for c in claims):
        return ()
    return tuple(sorted({day for c in claims for day in c.days}))


def is_usual(claim: Claim) -> bool:
    """Return whether the outcome-error experiment, which shows most claims, shows a claim."""
    return claim.shown_by == Claim.shown_by


def manipulations_of(claims: Sequence[Claim]) -> dict[str, Manipulation]:
    """Return what claims need beside recording, by its name.

    A claim that another experiment shows needs that experiment, with all that is done in it.
    """
    usual = {m.name: m for c in claims if is_usual(c) for m in c.manipulations}
    names = dict.fromkeys(c.shown_by for c in claims if not is_usual(c))
    return usual | {name: _another(name) for name in names}


def _another(name: str) -> Manipulation:
    """Return an experiment as what is done besides: on days of its own, with all that it needs."""
    tried = experiment(name)
    needed = {m.name: m.cost for c in claims_shown_by(name) for m in c.manipulations}
    days = len(tried.days(0))
    return Manipulation(name, tried.label, MORE_DAYS * days + sum(needed.values()))


MANIPULATIONS = manipulations_of(CLAIMS)
"""What an experimenter can do beside recording: manipulations, and other experiments."""
IN_ONE_EXPERIMENT = tuple(manipulations_of([c for c in CLAIMS if is_usual(c)]))
"""Names of the manipulations of the outcome-error experiment."""


def claims_for(manipulations: Collection[str], claims: Sequence[Claim] = CLAIMS) -> tuple[str, ...]:
    """Return the keys of the claims that recording and some of `MANIPULATIONS` test."""
    return tuple(c.key for c in claims if {*manipulations_of([c])} <= {*manipulations})


def claim(key: str) -> Claim:
    """Return a claim by its key.

    Raises
    ------
    ValueError
        If there is none, with the nearest key.
    """
    return claim_among({c.key: c for c in CLAIMS}, key, {c.key: c.name for c in CLAIMS})


def else_behind(verdicts: Iterable[Verdict]) -> list[str]:
    """Return what else, of a recording, makes it support the claims that it supports."""
    supported = (claim(v.claim) for v in verdicts if v.outcome is Outcome.SUPPORTED)
    return [found.otherwise for found in supported if found.otherwise]
