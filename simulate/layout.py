"""How the engine lays out a circuit: the network is the last dimension of every array.

The engine needs flat arrays and plain numbers. Here a circuit, its synapses, its state and a
schedule are laid out for it, block by block of networks, and taken back. No loops over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.activations import Tuning
from errorneurons.simulate.circuit import Array, generator
from errorneurons.simulate.models.error_microcircuit import ErrorMicrocircuit, State, Weights
from errorneurons.simulate.plasticity import one_to_one, partners
from errorneurons.simulate.validation import known

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Activation functions as the engine numbers them.
CODES = ("linear", "relu", "soft_relu", "logistic", "tanh", "hard_sigmoid")
LINEAR, RELU, SOFT_RELU, LOGISTIC, TANH, HARD_SIGMOID = range(6)
DERIVATIVES = ("exact", "nominal", "published")
EXACT, NOMINAL, PUBLISHED = range(3)

#: Above this many synapses between areas a network is simulated alone.
LARGE = 4096


@dataclass(frozen=True)
class Schedule:
    """What networks are shown, when they are taught and when they learn.

    Attributes
    ----------
    inputs
        Rates of the input for each item, (network or 1, item, input neuron).
    targets
        Target rates of the output for each item, (network or 1, item, output neuron).
    order
        Which item is shown in each presentation, (network or 1, presentation).
    steps
        Steps that each presentation lasts, (presentation,).
    teaching, learning
        Whether there is a teaching signal, and whether synapses change, (presentation,).
    target_lag
        Steps by which the teaching signal lags the input: until then the one before lasts.
    target_before
        The target that lasts until the first item's arrives, (network or 1, output neuron);
        None: no teaching signal until then.

    Raises
    ------
    ValueError
        If shapes do not fit, or a presentation is shorter than the lag.
    """

    inputs: Array
    targets: Array
    order: Integers
    steps: Integers
    teaching: Flags
    learning: Flags
    target_lag: int = 0
    target_before: Array | None = None

    def __post_init__(self) -> None:
        presentations = self.order.shape[-1]
        for name in ("steps", "teaching", "learning"):
            found = getattr(self, name).shape
            if found != (presentations,):
                raise ValueError(
                    f"{name} of the schedule has shape {found} for {presentations} presentations; "
                    "give one entry a presentation"
                )
        for name in ("inputs", "targets"):
            found = getattr(self, name).shape
            if len(found) != 3:
                raise ValueError(
                    f"{name} of the schedule has {len(found)} dimensions; "
                    "give (network or 1, item, neuron)"
                )
        items = min(self.inputs.shape[1], self.targets.shape[1])
        if presentations and not 0 <= self.order.min() <= self.order.max() < items:
            raise ValueError(
                f"order of the schedule holds items {self.order.min()} to {self.order.max()}, "
                f"but there are items 0 to {items - 1}"
            )
        if presentations and self.steps.min() <= self.target_lag:
            raise ValueError(
                f"target_lag is {self.target_lag} steps but a presentation lasts "
                f"{self.steps.min()}; give presentations longer than the lag"
            )
        if self.target_lag < 0:
            raise ValueError(f"target_lag is {self.target_lag}; give 0 or more steps")


@dataclass(frozen=True)
class Noise:
    """White noise on the potentials.

    Attributes
    ----------
    sigma
        Standard deviation that the noise adds to a potential in 1 ms [potential / sqrt(ms)].
    seed, networks
        Each network draws its own noise: `networks` names them, as in `initial_weights`.
    """

    sigma: float
    seed: int
    networks: Sequence[int]


@dataclass(frozen=True)
class Execution:
    """How a run is executed; results do not depend on `threads` and `block`.

    Attributes
    ----------
    threads
        Threads that work on different blocks of networks.
    block
        Networks that are simulated side by side where layers are small.
    noise
        Noise on the potentials, if any.
    """

    threads: int = 1
    block: int = 128
    noise: Noise | None = None

    def __post_init__(self) -> None:
        for name in ("threads", "block"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 or more")


@dataclass(frozen=True)
class Recording:
    """What to record, and when.

    Attributes
    ----------
    names
        Any of `engine.recordable`: fields of the theory's state, and ``surprise``, what
        plasticity multiplies by the presynaptic rate.
    at
        ``"step"``: after every step; ``"presentation"``: at the end of each presentation.
    """

    names: tuple[str, ...] = ()
    at: Literal["step", "presentation"] = "step"

    def __post_init__(self) -> None:
        known("Recording.at", self.at, ("step", "presentation"))


class Areas(Protocol):
    """A circuit of stacked areas."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Representation neurons of each area."""


