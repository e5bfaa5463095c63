"""P03: outcome errors do not begin below the area that is taught."""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, Window, level_of, units
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims import violations
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing
from errorneurons.predictions.claims.ending import of_what_was_there

_SPLITS = (0.05, 0.1)
"""Where the time after an outcome is split [s], in windows that recordings resolve.

Conduction from area to area takes 2 ms, which none of them does.
"""
_HALVES: tuple[tuple[Window, Window], ...] = tuple(
    ((0.0, split), (split, protocol.OUTCOME[1])) for split in _SPLITS
)
"""What comes before a split, and what comes after it."""


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: early below times late in the taught area; M: that, and late below times early there.

    What is early and late are the energies of the outcome contrast before and after a split. With
    s the ratio of the early to the late energy of an area, N/M is s_below / (s_below + s_taught)
    at each split, 50 and 100 ms: 1/2 if both have their response at the same time, 1 if nothing
    has come early in the taught area, 0 if nothing has below. What a response is like otherwise,
    its size and how many cells show it, cancels; one that is soon over counts as an early one.
    """
    return _in_cells(session, violations.somata_of_areas(session))


def order_of_error_cells(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in labelled error cells."""
    labelled = units(session, "error")
    areas = violations.somata_of_areas(session)
    found = {name: np.intersect1d(cells, labelled) for name, cells in areas.items()}
    return _in_cells(session, {name: cells for name, cells in found.items() if len(cells)})


def _in_cells(session: xr.Dataset, areas: dict[str, protocol.Cells]) -> Effect | Missing:
    lack = protocol.what_is_missing(
        session,
        protocol.has_teaching_area,
        lambda own: _has_areas(own, areas),
        violations.has_violations,
        _resolves,
    )
    if lack:
        return lack
    taught = _halves(session, areas[session.attrs["teaching_area"]])
    below = [_halves(session, areas[name]) for name in _below(session, areas)]
    n, m = (protocol.mean_over(x) for x in zip(*(_earlier(b, taught) for b in below), strict=True))
    return Effect(n, m)


def _halves(session: xr.Dataset, cells: protocol.Cells) -> Floats:
    """Return the energy of the contrast before and after each split, (split, 2)."""
    contrast = violations.violations(session)
    return np.array([
        [violations.contrast_energy(session, contrast, cells, window) for window in halves]
        for halves in _HALVES
    ])  # fmt: skip


def _earlier(below: Floats, taught: Floats) -> tuple[float, float]:
    """Return N and M of one area below, added over splits."""
    first_below = float(below[:, 0] @ taught[:, 1])
    return first_below, first_below + float(below[:, 1] @ taught[:, 0])


def _below(session: xr.Dataset, areas: dict[str, protocol.Cells]) -> list[str]:
    teaching = protocol.teaching_level(session)
    return [name for name in areas if level_of(session, name) < teaching]


def _has_areas(session: xr.Dataset, areas: dict[str, protocol.Cells]) -> Missing | None:
    if protocol.has_teaching_area(session):
        return None  # which is said
    if session.attrs["teaching_area"] in areas and _below(session, areas):
        return None
    return Missing(
        "no cells in both the teaching area and an area below it",
        "Record the teaching area and one or more below it at the same time, and say their levels.",
    )


def _resolves(session: xr.Dataset) -> Missing | None:
    """Require bins in each window of the trials with outcomes."""
    contrast = violations.violations(session)
    if not contrast or not len(contrast[0]):
        return None  # which `has_violations` says
    outcome = {"outcome": "unexpected", "manipulation": "none"}
    return protocol.covers("outcome_onset", outcome, protocol.BEFORE, _HALVES[0][0])(session)


CLAIM = Claim(
    key="P03",
    name="errors do not begin below the taught area",
    sentence="The response to an unexpected outcome does not begin in areas below the one that "
    "the teaching signal enters.",
    action="record",
    mechanism=(
        "Errors descend from the area that is taught, with no more than conduction on the way "
        "where neurons look ahead, and by a time constant an area where they do not: below, they "
        "come at the same time or later. Where the outcome is one more thing that is sensed, its "
        "error begins at the bottom and climbs."
    ),
    equation="e_l(t) = phi'(u_l) (B_l e_{l+1}(t - d)),  d = 2 ms",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Expected and unexpected outcomes after the same stimuli, in several areas at once. How "
        "much of the contrast of 200 ms has come by 50 and by 100 ms. That all areas respond "
        "at the same time supports the claim: a conduction delay of 2 ms is not resolved."
    ),
    refuted_by="A response below the taught area of which twice as much, as energy, comes early "
    "beside what comes late as in that area.",
    record="The declared teaching area and one below it, recorded together in bins of 50 ms or "
    "less; expected and unexpected outcomes, with a control if they teach nothing. No labels.",
    effect=effect,
    of_outcomes=True,
    threshold=2 / 3,
    side="below",
    manipulations=(),
    counter_circuit="climbing_errors",
    by_labels=False,
    caution=violations.of_rare_outcomes,
    conditions=(
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    doubt=of_what_was_there(violations.violations),
    drawing=Drawing(
        read=tuple((role, level) for level in range(1, 5) for role in ("representation", "error")),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
    secondary={"in error cells": order_of_error_cells},
)
