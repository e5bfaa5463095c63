"""What a task is: items, who can learn them and how, what is counted, and who cannot and why.

A file of this folder holds one task and ends in its `TASK`. What can be done with every task
follows from the entry: it is listed, circuits are trained on it and parts of them taken away, and
the published experiment is repeated.

Ablations start from circuits as the task has them, without the noise on feedback and lateral
synapses of published protocols, so that noise is something that can be added. All circuits of a
task learn from the same items in the same order, for the same number of epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.refusing import whole_number
from errorneurons.simulate.tasks.held import Items, learn_held, shuffled_items, squared_error
from errorneurons.simulate.trials.settling import unsettled
from errorneurons.simulate.trials.training import QUIETLY

Intact = Circuit[Any, Any]
LOOKS = 6
"""How often the loss is measured, before and during training."""


@dataclass(frozen=True)
class TaskDesign:
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
        Name of a task.

    Raises
    ------
    ValueError
        If a number is impossible.
    """

    networks: int = 12
    seed: int = 1
    epochs: int | None = None
    task: str = "association"

    def __post_init__(self) -> None:
        whole_number("networks", self.networks, 1)
        whole_number("seed", self.seed, 0)
        if self.epochs is not None:
            whole_number("epochs", self.epochs, 2)

    @property
    def numbers(self) -> range:
        """Numbers of the networks."""
        return range(self.networks)

    @property
    def no_score(self) -> Array:
        """The score of networks where the task counts nothing but the loss, (network,)."""
        return np.full(self.networks, np.nan)


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


Reproduce = Callable[[str, int, Sequence[int]], xr.Dataset]
"""From a theory, a seed and numbers of networks to what the published experiment measured."""


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes
    ----------
    name
        Identifier, the name of its file.
    label
        As written in figures.
    description
        One sentence.
    can
        Theories that can be trained on it; why others cannot, they say (`Theory.cannot`).
    epochs
        Epochs of training.
    intact
        From the name of a theory to the circuit that ablations start from.
    trained
        Trains networks for a number of epochs that is given.
    protocol
        In words, for the methods.
    shown
        The items with which inference, errors and alignment are measured; None if the task has
        none that could be shown for long, or settling takes too long.
    score
        What the task itself counts, with its unit; empty if that is the loss.
    reproduced
        The published experiment, noise included; None if the task is ours.
    cannot
        Controls that are no theories -> why they cannot.
    rivals
        Theories that are put to the published experiment as they are in the report, see `rivals`.
    """

    name: str
    label: str
    description: str
    can: tuple[str, ...]
    epochs: int
    intact: Callable[[str], Intact]
    trained: Callable[[Intact, TaskDesign], Learnt]
    protocol: str
    shown: Callable[[Intact, TaskDesign], Items] | None = None
    score: str = ""
    reproduced: Reproduce | None = None
    cannot: Mapping[str, str] = field(default_factory=dict)
    rivals: tuple[str, ...] = ()

    def train(self, circuit: Intact, design: TaskDesign) -> Learnt:
        """Train networks for all epochs, whatever they learn."""
        return self.trained(circuit, replace(design, epochs=design.epochs or self.epochs))


@QUIETLY
def taught(
    circuit: Intact,
    design: TaskDesign,
    parts: tuple[Items, Items],
    steps: int,
    shown: Items | None = None,
) -> Learnt:
    """Train on the first of two sets of items, and test on the second now and then.

    Parameters
    ----------
    circuit, design
        What is trained, for how many epochs.
    parts
        Items to learn, and to test on.
    steps
        Steps that each item is held.
    shown
        Items in which is seen whether activity oscillates, if there are any.
    """
    items, asked = parts
    epochs = design.epochs or 0
    start = circuit.initial_weights(design.seed, design.numbers)
    count = items.inputs.shape[1]
    orders = shuffled_items(design.seed, f"ablation {design.task}", design.numbers, count, epochs)
    losses, weights = [squared_error(circuit, start, asked)], start
    looks = np.unique(np.linspace(0, epochs, LOOKS, dtype=np.int64))
    learning = learn_held(circuit, start, items, steps, orders, diverging=True)
    for epoch, weights in enumerate(learning, start=1):
        if epoch in looks:
            losses.append(squared_error(circuit, weights, asked))
    loss = np.stack(losses)
    moving = np.zeros(design.networks, dtype=bool)
    if shown is not None:
        moving = unsettled(circuit, weights, shown.inputs, unexpected(shown))
    return Learnt(weights, loss, looks, ~np.isfinite(loss[-1]), moving, design.no_score)


def unexpected(shown: Items) -> Array:
    """Return the targets of items, each with that of the next one."""
    return np.roll(shown.targets, -1, axis=1)


def part(items: Items, where: slice) -> Items:
    """Return some of the items."""
    return Items(items.inputs[:, where], items.targets[:, where])


def quiet(circuit: Any, **changes: Any) -> Intact:
    """Return a circuit without noise on its synapses, and with other changes where it has them."""
    known = {f.name for f in fields(circuit)}
    silent = {"feedback_noise": 0.0, "lateral_noise": 0.0} | changes
    without: Intact = replace(circuit, **{n: v for n, v in silent.items() if n in known})
    return without
