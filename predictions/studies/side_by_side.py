"""Several recordings, or groups of animals, judged on the claims side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.session.session import collect
from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.verdicts import on_recording
from errorneurons.predictions.judging.whom import said_of, who_was_recorded
from errorneurons.predictions.studies.findings import Report
from errorneurons.predictions.studies.recordings import (
    activity_in,
    recorded_subject,
    sources_of,
    tests_in_words,
)
from errorneurons.predictions.texts import one_paragraph, paragraphs
from errorneurons.predictions.words import listed


def groups_report(
    groups: Mapping[str, Sequence[xr.Dataset]], command: str, title: str = ""
) -> Report:
    """Judge the claims on each of several groups; no theory is weighed.

    Parameters
    ----------
    groups
        Name of a group -> its sessions, which obey the dataset contract.
    command
        The command that re-makes the page.
    title
        Of the page; the names of the groups if not given.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or a session stands twice in one.
    """
    if len(groups) < 2:
        raise ValueError(
            f"there is one group, {listed([*groups])}; give two or more, or its files by themselves"
        )
    every = [session for own in groups.values() for session in own]
    for own in groups.values():
        collect(own)  # refuses a session that is given twice
    believed = {name: as_believed(own) for name, own in groups.items()}
    noun = who_was_recorded(every)
    verdicts = tuple(v for name, own in believed.items() for v in on_recording(own, name)[0])
    return Report(
        title=title or f"{listed([*groups])} side by side",
        answer=_answer(verdicts, [*groups]),
        subjects=tuple(recorded_subject(own, name) for name, own in believed.items()),
        claims=CLAIMS,
        verdicts=verdicts,
        activity={
            (c.key, name): shown
            for c in CLAIMS
            for name, own in believed.items()
            if (shown := activity_in(c, own)) is not None
        },
        expected={},
        methods=tests_in_words(noun),
        configuration={"errorneurons": __version__, **sources_of(every)},
        command=command,
        doubts=tuple(
            said_of(note, noun)
            for note in paragraphs("answers/notes_on_groups", {"shared": _shared(groups)})
        ),
    )


def _answer(verdicts: Sequence[Verdict], names: Sequence[str]) -> str:
    """Return in how many claims the groups agree, and of the others who says what."""
    said = {(v.claim, v.subject): v.outcome for v in verdicts}
    tested = [
        c.key for c in CLAIMS
        if any(said[c.key, name] is not Outcome.NOT_TESTABLE for name in names)
    ]  # fmt: skip
    others = [key for key in tested if len({said[key, name] for name in names}) > 1]
    return one_paragraph("answers/side_by_side", {
        "groups": names,
        "tested": len(tested),
        "others": {key: _who_says_what(key, said, names) for key in others},
    })  # fmt: skip


def _who_says_what(
    key: str, said: Mapping[tuple[str, str], Outcome], names: Sequence[str]
) -> list[str]:
    by_outcome: dict[Outcome, list[str]] = {}
    for name in names:
        by_outcome.setdefault(said[key, name], []).append(name)
    return [
        f"{outcome.value.lower().replace('_', ' ')} in {listed(own)}"
        for outcome, own in by_outcome.items()
    ]


def _shared(groups: Mapping[str, Sequence[xr.Dataset]]) -> list[str]:
    """Return the names of animals that are in more than one group."""
    own = [{str(s.attrs["animal"]) for s in sessions} for sessions in groups.values()]
    return sorted({a for k, some in enumerate(own) for other in own[k + 1 :] for a in some & other})
