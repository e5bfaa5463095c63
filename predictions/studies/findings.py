"""What a study found, and whom it cites, ready to be shown: pages compute nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import xarray as xr

from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.predictions.claims.claim import Claim, SubjectKind, Verdict
from errorneurons.predictions.comparing.steps import NextSteps
from errorneurons.predictions.judging.families import Apart, families_apart, family_verdicts
from errorneurons.predictions.judging.readiness import Ready
from errorneurons.predictions.studies.holdings import Holdings
from errorneurons.simulate.theories.papers import MODEL, Paper, papers_of
from errorneurons.simulate.theories.registry import theory


@dataclass(frozen=True)
class Reference:
    """A paper, and of which theories it is.

    Attributes
    ----------
    authors, year, title, where, doi
        As of the paper; `where` is the journal with volume and page, or the archive.
    theories
        Names of the theories that were compared.
    """

    authors: str
    year: int
    title: str
    where: str
    doi: str
    theories: tuple[str, ...]

    @property
    def text(self) -> str:
        """The reference as in a list of them.

        Examples
        --------
        >>> Reference("Rao, Ballard", 1999, "Predictive coding", "Neuron", "10.1038/4580", ()).text
        'Rao, Ballard (1999). Predictive coding. Neuron. doi:10.1038/4580'
        """
        doi = f" doi:{self.doi}" if self.doi else ""
        end = "" if self.title.endswith("?") else "."
        return f"{self.authors} ({self.year}). {self.title}{end} {self.where}.{doi}"


def references(theories: Sequence[str]) -> tuple[Reference, ...]:
    """Return the papers of theories, each once, by author and year.

    Parameters
    ----------
    theories
        Names of theories, variants or counter-circuits. The paper of the model, whose claims are
        judged, is always among them.
    """
    cited: dict[Paper, list[str]] = {MODEL: []}
    for name in theories:
        for paper in papers_of(name, theory(name).variant_of):
            cited.setdefault(paper, []).append(name)
    return tuple(
        Reference(p.authors, p.year, p.title, p.where, p.doi, tuple(names))
        for p, names in sorted(cited.items(), key=lambda entry: (entry[0].authors, entry[0].year))
    )


@dataclass(frozen=True)
class Subject:
    """Whom a claim is judged on: a theory, a counter-circuit or a recording.

    Attributes
    ----------
    name
        Identifier, as in the column ``subject`` of the verdicts.
    label
        As written on the page.
    kind
        Decides how its verdicts are reached: networks are free, animals are not.
    description
        One sentence.
    animals, sessions, cells, trials
        Counts; `animals` are networks if simulated.
    notes
        What the reader must know, e.g. that training did not remove 90 % of the loss.
    noun
        What one animal of a recording is called; empty where they are not told apart.
    """

    name: str
    label: str
    kind: SubjectKind
    description: str
    animals: int
    sessions: int
    cells: int
    trials: int
    notes: tuple[str, ...] = ()
    noun: str = "animal"


@dataclass(frozen=True)
class Family:
    """Theories that share their equations, with what they leave open decided either way.

    Attributes
    ----------
    name
        As written on the page.
    members
        Theories and their variants.
    """

    name: str
    members: tuple[Subject, ...]


@dataclass(frozen=True)
class Report:
    """All that a page shows; the page computes nothing.

    Attributes
    ----------
    title, answer
        The heading, and the one sentence a colleague could quote.
    subjects, claims, verdicts
        What was compared, on which claims, with which result.
    activity
        (claim key, subject name) -> mean activity by condition: a Dataset with variables
        ``mean``, ``low``, ``high`` of dims (condition, role, area, time) [attrs ``units``],
        attrs ``events`` (JSON: name -> time [s]; a pair "x on", "x off" is drawn as a bar) and
        ``over`` (what the interval is over: networks, animals or trials). Areas stand lowest first.
    expected
        claim key -> theory name -> (low, high), the 5-95 % range of N/M expected through the
        same instrument, drawn as strips beside a recording.
    methods
        Paragraphs to be pasted into a paper.
    configuration
        Everything needed to make the page again: seeds, versions, options, file hashes.
    command
        The command that re-makes the page.
    doubts
        Sentences for "Before you quote this", beside those that follow from the verdicts.
    evidence
        What a recording says of the theories; None where none were weighed.
    steps
        What to record next; None where nothing was planned.
    separations
        (claim key, theory, theory) -> how far N/M of their networks are apart, 0 to 1, see
        `analysis.stats.separation`; a pair of which one has no value is not there.
    labels
        Theory -> its name on the page, for theories that are not among the subjects.
    families
        Rivals as families, where what they leave open was judged, too; members that are not among
        the subjects have verdicts all the same.
    holdings, ready
        What a recording is and holds, and which claims it can test; None of theories.
    references
        The papers of the theories that were compared.
    """

    title: str
    answer: str
    subjects: tuple[Subject, ...]
    claims: tuple[Claim, ...]
    verdicts: tuple[Verdict, ...]
    activity: Mapping[tuple[str, str], xr.Dataset]
    expected: Mapping[str, Mapping[str, tuple[float, float]]]
    methods: tuple[str, ...]
    configuration: Mapping[str, str | int | float]
    command: str
    doubts: tuple[str, ...] = ()
    evidence: Evidence | None = None
    steps: NextSteps | None = None
    separations: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    families: tuple[Family, ...] = ()
    holdings: Holdings | None = None
    ready: Ready | None = None
    references: tuple[Reference, ...] = ()

    @property
    def apart(self) -> tuple[Apart, ...]:
        """Return which claims separate which families, in all their variants."""
        named = {f.name: [m.name for m in f.members] for f in self.families}
        keys = [claim.key for claim in self.claims]
        return families_apart(family_verdicts(named, keys, self.verdicts)) if named else ()
