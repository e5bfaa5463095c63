"""The part of the page that weighs theories: figures and tables, with their words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.analysis.figures import evidence as plots
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.comparing.effects import BITS
from errorneurons.predictions.comparing.sentences import nothing_of
from errorneurons.predictions.comparing.steps import NextSteps
from errorneurons.predictions.pages.looks import style_of
from errorneurons.predictions.studies.findings import Report
from errorneurons.predictions.words import counted, interval, listed, number

_Label = Callable[[str], str]

KINDS = {
    "one theory": "One theory could have given this recording.",
    "one class": "The theories that remain cannot be told apart by any recording of this design.",
    "several": "Several theories could have given this recording.",
    "none of these": "None of the theories could have given this recording.",
}


@dataclass(frozen=True)
class _Row:
    """A theory in the table of the evidence, as text."""

    name: str
    label: str
    posterior: str
    p: str
    stays: str
    recovered: str
    false_alarm: str
    off_list: str
    worlds: int


@dataclass(frozen=True)
class Entered:
    """A row of the table of what was weighed, as text: a claim, its effects, and what is lacking.

    `secondary` and `lacking` are lists of effects in words, `lacking` each with its reason.
    """

    claim: str
    own: str
    response: str
    secondary: str
    lacking: str


@dataclass(frozen=True)
class _Condition:
    """A row of the table of what is said where something is other than assumed, as text."""

    what: str
    theories: str
    stays: str
    worst: str
    inside: str
    none: str


@dataclass(frozen=True)
class Section:
    """All that the page shows of the evidence."""

    verdict: str
    classes: str
    dropped: str
    entered: tuple[Entered, ...]
    rows: tuple[_Row, ...]
    posterior: Markup | None
    recovery: Markup
    in_set: Markup
    calibration: Markup
    left_out: Markup | None
    conditions: tuple[_Condition, ...]
    calibration_error: float
    size: str
    trusted: str

    @property
    def lacking(self) -> bool:
        """Whether any effect was left out."""
        return any(row.lacking for row in self.entered)


def section(report: Report) -> Section | None:
    """Return what the page shows of the evidence, or None if nothing was weighed."""
    evidence = report.evidence
    if evidence is None:
        return None
    names = {claim.key: f"{claim.key} {claim.name}" for claim in report.claims}

    def label(name: str) -> str:
        return report.labels.get(name, name.replace("_", " "))

    return Section(
        verdict=KINDS[evidence.kind],
        classes=_classes(evidence, label),
        dropped=nothing_of(evidence, names),
        entered=tuple(_entered(evidence, claim) for claim in report.claims),
        rows=tuple(_row(evidence, name, label) for name in evidence.posterior),
        posterior=_posterior(evidence, label),
        recovery=_recovery(evidence, label),
        in_set=_in_set(evidence, label),
        calibration=_calibration(evidence),
        left_out=_left_out(evidence, names, label),
        conditions=_conditions(evidence, label),
        calibration_error=evidence.calibration_error,
        size=f"{len(evidence.table):,} virtual experiments",
        trusted=counted(evidence.trust_count, "virtual experiment") if evidence.trust_count else "",
    )


def _classes(evidence: Evidence, label: _Label) -> str:
    alike = [members for members in evidence.classes if len(members) > 1]
    if not alike:
        return "This design can tell every pair of the theories apart."
    groups = "; ".join(listed(label(name) for name in members) for members in alike)
    return f"This design cannot tell apart: {groups}. They count as one class."


def _row(evidence: Evidence, name: str, label: _Label) -> _Row:
    elsewhere = evidence.off_list
    return _Row(
        name=name,
        label=label(name),
        posterior=number(evidence.posterior[name]) if name in evidence.kept else "–",
        p=f"{evidence.p[name]:.3f}",
        stays=_stays(evidence, name),
        recovered=_share(_at(evidence.recovery, name, name)),
        false_alarm=_share(evidence.false_alarms[name]),
        off_list=_share(_at(elsewhere, name, "none")) if name in elsewhere.index else "",
        worlds=evidence.worlds[name],
    )


def _stays(evidence: Evidence, name: str) -> str:
    if name not in evidence.kept:
        return "✗ ruled out"
    return "✓ stays" if name in evidence.leading else "✓ stays, less probable than another"


def _entered(evidence: Evidence, claim: Claim) -> Entered:
    """Return which effects of a claim were weighed, and which could not be."""
    secondary = {f"{claim.key} {name}": name for name in claim.secondary}
    names = {claim.key: "its own effect", BITS[claim.key]: "response", **secondary}
    lacking = [f"{words} ({evidence.dropped[name]})" for name, words in names.items()
               if name in evidence.dropped]  # fmt: skip
    own, response = ("✓" if name in evidence.features else "–" for name in [*names][:2])
    weighed = [words for name, words in secondary.items() if name in evidence.features]
    return Entered(
        f"{claim.key} {claim.name}", own, response, "; ".join(weighed), "; ".join(lacking)
    )


def _conditions(evidence: Evidence, label: _Label) -> tuple[_Condition, ...]:
    """Return what verdicts are like as assumed, misspecified, and without the truth on the list."""
    rows = []
    for what, own in evidence.misspecified.groupby("what", sort=False):
        worst = own.iloc[int(own["stays"].argmin())]
        whom = label(str(worst["theory"]))
        rows.append(_Condition(
            str(what),
            "each" if len(own) == len(evidence.posterior) else whom,
            _share(own["stays"].mean()),
            f"{_share(float(worst['stays']))} ({whom})" if len(own) > 1 else "",
            _share(own["inside"].mean()),
            _share(own["none"].mean()),
        ))  # fmt: skip
    if len(evidence.off_list):
        means = evidence.off_list.mean()
        rows.append(_Condition(
            "the true theory is not on the list", "each", "", "", _share(means["class"]),
            _share(means["none"]),
        ))  # fmt: skip
    return tuple(rows)


def _at(table: pd.DataFrame, row: str, column: str) -> float:
    return float(table[column].to_numpy()[table.index.get_loc(row)])


def _share(value: float) -> str:
    return f"{float(value):.0%}"


def _posterior(evidence: Evidence, label: _Label) -> Markup | None:
    """Draw the probabilities of the theories that stay; none if none does."""
    if not evidence.kept:
        return None
    alt = "Probability of each theory: " + "; ".join(
        f"{label(name)} {f'{value:.2f}' if name in evidence.kept else 'ruled out'}"
        for name, value in evidence.posterior.items()
    )
    svg = plots.posterior_bars(
        evidence.posterior, evidence.kept, _looks(evidence, label), "posterior", alt
    )
    return Markup(svg)


def _looks(evidence: Evidence, label: _Label) -> plots.Looks:
    return {name: (label(name), style_of(name)) for name in evidence.posterior}


def _recovery(evidence: Evidence, label: _Label) -> Markup:
    alt = "Recovery, true theory against most probable theory: " + _diagonal(
        evidence.recovery, label
    )
    svg = plots.recovery_matrix(
        evidence.recovery, "most probable theory", _looks(evidence, label), "recovery", alt
    )
    return Markup(svg)


def _diagonal(table: pd.DataFrame, label: _Label) -> str:
    return "; ".join(f"{label(str(n))} {table.loc[n, n]:.0%}" for n in table.index)


def _in_set(evidence: Evidence, label: _Label) -> Markup:
    coverage = _diagonal(evidence.share_in_set, label)
    alt = f"Share of virtual experiments whose set has the true theory: {coverage}"
    svg = plots.recovery_matrix(
        evidence.share_in_set, "theory in the set", _looks(evidence, label), "in-set", alt
    )
    return Markup(svg)


def _calibration(evidence: Evidence) -> Markup:
    columns = [evidence.calibration[name].tolist() for name in ("said", "found", "low", "high")]
    points = "; ".join(
        f"said {said:.2f}, found {found:.2f} {interval(low, high)}"
        for said, found, low, high in zip(*columns, strict=True)
    )
    svg = plots.calibration_points(evidence.calibration, "calibration", f"Calibration: {points}")
    return Markup(svg)


def _left_out(evidence: Evidence, names: dict[str, str], label: _Label) -> Markup | None:
    table = evidence.left_out
    if table["left_out"].nunique() < 2 or not table["kept"].any():
        return None
    with_all = table.query("left_out == '' and kept").sort_values("posterior")
    first = next(
        (f"{label(str(r.theory))} ({r.posterior:.2f})" for r in with_all[::-1].itertuples()), ""
    )
    alt = (
        "Probability of each theory that stays without each claim in turn; with all claims "
        f"{f'the most probable is {first}' if first else 'none stays'}"
    )
    svg = plots.left_out_points(evidence.left_out, names, _looks(evidence, label), "left-out", alt)
    return Markup(svg)


@dataclass(frozen=True)
class NextSection:
    """What the page shows of what to record next."""

    steps: NextSteps
    picture: Markup


def next_section(report: Report) -> NextSection | None:
    """Return what to record next as the page shows it, or None if nothing was planned."""
    if report.steps is None:
        return None
    points = report.steps.points
    columns = ("title", "right", "low", "high", "cost")
    rows = list(zip(*(points[n].tolist() for n in columns), strict=True))
    alt = "How often the true theory is singled out: " + "; ".join(
        f"{title} {right:.0%}" for title, right, *_ in rows
    )
    return NextSection(report.steps, Markup(plots.step_points(rows, "next", alt)))
