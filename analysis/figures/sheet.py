"""The sheet that figures are drawn on: size, text, rows, legends, and the way to SVG and PNG.

There is one unit, a pixel of the page; in a PNG it is a point, 1/72 inch.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errorneurons.analysis.figures.palette import RECORDING, ROLE_COLOURS, Style
from errorneurons.analysis.session.files import beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

WIDTH, FONT, SMALL = 370.0, 13.0, 12.3
DOTS = 150
"""Dots an inch of a PNG."""
SQUEEZED = 3
"""How hard a PNG is compressed; with 6 a file is 3 % smaller, and takes half as long again."""
Dashes = str | tuple[int, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = (
    "solid",
    (0, (4.5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
)
"""One a condition, in this order."""
ACROSS = ("axes fraction", "data")
"""At a share of the width, and at a value on the upright axis."""

# Colours that stand for those of the page, so that a figure is legible on light and on dark.
INK, MUTED, PALE, HOLDS, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_CSS = {
    INK: "currentColor",
    MUTED: "var(--muted, #767676)",
    PALE: "var(--line, #c8c8c8)",
    HOLDS: "var(--holds, #7fb9a2)",
    PAPER: "var(--card, #ffffff)",
    ROLE_COLOURS["representation"]: f"var(--r, {ROLE_COLOURS['representation']})",
    ROLE_COLOURS["error"]: f"var(--e, {ROLE_COLOURS['error']})",
}


_PAPER: dict[Any, str] = {PALE: "#c8c8c8", HOLDS: "#7fb9a2", PAPER: "#ffffff", MUTED: "#767676"}
"""What they stand for on white paper; ink is black as it is."""


def settings(key: str) -> AbstractContextManager[None]:
    """Return the settings of all figures, with ids that depend on the key alone."""
    import matplotlib as mpl

    rc: dict[Any, Any] = {
        "svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": key, "font.size": FONT,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"], "text.color": INK, "text.parse_math": False,
        "xtick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "axes.labelcolor": INK, "axes.edgecolor": MUTED, "axes.spines.top": False,
        "axes.spines.right": False, "axes.spines.left": False, "ytick.left": False,
        "path.simplify_threshold": 0.4, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL,
        "axes.labelsize": SMALL, "legend.fontsize": SMALL, "legend.frameon": False,
    }  # fmt: skip
    return mpl.rc_context(rc)


def blank(
    height: float, width: float = WIDTH, *, arranged: bool = False, above: float = 0
) -> Figure:
    """Return an empty figure of a size [px].

    Parameters
    ----------
    height, width
        In pixels.
    arranged
        Whether axes find room by themselves for what is written beside them.
    above
        What they leave free above for a caption [px].
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    if arranged:
        edge = 0.01 if above else 0.0
        below = (edge, edge, 1 - 2 * edge, 1 - 2 * edge - above / height)
        figure.set_layout_engine(
            ConstrainedLayoutEngine(w_pad=3 / 72, h_pad=2 / 72, wspace=0, hspace=0, rect=below)
        )
    return figure


def rows(count: int, step: float, below: float) -> tuple[Figure, Axes]:
    """Return a figure of rows, the first on top: row `k` is at `k` on the upright axis.

    Parameters
    ----------
    count
        How many.
    step
        Height of each; above what is drawn there is room for a line of words [px].
    below
        Room for the axis and a legend [px].
    """
    figure = blank(step * count + below, arranged=True)
    axes = figure.subplots()
    axes.set(ylim=(count - 0.7, -0.7), yticks=[])
    return figure, axes


def name_rows(
    axes: Axes, left: Sequence[str], right: Sequence[str] = (), shift: tuple[float, float] = (0, 9)
) -> None:
    """Write above each row of `rows`, at its left end, `shift` from there, and at its right."""
    for row, said in enumerate(left):
        write_words(axes, said, (0, row), shift, ACROSS, va="bottom")
    for row, said in enumerate(right):
        write_words(axes, said, (1, row), (0, shift[1]), ACROSS, ha="right", va="bottom")


def mark(
    axes: Axes, style: Style, at: tuple[float, float], shift: tuple[float, float] = (0, 0)
) -> None:
    """Draw a marker at a share of the width and a row, shifted by pixels."""
    from matplotlib.transforms import offset_copy

    place = offset_copy(axes.get_yaxis_transform(), axes.get_figure(root=True), *shift,
                        units="points")  # fmt: skip
    axes.plot([at[0]], [at[1]], style.marker, color=style.colour, markersize=8, transform=place,
              clip_on=False, zorder=4)  # fmt: skip