class Anatomy(NamedTuple):
    """What all networks of a run share: areas side by side, and how they are linked.

    `first` and `first_error` are where the neurons of each area begin, one entry more than
    areas. `eta` holds dt times the learning rate, (area, input or area). `partner` is the
    representation neuron that stands beside an error neuron, -1 if there is none.
    """

    first: Integers
    first_error: Integers
    partner: Integers
    linked: Flags
    eta: Array
    phi: Integers
    phi_error: Integers
    ahead: Flags
    ahead_error: Flags
    relax_error: Array
    relax_representation: Array


class Rules(NamedTuple):
    """The numbers and options of the circuit's equations."""

    dt: float
    tau: float
    tau_hidden: float
    tau_top: float
    g_basal: float
    g_apical: float
    g_dendrite: float
    g_target: float
    leak: float
    filter: float
    delay: int
    derivative: int
    transposed: bool
    gated: bool
    rate_rule: bool
    absent_is_zero: bool
    nudged: bool
    tuned: bool
    tuned_error: bool
    one_to_one_error: bool
    one_to_one_representation: bool
    aligned: bool
    large: bool
    relaxing: bool


class Synapses(NamedTuple):
    """The synapses of a block, (post, pre, network), and each neuron's slope and offset."""

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
    slope_error: Array
    offset_error: Array


class Variables(NamedTuple):
    """Everything that changes from step to step, (neuron, network).

    `pending` is the surprise of the last learning step, `pending_pre` the rates that go with it:
    together the change of W that has been decided and not been written. `r_line` and `e_line`
    are the axons, (step, neuron, network). `u_used` is the lookahead of the last step of a run.
    `counter` holds the step, whether the feedback has been refreshed, and whether the last
    presentation was taught.
    """

    u: Array
    v: Array
    u_before: Array
    v_before: Array
    u_ahead: Array
    v_ahead: Array
    u_used: Array
    v_used: Array
    r: Array
    e: Array
    basal: Array
    apical: Array
    dendritic: Array
    surprise: Array
    pending: Array
    pending_pre: Array
    r_line: Array
    e_line: Array
    input_before: Array
    target: Array
    counter: Integers


class Presentations(NamedTuple):
    """What is shown to a block: items of `inputs` and `targets` in the order of each network.

    `inputs` and `targets` are (network or 1, item, neuron), `order` is (network or 1,
    presentation); `current` and `current_error` are (step, neuron, network), empty for none.
    """

    inputs: Array
    targets: Array
    order: Integers
    steps: Integers
    teaching: Flags
    learning: Flags
    lag: int
    current: Array
    current_error: Array


class Recorded(NamedTuple):
    """What is written down, (record, neuron, network), empty where not asked for."""

    u: Array
    u_ahead: Array
    r: Array
    basal: Array
    apical: Array
    surprise: Array
    v: Array
    v_ahead: Array
    e: Array
    dendritic: Array
    each_step: bool


def last(x: Array) -> Array:
    """Return a contiguous copy of (network, ...) as (..., network), for the engine to change."""
    return np.array(np.moveaxis(x, 0, -1), dtype=float, order="C", copy=True)


def plain(x: npt.ArrayLike, dtype: type = float) -> Any:
    """Return an array of the one kind that the engine is compiled for: contiguous, writeable."""
    return np.require(x, dtype, ["C", "W"])


