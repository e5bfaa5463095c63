"""Whom a page cites: the papers of the theories that were compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
