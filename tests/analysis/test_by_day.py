"""Learning and responses by day, of sessions whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.figures.days import draw_days
from errorneurons.analysis.figures.raw import Caption
from errorneurons.analysis.measures.days import by_day
from errorneurons.analysis.session.session import session

TIME = np.arange(-0.095, 0.5, 0.01)
ROLES = ["error", "error", "representation"]


def recorded(
    day: int, response: float, miss: float, rules: tuple[str, ...], phase: str
) -> xr.Dataset:
    """Return a session whose error cells respond to outcomes by `response`, four trials a rule."""
    rule = np.repeat(rules, 4)
    rate = np.full((len(rule), len(TIME), len(ROLES)), 5.0)
    rate[:, TIME > 0, 2] += 3.0
    rate[:, TIME > 0.3, :2] += response
    columns = {
        "time": TIME, "unit_id": ["a", "b", "c"], "area": ["V1"] * 3, "level": [1.0] * 3,
        "role": ROLES, "label_source": ["model"] * 3, "stimulus": ["x", "y"] * (len(rule) // 2),
        "input_onset": np.zeros(len(rule)), "outcome_onset": np.full(len(rule), 0.3),
        "outcome": ["expected"] * len(rule), "phase": [phase] * len(rule),
        "performance": np.where(rule == rules[-1], 1 - miss**2, -99.0),
    }  # fmt: skip
    made = session({"rate": rate}, columns, {"animal": "m", "session_id": f"{day}"},
                   signal="spikes", units="Hz", sampling_rate=100.0)  # fmt: skip
    return made.assign_coords(association=("trial", rule)).assign_attrs(day=day)


def days() -> xr.Dataset:
    """Return a test of two rules, of which the second is then learnt."""
    found = by_day(
        [
            recorded(1, 4.0, 1.0, ("other", "rule"), "before"),
            recorded(2, 2.0, 0.5, ("rule",), "during"),
            recorded(2, 2.0, 0.5, ("rule",), "during"),
        ]
    )
    assert found is not None
    return found


def test_the_error_and_responses_of_each_role_are_those_of_the_day() -> None:
    mean = days().sel(bound="mean")
    np.testing.assert_allclose(mean["miss"].sel(role="error"), [1.0, 0.5])
    np.testing.assert_allclose(mean["outcome"].sel(role="error"), [4.0, 2.0])
    np.testing.assert_allclose(mean["outcome"].sel(role="representation"), 0.0)
    np.testing.assert_allclose(mean["stimulus"].sel(role="representation"), 3.0)


def test_a_test_shows_what_is_learnt_on_other_days() -> None:
    found = days()
    assert found["rule"].values.tolist() == ["rule", "rule"]
    assert found["plastic"].values.tolist() == [False, True]


def test_animals_of_a_day_make_an_interval() -> None:
    animals = [recorded(1, size, 0.5, ("rule",), "during") for size in (1.0, 3.0)]
    found = by_day(animals, share=1.0)
    assert found is not None
    low, mean, high = found["outcome"].sel(role="error", bound=["low", "mean", "high"])
    np.testing.assert_allclose([low.item(), high.item()], [1.0, 3.0])
    np.testing.assert_allclose(mean.item(), np.sqrt(5))


def test_without_expected_outcomes_there_is_nothing_to_show() -> None:
    passive = recorded(1, 1.0, 1.0, ("rule",), "during")
    assert by_day([passive.assign_coords(outcome=("trial", ["none"] * 4))]) is None


def test_a_session_without_a_day_is_refused() -> None:
    lost = recorded(1, 1.0, 1.0, ("rule",), "during")
    del lost.attrs["day"]
    with pytest.raises(ValueError, match="a session has no attribute `day`; give it the day of"):
        by_day([lost])


def test_days_are_drawn(tmp_path: Path) -> None:
    draw_days(days(), Caption("Title", "text"), tmp_path / "days.png")
    assert (tmp_path / "days.png").stat().st_size > 10_000
