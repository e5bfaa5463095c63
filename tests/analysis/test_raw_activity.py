"""Raw activity: conditions are found, named and drawn, means are those of the trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.figures.influence import draw_influence
from errorneurons.analysis.figures.raw import Caption, draw_raw_activity
from errorneurons.analysis.figures.strokes import Box, Pen, Strokes, ticks_of
from errorneurons.analysis.measures.activity import magnitude, mean_rate
from errorneurons.analysis.measures.conditions import Panel, panels_of, raw_activity
from errorneurons.analysis.measures.influence import drives_single_cells, influence
from errorneurons.analysis.session.session import session

TIME = np.array([-0.05, 0.05, 0.15, 0.25])
NAN = float("nan")


def made(rate: Any = None, **columns: Any) -> xr.Dataset:
    """Return a session of eight trials and four units in two areas."""
    trials = 8
    known: dict[str, Any] = {
        "time": TIME,
        "unit_id": ["a", "b", "c", "d"], "area": ["area 1", "area 1", "area 2", "area 2"],
        "level": [1.0, 1.0, 2.0, 2.0], "role": ["representation", "error"] * 2,
        "label_source": ["model"] * 4, "stimulus": ["s 1"] * trials, "input_onset": [0.0] * trials,
        "manipulation": ["none"] * 4 + ["silence"] * 4,
        "manipulated_role": ["none"] * 4 + ["error"] * 4,
        "manipulated_area": ["none"] * 4 + ["area 2"] * 4,
        "manipulation_onset": [NAN] * 4 + [0.1] * 4, "manipulation_offset": [NAN] * 4 + [0.2] * 4,
        "outcome": ["none", "none", "expected", "expected"] * 2,
        "outcome_onset": [NAN, NAN, 0.2, 0.2] * 2, "teaching": [False, False, True, True] * 2,
    }  # fmt: skip
    rate = np.ones((trials, 4, 4)) if rate is None else rate
    return session({"rate": rate}, known | columns, {"animal": "m", "session_id": "1"})


def test_controls_stand_beside_what_is_manipulated() -> None:
    (panel,) = panels_of(made(), ("manipulated_role", "manipulated_area"), ("outcome",))
    assert panel.title == "silenced: error, area 2"
    controls = ["not manipulated, no outcome", "not manipulated, expected"]
    assert list(panel.controls) == controls
    assert list(panel.lines) == [*controls, "no outcome", "expected"]
    assert panel.lines["not manipulated, expected"] == {
        "manipulation": "none",
        "outcome": "expected",
    }
    assert panel.windows == {"no outcome": (0.1, 0.2), "expected": (0.1, 0.2)}
    assert panel.events == {"input": 0.0, "outcome": 0.2}


def test_controls_with_names_of_their_own_are_lines_of_their_own() -> None:
    names = ("manipulation", "outcome")
    (panel,) = panels_of(made(), ("manipulated_area",), names)
    assert panel.controls == ("not manipulated, no outcome", "not manipulated, expected")
    assert list(panel.lines) == [*panel.controls, "silence, no outcome", "silence, expected"]
    assert panel.lines["silence, expected"] == {
        "manipulated_area": "area 2", "manipulation": "silence", "outcome": "expected",
    }  # fmt: skip


def test_without_columns_all_that_differ_tell_lines_apart() -> None:
    panels = panels_of(made(contrast=[0.5, 1.0] * 4, drift=np.arange(8.0)))
    words = [f"{panel.title}, {label}" for panel in panels for label in panel.lines]
    assert all(len(panel.lines) <= 7 for panel in panels)
    assert len(words) == 8
    assert all("contrast" in each and "drift" not in each for each in words)


def test_many_conditions_are_spread_over_panels() -> None:
    block = ["a", "b"] * 4
    panels = panels_of(made(block=block, contrast=[0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0]))
    assert all(len(panel.lines) <= 7 for panel in panels)


def test_conditions_come_in_the_order_of_numbers_and_of_use() -> None:
    (panel,) = panels_of(made(contrast=[2.0, 10.0] * 4), (), ("outcome", "contrast"))
    assert list(panel.lines) == [
        "no outcome, contrast 2", "no outcome, contrast 10",
        "expected, contrast 2", "expected, contrast 10",
    ]  # fmt: skip


def test_means_are_those_of_trials_and_bands_those_of_sessions() -> None:
    rates = [np.full((8, 4, 4), value) for value in (1.0, 2.0, 6.0)]
    for rate in rates:
        rate[:4] *= 2
    sessions = [made(rate) for rate in rates]
    panels = panels_of(sessions[0], (), ("manipulation",))
    (shown,) = raw_activity(iter(sessions), panels, mean_rate)
    at = {"role": "error", "area": "area 2"}
    assert (shown["mean"].sel(condition="silence", **at) == 3.0).all()
    assert (shown["mean"].sel(condition="not manipulated", **at) == 6.0).all()
    assert (shown["low"] < shown["mean"]).all()
    assert shown["mean"].attrs["units"] == "Hz"


def test_responses_that_go_up_and_down_do_not_cancel_in_their_size() -> None:
    rate = np.full((8, 4, 4), 5.0)
    rate[:, 2:, :2] += 3
    rate[:, 2:, 2:] -= 3
    panels = panels_of(made(rate), (), ("manipulation",))
    (shown,) = raw_activity([made(rate)], panels, magnitude)
    np.testing.assert_allclose(shown["mean"].sel(time=[0.15, 0.25]), 3.0)
    np.testing.assert_allclose(shown["mean"].sel(time=[-0.05, 0.05]), 0.0)


@pytest.mark.parametrize("blocks", [1, 5])
def test_a_figure_is_written_with_as_many_blocks_as_there_are_panels(
    tmp_path: Path, blocks: int
) -> None:
    seen = made(np.random.default_rng(1).poisson(5, (8, 4, 4)).astype(float))
    (panel,) = panels_of(seen, (), ("manipulation", "outcome"))
    (shown,) = raw_activity([seen], [panel], mean_rate)
    named = Panel("a title", panel.lines, panel.controls, panel.events, panel.windows)
    path = tmp_path / "figure.png"
    draw_raw_activity([(named, shown)] * blocks, Caption("Title", "text"), path)
    width, height = np.frombuffer(path.read_bytes()[16:24], ">u4")
    assert width > 600
    assert (height > 1000) == (blocks > 1)


def test_a_curve_has_a_gap_where_something_is_missing() -> None:
    drawn, box = Strokes(), Box(10, 20, 100, 50, (0, 4), (0, 10))
    mean = np.array([0.0, 10, NAN, 5, 5])
    drawn.curve(box, np.arange(5.0), np.stack([mean, mean, mean]), Pen("black", 1))
    assert [points.tolist() for points, _ in drawn.lines] == [
        [[10, 20], [35, 70]], [[85, 45], [110, 45]]
    ]  # fmt: skip
    assert [len(edge) for edge, _ in drawn.bands] == [4, 4]


def test_an_event_beyond_the_axis_of_time_is_not_marked() -> None:
    drawn, box = Strokes(), Box(10, 20, 100, 50, (0, 4), (0, 10))
    for time in (-0.1, 2.0, 4.1):
        drawn.upright(box, time)
    assert [points.tolist() for points, _ in drawn.marks] == [[[60, 20], [60, 70]]]


@pytest.mark.parametrize(
    ("ends", "texts"),
    [
        ((-6.0, 25.0), ["0", "20"]),
        ((-0.6, 0.6), ["\N{MINUS SIGN}0.5", "0.0", "0.5"]),
        ((0.0, 3e-7), ["0", "1e\N{MINUS SIGN}07", "2e\N{MINUS SIGN}07", "3e\N{MINUS SIGN}07"]),
    ],
)
def test_numbers_on_an_axis_are_round_and_alike(
    ends: tuple[float, float], texts: list[str]
) -> None:
    ticks, written = ticks_of(ends, 3)
    assert written == texts
    assert all(ends[0] <= tick <= ends[1] for tick in ticks)


def driven_cells() -> xr.Dataset:
    """Return a session in which driving cell 0 or 1 of area 1 raises unit ``b`` or ``c`` by 4."""
    rate = np.full((8, 4, 4), 5.0)
    rate[4:6, 2, 1] += 4
    rate[6:, 2, 2] += 4
    return made(
        rate, manipulation=["none"] * 4 + ["drive"] * 4, stimulus=["s 1", "s 2"] * 4,
        manipulated_role=["none"] * 4 + ["representation"] * 4,
        manipulated_area=["none"] * 4 + ["area 1"] * 4,
        manipulated_cell=[-1.0] * 4 + [0.0, 0.0, 1.0, 1.0], outcome=["none"] * 8,
        outcome_onset=[NAN] * 8, teaching=[False] * 8,
    )  # fmt: skip


def test_an_influence_map_says_whom_each_driven_cell_moves_while_it_is_driven() -> None:
    found = influence(driven_cells())
    assert found.attrs["units"] == "Hz"
    np.testing.assert_array_equal(found.values, [[0, 4, 0, 0], [0, 0, 4, 0]])
    assert found["driven_area"].values.tolist() == ["area 1", "area 1"]


def test_a_map_is_drawn_only_where_single_cells_are_driven(tmp_path: Path) -> None:
    seen, path = driven_cells(), tmp_path / "map.png"
    assert drives_single_cells(seen)
    assert not drives_single_cells(made())
    draw_influence(seen, Caption("Title", "text"), path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_a_role_that_an_area_lacks_is_nowhere_a_number() -> None:
    roles = ["representation", "error", "representation", "representation"]
    sessions = [made(role=roles) for _ in range(2)]
    panels = panels_of(sessions[0], (), ("manipulation",))
    (shown,) = raw_activity(sessions, panels, mean_rate)
    assert shown.sel(role="error", area="area 2").isnull().all()
    assert shown.sel(role="error", area="area 1").notnull().all()
