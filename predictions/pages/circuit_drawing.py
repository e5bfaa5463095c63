"""Draw the circuit of four areas, and mark what an ablation takes away or changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from errorneurons.predictions.pages.strokes import arrow, line, text

STEP, LEFT, BOX, RIGHT, LEAST = 76.0, 56.0, 54.0, 32.0, 370.0
TOP, E_ROW, R_ROW, BOTTOM = 26.0, 52.0, 108.0, 138.0


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
    levels = range(1, areas + 1)
    width = _x(areas) + BOX / 2 + RIGHT
    room = max(width, LEAST)  # fewer areas are not to be drawn larger
    parts = [text(1, R_ROW + 4, "input")]
    for level in levels:
        parts += _area(level, cut)
    for source, target in skips:
        parts += _skip(source, target, cut, lesion)
    for level in levels[:-1]:
        parts += _between(level, cut, lesion)
    parts += [*_within(levels, cut, lesion), *_plasticity(levels, cut)]
    parts.append(arrow(width - 2, E_ROW, _x(areas) + 16, E_ROW, "teaching"))
    parts.append(text(width - 2, TOP - 10, "teaching", "end"))
    return (
        f'<svg class="drawing" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {room:g} 200"'
        f' width="{room:g}" height="200" role="img" aria-label="{escape(alt)}">'
        f"<title>{escape(alt)}</title>{''.join(parts)}</svg>"
    )


def _x(level: int) -> float:
    return LEFT + (level - 1) * STEP + BOX / 2


def _area(level: int, cut: Collection[str]) -> list[str]:
    x = _x(level)
    box = (
        f'<rect class="area" x="{x - BOX / 2:g}" y="{TOP:g}" width="{BOX:g}"'
        f' height="{BOTTOM - TOP:g}" rx="10"/>'
    )
    parts = [box]
    if level == 1:
        frozen = " changed" if "plasticity 1" in cut else ""
        parts.append(arrow(36, R_ROW, x - 14, R_ROW, f"up{frozen}"))
    for role, letter, y in (("error", "E", E_ROW), ("representation", "R", R_ROW)):
        changed = "silence" if letter in cut else ""
        parts.append(f'<circle class="{role} {changed}" cx="{x:g}" cy="{y:g}" r="13"/>')
        parts.append(text(x, y + 5, letter, "middle", "letter"))
    parts.append(text(x, 192, f"area {level}", "middle"))
    if "I" in cut:
        parts.append(f'<circle class="inter silence" cx="{x + 17:g}" cy="80" r="9"/>')
        parts.append(text(x + 17, 84, "I", "middle", "letter"))
        parts.append(line("cross", x + 8, 89, x + 26, 71))
    return parts


def _between(level: int, cut: Collection[str], lesion: bool) -> list[str]:
    low, high = _x(level), _x(level + 1)
    frozen = f"plasticity {level + 1}" in cut
    changed = " changed" if "R->R" in cut or frozen else ""
    down = " changed" if "E->E" in cut and not lesion else ""
    parts = [
        arrow(low + 14, R_ROW, high - 14, R_ROW, f"up{changed}"),
        arrow(high - 14, E_ROW, low + 14, E_ROW, f"down{down}"),
    ]
    middle = (low + high) / 2
    if "E->E" in cut and lesion:
        parts.append(_cross(middle, E_ROW))
    if "gate" in cut:
        parts.append(_cross(low + 20, E_ROW))
        parts.append(text(middle, E_ROW - 12, "\N{GREEK SMALL LETTER PHI}'", "middle"))
    return parts


def _within(levels: Sequence[int], cut: Collection[str], lesion: bool) -> list[str]:
    parts: list[str] = []
    for level in levels:
        x = _x(level)
        changed = " changed" if "E->R" in cut and not lesion else ""
        head = f"M{x:g} {R_ROW - 14:g}l-4 -6h8z"
        parts.append(line(f"down{changed}", x, E_ROW + 14, x, R_ROW - 15))
        parts.append(f'<path class="head down" d="{head}"/>')
        if "E->R" in cut and lesion:
            parts.append(_cross(x, (E_ROW + R_ROW) / 2))
    return parts


def _skip(source: int, target: int, cut: Collection[str], lesion: bool) -> list[str]:
    low, high, dip = _x(source), _x(target), 172.0 if source == 1 else 160.0
    gone = f"{source}->{target}" in cut
    changed = " changed" if "R->R" in cut else ""
    curve = (
        f"M{low + 6:g} {R_ROW + 12:g}Q{(low + high) / 2:g} {dip + 16:g} {high - 6:g} {R_ROW + 12:g}"
    )
    parts = [f'<path class="route{changed}" d="{curve}"/>']
    if gone and lesion:
        parts.append(_cross((low + high) / 2, (R_ROW + 12 + dip + 16) / 2))
    return parts


def _plasticity(levels: Sequence[int], cut: Collection[str]) -> list[str]:
    frozen = [level for level in levels if f"plasticity {level}" in cut]
    return [text(_x(level), 176, "\N{GREEK SMALL LETTER ETA} = 0", "middle") for level in frozen]


def _cross(x: float, y: float) -> str:
    return line("cross", x - 7, y + 8, x + 7, y - 8)
