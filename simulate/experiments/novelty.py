"""Novelty without teaching: new stimuli in a passive block, next to trained ones.

Each block is run in copies of the network of its own, so that nothing has ever taught in those of
the passive block. The outcome block, as in a task, gives the error response to compare with.
"""

from __future__ import annotations

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Experiment, Frozen, SideBySide
from errorneurons.simulate.experiments.trials import EXPECTED, PASSIVE, UNEXPECTED, TrialFactors

#: The conditions of each block; blocks have equally many.
_BLOCKS: dict[str, tuple[TrialFactors, ...]] = {
    "passive": (PASSIVE, PASSIVE | {"familiarity": "novel"}),
    "outcome": (EXPECTED, UNEXPECTED),
}

EXPERIMENTS = (
    Experiment(
        "novelty",
        "novelty without teaching",
        "New and trained stimuli without any outcome, and a block of outcomes to compare with: "
        "does novelty alone evoke errors?",
        (
            SideBySide([
                Frozen([c | {"block": name} for c in conditions], ("novelty", name), STIMULI)
                for name, conditions in _BLOCKS.items()
            ]),
        ),
        panels=("block",),
        lines=("familiarity", "outcome"),
    ),
)  # fmt: skip
