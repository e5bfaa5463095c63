"""Writes published results, as they were obtained, for people and for programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from markupsafe import Markup

from errorneurons import __version__
from errorneurons.analysis.figures.palette import Style
from errorneurons.analysis.figures.published import Charted, Course, published_panel
from errorneurons.predictions.pages.looks import style_of
from errorneurons.predictions.pages.page import replace_file
from errorneurons.predictions.studies.published import (
    Compared,
    Obtained,
    as_one_dataset,
    compared,
    values_of,
)
from errorneurons.predictions.texts import written
from errorneurons.predictions.words import counted, listed
from errorneurons.simulate.published.result import Case, Effort, ResultPlot
from errorneurons.simulate.store.files import NETCDF, keep
from errorneurons.simulate.theories.registry import THEORIES

_LESS = ", with fewer networks or epochs than published"
_LABELS = {t.name: t.label for t in THEORIES}


@dataclass(frozen=True)
class _Row:
    """A published number beside the one obtained, as text."""

    what: str
    who: str
    published: str
    obtained: str
    range: str
    within: bool


@dataclass(frozen=True)
class _Section:
    """What the page shows of a result."""

    obtained: Obtained
    panels: tuple[tuple[str, Markup], ...]
    rows: tuple[_Row, ...]
    size: str
    wanted: str
    less: bool
    over: str
    within: int
    cannot: tuple[tuple[str, str], ...]


def write_published(
    every: Sequence[Obtained], folder: Path, command: str, seed: int
) -> tuple[Path, list[str]]:
    """Write ``published.html``, ``published.csv`` and a dataset a result; return page and lines.

    Parameters
    ----------
    every
        What was obtained.
    folder
        Where; made if it is not there.
    command
        The command that re-makes it.
    seed
        Seed of everything random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = [_section(one) for one in every]
    for one in every:
        keep(as_one_dataset(one), folder / f"{one.result.name}.nc", NETCDF)
    replace_file(folder / "published.csv", _table(every))
    page = folder / "published.html"
    replace_file(page, render_published(sections, command, seed))
    return page, [_line(s) for s in sections]


def render_published(sections: Sequence[_Section], command: str, seed: int) -> str:
    """Return the page."""
    numbers = sum(len(s.rows) for s in sections)
    inside = sum(s.within for s in sections)
    answer = (
        f"{inside} of {counted(numbers, 'published number')} lie in the range obtained here"
        f"{_LESS if any(s.less for s in sections) else ''}."
        if numbers
        else "No number was published of this; the figures show what was obtained here."
    )
    configuration = {"errorneurons": __version__, "seed": seed}
    return written("published.html", {
        "answer": answer, "sections": sections, "command": command, "configuration": configuration,
    })  # fmt: skip


def _line(section: _Section) -> str:
    result = section.obtained.result
    if not section.rows:
        return f"{result.name:20} {section.size}"
    return f"{result.name:20} {section.within} of {len(section.rows)} published numbers in range"


def _section(obtained: Obtained) -> _Section:
    rows = compared(obtained)
    texts = tuple(_row(obtained, row) for row in rows)
    result = obtained.result
    panels = tuple(
        (panel.title, Markup(_picture(obtained, panel, f"{result.name}-{k}")))
        for k, panel in enumerate(result.panels)
        if _chosen(obtained, panel)
    )
    teachers = obtained.effort.teachers > 1
    return _Section(
        obtained, panels, texts, _size(obtained.effort, len(obtained.cases)),
        _size(result.published, len(result.cases(result.published))),
        obtained.effort != result.published,
        "medians of teachers" if teachers else "quartiles over networks",
        sum(row.within for row in rows),
        _cannot(obtained),
    )  # fmt: skip


def _cannot(obtained: Obtained) -> tuple[tuple[str, str], ...]:
    """Return the theories that take no part, each reason once, with those it holds for."""
    taking = {c.theory for c in obtained.cases}
    names = {n: why for n, why in obtained.result.cannot().items() if n not in taking}
    reasons = dict.fromkeys(names.values())
    return tuple(
        (listed(_LABELS.get(n, n) for n, own in names.items() if own == why), why)
        for why in reasons
    )


def _size(effort: Effort, circuits: int) -> str:
    parts = [counted(circuits, "circuit"), f"{counted(effort.networks, 'network')} each"]
    if effort.teachers > 1:
        parts.append(f"of {counted(effort.teachers, 'teacher')}")
    if effort.epochs > 1:
        parts.append(counted(effort.epochs, "epoch"))
    return ", ".join(parts)


