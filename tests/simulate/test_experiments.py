"""The tables of trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from errorneurons.simulate.experiments.association import STIMULI, association
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.outcome import FROZEN, OUTCOME_ERROR
from errorneurons.simulate.experiments.trials import CLOCK, Clock, silence


def test_expected_and_unexpected_trials_have_the_same_set_of_outcomes() -> None:
    task = association(3, [0, 1])
    for expected, unexpected in zip(
        task.outcomes["trained"], task.unexpected("trained"), strict=True
    ):
        assert sorted(map(tuple, expected)) == sorted(map(tuple, unexpected))
        assert (expected != unexpected).any(axis=1).all()


def test_expected_and_unexpected_outcomes_follow_the_same_stimuli_equally_often() -> None:
    table = FROZEN.block(1, 3, CLOCK).table
    counts = table[table["manipulation"] == "none"].groupby("outcome")["pattern"].value_counts()
    assert counts["expected"].sort_index().equals(counts["unexpected"].sort_index())


def test_every_condition_has_every_stimulus_as_often_as_asked() -> None:
    table = FROZEN.block(1, 3, CLOCK).table
    kinds = [*table.columns.intersection(OUTCOME_ERROR[2]), "familiarity", "stimulus"]
    assert set(table.groupby(kinds, dropna=False).size()) == {3}
    assert len(table) == 3 * STIMULI * len(OUTCOME_ERROR)


def test_the_outcomes_of_a_set_average_to_nothing() -> None:
    for outcomes in association(3, [0, 1]).outcomes.values():
        np.testing.assert_allclose(outcomes.mean(axis=1), 0, atol=1e-15)


def test_the_same_seed_gives_the_same_order() -> None:
    pd.testing.assert_frame_equal(FROZEN.block(4, 2, CLOCK).table, FROZEN.block(4, 2, CLOCK).table)


def test_another_seed_gives_another_order_of_the_same_trials() -> None:
    first, other = (FROZEN.block(seed, 2, CLOCK).table for seed in (4, 5))
    assert list(first["stimulus"]) != list(other["stimulus"])
    assert sorted(first["stimulus"]) == sorted(other["stimulus"])


def test_a_block_of_learning_shows_each_stimulus_once_in_every_five_trials() -> None:
    shown = learning_block(1, "new", {}, 4)["pattern"].to_numpy().reshape(4, STIMULI)
    assert (np.sort(shown, axis=1) == np.arange(STIMULI)).all()


def test_both_blocks_of_learning_come_in_the_same_order() -> None:
    off = silence("error", "all", (CLOCK.outcome, CLOCK.stop))
    first, second = (learning_block(2, "new", factors, 6) for factors in ({}, off))
    assert list(first["stimulus"]) == list(second["stimulus"])


def test_an_outcome_comes_only_with_a_teaching_signal_and_when_the_clock_says() -> None:
    table = FROZEN.block(1, 2, Clock(outcome=0.25)).table
    assert (table.loc[table["teaching"], "outcome_onset"] == 0.25).all()
    assert table.loc[~table["teaching"].astype(bool), "outcome_onset"].isna().all()


def test_a_manipulation_leaves_its_trace_in_every_column() -> None:
    assert silence("error", "area 2", (0.3, 0.5)) == {
        "manipulation": "silence", "manipulated_role": "error", "manipulated_area": "area 2",
        "manipulation_onset": 0.3, "manipulation_offset": 0.5,
    }  # fmt: skip


def test_bins_that_do_not_divide_a_trial_are_refused() -> None:
    with pytest.raises(ValueError, match=r"bin is 0\.07 s; give a width that divides the 0.6 s of"):
        Clock(bin=0.07)


def test_too_few_repeats_for_cross_validation_are_refused() -> None:
    with pytest.raises(ValueError, match="repeats is 1; cross-validation needs 2 or more"):
        FROZEN.block(1, 1, CLOCK)


def test_networks_learn_the_same_pairs_whatever_others_are_drawn() -> None:
    alone, many = association(7, [4]), association(7, [1, 4])
    for name in alone.stimuli:
        np.testing.assert_array_equal(alone.stimuli[name][0], many.stimuli[name][1])
        np.testing.assert_array_equal(alone.outcomes[name][0], many.outcomes[name][1])
