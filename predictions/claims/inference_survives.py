"""P06a: inference survives without error cells."""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    energy_of_difference,
    responses,
    trials,
    tuning_energy,
)
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import (
    ERROR_SITES,
    Claim,
    Condition,
    Drawing,
    Manipulation,
)

_REMEDY = "Silence all labelled error cells from 50 ms before the input until the read-out."


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: output with error cells off minus on; M: tuning of the output across stimuli."""
    lack = protocol.what_is_missing(
        session,
        has_output_cells,
        protocol.has_trials(protocol.INFERENCE_OFF, "error cells off and no teaching", _REMEDY),
        protocol.has_trials(
            protocol.PASSIVE_TRIALS, "the input alone, no laser, no teaching", _REMEDY
        ),
        laser_from_before_input,
        lasers.reaches_cells,
    )
    if lack:
        return lack
    window = protocol.read_out_window(session)
    assert window is not None  # laser_from_before_input has seen to it
    cells = output_cells(session)
    off, intact = (
        responses(
            session, trials(session, factors), cells, "input_onset", window, protocol.BEFORE_LASER
        )
        for factors in (protocol.INFERENCE_OFF, protocol.PASSIVE_TRIALS)
    )
    return Effect(energy_of_difference(off, intact), tuning_energy(intact))


def output_cells(session: xr.Dataset) -> protocol.Cells:
    """Return the cells read as the output: all but error cells of the output area."""
    return once_alike(session, "output cells", lambda: _output_cells(session))


def _output_cells(session: xr.Dataset) -> protocol.Cells:
    area = session.attrs.get("output_area") or session.attrs.get("teaching_area", "")
    here = session.variables["area"].values == area
    return np.flatnonzero(here & (session.variables["role"].values != "error"))


def has_output_cells(session: xr.Dataset) -> Missing | None:
    """Require cells in the output area."""
    if len(output_cells(session)):
        return None
    return Missing(
        "no unit is declared to be the output",
        "Declare `output_area` or `teaching_area` in the mapping file.",
        declared=("output_area",),
    )


def laser_from_before_input(session: xr.Dataset) -> Missing | None:
    """Require that silencing runs from before the input to the read-out."""
    return once_alike(session, "laser before input", lambda: _lack_of_laser(session))


def _lack_of_laser(session: xr.Dataset) -> Missing | None:
    window = protocol.read_out_window(session)
    if window is None:
        return Missing(
            "no trial has an outcome, so the time of the read-out is unknown",
            "Give `outcome_onset` in the trials that have an outcome.",
            declared=("outcome_onset",),
        )
    chosen = trials(session, protocol.INFERENCE_OFF)
    if not len(chosen):
        return None
    onset = session.variables["input_onset"].values[chosen]
    start = session.variables["manipulation_onset"].values[chosen] - onset
    stop = session.variables["manipulation_offset"].values[chosen] - onset
    if (start <= 0).all() and (stop >= window[1] - 1e-9).all():
        return protocol.covers(
            "input_onset", protocol.INFERENCE_OFF, protocol.BEFORE_LASER, window
        )(session)
    return Missing(
        f"silencing runs from {np.max(start):.3g} to {np.min(stop):.3g} s around input onset, "
        f"not from before it to the read-out at {window[1]:.3g} s",
        _REMEDY,
    )


CLAIM = Claim(
    key="P06a",
    name="inference survives without error cells",
    sentence="With all error cells silenced, the output still follows the stimulus.",
    action="silence",
    mechanism=(
        "Representations ascend from representation neuron to representation neuron; error neurons "
        "only teach. In predictive coding whose input comes through error neurons, nothing is "
        "inferred without them; where the input drives representation neurons themselves, "
        "predictive coding expects what is claimed here."
    ),
    equation="r_l = phi(tau (g_bas W_l r_{l-1} + g_api L e_l))  and  e = 0 without t anyway",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of representation neurons",
    experiment=(
        "All error cells silenced from 50 ms before the input until the read-out, no teaching; the "
        "output read in the last 100 ms before the outcome would have come."
    ),
    refuted_by="An output that is moved by a third of its tuning, or more.",
    record="Silencing of labelled error cells on test trials of a trained animal, cells (or a "
    "decoder) of the output area.",
    effect=effect,
    threshold=1 / 9,
    side="below",
    manipulations=(
        Manipulation("silence-inference", "silencing all error cells during inference"),
    ),
    counter_circuit="drive_through_errors",
    incomplete=lasers.of_what_changes,
    conditions=(
        Condition("error cells off", protocol.INFERENCE_OFF),
        Condition("no laser", protocol.PASSIVE_TRIALS),
    ),
    drawing=Drawing(
        read=(("representation", 4),),
        manipulation="silence",
        manipulated=ERROR_SITES,
        manipulation_window=(-0.05, 0.3),
        end=0.3,
        read_window=(0.2, 0.3),
    ),
)
