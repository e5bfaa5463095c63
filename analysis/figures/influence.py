"""Influence maps: whom each driven cell moves, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.raw import DOTS, LARGE_TEXT, SMALL_TEXT, TEXT, Caption
from errorneurons.analysis.measures.influence import influence
from errorneurons.analysis.session.files import beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAP = "RdBu_r"


def draw_influence(session: xr.Dataset, caption: Caption, path: Path) -> None:
    """Draw the influence map of a session and write it as PNG.

    Parameters
    ----------
    session
        As `influence` takes it.
    caption
        What is written above.
    path
        Where to; the file is written beside its place and renamed.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = influence(session)
    order = np.lexsort((found["area"].values, found["role"].values != "representation"))
    found = found.isel(unit=order)
    limit = max(float(np.nanquantile(np.abs(found.values), 0.99)), 1e-9)
    with mpl.rc_context({"font.size": SMALL_TEXT, "font.family": "sans-serif",
                         "font.sans-serif": ["DejaVu Sans"]}):  # fmt: skip
        figure = Figure(figsize=(9.0, 5.4), dpi=DOTS)
        axes = figure.add_axes((0.16, 0.14, 0.72, 0.66))
        shown = axes.imshow(found.values, cmap=_MAP, vmin=-limit, vmax=limit, aspect="auto",
                            interpolation="nearest")  # fmt: skip
        recorded, driven = _parts(found, ""), _parts(found, "driven_")
        _name_columns(axes, recorded)
        _name_rows(axes, driven)
        axes.set_xlabel("recorded cells", size=TEXT)
        axes.set_ylabel("driven cells", size=TEXT)
        bar = figure.colorbar(shown, cax=figure.add_axes((0.9, 0.14, 0.015, 0.66)))
        bar.set_label(f"change while driven [{found.attrs['units']}]")
        figure.text(0.015, 0.97, caption.title, size=LARGE_TEXT, weight="bold", va="top")
        figure.text(0.015, 0.92, caption.text, size=TEXT, va="top")
        with beside(path) as part:
            figure.savefig(part, format="png")


def _parts(found: xr.DataArray, prefix: str) -> list[tuple[str, str, float]]:
    """Return role, area and end of each group of cells that stand together."""
    keys = zip(found[f"{prefix}role"].values.tolist(), found[f"{prefix}area"].values.tolist(),
               strict=True)  # fmt: skip
    groups = [(key, len(list(group))) for key, group in groupby(keys)]
    ends = np.cumsum([length for _, length in groups]) - 0.5
    return [(role, area, float(end)) for ((role, area), _), end in zip(groups, ends, strict=True)]


def _name_columns(axes: Axes, parts: Sequence[tuple[str, str, float]]) -> None:
    """Write areas below the columns and roles above them."""
    starts = [-0.5, *(end for _, _, end in parts)]
    axes.set_xticks([(a + b) / 2 for a, b in pairwise(starts)], [area for _, area, _ in parts])
    for label, (role, _, end) in zip(axes.get_xticklabels(), parts, strict=True):
        label.set_color(role_colour(role))
        axes.axvline(end, color="black", linewidth=0.6)
    for role in dict.fromkeys(role for role, _, _ in parts):
        own = [k for k, part in enumerate(parts) if part[0] == role]
        centre = (starts[own[0]] + parts[own[-1]][2]) / 2
        axes.annotate(role, (centre, 1.02), xycoords=axes.get_xaxis_transform(), ha="center",
                      size=TEXT, weight="bold", color=role_colour(role))  # fmt: skip
    axes.tick_params(axis="x", length=0)


def _name_rows(axes: Axes, parts: Sequence[tuple[str, str, float]]) -> None:
    starts = [-0.5, *(end for _, _, end in parts)]
    names = [f"{role}\n{area}" for role, area, _ in parts]
    axes.set_yticks([(a + b) / 2 for a, b in pairwise(starts)], names)
    for label, (role, _, end) in zip(axes.get_yticklabels(), parts, strict=True):
        label.set_color(role_colour(role))
        axes.axhline(end, color="black", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
