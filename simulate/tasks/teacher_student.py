"""Learning from a teacher network, and how close synaptic changes come to backpropagation.

A student learns to reproduce what a random network of the same layout makes of random inputs.
Inputs are held for 20 steps; targets lag them by one step an area, as activity does. Every epoch
shows all training inputs, reshuffled, with a teaching signal, then the validation inputs without
one. Synapses stay plastic in both, as in the published experiment.

Two angles between a student's weight change and that of backpropagation are reported. The
``published`` one compares the projections between neighbouring areas with a `backprop` network
that has only these; ``same_skips`` compares all projections with one that has all of them.

Source: doi:10.1371/journal.pcbi.1014164, Fig. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array, area_slices, generator
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.parts.connectivity import spread
from errorneurons.simulate.tasks.held import Items
from errorneurons.simulate.tasks.rivals import rivals
from errorneurons.simulate.tasks.students import ACTIVATION, PUBLISHED_STUDENTS, Student
from errorneurons.simulate.tasks.students import STUDENTS as STUDENTS
from errorneurons.simulate.tasks.students import student as student
from errorneurons.simulate.tasks.students import untrained as untrained
from errorneurons.simulate.tasks.task import Intact, Learnt, Task, TaskDesign, part, quiet, taught
from errorneurons.simulate.theories.backprop import Backprop

HOLD = 20
SETTLING = 2000


@dataclass(frozen=True)
class Data:
    """Inputs and the teachers' settled outputs; sets are training, validation and test.

    Attributes
    ----------
    inputs
        (network or 1, set * item, input neuron).
    potentials, rates
        The teachers' outputs, (network or 1, set * item, output neuron).
    items
        Items in each set.
    """

    inputs: Array
    potentials: Array
    rates: Array
    items: int


def teach(circuit: Student, seed: int, teachers: Sequence[int] = (0,), items: int = 100) -> Data:
    """Draw inputs, and let random networks of the students' layout answer them.

    Teachers are the same for all theories, of tanh neurons also where a student is linear.

    Parameters
    ----------
    circuit
        A student.
    seed
        Seed of the run.
    teachers
        Number of the teacher, and of its inputs, of each network; one number is for all.
    items
        Items in each set.
    """
    layers, areas = circuit.layers, len(circuit.sizes)
    activation = (ACTIVATION,) * areas
    teacher = Backprop(layers=layers, activation=activation, learning_rates=(0.0,) * areas)
    rngs = [generator(seed, "teacher student", str(layers), "teacher", k) for k in teachers]
    W = np.stack([rng.uniform(-1, 1, teacher.strengths.shape) for rng in rngs]) * teacher.strengths
    inputs = np.stack([rng.uniform(0, 1, (3 * items, layers[0])) for rng in rngs])
    u, r = _feedforward(teacher, W, inputs, teacher.gain)
    return Data(inputs, u[..., teacher.output], r[..., teacher.output], items)


def _feedforward(
    circuit: Student, W: Array, inputs: Array, gain: float | Array
) -> tuple[Array, Array]:
    """Return potentials and rates of a network without feedback, (network, item, neuron)."""
    n = circuit.layers[0]
    u = np.zeros((len(W), inputs.shape[1], sum(circuit.sizes)))
    share = np.broadcast_to(gain, u.shape[-1:])
    below = np.concatenate([np.broadcast_to(inputs, (*u.shape[:2], n)), np.zeros_like(u)], -1)
    for area in area_slices(circuit.sizes):
        u[..., area] = share[area] * np.einsum("nij,ntj->nti", W[:, area], below)
        below[..., n:] = circuit.phi(u)
        below[..., n + area.stop :] = 0.0
    return u, below[..., n:]


def learn(
    circuit: Student,
    weights: Any,
    data: Data,
    seed: int,
    networks: Sequence[int],
    epochs: int,
    *,
    execution: layout.Execution | None = None,
) -> tuple[Any, xr.Dataset]:
    """Train students; return their synapses and their learning curves.

    Returns
    -------
    tuple
        Final synapses, and a Dataset with ``error`` (network, epoch, set): the mean squared
        error at the ends of presentations, in training and in validation.
    """
    rngs = [generator(seed, "teacher student", n, "order") for n in networks]
    settle = _plan(data, circuit, np.zeros((1, SETTLING // HOLD), int), False, False)
    state, before = _run(circuit, weights, settle).state, None
    errors = np.zeros((len(networks), epochs, 2))
    for epoch in range(epochs):
        training = np.stack([rng.permutation(data.items) for rng in rngs])
        validation = np.tile(data.items + np.arange(data.items), (len(rngs), 1))
        for i, order in enumerate((training, validation)):
            shows = _plan(data, circuit, order, i == 0, True)
            if i == 0:
                # The lagging teaching signal begins with what it ended with, an epoch ago.
                shows = replace(shows, target_before=before)
                before = shown(shows.targets, order)[:, -1]
            at_ends = layout.Recording((scored(circuit),), "presentation")
            out = _run(circuit, weights, shows, state=state, recording=at_ends, execution=execution)
            weights, state = out.weights, out.state
            found = out.recorded[scored(circuit)][..., circuit.output]
            squared = (found - shown(_answers(circuit, data), order)) ** 2
            errors[:, epoch, i] = squared.mean((-1, -2))
    curves = xr.Dataset(
        {"error": (("network", "epoch", "set"), errors, {"long_name": "mean squared error"})},
        {"network": list(networks), "epoch": np.arange(epochs), "set": ["training", "validation"]},
        {"theory": circuit.theory, "layers": str(circuit.layers)},
    )
    return weights, curves


def _run(circuit: Any, *arguments: Any, **options: Any) -> kernels.Run[Any, Any]:
    # Theories differ in the types of their synapses and states; here any of them will do.
    return kernels.run(circuit, *arguments, **options)


def _plan(
    data: Data, circuit: Student, order: Any, teaching: Any, learning: bool
) -> layout.Schedule:
    """Return a schedule of held inputs with targets that lag by one step an area."""
    count = order.shape[1]
    potential = getattr(circuit, "target", "rate") == "potential"
    return layout.Schedule(
        data.inputs, data.potentials if potential else data.rates, order,
        np.full(count, HOLD), np.broadcast_to(teaching, count), np.full(count, learning),
        target_lag=len(circuit.sizes),
    )  # fmt: skip


def shown(items: Array, order: Any) -> Array:
    """Return what each network is shown, (network, presentation, neuron)."""
    return np.take_along_axis(items, order[..., None], axis=1)


def is_linear(circuit: Student) -> bool:
    """Return whether a student is linear throughout; it is scored on potentials then."""
    return set(circuit.activation) == {"linear"}


def scored(circuit: Student) -> str:
    """Return what is scored: potentials of the linear dendritic_pc, else rates."""
    return "u_ahead" if is_linear(circuit) else "r"


def _answers(circuit: Student, data: Data) -> Array:
    """Return the teachers' outputs that are compared with what is scored."""
    return data.potentials if is_linear(circuit) else data.rates


