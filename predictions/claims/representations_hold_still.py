"""P20: while an error is shown, activity does not move to where it would be gone.

With d the error of the cursor in a trial, and s how far the change of activity from before to after
it is shown would move the cursor through the same decoder, averaged over trials, stimuli and days,

    N = <s d> / <d^2>^(1/2),        M = <d d> / <d^2>^(1/2),

the products of two factors being of different trials of a stimulus. N/M is the share of the error
that is gone before any synapse has changed: 1 if activity finds the answer first and synapses
consolidate it, 0 if it stays, and negative if activity moves the other way. Either is no
holding still, so the claim is tested at both ends. N is linear in activity, so its noise adds
nothing; divided by the size of errors, an animal that misses twice as far counts twice, not four
times.

Activity that holds the cursor and just ends is no answer to the error, but goes with it: what holds
the cursor short of a goal leaves an error of the same sign. Let a be how far activity before would
move the cursor, its mean over goals off, as those of s and d are here, and g = -<s a> / <a a> the
share of it that is gone. An answer stays open if over animals

    |g <a d>| >= <d d> / 3,        |g <a d>| >= |<s d> + g <a d>|,

that is if the end alone makes N/M what counts, and as much of it as is left. So it does if activity
goes on growing (g < 0), as where it takes longer than until the error is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import (
    Claim,
    Condition,
    Drawing,
    OverDays,
    asked_together,
)
from errorneurons.predictions.claims.cursor import (
    CURSOR_DAYS,
    CURSOR_TRIALS,
    ErrorTrials,
    cursor_trials,
    decoders,
    has_cursor,
    means_of_others,
    moves_the_cursor,
    of_known_decoder,
    seen_by,
    weighted_cells,
)
from errorneurons.simulate.experiments.readout import ALL, FIRST

_NOTHING = 1e-12


def _shown(session: xr.Dataset) -> list[ErrorTrials]:
    """Return errors and how far the change of activity would move the cursor, (trial, 1)."""
    cells = weighted_cells(session)
    weights = session.variables["decoder_weight"].values.astype(float)[cells]
    return [
        replace(
            one,
            responses=(one.responses @ weights)[:, None],
            before=(one.before @ weights)[:, None],
        )
        for one in seen_by(session, cells)
    ]


def taken_away(days: Sequence[Sequence[ErrorTrials]]) -> Effect:
    """Return N and M, see above, over days; the responses are shifts of the cursor, (trial, 1)."""
    n, m, size = (
        protocol.mean_over([protocol.mean_over([of(one) for one in shown]) for shown in days])
        for of in (_shift, _missed, _squared)
    )
    return Effect(n / np.sqrt(size), m / np.sqrt(size)) if size else Effect(0.0, 0.0)


def _shift(one: ErrorTrials) -> float:
    return float((one.responses[:, 0] * one.others).mean())


def _missed(one: ErrorTrials) -> float:
    return float((one.errors * one.others).mean())


def _squared(one: ErrorTrials) -> float:
    return float((one.errors**2).mean())


def _on_days(days: Sequence[xr.Dataset]) -> Effect:
    return taken_away([_shown(day) for day in days])


def that_activity_ends(sessions: Sequence[xr.Dataset]) -> str:
    """Say that the shift is not told from the end of what holds the cursor; nothing if it is."""
    found = [
        _products(shown)
        for own in asked_together(CLAIM.effect, sessions)
        for day in _known_days(own)
        if len(shown := _shown(day)) > 1
    ]
    if not found:
        return ""
    with_before, with_error, before, error, both = np.mean(found, axis=0)
    if min(before, error) < _NOTHING:
        return ""
    grown = with_before / before
    of_itself = grown * both
    if abs(of_itself) < max(CLAIM.threshold * error, abs(with_error - of_itself)):
        return ""
    does = (
        f"goes on growing as the error is shown (by {grown:.0%})"
        if grown > 0
        else f"ends as the error is shown ({min(-grown, 1):.0%} of it is gone)"
    )
    return f"activity that holds the cursor {does}, which is not told from an answer to the error"


def _products(shown: Sequence[ErrorTrials]) -> tuple[float, ...]:
    """Return <s a>, <s d>, <a a>, <d d> and <a d> of a day, means over goals off."""
    s, a = [one.responses[:, 0] for one in shown], [one.before[:, 0] for one in shown]
    d = [one.errors for one in shown]
    return tuple(_product(*two) for two in ((s, a), (s, d), (a, a), (d, d), (a, d)))


def _product(first: Sequence[Floats], second: Sequence[Floats]) -> float:
    """Return the mean over goals of products less that of their means; of different trials each."""
    pairs = list(zip(first, second, strict=True))
    own = np.array([float((x * means_of_others(y)).mean()) for x, y in pairs])
    x, y = (np.array([float(values.mean()) for values in one]) for one in (first, second))
    between = x.sum() * y.sum() - x @ y + own.sum()
    return float(own.mean() - between / len(own) ** 2)


def _has_weights(session: xr.Dataset) -> Missing | None:
    if len(weighted_cells(session)):
        return None
    return Missing(
        "no cell has a known weight with which it moves the cursor",
        "Give `decoder_weight` [units of the cursor per unit of the rate]; a sign is not enough.",
    )


def _has_all_cells(session: xr.Dataset) -> Missing | None:
    """Require two trials of a goal with all cells that move the cursor, which none may lack."""
    cells = weighted_cells(session)
    if not len(cells) or has_cursor(session) or seen_by(session, cells):
        return None
    rate = session.variables["rate"].values[cursor_trials(session)][..., cells]
    count = int((~np.isfinite(rate).all(axis=(0, 1))).sum())
    return Missing(
        f"{count} of {len(cells)} cells that move the cursor were not recorded in some trials, and "
        "no goal has two trials with all of them, so that how far activity would move it is not "
        "known",
        "Give the trials with all cells that have a weight, or the weights of a decoder without "
        "those that are lost.",
    )


def _lack(session: xr.Dataset) -> Missing | None:
    return protocol.what_is_missing(session, has_cursor, _has_weights, _has_all_cells)


def effect(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """N: error removed by the shift within the trial; M: error; the decoder known first."""
    found = of_known_decoder(sessions, _on_days, _lack)
    return found if isinstance(found, Missing) else moves_the_cursor(sessions) or found


def _known_days(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    days = [session for session in sessions if _lack(session) is None]
    return [session for session in days if decoders(session) == decoders(days[0])]


def of_what_is_learnt(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """N: shift on the first day times what is learnt until the last; M: the square of the latter.

    Learnt is how much less the cursor misses each goal on the last day, so no cell needs to be
    found again.
    """
    days = _known_days(sessions)
    if len(days) < 2:
        return _lack(sessions[0]) or Missing(
            "there is one day with the cursor", "Record it on two days or more with one decoder."
        )
    first, last = ({one.stimulus: one for one in _shown(day)} for day in (days[0], days[-1]))
    goals = [name for name in first if name in last]
    learnt = [float(first[name].errors.mean() - last[name].errors.mean()) for name in goals]
    shifts = [float(first[name].responses.mean()) for name in goals]
    return Effect(
        protocol.mean_over([s * c for s, c in zip(shifts, learnt, strict=True)]),
        protocol.mean_over([c**2 for c in learnt]),
    )


_ANSWERS_NOTHING = (
    "Cells that answer nothing, or weights that are not those of the cursor, support the claim as "
    "well: see first that the cursor follows from activity and weights."
)

CLAIM = Claim(
    key="P20",
    name="representations hold still at the error",
    sentence="In a brain-computer interface, the activity that moves the cursor moves it by less "
    "than a third of its error, either way, while the error is shown, before synapses change.",
    action="record",
    mechanism=(
        "Errors teach through the apical dendrite, whose conductance is small, so activity moves "
        "towards the answer by little and synapses do the rest over many trials. In prospective "
        "configuration activity first settles where the error is gone, and synapses then "
        "consolidate it; in supervised predictive coding the output is held there."
    ),
    equation="g du_l = g_api (L_ER e_l),  g_api << g;  against  w . x_L = y*",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, apical conductance; "
    "Song et al. 2024, doi:10.1038/s41593-023-01514-1",
    experiment=(
        "A cursor is moved by cells of known weights; its error is shown at a known time. What the "
        "change of their activity would do to the cursor, through the same decoder, is compared "
        "with the error, over the days with the decoder that the animal knew first. "
        f"{_ANSWERS_NOTHING}"
    ),
    refuted_by="A change of activity within the trial that takes away a third of the error or "
    "more, or adds as much to it.",
    record="The cells that move the cursor with their weights, and the error of each trial, shown "
    "at a known time; two trials of a goal. No labels, and no cell needs to be found again.",
    effect=OverDays(effect),
    threshold=1 / 3,
    side="within",
    manipulations=(),
    counter_circuit="held_output",
    by_labels=False,
    otherwise=_ANSWERS_NOTHING,
    doubt=that_activity_ends,
    conditions=(
        Condition("error, decoder known", {**CURSOR_TRIALS, "decoder": FIRST}),
        Condition("error, decoder swapped", {**CURSOR_TRIALS, "decoder": ALL}),
    ),
    shown_by="brain_computer_interface_realigning",
    days=CURSOR_DAYS,
    drawing=Drawing(
        read=(("representation", 4),), teaching=True, outcome_onset=0.3, end=0.5,
        read_window=(0.3, 0.45),
    ),
    ratio_of="amplitudes",
    secondary={"as a share of what is learnt over days": OverDays(of_what_is_learnt)},
)  # fmt: skip
