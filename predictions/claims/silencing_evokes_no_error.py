"""P05b: silencing higher representation cells evokes no error below."""

from __future__ import annotations

import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, Manipulation
from errorneurons.predictions.claims.driving_evokes_no_error import above, evoked
from errorneurons.predictions.claims.silencing_removes_error_below import below

_REMEDY = (
    "Silence the representation cells of a higher area in a passive block, with interleaved "
    "controls."
)


def just_below(silenced: float, teaching: float) -> tuple[float, float]:  # noqa: ARG001
    """Return bounds of the one level below the silenced area."""
    return silenced - 1.5, silenced


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: laser on minus off in the error cells below, no teaching; M: their outcome contrast."""
    return evoked(session, protocol.SILENCED, below, "below", _REMEDY)


def in_the_area_just_below(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in the next area only: what a prediction from above is taken from."""
    return evoked(session, protocol.SILENCED, just_below, "just below", _REMEDY)


def _in_the_areas_above(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, above the silenced area only: whom its activity is an input to."""
    return evoked(session, protocol.SILENCED, above, "above", _REMEDY)


CLAIM = Claim(
    key="P05b",
    name="silencing higher representation cells evokes no error below",
    sentence="Silencing a higher area's representation cells evokes no response in the error "
    "cells below when nothing teaches.",
    action="silence",
    mechanism=(
        "Without teaching there is no error, whatever the representations do. In predictive "
        "coding a prediction, or a cause, that is taken away is itself an error below."
    ),
    equation="e_L = 0 without t  =>  e_l = 0 for any r",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "The representation cells of a higher area silenced in a passive block; error cells read "
        "out below. The easiest of the decisive experiments."
    ),
    refuted_by="An evoked response in the error cells below of a third of their response to an "
    "unexpected outcome, or more.",
    record="Silencing of representation cells (or, labels permitting, of all output) of a higher "
    "area without teaching, labelled error cells below, outcome trials besides.",
    effect=effect,
    of_outcomes=True,
    threshold=1 / 9,
    side="below",
    manipulations=(
        Manipulation("silence-representation", "silencing a higher area's representation cells"),
    ),
    counter_circuit="absent_target_read_as_zero",
    incomplete=lasers.of_what_changes,
    conditions=(
        Condition("higher representation cells off", protocol.SILENCED),
        Condition("no laser", protocol.PASSIVE_TRIALS),
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
    ),
    drawing=Drawing(
        read=(("error", 1), ("error", 2)),
        manipulation="silence",
        manipulated=(("representation", 3),),
        manipulation_window=(0.15, 0.3),
        end=0.3,
        read_window=(0.15, 0.3),
    ),
    secondary={
        "in the area just below": in_the_area_just_below,
        "in the areas above": _in_the_areas_above,
    },
)
