"""What is said first of a recording that is not weighed, and the cautions that go with it."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.claims.registry import else_behind
from errorneurons.predictions.judging.judge import UNNAMED
from errorneurons.predictions.judging.readiness import Ready
from errorneurons.predictions.judging.whom import kind_of_trials, who_was_recorded
from errorneurons.predictions.texts import one_paragraph
from errorneurons.predictions.words import listed

_LEVELS = {
    "mean": "its rows are means over trials",
    "pooled": "its units are pooled over animals that are not told apart",
    "sample": "its samples are not told apart by trial",
}
"""Level of data -> why nothing can be tested."""
_AREAS = 4
"""So many areas are named."""


def could_be_tested(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts on claims that could be tested."""
    return [v for v in verdicts if v.outcome is not Outcome.NOT_TESTABLE]


def unweighed_answer(
    verdicts: Sequence[Verdict], sessions: Sequence[xr.Dataset], ready: Ready, unlike: str = ""
) -> str:
    """Return the headline of a recording that is not weighed between theories.

    Parameters
    ----------
    verdicts
        On the claims, one a claim.
    sessions
        Sessions that obey the dataset contract.
    ready
        Which claims they can test.
    unlike
        Why virtual experiments cannot imitate the recording; empty if they can.
    """
    known = could_be_tested(verdicts)
    animals = {str(s.attrs["animal"]) for s in sessions}
    counts = [(sum(v.outcome is o for v in known), o.value.lower()) for o in Outcome]
    alone = len(known) == 1
    areas = sorted({str(a) for s in sessions for a in s["area"].values})
    return one_paragraph("answers/unweighed", {
        "tested": [v.claim for v in known],
        "all": len(verdicts),
        "counts": ["is " * alone + (word if alone else f"{n} {word}") for n, word in counts if n],
        "otherwise": else_behind(verdicts),
        "one": who_was_recorded(sessions) if len(animals) == 1 and not animals & UNNAMED else "",
        "unlike": unlike,
        "why": _why(sessions, ready),
        "units": len({(str(s.attrs["animal"]), str(u)) for s in sessions
                      for u in s["unit_id"].values}),
        "areas": listed(areas) if len(areas) <= _AREAS else f"{len(areas)} areas",
    })  # fmt: skip


def cautions_of(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Return what must be known of sessions, each caution once."""
    found: dict[str, list[str]] = {}
    for session in sessions:
        if caution := str(session.attrs.get("cautions", "")):
            name = f"session {session.attrs['session_id']} of {session.attrs['animal']}"
            found.setdefault(caution, []).append(name)
    several = {
        caution: f"all {len(own)} sessions" if len(own) == len(sessions) > 1 else listed(own)
        for caution, own in found.items()
    }
    return [f"{who[0].upper()}{who[1:]}: {caution}." for caution, who in several.items()]


def _why(sessions: Sequence[xr.Dataset], ready: Ready) -> str:
    """Return in a few words what a recording on which nothing can be tested lacks first."""
    if ready.common and (level := kind_of_trials(sessions)) in _LEVELS:
        return _LEVELS[level]
    if silent := [row.claim.key for row in ready.rows if row.silent]:
        return f"there is no response to compare with ({listed(silent)})"
    named = [s for s in sessions if "outcome" in s.coords]
    if not named:
        return "no trial is said to have an unexpected outcome"
    if not any((s["outcome"].values == "unexpected").any() for s in named):
        return "no outcome is unexpected"
    untaught = [s for s in named if "teaching" in s.coords and not s["teaching"].values.any()]
    if len(untaught) == len(sessions) and not any("control" in s.coords for s in sessions):
        return "no `control` tells a violated expectation from adaptation"
    if not any((s["role"].values == "error").any() for s in sessions):
        return "no unit is labelled as an error cell"
    return ""
