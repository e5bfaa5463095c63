"""How the engine lays out the two theories with apical errors; see `layout`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from errorneurons.simulate.circuit import Array
from errorneurons.simulate.layout import CODES, Flags, Integers, first, is_large, last
from errorneurons.simulate.models import dendritic_microcircuit, dendritic_pc
from errorneurons.simulate.models.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.models.dendritic_pc import DendriticPC

Circuit = DendriticPC | DendriticMicrocircuit


class DendriticAnatomy(NamedTuple):
    """What all networks of a run share; see `layout.Anatomy`. Lateral rates hold dt."""

    first: Integers
    linked: Flags
    eta: Array
    phi: Integers
    lateral: Array
    inhibition: Array


class DendriticRules(NamedTuple):
    """The numbers and options of the equations, per neuron where they differ, (neuron, 1)."""

    dt: float
    tau: Array
    attenuation: Array
    tau_interneuron: float
    attenuation_interneuron: float
    g_basal: float
    g_apical: float
    g_target: float
    g_dendrite: float
    g_interneuron: float
    refreshed: bool
    ideal: bool
    rate_rule: bool
    mirrored: bool
    large: bool


class DendriticSynapses(NamedTuple):
    """The synapses of a block, (post, pre, network); `M`, or `W_IP` and `B_PI`, are empty."""

    W_input: Array
    W: Array
    B: Array
    noise: Array
    M: Array
    W_IP: Array
    B_PI: Array


class DendriticVariables(NamedTuple):
    """Everything that changes from step to step, (neuron, network); see `layout.Variables`."""

    u: Array
    u_before: Array
    u_ahead: Array
    u_used: Array
    u_interneuron: Array
    u_interneuron_before: Array
    u_interneuron_ahead: Array
    u_interneuron_used: Array
    r: Array
    r_before: Array
    r_interneuron: Array
    basal: Array
    apical: Array
    dendritic: Array
    surprise: Array
    r_line: Array
    input_before: Array
    target: Array
    counter: Integers


class DendriticRecorded(NamedTuple):
    """What is written down, (record, neuron, network), empty where not asked for."""

    u: Array
    u_ahead: Array
    r: Array
    r_before: Array
    basal: Array
    apical: Array
    surprise: Array
    u_interneuron: Array
    u_interneuron_ahead: Array
    r_interneuron: Array
    dendritic: Array
    each_step: bool


RECORDED = DendriticRecorded


def room(circuit: Circuit, name: str) -> int:
    """Return how many neurons a recorded quantity has."""
    if name == "r_before" and isinstance(circuit, DendriticMicrocircuit):
        return 0
    of_interneurons = "interneuron" in name or name == "dendritic"
    return _interneurons(circuit) if of_interneurons else sum(circuit.sizes)


def _interneurons(circuit: Circuit) -> int:
    return sum(circuit.sizes[1:]) if isinstance(circuit, DendriticMicrocircuit) else 0


def anatomy(circuit: Circuit) -> DendriticAnatomy:
    """Lay out how the areas of a circuit are linked."""
    areas, dt = len(circuit.sizes), circuit.timing.dt
    eta = np.eye(areas, areas + 1) * np.asarray(circuit.learning_rates, float)[:, None]
    lateral, inhibition = np.zeros(areas - 1), np.zeros(areas - 1)
    if isinstance(circuit, DendriticMicrocircuit):
        lateral += np.asarray(circuit.interneuron_rates, float)
        inhibition += np.asarray(circuit.inhibition_rates, float)
    else:
        lateral += np.asarray(circuit.lateral_rates, float)
    return DendriticAnatomy(
        first=np.concatenate([[0], np.cumsum(circuit.sizes)]),
        linked=np.eye(areas, areas + 1) > 0,
        eta=dt * eta,
        phi=np.array([CODES.index(name) for name in circuit.activation]),
        lateral=dt * lateral,
        inhibition=dt * inhibition,
    )


def rules(circuit: Circuit, weights: Any) -> DendriticRules:  # noqa: ARG001
    """Lay out the numbers and options of a circuit's equations."""
    mirror = circuit if isinstance(circuit, DendriticMicrocircuit) else None
    return DendriticRules(
        dt=circuit.timing.dt,
        tau=circuit.tau[:, None].copy(),
        attenuation=circuit.attenuation[:, None].copy(),
        tau_interneuron=mirror.tau_interneuron if mirror else 0.0,
        attenuation_interneuron=mirror.attenuation_interneuron if mirror else 0.0,
        g_basal=float(circuit.g_basal),
        g_apical=float(circuit.g_apical),
        g_target=float(circuit.g_target),
        g_dendrite=float(circuit.g_dendrite),
        g_interneuron=float(circuit.g_interneuron),
        refreshed=circuit.feedback == "transpose",
        ideal=circuit.lateral == "ideal",
        rate_rule=circuit.plasticity == "rate",
        mirrored=mirror is not None,
        large=is_large(circuit),
    )


