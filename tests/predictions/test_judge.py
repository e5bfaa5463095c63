"""The judge: four outcomes, each reached by the numbers that it names, with known error rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import Outcome, OverDays, Verdict, asked_together
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.judge import _at, judge
from errorneurons.predictions.judging.measured import Measured, energies_of_animal, measure

BELOW = claim("P02")  # threshold 1/9
ABOVE = claim("P04b")  # threshold .8
Q0 = BELOW.threshold


def measured(
    ratio: float,
    animals: int = 8,
    noise: float = 0.01,
    label_error: tuple[float, float, float] = (0.0, 0.0, 0.0),
    false_label: float = 0.0,
) -> Measured:
    """Return animals whose comparison response is about 1 and whose N/M is about `ratio`."""
    rng = np.random.default_rng(4)
    m = rng.normal(1, 0.1, animals)
    n = ratio * m + rng.normal(0, noise, animals)
    names = tuple(f"m{k}" for k in range(animals))
    return Measured(names, np.stack([n, m, np.full(animals, false_label)], axis=1), label_error)


def of_recording(what: Measured, above: bool = False) -> Verdict:
    return judge(ABOVE if above else BELOW, "recording", what, "recording")


def of_theory(what: Measured, above: bool = False) -> Verdict:
    return judge(ABOVE if above else BELOW, "a theory", what, "theory")


# The four outcomes


@pytest.mark.parametrize("judged", [of_recording, of_theory])
@pytest.mark.parametrize(
    ("ratio", "above", "outcome"),
    [(0.0, False, "SUPPORTED"), (0.5, False, "CONTRADICTED"), (Q0, False, "UNDECIDED"),
     (1.0, True, "SUPPORTED"), (0.5, True, "CONTRADICTED"), (0.8, True, "UNDECIDED")],
)  # fmt: skip
def test_the_side_of_the_threshold_decides(
    judged: Any, ratio: float, above: bool, outcome: str
) -> None:
    verdict = judged(measured(ratio), above)
    assert verdict.outcome == outcome
    assert verdict.value == pytest.approx(ratio, abs=0.02)
    assert verdict.low < verdict.value < verdict.high
    assert bool(verdict.remedy) == (outcome == "UNDECIDED")


@pytest.mark.parametrize("kind", ["recording", "theory"])
def test_what_is_missing_makes_a_claim_not_testable(kind: Any) -> None:
    lack = Missing("no unit has the role 'error'", "Label them.")
    verdict = judge(BELOW, "x", Measured((), np.empty((0, 3)), missing=lack), kind)
    assert verdict.outcome is Outcome.NOT_TESTABLE
    assert (verdict.reason, verdict.remedy) == ("No unit has the role 'error'.", "Label them.")


def test_no_sessions_make_a_claim_not_testable() -> None:
    verdict = of_recording(Measured((), np.empty((0, 3))))
    assert (verdict.outcome, verdict.reason) == ("NOT_TESTABLE", "There are no sessions.")


@pytest.mark.parametrize("judged", [of_recording, of_theory])
def test_without_a_comparison_response_a_claim_is_not_testable(judged: Any) -> None:
    what = measured(0.0)
    what.energies[:, 1] -= 1.0
    verdict = judged(what)
    assert verdict.outcome is Outcome.NOT_TESTABLE
    assert verdict.reason.startswith("There is no response to compare with: M is not above 0")
    assert verdict.remedy.startswith("Record more trials or cells")


# Recordings


@pytest.mark.parametrize("ratio", [0.0, 0.5])
@pytest.mark.parametrize("animals", [1, 2, 4])
def test_under_five_animals_nothing_is_said_of_the_population(ratio: float, animals: int) -> None:
    verdict = of_recording(measured(ratio, animals))
    assert verdict.outcome is Outcome.UNDECIDED
    assert "no statement about the population" in verdict.reason
    assert verdict.remedy == "Record 5 animals or more."
    assert verdict.value == pytest.approx(ratio, abs=0.02)


def test_five_animals_are_enough() -> None:
    assert of_recording(measured(0.0, animals=5)).outcome is Outcome.SUPPORTED


def test_few_animals_get_an_interval_over_groups_of_trials() -> None:
    groups = np.array([[0.05, 1.0, 0.0], [0.03, 1.0, 0.0], [0.04, 1.0, 0.0]])
    verdict = of_recording(replace(measured(0.04, 2), thinned=groups))
    reach = 2 * np.sqrt(2 / 3 * 2 * 0.01**2)
    assert (verdict.high - verdict.low) / 2 == pytest.approx(reach)
    assert verdict.level.endswith("these animals only")


def test_few_animals_get_the_interval_beside_the_ratio() -> None:
    groups = np.array([[0.05, 1.0, 0.0], [0.03, 1.0, 0.0], [0.04, 1.0, 0.0]])
    verdict = of_recording(replace(measured(0.04, 1), thinned=groups))
    assert verdict.reason == (
        "1 animal: no statement about the population. In this animal only, N/M is "
        "0.04 (0.02 to 0.06)."
    )


def test_few_animals_say_why_others_do_not_count() -> None:
    others = Missing("no cell is there", "Add one.")
    verdict = of_recording(replace(measured(0.04, 1), missing=others))
    assert verdict.reason.endswith("0.04. Some sessions could not answer: no cell is there.")
    assert verdict.remedy == "Add one. Record 5 animals or more."


def test_of_few_animals_a_ratio_to_noise_is_said_to_say_nothing() -> None:
    groups = np.array([[0.05, 3.0, 0.0], [0.03, -1.0, 0.0], [0.04, 1.0, 0.0]])
    verdict = of_recording(replace(measured(0.04, 2), thinned=groups))
    assert verdict.outcome is Outcome.UNDECIDED
    assert "In these animals only, the response to compare with is not told from noise" in (
        verdict.reason
    )
    assert verdict.reason.endswith("says nothing.")


def test_animals_that_a_file_does_not_name_are_no_animal_each() -> None:
    verdict = of_recording(replace(measured(0.04, 1), animals=("unknown",)))
    assert verdict.reason.startswith("Unnamed animals: no statement about the population. In these")
    assert verdict.remedy == ("Say which animal each session is of. Record 5 animals or more.")


def test_false_labels_are_corrected_for() -> None:
    naive = measured(0.2, false_label=2.0)
    assert of_recording(naive).outcome is Outcome.CONTRADICTED
    corrected = of_recording(replace(naive, label_error=(0.1, 0.1, 0.1)))
    assert corrected.outcome is Outcome.SUPPORTED
    assert corrected.value == pytest.approx(0.0, abs=0.02)


def test_an_answer_that_depends_on_the_share_of_false_labels_is_undecided() -> None:
    verdict = of_recording(measured(0.2, false_label=2.0, label_error=(0.1, 0.0, 0.2)))
    assert verdict.outcome is Outcome.UNDECIDED
    assert "the share of false labels is known only as 0% to 20%" in verdict.reason
    assert "and the answer holds for shares of false labels from " in verdict.reason


def test_where_no_share_of_false_labels_is_stated_the_answer_says_how_far_it_holds() -> None:
    verdict = of_recording(replace(measured(0.0, false_label=-4.0), stated=False))
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.reason.endswith(
        "over 8 animals; the share of false labels is not stated and taken as 0, and the answer "
        f"{verdict.statistics['the answer']}."
    )
    assert verdict.statistics["the answer"].startswith("holds for shares of false labels up to 2")
    assert verdict.statistics["false labels"].startswith("no share is stated, so pi is taken as 0")


def test_an_answer_whose_interval_holds_the_threshold_says_what_decided() -> None:
    said = "; a one-sided test of N against M times the threshold decides, though the two-sided"
    close = of_recording(measured(0.155, noise=0.06))
    assert close.outcome is Outcome.CONTRADICTED
    assert close.low < Q0 < close.high
    assert said in close.reason
    assert said not in of_recording(measured(0.5)).reason


def test_the_fieller_set_stands_beside_the_jackknife() -> None:
    found = of_recording(measured(0.3)).statistics["N/M, 95 % Fieller"]
    low, high = map(float, found.split(" to "))
    assert low < 0.3 < high
    assert high - low < 0.1


def test_the_tipping_point_is_where_the_answer_changes() -> None:
    what = measured(0.2, false_label=2.0, label_error=(0.1, 0.0, 0.2))
    found = of_recording(what).statistics["the answer"]
    start = float(found.removeprefix("holds for shares of false labels from ").split("%")[0]) / 100
    assert _at(BELOW, what, start) is Outcome.SUPPORTED
    assert _at(BELOW, what, start - 0.005) is not Outcome.SUPPORTED


def test_an_answer_that_holds_for_all_shares_says_so() -> None:
    found = of_recording(measured(0.0)).statistics["the answer"]
    assert found == "holds for any share of false labels up to 50 %"


def of_animals(n: Sequence[float]) -> Verdict:
    """Judge animals with a comparison response of 1."""
    table = np.array([[x, 1.0, 0.0] for x in n])
    return of_recording(Measured(tuple(map(str, range(len(n)))), table))


def test_an_answer_that_skewness_takes_back_says_so() -> None:
    verdict = of_animals([0.0, 0.06, 0.03, 0.01, 0.12, 0.02, 0.03, 0.14])
    assert verdict.outcome is Outcome.UNDECIDED
    assert "but animals differ so much, or so much to one side" in verdict.reason
    assert verdict.statistics["p, D below 0"] == "0.00694"
    assert verdict.statistics["skewness of D"].startswith("1, reckoned with as 2.6: t counts as")


def test_an_answer_of_a_skewed_sample_says_what_no_test_can_allow_for() -> None:
    verdict = of_animals([0.01, 0.0, 0.02, 0.01, 0.0, 0.01, 0.02, 0.1])
    assert verdict.outcome is Outcome.SUPPORTED
    assert "D is skewed towards the threshold (2.5)" in verdict.reason


def test_skewness_away_from_the_threshold_is_no_matter_and_spread_is() -> None:
    verdict = of_animals([0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.04, 0.0])
    assert "skewed" not in verdict.reason
    assert verdict.statistics["skewness of D"].startswith("-2.6, reckoned with as 0.91")


def test_sessions_that_could_not_answer_are_mentioned() -> None:
    verdict = of_recording(replace(measured(0.0), missing=Missing("no novel input", "Show it.")))
    assert verdict.reason.endswith("Some sessions could not answer: no novel input.")


def test_the_points_average_to_the_value() -> None:
    verdict = of_recording(measured(0.3, noise=0.1))
    assert np.mean(verdict.points) == pytest.approx(verdict.value)
    assert len(verdict.points) == verdict.n == 8


# Theories


def networks(disagreeing: int) -> Measured:
    """Return 100 networks, some of which lie on the wrong side of the threshold."""
    n = np.where(np.arange(100) < disagreeing, Q0 + 0.1, Q0 - 0.1)
    table = np.stack([n, np.ones(100), np.zeros(100)], axis=1)
    return Measured(tuple(map(str, range(100))), table)


@pytest.mark.parametrize(
    ("disagreeing", "outcome"),
    [(0, "SUPPORTED"), (4, "SUPPORTED"), (6, "UNDECIDED"), (50, "UNDECIDED"), (94, "UNDECIDED"),
     (96, "CONTRADICTED"), (100, "CONTRADICTED")],
)  # fmt: skip
def test_a_theory_is_judged_by_the_range_of_ninety_percent_of_its_networks(
    disagreeing: int, outcome: str
) -> None:
    verdict = of_theory(networks(disagreeing))
    assert verdict.outcome == outcome
    assert f"{100 - disagreeing} of 100 networks agree with the claim" in verdict.reason
    assert verdict.level == "5-95 % range over networks"


def test_more_networks_make_a_theory_no_more_certain() -> None:
    few = measured(Q0 - 0.01, animals=20, noise=0.03)
    many = replace(few, animals=few.animals * 50, energies=np.tile(few.energies, (50, 1)))
    assert of_theory(few).outcome is of_theory(many).outcome is Outcome.UNDECIDED
    assert of_recording(many).outcome is Outcome.SUPPORTED


# Measuring


def sessions(animals: Sequence[str]) -> list[xr.Dataset]:
    """Return sessions whose rate is their number, the first 0."""
    columns: dict[str, Any] = {
        "time": [0.0], "unit_id": ["u"], "area": ["V1"], "level": [1.0], "role": ["error"],
        "label_source": ["model"], "label_error": [0.04], "stimulus": ["a"] * 16,
        "input_onset": [0.0] * 16,
    }  # fmt: skip
    return [
        session({"rate": np.full((16, 1, 1), float(k))}, columns,
                {"animal": a, "session_id": str(k)}, sampling_rate=10.0)
        for k, a in enumerate(animals)
    ]  # fmt: skip


TRIVIAL = replace(BELOW, effect=lambda s: Effect(float(s["rate"].mean()), 1.0, 0.5))


def test_the_sessions_of_an_animal_are_averaged() -> None:
    found = measure(TRIVIAL.effect, sessions("aab"), trial_level=False)
    assert found.animals == ("a", "b")
    assert found.energies.tolist() == [[0.5, 1.0, 0.5], [2.0, 1.0, 0.5]]
    assert found.label_error == (0.04, 0.04, 0.04)


def test_sessions_without_a_share_of_false_labels_are_remembered() -> None:
    silent = [s.drop_vars("label_error") for s in sessions("ab")]
    assert not measure(TRIVIAL.effect, silent, trial_level=False).stated
    some = measure(TRIVIAL.effect, [*silent, *sessions("c")], trial_level=False)
    assert (some.stated, some.label_error) == (True, (0.04, 0.04, 0.04))


def test_a_session_that_lacks_something_is_left_out_and_remembered() -> None:
    lack = Missing("too dark", "Switch on the light.")
    first_fails = replace(TRIVIAL, effect=lambda s: TRIVIAL.effect(s) if s["rate"].any() else lack)
    found = measure(first_fails.effect, sessions("ab"), trial_level=False)
    assert found.animals == ("b",)
    assert found.missing == lack


def test_an_energy_that_is_no_number_counts_as_missing() -> None:
    nothing = replace(TRIVIAL, effect=lambda _: Effect(float("nan"), 1.0))
    found = measure(nothing.effect, sessions("ab"), trial_level=False)
    assert found.animals == ()
    assert found.missing == Missing(
        "no stimulus has two trials in each of the conditions that are compared",
        "Record two trials or more of the same stimulus in each condition.",
    )


@pytest.mark.parametrize(("animals", "groups"), [("ab", 8), ("abcde", 0)])
def test_trials_are_left_out_in_groups_only_where_animals_are_few(
    animals: str, groups: int
) -> None:
    assert len(measure(TRIVIAL.effect, sessions(animals), trial_level=True).thinned) == groups


# Almost nothing, beside what there is elsewhere


def faint(n: float, m: float, elsewhere: float = 100.0, animals: int = 8) -> Measured:
    """Return animals whose N and M scatter by a twentieth of themselves."""
    rng = np.random.default_rng(5)
    table = rng.normal(1, 0.05, (animals, 3)) * (n, m, 0.0)
    names = tuple(f"m{k}" for k in range(animals))
    return Measured(names, table, elsewhere=np.full(animals, elsewhere))


@pytest.mark.parametrize("judged", [of_recording, of_theory])
@pytest.mark.parametrize("animals", [3, 8])
def test_a_ratio_of_two_responses_that_are_almost_nothing_is_no_answer(
    judged: Any, animals: int
) -> None:
    verdict = judged(faint(0.3, 0.5, animals=animals))
    assert verdict.outcome is Outcome.NOT_TESTABLE
    assert verdict.reason.startswith("There is almost no response to compare with: ")
    assert "of the energy of the same response in all error cells" in verdict.reason
    assert np.isnan(verdict.value)


@pytest.mark.parametrize("judged", [of_recording, of_theory])
def test_a_response_that_is_large_by_itself_contradicts_however_small_m_is(judged: Any) -> None:
    assert judged(faint(30.0, 0.5)).outcome is Outcome.CONTRADICTED


@pytest.mark.parametrize("judged", [of_recording, of_theory])
def test_where_m_is_taken_in_all_cells_it_is_small_beside_none(judged: Any) -> None:
    assert judged(faint(0.3, 0.5, elsewhere=0.0)).outcome is Outcome.CONTRADICTED


def _of_days(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    days = [float(s.attrs["day"]) for s in sessions]
    return Effect(days[-1] - days[0], 1.0) if days == sorted(days) else Missing("order", "Sort.")


def test_a_measure_over_days_takes_the_sessions_of_an_animal_together_by_day() -> None:
    kept = [xr.Dataset(attrs={"animal": a, "day": d}) for a, d in [("b", 4), ("a", 3), ("b", 1)]]
    together = asked_together(OverDays(_of_days), kept)
    assert [[(s.attrs["animal"], s.attrs["day"]) for s in own] for own in together] == [
        [("b", 1), ("b", 4)],
        [("a", 3)],
    ]
    assert energies_of_animal(OverDays(_of_days), kept[::2]).tolist() == [3.0, 1.0, 0.0]
