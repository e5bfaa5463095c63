"""Puts the report on theories together: who was judged on what, and what to say of it first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.statistics import separation
from errorneurons.predictions.claims.claim import Verdict
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.studies.choosing import Selection
from errorneurons.predictions.studies.families import (
    each_alone,
    families_among,
    said_of_families,
    what_is_told_apart,
)
from errorneurons.predictions.studies.findings import Report, Subject, references
from errorneurons.predictions.studies.recordings import tests_in_words
from errorneurons.predictions.studies.theories import INSTRUMENT, Simulated, simulate_all
from errorneurons.predictions.texts import paragraphs
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.theories.registry import Theory


def theories_report(
    animals: Animals,
    folder: Path,
    command: str,
    progress: Progress,
    labour: Labour | None = None,
    *,
    chosen: Selection | None = None,
    sessions: bool = False,
) -> Report:
    """Simulate the theories and counter-circuits, and judge the claims on them.

    Parameters
    ----------
    animals
        How many networks of each theory.
    folder
        Where what is simulated goes, and is taken from if it is there already.
    command
        The command that re-makes the page.
    progress
        Called with a sentence whenever something is done.
    labour
        Who simulates; local processes, one a core, if not given.
    chosen
        Who is judged on what; all on all claims if not given.
    sessions
        Whether virtual recordings are left in the folder.
    """
    chosen = chosen or Selection()
    simulated = simulate_all(
        chosen.addresses, animals, folder, progress, labour,
        sessions=sessions, claims=chosen.keys, unpictured=chosen.aside,
    )  # fmt: skip
    verdicts = tuple(
        judge(c, t.name, simulated[t.name].measured[c.key], t.kind)
        for c in chosen.claims
        for t in chosen.judged
        if c.key in simulated[t.name].measured  # counter-circuits are asked what concerns them
    )
    known = {t.name: _simulated_subject(t, simulated[t.name]) for t in chosen.judged}
    found = families_among(chosen.judged, known) if chosen.families else ()
    keys = [c.key for c in chosen.claims]
    return Report(
        title=chosen.title,
        answer=what_is_told_apart(verdicts, found or each_alone(chosen.judged, known), keys),
        subjects=tuple(known[t.name] for t in chosen.subjects),
        claims=chosen.claims,
        verdicts=verdicts,
        activity=_pictures(chosen, simulated),
        expected={},
        methods=_methods(animals),
        separations=_separations(verdicts, chosen),
        configuration=_configuration(animals),
        command=command,
        doubts=said_of_families(verdicts, found, keys) or paragraphs("answers/points"),
        families=found,
        references=references(_of_the_registry(chosen)),
    )


def _pictures(
    chosen: Selection, simulated: Mapping[str, Simulated]
) -> dict[tuple[str, str], xr.Dataset]:
    """(claim, subject) -> activity: of theories, and of the counter-circuit of each claim."""
    return {
        (c.key, t.name): simulated[t.name].activity[c.key]
        for c in chosen.claims
        for t in chosen.subjects
        if c.key in simulated[t.name].activity  # some cannot be put through an experiment
        if t.kind == "theory" or t.name == c.counter_circuit
    }


def _of_the_registry(chosen: Selection) -> list[str]:
    """Return the names of the theories that are judged, without those from files."""
    files = dict(chosen.files)
    return [t.name for t in chosen.judged if t.kind == "theory" and t.name not in files]


def _simulated_subject(entry: Theory, known: Simulated) -> Subject:
    return Subject(
        entry.name, entry.label, entry.kind, f"{entry.description} {known.training}",
        known.networks, known.networks, known.cells, known.trials, known.notes,
    )  # fmt: skip


def _separations(
    verdicts: Sequence[Verdict], chosen: Selection
) -> dict[tuple[str, str, str], float]:
    """(claim, theory, theory) -> how far the values of their networks are apart."""
    points = {(v.claim, v.subject): v.points for v in verdicts if v.points}
    names = [t.name for t in chosen.theories]
    return {
        (c.key, a, b): separation(points[c.key, a], points[c.key, b])
        for c in chosen.claims
        for a, b in combinations(names, 2)
        if (c.key, a) in points and (c.key, b) in points
    }


def _methods(animals: Animals) -> tuple[str, ...]:
    seen = asdict(INSTRUMENT) | {"networks": animals.count}
    networks = paragraphs("methods/networks")
    return (*networks, *paragraphs("methods/instrument", seen), *tests_in_words("animal"))


def _configuration(animals: Animals) -> dict[str, str | int | float]:
    return {
        "errorneurons": __version__,
        "seed": animals.seed,
        "networks": animals.count,
        "instrument": json.dumps(asdict(INSTRUMENT)),
    }
