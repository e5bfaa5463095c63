"""How the engine lays out a circuit: the network is the last dimension of every array.

The engine needs flat arrays and plain numbers. A circuit, its synapses, its state and a
schedule are laid out for it, block by block of networks, and taken back. No loops over time.
Here is what all theories share; what is special to one is in its own `layout_` file.

All that changes from step to step stands in the rows of one array, ``everything`` (row, network):
so any of it is recorded in the same way, and what belongs together is activated in one go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, Integers, generator
from errorneurons.simulate.refusing import known

Flags = npt.NDArray[np.bool_]

#: Activation functions as the engine numbers them.
CODES = ("linear", "relu", "soft_relu", "logistic", "tanh", "hard_sigmoid")
PHI_LINEAR, PHI_RELU, PHI_SOFT_RELU, PHI_LOGISTIC, PHI_TANH, PHI_HARD_SIGMOID = range(6)
DERIVATIVES = ("exact", "nominal", "published")
EXACT, NOMINAL, PUBLISHED = range(3)

#: Above this many synapses between areas a network is simulated alone.
LARGE = 4096

#: Numbers in a line of the processor's cache, and in a page of memory.
CACHE_LINE, PAGE = 8, 512


@dataclass(frozen=True)
class Layout:
    """How circuits of one kind are laid out for their kernel, and taken back.

    Attributes
    ----------
    rows
        Circuit -> where everything stands.
    recordable
        Circuit -> what can be recorded.
    anatomy, rules
        Circuit (and synapses) -> how its areas are linked; its numbers and options.
    targets
        Circuit and targets -> targets as the kernel takes them.
    synapses, variables
        Circuit, synapses or state, and a block of networks -> copies that the kernel changes.
    final_weights, final_state
        Circuit (and synapses) and all blocks -> synapses and state of all networks.
    """

    rows: Callable[[Any], dict[str, slice]]
    recordable: Callable[[Any], tuple[str, ...]]
    anatomy: Callable[[Any], Any]
    rules: Callable[[Any, Any], Any]
    targets: Callable[[Any, Array], Array]
    synapses: Callable[[Any, Any, slice], Any]
    variables: Callable[[Any, Any, slice], Any]
    final_weights: Callable[[Any, Any, Sequence[tuple[Any, Any]]], Any]
    final_state: Callable[[Any, Sequence[tuple[Any, Any]]], Any]


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
    block: int = 256
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
        Any of `kernels.recordable`: fields of the theory's state, and ``surprise``, what
        plasticity multiplies by the presynaptic rate.
    at
        ``"step"``: after every step; ``"presentation"``: at the end of each presentation.
    """

    names: tuple[str, ...] = ()
    at: Literal["step", "presentation"] = "step"

    def __post_init__(self) -> None:
        known("Recording.at", self.at, ("step", "presentation"))


#: What is recorded after the potentials have moved: the potentials.
AFTER = ("u", "v", "u_interneuron", "delta")


class Areas(Protocol):
    """A circuit of stacked areas."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Representation neurons of each area."""


class Presentations(NamedTuple):
    """What is shown to a block: items of `inputs` and `targets` in the order of each network.

    `inputs` and `targets` are (network or 1, item, neuron), `order` is (network or 1,
    presentation); `noise` is what is added to the lookahead, (step, neuron, network), the error
    neurons after the representation neurons; empty for none.
    """

    inputs: Array
    targets: Array
    order: Integers
    steps: Integers
    teaching: Flags
    learning: Flags
    lag: int
    noise: Array


class Record(NamedTuple):
    """What is written down, (record, row, network), and where it stands in ``everything``.

    `during` are rows as a step used them, `after` rows after the potentials have moved.
    """

    during: Integers
    after: Integers
    room: Array
    each_step: bool


