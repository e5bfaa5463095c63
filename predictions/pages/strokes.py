"""Lines, arrows and words of drawings, as SVG; `kind` is the class that the page styles."""

from __future__ import annotations

from html import escape


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return words."""
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a line."""
    return f'<line class="{kind}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>'


def arrow(x1: float, y1: float, x2: float, y2: float, kind: str = "link") -> str:
    """Return a line with a head."""
    back = 6 if x2 < x1 else -6
    head = f"M{x2:.0f} {y2:.0f}l{back} -4v8z"
    return line(kind, x1, y1, x2, y2) + f'<path class="head {kind}" d="{head}"/>'
