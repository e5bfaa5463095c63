"""Reversals: the same stimuli and outcomes, errors that return, and a null in which none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.experiments.association import STIMULI, association
from errorneurons.simulate.experiments.learning import RELEARNING, RETEACHING, TEACH_RETEACH
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.run import Activity


def expected(activity: Activity) -> Any:
    return (activity.table["outcome"] == "expected").to_numpy()


def miss(activity: Activity) -> float:
    """Return how far the output is from the outcome on a day."""
    error = (activity.target - activity.output)[:, expected(activity)]
    return float(np.sqrt((error**2).mean()))


def sizes(days: list[Activity], evoked: Callable[..., Any], role: str, to: str) -> Any:
    """Return the size of the response on each day, after expected outcomes."""
    found = [evoked(day, role, to)[:, expected(day)] for day in days]
    return np.array([np.sqrt((x**2).mean()) for x in found])


def test_a_reversal_puts_the_same_stimuli_and_outcomes_together_in_another_way() -> None:
    task = association(3, [0, 1])
    np.testing.assert_array_equal(task.stimuli["reversed"], task.stimuli["trained"])
    for reversed_ones, trained in zip(
        task.outcomes["reversed"], task.outcomes["trained"], strict=True
    ):
        assert sorted(map(tuple, reversed_ones)) == sorted(map(tuple, trained))
        assert (reversed_ones != trained).any(axis=1).all()
    np.testing.assert_array_equal(task.unexpected("reversed"), task.outcomes["trained"])


def test_every_day_shows_every_stimulus_equally_often_under_one_name() -> None:
    for day in replace(TEACH_RETEACH, repeats=3).days(1):
        counts = day.table["stimulus"].value_counts()
        assert sorted(counts.index) == [f"trained {k + 1}" for k in range(STIMULI)]
        assert counts.nunique() == 1


def test_days_differ_in_the_order_of_their_trials_but_seeds_repeat_it() -> None:
    days, again = TEACH_RETEACH.days(4), TEACH_RETEACH.days(4)
    orders = [tuple(day.table["stimulus"]) for day in days if day.blocks[0].plastic]
    assert len(set(orders)) == len(RELEARNING) + len(RETEACHING)
    assert orders == [tuple(day.table["stimulus"]) for day in again if day.blocks[0].plastic]


@pytest.mark.parametrize("name", ["error_microcircuit", "supervised_pc"])
def test_error_responses_follow_the_error_over_days_while_representations_persist(
    name: str, put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    days = put_through(theory(name), TEACH_RETEACH)
    error = sizes(days, evoked, "error", "outcome")
    misses = [miss(day) for day in days]
    assert np.corrcoef(error, misses)[0, 1] > 0.9
    for reversal in (RELEARNING, RETEACHING):
        first, last = reversal.start - 1, reversal.stop - 2
        assert error[first] > 2 * error[first - 1]
        assert error[last] < 0.5 * error[first]
    tuning = sizes(days, evoked, "representation", "stimulus")
    assert np.ptp(tuning) < 0.3 * tuning.mean()


def test_no_response_of_the_adaptation_null_follows_a_reversal(
    put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    days = put_through(theory("adaptation"), TEACH_RETEACH)
    response = sizes(days, evoked, "representation", "outcome")
    assert np.ptp(response) < 0.3 * response.mean()
