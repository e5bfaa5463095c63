"""A brain-computer interface whose decoder is known, and swapped.

A cursor is moved by the output area's neurons, each with a known weight, and the animal is taught
by the cursor's error; see `errorneurons.simulate.experiments.readout`. A vector of errors has, in
each neuron, the sign of the neuron's weight as the animal has it; a single error for all has one
sign. On the day of the swap all weights change their sign, which no stimulus tells. From then on
error responses are signed by how far the animal's idea of the decoder, w^, has followed:

============= ====================================================================
w^            what it stands for
============= ====================================================================
`AT_ONCE`     the feedback is a copy of the forward weights: weight transport
`REALIGNING`  the feedback learns: each day it covers a quarter of what is missing
`FIXED`       random feedback that stays as it was
============= ====================================================================

Each is an experiment of its own, because networks that are swapped differ from that day on. Each
network is an animal that knew the trained association, and its decoder, before day 1.

========== =============== ==================================================================
day        synapses        what happens
========== =============== ==================================================================
1          frozen          the trained association, without a cursor
2 to 4     plastic         the cursor with the decoder that the animal knows
5 to 8     plastic         the cursor with the other decoder
========== =============== ==================================================================
"""

from __future__ import annotations

from errorneurons.simulate.experiments.days import SLOW, TEST, frozen_day, plastic_day
from errorneurons.simulate.experiments.experiment import Day, Experiment
from errorneurons.simulate.experiments.readout import ALL, FIRST
from errorneurons.simulate.experiments.trials import Factors

AT_ONCE, REALIGNING, FIXED = 1.0, 0.25, 0.0
KNOWN, SWAPPED = range(2, 5), range(5, 9)
TRAINED: Factors = {"association": "trained", "familiarity": "trained"}


def brain_computer_interface(name: str, label: str, rate: float, decoder: str = ALL) -> Experiment:
    """Return the experiment of one group of animals.

    Parameters
    ----------
    name, label
        How w^ follows, as an identifier and as written in figures.
    rate
        Share of what w^ is off that it covers on each day from the swap on, from 0 to 1.
    decoder
        What the decoder becomes on the day of the swap.

    Raises
    ------
    ValueError
        If the rate is no share.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate of realigning is {rate}; give a share between 0 and 1")

    def days(seed: int, repeats: int) -> tuple[Day, ...]:
        def practice(day: int, decoder: str, realigned: float) -> Day:
            shown = TRAINED | {"decoder": decoder, "realigned": realigned}
            return plastic_day(seed, day, shown, repeats)

        return (
            frozen_day(seed, 1, [{**TRAINED, **f, "phase": "before"} for f in TEST], repeats),
            *(practice(day, FIRST, 1.0) for day in KNOWN),
            *(practice(d, decoder, 1 - (1 - rate) ** (d - KNOWN.stop + 1)) for d in SWAPPED),
        )

    return Experiment(
        f"brain_computer_interface_{name}",
        f"cursor, feedback {label}",
        "A cursor is learnt by its error, then the decoder changes sign: do error cells take the "
        f"sign of their neuron's weight, and with feedback that {label}, when do they change it?",
        days,
        SLOW,
        lines=("outcome",),
    )


EXPERIMENTS = (
    brain_computer_interface("at_once", "follows at once", AT_ONCE),
    brain_computer_interface("realigning", "realigns", REALIGNING),
    brain_computer_interface("fixed", "is fixed", FIXED),
)
