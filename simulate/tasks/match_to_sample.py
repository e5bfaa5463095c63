"""Delayed match to sample: tell whether the second stimulus was the same as the first.

A sample, +1 or -1, is shown, then nothing for a while, then a second stimulus. The output is to be
+1 if the two are the same and -1 if not. All that is left of the sample is in the membranes of
the representation neurons, whose rates follow the potential and not its lookahead.

======== ============= ========== ========
phase    steps         input      learning
======== ============= ========== ========
rest     250           0
sample   250           +1 or -1
delay    50 to 249     0
test     250           +1 or -1
change   1             as before  yes
======== ============= ========== ========

The teaching signal is there from the start of the test stimulus on. Synapses change in one single
step of a trial, its last.

Source: doi:10.1371/journal.pcbi.1014164, Fig. 2b.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array, Integers, generator
from errorneurons.simulate.circuit import Timing, neurons
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks.held import advanced, uniform_start
from errorneurons.simulate.tasks.rivals import rival, rivals
from errorneurons.simulate.tasks.task import Learnt, Task, TaskDesign, quiet
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import TunedNeurons, WithoutLookahead

_THEORIES = (ErrorMicrocircuit.theory,)
PHASES = ("rest", "sample", "delay", "test", "change")
_SETS = ("training", "validation", "test")
_SLOPE, _OFFSET = 20.0, 0.5
"""The threshold at the output, tanh(20 (x - .5))."""
_MARGIN = 0.1
"""How far from it the target of a potential is: the answer is then .96."""
_MEMBRANE = 1 / (0.3 + 0.1 + 0.06)
"""The published time constant of representation neurons [ms]."""


@dataclass(frozen=True)
class MatchToSample:
    """The task.

    Attributes
    ----------
    rest, sample, test
        Steps of these phases.
    delay
        Shortest and longest delay, both included [steps].
    taught
        The first phase with a teaching signal.
    trials
        Trials in each of the three sets: training, validation and test.
    epochs
        Epochs of training.
    """

    rest: int = 250
    sample: int = 250
    test: int = 250
    delay: tuple[int, int] = (50, 249)
    taught: str = "test"
    trials: int = 50
    epochs: int = 15

    def __post_init__(self) -> None:
        known("taught", self.taught, PHASES)
        if not 1 <= self.delay[0] <= self.delay[1]:
            raise ValueError(f"delay is {self.delay}; give the shortest, of 1 or more, first")


@dataclass(frozen=True)
class DelayedTrials:
    """Trials of one set, the same for all networks.

    Attributes
    ----------
    stimuli
        Sample and test stimulus, +1 or -1, (trial, 2).
    delay
        Delay between them [steps], (trial,).
    """

    stimuli: Array
    delay: Integers

    @property
    def targets(self) -> Array:
        """+1 for a match, -1 for none, (trial,)."""
        target: Array = self.stimuli[:, 0] * self.stimuli[:, 1]
        return target

    def shuffled(self, rng: np.random.Generator) -> DelayedTrials:
        """Return the same trials in another order."""
        order = rng.permutation(len(self.delay))
        return DelayedTrials(self.stimuli[order], self.delay[order])


def draw_trials(task: MatchToSample, seed: int) -> dict[str, DelayedTrials]:
    """Draw the trials of each set."""
    rngs = {name: generator(seed, "match to sample", name) for name in _SETS}
    return {
        name: DelayedTrials(
            rng.choice(np.array([-1.0, 1.0]), (task.trials, 2)),
            rng.integers(*task.delay, task.trials, endpoint=True),
        )
        for name, rng in rngs.items()
    }


def match_learner(theory: str = ErrorMicrocircuit.theory) -> ErrorMicrocircuit:
    """Return the 1-2-1 circuit with the published parameters.

    Raises
    ------
    ValueError
        If the theory cannot do the task; `errorneurons list tasks` says why.
    """
    known("theory", theory, _THEORIES)
    return ErrorMicrocircuit(
        layers=(1, 2, 1), activation=("soft_relu", "tanh"), derivative="nominal",
        timing=Timing(1e-5, 0.0), g_leak=0.3, g_apical=0.06, learning_rates=(4000.0, 4000.0),
        feedback_noise=0.5, lateral_noise=0.3,
        parts=(TunedNeurons((1.0, _SLOPE), (0.0, _OFFSET)), WithoutLookahead("representation")),
    )  # fmt: skip


def match_rival(theory: str) -> Any:
    """Return a 1-2-1 circuit of a theory of the report, with the published membrane.

    Its rates follow potentials, as those of representation neurons do in the experiment. Its output
    is linear and read through the published threshold, see `thresholded`.
    """
    circuit = rival(
        theory, "match_to_sample", (1, 2, 1), "soft_relu", timing=Timing(1e-5, 0.0),
        changes={"tau": _MEMBRANE, "g_leak": 0.3, "g_apical": 0.06},
    )  # fmt: skip
    with suppress(ValueError, AttributeError):  # who does not look ahead has no such route
        return circuit.without("lookahead")
    return circuit


def is_threshold(circuit: Any) -> bool:
    """Return whether the output of a circuit is the published threshold, and not a potential."""
    return bool(circuit.activation[-1] != "linear")


def thresholded(circuit: Any, rates: Array) -> Array:
    """Return the answers from -1 to 1 of outputs, those of potentials through the threshold."""
    if is_threshold(circuit):
        return rates
    answer: Array = np.tanh(_SLOPE * (rates - _OFFSET))
    return answer


def schedule(
    task: MatchToSample, trials: DelayedTrials, learning: bool, potentials: bool = False
) -> layout.Schedule:
    """Return what networks are shown: five presentations a trial, one a phase.

    Parameters
    ----------
    task
        Lengths of the phases.
    trials
        One after the other.
    learning
        Whether there is a teaching signal, and learning in the last step of each trial.
    potentials
        Whether the target is a potential, which the threshold makes nearly 1 or -1.
    """
    count = len(trials.delay)
    nothing = np.zeros(count)
    sample, test = trials.stimuli.T
    inputs = np.stack([nothing, sample, nothing, test, test], axis=1)
    fixed = [np.full(count, n) for n in (task.rest, task.sample, task.test, 1)]
    steps = np.stack([*fixed[:2], trials.delay, *fixed[2:]], axis=1)
    taught = np.arange(len(PHASES)) >= PHASES.index(task.taught)
    changing = np.arange(len(PHASES)) == PHASES.index("change")
    targets = _OFFSET + _MARGIN * trials.targets if potentials else trials.targets
    return layout.Schedule(
        inputs.reshape(1, -1, 1), np.repeat(targets, len(PHASES))[None, :, None],
        np.arange(inputs.size)[None], steps.ravel(), np.tile(taught & learning, count),
        np.tile(changing & learning, count),
    )  # fmt: skip


def sampled_responses(
    circuit: Any, weights: Any, task: MatchToSample, trials: DelayedTrials
) -> Array:
    """Return the output at the end of the test stimulus, untaught, (network, trial)."""
    output = neurons(circuit, "representation", circuit.output_area)
    plan = schedule(task, trials, learning=False)
    rates = advanced(circuit, weights, plan, circuit.rest(weights, 1)).rates
    response = rates[:, PHASES.index("test") :: len(PHASES), output]
    return thresholded(circuit, response[..., 0])


def match_to_sample(
    circuit: Any,
    seed: int,
    networks: Sequence[int],
    task: MatchToSample | None = None,
) -> xr.Dataset:
    """Train networks, and test them on new trials.

    Parameters
    ----------
    circuit
        What `match_learner` or `match_rival` returned.
    seed
        Seed of the run; trials and delays depend on it alone and are shared by all networks.
    networks
        Numbers of the networks.
    task
        Default the published one.

    Returns
    -------
    xr.Dataset
        ``error`` (network, epoch), the mean squared error in validation before each epoch,
        ``score`` (network), that of the test, and ``correct`` (network), the share of test
        trials in which the output has the right sign.
    """
    task = task or MatchToSample()
    sets, rng = draw_trials(task, seed), generator(seed, "match to sample", "order")
    weights = circuit.initial_weights(seed, networks)
    if is_threshold(circuit):
        weights = uniform_start(circuit, weights)
    state, errors = circuit.rest(weights, 1), []
    for _ in range(task.epochs):
        errors.append(_squared_error(circuit, weights, task, sets["validation"]))
        shuffled = sets["training"].shuffled(rng)
        plan = schedule(task, shuffled, learning=True, potentials=not is_threshold(circuit))
        after = advanced(circuit, weights, plan, state)
        weights, state = after.weights, after.state
    response = sampled_responses(circuit, weights, task, sets["test"])
    wanted = sets["test"].targets
    return xr.Dataset(
        {
            "error": (("network", "epoch"), np.stack(errors, axis=1), {"units": "1"}),
            "score": ("network", ((response - wanted) ** 2).mean(1), {"units": "1"}),
            "correct": ("network", (response * wanted > 0).mean(1), {"units": "1"}),
        },
        {"network": list(networks), "epoch": np.arange(task.epochs)},
        {"theory": circuit.theory, "task": "match_to_sample"},
    )


def _squared_error(circuit: Any, weights: Any, task: MatchToSample, trials: DelayedTrials) -> Array:
    """Return the mean squared error at the end of the test stimulus, untaught, (network,)."""
    found = sampled_responses(circuit, weights, task, trials)
    error: Array = ((found - trials.targets) ** 2).mean(axis=1)
    return error


def _match(circuit: Any, design: TaskDesign) -> Learnt:
    task = MatchToSample(epochs=design.epochs or 0)
    nothing = np.zeros(design.networks, dtype=bool)
    try:
        found = match_to_sample(circuit, design.seed, design.numbers, task)
    except kernels.DivergedError:  # it is not said which
        none = np.full((task.epochs, design.networks), np.nan)
        return Learnt(None, none, np.arange(task.epochs), ~nothing, nothing, none[0])
    loss = found["error"].values.T
    right = found["correct"].values
    return Learnt(None, loss, np.arange(len(loss)), nothing, nothing, right)


TASK = Task(
    "match_to_sample",
    "delayed match to sample",
    "Say after a delay whether a second stimulus was the same as the first.",
    _THEORIES,
    15,
    lambda theory: quiet(match_learner(theory)),
    _match,
    "to tell after a delay whether a second stimulus was the same as the first (1-2-1, 50 trials "
    "an epoch, rates of representation neurons without lookahead); losses are those of 50 other "
    "trials. Stimuli follow each other in time, so that nothing settles in which inference, errors "
    "or alignment could be compared",
    score="share of trials right",
    reproduced=lambda theory, seed, networks: match_to_sample(
        match_learner(theory), seed, networks
    ),
    cannot={
        "backprop": "cannot: it has no membrane, and nothing of the sample is left at the test "
        "stimulus"
    },
    rivals=rivals("match_to_sample", _THEORIES),
)
