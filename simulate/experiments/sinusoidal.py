"""Sinusoidal drive: stimuli whose strength goes up and down, at every frequency."""

from __future__ import annotations

from itertools import product

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import (
    PASSIVE,
    Clock,
    shuffled,
    tabulated,
    trial,
)

CLOCK = Clock(start=-0.1, outcome=1.2, stop=1.2, bin=0.005)
FREQUENCIES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""[Hz]; from 0.2 s on, when the onset is over, each fits a whole number of times into 1 s."""


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: each stimulus with each frequency `repeats` times."""
    rows = [
        trial(PASSIVE | {"modulation_frequency": frequency}, stimulus, CLOCK)
        for frequency, stimulus in product(FREQUENCIES, range(STIMULI))
        for _ in range(repeats)
    ]
    return (Day((Block(tabulated(shuffled(rows, seed, "sinusoidal")), streams=len(FREQUENCIES)),)),)


EXPERIMENT = Experiment(
    "sinusoidal",
    "sinusoidal drive",
    "Stimuli that go up and down at many frequencies: by how much does each area lag, beyond "
    "conduction?",
    days,
    CLOCK,
    panels=("modulation_frequency",),
    lines=("familiarity",),
)
