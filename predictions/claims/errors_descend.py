"""P18b: the influence of errors descends, and that of representations ascends."""

from __future__ import annotations

import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, level_of
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing
from errorneurons.predictions.claims.influence_stays_within_a_class import (
    DRIVE_CLASSES,
    DRIVEN_ERROR,
    above_it,
    below_it,
    driven_areas,
    evoked_in,
    mean_effect,
    what_influence_lacks,
)


def effect(session: xr.Dataset) -> Effect | Missing:
    """N / M: what goes the wrong way, summed over both classes that are driven.

    With Y(d) the energy evoked in cells of the driven class d in the areas below or above,
    N = Y(E, above) Y(R, above) + Y(R, below) Y(E, below) and M = Y(E, below) Y(R, above), so that
    N/M is Y(E, above) / Y(E, below) + Y(R, below) / Y(R, above). Gains of areas are in one of the
    two ratios and inversely in the other: none makes their sum less than twice their geometric
    mean, in which gains cancel.
    """
    lack = what_influence_lacks(session, below_it, above_it)
    if lack:
        return lack
    found = []
    for area in driven_areas(session):
        below, above = (side(level_of(session, area)) for side in (below_it, above_it))
        e_below, e_above, r_below, r_above = (
            evoked_in(session, area, role, role, levels)
            for role in ("error", "representation")
            for levels in (below, above)
        )
        others = evoked_in(session, area, "error", "unlabelled", above)
        n = e_above * r_above + r_below * e_below
        found.append((n, e_below * r_above, others * r_above))
    return mean_effect(found)


def of_errors(session: xr.Dataset) -> Effect | Missing:
    """N: energy above the driven error cells, in error cells; M: below them."""
    return _of_class(session, "error")


def of_representations(session: xr.Dataset) -> Effect | Missing:
    """N: energy below the driven representation cells, in representation cells; M: above them."""
    return _of_class(session, "representation")


def _of_class(session: xr.Dataset, role: str) -> Effect | Missing:
    lack = what_influence_lacks(session, below_it, above_it)
    if lack:
        return lack
    wrong, right = (above_it, below_it) if role == "error" else (below_it, above_it)
    found = []
    for area in driven_areas(session):
        level = level_of(session, area)
        n, m = (evoked_in(session, area, role, role, side(level)) for side in (wrong, right))
        n_r = evoked_in(session, area, role, "unlabelled", wrong(level)) if role == "error" else 0.0
        found.append((n, m, n_r))
    return mean_effect(found)


CLAIM = Claim(
    key="P18b",
    name="the influence of errors descends",
    sentence="Driving error cells moves error cells of the areas below and none above; driving "
    "representation cells moves representation cells above and none below.",
    action="stimulate",
    mechanism=(
        "Without teaching nothing leads down but errors, and nothing up but representations. In "
        "predictive coding whose predictions descend, errors ascend; in that whose predictions "
        "ascend, what is driven is an error that pulls at the areas below, the less the faster "
        "activity settles."
    ),
    equation="e_l = phi'(u_l) (B_l e_{l+1}) contains no e_{l-1};  e = 0 => r_l = phi(W_l r_{l-1})",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of both populations",
    experiment=(
        "Half of the cells of one class of an area driven by current in a passive block, then half "
        "of those of the other class; the driven class read out in the areas below and above."
    ),
    refuted_by="Energies on the wrong side of the driven area of two ninths or more of those on "
    "the right side, summed over the two classes: a third in amplitude of each.",
    record="Cell-targeted stimulation of labelled error cells of one area and, in other trials, of "
    "its representation cells; both classes recorded in one area below and in one above. No "
    "teaching, no outcomes.",
    effect=effect,
    threshold=2 / 9,
    side="below",
    manipulations=(DRIVE_CLASSES,),
    counter_circuit="ascending_errors",
    conditions=(
        Condition("error cells driven", DRIVEN_ERROR),
        Condition("representation cells driven", protocol.DRIVEN),
        Condition("no drive", protocol.PASSIVE_TRIALS),
    ),
    shown_by="class_influence",
    drawing=Drawing(
        read=(("error", 1), ("error", 3), ("representation", 1), ("representation", 3)),
        manipulation="drive",
        manipulated=(("error", 2),),
        manipulation_window=(0.15, 0.3),
        end=0.3,
        read_window=(0.15, 0.3),
    ),
    secondary={"of error cells": of_errors, "of representation cells": of_representations},
)
