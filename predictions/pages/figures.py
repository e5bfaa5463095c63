"""Figures for papers: of each claim its effects, and the numbers that they show."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from errorneurons.analysis.figures.effects import effect_files
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.pages.cards import strip_rows
from errorneurons.predictions.pages.matrix import Book
from errorneurons.predictions.pages.page import replace_file
from errorneurons.predictions.studies.findings import Report

_HEAD = ("claim", "subject", "over", "name", "value", "units", "threshold", "side")


def write_figures(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write the effects of each claim as SVG, PDF and PNG, and as CSV.

    Parameters
    ----------
    report
        What to draw; a claim without any value has no figure.
    folder
        Where, ``<claim>.svg`` and so on; made if it is not there.

    Returns
    -------
    tuple of Path
        The files, claim by claim.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book, files = Book(report), list[Path]()
    for claim in report.claims:
        strips = strip_rows(book, claim, book.judged(claim))
        if strips:
            stem, numbers = folder / claim.key, folder / f"{claim.key}.csv"
            files += effect_files(strips, claim.threshold, claim.side, stem)
            replace_file(numbers, _numbers(report, claim))
            files.append(numbers)
    return tuple(files)


def _numbers(report: Report, claim: Claim) -> str:
    """Return one line an animal or network, and one a range that a theory expects."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEAD)
    said = claim.threshold, claim.side
    for v in (v for v in report.verdicts if v.claim == claim.key):
        names = v.names or tuple(str(k + 1) for k in range(len(v.points)))
        for name, value in zip(names, v.points, strict=True):
            shown = value if math.isfinite(value) else ""
            table.writerow((claim.key, v.subject, v.over, name, shown, v.units, *said))
    for theory, ends in report.expected.get(claim.key, {}).items():
        for name, value in zip(("low", "high"), ends, strict=True):
            row = (claim.key, theory, "expected, 5-95 % range", name, value)
            table.writerow((*row, claim.units, *said))
    return text.getvalue()
