"""Yin-Yang: tell in which of three regions of a disc a point lies.

A disc of radius R = 1/2 around (R, R) holds two dots of radius r = 1/10, and is parted into yin and
yang. With d_l and d_r the distances to the middles of the left and the right dot, (R/2, R) and
(3R/2, R):

===== ======================================================
dot   d_l < r or d_r < r
yin   else r < d_l <= R/2, or y > R and d_r > R/2
yang  else
===== ======================================================

Points are uniform in the disc, each class as likely as the others; the input is (x, y, 1-x, 1-y).
A network without a hidden area cannot do it, and one that learns in its output area alone does it
poorly.

Source: Kriener, Goeltz & Petrovici 2022, doi:10.1145/3517343.3517380.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array, Integers, generator
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks.held import (
    Items,
    answers_to,
    artificial,
    keeps_its_time,
    learn_held,
    shuffled_items,
)
from errorneurons.simulate.tasks.rivals import rival, rivals
from errorneurons.simulate.tasks.task import Intact, Learnt, Task, TaskDesign, quiet, taught
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.from_file import theory_named

CLASSES = ("yin", "yang", "dot")
YIN, YANG, DOT = range(3)
_SETS = ("training", "validation", "test")
RADIUS, DOT_RADIUS = 0.5, 0.1
CLASSIFIERS = (ErrorMicrocircuit.theory, Backprop.theory)
_START = 4.0
"""Start weights are U(-1, 1) * this / sqrt(fan-in)."""


@dataclass(frozen=True)
class YinYang:
    """The task.

    Attributes
    ----------
    points
        Points in training, validation and test.
    hold
        Steps that each point is shown.
    epochs
        Epochs of training.
    """

    points: tuple[int, int, int] = (5000, 1000, 1000)
    hold: int = 10
    epochs: int = 300

    def __post_init__(self) -> None:
        if min(*self.points, self.epochs, self.hold) < 1:
            raise ValueError(
                f"Yin-Yang is given {self.points} points, {self.hold} steps and {self.epochs} "
                "epochs; give 1 or more of each"
            )


def region(points: Array) -> Integers:
    """Return the class of points in the disc, an index of `CLASSES`.

    Parameters
    ----------
    points
        x and y, (..., 2), within the disc.

    Returns
    -------
    Integers
        (...).
    """
    left = np.hypot(points[..., 0] - 0.5 * RADIUS, points[..., 1] - RADIUS)
    right = np.hypot(points[..., 0] - 1.5 * RADIUS, points[..., 1] - RADIUS)
    dot = (left < DOT_RADIUS) | (right < DOT_RADIUS)
    head = (left > DOT_RADIUS) & (left <= 0.5 * RADIUS)
    yin = head | ((points[..., 1] > RADIUS) & (right > 0.5 * RADIUS))
    return np.where(dot, DOT, np.where(yin, YIN, YANG))


def draw_points(rng: np.random.Generator, count: int) -> tuple[Array, Integers]:
    """Draw points until each has the class that was drawn for it.

    Returns
    -------
    tuple
        Inputs (x, y, 1-x, 1-y), (point, 4), and classes, (point,).
    """
    wanted = rng.integers(len(CLASSES), size=count)
    points, missing = np.zeros((count, 2)), np.arange(count)
    while len(missing):
        points[missing] = rng.uniform(0, 2 * RADIUS, (len(missing), 2))
        outside = np.hypot(*(points[missing] - RADIUS).T) > RADIUS
        missing = missing[outside | (region(points[missing]) != wanted[missing])]
    return np.concatenate([points, 1 - points], axis=1), wanted


def yin_yang_learner(theory: str, *, frozen: bool = False, hidden: int = 30) -> Any:
    """Return a 4-hidden-3 circuit: tanh, then logistic.

    Noise on feedback and lateral synapses is the published one. Start weights and learning rates
    are ours: those with which online gradient descent learns the task.

    Parameters
    ----------
    theory
        One of `CLASSIFIERS`.
    frozen
        Whether only the output area learns.
    hidden
        Neurons of the hidden area; 0 for none.

    Raises
    ------
    ValueError
        If the theory is unknown, or there are fewer than 0 hidden neurons.
    """
    known("theory", theory, CLASSIFIERS)
    if hidden < 0:
        raise ValueError(f"hidden is {hidden}; give 0 or more neurons")
    first = 0.0 if frozen else 20.0
    circuit = ErrorMicrocircuit(
        layers=(4, hidden, 3) if hidden else (4, 3),
        activation=("tanh", "logistic") if hidden else ("logistic",),
        timing=Timing(1e-5, 0.0), g_apical=0.06, learning_rates=(first, 5.0) if hidden else (5.0,),
        weight_scale=_START, feedback_noise=0.5, lateral_noise=0.3,
    )  # fmt: skip
    return circuit if theory == ErrorMicrocircuit.theory else artificial(circuit)


def yin_yang_rival(theory: str) -> Any:
    """Return a 4-30-3 circuit of a theory of the report.

    Start weights are those of the others, but where predictions descend through them.
    """
    start = {} if theory_named(theory).senses_outcomes else {"weight_scale": _START}
    return rival(theory, "yin_yang", (4, 30, 3), changes=start)


def accuracy(circuit: Any, weights: Any, inputs: Array, classes: Integers) -> Array:
    """Return the share of points whose most active output is that of their class, (network,)."""
    said = answers_to(circuit, weights, inputs[None]).argmax(-1)
    right: Array = (said == classes).mean(axis=1)
    return right


def yin_yang(
    circuit: Any, seed: int, networks: Sequence[int], task: YinYang | None = None
) -> xr.Dataset:
    """Train networks to tell the regions apart.

    Parameters
    ----------
    circuit
        What `yin_yang_learner` or `yin_yang_rival` returned; targets of the latter are 1 and -1.
    seed
        Seed of the run; points depend on it alone and are shared by all networks.
    networks
        Numbers of the networks.
    task
        Default the published one.

    Returns
    -------
    xr.Dataset
        ``accuracy`` (network, epoch) in validation after each epoch, and ``score`` (network), that
        of the last epoch's networks in the test: shares of points [1].
    """
    task = task or YinYang()
    points = {
        name: draw_points(generator(seed, "yin yang", name), count)
        for name, count in zip(_SETS, task.points, strict=True)
    }
    inputs, classes = points["training"]
    wanted = np.eye(len(CLASSES))[classes][None]
    items = Items(inputs[None], 2 * wanted - 1 if keeps_its_time(circuit) else wanted)
    orders = shuffled_items(seed, "yin yang", networks, len(classes), task.epochs)
    start, after = circuit.initial_weights(seed, networks), []
    for weights in learn_held(circuit, start, items, task.hold, orders):
        after.append(accuracy(circuit, weights, *points["validation"]))
    share = {"units": "1", "long_name": "share of points told right"}
    return xr.Dataset(
        {
            "accuracy": (("network", "epoch"), np.stack(after, axis=1), share),
            "score": ("network", accuracy(circuit, weights, *points["test"]), share),
        },
        {"network": list(networks), "epoch": np.arange(1, task.epochs + 1)},
        {"theory": circuit.theory, "task": "yin_yang"},
    )


POINTS = 1000


def _points(design: TaskDesign, name: str) -> tuple[Items, Integers]:
    inputs, classes = draw_points(generator(design.seed, "ablation yin yang", name), POINTS)
    return Items(inputs[None], np.eye(len(CLASSES))[classes][None]), classes


def _points_in_turn(_: Intact, design: TaskDesign) -> Items:
    items, classes = _points(design, "test")
    turn = [np.flatnonzero(classes == kind)[:6] for kind in range(len(CLASSES))]
    chosen = np.stack(turn, axis=1).ravel()
    return Items(items.inputs[:, chosen], items.targets[:, chosen])


def _classify(circuit: Intact, design: TaskDesign) -> Learnt:
    (items, _), (asked, classes) = _points(design, "training"), _points(design, "test")
    shown = _points_in_turn(circuit, design)
    learnt = taught(circuit, design, (items, asked), YinYang().hold, shown)
    return replace(learnt, score=accuracy(circuit, learnt.weights, asked.inputs[0], classes))


TASK = Task(
    "yin_yang",
    "Yin-Yang",
    "Tell three regions of a disc apart.",
    CLASSIFIERS,
    10,
    lambda theory: quiet(yin_yang_learner(theory)),
    _classify,
    "to tell three regions of a disc apart (4-30-3, 1000 points an epoch, each held for 10 steps "
    "of 0.01 ms, doi:10.1145/3517343.3517380); losses are those of 1000 other points",
    _points_in_turn,
    "share of points right",
    lambda theory, seed, networks: yin_yang(yin_yang_learner(theory), seed, networks),
    rivals=rivals("yin_yang", CLASSIFIERS),
)
