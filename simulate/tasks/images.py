"""Drawing a digit: one of ten inputs is active, and the output is to be that digit's image.

The areas hold 10, n_R and 784 representation neurons, and the hidden area n_E error neurons: how
many of each are needed? Representation neurons without a partner get no error and do not learn.

The ten images are the first of each digit in scikit-learn's bundled set, 8 by 8 pixels, enlarged
to 28 by 28, with values from 0 to 1.

Source: doi:10.1371/journal.pcbi.1014164, Fig. 4. Learning rates, times and laterals are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks.held import (
    Items,
    artificial,
    learn_held,
    shuffled_items,
    squared_error,
    uniform_start,
)
from errorneurons.simulate.tasks.task import Intact, Learnt, Task, TaskDesign, quiet, taught
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

DIGITS, SIDE = 10, 28
PIXELS = SIDE**2
_THEORIES = (ErrorMicrocircuit.theory, Backprop.theory)


@dataclass(frozen=True)
class Images:
    """The task.

    Attributes
    ----------
    hold
        Steps that each digit is shown.
    epochs
        Epochs of training; each shows every digit once.
    start
        Start weights are U(-start, start).
    """

    hold: int = 20
    epochs: int = 100
    start: float = 0.1

    def __post_init__(self) -> None:
        for name in ("hold", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of the images is {getattr(self, name)}; give 1 or more")


@cache
def digit_images() -> Array:
    """Return one image of each digit, values from 0 to 1, (digit, pixel)."""
    from scipy.ndimage import zoom  # this and the next take a second to import
    from sklearn.datasets import load_digits

    small = load_digits()
    first = [int(np.flatnonzero(small.target == digit)[0]) for digit in range(DIGITS)]
    factor = SIDE / small.images.shape[1]
    large = [zoom(small.images[k] / 16, factor, order=1).ravel() for k in first]
    clipped: Array = np.clip(np.stack(large), 0.0, 1.0)
    return clipped


def items() -> Items:
    """Return the digits, one-hot, and their images."""
    return Items(np.eye(DIGITS)[None], digit_images()[None])


def image_learner(
    theory: str, representation: int = 50, error: int | None = None, *, lateral_noise: float = 0.0
) -> Any:
    """Return a 10-representation-784 circuit of logistic neurons.

    The change of a synapse onto the output grows with the number of rates that add up there, so
    its learning rate falls with the size of the hidden area.

    Parameters
    ----------
    theory
        One of `_THEORIES`.
    representation, error
        Representation and error neurons of the hidden area; default as many of the one as of the
        other. The artificial network has no error neurons.
    lateral_noise
        Half-width of the noise between all neurons of an area. With 784 of them and .3, noise
        is five times what a neuron gets from its partner, and nothing is learnt.

    Raises
    ------
    ValueError
        If the theory is unknown.
    """
    known("theory", theory, _THEORIES)
    circuit = ErrorMicrocircuit(
        layers=(DIGITS, representation, PIXELS), activation=("logistic", "logistic"),
        timing=Timing(1e-5, 0.0), g_apical=0.06, learning_rates=(10.0, 1000.0 / representation),
        error_layers=(representation if error is None else error, PIXELS),
        feedback_noise=0.5, lateral_noise=lateral_noise,
    )  # fmt: skip
    return circuit if theory == ErrorMicrocircuit.theory else artificial(circuit)


def images(
    circuit: Any, seed: int, networks: Sequence[int], task: Images | None = None
) -> xr.Dataset:
    """Train networks to draw digits.

    Parameters
    ----------
    circuit
        What `image_learner` returned.
    seed
        Seed of the run.
    networks
        Numbers of the networks.
    task
        Default a short one.

    Returns
    -------
    xr.Dataset
        ``error`` (network, epoch), the mean squared error over pixels and digits before and after
        each epoch, and ``score`` (network), the last of them [1].
    """
    task = task or Images()
    shown = items()
    weights = uniform_start(circuit, circuit.initial_weights(seed, networks), task.start)
    orders = shuffled_items(seed, "images", networks, DIGITS, task.epochs)
    trained = learn_held(circuit, weights, shown, task.hold, orders)
    errors = [squared_error(circuit, w, shown) for w in chain([weights], trained)]
    squared = {"units": "1", "long_name": "mean squared error of a pixel"}
    return xr.Dataset(
        {
            "error": (("network", "epoch"), np.stack(errors, axis=1), squared),
            "score": ("network", errors[-1], squared),
        },
        {"network": list(networks), "epoch": np.arange(task.epochs + 1)},
        {"theory": circuit.theory, "task": "images"},
    )


def _draw(circuit: Intact, design: TaskDesign) -> Learnt:
    return replace(taught(circuit, design, (items(), items()), Images().hold), weights=None)


TASK = Task(
    "images",
    "drawing digits",
    "Draw the image of a digit from a one-hot input.",
    _THEORIES,
    30,
    lambda theory: quiet(image_learner(theory)),
    _draw,
    "to draw ten digits of 784 pixels from one-hot inputs (10-50-784, each held for 20 steps of "
    "0.01 ms); losses are those of the same ten. Only learning is measured: to settle so many "
    "neurons step by step, with every cut, would take hours",
    reproduced=lambda theory, seed, networks: images(image_learner(theory), seed, networks),
)
