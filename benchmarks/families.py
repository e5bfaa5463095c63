"""The tables of docs/theories.md, from the page itself: `python benchmarks/families.py`.

It makes the report that `errorneurons report --families --networks 4` makes, or takes what is there
of it already, and writes its tables between the marks of the page: all theories and families on all
claims, variants that say something else, which claims separate which families, and the classes of
which none separates any two. What stands around them is written by hand: read it again.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.judging.families import (
    FamilyVerdict,
    Reach,
    family_verdicts,
    not_separated,
)
from errorneurons.predictions.studies.choosing import Selection
from errorneurons.predictions.studies.findings import Report
from errorneurons.predictions.studies.report import theories_report
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.theories.registry import OPEN_CHOICES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "theories.md"
LETTERS = {
    Outcome.SUPPORTED: "S", Outcome.CONTRADICTED: "C", Outcome.UNDECIDED: "U",
    Outcome.NOT_TESTABLE: "N",
}  # fmt: skip
Said = Mapping[tuple[str, str], Verdict]


def short(value: float) -> str:
    """Return a number in two or three signs.

    Examples
    --------
    >>> [short(x) for x in (0.004, -0.26, 0.998, 1.02, 3.61, 110.4)]
    ['.00', '-.26', '1.00', '1.0', '3.6', '110']
    """
    if abs(value) >= 9.95:
        return f"{value:.0f}"
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    return re.sub(r"^(-?)0(?=\.)", r"\1", text).replace("-.00", ".00")


def cell(verdict: Verdict) -> str:
    """Return a verdict as in a cell of a table."""
    number = f" {short(verdict.value)}" if math.isfinite(verdict.value) else ""
    return LETTERS[verdict.outcome] + number


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_theories(report: Report, said: Said) -> str:
    """Return the theories as shipped on all claims."""
    keys = [c.key for c in report.claims]
    theories = [s.name for s in report.subjects if s.kind == "theory"]
    return table(
        ["circuit", *keys], ([f"`{n}`", *(cell(said[k, n]) for k in keys)] for n in theories)
    )


def of_variants(report: Report, said: Said) -> str:
    """Return the outcomes of variants that are not those of their theory."""

    def differing(variant: str, theory: str) -> str:
        pairs = [(c.key, said[c.key, variant], said[c.key, theory]) for c in report.claims]
        found = [f"{k} {cell(a)} ({cell(b)})" for k, a, b in pairs if a.outcome != b.outcome]
        return ", ".join(found)

    every = [(v.name, differing(v.name, v.variant_of)) for v in OPEN_CHOICES]
    return table(["variant", "outcomes that differ"], ([f"`{n}`", d] for n, d in every if d))


def reach(found: FamilyVerdict) -> str:
    """Return what a family says of a claim."""
    if found.reach is Reach.BUT_FOR:
        asked = [v for v in found.verdicts if v.outcome is not Outcome.NOT_TESTABLE]
        return f"C but {len(found.escaped)}/{len(asked)}"
    if found.reach is Reach.OPEN:
        return "S" if found.held else "open"
    return {Reach.THROUGHOUT: "C", Reach.UNTESTABLE: "N"}[found.reach]


def of_families(report: Report) -> str:
    """Return what families say of claims."""
    named = {f.name: [m.name for m in f.members] for f in report.families}
    keys = [c.key for c in report.claims]
    found = {(v.claim, v.family): v for v in family_verdicts(named, keys, report.verdicts)}
    return table(["claim", *named], ([k, *(reach(found[k, f]) for f in named)] for k in keys))


def of_pairs(report: Report) -> str:
    """Return which claims separate which families."""
    names = [f.name for f in report.families]
    apart = {(p.first, p.second): ", ".join(p.claims) or "–" for p in report.apart}
    rows = ([a, *(apart.get((a, b), "") for b in names[1:])] for a in names[:-1])
    return table(["", *names[1:]], rows)


def blocks(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the name of a block of the page and what it holds."""
    said = {(v.claim, v.subject): v for v in report.verdicts}
    yield "headline", f"> {report.answer}"
    yield "theories", of_theories(report, said)
    yield "variants", of_variants(report, said)
    yield "families", of_families(report)
    yield "pairs", of_pairs(report)
    classes = not_separated(report.apart)
    yield "classes", "\n".join(f"- {', '.join(names)}" for names in classes)


def written(page: str, made: Iterable[tuple[str, str]]) -> str:
    """Return the page with its blocks anew.

    Raises
    ------
    ValueError
        If the page has no marks of a block.
    """
    for name, text in made:
        marks = re.compile(rf"(<!-- {name} -->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)
        if not marks.search(page):
            raise ValueError(
                f"the page has no marks '<!-- {name} -->' and '<!-- end -->'; add them"
            )
        page = marks.sub(lambda found, text=text: found[1] + text + found[2], page, count=1)
    return page


def main() -> None:
    """Make the report, and write its tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--networks", type=int, default=4, help="networks of each theory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("errorneurons-report"), help="its folder")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page that gets the tables")
    asked = parser.parse_args()

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    animals, everything = Animals(asked.networks, asked.seed), Selection(families=True)
    report = theories_report(animals, asked.out, "", tell, chosen=everything)
    page = asked.page.read_text(encoding="utf-8")
    asked.page.write_text(written(page, blocks(report)), encoding="utf-8")


if __name__ == "__main__":
    main()
