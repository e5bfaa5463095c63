"""A kind of trial that is run once shows what each of its repeats would have shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.day import presented, repeats_itself, run_block, run_day
from errorneurons.simulate.animals.trained import untrained_bench
from errorneurons.simulate.experiments.experiment import Block, Day
from errorneurons.simulate.experiments.learning import LEARNING_BLOCKS, learning_block
from errorneurons.simulate.experiments.outcome import FROZEN
from errorneurons.simulate.experiments.registry import EXPERIMENTS, experiment
from errorneurons.simulate.experiments.trials import Clock, kinds_of
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import THEORIES, Theory, theory
from errorneurons.simulate.trials.run import run_trials, synapses

CLOCK = Clock(start=-0.02, outcome=0.06, stop=0.1, bin=0.02)
TABLE = FROZEN.block(1, 2, CLOCK).table[::5]
TWO = Animals(seed=3, only=(0, 2))


def test_kinds_are_the_trials_that_differ() -> None:
    table = pd.DataFrame({"a": [1.0, np.nan, 1.0, np.nan, 2.0], "b": ["x", "y", "x", "y", "x"]})
    kinds, numbers = kinds_of(table)
    assert numbers.tolist() == [0, 1, 0, 1, 2]
    pd.testing.assert_frame_equal(kinds.iloc[numbers].reset_index(drop=True), table)


@pytest.mark.parametrize("tested", THEORIES, ids=lambda t: t.name)
def test_repeats_are_what_stepping_each_of_them_from_rest_gives(tested: Theory) -> None:
    bench = untrained_bench(tested, TWO, Instrument())
    weights = tested.circuit.initial_weights(3, (0, 2))
    ran, after = run_block(bench, weights, Block(TABLE, independent=True), CLOCK)
    short = presented(ran.activity, ran.rows, ran.table)
    every, _ = run_trials(bench, weights, TABLE, CLOCK, n_streams=len(TABLE))
    for role, rates in every.rates.items():
        np.testing.assert_allclose(short.rates[role], rates, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(short.output, every.output, rtol=1e-10)
    np.testing.assert_array_equal(short.target, every.target)
    pd.testing.assert_frame_equal(short.table, every.table)
    assert after is weights


@pytest.mark.parametrize(
    ("block", "noise"),
    [(Block(TABLE), 0.0), (Block(TABLE, independent=True), 0.1),
     (Block(TABLE, plastic=True, independent=True), 0.0)],
)  # fmt: skip
def test_trials_that_follow_one_another_are_noisy_or_teach_are_stepped(
    block: Block, noise: float
) -> None:
    assert not repeats_itself(block, noise)


def test_what_comes_before_a_trial_matters_in_oddballs_and_not_in_shuffled_trials() -> None:
    independent = {
        e.name: all(block.independent for day in e.days(1) for block in day.blocks)
        for e in EXPERIMENTS
    }
    assert independent["novelty"]
    assert independent["silencing"]
    assert not independent["oddball"]
    (day,) = replace(experiment("outcome_error"), repeats=2).days(1)
    assert [block.independent for block in day.blocks] == [True, False, False]


def test_blocks_that_learn_side_by_side_are_those_that_learn_one_by_one() -> None:
    tested = theory("error_microcircuit")
    bench = untrained_bench(tested, TWO, Instrument())
    weights = tested.circuit.initial_weights(3, (0, 2))
    lessons = [learning_block(1, "new", factors, 1, CLOCK) for factors in LEARNING_BLOCKS]
    blocks = [Block(lesson, plastic=True, starts_from="morning") for lesson in lessons]
    together, after = run_day(bench, weights, Day(tuple(blocks)), CLOCK)
    for block, found in zip(blocks, together, strict=True):
        (alone,), learnt = run_day(bench, weights, Day((block,)), CLOCK)
        for role, rates in alone.activity.rates.items():
            np.testing.assert_allclose(found.activity.rates[role], rates, rtol=1e-6, atol=1e-9)
        assert found.table is block.table
    for name, values in synapses(learnt).items():
        np.testing.assert_allclose(synapses(after)[name], values, rtol=1e-10)
