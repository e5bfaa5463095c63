"""The card of a claim: drawing, activity, effect strip and table, with their words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import xarray as xr
from markupsafe import Markup

from errorneurons.analysis.evidence.experiments import bounded_index
from errorneurons.analysis.figures import effects as plots
from errorneurons.analysis.figures import in_time
from errorneurons.analysis.figures.effects import StripRow
from errorneurons.analysis.figures.sheet import DASHES
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.pages.drawing import drawing_svg
from errorneurons.predictions.pages.looks import style_of
from errorneurons.predictions.pages.marks import MARKS, effect
from errorneurons.predictions.pages.matrix import Book, VerdictCell
from errorneurons.predictions.studies.findings import Subject
from errorneurons.predictions.words import amplitude, interval, listed, number
from errorneurons.simulate.theories.registry import THEORIES

_FEW = 3
"""So many are shown side by side; of more, those that matter to the claim stand first."""


@dataclass(frozen=True)
class Trace:
    """The activity of a subject in time."""

    svg: Markup
    subject: Subject


@dataclass(frozen=True)
class Strip:
    """Effects against the threshold, and what the caption needs to know of them."""

    svg: Markup
    shown: bool
    over: str
    levels: str
    expected: bool


@dataclass(frozen=True)
class Legend:
    """How the conditions of a claim are dashed; `dash` is an SVG dash array."""

    label: str
    dash: str


@dataclass(frozen=True)
class _Card:
    """All that the page shows of a claim.

    Of many theories, the one that the claim is made for, the nearest rival and the circuit that
    must contradict it stand first, `near`; `others` unfold, and of those that contradict it the
    activity, which in the rest looks as in the first.
    """

    claim: Claim
    anchor: str
    said: str
    near: tuple[VerdictCell, ...]
    others: tuple[VerdictCell, ...]
    drawing: Markup | None
    strip: Strip | None
    every_strip: Strip | None
    activity: tuple[Trace, ...]
    other_activity: tuple[Trace, ...]
    legend: tuple[Legend, ...]
    roles: tuple[tuple[str, str], ...]
    what: str
    over: str
    columns: tuple[str, ...]
    table: tuple[tuple[str, tuple[str, ...]], ...]
    upright: bool

    @property
    def idle(self) -> bool:
        """Whether the claim cannot be tested on any of those compared."""
        every = (*self.near, *self.others)
        return all(c.verdict.outcome is Outcome.NOT_TESTABLE for c in every)


def card(book: Book, claim: Claim) -> _Card:
    """Return the card of a claim."""
    cells = book.judged(claim)
    near = _near(cells)
    first = {c.subject.name for c in near}
    activity = _activity(book, claim)
    against = {c.subject.name for c in cells if c.verdict.outcome is Outcome.CONTRADICTED}
    shown = [a for _, a in activity]
    traces = [
        _trace(book, claim, s, a) for s, a in activity if s.name in first or s.name in against
    ]
    columns, table, upright = _table(cells)
    compared = tuple(c for c in cells if c.subject.kind != "counter_circuit")
    return _Card(
        claim=claim,
        anchor=book.anchors[claim.key],
        said=_said(compared),
        near=near,
        others=tuple(c for c in compared if c.subject.name not in first),
        drawing=_drawing(claim),
        strip=_strip(book, claim, near, "strip"),
        every_strip=_strip(book, claim, cells, "strips") if len(cells) > len(near) else None,
        activity=tuple(t for t in traces if t.subject.name in first),
        other_activity=tuple(t for t in traces if t.subject.name not in first),
        legend=legend_of(shown),
        roles=roles_of(shown),
        what=str(shown[0]["mean"].attrs.get("long_name", "activity")) if shown else "",
        over=str(shown[0].attrs.get("over", "")) if shown else "",
        columns=columns,
        table=table,
        upright=upright,
    )


def _said(compared: tuple[VerdictCell, ...]) -> str:
    """Return how many of those compared a claim comes to which outcome on; empty for few."""
    if len(compared) <= _FEW:
        return ""
    found = Counter(c.verdict.outcome for c in compared)
    return ", ".join(f"{n} {MARKS[o].word.lower()}" for o in Outcome if (n := found[o]))


def _near(cells: tuple[VerdictCell, ...]) -> tuple[VerdictCell, ...]:
    """Return those shown first: all of few; of many the first, its nearest rival, the breaker."""
    compared = [c for c in cells if c.subject.kind != "counter_circuit"]
    breakers = [c for c in cells if c.breaker and c.subject.kind == "counter_circuit"]
    if len(compared) <= _FEW:
        return (*compared, *breakers)
    first, *others = compared
    kin = {t.name for t in THEORIES if t.variant_of == first.subject.name}
    rivals = [c for c in others if c.subject.name not in kin and number(c.verdict.value, "")]
    at = bounded_index(first.verdict.value, 1.0, 0.0)
    nearest = sorted(
        rivals, key=lambda c: abs(float(bounded_index(c.verdict.value, 1.0, 0.0) - at))
    )
    return (first, *nearest[:1], *breakers)


def _drawing(claim: Claim) -> Markup | None:
    if claim.drawing is None:
        return None
    return Markup(drawing_svg(claim.drawing, f"Drawing of the experiment. {claim.experiment}"))


def _strip(book: Book, claim: Claim, cells: tuple[VerdictCell, ...], prefix: str) -> Strip | None:
    """Draw the effects of all who have one, and what theories expect."""
    shown = [c for c in cells if number(c.verdict.value, "")]
    rows = strip_rows(book, claim, cells)
    if not rows:
        return None
    alt = f"Effect N/M of claim {claim.key}: " + "; ".join(f"{r.label} {r.note}" for r in rows)
    key = f"{prefix}-{book.anchors[claim.key]}"
    svg = plots.effect_strip(rows, claim.threshold, claim.side, key, alt)
    over = listed(sorted({c.verdict.over for c in shown if c.verdict.over}))
    levels = listed(sorted({c.verdict.level for c in shown if c.verdict.level}))
    expected = bool(book.report.expected.get(claim.key))
    return Strip(Markup(svg), bool(shown), over, levels, expected)


def strip_rows(book: Book, claim: Claim, cells: tuple[VerdictCell, ...]) -> list[StripRow]:
    """Return the effects of all who have one, and what theories expect, row by row."""
    labels = {**book.report.labels, **{s.name: s.label for s in book.report.subjects}}
    return [_row(book, c) for c in cells if number(c.verdict.value, "")] + [
        _expected_row(name, labels.get(name, name.replace("_", " ")), ends)
        for name, ends in book.report.expected.get(claim.key, {}).items()
    ]


def _row(book: Book, cell: VerdictCell) -> StripRow:
    verdict, subject = cell.verdict, cell.subject
    return StripRow(
        subject.label,
        f"{effect(verdict)} {cell.mark.symbol}",
        book.looks[subject.name],
        verdict.points,
        verdict.value,
        verdict.low,
        verdict.high,
    )


def _expected_row(name: str, label: str, ends: tuple[float, float]) -> StripRow:
    return StripRow(
        f"Expected: {label}",
        interval(*ends),
        style_of(name),
        low=ends[0],
        high=ends[1],
        expected=True,
    )


def _activity(book: Book, claim: Claim) -> list[tuple[Subject, xr.Dataset]]:
    """Return the activity of those compared and of the circuit built to break the claim."""
    shown = [s for s in book.report.subjects if s.kind != "counter_circuit"]
    shown += [s for s in book.counter_circuits if s.name == claim.counter_circuit]
    found = [(s, book.report.activity.get((claim.key, s.name))) for s in shown]
    return [(s, a) for s, a in found if a is not None and in_time.recorded_roles(a)]


def _trace(book: Book, claim: Claim, subject: Subject, activity: xr.Dataset) -> Trace:
    conditions = listed(str(c) for c in activity["condition"].values)
    roles = listed(f"{r} neurons" for r in in_time.recorded_roles(activity))
    areas = listed(str(a) for a in activity["area"].values)
    alt = f"Activity in time of {subject.label}: {roles} of {areas}, in {conditions}."
    key = f"activity-{book.anchors[claim.key]}-{book.names[subject.name]}"
    svg = in_time.activity_in_time(activity, key, alt)
    return Trace(Markup(svg), subject)


def legend_of(shown: list[xr.Dataset]) -> tuple[Legend, ...]:
    """Return one entry a condition, dashed as in the figures."""
    if not shown:
        return ()
    labels = [str(c) for c in shown[0]["condition"].values]
    dashes = [DASHES[i % len(DASHES)] for i in range(len(labels))]
    arrays = ["" if isinstance(d, str) else " ".join(f"{x * 1.7:g}" for x in d[1]) for d in dashes]
    return tuple(Legend(label, array) for label, array in zip(labels, arrays, strict=True))


def roles_of(shown: list[xr.Dataset]) -> tuple[tuple[str, str], ...]:
    """Return role -> how the legend calls its neurons."""
    roles = dict.fromkeys(role for a in shown for role in in_time.recorded_roles(a))
    unlike = {"interneuron": "interneurons", "unknown": "unlabelled neurons"}
    return tuple((role, unlike.get(role, f"{role} neurons")) for role in roles)


def _table(
    cells: tuple[VerdictCell, ...],
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...], bool]:
    """Return column heads, rows, and whether the table stands upright (few subjects)."""
    judged = [c for c in cells if c.verdict.outcome is not Outcome.NOT_TESTABLE or c.verdict.n]
    extra = tuple(dict.fromkeys(name for c in judged for name in c.verdict.statistics))
    levels = {c.verdict.level for c in judged if c.verdict.level}
    interval_head = f"Interval ({levels.pop()})" if len(levels) == 1 else "Interval"
    heads = ("Verdict", "N/M", interval_head, "Amplitude", "n", *extra)
    rows = tuple((c.subject.label, _statistics(c, extra, levels)) for c in judged)
    if len(rows) > 2 or not rows:
        return heads, rows, False
    turned = tuple((head, tuple(r[1][i] for r in rows)) for i, head in enumerate(heads))
    return tuple(label for label, _ in rows), turned, True


def _statistics(cell: VerdictCell, extra: tuple[str, ...], levels: set[str]) -> tuple[str, ...]:
    verdict = cell.verdict
    level = f" ({verdict.level})" if verdict.level in levels and number(verdict.low, "") else ""
    return (
        f"{cell.mark.symbol} {cell.mark.word}",
        number(verdict.value),
        interval(verdict.low, verdict.high, like=verdict.value) + level,
        amplitude(verdict.value) if "energies" in verdict.units else number(verdict.value),
        f"{verdict.n} {verdict.over}".strip() if verdict.n else "none",
        *(verdict.statistics.get(name, "not given") for name in extra),
    )
