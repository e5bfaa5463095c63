"""The matrix of verdicts and the tallies beside it: counting, no more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from markupsafe import Markup

from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.judging.families import FamilyVerdict, family_verdicts
from errorneurons.predictions.pages.looks import drawn_marker, looks_of
from errorneurons.predictions.pages.marks import MARKS, NOT_ASKED, Mark, effect
from errorneurons.predictions.studies.findings import Report, Subject
from errorneurons.predictions.words import counted, identifiers, listed
from errorneurons.simulate.experiments.registry import experiment

ACTIONS = {
    "record": "Record",
    "silence": "Silence",
    "stimulate": "Stimulate",
    "learn": "Follow learning",
    "trace": "Trace connections",
}
_NONE = Verdict("", "", Outcome.NOT_TESTABLE, "This pair was not judged.")


@dataclass(frozen=True)
class VerdictCell:
    """One verdict in the matrix; `breaker` if the subject was built to break the claim."""

    subject: Subject
    verdict: Verdict
    mark: Mark
    effect: str
    breaker: bool


@dataclass(frozen=True)
class _Row:
    """One claim in the matrix; `separates` of `pairs` pairs of theories are told apart by it."""

    claim: Claim
    anchor: str
    cells: tuple[VerdictCell, ...]
    separates: int
    pairs: int


@dataclass(frozen=True)
class Group:
    """Claims that ask the same of an experimenter."""

    title: str
    rows: tuple[_Row, ...]


class Book:
    """A report with its verdicts by claim and subject, and with ids for its page."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.verdicts = {(v.claim, v.subject): v for v in report.verdicts}
        self.anchors = identifiers(c.key for c in report.claims)
        self.names = identifiers(s.name for s in (*report.subjects, *self.aside))
        self.looks = looks_of((*report.subjects, *self.aside))
        self.subjects = tuple(s for s in report.subjects if s.kind != "counter_circuit")
        self.counter_circuits = tuple(s for s in report.subjects if s.kind == "counter_circuit")

    def verdict(self, claim: Claim, subject: Subject) -> Verdict:
        """Return the verdict, or one that says that there is none."""
        return self.verdicts.get((claim.key, subject.name), _NONE)

    def marker(self, subject: Subject) -> Markup:
        """Return a subject's marker as a small drawing."""
        return drawn_marker(self.looks[subject.name])

    def groups(self, subjects: tuple[Subject, ...]) -> tuple[Group, ...]:
        """Return the matrix of these subjects, its claims grouped by what an experimenter does."""
        made = []
        for action, title in ACTIONS.items():
            claims = [c for c in self.report.claims if c.action == action]
            if claims:
                made.append(Group(title, tuple(self._row(c, subjects) for c in claims)))
        return tuple(made)

    def separations(self) -> tuple[tuple[Claim, tuple[str, ...]], ...]:
        """Return how far each claim sets the first theory apart from each other one, as text."""
        known = self.report.separations
        if not known:
            return ()
        first, *others = self.subjects
        rows = []
        for claim in self.report.claims:
            values = [known.get((claim.key, first.name, other.name)) for other in others]
            texts = tuple("no value" if value is None else f"{value:.2f}" for value in values)
            rows.append((claim, texts))
        return tuple(rows)

    def families(self) -> tuple[tuple[Claim, tuple[FamilyVerdict, ...]], ...]:
        """Return how far each family of rivals contradicts each claim; nothing without families."""
        rivals = self.report.families[1:]
        named = {f.name: [m.name for m in f.members] for f in rivals}
        return tuple(
            (claim, family_verdicts(named, [claim.key], self.report.verdicts))
            for claim in self.report.claims
            if rivals
        )

    def by_experiment(self) -> dict[str, list[str]]:
        """Return the claims that separate any two families, by the experiment that shows them."""
        telling = {key for pair in self.report.apart for key in pair.claims}
        found: dict[str, list[str]] = {}
        for claim in self.report.claims:
            if claim.key in telling:
                found.setdefault(experiment(claim.shown_by).label, []).append(claim.key)
        return found

    @property
    def aside(self) -> tuple[Subject, ...]:
        """Members of families that are not among the subjects."""
        known = {s.name for s in self.report.subjects}
        return tuple(m for f in self.report.families for m in f.members if m.name not in known)

    def cell(self, claim: Claim, subject: Subject) -> VerdictCell:
        """Return one cell of the matrix."""
        verdict = self.verdict(claim, subject)
        breaker = subject.name == claim.counter_circuit
        mark = NOT_ASKED if verdict is _NONE else MARKS[verdict.outcome]
        return VerdictCell(subject, verdict, mark, effect(verdict), breaker)

    def judged(self, claim: Claim) -> tuple[VerdictCell, ...]:
        """Return the cells of a claim's subjects, those that were not asked left out."""
        asked = (s for s in self.report.subjects if (claim.key, s.name) in self.verdicts)
        return tuple(self.cell(claim, s) for s in asked)

    def tally(self, subject: Subject) -> str:
        """Return how often each outcome was reached, in words."""
        found = Counter(self.verdict(c, subject).outcome for c in self.report.claims)
        return ", ".join(f"{found[o]} {MARKS[o].word.lower()}" for o in Outcome if found[o])

    def size(self, subject: Subject) -> str:
        """Return what the subject consists of, in words; the size is that of the middle session."""
        noun, unit = (subject.noun, "unit") if subject.kind == "recording" else ("network", "cell")
        whom = counted(subject.animals, noun) if noun else "animals that are not told apart"
        return (
            f"{whom}, {counted(subject.sessions, 'session')} of {counted(subject.cells, unit)} and "
            f"{counted(subject.trials, 'trial')}"
        )

    def _row(self, claim: Claim, subjects: tuple[Subject, ...]) -> _Row:
        cells = tuple(self.cell(claim, s) for s in subjects)
        return _Row(claim, self.anchors[claim.key], cells, *self.separation(claim))

    def separation(self, claim: Claim) -> tuple[int, int]:
        """Return how many pairs of theories the claim tells apart, and of how many.

        On a page with expected ranges: pairs whose ranges do not overlap. Else: pairs of which
        one is supported and the other contradicted.
        """
        ranges = tuple(self.report.expected.get(claim.key, {}).values())
        if ranges:
            pairs = tuple(combinations(ranges, 2))
            return sum(a[1] < b[0] or b[1] < a[0] for a, b in pairs), len(pairs)
        theories = [s for s in self.subjects if s.kind == "theory"]
        outcomes = tuple(combinations([self.verdict(claim, s).outcome for s in theories], 2))
        opposite = {Outcome.SUPPORTED, Outcome.CONTRADICTED}
        return sum(set(pair) == opposite for pair in outcomes), len(outcomes)


