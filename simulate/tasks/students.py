"""Students of teacher networks: circuits with the published parameters, and how they start.

Source: doi:10.1371/journal.pcbi.1014164, Fig. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.parts.connectivity import macaque_binned
from errorneurons.simulate.parts.plasticity import lateral_weights
from errorneurons.simulate.refusing import known
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

Student = ErrorMicrocircuit | DendriticPC | DendriticMicrocircuit | Backprop

STUDENTS = (
    ErrorMicrocircuit.theory,
    DendriticPC.theory,
    DendriticMicrocircuit.theory,
    Backprop.theory,
)

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
    areas = len(layers) - 1
    common: dict[str, Any] = {
        "layers": layers,
        "activation": ("linear" if theory == DendriticPC.theory else "tanh",) * areas,
        "timing": Timing(1e-5, 0.0),
    }
    microcircuit, artificial, rates, lateral = RATES[layers]
    if theory == ErrorMicrocircuit.theory:
        return ErrorMicrocircuit(
            **common, g_apical=0.06, learning_rates=microcircuit,
            connectivity=macaque_binned(areas), feedback_noise=0.5, lateral_noise=0.3,
        )  # fmt: skip
    if theory == Backprop.theory:
        return Backprop(**common, learning_rates=artificial)
    dendritic: dict[str, Any] = {"g_apical": 0.06, "learning_rates": rates, "feedback_noise": 0.5}
    if theory == DendriticPC.theory:
        return DendriticPC(**common, **dendritic, lateral_rates=lateral, target="potential")
    return DendriticMicrocircuit(
        **common, **dendritic, interneuron_rates=lateral, inhibition_rates=(0.0,) * (areas - 1),
        target="potential",
    )  # fmt: skip


def untrained(circuit: Student, seed: int, networks: Sequence[int]) -> Any:
    """Draw the published start: synapses U(-1, 1) times their strength, whatever the fan-in.

    The noise on the feedback of the error microcircuit is cut element by element, as published:
    it links error neurons of one area as well, also to themselves.
    """
    weights: Any = circuit.initial_weights(seed, networks)
    rngs = [generator(seed, circuit.theory, n, "teacher student") for n in networks]
    W = np.stack([rng.uniform(-1, 1, circuit.strengths.shape) for rng in rngs])
    W = W * circuit.strengths
    transposed = np.swapaxes(W[:, :, circuit.layers[0] :], 1, 2)
    if isinstance(circuit, Backprop):
        return replace(weights, W=W, B=transposed)
    noise = np.stack([rng.uniform(-0.5, 0.5, transposed.shape[1:]) for rng in rngs])
    if isinstance(circuit, ErrorMicrocircuit):
        noise = np.triu(noise)
        sizes = circuit.sizes
        L_RE, L_ER = (
            np.stack([lateral_weights(rng, sizes, sizes, 0.3) for rng in rngs]) for _ in range(2)
        )
        return replace(
            weights, W=W, B=transposed + noise, L_RE=L_RE, L_ER=L_ER, feedback_noise=noise
        )
    noise = noise * (circuit.strengths[:, circuit.layers[0] :].T != 0)
    B = transposed + noise
    if isinstance(circuit, DendriticPC):
        return replace(weights, W=W, B=B, feedback_noise=noise, M=circuit.ideal_prediction(B, W))
    W_IP, B_PI = circuit.self_predicting(W, B)
    return replace(weights, W=W, B=B, feedback_noise=noise, W_IP=W_IP, B_PI=B_PI)
