"""What a recording consists of, so that virtual recordings can be made to look like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.energies import Missing, false_labels, trials
from errorneurons.analysis.measures.labelling import FOLD
from errorneurons.predictions.claims.claim import answer_of, asked_together
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR
from errorneurons.simulate.experiments.trials import NO_MANIPULATION, TrialFactors

AREAS = 4
"""Areas of the simulated networks; the teaching signal enters the highest."""
COLUMNS = ("outcome", "teaching", "familiarity", "manipulation", "manipulated_role")
"""The columns that tell the conditions of the outcome-error experiment apart, areas left open."""
USUAL: TrialFactors = {**NO_MANIPULATION, "familiarity": "trained"}
"""What a trial is like if a recording has no column that says otherwise."""


@dataclass(frozen=True)
class Design:
    """A recording without its data.

    Attributes
    ----------
    animals, sessions
        How many animals, and sessions of each.
    cells
        (level of a simulated area, ``"error"`` or ``"representation"``) -> recorded cells of a
        session; every cell that is not labelled as an error cell counts as the latter.
    trials
        Trials of each stimulus, for each condition of `OUTCOME_ERROR`.
    stimuli
        How many stimuli.
    label_error
        Share of false labels: value, low and high.
    claims
        Keys of the claims that the recording can test.
    signal
        ``"spikes"`` or another signal of the dataset contract.
    labels
        ``"stated"``: which cells are error cells is known but for `label_error`; ``"localiser"``:
        they were found by their responses, so that the same localiser finds them in each virtual
        recording, and `cells` says no more of roles than how many there were.
    answering
        Claim -> share of the animals that can answer it, where not all can: a laser in some animals
        says nothing of the others.
    unstated
        Share of false labels beyond those that `label_error` states. No recording tells; virtual
        ones show what it would do.
    """

    animals: int
    cells: Mapping[tuple[int, str], int]
    trials: tuple[int, ...]
    claims: tuple[str, ...]
    sessions: int = 1
    stimuli: int = STIMULI
    label_error: tuple[float, float, float] = (0.05, 0.0, 0.1)
    signal: str = "spikes"
    labels: Literal["stated", "localiser"] = "stated"
    unstated: float = 0.0
    answering: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.animals < 1 or self.sessions < 1:
            raise ValueError(
                f"a design has {self.animals} animals of {self.sessions} sessions; give 1 or more"
            )
        if len(self.trials) != len(OUTCOME_ERROR):
            raise ValueError(
                f"a design has trials of {len(self.trials)} conditions; give one number for each "
                f"of the {len(OUTCOME_ERROR)} conditions of the outcome-error experiment"
            )


def design_of(sessions: Sequence[xr.Dataset]) -> Design:
    """Read a design off recorded sessions.

    Cells are medians over sessions, trials of a condition over those sessions that have any.
    Areas are matched with the simulated ones by `simulated_levels`; what several recorded areas
    hold is added up where they fall on one.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract, one or more.

    Raises
    ------
    ValueError
        If there is no session.
    """
    if not sessions:
        raise ValueError("there is no session to read a design off; give one or more")
    answering = _answering(sessions)
    localised = any(_by_localiser(s) for s in sessions)
    sessions = _undivided(sessions) if localised else sessions
    animals = [str(s.attrs["animal"]) for s in sessions]
    names = sorted(set(animals))
    cells = [_cells(s) for s in sessions]
    keys = sorted({key for found in cells for key in found})
    shares = [share for s in sessions if (share := false_labels(s)) is not None]
    error = np.mean(shares, axis=0) if shares and np.isfinite(shares).all() else np.zeros(3)
    return Design(
        animals=len(names),
        cells={key: round(float(np.median([c.get(key, 0) for c in cells]))) for key in keys},
        trials=tuple(_median_of_any([_trials(s, f) for s in sessions]) for f in OUTCOME_ERROR),
        claims=tuple(answering),
        sessions=_median([animals.count(name) for name in names]),
        stimuli=min(STIMULI, _median([len(np.unique(s["stimulus"])) for s in sessions])),
        label_error=(
            round(float(error[0]), 6),
            round(float(error[1]), 6),
            round(float(error[2]), 6),
        ),
        signal=str(sessions[0]["rate"].attrs.get("signal", "spikes")),
        labels="localiser" if localised else "stated",
        answering={key: share for key, share in answering.items() if share < 1},
    )


def _answering(sessions: Sequence[xr.Dataset]) -> dict[str, float]:
    """Return the share of the animals that can answer each claim that any can."""
    names = {str(s.attrs["animal"]) for s in sessions}
    able = {
        c.key: {
            str(own[0].attrs["animal"])
            for own in asked_together(c.effect, sessions)
            if not isinstance(answer_of(c.effect, own), Missing)
        }
        for c in CLAIMS
    }
    return {key: len(own) / len(names) for key, own in able.items() if own}


def _by_localiser(session: xr.Dataset) -> bool:
    known = session.coords.get("label_source")
    return known is not None and bool((known.values == "localiser").any())


def _undivided(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return sessions as they were before a localiser took trials, and folds, from them."""
    whole = {
        (str(s.attrs["animal"]), str(s.attrs["session_id"]).split(FOLD)[0]): s for s in sessions
    }
    return [s.drop_vars("localiser", errors="ignore") for s in whole.values()]


