"""Settled responses of frozen networks, all trials at once, without stepping through time.

Without a teaching signal, and while nothing descends, areas depend on lower areas only: one
matrix product an area gives the state that stepping would settle in.
"""

from __future__ import annotations

import numpy as np

from errorneurons.simulate.arrays import Array, area_slices, matvec
from errorneurons.simulate.theories import backprop, error_microcircuit
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit


def settled(
    circuit: ErrorMicrocircuit | Backprop,
    weights: error_microcircuit.Weights | backprop.Weights,
    inputs: Array,
) -> tuple[Array, Array]:
    """Return what representation neurons settle to without a teaching signal.

    Parameters
    ----------
    circuit
        A circuit in which nothing descends without a teaching signal.
    weights
        Its synapses.
    inputs
        Rates of the input, (network or 1, trial, input neuron).

    Returns
    -------
    tuple
        Potentials and rates, each (network, trial, neuron).

    Raises
    ------
    ValueError
        If errors descend without a teaching signal: then only stepping finds the state.
    """
    tuning, W = None, weights.W
    if isinstance(weights, error_microcircuit.Weights):
        tuning, W = weights.tuning, weights.ascending
    if isinstance(circuit, ErrorMicrocircuit):
        _check_silent(circuit)
        gain = circuit.tau * circuit.g_basal
    elif isinstance(circuit, Backprop):
        gain = circuit.gain
    else:
        raise ValueError(
            f"{getattr(circuit, 'theory', circuit)} has feedback at rest; step it until it settles"
        )
    n, shape = circuit.layers[0], (len(weights.W), inputs.shape[1], sum(circuit.sizes))
    u = np.zeros(shape)
    presynaptic = np.concatenate([np.broadcast_to(inputs, (*shape[:2], n)), np.zeros(shape)], -1)
    for area in area_slices(circuit.sizes):
        reach = n + area.start
        u[..., area] = gain * matvec(W[:, area, :reach], presynaptic[..., :reach])
        rates = circuit.phi(u, tuning)
        presynaptic[..., n + area.start : n + area.stop] = rates[..., area]
    return u, presynaptic[..., n:]


def _check_silent(circuit: ErrorMicrocircuit) -> None:
    at_rest = circuit.phi_error(np.zeros(sum(circuit.error_sizes)))
    reasons = {
        "sensory_leak": bool(np.any(circuit.sensory_leak)),
        "absent_target": circuit.absent_target != "silent",
        "error_activation (active at rest)": bool(np.any(at_rest)),
        "error_variability (active at rest)": circuit.error_variability != 0,
    }
    for name, holds in reasons.items():
        if holds:
            raise ValueError(
                f"with this {name} errors descend without a teaching signal; "
                "step the circuit until it settles"
            )
