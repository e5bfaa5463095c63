"""Figures of experiments over days: learning, and responses by day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.raw import DOTS, LARGE_TEXT, LINE, TEXT, Caption, open_axes
from errorneurons.analysis.figures.traces import abridged
from errorneurons.analysis.measures.days import QUANTITIES
from errorneurons.analysis.session.files import beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, PANEL, _GAP, _HEAD, FOOT, _LEFT, _RIGHT = 6.0, 1.25, 0.5, 1.3, 0.42, 0.6, 0.15
"""Of the figure, of a panel and between them, above, below and beside the panels [inch]."""
_LETTER = 0.075
"""Width of a letter, generously [inch]."""
_INK, GREY = "#222222", "#767676"


def draw_days(days: xr.Dataset, caption: Caption, path: Path) -> None:
    """Draw learning, and below it responses to outcomes and to stimuli, and write it as PNG.

    Markers are filled on days of learning and open on days of tests; an upright line stands before
    each day on which another rule begins.

    Parameters
    ----------
    days
        As `errorneurons.analysis.measures.days.by_day` returns it.
    caption
        What is written above.
    path
        Where to; the file is written beside its place and renamed.
    """
    from matplotlib.figure import Figure

    with open_axes():
        height = _HEAD + len(QUANTITIES) * (PANEL + _GAP) - _GAP + FOOT
        figure = Figure(figsize=(_WIDTH, height), dpi=DOTS)
        _above(figure, days, caption, height)
        for number, (name, title) in enumerate(QUANTITIES.items()):
            bottom = height - _HEAD - number * (PANEL + _GAP) - PANEL
            wide = _WIDTH - _LEFT - _RIGHT
            place = (_LEFT / _WIDTH, bottom / height, wide / _WIDTH, PANEL / height)
            axes = figure.add_axes(place)
            units = "share of the outcome's size" if name == "miss" else days.attrs["units"]
            axes.set_title(f"{title} [{units}]", size=TEXT, loc="left")
            _panel(axes, days, name)
            _rules(axes, days, named=number == 0)
        axes.set_xlabel("day (filled: learning; open: test, synapses frozen)")
        with beside(path) as part:
            figure.savefig(part, format="png")


def _above(figure: Figure, days: xr.Dataset, caption: Caption, height: float) -> None:
    """Write the caption, and the roles in their colours."""
    left, top = 0.12, height - 0.12
    style: dict[str, Any] = {"va": "top"}
    figure.text(left / _WIDTH, top / height, caption.title, size=LARGE_TEXT, weight="bold", **style)
    figure.text(left / _WIDTH, (top - 0.24) / height, caption.text, size=TEXT, **style)
    for role in days["role"].values:
        figure.text(left / _WIDTH, (top - 0.42) / height, role, size=TEXT, weight="bold",
                    color=role_colour(str(role)), **style)  # fmt: skip
        left += _LETTER * (len(str(role)) + 4)


def _panel(axes: Axes, days: xr.Dataset, name: str) -> None:
    """Draw one quantity: a line a role, or a single one if it is that of all roles."""
    day, learning = days["day"].values, days["plastic"].values
    for role in days["role"].values[: 1 if name == "miss" else None]:
        mean, low, high = days[name].sel(role=role, bound=["mean", "low", "high"]).values
        colour = _INK if name == "miss" else role_colour(str(role))
        axes.fill_between(day, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(day, mean, color=colour, linewidth=1.5)
        for at, face in ((learning, colour), (~learning, "white")):
            axes.plot(day[at], mean[at], "o", color=colour, markerfacecolor=face, markersize=4.5)
    low, high = (float(f(days[name].values)) for f in (np.nanmin, np.nanmax))
    axes.set_ylim(1.08 * min(low, 0.0), 1.08 * max(high, 1e-9))
    axes.set_xlim(day[0] - 0.5, day[-1] + 0.5)
    axes.set_xticks(day)
    axes.locator_params(axis="y", nbins=4)


def _rules(axes: Axes, days: xr.Dataset, *, named: bool) -> None:
    """Mark where another rule begins, and name it in one of two lines, so that short ones fit."""
    day, rule = days["day"].values, days["rule"].values
    starts = [k for k in range(len(day)) if k == 0 or rule[k] != rule[k - 1]]
    ends = [*starts[2:], len(day), len(day)]
    room = (_WIDTH - _LEFT - _RIGHT) / len(day)
    for number, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if start:
            axes.axvline(day[start] - 0.5, color=GREY, linewidth=0.8, dashes=(3, 2))
        if named:
            axes.annotate(
                abridged(str(rule[start]), max(3, int(room * (end - start) / _LETTER))),
                (day[start] - 0.5, 1), xycoords=("data", "axes fraction"),
                xytext=(3, 72 * (0.24 + LINE * (number % 2))), textcoords="offset points",
                color=GREY,
            )  # fmt: skip