def places_of(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Return where quantities of the given sizes stand, one after the other."""
    ends = np.cumsum(list(sizes.values())).tolist()
    return {
        name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)
    }


def views(where: Mapping[str, slice], everything: Array, names: Sequence[str]) -> dict[str, Any]:
    """Return the rows of each named quantity, and what every theory keeps beside them."""
    rows = {name: everything[where[name]] for name in names if name in where}
    return rows | {"everything": everything, "counter": np.zeros(3, np.int64)}


def input_rows(n: int, out: int, R: int) -> dict[str, int]:
    """Return the sizes of what every theory keeps of its input and target."""
    owed = {"drive": R, "owed": R, "owed_before": R}
    return owed | {"held": n, "input_before": n, "shown": n, "norm": 1, "overlap": 1, "target": out}


def axons(blocks: Sequence[Any], i: int) -> Array:
    """Return place i of the axons of all blocks, oldest first, (network, 1, neuron)."""
    parts = [first(x.line[(x.counter[0] + i) % len(x.line)]) for x in blocks]
    return np.concatenate(parts)[:, None]


def recorder(
    where: Mapping[str, slice], recording: Recording, schedule: Schedule, networks: int
) -> Record:
    """Return room for what a block of networks records."""
    each_step = recording.at == "step"
    records = int(schedule.steps.sum()) if each_step else len(schedule.steps)
    moved = [name for name in recording.names if name in AFTER]
    rows = [
        np.concatenate([np.arange(where[n].start, where[n].stop) for n in names] or [np.zeros(0)])
        for names in ([n for n in recording.names if n not in AFTER], moved)
    ]
    size = sum(map(len, rows))
    during, after = (plain(x, np.int64) for x in rows)
    return Record(during, after, np.zeros((records, size, networks)), each_step)


def recorded_activity(
    where: Mapping[str, slice], recording: Recording, records: Sequence[Record]
) -> dict[str, Array]:
    """Take back what all blocks recorded: for each name (network, record, neuron)."""
    order = sorted(recording.names, key=lambda name: name in AFTER)
    parts = places_of({name: where[name].stop - where[name].start for name in order})
    return {
        name: np.concatenate([np.moveaxis(out.room[:, parts[name]], -1, 0) for out in records])
        for name in recording.names
    }


def last(x: Array, beyond: int = 0) -> Array:
    """Return a contiguous copy of (network, ...) as (..., network), for the engine to change.

    Rows go on with `beyond` zeros.
    """
    moved = np.moveaxis(x, 0, -1)
    *before, row, networks = moved.shape
    goal = aligned((*before, row + beyond, networks))
    goal[..., :row, :] = moved
    return goal


def aligned(shape: tuple[int, ...], after: int = 0) -> Array:
    """Return zeros that begin some numbers after the beginning of a page of memory.

    The processor takes two addresses for the same where they differ by pages only, so that a load
    waits for a store that has nothing to do with it. Synapses begin with a page, and what is
    loaded and stored beside them somewhere else: this makes large networks up to twice as fast.
    """
    size = math.prod(shape)
    room = np.zeros(size + after + PAGE)
    start = -room.ctypes.data // room.itemsize % PAGE + after
    return room[start : start + size].reshape(shape)


def plain(x: npt.ArrayLike, dtype: type = float) -> Any:
    """Return an array of the one kind that the engine is compiled for: contiguous, writeable."""
    return np.require(x, dtype, ["C", "W"])


def first(x: Array) -> Array:
    """Return (..., network) as (network, ...), contiguous."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 0))


def is_large(circuit: Areas) -> bool:
    """Return whether networks are simulated one at a time: from the layer sizes alone."""
    return sum(circuit.sizes) ** 2 > LARGE


def presentations(
    circuit: Any, schedule: Schedule, targets: Array, execution: Execution, block: slice
) -> Presentations:
    """Lay out what a block of networks is shown."""

    def own(x: Array) -> Any:
        return plain(x if len(x) == 1 else x[block])

    noise = np.zeros((0, 0, 0))
    if execution.noise is not None:
        steps, R = int(schedule.steps.sum()), sum(circuit.sizes)
        # A current moves the lookahead by tau times itself; backprop knows no time constant.
        tau = np.broadcast_to(getattr(circuit, "tau", 1.0), R)
        tau = np.concatenate([tau, getattr(circuit, "tau_error", tau[:0])])
        drawn = [
            tau * np.hstack(potential_noise(circuit, execution.noise, k, steps))
            for k in execution.noise.networks[block]
        ]
        noise = last(np.stack(drawn))
    order = schedule.order if len(schedule.order) == 1 else schedule.order[block]
    return Presentations(
        own(schedule.inputs), own(targets), plain(order, np.int64),
        plain(schedule.steps, np.int64), plain(schedule.teaching, np.bool_),
        plain(schedule.learning, np.bool_), int(schedule.target_lag), noise,
    )  # fmt: skip


def potential_noise(circuit: Any, noise: Noise, network: int, steps: int) -> list[Array]:
    """Draw the noise of one network as currents into R, and E if there are any, (step, neuron)."""
    rng = generator(noise.seed, circuit.theory, network, "potential noise")
    scale = noise.sigma / np.sqrt(circuit.timing.dt)
    sizes = (sum(circuit.sizes), sum(getattr(circuit, "error_sizes", ())))
    return [scale * rng.normal(size=(steps, size)) for size in sizes if size]


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
