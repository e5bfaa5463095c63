"""Networks go through an experiment day by day.

The gain of the virtual instrument is set in a reference block of outcome trials beforehand, so that
a cell fires alike on all days and in all experiments, and what is silent stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import islice

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
    ready: Trained,
    experiment: Experiment,
    progress: Callable[[str], None] = lambda _: None,
    wanted: Collection[int] = (),
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
    wanted
        Which days; all if empty. The others change synapses, and are over with the last of these.
    """
    ready = referenced(ready)
    days = enumerate(experiment.days(ready.animals.seed), start=1)
    for number, day in islice(days, max(wanted, default=None)):
        skipped = wanted and number not in wanted
        if skipped and not any(block.plastic for block in day.blocks):
            continue
        before = ready.animals.numbers
        seen, ready = perform(ready, experiment, day, number)
        if not skipped:
            yield seen
        del seen  # before the next day takes as much
        for network in sorted({*before} - {*ready.animals.numbers}):
            progress(f"{ready.theory.name}: network {network} {ready.left_out[network]}, its last")
        if not ready.animals.numbers:
            return


def referenced(ready: Trained) -> Trained:
    """Return networks with the gain of the instrument set, in the reference block."""
    return ready if ready.extents else replace(ready, extents=_reference(ready))


@QUIETLY
def _reference(ready: Trained) -> dict[str, Array]:
    """Return the sizes of signals in trials with expected and unexpected outcomes."""
    kinds = (EXPECTED, UNEXPECTED)
    rows = [trial(kind, s, REFERENCE) for kind in kinds for s in range(STIMULI)]
    activity, _ = run_trials(
        ready.bench, ready.weights, tabulated(rows), REFERENCE, n_streams=len(kinds)
    )
    return extents(activity)
