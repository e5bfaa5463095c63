"""One colour and one marker for each, two hues for two kinds of neuron, everywhere.

The hues are those of the Okabe-Ito and seaborn "colorblind" palettes. Blue and vermillion are kept
for representation and error neurons. Which theory has which look is said where figures are asked
for; where two share a hue (because they are relatives) their markers differ.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

ROLE_COLOURS = {
    "representation": "#0173b2",
    "error": "#d55e00",
    "interneuron": "#029e73",
    "unknown": "#949494",
}


@dataclass(frozen=True)
class Style:
    """How a theory is drawn.

    Attributes
    ----------
    colour
        Hexadecimal colour, or a CSS colour for those who take the colour of the text.
    marker
        Marker, in the letters of matplotlib.
    filled
        Whether the marker is filled; counter-circuits are hollow.
    """

    colour: str
    marker: str
    filled: bool = True


COUNTER_CIRCUIT = Style("var(--muted, #767676)", "D", filled=False)
RECORDING = Style("currentColor", "o")
FREE_HUES = ("#cc78bc", "#56b4e9", "#de8f05", "#ca9161", "#029e73", "#949494", "#fbafe4")
"""The hues that are not those of neurons."""


def drawn_style(name: str) -> Style:
    """Return a colour and a marker by the name alone, the same on every page.

    Examples
    --------
    >>> drawn_style("my theory") == drawn_style("my theory")
    True
    """
    drawn = zlib.crc32(name.encode())
    return Style(FREE_HUES[drawn % len(FREE_HUES)], "oshv^Dp"[drawn // 16 % 7])


def role_colour(role: str) -> str:
    """Return the hue of a kind of neuron; what is not known is grey."""
    return ROLE_COLOURS.get(role, ROLE_COLOURS["unknown"])
