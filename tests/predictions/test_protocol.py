"""What a session must hold for a claim to be tested on it, and what is said if it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect
from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims import requirements as protocol
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.predictions.claims.requirements import (
    EXPECTED_TRIALS,
    PASSIVE_TRIALS,
    UNEXPECTED_TRIALS,
)
from errorneurons.predictions.comparing.weigh import Question
from errorneurons.predictions.studies.recordings import recording_report

AREAS = ("V1", "LM", "AL", "MT")
OFF = protocol.outcome_off("unexpected")


def trial(outcome: str, **factors: Any) -> dict[str, Any]:
    base = {
        "outcome": outcome, "teaching": outcome != "none", "manipulation": "none", "stimulus": "a",
        "manipulated_role": "none", "manipulated_area": "none", "manipulation_onset": np.nan,
        "manipulation_offset": np.nan, "familiarity": "trained", "phase": "after",
        "input_onset": 0.0, "outcome_onset": np.nan if outcome == "none" else 0.3,
    }  # fmt: skip
    return base | factors


LASER = {
    "manipulation": "silence", "manipulated_role": "error", "manipulated_area": "LM",
    "manipulation_onset": 0.3, "manipulation_offset": 0.5,
}  # fmt: skip
ALL = (
    trial("expected"), trial("unexpected"), trial("none"), trial("unexpected", **LASER),
    trial("expected", **LASER),
)  # fmt: skip


def recorded(*kinds: dict[str, Any], stop: float = 0.5, **changes: Any) -> xr.Dataset:
    """Return two trials of each kind; a cell of each role in each of four areas."""
    rows = [kind for kind in kinds or ALL for _ in range(2)]
    time = np.round(np.arange(-0.1, stop - 1e-9, 0.05) + 0.025, 9)
    roles = [role for _ in AREAS for role in ("error", "representation")]
    columns = {name: [row[name] for row in rows] for name in rows[0]} | {
        "time": time, "unit_id": [f"u{k}" for k in range(8)],
        "area": [a for a in AREAS for _ in range(2)], "level": [1.0, 1, 2, 2, 3, 3, 4, 4],
        "role": roles, "label_source": ["model"] * 8,
    }  # fmt: skip
    rate = np.random.default_rng(0).poisson(5, (len(rows), len(time), 8)).astype(float)
    attrs = {"animal": "m", "session_id": "1", "teaching_area": "MT", "output_area": "MT"}
    kept = {name: column for name, column in (columns | changes).items() if column is not None}
    return session({"rate": rate}, kept, attrs, units="Hz", sampling_rate=20.0)


def test_a_complete_session_lacks_nothing() -> None:
    seen = recorded()
    assert protocol.has_outcome_contrast(seen) is None
    assert protocol.has_cells("error")(seen) is None
    assert protocol.has_teaching_area(seen) is None


def test_everything_that_is_missing_is_said_at_once() -> None:
    seen = recorded(trial("none"), role=["unknown"] * 8)
    lack = protocol.what_is_missing(
        seen, protocol.has_cells("error"), protocol.has_outcome_contrast
    )
    assert lack is not None
    assert lack.what == (
        "no unit has the role 'error'; no stimulus has two trials with an unexpected outcome; "
        "no stimulus has two trials with an expected outcome"
    )
    assert lack.remedy.count("Add trials in which") == 1


def test_trials_that_carry_no_such_column_are_named_with_it() -> None:
    seen = recorded(*[{**kind, "outcome_onset": np.nan} for kind in ALL], outcome=None)
    lack = protocol.has_trials(UNEXPECTED_TRIALS, "an unexpected outcome", "Add them.")(seen)
    assert lack is not None
    assert lack.what == "no trials with an unexpected outcome"
    assert lack.columns == ("outcome",)


def test_two_trials_of_different_stimuli_are_no_pair() -> None:
    seen = recorded(stimulus=["a", "b"] * 5)
    lack = protocol.has_trials(PASSIVE_TRIALS, "neither laser nor teaching", "Add them.")(seen)
    assert lack is not None
    assert lack.what == "no stimulus has two trials with neither laser nor teaching"


def test_a_teaching_area_must_be_declared_and_have_units() -> None:
    for area in ("", "PFC"):
        lack = protocol.has_teaching_area(recorded().assign_attrs(teaching_area=area))
        assert lack is not None
        assert lack.what.startswith("the area that the teaching signal enters is not declared")


def test_trials_that_end_before_the_outcome_window_does_are_refused() -> None:
    lack = protocol.has_outcome_contrast(recorded(stop=0.45))
    assert lack is not None
    assert lack.what == (
        "the trials do not cover -0.05 to 0.2 s around `outcome_onset` "
        "(they run from -0.1 to 0.45 s)"
    )


def test_trials_that_end_with_the_outcome_window_are_long_enough() -> None:
    assert protocol.has_outcome_contrast(recorded(stop=0.5)) is None


def test_the_read_out_is_the_last_100_ms_before_the_outcome() -> None:
    assert protocol.read_out_window(recorded()) == pytest.approx((0.2, 0.3))


def test_without_an_outcome_the_time_of_the_read_out_is_unknown() -> None:
    assert protocol.read_out_window(recorded(trial("none"))) is None


def test_manipulated_areas_are_those_of_the_trials_asked_for() -> None:
    assert protocol.manipulated_areas(recorded(), OFF) == ["LM"]
    assert protocol.manipulated_areas(recorded(), protocol.DRIVEN) == []


@pytest.mark.parametrize(
    ("bounds", "found"),
    [((-np.inf, 2.0), [1.0]), ((2.0, 4.0), [3.0]), ((0.0, np.nextafter(2, 3)), [1.0, 2.0])],
)
def test_levels_lie_strictly_between_their_bounds(
    bounds: tuple[float, float], found: list[float]
) -> None:
    levels = np.array([1.0, 2.0, 3.0, 4.0])
    assert levels[protocol.between(*bounds)(levels)].tolist() == found


def test_silencing_the_lowest_area_leaves_nothing_below_to_look_at() -> None:
    lowest = [kind | ({"manipulated_area": "V1"} if kind["manipulation"] != "none" else {})
              for kind in ALL]  # fmt: skip
    lack = claim("P04a").effect(recorded(*lowest))
    assert getattr(lack, "what", "") == "no labelled error cells below a manipulated area"


def test_the_contrast_is_of_unexpected_against_expected_outcomes_without_laser() -> None:
    seen = recorded()
    first, second = protocol.contrast(seen, np.arange(8))
    rate, time = seen["rate"].values, seen["time"].values
    before, after = (time > 0.25) & (time < 0.3), time > 0.3
    for rows, found in ((slice(2, 4), first), (slice(0, 2), second)):
        expected = rate[rows, after].mean(axis=1) - rate[rows, before].mean(axis=1)
        np.testing.assert_allclose(found["a"], expected)


def test_expected_and_unexpected_outcomes_differ_in_nothing_but_the_outcome() -> None:
    assert {k: v for k, v in EXPECTED_TRIALS.items() if k != "outcome"} == {
        k: v for k, v in UNEXPECTED_TRIALS.items() if k != "outcome"
    }


BY_LOCALISER = {"label_source": ["localiser"] * 8}


def test_labels_by_trials_that_are_not_named_test_no_claim() -> None:
    for claimed in CLAIMS:
        lack = claimed.effect(recorded(**BY_LOCALISER))
        assert getattr(lack, "what", "").startswith(
            "the units were labelled by a localiser, but which trials chose them is not said"
        ), claimed.key


def test_labels_by_marked_trials_or_by_another_session_are_declared() -> None:
    marked = recorded(**BY_LOCALISER, localiser=[True] * 2 + [False] * 8)
    other = recorded(**BY_LOCALISER).assign_attrs(localiser_session="0")
    unmarked = recorded(**BY_LOCALISER, localiser=[False] * 10)
    assert protocol.declares_its_localiser(marked) is None
    assert protocol.declares_its_localiser(other) is None
    assert protocol.declares_its_localiser(unmarked) is not None


def test_a_claim_that_lacks_only_trials_that_chose_the_units_says_so() -> None:
    seen = recorded(localiser=[False, False, True, True] + [False] * 6)
    lack = protocol.has_outcome_contrast(seen)
    assert lack is not None
    assert lack.what == (
        "no stimulus has two trials with an unexpected outcome, those that chose the units aside"
    )


def test_no_claim_mistakes_an_empty_session_for_an_answer() -> None:
    for claimed in CLAIMS:
        assert getattr(claimed.effect(recorded(trial("none"))), "what", ""), claimed.key


def test_a_confirmatory_claim_that_does_not_exist_is_named(tmp_path: Path) -> None:
    seen = recorded().assign_attrs(confirmatory="P02 P04c")
    with pytest.raises(ValueError, match=r"there is no claim 'P04c'; did you mean 'P04"):
        recording_report([seen], "x", Question(), "errorneurons", lambda _: None)


def test_a_report_on_labels_by_a_localiser_says_what_their_share_of_errors_leaves_out(
    tmp_path: Path,
) -> None:
    seen = recorded(**BY_LOCALISER)
    made = recording_report([seen], "x", Question(), "errorneurons", lambda _: None)
    assert made.subjects[0].notes[0].startswith("Error cells are those that a localiser found.")
    assert all(verdict.outcome == "NOT_TESTABLE" for verdict in made.verdicts)


def test_theories_are_not_weighed_on_recordings_of_apical_tufts(tmp_path: Path) -> None:
    kinds = [f"{'apical tuft' if k % 2 == 0 else 'soma'} of a cell" for k in range(8)]
    seen = recorded(*ALL, trial("none", familiarity="novel"), cell_type=kinds)
    answered = (seen["outcome"] == "unexpected") & (seen["role"] == "error") & (seen["time"] > 0.3)
    seen["rate"] = (
        (seen["rate"] + 100 * answered)
        .transpose(*seen["rate"].dims)
        .assign_attrs(seen["rate"].attrs)
    )
    made = recording_report([seen], "x", Question(folder=tmp_path), "errorneurons", lambda _: None)
    assert made.evidence is None
    assert (
        "Theories are not weighed against each other: the error carriers are apical" in made.answer
    )
    assert not any(tmp_path.iterdir())


# Bins


def in_bins(width: float, onset: float = 0.3) -> xr.Dataset:
    """Return trials of both outcomes in bins of a width from -0.2 s on."""
    rows = [kind | {"outcome_onset": onset} for kind in ALL[:2] for _ in range(4)]
    edges = -0.2 + width * np.arange(round(0.8 / width))
    columns = {name: [row[name] for row in rows] for name in rows[0]} | {
        "time": np.round(edges + width / 2, 9), "unit_id": ["u"], "area": ["V1"], "level": [1.0],
        "role": ["error"], "label_source": ["genetic"],
    }  # fmt: skip
    rate = np.random.default_rng(0).poisson(5, (len(rows), len(edges), 1)) / width
    return session({"rate": rate}, columns, {"animal": "m", "session_id": "1"})


@pytest.mark.parametrize(("width", "onset"), [(0.01, 0.3), (0.01, 0.307), (0.05, 0.3)])
def test_bins_in_which_before_and_after_can_be_told_apart_will_do(
    width: float, onset: float
) -> None:
    assert protocol.has_outcome_contrast(in_bins(width, onset)) is None


def test_bins_that_are_wider_than_the_window_decide_nothing() -> None:
    lack = protocol.has_outcome_contrast(in_bins(0.08))
    assert lack is not None
    assert lack.what == "bins of 80 ms are wider than the window of 50 ms around `outcome_onset`"


def test_bins_that_straddle_the_event_decide_nothing() -> None:
    lack = protocol.has_outcome_contrast(in_bins(0.05, 0.34))
    assert lack is not None
    assert lack.what.startswith("in 4 of 4 trials a bin straddles `outcome_onset`, so that what")


def test_recordings_of_learning_alone_are_judged_and_not_weighed(tmp_path: Path) -> None:
    learning = [
        trial("unexpected", phase="during", performance=k / 9, **laser)
        for laser in ({"manipulation": "none"}, LASER)
        for k in range(5)
    ]
    absent = dict.fromkeys(("outcome", "outcome_onset", "teaching", "familiarity"))
    seen = recorded(*learning, **absent)
    made = recording_report([seen], "x", Question(folder=tmp_path), "errorneurons", lambda _: None)
    assert made.evidence is None
    assert "no trial is of a condition of the outcome-error experiment" in made.answer


def passive(kind: dict[str, Any]) -> dict[str, Any]:
    return kind | {"teaching": False}


PASSIVE_OUTCOMES = tuple(passive(kind) for kind in ALL)


def test_a_violated_expectation_that_does_not_teach_is_a_contrast_too() -> None:
    for seen in (
        recorded(*PASSIVE_OUTCOMES),
        recorded(*PASSIVE_OUTCOMES, teaching=None, phase=None),
    ):
        assert protocol.has_outcome_contrast(seen) is None
        first, second = protocol.contrast(seen, np.arange(8))
        assert len(first["a"]) == len(second["a"]) == 2


def test_outcomes_that_teach_are_compared_where_there_are_both() -> None:
    both = recorded(*ALL, *PASSIVE_OUTCOMES)
    alone = recorded()
    for key in ("P04a", "P04b"):
        assert claim(key).effect(both.isel(trial=slice(0, 10))) == claim(key).effect(alone)
        assert claim(key).effect(both) == claim(key).effect(both.isel(trial=slice(0, 10)))


def test_where_a_contrast_stays_is_answered_without_teaching_as_with_it() -> None:
    for key in ("P04a", "P04b"):
        assert claim(key).effect(recorded(*PASSIVE_OUTCOMES)) == claim(key).effect(recorded())


def test_an_evoked_response_has_a_violated_expectation_for_measure_and_not_for_control() -> None:
    driven = trial("none", **LASER) | {
        "manipulation": "drive", "manipulated_role": "representation", "manipulation_onset": 0.15,
        "manipulation_offset": 0.3,
    }  # fmt: skip
    unexpected, alone = PASSIVE_OUTCOMES[1:3]
    seen = recorded(*PASSIVE_OUTCOMES[:1], unexpected, alone, driven)
    found = claim("P05a").effect(seen)
    assert isinstance(found, Effect)
    surprised = np.repeat([False, True, False, False], 2)
    evoked = (np.abs(seen["time"].values - 0.225) < 0.075)[:, None]
    seen["rate"].values += 100.0 * surprised[:, None, None] * evoked
    again = claim("P05a").effect(seen)
    assert isinstance(again, Effect)
    assert again.numerator == found.numerator


def test_silence_without_teaching_is_not_measured_by_outcomes_that_do_not_teach() -> None:
    novel = trial("none", familiarity="novel")
    lack = claim("P02").effect(recorded(*PASSIVE_OUTCOMES, novel))
    assert getattr(lack, "what", "") == (
        "the outcomes do not teach; the claim says that nothing is evoked without teaching, so "
        "that a response to them is no measure for it, but one that it denies"
    )
    lack = claim("P02").effect(recorded(*PASSIVE_OUTCOMES, novel, teaching=None))
    assert "whether the outcomes teach is not said" in getattr(lack, "what", "")
