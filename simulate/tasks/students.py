"""Students of teacher networks: circuits with the published parameters, and how they start.

Source: doi:10.1371/journal.pcbi.1014164, Fig. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.parts.connectivity import macaque_binned
from errorneurons.simulate.parts.plasticity import lateral_weights
from errorneurons.simulate.refusing import known
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

Student = ErrorMicrocircuit | DendriticPC | DendriticMicrocircuit | Backprop

ACTIVATION = "tanh"
"""Activation function of all teachers, and of all students but `dendritic_pc`."""

#: Published learning rates, input side first [1/ms]: of W in the error microcircuit and in
#: backprop, and of W and of lateral synapses in the two theories with apical errors.
RATES: dict[tuple[int, ...], tuple[tuple[float, ...], ...]] = {
    (2, 1): ((1.0,), (1.0,), (1.0,), ()),
    (4, 2, 1): ((2.0, 0.2), (2.0, 0.2), (0.1, 0.02), (0.04,)),
    (8, 4, 2, 1): ((1.0, 0.2, 0.05), (1.0, 0.2, 0.05), (0.1, 0.02, 0.002), (0.04, 0.004)),
    (16, 8, 4, 2, 1): (
        (2.0, 0.5, 0.125, 0.03125), (2.0, 0.5, 0.1, 0.01),
        (0.1, 0.01, 0.002, 0.001), (0.02, 0.004, 0.002),
    ),
    (32, 16, 8, 4, 2, 1): (
        (1.0, 0.2, 0.1, 0.05, 0.01), (1.0, 0.2, 0.1, 0.05, 0.01),
        (1.0, 0.2, 0.1, 0.05, 0.01), (0.4, 0.2, 0.1, 0.02),
    ),
}  # fmt: skip


_Start = Callable[[Any, Any, Sequence[np.random.Generator]], Any]


@dataclass(frozen=True)
class Published:
    """How a theory takes part in the experiment.

    Attributes
    ----------
    build
        Parameters that all share, and an entry of `RATES` -> circuit.
    start
        Circuit, its untrained synapses with W as published, and what draws the rest, one a
        network -> the published start.
    shows
        What must be recorded beside rates for `surprise`.
    surprise
        Circuit and recorded activity -> the postsynaptic factor of plasticity,
        (network, item, neuron).
    gain
        Circuit -> the share of the basal potential in a soma that nothing else drives.
    """

    build: Callable[[dict[str, Any], tuple[tuple[float, ...], ...]], Student]
    start: _Start
    shows: tuple[str, ...]
    surprise: Callable[[Any, Mapping[str, Array]], Array]
    gain: Callable[[Any], float | Array]


def _microcircuit(common: dict[str, Any], rates: tuple[tuple[float, ...], ...]) -> Student:
    areas = len(common["layers"]) - 1
    return ErrorMicrocircuit(
        **common, g_apical=0.06, learning_rates=rates[0],
        connectivity=macaque_binned(areas), feedback_noise=0.5, lateral_noise=0.3,
    )  # fmt: skip


def _dendritic(rates: tuple[tuple[float, ...], ...]) -> dict[str, Any]:
    return {
        "g_apical": 0.06, "learning_rates": rates[2], "feedback_noise": 0.5, "target": "potential",
    }  # fmt: skip


def _dendritic_pc(common: dict[str, Any], rates: tuple[tuple[float, ...], ...]) -> Student:
    linear = {"activation": ("linear",) * len(common["activation"])}
    return DendriticPC(**(common | linear), **_dendritic(rates), lateral_rates=rates[3])


def _dendritic_microcircuit(
    common: dict[str, Any], rates: tuple[tuple[float, ...], ...]
) -> Student:
    return DendriticMicrocircuit(
        **common, **_dendritic(rates), interneuron_rates=rates[3],
        inhibition_rates=(0.0,) * (len(common["layers"]) - 2),
    )  # fmt: skip


def _transposed(circuit: Student, W: Array) -> Array:
    return np.swapaxes(W[:, :, circuit.layers[0] :], 1, 2)


def _noise(circuit: Student, rngs: Sequence[np.random.Generator]) -> Array:
    R = sum(circuit.sizes)
    return np.stack([rng.uniform(-0.5, 0.5, (R, R)) for rng in rngs])


def _mirrored(circuit: Backprop, weights: Any, rngs: Sequence[np.random.Generator]) -> Any:  # noqa: ARG001
    return replace(weights, B=_transposed(circuit, weights.W))


def _descending(
    circuit: ErrorMicrocircuit, weights: Any, rngs: Sequence[np.random.Generator]
) -> Any:
    """Return synapses with the published noise on the feedback, cut element by element.

    It links error neurons of one area as well, also to themselves.
    """
    noise, sizes = np.triu(_noise(circuit, rngs)), circuit.sizes
    L_RE, L_ER = (
        np.stack([lateral_weights(rng, sizes, sizes, 0.3) for rng in rngs]) for _ in range(2)
    )
    B = _transposed(circuit, weights.W) + noise
    return replace(weights, B=B, L_RE=L_RE, L_ER=L_ER, feedback_noise=noise)


def _to_apical(
    circuit: DendriticPC | DendriticMicrocircuit, weights: Any, rngs: Sequence[np.random.Generator]
) -> Any:
    noise = _noise(circuit, rngs) * (circuit.strengths[:, circuit.layers[0] :].T != 0)
    return replace(weights, B=_transposed(circuit, weights.W) + noise, feedback_noise=noise)


def _predicted(circuit: DendriticPC, weights: Any, rngs: Sequence[np.random.Generator]) -> Any:
    weights = _to_apical(circuit, weights, rngs)
    return replace(weights, M=circuit.ideal_prediction(weights.B, weights.W))


def _self_predicting(
    circuit: DendriticMicrocircuit, weights: Any, rngs: Sequence[np.random.Generator]
) -> Any:
    weights = _to_apical(circuit, weights, rngs)
    W_IP, B_PI = circuit.self_predicting(weights.W, weights.B)
    return replace(weights, W_IP=W_IP, B_PI=B_PI)


def _apical_surprise(circuit: Any, recorded: Mapping[str, Array]) -> Array:
    found: Array = circuit.surprise(
        circuit.plasticity, recorded["u_ahead"], recorded["r"], recorded["basal"]
    )
    return found


PUBLISHED_STUDENTS: dict[str, Published] = {
    ErrorMicrocircuit.theory: Published(
        _microcircuit, _descending, ("u_ahead", "basal"),
        lambda c, recorded: recorded["u_ahead"] - c.tau * c.g_basal * recorded["basal"],
        lambda c: c.tau * c.g_basal,
    ),
    DendriticPC.theory: Published(
        _dendritic_pc, _predicted, ("u_ahead", "basal"), _apical_surprise,
        lambda c: c.attenuation,
    ),
    DendriticMicrocircuit.theory: Published(
        _dendritic_microcircuit, _self_predicting, ("u_ahead", "basal"), _apical_surprise,
        lambda c: c.attenuation,
    ),
    Backprop.theory: Published(
        lambda common, rates: Backprop(**common, learning_rates=rates[1]), _mirrored, ("delta",),
        lambda _, recorded: recorded["delta"], lambda c: c.gain,
    ),
}  # fmt: skip
STUDENTS = tuple(PUBLISHED_STUDENTS)


def student(theory: str, layers: tuple[int, ...]) -> Student:
    """Return a circuit with the published parameters.

    Raises
    ------
    ValueError
        If the theory is unknown, or there are no published rates for these layers.
    """
    known("theory", theory, STUDENTS)
    if layers not in RATES:
        raise ValueError(f"no learning rates are given for layers {layers}; use {list(RATES)}")
    common: dict[str, Any] = {
        "layers": layers,
        "activation": (ACTIVATION,) * (len(layers) - 1),
        "timing": Timing(1e-5, 0.0),
    }
    return PUBLISHED_STUDENTS[theory].build(common, RATES[layers])


def untrained(circuit: Student, seed: int, networks: Sequence[int]) -> Any:
    """Draw the published start: synapses U(-1, 1) times their strength, whatever the fan-in."""
    weights: Any = circuit.initial_weights(seed, networks)
    rngs = [generator(seed, circuit.theory, n, "teacher student") for n in networks]
    W = np.stack([rng.uniform(-1, 1, circuit.strengths.shape) for rng in rngs])
    weights = replace(weights, W=W * circuit.strengths)
    return PUBLISHED_STUDENTS[circuit.theory].start(circuit, weights, rngs)
