"""How the engine lays out the artificial network; see `layout`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from errorneurons.simulate.arrays import Array, Integers
from errorneurons.simulate.kernels.layout import (
    CODES,
    DERIVATIVES,
    Flags,
    Layout,
    aligned,
    axons,
    first,
    input_rows,
    is_large,
    last,
    places_of,
    views,
)
from errorneurons.simulate.theories.backprop import Backprop, State, Weights


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
    refreshed: bool
    alone: bool | None


class BackpropSynapses(NamedTuple):
    """The synapses of a block, (post, pre, network)."""

    W_input: Array
    W: Array
    B: Array


class BackpropVariables(NamedTuple):
    """Everything that changes from step to step; see `layout_error_microcircuit.Variables`."""

    u: Array
    delta: Array
    r: Array
    slope: Array
    basal: Array
    surprise: Array
    error: Array
    drive: Array
    owed: Array
    owed_before: Array
    held: Array
    input_before: Array
    shown: Array
    norm: Array
    overlap: Array
    target: Array
    line: Array
    everything: Array
    counter: Integers


def _rows(circuit: Backprop) -> dict[str, slice]:
    """Return where everything stands."""
    R = sum(circuit.sizes)
    return places_of({
        "u": R, "delta": R, "r": R, "slope": R, "basal": R, "surprise": R, "error": R,
        **input_rows(circuit.layers[0], circuit.layers[-1], R),
    })  # fmt: skip


def _recordable(circuit: Backprop) -> tuple[str, ...]:  # noqa: ARG001
    """Return what can be recorded."""
    return ("u", "delta", "r", "slope", "basal", "surprise")


def _anatomy(circuit: Backprop) -> BackpropAnatomy:
    """Lay out how the areas of a circuit are linked."""
    return BackpropAnatomy(
        first=np.concatenate([[0], np.cumsum(circuit.sizes)]),
        linked=(np.asarray(circuit.area_strengths) != 0) | (circuit.area_eta != 0),
        eta=np.array(circuit.timing.dt * circuit.area_eta),
        phi=np.array([CODES.index(name) for name in circuit.activation]),
    )


def _rules(circuit: Backprop, weights: Weights) -> BackpropRules:  # noqa: ARG001
    """Lay out the numbers and options of a circuit's equations."""
    derivative = DERIVATIVES.index(circuit.derivative)
    refreshed = circuit.feedback == "transpose"
    return BackpropRules(float(circuit.gain), derivative, refreshed, is_large(circuit) or None)


def _targets(circuit: Backprop, targets: Array) -> Array:  # noqa: ARG001
    """Return targets as the kernel takes them: rates."""
    return targets


def _synapses(circuit: Backprop, weights: Weights, block: slice) -> BackpropSynapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, W = circuit.layers[0], weights.W[block]
    return BackpropSynapses(last(W[..., :n]), last(W[..., n:]), last(weights.B[block]))


def _variables(circuit: Backprop, state: State, block: slice) -> BackpropVariables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    where, delay, R = _rows(circuit), circuit.timing.delay_steps, sum(circuit.sizes)

    def of(name: str) -> Array:
        return last(getattr(state, name)[block, 0])

    presynaptic, n = of("presynaptic"), circuit.layers[0]
    x = aligned((max(part.stop for part in where.values()), presynaptic.shape[1]))
    for name in ("u", "delta", "r", "slope", "basal"):
        x[where[name]] = of(name)
    x[where["surprise"]] = of("delta_before")
    for name in ("held", "input_before", "shown"):
        x[where[name]] = presynaptic[:n]
    line = aligned((delay + 2, 2 * R, x.shape[1]))
    line[1, :R] = presynaptic[n:]
    for i in range(delay):
        line[2 + i, :R] = last(state.r_travelling[i][block, 0])
        line[2 + i, R:] = last(state.delta_travelling[i][block, 0])
    return BackpropVariables(line=line, **views(where, x, BackpropVariables._fields))


def _final_weights(
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


def _final_state(
    circuit: Backprop, blocks: Sequence[tuple[BackpropSynapses, BackpropVariables]]
) -> State:
    """Take back the state of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    R = sum(circuit.sizes)
    line = [axons([x for _, x in blocks], i) for i in range(1, circuit.timing.delay_steps + 2)]
    return State(
        of("u"), of("delta"), of("r"), of("slope"), of("surprise"),
        np.concatenate([of("input_before"), line[0][..., :R]], axis=-1), of("basal"),
        tuple(x[..., :R] for x in line[1:]), tuple(x[..., R:] for x in line[1:]),
    )  # fmt: skip


BACKPROP_LAYOUT = Layout(
    rows=_rows, recordable=_recordable, anatomy=_anatomy, rules=_rules, targets=_targets,
    synapses=_synapses, variables=_variables, final_weights=_final_weights,
    final_state=_final_state,
)  # fmt: skip
