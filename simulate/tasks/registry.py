"""The registry of tasks: a tuple written by hand.

To add a task, write its file beside this one, which ends in its `TASK`, and one entry here.
"""

from __future__ import annotations

from errorneurons.simulate.kernels import kernels
from errorneurons.simulate.refusing import entry
from errorneurons.simulate.tasks import (
    association,
    cart_pole,
    images,
    match_to_sample,
    teacher_student,
    yin_yang,
)
from errorneurons.simulate.tasks.task import Intact, Task, TaskDesign
from errorneurons.simulate.theories.registry import THEORIES

CAN = "can be trained on it"
JOINS = "takes part in `reproduce` as it is in the report; nothing can be taken away from it there"
UNTRIED = "not tried: learning rates at which it does this are not known"

TASKS: tuple[Task, ...] = (
    association.TASK,
    teacher_student.TASK,
    cart_pole.TASK,
    match_to_sample.TASK,
    yin_yang.TASK,
    images.TASK,
)


def task(name: str) -> Task:
    """Return a task by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("task", name, {t.name: t for t in TASKS})


def theories() -> tuple[str, ...]:
    """Return the names of all theories: those of the report, then those of the engine."""
    compiled = (theory.theory for theory in kernels.COMPILED_THEORIES)
    return tuple(dict.fromkeys((*association.TRAINED_THEORIES, *compiled)))


def why_not(theory: str, name: str) -> str | None:
    """Return why a theory cannot be trained on a task, or None if it can."""
    asked = task(name)
    if theory in asked.can:
        return None
    if theory in asked.rivals:
        return JOINS
    reasons = {t.name: t.cannot for t in THEORIES}.get(theory, {})
    return reasons.get(name) or asked.cannot.get(theory, UNTRIED)


def tasks_table() -> list[tuple[str, str]]:
    """Return each task and what it is, and below it each theory: whether it can, and why not."""
    rows: list[tuple[str, str]] = []
    for one in TASKS:
        rows.append((one.name, one.description))
        rows += [(f"  {name}", why_not(name, one.name) or CAN) for name in theories()]
    return rows


def epochs_of(design: TaskDesign) -> int:
    """Return how many epochs networks are trained."""
    return design.epochs or task(design.task).epochs


def intact(theory: str, name: str = "association") -> Intact:
    """Return the circuit of a task that ablations of a theory start from.

    Raises
    ------
    ValueError
        If there is no such theory, or it cannot do the task.
    """
    return task(name).intact(theory)
