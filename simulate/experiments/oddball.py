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

import numpy as np

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Day, Experiment
from errorneurons.simulate.experiments.trials import PASSIVE, Clock, Factors, tabulated, trial

CLOCK = Clock(start=-0.05, outcome=0.15, stop=0.15)
SHOWN = 0.1
"""A stimulus lasts so long [s]; the rest of a row is a gap."""
LENGTH = 4
FREQUENT = 4
"""So many frequent sequences come for each rare one."""
PAIR = (0, 1)


def days(seed: int, repeats: int) -> tuple[Day, ...]:
    """Return one day: five blocks, each with `repeats` rare sequences."""
    rows: list[Factors] = []
    for a, b in (PAIR, PAIR[::-1]):
        rows += _block("local oddball", seed, repeats, (a, b))
        rows += _block("global oddball", seed, repeats, (a, b))
    rows += _control(seed, repeats)
    return (Day((Block(tabulated(rows), streams=2 * len(PAIR) + 1),)),)


def _block(block: str, seed: int, repeats: int, pair: tuple[int, int]) -> Iterator[Factors]:
    """Yield the rows of a block of one of two sequences; in each five, one at random is rare."""
    rng = generator(seed, "trial order", "oddball", block, *pair)
    local = block == "local oddball"
    for _ in range(repeats):
        rare = int(rng.integers(FREQUENT + 1))
        for number in range(FREQUENT + 1):
            last_is_b = (number == rare) == local
            kinds = ["local"] * last_is_b + ["global"] * (number == rare)
            shown = [pair[0]] * (LENGTH - 1) + [pair[1] if last_is_b else pair[0]]
            name = "AAAB" if last_is_b else "AAAA"
            yield from _sequence(shown, block, name, " and ".join(kinds) or "none")


def _control(seed: int, repeats: int) -> Iterator[Factors]:
    rng = generator(seed, "trial order", "oddball", "control")
    count = repeats * (FREQUENT + 1) * LENGTH
    shown = rng.permutation(np.arange(count) % STIMULI)
    for sequence in shown.reshape(-1, LENGTH).tolist():
        yield from _sequence(sequence, "control", "random", "none")


def _sequence(shown: Sequence[int], block: str, name: str, oddball: str) -> Iterator[Factors]:
    """Yield a row for each presentation, and one for the pause after them."""
    for position, stimulus in enumerate(shown, start=1):
        last = position == LENGTH
        row: Factors = {"input_offset": SHOWN, "block": block, "sequence": name,
                        "position": position, "oddball": oddball if last else "none"}  # fmt: skip
        yield trial(PASSIVE | row, stimulus, CLOCK)
    nothing: Factors = {"input_onset": float("nan"), "contrast": 0.0, "stimulus": "pause",
                        "block": block, "sequence": name, "position": LENGTH + 1,
                        "oddball": "pause"}  # fmt: skip
    yield trial(PASSIVE | nothing, 0, CLOCK)


EXPERIMENT = Experiment(
    "oddball",
    "passive local and global oddballs",
    "Sequences of four stimuli of which the last may break the row, or the rule, and a control "
    "block: does mismatch without a task evoke errors?",
    days,
    CLOCK,
    panels=("block",),
    lines=("position", "oddball"),
)
