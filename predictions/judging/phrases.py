"""What verdicts say: where N/M lies, how many agree, what the interval is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from errorneurons.analysis.measures.energies import Missing
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.words import counted, plain_number

FEW_NETWORKS = 10


def phrase(claim: Claim, outcome: Outcome, value: float) -> str:
    """Return where N/M lies, and what the claim says of it."""
    value = round(value, 9) + 0.0  # 0 to rounding is 0
    if claim.side == "within":
        return _phrase_within(claim, outcome, value)
    other = "above" if claim.side == "below" else "below"
    q0, found = f"{claim.threshold:.2g}", f"N/M is {plain_number(value)}"
    return {
        Outcome.SUPPORTED: f"{found}, {claim.side} the threshold of {q0}, as claimed",
        Outcome.CONTRADICTED: f"{found}, {other} the threshold of {q0}; the claim says "
        f"{claim.side}",
        Outcome.UNDECIDED: f"{found}, not clear of the threshold of {q0}",
    }[outcome]


def _phrase_within(claim: Claim, outcome: Outcome, value: float) -> str:
    q0, found = f"{claim.threshold:.2g}", f"N/M is {plain_number(value)}"
    nearer = f"{math.copysign(claim.threshold, value):.2g}"
    return {
        Outcome.SUPPORTED: f"{found}, between -{q0} and {q0}, as claimed",
        Outcome.CONTRADICTED: f"{found}, beyond the threshold of {nearer}; the claim "
        f"says between -{q0} and {q0}",
        Outcome.UNDECIDED: f"{found}, not clear of the threshold of {nearer}",
    }[outcome]


def agreeing(claim: Claim, points: Sequence[float]) -> int:
    """Return how many points lie where the claim says."""
    held = {
        "above": [p > claim.threshold for p in points],
        "below": [p <= claim.threshold for p in points],
        "within": [abs(p) <= claim.threshold for p in points],
    }
    return sum(held[claim.side])


def range_over(count: int) -> str:
    """Return what the interval of a theory is; of a handful there is nothing to leave out."""
    if count < 2:
        return "no range from one network"
    if count < FEW_NETWORKS:
        return f"range over {counted(count, 'network')}, too few to leave out 5 % at either end"
    return "5-95 % range over networks"


def unanswered(missing: Missing | None) -> str:
    """Say why networks are not among those that were asked, if there are any."""
    return f". Other networks could not answer: {missing.what}" if missing else ""
