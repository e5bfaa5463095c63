"""Figures of experiments over days: learning, and responses by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from errorneurons.analysis.by_day import QUANTITIES
from errorneurons.analysis.palette import role_colour
from errorneurons.analysis.sheet_plots import SMALL, WIDTH, as_svg, axes_at, blank, settings
from errorneurons.analysis.svg import INK, MUTED, PALE, PAPER
from errorneurons.analysis.traces import LETTER, abridged

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

PANEL, GAP, BOTTOM, LEFT, RIGHT = 84.0, 34.0, 60.0, 44.0, 12.0
LANE = 16.0
"""Names of rules stand above the panels in two lanes, so that those of short spells fit."""


def days_in_time(days: xr.Dataset, key: str, alt: str) -> str:
    """Draw learning, and below it the responses to outcomes and to stimuli, by day and role.

    Parameters
    ----------
    days
        As `errorneurons.analysis.by_day.by_day` returns it.
    key
        Prefix of the ids in the figure, unique on the page.
    alt
        What the figure shows, for those who cannot see it.

    Returns
    -------
        An ``<svg>`` element. Markers are filled on days of learning and open on days of tests; an
        upright line stands before each day on which another rule begins.
    """
    with settings(key):
        top = BOTTOM + len(QUANTITIES) * (PANEL + GAP) - GAP
        figure = blank(top + GAP + 2 * LANE)
        for number, (name, title) in enumerate(QUANTITIES.items()):
            bottom = top - (number + 1) * PANEL - number * GAP
            axes = axes_at(figure, LEFT, bottom, WIDTH - LEFT - RIGHT, PANEL)
            units = "[share of the outcome]" if name == "miss" else f"[{days.attrs['units']}]"
            axes.set_title(f"{title} {units}", size=SMALL, loc="left", pad=4)
            _panel(axes, days, name)
            _rules(axes, days, named=number == 0)
            axes.tick_params(axis="x", labelbottom=number == len(QUANTITIES) - 1)
        axes.set_xlabel("day", size=SMALL, labelpad=1)
        _roles(axes, days)
        return as_svg(figure, key, alt)


def _panel(axes: Axes, days: xr.Dataset, name: str) -> None:
    """Draw one quantity: a line a role, or a single one if it is that of all roles."""
    day = days["day"].values
    for role in days["role"].values[: 1 if name == "miss" else None]:
        mean, low, high = days[name].sel(role=role, bound=["mean", "low", "high"]).values
        colour = INK if name == "miss" else role_colour(str(role))
        axes.fill_between(day, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(day, mean, color=colour, linewidth=1.7)
        for learning, face in ((True, colour), (False, PAPER)):
            at = days["plastic"].values == learning
            axes.plot(day[at], mean[at], "o", color=colour, markerfacecolor=face, markersize=5)
    top = np.nanmax([days[name].sel(bound="high").max(), 1e-9])
    axes.set_ylim(min(0.0, 1.05 * float(days[name].sel(bound="low").min())), 1.08 * float(top))
    axes.set_xlim(day[0] - 0.5, day[-1] + 0.5)
    axes.set_xticks(day)
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(labelsize=SMALL, left=True, color=PALE)


def _rules(axes: Axes, days: xr.Dataset, *, named: bool) -> None:
    """Mark where another rule begins, and name it in one of two lanes."""
    day, rule = days["day"].values, days["rule"].values
    starts = [k for k in range(len(day)) if k == 0 or rule[k] != rule[k - 1]]
    room = (WIDTH - LEFT - RIGHT) / len(day)
    ends = [*starts[2:], len(day), len(day)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if start:
            axes.axvline(day[start] - 0.5, color=MUTED, linewidth=1, dashes=(3, 2))
        if named:
            axes.annotate(
                abridged(str(rule[start]), max(3, int(room * (end - start) / LETTER))),
                (day[start] - 0.5, 1), xycoords=("data", "axes fraction"),
                xytext=(3, 24 + LANE * (number % 2)), textcoords="offset points", size=SMALL,
                color=MUTED,
            )  # fmt: skip


def _roles(axes: Axes, days: xr.Dataset) -> None:
    """Name the colours below the lowest panel."""
    at = 0.0
    for role in days["role"].values:
        axes.annotate(
            str(role), (0, 0), xycoords="axes fraction", xytext=(at, -BOTTOM + 6),
            textcoords="offset points", size=SMALL, weight="bold", color=role_colour(str(role)),
        )  # fmt: skip
        at += LETTER * (len(str(role)) + 3)
