"""Rivals as families on the page: who belongs together, and what a family says of each claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.families import (
    Apart,
    FamilyVerdict,
    Reach,
    enough_of,
    families_apart,
    family_verdicts,
    not_separated,
)
from errorneurons.predictions.studies.findings import Family, Subject
from errorneurons.predictions.texts import one_paragraph, paragraphs
from errorneurons.predictions.words import number
from errorneurons.simulate.theories.registry import THEORIES, Theory


def each_alone(judged: Sequence[Theory], subjects: Mapping[str, Subject]) -> tuple[Family, ...]:
    """Return theories as families of one."""
    return tuple(Family(t.label, (subjects[t.name],)) for t in judged if t.kind == "theory")


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


def what_is_told_apart(
    verdicts: Sequence[Verdict], families: Sequence[Family], claims: Sequence[str]
) -> str:
    """Return the headline: which claims tell families apart, and whom none does.

    Parameters
    ----------
    verdicts
        Of all members on all of these claims.
    families
        Theories with what they leave open, or each theory as a family of its own.
    claims
        Keys.
    """
    named = {f.name: [m.name for m in f.members] for f in families}
    pairs = families_apart(family_verdicts(named, claims, verdicts))
    counts = Counter(key for pair in pairs for key in pair.claims)
    most = max(counts.values(), default=0)
    varied = any(len(f.members) > 1 for f in families)
    return one_paragraph("answers/apart", {
        "own": families[0].name,
        "other": families[-1].name,
        "noun": "families" if varied else "theories",
        "leaving": " whatever they leave open" if varied else "",
        "pairs": len(pairs),
        "told": sum(bool(pair.claims) for pair in pairs),
        "apart": pairs[0].claims if pairs else (),
        "most": most,
        "best": [key for key in claims if counts[key] == most > 0],
        "enough": enough_of(pairs),
        "classes": not_separated(pairs),
    })  # fmt: skip


def said_of_families(
    verdicts: Sequence[Verdict], families: Sequence[Family], claims: Sequence[str]
) -> tuple[str, ...]:
    """Return points on families: whom each claim sets apart from the first, and who escapes it."""
    if not families:
        return ()
    named = {f.name: [m.name for m in f.members] for f in families}
    found = family_verdicts(named, claims, verdicts)
    own = families[0].name
    labels = {m.name: m.label for f in families for m in f.members}
    apart = _set_apart(families_apart(found), own)
    reached = {family for those in apart.values() for family in those}
    return paragraphs("answers/escapes", {
        "families": len(families) - 1,
        "circuits": sum(len(f.members) for f in families[1:]),
        "own": own,
        "apart": apart,
        "never": [f.name for f in families[1:] if f.name not in reached],
        "escaped": _escapes([v for v in found if v.family != own], labels),
    })  # fmt: skip


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
