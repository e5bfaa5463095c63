"""The table of who can do what."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from errorneurons.simulate.tasks import (
    cart_pole,
    images,
    match_to_sample,
    registry,
    teacher_student,
    yin_yang,
)

SHARED = {"__init__", "held", "registry"}
FOLDER = Path(__file__).parents[2] / "simulate" / "tasks"


def test_every_file_of_tasks_is_in_the_registry() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - SHARED
    assert files | {"association"} == {task.name for task in registry.TASKS}


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_a_theory_that_can_is_given_no_reason_why_not(task: registry.Task) -> None:
    assert not set(task.can) & set(dict(task.cannot))
    assert all(task.why_not(theory) is None for theory in task.can)


@pytest.mark.parametrize("task", registry.TASKS[2:], ids=lambda task: task.name)
@pytest.mark.parametrize("theory", registry.theories())
def test_a_task_takes_the_theories_that_can_and_no_others(task: registry.Task, theory: str) -> None:
    learner = import_module(f"errorneurons.simulate.tasks.{task.name}").learner
    if task.why_not(theory) is None:
        assert learner(theory).theory == theory
    else:
        with pytest.raises(ValueError, match=f"theory is {theory!r}, which is unknown"):
            learner(theory)


def test_the_reason_is_a_sentence_about_the_theory() -> None:
    assert registry.task("match_to_sample").why_not("backprop") == registry.MEMORYLESS
    assert registry.task("images").why_not("some_new_theory") == registry.UNTRIED


def test_every_theory_of_the_list_can_or_has_a_reason_of_its_own() -> None:
    for task in registry.TASKS:
        assert registry.UNTRIED not in {task.why_not(name) for name in registry.theories()}


def test_what_relaxes_has_no_time_to_do_so_in_the_items_of_these_tasks() -> None:
    """Items are held for less than a third of the shortest relaxation time."""
    steps = {
        "yin_yang": yin_yang.YinYang().hold, "cart_pole": cart_pole.CartPole().hold,
        "images": images.Images().hold, "teacher_student": teacher_student.HOLD,
        "match_to_sample": match_to_sample.MatchToSample().test,
    }  # fmt: skip
    assert set(steps) == {t.name for t in registry.TASKS} - {"association"}
    assert max(steps.values()) * 0.01 < 10.0 / 3


def test_each_theory_has_a_line_below_each_task() -> None:
    lines = registry.table()
    assert len(lines) == len(registry.TASKS) * (1 + len(registry.theories()))


def test_an_unknown_task_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="task is 'yinyang', which is unknown; did you mean"):
        registry.task("yinyang")
