"""Claims judged on families: theories that share their equations, with what they leave open.

A claim sets a theory apart from a family of rivals if each of them contradicts it, whatever is
decided of what they leave open. One that escapes is enough: then it tests a choice, not a theory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

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

    @property
    def held(self) -> bool:
        """Whether the claim is supported throughout: by all members that can be tested."""
        return bool(self.those(Outcome.SUPPORTED)) and not self.those(
            Outcome.CONTRADICTED, Outcome.UNDECIDED
        )

    def is_apart_from(self, other: FamilyVerdict) -> bool:
        """Return whether one supports the claim throughout and the other contradicts it so."""
        return (self.held and other.reach is Reach.THROUGHOUT) or (
            other.held and self.reach is Reach.THROUGHOUT
        )


@dataclass(frozen=True)
class Apart:
    """Two families, and the claims that separate them in all their variants.

    Attributes
    ----------
    first, second
        Names of the families.
    claims
        Keys of the claims that one supports throughout and the other contradicts throughout.
    """

    first: str
    second: str
    claims: tuple[str, ...]


def families_apart(found: Sequence[FamilyVerdict]) -> tuple[Apart, ...]:
    """Return which claims separate each pair of families.

    Parameters
    ----------
    found
        What each family says of each claim.
    """
    said = {(v.claim, v.family): v for v in found}
    claims, names = (list(dict.fromkeys(key[k] for key in said)) for k in (0, 1))
    return tuple(
        Apart(a, b, tuple(k for k in claims if said[k, a].is_apart_from(said[k, b])))
        for a, b in combinations(names, 2)
    )


def enough_of(pairs: Sequence[Apart]) -> tuple[str, ...]:
    """Return claims that together separate all that any separates; there may be fewer that do.

    Each is the one that separates most of what those before it leave.
    """
    left, found = [set(p.claims) for p in pairs if p.claims], list[str]()
    while left:
        counts = Counter(key for claims in left for key in claims)
        found.append(counts.most_common(1)[0][0])
        left = [claims for claims in left if found[-1] not in claims]
    return tuple(found)


def not_separated(pairs: Sequence[Apart]) -> tuple[tuple[str, ...], ...]:
    """Return the classes of families of which no claim separates any two, as large as can be.

    A family may be in several: one that is not told from either of two need not make them alike.
    Families of which every other one is separated are in none.
    """
    names = list(dict.fromkeys(name for p in pairs for name in (p.first, p.second)))
    alike: dict[str, set[str]] = {name: set() for name in names}
    for pair in pairs:
        if not pair.claims:
            alike[pair.first].add(pair.second)
            alike[pair.second].add(pair.first)
    found = _largest(alike, set(), set(names), set())
    ordered = sorted(tuple(sorted(own, key=names.index)) for own in found if len(own) > 1)
    return tuple(sorted(ordered, key=lambda own: [names.index(name) for name in own]))


def _largest(
    alike: Mapping[str, set[str]], own: set[str], rest: set[str], done: set[str]
) -> list[set[str]]:
    """Return the sets that cannot grow, of which each two are alike (Bron and Kerbosch 1973)."""
    if not rest and not done:
        return [own]
    found = []
    for name in sorted(rest):
        found += _largest(alike, own | {name}, rest & alike[name], done & alike[name])
        rest, done = rest - {name}, done | {name}
    return found


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
