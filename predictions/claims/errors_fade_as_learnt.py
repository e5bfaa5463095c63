"""P10: responses of error cells fade as the error does, and are back at once at a reversal.

With e the energy of the outcome response of error cells and r that of the stimulus response of
representation cells, on the last day before a reversal (b) and on the day of it (a), and rho the
squared error of the output before over that at the reversal,

    N = e_b r_a - rho e_a r_b,        M = (1 - rho) e_a r_b,

both divided by the geometric mean of (e_b + e_a) / 2 and (r_b + r_a) / 2, which makes them energies
again: as products, an animal that responds twice as much would count for four.

N/M is the share of the response that should be gone, since the error is, and is not: 0 if error
cells follow the error, 1 if exposure is all that moves them, since the reversal changes no
stimulus and no outcome. Representation cells stand for what changes in all cells alike from day to
day, as drift and adaptation do; what they do with the error cancels. Where the animal has learnt
nothing, rho is 1 and there is nothing to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.days import AFTER_OUTCOME
from errorneurons.analysis.measures.energies import (
    Cells,
    Effect,
    Missing,
    Trials,
    energy,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, OverDays
from errorneurons.predictions.claims.dated import undated
from errorneurons.simulate.experiments.learning import RELEARNING, RETEACHING

_BY_THE_RULE: protocol.Factors = {"outcome": "expected", "teaching": True, "manipulation": "none"}
"""Trials with the outcome that the rule in force gives, known to the animal or not."""
_Pair = tuple[xr.Dataset, xr.Dataset]
_Both = tuple[float, float]


def _days_with_a_rule(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    return [session for session in sessions if len(_rules(session)) == 1]


def _rules(session: xr.Dataset) -> set[str]:
    chosen = trials(session, _BY_THE_RULE)
    if "association" not in session.coords:
        return set()
    return set(session.variables["association"].values[chosen].tolist())


def _stimuli(session: xr.Dataset) -> set[str]:
    return set(session.variables["stimulus"].values[trials(session, _BY_THE_RULE)].tolist())


def _reversals(sessions: Sequence[xr.Dataset]) -> list[_Pair]:
    """Return the last day before each reversal, and the day of it."""
    return [
        (before, at)
        for before, at in pairwise(_days_with_a_rule(sessions))
        if _rules(before) != _rules(at) and _stimuli(before) & _stimuli(at)
    ]


def _chosen(session: xr.Dataset, shared: set[str]) -> Trials:
    chosen = trials(session, _BY_THE_RULE)
    return np.asarray(chosen[np.isin(session.variables["stimulus"].values[chosen], [*shared])])


def _others(session: xr.Dataset) -> Cells:
    """Return the cells that are not labelled error cells, interneurons left out."""
    kept = session.variables["role"].values != "interneuron"
    others = units(session, "unlabelled")
    return np.asarray(others[kept[others]])


def _to_outcome(session: xr.Dataset, chosen: Trials, cells: Cells) -> float:
    return energy(
        responses(session, chosen, cells, "outcome_onset", AFTER_OUTCOME, protocol.BEFORE)
    )


def _to_stimulus(session: xr.Dataset, chosen: Trials) -> float:
    window = protocol.read_out_window(session)
    assert window is not None  # trials have outcomes
    return energy(
        responses(session, chosen, _others(session), "input_onset", window, protocol.BEFORE)
    )


def left_over(error: _Both, stimulus: _Both, rho: float, others: _Both = (0.0, 0.0)) -> Effect:
    """Return N and M, see above, and N_R in the same unit.

    Parameters
    ----------
    error, stimulus
        e and r, on the day before and on that of the reversal.
    rho
        Squared error of the output before over that at the reversal.
    others
        As `error`, of the cells that a false label would be of.

    Examples
    --------
    >>> left_over((1.0, 3.0), (2.0, 2.0), 0.0)
    Effect(numerator=1.0, denominator=3.0, false_label=0.0, elsewhere=0.0)
    """
    (e_b, e_a), (r_b, r_a) = error, stimulus
    unit = math.sqrt((abs(e_b) + abs(e_a)) * (abs(r_b) + abs(r_a)) / 4) or 1.0  # 1 without any
    n, n_r = (before * r_a - rho * at * r_b for before, at in (error, others))
    return Effect(n / unit, (1 - rho) * e_a * r_b / unit, n_r / unit)


def _at_a_reversal(pair: _Pair) -> tuple[Effect, Effect]:
    """Return N and M in error cells, and in the outcome responses of all other cells."""
    shared = _stimuli(pair[0]) & _stimuli(pair[1])
    chosen = [_chosen(day, shared) for day in pair]
    missed = [float(np.nanmean(1 - day.variables["performance"].values[own]))
              for day, own in zip(pair, chosen, strict=True)]  # fmt: skip
    rho = missed[0] / missed[1] if missed[1] > 0 else 1.0
    r_b, r_a = (_to_stimulus(day, own) for day, own in zip(pair, chosen, strict=True))

    def to_outcomes(cells: Sequence[Cells]) -> _Both:
        e_b, e_a = (
            _to_outcome(day, own, those)
            for day, own, those in zip(pair, chosen, cells, strict=True)
        )
        return e_b, e_a

    errors = to_outcomes([units(day, "error") for day in pair])
    others = to_outcomes([_others(day) for day in pair])
    return left_over(errors, (r_b, r_a), rho, others), left_over(others, (r_b, r_a), rho)


def _lack_on_a_day(session: xr.Dataset) -> Missing | None:
    return protocol.what_is_missing(
        session,
        protocol.has_cells("error"),
        protocol.has_trials(
            _BY_THE_RULE, "the outcome that the rule gives", "Show outcomes by the rule in force."
        ),
        protocol.covers("outcome_onset", _BY_THE_RULE, protocol.BEFORE, AFTER_OUTCOME),
        _has_stimulus_responses,
        _has_performance,
        _has_a_rule,
    )


def _has_stimulus_responses(session: xr.Dataset) -> Missing | None:
    window = protocol.read_out_window(session)
    if not len(_others(session)):
        return Missing(
            "no unit is known not to be an error cell, so that what changes in all cells alike "
            "cannot be taken off",
            "Record cells beside the labelled error cells.",
        )
    if window is None or window[0] < 0:
        return Missing(
            "no outcome comes 100 ms or more after its stimulus",
            "Give `input_onset` and `outcome_onset`, with 100 ms or more between them.",
            declared=() if "outcome_onset" in session.coords else ("outcome_onset",),
        )
    return protocol.covers("input_onset", _BY_THE_RULE, protocol.BEFORE, window)(session)


def _has_performance(session: xr.Dataset) -> Missing | None:
    if "performance" in session.coords:
        chosen = trials(session, _BY_THE_RULE)
        if not len(chosen) or np.isfinite(session.variables["performance"].values[chosen]).any():
            return None
    return Missing(
        "nothing says how well the animal does, so that whether the error fell is not known",
        "Give `performance` of each trial: 1 less the squared error, or the share that is right.",
        () if "performance" in session.coords else ("performance",),
    )


def _has_a_rule(session: xr.Dataset) -> Missing | None:
    if "association" in session.coords:
        return None
    return Missing(
        "nothing says which outcome the rule in force gives to a stimulus",
        "Name the rule in `association`, another name from the reversal on.",
        ("association",),
    )


def _unseen_days(sessions: Sequence[xr.Dataset]) -> str:
    """Say where a reversal fell between days that were not recorded."""
    animals: dict[str, list[xr.Dataset]] = {}
    for session in sessions:
        animals.setdefault(str(session.attrs["animal"]), []).append(session)
    apart = []
    for own in animals.values():
        if undated(own) is None:
            days = sorted(own, key=lambda s: float(s.attrs.get("day", 0)))
            apart += [_days_between(pair) for pair in _reversals(days)]
    most = max(apart, default=1.0)
    if most <= 1:
        return ""
    return (
        f"The last day before a reversal and the first day after it are up to {most:g} days apart; "
        "what changed on days between them is not seen, and a reversal that was learnt by then "
        "leaves nothing to compare with."
    )


def _days_between(pair: _Pair) -> float:
    before, at = (float(day.attrs["day"]) for day in pair)
    return at - before


def _no_reversal(sessions: Sequence[xr.Dataset]) -> Missing:
    count = len(sessions)
    return Missing(
        "there is one day" if count == 1 else f"none of the {count} days is that of a reversal",
        "Record the day before and the day of a reversal, with the same stimuli and outcomes put "
        "together in another way, after the animal has learnt them.",
    )


def _answer(sessions: Sequence[xr.Dataset], which: int) -> Effect | Missing:
    lack = undated(sessions, "which sessions come before a reversal")
    if lack:
        return lack
    lacks = [_lack_on_a_day(session) for session in sessions]
    days = [s for s, lack in zip(sessions, lacks, strict=True) if lack is None]
    if len(days) < min(2, len(sessions)):
        return next(lack for lack in lacks if lack is not None)
    found = [_at_a_reversal(pair) for pair in _reversals(days)]
    if not found:
        return _no_reversal(days)
    rows = [(e.numerator, e.denominator, e.false_label) for e in (own[which] for own in found)]
    return Effect(*(protocol.mean_over(list(column)) for column in zip(*rows, strict=True)))


def effect(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """N: what of the response stays although the error has gone; M: what should have gone."""
    return _answer(sessions, 0)


def in_other_cells(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """As `effect`, in the responses to outcomes of cells that are not labelled error cells."""
    return _answer(sessions, 1)


CLAIM = Claim(
    key="P10",
    name="errors fade as learnt, and return at a reversal",
    sentence="Responses of error cells to outcomes fade over days as the error does and are back "
    "on the day of a reversal, while responses to stimuli stay.",
    action="record",
    mechanism=(
        "Error neurons fire for what the output lacks, and for nothing else: a reversal brings the "
        "error back with the same stimuli and outcomes, at once. Synapses that depress, "
        "or cells that answer the outcome as such, know of exposure alone, which the reversal "
        "does not change."
    ),
    equation="e_L = phi'(u_L) (t - r_L),  e_l = phi'(u_l) (B_l e_{l+1})",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, error of the output area",
    experiment=(
        "An association is learnt over days and reversed: each stimulus gets the outcome of "
        "another one. The energy of error cells' outcome response is measured on the last day "
        "before and on the day of the reversal, next to the squared error of the output."
    ),
    refuted_by="A quarter or more of the response that should have gone with the error is still "
    "there on the day before the reversal, beyond what all cells lose or gain alike.",
    record="Labelled error cells and others, the day before and the day of a reversal with the "
    "same stimuli and outcomes, two trials of a stimulus, and performance. No cell needs to be "
    "found again on the other day.",
    effect=OverDays(effect),
    threshold=1 / 4,
    side="below",
    manipulations=(),
    counter_circuit="absent_target_read_as_zero",
    caution=_unseen_days,
    conditions=(
        Condition("rule known", {**_BY_THE_RULE, "phase": "before"}),
        Condition("rule being learnt", {**_BY_THE_RULE, "phase": "during"}),
    ),
    shown_by="teach_reteach",
    days=tuple(day for at in (RELEARNING, RETEACHING) for day in (at.start - 1, at.start)),
    drawing=Drawing(
        read=tuple((role, level) for level in range(1, 5) for role in ("representation", "error")),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.45),
    ),
    secondary={"in other cells": OverDays(in_other_cells)},
)
