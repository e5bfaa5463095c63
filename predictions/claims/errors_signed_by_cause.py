"""P11: errors are a vector, each signed by what its cell does to the outcome.

With x the response of a cell to seeing the error d of a cursor, s the sign of the cell's effect on
the cursor, and averages over cells and stimuli,

    N = <x s' d'>^2 / (<s'^2> <d'^2>),        M = <x'^2>,

where a dash takes off the mean: of s over cells, so that a number that all cells are told alike
adds nothing; of d and x over stimuli, so that what an outcome evokes whatever its error, and
whatever the cell, adds nothing. N is what of M is signed by cause, 0 to M; it takes the
sign of <x s' d'>, so that errors of the wrong sign count against the claim. The errors d
are of other trials than the responses. N is less what noise of trials adds to a square, and M
a cross-validated energy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Cells, Effect, Missing, tuning_energy, units
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, OverDays
from errorneurons.predictions.claims.cursor import (
    CURSOR_DAYS,
    CURSOR_TRIALS,
    ErrorTrials,
    after_the_swap,
    causal_signs_of,
    has_cursor,
    moves_the_cursor,
    of_known_decoder,
    seen_by,
)
from errorneurons.simulate.experiments.readout import ALL, FIRST

_FEWEST = 2
"""Cells of either sign that a session must have."""


def _signs(session: xr.Dataset) -> Floats:
    """Return which sign each unit's response has if errors are vectors, (unit,); NaN if unknown.

    A partner that fires more for negative errors has the opposite of its causal sign; a cell that
    moves the cursor itself has its own, whatever it is labelled.
    """
    signs = causal_signs_of(session)
    if "error_sign" not in session.coords:
        return signs
    negative = session.variables["error_sign"].values == -1
    if "decoder_weight" in session.coords:
        weight = session.variables["decoder_weight"].values
        negative = negative & (np.isnan(weight) | (weight == 0))
    return np.where(negative, -signs, signs)


def _error_cells(session: xr.Dataset) -> Cells:
    """Return the error cells whose sign is known, or if there are too few all such cells."""
    labelled = _known(session, units(session, "error"))
    if _of_both_signs(session, labelled):
        return labelled
    return _known(session, np.arange(session.sizes["unit"]))


def _moving_cells(session: xr.Dataset) -> Cells:
    """Return the cells that move the cursor."""
    return _known(session, units(session, "unlabelled"))


def _known(session: xr.Dataset, cells: Cells) -> Cells:
    return np.asarray(cells[np.isfinite(_signs(session)[cells])])


def _of_both_signs(session: xr.Dataset, cells: Cells) -> bool:
    signs = causal_signs_of(session)[cells]
    return bool(min((signs > 0).sum(), (signs < 0).sum()) >= _FEWEST)


def _on_a_day(session: xr.Dataset) -> Effect | Missing:
    """Return N and M of the cells of one session that signal errors."""
    return _signed_share(session, _error_cells(session))


def _in_moving_cells(session: xr.Dataset) -> Effect | Missing:
    return _signed_share(session, _moving_cells(session))


def _signed_share(session: xr.Dataset, cells: Cells) -> Effect | Missing:
    shown = seen_by(session, cells)
    if len(shown) < 2:
        return _one_goal()
    return signed_share(shown, causal_signs_of(session)[cells], _signs(session)[cells])


def signed_share(shown: Sequence[ErrorTrials], causal: Floats, signs: Floats) -> Effect:
    """Return N and M of some cells, see above; NaN where all move the cursor the same way.

    Parameters
    ----------
    shown
        Errors and responses to seeing them, of two stimuli or more.
    causal
        Sign of what each cell, or its partner, does to the cursor, (cell,).
    signs
        The same, turned round in cells that fire more for negative errors, (cell,).
    """
    # the mean is taken off the causal sign: what is told to all alike moves both halves alike
    axis = (causal - causal.mean()) * np.where(signs == causal, 1.0, -1.0)
    length = np.sqrt(len(axis) * (axis @ axis))
    patterns = [one.responses @ axis / length if length else one.errors * np.nan for one in shown]
    m = tuning_energy({one.stimulus: one.responses for one in shown})
    return Effect(_along(patterns, shown), m * (len(shown) - 1) / len(shown))


def _along(patterns: Sequence[Floats], shown: Sequence[ErrorTrials]) -> float:
    """Return the energy of patterns along errors of other trials, signed, a stimulus."""
    count = len(shown)
    means = np.array([one.errors.mean() for one in shown])
    elsewhere = means.sum() - means
    products = [
        pattern * (one.others - (one.others + rest) / count)
        for pattern, one, rest in zip(patterns, shown, elsewhere, strict=True)
    ]
    total = sum(p.mean() for p in products)
    noise = sum(p.var(ddof=1) / len(p) for p in products)
    size = count * ((means - means.mean()) ** 2).sum()
    return float(np.sign(total) * (total**2 - noise) / size) if size else float("nan")


def _has_signs(session: xr.Dataset) -> Missing | None:
    if _of_both_signs(session, _error_cells(session)):
        return None
    return _one_sign()


def _has_moving_cells(session: xr.Dataset) -> Missing | None:
    return None if _of_both_signs(session, _moving_cells(session)) else _one_sign()


def _one_sign() -> Missing:
    return Missing(
        f"there are not {_FEWEST} cells or more known to move the cursor one way and as many known "
        "to move it the other way",
        "Give `decoder_weight`, or `causal_sign` of the cells and of error cells or tufts that are "
        "paired with them, with cells of both signs.",
    )


def _one_goal() -> Missing:
    return Missing(
        "no two stimuli have two trials each with a cursor, so that a response to the error cannot "
        "be told from one to the outcome",
        "Give the cursor two goals or more.",
    )


def _has_goals(session: xr.Dataset) -> Missing | None:
    if has_cursor(session) is not None:
        return None
    return None if len(seen_by(session, np.empty(0, np.int64))) >= 2 else _one_goal()


def _lack(session: xr.Dataset) -> Missing | None:
    return protocol.what_is_missing(session, has_cursor, _has_goals, _has_signs)


def _lack_of_moving(session: xr.Dataset) -> Missing | None:
    return protocol.what_is_missing(session, has_cursor, _has_goals, _has_moving_cells)


def effect(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """N: error times causal sign; M: responses to errors; days with the decoder known first."""
    found = of_known_decoder(sessions, _on_a_day, _lack)
    return found if isinstance(found, Missing) else moves_the_cursor(sessions) or found


def in_moving_cells(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """As `effect`, in the cells that move the cursor themselves."""
    return of_known_decoder(sessions, _in_moving_cells, _lack_of_moving)


def after_swap(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """As `effect`, on the first day with another decoder, with the signs that it has."""
    return after_the_swap(sessions, _on_a_day, _lack)


CLAIM = Claim(
    key="P11",
    name="errors are signed by cause",
    sentence="In a brain-computer interface, each error cell answers the error of the cursor with "
    "the sign with which its neuron moves the cursor.",
    action="record",
    mechanism=(
        "The error of the cursor reaches each neuron as what its own rate should have been, so "
        "cells that move the cursor in opposite directions get opposite errors. A reward "
        "prediction error, or arousal, is one number, and all cells get it with the same sign; "
        "it does not tell to which side the cursor missed."
    ),
    equation="e_i = phi'(u_i) w_i (y* - y),  against  e_i = delta for all i",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, error of the output area; "
    "Francioni et al. 2026, doi:10.1038/s41586-026-10190-7",
    experiment=(
        "A cursor is moved by cells of known weights towards two goals or more; its error is shown "
        "at a known time. Responses to it are compared with error times sign of the weight, over "
        "the days with the decoder that the animal knew first. Cells that are tuned to the goal as "
        "their weights are pass as well; after a swap their sign is wrong. Weights that are not "
        "those of the cursor contradict the claim."
    ),
    refuted_by="Responses to errors of which less than a ninth is signed by the weight, as if all "
    "cells were told the same number.",
    record="Two cells or more that move the cursor either way, and what signals errors: somata of "
    "error cells or apical tufts paired with them, or without labels the cells themselves; two "
    "goals, two trials each, and the error of each trial. No cell needs to be found again on "
    "another day.",
    effect=OverDays(effect),
    threshold=1 / 9,
    side="above",
    manipulations=(),
    counter_circuit="scalar_reward",
    conditions=(
        Condition("error, decoder known", {**CURSOR_TRIALS, "decoder": FIRST}),
        Condition("error, decoder swapped", {**CURSOR_TRIALS, "decoder": ALL}),
    ),
    shown_by="brain_computer_interface_realigning",
    days=CURSOR_DAYS,
    drawing=Drawing(
        read=(("error", 4),), teaching=True, outcome_onset=0.3, end=0.5, read_window=(0.3, 0.45)
    ),
    secondary={
        "in the cells that move the cursor": OverDays(in_moving_cells),
        "on the first day with another decoder": OverDays(after_swap),
    },
)
