import xml.etree.ElementTree as ET

import pytest

from errorneurons.predictions.claims.claim import Drawing
from errorneurons.predictions.pages.drawing import drawing_svg

SILENCE = Drawing(
    read=(("error", 1),), manipulation="silence", manipulated=(("error", 2),), teaching=True,
    manipulation_window=(0.2, 0.4), outcome_onset=0.2, read_window=(0.2, 0.4),
)  # fmt: skip


def classes(svg):
    return [e.get("class") for e in ET.fromstring(svg).iter() if e.get("class")]


def test_what_is_silenced_is_crossed_out_and_what_is_read_is_ringed():
    found = classes(drawing_svg(SILENCE, "alt"))
    assert found.count("cross") == found.count("halo") == 1


def test_the_teaching_signal_is_drawn_only_if_there_is_one():
    quiet = Drawing(read=(("error", 1),))
    assert "teaching" in drawing_svg(SILENCE, "alt")
    assert "teaching" not in drawing_svg(quiet, "alt")


@pytest.mark.parametrize("areas", [1, 2, 3, 6])
def test_every_area_has_two_kinds_of_neuron_inside_the_drawing(areas):
    root = ET.fromstring(drawing_svg(Drawing(read=(), areas=areas), "alt"))
    circles = [e for e in root.iter() if e.tag.endswith("circle")]
    assert len(circles) == 2 * areas
    assert all(float(c.get("cx")) + 14 < 370 for c in circles)
