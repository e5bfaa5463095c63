"""What a recording is and holds, as the first thing on its page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from errorneurons.analysis.figures.in_time import activity_in_time, recorded_roles
from errorneurons.predictions.judging.readiness import Ready
from errorneurons.predictions.pages.cards import Legend, legend_of, roles_of
from errorneurons.predictions.studies.findings import Report
from errorneurons.predictions.studies.holdings import Holdings
from errorneurons.predictions.words import listed, number


@dataclass(frozen=True)
class _Shown:
    """What the page shows of a recording before any verdict."""

    held: Holdings
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    svg: Markup | None
    legend: tuple[Legend, ...]
    roles: tuple[tuple[str, str], ...]
    over: str
    ready: Ready | None


def holdings_section(report: Report) -> _Shown | None:
    """Return what the page shows of a recording; None of theories."""
    held = report.holdings
    if held is None:
        return None
    heads = ("Area", *(_of_role(role) for role in held.roles), f"Mean activity [{held.units}]")
    rows = tuple(
        (
            area.name,
            *(f"{area.units.get(role, 0):,}" for role in held.roles),
            f"{number(area.middle)} [{number(area.low)}, {number(area.high)}]",
        )
        for area in held.areas
    )
    picture = held.picture
    if picture is None:
        return _Shown(held, heads, rows, None, (), (), "", report.ready)
    conditions = listed(str(c) for c in picture["condition"].values)
    alt = f"Mean activity in time of {listed(recorded_roles(picture))} units, in {conditions}."
    svg = Markup(activity_in_time(picture, "activity-held", alt))
    over = str(picture.attrs["over"])
    return _Shown(
        held, heads, rows, svg, legend_of([picture]), roles_of([picture]), over, report.ready
    )


def _of_role(role: str) -> str:
    return {"unknown": "Unlabelled units"}.get(role, f"{role.capitalize()} units")
