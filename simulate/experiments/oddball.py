"""Passive oddballs in sequences of four, with a control block.

A and B are two trained stimuli; each serves as the other's oddball. Blocks, each in a copy of the
network of its own, so that only sequences of the same block precede one another:

==================== ======================= =====================================================
block                four in five sequences  one in five
==================== ======================= =====================================================
local oddball        AAAA                    AAAB: B breaks the row, and is rare (local and global)
global oddball       AAAB: B breaks the row  AAAA: the fourth A breaks no row, and is rare (global)
control              four of the five stimuli in random order, all equally frequent
==================== ======================= =====================================================

A row of the table is one presentation. A pause, in which nothing is shown, ends each sequence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Experiment, SideBySide
from errorneurons.simulate.experiments.trials import PASSIVE, Clock, TrialFactors, tabulated, trial

_CLOCK = Clock(start=-0.05, outcome=0.15, stop=0.15)
_SHOWN = 0.1
"""A stimulus lasts so long [s]; the rest of a row is a gap."""
LENGTH = 4
FREQUENT = 4
"""So many frequent sequences come for each rare one."""
PAIR = (0, 1)


@dataclass(frozen=True)
class Oddballs:
    """A block of one of two sequences; in each five, one at random is rare.

    Attributes
    ----------
    name
        Of the block.
    pair
        The stimulus of most presentations, and the other one.
    day
        On which day.
    """

    name: str
    pair: tuple[int, int]
    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block, with `repeats` rare sequences; see `BlockPlan`."""
        rng = generator(seed, "trial order", "oddball", self.name, *self.pair)
        rows: list[TrialFactors] = []
        for _ in range(repeats):
            rare = int(rng.integers(FREQUENT + 1))
            for number in range(FREQUENT + 1):
                rows += self._sequence(rare=number == rare, clock=clock)
        return Block(tabulated(rows))

    def _sequence(self, *, rare: bool, clock: Clock) -> Iterator[TrialFactors]:
        most, other = self.pair
        last_is_other = rare == (self.name == "local oddball")
        kinds = ["local"] * last_is_other + ["global"] * rare
        shown = [most] * (LENGTH - 1) + [other if last_is_other else most]
        name = "AAAB" if last_is_other else "AAAA"
        return _sequence(shown, clock, (self.name, name, " and ".join(kinds) or "none"))


@dataclass(frozen=True)
class Control:
    """A block of all stimuli in random order, as long as the others."""

    day: int = 1

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block; see `BlockPlan`."""
        rng = generator(seed, "trial order", "oddball", "control")
        count = repeats * (FREQUENT + 1) * LENGTH
        shown = rng.permutation(np.arange(count) % STIMULI)
        rows: list[TrialFactors] = []
        for sequence in shown.reshape(-1, LENGTH).tolist():
            rows += _sequence(sequence, clock, ("control", "random", "none"))
        return Block(tabulated(rows))


def _sequence(
    shown: Sequence[int], clock: Clock, named: tuple[str, str, str]
) -> Iterator[TrialFactors]:
    """Yield a row for each presentation, and one for the pause after them.

    Its names are those of the block, of the sequence and of the last stimulus.
    """
    block, name, oddball = named
    for position, stimulus in enumerate(shown, start=1):
        last = position == LENGTH
        row: TrialFactors = {"input_offset": _SHOWN, "block": block, "sequence": name,
                        "position": position, "oddball": oddball if last else "none"}  # fmt: skip
        yield trial(PASSIVE | row, stimulus, clock)
    nothing: TrialFactors = {"input_onset": float("nan"), "contrast": 0.0, "stimulus": "pause",
                        "block": block, "sequence": name, "position": LENGTH + 1,
                        "oddball": "pause"}  # fmt: skip
    yield trial(PASSIVE | nothing, 0, clock)


_BLOCKS = [
    Oddballs(name, pair)
    for pair in (PAIR, PAIR[::-1])
    for name in ("local oddball", "global oddball")
]

EXPERIMENTS = (
    Experiment(
        "oddball",
        "passive local and global oddballs",
        "Sequences of four stimuli of which the last may break the row, or the rule, and a control "
        "block: does mismatch without a task evoke errors?",
        (SideBySide([*_BLOCKS, Control()]),),
        _CLOCK,
        panels=("block",),
        lines=("position", "oddball"),
    ),
)