def first(x: Array) -> Array:
    """Return (..., network) as (network, ...), contiguous."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 0))


def is_large(circuit: Areas) -> bool:
    """Return whether networks are simulated one at a time: from the layer sizes alone."""
    return sum(circuit.sizes) ** 2 > LARGE


def anatomy(circuit: ErrorMicrocircuit) -> Anatomy:
    """Lay out how the areas of a circuit are linked."""
    sizes, error_sizes = circuit.sizes, circuit.error_sizes
    areas = len(sizes)
    E, R = partners(error_sizes, sizes)
    partner = np.full(sum(error_sizes), -1)
    partner[E] = R
    dt, none = circuit.timing.dt, (0.0,) * areas
    linked = (np.asarray(circuit.area_strengths) != 0) | (circuit.area_eta != 0)
    return Anatomy(
        first=np.concatenate([[0], np.cumsum(sizes)]),
        first_error=np.concatenate([[0], np.cumsum(error_sizes)]),
        partner=partner,
        linked=linked,
        eta=plain(dt * circuit.area_eta),
        phi=np.array([CODES.index(name) for name in circuit.activation]),
        phi_error=np.array([CODES.index(name) for name in circuit.phi_error.names]),
        ahead=np.array(circuit.lookahead or (True,) * areas),
        ahead_error=np.array(circuit.error_lookahead or (True,) * areas),
        relax_error=dt * np.array(circuit.rates_onto_error or none),
        relax_representation=dt * np.array(circuit.rates_onto_representation or none),
    )


def rules(circuit: ErrorMicrocircuit, weights: Weights) -> Rules:
    """Lay out the numbers and options of a circuit's equations."""
    timing, sizes, error_sizes = circuit.timing, circuit.sizes, circuit.error_sizes
    refreshed = circuit.feedback == "transpose" and circuit.feedback_route == "descending"
    rates = (circuit.rates_onto_error, circuit.rates_onto_representation)
    return Rules(
        dt=timing.dt,
        tau=circuit.tau,
        tau_hidden=1 / (circuit.g_leak + circuit.g_dendrite),
        tau_top=1 / (circuit.g_leak + circuit.g_target),
        g_basal=float(circuit.g_basal),
        g_apical=float(circuit.g_apical),
        g_dendrite=float(circuit.g_dendrite),
        g_target=float(circuit.g_target),
        leak=float(circuit.sensory_leak),
        filter=timing.dt / circuit.low_pass if circuit.low_pass else 0.0,
        delay=timing.delay_steps,
        derivative=DERIVATIVES.index(circuit.derivative),
        transposed=refreshed and not circuit.low_pass,
        gated=circuit.phi_prime_transfer,
        rate_rule=circuit.plasticity == "rate",
        absent_is_zero=circuit.absent_target == "zero",
        nudged=circuit.teaching_to_representation,
        tuned=weights.tuning is not None,
        tuned_error=weights.error_tuning is not None,
        one_to_one_error=bool((one_to_one(error_sizes, sizes) == weights.L_RE).all()),
        one_to_one_representation=bool((one_to_one(sizes, error_sizes) == weights.L_ER).all()),
        aligned=error_sizes == sizes,
        large=is_large(circuit),
        relaxing=any(any(rate) for rate in rates if rate is not None),
    )


def transposed_part(circuit: ErrorMicrocircuit, W: Array) -> Array:
    """Return the part of the feedback that is the transpose of W, (network, error, error)."""
    E, R = partners(circuit.error_sizes, circuit.sizes)
    B = np.zeros((len(W), sum(circuit.error_sizes), sum(circuit.error_sizes)))
    forward = W[:, :, circuit.layers[0] :]
    B[:, E[:, None], E] = np.swapaxes(forward, 1, 2)[:, R[:, None], R]
    return B


def tuning_arrays(tuning: Tuning | None, block: slice, networks: int) -> tuple[Array, Array]:
    """Lay out slopes and offsets, (neuron, network), empty if there are none."""
    if tuning is None:
        return np.zeros((0, 1)), np.zeros((0, 1))
    slope, offset = (
        np.broadcast_to(x[:, 0], (networks, x.shape[-1]))[block]
        for x in np.broadcast_arrays(*tuning)
    )
    return last(slope), last(offset)


