"""What an ablation does: learning, inference, errors of each area, and alignment with backprop.

Everything is measured on networks that differ from the intact ones in the ablation alone: the
same draws of synapses, the same stimuli, the same order of trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.circuit import Array, Circuit, World, area_slices, neurons
from errorneurons.simulate.gradient import sweep_of
from errorneurons.simulate.tasks.association import STIMULI, Association, association
from errorneurons.simulate.training import BLOCK, QUIETLY, Training, train

AREAS = ("area 1", "area 2", "area 3", "area 4")
PATIENCE, STILL, LOOK = 1.5, 1e-10, 0.05
"""A network has settled if no rate moved by more than `STILL` in `LOOK` [s]; at most `PATIENCE`."""
NO_CHANGE = 1e-9
"""A change of synapses below this share of the gradient is rounding, and has no direction."""


@dataclass(frozen=True)
class Design:
    """How many networks are trained for how long.

    Attributes
    ----------
    networks
        How many of each circuit.
    seed
        Seed of everything random.
    epochs
        Epochs of training, the same for all.
    """

    networks: int = 12
    seed: int = 1
    epochs: int = 6

    def association(self) -> Association:
        """Return the task of all networks."""
        return association(self.seed, range(self.networks))


def trained(circuit: Circuit[Any, Any], design: Design) -> Training[Any]:
    """Train networks for all epochs, whatever they learn."""
    own = list(range(design.networks))
    return train(circuit, design.association(), design.seed, own, design.epochs, stage=None)


@QUIETLY
def effects(
    circuit: Circuit[Any, Any], learnt: Training[Any], tested: Any, design: Design
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
        for a lesion, its own otherwise.
    design
        As in `trained`.

    Returns
    -------
    Dataset
        ``loss`` (network, epoch); ``removed`` (network), the share of loss removed [1];
        ``diverged`` and ``oscillating`` (network); ``output`` (network, stimulus, output_neuron),
        settled without teaching; ``error`` (network, area), the error after an unexpected minus
        after an expected outcome: root of the sum of squares over units, mean square over
        stimuli, so that idle units do not count, NaN where no error is carried; ``change`` and
        ``angle`` [deg] (network, area), as `alignment` returns them.
    """
    shown = design.association()
    change, angle = alignment(circuit, shown, design)
    epochs = BLOCK * np.arange(len(learnt.loss))
    output = _output(circuit, _settled(circuit, tested, shown, None)[1])
    return xr.Dataset(
        {
            "loss": (("network", "epoch"), learnt.loss.T),
            "removed": (("network",), learnt.removed),
            "diverged": (("network",), learnt.diverged),
            "oscillating": (("network",), learnt.oscillating),
            "output": (("network", "stimulus", "output_neuron"), output),
            "error": (("network", "area"), _error(circuit, tested, shown)),
            "change": (("network", "area"), change),
            "angle": (("network", "area"), angle),
        },
        {"epoch": epochs, "area": list(AREAS), "network": np.arange(design.networks)},
    )


def alignment(
    circuit: Circuit[Any, Any], shown: Association, design: Design
) -> tuple[Array, Array]:
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
    sweep = sweep_of(circuit)
    if sweep is None:
        nothing = np.full((design.networks, len(AREAS)), np.nan)
        return nothing, nothing
    start = circuit.initial_weights(design.seed, range(design.networks))
    stimuli, outcomes = shown.stimuli["trained"], shown.outcomes["trained"]
    before, after = _settled(circuit, start, shown, outcomes)
    per_rate = getattr(circuit, "eta", 1.0)
    moved = circuit.learn(start, before, after).W - start.W
    moved = np.divide(moved, per_rate, out=np.zeros(moved.shape), where=np.not_equal(per_rate, 0))
    wanted = sweep.negative_gradient(start.W, stimuli, outcomes)
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


def _settled(
    circuit: Circuit[Any, Any], weights: Any, shown: Association, target: Array | None
) -> tuple[Any, Any]:
    """Return the last two states once settled with the stimuli, and with teaching if there is any.

    Activity starts from rest and stands at the stimuli before teaching begins.
    """
    outcomes = shown.outcomes["trained"] if target is None else target
    world = World(shown.stimuli["trained"], outcomes, np.zeros((1, 1, 1), dtype=bool))
    before, state = _still(circuit, weights, circuit.rest(weights, STIMULI), world)
    if target is not None:
        world = replace(world, teaching=np.ones((1, 1, 1), dtype=bool))
        before, state = _still(circuit, weights, state, world)
    return before, state


def _still(circuit: Circuit[Any, Any], weights: Any, state: Any, world: World) -> tuple[Any, Any]:
    """Step until nothing moves, and return the last two states."""
    every, last = (round(time / circuit.timing.step) for time in (LOOK, PATIENCE))
    before = earlier = state
    for k in range(1, last + 1):
        before, state = state, circuit.step(weights, state, world)
        if k % every == 0:
            moved = [np.abs(state.rates[role] - earlier.rates[role]).max() for role in state.rates]
            if max(moved) < STILL:
                break
            earlier = state
    return before, state


def _output(circuit: Circuit[Any, Any], state: Any) -> Array:
    where = neurons(circuit, "representation", circuit.output_area)
    output: Array = state.rates["representation"][..., where]
    return output


def _error(circuit: Circuit[Any, Any], weights: Any, shown: Association) -> Array:
    expected, unexpected = (
        _settled(circuit, weights, shown, target)[1].rates["error"]
        for target in (shown.outcomes["trained"], shown.unexpected("trained"))
    )
    contrast = unexpected - expected
    carrying = {p.area for p in circuit.populations if p.role == "error"}
    amplitude = [
        np.sqrt((contrast[..., neurons(circuit, "error", area)] ** 2).sum(axis=2).mean(axis=1))
        if area in carrying
        else np.full(len(contrast), np.nan)
        for area in AREAS
    ]
    return np.stack(amplitude, axis=1)
