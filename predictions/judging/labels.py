"""Whether labels mean anything: error cells beside labels dealt at random.

A verdict on error cells is one on the cells that are called so. If they are called so at random,
they are as the others are, and what both do is no answer: cells that are moved whatever their label
contradict the claim that influence stays within a class, and cells that respond to their input that
error cells are silent. So labelled cells must be seen to differ from the other cells of their
areas in something: how strongly they respond to the input, to the outcome contrast, or to what is
driven in another area. Ranks within areas are compared (van Elteren 1960). If labels are dealt at
random within areas, the sum of ranks of the labelled cells has a known mean and variance, whatever
cells do; the same cells on several days, or in several folds, count once. This only takes answers
back: if labels mean nothing, any comes in 5 % at most, whatever the claim.

Source: Bull. Int. Stat. Inst. 37:351 (1960).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used
import xarray as xr

from errorneurons.analysis.measures.asking import once
from errorneurons.analysis.measures.energies import (
    Cells,
    responses,
    trials,
    unit_energies,
)
from errorneurons.analysis.measures.segregation import unit_energies_of_difference
from errorneurons.analysis.statistics import Floats
from errorneurons.predictions.claims import lasers
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.claims.driving_evokes_no_error import on_and_off, unsurprised
from errorneurons.predictions.judging.measured import Doubt
from errorneurons.predictions.judging.rule import ALPHA

_PLAIN: protocol.Factors = {"manipulation": "none"}
_CHECK = (
    "Check which units the labels are of; or show expected and unexpected outcomes in a localiser "
    "block, to see that the labelled cells respond to errors otherwise than the others."
)


def chance_of_labels(sessions: Sequence[xr.Dataset]) -> float:
    """Return the p that error cells differ as much from the others if labels are dealt at random.

    The least over what is compared, times how many things are; NaN if there is nothing to compare,
    as where all cells of an area are labelled alike.
    """
    ranks: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for session in sessions:
        for name, found in once(session, "rank sums", partial(_rank_sums, session)).items():
            animals = ranks.setdefault(name, {})
            animals.setdefault(str(session.attrs["animal"]), []).append(found)
    # days of an animal may be of the same cells: their deviations add up as if they were
    sums = [[np.sum(days, axis=0) for days in animals.values()] for animals in ranks.values()]
    z = [sum(x for x, _ in own) / math.sqrt(sum(sd**2 for _, sd in own)) for own in sums]
    if not z:
        return float("nan")
    return min(1.0, 2 * len(z) * float(scipy.stats.norm.sf(np.abs(z).max())))


def _rank_sums(session: xr.Dataset) -> dict[str, tuple[float, float]]:
    """Return what `rank_sum` says of each thing that is compared, if it says anything."""
    strata = _strata(session)
    sums = {name: rank_sum(energies, *strata) for name, energies in _compared(session)}
    return {name: found for name, found in sums.items() if found[1] > 0}


def rank_sum(energies: Floats, labelled: Floats, strata: Floats) -> tuple[float, float]:
    """Return the sum of ranks of labelled cells less its mean by chance, and its deviation.

    Parameters
    ----------
    energies
        Of each cell; those that are not finite are left out.
    labelled
        1 for labelled cells, 0 for others, NaN for those that are neither.
    strata
        Number of the area of each cell. Ranks, from 0 to 1, are within these.

    Examples
    --------
    >>> labelled, areas = np.array([1.0, 1.0, 0.0, 0.0]), np.zeros(4)
    >>> [round(x, 3) for x in rank_sum(np.array([4.0, 3.0, 2.0, 1.0]), labelled, areas)]
    [0.5, 0.323]
    """
    there = np.isfinite(energies) & np.isfinite(labelled)
    score, variance = 0.0, 0.0
    for stratum in np.unique(strata[there]):
        own = there & (strata == stratum)
        count, chosen = int(own.sum()), labelled[own]
        if 0 < chosen.sum() < count:
            ranks = scipy.stats.rankdata(energies[own]) / count
            ranks -= ranks.mean()
            score += float(ranks @ chosen)
            # of sampling without replacement
            variance += float(chosen.sum() * (1 - chosen.mean()) * ranks.var(ddof=1))
    return score, math.sqrt(variance)


def doubt_of_labels(claim: Claim, chance: float) -> Doubt | None:
    """Return why labels answer nothing, where they may be dealt at random.

    Parameters
    ----------
    claim
        What is asked.
    chance
        From `chance_of_labels`.
    """
    if not claim.by_labels or not chance >= ALPHA:
        return None
    return Doubt(
        "the labels may be wrong: nothing that is seen of the cells labelled error cells differs "
        "from the other cells of their areas by more than it does if labels are dealt at random "
        f"(p {chance:.2g})",
        _CHECK,
    )


def row_of_labels(claim: Claim, chance: float) -> dict[str, str]:
    """Return what stands beside an answer: whether its labels are told from chance."""
    if not claim.by_labels or not math.isfinite(chance):
        return {}
    said = f"told from labels dealt at random, p {chance:.2g}"
    return {"labels": said if chance < ALPHA else f"not {said}"}


def _strata(session: xr.Dataset) -> tuple[Floats, Floats]:
    """Return who is labelled an error cell, NaN where nobody is asked, and areas as numbers."""
    role = session.variables["role"].values
    _, areas = np.unique(session.variables["area"].values.astype(str), return_inverse=True)
    labelled = np.where(role == "interneuron", np.nan, (role == "error").astype(float))
    return labelled, areas.astype(float)


def _compared(session: xr.Dataset) -> Iterable[tuple[str, Floats]]:
    """Yield what labelled and other cells are compared in: name, energy of each unit, if any."""
    every = np.arange(session.sizes["unit"])
    found = [("input", _to_input(session, every))]
    if protocol.has_outcome_contrast(session) is None:
        contrast = unit_energies_of_difference(*protocol.contrast(session, every))
        found.append(("outcome", contrast))
    for role in ("representation", "error"):
        driven = {**protocol.DRIVEN, "manipulated_role": role}
        if lasers.after_the_input(driven)(session) is None:
            areas = protocol.manipulated_areas(session, driven)
            found += [(f"{role} driven", _evoked(session, driven, a, every)) for a in areas]
    return ((name, energies) for name, energies in found if len(energies))


def _to_input(session: xr.Dataset, every: Cells) -> Floats:
    """Return the energy of the response to the input, until an outcome comes."""
    known = {name: value for name, value in _PLAIN.items() if name in session.coords}
    latest = longest = protocol.OUTCOME[1]
    before_outcome = protocol.read_out_window(session)
    if before_outcome is not None and before_outcome[1] >= protocol.ONSET[1]:
        latest = before_outcome[1]  # else the input is the event that may be an outcome
    window = 0.0, min(latest, longest)
    return unit_energies(
        responses(session, trials(session, known), every, "input_onset", window, protocol.BEFORE)
    )


def _evoked(session: xr.Dataset, driven: protocol.Factors, area: str, every: Cells) -> Floats:
    """Return the energy that a drive evokes in each unit of the areas that it is not aimed at."""
    on = protocol.in_area(session, unsurprised(session, driven), area)
    energies = unit_energies_of_difference(*on_and_off(session, on, every))
    elsewhere = session.variables["area"].values != area
    return np.where(elsewhere, energies, np.nan) if len(energies) else energies
