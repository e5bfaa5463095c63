"""A design that leaves no claim out, for the tests and benchmarks of what tells theories apart."""

from __future__ import annotations

from errorneurons.predictions.claims.registry import claims_shown_by
from errorneurons.predictions.comparing.design import AREAS, Design
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR


def full_design(animals: int = 6, cells: int = 24, repeats: int = 5) -> Design:
    """Return the design that tests every claim, with so many cells a role and area."""
    every = {(level, role): cells for level in range(1, AREAS + 1)
             for role in ("error", "representation")}  # fmt: skip
    claims = tuple(c.key for c in claims_shown_by("outcome_error"))
    return Design(animals, every, (repeats,) * len(OUTCOME_ERROR), claims)
