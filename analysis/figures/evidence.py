"""Figures of the evidence between theories and of the power of designs, as SVG for the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from errorneurons.analysis.figures.palette import Style, theory_style
from errorneurons.analysis.figures.sheet import (
    DASHES,
    SMALL,
    WIDTH,
    Dashes,
    as_svg,
    axes_at,
    blank,
    name_axis,
    pixels_at,
    settings,
    write,
)
from errorneurons.analysis.figures.svg import HOLDS, INK, MUTED, PALE, PAPER
from errorneurons.analysis.figures.traces import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from errorneurons.analysis.statistics import Floats

FAINT = 0.55
"""Opacity of a full cell of a heat map: the text on it is legible on light and on dark."""
_SHOWN = 0.02
HUES = ("#029e73", "#cc78bc", "#de8f05", "#56b4e9", "#ca9161", "#949494")
MARKERS = "osD^vp"
QUARTERS = ([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
ACROSS = ("axes fraction", "data")
"""At a share of the width, and at a value on the upright axis."""


def posterior_bars(
    posterior: Mapping[str, float],
    kept: Collection[str],
    labels: Mapping[str, str],
    key: str,
    alt: str,
) -> str:
    """Draw the probability of each theory as a bar with its number.

    Parameters
    ----------
    posterior
        Theory -> probability, top to bottom.
    kept
        The theories that stay; the bars of the others are pale, and say so.
    labels
        Theory -> its name on the page; theories without an entry keep theirs.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element.
    """
    with settings(key):
        figure, axes = _unit_rows(len(posterior), 38.0, 40.0, "posterior probability")
        for at, (name, value) in enumerate(posterior.items()):
            style, opacity = theory_style(name), 1.0 if name in kept else 0.45
            axes.barh(at + 0.68, 1, 0.34, color=PALE, alpha=0.3, linewidth=0)
            axes.barh(at + 0.68, value, 0.34, color=style.colour, alpha=opacity, linewidth=0)
            _marker(axes, 0.012, at + 0.27, style)
            axes.text(0.045, at + 0.28, _label(name, labels), va="center", size=SMALL)
            said = _percent(value) + ("" if name in kept else ", ruled out")
            axes.text(1, at + 0.28, said, va="center", ha="right", size=SMALL)
        return as_svg(figure, key, alt)


def recovery_matrix(
    table: pd.DataFrame, found: str, labels: Mapping[str, str], key: str, alt: str
) -> str:
    """Draw true theory x what was found, as a heat map with its percentages.

    Parameters
    ----------
    table
        Shares in [0, 1]; rows and columns are theories, in the same order.
    found
        What the columns are, for example ``"most probable theory"``.
    labels
        Theory -> its name on the page; theories without an entry keep theirs.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Rows and columns have the numbers of the list below.
    """
    with settings(key):
        names = [str(name) for name in table.index]
        left, step, top, legend = 56.0, 26.0, 40.0, _legend_height(len(names))
        bottom = legend + 10
        figure = blank(top + step * len(names) + bottom)
        axes = axes_at(figure, left, bottom, WIDTH - left - 8, step * len(names))
        _heat(axes, table.to_numpy(float))
        _column_heading(axes, f"{found} [%]", 0.0, 24)
        _column_heading(axes, "true", -left + 6, 24)
        for at, name in enumerate(names):
            middle, look = at + 0.5, theory_style(name)
            axes.text(middle, -0.2, f"{at + 1}", ha="center", size=SMALL)
            write(axes, f"{at + 1}", (0, middle), (-28, 0), ACROSS, ha="right", va="center")
            _marker(axes, -14.0 * len(names) / (WIDTH - left - 8), middle, look)
        entries = [(f"{at} {_label(n, labels)}", theory_style(n)) for at, n in enumerate(names, 1)]
        _legend(figure, entries, legend)
        return as_svg(figure, key, alt)


def calibration_points(curve: pd.DataFrame, key: str, alt: str) -> str:
    """Draw how often a theory was right that was given a probability.

    Parameters
    ----------
    curve
        As `recovery.calibration_curve` returns it.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. The number beside a point is that of its virtual experiments.
    """
    with settings(key):
        figure = blank(304.0)
        axes = axes_at(figure, 62.0, 46.0, WIDTH - 86.0, 244.0)
        _unit_axis(axes, "posterior of the most probable theory")
        axes.set_ylim(-0.02, 1.04)
        _unit_ticks(axes, "it was the true one")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, dashes=(3, 2))
        said = "dashed: as often as said"
        write(axes, said, (1, 0.03), (0, 0), "data", color=MUTED, ha="right")
        for at, share, low, high, count in curve.to_numpy(float):
            axes.plot([at, at], [low, high], color=INK, linewidth=1.6)
            axes.plot([at], [share], "o", color=INK, markersize=6.5)
            below = share > 0.5
            end, up, stands = (low, -4, "top") if below else (high, 4, "bottom")
            aligned = "right" if at > 0.93 else "center"
            write(axes, f"{count:,.0f}", (at, end), (0, up), "data", ha=aligned, va=stands)
        return as_svg(figure, key, alt)


def left_out_points(table: pd.DataFrame, labels: Mapping[str, str], key: str, alt: str) -> str:
    """Draw the probabilities of the theories without each claim in turn.

    Parameters
    ----------
    table
        ``left_out``, ``theory``, ``posterior``, ``kept``, see `evidence.leave_one_claim_out`.
    labels
        Claim, or theory -> words for it; those without an entry keep their names.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. A theory has a line of its own if it ever reaches two per cent. Hollow
        markers are theories that are ruled out.
    """
    with settings(key):
        highest = table.groupby("theory", sort=False)["posterior"].max()
        names = [str(name) for name in highest.index[highest > _SHOWN]]
        claims = list(dict.fromkeys(table["left_out"]))
        legend, axis = _legend_height(len(names)), "posterior probability; hollow: ruled out"
        figure, axes = _unit_rows(len(claims), 40.0, 42.0 + legend, axis)
        for at, claim in enumerate(claims):
            words = f"without: {labels.get(claim, claim)}" if claim else "with every claim"
            _row_line(axes, at, shortened(words, 50))
            own = table[(table["left_out"] == claim) & table["theory"].isin(names)]
            for row in own.sort_values("posterior").itertuples():
                style = theory_style(str(row.theory))
                _marker(axes, float(row.posterior), at + 0.7, style, hollow=not row.kept, size=9.0)
        _legend(figure, [(_label(name, labels), theory_style(name)) for name in names], legend)
        return as_svg(figure, key, alt)


def step_points(rows: Sequence[tuple[str, float, float, float]], key: str, alt: str) -> str:
    """Draw the probability of the right verdict of some designs, one below the other.

    Parameters
    ----------
    rows
        Title, probability, and both ends of its interval, top to bottom.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element.
    """
    with settings(key):
        figure, axes = _unit_rows(len(rows), 40.0, 42.0, "probability of the right verdict")
        for at, (title, right, low, high) in enumerate(rows):
            _row_line(axes, at, shortened(title, 42), f"{right:.0%}")
            axes.plot([low, high], [at + 0.7] * 2, color=INK, linewidth=2)
            _marker(axes, right, at + 0.7, Style(HOLDS, "o"), size=8.0)
        return as_svg(figure, key, alt)


def power_curves(
    points: pd.DataFrame, key: str, alt: str, targets: Sequence[float] = (0.8, 0.95)
) -> str:
    """Draw the probability of the right verdict against animals, a line for cells x trials.

    Parameters
    ----------
    points
        See `power.probability_right`.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.
    targets
        Probabilities that are marked.

    Returns
    -------
        An ``<svg>`` element. Points and intervals are what was found, lines are smoothed so that
        more is never worse. Hue and marker say how many cells, dashes how many trials.
    """
    with settings(key):
        sizes = [(c, t) for c, t in points[["cells", "trials"]].drop_duplicates().values.tolist()]
        cells, trials = (sorted(set(column)) for column in zip(*sizes, strict=True))
        legend = 17.0 * len(sizes) + 8
        bottom = 46.0 + legend
        figure = blank(230.0 + bottom + 8)
        axes = axes_at(figure, 62.0, bottom, WIDTH - 74.0, 230.0)
        animals = np.sort(points["animals"].unique())
        axes.set_xlim(animals[0] - 0.5, animals[-1] + 0.5)
        axes.set_xticks(animals[:: -(-len(animals) // 9)])
        axes.tick_params(axis="x", labelsize=SMALL)
        name_axis(axes, "animals")
        axes.set_ylim(-0.02, 1.03)
        _unit_ticks(axes, "right verdict")
        for target in targets:
            axes.axhline(target, color=MUTED, linewidth=1, dashes=(3, 2))
            write(axes, _percent(target), (0, target), (3, 2), ACROSS, color=MUTED)
        for at, (cell, trial) in enumerate(sizes):
            look, dash = cells.index(cell) % len(HUES), DASHES[trials.index(trial) % len(DASHES)]
            style = Style(HUES[look], MARKERS[look])
            own = points[(points["cells"] == cell) & (points["trials"] == trial)]
            shift = 0.22 * ((at + 0.5) / len(sizes) - 0.5)
            _curve(axes, own.sort_values("animals"), style, dash, shift)
            words = f"{cell:g} cells, {trial:g} trials"
            _legend_line(figure, words, style, dash, legend - 17.0 * at - 12)
        return as_svg(figure, key, alt)


def design_map(points: pd.DataFrame, trials: float, key: str, alt: str) -> str:
    """Draw animals x cells, the probability of the right verdict as a heat map, at some trials.

    Parameters
    ----------
    points
        See `power.probability_right`.
    trials
        Which of the trials.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element, smoothed values in per cent; most cells on top.

    Raises
    ------
    ValueError
        If no design has this number of trials.
    """
    own = points[points["trials"] == trials]
    if own.empty:
        known = ", ".join(f"{n:g}" for n in sorted(points["trials"].unique()))
        raise ValueError(f"no design has {trials:g} trials, only {known}")
    with settings(key):
        table = own.pivot_table(index="cells", columns="animals", values="smooth")
        table = table.sort_index(ascending=False)
        step, left, top, bottom = 30.0, 64.0, 26.0, 40.0
        figure = blank(top + step * len(table) + bottom)
        axes = axes_at(figure, left, bottom, WIDTH - left - 8, step * len(table))
        _heat(axes, table.to_numpy(float))
        axes.set_xticks(np.arange(table.shape[1]) + 0.5, [f"{a:g}" for a in table], size=SMALL)
        axes.set_yticks(np.arange(len(table)) + 0.5, [f"{c:g}" for c in table.index], size=SMALL)
        axes.tick_params(length=0)
        name_axis(axes, "animals")
        axes.set_ylabel("cells", size=SMALL, labelpad=4)
        _column_heading(axes, f"right verdict [%], {trials:g} trials", 0.0, 8)
        return as_svg(figure, key, alt)


def _unit_rows(count: int, step: float, bottom: float, words: str) -> tuple[Figure, Axes]:
    """Return a figure of rows of one height above an axis from 0 to 100 %, the first on top."""
    figure = blank(step * count + bottom + 2)
    axes = axes_at(figure, 10.0, bottom, WIDTH - 34.0, step * count)
    _unit_axis(axes, words)
    axes.set_ylim(count, 0)
    axes.set_yticks([])
    return figure, axes


def _row_line(axes: Axes, at: int, left: str, right: str = "") -> None:
    """Write above the line of a row, and draw the line."""
    axes.text(0, at + 0.26, left, va="center", size=SMALL)
    if right:
        axes.text(1, at + 0.26, right, va="center", ha="right", size=SMALL)
    axes.plot([0, 1], [at + 0.7] * 2, color=PALE, linewidth=1)


def _column_heading(axes: Axes, words: str, right: float, up: float) -> None:
    write(axes, words, (0, 1), (right, up), weight="bold")


def _heat(axes: Axes, values: Floats) -> None:
    """Fill cells in one hue, the fuller the larger, with the percentage in each."""
    rows, columns = values.shape
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.barh(
                row + 0.5, 0.94, 0.92, left=column + 0.03, color=HOLDS, linewidth=0,
                alpha=FAINT * float(value),
            )  # fmt: skip
            strong = value >= 0.5
            axes.text(
                column + 0.5, row + 0.5, f"{100 * value:.0f}", ha="center", va="center_baseline",
                size=SMALL if strong else 11.5, color=INK if strong else MUTED,
                weight="bold" if strong else "normal",
            )  # fmt: skip
    axes.plot([0, columns, columns, 0, 0], [0, 0, rows, rows, 0], color=PALE, clip_on=False)


def _curve(axes: Axes, own: pd.DataFrame, style: Style, dash: Dashes, shift: float) -> None:
    x = own["animals"].to_numpy(float)
    axes.plot(x, own["smooth"], color=style.colour, linestyle=dash, linewidth=1.8)
    axes.vlines(x + shift, own["low"], own["high"], color=style.colour, linewidth=1.3, alpha=0.8)
    axes.plot(
        x + shift, own["right"], style.marker, color=style.colour, markersize=5.5,
        markeredgecolor=PAPER, markeredgewidth=0.8, clip_on=False,
    )  # fmt: skip


def _unit_axis(axes: Axes, words: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks(*QUARTERS, size=SMALL)
    name_axis(axes, words)


def _unit_ticks(axes: Axes, words: str) -> None:
    axes.set_yticks(*QUARTERS, size=SMALL)
    axes.set_ylabel(words, size=SMALL, labelpad=0)
    axes.grid(axis="y", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)


def _marker(
    axes: Axes, x: float, y: float, style: Style, *, hollow: bool = False, size: float = 8.0
) -> None:
    axes.plot(
        [x], [y], style.marker, color=style.colour, markersize=size, clip_on=False, zorder=4,
        markerfacecolor=PAPER if hollow else style.colour, markeredgewidth=1.4,
    )  # fmt: skip


def _legend_height(entries: int) -> float:
    return 18.0 * entries + 4


def _legend(figure: Figure, entries: Sequence[tuple[str, Style]], height: float) -> None:
    """Name markers, one below the other, at the foot of the figure."""
    axes = pixels_at(figure, height)
    for at, (label, style) in enumerate(entries):
        y = height - 12.0 - 18.0 * at
        _marker(axes, 14.0, y, style)
        axes.text(26.0, y, label, va="center", size=SMALL)


def _legend_line(figure: Figure, words: str, style: Style, dash: Dashes, y: float) -> None:
    axes = pixels_at(figure, 20.0 + y)
    axes.plot([54, 96], [y, y], color=style.colour, linestyle=dash, linewidth=1.8)
    _marker(axes, 75, y, style, size=6.0)
    axes.text(106, y, words, va="center", size=SMALL)


def _label(name: str, labels: Mapping[str, str]) -> str:
    return shortened(labels.get(name, name.replace("_", " ")), 40)


def _percent(value: float) -> str:
    if 0 < value < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < value < 1 else f"{100 * value:.0f} %"
