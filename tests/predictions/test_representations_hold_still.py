"""P20 on days with a cursor of which it is known how far activity moves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import xarray as xr
from cursors import GOALS, WEIGHTS, Array, cursor_day

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.predictions.claims.claim import Measure, OverDays
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.claims.representations_hold_still import that_activity_ends
from errorneurons.predictions.judging.verdicts import verdict_table

P20 = claim("P20")
LEARNT = P20.secondary["as a share of what is learnt over days"]


def moving(share: float) -> Callable[[Array, Array], Array]:
    """Return responses that take away a share of the error."""
    return lambda d, w: share * d * w / (w**2).sum()


def ratio(*days: xr.Dataset, measured: Measure = P20.effect) -> float:
    found = answer(days, measured)
    assert isinstance(found, Effect), found
    return found.numerator / found.denominator


def answer(days: Sequence[xr.Dataset], measured: Measure = P20.effect) -> Effect | Missing:
    assert isinstance(measured, OverDays)
    return measured.of(days)


def lack(*days: xr.Dataset, measured: Measure = P20.effect) -> str:
    found = answer(days, measured)
    assert isinstance(found, Missing)
    return found.what


def still(error: Array, weights: Array) -> Array:
    return 0 * error * weights


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_it_is_the_share_of_the_error_that_is_gone(share: float) -> None:
    assert ratio(cursor_day(moving(share))) == pytest.approx(share, abs=1e-12)


def test_activity_that_does_not_move_the_cursor_does_not_count() -> None:
    across = np.array([1.0, -2.0, 0.0, 0.0])
    assert WEIGHTS @ across == 0
    assert ratio(cursor_day(lambda d, w: d * across + 0 * w)) == pytest.approx(0.0, abs=1e-12)


def test_a_shift_the_wrong_way_is_negative() -> None:
    assert ratio(cursor_day(moving(-0.5))) == pytest.approx(-0.5)


def test_noise_that_moves_the_cursor_is_taken_for_no_correction() -> None:
    weights = np.tile(WEIGHTS, 5)
    seen = cursor_day(still, weights=weights, noise=1.0, trials=200, read_from_cells=True)
    assert ratio(seen) == pytest.approx(0.0, abs=0.2)
    error, shift = seen["outcome_error"].values, seen["rate"].values @ weights
    late, before = (shift[:, slice(*k)].mean(axis=1) for k in ((8, 11), (6, 8)))
    assert ((late - before) * error).mean() > 1.0  # as products of the same trial would have it


def test_the_decoder_known_first_is_judged() -> None:
    days = [cursor_day(moving(0.2), 1), cursor_day(moving(1.0), 2, "second")]
    assert ratio(*days) == pytest.approx(0.2)


def test_what_is_learnt_over_days_is_compared_with_the_shift_of_the_first() -> None:
    days = [cursor_day(moving(0.3), 1), cursor_day(moving(0.3), 2, miss=0.4)]
    assert ratio(*days, measured=LEARNT) == pytest.approx(0.3 / 0.6)
    assert lack(days[0], measured=LEARNT) == "there is one day with the cursor"


def test_signs_are_not_enough_and_labels_do_not_matter() -> None:
    signs = cursor_day(moving(0.2), decoder_weight=None, causal_sign=np.sign(WEIGHTS))
    assert lack(signs) == "no cell has a known weight with which it moves the cursor"
    labels = {"role": ["error"] * 4, "label_source": ["genetic"] * 4, "label_error": [0.0] * 4}
    assert ratio(cursor_day(moving(0.2), **labels)) == pytest.approx(0.2)


def test_a_cell_that_is_lost_from_the_decoder_is_said() -> None:
    day = cursor_day(moving(0.5))
    rate = day["rate"].values.copy()
    rate[..., 1] = np.nan
    assert lack(day.assign(rate=day["rate"].copy(data=rate))) == (
        "1 of 4 cells that move the cursor were not recorded in some trials, and no goal has two "
        "trials with all of them, so that how far activity would move it is not known"
    )
    without = day.assign(rate=day["rate"].copy(data=rate)).isel(unit=[0, 2, 3])
    assert isinstance(answer([without]), Effect)


def read_by(order: list[int], seed: int = 0) -> list[xr.Dataset]:
    """Return days on which cells move the cursor, and are said to by weights in some order."""
    days = [
        cursor_day(still, 10 * seed + k, noise=0.5, trials=12, read_from_cells=True) for k in (1, 2)
    ]
    return [d.assign_coords(decoder_weight=("unit", WEIGHTS[order])) for d in days]


def test_cells_that_move_the_cursor_are_asked() -> None:
    assert isinstance(answer(read_by([0, 1, 2, 3])), Effect)


@pytest.mark.parametrize("seed", range(3))
def test_cells_that_are_not_seen_to_move_the_cursor_are_no_evidence(seed: int) -> None:
    wrong = answer(read_by([3, 2, 1, 0], seed))
    assert isinstance(wrong, Missing)
    assert wrong.what.startswith("the cells with a weight are not seen to move the cursor")
    assert "over 48 pairs of trials" in wrong.what


def test_cells_of_noise_hold_still_for_no_reason() -> None:
    rng = np.random.default_rng(5)
    days = [cursor_day(still, k, noise=0.5, trials=12) for k in (1, 2)]
    other = [
        d.assign_coords(outcome_error=d["outcome_error"] + rng.normal(0, 0.3, d.sizes["trial"]))
        for d in days
    ]
    assert isinstance(answer(other), Missing)


def test_rates_that_drift_while_the_error_is_learnt_do_not_move_the_cursor() -> None:
    rng = np.random.default_rng(6)
    day = cursor_day(still, 1, noise=0.5, trials=12)
    learnt = np.linspace(0, 1, day.sizes["trial"])
    drifting = day["rate"].copy(data=day["rate"].values + learnt[:, None, None] * WEIGHTS)
    error = 2 - learnt + rng.normal(0, 0.1, len(learnt))
    found = answer([day.assign(rate=drifting).assign_coords(outcome_error=("trial", error))])
    assert isinstance(found, Missing)
    assert found.what.startswith("the cells with a weight are not seen to move the cursor")


def holding(day: xr.Dataset, cursor: Array, until: float) -> xr.Dataset:
    """Return a day on which cells hold the cursor, (trial,), until a time [s]."""
    held = cursor[:, None] * WEIGHTS / (WEIGHTS**2).sum()
    on = day["time"].values[:, None] < until
    return day.assign(rate=day["rate"].copy(data=day["rate"].values + on * held[:, None]))


def where_it_is(day: xr.Dataset) -> Array:
    goals = np.array([GOALS[str(name)] for name in day["stimulus"].values])
    return np.asarray(goals - day["outcome_error"].values)


def test_activity_that_ends_as_the_error_is_shown_is_no_answer_to_it() -> None:
    day = cursor_day(still, miss=0.5)
    ends = holding(day, where_it_is(day), until=0.3)
    goes_on = holding(day, where_it_is(day), until=1.0)
    assert that_activity_ends([ends]) == (
        "activity that holds the cursor ends as the error is shown (100% of it is gone), which is "
        "not told from an answer to the error"
    )
    assert not that_activity_ends([goes_on])
    assert not that_activity_ends([day])


def test_activity_that_goes_on_growing_as_the_error_is_shown_is_no_answer_to_it() -> None:
    day = cursor_day(still, miss=0.5)
    twice = holding(day, 2 * where_it_is(day), until=1.0)
    assert that_activity_ends([holding(twice, -where_it_is(day), until=0.3)]) == (
        "activity that holds the cursor goes on growing as the error is shown (by 100%), which is "
        "not told from an answer to the error"
    )


@pytest.mark.parametrize("until", [0.3, 1.0])
@pytest.mark.parametrize("share", [0.0, -0.7, 0.7])
def test_where_what_holds_the_cursor_has_no_part_in_errors_an_answer_is_told(
    share: float, until: float
) -> None:
    day = cursor_day(moving(share))
    apart = dict(zip(GOALS, [1.0, -2.0, 2.0, -1.0], strict=True))
    cursor = np.array([apart[str(name)] for name in day["stimulus"].values])
    held = holding(day, cursor, until)
    assert not that_activity_ends([held])
    assert ratio(held) == pytest.approx(share)


def test_a_verdict_on_activity_that_ends_is_open() -> None:
    days = [cursor_day(still, k, miss=0.4 + 0.05 * k, noise=0.01) for k in range(1, 9)]
    ended = [
        holding(day, where_it_is(day), until=0.3).assign_attrs(animal=f"m{k}", day=1)
        for k, day in enumerate(days)
    ]
    row = verdict_table(ended, ["P20"], "recording").iloc[0]
    assert row.outcome == "UNDECIDED"
    assert row.value < -1 / 3
    assert "but activity that holds the cursor ends" in row.reason
