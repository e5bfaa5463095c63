"""Training reaches its aim, names what diverges and finds what oscillates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.animals import trained as before
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import ELECTRODES, OF_WORLDS, put_through
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.experiments.association import Association, association
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC
from errorneurons.simulate.theories.registry import INTACT, Theory, theory
from errorneurons.simulate.theories.supervised_pc import SupervisedPC
from errorneurons.simulate.trials.bench import Bench
from errorneurons.simulate.trials.training import TRAINED, Training, loss, oscillating, train

SUPERVISED = SupervisedPC(learning_rate=0.016)


@pytest.fixture(scope="module")
def trained() -> Training[Any]:
    return train(INTACT, association(1, [0, 1]), 1, [0, 1])


def glaring(task: Association, network: int) -> Association:
    """Return a task in which one network's stimuli are a thousand times as strong."""
    factor = np.where(np.arange(len(task.stimuli["trained"])) == network, 1000.0, 1.0)
    return replace(task, stimuli={k: v * factor[:, None, None] for k, v in task.stimuli.items()})


def test_training_removes_nine_tenths_of_the_loss(trained: Training[Any]) -> None:
    assert (trained.removed > 0.9).all()
    assert not trained.diverged.any()
    assert not trained.oscillating.any()


def test_a_network_stops_learning_once_it_has_learnt(trained: Training[Any]) -> None:
    learnt = trained.loss <= (1 - TRAINED) * trained.loss[0]
    for history, done in zip(trained.loss.T, learnt.T, strict=True):
        assert len(set(history[np.argmax(done) :])) == 1


def test_the_loss_of_a_silent_output_is_one() -> None:
    bench = Bench(INTACT, association(1, [0]))
    weights = INTACT.initial_weights(1, [0])
    silent = replace(weights, W=np.zeros_like(weights.W))
    np.testing.assert_allclose(loss(bench, silent), 1.0)


def test_training_a_network_does_not_depend_on_the_others() -> None:
    alone = train(SUPERVISED, association(1, [3]), 1, [3], epochs=4)
    many = train(SUPERVISED, association(1, [0, 3]), 1, [0, 3], epochs=4)
    np.testing.assert_allclose(alone.weights.W[0], many.weights.W[1], rtol=1e-9)


def test_a_diverging_network_is_named_and_the_others_are_as_without_it() -> None:
    task = association(1, [0, 1])
    calm = train(SUPERVISED, task, 1, [0, 1], epochs=4)
    wild = train(SUPERVISED, glaring(task, 1), 1, [0, 1], epochs=4)
    assert wild.diverged.tolist() == [False, True]
    assert wild.diverged_at(1) == 2
    np.testing.assert_allclose(wild.weights.W[0], calm.weights.W[0], rtol=1e-12)
    assert np.isfinite(wild.weights.W).all()


def test_a_diverging_network_is_left_out_of_an_experiment_which_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = glaring(association(1, [0, 1]), 1)
    monkeypatch.setattr(before, "association", lambda *_, **__: tasks)
    found = put_through(theory("supervised_pc"), OF_WORLDS, Animals(2), ELECTRODES)
    assert found.animals.numbers == (0,)
    assert found.notes[0] == "Network 1 diverged by epoch 2 and is left out."


def test_if_every_network_diverges_the_mend_is_named() -> None:
    absurd = Theory("absurd", "absurd", "theory", "Learns far too fast.", SupervisedPC(
        learning_rate=50.0
    ))  # fmt: skip
    with pytest.raises(ValueError, match=r"no network of absurd is left: 2 diverged and .* oscill"):
        put_through(absurd, OF_WORLDS, Animals(2), ELECTRODES)


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [
        (HierarchicalPC(tau=5.0, timing=Timing(1e-3, 5e-3), weight_scale=3.0), True),
        (HierarchicalPC(tau=20.0, timing=Timing(1e-3, 0.0), weight_scale=1.0), False),
        (HierarchicalPC(activation="linear", tau=1.0, weight_scale=20.0), True),
        (INTACT, False),
    ],
)
def test_only_what_still_moves_after_a_second_of_teaching_oscillates(
    circuit: Any, expected: bool
) -> None:
    bench = Bench(circuit, association(1, [0, 1]))
    weights = circuit.initial_weights(1, [0, 1])
    assert (oscillating(bench, weights) == expected).all()
