"""Circuit x experiment x networks: runs trials, with synapses frozen or plastic.

All networks, and all streams of trials, are stepped together. Every trial starts from the end
state of the one before it in its stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Generic

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.circuit import (
    NOTHING,
    Array,
    Circuit,
    Role,
    StateT,
    WeightsT,
    World,
    has,
    neurons,
)
from errorneurons.simulate.experiments import Clock, streams
from errorneurons.simulate.tasks.association import Association

Binned = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Activity:
    """What was recorded of many networks in one table of trials.

    Attributes
    ----------
    rates
        Role -> mean rate in each bin, (network, trial, time, neuron).
    output
        The output before the outcome, mean of the last 100 ms, (network, trial, output neuron).
    target
        What the outcome was, (network, trial, output neuron); NaN without teaching.
    table
        The trials.
    clock
        When things happened.
    """

    rates: Mapping[Role, Binned]
    output: Array
    target: Array
    table: pd.DataFrame
    clock: Clock


@dataclass(frozen=True)
class Bench(Generic[WeightsT, StateT]):
    """A circuit with its networks' task, ready for trials.

    Attributes
    ----------
    circuit
        The theory.
    association
        What each network is shown.
    drive
        Current that moves the driven neurons by their natural tuning, (network, 1, 1).
    """

    circuit: Circuit[WeightsT, StateT]
    association: Association
    drive: Array = field(default_factory=lambda: np.ones((1, 1, 1)))


def run(
    bench: Bench[WeightsT, StateT],
    weights: WeightsT,
    table: pd.DataFrame,
    clock: Clock,
    n_streams: int = 1,
    learn: bool = False,
) -> tuple[Activity, WeightsT]:
    """Run the trials of a table.

    Parameters
    ----------
    bench
        Circuit and task.
    weights
        Synapses of all networks.
    table
        Trials, in the order in which they are dealt to the streams.
    clock
        When things happen in a trial.
    n_streams
        Copies of each network that share the trials out.
    learn
        Whether synapses change while there is a teaching signal. Each stream then has synapses of
        its own, which start as `weights`.

    Returns
    -------
    Activity, weights
        What was recorded, and the synapses after the last trial, (network x stream, post, pre).
    """
    circuit, dealt = bench.circuit, streams(table, n_streams)
    # a stream that learns is a network of its own to the circuit
    weights = _repeated(weights, n_streams) if learn else weights
    state = circuit.rest(weights, 1 if learn else n_streams)
    recorded: list[dict[Role, Binned]] = []
    outputs: list[Array] = []
    targets: list[Array] = []
    for trials in zip(*(part.to_dict("records") for part in dealt), strict=True):
        trial = _Trial(bench, trials, clock)
        recorder = _Recorder(bench.circuit, clock)
        for k, world in trial.steps(separate=learn):
            after = circuit.step(weights, state, world)
            if learn and trial.plastic(k):
                weights = circuit.learn(weights, state, after)
            state = after
            recorder.add(k, state.rates)
        recorded.append({role: _by_stream(r, n_streams) for role, r in recorder.bins().items()})
        outputs.append(_by_stream(recorder.output(), n_streams))
        targets.append(np.broadcast_to(trial.shown_target(), outputs[-1].shape))
    rates = {role: _in_table_order([r[role] for r in recorded]) for role in recorded[0]}
    activity = Activity(rates, _in_table_order(outputs), _in_table_order(targets), table, clock)
    return activity, weights


def _repeated(weights: Any, times: int) -> Any:
    """Return everything that networks have of their own `times` over, copy after copy."""
    if isinstance(weights, np.ndarray):
        return np.repeat(weights, times, axis=0)
    if isinstance(weights, tuple):  # the tuning of neurons; a single one serves all networks
        return type(weights)(*(x if len(x) == 1 else _repeated(x, times) for x in weights))
    if not is_dataclass(weights) or isinstance(weights, type):
        return weights
    parts = {f.name: _repeated(getattr(weights, f.name), times) for f in fields(weights)}
    return replace(weights, **parts)


def _by_stream(x: Any, n_streams: int) -> Any:
    """Return (network, stream, ...) whether streams stood as streams or as networks."""
    return x.reshape(-1, n_streams, *x.shape[2:])


def synapses(weights: Any) -> dict[str, Array]:
    """Return the arrays among the fields of a theory's weights; options that are off are None."""
    values = {f.name: getattr(weights, f.name) for f in fields(weights)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _in_table_order(by_trial: list[Any]) -> Any:
    """(trial of stream)(network, stream, ...) -> (network, trial of table, ...)."""
    stacked = np.stack(by_trial, axis=2)
    return stacked.reshape(stacked.shape[0], -1, *stacked.shape[3:])


class _Trial:
    """One trial of every stream: the world at each of its steps."""

    def __init__(
        self, bench: Bench[Any, Any], trials: tuple[dict[Any, Any], ...], clock: Clock
    ) -> None:
        self.circuit, self.clock = bench.circuit, clock
        step = bench.circuit.timing.step
        self.length = round((clock.stop - clock.start) / step)
        onset, outcome, on, off = (
            self._steps([t[name] for t in trials], step)
            for name in (
                "input_onset", "outcome_onset", "manipulation_onset", "manipulation_offset",
            )
        )  # fmt: skip
        self.input_onset, self.outcome_onset, self.on, self.off = onset, outcome, on, off
        self.input, self.target = _shown(bench.association, trials)
        self.keep, self.current = _manipulated(bench, trials)

    def _steps(self, times: list[float], step: float) -> npt.NDArray[np.int64]:
        """Return (stream, 1) step numbers; an event that never comes is after the end."""
        found = [
            self.length if np.isnan(t) else round((t - self.clock.start) / step) for t in times
        ]
        return np.array(found)[:, None]

    def steps(self, separate: bool) -> Iterator[tuple[int, World]]:
        """Yield each step with its world, made anew only when something changes.

        If `separate`, each stream of each network stands as a network of its own.
        """
        changes = {0, *(int(k) for ev in (self.input_onset, self.outcome_onset, self.on, self.off)
                        for k in ev.ravel())}  # fmt: skip
        for k in range(self.length):
            if k in changes:
                world = self._world(k)
                if separate:
                    world = self._separated(world)
            yield k, world

    def _world(self, k: int) -> World:
        manipulated = (self.on <= k) & (k < self.off)
        keep: dict[Role, Array] = {
            role: np.where(manipulated, factor, 1.0)[None] for role, factor in self.keep.items()
        }
        current: dict[Role, Array] = {
            role: np.where(manipulated, amplitude, 0.0) for role, amplitude in self.current.items()
        }
        return World(
            input=self.input * (k >= self.input_onset),
            target=self.target,
            teaching=(k >= self.outcome_onset)[None],
            keep=keep if manipulated.any() else NOTHING,
            current=current if manipulated.any() else NOTHING,
        )

    def _separated(self, world: World) -> World:
        networks, count = self.input.shape[:2]

        def stacked(x: Any) -> Any:
            spread = np.broadcast_to(x, (networks, count, x.shape[-1]))
            return spread.reshape(networks * count, 1, x.shape[-1])

        return World(
            stacked(world.input),
            stacked(world.target),
            stacked(world.teaching),
            {role: stacked(x) for role, x in world.keep.items()},
            {role: stacked(x) for role, x in world.current.items()},
        )

    def plastic(self, k: int) -> bool:
        """Whether synapses change at step k: with teaching, or at its very end."""
        last = round(0.01 / self.circuit.timing.step)
        if self.circuit.plastic == "after settling" and k < self.length - last:
            return False
        return bool(k >= self.outcome_onset[0, 0])

    def shown_target(self) -> Array:
        """(network, stream, output), NaN where no outcome came."""
        return np.where(self.outcome_onset < self.length, self.target, np.nan)


def _shown(association: Association, trials: tuple[dict[Any, Any], ...]) -> tuple[Array, Array]:
    """Input and target of each stream's trial, (network, stream, neuron)."""
    inputs = [association.stimuli[t["association"]][:, t["pattern"]] for t in trials]
    outcomes = [
        association.unexpected(t["association"])[:, t["pattern"]]
        if t["outcome"] == "unexpected"
        else association.outcomes[t["association"]][:, t["pattern"]]
        for t in trials
    ]
    return np.stack(inputs, axis=1), np.stack(outcomes, axis=1)


def _manipulated(
    bench: Bench[Any, Any], trials: tuple[dict[Any, Any], ...]
) -> tuple[dict[Role, Array], dict[Role, Array]]:
    """Factors on silenced neurons (stream, neuron), currents (network, stream, neuron)."""
    keep: dict[Role, Array] = {}
    current: dict[Role, Array] = {}
    for number, trial in enumerate(trials):
        if trial["manipulation"] == "none":
            continue
        role: Role = trial["manipulated_role"]
        if not has(bench.circuit, role):
            continue  # there is nothing to silence or drive
        size = neurons(bench.circuit, role).stop
        where = neurons(bench.circuit, role, trial["manipulated_area"])
        if trial["manipulation"] == "silence":
            keep.setdefault(role, np.ones((len(trials), size)))[number, where] = 0.0
        else:
            flow = current.setdefault(role, np.zeros((len(bench.drive), len(trials), size)))
            flow[:, number, targeted(where)] = bench.drive[:, 0]
    return keep, current


def targeted(where: slice) -> slice:
    """Return which neurons of a population a drive reaches: every other one."""
    return slice(where.start, where.stop, 2)


class _Recorder:
    """Averages the rates of a trial in bins, and the output before the outcome."""

    def __init__(self, circuit: Circuit[Any, Any], clock: Clock) -> None:
        step = circuit.timing.step
        self.per_bin = round(clock.bin / step)
        self.read_out = range(
            round((clock.outcome - min(0.1, clock.outcome) - clock.start) / step),
            round((clock.outcome - clock.start) / step),
        )
        self.where = neurons(circuit, "representation", circuit.output_area)
        self.sums: dict[Role, list[Array]] = {}
        self.read: Array | float = 0.0

    def add(self, k: int, rates: Mapping[Role, Array]) -> None:
        """Add the rates of step k."""
        for role, rate in rates.items():
            sums = self.sums.setdefault(role, [])
            if k % self.per_bin == 0:
                sums.append(rate.copy())
            else:
                sums[-1] += rate
        if k in self.read_out:
            self.read = self.read + rates["representation"][..., self.where]

    def bins(self) -> dict[Role, Binned]:
        """Return the mean rate in each bin by role, (network, stream, time, neuron)."""
        return {
            role: (np.stack(sums, axis=2) / self.per_bin).astype(np.float32)
            for role, sums in self.sums.items()
        }

    def output(self) -> Array:
        """Return the output before the outcome, (network, stream, output neuron)."""
        return np.asarray(self.read) / len(self.read_out)
