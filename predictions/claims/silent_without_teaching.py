"""P02: error cells are silent without a teaching signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    Window,
    energy,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import ERROR_SITES, Claim, Condition, Drawing
from errorneurons.predictions.claims.taught import outcomes_teach

_Levels = tuple[float, float]


@dataclass(frozen=True)
class Shown:
    """What an animal is shown: trials of a kind, an event in them, a window relative to it [s]."""

    name: str
    factors: protocol.Factors
    event: str
    window: Window = protocol.ONSET


_NOVEL = Shown("novel input and no teaching signal", protocol.NOVEL, "input_onset")
_TRAINED = Shown("trained input and no teaching signal", protocol.PASSIVE_TRIALS, "input_onset")
_SURPRISE = Shown("an unexpected outcome", protocol.UNEXPECTED_TRIALS, "outcome_onset")


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: carrier at novel input onset, no teaching; M: their outcome contrast, in other trials."""
    return at_novel_input(session, _NOVEL)


def before_the_outcome(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, once the response has settled: predictive coding explains it away."""
    return at_novel_input(session, _settled(session))


def in_the_teaching_area(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in the area that the teaching signal enters."""
    top = protocol.only(protocol.teaching_level(session))
    return at_novel_input(session, _NOVEL, top)


def trained_input_beside_novel(session: xr.Dataset) -> Effect | Missing:
    """N: carrier at the onset of trained input; M: of novel input. Nothing teaches."""
    return beside_novel_input(session, _TRAINED)


def settled_response_beside_onset(session: xr.Dataset) -> Effect | Missing:
    """N: carrier when the response to novel input has settled; M: at its onset."""
    return beside_novel_input(session, _settled(session))


def unexpected_outcome_beside_novel_input(session: xr.Dataset) -> Effect | Missing:
    """N: carrier at the onset of an unexpected outcome; M: at the onset of novel input."""
    return beside_novel_input(session, _SURPRISE)


def late_outcome_contrast_beside_early(session: xr.Dataset) -> Effect | Missing:
    """N: outcome contrast at the end of the outcome window; M: at its beginning."""
    lack = protocol.what_is_missing(session, protocol.has_cells(), _has_outcomes_that_teach)
    cells = units(session, "error")
    return lack or Effect(
        protocol.outcome_contrast_energy(session, cells, protocol.LATE),
        protocol.outcome_contrast_energy(session, cells, protocol.ONSET),
    )


def outcome_contrast_below_beside_teaching_area(session: xr.Dataset) -> Effect | Missing:
    """N: outcome contrast in all areas below the teaching area; M: in the teaching area."""
    teaching = protocol.teaching_level(session)
    below, there = (-np.inf, teaching), protocol.only(teaching)
    lack = protocol.what_is_missing(
        session,
        protocol.has_teaching_area,
        _has_outcomes_that_teach,
        protocol.has_error_cells_between(*below, "below the teaching area"),
        protocol.has_error_cells_between(*there, "in the teaching area"),
    )
    if lack:
        return lack
    n, m = (
        protocol.outcome_contrast_energy(session, units(session, "error", protocol.between(*own)))
        for own in (below, there)
    )
    return Effect(n, m)


def _has_outcomes_that_teach(session: xr.Dataset) -> Missing | None:
    """Require a contrast of outcomes that teach: what the claim compares with their absence."""
    if outcomes_teach(session):
        return protocol.has_outcome_contrast(session)
    if "teaching" not in session.coords:
        return Missing("whether the outcomes teach is not said", _SAY_SO, ("teaching",))
    return Missing(
        "the outcomes do not teach; the claim says that nothing is evoked without teaching, so "
        "that a response to them is no measure for it, but one that it denies",
        "Add expected and unexpected outcomes that teach, such as rewards or answers of a task.",
    )


def _settled(session: xr.Dataset) -> Shown:
    """Return novel input in the sustained window, or at onset if no outcome says when that is."""
    return replace(_NOVEL, window=protocol.read_out_window(session) or protocol.ONSET)


def at_novel_input(
    session: xr.Dataset, shown: Shown, levels: _Levels | None = None
) -> Effect | Missing:
    """Return the response of all error cells, or of some levels, beside their outcome contrast."""
    lack = protocol.what_is_missing(
        session,
        protocol.has_error_cells_between(*levels, "in that area") if levels
        else protocol.has_cells(),
        *was_shown(shown),
        _has_outcomes_that_teach,
    )  # fmt: skip
    if lack:
        return lack
    where = protocol.between(*levels) if levels else None
    labelled, unlabelled = (units(session, role, where) for role in ("error", "unlabelled"))
    n, n_r = (
        response_energy(session, shown, cells) if len(cells) else 0.0
        for cells in (labelled, unlabelled)
    )
    return Effect(n, protocol.outcome_contrast_energy(session, labelled), n_r)


def beside_novel_input(session: xr.Dataset, shown: Shown) -> Effect | Missing:
    """Return a response of the error cells, beside theirs at the onset of novel input."""
    both = shown, _NOVEL
    needs = (need for one in both for need in was_shown(one))
    lack = protocol.what_is_missing(session, protocol.has_cells(), *needs)
    cells = units(session, "error")
    return lack or Effect(*(response_energy(session, one, cells) for one in both))


def was_shown(shown: Shown) -> Sequence[protocol.Requirement]:
    """Require trials of a kind, recorded before the event and throughout the window."""
    return (
        protocol.has_trials(shown.factors, shown.name, _REMEDY),
        protocol.covers(shown.event, shown.factors, protocol.BEFORE, shown.window),
    )


def response_energy(session: xr.Dataset, shown: Shown, cells: protocol.Cells) -> float:
    """Return the energy of the response of some cells."""
    chosen = trials(session, shown.factors)
    return energy(responses(session, chosen, cells, shown.event, shown.window, protocol.BEFORE))


_SAY_SO = "Say by `teaching` of each trial whether its outcome teaches."
_REMEDY = "Show novel stimuli with nothing to be learnt from them, to the same labelled cells."

CLAIM = Claim(
    key="P02",
    name="error cells are silent without teaching",
    sentence="Error cells stay silent when novel input comes on and nothing teaches.",
    action="record",
    mechanism=(
        "Error neurons are driven by the error neurons above them and by nothing else. Without a "
        "teaching signal the output's error neurons are silent, and so are all others, however "
        "surprising the input. In predictive coding the input itself is an error until it is "
        "predicted, which takes as long as activity takes to settle: where that is a few "
        "milliseconds, little of it is left in the window."
    ),
    equation="e_L = 0 without t,  e_l = phi'(u_l) (B_l e_{l+1})  =>  e_l = 0 in every area",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Novel stimuli in a passive block; the same labelled error cells in a task with expected "
        "and unexpected outcomes. Onset window 0 to 50 ms."
    ),
    refuted_by="Labelled error cells that respond to novel input at a third of their response to "
    "an unexpected outcome, or more.",
    record="Labelled error cells, novel input without teaching, expected and unexpected outcomes "
    "after the same stimuli, bins of 50 ms or less.",
    effect=effect,
    of_outcomes=True,
    threshold=1 / 9,
    side="below",
    manipulations=(),
    counter_circuit="sensory_leak",
    conditions=(
        Condition("novel input, no teaching", protocol.NOVEL),
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    drawing=Drawing(read=ERROR_SITES, read_window=(0.0, 0.05), end=0.3),
    secondary={
        "before the outcome": before_the_outcome,
        "in the teaching area": in_the_teaching_area,
        "trained input beside novel": trained_input_beside_novel,
        "settled response beside onset": settled_response_beside_onset,
        "unexpected outcome beside novel input": unexpected_outcome_beside_novel_input,
        "late outcome contrast beside early": late_outcome_contrast_beside_early,
        "outcome contrast below beside teaching area": outcome_contrast_below_beside_teaching_area,
    },
)
