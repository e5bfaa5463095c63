"""Secondary effects look at the windows and areas that they are named after."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, trials, units
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.registry import CLAIMS, EFFECTS
from errorneurons.predictions.claims.requirements import (
    DRIVEN,
    NOVEL,
    PASSIVE_TRIALS,
    SILENCED,
    UNEXPECTED_TRIALS,
)
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.runner import sessions
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import theory

SECONDARY = {
    name: effect
    for c in CLAIMS
    for name, effect in EFFECTS[c.key].items()
    if name != c.key and c.shown_by == "outcome_error"
}
"""Those of the trials of `recorded`; effects of days have their own tests."""
each = pytest.mark.parametrize("name", SECONDARY)
INPUT, OUTCOME, LASER = "input_onset", "outcome_onset", "manipulation_onset"


@cache
def recorded() -> xr.Dataset:
    """Return a session with all trials in which nothing ever responds."""
    quiet, tried = Instrument(spiking="none", cells=6), replace(with_learning(2), repeats=2)
    (seen,) = sessions(theory("error_microcircuit"), tried, Animals(1), quiet)
    seen = seen.load()
    return seen.assign(rate=0.0 * seen["rate"])


def responding(*planted: tuple[Any, str, tuple[float, float], tuple[int, ...]]) -> xr.Dataset:
    """Return the session with a response of 1 Hz of the error cells at some levels.

    Each is planted in trials with some factors, in a window relative to an event.
    """
    seen = recorded().copy(deep=True)
    time, level = seen["time"].values, seen["level"].values
    for factors, event, window, levels in planted:
        for trial in trials(seen, factors):
            since = time - float(seen[event][trial])
            inside = (since >= window[0] - 1e-9) & (since < window[1] - 1e-9)
            cells = np.intersect1d(units(seen, "error"), np.flatnonzero(np.isin(level, levels)))
            seen["rate"].values[np.ix_([trial], np.flatnonzero(inside), cells)] += 1.0
    return seen


def ratio(name: str, seen: xr.Dataset) -> float:
    found = SECONDARY[name](seen)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def surprise(*levels: int) -> tuple[Any, str, tuple[float, float], tuple[int, ...]]:
    return UNEXPECTED_TRIALS, OUTCOME, protocol.OUTCOME, levels


EVERY = surprise(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("name", "factors", "levels"),
    [("P05a in the areas below", DRIVEN, (1,)), ("P05a in the areas above", DRIVEN, (3, 4)),
     ("P05b in the area just below", SILENCED, (2,)), ("P05b in the areas above", SILENCED, (4,))],
)  # fmt: skip
def test_what_a_manipulation_evokes_is_read_in_those_areas_only(
    name: str, factors: Any, levels: tuple[int, ...]
) -> None:
    others = tuple({1, 2, 3, 4} - {*levels})
    assert ratio(name, responding(EVERY, (factors, LASER, (0, 1), levels))) == pytest.approx(1)
    assert ratio(name, responding(EVERY, (factors, LASER, (0, 1), others))) == 0


def test_novel_input_is_read_in_the_teaching_area() -> None:
    name, onset = "P02 in the teaching area", protocol.ONSET
    assert ratio(name, responding(EVERY, (NOVEL, INPUT, onset, (4,)))) == pytest.approx(1)
    assert ratio(name, responding(EVERY, (NOVEL, INPUT, onset, (1, 2, 3)))) == 0


def test_novel_input_is_read_when_its_response_has_settled() -> None:
    name, late = "P02 before the outcome", (0.2, 0.3)
    assert ratio(name, responding(EVERY, (NOVEL, INPUT, late, (1, 2, 3, 4)))) == pytest.approx(1)
    assert ratio(name, responding(EVERY, (NOVEL, INPUT, (0.0, 0.2), (1, 2, 3, 4)))) == 0


def test_responses_to_inputs_are_compared_with_one_another() -> None:
    onset, everywhere = protocol.ONSET, (1, 2, 3, 4)
    trained, novel = ((kind, INPUT, onset, everywhere) for kind in (PASSIVE_TRIALS, NOVEL))
    settled = (NOVEL, INPUT, (0.2, 0.3), everywhere)
    assert ratio("P02 trained input beside novel", responding(trained, novel, novel)) == (
        pytest.approx(1 / 4)
    )
    surprising = (UNEXPECTED_TRIALS, OUTCOME, onset, everywhere)
    name = "P02 unexpected outcome beside novel input"
    assert ratio(name, responding(surprising, novel, novel)) == pytest.approx(1 / 4)
    assert ratio("P02 settled response beside onset", responding(novel, settled, settled)) == (
        pytest.approx(4)
    )


def test_an_outcome_contrast_may_fade_or_grow() -> None:
    early, late = ((UNEXPECTED_TRIALS, OUTCOME, w, (1, 2)) for w in ((0.0, 0.05), (0.15, 0.2)))
    name = "P02 late outcome contrast beside early"
    assert ratio(name, responding(early, early, late)) == pytest.approx(1 / 4)


def test_an_outcome_contrast_may_be_larger_below_the_teaching_area() -> None:
    name = "P02 outcome contrast below beside teaching area"
    twice = surprise(1, 2, 3)
    assert ratio(name, responding(EVERY, twice)) == pytest.approx(4)


@each
@pytest.mark.parametrize("lacking", ["role", "trials", "teaching_area"])
def test_what_is_missing_is_said_with_its_mend(name: str, lacking: str) -> None:
    seen = responding(EVERY)
    if lacking == "role":
        seen = seen.assign_coords(role=("unit", ["unknown"] * seen.sizes["unit"]))
    elif lacking == "trials":
        seen = seen.isel(trial=[0, 1])
    else:
        seen = seen.assign_attrs(teaching_area="")
    found = SECONDARY[name](seen)
    needs = {
        "role": not name.startswith("P01"),  # asks all cells, whatever their labels
        "trials": True,
        "teaching_area": "teaching area" in name or name.startswith("P03"),
    }[lacking]
    assert isinstance(found, Missing) == needs
    if isinstance(found, Missing):
        assert found.what
        assert found.remedy.endswith(".")


def test_a_claim_is_judged_by_its_own_effect_alone() -> None:
    for c in CLAIMS:
        assert next(iter(EFFECTS[c.key].items())) == (c.key, c.effect)
    of_all = sum(len(c.secondary) for c in CLAIMS)
    assert len({n for own in EFFECTS.values() for n in own}) == len(CLAIMS) + of_all
