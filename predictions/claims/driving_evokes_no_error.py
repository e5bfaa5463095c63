"""P05a: driving representation cells evokes no error."""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    Response,
    Window,
    energy_of_difference,
    level_of,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, Manipulation
from errorneurons.predictions.claims.silencing_removes_error_below import below

_REMEDY = (
    "Stimulate representation cells of one area in a passive block, with interleaved controls."
)


def up_to(driven: float, teaching: float) -> tuple[float, float]:  # noqa: ARG001
    """Return the levels of the driven area and below."""
    return -np.inf, protocol.only(driven)[1]


def above(driven: float, teaching: float) -> tuple[float, float]:  # noqa: ARG001
    """Return the levels above the driven area, the teaching area's too."""
    return driven, np.inf


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: drive minus no drive in the error cells there and below; M: their outcome contrast."""
    return evoked(session, protocol.DRIVEN, up_to, "in or below", _REMEDY)


def in_the_areas_below(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, below the driven area only: what descends from it."""
    return evoked(session, protocol.DRIVEN, below, "below", _REMEDY)


def _in_the_areas_above(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, above the driven area only: whom its activity is an input to."""
    return evoked(session, protocol.DRIVEN, above, "above", _REMEDY)


def evoked(
    session: xr.Dataset, factors: protocol.Factors, levels: protocol.Levels, where: str, remedy: str
) -> Effect | Missing:
    """Return what manipulating representation cells evokes at some levels, no teaching."""
    done = {"drive": "driven", "silence": "off"}[str(factors["manipulation"])]
    lack = protocol.what_is_missing(
        session,
        protocol.has_cells("error"),
        protocol.has_trials(factors, f"representation cells {done}, no teaching", remedy),
        protocol.has_trials(
            protocol.PASSIVE_TRIALS, "the input alone, no laser, no teaching", remedy
        ),
        protocol.has_outcome_contrast,
        protocol.has_error_cells_at(factors, where, levels),
        lasers.reaches_cells,
        lasers.after_the_input(factors),
    )
    if lack:
        return lack
    effects = []
    for area in protocol.manipulated_areas(session, factors):
        there = protocol.between(*levels(level_of(session, area), np.nan))
        on = protocol.in_area(session, unsurprised(session, factors), area)
        cells = [
            protocol.spared_in(session, on, units(session, role, there))
            for role in ("error", "unlabelled")
        ]
        if len(cells[0]):
            n, n_r = (
                energy_of_difference(*on_and_off(session, on, part)) if len(part) else 0.0
                for part in cells
            )
            effects.append((n, protocol.outcome_contrast_energy(session, cells[0]), n_r))
    if not effects:
        return Missing(
            f"all labelled error cells {where} a manipulated area are aimed at themselves",
            "Aim at representation cells, and spare labelled error cells.",
        )
    n, m, n_r = (protocol.mean_over(values) for values in zip(*effects, strict=True))
    return Effect(n, m, n_r, protocol.outcome_contrast_energy(session, units(session, "error")))


def on_and_off(
    session: xr.Dataset,
    on: protocol.Trials,
    cells: protocol.Cells,
    longest: float = np.inf,
    baseline: Window = protocol.BEFORE,
) -> tuple[Response, Response]:
    """Return responses in trials with a manipulation and in controls, from when it begins.

    They are taken while it lasts, or for `longest` [s], against a baseline before the input [s].
    """
    key = ("lasting", on.tobytes())
    start, stop = once_alike(session, key, lambda: _while_it_lasts(session, on))
    window = start, min(stop, start + longest)
    off = unsurprised(session, protocol.PASSIVE_TRIALS)
    first, second = (
        responses(session, chosen, cells, "input_onset", window, baseline) for chosen in (on, off)
    )
    return first, second


def unsurprised(session: xr.Dataset, factors: protocol.Factors) -> protocol.Trials:
    """Return trials in which no expectation is violated, which may be done without teaching too."""
    chosen = trials(session, factors)
    if "outcome" not in session.coords:
        return chosen
    return np.asarray(chosen[session.variables["outcome"].values[chosen] != "unexpected"])


def _while_it_lasts(session: xr.Dataset, on: protocol.Trials) -> Window:
    """Return the window of the manipulation relative to the input [s]."""
    start = (
        session.variables["manipulation_onset"].values[on]
        - session.variables["input_onset"].values[on]
    )
    stop = (
        session.variables["manipulation_offset"].values[on]
        - session.variables["input_onset"].values[on]
    )
    return float(np.median(start)), float(np.median(stop))


CLAIM = Claim(
    key="P05a",
    name="driving representation cells evokes no error",
    sentence="Driving representation cells evokes no response in error cells when nothing teaches.",
    action="stimulate",
    mechanism=(
        "Representation neurons reach error neurons only through the slope phi', which multiplies "
        "the error from above: without one, nothing. In predictive coding the error neuron "
        "compares, so activity that the input does not explain is an error."
    ),
    equation="e_l = phi'(u_l + drive) (B_l 0) = 0",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Half of the representation cells of one area driven by current in a passive block, as "
        "strongly as they are tuned; error cells read out there and below."
    ),
    refuted_by="An evoked response in error cells of a third of their response to an unexpected "
    "outcome, or more.",
    record="Cell-targeted stimulation of representation cells without teaching, labelled error "
    "cells in the same area or below, expected and unexpected outcomes in other trials.",
    effect=effect,
    of_outcomes=True,
    threshold=1 / 9,
    side="below",
    manipulations=(Manipulation("drive", "driving representation cells", cost=2.0),),
    counter_circuit="sensory_leak",
    conditions=(
        Condition("representation cells driven", protocol.DRIVEN),
        Condition("no drive", protocol.PASSIVE_TRIALS),
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
    ),
    drawing=Drawing(
        read=(("error", 1), ("error", 2)),
        manipulation="drive",
        manipulated=(("representation", 2),),
        manipulation_window=(0.15, 0.3),
        end=0.3,
        read_window=(0.15, 0.3),
    ),
    secondary={
        "in the areas below": in_the_areas_below,
        "in the areas above": _in_the_areas_above,
    },
)
