"""How the engine lays out the artificial network; see `layout`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from errorneurons.simulate.circuit import Array
from errorneurons.simulate.layout import CODES, DERIVATIVES, Flags, Integers, first, is_large, last
from errorneurons.simulate.models.backprop import Backprop, State, Weights


class BackpropAnatomy(NamedTuple):
    """What all networks of a run share; see `layout.Anatomy`."""

    first: Integers
    linked: Flags
    eta: Array
    phi: Integers


class BackpropRules(NamedTuple):
    """The numbers and options of the equations."""

    gain: float
    derivative: int
    large: bool


class BackpropSynapses(NamedTuple):
    """The synapses of a block, (post, pre, network)."""

    W_input: Array
    W: Array
    B: Array


class BackpropVariables(NamedTuple):
    """Everything that changes from step to step, (neuron, network); see `layout.Variables`."""

    u: Array
    delta: Array
    r: Array
    slope: Array
    basal: Array
    surprise: Array
    r_line: Array
    e_line: Array
    input_before: Array
    target: Array
    counter: Integers


class BackpropRecorded(NamedTuple):
    """What is written down, (record, neuron, network), empty where not asked for."""

    u: Array
    delta: Array
    r: Array
    slope: Array
    basal: Array
    surprise: Array
    each_step: bool


RECORDED = BackpropRecorded


def room(circuit: Backprop, name: str) -> int:  # noqa: ARG001
    """Return how many neurons a recorded quantity has."""
    return sum(circuit.sizes)


def anatomy(circuit: Backprop) -> BackpropAnatomy:
    """Lay out how the areas of a circuit are linked."""
    return BackpropAnatomy(
        first=np.concatenate([[0], np.cumsum(circuit.sizes)]),
        linked=(np.asarray(circuit.area_strengths) != 0) | (circuit.area_eta != 0),
        eta=np.array(circuit.timing.dt * circuit.area_eta),
        phi=np.array([CODES.index(name) for name in circuit.activation]),
    )


def rules(circuit: Backprop, weights: Weights) -> BackpropRules:  # noqa: ARG001
    """Lay out the numbers and options of a circuit's equations."""
    derivative = DERIVATIVES.index(circuit.derivative)
    return BackpropRules(float(circuit.gain), derivative, is_large(circuit))


def targets(circuit: Backprop, targets: Array) -> Array:  # noqa: ARG001
    """Return targets as the kernel takes them: rates."""
    return targets


def synapses(circuit: Backprop, weights: Weights, block: slice) -> BackpropSynapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, W = circuit.layers[0], weights.W[block]
    return BackpropSynapses(last(W[..., :n]), last(W[..., n:]), last(weights.B[block]))


def variables(circuit: Backprop, state: State, block: slice) -> BackpropVariables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    u, delta, r, slope, used, basal = (
        last(getattr(state, name)[block, 0])
        for name in ("u", "delta", "r", "slope", "delta_before", "basal")
    )
    delay = circuit.timing.delay_steps
    presynaptic = last(state.presynaptic[block, 0])
    r_line, e_line = np.zeros((delay + 2, *u.shape)), np.zeros((delay + 2, *u.shape))
    r_line[1] = presynaptic[circuit.layers[0] :]
    for i in range(delay):
        r_line[2 + i] = last(state.r_travelling[i][block, 0])
        e_line[2 + i] = last(state.delta_travelling[i][block, 0])
    return BackpropVariables(
        u, delta, r, slope, basal, used, r_line, e_line,
        presynaptic[: circuit.layers[0]].copy(), np.zeros((circuit.sizes[-1], u.shape[1])),
        np.zeros(3, np.int64),
    )  # fmt: skip


def final_weights(
    circuit: Backprop,  # noqa: ARG001
    weights: Weights,  # noqa: ARG001
    blocks: Sequence[tuple[BackpropSynapses, BackpropVariables]],
) -> Weights:
    """Take back the synapses of all blocks."""
    W_input, W, B = (
        np.concatenate([first(getattr(s, name)) for s, _ in blocks])
        for name in ("W_input", "W", "B")
    )
    return Weights(np.concatenate([W_input, W], axis=-1), B)


def final_state(
    circuit: Backprop, blocks: Sequence[tuple[BackpropSynapses, BackpropVariables]]
) -> State:
    """Take back the state of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    def line(name: str, i: int) -> Array:
        parts = []
        for _, x in blocks:
            axon = getattr(x, name)
            parts.append(first(axon[(x.counter[0] + i) % len(axon)]))
        return np.concatenate(parts)[:, None]

    delay = range(2, circuit.timing.delay_steps + 2)
    return State(
        of("u"), of("delta"), of("r"), of("slope"), of("surprise"),
        np.concatenate([of("input_before"), line("r_line", 1)], axis=-1), of("basal"),
        tuple(line("r_line", i) for i in delay), tuple(line("e_line", i) for i in delay),
    )  # fmt: skip