def synapses(circuit: ErrorMicrocircuit, weights: Weights, block: slice) -> Synapses:
    """Lay out the synapses of a block of networks. The engine changes these copies."""
    n, networks = circuit.layers[0], len(weights.W)
    W = weights.W[block]
    refreshed = circuit.feedback == "transpose" and circuit.feedback_route == "descending"
    B, noise = weights.B[block], weights.feedback_noise[block]
    empty = np.zeros((0, 0, len(W)))
    if refreshed and not circuit.low_pass:
        B = B - transposed_part(circuit, W)
        # Feedback that is nothing but the transpose needs no matrix of its own.
        if not (
            weights.feedback_noise.any() or (transposed_part(circuit, weights.W) != weights.B).any()
        ):
            B = noise = np.zeros((len(W), 0, 0))
    elif not refreshed:
        noise = np.zeros((len(W), 0, 0))
    F = weights.F if weights.F is not None else np.zeros_like(weights.W)
    F_input, F_areas = (F[block][..., :n], F[block][..., n:]) if circuit.low_pass else (None, None)
    return Synapses(
        last(W[..., :n]), last(W[..., n:]), last(weights.L_RE[block]), last(weights.L_ER[block]),
        last(B), last(noise),
        empty if F_input is None else last(F_input), empty if F_areas is None else last(F_areas),
        *tuning_arrays(weights.tuning, block, networks),
        *tuning_arrays(weights.error_tuning, block, networks),
    )  # fmt: skip


def variables(circuit: ErrorMicrocircuit, state: State, block: slice) -> Variables:
    """Lay out the state of a block of networks. The engine changes these copies."""
    timing = circuit.timing
    u, u_before, v, v_before, r, e, basal, apical, dendritic = (
        last(getattr(state, name)[block, 0])
        for name in ("u", "u_before", "v", "v_before", "r", "e", "basal", "apical", "dendritic")
    )
    u_ahead = u_before + circuit.tau * (u - u_before) / timing.dt
    v_ahead = v_before + circuit.tau_error[:, None] * (v - v_before) / timing.dt
    presynaptic = last(state.presynaptic[block, 0])
    line = timing.delay_steps + 2
    r_line, e_line = np.zeros((line, *u.shape)), np.zeros((line, *v.shape))
    r_line[1] = presynaptic[circuit.layers[0] :]
    for i in range(timing.delay_steps):
        r_line[2 + i] = last(state.r_travelling[i][block, 0])
        e_line[2 + i] = last(state.e_travelling[i][block, 0])
    surprise = u_ahead - circuit.tau * circuit.g_basal * basal
    return Variables(
        u, v, u_before, v_before, u_ahead, v_ahead, u_ahead.copy(), v_ahead.copy(), r, e, basal,
        apical, dendritic, surprise, np.zeros_like(u), np.zeros_like(u), r_line, e_line,
        presynaptic[: circuit.layers[0]].copy(),
        np.zeros((circuit.sizes[-1], u.shape[1])), np.zeros(3, np.int64),
    )  # fmt: skip


def final_weights(
    circuit: ErrorMicrocircuit, weights: Weights, blocks: Sequence[tuple[Synapses, Variables]]
) -> Weights:
    """Take back the synapses of all blocks."""
    a = anatomy(circuit)
    eta = np.repeat(np.repeat(a.eta[:, 1:], circuit.sizes, 0), circuit.sizes, 1)
    W, B, F = [], [], []
    for s, x in blocks:
        pending = first(eta[..., None] * x.pending[:, None] * x.pending_pre[None])
        old = np.concatenate([first(s.W_input), first(s.W)], axis=-1)
        new = old.copy()
        new[..., circuit.layers[0] :] += pending
        W.append(new)
        refreshed = circuit.feedback == "transpose" and circuit.feedback_route == "descending"
        transposed = refreshed and not circuit.low_pass
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


