"""P18a: influence between areas stays within a class of cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Effect,
    Missing,
    Response,
    energy_of_difference,
    level_of,
    units,
)
from errorneurons.analysis.measures.segregation import unit_energies_of_difference
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, Manipulation
from errorneurons.predictions.claims.driving_evokes_no_error import on_and_off, unsurprised

DRIVEN_ERROR: protocol.Factors = {**protocol.DRIVEN, "manipulated_role": "error"}
"""As `requirements.DRIVEN`, but of the error cells."""
DRIVE_CLASSES = Manipulation("drive-classes", "driving each class of an area in turn", cost=2.0)
_Tests = tuple[protocol.Between, ...]
_Side = Callable[[float], _Tests]
"""Level of the driven area -> tests, any of which the levels that are looked at pass."""
_BASELINE = (-0.1, 0.0)
"""Before the input [s]; twice as long as in other claims, for small responses."""
_AT_FIRST = 0.02
"""Before what goes round a loop is back [s]."""
_BY_ROLE = {"representation": protocol.DRIVEN, "error": DRIVEN_ERROR}
ERRORS = 4.0
"""Standard errors that are added to what a drive evokes, see `effect`."""
_REMEDY = (
    "Stimulate the labelled {} cells of one area in a passive block, with interleaved controls, "
    "and record both classes in the areas below and above."
)


def effect(session: xr.Dataset) -> Effect | Missing:
    """N: what crosses from class to class, both ways multiplied; M: what stays within a class.

    With X(d, c) the energy evoked in cells of class c of the other areas while class d is driven,

        N = X(R, E) X(E, R) / U,    M = X(R, R) X(E, E) / U,    U = U(R) U(E),
        U(d) = |X(d, R)| + |X(d, E)| + 4 times their standard error.

    Both have the gains of all cells and drives, so that N/M is an odds ratio, and 1 where cells are
    moved whatever their class. U makes them shares of what a drive evokes in both classes: a ratio
    that differs between animals multiplies N without bound, and is then more skewed than a few
    animals show. U is of one half of the cells and the products of the other, in turn, so that what
    is noise in one is not in the other. With the standard error an animal in which a drive moves
    nobody counts for little.
    """
    return _crossing(session)


def at_first(session: xr.Dataset) -> Effect | Missing:
    """As `effect`, in the first 20 ms: through several synapses influence mixes classes."""
    return _crossing(session, _AT_FIRST)


def _of_representations(session: xr.Dataset) -> Effect | Missing:
    """N: what driving representation cells evokes in error cells; M: in representation cells."""
    return _of_class(session, "representation", "error")


def _of_errors(session: xr.Dataset) -> Effect | Missing:
    """N: what driving error cells evokes in representation cells; M: in error cells."""
    return _of_class(session, "error", "representation")


def _crossing(session: xr.Dataset, longest: float = np.inf) -> Effect | Missing:
    lack = what_influence_lacks(session, elsewhere, longest=longest)
    if lack:
        return lack
    areas = driven_areas(session)
    return mean_effect([half for area in areas for half in _by_halves(session, area, longest)])


def _by_halves(session: xr.Dataset, area: str, longest: float) -> list[tuple[float, float, float]]:
    """Return N, M and N_R of either half of the cells, in units of the other half."""
    levels = elsewhere(level_of(session, area))
    seen = {
        (d, c): each_evoked_in(session, area, d, c, levels, longest)
        for d, c in product(_BY_ROLE, (*_BY_ROLE, "unlabelled"))
    }
    found = []
    for own, other in ((0, 1), (1, 0)):
        (rr, _), (re, _), (r_others, _), (er, _), (ee, _), _ = (
            _mean_and_error(_half(x, own)) for x in seen.values()
        )
        unit = 1.0
        for d in _BY_ROLE:
            means, errors = zip(
                *(_mean_and_error(_half(seen[d, c], other)) for c in _BY_ROLE), strict=True
            )
            unit *= float(np.abs(means).sum()) + ERRORS * math.hypot(*errors)
        unit = unit or 1.0  # 1 where nothing moves
        found.append((re * er / unit, rr * ee / unit, r_others * er / unit))
    return found


def _half(energies: Floats, which: int) -> Floats:
    """Return every other cell, or a single one."""
    return energies[which::2] if len(energies) > 1 else energies


def _mean_and_error(energies: Floats) -> tuple[float, float]:
    """Return the mean over cells and its standard error, 0 without cells, or of one."""
    there = energies[np.isfinite(energies)]
    if len(there) < 2:
        return (float(there[0]) if len(there) else float("nan") if len(energies) else 0.0), 0.0
    return float(there.mean()), float(there.std(ddof=1) / math.sqrt(len(there)))


def _of_class(session: xr.Dataset, driven: str, other: str) -> Effect | Missing:
    lack = what_influence_lacks(session, elsewhere)
    if lack:
        return lack
    found = []
    for area in driven_areas(session):
        levels = elsewhere(level_of(session, area))
        n, m, n_r = (
            evoked_in(session, area, driven, seen, levels) for seen in (other, driven, "unlabelled")
        )
        found.append((n, m, n_r if other == "error" else 0.0))
    return mean_effect(found)


def mean_effect(found: Sequence[tuple[float, float, float]]) -> Effect:
    """Return the mean of N, M and N_R over driven areas."""
    n, m, n_r = (protocol.mean_over(values) for values in zip(*found, strict=True))
    return Effect(n, m, n_r)


def elsewhere(level: float) -> _Tests:
    """Return the tests for levels below and above an area's: for all areas but its peers."""
    return (*below_it(level), *above_it(level))


