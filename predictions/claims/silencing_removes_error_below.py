"""P04a: silencing an area's error cells removes the outcome error below it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    level_of,
    overlap_of_contrasts,
    units,
)
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import SILENCE_AREA, Claim, Condition, Drawing

OFF = protocol.outcome_off("unexpected")
OFF_EXPECTED = protocol.outcome_off("expected")
_REMEDY = "Silence one area's error cells from outcome onset on, in half of the outcome trials."


def below(silenced: float, teaching: float) -> tuple[float, float]:  # noqa: ARG001
    """Return the levels below the silenced area."""
    return -np.inf, silenced


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: overlap of the outcome contrasts below with laser on and off; M: the contrast, off."""
    return remaining_contrast(session, below, "below")


def remaining_contrast(
    session: xr.Dataset, levels: protocol.Levels, where: str, *besides: protocol.Requirement
) -> Effect | Missing:
    """Return how much of the outcome contrast remains with error cells off, at some levels."""
    off, off_expected = (protocol.as_taught(session, f) for f in (OFF, OFF_EXPECTED))
    lack = protocol.what_is_missing(
        session,
        protocol.has_cells("error"),
        *besides,
        protocol.has_outcome_contrast,
        protocol.has_trials(off, "error cells off at an unexpected outcome", _REMEDY),
        protocol.has_trials(off_expected, "error cells off at an expected outcome", _REMEDY),
        protocol.has_error_cells_at(off, where, levels),
        lasers.reaches_cells,
        lasers.during_the_outcome(off),
        lasers.during_the_outcome(off_expected),
    )
    if lack:
        return lack
    teaching = protocol.teaching_level(session)
    effects = []
    for area in protocol.manipulated_areas(session, off):
        there = protocol.between(*levels(level_of(session, area), teaching))
        labelled, unlabelled = (units(session, role, there) for role in ("error", "unlabelled"))
        if len(labelled):
            on = {**off, "manipulated_area": area}, {**off_expected, "manipulated_area": area}
            shares = [
                overlap_of_contrasts(
                    protocol.contrast(session, cells, *on), protocol.contrast(session, cells)
                )
                if len(cells)
                else 0.0
                for cells in (labelled, unlabelled)
            ]
            effects.append(
                (shares[0], protocol.outcome_contrast_energy(session, labelled), shares[1])
            )
    n, m, n_r = (protocol.mean_over(values) for values in zip(*effects, strict=True))
    return Effect(n, m, n_r, protocol.outcome_contrast_energy(session, units(session, "error")))


CLAIM = Claim(
    key="P04a",
    name="silencing error cells removes the outcome error below",
    sentence="Silencing one area's error cells removes the outcome error in the areas below it.",
    action="silence",
    mechanism=(
        "Errors descend from error neuron to error neuron, so an area with silent error neurons "
        "passes nothing on. Predictive coding with the target at the top expects the same loss by "
        "another route, so this part mostly guards the next."
    ),
    equation="e_{l-1} = phi'(u_{l-1}) (B_{l-1} e_l)  and  e_l = 0  =>  e_{l-1} = 0",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Expected and unexpected outcomes after the same stimuli; in half of the trials the error "
        "cells of one area are silenced from outcome onset on."
    ),
    refuted_by="Half or more of the outcome contrast remaining below the silenced area.",
    record="Labelled error cells in the silenced area, for the laser, and in one area below it.",
    effect=effect,
    of_outcomes=True,
    threshold=0.5,
    side="below",
    manipulations=(SILENCE_AREA,),
    counter_circuit="direct_feedback",
    incomplete=lasers.of_what_remains,
    conditions=(
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("unexpected outcome, error cells off", OFF),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    drawing=Drawing(
        read=(("error", 1),),
        manipulation="silence",
        manipulated=(("error", 2),),
        manipulation_window=(0.3, 0.5),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
)
