"""Who was recorded: sentences of claims speak of animals, and those on people of participants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import xarray as xr

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.readiness import Ready

_Texts = TypeVar("_Texts", str, Verdict, Ready)
_ANIMAL = re.compile(r"(?<![`\"])\b(an )?animal(s?)\b", re.IGNORECASE)
"""But for `animal`, the attribute of a session."""


def level_of(sessions: Sequence[xr.Dataset]) -> str:
    """Return what a trial of sessions is, see the contract; empty where they differ."""
    levels = {str(s.attrs.get("level_of_data", "trial")) for s in sessions}
    return levels.pop() if len(levels) == 1 else ""


def who_was_recorded(sessions: Sequence[xr.Dataset]) -> str:
    """Return what one is called of whom a recording is; empty where they are not told apart."""
    if level_of(sessions) == "pooled":
        return ""
    human = all("homo" in str(s.attrs.get("species", "")).lower() for s in sessions)
    return "participant" if human else "animal"


def said_of(told: _Texts, noun: str) -> _Texts:
    """Return a sentence, a verdict or what a recording can test, about those who were recorded.

    Parameters
    ----------
    told
        It speaks of animals.
    noun
        What one of them is called, see `who_was_recorded`.

    Examples
    --------
    >>> said_of("Record 5 animals or more, an animal a day.", "participant")
    'Record 5 participants or more, a participant a day.'
    """
    if noun in ("", "animal"):
        return told
    if isinstance(told, str):
        return _ANIMAL.sub(lambda found: _in_place_of(found, noun), told)
    if isinstance(told, Verdict):
        table = {said_of(k, noun): said_of(text, noun) for k, text in told.statistics.items()}
        return replace(
            told, reason=said_of(told.reason, noun), remedy=said_of(told.remedy, noun),
            level=said_of(told.level, noun), statistics=table,
        )  # fmt: skip
    rows = tuple(
        replace(row, can=said_of(row.can, noun), lack=said_of(row.lack, noun),
                mend=said_of(row.mend, noun))
        for row in told.rows
    )  # fmt: skip
    return replace(
        told, rows=rows, common=said_of(told.common, noun), mend=said_of(told.mend, noun)
    )


def _in_place_of(found: re.Match[str], noun: str) -> str:
    article = f"{found[1][0]} " if found[1] else ""
    upper = not found[1] and found[0][0].isupper()
    return f"{article}{noun.capitalize() if upper else noun}{found[2]}"
