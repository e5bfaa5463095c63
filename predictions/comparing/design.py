"""What a recording consists of, so that virtual recordings can be made to look like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.energies import Missing, false_labels, trials
from errorneurons.analysis.measures.labelling import FOLD
from errorneurons.predictions.claims.claim import answer_of, asked_together
from errorneurons.predictions.claims.registry import CLAIMS, claim, claims_shown_by
from errorneurons.predictions.comparing.conditions import (
    AREA,
    USUAL_EXPERIMENT,
    Conditions,
    conditions_of,
    day_of,
    days_matched,
    in_its_words,
    told_by,
)
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.registry import experiment as named

AREAS = 4
"""Areas of the simulated networks; the teaching signal enters the highest."""


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
        Trials of each stimulus, for each of the `conditions`.
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
    experiment
        Which experiment its trials are of, by its name in the registry.
    told
        What tells its conditions apart beside what always does, see `conditions_of`.
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
    experiment: str = USUAL_EXPERIMENT
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.animals < 1 or self.sessions < 1:
            raise ValueError(
                f"a design has {self.animals} animals of {self.sessions} sessions; give 1 or more"
            )
        count = len(self.conditions.factors)
        if len(self.trials) != count:
            raise ValueError(
                f"a design has trials of {len(self.trials)} conditions; give one number for each "
                f"of the {count} conditions of {experiment_in_words(self.experiment)}"
            )

    @property
    def conditions(self) -> Conditions:
        """Return the conditions of its experiment."""
        return conditions_of(self.experiment, self.told)


def experiment_in_words(name: str) -> str:
    """Return the name of an experiment as in a sentence."""
    if name == USUAL_EXPERIMENT:
        return "the outcome-error experiment"
    return f"the experiment {named(name).label!r}"


def designs_of(sessions: Sequence[xr.Dataset]) -> tuple[Design, ...]:
    """Read off recorded sessions a design for each experiment some of whose claims they can test.

    Experiments of which they have no trial are left out: virtual animals cannot imitate them.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract, one or more.
    """
    names = dict.fromkeys((USUAL_EXPERIMENT, *(c.shown_by for c in CLAIMS)))
    found = [design_of(sessions, name) for name in names if _answering(sessions, name)]
    return tuple(design for design in found if any(design.trials))


def no_trial_of(keys: Sequence[str]) -> str:
    """Return that a recording has no trial which shows claims that it can test, in words.

    Parameters
    ----------
    keys
        Of those claims.
    """
    names = dict.fromkeys(claim(key).shown_by for key in keys)
    taught = " (in which outcomes teach)"
    said = [experiment_in_words(n) + taught * (n == USUAL_EXPERIMENT) for n in names]
    return (
        f"no trial is of a condition of {' or '.join(said)}, outside of learning, which virtual "
        "experiments imitate"
    )


def taken_together(designs: Sequence[Design]) -> Design:
    """Return the first of several designs of the same animals, with the claims of all."""
    first = designs[0]
    answering = {key: share for d in designs for key, share in d.answering.items()}
    claims = tuple(c.key for c in CLAIMS if any(c.key in d.claims for d in designs))
    return replace(first, claims=claims, answering=answering)


def design_of(sessions: Sequence[xr.Dataset], experiment: str = USUAL_EXPERIMENT) -> Design:
    """Read a design off recorded sessions.

    Cells are medians over sessions, trials of a condition over those sessions that have any.
    Areas are matched with the simulated ones by `simulated_levels`; what several recorded areas
    hold is added up where they fall on one.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract, one or more.
    experiment
        Of whose conditions they are to have trials; its claims are those that they may test.

    Raises
    ------
    ValueError
        If there is no session.
    """
    if not sessions:
        raise ValueError("there is no session to read a design off; give one or more")
    answering = _answering(sessions, experiment)
    localised = any(_by_localiser(s) for s in sessions)
    sessions = _undivided(sessions) if localised else sessions
    animals = [str(s.attrs["animal"]) for s in sessions]
    names = sorted(set(animals))
    told: tuple[str, ...] = ()
    if experiment != USUAL_EXPERIMENT:
        sessions = in_its_words(experiment, sessions)
        told = told_by(experiment, sessions)
    conditions = conditions_of(experiment, told)
    levels = [simulated_levels(s, conditions) for s in sessions]
    trials_of = _trials_by_day(sessions, conditions, levels)
    cells = [_cells(s, own) for s, own in zip(sessions, levels, strict=True)]
    keys = sorted({key for found in cells for key in found})
    shares = [share for s in sessions if (share := false_labels(s)) is not None]
    error = np.mean(shares, axis=0) if shares and np.isfinite(shares).all() else np.zeros(3)
    return Design(
        animals=len(names),
        cells={key: round(float(np.median([c.get(key, 0) for c in cells]))) for key in keys},
        trials=tuple(map(_median_of_any, trials_of)),
        claims=tuple(answering),
        sessions=_sessions(animals, trials_of) if len(conditions.days) == 1 else 1,
        stimuli=min(STIMULI, _median([len(np.unique(s["stimulus"])) for s in sessions])),
        label_error=(
            round(float(error[0]), 6),
            round(float(error[1]), 6),
            round(float(error[2]), 6),
        ),
        signal=str(sessions[0]["rate"].attrs.get("signal", "spikes")),
        labels="localiser" if localised else "stated",
        answering={key: share for key, share in answering.items() if share < 1},
        experiment=experiment,
        told=told,
    )


def _sessions(animals: Sequence[str], trials_of: Sequence[Sequence[int]]) -> int:
    """Return how many sessions an animal has, of those that have trials of any condition."""
    shown = [any(counts) for counts in zip(*trials_of, strict=True)]
    own = [animal for animal, any_there in zip(animals, shown, strict=True) if any_there]
    return _median([own.count(name) for name in {*own}] or [1])


def _trials_by_day(
    sessions: Sequence[xr.Dataset], conditions: Conditions, levels: Sequence[Mapping[str, int]]
) -> list[list[int]]:
    """Return for each condition how many trials of a kind each session has of it.

    Where conditions are of several days, sessions of an animal are matched with these.
    """
    days = conditions.days
    every = range(len(conditions.factors))
    if len(days) == 1:
        return [
            [conditions.count(s, k, own) for s, own in zip(sessions, levels, strict=True)]
            for k in every
        ]
    found: list[list[int]] = [[] for _ in every]
    animals: dict[str, list[int]] = {}
    for at, session in enumerate(sessions):
        animals.setdefault(str(session.attrs["animal"]), []).append(at)
    for own in animals.values():
        in_order = sorted(own, key=lambda at: day_of(sessions[at]))
        counts = [conditions.of_any_day(sessions[at], levels[at]) for at in in_order]
        for place, day in days_matched([{*c} for c in counts], days).items():
            for k in conditions.of(day):
                found[k].append(counts[place].get(conditions.numbers[k], 0))
    return found


def _answering(sessions: Sequence[xr.Dataset], experiment: str) -> dict[str, float]:
    """Return the share of the animals that can answer each claim that any can."""
    names = {str(s.attrs["animal"]) for s in sessions}
    able = {
        c.key: {
            str(own[0].attrs["animal"])
            for own in asked_together(c.effect, sessions)
            if not isinstance(answer_of(c.effect, own), Missing)
        }
        for c in claims_shown_by(experiment)
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


def _cells(session: xr.Dataset, levels: Mapping[str, int]) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for area, role in zip(session["area"].values, session["role"].values, strict=True):
        if str(area) in levels:
            key = levels[str(area)], "error" if role == "error" else "representation"
            found[key] = found.get(key, 0) + 1
    return found


def simulated_levels(session: xr.Dataset, conditions: Conditions | None = None) -> dict[str, int]:
    """Return which simulated area each recorded area with a known level stands for.

    The teaching area is the highest. Of all ways to place the others below it that keep their
    order, the one is taken that puts most manipulations where the experiment has them; then the
    one that uses most areas, then the lowest. Outside of the outcome-error experiment an area whose
    cells move a cursor counts as the teaching area, and if no level is known, all are alike.
    """
    areas, levels_of = session["area"].values, session["level"].values
    known = {str(a): float(v) for a, v in zip(areas, levels_of, strict=True) if np.isfinite(v)}
    teaching = str(session.attrs.get("teaching_area", ""))
    if conditions and not conditions.learning:
        known = known or dict.fromkeys(map(str, areas), 0.0)
        teaching = teaching if teaching in known else _that_moves_a_cursor(session)
    others = sorted((a for a in known if a != teaching), key=lambda a: (known[a], a))
    top = AREAS - 1 if teaching in known else AREAS
    wanted = _manipulated(session, conditions or conditions_of(USUAL_EXPERIMENT))
    places = max(
        combinations_with_replacement(range(1, top + 1), len(others)),
        key=lambda place: _fit(dict(zip(others, place, strict=True)), wanted),
    )
    levels = dict(zip(others, places, strict=True))
    return levels | ({teaching: AREAS} if teaching in known else {})


def _that_moves_a_cursor(session: xr.Dataset) -> str:
    """Return the area that has most of the cells which move a cursor; none if none does."""
    moving = np.zeros(session.sizes["unit"], dtype=bool)
    for name in ("decoder_weight", "causal_sign"):
        if name in session.coords:
            moving |= np.nan_to_num(session[name].values.astype(float)) != 0
    names, counts = np.unique(session["area"].values[moving], return_counts=True)
    return str(names[counts.argmax()]) if len(names) else ""


def _fit(levels: Mapping[str, int], wanted: Sequence[tuple[str, int]]) -> tuple[int, int, int]:
    matched = sum(levels.get(area) == level for area, level in wanted)
    return matched, len(set(levels.values())), -sum(levels.values())


def _manipulated(session: xr.Dataset, conditions: Conditions) -> list[tuple[str, int]]:
    """Return each manipulated area with the level at which the experiment manipulates."""
    found: set[tuple[str, int]] = set()
    if AREA not in session.coords:
        return []
    areas: npt.NDArray[np.str_] = session[AREA].values
    for factors, place in zip(conditions.factors, conditions.places, strict=True):
        if place.startswith("area "):
            asked = {n: factors[n] for n in ("teaching", "manipulation", "manipulated_role")}
            here = areas[trials(session, asked)]  # type: ignore[arg-type]
            found |= {(str(a), int(place.removeprefix("area "))) for a in here}
    return sorted(found)
