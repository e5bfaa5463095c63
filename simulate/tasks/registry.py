"""Which theory can do which task, and why not: a tuple written by hand.

A theory that a task does not name has not been tried on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from errorneurons.simulate.engine import kernels as engine
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks import (
    cart_pole,
    images,
    match_to_sample,
    teacher_student,
    yin_yang,
)
from errorneurons.simulate.theories.registry import THEORIES

CAN = "can be trained on it"
UNTRIED = "not tried: learning rates at which it does this are not known"
CONTROL = "is not put to it: it is a control for learning, and no claim is about its activity"
UNTAUGHT = "cannot: it has no teaching signal to learn from"
LOCAL = "cannot: its errors stay in their own area, and hidden areas learn nothing of the output's"
SHRUNK = "cannot: its output is a posterior estimate, shrunk towards 0, and regresses poorly"
SLOW = "cannot: it settles over many steps, and is given four in each tick of the plant"
RELAXING = "cannot: it relaxes with 10 ms or more, and items are shown for 2.5 ms at most"
UNPAUSED = "cannot: bursts are compared with their mean before teaching, which never pauses here"
TRACELESS = "cannot: its rates follow the lookahead, which keeps no trace of the sample"
MEMORYLESS = "cannot: it has no membrane, and nothing of the sample is left at the test stimulus"
UNBOUNDED = (
    "cannot: its output is taught as a potential, and rates of 0 and 1 have none that is finite"
)

#: Theories that no task of learning in hidden areas is for.
NULLS = (("adaptation", UNTAUGHT), ("feature_gain", UNTAUGHT), ("mismatch_neurons", LOCAL))
DENDRITIC = (("dendritic_pc", UNBOUNDED), ("dendritic_microcircuit", UNBOUNDED))
SLOWLY = (
    ("supervised_pc", RELAXING),
    ("prospective_configuration", RELAXING),
    ("hierarchical_pc_sensory", RELAXING),
)
BURSTS = ("burst_dependent", UNPAUSED)

ENTERED = tuple(theory.name for theory in THEORIES if not theory.variant_of)


@dataclass(frozen=True)
class Task:
    """A task, and who can do it.

    Attributes
    ----------
    name
        Identifier, the name of the task's file.
    description
        One sentence.
    can
        Theories that can be trained on it.
    cannot
        Other theories, each with the reason.
    """

    name: str
    description: str
    can: tuple[str, ...]
    cannot: tuple[tuple[str, str], ...]

    def why_not(self, theory: str) -> str | None:
        """Return why a theory cannot do the task, or None if it can."""
        return None if theory in self.can else dict(self.cannot).get(theory, UNTRIED)


TASKS: tuple[Task, ...] = (
    Task(
        "association",
        "Five stimuli, five outcomes: the task of the report.",
        ENTERED,
        (("backprop", CONTROL),),
    ),
    Task(
        "teacher_student",
        "Learn what a random network of the same layout makes of random inputs.",
        teacher_student.THEORIES,
        (("hierarchical_pc", SHRUNK), *SLOWLY, BURSTS, *NULLS),
    ),
    Task(
        "cart_pole",
        "Imitate a controller, then balance a pole on a cart in its place.",
        cart_pole.THEORIES,
        (
            ("hierarchical_pc", SHRUNK),
            ("hierarchical_pc_sensory", SLOW),
            ("supervised_pc", SLOW),
            ("prospective_configuration", SLOW),
            BURSTS,
            *NULLS,
        ),
    ),
    Task(
        "match_to_sample",
        "Say after a delay whether a second stimulus was the same as the first.",
        match_to_sample.THEORIES,
        (
            ("backprop", MEMORYLESS),
            ("dendritic_pc", TRACELESS),
            ("dendritic_microcircuit", TRACELESS),
            ("burst_dependent", MEMORYLESS),
            ("hierarchical_pc", RELAXING),
            *SLOWLY,
            *NULLS,
        ),
    ),
    Task(
        "yin_yang",
        "Tell three regions of a disc apart.",
        yin_yang.THEORIES,
        (("hierarchical_pc", RELAXING), *SLOWLY, BURSTS, *DENDRITIC, *NULLS),
    ),
    Task(
        "images",
        "Draw the image of a digit from a one-hot input.",
        images.THEORIES,
        (("hierarchical_pc", SHRUNK), *SLOWLY, BURSTS, *DENDRITIC, *NULLS),
    ),
)


def theories() -> tuple[str, ...]:
    """Return the names of all theories: those of the report, then those of the engine."""
    compiled = (theory.theory for theory in engine.THEORIES)
    return tuple(dict.fromkeys((*ENTERED, *compiled)))


def task(name: str) -> Task:
    """Return a task by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    tasks = {t.name: t for t in TASKS}
    known("task", name, tasks)
    return tasks[name]


def table() -> list[tuple[str, str]]:
    """Return each task and what it is, and below it each theory: whether it can, and why not."""
    rows: list[tuple[str, str]] = []
    for entry in TASKS:
        rows.append((entry.name, entry.description))
        rows += [(f"  {name}", entry.why_not(name) or CAN) for name in theories()]
    return rows