def squared_errors(circuit: Student, data: Data, order: Any, recorded: Any) -> Array:
    """Return the squared error of the output in each step, (network, step)."""
    found = recorded[scored(circuit)][..., circuit.output]
    wanted = np.repeat(shown(_answers(circuit, data), order), HOLD, axis=1)
    lag = len(circuit.sizes)
    # In the first steps the output still answers the presentation before.
    wanted = np.concatenate([wanted[:, :1].repeat(lag, 1), wanted[:, : -lag or None]], axis=1)
    squared: Array = ((found - wanted) ** 2).mean(-1)
    return squared


def held_out_error(circuit: Student, weights: Any, data: Data, dropped: int = 10) -> Array:
    """Return the mean squared error over the test set, its first steps dropped, (network,)."""
    networks, items = len(weights.W), data.items
    order = np.tile(np.concatenate([[2 * items] * 10, 2 * items + np.arange(items)]), (networks, 1))
    out = _run(
        circuit, weights, _plan(data, circuit, order, False, False),
        recording=layout.Recording((scored(circuit),)),
    )  # fmt: skip
    squared = squared_errors(circuit, data, order, out.recorded)[:, 10 * HOLD :]
    mean: Array = squared[:, dropped:].mean(-1)
    return mean


def update_angles(circuit: Student, weights: Any, data: Data) -> xr.Dataset:
    """Return the angle between a student's weight change and that of backpropagation.

    Returns
    -------
    xr.Dataset
        ``angle`` (network, item, area, definition) [degrees], over the test set, at the end of
        each presentation, with synapses frozen.
    """
    networks, items = len(weights.W), data.items
    order = np.tile(2 * items + np.arange(items), (networks, 1))
    published = PUBLISHED_STUDENTS[circuit.theory]
    out = _run(
        circuit, weights, _plan(data, circuit, order, True, False),
        recording=layout.Recording(("r", *published.shows), "presentation"),
    )  # fmt: skip
    surprise = published.surprise(circuit, out.recorded)
    inputs = shown(data.inputs, order)
    below = np.concatenate([inputs, out.recorded["r"]], axis=-1)
    wanted = shown(_answers(circuit, data), order)
    chain = spread(np.eye(len(circuit.sizes), len(circuit.layers)), circuit.sizes, circuit.layers)
    angles = np.zeros((networks, items, len(circuit.sizes), 2))
    masks = (chain, (circuit.strengths != 0).astype(float))
    for i, mask in enumerate(masks):
        reference, rates = backpropagated(circuit, weights.W * mask, inputs, wanted)
        for a, area in enumerate(area_slices(circuit.sizes)):
            kept = mask[area.start] != 0
            own = surprise[..., area, None] * below[..., None, kept]
            other = reference[..., area, None] * rates[..., None, kept]
            angles[:, :, a, i] = angle(own, other)
    return xr.Dataset(
        {"angle": (("network", "item", "area", "definition"), angles, {"units": "degrees"})},
        {"area": np.arange(1, len(circuit.layers)), "definition": ["published", "same_skips"]},
        {"theory": circuit.theory, "layers": str(circuit.layers)},
    )


