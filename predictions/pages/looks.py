"""One look for every theory, on every page: that of its entry in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from errorneurons.analysis.figures.palette import COUNTER_CIRCUIT, RECORDING, Style, drawn_style
from errorneurons.predictions.studies.findings import Subject
from errorneurons.simulate.theories.registry import THEORIES

LOOK_OF = {t.name: Style(*t.look) for t in THEORIES if t.look}


def style_of(name: str, kind: str = "theory") -> Style:
    """Return the colour and marker of a subject.

    Parameters
    ----------
    name
        Of the theory, counter-circuit or recording. A theory without a look gets one by its name.
    kind
        ``"theory"``, ``"counter_circuit"`` or ``"recording"``.
    """
    others = {"counter_circuit": COUNTER_CIRCUIT, "recording": RECORDING}
    return others.get(kind) or LOOK_OF.get(name) or drawn_style(name)


def looks_of(subjects: Sequence[Subject]) -> Mapping[str, Style]:
    """Return name -> look of subjects of one page; recordings side by side differ by marker."""
    recordings = [s.name for s in subjects if s.kind == "recording"]
    own = {
        name: replace(RECORDING, marker=_OF_RECORDINGS[k % len(_OF_RECORDINGS)])
        for k, name in enumerate(recordings)
    }
    return {s.name: own.get(s.name) or style_of(s.name, s.kind) for s in subjects}


def drawn_marker(style: Style) -> Markup:
    """Return the marker of a look as a small drawing."""
    shape = _SHAPES.get(style.marker, _SHAPES["o"])
    fill = style.colour if style.filled else "none"
    own = style.colour == RECORDING.colour or not style.filled
    edge = style.colour if own else "currentColor"
    return Markup(
        f'<svg class="marker" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">'
        f'<path d="{shape}" style="fill:{fill};stroke:{edge};stroke-width:1.2"/></svg>'
    )


_OF_RECORDINGS = "os^DvphP*X"
"""Markers of recordings side by side, in their order."""
_SHAPES = {
    "o": "M8 2.5a5.5 5.5 0 1 0 .01 0z",
    "s": "M3 3h10v10h-10z",
    "^": "M8 2.5l6 11h-12z",
    "v": "M8 13.5l6 -11h-12z",
    "D": "M8 1.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
    "d": "M8 1.5l4 6.5l-4 6.5l-4 -6.5z",
    "p": "M8 2l6 4.4l-2.3 7.1h-7.4l-2.3 -7.1z",
    "h": "M8 1.5l5.6 3.2v6.5l-5.6 3.3l-5.6 -3.3v-6.5z",
    "X": "M5 2l3 3l3 -3l3 3l-3 3l3 3l-3 3l-3 -3l-3 3l-3 -3l3 -3l-3 -3z",
    "P": "M6 2h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "*": "M8 1l1.7 5h5.3l-4.2 3.2l1.6 5.1l-4.4 -3.1l-4.4 3.1l1.6 -5.1l-4.2 -3.2h5.3z",
}
