"""Results read back, and what differs between two of them.

`verdicts.json` is described by ``templates/verdicts.schema.json``; what is read here is what two
results are compared by.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

from pydantic import BaseModel, ConfigDict, ValidationError

from errorneurons.predictions.claims.claim import Outcome, SubjectKind
from errorneurons.predictions.words import interval, listed, number

RESULT_VERSION = 1
"""Of `verdicts.json`: another one if a name is taken away or means something else."""
TOLERANCE = 0.01
"""Values that are closer than this, or than this share of the larger, count as the same."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Judged(_Read):
    name: str
    kind: SubjectKind


class _Said(_Read):
    claim: str
    subject: str
    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        value, low, high = (math.nan if x is None else x for x in (self.value, self.low, self.high))
        text = f"{self.outcome.value} {number(value)} {interval(low, high, '', value)}".rstrip()
        return text.replace("\N{MINUS SIGN}", "-")  # that every terminal can show


class _Weighed(_Read):
    kept: tuple[str, ...]
    leading: tuple[str, ...]
    posterior: dict[str, float]


class Result(_Read):
    """What is read of a `verdicts.json`.

    Attributes
    ----------
    subjects, verdicts
        On what claims were judged, and what was said.
    configuration
        Seeds, versions, options and hashes of files.
    evidence
        What a recording says of the theories; None where none were weighed.
    schema_version
        Of the file.
    """

    subjects: tuple[_Judged, ...]
    verdicts: tuple[_Said, ...]
    configuration: dict[str, str | int | float | None] = {}
    evidence: _Weighed | None = None
    schema_version: int = RESULT_VERSION

    @property
    def by_subject(self) -> dict[tuple[str, str], _Said]:
        """(claim, subject) -> what was said; the only recording has no name, lest files differ."""
        recordings = [s.name for s in self.subjects if s.kind == "recording"]
        alone = recordings[0] if len(recordings) == 1 else None
        return {
            (v.claim, "the recording" if v.subject == alone else v.subject): v
            for v in self.verdicts
        }


def read_result(place: str | os.PathLike[str]) -> Result:
    """Read a result.

    Parameters
    ----------
    place
        A `verdicts.json`, or the folder that `report` or `compare` wrote it to.

    Raises
    ------
    ValueError
        If there is none, or it is something else, or of a later version.
    """
    path = Path(place)
    path = path / "verdicts.json" if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"there is no file {path}; give a verdicts.json or the folder it lies in")
    mend = "give the verdicts.json of report or compare"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = Result.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise ValueError(f"{path} is no result: {where}: {first['msg']}; {mend}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is no JSON; {mend}") from None
    if found.schema_version > RESULT_VERSION:
        raise ValueError(
            f"{path} is of version {found.schema_version} and known is {RESULT_VERSION}; "
            "compare it with a later errorneurons"
        )
    return found


def differences(first: Result, second: Result, tolerance: float = TOLERANCE) -> list[str]:
    """Return in what two results differ, a line each: first outcomes, then values, then evidence.

    Parameters
    ----------
    first, second
        Two results, see `read_result`. If each is of one recording, these are compared, whatever
        their names.
    tolerance
        N/M, ends of intervals and probabilities count as the same if they are closer than this, or
        than this share of the larger.
    """
    a, b = first.by_subject, second.by_subject
    common = [key for key in a if key in b]
    outcomes = [key for key in common if a[key].outcome is not b[key].outcome]
    values = [
        key for key in common if key not in outcomes and not _alike(a[key], b[key], tolerance)
    ]
    return [
        *(f"{_name(key)}: {a[key].text} -> {b[key].text}" for key in (*outcomes, *values)),
        *(f"{_name(key)}: only in the first" for key in a if key not in b),
        *(f"{_name(key)}: only in the second" for key in b if key not in a),
        *_of_evidence(first.evidence, second.evidence, tolerance),
    ]


def made_otherwise(first: Result, second: Result) -> list[str]:
    """Return what of the configuration differs, a line each: why results may differ."""
    a, b = first.configuration, second.configuration
    return [
        f"{key}: {' -> '.join(shorten(str(c.get(key, 'not given')), 72) for c in (a, b))}"
        for key in dict.fromkeys((*a, *b))
        if a.get(key) != b.get(key)
    ]


def _name(key: tuple[str, str]) -> str:
    return f"{key[0]} on {key[1]}"


def _alike(a: _Said, b: _Said, tolerance: float) -> bool:
    pairs = ((a.value, b.value), (a.low, b.low), (a.high, b.high))
    return all(_close(x, y, tolerance) for x, y in pairs)


def _close(x: float | None, y: float | None, tolerance: float) -> bool:
    if x is None or y is None:
        return x is y
    return math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance)


def _of_evidence(a: _Weighed | None, b: _Weighed | None, tolerance: float) -> Iterator[str]:
    if a is None or b is None:
        if a is not b:
            yield f"theories: weighed only in the {'second' if a is None else 'first'}"
        return
    for what, own, other in (("stay", a.kept, b.kept), ("lead", a.leading, b.leading)):
        if {*own} != {*other}:
            yield f"theories that {what}: {listed(own) or 'none'} -> {listed(other) or 'none'}"
    for name in dict.fromkeys((*a.posterior, *b.posterior)):
        x, y = a.posterior.get(name), b.posterior.get(name)
        if not _close(x, y, tolerance):
            texts = ("not compared" if p is None else f"{p:.3f}" for p in (x, y))
            yield f"probability of {name}: {' -> '.join(texts)}"
