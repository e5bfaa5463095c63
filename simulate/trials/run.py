"""Circuit x experiment x networks: runs trials, with synapses frozen or plastic.

All networks, and all streams of trials, are stepped together. Every trial starts from the end
state of the one before it in its stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.simulate.arrays import Array, of_networks
from errorneurons.simulate.circuit import Role, StateT, WeightsT, neurons
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.experiments.columns import DEFAULTS
from errorneurons.simulate.experiments.readout import cursor, decoder_of
from errorneurons.simulate.experiments.trials import (
    Clock,
    streams,
    trials_of,
    whole,
)
from errorneurons.simulate.trials.bench import Bench, Chosen
from errorneurons.simulate.trials.trial import Segment, SomaticNoise, Trial
from errorneurons.simulate.trials.twins import Twins

Binned = npt.NDArray[np.float32]
_APICAL, _OUTPUT, _TARGET = "apical", "output", "target"


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
    extents
        Size of each signal to which the instrument's gain is set, by its source, (network,); None
        for that of this activity.
    day
        On which day of the experiment it was.
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
    extents: Mapping[str, Array] | None = None
    day: int = 1
    decoder: Array | None = None

    def finite(self) -> npt.NDArray[np.bool_]:
        """Return which networks have finite rates throughout, (network,)."""
        each = [np.isfinite(r).all(axis=(1, 2, 3)) for r in self.rates.values()]
        return np.asarray(np.logical_and.reduce(each))


def run_trials(
    bench: Bench[WeightsT, StateT],
    weights: WeightsT,
    table: pd.DataFrame,
    clock: Clock,
    n_streams: int = 1,
    learn: bool = False,
    roles: Sequence[Role] | None = None,
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
        What was recorded, and the synapses after the last trial: those given, or, if they learn,
        (network x stream, post, pre).

    Raises
    ------
    ValueError
        If the trials cannot be dealt evenly, or the bins are no whole number of time steps.
    """
    trials_of_all = trials_of(table)
    dealt = streams(trials_of_all, n_streams)
    decoder = decoder_of(bench.readout, pd.DataFrame(trials_of_all, columns=["decoder"]))
    separate = learn or _reaches_terminals(trials_of_all)
    noise = None if bench.noise is None else SomaticNoise(bench, n_streams)
    stepper: Stepper | Twins
    if separate:
        stepper = _separate_stepper(bench, weights, n_streams, learn)
    elif noise is not None:
        stepper = Stepper(bench.circuit, weights, n_streams)
    else:
        stepper = Twins(bench.circuit, weights, n_streams)
    recorded: dict[str, Any] = {}
    for number, trials in enumerate(zip(*dealt, strict=True)):
        trial = Trial(bench, trials, clock, cursor(bench.readout, decoder, trials))
        recorder = _Recorder(bench, clock, stepper, roles)
        for segment in trial.segments(noise, separate, recorder.edges(trial.length)):
            recorder.advance(segment, learn and segment.plastic)
            if segment.last == recorder.read_out.stop:
                trial.close_loop(_by_stream(recorder.output(), n_streams))
        _put(recorded, number, len(dealt[0]), _of_trial(trial, recorder, n_streams))
    activity = _put_together(bench, table, clock, decoder, recorded)
    learnt = stepper.weights if isinstance(stepper, Stepper) and learn else weights
    return activity, learnt


def _separate_stepper(
    bench: Bench[WeightsT, StateT], weights: WeightsT, n_streams: int, learn: bool
) -> Stepper:
    """Return what steps streams with synapses of their own: networks of their own to a circuit."""
    count = len(bench.association.stimuli["trained"])
    copies = np.repeat(np.arange(count), n_streams)
    circuit = of_networks(bench.circuit, copies, count)
    return Stepper(circuit, of_networks(weights, copies, count), 1, plastic=learn)


def _of_trial(trial: Trial, recorder: _Recorder, n_streams: int) -> dict[str, Any]:
    """Return what was recorded in a trial, and its target; arrays (network, stream, ...)."""
    recorded: dict[str, Any] = {**recorder.bins(), _OUTPUT: recorder.output()}
    found = {name: _by_stream(x, n_streams) for name, x in recorded.items()}
    found[_OUTPUT] = trial.read(found[_OUTPUT])
    found[_TARGET] = np.broadcast_to(trial.shown_target(), found[_OUTPUT].shape)
    return found


