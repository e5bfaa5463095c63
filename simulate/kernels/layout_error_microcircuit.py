"""How the engine lays out the error microcircuit; see `layout`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from errorneurons.simulate.arrays import Array, Integers
from errorneurons.simulate.kernels.layout import (
    CACHE_LINE,
    CODES,
    DERIVATIVES,
    PAGE,
    Flags,
    Layout,
    aligned,
    axons,
    first,
    input_rows,
    is_large,
    last,
    places_of,
    plain,
    views,
)
from errorneurons.simulate.kernels.layout_error_parts import kernel_options, tuning_arrays
from errorneurons.simulate.parts.plasticity import linked_pairs, one_to_one
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit, State
from errorneurons.simulate.theories.error_parts import LowPassed
from errorneurons.simulate.theories.error_places import CircuitPart
from errorneurons.simulate.theories.error_synapses import Weights


class Anatomy(NamedTuple):
    """What all networks of a run share: areas side by side, and how they are linked.

    `first` and `first_error` are where the neurons of each area begin, one entry more than
    areas. `eta` holds dt times the learning rate, (area, input or area). `partner` is the
    representation neuron that stands beside an error neuron, -1 if there is none.

    What has an activation function stands in blocks: representation neurons, error neurons, and
    what plasticity expects of representation neurons; in each, neighbouring areas that behave
    alike are one block. `begins` is where the blocks begin, `phi` their functions, `ahead`
    whether they follow the lookahead.
    """

    first: Integers
    first_error: Integers
    partner: Integers
    linked: Flags
    eta: Array
    begins: Integers
    phi: Integers
    ahead: Flags
    relax_error: Array
    relax_representation: Array


class Rules(NamedTuple):
    """The numbers and options of the circuit's equations.

    `aligned`: there are as many error as representation neurons. `direct`: and one-to-one synapses
    pass phi' on as it is, so that it needs no copy.

    A share is tau times a conductance: what a compartment contributes to the lookahead. `pace`
    is dt / tau of representation neurons, of hidden and of top error neurons. `descends` are the
    columns of the feedback between which a row may have synapses, (error neuron, 2).
    """

    pace: tuple[float, float, float]
    basal_share: float
    apical_share: float
    target_share: float
    dendritic_share: float
    top_share: float
    leak: float
    filter: float
    derivative: int
    transposed: bool
    gated: bool
    rate_rule: bool
    absent_is_zero: bool
    nudged: bool
    tuned: bool
    one_to_one_error: bool
    one_to_one_representation: bool
    aligned: bool
    direct: bool
    alone: bool | None
    relaxing: bool
    descends: Integers


class Synapses(NamedTuple):
    """The synapses of a block, (post, pre, network), and slope and offset by row of a block."""

    W_input: Array
    W: Array
    L_RE: Array
    L_ER: Array
    B: Array
    noise: Array
    F_input: Array
    F: Array
    slope: Array
    offset: Array


class Variables(NamedTuple):
    """Everything that changes from step to step, (neuron, network); views of `everything`.

    `potentials`, `aheads` and `rates` are what stands in the blocks of `Anatomy`. `pending` is the
    surprise of the last learning step, `pending_pre` the rates that go with it: together the
    change of W that has been decided and not been written. `drive` is the product of the input
    synapses with the held input; `owed` and `owed_before` are the summed surprises that these
    synapses are still to learn, with the input `held` and with `input_before`; `norm` and
    `overlap` the products of `held` with itself and with `input_before`.

    `line` are the axons, (step, neuron, network); they, `descending` and `scaled` are arrays of
    their own (see `layout.aligned`). `last` is everything as the last step of a run used it.
    `counter` holds the step, whether the feedback has been refreshed, and whether the last
    presentation was taught.
    """

    potentials: Array
    aheads: Array
    rates: Array
    u: Array
    v: Array
    u_ahead: Array
    v_ahead: Array
    predicted: Array
    r: Array
    e: Array
    expected: Array
    basal: Array
    apical: Array
    dendritic: Array
    surprise: Array
    pending: Array
    pending_pre: Array
    slope: Array
    scratch: Array
    gate: Array
    top: Array
    beside: Array
    descending: Array
    leaked: Array
    scaled: Array
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


def _rows(circuit: ErrorMicrocircuit) -> dict[str, slice]:
    """Return where everything stands."""
    R, E = sum(circuit.sizes), sum(circuit.error_sizes)
    n, out = circuit.layers[0], circuit.layers[-1]
    where = places_of({
        "u": R, "v": E, "u_ahead": R, "v_ahead": E, "predicted": R, "r": R, "e": E, "expected": R,
        "basal": R, "apical": R, "dendritic": E, "surprise": R, "pending": R, "pending_pre": R,
        "slope": R, "scratch": 2 * R + E, "gate": E, "top": E, "beside": R, "leaked": R,
        **input_rows(n, out, R),
    })  # fmt: skip
    return where | {
        "potentials": slice(0, R + E),
        "aheads": slice(where["u_ahead"].start, where["predicted"].stop),
        "rates": slice(where["r"].start, where["expected"].stop),
    }


def _recordable(circuit: ErrorMicrocircuit) -> tuple[str, ...]:  # noqa: ARG001
    """Return what can be recorded."""
    return ("u", "u_ahead", "r", "basal", "apical", "surprise", "v", "v_ahead", "e", "dendritic")


def _anatomy(circuit: ErrorMicrocircuit) -> Anatomy:
    """Lay out how the areas of a circuit are linked."""
    sizes, error_sizes = circuit.sizes, circuit.error_sizes
    E, R = linked_pairs(error_sizes, sizes)
    partner = np.full(sum(error_sizes), -1)
    partner[E] = R
    dt, own = circuit.timing.dt, kernel_options(circuit)
    linked = (np.asarray(circuit.area_strengths) != 0) | (circuit.area_eta != 0)
    names = (circuit.activation, circuit.phi_error.names)
    codes = [[CODES.index(name) for name in of_areas] for of_areas in names]
    kinds = np.array([*codes, own.ahead, own.error_ahead])
    starts = np.flatnonzero([True, *(kinds[:, 1:] != kinds[:, :-1]).any(axis=0)])
    phi, phi_error, ahead, error_ahead = kinds[:, starts]
    blocks, error_blocks = (np.add.reduceat(own, starts) for own in (sizes, error_sizes))
    return Anatomy(
        first=np.concatenate([[0], np.cumsum(sizes)]),
        first_error=np.concatenate([[0], np.cumsum(error_sizes)]),
        partner=partner,
        linked=linked,
        eta=plain(dt * circuit.area_eta),
        begins=np.cumsum([0, *blocks, *error_blocks, *blocks]),
        phi=np.concatenate([phi, phi_error, phi]),
        ahead=np.concatenate([ahead, error_ahead, np.ones_like(ahead)]) == 1,
        relax_error=dt * np.array(own.onto_error),
        relax_representation=dt * np.array(own.onto_representation),
    )


def _rules(circuit: ErrorMicrocircuit, weights: Weights) -> Rules:
    """Lay out the numbers and options of a circuit's equations."""
    dt, sizes, error_sizes = circuit.timing.dt, circuit.sizes, circuit.error_sizes
    tau, tau_hidden = float(circuit.tau), float(1 / (circuit.g_leak + circuit.g_dendrite))
    tau_top = float(1 / (circuit.g_leak + circuit.g_target))
    own = kernel_options(circuit)
    onto_error = bool((one_to_one(error_sizes, sizes) == weights.L_RE).all())
    return Rules(
        pace=(dt / tau, dt / tau_hidden, dt / tau_top),
        basal_share=float(tau * circuit.g_basal),
        apical_share=float(tau * circuit.g_apical),
        target_share=float(tau * circuit.g_target),
        dendritic_share=float(tau_hidden * circuit.g_dendrite),
        top_share=float(tau_top * circuit.g_target),
        leak=own.leak,
        filter=dt / own.low_pass if own.low_pass else 0.0,
        derivative=DERIVATIVES.index(circuit.derivative),
        transposed=circuit.refreshes and not own.low_pass,
        gated=own.gated,
        rate_rule=own.rate_rule,
        absent_is_zero=own.absent_is_zero,
        nudged=own.nudged,
        tuned=weights.tuning is not None or weights.error_tuning is not None,
        one_to_one_error=onto_error,
        one_to_one_representation=bool((one_to_one(sizes, error_sizes) == weights.L_ER).all()),
        aligned=error_sizes == sizes,
        direct=error_sizes == sizes and onto_error,
        alone=is_large(circuit) or None,
        relaxing=any(own.onto_error) or any(own.onto_representation),
        descends=_descends(circuit, weights),
    )