def sample(style: Style, dash: Dashes = "none") -> Line2D:
    """Return what stands for a style in a legend: its marker, on a line if it has dashes."""
    from matplotlib.lines import Line2D

    line = Line2D([], [], linewidth=1.8, markersize=8 if dash == "none" else 6)
    line.set(color=drawable(style.colour), marker=style.marker, linestyle=dash)
    return line


def legend(figure: Figure, samples: Sequence[Line2D], words: Sequence[str]) -> None:
    """Name what is drawn, one below the other, at the foot of a figure that arranges itself."""
    dashed = any(one.get_linestyle() != "None" for one in samples)
    figure.legend(
        samples, words, loc="outside lower left", labelspacing=0.25, borderpad=0.2,
        handlelength=3.4 if dashed else 1.0, handletextpad=0.6, borderaxespad=0.2,
    )  # fmt: skip


def drawable(colour: str) -> str:
    """Return the colour that stands for one of the page's own."""
    return {RECORDING.colour: INK}.get(colour, MUTED if colour.startswith("var(") else colour)


def write_words(
    axes: Axes,
    words: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    within: str | tuple[str, str] = "axes fraction",
    **look: Any,
) -> None:
    """Write small words at a place in the axes, shifted by pixels.

    Parameters
    ----------
    axes
        Where.
    words
        What.
    at, within
        The place, and in which coordinates it is given.
    shift
        Pixels to the right and upwards.
    look
        What else `Axes.annotate` knows, for example ``weight``.
    """
    axes.annotate(
        words, at, xycoords=within, xytext=shift, textcoords="offset points",
        **({"size": SMALL, "annotation_clip": False} | look),
    )  # fmt: skip


def words_at(figure: Figure, words: str, left: float, down: float, **look: Any) -> None:
    """Write words, their upper left corner given from that of the figure [px]."""
    width, height = figure.get_figwidth() * 72, figure.get_figheight() * 72
    figure.text(left / width, 1 - down / height, words, **({"va": "top"} | look))


def as_png(figure: Figure, path: Path) -> None:
    """Write the figure beside its place and rename it, so that it is there whole or not at all."""
    with beside(path) as part:
        figure.savefig(part, format="png", dpi=DOTS, pil_kwargs={"compress_level": SQUEEZED})


def as_files(figure: Figure, stem: Path) -> tuple[Path, ...]:
    """Write the figure as SVG, PDF and PNG, in colours for white paper, the same every time.

    Parameters
    ----------
    figure
        What was drawn.
    stem
        The files without their endings; each is there whole or not at all.
    """
    _on_white(figure)
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": None}
    written = []
    for kind, metadata in undated.items():
        path = stem.with_name(f"{stem.name}.{kind}")
        with beside(path) as part:
            figure.savefig(part, format=kind, dpi=2 * DOTS, metadata=metadata)
        written.append(path)
    return tuple(written)


def _on_white(figure: Figure) -> None:
    """Give what was drawn in colours that stand for those of the page its own on white."""
    from matplotlib.collections import Collection
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D

    drawn: list[Any] = figure.findobj(lambda one: isinstance(one, Line2D | Collection))
    for one in drawn:
        if isinstance(one, Line2D):
            one.set_color(_PAPER.get(one.get_color(), one.get_color()))
            face = one.get_markerfacecolor()
            one.set_markerfacecolor(_PAPER.get(face, face))
        elif len(faces := one.get_facecolor()) == 1:
            alpha = one.get_alpha()
            one.set_facecolor(_PAPER.get(to_hex(faces[0]), faces[0]))
            one.set_alpha(alpha)


def as_svg(figure: Figure, key: str, alt: str) -> str:
    """Return the figure as an inline ``<svg>`` element: unique ids, the page's fonts and colours.

    Parameters
    ----------
    figure
        What was drawn.
    key
        Prefix of its ids; unique on the page.
    alt
        What the figure shows, for those who cannot see it.
    """
    page = io.StringIO()
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    figure.savefig(page, format="svg", metadata={"Date": None})
    svg = page.getvalue()[page.getvalue().index("<svg") :]
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
    body = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    return element(body, float(width), float(height), alt)


def element(body: str, width: float, height: float, alt: str, key: str = "") -> str:
    """Return an ``<svg>`` element of a size [px], with words for those who cannot see it.

    Parameters
    ----------
    body
        What is in it.
    width, height
        In pixels.
    alt
        What it shows in words.
    key
        Its id; none if empty.
    """
    name, words = f' id="{key}"' * bool(key), escape(alt)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{name} viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img" aria-label="{words}">'
        f"<title>{words}</title>{body}</svg>"
    )


def on_page(colour: str) -> str:
    """Return the colour of the page that another one stands for."""
    return _CSS.get(colour, colour)
