"""Who is judged on what in a report of theories: all, or those that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.simulate.theories.from_file import theory_from
from errorneurons.simulate.theories.registry import COUNTER_CIRCUITS, OPEN_CHOICES, THEORIES
from errorneurons.simulate.theories.registry import theory as find
from errorneurons.simulate.theories.theory import Theory

_TITLE = "What each theory says these experiments would show"


@dataclass(frozen=True)
class Selection:
    """Who is judged on what.

    Attributes
    ----------
    subjects
        Theories, the one whose claims these are first, and the circuits made to break claims.
    claims
        What they are judged on.
    title
        The heading of the page.
    families
        Whether what the theories leave open is judged, too.
    files
        Name of a theory -> the Python file that it is from, for those that the registry has not.
    """

    subjects: tuple[Theory, ...] = (*THEORIES, *COUNTER_CIRCUITS)
    claims: tuple[Claim, ...] = CLAIMS
    title: str = _TITLE
    families: bool = False
    files: tuple[tuple[str, Path], ...] = ()

    @property
    def theories(self) -> tuple[Theory, ...]:
        """Those that are no counter-circuit."""
        return tuple(t for t in self.subjects if t.kind == "theory")

    @property
    def judged(self) -> tuple[Theory, ...]:
        """The subjects, and what they leave open if families are judged."""
        names = {t.name for t in self.subjects}
        choices = [o for o in OPEN_CHOICES if o.variant_of in names]
        return (*self.subjects, *choices) if self.families else self.subjects

    @property
    def aside(self) -> frozenset[str]:
        """Names of those judged that are no subjects, whose activity is not shown."""
        return frozenset(t.name for t in self.judged) - {t.name for t in self.subjects}

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the claims; none if they are all there are."""
        return () if self.claims == CLAIMS else tuple(c.key for c in self.claims)

    @property
    def addresses(self) -> tuple[str, ...]:
        """How those judged are named to whoever simulates them: by name, or by their file."""
        own = {name: str(path) for name, path in self.files}
        return tuple(own.get(t.name, t.name) for t in self.judged)


def selected(
    theories: Sequence[str] = (),
    claims: Sequence[str] = (),
    files: Sequence[Path] = (),
    title: str = "",
    *,
    families: bool = False,
) -> Selection:
    """Return who is judged on what.

    Parameters
    ----------
    theories
        Names; all if neither these nor files are given. The theory whose claims these are stands
        first, also if it is not named; where it is named, all stand as they are given.
    claims
        Keys; all if not given. Only circuits made to break these are judged beside the theories.
    files
        Python files of theories that the registry does not have.
    title
        Heading of the page; the usual one if empty.
    families
        Whether what the theories leave open is judged, too.

    Raises
    ------
    ValueError
        If something is unknown, or two files hold theories of one name.
    """
    own = {file: theory_from(file) for file in files}
    names = [t.name for t in own.values()]
    if len({*names}) < len(names):
        raise ValueError(f"two files hold a theory of one name: {', '.join(names)}; rename one")
    named = [find(name) for name in dict.fromkeys(theories)]
    if own or named:
        first = () if THEORIES[0] in named else THEORIES[:1]
        chosen = (*first, *named, *own.values())
    else:
        chosen = THEORIES
    asked = tuple(claim(key) for key in dict.fromkeys(claims)) or CLAIMS
    breakers = {c.counter_circuit for c in asked}
    against = [t for t in COUNTER_CIRCUITS if t.name in breakers and t not in chosen]
    kept = against if claims else [t for t in COUNTER_CIRCUITS if t not in chosen]
    subjects = (*chosen, *kept)
    where = tuple((t.name, file) for file, t in own.items())
    return Selection(subjects, asked, title or _TITLE, families, where)


def keys_asked(subject: Theory, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of the claims that a subject is asked, of these or of all if there are none.

    Counter-circuits are asked what the experiments show that show the claims they must break.
    """
    asked = [c for c in CLAIMS if c.key in keys or not keys]
    own = {c.shown_by for c in asked if c.counter_circuit == subject.name}
    if subject.kind == "counter_circuit" and own:
        return tuple(c.key for c in asked if c.shown_by in own)
    return tuple(keys)
