"""What is written on pages stands out from its ground, in the light and in the dark.

What else axe-core looks at is tested in `test_report`. Pages of every kind were put through
axe-core 4.14 itself, in headless Chromium, light and dark, folded and unfolded; it has to be
fetched, and is no part of the tests.
"""

from __future__ import annotations

import re

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
