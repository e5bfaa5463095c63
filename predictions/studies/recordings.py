"""Puts the report on a recording together: the claims, the theories, and what must be known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.measures.activity import activity, mean_rate
from errorneurons.predictions.claims.claim import Claim, Verdict
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing.design import designs_of, no_trial_of
from errorneurons.predictions.comparing.further import next_steps
from errorneurons.predictions.comparing.responding import telling
from errorneurons.predictions.comparing.sentences import answer, at_odds, methods
from errorneurons.predictions.comparing.steps import NextSteps
from errorneurons.predictions.comparing.weigh import Question, Weighed, weighed
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.measured import FEWEST_ANIMALS
from errorneurons.predictions.judging.plausible import implausible
from errorneurons.predictions.judging.readiness import Ready, readiness_of
from errorneurons.predictions.judging.verdicts import confirmatory, on_recording
from errorneurons.predictions.judging.whom import (
    ready_of,
    said_of,
    who_was_recorded,
)
from errorneurons.predictions.studies.findings import Report, Subject, references
from errorneurons.predictions.studies.holdings import holdings
from errorneurons.predictions.studies.unweighed import (
    cautions_of,
    could_be_tested,
    unweighed_answer,
)
from errorneurons.predictions.texts import paragraphs
from errorneurons.simulate.store.work import Progress
from errorneurons.simulate.theories.from_file import is_file
from errorneurons.simulate.theories.registry import THEORIES


def _not_shown(_: Sequence[Verdict], __: Ready) -> None:
    """Show nothing ahead of the page."""


def recording_report(
    sessions: Sequence[xr.Dataset],
    name: str,
    question: Question | None,
    command: str,
    progress: Progress,
    judged: Callable[[Sequence[Verdict], Ready], None] = _not_shown,
) -> Report:
    """Judge the claims on a recording, and weigh it between theories.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    name
        Name of the recording, as on the page.
    question
        Which theories are compared, and on how much simulation; None if none are.
    command, progress
        As in `theories_report`.
    judged
        Called with the verdicts, and which claims can be tested, before theories are weighed.
    """
    confirmatory(sessions)  # a claim that is none is refused before anything is read
    sessions = as_believed(sessions)
    noun = who_was_recorded(sessions)
    verdicts, measured = on_recording(sessions, name)
    ready = ready_of(readiness_of(verdicts, measured, sessions), noun)
    judged(verdicts, ready)
    found = steps = None
    unlike = _unlike_virtual(sessions, verdicts)
    if question and could_be_tested(verdicts) and not unlike:
        told = telling(sessions, measured)
        unlike = told.responses.nothing
        if not unlike:
            found = weighed(told, question, progress)
            steps = _steps_of(next_steps(found, question, progress), noun)
    return Report(
        title=f"What {name} says about error neurons",
        answer=answer_of_recording(
            verdicts, found, len({s.attrs["animal"] for s in sessions}), noun
        )
        if found
        else said_of(unweighed_answer(verdicts, sessions, ready, unlike), noun),
        subjects=(recorded_subject(sessions, name),),
        claims=CLAIMS,
        verdicts=verdicts,
        activity={(c.key, name): p for c in CLAIMS if (p := activity_in(c, sessions)) is not None},
        expected=found.expected if found else {},
        methods=_methods_of_recording(found, question, noun),
        configuration=_configuration_of(found, question) | sources_of(sessions),
        command=command,
        evidence=found.evidence if found else None,
        steps=steps,
        labels={t.name: t.label for t in THEORIES} | (question.labels if question else {}),
        holdings=holdings(sessions),
        ready=ready,
        references=references(
            [n for n in question.theories if not is_file(n)] if question and found else ()
        ),
    )


def answer_of_recording(
    verdicts: Sequence[Verdict], found: Weighed, animals: int, noun: str = "animal"
) -> str:
    """Return the headline of a recording that was weighed.

    Parameters
    ----------
    verdicts
        On the claims, one a claim.
    found
        The recording between theories.
    animals, noun
        How many were recorded, and what one of them is called; empty if they are not told apart.
    """
    responses, label = found.responses, found.labels.__getitem__
    animals -= len(responses.without)
    clear = [v for v in verdicts if v.claim not in responses.set_aside]
    said = [
        answer(found.evidence, verdicts, animals, label),
        responses.caution,
        at_odds(found.evidence.kept, clear, found.expected, found.misses, label),
    ]
    if animals < FEWEST_ANIMALS:
        these = f"this {noun or 'recording'}" if animals == 1 else f"these {animals} {noun}s"
        said.append(f"This is so in {these} only; nothing is said of a population.")
    return said_of(" ".join(filter(None, said)), noun)


def recorded_subject(sessions: Sequence[xr.Dataset], name: str) -> Subject:
    """Return a recording as a subject, with what the reader must know of it."""
    animals = {str(s.attrs["animal"]) for s in sessions}
    cells = int(np.median([s.sizes["unit"] for s in sessions]))
    notes = list(dict.fromkeys(str(s.attrs["notes"]) for s in sessions if s.attrs.get("notes")))
    notes += cautions_of(sessions)
    localised = any(
        "localiser" in s["label_source"].values for s in sessions if "label_source" in s.coords
    )
    noun = who_was_recorded(sessions)
    few = len(animals) < FEWEST_ANIMALS and bool(noun)
    told = {"localiser": localised, "few": few, "fewest": FEWEST_ANIMALS}
    found = (*paragraphs("answers/notes_on_recording", told), *implausible(sessions))
    notes += [said_of(note, noun) for note in found]
    return Subject(
        name, name, "recording", "A recording, taken in by its mapping file.", len(animals),
        len(sessions), cells, int(np.median([s.sizes["trial"] for s in sessions])), tuple(notes),
        noun,
    )  # fmt: skip


def activity_in(claim: Claim, sessions: Sequence[xr.Dataset]) -> xr.Dataset | None:
    """Return activity in the claim's conditions, or by stimulus where there are none of them."""
    conditions = {c.label: c.factors for c in claim.conditions}
    same_axis = [s for s in sessions if s["time"].equals(sessions[0]["time"])]
    picture = activity(same_axis, conditions)
    if np.isfinite(picture["mean"]).any():
        return picture
    stimuli = np.unique(sessions[0]["stimulus"].values)
    if claim is not CLAIMS[0] or len(stimuli) > 6:
        return None
    return activity(same_axis, {str(s): {"stimulus": str(s)} for s in stimuli}, mean_rate)


