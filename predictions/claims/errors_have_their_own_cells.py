"""P01: outcome errors have cells of their own, a class that the input does not drive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    Window,
    responses,
    trials,
    unit_energies,
)
from errorneurons.analysis.measures.segregation import (
    ONE_PEAK,
    shared_by_cells,
    unit_energies_of_contrast,
)
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims import violations
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing
from errorneurons.predictions.claims.ending import of_what_was_there
from errorneurons.predictions.claims.taught import as_taught

_FEWEST_CELLS = 10
"""Cells that an area must have to count."""
_REMEDY = "Show the inputs alone as well, or record four trials or more with each outcome."

_Kinds = tuple[protocol.Trials, violations.Contrast]
"""Trials for the response to the input, and those whose outcomes are compared."""


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: input times outcome energy in the same cells; M: in different cells of the same area."""
    return _in_the_same_cells(session, until=protocol.read_out_window(session))


def at_the_onset_of_the_input(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, with the first response to the input: comparison takes time to settle."""
    return _in_the_same_cells(session, until=protocol.read_out_window(session) and protocol.ONSET)


def _in_the_same_cells(session: xr.Dataset, until: Window | None) -> Effect | Missing:
    """Return N and M for the response to the input from its onset to the end of a window."""
    lack = protocol.what_is_missing(
        session, _has_enough_cells, violations.has_outcomes_told_from_adaptation, _has_input
    )
    if lack:
        return lack
    assert until is not None  # `_has_input` has seen to it
    window = 0.0, until[1]
    parts = [_energies(session, kinds, window) for kinds in _apart(session)]
    areas = _areas(session)
    found = [shared_by_cells(a[area], b[area]) for a, b in parts for area in areas]
    n, m, sizes = (
        protocol.mean_over([x for x in own if x == x]) for own in zip(*found, strict=True)
    )
    unit = sizes**0.5 if sizes > 0 else 1.0
    return Effect(n / unit, m / unit)


def _energies(session: xr.Dataset, kinds: _Kinds, window: Window) -> tuple[Floats, Floats]:
    """Return the energies of the response to the input and of the outcome contrast, (unit,)."""
    cells = once_alike(session, "all units", lambda: np.arange(session.sizes["unit"]))
    alone, contrast = kinds
    to_input = responses(session, alone, cells, "input_onset", window, protocol.BEFORE)
    outcomes = (
        responses(session, chosen, cells, "outcome_onset", protocol.OUTCOME, protocol.BEFORE)
        for chosen in contrast
    )
    return _of_all(unit_energies(to_input), cells), _of_all(
        unit_energies_of_contrast(*outcomes), cells
    )


def _of_all(energies: Floats, cells: protocol.Cells) -> Floats:
    """Return the energies of all units, NaN where no stimulus has trials enough."""
    return energies if len(energies) else np.full(len(cells), np.nan)


def _apart(session: xr.Dataset) -> Sequence[_Kinds]:
    """Return trials for the input and for the outcome that have none in common.

    Noise of a trial would be in both responses of a cell. Where the input is never shown alone,
    each half of the trials with an expected outcome shows the response to it in turn, and the
    other half the response to the outcome.
    """
    return once_alike(session, "input and outcome apart", lambda: _taken_apart(session))


def _taken_apart(session: xr.Dataset) -> Sequence[_Kinds]:
    contrast = violations.outcomes_told_from_adaptation(session)
    if not contrast:
        return ()
    outcomes = (
        trials(session, as_taught(session, factors))
        for factors in (protocol.UNEXPECTED_TRIALS, protocol.EXPECTED_TRIALS)
    )
    alone = np.setdiff1d(
        trials(session, protocol.PASSIVE_TRIALS), np.concatenate([*outcomes, *contrast])
    )
    if _repeated(session, alone):
        return ((alone, contrast),)
    unexpected, expected, *control = contrast
    halves = [_half(session, expected, k) for k in range(2)]
    return [(halves[k], (unexpected, halves[1 - k], *control)) for k in range(2)]


def _half(session: xr.Dataset, chosen: protocol.Trials, which: int) -> protocol.Trials:
    """Return every other trial of each stimulus."""
    stimulus = session.variables["stimulus"].values[chosen]
    parts = [chosen[np.flatnonzero(stimulus == name)[which::2]] for name in np.unique(stimulus)]
    return np.sort(np.concatenate(parts)) if parts else chosen


def _repeated(session: xr.Dataset, chosen: protocol.Trials) -> bool:
    stimulus = session.variables["stimulus"].values[chosen]
    return bool(np.unique(stimulus, return_counts=True)[1].max(initial=0) >= 2)


def _areas(session: xr.Dataset) -> Sequence[protocol.Cells]:
    """Return the somata of each area that has enough; which are interneurons is known by type."""
    return once_alike(session, "somata by area", lambda: _somata(session))


def _somata(session: xr.Dataset) -> Sequence[protocol.Cells]:
    """Return the somata of areas with as many as are needed."""
    found = violations.somata_of_areas(session).values()
    return [cells for cells in found if len(cells) >= _FEWEST_CELLS]


def _has_enough_cells(session: xr.Dataset) -> Missing | None:
    if _areas(session):
        return None
    return Missing(
        f"no area has {_FEWEST_CELLS} somata",
        "Record all cells of an area that can be recorded, chosen by no response.",
    )


def _has_input(session: xr.Dataset) -> Missing | None:
    """Require responses to the input in other trials than those with the outcomes compared."""
    window = protocol.read_out_window(session)
    if window is None or window[1] < protocol.ONSET[1]:
        return Missing(
            "no outcome comes 50 ms or more after its input, so the response to the input cannot "
            "be told from that to the outcome",
            "Give `input_onset` and `outcome_onset`; in a sequence the input is what comes before.",
            declared=() if "outcome_onset" in session.coords else ("outcome_onset",),
        )
    kinds = _apart(session)
    if not kinds:
        return None  # `has_outcomes_told_from_adaptation` says what is missing
    if len(kinds) == 1:
        return protocol.covers("input_onset", protocol.PASSIVE_TRIALS, protocol.BEFORE, window)(
            session
        )
    expected = as_taught(session, protocol.EXPECTED_TRIALS)
    if not all(_repeated(session, alone) for alone, _ in kinds):
        return Missing(
            "no trials of the input alone, and no stimulus has four trials with an expected "
            "outcome, of which half would show the response to the input",
            _REMEDY,
        )
    return protocol.covers("input_onset", expected, protocol.BEFORE, window)(session)


CLAIM = Claim(
    key="P01",
    name="outcome errors have cells of their own",
    sentence="Within an area, the cells that respond to an outcome error are others than those "
    "that respond to the input.",
    action="record",
    mechanism=(
        "Error neurons are driven by errors alone, so that the input, learnt or not, "
        "does not move them; representation neurons follow the input, and the error moves them by "
        "as little as the apical conductance is small. In predictive coding error neurons respond "
        "to the input until it is predicted, and representation neurons relax to the outcome; "
        "where errors are carried by dendrites or bursts there is a single population."
    ),
    equation="r_l = phi(W_l r_{l-1} + lambda e_l),  e_l = phi'(u_l) (B_l e_{l+1}),  lambda << 1",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of both populations",
    experiment=(
        "Expected and unexpected outcomes after the same stimuli, and the stimuli alone; all cells "
        "of an area, without labels. The energy of the response to the input, from onset to the "
        "time of the outcome, and that of the outcome contrast are measured in different trials."
    ),
    refuted_by="Both in the same cells: a third or more of what cells would share by chance. A "
    "single population whose selectivity has one peak shares two thirds or more.",
    record="Ten cells or more of one area, chosen by no response; expected and unexpected outcomes "
    "50 ms or more after the input, with the input alone or four trials of each; outcomes that "
    "teach nothing, or are rare, with a control of adaptation. No labels, no teaching.",
    effect=effect,
    of_outcomes=True,
    threshold=ONE_PEAK / 2,
    side="below",
    manipulations=(),
    counter_circuit="sensory_leak",
    by_labels=False,
    caution=violations.of_rare_outcomes,
    conditions=(
        Condition("input alone", protocol.PASSIVE_TRIALS),
        Condition("unexpected outcome", protocol.UNEXPECTED_TRIALS),
        Condition("expected outcome", protocol.EXPECTED_TRIALS),
    ),
    doubt=of_what_was_there(violations.outcomes_told_from_adaptation),
    drawing=Drawing(
        read=tuple((role, level) for level in range(1, 5) for role in ("representation", "error")),
        teaching=True,
        outcome_onset=0.3,
        end=0.5,
        read_window=(0.3, 0.5),
    ),
    secondary={"at the onset of the input": at_the_onset_of_the_input},
)
