"""Networks go through an experiment day by day.

The gain of the virtual instrument is set in a reference block of outcome trials beforehand, so that
a cell fires alike on all days and in all experiments, and what is silent stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from errorneurons.simulate.animals.performed import Performed, perform
from errorneurons.simulate.animals.trained import Trained
from errorneurons.simulate.arrays import Array
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.trials import EXPECTED, UNEXPECTED, Clock, tabulated, trial
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.trials.run import run_trials
from errorneurons.simulate.trials.training import QUIETLY

REFERENCE = Clock(start=0.0, outcome=0.3, stop=0.5, bin=0.05)


def through_days(
    ready: Trained, experiment: Experiment, progress: Callable[[str], None] = lambda _: None
) -> Iterator[Performed]:
    """Yield what networks did, day by day; they may diverge while they learn.

    Parameters
    ----------
    ready
        The networks before the first day, which stay as they are.
    experiment
        What is done.
    progress
        As in `sessions`.
    """
    ready = replace(ready, extents=_reference(ready))
    for number, day in enumerate(experiment.days(ready.animals.seed), start=1):
        before = ready.animals.numbers
        seen, ready = perform(ready, experiment, day, number)
        yield seen
        del seen  # before the next day takes as much
        for network in sorted({*before} - {*ready.animals.numbers}):
            progress(f"{ready.theory.name}: network {network} {ready.left_out[network]}, its last")
        if not ready.animals.numbers:
            return


@QUIETLY
def _reference(ready: Trained) -> dict[str, Array]:
    """Return the sizes of signals in trials with expected and unexpected outcomes."""
    kinds = (EXPECTED, UNEXPECTED)
    rows = [trial(kind, s, REFERENCE) for kind in kinds for s in range(STIMULI)]
    activity, _ = run_trials(
        ready.bench, ready.weights, tabulated(rows), REFERENCE, n_streams=len(kinds)
    )
    return extents(activity)