def _median(counts: Sequence[int]) -> int:
    """Return the median as a whole number, not 0 unless the median is."""
    return int(np.ceil(np.median(counts)))


def _median_of_any(counts: Sequence[int]) -> int:
    """Return the median of the counts above 0, 0 if there is none."""
    return _median([count for count in counts if count] or [0])


def _trials(session: xr.Dataset, factors: TrialFactors) -> int:
    """Return the trials of a stimulus in one condition, the median over its stimuli."""
    full = {**USUAL, **factors}
    asked = {name: full[name] for name in COLUMNS if name in session.coords}
    if any(name not in asked and full[name] != USUAL.get(name) for name in COLUMNS):
        return 0
    chosen = session["stimulus"].values[trials(session, asked)]  # type: ignore[arg-type]
    return int(np.median(np.unique(chosen, return_counts=True)[1])) if len(chosen) else 0


def _cells(session: xr.Dataset) -> dict[tuple[int, str], int]:
    levels = simulated_levels(session)
    found: dict[tuple[int, str], int] = {}
    for area, role in zip(session["area"].values, session["role"].values, strict=True):
        if str(area) in levels:
            key = levels[str(area)], "error" if role == "error" else "representation"
            found[key] = found.get(key, 0) + 1
    return found


def simulated_levels(session: xr.Dataset) -> dict[str, int]:
    """Return which simulated area each recorded area with a known level stands for.

    The teaching area is the highest. Of all ways to place the others below it that keep their
    order, the one is taken that puts most manipulations where the experiment has them; then the
    one that uses most areas, then the lowest.
    """
    known = {str(a): float(v) for a, v in zip(session["area"].values, session["level"].values,
                                              strict=True) if np.isfinite(v)}  # fmt: skip
    teaching = str(session.attrs.get("teaching_area", ""))
    others = sorted((a for a in known if a != teaching), key=lambda a: (known[a], a))
    top = AREAS - 1 if teaching in known else AREAS
    wanted = _manipulated(session)
    places = max(
        combinations_with_replacement(range(1, top + 1), len(others)),
        key=lambda place: _fit(dict(zip(others, place, strict=True)), wanted),
    )
    levels = dict(zip(others, places, strict=True))
    return levels | ({teaching: AREAS} if teaching in known else {})


def _fit(levels: Mapping[str, int], wanted: Sequence[tuple[str, int]]) -> tuple[int, int, int]:
    matched = sum(levels.get(area) == level for area, level in wanted)
    return matched, len(set(levels.values())), -sum(levels.values())


def _manipulated(session: xr.Dataset) -> list[tuple[str, int]]:
    """Return each manipulated area with the level at which the experiment manipulates."""
    found: set[tuple[str, int]] = set()
    if "manipulated_area" not in session.coords:
        return []
    areas: npt.NDArray[np.str_] = session["manipulated_area"].values
    for factors in OUTCOME_ERROR:
        place = str(factors.get("manipulated_area", ""))
        if place.startswith("area "):
            asked = {n: factors[n] for n in ("teaching", "manipulation", "manipulated_role")}
            here = areas[trials(session, asked)]  # type: ignore[arg-type]
            found |= {(str(a), int(place.removeprefix("area "))) for a in here}
    return sorted(found)
