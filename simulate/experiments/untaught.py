"""Violated expectations of which some teach and some do not.

The same outcomes come after the stimuli that foretell them and after others, in a block in which
they teach and in a passive one. Trials are named by their outcome and not by what foretells it:
what is compared is the same event, expected and not. Every stimulus and every outcome comes as
often in both kinds, so that what is seen before has no part in the difference. Each block is run in
copies of the network of its own.

An outcome that does not teach is an event for theories that sense outcomes, and nothing for those
to which an outcome is a target alone (`Theory.senses_outcomes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.experiment import Block, Experiment, Frozen, SideBySide
from errorneurons.simulate.experiments.trials import EXPECTED, UNEXPECTED, Clock, TrialFactors


@dataclass(frozen=True)
class ByOutcome:
    """Trials that are named by the outcome that comes, an unexpected one being that of the next."""

    given: Frozen

    @property
    def day(self) -> int:
        """Number of its day, from 1."""
        return self.given.day

    def block(self, seed: int, repeats: int, clock: Clock) -> Block:
        """Return the block; see `BlockPlan`."""
        block = self.given.block(seed, repeats, clock)
        came = (block.table["pattern"] + (block.table["outcome"] == "unexpected")) % STIMULI
        return replace(block, table=block.table.assign(stimulus=[f"outcome {k + 1}" for k in came]))


_KINDS: tuple[TrialFactors, ...] = (EXPECTED, UNEXPECTED)
_MATCHED: TrialFactors = {"control": "matched"}

EXPERIMENTS = (
    Experiment(
        "untaught_outcomes",
        "outcomes that do not teach",
        "Expected and unexpected outcomes in a task, and the same ones in a passive block: do "
        "violations that teach nothing evoke errors, and where?",
        (
            SideBySide([
                ByOutcome(Frozen(
                    [kind | _MATCHED | {"block": name, "teaching": teaching} for kind in _KINDS],
                    ("untaught", name),
                    streams=STIMULI,
                    fewest=2,
                ))
                for name, teaching in (("task", True), ("passive", False))
            ]),
        ),
        panels=("block",),
        lines=("outcome",),
    ),
)  # fmt: skip
