"""P11 on days with a cursor of which it is known how cells answer its error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from cursors import GOALS, WEIGHTS, Array, cursor_day

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.predictions.claims.claim import Measure, Outcome, OverDays, Verdict
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import measure

P11 = claim("P11")
SWAPPED = P11.secondary["on the first day with another decoder"]
BALANCED = np.array([1.0, 1.0, -1.0, -1.0])


def vector(error: Array, weights: Array) -> Array:
    return error * np.sign(weights)


def scalar(error: Array, weights: Array) -> Array:
    return error + 0 * weights


def better_than_expected(error: Array, weights: Array) -> Array:
    return 1 - error**2 + 0 * weights


def answer(days: Sequence[xr.Dataset], measured: Measure = P11.effect) -> Effect | Missing:
    assert isinstance(measured, OverDays)
    return measured.of(days)


def ratio(*days: xr.Dataset, measured: Measure = P11.effect) -> float:
    found = answer(days, measured)
    assert isinstance(found, Effect), found
    assert found.as_well is not None
    return min(found.numerator, found.as_well) / found.denominator


def lack(*days: xr.Dataset, measured: Measure = P11.effect) -> str:
    found = answer(days, measured)
    assert isinstance(found, Missing)
    return found.what


def test_a_vector_is_signed_by_cause_throughout_and_one_number_for_all_not_at_all() -> None:
    assert ratio(cursor_day(vector)) == pytest.approx(1.0)
    assert ratio(cursor_day(scalar)) == pytest.approx(0.0, abs=1e-12)
    assert ratio(cursor_day(better_than_expected)) == pytest.approx(0.0, abs=1e-12)


def test_one_number_for_all_is_not_signed_where_weights_are_not_balanced() -> None:
    weights = np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
    assert ratio(cursor_day(scalar, weights=weights)) == pytest.approx(0.0, abs=1e-12)
    assert ratio(cursor_day(vector, weights=weights)) == pytest.approx(1.0)


def test_errors_of_the_wrong_sign_count_against_it() -> None:
    assert ratio(cursor_day(lambda d, w: -vector(d, w))) == pytest.approx(-1.0)


def surprise(error: Array, weights: Array) -> Array:
    """Return the size of errors for all cells, differing between goals as much as errors do."""
    return np.abs(error) * np.std(list(GOALS.values())) / 0.25 + 0 * weights


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_mixture_has_the_root_of_the_share_of_its_energy(share: float) -> None:
    mixed = cursor_day(
        lambda d, w: share**0.5 * vector(d, w) + (1 - share) ** 0.5 * surprise(d, w), learnt=0.02
    )
    assert ratio(mixed) == pytest.approx(share**0.5, abs=1e-3)


def test_one_number_told_to_all_is_no_vector_however_unlike_the_cells_that_hear_it() -> None:
    gains = np.array([3.0, 2.0, 1.0, 0.5])
    for told in (scalar, surprise):
        heard = cursor_day(lambda d, w, told=told: told(d, w) * gains)
        assert ratio(heard) == pytest.approx(0.0, abs=1e-9)
    assert ratio(cursor_day(lambda d, w: vector(d, w) * gains)) == pytest.approx(1.0)


def test_what_an_outcome_evokes_whatever_its_error_adds_nothing() -> None:
    assert ratio(cursor_day(lambda d, w: vector(d, w) + 5 + 3 * w)) == pytest.approx(1.0)


def test_noise_adds_nothing_even_if_it_moves_the_cursor() -> None:
    weights = np.tile(WEIGHTS, 25) / 25
    seen: dict[str, Any] = {
        "weights": weights, "noise": 1.0, "trials": 20, "read_from_cells": True,
    }  # fmt: skip
    silent = answer([cursor_day(lambda d, w: 0 * d * w, **seen)])
    loud = answer([cursor_day(vector, **seen)])
    assert isinstance(silent, Effect)
    assert isinstance(loud, Effect)
    assert silent.as_well is not None
    assert loud.as_well is not None
    assert max(abs(silent.numerator), abs(silent.as_well)) < 0.1 * loud.denominator
    assert loud.numerator / loud.denominator == pytest.approx(1.0, abs=0.05)
    assert loud.as_well / loud.denominator == pytest.approx(1.0, abs=0.05)


def test_error_cells_that_fire_for_negative_errors_have_the_opposite_sign() -> None:
    labels: dict[str, Any] = {
        "role": ["error"] * 8, "label_source": ["genetic"] * 8, "decoder_weight": None,
        "label_error": [0.0] * 8, "weights": np.tile(BALANCED, 2),
        "causal_sign": np.tile(BALANCED, 2), "error_sign": [1] * 4 + [-1] * 4,
    }  # fmt: skip
    halves = np.array([1.0] * 4 + [-1.0] * 4)
    for none in (None, np.zeros(8)):
        labels["decoder_weight"] = none
        assert ratio(cursor_day(lambda d, w: vector(d, w) * halves, **labels)) == pytest.approx(1.0)
    assert ratio(cursor_day(scalar, **labels)) == pytest.approx(0.0, abs=1e-12)
    all_alike = cursor_day(lambda d, w: scalar(d, w) * halves, **labels)
    assert ratio(all_alike) == pytest.approx(0.0, abs=1e-12)


def test_labelled_error_cells_are_asked_and_else_the_cells_that_move_the_cursor() -> None:
    roles = ["error"] * 4 + ["unknown"] * 4
    weights = np.tile(BALANCED, 2)
    mixed = np.array([0.0] * 4 + [1.0] * 4)
    labels: dict[str, Any] = {
        "role": roles, "label_error": [0.0] * 8,
        "label_source": ["genetic" if role == "error" else "none" for role in roles],
    }  # fmt: skip
    seen = cursor_day(lambda d, w: np.where(mixed, vector(d, w), scalar(d, w)), weights=weights,
                      **labels)  # fmt: skip
    assert ratio(seen) == pytest.approx(0.0, abs=1e-12)
    moving = P11.secondary["in the cells that move the cursor"]
    assert ratio(seen, measured=moving) == pytest.approx(1.0)


def test_days_with_the_first_decoder_are_judged_and_the_swap_stands_beside() -> None:
    def as_known(error: Array, weights: Array) -> Array:
        return -vector(error, weights)

    days = [cursor_day(vector, 1), cursor_day(vector, 2, miss=0.5),
            cursor_day(as_known, 3, "second", weights=-WEIGHTS)]  # fmt: skip
    assert ratio(*days) == pytest.approx(1.0)
    assert ratio(*days, measured=SWAPPED) == pytest.approx(-1.0)


def test_what_it_cannot_do_without_is_said() -> None:
    assert lack(cursor_day(vector, decoder_weight=None)).startswith("there are not 2 cells or more")
    assert lack(cursor_day(vector, weights=np.abs(WEIGHTS))).startswith("there are not 2 cells")
    assert lack(cursor_day(vector, outcome_error=None)).startswith("no stimulus has two trials wi")
    assert lack(cursor_day(vector, stimulus=["left"] * 16)).startswith("no two stimuli have two tr")
    assert lack(cursor_day(vector), measured=SWAPPED).startswith("the animal never has another dec")
    alike = np.tile([1.5, 1.2, 0.8, 0.5], 4)
    assert lack(cursor_day(vector, outcome_error=alike)).startswith("the cursor misses all goals a")
    both = cursor_day(vector).assign_coords(decoder=("trial", ["first", "second"] * 8))
    assert lack(both).startswith("one session has the decoders 'first' and 'second'")
    swapped = cursor_day(vector, 2, "second")
    del swapped.attrs["day"]
    assert lack(cursor_day(vector), swapped) == (
        f"session {swapped.attrs['session_id']!r} says no `day`, so that which decoder the animal "
        "knew first is not known"
    )


# Cells that are tuned to the goal


def decoded_from_tuning(
    animals: int, seed: int, *, chosen: bool, answers_error: bool = False
) -> list[xr.Dataset]:
    """Return a day of each animal whose cells are tuned to goals, with noise.

    The weights are those of the tuning, as decoders are built, or drawn without looking at it.
    """
    days = []
    for animal in range(animals):
        rng = np.random.default_rng([seed, animal])
        tuning = rng.normal(size=20)
        weights = (tuning if chosen else rng.normal(size=20)) / 20

        def tuned(d: Array, w: Array, tuning: Array = tuning) -> Array:
            goal = np.repeat([*GOALS.values()], 10)[:, None]
            return goal * tuning + answers_error * d * np.sign(w)

        day = cursor_day(tuned, 100 * seed + animal, weights=weights, noise=1.0, trials=10,
                         read_from_cells=True)  # fmt: skip
        day.attrs["animal"] = f"m{animal}"
        days.append(day)
    return days


def verdict(sessions: list[xr.Dataset]) -> Verdict:
    return judge(P11, "recording", measure(P11.effect, sessions, True), "recording")


@pytest.mark.parametrize("seed", range(3))
def test_a_decoder_that_was_chosen_from_tuning_to_goals_supports_nothing(seed: int) -> None:
    found = verdict(decoded_from_tuning(8, seed, chosen=True))
    assert found.outcome is Outcome.CONTRADICTED, found.reason
    assert abs(found.value) < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_tuning_to_goals_that_goes_with_weights_by_chance_supports_nothing(seed: int) -> None:
    found = verdict(decoded_from_tuning(8, seed, chosen=False))
    assert found.outcome is not Outcome.SUPPORTED, found.reason


def test_cells_tuned_to_the_goal_that_answer_the_error_as_well_support_it() -> None:
    found = verdict(decoded_from_tuning(8, 1, chosen=True, answers_error=True))
    assert found.outcome is Outcome.SUPPORTED, found.reason


@pytest.mark.parametrize("towards", [-1.0, 1.0])
def test_cells_that_fade_with_the_error_but_unsigned_are_no_vector(towards: float) -> None:
    own = towards * np.array([1.0, -2.0, 3.0, 0.5])

    def fading(error: Array, weights: Array) -> Array:
        return np.abs(error) * own + 0 * weights

    assert ratio(cursor_day(fading)) < 0.2


def test_errors_that_only_scatter_cannot_tell_goal_from_error() -> None:
    days = [
        cursor_day(vector, k, noise=1.0, trials=10, learnt=0.0, read_from_cells=True)
        for k in (1, 2)
    ]
    said = lack(*days)
    assert said.startswith("the error of a goal does not change over its trials by more than it")
    assert "cells tuned to the goal cannot be told from cells that answer the error" in said


def test_errors_that_hardly_change_at_equal_goal_are_no_test() -> None:
    said = lack(cursor_day(vector, learnt=0.005))
    assert said.startswith("the error of a goal hardly changes over its trials, by less than 1 % o")
    assert ratio(cursor_day(vector, learnt=0.02)) == pytest.approx(1.0)
