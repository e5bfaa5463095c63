"""A report asks for no more than its claims do, and hears what it would hear of everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.plain import Plain
from errorneurons.predictions.claims.claim import Claim, Condition
from errorneurons.predictions.claims.registry import CLAIMS, claim, days_asked
from errorneurons.predictions.judging.measured import measure
from errorneurons.predictions.studies.choosing import keys_asked
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.days import through_days
from errorneurons.simulate.animals.expected import expected_of
from errorneurons.simulate.animals.performed import Performed, ready_animals
from errorneurons.simulate.animals.runner import recordings_of
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import theory

NOISELESS = Instrument(spiking="none")
ON_SOME_DAYS = [c for c in CLAIMS if c.days]


def days_of(shown_by: str, wanted: tuple[int, ...] = ()) -> list[Performed]:
    """Return what two networks of the microcircuit did on the days of an experiment."""
    ready = ready_animals(theory("error_microcircuit"), Animals(2), NOISELESS)
    tried = replace(experiment(shown_by), repeats=2)
    return list(through_days(ready, tried, wanted=wanted))


def sessions_of(days: list[Performed]) -> list[xr.Dataset]:
    cells = {}
    return [s.as_session() for day in days for s in expected_of(day, NOISELESS, cells)]


@pytest.mark.parametrize("claimed", ON_SOME_DAYS, ids=[c.key for c in ON_SOME_DAYS])
def test_the_days_that_a_claim_names_say_what_all_days_say(claimed: Claim) -> None:
    some, every = (
        measure(claimed.effect, sessions_of(days_of(claimed.shown_by, wanted)), trial_level=False)
        for wanted in (claimed.days, ())
    )
    assert np.isfinite(some.energies).all()
    np.testing.assert_array_equal(some.energies, every.energies)


def test_days_that_nothing_is_asked_of_are_lived_through_up_to_the_last_that_is() -> None:
    wanted = days_of("brain_computer_interface_realigning", (3,))
    assert [day.day for day in wanted] == [3]
    third = days_of("brain_computer_interface_realigning")[2]
    for role, rates in third.activity[0].rates.items():
        np.testing.assert_array_equal(wanted[0].activity[0].rates[role], rates)


def test_claims_of_one_experiment_ask_for_the_days_of_all_of_them() -> None:
    first, second = (replace(claim("P10"), days=days) for days in ((1, 2), (2, 8)))
    assert days_asked([first, second]) == (1, 2, 8)
    assert days_asked([first, replace(second, days=())]) == ()


@pytest.mark.parametrize("shown_by", ["brain_computer_interface_realigning", "untaught_outcomes"])
def test_what_cells_are_expected_to_show_is_what_their_sessions_hold(shown_by: str) -> None:
    (day,) = days_of(shown_by, (2,) if "interface" in shown_by else ())
    shown: list[Plain] = list(expected_of(day, NOISELESS, {}))
    for session, plain in zip(recordings_of(day, NOISELESS), shown, strict=True):
        assert plain.sizes == dict(session.sizes)
        for name, column in session.variables.items():
            np.testing.assert_array_equal(plain[str(name)].values, column.values, str(name))


def test_a_claim_that_asks_for_more_is_told_what_there_is() -> None:
    plain = Plain({}, {})
    with pytest.raises(AttributeError, match="asked a virtual animal for `sel`; let effects ask"):
        _ = plain.sel


def test_a_counter_circuit_is_asked_what_the_experiments_of_its_claims_show() -> None:
    broken = theory(claim("P21").counter_circuit)
    shown = {c.key for c in CLAIMS if c.shown_by == claim("P21").shown_by}
    assert {*keys_asked(broken, ())} == shown
    assert keys_asked(broken, ("P21", "P02")) == ("P21",)


def test_a_theory_is_asked_all_claims_that_are_named() -> None:
    assert keys_asked(theory("adaptation"), ("P21", "P02")) == ("P21", "P02")
    assert keys_asked(theory("adaptation"), ()) == ()


def test_conditions_of_a_picture_are_on_days_that_are_asked_for() -> None:
    for claimed in ON_SOME_DAYS:
        known: tuple[Condition, ...] = claimed.conditions
        tables = experiment(claimed.shown_by).days(1)
        for condition in known:
            assert any(
                all(str(value) in map(str, tables[day - 1].table[name].unique())
                    for name, value in condition.factors.items())
                for day in claimed.days
            ), (claimed.key, condition.label)  # fmt: skip
