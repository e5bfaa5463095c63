"""Learning from items that are shown one after the other, each held for some steps.

Theories that the engine knows run compiled, the others by their own `step` and `learn`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array, Integers, generator
from errorneurons.simulate.circuit import World, has, neurons
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.parts.plasticity import transposed
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import NoisyWeights, RelaxingLaterals
from errorneurons.simulate.trials import settling


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
        Shown with a teaching signal that lags the input by one step an area, as activity does.
    steps
        Steps that each item is held.
    orders
        Which item is shown in each presentation of an epoch.
    diverging
        Whether networks that diverge are stepped on and end as NaN, and not refused.
    """
    state = circuit.rest(weights, 1)
    for order in orders:
        count = order.shape[1]
        schedule = layout.Schedule(
            items.inputs, items.targets, order, np.full(count, steps), np.full(count, True),
            np.full(count, True), target_lag=len(circuit.layers) - 1,
        )  # fmt: skip
        weights, state = _advance(circuit, weights, schedule, state, diverging=diverging)
        yield weights


def _advance(
    circuit: Any, weights: Any, schedule: layout.Schedule, state: Any, *, diverging: bool = False
) -> tuple[Any, Any]:
    """Return synapses and state after a schedule.

    Raises
    ------
    DivergedError
        If the engine runs it and potentials diverge, unless `diverging`.
    """
    if isinstance(circuit, kernels.COMPILED_THEORIES):
        whole, transmitting = for_engine(circuit, weights)
        try:
            if kernels.knows(whole):
                run: Any = kernels.run(whole, transmitting, schedule, state=state)
                return _learnt(circuit, weights, transmitting, run.weights), run.state
        except kernels.DivergedError:
            if not diverging:
                raise
    return _stepped(circuit, weights, schedule, state)


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


def _stepped(circuit: Any, weights: Any, schedule: layout.Schedule, state: Any) -> tuple[Any, Any]:
    every, lag = np.arange(len(state.rates["representation"])), schedule.target_lag
    target, taught = schedule.targets[:, schedule.order[0, :1]], False
    for item, steps, teaching, learning in zip(
        schedule.order.T, schedule.steps, schedule.teaching, schedule.learning, strict=True
    ):
        for step in range(steps):
            if step == lag:
                target, taught = _own(schedule.targets, every, item), bool(teaching)
            shown = _own(schedule.inputs, every, item)
            after = circuit.step(weights, state, World(shown, target, np.full((1, 1, 1), taught)))
            if learning and (circuit.plastic == "always" or step == steps - 1):
                weights = circuit.learn(weights, state, after)
            state = after
    return weights, state


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
        swept: Array = sweep.settled(inputs)[1][..., output]
        return swept
    state = settling.settled(circuit, weights, inputs)[1]
    rates: Array = state.rates["representation"][..., output]
    return rates