def _row(obtained: Obtained, row: Compared) -> _Row:
    at = ", ".join(f"{dim} {where}" for dim, where in row.figure.at.items())
    return _Row(
        obtained.result.variables[row.figure.variable] + (f", {at}" if at else ""),
        name_of_case(row.case),
        _published(row.figure.value, row.figure.low, row.figure.high),
        _number(row.median),
        f"[{_number(row.low)}, {_number(row.high)}]",
        row.within,
    )


def _published(value: float, low: float, high: float) -> str:
    known = math.isfinite(low) and math.isfinite(high)
    return _number(value) + (f" [{_number(low)}, {_number(high)}]" if known else "")


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "no value"


def name_of_case(case: Case) -> str:
    """Return a case in words."""
    label = _LABELS.get(case.theory, case.theory)
    layers = next((how for how in case.how if isinstance(how, tuple)), ())
    return ", ".join(filter(None, [label, "-".join(map(str, layers)), case.condition]))


def _chosen(obtained: Obtained, panel: ResultPlot) -> list[Case]:
    return [c for c in obtained.cases if not panel.conditions or c.condition in panel.conditions]


def _picture(obtained: Obtained, panel: ResultPlot, key: str) -> str:
    cases = _chosen(obtained, panel)
    several = len({c.condition for c in cases}) > 1
    conditions = list(dict.fromkeys(c.condition for c in cases))
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.theory, case.condition), []).append(case)
    courses = []
    for (theory, condition), own in groups.items():
        label = _LABELS.get(theory, theory)
        said = f"{label}, {condition}" if several and condition else label
        parts = [_points(obtained.found[c.name], panel) for c in own]
        known = [p for p in parts if p is not None]
        if known and all(len(x) == 1 for x, _ in known):  # a point a case: one line through all
            known = [(np.concatenate([x for x, _ in known]),
                      np.concatenate([v for _, v in known], axis=1))]  # fmt: skip
        look, dashed = style_of(theory), conditions.index(condition)
        courses += [Course(said, look, x, values, dashed) for x, values in known]
    drawn = Charted(panel.title, panel.across, panel.label, courses, panel.scale == "log",
                  panel.each, panel.wide, _quoted(obtained, panel, cases))  # fmt: skip
    alt = f"{panel.title}: {panel.label} against {panel.across}, of " + "; ".join(
        f"{c.label} from {_number(float(np.nanmedian(c.values[:, 0])))} to "
        f"{_number(float(np.nanmedian(c.values[:, -1])))}"
        for c in courses
    )
    return published_panel(drawn, key, alt)


def _points(
    found: xr.Dataset, panel: ResultPlot
) -> (
    tuple[
        np.ndarray[tuple[int], np.dtype[np.float64]],
        np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ]
    | None
):
    """Return where a case is drawn, (point,) and (network, point)."""
    inside = panel.along in found[panel.variable].dims
    values = values_of(found, panel.variable, panel.at, panel.along if inside else "")
    if values is None:
        return None
    if inside:
        return (
            found[panel.along].values.astype(float),
            values.transpose("network", panel.along).values,
        )
    return np.array([float(found[panel.along])]), values.values[:, None]


def _quoted(
    obtained: Obtained, panel: ResultPlot, cases: Sequence[Case]
) -> list[tuple[Style, list[float], list[float]]]:
    """Return the published points of a panel, of each case."""
    known = {c.name: c.theory for c in cases}
    points: dict[str, tuple[list[float], list[float]]] = {}
    for figure in obtained.result.figures:
        if figure.case in known and figure.variable == panel.variable:
            found = obtained.found[figure.case]
            at = figure.at.get(panel.along)
            where = float(found[panel.along]) if at is None else float(at)
            x, y = points.setdefault(figure.case, ([], []))
            x.append(where)
            y.append(figure.value)
    return [(style_of(known[case]), x, y) for case, (x, y) in points.items()]


def _table(every: Sequence[Obtained]) -> str:
    """Return a line a published number."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ("result", "case", "theory", "variable", "at", "published", "published_low",
         "published_high", "obtained", "low", "high", "within")
    )  # fmt: skip
    for one in every:
        for row in compared(one):
            figure = row.figure
            at = " ".join(f"{k}={v}" for k, v in figure.at.items())
            known = [x if math.isfinite(x) else "" for x in (figure.low, figure.high)]
            table.writerow(
                (one.result.name, row.case.name, row.case.theory, figure.variable, at,
                 figure.value, *known, row.median, row.low, row.high, row.within)
            )  # fmt: skip
    return text.getvalue()
