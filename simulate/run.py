"""Circuit x experiment x networks: runs trials, with synapses frozen or plastic.

All networks, and all streams of trials, are stepped together. Every trial starts from the end
state of the one before it in its stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.bench import Bench as Bench
from errorneurons.simulate.bench import Chosen, manipulated
from errorneurons.simulate.circuit import (
    NOTHING,
    Array,
    Role,
    StateT,
    WeightsT,
    World,
    neurons,
    of_networks,
)
from errorneurons.simulate.experiments.trials import Clock, streams, whole
from errorneurons.simulate.readout import Cursor, cursor, decoder_of
from errorneurons.simulate.tasks.association import Association

Binned = npt.NDArray[np.float32]
APICAL = "apical"


@dataclass(frozen=True)
class Activity:
    """What was recorded of many networks in one table of trials.

    Attributes
    ----------
    rates
        Role -> mean rate in each bin, (network, trial, time, neuron).
    output
        The output before the outcome, mean of the last 100 ms, (network, trial, output neuron); of
        a brain-computer interface the cursor, (network, trial, 1).
    target
        What the outcome was, or where the cursor was to be; dims as `output`, NaN without teaching.
    table
        The trials.
    clock
        When things happened.
    labelled
        Which representation neurons are labelled error cells, as in `Bench`.
    apical
        Mean apical potential of the representation neurons in each bin, (network, trial, time,
        neuron), where it was recorded.
    decoder
        Weights with which the output neurons move the cursor, (network, output neuron), where
        there is one.
    """

    rates: Mapping[Role, Binned]
    output: Array
    target: Array
    table: pd.DataFrame
    clock: Clock
    labelled: Chosen | None = None
    apical: Binned | None = None
    decoder: Array | None = None


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

    Raises
    ------
    ValueError
        If the trials cannot be dealt evenly, or the bins are no whole number of time steps.
    """
    circuit, dealt = bench.circuit, streams(table, n_streams)
    decoder = decoder_of(bench.readout, table)
    if learn:  # a stream that learns is a network of its own to the circuit
        count = len(bench.association.stimuli["trained"])
        copies = np.repeat(np.arange(count), n_streams)
        circuit = of_networks(circuit, copies, count)
        weights = of_networks(weights, copies, count)
    state = circuit.rest(weights, 1 if learn else n_streams)
    recorded: list[dict[str, Binned]] = []
    outputs: list[Array] = []
    targets: list[Array] = []
    for trials in zip(*(part.to_dict("records") for part in dealt), strict=True):
        trial = _Trial(bench, trials, clock, cursor(bench.readout, decoder, trials))
        recorder = _Recorder(bench, clock)
        for k, world in trial.steps(separate=learn):
            after = circuit.step(weights, state, world)
            if learn and trial.plastic(k):
                weights = circuit.learn(weights, state, after)
            state = after
            recorder.add(k, state)
            if k + 1 == recorder.read_out.stop:
                trial.close_loop(_by_stream(recorder.output(), n_streams))
        recorded.append({name: _by_stream(r, n_streams) for name, r in recorder.bins().items()})
        outputs.append(trial.seen(_by_stream(recorder.output(), n_streams)))
        targets.append(np.broadcast_to(trial.shown_target(), outputs[-1].shape))
    bins = {name: _in_table_order([r[name] for r in recorded]) for name in recorded[0]}
    apical = bins.pop(APICAL, None)
    activity = Activity(
        cast("dict[Role, Binned]", bins), _in_table_order(outputs), _in_table_order(targets),
        table, clock, bench.labelled, apical, decoder,
    )  # fmt: skip
    return activity, weights


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
        self,
        bench: Bench[Any, Any],
        trials: tuple[dict[Any, Any], ...],
        clock: Clock,
        cursor: Cursor | None,
    ) -> None:
        self.circuit, self.clock, self.cursor = bench.circuit, clock, cursor
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
        self.keep, self.current = manipulated(bench, trials)
        self.plastic_from = 0
        if clock.plasticity is not None:
            self.plastic_from = round((clock.plasticity - clock.start) / step)

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
        acting = (self.on <= k) & (k < self.off)
        keep: dict[Role, Array] = {
            role: np.where(acting, factor, 1.0) for role, factor in self.keep.items()
        }
        current: dict[Role, Array] = {
            role: np.where(acting, amplitude, 0.0) for role, amplitude in self.current.items()
        }
        return World(
            input=self.input * (k >= self.input_onset),
            target=self.target,
            teaching=(k >= self.outcome_onset)[None],
            keep=keep if acting.any() else NOTHING,
            current=current if acting.any() else NOTHING,
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
        """Whether synapses change at step k: with teaching, or only late in it."""
        last = round(0.01 / self.circuit.timing.step)
        if self.circuit.plastic == "after settling" and k < self.length - last:
            return False
        return bool(k >= max(self.plastic_from, int(self.outcome_onset[0, 0])))

    def close_loop(self, output: Array) -> None:
        """Let the outcome be what the cursor's error asks of the output, (network, stream, .)."""
        if self.cursor:
            self.target = self.cursor.targets(output)

    def seen(self, output: Array) -> Array:
        """Return what is read of the output: itself, or the cursor, (network, stream, .)."""
        return self.cursor.position(output) if self.cursor else output

    def shown_target(self) -> Array:
        """(network, stream, output), or where the cursor was to be; NaN where no outcome came."""
        wanted = self.cursor.goal if self.cursor else self.target
        return np.where(self.outcome_onset < self.length, wanted, np.nan)


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


class _Recorder:
    """Averages the rates of a trial in bins, and the output before the outcome."""

    def __init__(self, bench: Bench[Any, Any], clock: Clock) -> None:
        circuit, self.apical = bench.circuit, bench.apical
        step = circuit.timing.step
        self.per_bin = whole(clock.bin, step)
        if not self.per_bin:
            raise ValueError(f"bin is {clock.bin:g} s; give a whole number of steps of {step:g} s")
        self.read_out = range(
            round((clock.outcome - min(0.1, clock.outcome) - clock.start) / step),
            round((clock.outcome - clock.start) / step),
        )
        self.where = neurons(circuit, "representation", circuit.output_area)
        self.sums: dict[str, list[Array]] = {}
        self.read: Array | float = 0.0

    def add(self, k: int, state: Any) -> None:
        """Add step k."""
        recorded = {**state.rates, APICAL: state.apical} if self.apical else state.rates
        for name, value in recorded.items():
            sums = self.sums.setdefault(name, [])
            if k % self.per_bin == 0:
                sums.append(value.copy())
            else:
                sums[-1] += value
        if k in self.read_out:
            self.read = self.read + state.rates["representation"][..., self.where]

    def bins(self) -> dict[str, Binned]:
        """Return the mean in each bin by role, (network, stream, time, neuron)."""
        return {
            name: (np.stack(sums, axis=2) / self.per_bin).astype(np.float32)
            for name, sums in self.sums.items()
        }

    def output(self) -> Array:
        """Return the output before the outcome, (network, stream, output neuron)."""
        return np.asarray(self.read) / len(self.read_out)
