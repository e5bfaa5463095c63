"""The sheet that figures are drawn on: their size, their text, and the way to SVG."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from errorneurons.analysis.figures.svg import INK, MUTED, for_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, FONT, SMALL = 370.0, 13.0, 12.3
Dashes = str | tuple[int, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = (
    "solid",
    (0, (4.5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
)
"""One a condition, in this order."""


def settings(key: str) -> AbstractContextManager[None]:
    """Return the settings of all figures, with ids that depend on the key alone."""
    import matplotlib as mpl

    rc: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": key, "font.size": FONT, "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"], "text.color": INK, "text.parse_math": False,
        "xtick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "axes.labelcolor": INK, "axes.edgecolor": MUTED, "axes.spines.top": False,
        "axes.spines.right": False, "axes.spines.left": False, "ytick.left": False,
        "path.simplify_threshold": 0.4,
    }  # fmt: skip
    return mpl.rc_context(rc)


def blank(height: float) -> Figure:
    """Return an empty figure, `WIDTH` wide and as high as asked [px]."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH / 72, height / 72), dpi=72)


def axes_at(figure: Figure, left: float, bottom: float, width: float, tall: float) -> Axes:
    """Return axes at a place given in pixels from the lower left corner."""
    height = figure.get_figheight() * 72
    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, tall / height))
    axes.patch.set_visible(False)
    return axes


def pixels_at(figure: Figure, tall: float) -> Axes:
    """Return axes in pixels at the foot of the figure, without an axis, `tall` high."""
    axes = axes_at(figure, 0, 0, WIDTH, tall)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, tall)
    return axes


def name_axis(axes: Axes, words: str, pad: float = 2) -> None:
    """Write what the horizontal axis is, `pad` below its ticks [px]."""
    axes.set_xlabel(words, size=SMALL, labelpad=pad)


def write(
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
        **({"size": SMALL} | look),
    )  # fmt: skip


def as_svg(figure: Figure, key: str, alt: str) -> str:
    """Return the figure as an inline ``<svg>`` element."""
    page = io.StringIO()
    figure.patch.set_visible(False)
    figure.savefig(page, format="svg", metadata={"Date": None})
    return for_page(page.getvalue(), key, alt)
