"""What ablations are tried on: tasks, the circuits that start intact, and how they are trained.

Circuits are as the task has them, without the noise on feedback and lateral synapses of published
protocols, so that noise is something that can be added. All circuits of a task learn from the
same items in the same order, for the same number of epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.engine.kernels import DivergedError
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.parts.connectivity import macaque_binned
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks import (
    cart_pole,
    images,
    match_to_sample,
    teacher_student,
    yin_yang,
)
from errorneurons.simulate.tasks.held import Items, answers, learn_held, shuffled
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.registry import THEORIES
from errorneurons.simulate.theories.registry import theory as find
from errorneurons.simulate.trials.settling import unsettled
from errorneurons.simulate.trials.training import BLOCK, QUIETLY, train

Intact = Circuit[Any, Any]
LAYERS = (8, 4, 2, 1)
TAUGHT, SHOWN = 100, 20
LOOKS = 6
"""How often the loss is measured, before and during training."""


@dataclass(frozen=True)
class Design:
    """How many networks are trained on what, for how long.

    Attributes
    ----------
    networks
        How many of each circuit.
    seed
        Seed of everything random.
    epochs
        Epochs of training, the same for all; None for those of the task.
    task
        Name of one of `TASKS`.
    """

    networks: int = 12
    seed: int = 1
    epochs: int | None = None
    task: str = "association"

    @property
    def numbers(self) -> range:
        """Numbers of the networks."""
        return range(self.networks)


@dataclass(frozen=True)
class Learnt:
    """Networks after training.

    Attributes
    ----------
    weights
        Their synapses; None if they are not handed out.
    loss
        Squared error of the settled output on held-out items, (time, network).
    epoch
        Epochs before each loss, (time,).
    diverged, oscillating
        (network,) bool.
    score
        What the task itself counts, (network,); NaN if that is the loss.
    """

    weights: Any
    loss: Array
    epoch: npt.NDArray[np.int64]
    diverged: npt.NDArray[np.bool_]
    oscillating: npt.NDArray[np.bool_]
    score: Array

    @property
    def removed(self) -> Array:
        """Share of the loss that training removed, (network,)."""
        share: Array = 1 - self.loss[-1] / self.loss[0]
        return share


@dataclass(frozen=True)
class AblationTask:
    """A task on which parts of circuits are taken away.

    Attributes
    ----------
    name
        That of the task's file.
    label
        As written in figures.
    epochs
        Epochs of training.
    intact
        From the name of a theory to the circuit that ablations start from.
    shown
        The items with which inference, errors and alignment are measured; None if the task has
        none that could be shown for long, or settling takes too long.
    trained
        Trains networks.
    protocol
        In words, for the methods.
    score
        What the task itself counts, with its unit; empty if that is the loss.
    """

    name: str
    label: str
    epochs: int
    intact: Callable[[str], Intact]
    shown: Callable[[Intact, Design], Items] | None
    trained: Callable[[Intact, Design], Learnt]
    protocol: str
    score: str = ""


def _associating(theory: str) -> Intact:
    circuit = find(theory).circuit
    if isinstance(circuit, ErrorMicrocircuit):
        return replace(circuit, connectivity=macaque_binned(len(circuit.sizes)))
    return circuit


def _associated(_: Intact, design: Design) -> Items:
    task = association(design.seed, design.numbers)
    return Items(task.stimuli["trained"], task.outcomes["trained"])


def _associate(circuit: Intact, design: Design) -> Learnt:
    task, numbers = association(design.seed, design.numbers), list(design.numbers)
    learnt = train(circuit, task, design.seed, numbers, epochs_of(design), stage=None)
    epoch = BLOCK * np.arange(len(learnt.loss))
    return Learnt(
        learnt.weights, learnt.loss, epoch, learnt.diverged, learnt.oscillating, _no_score(design)
    )


def _no_score(design: Design) -> Array:
    return np.full(design.networks, np.nan)


@QUIETLY
def _taught(
    circuit: Intact,
    design: Design,
    parts: tuple[Items, Items],
    steps: int,
    shown: Items | None = None,
) -> Learnt:
    """Train on the first of two sets of items, and test on the second now and then.

    Whether activity oscillates is seen in the items that are `shown`, if there are any.
    """
    items, asked = parts
    start = circuit.initial_weights(design.seed, design.numbers)
    count = items.inputs.shape[1]
    orders = shuffled(
        design.seed, f"ablation {design.task}", design.numbers, count, epochs_of(design)
    )
    losses, weights = [_loss(circuit, start, asked)], start
    looks = np.unique(np.linspace(0, epochs_of(design), LOOKS, dtype=np.int64))
    learning = learn_held(circuit, start, items, steps, orders, diverging=True)
    for epoch, weights in enumerate(learning, start=1):
        if epoch in looks:
            losses.append(_loss(circuit, weights, asked))
    loss = np.stack(losses)
    moving = np.zeros(design.networks, dtype=bool)
    if shown is not None:
        moving = unsettled(circuit, weights, shown.inputs, unexpected(shown))
    return Learnt(weights, loss, looks, ~np.isfinite(loss[-1]), moving, _no_score(design))


def _loss(circuit: Intact, weights: Any, asked: Items) -> Array:
    error: Array = ((answers(circuit, weights, asked.inputs) - asked.targets) ** 2).mean(
        axis=(1, 2)
    )
    return error


def unexpected(shown: Items) -> Array:
    """Return the targets of items, each with that of the next one."""
    return np.roll(shown.targets, -1, axis=1)


def _part(items: Items, where: slice) -> Items:
    return Items(items.inputs[:, where], items.targets[:, where])


def _student(theory: str) -> Intact:
    circuit: Any = teacher_student.student(theory, LAYERS)
    changes: dict[str, Any] = {"feedback_noise": 0.0, "weight_scale": 2.0}
    if isinstance(circuit, ErrorMicrocircuit):
        changes["lateral_noise"] = 0.0
    else:
        changes["target"] = "rate"
    student: Intact = replace(circuit, **changes)
    return student


def _lessons(circuit: Any, design: Design) -> Items:
    data = teacher_student.teach(circuit, design.seed, design.numbers, TAUGHT)
    return Items(data.inputs, data.rates)


def _last(circuit: Intact, design: Design) -> Items:
    return _part(_lessons(circuit, design), slice(-SHOWN, None))


def _learn_from_teacher(circuit: Intact, design: Design) -> Learnt:
    lessons = _lessons(circuit, design)
    parts = _part(lessons, slice(TAUGHT)), _part(lessons, slice(-TAUGHT, None))
    return _taught(circuit, design, parts, teacher_student.HOLD, _last(circuit, design))


def _without_noise(learner: Callable[[str], Any]) -> Callable[[str], Intact]:
    def intact(theory: str) -> Intact:
        circuit: Any = learner(theory)
        silent = {"feedback_noise": 0.0}
        if isinstance(circuit, ErrorMicrocircuit):
            silent["lateral_noise"] = 0.0
        quiet: Intact = replace(circuit, **silent)
        return quiet

    return intact


POINTS = 1000


def _points(design: Design, name: str) -> tuple[Items, npt.NDArray[np.int64]]:
    rng = generator(design.seed, "ablation yin yang", name)
    inputs, classes = yin_yang.draw(rng, POINTS)
    return Items(inputs[None], np.eye(len(yin_yang.CLASSES))[classes][None]), classes


def _points_in_turn(_: Intact, design: Design) -> Items:
    items, classes = _points(design, "test")
    turn = [np.flatnonzero(classes == kind)[:6] for kind in range(len(yin_yang.CLASSES))]
    chosen = np.stack(turn, axis=1).ravel()
    return Items(items.inputs[:, chosen], items.targets[:, chosen])


def _classify(circuit: Intact, design: Design) -> Learnt:
    (items, _), (asked, classes) = _points(design, "training"), _points(design, "test")
    shown = _points_in_turn(circuit, design)
    learnt = _taught(circuit, design, (items, asked), yin_yang.YinYang().hold, shown)
    right = yin_yang.accuracy(circuit, learnt.weights, asked.inputs[0], classes)
    return replace(learnt, score=right)


def _states(_: Intact, design: Design) -> Items:
    task = cart_pole.CartPole()
    drawn = generator(design.seed, "ablation cart pole").uniform(
        -task.range, task.range, (1, 2 * task.states, 4)
    )
    return Items(drawn, task.controlled(drawn)[..., None] / task.force)


def _few_states(circuit: Intact, design: Design) -> Items:
    return _part(_states(circuit, design), slice(-SHOWN, None))


def _balance(circuit: Intact, design: Design) -> Learnt:
    task, items = cart_pole.CartPole(), _states(circuit, design)
    parts = _part(items, slice(task.states)), _part(items, slice(task.states, None))
    learnt = _taught(circuit, design, parts, task.hold, _few_states(circuit, design))
    rngs = [generator(design.seed, "ablation cart pole", n, "test") for n in design.numbers]
    acts = cart_pole.network_acts(circuit, learnt.weights, task)
    failures = cart_pole.penalties(task, acts, circuit.rest(learnt.weights, 1), rngs)
    return replace(learnt, score=np.where(learnt.diverged, np.nan, failures))


def _draw(circuit: Intact, design: Design) -> Learnt:
    items = images.items()
    return replace(_taught(circuit, design, (items, items), images.Images().hold), weights=None)


def _match(circuit: Any, design: Design) -> Learnt:
    task = match_to_sample.MatchToSample(epochs=epochs_of(design))
    nothing = np.zeros(design.networks, dtype=bool)
    try:
        found = match_to_sample.match_to_sample(circuit, design.seed, design.numbers, task)
    except DivergedError:  # it is not said which
        none = np.full((task.epochs, design.networks), np.nan)
        return Learnt(None, none, np.arange(task.epochs), ~nothing, nothing, none[0])
    loss = found["error"].values.T
    right = found["correct"].values
    return Learnt(None, loss, np.arange(len(loss)), nothing, nothing, right)


TASKS: tuple[AblationTask, ...] = (
    AblationTask(
        "association", "association", 6, _associating, _associated, _associate,
        "to associate five stimuli with five outcomes (10 inputs and four areas of 20, 15, 10 and "
        "5 neurons a role, steps of 1 ms, delays of 2 ms between areas); an epoch shows every "
        "stimulus for 300 ms and then for 100 ms with its outcome. The intact error-neuron "
        "microcircuit has the skip routes of macaque visual cortex (strengths in half-decade bins, "
        "doi:10.1371/journal.pcbi.1014164); all other theories are as in the report of theories",
    ),
    AblationTask(
        "teacher_student", "teacher and student", 60, _student, _last, _learn_from_teacher,
        "to reproduce what a random network of the same layout, 8-4-2-1, one for each network, "
        "makes of 100 random inputs (published learning rates, doi:10.1371/journal.pcbi.1014164, "
        "without its noise on feedback and lateral synapses); inputs are held for 20 steps of "
        "0.01 ms, far less than a membrane time constant. Losses are those of 100 other inputs. "
        "The intact error-neuron microcircuit has the skip route from area 1 to area 3",
    ),
    AblationTask(
        "cart_pole", "cart-pole", 5, _without_noise(lambda name: cart_pole.learner(name, "tanh")),
        _few_states, _balance,
        "to imitate a linear controller of a pole on a cart (4-4-1, 500 random states an epoch, "
        "each held for 100 steps of 0.01 ms), and put in its place for 19,999 ticks of 10 ms; "
        "losses are those of 500 other states",
        "ticks with failure",
    ),
    AblationTask(
        "match_to_sample", "delayed match to sample", 15,
        _without_noise(match_to_sample.learner), None, _match,
        "to tell after a delay whether a second stimulus was the same as the first (1-2-1, 50 "
        "trials an epoch, rates of representation neurons without lookahead); losses are those of "
        "50 other trials. Stimuli follow each other in time, so that nothing settles in which "
        "inference, errors or alignment could be compared",
        "share of trials right",
    ),
    AblationTask(
        "yin_yang", "Yin-Yang", 10, _without_noise(yin_yang.learner), _points_in_turn, _classify,
        "to tell three regions of a disc apart (4-30-3, 1000 points an epoch, each held for 10 "
        "steps of 0.01 ms, doi:10.1145/3517343.3517380); losses are those of 1000 other points",
        "share of points right",
    ),
    AblationTask(
        "images", "drawing digits", 30, _without_noise(images.learner), None, _draw,
        "to draw ten digits of 784 pixels from one-hot inputs (10-50-784, each held for 20 steps "
        "of 0.01 ms); losses are those of the same ten. Only learning is measured: to settle "
        "so many neurons step by step, with every cut, would take hours",
    ),
)  # fmt: skip


def ablation_task(name: str) -> AblationTask:
    """Return a task by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    tasks = {t.name: t for t in TASKS}
    known("--task", name, tasks)
    return tasks[name]


def epochs_of(design: Design) -> int:
    """Return how many epochs networks are trained."""
    return design.epochs or ablation_task(design.task).epochs


def intact(theory: str, task: str = "association") -> Intact:
    """Return the circuit that ablations of a theory start from.

    Raises
    ------
    ValueError
        If there is no such theory, or it cannot do the task.
    """
    return ablation_task(task).intact(theory)


def learners(task: str) -> Iterable[str]:
    """Return the names of the theories that can be trained on a task, in the order of the list."""
    from errorneurons.simulate.tasks.registry import task as entry

    return [t.name for t in THEORIES if entry(task).why_not(t.name) is None]
