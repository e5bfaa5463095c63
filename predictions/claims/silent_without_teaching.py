"""P02: error cells are silent without a teaching signal."""

from __future__ import annotations

import xarray as xr

from errorneurons.analysis.measures import Effect, Missing, energy, responses, trials, units
from errorneurons.predictions import protocol
from errorneurons.predictions.prediction import ERROR_CELLS, Condition, Drawing, Prediction


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: error cells at the onset of novel input; M: their outcome contrast."""
    lack = protocol.missing(
        session,
        protocol.has_cells("error"),
        protocol.has_trials(protocol.NOVEL, "novel input and no teaching signal", REMEDY),
        protocol.covers("input_onset", protocol.NOVEL, protocol.BEFORE, protocol.ONSET),
        protocol.has_outcome_contrast,
    )
    if lack:
        return lack
    novel = trials(session, protocol.NOVEL)
    labelled, unlabelled = (
        energy(
            responses(
                session, novel, units(session, role), "input_onset", protocol.ONSET, protocol.BEFORE
            )
        )
        for role in ("error", "unlabelled")
    )
    return Effect(
        labelled, protocol.outcome_contrast_energy(session, units(session, "error")), unlabelled
    )


REMEDY = "Show novel stimuli with nothing to be learnt from them, to the same labelled cells."

CLAIM = Prediction(
    key="P02",
    name="error cells are silent without teaching",
    sentence="Error cells stay silent when novel input comes on and nothing teaches.",
    action="record",
    mechanism=(
        "Error neurons are driven by the error neurons above them and by nothing else. Without a "
        "teaching signal the output's error neurons are silent, and so are all others, however "
        "surprising the input. In predictive coding the input itself is an error until it is "
        "predicted."
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
    threshold=1 / 9,
    side="below",
    counter_circuit="sensory_leak",
    conditions=(
        Condition("novel input, no teaching", protocol.NOVEL),
        Condition("unexpected outcome", protocol.UNEXPECTED),
        Condition("expected outcome", protocol.EXPECTED),
    ),
    drawing=Drawing(read=ERROR_CELLS, read_window=(0.0, 0.05), end=0.3),
)
