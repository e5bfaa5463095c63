"""Pages can be read: contrast of what is written, in the light and in the dark, and landmarks.

What axe-core (4.11, in headless Chromium, light and dark, folded and unfolded) found on the pages
is tested here by its causes, so that nothing has to be fetched.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from errorneurons.predictions.texts import template

OUTCOMES = ("supported", "contradicted", "undecided", "untestable")
INKS = ("text", "muted", "link", "r", "e", "i")


def colours(scheme: str) -> dict[str, str]:
    """Return the colours of the light or the dark scheme by their names."""
    light, dark = re.findall(r":root \{(.*?)\}", template("style.css"), re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#\w+)", light))
    return found | dict(re.findall(r"--([\w-]+): (#\w+)", dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, ground: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    low, high = sorted((luminance(ink), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_a_contrast_of_21() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_stands_out_from_its_ground(scheme: str) -> None:
    known = colours(scheme)
    pairs = [(ink, ground) for ink in INKS for ground in ("page", "card")]
    pairs += [(o, f"{o}-back") for o in OUTCOMES]
    faint = {p: c for p in pairs if (c := contrast(known[p[0]], known[p[1]])) < 4.5}
    assert not faint


class Outline(HTMLParser):
    """What a reader who does not see the page is told of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.targets: set[str] = set()
        self.unnamed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if str(known.get("href", "")).startswith("#"):
            self.targets.add(str(known["href"])[1:])
        named = {"aria-label", "aria-labelledby", "aria-hidden"} & known.keys()
        if (known.get("role") in ("region", "img") or tag == "nav") and not named:
            self.unnamed.append(tag)


@pytest.fixture(params=["of_theories", "of_animals", "untestable", "in_families"])
def found(request: pytest.FixtureRequest, pages: dict[str, str]) -> Outline:
    return Outline(pages[request.param])


def test_each_id_stands_once_and_each_link_within_the_page_leads_somewhere(found: Outline) -> None:
    assert len(found.ids) == len(set(found.ids))
    assert found.targets <= {*found.ids}


def test_headings_go_down_one_level_at_a_time_and_regions_have_names(found: Outline) -> None:
    assert found.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False))
    assert not found.unnamed
