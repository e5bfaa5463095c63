"""A laser that misses the window, or reaches no cell, does not decide a claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing
from errorneurons.analysis.session.session import session
from errorneurons.analysis.statistics import Interval
from errorneurons.predictions.claims.lasers import what_is_left
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.predictions.comparing.animals import Table
from errorneurons.predictions.comparing.design import Design, design_of
from errorneurons.predictions.comparing.effects import draw
from errorneurons.predictions.comparing.responding import telling
from errorneurons.predictions.judging import doubts
from errorneurons.predictions.judging.verdicts import on_recording
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR

AREAS = ("V1", "LM", "AL", "MT")
OFF = {"manipulation": "silence", "manipulated_role": "error", "manipulated_area": "LM"}
AT_OUTCOME = {**OFF, "manipulation_onset": 0.3, "manipulation_offset": 0.5}
FROM_BEFORE = {**OFF, "manipulation_onset": -0.05, "manipulation_offset": 0.3}
WHILE_SETTLED = {"manipulation": "silence", "manipulated_role": "representation",
                 "manipulated_area": "MT", "manipulation_onset": 0.15,
                 "manipulation_offset": 0.3}  # fmt: skip
DRIVE = {**WHILE_SETTLED, "manipulation": "drive"}
SHOWN = [
    {"outcome": outcome, **laser}
    for outcome, laser in (
        ("expected", {}), ("unexpected", {}), ("none", {}), ("expected", AT_OUTCOME),
        ("unexpected", AT_OUTCOME), ("none", FROM_BEFORE), ("none", WHILE_SETTLED), ("none", DRIVE),
    )
]  # fmt: skip
LASERS = ("P04a", "P04b", "P05a", "P05b", "P06a")


def recorded(animal: str = "m", repeats: int = 4, **attrs: str) -> xr.Dataset:
    """Return some trials of two stimuli and each kind, and a cell of each role and area."""
    rows = [{**kind, "stimulus": s} for kind in SHOWN for s in "ab" for _ in range(repeats)]
    nothing = {"manipulation": "none", "manipulated_role": "none", "manipulated_area": "none",
               "manipulation_onset": np.nan, "manipulation_offset": np.nan}  # fmt: skip
    full: list[Mapping[str, Any]] = [nothing | row for row in rows]
    outcome = np.array([row["outcome"] for row in full])
    time = np.round(np.arange(-0.15, 0.55, 0.01) + 0.005, 9)
    rng = np.random.default_rng(len(animal))
    rate = rng.poisson(0.2, (len(full), len(time), 8)) / 0.01
    rate[:, time > 0, 7] += 50.0 * (np.array([row["stimulus"] for row in full]) == "a")[:, None]
    rate[:, time > 0.3] += 40.0 * (outcome == "unexpected")[:, None, None]
    columns = {name: [row[name] for row in full] for name in ("stimulus", "outcome", *nothing)} | {
        "time": time, "unit_id": [f"u{k}" for k in range(8)],
        "area": [a for a in AREAS for _ in range(2)], "level": [1, 1, 2, 2, 3, 3, 4, 4],
        "role": ["error", "representation"] * 4, "label_source": ["genetic"] * 8,
        "teaching": outcome != "none", "familiarity": ["trained"] * len(full),
        "phase": ["after"] * len(full), "input_onset": np.zeros(len(full)),
        "outcome_onset": np.where(outcome == "none", np.nan, 0.3),
    }  # fmt: skip
    about = {"animal": animal, "session_id": "1", "teaching_area": "MT", "output_area": "MT"}
    return session({"rate": rate}, columns, about | attrs)


def moved(seen: xr.Dataset, by: float) -> xr.Dataset:
    names = ("manipulation_onset", "manipulation_offset")
    return seen.assign_coords({name: seen[name] + by for name in names})


@pytest.mark.parametrize("key", LASERS)
def test_a_laser_in_the_window_is_an_answer(key: str) -> None:
    assert isinstance(claim(key).effect(recorded()), Effect)


@pytest.mark.parametrize("key", LASERS)
@pytest.mark.parametrize("by", [5.0, -0.9, np.nan])
def test_a_laser_that_misses_the_window_is_no_answer(key: str, by: float) -> None:
    lack = claim(key).effect(moved(recorded(), by))
    assert isinstance(lack, Missing)
    assert any(word in lack.what for word in ("laser does not", "silencing runs", "do not cover"))


def test_what_a_laser_missed_is_said() -> None:
    lack = claim("P04a").effect(moved(recorded(), 5.0))
    assert isinstance(lack, Missing)
    assert lack.what == (
        "the laser does not cover 0 to 0.2 s around `outcome_onset` in 8 of 8 trials, where it "
        "runs from 5 to 5.2 s around it"
    )


@pytest.mark.parametrize("key", ["P05a", "P05b"])
def test_a_laser_on_all_error_cells_says_nothing_of_what_it_evokes_in_them(key: str) -> None:
    seen = recorded()
    done = seen["manipulation"].values[:, None] != "none"
    seen["targeted"] = ("trial", "unit"), done & (seen["role"].values == "error")
    lack = claim(key).effect(seen)
    assert isinstance(lack, Missing)
    assert "all labelled error cells" in lack.what
    assert lack.remedy == "Aim at representation cells, and spare labelled error cells."


@pytest.mark.parametrize("key", LASERS)
def test_control_animals_are_no_part_of_the_test_and_stand_beside_it(key: str) -> None:
    animals = [recorded("m" * k) for k in range(1, 6)]
    controls = [recorded("c" * k, opsin="none") for k in range(1, 4)]
    alone, _ = on_recording(animals, "x", [claim(key)])
    mixed, measured = on_recording([*animals, *controls], "x", [claim(key)])
    assert mixed[0].value == alone[0].value
    assert measured[key].animals == tuple("m" * k for k in range(1, 6))
    assert "control animals without an opsin are left out" in mixed[0].reason
    assert (
        mixed[0].statistics["control animals"].endswith("in 3 of them, which are not in the test")
    )


def test_claims_without_a_laser_are_tested_on_control_animals_too() -> None:
    lack = claim("P02").effect(recorded(opsin="none"))
    assert isinstance(lack, Missing)
    assert "control" not in lack.what


def test_a_laser_in_some_animals_designs_the_experiment_animal_by_animal() -> None:
    whole = [recorded("m" * k) for k in range(1, 6)]
    off = np.flatnonzero(whole[0]["manipulation"].values == "none")
    some = design_of([*whole[:2], *(one.isel(trial=off) for one in whole[2:])])
    every = design_of(whole)
    assert (some.trials, some.claims) == (every.trials, every.claims)
    assert every.answering == {}
    need_it = [key for key in some.claims if claim(key).manipulations]
    assert some.answering == dict.fromkeys(need_it, 0.4)


def test_of_animals_that_cannot_answer_virtual_experiments_take_nothing() -> None:
    rng = np.random.default_rng(0)
    energies = np.stack([rng.normal(size=4000), np.ones(4000), np.zeros(4000)], axis=1)[:, None]
    table = Table(np.zeros(4000, int), energies, ("P04a",))
    claim_number = [c.key for c in CLAIMS].index("P04a")
    for share, animals in ((1.0, 8), (0.5, 4), (0.01, 1)):
        design = Design(8, {}, (0,) * len(OUTCOME_ERROR), ("P04a",), answering={"P04a": share})
        ratios = draw(table, "t", design, 1, 400).ratios[:, claim_number]
        assert np.std(ratios) == pytest.approx(animals**-0.5, rel=0.15)


def told_apart(
    k: int, *, works: bool, left: float = 0.0, below: float = 1.0, repeats: int = 4
) -> xr.Dataset:
    """Return a session whose error cells alone answer outcomes, with a laser that may work.

    Of what silenced cells fire a share is `left`, and `below` of what errors below them fire.
    """
    seen = recorded("m" * (k + 1), repeats)
    rate, c = seen["rate"].values.copy(), seen.coords
    after = seen["time"].values > 0.3
    shown = (c["outcome"].values == "unexpected")[:, None, None]
    rate[:, after, 1::2] -= 40.0 * shown
    start, stop = (c[f"manipulation_{end}"].values for end in ("onset", "offset"))
    lit = (seen["time"].values > start[:, None]) & (seen["time"].values < stop[:, None])
    aimed = (c["area"].values == c["manipulated_area"].values[:, None]) & (
        c["role"].values == c["manipulated_role"].values[:, None]
    )
    hit = lit[:, :, None] & aimed[:, None, :] & works
    driven = (c["manipulation"].values == "drive")[:, None, None]
    outcomes = (c["outcome"].values != "none")[:, None, None]
    descending = lit[:, :, None] & (c["area"].values == "V1") & outcomes
    rate = np.where(descending & (c["role"].values == "error"), below * rate, rate)
    return seen.assign(rate=seen["rate"].copy(data=np.where(hit, 100 * driven + left * rate, rate)))


@pytest.mark.parametrize("works", [True, False])
def test_a_laser_that_does_nothing_answers_nothing(works: bool) -> None:
    asked = [claim(key) for key in LASERS]
    verdicts, _ = on_recording([told_apart(k, works=works) for k in range(12)], "lasers", asked)
    doubted = {v.claim for v in verdicts if "the laser may do nothing" in v.reason}
    decided = {v.claim for v in verdicts if v.outcome in ("SUPPORTED", "CONTRADICTED")}
    assert decided == ({"P04a", "P05a", "P05b", "P06a"} if works else set())
    assert doubted == (set() if works else {"P04a", "P05a", "P05b", "P06a"})


def test_a_laser_on_cells_that_nobody_recorded_is_said() -> None:
    seen = [told_apart(k, works=True) for k in range(12)]
    others = [s.isel(unit=s["role"].values != "error") for s in seen]
    (verdict,), _ = on_recording(others, "lasers", [claim("P06a")])
    assert "That the laser does anything is not seen" in verdict.reason


@pytest.mark.parametrize("left", [0.0, 0.4])
@pytest.mark.parametrize(("role", "event"), [("error", "outcome"), ("representation", "input")])
def test_what_a_laser_leaves_is_measured(left: float, role: str, event: str) -> None:
    seen = [told_apart(k, works=True, left=left, repeats=12) for k in range(12)]
    parts = [what_is_left(s, role)[f"{event}_onset"] for s in seen]
    overlap, energy = np.mean(parts, axis=0)
    assert overlap / energy == pytest.approx(left, abs=0.07)


@pytest.mark.parametrize(
    ("left", "below", "said"),
    [
        (0.0, 1.0, "CONTRADICTED"),
        (0.3, 1.0, "CONTRADICTED"),  # .3 are left, and all remains
        (0.6, 0.6, "UNDECIDED"),
        (0.4, 0.6, "UNDECIDED"),  # .33 if all were silenced
        (0.7, 1.0, "UNDECIDED"),
        (0.3, 0.3, "SUPPORTED"),
    ],
)
def test_what_is_left_in_silenced_cells_does_not_contradict(
    left: float, below: float, said: str
) -> None:
    seen = [told_apart(k, works=True, left=left, below=below, repeats=12) for k in range(12)]
    (verdict,), _ = on_recording(seen, "lasers", [claim("P04a")])
    assert verdict.outcome == said
    assert ("the laser leaves" in verdict.reason) == (said == "UNDECIDED")


@pytest.mark.parametrize(
    ("left", "low", "remedy"), [(0.0, -0.3, "Record more trials"), (0.3, 0.1, "Silence more of")]
)
def test_a_share_that_is_hardly_known_asks_for_trials_and_not_for_light(
    monkeypatch: pytest.MonkeyPatch, left: float, low: float, remedy: str
) -> None:
    known = Interval(left, low, 0.9, "95 % jackknife interval over animals")
    monkeypatch.setattr(doubts, "_share_left", lambda *_: known)
    seen = [told_apart(k, works=True, below=0.7, repeats=12) for k in range(12)]
    (verdict,), _ = on_recording(seen, "lasers", [claim("P04a")])
    assert verdict.outcome == "UNDECIDED"
    assert verdict.remedy.startswith(remedy)
    assert ("it is known only that the laser leaves 90% or less" in verdict.reason) == (low < 0)


@pytest.mark.parametrize(
    ("key", "left", "said"),
    [
        ("P05b", 0.2, "SUPPORTED"),
        ("P05b", 0.7, "UNDECIDED"),
        ("P06a", 0.0, "SUPPORTED"),
        ("P06a", 0.7, "UNDECIDED"),
    ],
)
def test_half_a_laser_supports_nothing(key: str, left: float, said: str) -> None:
    seen = [told_apart(k, works=True, left=left, repeats=12) for k in range(12)]
    (verdict,), _ = on_recording(seen, "lasers", [claim(key)])
    assert verdict.outcome == said


@pytest.mark.parametrize(
    ("works", "left", "said"),
    [
        (True, 0.0, set()),
        (True, 0.4, {"virtual lasers leave nothing"}),
        (False, 1.0, {"the laser may do nothing"}),
    ],
)
def test_what_a_laser_does_not_do_is_not_weighed(works: bool, left: float, said: set[str]) -> None:
    seen = [told_apart(k, works=works, left=left, repeats=12) for k in range(12)]
    asked = [claim("P02"), claim("P04a"), claim("P06a")]
    found = telling(seen, on_recording(seen, "lasers", asked)[1]).responses
    reasons = ("virtual lasers leave nothing", "the laser may do nothing")
    assert {r for r in reasons for why in found.untold.values() if r in why} == said
    assert set(found.untold) == ({"P04a", "P06a"} if said else set())


@pytest.mark.parametrize("key", ["P04a", "P04b", "P05b", "P06a", "P06b"])
def test_the_threshold_is_that_of_complete_silencing(key: str) -> None:
    asked = claim(key)
    assert asked.incomplete is not None
    assert asked.incomplete(asked.threshold, 0.0, ()) == asked.threshold
    nothing_silenced = 0.0 if key in ("P05b", "P06a") else 1.0
    assert asked.incomplete(asked.threshold, 1.0, ()) == nothing_silenced


def test_every_claim_that_silences_says_what_incomplete_silencing_does() -> None:
    silencing = {
        c.key for c in CLAIMS for x in c.conditions if x.factors.get("manipulation") == "silence"
    }
    assert silencing == {c.key for c in CLAIMS if c.incomplete}


def learner(rate: float, count: int = 60) -> xr.Dataset:
    """Return two blocks of learning with a curve that saturates, with a laser in the second."""
    seen = recorded()
    lit = np.flatnonzero(seen["manipulation"].values == "silence")[:1]
    dark = np.flatnonzero((seen["outcome"].values == "unexpected") & seen["teaching"].values)[:1]
    both = seen.isel(trial=np.repeat([*dark, *lit], count))
    performance = np.concatenate([-np.exp(-s * np.arange(count)) for s in (rate, 0.2 * rate)])
    return both.assign_coords(
        phase=("trial", ["during"] * 2 * count),
        outcome_onset=("trial", np.full(2 * count, 0.3)),
        performance=("trial", performance),
    )


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_who_learns_from_a_fifth_of_each_error_does_not_contradict(rate: float) -> None:
    seen, asked = learner(rate), claim("P06b")
    found = asked.effect(seen)
    assert isinstance(found, Effect)
    assert asked.incomplete is not None
    bound = asked.incomplete(0.0, 0.2, [seen])
    assert found.numerator / found.denominator == pytest.approx(bound, abs=0.03)
