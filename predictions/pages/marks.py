"""Outcomes and effects as a reader wants to see them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.words import interval, number


@dataclass(frozen=True)
class Mark:
    """How an outcome is shown: never by colour alone."""

    symbol: str
    word: str
    css: str


MARKS: Mapping[Outcome, Mark] = {
    Outcome.SUPPORTED: Mark("✓", "Supported", "supported"),
    Outcome.CONTRADICTED: Mark("✗", "Contradicted", "contradicted"),
    Outcome.UNDECIDED: Mark("?", "Undecided", "undecided"),
    Outcome.NOT_TESTABLE: Mark("–", "Not testable", "untestable"),
}
NOT_ASKED = Mark("·", "Not asked", "untestable")
"""What is shown where nobody was judged."""


def effect(verdict: Verdict) -> str:
    """Return the value of a verdict with its interval."""
    if not math.isfinite(verdict.value):
        return "no value"
    ends = interval(verdict.low, verdict.high, "", verdict.value)
    return f"{number(verdict.value)} {ends}".strip()
