"""Which claims a recording can test, and what the others lack, the nearest claim first.

That a column is not mapped, and that an experiment was not done, are two things: the first is
mended by a line of the mapping file, the second by other animals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.measures.energies import Missing
from errorneurons.analysis.session.schema import ATTRIBUTES, UNIT
from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import Measured, measure
from errorneurons.predictions.words import counted, listed

Wanted = tuple[str, str | bool]
"""A column of trials, and the value with which a claim asks for them."""

_DONE = frozenset({
    ("manipulation", "silence"), ("manipulation", "drive"), ("familiarity", "novel"),
})  # fmt: skip
"""What is done on purpose: a recording whose mapping does not speak of it most likely has none."""

_IF: Mapping[Wanted, str] = {
    ("phase", "after"): "learning was over",
    ("phase", "during"): "the animal was learning",
    ("phase", "before"): "nothing had been learnt yet",
    ("teaching", True): "outcomes taught the animal, as rewards do",
    ("teaching", False): "nothing taught the animal",
    ("manipulation", "none"): "nothing was silenced or driven",
    ("familiarity", "trained"): "all stimuli were well known",
}
"""What must have been so for a constant to be true."""

_COLUMNS: Mapping[str, str] = {
    "outcome": "which outcomes came as expected and which did not",
    "outcome_onset": "when the outcome came",
    "control": "which trials tell a violation from adaptation",
    "performance": "how well the animal did",
    "association": "which rule was in force",
    "teaching": "in which trials the outcome taught",
    "manipulation": "in which trials cells were silenced or driven",
    "manipulated_role": "which cells were",
    "familiarity": "which stimuli were new",
    "phase": "which trials are of learning",
    "role": 'which cells are error cells, or write `labels = "localiser"` to find them',
    "teaching_area": "the area that the teaching signal enters",
    "output_area": "the area that is read as the output",
}
"""What an entry of the mapping file says."""

_SECTIONS = {**{a.name: "session" for a in ATTRIBUTES}, **{f.name: "unit" for f in UNIT}}


@dataclass(frozen=True)
class Readiness:
    """Whether a recording can test a claim.

    Attributes
    ----------
    claim
        The claim.
    can
        ``"yes"``, ``"no"``, or in how many animals if not in all.
    lack, mend
        The one thing that is missing first of all, and what would mend it; empty if nothing is.
    more
        How many other things are missing.
    far
        How far the claim is from being tested: things not recorded, entries not mapped.
    silent
        Whether all that it needs is there, and responds to nothing.
    """

    claim: Claim
    can: str
    lack: str = ""
    mend: str = ""
    more: int = 0
    far: tuple[int, int] = (0, 0)
    silent: bool = False

    @property
    def lacking(self) -> str:
        """Return what is missing first of all, and how many other things are."""
        return f"{self.lack} And {self.more} more." if self.more else self.lack


@dataclass(frozen=True)
class Ready:
    """Which claims a recording can test.

    Attributes
    ----------
    rows
        One a claim: those that can be tested, then the nearest to it.
    common, mend
        What no claim can be tested for, said once, and what would mend it; empty if nothing.
    """

    rows: tuple[Readiness, ...]
    common: str = ""
    mend: str = ""

    @property
    def lacks(self) -> dict[str, str]:
        """Return claim -> what it lacks first; what all lack, before all else."""
        return {row.claim.key: self.common or row.lacking for row in self.rows}

    @property
    def summary(self) -> str:
        """Return how many claims can be tested, and why none can if it is one thing."""
        able = [row.claim.key for row in self.rows if row.can != "no"]
        if not able:
            why = f": {self.common[0].lower()}{self.common[1:]} {self.mend}" if self.common else "."
            return f"None of the {len(self.rows)} claims can be tested{why}"
        return f"{counted(len(able), 'claim')} of {len(self.rows)} can be tested: {listed(able)}."


def readiness(sessions: Sequence[xr.Dataset]) -> Ready:
    """Return which claims some sessions can test, without saying how the tests come out.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract, as they are believed.
    """
    with asked_often(sessions):
        measured = {c.key: measure(c.effect, sessions, trial_level=False) for c in CLAIMS}
    verdicts = [judge(c, "recording", measured[c.key], "recording") for c in CLAIMS]
    return readiness_of(verdicts, measured, sessions)


def readiness_of(
    verdicts: Iterable[Verdict], measured: Mapping[str, Measured], sessions: Sequence[xr.Dataset]
) -> Ready:
    """Return which of the judged claims could be tested, the nearest first.

    Parameters
    ----------
    verdicts, measured
        As from `on_recording`.
    sessions
        The sessions that were asked.
    """
    animals = len({str(session.attrs["animal"]) for session in sessions})
    known = {claim.key: claim for claim in CLAIMS}
    common = _in_common([measured[v.claim] for v in verdicts])
    rows = [_row(known[v.claim], v, measured[v.claim], animals, common) for v in verdicts]
    ordered = tuple(sorted(rows, key=lambda row: (row.can == "no", row.far)))
    if common is None:
        return Ready(ordered)
    return Ready(ordered, _sentence(common.what), common.remedy)


def _in_common(measured: Sequence[Measured]) -> Missing | None:
    """Return the first thing that all claims lack, as single trials."""
    if any(m.animals or m.missing is None for m in measured):
        return None
    lacks = [m.missing.each for m in measured if m.missing is not None]
    everywhere = set.intersection(*({part.what for part in own} for own in lacks))
    return next((part for part in lacks[0] if part.what in everywhere), None)


def _row(
    claim: Claim, verdict: Verdict, measured: Measured, animals: int, common: Missing | None
) -> Readiness:
    able = len(measured.animals)
    if able and verdict.outcome is Outcome.NOT_TESTABLE:
        return Readiness(claim, "no", verdict.reason, verdict.remedy, far=(1, 0), silent=True)
    if measured.missing is None:
        return Readiness(claim, "yes")
    can = "no" if not able else "yes" if able == animals else f"in {able} of {animals} animals"
    own = [p for p in measured.missing.each if common is None or p.what != common.what]
    return _lacking(claim, can, own)


def _lacking(claim: Claim, can: str, parts: Sequence[Missing]) -> Readiness:
    unmapped = [part for part in parts if _is_unmapped(part)]
    absent = [part for part in parts if not _is_unmapped(part)]
    entries = tuple(dict.fromkeys(n for p in unmapped for n in (*p.columns, *p.declared)))
    far = len(absent), len(entries)
    if absent:
        first = absent[0]
        not_said = f" {_not_mapped(first.columns)}" if first.columns else ""
        more = len(absent) - 1 + len(entries)
        return Readiness(claim, can, _sentence(first.what) + not_said, first.remedy, more, far)
    if entries:
        mend = _how_to_map(entries, _wanted(unmapped))
        return Readiness(claim, can, _not_mapped(entries), mend, 0, far)
    return Readiness(claim, can, "Nothing else is missing." * (can == "no"))


def _sentence(what: str) -> str:
    return f"{what[0].upper()}{what[1:]}."


def _is_unmapped(part: Missing) -> bool:
    """Whether a line of the mapping file may be all that is missing."""
    return bool(part.columns or part.declared) and not _DONE & {*part.wanted}


def _wanted(parts: Iterable[Missing]) -> dict[str, set[str | bool]]:
    found: dict[str, set[str | bool]] = {}
    for column, value in (pair for part in parts for pair in part.wanted):
        found.setdefault(column, set()).add(value)
    return found


def _not_mapped(entries: Sequence[str]) -> str:
    names = listed([f"`{name}`" for name in entries])
    return f"{names} {'is' if len(entries) == 1 else 'are'} not mapped."


def _how_to_map(entries: Sequence[str], wanted: Mapping[str, set[str | bool]]) -> str:
    """Return the lines of the mapping file that would say it, each with what must have been so."""
    constants, columns = [], []
    for name in entries:
        values = wanted.get(name, set())
        value = next(iter(values)) if len(values) == 1 else ""
        if (name, value) in _IF:
            text = str(value).lower() if isinstance(value, bool) else f'"{value}"'
            constants.append(f"if {_IF[name, value]}, add `{name} = {{ constant = {text} }}`")
        else:
            section = _SECTIONS.get(name, "trial")
            what = _COLUMNS.get(name, "what it was")
            columns.append(f"say by `{name}` under [{section}] {what}")
    return _sentence("; ".join((*constants, *columns)))
