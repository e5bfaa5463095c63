import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.figures.effects import StripRow, effect_strip
from errorneurons.analysis.figures.in_time import activity_in_time, recorded_roles, round_times
from errorneurons.analysis.figures.palette import ROLE_COLOURS, drawn_style
from errorneurons.analysis.figures.published import log_ticks
from errorneurons.analysis.figures.traces import (
    events_of,
    kept_samples,
    place_labels,
    round_length,
    scale_of,
)
from errorneurons.simulate.theories.registry import THEORIES

NAN = float("nan")


def activity(mean, events=None, width=0.0):
    dims = ("condition", "role", "area", "time")
    conditions, roles, areas, times = np.shape(mean)
    names = {
        "condition": [f"condition {i}" for i in range(conditions)],
        "role": ["representation", "error"][:roles],
        "area": [f"area {i}" for i in range(1, areas + 1)],
        "time": np.linspace(0.0, 0.4, times),
    }
    data = {"mean": mean, "low": np.subtract(mean, width), "high": np.add(mean, width)}
    return xr.Dataset(
        {name: (dims, x, {"units": "Hz"}) for name, x in data.items()},
        names,
        {"events": json.dumps(events or {})},
    )


def words(svg):
    return [e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("text")]


def strip(*rows, threshold=1 / 9, side="below"):
    return effect_strip(rows, threshold, side, "key", "An effect")


def test_every_theory_has_its_own_look():
    looks = [t.look for t in THEORIES if t.look]
    assert len(set(looks)) == len(looks)


def test_no_theory_has_the_hue_of_a_kind_of_neuron():
    kept = {ROLE_COLOURS["representation"], ROLE_COLOURS["error"]}
    assert not kept & {t.look[0] for t in THEORIES if t.look}


def test_an_unknown_theory_has_a_look_that_stays():
    assert drawn_style("my rival theory") == drawn_style("my rival theory")


def test_a_strip_names_its_rows_and_the_threshold():
    svg = strip(
        StripRow("my theory", "16 [12, 21]", points=(15.0, 17.0), value=16, low=12, high=21)
    )
    assert {"my theory", "16 [12, 21]", "claim holds below 0.11, the dashed line"} <= set(
        words(svg)
    )


@pytest.mark.parametrize("value", [0.0, -0.4, 1e9, -1e9, NAN])
@pytest.mark.parametrize("side", ["below", "above"])
def test_a_strip_can_show_any_value(value, side):
    ET.fromstring(
        strip(StripRow("x", points=(value,) * 3, value=value, low=value, high=value), side=side)
    )


def test_a_strip_without_points_shows_the_range_a_theory_expects():
    svg = strip(StripRow("Expected", low=1.0, high=2.0, expected=True))
    assert svg.count("stroke-width: 13") == 1


def test_names_with_markup_are_text():
    assert "<b> $x_1$ & co" in words(strip(StripRow("<b> $x_1$ & co")))


def test_ids_are_dropped_or_carry_the_key():
    svg = strip(StripRow("x", points=(1.0,), value=1.0, low=0.5, high=1.5))
    ids = [e.get("id") for e in ET.fromstring(svg).iter() if e.get("id")]
    assert all(i.startswith("key-") for i in ids)


def test_text_takes_its_colour_from_the_page():
    svg = strip(StripRow("x", value=1.0))
    assert "currentColor" in svg
    assert "#0101" not in svg


def test_activity_shows_areas_units_and_events():
    events = {"input": 0.0, "laser on": 0.1, "laser off": 0.2}
    data = activity(np.random.default_rng(0).random((2, 2, 3, 50)), events)
    found = words(activity_in_time(data, "k", "alt"))
    assert {"area 1", "area 3", "input", "laser", "time [s]", "Representation", "Error"} <= set(
        found
    )
    assert any(w.endswith(" Hz") for w in found)


@pytest.mark.parametrize(
    "mean", [np.zeros((1, 2, 2, 5)), np.full((1, 2, 2, 5), NAN), np.ones((1, 1, 1, 1))]
)
def test_activity_may_be_silent_missing_or_one_sample(mean):
    ET.fromstring(activity_in_time(activity(mean), "k", "alt"))


def test_a_role_that_was_not_recorded_has_no_column():
    mean = np.ones((1, 2, 2, 5))
    mean[:, 1] = NAN
    assert recorded_roles(activity(mean)) == ("representation",)


def test_rounding_errors_are_not_shown_as_responses():
    mean = np.ones((1, 2, 2, 5))
    mean[:, 1] = 1e-16
    assert scale_of(activity(mean), "error") == scale_of(activity(mean), "representation")


def test_thinning_keeps_every_peak():
    curve = np.zeros((1, 5000))
    curve[0, 1234] = 1.0
    kept = kept_samples(curve, flat=0.01)
    assert 1234 in kept
    assert len(kept) < 10


@pytest.mark.parametrize(("span", "length"), [(1.0, 0.5), (0.09, 0.05), (30.0, 10.0)])
def test_scale_bars_are_round(span, length):
    assert round_length(span) == pytest.approx(length)


def test_a_pair_of_events_is_a_window_and_labels_do_not_overlap():
    events = events_of(
        activity(np.zeros((1, 1, 1, 2)), {"laser on": 0.1, "laser off": 0.2, "go": 0.11})
    )
    assert events == {"laser": (0.1, 0.2), "go": (0.11, None)}
    assert {label.lane for label in place_labels(events, 0.0, 0.002, 200.0).values()} == {0, 1}


def test_no_line_of_an_event_runs_through_a_label():
    labels = place_labels({"laser": (-0.05, 0.4), "input": (0.0, None)}, -0.05, 0.003, 160.0)
    assert labels["laser"].lane > labels["input"].lane


def test_a_late_or_long_label_stays_in_its_column():
    late = place_labels({"unexpected outcome": (0.39, None)}, 0.0, 0.4 / 100, 100.0)
    label = late["unexpected outcome"]
    assert label.left + 6.6 * len(label.text) <= 100.0


def test_an_area_that_was_not_recorded_says_so():
    mean = np.ones((1, 1, 2, 5))
    mean[:, :, 0] = NAN
    assert " not recorded" in words(activity_in_time(activity(mean), "k", "alt"))


@pytest.mark.parametrize(
    ("ends", "texts"),
    [((-0.1, 0.49), ["0.0", "0.2", "0.4"]), ((-2.0, 4.0), ["−2", "0", "2", "4"]),
     ((0.0, 1e-3), ["0.00000", "0.00025", "0.00050", "0.00075", "0.00100"])],
)  # fmt: skip
def test_times_on_an_axis_are_round(ends, texts):
    assert [text for _, text in round_times(*ends)] == texts


@pytest.mark.parametrize("low", [1e-9, 0.03, 0.9, 2.1, 99.0])
@pytest.mark.parametrize("wide", [1.3, 3.0, 9.0, 12.0, 1e5, 1e14])
def test_a_logarithmic_axis_has_three_labels_or_more_and_they_lie_on_it(
    low: float, wide: float
) -> None:
    ticks = log_ticks(low, low * wide)
    assert 3 <= len(ticks) <= 9
    assert low <= ticks[0]
    assert ticks[-1] <= low * wide
    assert list(ticks) == sorted({*ticks})