def _descends(circuit: ErrorMicrocircuit, weights: Weights) -> Integers:
    """Return between which columns each row of the feedback may have synapses."""
    E = sum(circuit.error_sizes)
    if is_large(circuit):
        return np.tile([0, E], (E, 1))
    parts = (weights.B, weights.feedback_noise, transposed_part(circuit, weights.W))
    used = np.logical_or.reduce([part.any(axis=0) for part in parts])
    first_used, last_used = used.argmax(axis=1), E - used[:, ::-1].argmax(axis=1)
    return np.stack([first_used, np.where(used.any(axis=1), last_used, first_used)], axis=1)


def transposed_part(circuit: ErrorMicrocircuit, W: Array) -> Array:
    """Return the part of the feedback that is the transpose of W, (network, error, error)."""
    E, R = linked_pairs(circuit.error_sizes, circuit.sizes)
    B = np.zeros((len(W), sum(circuit.error_sizes), sum(circuit.error_sizes)))
    forward = W[:, :, circuit.layers[0] :]
    B[:, E[:, None], E] = np.swapaxes(forward, 1, 2)[:, R[:, None], R]
    return B


def _synapses(circuit: ErrorMicrocircuit, weights: Weights, block: slice) -> Synapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, W = circuit.layers[0], weights.W[block]
    filtered = bool(circuit.parts_of(LowPassed))
    B, noise = weights.B[block], weights.feedback_noise[block]
    empty = np.zeros((0, 0, len(W)))
    if circuit.refreshes and not filtered:
        B = B - transposed_part(circuit, W)
        # Feedback that is nothing but the transpose needs no matrix of its own.
        if not (
            weights.feedback_noise.any() or (transposed_part(circuit, weights.W) != weights.B).any()
        ):
            B = noise = np.zeros((len(W), 0, 0))
    elif not circuit.refreshes:
        noise = np.zeros((len(W), 0, 0))
    # Large networks go through their synapses row by row: each begins with a line of the cache.
    beyond = -sum(circuit.sizes) % CACHE_LINE if is_large(circuit) else 0
    F = weights.F if weights.F is not None else np.zeros_like(weights.W)
    F_input, F_areas = (F[block][..., :n], F[block][..., n:]) if filtered else (None, None)
    return Synapses(
        last(W[..., :n]), last(W[..., n:], beyond),
        last(weights.L_RE[block]), last(weights.L_ER[block]), last(B), last(noise),
        empty if F_input is None else last(F_input), empty if F_areas is None else last(F_areas),
        *tuning_arrays(circuit, weights, block),
    )  # fmt: skip


