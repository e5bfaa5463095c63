"""Tables and figures of `error_rates.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from errorneurons.analysis.figures.palette import FREE_HUES, ROLE_COLOURS
from errorneurons.predictions.claims.claim import Outcome

HUES = {
    0.05: (ROLE_COLOURS["representation"], "o"),
    0.1: (FREE_HUES[2], "s"),
    0.3: (FREE_HUES[0], "^"),
}
"""ICC -> hue and marker, told apart without colour."""
TESTS = {
    "supported": "SUPPORTED", "contradicted": "CONTRADICTED",
    "student_supported": "SUPPORTED by t alone", "coverage": "coverage, t and Fieller",
    "coverage_jackknife": "coverage, jackknife", "sign_flip": "sign-flip",
    "sign_flip_attainable": "attainable",
}  # fmt: skip
RULE = {f"rule_{o.lower()}": str(o) for o in Outcome}
NAMES = {"label_error": "label error"}
FONT = 11


def tables(table: pd.DataFrame, nested: pd.DataFrame) -> str:
    """Return all tables as Markdown."""
    main = table[table["group"] == "symmetric"]
    threshold = table[(table["effect"] == 0) & (table["group"] != "symmetric")]
    failing = table[table["breaches"] != ""]
    off = table[table["effect"] != 0]
    at = table[table["effect"] == 0]
    parts = [
        ("By animals", _ranges(main, ["label_error", "animals"], TESTS)),
        ("By cells", _ranges(main, ["label_error", "cells"], TESTS)),
        ("Variants", _ranges(threshold, ["group", "label_error", "animals"], TESTS)),
        ("Cells as n", _cells_as_n(main)),
        ("The whole rule at the threshold", _ranges(at, ["group", "label_error"], RULE)),
        ("The whole rule off the threshold", _ranges(off, ["group", "animals"], RULE)),
        ("Secondary methods", _nested(nested)),
        (f"Outside the bounds: {len(failing)} of {len(at)} lines", _failing(failing)),
    ]
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts)


def _range(values: pd.Series) -> str:
    low, high = (f"{v:.3f}".lstrip("0") for v in (values.min(), values.max()))
    return low if low == high else f"{low}-{high}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _ranges(table: pd.DataFrame, by: list[str], columns: dict[str, str]) -> str:
    """Return the range of every column over the lines that agree in `by`, and how many breach."""
    breach = table["breaches"].str.contains("rule" if columns is RULE else ".")
    rows = [
        [*key, *(_range(part[c]) for c in columns), f"{breach[part.index].sum()}/{len(part)}"]
        for key, part in table.groupby(by, sort=False)
    ]
    return _markdown([*(NAMES.get(b, b) for b in by), *columns.values(), "outside"], rows)


def _cells_as_n(table: pd.DataFrame) -> str:
    rows = [
        [icc, cells, *(_range(part[part["animals"] == a]["cells_two_sided"]) for a in (6, 20))]
        for (icc, cells), part in table.groupby(["icc", "cells"])
    ]
    return _markdown(["ICC", "cells", "6 animals", "20 animals"], rows)


def _nested(table: pd.DataFrame) -> str:
    columns = ["animals", "icc", "coverage", "coverage_bootstrap", "coverage_mixed"]
    return _markdown(columns, [[f"{row[c]:.3g}" for c in columns] for _, row in table.iterrows()])


def _failing(table: pd.DataFrame) -> str:
    columns = ["group", "animals", "cells", "icc", "label_error", "skewness", "breaches"]
    rows = [
        [f"{row[c]:.2f}" if c == "skewness" else row[c] for c in columns]
        for _, row in table.iterrows()
    ]
    return _markdown(columns, rows)


def figures(table: pd.DataFrame, folder: Path) -> None:
    """Draw the figures into a folder."""
    main = table[table["group"] == "symmetric"]
    by_pi = {f"label error {100 * pi:.0f} %": part for pi, part in main.groupby("label_error")}
    names = ["skewed", "log-normal", "heavy tails", "two stimuli", "two trials", "threshold .8"]
    sure = table[table["label_error"] == 0]
    by_group = {name: sure[sure["group"] == name] for name in names}
    _error_rates(by_pi, by_pi).savefig(folder / "error_rates.png", dpi=100)
    _error_rates(by_group).savefig(folder / "error_rates_variants.png", dpi=100)
    _coverage(by_pi).savefig(folder / "coverage.png", dpi=100)


def _error_rates(
    panels: dict[str, pd.DataFrame], pooled: dict[str, pd.DataFrame] | None = None
) -> Figure:
    """Draw wrong answers of the test, and of cells as n in a second row, against animals."""
    rows = 2 if pooled else 1
    figure = Figure(figsize=(3.3 * len(panels), 3.4 * rows + 0.6), layout="constrained")
    grid = figure.subplots(rows, len(panels), sharey="row", squeeze=False)
    top = max(part[["supported", "contradicted"]].to_numpy().max() for part in panels.values())
    for axes, (title, part) in zip(grid[0], panels.items(), strict=True):
        _panel(axes, part, ["supported", "contradicted"], title)
        _bounds(axes, 0.05, 0.035, 0.065)
        axes.set_ylim(0, max(0.1, 1.1 * top))
    grid[0, 0].set_ylabel("rate of a wrong answer,\none number an animal (share)", fontsize=FONT)
    if pooled:
        for axes, (title, part) in zip(grid[1], pooled.items(), strict=True):
            _panel(axes, part, ["cells_two_sided"], title)
            _bounds(axes, 0.05, 0.05, 0.05)
            axes.set_ylim(0, 1)
        label = "rate of a wrong answer,\ncells as n, two-sided (share)"
        grid[1, 0].set_ylabel(label, fontsize=FONT)
    _legend(figure, grid[0, 0], "solid and filled: SUPPORTED; dashed and hollow: CONTRADICTED")
    return figure


def _coverage(panels: dict[str, pd.DataFrame]) -> Figure:
    """Draw the coverage of both intervals against animals."""
    figure = Figure(figsize=(3.3 * len(panels), 4.0), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True)
    for axes, (title, part) in zip(grid, panels.items(), strict=True):
        _panel(axes, part, ["coverage", "coverage_jackknife"], title)
        _bounds(axes, 0.95, 0.93, 0.97)
    grid[0].set_ylabel("coverage of the 95 % interval (share)", fontsize=FONT)
    text = "solid and filled: t of D and Fieller of N/M; dashed and hollow: jackknife of N/M"
    _legend(figure, grid[0], text)
    return figure


def _panel(axes: Axes, part: pd.DataFrame, columns: list[str], title: str) -> None:
    """Draw the mean over the designs of an ICC as a line, and every design as a point."""
    animals = sorted(part["animals"].unique())
    place: Callable[[Any], Any] = pd.Series(range(len(animals)), animals).reindex
    for shift, (icc, (hue, marker)) in zip((-0.14, 0.0, 0.14), HUES.items(), strict=True):
        chosen = part[part["icc"] == icc]
        for column, style, face in zip(columns, ("-", "--"), (hue, "white"), strict=False):
            x = place(chosen["animals"]).to_numpy() + shift
            axes.plot(x, chosen[column], marker, color=hue, mfc=face, ms=4, alpha=0.8)
            mean = chosen.groupby("animals")[column].mean()
            at = place(mean.index).to_numpy() + shift
            label = f"ICC {icc:g}" if column == columns[0] else None
            axes.plot(at, mean, style, color=hue, lw=1.6, marker=marker, mfc=face, ms=0.1,
                      label=label)  # fmt: skip
    axes.set_xticks(range(len(animals)), animals, fontsize=FONT)
    axes.set_xlabel("animals (number)", fontsize=FONT)
    axes.set_title(title, fontsize=FONT)
    axes.spines[["top", "right"]].set_visible(False)


def _bounds(axes: Axes, nominal: float, low: float, high: float) -> None:
    axes.axhspan(low, high, color="#000000", alpha=0.08, lw=0)
    axes.axhline(nominal, color="#555555", lw=0.9, ls=":")


def _legend(figure: Figure, axes: Axes, text: str) -> None:
    handles, labels = axes.get_legend_handles_labels()
    for handle in handles:
        handle.set_markersize(5)
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=FONT, title=text,
                  title_fontsize=FONT, frameon=False)  # fmt: skip
