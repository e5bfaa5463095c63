"""P21: a violation that teaches nothing evokes no mismatch response, in any area."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    energy,
    level_of,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims import violations
from errorneurons.predictions.claims.claim import (
    ERROR_SITES,
    Claim,
    Condition,
    Drawing,
    Precondition,
)
from errorneurons.predictions.claims.ending import of_what_was_there
from errorneurons.predictions.claims.taught import outcomes_teach


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: contrast of violated and met expectations, untaught; M: the input's, in the same cells.

    Both are averaged over areas. The response to the input says how well these cells respond to
    anything; it is there with and without teaching, and needs no labels.
    """
    return _beside_the_input(session, violations.somata_of_areas(session))


def in_the_lowest_area(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in the area of the lowest level that has one."""
    return _at_an_end(session, 0)


def in_the_highest_area(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in the area of the highest level."""
    return _at_an_end(session, -1)


def beside_outcomes_that_teach(session: xr.Dataset) -> Effect | Missing:
    """N: as for `effect`; M: the contrast of outcomes that teach, in the same cells."""
    areas = violations.somata_of_areas(session)
    return _beside_taught(session, areas.values())


def in_error_cells(session: xr.Dataset) -> Effect | Missing:
    """As `beside_outcomes_that_teach`, in labelled error cells."""
    lack = protocol.has_cells()(session)
    return lack or _beside_taught(session, [units(session, "error")])


def of_expecting(session: xr.Dataset) -> Effect | Missing:
    """M: the contrast of outcomes that teach, in the same cells; there is no N.

    Where unexpected ones are rarer, it may be adaptation, and shows no expectation.
    """
    lack = protocol.what_is_missing(session, _has_somata, _has_taught, _as_often)
    if lack:
        return lack
    contrast, areas = violations.taught_violations(session), violations.somata_of_areas(session)
    return Effect(
        0.0, _mean(violations.contrast_energy(session, contrast, own) for own in areas.values())
    )


def _beside_the_input(session: xr.Dataset, areas: dict[str, protocol.Cells]) -> Effect | Missing:
    lack = protocol.what_is_missing(
        session, _has_somata, violations.has_untaught_violations, _has_input
    )
    if lack:
        return lack
    contrast = violations.untaught_violations(session)
    n = [violations.contrast_energy(session, contrast, cells) for cells in areas.values()]
    return Effect(_mean(n), _mean(_to_input(session, cells) for cells in areas.values()))


def _beside_taught(session: xr.Dataset, parts: Iterable[protocol.Cells]) -> Effect | Missing:
    lack = protocol.what_is_missing(
        session, _has_somata, violations.has_untaught_violations, _has_taught
    )
    if lack:
        return lack
    kinds = violations.untaught_violations(session), violations.taught_violations(session)
    own = [[violations.contrast_energy(session, kind, x) for kind in kinds] for x in parts]
    return Effect(*(_mean(values) for values in zip(*own, strict=True)))


def _mean(values: Iterable[float]) -> float:
    """Return the mean over areas, those left out in which no cell has a number."""
    return protocol.mean_over([value for value in values if value == value])


def _at_an_end(session: xr.Dataset, which: int) -> Effect | Missing:
    areas = violations.somata_of_areas(session)
    levels = {name: level_of(session, name) for name in areas}
    ordered = sorted((name for name in areas if np.isfinite(levels[name])), key=levels.__getitem__)
    if len({levels[name] for name in ordered}) < 2:
        return Missing(
            "the areas are not of two levels or more",
            "Record two areas or more, and say their order by `levels` in the mapping file.",
        )
    end = levels[ordered[which]]
    return _beside_the_input(session, {n: areas[n] for n in ordered if levels[n] == end})


def _to_input(session: xr.Dataset, cells: protocol.Cells) -> float:
    window = 0.0, _last(session)
    chosen = trials(session, violations.MET)
    return energy(responses(session, chosen, cells, "input_onset", window, protocol.BEFORE))


def _last(session: xr.Dataset) -> float:
    """Return the end of the input's window [s]: as long as that of outcomes, but before them.

    Where the input is itself the event, its response is that to the event.
    """
    longest = protocol.OUTCOME[1]
    before_outcome = protocol.read_out_window(session)
    if before_outcome is None or before_outcome[1] < protocol.ONSET[1]:
        return longest
    return min(before_outcome[1], longest)


def _has_somata(session: xr.Dataset) -> Missing | None:
    if violations.somata_of_areas(session):
        return None
    return Missing("no unit is a soma of an excitatory cell", "Record somata as well.")


def _has_input(session: xr.Dataset) -> Missing | None:
    window = 0.0, _last(session)
    covered = protocol.covers("input_onset", violations.MET, protocol.BEFORE, window)
    return covered(session)


def _has_taught(session: xr.Dataset) -> Missing | None:
    if outcomes_teach(session):
        return protocol.has_outcome_contrast(session)
    return Missing(
        "no outcomes that teach to compare with",
        "Add expected and unexpected outcomes that teach, such as rewards or answers of a task.",
    )


def _as_often(session: xr.Dataset) -> Missing | None:
    rare = violations.of_rare_outcomes([session])
    return Missing(rare, "Show each outcome as often expected as not.") if rare else None


_EXPECTS_NOTHING = (
    "An animal that expects nothing supports the claim as well: show that it has an expectation, "
    "in other areas or by what it does."
)

CLAIM = Claim(
    key="P21",
    name="violations that teach nothing evoke nothing",
    sentence="A violated expectation from which nothing is learnt evokes no mismatch response, "
    "in any area.",
    action="record",
    mechanism=(
        "Errors begin where a teaching signal is, and descend from there: without one the "
        "output's error neurons are silent, and so are all others, however improbable the event. "
        "Where the event itself is predicted, as in predictive coding of what is sensed, or in "
        "areas that compare their input with predictions, its violation is an error everywhere."
    ),
    equation="e_L = 0 without t,  e_l = phi'(u_l) (B_l e_{l+1})  =>  e_l = 0 in every area",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of error neurons",
    experiment=(
        "Events that were expected and events that were not, in a passive block: oddballs, "
        "violated sequences, omissions; the same event with the same before it, or with a control "
        "block. All cells, without labels. Window 0 to 200 ms, beside the response to the input. "
        f"{_EXPECTS_NOTHING}"
    ),
    refuted_by="A response to the violation at a third of the response to the input, in "
    "amplitude, over all cells, or as large as that in one cell of nine.",
    record="Somata of one area or more, two trials or more of the same event expected and "
    "unexpected, matched in what comes before or with a control block, of which it is said that "
    "nothing teaches. No labels, no task.",
    effect=effect,
    of_outcomes=True,
    threshold=1 / 9,
    side="below",
    manipulations=(),
    counter_circuit="every_outcome_teaches",
    by_labels=False,
    otherwise=_EXPECTS_NOTHING,
    unless=Precondition("that the animals expect anything", of_expecting),
    conditions=(
        Condition("violated, nothing teaches", violations.VIOLATED),
        Condition("met, nothing teaches", violations.MET),
    ),
    shown_by="untaught_outcomes",
    doubt=of_what_was_there(violations.untaught_violations),
    drawing=Drawing(
        read=(
            *((role, k) for role, k in ERROR_SITES),
            *(("representation", k) for k in range(1, 5)),
        ),
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
    secondary={
        "in the lowest area": in_the_lowest_area,
        "in the highest area": in_the_highest_area,
        "beside outcomes that teach": beside_outcomes_that_teach,
        "in error cells, beside outcomes that teach": in_error_cells,
    },
)
