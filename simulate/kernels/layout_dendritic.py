"""How the engine lays out the two theories with apical errors; see `layout`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from errorneurons.simulate.arrays import Array, Integers
from errorneurons.simulate.kernels.layout import (
    CODES,
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
from errorneurons.simulate.theories import dendritic_microcircuit, dendritic_pc


class DendriticAnatomy(NamedTuple):
    """What all networks of a run share; see `layout_error_microcircuit.Anatomy`.

    Lateral rates hold dt. The blocks are representation neurons and interneurons, and what
    plasticity expects of both; interneurons of an area have the phi of the area above.
    """

    first: Integers
    linked: Flags
    eta: Array
    begins: Integers
    phi: Integers
    lateral: Array
    inhibition: Array


class DendriticRules(NamedTuple):
    """The numbers and options of the equations, per neuron where they differ, (neuron, 1).

    `implied`: after each step of learning B^PI is -B, and lateral synapses are ideal if they are
    to be, so that small networks need not keep them while they learn.
    """

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
    alone: bool | None
    implied: bool


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
    """Everything that changes from step to step; see `layout_error_microcircuit.Variables`.

    `now` is what a step writes, from `r` to `dendritic`; `before` is the same a step before, and
    holds the quantities that begin with ``last_``.
    """

    aheads: Array
    rates: Array
    now: Array
    before: Array
    u: Array
    u_interneuron: Array
    u_ahead: Array
    u_interneuron_ahead: Array
    predicted: Array
    predicted_interneuron: Array
    r: Array
    r_interneuron: Array
    expected: Array
    expected_interneuron: Array
    r_before: Array
    basal: Array
    apical: Array
    dendritic: Array
    last_r: Array
    last_r_interneuron: Array
    last_r_before: Array
    last_basal: Array
    last_apical: Array
    last_dendritic: Array
    surprise: Array
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
    last: Array
    counter: Integers


def _rows(circuit: Any) -> dict[str, slice]:
    """Return where everything stands."""
    R, I = sum(circuit.sizes), _interneurons(circuit)  # noqa: E741
    now = {
        "r": R, "r_interneuron": I, "expected": R, "expected_interneuron": I, "r_before": R,
        "basal": R, "apical": R, "dendritic": I,
    }  # fmt: skip
    where = places_of({
        "u": R, "u_interneuron": I, "u_ahead": R, "u_interneuron_ahead": I, "predicted": R,
        "predicted_interneuron": I, **now, **{f"last_{name}": n for name, n in now.items()},
        "surprise": R, **input_rows(circuit.layers[0], circuit.layers[-1], R),
    })  # fmt: skip
    return where | {
        "aheads": slice(where["u_ahead"].start, where["predicted_interneuron"].stop),
        "rates": slice(where["r"].start, where["expected_interneuron"].stop),
        "now": slice(where["r"].start, where["dendritic"].stop),
        "before": slice(where["last_r"].start, where["last_dendritic"].stop),
    }


def _recordable(circuit: Any) -> tuple[str, ...]:
    """Return what can be recorded."""
    common = ("u", "u_ahead", "r", "basal", "apical", "surprise")
    if circuit.has_interneurons:
        return (*common, "u_interneuron", "u_interneuron_ahead", "r_interneuron", "dendritic")
    return (*common, "r_before")


def _interneurons(circuit: Any) -> int:
    return sum(circuit.sizes[1:]) if circuit.has_interneurons else 0


def _anatomy(circuit: Any) -> DendriticAnatomy:
    """Lay out how the areas of a circuit are linked."""
    areas, dt = len(circuit.sizes), circuit.timing.dt
    eta = np.eye(areas, areas + 1) * np.asarray(circuit.learning_rates, float)[:, None]
    lateral, inhibition = np.zeros(areas - 1), np.zeros(areas - 1)
    if circuit.has_interneurons:
        lateral += np.asarray(circuit.interneuron_rates, float)
        inhibition += np.asarray(circuit.inhibition_rates, float)
    else:
        lateral += np.asarray(circuit.lateral_rates, float)
    mirrored = slice(1, None) if circuit.has_interneurons else slice(0, 0)
    blocks = (*circuit.sizes, *circuit.sizes[mirrored])
    phi = (*circuit.activation, *circuit.activation[mirrored])
    return DendriticAnatomy(
        first=np.concatenate([[0], np.cumsum(circuit.sizes)]),
        linked=np.eye(areas, areas + 1) > 0,
        eta=dt * eta,
        begins=np.cumsum([0, *blocks, *blocks]),
        phi=np.array([CODES.index(name) for name in (*phi, *phi)]),
        lateral=dt * lateral,
        inhibition=dt * inhibition,
    )


def _rules(circuit: Any, weights: Any) -> DendriticRules:  # noqa: ARG001
    """Lay out the numbers and options of a circuit's equations."""
    mirrored, ideal = circuit.has_interneurons, circuit.lateral == "ideal"
    refreshed = circuit.feedback == "transpose"
    mirrors = mirrored and refreshed and not any(circuit.inhibition_rates)
    return DendriticRules(
        dt=circuit.timing.dt,
        tau=circuit.tau[:, None].copy(),
        attenuation=circuit.attenuation[:, None].copy(),
        tau_interneuron=circuit.tau_interneuron if mirrored else 0.0,
        attenuation_interneuron=circuit.attenuation_interneuron if mirrored else 0.0,
        g_basal=float(circuit.g_basal),
        g_apical=float(circuit.g_apical),
        g_target=float(circuit.g_target),
        g_dendrite=float(circuit.g_dendrite),
        g_interneuron=float(circuit.g_interneuron),
        refreshed=refreshed,
        ideal=ideal,
        rate_rule=circuit.plasticity == "rate",
        mirrored=mirrored,
        alone=is_large(circuit) or None,
        implied=(ideal or mirrors) and not is_large(circuit),
    )


