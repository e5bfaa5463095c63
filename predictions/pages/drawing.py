"""Draw an experiment, and the circuit that an ablation changes; the strokes stand in templates."""

from __future__ import annotations

from collections.abc import Collection

from errorneurons.analysis.measures.energies import Window
from errorneurons.predictions.claims.claim import Drawing
from errorneurons.predictions.texts import written

DONE = {"none": "", "silence": "silenced", "drive": "driven"}


def drawing_svg(drawing: Drawing, alt: str) -> str:
    """Return the drawing of an experiment as an ``<svg>`` element.

    Parameters
    ----------
    drawing
        What to show.
    alt
        The experiment in words.
    """
    lines = _time_lines(drawing)
    last = max(drawing.end, *(window[1] for _, _, window in lines))
    marked = {drawing.input_onset, last, drawing.outcome_onset}
    ticks = sorted(at for at in marked if at is not None)
    values = {
        "drawing": drawing, "alt": alt, "lines": lines, "ticks": ticks, "last": last,
        "first": min(0.0, *(window[0] for _, _, window in lines)),
    }  # fmt: skip
    return written("experiment.svg", values)


def _time_lines(drawing: Drawing) -> list[tuple[str, str, Window]]:
    """Return (class, label, window) of everything that has a time, top to bottom."""
    lines = [("input", "input", (drawing.input_onset, drawing.end))]
    if drawing.outcome_onset is not None:
        lines.append(("outcome", "outcome", (drawing.outcome_onset, drawing.end)))
    if drawing.manipulation_window is not None and drawing.manipulation != "none":
        lines.append(("laser", DONE[drawing.manipulation], drawing.manipulation_window))
    if drawing.read_window is not None:
        lines.append(("readout", "read out", drawing.read_window))
    return lines


def circuit_svg(
    cut: Collection[str],
    alt: str,
    *,
    lesion: bool,
    areas: int = 4,
    skips: Collection[tuple[int, int]] = ((1, 3), (2, 4)),
) -> str:
    """Return the circuit as an ``<svg>`` element.

    Parameters
    ----------
    cut
        What is marked: ``"E->E"``, ``"E->R"``, ``"R->R"``, ``"E"``, ``"R"``, ``"I"``, ``"gate"``,
        ``"plasticity 2"`` or a skip route, ``"1->3"``.
    alt
        The drawing in words.
    lesion
        Whether what is marked is gone, and so crossed out, or only other than it was: dashed.
    areas
        How many areas there are.
    skips
        Routes that skip an area, from and to.
    """
    values = {"cut": cut, "alt": alt, "lesion": lesion, "areas": areas, "skips": skips}
    return written("circuit.svg", values)
