"""A claim sets theories apart where a family contradicts it whatever is decided in it."""

from __future__ import annotations

from typing import Any

import pytest

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.families import (
    Apart,
    FamilyVerdict,
    Reach,
    enough_of,
    families_apart,
    family_verdicts,
    not_separated,
)
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.studies import theories
from errorneurons.predictions.studies.families import said_of_families, what_is_told_apart
from errorneurons.predictions.studies.findings import Family, Subject
from errorneurons.simulate.animals.animals import Animals

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


def families_with(**outcomes: str) -> list[FamilyVerdict]:
    """Return what families of one circuit or more say of claims, a letter a circuit."""
    known = {"S": S, "C": C, "U": U, "N": N}
    return [
        FamilyVerdict(f"P{at}", family, tuple(
            Verdict(f"P{at}", f"{family} {k}", known[letter], "") for k, letter in enumerate(own)
        ))
        for family, each in outcomes.items()
        for at, own in enumerate(each.split())
    ]  # fmt: skip


def test_a_claim_separates_families_that_support_and_contradict_it_throughout() -> None:
    found = families_with(own="S S", all="CC CN", some="CS SS", none="NN UU")
    assert [(p.first, p.second, p.claims) for p in families_apart(found)] == [
        ("own", "all", ("P0", "P1")), ("own", "some", ()), ("own", "none", ()),
        ("all", "some", ("P1",)), ("all", "none", ()), ("some", "none", ()),
    ]  # fmt: skip


def test_families_that_nothing_separates_form_classes_none_of_which_can_grow() -> None:
    found = families_with(own="S S", all="CC CN", some="CS SS", none="NN UU")
    assert not_separated(families_apart(found)) == (("own", "some", "none"), ("all", "none"))
    assert not_separated(families_apart(families_with(a="S", b="C"))) == ()


def test_points_say_whom_claims_set_apart_and_who_escapes() -> None:
    families = tuple(
        Family(name, tuple(Subject(m, m.upper(), "theory", "", 1, 1, 1, 1) for m in members))
        for name, members in (("own", "o"), ("first", "ab"), ("second", "c"))
    )
    escapes = {("P02", "b"): S}
    verdicts = [
        Verdict(k.key, n, S if n == "o" else escapes.get((k.key, n), C), "", value=0.1)
        for k in CLAIMS
        for n in "oabc"
    ]
    points = said_of_families(verdicts, families, [k.key for k in CLAIMS])
    assert points[0] == "With what rivals leave open they are 3 circuits in 2 families."
    assert "P04a sets the own apart from first and second, whatever they leave open." in points
    assert list(points[-2:]) == [
        "P02 sets the own apart from second, whatever they leave open.",
        "P02 does not set the own apart from first, since it is escaped by B (supported, 0.10).",
    ]


def test_whom_no_claim_sets_apart_is_said() -> None:
    families = tuple(
        Family(m, (Subject(m, m.upper(), "theory", "", 1, 1, 1, 1),)) for m in ("own", "other")
    )
    verdicts = [Verdict(k.key, n, S, "", value=0.1) for k in CLAIMS for n in ("own", "other")]
    points = said_of_families(verdicts, families, [k.key for k in CLAIMS])
    assert points[-1] == "No claim sets the own apart from other, whatever they leave open."


def headline(**outcomes: str) -> str:
    """Return what is said first of families of one circuit or more, a letter a circuit."""
    found = families_with(**outcomes)
    members = {v.family: [one.subject for one in v.verdicts] for v in found}
    families = tuple(
        Family(name, tuple(Subject(m, m, "theory", "", 1, 1, 1, 1) for m in own))
        for name, own in members.items()
    )
    verdicts = [one for v in found for one in v.verdicts]
    return what_is_told_apart(verdicts, families, list(dict.fromkeys(v.claim for v in found)))


def test_the_headline_says_which_claims_tell_theories_apart_and_whom_none_does() -> None:
    assert headline(a="S S", b="C C", c="C S", d="C C") == (
        "In simulation claims tell 5 of 6 pairs of theories apart: one of the two supports a claim "
        "that the other contradicts. P1 tells 4 of these apart, the most; P1 and P0 together are "
        "enough for all 5. No claim tells apart b and d."
    )


def test_the_headline_on_families_counts_what_holds_whatever_they_leave_open() -> None:
    assert headline(a="SS SS", b="CC CC", c="CS UU").startswith(
        "In simulation claims tell 1 of 3 pairs of families apart whatever they leave open: one"
    )


def test_the_headline_on_two_theories_names_them() -> None:
    assert headline(a="S S", b="C C") == (
        "In simulation P0 and P1 each tell a from b: one supports it and the other contradicts it."
    )
    assert headline(a="S", b="U") == "In simulation no claim tells a from b."
    assert headline(a="S").startswith("No rival was judged beside a,")


def test_a_few_claims_are_enough_for_all_that_is_told_apart() -> None:
    pairs = [Apart("a", "b", ("P0", "P1")), Apart("a", "c", ("P1",)), Apart("b", "c", ("P2",))]
    assert enough_of(pairs) == ("P1", "P2")


def test_a_choice_with_which_no_network_is_left_is_not_testable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(*_: Any) -> None:
        raise ValueError("no network of it is left: 0 diverged and 1 oscillate")

    monkeypatch.setattr(theories, "ready_animals", none_left)
    known = theories._simulated(theories._simulate("supervised_pc_direct", Animals(1), None))
    verdict = judge(CLAIMS[0], "it", known.measured[CLAIMS[0].key], "theory")
    assert (verdict.outcome, verdict.reason) == (
        N, "No network of it is left: 0 diverged and 1 oscillate.",
    )  # fmt: skip
    with pytest.raises(ValueError, match="no network of it is left"):
        theories._simulate("supervised_pc", Animals(1), None)