def _targets(circuit: Any, targets: Array) -> Array:
    """Return targets as potentials."""
    return targets if circuit.target == "potential" else circuit.phi.inverse(targets, -1)


def _synapses(circuit: Any, weights: Any, block: slice) -> DendriticSynapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, W = circuit.layers[0], weights.W[block]
    none = np.zeros((0, 0, len(W)))

    def own(name: str) -> Array:
        return last(getattr(weights, name)[block]) if hasattr(weights, name) else none

    return DendriticSynapses(
        last(W[..., :n]), last(W[..., n:]), own("B"), own("feedback_noise"), own("M"),
        own("W_IP"), own("B_PI"),
    )  # fmt: skip


def _variables(circuit: Any, state: Any, block: slice) -> DendriticVariables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    where, delay = _rows(circuit), circuit.timing.delay_steps

    def of(name: str) -> Array:
        return last(getattr(state, name)[block, 0])

    presynaptic, n = of("presynaptic"), circuit.layers[0]
    x = aligned((max(part.stop for part in where.values()), presynaptic.shape[1]))
    used = x.copy()
    mirrored = circuit.has_interneurons
    own = ("u_interneuron", "r_interneuron", "dendritic") if mirrored else ("r_before",)
    for name in ("u", "r", "basal", "apical", *own):
        x[where[name]] = of(name)
    somas = [("u", circuit.tau[:, None])]
    if circuit.has_interneurons:
        somas.append(("u_interneuron", np.array(circuit.tau_interneuron)))
    for u, tau in somas:
        before = of(f"{u}_before")
        x[where[f"{u}_ahead"]] = before + tau * (of(u) - before) / circuit.timing.dt
        used[where[u]], used[where[f"{u}_ahead"]] = before, x[where[f"{u}_ahead"]]
    for name in ("held", "input_before", "shown"):
        x[where[name]] = presynaptic[:n]
    prediction = circuit.attenuation[:, None] * x[where["basal"]]
    x[where["surprise"]] = x[where["u_ahead"]] - prediction
    line = aligned((delay + 2, sum(circuit.sizes), x.shape[1]))
    line[1] = presynaptic[n:]
    for i in range(delay):
        line[2 + i] = last(state.r_travelling[i][block, 0])
    return DendriticVariables(line=line, last=used, **views(where, x, DendriticVariables._fields))


def _final_weights(circuit: Any, weights: Any, blocks: Sequence[tuple[Any, Any]]) -> Any:
    """Take back the synapses of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(s, name)) for s, _ in blocks])

    W, B = np.concatenate([of("W_input"), of("W")], axis=-1), of("B")
    if circuit.has_interneurons:
        return replace(weights, W=W, B=B, W_IP=of("W_IP"), B_PI=of("B_PI"))
    return replace(weights, W=W, B=B, M=of("M"))


def _final_state(circuit: Any, blocks: Sequence[tuple[Any, Any]]) -> Any:
    """Take back the state of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    def used(name: str) -> Array:
        return np.concatenate([first(x.last[where[name]]) for _, x in blocks])[:, None]

    where = _rows(circuit)
    line = [axons([x for _, x in blocks], i) for i in range(1, circuit.timing.delay_steps + 2)]
    presynaptic = np.concatenate([of("input_before"), line[0]], axis=-1)
    travelling = tuple(line[1:])
    if circuit.has_interneurons:
        return dendritic_microcircuit.State(
            of("u"), used("u"), of("u_interneuron"), used("u_interneuron"), used("u_ahead"),
            used("u_interneuron_ahead"), of("r"), of("r_interneuron"), presynaptic,
            of("basal"), of("apical"), of("dendritic"), travelling,
            of("apical")[..., circuit.tufted],
        )  # fmt: skip
    return dendritic_pc.State(
        of("u"), used("u"), used("u_ahead"), of("r"), of("r_before"), presynaptic,
        of("basal"), of("apical"), travelling, of("apical")[..., circuit.tufted],
    )  # fmt: skip


DENDRITIC_LAYOUT = Layout(
    rows=_rows, recordable=_recordable, anatomy=_anatomy, rules=_rules, targets=_targets,
    synapses=_synapses, variables=_variables, final_weights=_final_weights,
    final_state=_final_state,
)  # fmt: skip
