"""Figures of evidence: every number is written, in any case that can occur."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from errorneurons.analysis.figures.evidence import (
    calibration_points,
    design_map,
    left_out_points,
    posterior_bars,
    power_curves,
    recovery_matrix,
)
from errorneurons.analysis.figures.palette import Style

SIZES = [(a, c, t) for a in (4, 8) for c in (10, 30) for t in (20, 60)]
POINTS = pd.DataFrame(SIZES, columns=["animals", "cells", "trials"]).assign(
    right=np.linspace(0.2, 1.0, 8), low=0.1, high=1.0, smooth=np.linspace(0.2, 1.0, 8), count=40
)

LOOK = ("A theory", Style("#029e73", "D"))
LOOKS = {"supervised_pc": ("supervised PC", Style("#56b4e9", "s"))}


def words(svg):
    return [e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("text")]


def test_every_theory_has_its_probability_and_whether_it_stays() -> None:
    posterior = {"supervised_pc": 0.93, "backprop": 0.069, "adaptation": 0.001}
    found = words(posterior_bars(posterior, ["supervised_pc", "adaptation"], LOOKS, "key", "alt"))
    assert {"supervised PC", "93 %", "ruled out", "<1 %"} <= set(found)


def test_near_certainty_is_not_written_as_certainty() -> None:
    assert ">99 %" in words(posterior_bars({"a": 0.999, "b": 0.001}, ["a"], {}, "key", "alt"))


@pytest.mark.parametrize("count", [2, 8, 12])
def test_the_matrix_writes_every_share_and_names_every_theory(count) -> None:
    names = ["a_theory", "supervised_pc", *(f"theory_{at}" for at in range(2, count))]
    table = pd.DataFrame(np.eye(count) * 0.87 + 0.01, names, names)
    found = words(recovery_matrix(table, "most probable theory", LOOKS, "key", "alt"))
    assert "2 supervised PC" in found
    assert found.count("88") == count
    assert sum(word.startswith(("1 ", "2 ")) for word in found) == 2
    assert "most probable theory [%]" in found


def test_calibration_writes_how_many_experiments_a_point_is() -> None:
    curve = pd.DataFrame(
        [(0.3, 0.0, 0.0, 0.4, 3), (0.9, 0.88, 0.8, 0.95, 1234)],
        columns=["said", "found", "low", "high", "count"],
    )
    assert {"3", "1,234", "dashed: as often as said"} <= set(
        words(calibration_points(curve, "k", ""))
    )


def test_what_is_left_out_is_named_and_so_is_every_theory_that_matters() -> None:
    rows = [("", "a_theory", 0.9, True), ("", "rare", 0.01, False), ("P02", "a_theory", 0.5, True)]
    table = pd.DataFrame(rows, columns=["left_out", "theory", "posterior", "kept"])
    found = words(
        left_out_points(table, {"P02": "silent errors"}, {"a_theory": LOOK}, "key", "alt")
    )
    assert {"with every claim", "without: silent errors", "A theory"} <= set(found)
    assert "rare" not in found


def test_power_names_its_lines_and_targets() -> None:
    found = words(power_curves(POINTS, "key", "alt"))
    assert {"10 cells, 20 trials", "30 cells, 60 trials", "80 %", "95 %", "animals"} <= set(found)


def test_one_design_is_a_figure_too() -> None:
    assert "4" in words(power_curves(POINTS.iloc[:1], "key", "alt"))
    assert "20" in words(design_map(POINTS.iloc[:1], 20, "key", "alt"))


def test_the_map_writes_every_probability() -> None:
    shown = POINTS[POINTS["trials"] == 60]
    found = words(design_map(POINTS, 60, "key", "alt"))
    assert {f"{100 * value:.0f}" for value in shown["smooth"]} <= set(found)


def test_trials_that_no_design_has_are_refused() -> None:
    with pytest.raises(ValueError, match="no design has 7 trials, only 20, 60"):
        design_map(POINTS, 7, "key", "alt")


def test_figures_say_what_they_show_and_take_the_colours_of_the_page() -> None:
    svg = design_map(POINTS, 60, "key", "Animals <and> cells")
    assert ET.fromstring(svg).get("aria-label") == "Animals <and> cells"
    assert "currentColor" in svg
    assert "#0101" not in svg