def doubts(book: Book) -> tuple[str, ...]:
    """Return what a reader should know before quoting the answer."""
    report = book.report
    few = [s for s in report.subjects if s.kind == "recording" and s.noun and s.animals < 5]
    every = *report.subjects, *book.aside
    names = {s.name: f"{s.label}: " if len(every) > 1 else "" for s in every}
    notes = [f"{names[s.name]}{note}" for s in every for note in s.notes]
    return (
        *report.doubts,
        *(_capital(f"{names[s.name]}{_few(s)}.") for s in few),
        *notes,
        *_unbroken(book),
        *_open(book),
        *_alike(book),
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _few(subject: Subject) -> str:
    if subject.animals == 1:
        return f"one {subject.noun}; this speaks of it only"
    return "fewer than five animals; this speaks of these animals only"


def _unbroken(book: Book) -> list[str]:
    """Name the claims that were not contradicted where they had to be."""
    subjects = {s.name: s for s in book.report.subjects}
    found = []
    for claim in book.report.claims:
        breaker = subjects.get(claim.counter_circuit)
        if breaker and book.verdict(claim, breaker).outcome is not Outcome.CONTRADICTED:
            word = MARKS[book.verdict(claim, breaker).outcome].word.lower()
            found.append(
                f"{claim.key} is {word}, not contradicted, where it must fail "
                f"({breaker.label}); what it says of the others counts for less."
            )
    return found


def _open(book: Book) -> list[str]:
    cells = [book.verdict(c, s).outcome for c in book.report.claims for s in book.subjects]
    counts = [(cells.count(o), o) for o in (Outcome.UNDECIDED, Outcome.NOT_TESTABLE)]
    said = " and ".join(
        f"{n} {'is' if n == 1 else 'are'} {MARKS[o].word.lower()}" for n, o in counts if n
    )
    return [f"Of {counted(len(cells), 'verdict')}, {said}."] if said else []


def _alike(book: Book) -> list[str]:
    rows = [(c.key, book.separation(c)) for c in book.report.claims]
    alike = [key for key, (separates, pairs) in rows if pairs and not separates]
    if not alike:
        return []
    return [f"No two theories are told apart by {listed(alike)}."]