def backpropagated(circuit: Student, W: Array, inputs: Array, wanted: Array) -> tuple[Array, Array]:
    """Return errors and rates of a network without delays, (network, item, neuron)."""
    u, r = _feedforward(circuit, W, inputs, PUBLISHED_STUDENTS[circuit.theory].gain(circuit))
    slope = np.broadcast_to(circuit.phi.slope(u), u.shape)
    delta = np.zeros_like(u)
    delta[..., circuit.output] = slope[..., circuit.output] * (wanted - r[..., circuit.output])
    for area in reversed(area_slices(circuit.sizes)[:-1]):
        columns = slice(circuit.layers[0] + area.start, circuit.layers[0] + area.stop)
        back = np.einsum("nij,nti->ntj", W[:, :, columns], delta)
        delta[..., area] = slope[..., area] * back
    return delta, np.concatenate([inputs, r], axis=-1)


def angle(x: Array, y: Array) -> Array:
    """Return the angle between matrices of the last two dims [degrees]."""
    norms = np.sqrt((x**2).sum((-1, -2)) * (y**2).sum((-1, -2)))
    cosine = (x * y).sum((-1, -2)) / np.maximum(norms, np.finfo(float).tiny)
    degrees: Array = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return degrees


LAYERS = (8, 4, 2, 1)
LESSONS = 1000
"""Epochs of the published experiment."""
_TAUGHT, _SHOWN = 100, 20


def reproduced(theory: str, seed: int, networks: Sequence[int]) -> xr.Dataset:
    """Repeat the published experiment with one teacher for all networks.

    Returns
    -------
    xr.Dataset
        What `learn` and `update_angles` return, and ``untrained`` and ``score`` (network), the
        mean squared error over the test set before and after training.
    """
    circuit = student(theory, LAYERS)
    data, start = teach(circuit, seed), untrained(circuit, seed, networks)
    weights, curves = learn(circuit, start, data, seed, networks, LESSONS)
    return curves.assign(
        angle=update_angles(circuit, weights, data)["angle"],
        untrained=("network", held_out_error(circuit, start, data)),
        score=("network", held_out_error(circuit, weights, data)),
    )


def _lessons(circuit: Any, design: TaskDesign) -> Items:
    data = teach(circuit, design.seed, design.numbers, _TAUGHT)
    return Items(data.inputs, data.rates)


def _last(circuit: Intact, design: TaskDesign) -> Items:
    return part(_lessons(circuit, design), slice(-_SHOWN, None))


def _learn_from_teacher(circuit: Intact, design: TaskDesign) -> Learnt:
    lessons = _lessons(circuit, design)
    parts = part(lessons, slice(_TAUGHT)), part(lessons, slice(-_TAUGHT, None))
    return taught(circuit, design, parts, HOLD, _last(circuit, design))


TASK = Task(
    "teacher_student",
    "teacher and student",
    "Learn what a random network of the same layout makes of random inputs.",
    STUDENTS,
    60,
    lambda theory: quiet(student(theory, LAYERS), weight_scale=2.0, target="rate"),
    _learn_from_teacher,
    "to reproduce what a random network of the same layout, 8-4-2-1, one for each network, makes "
    "of 100 random inputs (published learning rates, doi:10.1371/journal.pcbi.1014164, without its "
    "noise on feedback and lateral synapses); inputs are held for 20 steps of 0.01 ms, far less "
    "than a membrane time constant. Losses are those of 100 other inputs. The intact error-neuron "
    "microcircuit has the skip route from area 1 to area 3",
    _last,
    reproduced=reproduced,
    rivals=rivals("teacher_student", STUDENTS),
)
