"""Make SVG fit to stand in a page: unique ids, the page's fonts and colours, few bytes."""

from __future__ import annotations

import re
from html import escape

from errorneurons.analysis.figures.palette import ROLES

# Colours that stand for those of the page, so that a figure is legible on light and on dark.
INK, MUTED, PALE, HOLDS, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_CSS = {
    INK: "currentColor",
    MUTED: "var(--muted, #767676)",
    PALE: "var(--line, #c8c8c8)",
    HOLDS: "var(--holds, #7fb9a2)",
    PAPER: "var(--card, #ffffff)",
    ROLES["representation"]: f"var(--r, {ROLES['representation']})",
    ROLES["error"]: f"var(--e, {ROLES['error']})",
}


def for_page(svg: str, key: str, alt: str) -> str:
    """Return the figure as an inline ``<svg>`` element.

    Parameters
    ----------
    svg
        A document as matplotlib writes it.
    key
        Prefix of its ids; unique on the page.
    alt
        What the figure shows, for those who cannot see it.
    """
    svg = svg[svg.index("<svg") :]
    # The style element would hold for the whole page, and the page knows its own fonts.
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(' z "', ' z"')
    svg = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg)
    svg = re.sub(r' (d|x|y|transform)="[^"]*"', _rounded, svg)
    svg = re.sub(r' xmlns:xlink="[^"]*"| version="[^"]*"', "", svg).replace("xlink:href", "href")
    for stand_in, colour in _CSS.items():
        svg = svg.replace(stand_in, colour)
    return _described(_unique_ids(svg, key), alt)


def _unique_ids(svg: str, key: str) -> str:
    """Prefix the ids that are referred to, and drop the others."""
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    svg = re.sub(
        r' id="([^"]*)"', lambda found: f' id="{key}-{found[1]}"' if found[1] in used else "", svg
    )
    return re.sub(r'(url\(|href=")#', rf"\1#{key}-", svg)


def _rounded(attribute: re.Match[str]) -> str:
    """Keep a tenth of a pixel, and leave out the letter of straight lines where it is implied."""
    short = re.sub(r"(\d\.\d)\d+", r"\1", attribute[0])
    return short if attribute[1] != "d" or "C" in short else short.replace(" L ", " ")


def _described(svg: str, alt: str) -> str:
    width, height = re.findall(r"[\d.]+", re.findall(r'viewBox="0 0 ([^"]*)"', svg)[0])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="{escape(alt)}"><title>{escape(alt)}</title>'
    )
    return head + svg[svg.index(">") + 1 :]
