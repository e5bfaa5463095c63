"""Association: five stimuli, five outcomes, one to one.

The outcomes of the expected and the unexpected trials are the same five; an unexpected outcome is
the one that belongs to another stimulus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, generator

STIMULI = 5
REVERSED = "reversed"
"""The set with the stimuli and outcomes of "trained", put together in another way."""
BESIDES = "besides"
"""The set of what an animal has learnt besides, and is not shown in experiments."""
SAME_STIMULI = {REVERSED: "trained"}
"""Sets whose stimuli are those of another set."""


@dataclass(frozen=True)
class Association:
    """Sets of stimuli and their outcomes for many networks.

    Attributes
    ----------
    stimuli
        Set name -> rates of the input, (network, stimulus, input neuron).
    outcomes
        Set name -> rates of the target, (network, stimulus, output neuron); their mean over the
        stimuli of a set is 0.
    surprise
        How far an unexpected outcome is from the expected one, as a share of the distance to the
        outcome of another stimulus; at 1 it is that outcome.
    """

    stimuli: dict[str, Array]
    outcomes: dict[str, Array]
    surprise: PerNetwork = 1.0

    @property
    def taught(self) -> dict[str, int]:
        """The sets that are learnt in training, and how many stimuli each has."""
        own = (name for name in ("trained", BESIDES) if name in self.stimuli)
        return {name: self.stimuli[name].shape[1] for name in own}

    def unexpected(self, name: str) -> Array:
        """Return the outcomes of a set, each given after the stimulus before its own."""
        expected = self.outcomes[name]
        other = np.roll(expected, -1, axis=1)
        return (1 - self.surprise) * expected + self.surprise * other


def association(
    seed: int,
    networks: Sequence[int],
    inputs: int = 10,
    outputs: int = 5,
    sets: Sequence[str] = ("trained", "novel", "new"),
    besides: int = 0,
) -> Association:
    """Draw one association for each network and set.

    Parameters
    ----------
    seed
        Seed of the run; the same for all theories, so that they learn the same pairs.
    networks
        Numbers of the networks.
    inputs, outputs
        Neurons in the input and in the output area.
    sets
        Names of the sets; each has its own five stimuli and outcomes. With ``"trained"`` comes
        ``"reversed"``: the same stimuli, each with the outcome of the stimulus before it, so that
        what is unexpected there is what was expected.
    besides
        How many stimuli are learnt besides the five, see `BESIDES`.
    """
    stimuli: dict[str, Array] = {}
    outcomes: dict[str, Array] = {}
    counts = dict.fromkeys(sets, STIMULI) | ({BESIDES: besides} if besides else {})
    for name, count in counts.items():
        draws = [generator(seed, "association", n, name) for n in networks]
        stimuli[name] = np.stack([d.uniform(-1.0, 1.0, (count, inputs)) for d in draws])
        raw = np.stack([d.uniform(-0.8, 0.8, (count, outputs)) for d in draws])
        outcomes[name] = raw - raw.mean(axis=1, keepdims=True)
    for name, source in SAME_STIMULI.items():
        if source in stimuli:
            stimuli[name] = stimuli[source]
            outcomes[name] = np.roll(outcomes[source], 1, axis=1)
    return Association(stimuli, outcomes)
