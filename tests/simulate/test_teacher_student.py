from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.tasks import teacher_student as task

LAYERS = [(2, 1), (4, 2, 1), (8, 4, 2, 1)]


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("theory", task.STUDENTS)
def test_students_learn_from_their_teacher(theory: str, layers: tuple[int, ...]) -> None:
    circuit: Any = task.student(theory, layers)
    data = task.teach(circuit, 0)
    weights = task.untrained(circuit, 0, range(3))
    before = task.held_out_error(circuit, weights, data)
    # Published rates of the theories with apical errors are 10 to 25 times lower.
    epochs = 100 if theory.startswith("dendritic") else 30
    weights, curves = task.learn(circuit, weights, data, 0, range(3), epochs)
    assert curves["error"].sizes == {"network": 3, "epoch": epochs, "set": 2}
    assert np.median(task.held_out_error(circuit, weights, data)) < 0.8 * np.median(before)


@pytest.mark.slow
@pytest.mark.parametrize("layers", LAYERS)
def test_apical_theories_learn_worse_than_error_neurons_and_these_worse_than_backprop(
    layers: tuple[int, ...],
) -> None:
    teachers, errors = np.repeat(np.arange(8), 5).tolist(), {}
    for theory in task.STUDENTS:
        circuit: Any = task.student(theory, layers)
        data = task.teach(circuit, 0, teachers)
        weights = task.untrained(circuit, 0, range(40))
        weights, _ = task.learn(circuit, weights, data, 0, range(40), epochs=1000)
        errors[theory] = np.median(task.held_out_error(circuit, weights, data))
    apical = errors["dendritic_pc"], errors["dendritic_microcircuit"]
    assert errors["backprop"] < errors["error_microcircuit"] < min(apical)


def test_a_linear_student_has_the_teachers_of_all_others() -> None:
    taught = [task.teach(task.student(name, (4, 2, 1)), 0) for name in task.STUDENTS]  # tanh
    for data in taught:
        np.testing.assert_array_equal(data.potentials, taught[0].potentials)
        np.testing.assert_allclose(data.rates, np.tanh(data.potentials))


def test_teachers_are_the_same_whatever_others_there_are() -> None:
    circuit: Any = task.student("backprop", (4, 2, 1))
    one, many = task.teach(circuit, 0, (3,)), task.teach(circuit, 0, (1, 3, 3))
    np.testing.assert_array_equal(one.rates[0], many.rates[2])
    np.testing.assert_array_equal(many.rates[1], many.rates[2])


def test_students_of_one_teacher_learn_the_same_beside_students_of_another() -> None:
    circuit: Any = task.student("error_microcircuit", (4, 2, 1))
    weights = task.untrained(circuit, 0, range(2))
    both, _ = task.learn(circuit, weights, task.teach(circuit, 0, (1, 2)), 0, range(2), 2)
    alone, _ = task.learn(
        circuit, task.untrained(circuit, 0, [1]), task.teach(circuit, 0, (2,)), 0, [1], 2
    )
    np.testing.assert_array_equal(both.W[1], alone.W[0])


def test_backprop_is_at_no_angle_to_itself() -> None:
    circuit: Any = task.student("backprop", (8, 4, 2, 1))
    data, weights = task.teach(circuit, 0), task.untrained(circuit, 0, range(3))
    angles = task.update_angles(circuit, weights, data)["angle"]
    np.testing.assert_allclose(angles, 0, atol=1e-5)


def noise_free(connectivity: Any) -> tuple[Any, Any]:
    circuit: Any = task.student("error_microcircuit", (8, 4, 2, 1))
    circuit = replace(
        circuit, feedback_noise=0.0, lateral_noise=0.0, connectivity=connectivity,
    )  # fmt: skip
    start: Any = task.untrained(circuit, 0, range(10))
    weights = circuit.initial_weights(0, range(10))
    B = np.swapaxes(start.W[:, :, 8:], 1, 2)
    return circuit, replace(weights, W=start.W, B=B, feedback_noise=0 * B)


def test_an_untrained_noise_free_chain_follows_backpropagation() -> None:
    circuit, weights = noise_free(None)
    angles = task.update_angles(circuit, weights, task.teach(circuit, 0))["angle"]
    assert angles.median(("network", "item")).max() < 5


def test_skips_turn_the_published_angle_and_not_the_other() -> None:
    strong = tuple(tuple(float(k <= t and (k > 0 or t == 0)) for k in range(4)) for t in range(3))
    circuit, weights = noise_free(strong)
    angles = task.update_angles(circuit, weights, task.teach(circuit, 0))["angle"]
    means = angles.mean(("network", "item"))
    assert means.sel(definition="same_skips").max() < 0.5 * means.sel(definition="published").max()


def test_unknown_theories_are_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"theory is 'dendritic_pv'.*did you mean 'dendritic_pc'"):
        task.student("dendritic_pv", (2, 1))


def test_layers_without_published_rates_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no learning rates are given for layers \(3, 1\); use"):
        task.student("backprop", (3, 1))
