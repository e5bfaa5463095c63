"""One colour and one marker for every theory, two hues for two kinds of neuron, everywhere.

The hues are those of the Okabe-Ito and seaborn "colorblind" palettes. Blue and vermillion are kept
for representation and error neurons; theories share the others, and where two theories share a hue
(because they are relatives) their markers differ.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

ROLES = {
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


THEORIES = {
    "error_microcircuit": Style("#cc78bc", "o"),
    "supervised_pc": Style("#56b4e9", "s"),
    "hierarchical_pc": Style("#de8f05", "^"),
    "hierarchical_pc_sensory": Style("#ca9161", "v"),
    "dendritic_pc": Style("#029e73", "D"),
    "dendritic_microcircuit": Style("#029e73", "p"),
    "backprop": Style("#949494", "X"),
    "prospective_configuration": Style("#56b4e9", "P"),
    "burst_dependent": Style("#fbafe4", "h"),
    "mismatch_neurons": Style("#de8f05", "X"),
    "adaptation": Style("#949494", "d"),
    "feature_gain": Style("#949494", "*"),
}
_MARKERS = "oshv^Dp"
COUNTER_CIRCUIT = Style("var(--muted, #767676)", "D", filled=False)
RECORDING = Style("currentColor", "o")


def theory_style(name: str, kind: str = "theory") -> Style:
    """Return the colour and marker of a subject.

    Parameters
    ----------
    name
        Of the theory, counter-circuit or recording. A theory that is not on the list gets a
        colour and a marker by its name, the same on every page; one whose name continues that of a
        theory is a variant of it, and has its colour.
    kind
        ``"theory"``, ``"counter_circuit"`` or ``"recording"``.

    Examples
    --------
    >>> theory_style("supervised_pc")
    Style(colour='#56b4e9', marker='s', filled=True)
    """
    if kind == "counter_circuit":
        return COUNTER_CIRCUIT
    if kind == "recording":
        return RECORDING
    if name in THEORIES:
        return THEORIES[name]
    known = tuple(THEORIES.values())
    drawn = zlib.crc32(name.encode())
    family = max((n for n in THEORIES if name.startswith(f"{n}_")), key=len, default="")
    kin = THEORIES.get(family, known[drawn % len(known)])
    markers = _MARKERS.replace(kin.marker, "") if family else _MARKERS
    return Style(kin.colour, markers[drawn // 16 % len(markers)])


def role_colour(role: str) -> str:
    """Return the hue of a kind of neuron; what is not known is grey."""
    return ROLES.get(role, ROLES["unknown"])
