"""Influence maps: whom each driven cell moves, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.raw import LARGE_TEXT_SIZE, TEXT_SIZE, Caption, open_axes
from errorneurons.analysis.figures.sheet import as_png, blank, words_at
from errorneurons.analysis.measures.influence import influence

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    import seaborn as sns

    found = influence(session)
    order = np.lexsort((found["area"].values, found["role"].values != "representation"))
    found = found.isel(unit=order)
    limit = max(float(np.nanquantile(np.abs(found.values), 0.99)), 1e-9)
    with open_axes():
        figure = blank(389.0, 648.0, arranged=True, above=46.0)
        axes = figure.subplots()
        sns.heatmap(
            found.values, cmap="RdBu_r", vmin=-limit, vmax=limit, ax=axes,
            cbar_kws={"label": f"change while driven [{found.attrs['units']}]"},
        )  # fmt: skip
        for side in axes.spines.values():
            side.set_visible(True)
        _name_columns(axes, _parts(found, ""))
        _name_rows(axes, _parts(found, "driven_"))
        axes.set_xlabel("recorded cells", size=TEXT_SIZE)
        axes.set_ylabel("driven cells", size=TEXT_SIZE)
        words_at(figure, caption.title, 9, 11, size=LARGE_TEXT_SIZE, weight="bold")
        words_at(figure, caption.text, 9, 29, size=TEXT_SIZE)
        as_png(figure, path)


def _parts(found: xr.DataArray, prefix: str) -> list[tuple[str, str, float]]:
    """Return role, area and end of each group of cells that stand together."""
    keys = zip(found[f"{prefix}role"].values.tolist(), found[f"{prefix}area"].values.tolist(),
               strict=True)  # fmt: skip
    groups = [(key, len(list(group))) for key, group in groupby(keys)]
    ends = np.cumsum([length for _, length in groups])
    return [(role, area, float(end)) for ((role, area), _), end in zip(groups, ends, strict=True)]


def _name_columns(axes: Axes, parts: Sequence[tuple[str, str, float]]) -> None:
    """Write areas below the columns and roles above them."""
    starts = [0.0, *(end for _, _, end in parts)]
    axes.set_xticks(
        [(a + b) / 2 for a, b in pairwise(starts)], [area for _, area, _ in parts], rotation=0
    )
    for label, (role, _, end) in zip(axes.get_xticklabels(), parts, strict=True):
        label.set_color(role_colour(role))
        axes.axvline(end, color="black", linewidth=0.6)
    for role in dict.fromkeys(role for role, _, _ in parts):
        own = [k for k, part in enumerate(parts) if part[0] == role]
        centre = (starts[own[0]] + parts[own[-1]][2]) / 2
        axes.annotate(role, (centre, 1.02), xycoords=axes.get_xaxis_transform(), ha="center",
                      size=TEXT_SIZE, weight="bold", color=role_colour(role))  # fmt: skip
    axes.tick_params(axis="x", length=0)


def _name_rows(axes: Axes, parts: Sequence[tuple[str, str, float]]) -> None:
    starts = [0.0, *(end for _, _, end in parts)]
    names = [f"{role}\n{area}" for role, area, _ in parts]
    axes.set_yticks([(a + b) / 2 for a, b in pairwise(starts)], names, rotation=0)
    for label, (role, _, end) in zip(axes.get_yticklabels(), parts, strict=True):
        label.set_color(role_colour(role))
        axes.axhline(end, color="black", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
