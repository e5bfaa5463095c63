"""Rivals as families on the page: who belongs together, and what a family says of each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.families import Reach, family_verdicts
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
    """Return what families say: first in one paragraph, then claim by claim who escapes."""
    if not families:
        return ()
    named = {f.name: [m.name for m in f.members] for f in families}
    found = family_verdicts(named, claims, verdicts)
    own = families[0].name
    rivals = [v for v in found if v.family != own]
    by_claim = {key: [v for v in rivals if v.claim == key] for key in claims}
    labels = {m.name: m.label for f in families for m in f.members}
    told = {
        "families": len(families) - 1,
        "circuits": sum(len(f.members) for f in families[1:]),
        "own": own,
        "reached": {
            key: [v.family for v in those if v.reach is Reach.THROUGHOUT]
            for key, those in by_claim.items()
        },
        "escaped": {
            key: {v.family: [_escape(e, labels) for e in v.escaped] for v in escaped}
            for key, those in by_claim.items()
            if (escaped := [v for v in those if v.reach is Reach.BUT_FOR])
        },
    }
    return (one_paragraph("answers/families", told), *paragraphs("answers/escapes", told))


def _escape(verdict: Verdict, labels: Mapping[str, str]) -> str:
    return f"{labels[verdict.subject]} ({verdict.outcome.lower()}, {number(verdict.value)})"
