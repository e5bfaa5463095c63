"""P06b: learning needs error cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, trials
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import (
    ERROR_SITES,
    Claim,
    Condition,
    Drawing,
    Manipulation,
)

_REMEDY = "Silence error cells in the outcome window of every trial of a block of learning."
FEWEST = 9
PERFECT = 1.0
"""Performance that cannot be bettered: all trials right, or no error."""


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: gain in performance, error cells off at the outcome; M: gain in the control block.

    N/M is relative to what is learnt, however well the animal knew its task before; M is compared
    with what there was to learn.
    """
    lack = protocol.what_is_missing(
        session,
        has_block(protocol.LEARNING_OFF, "learning with error cells off at the outcome"),
        has_block(protocol.LEARNING, "learning without laser"),
        lasers.reaches_cells,
        lasers.during_the_outcome(protocol.LEARNING_OFF),
    )
    if lack:
        return lack
    (_, off), (first, control) = (
        gain(session, trials(session, block))
        for block in (protocol.LEARNING_OFF, protocol.LEARNING)
    )
    return Effect(off, control, elsewhere=max(PERFECT - first, 0.0))


def gain(session: xr.Dataset, block: protocol.Trials, share: float = 1.0) -> tuple[float, float]:
    """Return performance at the beginning of a block, and by how much its last third is better.

    Or the last third of the first `share` of its trials.

    The beginning is the first trial of each stimulus, before anything can have been learnt of it.
    """
    scored = block[np.isfinite(session.variables["performance"].values[block])]
    performance = session.variables["performance"].values[scored]
    _, at = np.unique(session.variables["stimulus"].values[scored], return_index=True)
    first = float(performance[at].mean())
    seen = performance[: math.ceil(share * len(scored))]
    return first, float(seen[-max(1, len(seen) // 3) :].mean()) - first


def incomplete(threshold: float, left: float, sessions: Sequence[xr.Dataset]) -> float:
    """Return the threshold where error cells keep a share of their response, see `Incomplete`.

    Who learns from a share of each error has learnt at the end what others have after that share
    of the trials, which may be almost all: so much of the gain is taken from the control block.
    """
    gains = [
        [gain(s, trials(s, protocol.LEARNING), share)[1] for share in (left, 1.0)]
        for s in sessions
        if left > 0 and isinstance(effect(s), Effect)
    ]
    early, whole = np.sum(gains, axis=0) if gains else (0.0, 1.0)
    learnt = float(np.clip(early / whole, left, 1.0))
    return learnt + (1 - learnt) * threshold


def has_block(factors: protocol.Factors, name: str) -> protocol.Requirement:
    """Require a block of learning with a performance for each trial."""

    def requirement(session: xr.Dataset) -> Missing | None:
        chosen = trials(session, factors)
        absent = tuple(c for c in ("performance", *factors) if c not in session.coords)
        if absent:
            wanted = tuple((c, factors[c]) for c in absent if c in factors)
            remedy = f"{_REMEDY} Score every trial."
            return Missing(f"no scored trials of {name}", remedy, absent, wanted)
        if np.isfinite(session.variables["performance"].values[chosen]).sum() < FEWEST:
            return Missing(f"fewer than {FEWEST} scored trials of {name}", _REMEDY)
        return None

    return requirement


CLAIM = Claim(
    key="P06b",
    name="learning needs error cells",
    sentence="With error cells silenced at the outcome, performance gains less than half of what "
    "it gains without.",
    action="learn",
    mechanism=(
        "Synapses onto representation neurons change with the apical potential, which local error "
        "neurons alone set. Predictive coding expects the same: this part separates no two of "
        "them, and guards the claim that inference survives against a laser that does nothing."
    ),
    equation="dW_l/dt = eta g_api tau (L e_l) r_{l-1}^T  and  e = 0  =>  dW_l = 0",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, plasticity",
    experiment=(
        "Two blocks, each a new association; in one, error cells are silenced from outcome onset "
        "to the end of the trial. Gain: performance in the last third of a block minus that in the "
        "first trial of each stimulus."
    ),
    refuted_by="A gain in performance with error cells off of half that of control blocks, or "
    "more.",
    record="Performance on each trial of learning blocks with and without silencing, in the same "
    "animals.",
    effect=effect,
    threshold=0.5,
    side="below",
    manipulations=(Manipulation("silence-learning", "silencing all error cells while learning"),),
    counter_circuit="teaching_to_representation",
    conditions=(
        Condition("learning", protocol.LEARNING),
        Condition("learning, error cells off", protocol.LEARNING_OFF),
    ),
    behaviour=True,
    incomplete=incomplete,
    drawing=Drawing(
        read=(("representation", 4),),
        manipulation="silence",
        manipulated=ERROR_SITES,
        manipulation_window=(0.3, 0.5),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.2, 0.3),
    ),
)
