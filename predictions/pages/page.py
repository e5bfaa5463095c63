"""Write what was found for people (a page) and for programs (JSON and CSV).

The page is a function of a `Report`: it formats, and computes nothing but counts. It needs no
network and no script; what little script there is offers another order of the matrix.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.families import family_verdicts, not_separated
from errorneurons.predictions.judging.verdicts import TEST_NUMBERS, numbers_of
from errorneurons.predictions.pages.results import RESULT_VERSION
from errorneurons.predictions.studies.findings import Family, Report
from errorneurons.predictions.texts import written
from errorneurons.simulate.store.files import replacing

if TYPE_CHECKING:
    from errorneurons.analysis.evidence.weigh import Evidence
    from errorneurons.predictions.judging.readiness import Ready

_FIELDS = (
    "claim", "subject", "outcome", "value", "low", "high", "level", "units", "n", "over", "reason",
    "remedy",
)  # fmt: skip
_HEAD = (*_FIELDS, *TEST_NUMBERS)


def render(report: Report) -> str:
    """Return the page: one self-contained HTML document.

    Parameters
    ----------
    report
        What to show. All its text is escaped; DOIs in it become links.
    """
    from errorneurons.predictions.pages.cards import card
    from errorneurons.predictions.pages.evidence import next_section, section
    from errorneurons.predictions.pages.holdings import holdings_section
    from errorneurons.predictions.pages.marks import MARKS, effect
    from errorneurons.predictions.pages.matrix import Book, doubts

    book = Book(report)
    groups = book.groups(book.subjects)
    ordered = [row.claim for group in groups for row in group.rows]
    return written(
        "page.html",
        {
            "title": report.title,
            "answer": report.answer,
            "methods": report.methods,
            "references": [reference.text for reference in report.references],
            "configuration": report.configuration,
            "command": report.command,
            "report": report,
            "book": book,
            "marks": MARKS,
            "marker": book.marker,
            "groups": groups,
            "counter_groups": book.groups(book.counter_circuits) if book.counter_circuits else (),
            "cards": [card(book, claim) for claim in ordered],
            "doubts": doubts(book),
            "evidence": section(report),
            "held": holdings_section(report),
            "next": next_section(report),
            "separations": book.separations(),
            "families": book.families(),
            "apart": {(pair.first, pair.second): pair.claims for pair in report.apart},
            "telling": book.by_experiment(),
            "classes": not_separated(report.apart),
            "labels": {m.name: m.label for f in report.families for m in f.members},
            "effect": effect,
            "measured": any(math.isfinite(v.value) for v in report.verdicts),
            "simulated": any(s.kind != "recording" for s in report.subjects),
        },
    )


def write(report: Report, folder: str | os.PathLike[str]) -> Path:
    """Write ``report.html``, ``verdicts.json`` and ``verdicts.csv``; return the page's path.

    Of families, ``families.csv`` besides.

    Parameters
    ----------
    report
        What to write.
    folder
        Where; made if it is not there. Each file is written beside its name and then renamed, so
        that an interruption never leaves half a file.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    replace_file(place / "verdicts.json", verdicts_json(report))
    replace_file(place / "verdicts.csv", verdicts_csv(report))
    if report.families:
        replace_file(place / "families.csv", families_csv(report))
    page = place / "report.html"
    replace_file(page, render(report))
    return page


def verdicts_csv(report: Report) -> str:
    """Return one line a claim and subject; a value that does not exist is an empty field."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEAD)
    for verdict in report.verdicts:
        record = _record(verdict)
        record |= {name: _finite(value) for name, value in numbers_of(verdict).items()}
        table.writerow(["" if record[f] is None else record[f] for f in _HEAD])
    return text.getvalue()


def families_csv(report: Report) -> str:
    """Return one line for each pair of families and claim that separates them; empty if none."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("first", "second", "claim", "experiment"))
    shown_by = {claim.key: claim.shown_by for claim in report.claims}
    for pair in report.apart:
        for key in pair.claims or ("",):
            table.writerow((pair.first, pair.second, key, shown_by.get(key, "")))
    return text.getvalue()


