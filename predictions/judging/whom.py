"""Who was recorded: sentences of claims speak of animals, and those on people of participants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import xarray as xr

from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.readiness import Ready

_ANIMAL = re.compile(r"(?<![`\"])\b(an )?animal(s?)\b", re.IGNORECASE)
"""But for `animal`, the attribute of a session."""


def kind_of_trials(sessions: Sequence[xr.Dataset]) -> str:
    """Return what a trial of sessions is, see the contract; empty where they differ."""
    levels = {str(s.attrs.get("level_of_data", "trial")) for s in sessions}
    return levels.pop() if len(levels) == 1 else ""


def who_was_recorded(sessions: Sequence[xr.Dataset]) -> str:
    """Return what one is called of whom a recording is; empty where they are not told apart."""
    if kind_of_trials(sessions) == "pooled":
        return ""
    human = all("homo" in str(s.attrs.get("species", "")).lower() for s in sessions)
    return "participant" if human else "animal"


def said_of(told: str, noun: str) -> str:
    """Return a sentence that speaks of animals as one about those who were recorded.

    Parameters
    ----------
    told
        The sentence.
    noun
        What one of them is called, see `who_was_recorded`.

    Examples
    --------
    >>> said_of("Record 5 animals or more, an animal a day.", "participant")
    'Record 5 participants or more, a participant a day.'
    """
    if noun in ("", "animal"):
        return told
    return _ANIMAL.sub(lambda found: _in_place_of(found, noun), told)


def verdict_of(verdict: Verdict, noun: str) -> Verdict:
    """Return a verdict whose sentences are about those who were recorded, see `said_of`."""
    table = {said_of(key, noun): said_of(text, noun) for key, text in verdict.statistics.items()}
    people = verdict.over == "animals" and noun == "participant"
    return replace(
        verdict, over="participants" if people else verdict.over,
        reason=said_of(verdict.reason, noun), remedy=said_of(verdict.remedy, noun),
        level=said_of(verdict.level, noun), statistics=table,
    )  # fmt: skip


def ready_of(ready: Ready, noun: str) -> Ready:
    """Return what can be tested with sentences about those who were recorded, see `said_of`."""
    rows = tuple(
        replace(row, can=said_of(row.can, noun), lack=said_of(row.lack, noun),
                mend=said_of(row.mend, noun))
        for row in ready.rows
    )  # fmt: skip
    common, mend = said_of(ready.common, noun), said_of(ready.mend, noun)
    return replace(ready, rows=rows, common=common, mend=mend)


def _in_place_of(found: re.Match[str], noun: str) -> str:
    article = f"{found[1][0]} " if found[1] else ""
    upper = not found[1] and found[0][0].isupper()
    return f"{article}{noun.capitalize() if upper else noun}{found[2]}"
