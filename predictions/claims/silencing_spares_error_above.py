"""P04b: silencing an area's error cells spares the outcome error above it."""

from __future__ import annotations

import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import SILENCE_AREA, Claim, Condition, Drawing
from errorneurons.predictions.claims.silencing_removes_error_below import (
    OFF,
    remaining_contrast,
)


def _above(silenced: float, teaching: float) -> tuple[float, float]:
    """Return the levels strictly between the silenced and the teaching area."""
    return silenced, teaching


def effect(session: xr.Dataset) -> Effect | Missing:
    """As for the areas below, but in the areas strictly between the silenced and the teaching."""
    where = "between the teaching area and"
    return remaining_contrast(session, _above, where, protocol.has_teaching_area)


CLAIM = Claim(
    key="P04b",
    name="silencing error cells spares the outcome error above",
    sentence="Silencing one area's error cells spares the outcome error between that area and "
    "the teaching area.",
    action="silence",
    mechanism=(
        "Errors only descend, so what is silenced below changes nothing above. In predictive "
        "coding whose input comes through error neurons, an area without them is no longer held by "
        "its input: it drifts until the error above is explained away. Where the input drives "
        "representation neurons themselves, predictive coding expects what is claimed here."
    ),
    equation="e_{l+1} = phi'(u_{l+1}) (B_{l+1} e_{l+2})  does not contain e_l",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Expected and unexpected outcomes after the same stimuli; in half of the trials the error "
        "cells of one area are silenced from outcome onset on. Window 0 to 200 ms."
    ),
    refuted_by="A fifth or more of the outcome contrast lost between the silenced and the "
    "teaching area.",
    record="Labelled error cells in the silenced area, for the laser, and in one area strictly "
    "between it and the declared teaching area.",
    effect=effect,
    of_outcomes=True,
    threshold=0.8,
    side="above",
    manipulations=(SILENCE_AREA,),
    counter_circuit="errors_need_those_below",
    incomplete=lasers.of_what_remains,
    conditions=(
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("unexpected outcome, error cells off", OFF),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    drawing=Drawing(
        read=(("error", 3),),
        manipulation="silence",
        manipulated=(("error", 2),),
        manipulation_window=(0.3, 0.5),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
)
