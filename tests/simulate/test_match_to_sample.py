"""Delayed match to sample: when what happens in a trial, and that membranes carry the sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from errorneurons.simulate.tasks import match_to_sample as task
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import TunedNeurons, WithoutLookahead

TASK = task.MatchToSample()
FEW = replace(TASK, trials=20, epochs=3)
TRIALS = task.DelayedTrials(np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([50, 249]))


def by_trial(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, len(task.PHASES))


def test_phases_last_as_published() -> None:
    steps = by_trial(task.schedule(TASK, TRIALS, learning=True).steps)
    np.testing.assert_array_equal(steps, [[250, 250, 50, 250, 1], [250, 250, 249, 250, 1]])


def test_stimuli_stand_in_their_phases() -> None:
    inputs = by_trial(task.schedule(TASK, TRIALS, learning=True).inputs)
    np.testing.assert_array_equal(inputs, [[0, 1, 0, 1, 1], [0, 1, 0, -1, -1]])


def test_synapses_change_in_one_step_a_trial() -> None:
    plan = task.schedule(TASK, TRIALS, learning=True)
    assert plan.steps[plan.learning].tolist() == [1, 1]


def test_there_is_teaching_in_the_last_two_phases() -> None:
    teaching = by_trial(task.schedule(TASK, TRIALS, learning=True).teaching)
    assert teaching.tolist() == [[False, False, False, True, True]] * 2


def test_nothing_teaches_in_a_test() -> None:
    plan = task.schedule(TASK, TRIALS, learning=False)
    assert not plan.teaching.any()
    assert not plan.learning.any()


def test_targets_tell_matches() -> None:
    np.testing.assert_array_equal(TRIALS.targets, [1, -1])


def test_delays_cover_their_range() -> None:
    drawn = task.draw_trials(replace(TASK, trials=5000), 0)["training"]
    assert (drawn.delay.min(), drawn.delay.max()) == (50, 249)
    assert abs(drawn.targets.mean()) < 0.05


def test_sets_are_drawn_apart() -> None:
    sets = task.draw_trials(TASK, 0)
    assert not np.array_equal(sets["training"].delay, sets["test"].delay)


def test_shuffling_keeps_stimuli_with_their_delays() -> None:
    drawn = task.draw_trials(TASK, 0)["training"]
    shuffled = drawn.shuffled(np.random.default_rng(0))
    pairs = [sorted(zip(t.delay, t.stimuli.tolist(), strict=True)) for t in (drawn, shuffled)]
    assert pairs[0] == pairs[1]


def test_the_membrane_forgets_in_two_milliseconds() -> None:
    assert task.match_learner().tau == pytest.approx(2.17, abs=0.01)


def trace(circuit: ErrorMicrocircuit) -> np.ndarray:
    """Return how far the output depends on the sample, an output that does not saturate."""
    circuit = circuit.having(TunedNeurons((1.0, 1.0), (0.0, 0.5)))
    trials = task.DelayedTrials(np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([50, 50]))
    found = task.sampled_responses(circuit, circuit.initial_weights(0, range(3)), TASK, trials)
    return np.abs(found[:, 0] - found[:, 1])


def test_without_a_membrane_the_sample_is_lost() -> None:
    assert trace(task.match_learner().lacking(WithoutLookahead)).max() < 1e-12


def test_with_a_membrane_it_is_not() -> None:
    assert trace(task.match_learner()).min() > 1e-6


def test_a_few_epochs_reduce_the_error() -> None:
    found = task.match_to_sample(task.match_learner(), 0, range(10), replace(FEW, trials=50))
    assert found["error"].sizes == {"network": 10, "epoch": 3}
    medians = found["error"].median("network")
    assert float(found["score"].median()) < 0.6 * float(medians[0])


def test_networks_learn_alike_alone_and_together() -> None:
    together = task.match_to_sample(task.match_learner(), 0, range(3), FEW)
    alone = task.match_to_sample(task.match_learner(), 0, [2], FEW)
    np.testing.assert_array_equal(together["error"][2], alone["error"][0])


def test_other_theories_and_phases_are_refused() -> None:
    with pytest.raises(ValueError, match="theory is 'backprop', which is unknown; choose one of"):
        task.match_learner("backprop")
    with pytest.raises(ValueError, match="taught is 'tests', which is unknown; did you mean"):
        task.MatchToSample(taught="tests")
    with pytest.raises(ValueError, match=r"delay is \(9, 3\); give the shortest"):
        task.MatchToSample(delay=(9, 3))
