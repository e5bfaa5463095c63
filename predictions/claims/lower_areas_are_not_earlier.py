"""P03: outcome errors do not begin below the area that is taught."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, Window, level_of, units
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims import violations
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing

_WIDTH = 0.025
"""Of the windows [s]: what recordings resolve. Conduction from area to area takes 2 ms."""
_WINDOWS: tuple[Window, ...] = tuple(
    (round(k * _WIDTH, 9), round((k + 1) * _WIDTH, 9)) for k in range(-1, 8)
)
"""The one before the outcome, and those of the 200 ms after it."""


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: changes of the outcome contrast below that come before those in the taught area; M: all.

    The contrast changes by so much energy in each window, against the window before. Of all pairs
    of a change in an area below and one in the taught area, N takes those in which the one below
    is earlier, and half of those in the same window. So N/M is 1/2 if both change together, 1 if
    all below is over before the taught area begins, and 0 if nothing below begins before all is
    over there. What is sustained counts when it begins, and what a response is like otherwise, its
    size and how many cells show it, cancels.
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
    taught = _changes(session, areas[session.attrs["teaching_area"]])
    pairs = [_earlier(_changes(session, areas[name]), taught) for name in _below(session, areas)]
    n, m = (protocol.mean_over(values) for values in zip(*pairs, strict=True))
    return Effect(n, m)


def _changes(session: xr.Dataset, cells: protocol.Cells) -> Floats:
    """Return by how much energy the contrast changes in each window, (window,)."""
    contrast = violations.violations(session)
    return np.array([
        violations.contrast_energy(session, contrast, cells, window, before)
        for before, window in pairwise(_WINDOWS)
    ])  # fmt: skip


def _earlier(below: Floats, taught: Floats) -> tuple[float, float]:
    """Return how much of all pairs of changes comes earlier below, and the pairs."""
    later = taught.sum() - np.cumsum(taught)
    return float(below @ (later + taught / 2)), float(below.sum() * taught.sum())


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
    return protocol.covers("outcome_onset", outcome, *_WINDOWS)(session)


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
        "much the contrast changes from one window of 25 ms to the next, over 200 ms. That all "
        "areas change together supports the claim: a conduction delay of 2 ms is not resolved."
    ),
    refuted_by="Changes below the taught area that come before those in it twice as often as "
    "after, all pairs of changes weighed by their energy.",
    record="The declared teaching area and one below it, recorded together in bins of 25 ms or "
    "less; expected and unexpected outcomes, with a control if they teach nothing. No labels.",
    effect=effect,
    threshold=2 / 3,
    side="below",
    manipulations=(),
    counter_circuit="climbing_errors",
    conditions=(
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    drawing=Drawing(
        read=tuple((role, level) for level in range(1, 5) for role in ("representation", "error")),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
    secondary={"in error cells": order_of_error_cells},
)
