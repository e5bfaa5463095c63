"""P10 on days of an animal of which it is known what its cells respond to, and how it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import OverDays
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.measured import measure

P10 = claim("P10")
CELLS = 8


def day(
    number: int, rule: str = "old", miss: float = 0.0, outcome: float = 0.0, stimulus: float = 1.0,
    of_others: float = 0.0, noise: float = 0.0, trials: int = 4, cells: int = CELLS, **columns: Any,
) -> xr.Dataset:  # fmt: skip
    """Return a day: half of the cells respond to outcomes, the others to stimuli and `of_others`.

    `miss` is the error of the output as a share of the outcome's size.
    """
    rng = np.random.default_rng(number)
    rows = [s for s in "ab" for _ in range(trials)]
    time = np.round(np.arange(-0.1, 0.5, 0.05) + 0.025, 9)
    error = np.arange(cells) < cells // 2
    late = (time > 0.3)[:, None]
    rate = (
        np.where(error, outcome, of_others) * late
        + np.where(error, 0.0, stimulus) * (time > 0)[:, None]
    )
    rate = rate + noise * rng.normal(size=(len(rows), len(time), cells))
    given = {
        "time": time, "unit_id": [f"day {number} unit {k}" for k in range(cells)],
        "area": ["V1"] * cells, "level": [1.0] * cells,
        "role": ["error" if e else "unknown" for e in error],
        "label_source": ["genetic" if e else "none" for e in error],
        "label_error": [0.0] * cells, "stimulus": rows, "input_onset": [0.0] * len(rows),
        "outcome": ["expected"] * len(rows), "teaching": [True] * len(rows),
        "outcome_onset": [0.3] * len(rows), "manipulation": ["none"] * len(rows),
        "association": [rule] * len(rows), "performance": [1 - miss**2] * len(rows),
    }  # fmt: skip
    kept = {name: column for name, column in (given | columns).items() if column is not None}
    attrs = {"animal": "m", "session_id": str(number), "day": number}
    return session({"rate": rate}, kept, attrs, signal="model", units="Hz", sampling_rate=20.0)


def effect(days: Sequence[xr.Dataset]) -> Effect | Missing:
    assert isinstance(P10.effect, OverDays)
    return P10.effect.of(days)


def ratio(*days: xr.Dataset) -> float:
    found = effect(days)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def lack(*days: xr.Dataset) -> Missing:
    found = effect(days)
    assert isinstance(found, Missing)
    return found


def test_responses_that_are_the_error_leave_nothing_and_those_to_the_outcome_as_such_all() -> None:
    assert ratio(day(1, miss=0.2, outcome=0.4), day(2, "new", 1.0, 2.0)) == pytest.approx(0.0)
    assert ratio(day(1, miss=0.2, outcome=2.0), day(2, "new", 1.0, 2.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_response_part_of_which_stays_is_that_part(share: float) -> None:
    assert ratio(day(1, outcome=share**0.5), day(2, "new", 1.0, 1.0)) == pytest.approx(share)


def test_what_fades_with_exposure_does_not_return() -> None:
    days = [day(k, "old" if k < 4 else "new", 1.0 if k in (1, 4) else 0.1, 2.0 * 0.8**k)
            for k in range(1, 7)]  # fmt: skip
    assert ratio(*days) > 1.0


def test_what_all_cells_lose_from_day_to_day_is_no_fading() -> None:
    before = day(1, miss=0.1, outcome=1.0, stimulus=0.5)
    assert ratio(before, day(2, "new", 1.0, 2.0, stimulus=1.0)) == pytest.approx(1.0)


def test_an_animal_that_has_learnt_nothing_has_nothing_to_compare() -> None:
    found = effect([day(1, miss=1.0, outcome=1.0), day(2, "new", 1.0, 1.0)])
    assert isinstance(found, Effect)
    assert found.denominator == pytest.approx(0.0)


def test_reversals_are_averaged_and_days_without_one_do_not_count() -> None:
    rules = ["old", "old", "new", "new", "old"]
    days = [day(k, rule, *((1.0, 1.0) if k in (2, 4) else (0.0, 0.5))) for k, rule in
            enumerate(rules)]  # fmt: skip
    assert ratio(*days) == pytest.approx(0.25)


def test_noise_and_the_number_of_cells_do_not_matter_and_no_cell_is_found_again() -> None:
    days = [day(1, outcome=0.5, noise=0.5, trials=16, cells=400),
            day(2, "new", 1.0, 1.0, noise=0.5, trials=16, cells=300)]  # fmt: skip
    assert ratio(*days) == pytest.approx(0.25, abs=0.04)


def test_it_is_judged_by_animals_of_days_and_other_cells_stand_for_false_labels() -> None:
    days = [day(1, outcome=0.5, of_others=0.5), day(2, "new", 1.0, 1.0, of_others=0.5)]
    measured = measure(P10.effect, days, trial_level=False)
    assert measured.animals == ("m",)
    n, m, n_r = measured.energies[0]
    assert (n / m, n_r / m) == pytest.approx((0.25, 0.25))


def test_an_animal_that_responds_twice_as_much_counts_for_two_and_no_more() -> None:
    one, two = (
        measure(P10.effect,
                [day(1, outcome=0.5 * k, stimulus=k), day(2, "new", 1.0, k, stimulus=k)],
                trial_level=False).energies[0]
        for k in (1.0, 2.0**0.5)
    )  # fmt: skip
    assert two == pytest.approx(2 * one)


def test_what_it_cannot_do_without_is_said_with_its_mend() -> None:
    assert lack(day(1)).what == "there is one day"
    assert lack(day(1), day(2, performance=None)) == lack(day(2, performance=None))
    assert lack(day(1), day(2)).what == "none of the 2 days is that of a reversal"
    assert lack(day(1, performance=None)).what.startswith("nothing says how well the animal does")
    assert lack(day(1, association=None)).what.startswith("nothing says which outcome the rule")
    assert lack(day(1, role=["unknown"] * CELLS, label_source=None, label_error=None)).what == (
        "no unit has the role 'error'"
    )
    assert "put together in another way" in lack(day(1)).remedy


def test_days_with_other_stimuli_are_no_reversal() -> None:
    others = day(2, "new", 1.0, 1.0, stimulus=1.0)
    others = others.assign_coords(stimulus=("trial", ["c"] * 8))
    assert lack(day(1), others).what == "none of the 2 days is that of a reversal"


def test_days_of_no_number_are_refused_and_a_single_one_is_not() -> None:
    undated = day(2, "new", 1.0, 1.0)
    del undated.attrs["day"]
    assert lack(day(1), undated).what == (
        "session '2' says no `day`, so that which sessions come before a reversal is not known"
    )
    assert lack(undated).what == "there is one day"


def test_days_between_which_nothing_was_recorded_are_said() -> None:
    assert P10.caution is not None
    days = [day(1), day(5, "new", 1.0, 1.0)]
    assert ratio(*days) == pytest.approx(0.0)
    assert P10.caution(days).startswith(
        "The last day before a reversal and the first day after it are up to 4 days apart"
    )
    assert P10.caution([day(1), day(2, "new", 1.0, 1.0)]) == ""
