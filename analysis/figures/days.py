"""Figures of experiments over days: learning, and responses by day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from errorneurons.analysis.figures.palette import role_colour
from errorneurons.analysis.figures.raw import LARGE_TEXT_SIZE, LINE, TEXT_SIZE, Caption, open_axes
from errorneurons.analysis.figures.sheet import as_png, blank, words_at
from errorneurons.analysis.figures.traces import abridged
from errorneurons.analysis.measures.days import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _PANEL, _HEAD = 432.0, 124.0, 54.0
"""Width, height of a panel with its title, and height of the caption [px]."""
LETTER, ROOM = 5.4, 370.0
"""Width of a letter, generously, and of all days together, sparingly [px]."""
_INK, _GREY = "#222222", "#767676"


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
    with open_axes():
        height = _HEAD + len(QUANTITIES) * _PANEL + 40
        figure = blank(height, _WIDTH, arranged=True, above=_HEAD)
        _above(figure, days, caption)
        panels = figure.subplots(len(QUANTITIES), 1, sharex=True)
        for axes, (name, title) in zip(panels, QUANTITIES.items(), strict=True):
            units = "share of the outcome's size" if name == "miss" else days.attrs["units"]
            axes.set_title(f"{title} [{units}]", size=TEXT_SIZE, loc="left")
            _panel(axes, days, name)
            _rules(axes, days, named=axes is panels[0])
        panels[-1].set_xlabel("day (filled: learning; open: test, synapses frozen)")
        as_png(figure, path)


def _above(figure: Figure, days: xr.Dataset, caption: Caption) -> None:
    """Write the caption, and the roles in their colours."""
    words_at(figure, caption.title, 9, 9, size=LARGE_TEXT_SIZE, weight="bold")
    words_at(figure, caption.text, 9, 26, size=TEXT_SIZE)
    left = 9.0
    for role in map(str, days["role"].values):
        words_at(figure, role, left, 39, size=TEXT_SIZE, weight="bold", color=role_colour(role))
        left += LETTER * (len(role) + 4)


def _panel(axes: Axes, days: xr.Dataset, name: str) -> None:
    """Draw one quantity: a line a role, or a single one if it is that of all roles."""
    import seaborn as sns

    day, learning = days["day"].values, days["plastic"].values
    for role in days["role"].values[: 1 if name == "miss" else None]:
        mean, low, high = days[name].sel(role=role, bound=["mean", "low", "high"]).values
        colour = _INK if name == "miss" else role_colour(str(role))
        axes.fill_between(day, low, high, color=colour, alpha=0.15, linewidth=0)
        sns.lineplot(x=day, y=mean, color=colour, linewidth=1.5, errorbar=None, ax=axes)
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
    for number, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if start:
            axes.axvline(day[start] - 0.5, color=_GREY, linewidth=0.8, dashes=(3, 2))
        if named:
            axes.annotate(
                abridged(str(rule[start]), max(3, int(ROOM / len(day) * (end - start) / LETTER))),
                (day[start] - 0.5, 1), xycoords=("data", "axes fraction"),
                xytext=(3, 17 + LINE * (number % 2)), textcoords="offset points",
                color=_GREY,
            )  # fmt: skip
