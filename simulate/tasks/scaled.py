"""Teacher and student of any size: areas of equally many neurons, as many of them as wanted.

A student learns what a random network of its layout makes of random inputs. Start weights are drawn
so that activity neither fades nor grows from area to area, and one item moves synapses by about the
same share of what they lack, however many neurons and areas there are; rates of the microcircuit
make up for what errors lose on their way down. So size alone differs; that is not so in the
published networks, whose noise on feedback does not fall with the fan-in.

============== ==================================================================
start          U(-1, 1) sqrt(3 / fan-in) / gain,  gain = g_bas / (g_L + g_bas)
learning rate  a step of gradient descent of .5 / (areas n) an item
hold           five steps an area, and ten more
============== ==================================================================

Nothing is published of these networks but that the microcircuit keeps up with the artificial one.
"""

from __future__ import annotations

import time
import tracemalloc
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array, area_slices, generator
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.kernels.layout import Schedule
from errorneurons.simulate.tasks.held import (
    Items,
    advanced,
    artificial,
    learn_held,
    paced,
    squared_error,
)
from errorneurons.simulate.tasks.held import shuffled_items as shuffled
from errorneurons.simulate.tasks.teacher_student import angle
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

SIZED = (ErrorMicrocircuit.theory, Backprop.theory)
_ITEMS, _ASKED = 40, 3
_SHARE = 0.5
_SQUARES = 24
BUDGET = 2.4e9
"""What networks that are trained together may take, so that a run fits into 4 GB [byte]."""
_G_LEAK, _G_BASAL = 0.03, 0.1
_TIMING = Timing(1e-5, 0.0)


@dataclass(frozen=True)
class Grown:
    """What came of students of one size.

    Attributes
    ----------
    untrained, error
        Mean squared error of settled outputs, before and after training, (network,). As there are
        fewer items than inputs in large networks, it is that of the items that were learnt.
    angles
        Between their change of synapses and backpropagation's, of trained students, means over
        items, (network, area) [deg].
    seconds
        CPU time of training, for each network and item [s].
    peak
        The most memory that training took beside what was there before, for each network [byte].
    """

    untrained: Array
    error: Array
    angles: Array
    seconds: float
    peak: float


def sized(theory: str, areas: int, neurons: int) -> Any:
    """Return a chain of areas of equally many neurons, tanh, without noise on its synapses.

    Parameters
    ----------
    theory
        One of `SIZED`.
    areas, neurons
        Areas above the input, and neurons of each and of the input.
    """
    rate = _SHARE / (areas * neurons * _TIMING.dt * hold_of(areas))
    circuit = ErrorMicrocircuit(
        layers=(neurons,) * (areas + 1), activation=("tanh",) * areas, timing=_TIMING,
        g_leak=_G_LEAK, g_basal=_G_BASAL, g_apical=0.0006, learning_rates=(1.0,) * areas,
        weight_scale=np.sqrt(3) * (_G_LEAK + _G_BASAL) / _G_BASAL,
    )  # fmt: skip
    # whatever the error loses on its way down is made up for, as rates are gradients of one size
    lost = np.diagonal(artificial(circuit).area_eta)
    if theory == Backprop.theory:
        return replace(artificial(circuit), learning_rates=(rate,) * areas)
    return replace(circuit, learning_rates=tuple((rate / lost).tolist()))


def affordable(circuit: Any, networks: int, budget: float = BUDGET) -> int:
    """Return how many of so many networks are run, so that together they fit into memory.

    Synapses are kept as squares of all neurons; training and angles take `_SQUARES` of them.

    Parameters
    ----------
    circuit
        What is to be trained.
    networks
        As many as are wanted.
    budget
        What they may take [byte].

    Raises
    ------
    ValueError
        If one network does not fit.
    """
    neurons, inputs = sum(circuit.sizes), circuit.layers[0]
    each = _SQUARES * 8.0 * neurons * (neurons + inputs)
    if each > budget:
        raise ValueError(
            f"{len(circuit.sizes)} areas of {inputs} neurons take {each / 1e9:.1f} GB a network, "
            f"of {budget / 1e9:.1f} GB that may be taken; give fewer areas or neurons"
        )
    return min(networks, int(budget / each))