def tests_in_words(noun: str) -> tuple[str, ...]:
    """Return paragraphs on how claims are tested on recordings of animals, or of participants."""
    told = paragraphs("methods/tests", {"fewest": FEWEST_ANIMALS})
    return tuple(said_of(paragraph, noun) for paragraph in told)


def sources_of(sessions: Sequence[xr.Dataset]) -> dict[str, str | int | float]:
    """Return hashes of all files and of the confirmatory set."""
    found: dict[str, str | int | float] = {}
    origins = [_origin(session) for session in sessions]
    for key in ("source_file", "source_sha256", "mapping_sha256"):
        given = dict.fromkeys(str(origin[key]) for origin in origins if key in origin)
        if given:
            found[key] = ", ".join(given)
    chosen = " ".join(confirmatory(sessions))
    if not chosen:
        return found | {"confirmatory_set": "none was declared"}
    return found | {
        "confirmatory_set": chosen,
        "confirmatory_sha256": hashlib.sha256(chosen.encode()).hexdigest(),
    }


def _steps_of(steps: NextSteps, noun: str) -> NextSteps:
    """Return advice that speaks of those who were recorded."""
    designs = tuple(
        replace(step, title=said_of(step.title, noun), sentence=said_of(step.sentence, noun))
        for step in steps.designs
    )
    return replace(steps, summary=said_of(steps.summary, noun), designs=designs)


def _unlike_virtual(sessions: Sequence[xr.Dataset], verdicts: Sequence[Verdict]) -> str:
    """Return why virtual experiments cannot imitate a recording; empty if they can."""
    if _of_tufts(sessions):
        return "the error carriers are apical tufts, and virtual experiments record somata"
    known = [v.claim for v in could_be_tested(verdicts)]
    return no_trial_of(known) if known and not designs_of(sessions) else ""


def _of_tufts(sessions: Sequence[xr.Dataset]) -> bool:
    """Return whether error carriers are apical tufts: virtual experiments record somata."""
    return any(
        "tuft" in str(kind)
        for s in sessions
        if "cell_type" in s.coords
        for kind in np.unique(s["cell_type"].values[s["role"].values == "error"])
    )


def _methods_of_recording(
    found: Weighed | None, question: Question | None, noun: str
) -> tuple[str, ...]:
    tests = tests_in_words(noun)
    if found is None or question is None:
        return tests
    networks = paragraphs("methods/networks")
    label = found.labels.__getitem__
    return (*tests, *networks, methods(found.evidence, question.experiments, label))


def _configuration_of(
    found: Weighed | None, question: Question | None
) -> dict[str, str | int | float]:
    known: dict[str, str | int | float] = {"errorneurons": __version__}
    if found is None or question is None:
        return known
    return known | {
        "seed": question.animals.seed,
        "theories": ", ".join(question.labels),
        "worlds": len(question.animals.of_worlds),
        "networks of a world": question.animals.count,
        "virtual experiments": question.experiments,
        "design": "; ".join(map(repr, found.designs)),
    }


def _origin(session: xr.Dataset) -> Mapping[str, Any]:
    """Return the provenance of a session; nothing if it is free text."""
    try:
        known = json.loads(str(session.attrs.get("provenance", "{}")))
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