def final_state(circuit: ErrorMicrocircuit, blocks: Sequence[tuple[Synapses, Variables]]) -> State:
    """Take back the state of all blocks."""

    def of(name: str) -> Array:
        return np.concatenate([first(getattr(x, name)) for _, x in blocks])[:, None]

    def line(name: str, i: int) -> Array:
        parts = []
        for _, x in blocks:
            axon = getattr(x, name)
            parts.append(first(axon[(x.counter[0] + i) % len(axon)]))
        return np.concatenate(parts)[:, None]

    presynaptic = np.concatenate([of("input_before"), line("r_line", 1)], axis=-1)
    delay = range(2, circuit.timing.delay_steps + 2)
    return State(
        of("u"), of("u_before"), of("v"), of("v_before"), of("u_used"), of("v_used"), of("r"),
        of("e"), presynaptic, of("basal"), of("apical"), of("dendritic"),
        tuple(line("r_line", i) for i in delay), tuple(line("e_line", i) for i in delay),
    )  # fmt: skip


def presentations(
    circuit: Any, schedule: Schedule, targets: Array, execution: Execution, block: slice
) -> Presentations:
    """Lay out what a block of networks is shown."""

    def own(x: Array) -> Any:
        return plain(x if len(x) == 1 else x[block])

    current = current_error = np.zeros((0, 0, 0))
    if execution.noise is not None:
        steps = int(schedule.steps.sum())
        drawn = [
            potential_noise(circuit, execution.noise, k, steps)
            for k in execution.noise.networks[block]
        ]
        current, current_error = (last(np.stack(x)) for x in zip(*drawn, strict=True))
    order = schedule.order if len(schedule.order) == 1 else schedule.order[block]
    return Presentations(
        own(schedule.inputs), own(targets), plain(order, np.int64),
        plain(schedule.steps, np.int64), plain(schedule.teaching, np.bool_),
        plain(schedule.learning, np.bool_), int(schedule.target_lag), current, current_error,
    )  # fmt: skip


def potential_noise(
    circuit: ErrorMicrocircuit, noise: Noise, network: int, steps: int
) -> tuple[Array, Array]:
    """Draw the noise of one network as currents into R and E, each (step, neuron)."""
    rng = generator(noise.seed, circuit.theory, network, "potential noise")
    scale = noise.sigma / np.sqrt(circuit.timing.dt)
    return (
        scale * rng.normal(size=(steps, sum(circuit.sizes))),
        scale * rng.normal(size=(steps, sum(circuit.error_sizes))),
    )


def room(circuit: ErrorMicrocircuit, name: str) -> int:
    """Return how many neurons a recorded quantity has."""
    of_error = name in ("v", "v_ahead", "e", "dendritic")
    return sum(circuit.error_sizes if of_error else circuit.sizes)


def targets(circuit: ErrorMicrocircuit, targets: Array) -> Array:  # noqa: ARG001
    """Return targets as the kernel takes them: rates."""
    return targets


RECORDED = Recorded


def check_shapes(circuit: Any, weights: Any, schedule: Schedule, state: Any) -> None:
    """Refuse a schedule or state that does not fit the networks.

    Raises
    ------
    ValueError
        If a shape does not fit; the message names it and the mend.
    """
    networks = len(weights.W)
    wanted = {"inputs": circuit.layers[0], "targets": circuit.layers[-1]}
    for name, size in wanted.items():
        found = getattr(schedule, name).shape
        if found[0] not in (1, networks) or found[2] != size:
            raise ValueError(
                f"{name} of the schedule has shape {found}; give (1 or {networks}, item, {size})"
            )
    before, output = schedule.target_before, circuit.layers[-1]
    if before is not None and before.shape not in ((1, output), (networks, output)):
        raise ValueError(
            f"target_before of the schedule has shape {before.shape}; "
            f"give (1 or {networks}, {output})"
        )
    if len(schedule.order) not in (1, networks):
        raise ValueError(
            f"order of the schedule has {len(schedule.order)} rows; give 1 or {networks}"
        )
    if state.u.shape[:2] != (networks, 1):
        raise ValueError(
            f"the state has {state.u.shape[0]} networks of {state.u.shape[1]} streams; the engine "
            f"needs {networks} networks of 1 stream"
        )
