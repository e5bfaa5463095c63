"""Draw an experiment: areas, cells, what is done to them, and when."""

from __future__ import annotations

from html import escape

from errorneurons.predictions.claims.claim import Drawing, Window
from errorneurons.predictions.pages.strokes import arrow, line, text

WIDTH, BOX = 370.0, 92.0
ROLES = ("error", "representation")
LETTER = {"error": "E", "representation": "R"}
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
    lines, below = _time_lines(drawing), _top(drawing) + BOX + 34
    height = below + 22 * len(lines) + 26
    parts = [*_areas(drawing), *_clock(drawing, lines, below)]
    return (
        f'<svg class="drawing" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g}'
        f' {height:g}" width="{WIDTH:g}" height="{height:g}" role="img"'
        f' aria-label="{escape(alt)}"><title>{escape(alt)}</title>{"".join(parts)}</svg>'
    )


def _top(drawing: Drawing) -> float:
    return 24.0 if drawing.teaching else 4.0


def _areas(drawing: Drawing) -> list[str]:
    step, top = (WIDTH - 84) / drawing.areas, _top(drawing)
    width, middle = min(step - 12, 78), top + BOX / 2
    parts = [text(1, middle + 4, "input"), arrow(32, middle, 46, middle)]
    for level in range(1, drawing.areas + 1):
        left = 48 + (level - 1) * step
        parts.append(
            f'<rect class="area" x="{left:.0f}" y="{top:g}" width="{width:.0f}" height="{BOX:g}"'
            ' rx="10"/>'
        )
        parts.append(text(left + width / 2, top + BOX + 18, f"area {level}", anchor="middle"))
        for row, role in enumerate(ROLES):
            parts += _cell(drawing, role, level, left + width / 2, top + 25 + 43 * row)
        if level < drawing.areas:
            parts.append(line("link", left + width, middle, left + step, middle))
    right = 48 + (drawing.areas - 1) * step + width
    return parts + (_teaching(right, top) if drawing.teaching else [])


def _teaching(right: float, top: float) -> list[str]:
    y = top + 25
    return [
        arrow(WIDTH - 6, y, right + 3, y, "teaching"),
        text(WIDTH - 2, top - 9, "teaching", "end"),
    ]


def _cell(drawing: Drawing, role: str, level: int, x: float, y: float) -> list[str]:
    done = drawing.manipulation if (role, level) in drawing.manipulated else "none"
    read = (role, level) in drawing.read
    parts = [f'<circle class="halo" cx="{x:.0f}" cy="{y:.0f}" r="19"/>'] if read else []
    parts.append(f'<circle class="{role} {done}" cx="{x:.0f}" cy="{y:.0f}" r="14"/>')
    parts.append(text(x, y + 5, LETTER[role], "middle", f"letter {done}"))
    if done == "silence":
        parts.append(line("cross", x - 15, y + 15, x + 15, y - 15))
    if done == "drive":
        parts.append(f'<path class="bolt" d="M{x + 22:.0f} {y - 17:.0f}l-9 11h6l-5 10 13-14h-6z"/>')
    return parts


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


def _clock(drawing: Drawing, lines: list[tuple[str, str, Window]], top: float) -> list[str]:
    starts = [window[0] for _, _, window in lines]
    first, last = min([0.0, *starts]), max(drawing.end, *(w[1] for _, _, w in lines))
    scale = (WIDTH - 82) / ((last - first) or 1.0)
    parts: list[str] = []
    for row, (kind, label, (start, end)) in enumerate(lines):
        y, left = top + 22 * row, 70 + (start - first) * scale
        wide = max(3.0, (end - start) * scale)
        parts.append(text(64, y + 12, label, "end"))
        parts.append(line("link", 70, y + 8, WIDTH - 12, y + 8))
        parts.append(
            f'<rect class="bar {kind}" x="{left:.1f}" y="{y + 2:.0f}" width="{wide:.1f}"'
            ' height="12" rx="2"/>'
        )
    y, middle = top + 22 * len(lines), drawing.outcome_onset
    for at in sorted({drawing.input_onset, last} | ({middle} if middle is not None else set())):
        anchor = "end" if at == last else "middle"
        parts.append(text(70 + (at - first) * scale, y + 16, f"{at:g} s", anchor))
    return parts
