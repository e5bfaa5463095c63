"""What claims ask of a laser: that it reaches cells, and when it is on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.asking import once, once_alike
from errorneurons.analysis.measures.energies import (
    Cells,
    Factors,
    Missing,
    Response,
    Trials,
    Window,
    energy_of_difference,
    overlap_of_contrasts,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims.requirements import (
    BEFORE,
    EXPECTED_TRIALS,
    OUTCOME,
    PASSIVE_TRIALS,
    UNEXPECTED_TRIALS,
    Requirement,
    as_taught,
    covers,
    in_area,
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
    key = "changes", manipulation, role
    return once(session, key, lambda: _changes(session, manipulation, role))


def _changes(session: xr.Dataset, manipulation: str, role: str) -> dict[str, float]:
    found = {}
    plain = {"input_onset": PASSIVE_TRIALS, "outcome_onset": as_taught(session, UNEXPECTED_TRIALS)}
    for event, off in plain.items():
        on = {**off, "manipulation": manipulation, "manipulated_role": role}
        energies = []
        dark = trials(session, off)
        for lit, cells, window in _aims(session, event, on):
            before = window[0] - (BEFORE[1] - BEFORE[0]), window[0]
            if len(dark) and not any(covers(event, x, before, window)(session) for x in (on, off)):
                both = (
                    responses(session, chosen, cells, event, window, before)
                    for chosen in (lit, dark)
                )
                energies.append(energy_of_difference(*both))
        if known := [energy for energy in energies if np.isfinite(energy)]:
            found[event] = mean_over(known)
    return found


def what_is_left(session: xr.Dataset, role: str) -> dict[str, tuple[float, float]]:
    """Return how much silencing leaves of the response of the cells that it is aimed at, by event.

    The overlap of the response with the laser and without it, and the energy of that without it,
    of which the ratio is the share of the amplitude that is left. After the input the response is
    the tuning, at outcomes the contrast of unexpected and expected ones: so a laser that takes as
    much from all trials, or adds as much, does not count. What was not shown is left out.

    Parameters
    ----------
    session
        A session that obeys the dataset contract.
    role
        Of the cells that are silenced.
    """
    return once(session, ("what is left", role), lambda: _what_is_left(session, role))


def _what_is_left(session: xr.Dataset, role: str) -> dict[str, tuple[float, float]]:
    laser = {"manipulation": "silence", "manipulated_role": role}
    outcomes = tuple(as_taught(session, f) for f in (UNEXPECTED_TRIALS, EXPECTED_TRIALS))
    found = {}
    for event, off in {"input_onset": (PASSIVE_TRIALS,), "outcome_onset": outcomes}.items():
        parts = _parts_left(session, event, off, laser)
        if known := [part for part in parts if np.isfinite(part).all()]:
            overlaps, energies = zip(*known, strict=True)
            found[event] = mean_over(overlaps), mean_over(energies)
    return found


def _parts_left(
    session: xr.Dataset, event: str, off: tuple[Factors, ...], laser: Factors
) -> list[tuple[float, float]]:
    """Return what is left in each area that a laser is aimed at, as overlap and energy."""
    on = [{**factors, **laser} for factors in off]
    parts = []
    for lit, cells, (first, last) in _aims(session, event, on[0]):
        window = max(first, 0.0), last
        if last <= window[0] or any(covers(event, x, BEFORE, window)(session) for x in (*on, *off)):
            continue
        area = str(session.variables["manipulated_area"].values[lit[0]])
        chosen = [in_area(session, trials(session, x), area) for x in on]
        chosen += [trials(session, x) for x in off]
        if all(map(len, chosen)):
            seen = [responses(session, x, cells, event, window, BEFORE) for x in chosen]
            parts.append(_contrast_left(*seen) if len(off) > 1 else _tuning_left(*seen))
    return parts


def _contrast_left(
    lit: Response, lit_expected: Response, dark: Response, dark_expected: Response
) -> tuple[float, float]:
    without = dark, dark_expected
    return overlap_of_contrasts((lit, lit_expected), without), energy_of_difference(*without)


def _tuning_left(lit: Response, dark: Response) -> tuple[float, float]:
    shared = [name for name in dark if name in lit and len(dark[name]) >= 2]
    pairs = [
        _contrast_left(*({"either": x[name]} for x in (lit, dark) for name in two))
        for two in combinations(shared, 2)
    ]
    overlaps, energies = zip(*pairs, strict=True) if pairs else ((), ())
    return mean_over(overlaps), mean_over(energies)


def _aims(session: xr.Dataset, event: str, on: Factors) -> list[tuple[Trials, Cells, Window]]:
    """Return the trials of a laser in each area, the cells it is aimed at, and when it is on."""
    if "manipulated_area" not in session.coords:
        return []
    start, stop = _times(session, on, event)
    if not len(start) or not np.isfinite([start, stop]).all():
        return []
    window = float(np.median(start)), float(np.median(stop))
    if window[1] <= window[0]:
        return []
    lit = trials(session, on)
    areas = session.variables["manipulated_area"].values[lit].astype(str)
    found = []
    for area in np.unique(areas):
        own = lit[areas == area]
        cells = _aimed_at(session, own, str(on["manipulated_role"]), str(area))
        if len(cells):
            found.append((own, cells, window))
    return found


def of_what_remains(
    threshold: float,
    left: float,
    sessions: Sequence[xr.Dataset],  # noqa: ARG001
) -> float:
    """Return the threshold of what remains of a response, see `Incomplete`.

    As much as is left where the laser is aimed may remain whatever is true, and of the rest the
    threshold is asked.
    """
    return left + (1 - left) * threshold


def of_what_changes(
    threshold: float,
    left: float,
    sessions: Sequence[xr.Dataset],  # noqa: ARG001
) -> float:
    """Return the threshold of the energy of what silencing changes, see `Incomplete`.

    Its amplitude is as large as what the laser takes away.
    """
    return (1 - left) ** 2 * threshold


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
