"""Ablations on the published tasks: who, what there is to cut, and what the equations demand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations.effects import effects_of_ablations, trained
from errorneurons.simulate.ablations.registry import ablation, pairs
from errorneurons.simulate.arrays import area_slices
from errorneurons.simulate.tasks import held, yin_yang
from errorneurons.simulate.tasks.registry import TASKS, intact, why_not
from errorneurons.simulate.tasks.registry import task as entry
from errorneurons.simulate.tasks.task import TaskDesign

EMC = "error_microcircuit"
NAMES = [t.name for t in TASKS]


@cache
def measured(task: str, theory: str = EMC, name: str = "") -> tuple[Any, Any]:
    design = TaskDesign(networks=2, seed=2, epochs=2, task=task)
    whole = intact(theory, task)
    circuit = ablation(name).apply(whole) if name else whole
    learnt = trained(circuit, design)
    return learnt, effects_of_ablations(circuit, learnt, learnt.weights, design)


@pytest.mark.parametrize("task", NAMES)
def test_circuits_start_without_noise_and_all_can_do_the_task(task: str) -> None:
    for theory in {theory for theory, _ in pairs((), (), task)}:
        assert why_not(theory, task) is None
        circuit: Any = intact(theory, task)
        assert getattr(circuit, "feedback_noise", 0.0) == 0.0
        assert getattr(circuit, "lateral_noise", 0.0) == 0.0


def test_what_a_circuit_lacks_cannot_be_cut() -> None:
    assert ablation("no_skip_1_3").why_not(EMC, "teacher_student") is None
    for name in ("no_skip_1_3", "hierarchical_only", "shuffled_strengths", "dense_routes"):
        assert ablation(name).why_not(EMC, "yin_yang") == (
            "error_microcircuit in yin_yang: a circuit of 2 areas has nothing that it changes"
        )
    assert ablation("frozen_area_4").why_not(EMC, "teacher_student") is not None
    # memory is in membranes there: there is no lookahead of representations to switch off
    assert ablation("no_representation_lookahead").why_not(EMC, "match_to_sample") is not None


def test_a_theory_that_cannot_do_the_task_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="mismatch_neurons in yin_yang: cannot: its errors stay"):
        pairs(("mismatch_neurons",), (), "yin_yang")


def test_an_unknown_task_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no task 'yinyang'; did you mean"):
        pairs((), (), "yinyang")


@pytest.mark.parametrize("theory", [EMC, "dendritic_pc", "dendritic_microcircuit"])
def test_a_student_learns_and_without_plasticity_does_not(theory: str) -> None:
    assert (measured("teacher_student", theory)[0].removed > 0).all()
    still = measured("teacher_student", theory, "without_learning")[0]
    np.testing.assert_array_equal(still.removed, 0)


def test_without_feedback_of_errors_only_the_output_of_a_student_changes() -> None:
    start: Any = intact(EMC, "teacher_student").initial_weights(2, range(2))
    learnt = measured("teacher_student", EMC, "no_error_feedback")[0].weights
    moved = np.abs(learnt.W - start.W).max(axis=(0, 2))
    *hidden, top = area_slices((4, 2, 1))
    assert all(moved[area].max() < 1e-8 for area in hidden)
    assert (moved[top][:2] > 1e-3).all()


def test_points_shorter_than_a_membrane_are_not_learnt_without_lookahead() -> None:
    """10 steps are .1 ms, the membrane's time constant is 5 ms."""
    points, classes = yin_yang.draw_points(np.random.default_rng(1), 300)
    items = held.Items(points[None], np.eye(3)[classes][None])

    def left(circuit: Any) -> Any:
        start = circuit.initial_weights(1, [0, 1])
        orders = held.shuffled_items(1, "test", [0, 1], 300, 4)
        *_, after = held.learn_held(circuit, start, items, 10, orders)
        losses = [
            ((held.answers_to(circuit, w, items.inputs) - items.targets) ** 2).mean((1, 2))
            for w in (start, after)
        ]
        return losses[1] / losses[0]

    whole = intact(EMC, "yin_yang")
    assert (left(whole) < 0.75).all()
    assert (left(ablation("no_lookahead").apply(whole)) > 0.85).all()


def test_angles_are_measured_in_the_areas_of_the_circuit() -> None:
    found = measured("teacher_student")[1]
    assert list(found["area"]) == ["area 1", "area 2", "area 3"]
    assert found["angle"].max() < 30
    assert list(found["epoch"]) == [0, 1, 2]


def test_where_stimuli_follow_in_time_only_learning_is_measured() -> None:
    assert entry("match_to_sample").shown is None
    learnt, found = measured("match_to_sample")
    assert "error" not in found
    assert np.isfinite(found["removed"]).all()
    assert (learnt.score <= 1).all()