def _variables(circuit: ErrorMicrocircuit, state: State, block: slice) -> Variables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    where, delay, R = _rows(circuit), circuit.timing.delay_steps, sum(circuit.sizes)

    def of(name: str) -> Array:
        return last(getattr(state, name)[block, 0])

    presynaptic, n = of("presynaptic"), circuit.layers[0]
    x = aligned((max(part.stop for part in where.values()), presynaptic.shape[1]))
    for name in ("u", "v", "r", "e", "basal", "apical", "dendritic"):
        x[where[name]] = of(name)
    for u, tau in (("u", circuit.tau), ("v", circuit.tau_error[:, None])):
        before = of(f"{u}_before")
        x[where[f"{u}_ahead"]] = before + tau * (of(u) - before) / circuit.timing.dt
    for name in ("held", "input_before", "shown"):
        x[where[name]] = presynaptic[:n]
    used = x.copy()
    used[where["u"]], used[where["v"]] = of("u_before"), of("v_before")
    prediction = circuit.tau * circuit.g_basal * x[where["basal"]]
    x[where["surprise"]] = x[where["u_ahead"]] - prediction
    line = aligned((delay + 2, R + sum(circuit.error_sizes), x.shape[1]), PAGE // 4)
    line[1, :R] = presynaptic[n:]
    for i in range(delay):
        line[2 + i, :R] = last(state.r_travelling[i][block, 0])
        line[2 + i, R:] = last(state.e_travelling[i][block, 0])
    # With the axons what a pass over the synapses uses, each in its own quarter of a page.
    descending, scaled = (aligned((R, x.shape[1]), k * PAGE // 4) for k in (2, 3))
    return Variables(
        line=line, last=used, descending=descending, scaled=scaled,
        **views(where, x, Variables._fields),
    )  # fmt: skip


def _final_weights(
    circuit: ErrorMicrocircuit, weights: Weights, blocks: Sequence[tuple[Synapses, Variables]]
) -> Weights:
    """Take back the synapses of all blocks."""
    a, R = _anatomy(circuit), sum(circuit.sizes)
    eta = np.repeat(np.repeat(a.eta[:, 1:], circuit.sizes, 0), circuit.sizes, 1)
    W, B, F = [], [], []
    for s, x in blocks:
        pending = first(eta[..., None] * x.pending[:, None] * x.pending_pre[None])
        old = np.concatenate([first(s.W_input), first(s.W)[..., :R]], axis=-1)
        new = old.copy()
        new[..., circuit.layers[0] :] += pending
        W.append(new)
        transposed = circuit.refreshes and not circuit.parts_of(LowPassed)
        own = first(s.B) if s.B.size else 0.0
        B.append(transposed_part(circuit, old) + own if transposed else own + 0.0)
        F.append(np.concatenate([first(s.F_input), first(s.F)], axis=-1) if s.F.size else None)
    found = [f for f in F if f is not None]
    return Weights(
        np.concatenate(W),
        np.concatenate([first(s.L_RE) for s, _ in blocks]),
        np.concatenate([first(s.L_ER) for s, _ in blocks]),
        np.concatenate(B),
        weights.feedback_noise,
        np.concatenate(found) if found else weights.F,
        weights.tuning,
        weights.error_tuning,
    )


def _final_state(circuit: ErrorMicrocircuit, blocks: Sequence[tuple[Synapses, Variables]]) -> State:
    """Take back the state of all blocks."""
    where, R = _rows(circuit), sum(circuit.sizes)

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    def used(name: str) -> Array:
        return np.concatenate([first(x.last[where[name]]) for _, x in blocks])[:, None]

    line = [axons([x for _, x in blocks], i) for i in range(1, circuit.timing.delay_steps + 2)]
    presynaptic = np.concatenate([of("input_before"), line[0][..., :R]], axis=-1)
    e, pairs = circuit.carried_by(circuit.amended(CircuitPart.fired, of("e"), circuit.halves))
    return State(
        of("u"), used("u"), of("v"), used("v"), used("u_ahead"), used("v_ahead"), of("r"),
        e, presynaptic, of("basal"), of("apical"), of("dendritic"),
        tuple(x[..., :R] for x in line[1:]), tuple(x[..., R:] for x in line[1:]), pairs,
    )  # fmt: skip


def _targets(circuit: ErrorMicrocircuit, targets: Array) -> Array:  # noqa: ARG001
    """Return targets as the kernel takes them: rates."""
    return targets


ERROR_MICROCIRCUIT_LAYOUT = Layout(
    rows=_rows, recordable=_recordable, anatomy=_anatomy, rules=_rules, targets=_targets,
    synapses=_synapses, variables=_variables, final_weights=_final_weights,
    final_state=_final_state,
)  # fmt: skip
