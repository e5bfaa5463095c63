"""What an ablation does: learning, inference, errors of each area, and alignment with backprop.

Everything is measured on networks that differ from the intact ones in the ablation alone: the
same draws of synapses, the same stimuli, the same order of trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.ablations.alignment import feedback_angles
from errorneurons.simulate.arrays import Array, area_slices
from errorneurons.simulate.circuit import Circuit, neurons
from errorneurons.simulate.feedforward import Sweep
from errorneurons.simulate.tasks.held import Items
from errorneurons.simulate.tasks.registry import task
from errorneurons.simulate.tasks.task import Learnt, TaskDesign, unexpected
from errorneurons.simulate.trials.settling import settled, unsettled
from errorneurons.simulate.trials.training import QUIETLY

NO_CHANGE = 1e-9
"""A change of synapses below this share of the gradient is rounding, and has no direction."""


def areas_of(circuit: Circuit[Any, Any]) -> tuple[str, ...]:
    """Return the names of the areas that have representation neurons, lowest first."""
    own = [p.area for p in circuit.populations if p.role == "representation" and p.level > 0]
    return tuple(dict.fromkeys(own))


def trained(circuit: Circuit[Any, Any], design: TaskDesign) -> Learnt:
    """Train networks for all epochs, whatever they learn."""
    return task(design.task).train(circuit, design)


def transplanted(
    circuit: Circuit[Any, Any], trained: Mapping[str, Array], design: TaskDesign
) -> Any:
    """Return the synapses of trained intact networks, with whatever an ablation adds to them."""
    return replace(circuit.initial_weights(design.seed, design.numbers), **trained)


@QUIETLY
def effects_of_ablations(
    circuit: Circuit[Any, Any], learnt: Learnt, tested: Any, design: TaskDesign
) -> xr.Dataset:
    """Measure a circuit.

    Parameters
    ----------
    circuit
        Intact or ablated.
    learnt
        How its own networks were trained.
    tested
        Synapses on which inference and errors are measured: those of the intact trained networks
        for a lesion, its own otherwise. None if the task has no items to measure them with.
    design
        As in `trained`.

    Returns
    -------
    Dataset
        ``loss`` (network, epoch); ``removed`` (network), the share of loss removed [1]; ``score``
        (network), what the task counts, NaN if that is the loss; ``diverged``, ``oscillating`` and
        ``unsettled`` (network), of training and of the synapses that are tested; ``output``
        (network, stimulus, output_neuron), settled without teaching; ``error`` (network, area),
        the error after an unexpected minus after an expected outcome: root of the sum of squares
        over units, mean square over stimuli, so that idle units do not count, NaN where no error
        is carried; ``change`` and ``angle`` [deg] (network, area), as `alignment` returns them;
        ``feedback_start`` and ``feedback`` [deg] (network, area), the angle between the feedback
        from the next area and the transpose of the forward synapses, before and after training.
    """
    areas = areas_of(circuit)
    data = xr.Dataset(
        {
            "loss": (("network", "epoch"), learnt.loss.T),
            "removed": (("network",), learnt.removed),
            "score": (("network",), learnt.score),
            "diverged": (("network",), learnt.diverged),
            "oscillating": (("network",), learnt.oscillating),
        },
        {"epoch": learnt.epoch, "area": list(areas), "network": list(design.numbers)},
    )
    shown = task(design.task).shown
    if shown is None or tested is None:
        return data
    items = shown(circuit, design)
    by_area, start = ("network", "area"), circuit.initial_weights(design.seed, design.numbers)
    change, angle = alignment(circuit, items, design)
    return data.assign(
        unsettled=("network", unsettled(circuit, tested, items.inputs, unexpected(items))),
        output=(("network", "stimulus", "output_neuron"), _output(circuit, tested, items)),
        error=(by_area, _error(circuit, tested, items)),
        change=(by_area, change),
        angle=(by_area, angle),
        feedback_start=(by_area, _feedback(circuit, start)),
        feedback=(by_area, _feedback(circuit, learnt.weights)),
    )


def alignment(circuit: Circuit[Any, Any], shown: Items, design: TaskDesign) -> tuple[Array, Array]:
    """Return how far and in which direction an outcome changes untrained synapses.

    Parameters
    ----------
    circuit
        The circuit.
    shown
        Stimuli and outcomes.
    design
        How many networks, and their seed.

    Returns
    -------
    change, angle
        (network, area): the norm of the change, and its angle to the negative gradient of the
        squared error of the circuit's own feedforward output [deg]. The change is taken per unit
        of learning rate, so that the grading of learning rates does not count as misalignment,
        from the settled state, and is summed over the stimuli. The angle is NaN in an area whose
        synapses do not change; both are NaN in a theory whose inference is no feedforward sweep.
    """
    start = circuit.initial_weights(design.seed, design.numbers)
    sweep = circuit.sweep(start)
    if sweep is None:
        nothing = np.full((design.networks, len(areas_of(circuit))), np.nan)
        return nothing, nothing
    before, after = settled(circuit, start, shown.inputs, shown.targets)
    per_rate = getattr(circuit, "eta", 1.0)
    moved = circuit.learn(start, before, after).W - start.W
    moved = np.divide(moved, per_rate, out=np.zeros(moved.shape), where=np.not_equal(per_rate, 0))
    return _compared(moved, sweep, shown)


def _compared(moved: Array, sweep: Sweep, shown: Items) -> tuple[Array, Array]:
    wanted = sweep.negative_gradient(shown.inputs, shown.targets)
    areas = area_slices(sweep.layers[1:])
    both = [(_flat(moved[:, rows]), _flat(wanted[:, rows])) for rows in areas]
    change = np.stack([np.linalg.norm(own, axis=1) for own, _ in both], axis=1)
    return change, np.stack([_angle(own, ideal) for own, ideal in both], axis=1)


def _flat(blocks: Array) -> Array:
    return blocks.reshape(len(blocks), -1)


def _angle(own: Array, ideal: Array) -> Array:
    size, other = np.linalg.norm(own, axis=1), np.linalg.norm(ideal, axis=1)
    known = size > NO_CHANGE * other
    cosine = (own * ideal).sum(axis=1) / np.where(known, size * other, 1.0)
    angle: Array = np.where(known, np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.nan)
    return angle


def _feedback(circuit: Any, weights: Any) -> Array:
    """Return the angle of the feedback from the next area to the transpose, (network, area)."""
    areas = len(areas_of(circuit))
    angles = np.full((len(next(iter(vars(weights).values()))), areas), np.nan)
    B = getattr(weights, "B", getattr(weights, "Y", None))
    size = sum(circuit.layers[1:])
    if B is None or B.shape[-1] != size or "error_feedback" in circuit.cut:
        return angles
    between = feedback_angles(circuit.layers, weights.W, B)
    for area in range(areas - 1):
        angles[:, area] = between[:, area, area + 1]
    return angles


def _output(circuit: Circuit[Any, Any], weights: Any, shown: Items) -> Array:
    where = neurons(circuit, "representation", circuit.output_area)
    state = settled(circuit, weights, shown.inputs)[1]
    output: Array = state.rates["representation"][..., where]
    return output


def _error(circuit: Circuit[Any, Any], weights: Any, shown: Items) -> Array:
    carrying = {p.area for p in circuit.populations if p.role == "error"}
    if not carrying:
        return np.full((len(shown.targets), len(areas_of(circuit))), np.nan)
    expected, other = (
        settled(circuit, weights, shown.inputs, target)[1].rates["error"]
        for target in (shown.targets, unexpected(shown))
    )
    contrast = other - expected
    amplitude = [
        np.sqrt((contrast[..., neurons(circuit, "error", area)] ** 2).sum(axis=2).mean(axis=1))
        if area in carrying
        else np.full(len(contrast), np.nan)
        for area in areas_of(circuit)
    ]
    return np.stack(amplitude, axis=1)
