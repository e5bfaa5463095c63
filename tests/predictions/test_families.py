"""A claim sets theories apart where a family contradicts it whatever is decided in it."""

from __future__ import annotations

import pytest

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.judging.families import FamilyVerdict, Reach, family_verdicts

S, C, U, N = (
    Outcome.SUPPORTED, Outcome.CONTRADICTED, Outcome.UNDECIDED, Outcome.NOT_TESTABLE,
)  # fmt: skip


def said(*outcomes: Outcome) -> FamilyVerdict:
    own = tuple(Verdict("P02", f"variant {i}", o, "") for i, o in enumerate(outcomes))
    return FamilyVerdict("P02", "a family", own)


@pytest.mark.parametrize(
    ("outcomes", "reach"),
    [((C, C), "contradicted throughout"), ((C, S), "contradicted throughout but for"),
     ((C, C, U), "contradicted throughout but for"), ((S, U), "open"), ((S, N), "open"),
     ((C, N), "contradicted throughout"), ((N, N), "not testable")],
)  # fmt: skip
def test_one_that_escapes_is_enough(outcomes: tuple[Outcome, ...], reach: str) -> None:
    assert said(*outcomes).reach is Reach(reach)


def test_those_that_escape_are_named() -> None:
    assert [v.subject for v in said(C, S, N, U).escaped] == ["variant 1", "variant 3"]


def test_the_values_of_a_family_are_those_that_exist() -> None:
    own = tuple(Verdict("P02", "a", C, "", value=v) for v in (0.5, float("nan"), 0.1))
    assert FamilyVerdict("P02", "a family", own).values == (0.1, 0.5)


def test_families_are_judged_claim_by_claim() -> None:
    verdicts = [Verdict(k, n, C if n == "a" else S, "") for k in ("P1", "P2") for n in "abc"]
    found = family_verdicts({"first": "ab", "second": "c"}, ["P1", "P2"], verdicts)
    assert [(v.claim, v.family, v.reach) for v in found] == [
        ("P1", "first", Reach.BUT_FOR), ("P1", "second", Reach.OPEN),
        ("P2", "first", Reach.BUT_FOR), ("P2", "second", Reach.OPEN),
    ]  # fmt: skip
