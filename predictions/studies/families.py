"""Rivals as families on the page: who belongs together, and what a family says of each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.families import (
    Apart,
    FamilyVerdict,
    Reach,
    families_apart,
    family_verdicts,
)
from errorneurons.predictions.studies.findings import Family, Subject
from errorneurons.predictions.texts import one_paragraph, paragraphs
from errorneurons.predictions.words import number
from errorneurons.simulate.theories.registry import THEORIES, Theory


def families_among(judged: Sequence[Theory], subjects: Mapping[str, Subject]) -> tuple[Family, ...]:
    """Return the families of theories, that of the theory whose claims these are first."""
    members: dict[str, list[Subject]] = {}
    for t in judged:
        if t.kind == "theory":
            members.setdefault(t.kin, []).append(subjects[t.name])
    return tuple(Family(_family_label(kin), tuple(own)) for kin, own in members.items())


def _family_label(kin: str) -> str:
    """Return the name of a family; that of its theory, if it has no other."""
    return next((t.label for t in THEORIES if t.name == kin), kin)


def said_of_families(
    verdicts: Sequence[Verdict], families: Sequence[Family], claims: Sequence[str]
) -> tuple[str, ...]:
    """Return what families say: first a headline, then whom each claim sets apart, and escapes."""
    if not families:
        return ()
    named = {f.name: [m.name for m in f.members] for f in families}
    found = family_verdicts(named, claims, verdicts)
    own = families[0].name
    labels = {m.name: m.label for f in families for m in f.members}
    apart = _set_apart(families_apart(found), own)
    reached = {family for those in apart.values() for family in those}
    told = {
        "families": len(families) - 1,
        "circuits": sum(len(f.members) for f in families[1:]),
        "own": own,
        "apart": apart,
        "together": len(reached),
        "never": [f.name for f in families[1:] if f.name not in reached],
        "escaped": _escapes([v for v in found if v.family != own], labels),
    }
    return (one_paragraph("answers/families", told), *paragraphs("answers/escapes", told))


def _set_apart(pairs: Sequence[Apart], own: str) -> dict[str, list[str]]:
    """Return the families that each claim sets apart from one, the claim with most of them first.

    Parameters
    ----------
    pairs
        See `families_apart`.
    own
        Name of that family.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        if own in (pair.first, pair.second):
            for key in pair.claims:
                found.setdefault(key, []).append(pair.second if pair.first == own else pair.first)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _escapes(
    rivals: Sequence[FamilyVerdict], labels: Mapping[str, str]
) -> dict[str, dict[str, list[str]]]:
    """Return claim -> family that contradicts it but for some -> those, in words."""
    found: dict[str, dict[str, list[str]]] = {}
    for own in rivals:
        if own.reach is Reach.BUT_FOR:
            said = [_escape(verdict, labels) for verdict in own.escaped]
            found.setdefault(own.claim, {})[own.family] = said
    return found


def _escape(verdict: Verdict, labels: Mapping[str, str]) -> str:
    return f"{labels[verdict.subject]} ({verdict.outcome.lower()}, {number(verdict.value)})"
