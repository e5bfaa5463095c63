"""A recording between theories, plans, and their pages, on made-up virtual animals."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from designs import full_design

from errorneurons.predictions.claims.claim import Manipulation, Outcome, Verdict
from errorneurons.predictions.claims.registry import (
    CLAIMS,
    MANIPULATIONS,
    claim,
    claims_for,
    is_usual,
    manipulations_of,
)
from errorneurons.predictions.comparing import further
from errorneurons.predictions.comparing import plan as planning
from errorneurons.predictions.comparing import weigh as between_theories
from errorneurons.predictions.comparing.animals import Table
from errorneurons.predictions.comparing.effects import Drawn, draw, features_of
from errorneurons.predictions.comparing.plan import Grid, Planned
from errorneurons.predictions.comparing.plan import plan as find_plan
from errorneurons.predictions.comparing.responding import telling
from errorneurons.predictions.comparing.sentences import answer, at_odds, methods
from errorneurons.predictions.comparing.weigh import (
    Question,
    Weighed,
    expected_ranges,
    own_misses,
    weighed,
)
from errorneurons.predictions.judging.measured import Measured
from errorneurons.predictions.pages.evidence import next_section, section
from errorneurons.predictions.pages.page import render, verdicts_json
from errorneurons.predictions.pages.plan import paragraph, render_plan, write_plan
from errorneurons.predictions.pages.plan import plan_answer as plan_answer
from errorneurons.predictions.studies.findings import Report
from errorneurons.predictions.studies.recordings import answer_of_recording
from errorneurons.simulate.animals.animals import Animals

WORLDS = 40
NAMES = ("error_microcircuit", "supervised_pc", "adaptation")
RATIO = {"error_microcircuit": 0.0, "supervised_pc": 1.5, "adaptation": 0.5}
"""N/M of every claim; the null's error cells respond to nothing, so its M is noise."""
QUESTION = Question(NAMES, Animals(2, worlds=WORLDS), experiments=96)
DESIGN = full_design(animals=6, cells=12, repeats=4)


def table(name: str, noise: float = 0.1, null: float = 0.0) -> Table:
    """Virtual animals whose N/M is that of the theory, with some noise; M of the null."""
    rng = np.random.default_rng(len(name))
    world = np.repeat(np.arange(WORLDS), 6)
    m = np.full((len(world), len(CLAIMS)), null if name == "adaptation" else 1.0)
    n = RATIO[name] * m
    energies = np.stack([n, m, np.zeros_like(m)], axis=-1)
    energies[..., :2] += noise * rng.normal(size=energies[..., :2].shape)
    return Table(world, energies, tuple(c.key for c in CLAIMS))


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawn]:
    return {name: draw(table(name), name, DESIGN, 1, 96) for name in NAMES}


def recording(ratio: float, m: float = 1.0) -> dict[str, Measured]:
    """What six animals with one N/M, as noisy as virtual ones, say to every claim."""
    rng, found = np.random.default_rng(7), {}
    for c in CLAIMS:
        energies = np.tile([ratio * m, m, 0.0], (6, 1))
        energies[:, :2] += 0.1 * rng.normal(size=(6, 2))
        found[c.key] = Measured(tuple("abcdef"), energies)
    return found


@pytest.fixture(scope="module")
def weigh_it(drawn: dict[str, Drawn]) -> Any:
    def those(names: tuple[str, ...], *known: Any) -> dict[str, Drawn]:
        own = [name if name in drawn else "error_microcircuit" for name in names]
        made = {name: draw(table(name), name, DESIGN, 1, 96, known[-1]) for name in {*own}}
        return {name: made[one] for name, one in zip(names, own, strict=True)}

    def found(measured: dict[str, Measured]) -> Weighed:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(between_theories, "designs_of", lambda _: (DESIGN,))
            patch.setattr(between_theories, "virtual_experiments", those)
            return weighed(telling([], measured), QUESTION, lambda _: None)

    return found


@pytest.fixture(scope="module")
def of_microcircuit(weigh_it: Any) -> Weighed:
    """What is found of a recording like the microcircuit, which takes two seconds."""
    found: Weighed = weigh_it(recording(0.0))
    return found


