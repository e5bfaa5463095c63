"""Writes a plan for people: a page, a table and a paragraph for a grant application."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from errorneurons import __version__
from errorneurons.analysis.evidence.power import smallest_design
from errorneurons.analysis.figures import evidence as plots
from errorneurons.predictions.claims.registry import MANIPULATIONS
from errorneurons.predictions.comparing.plan import TARGETS, Planned, best_design
from errorneurons.predictions.comparing.sentences import NAMED
from errorneurons.predictions.judging.measured import FEWEST_ANIMALS
from errorneurons.predictions.pages.page import replace_file
from errorneurons.predictions.texts import one_paragraph, written
from errorneurons.predictions.words import cells_in_words, counted, listed, number


@dataclass(frozen=True)
class Line:
    """A design in the table of the plan, as text."""

    animals: int
    cells: int
    trials: int
    right: str
    interval: str
    smooth: str
    cost: str


def write_plan(planned: Planned, folder: Path, command: str) -> tuple[Path, list[str]]:
    """Write ``plan.html`` and ``plan.csv``; return the page's path and lines for the terminal.

    Parameters
    ----------
    planned
        What `comparing.plan.plan` returns.
    folder
        Where; made if it is not there. Files are written beside their names and then renamed.
    command
        The command that re-makes the plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "plan.csv", planned.points.to_csv(index=False, float_format="%.4f"))
    page = folder / "plan.html"
    replace_file(page, render_plan(planned, command))
    return page, [plan_answer(planned), "", *_table_text(planned), "", paragraph(planned)]


def render_plan(planned: Planned, command: str) -> str:
    """Return the page of a plan: one self-contained HTML document.

    Parameters
    ----------
    planned
        What `comparing.plan.plan` returns.
    command
        The command that re-makes it.
    """
    grid, question = planned.grid, planned.question
    return written(
        "plan.html",
        {
            "answer": plan_answer(planned),
            "paragraph": paragraph(planned),
            "classes": _classes(planned),
            "lines": _lines(planned),
            "gains": _gains(planned),
            "alone": grid.alone,
            "gains_caption": _gains_caption(planned) if len(planned.gains) else "",
            **_pictures(planned),
            "command": command,
            "configuration": {
                "errorneurons": __version__,
                "theories": ", ".join(question.labels),
                "seed": question.animals.seed,
                "worlds": len(question.animals.of_worlds),
                "networks of a world": question.animals.count,
                "instrument": grid.signal,
                "costs given": ", ".join(f"{n}={c:g}" for n, c in question.costs.items()) or "none",
                "areas": ", ".join(map(str, grid.areas)),
                "manipulations": ", ".join(grid.manipulations) or "none",
                "outcome-error experiment": "no" if grid.alone else "yes",
                "false labels": f"{grid.label_error[0]:.0%} {_percent(*grid.label_error[1:])}",
            },
        },
    )


def plan_answer(planned: Planned) -> str:
    """Return the plan in a sentence: the smallest designs that reach each target."""
    best = planned.points.sort_values("smooth").iloc[-1]
    count = len(planned.question.theories)
    whom = _theories(planned) if count <= NAMED else f"the {count} theories compared"
    return (
        f"{_in_short(planned)} Among {whom}: {_smallest(planned)}. The best design that was tried "
        f"singles out the true theory in {float(best['right']):.1%} of virtual experiments."
        f"{_few(planned)}"
    )


def _in_short(planned: Planned) -> str:
    """Return how many animals it takes, in a sentence short enough for a headline."""
    reached: dict[int, list[str]] = {}
    for target, found in planned.smallest.items():
        if found:
            reached.setdefault(int(found["animals"]), []).append(f"{target:.0%}")
    if not reached:
        return "No design that was tried tells these theories apart often enough."
    takes = [f"{counted(n, 'animal')} in {listed(t)}" for n, t in reached.items()]
    return f"To single out the true theory takes {listed(takes)} of virtual experiments."


def _smallest(planned: Planned) -> str:
    """Return the smallest design for each target; targets that one design reaches, together."""
    reached: dict[str, list[str]] = {}
    for target in TARGETS:
        found = planned.smallest[target]
        reached.setdefault(_size(found) if found else "", []).append(f"{target:.0%}")
    missed = listed(reached.pop("", []))
    parts = [f"{size} for {listed(targets)}" for size, targets in reached.items()]
    return "; ".join(parts + [f"no design that was tried reaches {missed}"] * bool(missed))


def _few(planned: Planned) -> str:
    """Return what to know where few animals are advised: the fewest tried, or too few to judge."""
    advised = [found["animals"] for found in planned.smallest.values() if found]
    least = min(planned.grid.affordable)
    tried = f" No design with fewer than {least} animals was tried." if least in advised else ""
    if min(advised, default=math.inf) >= FEWEST_ANIMALS:
        return tried
    return tried + (
        f" With fewer than {FEWEST_ANIMALS} animals theories are weighed, but each claim by itself "
        "stays undecided."
    )


