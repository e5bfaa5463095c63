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

from errorneurons.simulate.experiments.experiment import Experiment, Plastic
from errorneurons.simulate.experiments.learning import AS_TRAINED, SLOW, TEST, practice, tested
from errorneurons.simulate.experiments.readout import ALL, FIRST

AT_ONCE, REALIGNING, FIXED = 1.0, 0.25, 0.0
KNOWN, SWAPPED = range(2, 5), range(5, 9)


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
    return Experiment(
        f"brain_computer_interface_{name}",
        f"cursor, feedback {label}",
        "A cursor is learnt by its error, then the decoder changes sign: do error cells take the "
        f"sign of their neuron's weight, and with feedback that {label}, when do they change it?",
        (
            tested(1, "before", [AS_TRAINED | factors for factors in TEST]),
            *practice(KNOWN, AS_TRAINED | {"decoder": FIRST, "realigned": 1.0}),
            *(_swapped(day, decoder, rate) for day in SWAPPED),
        ),
        SLOW,
        lines=("outcome",),
    )


def _swapped(day: int, decoder: str, rate: float) -> Plastic:
    realigned = 1 - (1 - rate) ** (day - KNOWN.stop + 1)
    shown = AS_TRAINED | {"decoder": decoder, "realigned": realigned}
    return Plastic(shown, ("day", day), day=day)


EXPERIMENTS = (
    brain_computer_interface("at_once", "follows at once", AT_ONCE),
    brain_computer_interface("realigning", "realigns", REALIGNING),
    brain_computer_interface("fixed", "is fixed", FIXED),
)
