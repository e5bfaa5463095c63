"""Learning from items that are shown one after the other, each held for some steps.

Theories with a kernel of their own take it, the others the compiled loop that all have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, Integers, generator
from errorneurons.simulate.circuit import World, has, neurons
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.parts.plasticity import transposed
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import NoisyWeights, RelaxingLaterals
from errorneurons.simulate.trials import settling

OWN_STEP = 1e-3
"""The step of theories as they are in the report [s]."""
OWN_STEPS = 100
"""Steps for which they see an item without, and then with its target."""
REPRESENTATIONS = ("representation",)
_ENDS = layout.Recording(("r",), "presentation")


@dataclass(frozen=True)
class Items:
    """What is to be learnt.

    Attributes
    ----------
    inputs
        Rates of the input, (network or 1, item, input neuron).
    targets
        Rates that the output should have, (network or 1, item, output neuron).
    """

    inputs: Array
    targets: Array


def uniform_start(circuit: Any, weights: Any, half_width: float = 1.0) -> Any:
    """Return start synapses U(-1, 1) * `half_width`, whatever the fan-in, as published.

    They are those of `initial_weights`, rescaled; the noise on the feedback stays as it is.

    Parameters
    ----------
    circuit
        An error microcircuit or an artificial network whose areas form a chain.
    weights
        What its `initial_weights` returned.
    half_width
        Half the width of the uniform distribution.
    """
    scale = half_width * np.sqrt(circuit.layers[:-1]) / circuit.weight_scale
    W = weights.W * np.repeat(scale, circuit.sizes)[:, None]
    if not has(circuit, "error"):
        return replace(weights, W=W, B=weights.B * np.repeat(scale, circuit.sizes))
    noise = weights.feedback_noise
    B = noise + (weights.B - noise) * np.repeat(scale, circuit.error_sizes)
    return replace(weights, W=W, B=B)


def artificial(circuit: ErrorMicrocircuit) -> Backprop:
    """Return the artificial network that learns as fast as a microcircuit.

    Its rates are those of the microcircuit times what lies between an output error and the change
    of a synapse: tau g_api g_tgt tau_T, and g_den tau_E for each area that the error descends.
    """
    descent = circuit.g_apical * circuit.tau * circuit.g_target * float(circuit.tau_error[-1])
    relay = circuit.g_dendrite / (circuit.g_leak + circuit.g_dendrite)
    factor = descent * relay ** np.arange(len(circuit.sizes))[::-1]
    rates = tuple(map(tuple, circuit.area_eta * factor[:, None]))
    return Backprop(
        layers=circuit.layers, activation=circuit.activation, timing=circuit.timing,
        learning_rates=rates, weight_scale=float(circuit.weight_scale),
        connectivity=circuit.connectivity,
    )  # fmt: skip


def shuffled_items(
    seed: int, task: str, networks: Sequence[int], items: int, epochs: int
) -> Iterator[Integers]:
    """Yield the order of the items in each epoch, (network, presentation)."""
    rngs = [generator(seed, task, network, "order") for network in networks]
    for _ in range(epochs):
        yield np.stack([rng.permutation(items) for rng in rngs])


def paced(circuit: Any, steps: int) -> tuple[int, int]:
    """Return for how many steps an item is shown with its target, and before that without.

    Circuits of published experiments step by 0.01 ms or so and look ahead: they are taught all the
    time, for as many steps as published. Those that come with the report step by 1 ms and may take
    their time to settle; each gets a stimulus of 100 ms and 100 ms more with the target, as there.

    Parameters
    ----------
    circuit
        What is to learn.
    steps
        As published.
    """
    return (OWN_STEPS, OWN_STEPS) if keeps_its_time(circuit) else (steps, 0)


def keeps_its_time(circuit: Any) -> bool:
    """Return whether a circuit steps as in the report, and not as in published experiments."""
    return bool(circuit.timing.step >= OWN_STEP)


def learn_held(
    circuit: Any,
    weights: Any,
    items: Items,
    steps: int,
    orders: Iterator[Integers],
    *,
    diverging: bool = False,
) -> Iterator[Any]:
    """Yield the synapses after each epoch.

    Parameters
    ----------
    circuit, weights
        Networks to train.
    items
        Shown with a teaching signal that lags the input by one step an area, as activity does, or
        comes when activity has settled, see `paced`.
    steps
        Steps that each item is held, see `paced`.
    orders
        Which item is shown in each presentation of an epoch.
    diverging
        Whether networks that diverge are stepped on and end as NaN, and not refused.
    """
    state, (steps, untaught) = circuit.rest(weights, 1), paced(circuit, steps)
    for order in orders:
        count = order.shape[1]
        schedule = layout.Schedule(
            items.inputs, items.targets, order, np.full(count, steps), np.full(count, True),
            np.full(count, True), target_lag=len(circuit.layers) - 1,
        )  # fmt: skip
        after = advanced(circuit, weights, schedule, state, diverging=diverging, untaught=untaught)
        weights, state = after.weights, after.state
        yield weights


@dataclass(frozen=True)
class Advanced:
    """Networks after a schedule.

    Attributes
    ----------
    weights, state
        Of all networks.
    rates
        Of representation neurons at the end of each presentation, (network, presentation, neuron).
    """

    weights: Any
    state: Any
    rates: Array


def advanced(
    circuit: Any,
    weights: Any,
    schedule: layout.Schedule,
    state: Any,
    *,
    diverging: bool = False,
    untaught: int = 0,
) -> Advanced:
    """Return networks after a schedule, compiled as far as can be.

    Parameters
    ----------
    circuit, weights, state
        Networks, and where they begin.
    schedule
        What they go through.
    diverging
        As in `learn_held`.
    untaught
        Steps for which each item is shown before, without its target and without learning; its
        target then comes at once. 0: it lags as the schedule says.

    Raises
    ------
    DivergedError
        If the engine runs it and potentials diverge, unless `diverging`.
    """
    if isinstance(circuit, kernels.COMPILED_THEORIES) and not untaught:
        whole, transmitting = for_engine(circuit, weights)
        try:
            if kernels.knows(whole):
                run: Any = kernels.run(whole, transmitting, schedule, state=state, recording=_ENDS)
                after = _learnt(circuit, weights, transmitting, run.weights)
                return Advanced(after, run.state, run.recorded["r"])
        except kernels.DivergedError:
            if not diverging:
                raise
    return _stepped(circuit, weights, schedule, state, untaught)


def for_engine(circuit: Any, weights: Any) -> tuple[Any, Any]:
    """Return the same networks as the engine knows them.

    Where error neurons carry errors, what is cut has synapses of 0, and noise that forward
    synapses transmit is part of them, and missing in their transpose. Other circuits are as they
    were.
    """
    if circuit.carrier != "error":
        return circuit, weights
    if "error_feedback" in circuit.cut:
        circuit = replace(circuit, feedback="fixed")
        weights = replace(weights, B=np.zeros_like(weights.B))
    if "error_to_representation" in circuit.cut:
        laterals = circuit.parts_of(RelaxingLaterals)
        circuit = circuit.having(*(replace(part, onto_representation=None) for part in laterals))
        weights = replace(weights, L_ER=np.zeros_like(weights.L_ER))
    if weights.weight_noise is not None and circuit.error_sizes == circuit.sizes:
        noise = weights.feedback_noise - transposed(weights.weight_noise, circuit.layers[0])
        circuit = circuit.lacking(NoisyWeights)
        weights = replace(weights, W=weights.ascending, feedback_noise=noise, weight_noise=None)
    return (replace(circuit, cut=()) if circuit.cut else circuit), weights


def _learnt(circuit: Any, weights: Any, transmitting: Any, after: Any) -> Any:
    """Return the synapses after a run of what `for_engine` returned."""
    if transmitting is weights:
        return after
    B = weights.B if "error_feedback" in circuit.cut else after.B
    L_ER = weights.L_ER if "error_to_representation" in circuit.cut else after.L_ER
    W = weights.W + (after.W - transmitting.W)
    return replace(weights, W=W, B=B, L_ER=L_ER, L_RE=after.L_RE, F=after.F)


def _stepped(
    circuit: Any, weights: Any, schedule: layout.Schedule, state: Any, untaught: int
) -> Advanced:
    stepper = Stepper(circuit, weights, state=state, plastic=bool(schedule.learning.any()))
    every, ends = np.arange(len(state.rates["representation"])), []
    target, taught = _own(schedule.targets, every, schedule.order[:, 0]), False
    for item, steps, teaching, learning in zip(
        schedule.order.T, schedule.steps, schedule.teaching, schedule.learning, strict=True
    ):
        shown, learns = _own(schedule.inputs, every, item), bool(learning)
        before = World(shown, target, _said(taught and not untaught))
        target, taught = _own(schedule.targets, every, item), bool(teaching)
        now = World(shown, target, _said(taught))
        if untaught:
            stepper.advance(before, untaught)
            ends.append(_held(stepper, now, int(steps), learns, last=True))
        else:
            if schedule.target_lag:
                _held(stepper, before, schedule.target_lag, learns, last=False)
            ends.append(_held(stepper, now, int(steps) - schedule.target_lag, learns, last=True))
    return Advanced(stepper.weights, stepper.state, np.stack(ends, axis=1))


def _held(stepper: Stepper, world: World, steps: int, learning: bool, *, last: bool) -> Array:
    """Hold a world, and return the rates in its last step, (network, neuron).

    Theories that learn after settling do so in the last step of an item.
    """
    bins = (max(steps - 1, 0), min(steps, 1))
    if learning and stepper.circuit.plastic != "always":
        stepper.advance(world, bins[0])
        found = stepper.advance(world, bins[1:], learn=last, show=REPRESENTATIONS)
    else:
        found = stepper.advance(world, bins, learn=learning, show=REPRESENTATIONS)
    ends: Array = found["representation"][-1][:, 0]
    return ends


def _said(teaching: bool) -> npt.NDArray[np.bool_]:
    return np.full((1, 1, 1), teaching)


def _own(items: Array, every: Integers, item: Integers) -> Array:
    """Return the item of each network, (network, 1, neuron)."""
    return items[every % len(items), item][:, None]


def answers_to(circuit: Any, weights: Any, inputs: Array) -> Array:
    """Return the settled rates of the output without a teaching signal.

    Parameters
    ----------
    circuit, weights
        Networks; their synapses stay as they are.
    inputs
        Rates of the input, (network or 1, item, input neuron).

    Returns
    -------
    Array
        (network, item, output neuron).
    """
    output = neurons(circuit, "representation", circuit.output_area)
    sweep = circuit.sweep(weights)
    if sweep is not None and not sweep.disturbed:
        swept: Array = sweep.output(inputs)
        return swept
    state = settling.settled(circuit, weights, inputs)[1]
    rates: Array = state.rates["representation"][..., output]
    return rates


def squared_error(circuit: Any, weights: Any, items: Items) -> Array:
    """Return the mean squared error of the settled output, (network,)."""
    found = answers_to(circuit, weights, items.inputs)
    error: Array = ((found - items.targets) ** 2).mean(axis=(1, 2))
    return error
