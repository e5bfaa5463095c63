"""P11: errors are a vector, each signed by what its cell does to the outcome.

With x the response of a cell to seeing the error d of a cursor, s the sign of the cell's effect on
the cursor, and p = <x s'> over cells, where a dash takes off the mean over cells, so that a number
that all cells are told alike adds nothing,

    N_1 = slope of p on d between goals, times sd(d) between goals,
    N_2 = slope of p on d at equal goal, times sd(d) between goals,
    M   = sd(x) between goals,

as amplitudes. The claim is that both are a third of M or more: N_1 says that the answers to
goals are signed by cause, and N_2 that they are answers to the error. Between goals alone nothing
tells error from goal: a decoder is built from how cells are tuned, so a cell that is tuned to the
goal and answers no error goes with error times sign as well. At equal goal it does not. The error
of a goal falls as it is learnt; whatever else differs between goals, and what an outcome evokes
whatever its error, is the same in all trials of one.

Where the cursor is read from the very spikes, noise of a trial is in both x and d. So N_1 takes
errors of other trials, and the slope of N_2 is that on errors of the trials beside it (an
instrument): odd trials of a goal are compared with the even ones between them, and the other way
round. N_1, N_2 and M are multiplied by how much of what d varies the others tell, so that where a
goal's error only scatters, all are 0. Energies and squares are cross-validated over trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    at_equal_goal,
    causal_signs_of,
    goals_are_learnt,
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


def _of_error_cells(days: Sequence[xr.Dataset]) -> Effect | Missing:
    """Return N and M of the cells of some days that signal errors."""
    return _of_cells(days, _error_cells)


def _of_moving_cells(days: Sequence[xr.Dataset]) -> Effect | Missing:
    return _of_cells(days, _moving_cells)


def _of_cells(
    days: Sequence[xr.Dataset], chosen: Callable[[xr.Dataset], Cells]
) -> Effect | Missing:
    seen = [_seen(day, chosen(day)) for day in days]
    seen = [day for day in seen if len(day.shown) >= 2]
    return signed_share(seen) if seen else _one_goal()


def _seen(session: xr.Dataset, cells: Cells) -> SeenErrors:
    shown = tuple(seen_by(session, cells))
    return SeenErrors(shown, causal_signs_of(session)[cells], _signs(session)[cells])


@dataclass(frozen=True, eq=False)
class SeenErrors:
    """What some cells show on a day.

    Attributes
    ----------
    shown
        Errors and responses to seeing them, of two stimuli or more, trials in their order.
    causal
        Sign of what each cell, or its partner, does to the cursor, (cell,).
    signs
        The same, turned round in cells that fire more for negative errors, (cell,).
    """

    shown: tuple[ErrorTrials, ...]
    causal: Floats
    signs: Floats

    def along_signs(self) -> tuple[list[Floats], float]:
        """Return p of each stimulus, (trial,), and the most of the amplitude that it can be.

        All of it is where as many cells, responding as much, move the cursor either way; nothing
        where all move it the same way.
        """
        gains = self.gains()
        whole = float(gains @ gains) or 1.0
        # what is told to all alike, each cell answering as it can, moves both halves alike
        alike = gains**2 @ self.causal / whole
        axis = gains * (self.causal - alike) * np.where(self.signs == self.causal, 1.0, -1.0)
        length = float(np.sqrt(axis @ axis)) or 1.0
        patterns = [one.responses @ axis / (length * np.sqrt(len(axis))) for one in self.shown]
        return patterns, length / np.sqrt(whole)

    def gains(self) -> Floats:
        """Return how strongly each cell answers: its spread over goals, less noise, (cell,)."""
        means = np.array([one.responses.mean(axis=0) for one in self.shown])
        noise = [one.responses.var(axis=0, ddof=1) / len(one.responses) for one in self.shown]
        spread = means.var(axis=0, ddof=1) - np.mean(noise, axis=0)
        return np.asarray(np.sqrt(np.maximum(spread, 0.0)))


def signed_share(days: Sequence[SeenErrors]) -> Effect | Missing:
    """Return N and M, see above, over days with one decoder."""
    sums, attainable, along = np.zeros(3), 0.0, list[float]()
    for day in days:
        patterns, most = day.along_signs()
        along.append(_along(patterns, day.shown))
        for pattern, one in zip(patterns, day.shown, strict=True):
            own = at_equal_goal(pattern, one.errors)
            sums, attainable = sums + own, attainable + most * own[1]
    moved, told, varied = sums.tolist()
    of_errors = _between(days, lambda one: one.errors[:, None])
    if not of_errors > 0:
        return _errors_alike()
    if not varied:
        return Effect(0.0, 0.0, as_well=0.0)
    of_cells = _between(days, lambda one: one.responses)
    return Effect(
        told / varied * protocol.mean_over(along) / of_errors,
        attainable / varied * of_cells,
        as_well=moved / varied * of_errors,
    )


def _along(patterns: Sequence[Floats], shown: Sequence[ErrorTrials]) -> float:
    """Return the covariance of p with errors of other trials between goals."""
    count = len(shown)
    means = np.array([one.errors.mean() for one in shown])
    elsewhere = means.sum() - means
    products = [
        (pattern * (one.others - (one.others + rest) / count)).mean()
        for pattern, one, rest in zip(patterns, shown, elsewhere, strict=True)
    ]
    return float(np.mean(products))


def _between(days: Sequence[SeenErrors], what: Callable[[ErrorTrials], Floats]) -> float:
    """Return the amplitude of what differs between goals; negative where its square is."""
    energies = [
        tuning_energy({one.stimulus: what(one) for one in day.shown})
        * (len(day.shown) - 1) / len(day.shown)
        for day in days
    ]  # fmt: skip
    energy = protocol.mean_over(energies)
    return float(np.sign(energy) * np.sqrt(abs(energy)))


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


def _errors_alike() -> Missing:
    return Missing(
        "the cursor misses all goals alike, so that nothing that differs between goals can be an "
        "answer to its error",
        "Give goals to either side of where the cursor goes, and trials before it is learnt.",
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
    """N: error times causal sign, between goals and at equal goal; the decoder known first."""
    found = of_known_decoder(sessions, _of_error_cells, _lack)
    if isinstance(found, Missing):
        return found
    return moves_the_cursor(sessions) or goals_are_learnt(sessions) or found


def in_moving_cells(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """As `effect`, in the cells that move the cursor themselves."""
    return of_known_decoder(sessions, _of_moving_cells, _lack_of_moving)


def after_swap(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """As `effect`, on the first day with another decoder, with the signs that it has."""
    return after_the_swap(sessions, _of_error_cells, _lack)


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
    equation="e_i = phi'(u_i) w_i (y* - y),  against  e_i = delta for all i,  or  e_i = f_i(y*)",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, error of the output area; "
    "Francioni et al. 2026, doi:10.1038/s41586-026-10190-7",
    experiment=(
        "A cursor is moved by cells of known weights towards two goals or more; its error is shown "
        "at a known time. How responses to it follow error times sign of the weight from trial to "
        "trial of one goal is compared with how they differ between goals, over the days with the "
        "decoder that the animal knew first. Cells that are tuned to the goal, as a decoder built "
        "from their tuning has it, answer all trials of it alike. Not excluded are cells tuned to "
        "the goal whose answers happen to fade as its error does: swap the decoder, or miss a goal "
        "to either side. Weights that are not those of the cursor contradict the claim."
    ),
    refuted_by="Responses to errors of which less than a third in amplitude follows the error of a "
    "goal, signed by the weight: as if all cells were told the same number, or answered the goal.",
    record="Two cells or more that move the cursor either way, and what signals errors: somata of "
    "error cells or apical tufts paired with them, or without labels the cells themselves; two "
    "goals, four trials each in their order, with errors that change over them, as while the "
    "animal learns. No cell needs to be found again on another day.",
    effect=OverDays(effect),
    threshold=1 / 3,
    side="above",
    manipulations=(),
    counter_circuit="error_as_one_number",
    conditions=(
        Condition("error, decoder known", {**CURSOR_TRIALS, "decoder": FIRST}),
        Condition("error, decoder swapped", {**CURSOR_TRIALS, "decoder": ALL}),
    ),
    shown_by="brain_computer_interface_realigning",
    days=CURSOR_DAYS,
    drawing=Drawing(
        read=(("error", 4),), teaching=True, outcome_onset=0.3, end=0.5, read_window=(0.3, 0.45)
    ),
    asks=("Between goals", "At equal goal"),
    ratio_of="amplitudes",
    secondary={
        "in the cells that move the cursor": OverDays(in_moving_cells),
        "on the first day with another decoder": OverDays(after_swap),
    },
)
