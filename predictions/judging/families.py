"""Claims judged on families: theories that share their equations, with what they leave open.

A claim sets a theory apart from a family of rivals if each of them contradicts it, whatever is
decided of what they leave open. One that escapes is enough: then it tests a choice, not a theory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from errorneurons.predictions.claims.claim import Outcome, Verdict


class Reach(StrEnum):
    """How far a family contradicts a claim."""

    THROUGHOUT = "contradicted throughout"
    BUT_FOR = "contradicted throughout but for"
    OPEN = "open"
    UNTESTABLE = "not testable"


@dataclass(frozen=True)
class FamilyVerdict:
    """What a family of rivals says of one claim.

    Attributes
    ----------
    claim
        Its key.
    family
        Name of the family.
    verdicts
        One of each member.
    """

    claim: str
    family: str
    verdicts: tuple[Verdict, ...]

    def those(self, *outcomes: Outcome) -> tuple[Verdict, ...]:
        """Return the verdicts with one of these outcomes."""
        return tuple(v for v in self.verdicts if v.outcome in outcomes)

    @property
    def escaped(self) -> tuple[Verdict, ...]:
        """The members that can be tested and do not contradict the claim."""
        return self.those(Outcome.SUPPORTED, Outcome.UNDECIDED)

    @property
    def values(self) -> tuple[float, ...]:
        """N/M of the members that have one, ascending."""
        return tuple(sorted(v.value for v in self.verdicts if math.isfinite(v.value)))

    @property
    def reach(self) -> Reach:
        """How far the claim is contradicted; where it cannot be tested counts neither way."""
        if not self.those(Outcome.CONTRADICTED):
            return Reach.OPEN if self.escaped else Reach.UNTESTABLE
        return Reach.BUT_FOR if self.escaped else Reach.THROUGHOUT


def family_verdicts(
    families: Mapping[str, Sequence[str]], claims: Sequence[str], verdicts: Sequence[Verdict]
) -> tuple[FamilyVerdict, ...]:
    """Return what each family says of each claim, claim by claim.

    Parameters
    ----------
    families
        Name of a family -> names of its members.
    claims
        Keys.
    verdicts
        Of all members on all of these claims.
    """
    found = {(v.claim, v.subject): v for v in verdicts}
    return tuple(
        FamilyVerdict(key, family, tuple(found[key, name] for name in members))
        for key in claims
        for family, members in families.items()
    )
