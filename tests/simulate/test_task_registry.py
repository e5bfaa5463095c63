"""The table of who can do what."""

from __future__ import annotations

from pathlib import Path

import pytest

from errorneurons.simulate.tasks import (
    registry,
)
from errorneurons.simulate.tasks.task import Task
from errorneurons.simulate.theories.registry import THEORIES, theory

SHARED = {"__init__", "held", "registry", "rivals", "scaled", "students", "task"}
FOLDER = Path(__file__).parents[2] / "simulate" / "tasks"
each = pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)


def test_every_file_of_tasks_is_in_the_registry() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - SHARED
    assert files == {task.name for task in registry.TASKS}


@each
def test_a_theory_that_can_is_given_no_reason_why_not(task: Task) -> None:
    assert not set(task.can) & set(task.cannot)
    assert not set(task.can) & {t.name for t in THEORIES if task.name in t.cannot}


def test_reasons_are_about_tasks_that_there_are() -> None:
    assert {name for t in THEORIES for name in t.cannot} <= {task.name for task in registry.TASKS}


@each
@pytest.mark.parametrize("theory", registry.theories())
def test_a_task_takes_the_theories_that_can_and_no_others(task: Task, theory: str) -> None:
    if registry.why_not(theory, task.name) is None:
        assert task.intact(theory).theory in theory
    elif task.name != "association":
        with pytest.raises(ValueError, match=f"theory is {theory!r}, which is unknown"):
            task.intact(theory)


def test_the_reason_is_a_sentence_about_the_theory() -> None:
    assert registry.why_not("backprop", "match_to_sample") == (
        "cannot: it has no membrane, and nothing of the sample is left at the test stimulus"
    )
    assert (
        registry.why_not("hierarchical_pc", "images") == theory("hierarchical_pc").cannot["images"]
    )
    assert registry.why_not("some_new_theory", "images") == registry.UNTRIED


@each
def test_a_published_experiment_can_be_repeated(task: Task) -> None:
    assert (task.reproduced is None) == (task.name == "association")


@each
def test_a_rival_takes_part_as_it_is_in_the_report_and_in_nothing_else(task: Task) -> None:
    assert not set(task.rivals) & {*task.can, *task.cannot}
    for name in task.rivals:
        assert registry.why_not(name, task.name) == registry.JOINS


def test_whoever_is_no_rival_says_why() -> None:
    reasons = {
        registry.why_not(theory, task.name) for task in registry.TASKS for theory in
        registry.theories() if theory not in (*task.can, *task.rivals)
    }  # fmt: skip
    assert reasons
    assert registry.UNTRIED not in reasons - {registry.why_not("backprop", "association")}


def test_each_theory_has_a_line_below_each_task() -> None:
    lines = registry.tasks_table()
    assert len(lines) == len(registry.TASKS) * (1 + len(registry.theories()))


def test_an_unknown_task_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no task 'yinyang'; did you mean"):
        registry.task("yinyang")
