"""Weighs a recording between theories, by virtual experiments of the recording's own design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from errorneurons.analysis.evidence.weigh import Evidence, weigh
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing.costs import check_costs
from errorneurons.predictions.comparing.design import Design, designs_of
from errorneurons.predictions.comparing.effects import (
    EXPERIMENTS,
    Drawn,
    features_of,
    recorded,
    together,
)
from errorneurons.predictions.comparing.library import default_folder, virtual_experiments
from errorneurons.predictions.comparing.responding import Responding, Telling
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.arrays import Array
from errorneurons.simulate.refusing import two_theories
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.theories.from_file import theory_named
from errorneurons.simulate.theories.registry import COMPARED, WITH_LEAK

UNSTATED = 0.05
FALSE_LABELS = f"{100 * UNSTATED:.0f} % more false labels than stated"
LEAK = "input leaks onto error neurons, 5 %"
STRAINED = 200
"""Experiments of each theory in which something is other than assumed."""

Ranges = Mapping[str, Mapping[str, tuple[float, float]]]
"""Claim key -> theory -> the 5-95 % range of N/M."""
Misses = Mapping[str, tuple[float, ...]]
"""Theory -> (count,), the share of its virtual experiments that miss so many of its ranges."""


@dataclass(frozen=True)
class Question:
    """Which theories are compared, and on how much simulation.

    Attributes
    ----------
    theories
        Names, or Python files of theories that the registry does not have; at least two.
    animals
        Those of the library: worlds, networks of each, and seed.
    folder
        The library.
    experiments
        Virtual experiments of each theory.
    labour
        Who simulates.
    costs
        What manipulations add to the cost of an animal, where not as guessed, see `costs`.

    Raises
    ------
    ValueError
        If there are fewer than two theories, or too few experiments, or a cost is none.
    """

    theories: tuple[str, ...] = COMPARED
    animals: Animals = field(default_factory=lambda: Animals(worlds=40))
    folder: Path = field(default_factory=default_folder)
    experiments: int = EXPERIMENTS
    labour: Labour = field(default_factory=Labour)
    costs: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_costs(self.costs)
        two_theories(self.theories)
        worlds = len(self.animals.of_worlds)
        if self.experiments < worlds:
            raise ValueError(
                f"experiments is {self.experiments} for {worlds} worlds; give one a world or more"
            )
        if worlds < 2:
            raise ValueError(f"worlds is {worlds}; give 2 or more, 40 are advised")

    @property
    def labels(self) -> dict[str, str]:
        """Name of a theory -> what it is called in a sentence, in their order."""
        found = map(theory_named, self.theories)
        return {theory.name: theory.label for theory in found}


@dataclass(frozen=True)
class Weighed:
    """A recording between theories.

    Attributes
    ----------
    designs
        What the recording consists of, a design for each experiment whose claims it can test.
    evidence
        What it says of the theories.
    expected
        What each theory leads one to expect of such a recording.
    misses
        How often that is missed by what the theory itself gives.
    responses
        What of the recording was weighed.
    labels
        Name of a theory -> what it is called in a sentence.
    """

    designs: tuple[Design, ...]
    evidence: Evidence
    expected: Ranges
    misses: Misses
    responses: Responding
    labels: Mapping[str, str]


def weighed(told: Telling, question: Question, progress: Progress) -> Weighed:
    """Weigh a recording between theories.

    Parameters
    ----------
    told
        The recording; one claim at least has a response that is clear of 0.
    question
        Which theories, and on how much simulation.
    progress
        Called with a sentence whenever something is done.
    """
    designs, found = designs_of(told.sessions), recorded(told.sessions, told.measured)
    drawn = _drawn(question, question.theories, designs, found.scatter, progress)
    progress("weighing the theories")
    claims = {c.key: features_of((c.key,)) for c in CLAIMS}
    evidence = weigh(
        together(drawn), found.values, np.random.SeedSequence(question.animals.seed), claims,
        strained=_strained(designs, question, found.scatter, progress),
        set_aside={
            name: why for key, why in told.responses.set_aside.items() for name in claims[key]
        },
    )  # fmt: skip
    expected = expected_ranges(drawn)
    misses = own_misses(drawn, expected)
    return Weighed(designs, evidence, expected, misses, told.responses, question.labels)


def _drawn(
    question: Question,
    theories: Sequence[str],
    designs: Sequence[Design],
    scatter: Mapping[str, float],
    progress: Progress,
    count: int | None = None,
) -> dict[str, Drawn]:
    """Return virtual experiments, as uncertain as the recording."""
    return virtual_experiments(
        theories, designs, question.animals, question.folder, progress,
        count or question.experiments, question.labour, scatter,
    )  # fmt: skip


def _strained(
    designs: Sequence[Design],
    question: Question,
    scatter: Mapping[str, float],
    progress: Progress,
) -> dict[tuple[str, str], Array]:
    """Return experiments in which the labels are worse than stated, or input leaks."""
    worse = tuple(replace(design, unstated=UNSTATED) for design in designs)
    asked = {
        FALSE_LABELS: (worse, question.theories),
        LEAK: (designs, tuple(k for k, v in WITH_LEAK.items() if v in question.theories)),
    }
    found: dict[tuple[str, str], Array] = {}
    for what, (own, theories) in asked.items():
        drawn = _drawn(question, theories, own, scatter, progress, STRAINED)
        meant = WITH_LEAK if what == LEAK else {}
        found |= {(what, meant.get(name, name)): d.values for name, d in drawn.items()}
    return found


def expected_ranges(drawn: Mapping[str, Drawn]) -> Ranges:
    """Return the 5-95 % range of N/M over the virtual experiments of each theory.

    A theory of which half of the experiments or more have no answer has no range.
    """
    ranges: dict[str, dict[str, tuple[float, float]]] = {}
    for at, claim in enumerate(CLAIMS):
        for name, own in drawn.items():
            known = own.ratios[np.isfinite(own.ratios[:, at]), at]
            if 2 * len(known) > len(own.ratios):
                low, high = np.quantile(known, [0.05, 0.95])
                ranges.setdefault(claim.key, {})[name] = (float(low), float(high))
    return ranges


def own_misses(drawn: Mapping[str, Drawn], expected: Ranges) -> dict[str, tuple[float, ...]]:
    """Return by theory the share of its virtual experiments that miss 0, 1, ... ranges or more.

    Parameters
    ----------
    drawn
        Virtual experiments of each theory.
    expected
        See `expected_ranges`.
    """
    found = {}
    for name, own in drawn.items():
        missed = np.zeros(len(own.ratios), dtype=np.int64)
        for at, claim in enumerate(CLAIMS):
            if name in expected.get(claim.key, {}):
                low, high = expected[claim.key][name]
                missed += (own.ratios[:, at] < low) | (own.ratios[:, at] > high)
        counts = range(len(CLAIMS) + 1)
        found[name] = tuple(float((missed >= count).mean()) for count in counts)
    return found
