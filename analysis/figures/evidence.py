"""Figures of the evidence between theories and of the power of designs, as SVG for the page.

A theory has the look that it is given; one without is drawn by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from errorneurons.analysis.figures.palette import FREE_HUES, Style, drawn_style
from errorneurons.analysis.figures.sheet import (
    ACROSS,
    DASHES,
    HOLDS,
    INK,
    MUTED,
    PALE,
    PAPER,
    SMALL,
    as_svg,
    blank,
    legend,
    mark,
    name_rows,
    rows,
    sample,
    settings,
    write_words,
)
from errorneurons.analysis.figures.traces import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 0.55
"""Opacity of a full cell of a heat map: the text on it is legible on light and on dark."""
_SHOWN = 0.02
ENTRY = 18.0
"""Height of a line of a legend [px]."""
HUES = (FREE_HUES[4], FREE_HUES[0], FREE_HUES[2], FREE_HUES[1], FREE_HUES[3], FREE_HUES[5])
MARKERS = "osD^vp"
QUARTERS = ([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
Looks = Mapping[str, tuple[str, Style]]
"""Theory -> its name on the page, and its look."""


def posterior_bars(
    posterior: Mapping[str, float], kept: Collection[str], looks: Looks, key: str, alt: str
) -> str:
    """Draw the probability of each theory as a bar with its number.

    Parameters
    ----------
    posterior
        Theory -> probability, top to bottom.
    kept
        The theories that stay; the bars of the others are pale, and say so.
    looks
        Names and looks of the theories.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element.
    """
    import seaborn as sns

    names, colours = list(posterior), {n: _style(n, looks).colour for n in posterior}
    with settings(key):
        figure, axes = rows(len(names), 38.0, 42.0)
        axes.set_yticks(range(len(names)))
        axes.barh(range(len(names)), 1, 0.34, color=PALE, alpha=0.3, linewidth=0)
        sns.barplot(
            x=list(posterior.values()), y=names, hue=names, palette=colours, orient="h", width=0.34,
            saturation=1, errorbar=None, legend=False, ax=axes,
        )  # fmt: skip
        for bar, name in zip(axes.patches[len(names) :], names, strict=True):
            bar.set_alpha(1.0 if name in kept else 0.45)
        said = [_percent(posterior[n]) + ("" if n in kept else ", ruled out") for n in names]
        name_rows(axes, [_label(name, looks) for name in names], said, (16, 8))
        for row, name in enumerate(names):
            mark(axes, _style(name, looks), (0, row), (6, 14))
        axes.set(ylim=(len(names) - 0.7, -0.7), yticks=[], ylabel="")
        _unit_axis(axes, "posterior probability")
        return as_svg(figure, key, alt)


def recovery_matrix(table: pd.DataFrame, found: str, looks: Looks, key: str, alt: str) -> str:
    """Draw true theory x what was found, as a heat map with its percentages.

    Parameters
    ----------
    table
        Shares in [0, 1]; rows and columns are theories, in the same order.
    found
        What the columns are, for example ``"most probable theory"``.
    looks
        Names and looks of the theories.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. Rows and columns have the numbers of the list below.
    """
    with settings(key):
        names = [str(name) for name in table.index]
        figure = blank((26 + ENTRY) * len(names) + 58, arranged=True)
        axes = figure.subplots()
        numbers = [str(at) for at in range(1, len(names) + 1)]
        _heat(axes, pd.DataFrame(table.to_numpy(float), numbers, numbers))
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.tick_params(axis="y", pad=20)
        axes.set_xlabel(f"{found} [%]", weight="bold")
        axes.set_ylabel("true theory", weight="bold")
        for row, name in enumerate(names):
            mark(axes, _style(name, looks), (0, row + 0.5), (-11, 0))
        words = [f"{at} {_label(name, looks)}" for at, name in zip(numbers, names, strict=True)]
        legend(figure, [sample(_style(name, looks)) for name in names], words)
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
    import seaborn as sns

    with settings(key):
        figure = blank(304.0, arranged=True)
        axes = figure.subplots()
        axes.axline((0, 0), (1, 1), color=MUTED, linewidth=1.2, dashes=(3, 2))
        axes.vlines(curve["said"], curve["low"], curve["high"], color=INK, linewidth=1.6)
        sns.lineplot(curve, x="said", y="found", marker="o", color=INK, markersize=7, linewidth=0.8,
                     markeredgecolor=PAPER, errorbar=None, ax=axes, clip_on=False)  # fmt: skip
        for at, share, low, high, count in curve.to_numpy(float):
            below = share > 0.5
            end, up, stands = (low, -3, "top") if below else (high, 3, "bottom")
            aligned = "right" if at > 0.93 else "center"
            write_words(axes, f"{count:,.0f}", (at, end), (0, up), "data", ha=aligned, va=stands)
        said = "dashed: as often as said"
        write_words(axes, said, (1, 0.03), (0, 0), "data", color=MUTED, ha="right")
        axes.set_ylim(-0.02, 1.04)
        _unit_axis(axes, "posterior of the most probable theory")
        _unit_ticks(axes, "it was the true one")
        return as_svg(figure, key, alt)


def left_out_points(
    table: pd.DataFrame, claims: Mapping[str, str], looks: Looks, key: str, alt: str
) -> str:
    """Draw the probabilities of the theories without each claim in turn.

    Parameters
    ----------
    table
        ``left_out``, ``theory``, ``posterior``, ``kept``, see `robustness.leave_one_claim_out`.
    claims
        Claim -> words for it; those without an entry keep their names.
    looks
        Names and looks of the theories.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element. A theory has a line of its own if it ever reaches two per cent. Hollow
        markers are theories that are ruled out.
    """
    import seaborn as sns

    highest = table.groupby("theory", sort=False)["posterior"].max()
    names = [str(name) for name in highest.index[highest > _SHOWN]]
    left_out = list(dict.fromkeys(table["left_out"]))
    with settings(key):
        figure, axes = rows(len(left_out), 40.0, 46.0 + ENTRY * len(names))
        axes.hlines(range(len(left_out)), 0, 1, color=PALE, linewidth=1)
        for name in names:
            style, own = _style(name, looks), table[table["theory"] == name]
            for kept, face in ((True, style.colour), (False, PAPER)):
                some = own[own["kept"] == kept]
                sns.scatterplot(
                    x=some["posterior"], y=some["left_out"].map(left_out.index), s=80, ax=axes,
                    marker=style.marker, facecolor=face, edgecolor=style.colour, linewidth=1.4,
                    clip_on=False, zorder=4,
                )  # fmt: skip
        words = [f"without: {claims.get(c, c)}" if c else "with every claim" for c in left_out]
        name_rows(axes, [shortened(said, 50) for said in words])
        axes.set(yticks=[], ylabel="")
        _unit_axis(axes, "posterior probability; hollow: ruled out")
        legend(figure, [sample(_style(n, looks)) for n in names], [_label(n, looks) for n in names])
        return as_svg(figure, key, alt)


def step_points(
    designs: Sequence[tuple[str, float, float, float, float]], key: str, alt: str
) -> str:
    """Draw the probability of the right verdict of some designs, one below the other.

    Parameters
    ----------
    designs
        Title, probability, both ends of its interval, and cost, top to bottom.
    key, alt
        Prefix of the ids, unique on the page, and what the figure shows in words.

    Returns
    -------
        An ``<svg>`` element.
    """
    import seaborn as sns

    with settings(key):
        figure, axes = rows(len(designs), 40.0, 46.0)
        titles, right, low, high, cost = zip(*designs, strict=True)
        at = np.arange(len(designs))
        axes.hlines(at, 0, 1, color=PALE, linewidth=1)
        axes.hlines(at, low, high, color=INK, linewidth=2)
        sns.scatterplot(x=right, y=at, s=70, color=HOLDS, linewidth=0, clip_on=False, zorder=4,
                        ax=axes)  # fmt: skip
        said = [
            f"{100 * share:.0f} %" + f", cost {own:.3g}" * (own > 0)
            for share, own in zip(right, cost, strict=True)
        ]
        name_rows(axes, [shortened(t, 38) for t in titles], said)
        _unit_axis(axes, "probability of the right verdict")
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
    import seaborn as sns

    cells, trials = (sorted(set(points[name].tolist())) for name in ("cells", "trials"))
    styles = {c: Style(HUES[k % 6], MARKERS[k % 6]) for k, c in enumerate(cells)}
    dashes = {t: DASHES[k % len(DASHES)] for k, t in enumerate(trials)}
    sizes = [(c, t) for c, t in points[["cells", "trials"]].drop_duplicates().values.tolist()]
    with settings(key):
        figure = blank(290.0 + ENTRY * len(sizes), arranged=True)
        axes = figure.subplots()
        for target in targets:
            axes.axhline(target, color=MUTED, linewidth=1, dashes=(3, 2))
            write_words(axes, _percent(target), (0, target), (3, 2), ACROSS, color=MUTED)
        sns.lineplot(
            points, x="animals", y="smooth", hue="cells", style="trials", errorbar=None, ax=axes,
            palette={c: style.colour for c, style in styles.items()}, legend=False, linewidth=1.8,
            dashes={t: "" if isinstance(d, str) else d[1] for t, d in dashes.items()},
        )  # fmt: skip
        for k, (cell, trial) in enumerate(sizes):
            own = points[(points["cells"] == cell) & (points["trials"] == trial)]
            _found(axes, own, styles[cell], 0.22 * ((k + 0.5) / len(sizes) - 0.5))
        animals = np.sort(points["animals"].unique())
        axes.set_xlim(animals[0] - 0.5, animals[-1] + 0.5)
        axes.set_xticks(animals[:: -(-len(animals) // 9)])
        axes.set(xlabel="animals", ylim=(-0.02, 1.03))
        _unit_ticks(axes, "right verdict")
        words = [f"{c:g} cells, {t:g} trials" for c, t in sizes]
        legend(figure, [sample(styles[c], dashes[t]) for c, t in sizes], words)
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
        figure = blank(30.0 * len(table) + 70.0, arranged=True)
        axes = figure.subplots()
        _heat(axes, table.sort_index(ascending=False))
        axes.set(xlabel="animals", ylabel="cells")
        axes.set_title(
            f"right verdict [%], {trials:g} trials", size=SMALL, weight="bold", loc="left"
        )
        return as_svg(figure, key, alt)


def _heat(axes: Axes, shares: pd.DataFrame) -> None:
    """Fill cells in one hue, the fuller the larger, with the percentage in each."""
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    fill = LinearSegmentedColormap.from_list("fill", [to_rgba(HOLDS, a) for a in (0, FAINT)])
    sns.heatmap(
        100 * shares, vmin=0, vmax=100, cmap=fill, cbar=False, annot=True, fmt=".0f", ax=axes,
        annot_kws={"color": MUTED, "size": 11.5}, linewidths=1.5, linecolor=PAPER,
    )  # fmt: skip
    for text in axes.texts:
        if float(text.get_text()) >= 50:
            text.set(color=INK, size=SMALL, weight="bold")
    for side in axes.spines.values():
        side.set(visible=True, color=PALE)
    axes.tick_params(length=0, rotation=0)


def _found(axes: Axes, own: pd.DataFrame, style: Style, shift: float) -> None:
    """Draw what was found of designs of one size, with its intervals."""
    x = own["animals"].to_numpy(float) + shift
    axes.vlines(x, own["low"], own["high"], color=style.colour, linewidth=1.3, alpha=0.8)
    axes.plot(
        x, own["right"], style.marker, color=style.colour, markersize=5.5, clip_on=False,
        markeredgecolor=PAPER, markeredgewidth=0.8,
    )  # fmt: skip


def _unit_axis(axes: Axes, words: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks(*QUARTERS)
    axes.set_xlabel(words)


def _unit_ticks(axes: Axes, words: str) -> None:
    axes.set_yticks(*QUARTERS)
    axes.set_ylabel(words)
    axes.grid(axis="y", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)


def _style(name: str, looks: Looks) -> Style:
    return looks[name][1] if name in looks else drawn_style(name)


def _label(name: str, looks: Looks) -> str:
    return shortened(looks[name][0] if name in looks else name.replace("_", " "), 40)


def _percent(value: float) -> str:
    if 0 < value < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < value < 1 else f"{100 * value:.0f} %"