@pytest.fixture
def animals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every design has the same virtual animals."""
    made = {name: table(name) for name in NAMES}
    monkeypatch.setattr(planning, "animals_under", lambda *_: made)


@pytest.fixture(scope="module")
def planned() -> Planned:
    return planned_on({name: table(name, null=1.0) for name in NAMES})


def planned_on(made: dict[str, Table]) -> Planned:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "animals_under", lambda *_: made)
        return find_plan(Grid((3, 6), (12,), (4,)), QUESTION, lambda _: None)


UNDECIDED = Outcome.UNDECIDED


def supported(count: int) -> list[Verdict]:
    return [Verdict(c.key, "x", Outcome.SUPPORTED, "") for c in CLAIMS[:count]]


def label(name: str) -> str:
    return name.replace("_", " ")


def test_a_recording_like_the_microcircuit_supports_it_over_the_others(
    of_microcircuit: Weighed,
) -> None:
    evidence = of_microcircuit.evidence
    assert evidence.kept == ("error_microcircuit",)
    said = answer(evidence, supported(7), 6, label)
    assert said.startswith(
        "Of the theories compared, this recording supports the error microcircuit"
    )
    assert "over the supervised pc and adaptation (posterior" in said
    assert "with 6 animals a verdict like this is right" in said
    assert said.endswith("that it can test, 7 are supported.")


def test_a_claim_that_is_not_as_the_theory_that_stays_has_it_is_told() -> None:
    expected = {"P04a": {"error_microcircuit": (0.1, 0.5)}, "P02": {"adaptation": (2.0, 3.0)}}

    def said(value: float, low: float, high: float, outcome: Outcome = UNDECIDED) -> str:
        own = Verdict("P04a", "x", outcome, "", value=value, low=low, high=high)
        other = Verdict("P02", "x", Outcome.SUPPORTED, "", value=0.0, low=0.0, high=0.0)
        own_misses = {"error_microcircuit": (1.0, 0.42, 0.03)}
        return at_odds(("error_microcircuit",), (own, other), expected, own_misses, label)

    missed = (
        "The error microcircuit, which stays, expects P04a between 0.10 and 0.50 (found 1.00); "
        "42% of its own virtual recordings miss as many ranges."
    )
    assert said(0.4, 0.3, 0.6) == said(float("nan"), 0.9, 1.1) == ""
    assert said(1.0, 0.9, 1.1, Outcome.NOT_TESTABLE) == ""
    assert said(1.0, 0.4, 1.6) == said(1.0, 0.55, 1.1) == missed
    assert said(1.0, float("nan"), float("nan")) == missed
    assert said(1.0, 0.9, 1.1).startswith(f"{missed} It may be of a circuit that is not on the ")


def test_the_page_says_in_its_headline_that_a_theory_that_stays_misses_a_range(
    of_microcircuit: Weighed,
) -> None:
    verdict = replace(supported(1)[0], claim="P02", value=0.9, low=0.5, high=1.3)
    said = answer_of_recording([verdict], of_microcircuit, 6)
    assert "The error-neuron microcircuit, which stays, expects P02 between " in said
    assert "(found 0.90); " in said


def test_how_often_its_own_experiments_miss_the_ranges_of_a_theory(drawn: dict[str, Drawn]) -> None:
    share = own_misses(drawn, expected_ranges(drawn))["supervised_pc"]
    assert share[0] == 1.0
    assert share[1] == pytest.approx(1 - 0.9 ** len(CLAIMS), abs=0.15)
    assert list(share) == sorted(share, reverse=True)


def test_theories_that_stay_and_do_not_lead_are_said_to_be_less_probable(
    of_microcircuit: Weighed,
) -> None:
    evidence = of_microcircuit.evidence
    posterior = {"error_microcircuit": 0.9, "supervised_pc": 0.009, "adaptation": 0.091}
    both = replace(evidence, kept=NAMES[:2], leading=NAMES[:1], kind="several", posterior=posterior)
    said = answer(both, supported(1), 6, label)
    assert said.startswith(
        "This recording leaves the error microcircuit and supervised pc, and rules out the "
        "adaptation. Of those that remain, the error microcircuit is the most probable among the "
        "theories listed (100 times as probable as the supervised pc); with 6 animals a verdict"
    )
    every = answer(replace(both, kept=NAMES), supported(1), 6, label)
    assert every.startswith("Every one of the 3 theories compared could have given this recording")


def test_a_recording_like_no_theory_is_told_so(weigh_it: Any) -> None:
    odd = {
        c.key: replace(m, energies=m.energies * [1 if k % 2 else -40, 1, 1])
        for k, (c, m) in enumerate(zip(CLAIMS, recording(9.0).values(), strict=True))
    }
    evidence = weigh_it(odd).evidence
    assert evidence.kept == ()
    said = answer(evidence, supported(1), 6, label)
    assert said.startswith("None of the 3 theories compared could have given this recording")
    assert "It may be of a circuit that is not on the list, or be other than it states" in said


def test_when_every_theory_stays_the_answer_is_that_it_cannot_tell(
    of_microcircuit: Weighed,
) -> None:
    evidence = of_microcircuit.evidence
    said = answer(
        replace(evidence, kept=NAMES, leading=NAMES, kind="several"), supported(1), 6, label
    )
    assert said.startswith("This recording of 6 animals cannot tell: every one of the 3 theories")


def test_a_theory_that_stays_alone_and_is_not_the_most_probable_is_said_not_to_be(
    of_microcircuit: Weighed,
) -> None:
    evidence = of_microcircuit.evidence
    posterior = {"error_microcircuit": 0.2, "supervised_pc": 0.7, "adaptation": 0.1}
    said = answer(replace(evidence, posterior=posterior), supported(1), 6, label)
    assert "(the supervised pc would be more probable, and could not have given it); with 6" in said


def test_when_nobody_gave_the_verdict_its_trust_is_unknown(of_microcircuit: Weighed) -> None:
    evidence = of_microcircuit.evidence
    unknown = replace(evidence.trust, value=float("nan"))
    said = answer(replace(evidence, trust=unknown), supported(1), 6, label)
    assert "no virtual recording of this size gave this verdict, so its trust is unknown" in said


def test_methods_name_the_worlds_the_classifier_and_the_rule(of_microcircuit: Weighed) -> None:
    evidence = of_microcircuit.evidence
    text = methods(evidence, 96, label)
    assert f"{WORLDS} for the supervised pc" in text
    assert evidence.classifier in text
    assert "is above .05" in text
    assert "weighed by secondary effects as well" in text
    assert "no claim is judged by a secondary effect" in text


def test_the_page_says_what_was_weighed_and_what_was_left_out(weigh_it: Any) -> None:
    known = {key: m for key, m in recording(0.0).items() if key != "P05a"}
    evidence = weigh_it(known).evidence
    shown = section(Report("t", "a", (), CLAIMS, (), {}, {}, (), {}, "c", evidence=evidence))
    assert shown is not None
    rows = {row.claim.split()[0]: row for row in shown.entered}
    assert (rows["P02"].own, rows["P02"].response) == ("✓", "✓")
    assert "in the teaching area (not testable in" in rows["P02"].lacking
    assert (rows["P05a"].own, rows["P05a"].response) == ("–", "–")
    assert shown.dropped.startswith("Nothing could be weighed, for all theories alike, of P05a ")


def test_a_claim_without_a_response_brings_no_evidence(weigh_it: Any) -> None:
    silent = recording(1.5, m=0.0)["P02"]
    evidence = weigh_it({**recording(0.0), "P02": silent}).evidence
    assert evidence.dropped["P02"] == evidence.dropped["P02 response"] == "M is not clear of 0"
    assert evidence.kept == ("error_microcircuit",)


def test_a_theory_does_not_leave_because_a_recording_is_uncertain(weigh_it: Any) -> None:
    rng, known = np.random.default_rng(3), recording(0.0)
    for own in known.values():
        own.energies[:, :2] += 0.4 * rng.normal(size=(6, 2))
    assert "error_microcircuit" in weigh_it(known).evidence.kept


def test_expected_ranges_are_those_of_the_theories(drawn: dict[str, Drawn]) -> None:
    ranges = expected_ranges(drawn)["P02"]
    for name in ("error_microcircuit", "supervised_pc"):
        low, high = ranges[name]
        assert low < RATIO[name] < high
        assert high - low < 0.4


def test_a_theory_without_an_answer_has_no_expected_range(drawn: dict[str, Drawn]) -> None:
    ratios = np.full_like(drawn["adaptation"].ratios, np.nan)
    silent = {**drawn, "adaptation": replace(drawn["adaptation"], ratios=ratios)}
    assert "adaptation" not in expected_ranges(silent)["P02"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"theories": ("a",)}, "theories are a; name two or more"),
        ({"animals": Animals(worlds=1)}, "worlds is 1; give 2 or more"),
        ({"experiments": 3}, "experiments is 3 for 40 worlds; give one a world or more"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Question(**changes)


def test_the_largest_design_is_right_where_theories_are_far_apart(planned: Planned) -> None:
    assert planned.points["animals"].tolist() == [3, 6]
    assert planned.points["right"].iloc[-1] > 0.9
    assert planned.smallest[0.8] is not None
    assert all(len(members) == 1 for members in planned.classes)


def test_a_plan_promises_nothing_of_recordings_in_which_nothing_responds() -> None:
    right = planned_on({name: table(name) for name in NAMES}).points["right"]
    assert right.max() < 0.7  # those of the null, one in three, are not weighed


def test_a_plan_says_what_each_manipulation_is_worth(planned: Planned) -> None:
    assert set(planned.gains.index) == set(Grid.manipulations)
    assert planned.gains[["lost", "added"]].abs().le(1).all(axis=None)


def test_manipulations_are_worth_something_where_not_everything_is_right(planned: Planned) -> None:
    reached = planned.smallest[0.8]
    assert reached is not None
    assert planned.gains_at["animals"] == reached["animals"] == 3
    page = render_plan(planned, "c")
    assert "worth at 3 animals with 12 error and 12 representation cells" in page
    assert "+0%" not in page
    assert "-0%" not in page


def test_a_grant_asks_for_animals_enough_to_judge_claims(planned: Planned) -> None:
    assert planned.smallest[0.95] is not None
    assert "We will record spikes in 6 animals with" in paragraph(planned)


def test_a_budget_keeps_larger_designs_out(animals: None) -> None:
    grid = Grid((3, 6, 12), (12,), (4,), budget=6)
    assert grid.affordable == (3, 6)
    assert grid.designs(12, 4)[0].animals == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"animals": ()}, "animals to try: nothing; give whole numbers of 2 or more"),
        ({"cells": (1, 8)}, "cells to try: 1, 8; give whole numbers of 2 or more"),
        ({"areas": (5,)}, "area 5 is not simulated; give areas 1 to 4"),
        (
            {"animals": (4, 6), "budget": 2},
            "a budget of 2 animals is below the smallest number to try, 4",
        ),
        ({"manipulations": ("drive", "silence-aera")}, "did you mean 'silence-area'"),
        ({"signal": "spike"}, "did you mean 'spikes'"),
        (
            {"manipulations": ("drive", "class_influence"), "alone": True},
            "manipulations are drive and class_influence; what is done alone, without",
        ),
        ({"manipulations": (), "alone": True}, "manipulations are none; what is done alone"),
    ],
)
def test_an_impossible_grid_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Grid(**changes)


def test_another_experiment_is_planned_without_outcome_errors() -> None:
    passive = Grid((4,), (12,), (6,), ("untaught_outcomes",), alone=True)
    assert [d.experiment for d in passive.designs(12, 6)] == ["untaught_outcomes"]
    assert passive.features == features_of(("P21",))


def test_recording_alone_tests_what_no_manipulation_does() -> None:
    alone = [c.key for c in CLAIMS if is_usual(c) and not c.manipulations]
    assert claims_for(()) == tuple(alone)
    assert claims_for(MANIPULATIONS) == tuple(c.key for c in CLAIMS)


COOL = Manipulation("cool", "cooling the teaching area")
MADE_UP = replace(claim("P02"), key="made up", manipulations=(COOL, *claim("P05a").manipulations))


def test_a_new_claim_is_planned_with_its_manipulations_and_never_as_recording_alone() -> None:
    known = (*CLAIMS, MADE_UP)
    assert manipulations_of(known) == MANIPULATIONS | {"cool": COOL}
    for some in ((), ("cool",), ("drive",)):
        assert "made up" not in claims_for(some, known)
    assert "made up" in claims_for(("drive", "cool"), known)


def test_the_next_steps_offer_all_that_a_new_claim_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(further, "CLAIMS", (*CLAIMS, MADE_UP))
    offered = further.what_to_do()
    assert offered["cooling the teaching area and driving representation cells"] == ("made up",)
    assert offered["silencing one area's error cells at the outcome"] == tuple(
        c.key for c in CLAIMS if c.manipulations == claim("P04a").manipulations
    )
    assert list(offered)[-1] == "novel input without teaching"


def test_a_plan_is_written_as_a_page_and_a_table(planned: Planned, tmp_path: Path) -> None:
    page, lines = write_plan(planned, tmp_path, "errorneurons plan")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "errorneurons plan" in text
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan.csv").read_text("utf-8"))))
    assert [row["animals"] for row in rows] == ["3", "6"]
    assert lines[0] == plan_answer(planned)


def test_the_paragraph_for_a_grant_names_the_design_and_its_power(planned: Planned) -> None:
    text = paragraph(planned)
    assert "12 error and 12 representation cells of each area and 4 trials" in text
    assert text.startswith("We will record spikes in ")
    imaged = replace(planned, grid=replace(planned.grid, signal="calcium"))
    assert paragraph(imaged).startswith("We will image somata with two photons in ")
    assert "driving representation cells" in text
    assert "% of virtual experiments (95 % interval [" in text


def test_a_plan_warns_of_designs_too_small_for_claims_by_themselves(planned: Planned) -> None:
    large = {**dict.fromkeys(("cells", "trials"), 6.0), "animals": 5.0}
    few = {**large, "animals": 4.0}
    warning = "With fewer than 5 animals theories are weighed, but each claim by itself stays"
    assert warning in plan_answer(replace(planned, smallest={0.8: few, 0.95: None}))
    assert warning not in plan_answer(replace(planned, smallest={0.8: large, 0.95: None}))


def test_a_plan_that_reaches_no_target_says_so(planned: Planned) -> None:
    text = plan_answer(replace(planned, smallest={0.8: None, 0.95: None}))
    assert "no design that was tried reaches 80% and 95%" in text


def test_what_one_design_reaches_is_said_once(planned: Planned) -> None:
    own = {"animals": 3.0, "cells": 12.0, "trials": 4.0}
    text = plan_answer(replace(planned, smallest={0.8: own, 0.95: own}))
    assert "4 trials of each stimulus and condition for 80% and 95%." in text
    assert "No design with fewer than 3 animals was tried." in text


def test_the_next_steps_start_from_the_recording(of_microcircuit: Weighed, animals: None) -> None:
    poor = replace(of_microcircuit, designs=(replace(DESIGN, claims=("P02",)),))
    steps = further.next_steps(poor, QUESTION, lambda _: None)
    titles = steps.points["title"].tolist()
    assert titles[:2] == ["As recorded", "More animals"]
    assert "Add driving representation cells" in titles
    first = steps.points["right"].iloc[0]
    assert len(steps.designs) <= 3
    assert all(step.right > first for step in steps.designs)
    assert steps.summary.startswith("The design as recorded singles out the true theory in")


def test_a_grant_says_why_it_asks_for_more_animals_than_reach_the_target(planned: Planned) -> None:
    said = "3 animals would single out the true theory in 95%; with fewer than 5 no claim"
    few = {"animals": 3.0, "cells": 12.0, "trials": 4.0}
    assert said in paragraph(replace(planned, smallest={0.8: few, 0.95: few}))


def test_the_page_shows_the_evidence_and_what_to_record_next(
    of_microcircuit: Weighed, animals: None
) -> None:
    report = Report(
        "t", "a", (), CLAIMS, (), {}, {}, (), {}, "c", evidence=of_microcircuit.evidence,
        steps=further.next_steps(of_microcircuit, QUESTION, lambda _: None),
        labels={"adaptation": "adaptation null"},
    )  # fmt: skip
    shown = section(report)
    assert shown is not None
    assert [row.label for row in shown.rows] == [
        "error microcircuit",
        "supervised pc",
        "adaptation null",
    ]
    assert [row.what for row in shown.conditions] == [
        "as assumed",
        "5 % more false labels than stated",
        "input leaks onto error neurons, 5 %",
        "the true theory is not on the list",
    ]
    assert next_section(report) is not None
    page = render(report)
    assert 'id="evidence"' in page
    assert 'id="next"' in page
    assert '"kept": [\n   "error_microcircuit"\n  ]' in verdicts_json(report)


def test_without_evidence_the_page_has_no_such_part() -> None:
    report = Report("t", "a", (), CLAIMS, (), {}, {}, (), {}, "c")
    assert section(report) is None
    assert 'id="evidence"' not in render(report)