def below_it(level: float) -> _Tests:
    """Return the test for levels below."""
    return (protocol.between(-np.inf, level),)


def above_it(level: float) -> _Tests:
    """Return the test for levels above."""
    return (protocol.between(level, np.inf),)


_WHERE: Mapping[_Side, str] = {
    elsewhere: "elsewhere than in",
    below_it: "below",
    above_it: "above",
}


def evoked_in(
    session: xr.Dataset, area: str, driven: str, seen: str, levels: _Tests,
    longest: float = np.inf,
) -> float:  # fmt: skip
    """Return the energy that driving a class of an area evokes in cells at some levels.

    Parameters
    ----------
    session
        One session.
    area, driven
        Which cells are driven: the role, ``"representation"`` or ``"error"``, in that area.
    seen, levels
        Role of the cells that are looked at, and tests any of which their level passes.
    longest
        For how long from when the drive begins, if it lasts longer [s].

    Returns
    -------
    float
        Energy of the difference from controls [squared units of `rate`], 0 without such cells.
    """
    shown = _on_and_off_in(session, area, driven, seen, levels, longest)
    return energy_of_difference(*shown) if shown else 0.0


def each_evoked_in(
    session: xr.Dataset, area: str, driven: str, seen: str, levels: _Tests,
    longest: float = np.inf,
) -> Floats:  # fmt: skip
    """Return the energy that driving a class evokes in each cell, (cell,); as `evoked_in`."""
    shown = _on_and_off_in(session, area, driven, seen, levels, longest)
    if shown is None:
        return np.empty(0)
    energies = unit_energies_of_difference(*shown)
    return energies if len(energies) else np.array([np.nan])  # no stimulus is in both


def _on_and_off_in(
    session: xr.Dataset, area: str, driven: str, seen: str, levels: _Tests, longest: float
) -> tuple[Response, Response] | None:
    on = protocol.in_area(session, unsurprised(session, _BY_ROLE[driven]), area)
    parts = [units(session, seen, there) for there in levels]
    cells = protocol.spared_in(session, on, np.sort(np.concatenate(parts)))
    return on_and_off(session, on, cells, longest, _BASELINE) if len(cells) else None


def driven_areas(session: xr.Dataset) -> list[str]:
    """Return the areas in which either class is driven."""
    first, second = (protocol.manipulated_areas(session, f) for f in _BY_ROLE.values())
    return [area for area in first if area in second]


def what_influence_lacks(
    session: xr.Dataset,
    *sides: _Side,
    longest: float = np.inf,
) -> Missing | None:
    """Return what a session lacks to say which class moves which, or None if nothing.

    Parameters
    ----------
    session
        One session.
    sides
        Each returns tests for levels, given that of the driven area; both classes must be recorded
        on each side of it.
    longest
        As in `evoked_in`.
    """
    reaches = [
        require
        for role, factors in _BY_ROLE.items()
        for require in (
            protocol.has_trials(factors, f"{role} cells driven, no teaching", _REMEDY.format(role)),
            lasers.after_the_input(factors),
            protocol.covers("input_onset", factors, _BASELINE),
            _brief_enough(factors, longest),
        )
    ]
    return protocol.what_is_missing(
        session,
        *map(protocol.has_cells, _BY_ROLE),
        has_error_somata,
        *reaches,
        protocol.has_trials(
            protocol.PASSIVE_TRIALS, "the input alone, no drive, no teaching", _REMEDY.format("")
        ),
        _drives_both_in_one_area,
        *map(_sees_both_classes, sides),
        lasers.reaches_cells,
    )


