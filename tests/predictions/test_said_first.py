"""What is said of a recording before theories are weighed: what it holds, can test and lacks."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.commands.progress import lines, showing
from errorneurons.predictions.commands.shared import show_outcomes
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.plausible import implausible
from errorneurons.predictions.judging.readiness import Readiness, Ready, readiness
from errorneurons.predictions.judging.verdicts import (
    confirmatory,
    on_recording,
    verdict_table,
)
from errorneurons.predictions.pages.page import render, verdicts_json
from errorneurons.predictions.studies.holdings import holdings
from errorneurons.predictions.studies.recordings import recording_report
from errorneurons.predictions.studies.side_by_side import groups_report
from errorneurons.predictions.studies.unweighed import cautions_of
from errorneurons.simulate.store.counting import counting

OUTCOMES: dict[str, Any] = {
    "outcome": ["expected", "unexpected"] * 8,
    "outcome_onset": np.full(16, 0.3),
    "teaching": [True] * 16,
    "manipulation": ["none"] * 16,
    "phase": ["after"] * 16,
}


def recorded(animal: str = "m1", *without: str, **changes: Any) -> xr.Dataset:
    """Return 16 trials of 24 units of two areas in bins of 50 ms."""
    expected = np.ones((16, 16, 24)) * 0.5  # spikes of a bin
    expected[:, 4:8, 1::2] += 2.0  # some respond to the input
    expected[1::2, 10:, ::2] += 2.0  # and others to unexpected outcomes
    rate = np.random.default_rng(len(animal)).poisson(expected) / 0.05
    about = {k: changes.pop(k) for k in (*changes,) if k in ("level_of_data", "confirmatory",
             "teaching_area", "species", "cautions", "day")}  # fmt: skip
    columns = {
        "time": np.round(-0.2 + 0.05 * (np.arange(16) + 0.5), 9),
        "unit_id": [f"u{k}" for k in range(24)], "area": ["V1"] * 12 + ["LM"] * 12,
        "level": [1.0] * 12 + [2.0] * 12, "role": ["error", "unknown"] * 12,
        "label_source": ["genetic", "none"] * 12, "label_error": [0.0, np.nan] * 12,
        "stimulus": ["a", "a", "b", "b"] * 4, "input_onset": np.zeros(16),
        **OUTCOMES, **changes,
    }  # fmt: skip
    kept = {name: column for name, column in columns.items() if name not in without}
    return session({"rate": rate}, kept,
                   {"animal": animal, "session_id": "1", **about}, signal="spikes")  # fmt: skip


def row(ready: Ready, key: str) -> Readiness:
    return next(r for r in ready.rows if r.claim.key == key)


def test_a_column_that_is_not_mapped_is_told_from_trials_that_were_not_made() -> None:
    unmapped = row(readiness([recorded("m1", "phase")]), "P03")
    assert unmapped.lack == "`teaching_area` and `phase` are not mapped."
    assert 'If learning was over, add `phase = { constant = "after" }`' in unmapped.mend
    never = recorded(outcome=["expected"] * 16, teaching_area="LM")
    assert row(readiness([never]), "P03").lack == (
        "No stimulus has two trials with an unexpected outcome."
    )


def test_what_is_done_on_purpose_is_an_experiment_and_no_line_of_the_mapping() -> None:
    lack = row(readiness([recorded("m1", "manipulation")]), "P05a")
    assert lack.lack.startswith("No trials with representation cells driven")
    assert lack.mend.startswith("Stimulate representation cells")
    assert lack.more > 0


def test_claims_stand_by_how_near_they_are_to_being_tested() -> None:
    ready = readiness([recorded()])
    far = [(r.can == "no", r.far) for r in ready.rows]
    assert far == sorted(far)
    assert "P01" in ready.summary
    assert row(ready, "P01").can == "yes"


def test_what_all_claims_lack_is_said_once() -> None:
    ready = readiness([recorded(level_of_data="pooled")])
    assert ready.common == ("The units given are of animals that are not told apart.")
    assert ready.mend == "Say which animal each unit is of."
    assert row(ready, "P01").lack == "Nothing else is missing."
    assert ready.summary.startswith("None of the ")


def test_a_claim_that_some_animals_can_answer_says_how_many() -> None:
    ready = readiness([recorded(), recorded("m22", "outcome", "teaching")])
    assert row(ready, "P01").can == "in 1 of 2 animals"


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"teaching_area": "V9"}, "`teaching_area` is 'V9', where no unit was recorded; recorded"),
        ({"manipulated_area": ["M2"] * 16}, "`manipulated_area` is 'M2', where no unit was"),
        ({"area": ["VISp2/3"] * 12 + ["VISp5"] * 12}, "areas 'VISp2/3' and 'VISp5' seem to be lay"),
        ({"area": ["VISp"] * 12 + ["VISp5"] * 12}, "areas 'VISp' and 'VISp5' seem to be layers of"),
        ({"area": ["left V1"] * 12 + ["V1"] * 12}, "areas 'V1' and 'left V1' seem to be sides of"),
        ({"area": [""] * 12 + ["LM"] * 12}, "`area` is empty or unknown in 12 units of 24, which"),
        ({"stimulus": [""] + ["a"] * 15}, "`stimulus` is empty or unknown in 1 trial of 16,"),
        (
            {"outcome_onset": np.full(16, -0.1)},
            "the outcome comes before the input in 16 of 16 tri",
        ),
        (
            {"outcome_onset": np.tile([0.3, np.nan], 8)},
            "`outcome_onset` is empty in 8 of 16 trials",
        ),
        ({"day": 20240131}, "`day` is 20240131, which seems to be a date; count days, so that"),
        ({"performance": np.full(16, 85.0)}, "`performance` reaches 85, a share 1 at most; divide"),
        (
            {"input_onset": np.r_[np.zeros(15), -99]},
            "`input_onset` is \N{MINUS SIGN}99 s in 1 of 16 trials, in",
        ),
    ],
)
def test_what_is_hardly_so_is_a_sentence(changes: dict[str, Any], doubt: str) -> None:
    (said,) = implausible([recorded(**changes)])
    assert said.startswith(doubt)


@pytest.mark.parametrize(
    ("factor", "doubt"),
    [(0.05, "rates are whole numbers up to"), (0.0005, "half of the units fire at less than")],
)
def test_rates_that_are_none_are_doubted(factor: float, doubt: str) -> None:
    seen = recorded()
    seen["rate"] = (seen["rate"] * factor).assign_attrs(seen["rate"].attrs)
    assert [d[: len(doubt)] for d in implausible([seen])] == [doubt]


@pytest.mark.parametrize("areas", [("V1", "V2"), ("CA1", "CA3"), ("S1", "S2"), ("L", "R")])
def test_areas_with_numbers_are_no_layers(areas: tuple[str, str]) -> None:
    assert implausible([recorded(area=[areas[0]] * 12 + [areas[1]] * 12)]) == ()


@pytest.mark.parametrize(("dim", "what"), [("trial", "trials 0 and 5"), ("unit", "units 0 and 5")])
def test_activity_that_stands_there_twice_is_doubted(dim: str, what: str) -> None:
    seen = recorded()
    seen["rate"][{dim: 5}] = seen["rate"].isel({dim: 0}).values
    assert [d[: len(what)] for d in implausible([seen])] == [what]


@pytest.mark.parametrize(("factor", "doubted"), [(0.01, False), (1.0, True)])
def test_percent_and_fluorescence_are_no_ratios(factor: float, doubted: bool) -> None:
    seen = recorded()
    about = {**seen["rate"].attrs, "units": "dF/F", "signal": "calcium"}
    seen["rate"] = (seen["rate"] * factor).assign_attrs(about)
    assert [d.startswith("dF/F of half of") for d in implausible([seen])] == [True] * doubted


@pytest.mark.parametrize(("baseline", "doubted"), [(0.0, False), (100.0, True)])
def test_fluorescence_without_a_baseline_taken_off_is_doubted(
    baseline: float, doubted: bool
) -> None:
    seen = recorded()
    noise = np.random.default_rng(3).normal(baseline, 5.0, seen["rate"].shape)
    seen["rate"].values = noise.astype(np.float32)
    seen["rate"].attrs |= {"signal": "calcium", "units": "a.u."}
    said = "activity of a typical unit lies 20 times what it varies by above 0, as fluorescence"
    assert [d[: len(said)] for d in implausible([seen])] == [said] * doubted


def test_a_recording_that_is_interrupted_at_unexpected_outcomes_is_doubted() -> None:
    rng = np.random.default_rng(3)
    seen = recorded()
    spikes = rng.poisson(3.0, seen["rate"].shape)
    seen["rate"].values = (spikes / 0.05).astype(np.float32)
    assert implausible([seen]) == ()
    seen["rate"].values[1::2, 4:6] = 0.0
    (said,) = implausible([seen])
    assert said.startswith(
        "no unit of 24 is active for 100 ms, from 0.00 s on, in 8 trials of 16, 8 of them with "
        "an unexpected outcome; if the recording was interrupted"
    )
    silenced = seen.assign_coords(manipulation=("trial", ["none", "silence"] * 8))
    assert not [d for d in implausible([silenced]) if "active" in d]


def test_a_plausible_recording_is_not_doubted() -> None:
    assert implausible([recorded(), recorded("m22")]) == ()


def test_a_doubt_about_several_sessions_is_said_once() -> None:
    (said,) = implausible([recorded(teaching_area="V9"), recorded("m22", teaching_area="V9")])
    assert said.endswith("(so in 2 of 2 sessions).")


def test_a_caution_about_all_sessions_is_said_once() -> None:
    every = [recorded(name, cautions="no names") for name in ("m1", "m22")]
    assert cautions_of(every) == ["All 2 sessions: no names."]


def test_where_nothing_was_declared_nothing_is_confirmatory() -> None:
    every = [recorded("m" * k) for k in range(1, 7)]
    assert confirmatory(every) == ()
    verdicts = verdict_table(every, ["P01"])
    assert verdicts["outcome"].notna().all()
    made = recording_report(every, "x", None, "errorneurons", lambda _: None)
    assert made.configuration["confirmatory_set"] == "none was declared"
    rows = {name for v in made.verdicts for name in v.statistics}
    assert not any("confirmatory" in name for name in rows)
    assert any("claims tested" in name for name in rows if name.startswith("p as claimed"))


def test_a_page_of_a_recording_begins_with_what_it_holds() -> None:
    held = holdings([recorded(species="Mus musculus"), recorded("m22", species="Mus musculus")])
    assert held.facts[0].startswith("2 animals (Mus musculus), 2 sessions and 48 units; 32 trials")
    assert [(a.name, a.units) for a in held.areas] == [
        ("V1", {"error": 12, "unknown": 12}), ("LM", {"error": 12, "unknown": 12}),
    ]  # fmt: skip
    assert held.columns == ("Stimulus", "Outcome", "Trials", "Sessions", "Mean activity")
    assert held.kinds[0][:4] == ("a", "expected", "8", "2 of 2")
    assert any("unexpected and expected outcomes (in 2 of 2 sessions)" in f for f in held.facts)
    assert held.picture is not None
    assert list(held.picture["condition"].values) == ["expected outcome", "unexpected outcome"]


def test_a_recording_without_time_has_no_picture() -> None:
    columns = {"time": [0.02], "unit_id": ["u"], "area": ["M1"], "level": [np.nan],
               "role": ["unknown"], "stimulus": ["a", "b"], "input_onset": [0.0, 0.0]}  # fmt: skip
    about = {"animal": "J", "session_id": "1", "level_of_data": "sample"}
    rate = {"rate": np.ones((2, 1, 1))}
    held = holdings([session(rate, columns, about, signal="spikes", sampling_rate=22.2)])
    assert held.picture is None
    assert "2 samples of spikes" in held.facts[0]


def test_a_person_is_no_animal_and_pooled_animals_are_not_one() -> None:
    bare = "outcome", "teaching", "outcome_onset"
    human = recorded("p1", *bare, species="Homo sapiens")
    made = recording_report([human], "x", None, "errorneurons", lambda _: None)
    assert made.answer == (
        "No claim about error neurons can be tested here: no trial is said to have an unexpected "
        "outcome. It shows 24 units of LM and V1 in one participant."
    )
    pooled = recorded("all", level_of_data="pooled")
    made = recording_report([pooled], "x", None, "errorneurons", lambda _: None)
    assert made.answer == (
        "No claim about error neurons can be tested here: its units are pooled over animals that "
        "are not told apart. It shows 24 units of LM and V1."
    )


def test_a_passive_recording_is_said_to_lack_a_control_before_labels() -> None:
    unlabelled: dict[str, Any] = {"role": ["unknown"] * 24, "teaching": [False] * 16}
    made = recording_report([recorded("m1", **unlabelled)], "x", None, "e", lambda _: None)
    assert "no `control` tells a violated expectation from adaptation" in made.answer


def test_cells_that_respond_to_nothing_are_not_said_to_lack_labels() -> None:
    passive: dict[str, Any] = {"role": ["unknown"] * 24, "teaching": [False] * 16,
                               "control": ["none"] * 8 + ["matched"] * 8}  # fmt: skip
    still = [recorded(f"m{k}", **passive) for k in range(6)]
    rng = np.random.default_rng(1)
    for one in still:
        one["rate"].values[:] = rng.poisson(0.5, one["rate"].shape) / 0.05
    made = recording_report(still, "x", None, "errorneurons", lambda _: None)
    assert "can be tested here: there is no response to compare with (P21)." in made.answer
    assert "error cell" not in made.answer


def test_verdicts_of_one_animal_are_of_this_animal_only() -> None:
    made = recording_report([recorded()], "x", None, "errorneurons", lambda _: None)
    assert made.answer == (
        "Of 15 claims about error neurons, P01 alone can be tested here, and is undecided, in this "
        "animal only."
    )


def test_a_claim_that_cannot_be_tested_says_in_the_matrix_what_it_lacks() -> None:
    made = recording_report([recorded()], "x", None, "errorneurons", lambda _: None)
    matrix = render(made).partition('id="matrix-main"')[2].partition("</table>")[0]
    assert (
        "<p>No stimulus has two trials with a cursor whose error is known. And 1 more. " in matrix
    )


def test_verdicts_are_shown_before_anything_is_weighed() -> None:
    seen: list[str] = []
    recording_report(
        [recorded()], "x", None, "errorneurons", seen.append,
        lambda verdicts, ready: seen.append(f"{len(verdicts)} {len(ready.rows)}"),
    )  # fmt: skip
    assert seen[0] == "15 15"


def test_progress_says_how_long_it_has_taken(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 83.0))
    lines(clock=lambda: next(times))("weighing the theories")
    assert capsys.readouterr().err == "[1:23] weighing the theories\n"


def test_of_many_pieces_a_few_have_a_line_with_the_time_that_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = [0.0]
    tell = counting(lines(clock=lambda: seconds[0]), "abcd", clock=lambda: seconds[0])
    for piece in "abcd":
        seconds[0] += 16.0
        tell(piece)
    assert capsys.readouterr().err.splitlines() == [
        "[0:16] a (1 of 4, about 48 s left)",
        "[0:48] c (3 of 4, about 16 s left)",
        "[1:04] d (4 of 4)",
    ]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(quiet=True) as tell:
        tell("weighing the theories")
    assert not capsys.readouterr().err


def test_the_recording_stands_above_the_verdicts_and_what_is_missing_links_to_its_card() -> None:
    made = recording_report([recorded()], "x", None, "errorneurons", lambda _: None)
    page = render(made)
    order = [page.index(f'id="{name}"') for name in ("answer", "holdings", "ready", "matrix")]
    assert order == sorted(order)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {*re.findall(r'href="#([^"]+)"', page)} <= {*ids}
    assert "<code>phase</code>" not in page  # it is mapped
    assert "<code>teaching_area</code>" in page


def test_what_claims_lack_is_part_of_the_results() -> None:
    made = recording_report([recorded()], "x", None, "errorneurons", lambda _: None)
    ready = json.loads(verdicts_json(made))["ready"]
    assert ready["summary"] == made.ready.summary
    assert {row["claim"] for row in ready["claims"]} == {claim.key for claim in made.claims}


@pytest.mark.parametrize(
    ("names", "doubted"),
    [("ACA VISl VISp", True), ("VISp VISl ACA", False), ("V1 V2 V3", False), ("LGN V1 V4", True)],
)
def test_an_order_of_areas_that_is_that_of_the_alphabet_is_doubted(
    names: str, doubted: bool
) -> None:
    area = [name for name in names.split() for _ in range(8)]
    level = [float(k) for k in (1, 2, 3) for _ in range(8)]
    said = [d for d in implausible([recorded(area=area, level=level)]) if "alphabet" in d]
    assert len(said) == doubted


def test_a_taught_area_without_a_place_in_the_order_is_doubted() -> None:
    apart = recorded(level=[1.0] * 12 + [np.nan] * 12, teaching_area="LM")
    (said,) = implausible([apart])
    assert said.startswith("`teaching_area` is 'LM', which has no place in the order of the areas,")


def test_groups_stand_side_by_side_each_with_its_own_animals() -> None:
    ours, theirs = [recorded("m" * k) for k in range(1, 6)], [recorded("n" * 7), recorded("n" * 8)]
    made = groups_report({"ours": ours, "theirs": theirs}, "errorneurons")
    assert [(s.name, s.animals) for s in made.subjects] == [("ours", 5), ("theirs", 2)]
    alone, _ = on_recording(as_believed(ours), "ours")
    said = [(v.claim, v.outcome, v.value) for v in made.verdicts if v.subject == "ours"]
    assert str(said) == str([(v.claim, v.outcome, v.value) for v in alone])
    assert made.doubts[0].startswith("Verdicts side by side are no test of a difference")
    page = render(made)
    ours, theirs = re.findall(r'(<svg class="marker".*?</svg>) (?:ours|theirs)</th>', page)
    assert ours != theirs


def test_groups_with_an_animal_of_the_same_name_are_said_to_share_it() -> None:
    made = groups_report({"a": [recorded("m1")], "b": [recorded("m1")]}, "errorneurons")
    assert "in more than one group (e.g. m1)" in made.doubts[1]
    assert made.answer == "a and b agree on the one claim that can be tested."


def test_one_group_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="there is one group, a; give two or more, or its files"):
        groups_report({"a": [recorded()]}, "errorneurons")


def test_many_verdicts_stand_side_by_side_and_few_have_a_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def said(claims: int, subjects: int) -> list[str]:
        pairs = [(c, s) for c in range(claims) for s in range(subjects)][: claims * subjects - 1]
        show_outcomes(
            [Verdict(f"P{c}", f"subject_{s}", Outcome.NOT_TESTABLE, "why") for c, s in pairs]
        )
        return capsys.readouterr().out.splitlines()

    assert len(said(4, 3)) == 11
    many = said(6, 5)
    assert many[0].split() == ["P0", "P1", "P2", "P3", "P4", "P5"]
    assert many[5].split() == ["subject_4", *"NNNNN", "."]