def targets(circuit: Circuit, targets: Array) -> Array:
    """Return targets as potentials."""
    return targets if circuit.target == "potential" else circuit.phi.inverse(targets, -1)


def synapses(circuit: Circuit, weights: Any, block: slice) -> DendriticSynapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, W = circuit.layers[0], weights.W[block]
    none = np.zeros((0, 0, len(W)))

    def own(name: str) -> Array:
        return last(getattr(weights, name)[block]) if hasattr(weights, name) else none

    return DendriticSynapses(
        last(W[..., :n]), last(W[..., n:]), own("B"), own("feedback_noise"), own("M"),
        own("W_IP"), own("B_PI"),
    )  # fmt: skip


def variables(circuit: Circuit, state: Any, block: slice) -> DendriticVariables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    dt, delay = circuit.timing.dt, circuit.timing.delay_steps
    u, u_before, r, basal, apical = (
        last(getattr(state, name)[block, 0]) for name in ("u", "u_before", "r", "basal", "apical")
    )
    u_ahead = u_before + circuit.tau[:, None] * (u - u_before) / dt
    if isinstance(circuit, DendriticMicrocircuit):
        mirror, before, r_mirror, dendritic = (
            last(getattr(state, name)[block, 0])
            for name in ("u_interneuron", "u_interneuron_before", "r_interneuron", "dendritic")
        )
        mirror_ahead = before + circuit.tau_interneuron * (mirror - before) / dt
        r_before = np.zeros_like(r)
    else:
        none = np.zeros((0, u.shape[1]))
        mirror, before, mirror_ahead, r_mirror, dendritic = (none.copy() for _ in range(5))
        r_before = last(state.r_before[block, 0])
    presynaptic = last(state.presynaptic[block, 0])
    r_line = np.zeros((delay + 2, *u.shape))
    r_line[1] = presynaptic[circuit.layers[0] :]
    for i in range(delay):
        r_line[2 + i] = last(state.r_travelling[i][block, 0])
    return DendriticVariables(
        u, u_before, u_ahead, u_ahead.copy(), mirror, before, mirror_ahead, mirror_ahead.copy(),
        r, r_before, r_mirror, basal, apical, dendritic,
        u_ahead - circuit.attenuation[:, None] * basal, r_line,
        presynaptic[: circuit.layers[0]].copy(), np.zeros((circuit.sizes[-1], u.shape[1])),
        np.zeros(3, np.int64),
    )  # fmt: skip


def final_weights(circuit: Circuit, weights: Any, blocks: Sequence[tuple[Any, Any]]) -> Any:
    """Take back the synapses of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(s, name)) for s, _ in blocks])

    W, B = np.concatenate([of("W_input"), of("W")], axis=-1), of("B")
    if isinstance(circuit, DendriticMicrocircuit):
        return replace(weights, W=W, B=B, W_IP=of("W_IP"), B_PI=of("B_PI"))
    return replace(weights, W=W, B=B, M=of("M"))


def final_state(circuit: Circuit, blocks: Sequence[tuple[Any, Any]]) -> Any:
    """Take back the state of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    def line(i: int) -> Array:
        parts = [first(x.r_line[(x.counter[0] + i) % len(x.r_line)]) for _, x in blocks]
        return np.concatenate(parts)[:, None]

    presynaptic = np.concatenate([of("input_before"), line(1)], axis=-1)
    travelling = tuple(line(i) for i in range(2, circuit.timing.delay_steps + 2))
    if isinstance(circuit, DendriticMicrocircuit):
        return dendritic_microcircuit.State(
            of("u"), of("u_before"), of("u_interneuron"), of("u_interneuron_before"),
            of("u_used"), of("u_interneuron_used"), of("r"), of("r_interneuron"), presynaptic,
            of("basal"), of("apical"), of("dendritic"), travelling,
            of("apical")[..., circuit.tufted],
        )  # fmt: skip
    return dendritic_pc.State(
        of("u"), of("u_before"), of("u_used"), of("r"), of("r_before"), presynaptic,
        of("basal"), of("apical"), travelling, of("apical")[..., circuit.tufted],
    )  # fmt: skip