def has_error_somata(session: xr.Dataset) -> Missing | None:
    """Require that what is labelled error are cells of their own, and no tufts."""
    if "cell_type" not in session.coords:
        return None
    kinds = session.variables["cell_type"].values[units(session, "error")]
    if not any("tuft" in str(kind) for kind in np.unique(kinds)):
        return None
    return Missing(
        "what is labelled error are tufts of representation cells, and no cells of their own that "
        "could be driven by themselves and move others",
        "Record somata; where errors are carried by dendrites or bursts there is no second class, "
        "and nothing is said of it.",
    )


def _brief_enough(factors: protocol.Factors, longest: float) -> protocol.Requirement:
    """Require bins that fit into the beginning of a drive, where that alone is looked at."""

    def requirement(session: xr.Dataset) -> Missing | None:
        on = unsurprised(session, factors)
        if not np.isfinite(longest) or not len(on) or "input_onset" not in session.coords:
            return None
        start = np.nanmedian(
            session.variables["manipulation_onset"].values[on]
            - session.variables["input_onset"].values[on]
        )
        first = float(start), float(start) + longest
        return protocol.covers("input_onset", factors, first)(session)

    return requirement


def _drives_both_in_one_area(session: xr.Dataset) -> Missing | None:
    if driven_areas(session):
        return None
    return Missing(
        "no area, of known level, has trials in which its error cells are driven and others in "
        "which its representation cells are",
        "Drive either class of one and the same area, in trials of their own.",
    )


def _sees_both_classes(side: _Side) -> protocol.Requirement:
    """Require both classes of cells on a side of an area in which either is driven."""

    def requirement(session: xr.Dataset) -> Missing | None:
        areas = driven_areas(session)
        for area in areas:
            there = side(level_of(session, area))
            if all(any(len(units(session, r, where)) for where in there) for r in _BY_ROLE):
                return None
        where = _WHERE[side]
        lack = Missing(
            f"no labelled error and representation cells {where} the driven area",
            f"Record both classes {where} the driven area.",
        )
        return lack if areas else None  # `_drives_both_in_one_area` says it better

    return requirement


CLAIM = Claim(
    key="P18a",
    name="influence between areas stays within a class",
    sentence="Between areas, driving representation cells moves representation cells and driving "
    "error cells moves error cells, rather than cells of the other class.",
    action="stimulate",
    mechanism=(
        "Axons between areas link representation neurons to representation neurons, and error "
        "neurons to error neurons; the two meet within an area, where errors move representations "
        "by as little as the apical conductance is small. In predictive coding each class is wired "
        "to the other between areas, so that what is driven moves both."
    ),
    equation="r_l = phi(W_l r_{l-1} + lambda e_l),  e_l = phi'(u_l) (B_l e_{l+1}),  lambda << 1",
    source="Max et al. 2026, doi:10.1371/journal.pcbi.1014164, dynamics of both populations",
    experiment=(
        "Half of the cells of one class of an area driven by current in a passive block, then half "
        "of those of the other class; both classes read out in the other areas while it lasts."
    ),
    refuted_by="Energies that cross from class to class, both ways multiplied, of a ninth or more "
    "of those that stay within a class: each crossing a third in energy, and chance is 1.",
    record="Cell-targeted stimulation of labelled error cells of one area and, in other trials, of "
    "its representation cells; both classes recorded in another area, at best one below and one "
    "above. No teaching, no outcomes.",
    effect=effect,
    threshold=1 / 9,
    side="below",
    manipulations=(DRIVE_CLASSES,),
    counter_circuit="mixed_classes",
    conditions=(
        Condition("error cells driven", DRIVEN_ERROR),
        Condition("representation cells driven", protocol.DRIVEN),
        Condition("no drive", protocol.PASSIVE_TRIALS),
    ),
    shown_by="class_influence",
    bin=0.01,
    drawing=Drawing(
        read=tuple((role, level) for level in (1, 3, 4) for role in ("representation", "error")),
        manipulation="drive",
        manipulated=(("error", 2),),
        manipulation_window=(0.15, 0.3),
        end=0.3,
        read_window=(0.15, 0.3),
    ),
    secondary={
        "at first": at_first,
        "of representation cells": _of_representations,
        "of error cells": _of_errors,
    },
)
