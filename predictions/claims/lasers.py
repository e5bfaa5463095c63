"""What claims ask of a laser: that it reaches cells, and when it is on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import (
    Cells,
    Factors,
    Missing,
    Trials,
    Window,
    energy_of_difference,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims.requirements import (
    BEFORE,
    OUTCOME,
    PASSIVE_TRIALS,
    UNEXPECTED_TRIALS,
    Requirement,
    as_taught,
    covers,
    mean_over,
)

SLACK = 0.01
"""A laser may come this much later, or end this much earlier, than a window [s]."""
_NO_ONE_AREA = ("", "all", "none")
"""What stands for the area of a laser that is on all of them."""
CONTROL = "none"
"""The opsin of control animals."""


def is_control(session: xr.Dataset) -> bool:
    """Whether the animal has no opsin, so that a laser does nothing to its cells."""
    return str(session.attrs.get("opsin", "")).strip().lower() == CONTROL


def reaches_cells(session: xr.Dataset) -> Missing | None:
    """Require that the animal expresses an opsin, or that it is not said that it does not."""
    if not is_control(session):
        return None
    return Missing(
        "control animals without an opsin are left out, whom the laser does nothing to",
        "Record animals that express the opsin.",
    )


def during_the_outcome(factors: Factors) -> Requirement:
    """Require a laser that is on throughout the outcome window, in every trial with `factors`."""
    return lambda session: _lit(session, factors, "outcome_onset", OUTCOME)


def after_the_input(factors: Factors) -> Requirement:
    """Require a laser that is off before the input, and that activity is recorded while it is on.

    What it evokes is measured while it lasts, against the baseline before the input.
    """
    return lambda session: once_alike(
        session, ("after the input", *factors.items()), lambda: _after_the_input(session, factors)
    )


def _after_the_input(session: xr.Dataset, factors: Factors) -> Missing | None:
    start, stop = _times(session, factors, "input_onset")
    if not len(start):
        return None
    wrong = ~(np.isfinite(start) & np.isfinite(stop)) | (start < -SLACK) | (stop <= start)
    if wrong.any():
        return _missed(wrong, start, stop, "begin with the input or after it", "input_onset")
    while_on = float(np.median(start)), float(np.median(stop))
    return covers("input_onset", factors, BEFORE, while_on)(session)


def changes(session: xr.Dataset, manipulation: str, role: str) -> dict[str, float]:
    """Return the energy of what a laser changes in the cells that it is aimed at, by event.

    Of trials with the input alone, and of unexpected outcomes, each with and without the laser.
    Cells that are silent anyway do not show in the former that they are silenced, but may in the
    latter. What was not shown, or not recorded, is left out.

    Parameters
    ----------
    session
        A session that obeys the dataset contract.
    manipulation, role
        What is done, to cells of which role.
    """
    found = {}
    plain = {"input_onset": PASSIVE_TRIALS, "outcome_onset": as_taught(session, UNEXPECTED_TRIALS)}
    for event, off in plain.items():
        on = {**off, "manipulation": manipulation, "manipulated_role": role}
        energies = _changes(session, event, on, off)
        if energies:
            found[event] = mean_over(energies)
    return found


def _changes(session: xr.Dataset, event: str, on: Factors, off: Factors) -> list[float]:
    if "manipulated_area" not in session.coords:
        return []
    start, stop = _times(session, on, event)
    lit, dark = trials(session, on), trials(session, off)
    if not (len(start) and len(dark) and np.isfinite([start, stop]).all()):
        return []
    first, last = float(np.median(start)), float(np.median(stop))
    before = first - (BEFORE[1] - BEFORE[0]), first
    window = first, last
    if last <= first or any(covers(event, x, before, window)(session) for x in (on, off)):
        return []
    areas = session.variables["manipulated_area"].values[lit].astype(str)
    found = []
    for area in np.unique(areas):
        own = lit[areas == area]
        cells = _aimed_at(session, own, str(on["manipulated_role"]), str(area))
        if len(cells):
            both = (responses(session, x, cells, event, window, before) for x in (own, dark))
            found.append(energy_of_difference(*both))
    return [energy for energy in found if np.isfinite(energy)]


def _aimed_at(session: xr.Dataset, lit: Trials, role: str, area: str) -> Cells:
    """Return the cells that a laser is aimed at: those said to be, or all of a role in an area."""
    if "targeted" in session:
        return np.flatnonzero(session.variables["targeted"].values[lit].any(axis=0))
    cells = units(session, "unlabelled" if role == "representation" else role)
    if area in _NO_ONE_AREA:
        return cells
    return np.asarray(cells[session.variables["area"].values[cells] == area])


def _lit(session: xr.Dataset, factors: Factors, event: str, window: Window) -> Missing | None:
    start, stop = _times(session, factors, event)
    wrong = ~((start <= window[0] + SLACK) & (stop >= window[1] - SLACK))
    if not wrong.any():
        return None
    where = f"cover {window[0]:g} to {window[1]:g} s around `{event}`"
    return _missed(wrong, start, stop, where, event)


def _times(
    session: xr.Dataset, factors: Factors, event: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return from when to when the laser is on, relative to an event [s]; nothing if none is."""
    chosen = trials(session, factors)
    columns = session.variables
    if event not in columns or "manipulation_onset" not in columns:
        return np.empty(0), np.empty(0)
    zero = columns[event].values[chosen]
    start, stop = (
        columns[f"manipulation_{end}"].values[chosen] - zero for end in ("onset", "offset")
    )
    return start, stop


def _missed(
    wrong: npt.NDArray[np.bool_],
    start: npt.NDArray[np.float64],
    stop: npt.NDArray[np.float64],
    where: str,
    event: str,
) -> Missing:
    first = int(np.argmax(wrong))
    found = f"runs from {start[first]:.3g} to {stop[first]:.3g} s around it"
    if not np.isfinite([start[first], stop[first]]).all():
        found = "has no time there"
    return Missing(
        f"the laser does not {where} in {wrong.sum()} of {len(wrong)} trials, where it {found}",
        f"Give `manipulation_onset` and `manipulation_offset`, and time the laser by `{event}`.",
    )