def paragraph(planned: Planned) -> str:
    """Return a paragraph for a grant application."""
    chosen = _advised(planned)
    return one_paragraph("methods/grant", {
        "recording": _recording(planned),
        "size": _size(chosen),
        "areas": len(planned.grid.areas),
        "doing": [MANIPULATIONS[name].words for name in planned.grid.manipulations],
        "version": __version__,
        "theories": _theories(planned),
        "label_error": planned.grid.label_error[0],
        "right": chosen["right"],
        "interval": _percent(chosen["low"], chosen["high"]),
        "classes": _classes(planned),
        "why": _why_so_many(planned, chosen),
    })  # fmt: skip


def _why_so_many(planned: Planned, chosen: Mapping[str, float]) -> str:
    """Return why a grant asks for other numbers of animals than the plan says first."""
    for target in reversed(TARGETS):
        found = planned.smallest[target]
        if found and found["animals"] < min(FEWEST_ANIMALS, chosen["animals"]):
            return (
                f"{counted(int(found['animals']), 'animal')} would single out the true "
                f"theory in {target:.0%}; with fewer than {FEWEST_ANIMALS} no claim can be "
                "tested by itself, so we ask for more."
            )
        if found:
            break
    else:
        return f"No design that was tried reaches {TARGETS[0]:.0%}; this one comes nearest."
    fewer = planned.smallest[TARGETS[0]]
    if fewer and fewer["animals"] < chosen["animals"]:
        enough = counted(int(fewer["animals"]), "animal")
        return f"{enough} would do for {TARGETS[0]:.0%}; this number is for {target:.0%}."
    return ""


def _advised(planned: Planned) -> Mapping[str, float]:
    """Return the smallest design for the highest target, of enough animals to judge claims by.

    If no design with so many animals reaches a target, one with fewer; else the best.
    """
    points = planned.points
    enough = points[points["animals"] >= FEWEST_ANIMALS]
    found = (smallest_design(some, t) for t in reversed(TARGETS) for some in (enough, points))
    return next((one for one in found if one), best_design(points))


def _theories(planned: Planned) -> str:
    return f"the {listed(planned.question.labels.values())}"


def _recording(planned: Planned) -> str:
    calcium = planned.grid.signal == "calcium"
    return "image somata with two photons" if calcium else "record spikes"


def _size(design: Mapping[str, float]) -> str:
    return (
        f"{counted(int(design['animals']), 'animal')} with {cells_in_words(int(design['cells']))} "
        f"and {int(design['trials'])} trials of each stimulus and condition"
    )


def _percent(low: float, high: float) -> str:
    return f"[{low:.0%}, {high:.0%}]"


def _classes(planned: Planned) -> str:
    alike = [members for members in planned.classes if len(members) > 1]
    if not alike:
        return "The largest design can tell every pair of these theories apart."
    labels = planned.question.labels
    groups = "; ".join(listed(labels[name] for name in members) for members in alike)
    return f"Not even the largest design can tell apart: {groups}."


def _lines(planned: Planned) -> list[Line]:
    columns = ("animals", "cells", "trials", "right", "low", "high", "smooth", "cost")
    rows = zip(*(planned.points[name].tolist() for name in columns), strict=True)
    return [
        Line(
            int(a),
            int(c),
            int(t),
            f"{right:.0%}",
            _percent(low, high),
            f"{smooth:.0%}",
            f"{cost:.4g}",
        )
        for a, c, t, right, low, high, smooth, cost in rows
    ]


def _gains(planned: Planned) -> list[tuple[str, str, str, str, str]]:
    """Return what each is worth: words, cost, lost without it, added alone, and for its cost."""
    rows = []
    for name in planned.gains.index:
        own = {column: float(planned.gains.loc[name, column]) for column in planned.gains.columns}
        rows.append((
            MANIPULATIONS[str(name)].words, f"{own['cost']:.3g}", _gain(own["lost"]),
            _gain(own["added"]), _worth(own["added_per_cost"]),
        ))  # fmt: skip
    return rows


def _worth(value: float) -> str:
    """Return percentage points for an animal's cost of 1; nothing where nothing is paid."""
    return number(100 * value) if math.isfinite(value) else "costs nothing"


def _gain(value: float) -> str:
    """Return a gain in percent with its sign; nothing is neither more nor less."""
    return f"{value:+.0%}" if round(100 * value) else "0%"


def _gains_caption(planned: Planned) -> str:
    alone, everything = (float(planned.gains[name].iloc[0]) for name in ("ungrouped", "everything"))
    return (
        f"What each manipulation is worth at {_size(planned.gains_at)}, as how often the "
        f"true theory is singled out: {alone:.0%} by recording alone, {everything:.0%} with all"
    )


def _pictures(planned: Planned) -> dict[str, Markup | float]:
    """Return the curves of power and the map of designs, and at how many trials the map is."""
    points, lines = planned.points, _lines(planned)
    alt = "How often the true theory is singled out: " + "; ".join(
        f"{x.animals} animals, {x.cells} cells, {x.trials} trials {x.right}" for x in lines
    )
    trials = float(points["trials"].max())
    return {
        "curves": Markup(plots.power_curves(points, "power", alt)),
        "map": Markup(plots.design_map(points, trials, "map", alt)),
        "trials": trials,
    }


def _table_text(planned: Planned) -> list[str]:
    head = f"{'animals':>7} {'cells':>6} {'trials':>6} {'cost':>6}   singled out"
    return [head] + [
        f"{x.animals:7d} {x.cells:6d} {x.trials:6d} {x.cost:>6}   {x.right} {x.interval}"
        for x in _lines(planned)
    ]