def verdicts_json(report: Report) -> str:
    """Return verdicts, subjects, claims and configuration; a value that does not exist is null.

    ``templates/verdicts.schema.json`` describes it.
    """
    claim_fields = ("key", "name", "sentence", "action", "threshold", "side", "counter_circuit")
    subject_fields = ("name", "label", "kind", "animals", "sessions", "cells", "trials", "notes")
    content = {
        "schema_version": RESULT_VERSION,
        "title": report.title,
        "answer": report.answer,
        "command": report.command,
        "configuration": {key: _finite(value) for key, value in report.configuration.items()},
        "references": [asdict(reference) for reference in report.references],
        "subjects": [{f: getattr(s, f) for f in subject_fields} for s in report.subjects],
        "claims": [{f: getattr(c, f) for f in claim_fields} for c in report.claims],
        "verdicts": [_record(verdict) for verdict in report.verdicts],
        "expected": {
            claim: {theory: [_finite(x) for x in ends] for theory, ends in ranges.items()}
            for claim, ranges in report.expected.items()
        },
        "separations": [
            {"claim": claim, "theories": [a, b], "separation": round(value, 4)}
            for (claim, a, b), value in report.separations.items()
        ],
        "families": [_family(report, f) for f in report.families],
        "families_apart": [asdict(pair) for pair in report.apart],
        "families_not_separated": not_separated(report.apart),
        "ready": _ready(report.ready),
        "evidence": _evidence(report.evidence),
        "next": [asdict(step) for step in report.steps.designs] if report.steps else [],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _family(report: Report, family: Family) -> dict[str, Any]:
    members = [m.name for m in family.members]
    found = family_verdicts({family.name: members}, [c.key for c in report.claims], report.verdicts)
    return {
        "family": family.name,
        "members": members,
        "claims": {
            v.claim: {"reach": v.reach.value, "escaped": [e.subject for e in v.escaped]}
            for v in found
        },
    }


def _ready(ready: Ready | None) -> dict[str, Any] | None:
    if ready is None:
        return None
    fields = ("can", "lack", "mend", "more")
    rows = [{"claim": r.claim.key, **{f: getattr(r, f) for f in fields}} for r in ready.rows]
    return {"summary": ready.summary, "all lack": ready.common, "claims": rows}


def _evidence(evidence: Evidence | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    share = evidence.trust
    return {
        "kind": evidence.kind,
        "kept": evidence.kept,
        "leading": evidence.leading,
        "posterior": evidence.posterior,
        "p": evidence.p,
        "classes": evidence.classes,
        "features": evidence.features,
        "dropped": evidence.dropped,
        "trust": {name: _finite(getattr(share, name)) for name in ("value", "low", "high")},
        "recovery": evidence.recovery.to_dict(orient="index"),
        "share in set": evidence.share_in_set.to_dict(orient="index"),
        "calibration error": evidence.calibration_error,
        "false alarms": evidence.false_alarms,
        "not on the list": evidence.off_list.to_dict(orient="index"),
        "classifier": evidence.classifier,
        "worlds": evidence.worlds,
    }


def _record(verdict: Verdict) -> dict[str, Any]:
    record = {name: _finite(getattr(verdict, name)) for name in _FIELDS}
    record["outcome"] = verdict.outcome.value
    record["points"] = [_finite(point) for point in verdict.points]
    record["names"] = list(verdict.names)
    record["numbers"] = {name: _finite(value) for name, value in verdict.numbers.items()}
    record["statistics"] = dict(verdict.statistics)
    return record


def _finite(value: Any) -> Any:
    """Return the value, or None for a number that is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def replace_file(path: Path, text: str) -> None:
    """Write a file beside its name and rename it, so that it is there whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