def _put_together(
    bench: Bench[Any, Any],
    table: pd.DataFrame,
    clock: Clock,
    decoder: Array | None,
    recorded: Mapping[str, Any],
) -> Activity:
    """Return the activity in all trials from arrays (network, stream, trial of it, ...)."""
    by_trial = {name: x.reshape(len(x), -1, *x.shape[3:]) for name, x in recorded.items()}
    output, target = by_trial.pop(_OUTPUT), by_trial.pop(_TARGET)
    apical = by_trial.pop(_APICAL, None)
    rates = cast("dict[Role, Binned]", by_trial)
    return Activity(rates, output, target, table, clock, bench.labelled, apical, decoder=decoder)


def _reaches_terminals(trials: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a trial silences axon terminals, so that streams differ in their synapses."""
    target = "manipulated_target"
    return any(trial[target] != DEFAULTS[target] for trial in trials)


def _by_stream(x: Any, n_streams: int) -> Any:
    """Return (network, stream, ...) whether streams stood as streams or as networks."""
    return x.reshape(-1, n_streams, *x.shape[2:])


def _put(recorded: dict[str, Any], number: int, count: int, found: Mapping[str, Any]) -> None:
    """Put what was found in a trial, (network, stream, ...), in its place among all trials."""
    for name, value in found.items():
        if name not in recorded:
            recorded[name] = np.empty((*value.shape[:2], count, *value.shape[2:]), value.dtype)
        recorded[name][:, :, number] = value


def synapses(weights: Any) -> dict[str, Array]:
    """Return the arrays among the fields of a theory's weights; options that are off are None."""
    values = {f.name: getattr(weights, f.name) for f in fields(weights)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


class _Recorder:
    """Takes steps, and averages the rates of a trial in bins and the output before the outcome."""

    def __init__(
        self, bench: Bench[Any, Any], clock: Clock, stepper: Stepper | Twins,
        roles: Sequence[Role] | None,
    ) -> None:  # fmt: skip
        circuit, self.stepper = bench.circuit, stepper
        every = (*stepper.roles, *((_APICAL,) if bench.apical else ()))
        self.roles = every if roles is None else tuple(roles)
        step = circuit.timing.step
        self.per_bin = whole(clock.bin, step)
        if not self.per_bin:
            raise ValueError(f"bin is {clock.bin:g} s; give a whole number of steps of {step:g} s")
        self.read_out = range(
            round((clock.outcome - min(0.1, clock.outcome) - clock.start) / step),
            round((clock.outcome - clock.start) / step),
        )
        self.where = neurons(circuit, "representation", circuit.output_area)
        self.sums: dict[str, list[Array]] = {role: [] for role in self.roles}
        self.read: Array | float = 0.0

    def edges(self, length: int) -> tuple[int, ...]:
        """Return the steps at which a stretch must end: where the output is read."""
        return tuple(k for k in (self.read_out.start, self.read_out.stop) if k < length)

    def advance(self, segment: Segment, learn: bool) -> None:
        """Take the steps of a segment, and add what is recorded."""
        first, last = segment.first, segment.last
        ends = [*range(first - first % self.per_bin + self.per_bin, last, self.per_bin), last]
        lengths = np.diff([first, *ends])
        if isinstance(self.stepper, Stepper):
            found = self.stepper.advance(segment.world, lengths, learn, self.roles)
        else:
            found = self.stepper.advance(segment.world, lengths, self.roles)
        for name, parts in found.items():
            sums = self.sums[name]
            for start, part in zip([first, *ends], parts, strict=False):
                if start % self.per_bin:
                    sums[-1] = sums[-1] + part
                else:
                    sums.append(part)
        if self.read_out.start <= first < self.read_out.stop:
            output = found["representation"].sum(axis=0)[..., self.where]
            self.read = self.read + output

    def bins(self) -> dict[str, Binned]:
        """Return the mean in each bin by role, (network, stream, time, neuron)."""
        return {
            name: (np.stack(sums, axis=2) / self.per_bin).astype(np.float32)
            for name, sums in self.sums.items()
        }

    def output(self) -> Array:
        """Return the output before the outcome, (network, stream, output neuron)."""
        return np.asarray(self.read) / len(self.read_out)