def hold_of(areas: int) -> int:
    """Return for how many steps an item is shown: up, down, and half as long again."""
    return 5 * areas + 10


def grown(circuit: Any, seed: int, networks: Sequence[int], epochs: int) -> Grown:
    """Train students, each of its own teacher, and say what became of them and what it took."""
    lessons, asked = _lessons(circuit, seed, networks)
    start = circuit.initial_weights(seed, networks)
    hold, presented = hold_of(len(circuit.sizes)), epochs * _ITEMS * len(networks)
    warm = learn_held(circuit, start, lessons, hold, shuffled(seed, "size", networks, 1, 1))
    next(warm)  # what is compiled in the first run is not counted
    tracemalloc.start()
    began = time.process_time()
    orders = shuffled(seed, "size", networks, _ITEMS, epochs)
    # only the last synapses are kept: they are most of the memory
    (weights,) = deque(learn_held(circuit, start, lessons, hold, orders), maxlen=1)
    seconds = time.process_time() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Grown(
        squared_error(circuit, start, lessons), squared_error(circuit, weights, lessons),
        update_directions(circuit, weights, asked), seconds / presented, peak / len(networks),
    )  # fmt: skip


def _lessons(circuit: Any, seed: int, networks: Sequence[int]) -> tuple[Items, Items]:
    """Return items to learn and to be asked, of a teacher for each network."""
    areas, neurons = len(circuit.sizes), circuit.layers[0]
    teacher = sized(Backprop.theory, areas, neurons)
    name = f"teacher of {areas} times {neurons}"
    rngs = [generator(seed, "size", network, name) for network in networks]
    inputs = np.stack([rng.uniform(-1, 1, (_ITEMS + _ASKED, neurons)) for rng in rngs])
    teachers = teacher.initial_weights(seed + 1, networks)
    targets = teacher.sweep(teachers).output(inputs)
    return (
        Items(inputs[:, :_ITEMS], targets[:, :_ITEMS]),
        Items(inputs[:, _ITEMS:], targets[:, _ITEMS:]),
    )


def update_directions(circuit: Any, weights: Any, asked: Items) -> Array:
    """Return the angle between a circuit's change of synapses and backpropagation's.

    Parameters
    ----------
    circuit, weights
        Networks; synapses are frozen until each item has settled with its target.
    asked
        Items that were not learnt.

    Returns
    -------
    Array
        (network, area) [deg], mean over items; NaN where inference is no feedforward sweep, which
        has no gradient to compare with.
    """
    areas, found = area_slices(circuit.layers[1:]), []
    sweep, told = circuit.sweep(weights), np.full((1, 1, 1), True)
    if sweep is None:
        return np.full((len(weights.W), len(areas)), np.nan)
    taught, untaught = paced(circuit, hold_of(len(areas)))
    for item in range(asked.inputs.shape[1]):
        inputs, target = (x[:, item : item + 1] for x in (asked.inputs, asked.targets))
        # the engine would lay out eight networks where there is one, which large ones do not fit
        shows = Schedule(
            inputs, target, np.zeros((1, 1), int), np.array([taught - 1]), told[0, 0], ~told[0, 0]
        )
        rest = circuit.rest(weights, 1)
        before = advanced(circuit, weights, shows, rest, untaught=untaught).state
        state = circuit.step(weights, before, World(inputs, target, told))
        own = circuit.learn(weights, before, state).W - weights.W
        wanted = sweep.negative_gradient(inputs, target)
        found.append([angle(own[:, area], wanted[:, area]) for area in areas])
    mean: Array = np.mean(found, axis=0).T
    return mean
