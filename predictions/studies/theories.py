"""Simulates subjects, each in a process of its own, and keeps what is done on disk.

A subject is done once what its networks say to every claim lies in the folder, under the key of
everything it rests on; their sessions lie there as well where they are asked for. An interrupted
run takes up where it stopped. What networks did is not kept, though an edited claim simulates them
again: writing it takes longer than simulating it (`docs/cluster.md` has the figures).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.activity import activities
from errorneurons.analysis.measures.asking import Remembered, asked_often
from errorneurons.analysis.measures.energies import Missing
from errorneurons.analysis.session.plain import Plain
from errorneurons.analysis.session.session import collect, packed
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.claims.registry import CLAIMS, claims_shown_by, days_asked
from errorneurons.predictions.judging.measured import Measured, measure
from errorneurons.predictions.studies.choosing import keys_asked
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.days import referenced, through_days
from errorneurons.simulate.animals.expected import expected_of
from errorneurons.simulate.animals.performed import (
    Performed,
    not_put_through,
    on_one_day,
    ready_animals,
)
from errorneurons.simulate.animals.runner import check_possible, recordings_of
from errorneurons.simulate.animals.trained import Trained
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.registry import EXPERIMENTS_LIST, experiment
from errorneurons.simulate.instrument.instrument import Instrument, where_errors_are
from errorneurons.simulate.instrument.plainly import DrawnCells
from errorneurons.simulate.store.files import JSON, NETCDF, keeping
from errorneurons.simulate.store.keys import key
from errorneurons.simulate.store.shelf import Piece, Shelf, provide
from errorneurons.simulate.store.work import Labour, Progress
from errorneurons.simulate.theories.from_file import is_file, rests_on_file, theory_named
from errorneurons.simulate.theories.registry import OPEN_CHOICES, REGISTRY

_USUAL = Claim.shown_by
"""The experiment that shows most claims; its own trials set the gain of the instrument."""
_NOT_FOLLOWED = (*REGISTRY, *EXPERIMENTS_LIST)
INSTRUMENT = Instrument()
"""How networks are recorded: spikes of cells of every role and area."""


@dataclass(frozen=True)
class Simulated:
    """What is known of a simulated subject.

    Attributes
    ----------
    measured
        Claim key -> what its networks say to the claim.
    activity
        Claim key -> mean activity by condition.
    notes
        What the reader must know.
    training
        How much of the loss training removed, in words.
    networks, cells, trials
        Counts; cells and trials of one network.
    """

    measured: Mapping[str, Measured]
    activity: Mapping[str, xr.Dataset]
    notes: tuple[str, ...]
    training: str
    networks: int
    cells: int
    trials: int


def simulate_all(
    names: Sequence[str],
    animals: Animals,
    folder: Path,
    progress: Progress,
    labour: Labour | None = None,
    *,
    sessions: bool = False,
    claims: Sequence[str] = (),
    unpictured: Collection[str] = (),
) -> dict[str, Simulated]:
    """Simulate subjects, as many at a time as there are workers, taking what is there already.

    Parameters
    ----------
    names
        Theories and counter-circuits by name, or by the Python file of a theory.
    animals
        How many networks of each theory; counter-circuits, which only guard claims, get half.
    folder
        Where what is known of them goes, ``subjects/<name>-<key>.json``.
    progress
        Called with a sentence whenever something is done.
    labour
        Who does the work; local processes, one a core, if not given.
    sessions
        Whether virtual recordings are left beside, ``sessions/<name>-<key>.nc``.
    claims
        Keys of those that are asked; networks go through their experiments alone. All if empty.
        Counter-circuits go through those of the claims that must fail on them, and say nothing to
        claims that other experiments show.
    unpictured
        Those of the names whose activity is not shown.

    Returns
    -------
    dict
        Name of the theory or counter-circuit -> what is known of it.
    """
    shelf, beside = Shelf(folder / "subjects", JSON), folder / "sessions"
    where = beside if sessions else None
    pieces = {}
    for name in names:
        keys = keys_asked(theory_named(name), claims)
        shown = name not in unpictured
        pieces[theory_named(name).name] = _piece(name, animals, where, keys, pictured=shown)
    found = provide(pieces, shelf, progress, labour, compile_ahead)
    return {name: _simulated(JSON.read(path)) for name, path in found.items()}


def _piece(
    name: str,
    animals: Animals,
    folder: Path | None,
    keys: tuple[str, ...] = (),
    *,
    pictured: bool = True,
) -> Piece:
    known, own = theory_named(name), animals
    also: tuple[str, ...] = ()
    if known.kind != "theory":
        own = replace(animals, count=max(1, round(0.5 * animals.count)))
    given = (*known.rests_on, own, tuple(_asked_by(keys)), keys, pictured)
    if is_file(name):
        name = str(Path(name).resolve())  # workers may stand elsewhere
        content, also = rests_on_file(name)
        given = (*given, content)
    rests_on = key(_simulate, given, _NOT_FOLLOWED, also)
    sessions = Shelf(folder, NETCDF).path(known.name, rests_on) if folder else None
    beside = (sessions,) if sessions else ()
    said = f"{known.name}: simulated"
    return Piece(_simulate, (name, own, sessions, keys, pictured), rests_on, said, beside)


def _asked_by(keys: tuple[str, ...]) -> list[Experiment]:
    """Return the experiments that show these claims, or all if there are none."""
    names = {c.shown_by for c in CLAIMS if c.key in keys or not keys}
    return [tried for tried in _asked() if tried.name in names]


def _asked() -> list[Experiment]:
    """Return the experiments that show the claims, each once; the usual one is first."""
    names = dict.fromkeys((_USUAL, *(c.shown_by for c in CLAIMS)))
    return [experiment(name) for name in names]


def _simulate(
    name: str,
    animals: Animals,
    path: Path | None,
    keys: tuple[str, ...] = (),
    pictured: bool = True,
) -> dict[str, Any]:
    """Simulate a subject and return what it says; leave its sessions in a file, if one is named.

    Each is recorded where its errors are: in tufts if dendrites carry them. Its networks are
    trained once, and go from there through each experiment; one is over before the next begins.
    """
    known = theory_named(name)
    claims = [c for c in CLAIMS if c.key in keys or not keys]
    instrument = where_errors_are(INSTRUMENT, known.circuit)
    try:
        ready = ready_animals(known, animals, instrument)
    except ValueError as error:
        if known not in OPEN_CHOICES:
            raise
        return _unfit(str(error), claims)
    asked = _Asked(ready, instrument, keys, pictured)
    usual, *others = _asked()
    networks, said = _usually(asked, usual, path)
    asked = replace(asked, ready=referenced(ready))
    for tried in others:
        if asked.claims(tried):
            said = said.with_more(_elsewhere(asked, tried))
    return {
        "notes": networks.notes,
        "training": networks.training,
        "networks": len(networks.animals.numbers),
        "cells": said.cells,
        "trials": said.trials,
        "measured": {c.key: said.measured[c.key].to_json() for c in claims},
        "activity": {key: picture.to_dict() for key, picture in said.activity.items()},
    }


@dataclass(frozen=True)
class _Said:
    """What the networks of a subject say in an experiment; cells and trials of one on a day."""

    measured: dict[str, Measured]
    activity: dict[str, xr.Dataset]
    cells: int = 0
    trials: int = 0

    def with_more(self, other: _Said) -> _Said:
        """Return what they say in two experiments; counts are those of the first that has any."""
        counted = self if self.cells else other
        return _Said(
            self.measured | other.measured, self.activity | other.activity,
            counted.cells, counted.trials,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Asked:
    """Trained networks of a subject, and what they are asked.

    Attributes
    ----------
    ready, instrument
        The networks, and how they are recorded.
    keys
        Keys of the claims; all if empty.
    pictured
        Whether their activity is shown.
    cells
        Number of a network -> its cells, the same in all experiments; as far as drawn.
    """

    ready: Trained
    instrument: Instrument
    keys: tuple[str, ...]
    pictured: bool
    cells: dict[int, DrawnCells] = field(default_factory=dict)

    def claims(self, tried: Experiment) -> list[Claim]:
        """Return those of the claims that an experiment shows."""
        return [c for c in claims_shown_by(tried.name) if c.key in self.keys or not self.keys]

    def shown(self, days: Iterable[Performed]) -> list[Plain]:
        """Return what networks are expected to show, day by day.

        A theory is judged on the firing rates its cells are expected to have: networks are free, so
        spiking noise would only be averaged away, and two trials of a kind are enough.
        """
        return [
            session
            for day in days
            for session in expected_of(day.repeated(2), self.instrument, self.cells)
        ]


def _usually(asked: _Asked, usual: Experiment, path: Path | None) -> tuple[Performed, _Said]:
    """Put trained networks through the usual experiment, if it is asked for; leave its sessions.

    What was recorded is not returned: the next experiment takes as much.
    """
    claims, before = asked.claims(usual), not_put_through(asked.ready, usual)
    if path is None and not claims:
        return before, _Said({}, {})
    networks = on_one_day(asked.ready, usual)
    if not networks.blocks:  # what they learnt before they were lost is known all the same
        return replace(before, left_out=networks.left_out), _silent(claims, _none_left(usual))
    said = _said(asked, asked.shown([networks]), usual)
    if path is not None:
        spikes = packed(collect(recordings_of(networks, asked.instrument)))
        with keeping(path) as part:
            part.write_bytes(spikes)
    return replace(networks, blocks=()), said


def _elsewhere(asked: _Asked, tried: Experiment) -> _Said:
    """Put trained networks through an experiment, and return what they say to its claims.

    Those that diverge on some day say nothing, lest some days stand for all.
    """
    ready, claims = asked.ready, asked.claims(tried)
    try:
        check_possible(ready.theory, tried, ready.animals, asked.instrument)
    except ValueError as error:
        return _silent(claims, Missing(str(error), "Ask it of a theory that can be put through."))
    wanted = days_asked(claims) or range(1, len(tried.days(ready.animals.seed)) + 1)
    sessions = asked.shown(through_days(ready, tried, wanted=wanted))
    days = Counter(str(s.attrs["animal"]) for s in sessions)
    whole = [s for s in sessions if days[str(s.attrs["animal"])] == len(wanted)]
    if not whole:
        return _silent(claims, _none_left(tried))
    return _said(asked, whole, tried)


def _none_left(tried: Experiment) -> Missing:
    lack = f"none of its networks is left at the end of {tried.label}"
    return Missing(lack, "Lower its learning rate.")


def _silent(claims: Sequence[Claim], lack: Missing) -> _Said:
    nothing = Measured((), np.empty((0, 3)), missing=lack)
    return _Said({c.key: nothing for c in claims}, {})


def _said(asked: _Asked, seen: Sequence[Plain], tried: Experiment) -> _Said:
    claims, sessions = asked.claims(tried), [one.as_session() for one in seen]
    with asked_often(sessions, _shared_memory(seen)):
        measured = {c.key: measure(c.effect, sessions, trial_level=False) for c in claims}
    shown = {c.key: _conditions(c) for c in claims if asked.pictured}
    pictures = activities(sessions, shown) if shown else {}
    sizes = sessions[0].sizes
    return _Said(measured, pictures, sizes["unit"], sizes["trial"])


def _shared_memory(seen: Sequence[Plain]) -> list[tuple[Remembered, Remembered]]:
    """Return room for what claims find out, common to sessions of a day with units alike."""
    alike: dict[Hashable, Remembered] = {}
    return [({}, alike.setdefault(_kind(one), {})) for one in seen]


def _kind(session: Plain) -> Hashable:
    units = (session.variables[name].values.tobytes() for name in ("area", "role", "level"))
    return session.attrs["day"], *units


def _unfit(reason: str, claims: Sequence[Claim]) -> dict[str, Any]:
    """Return what is said of a variant none of whose networks can be used: a choice not to make."""
    lack = Missing(reason, "Decide otherwise what the theory leaves open.")
    nothing = Measured((), np.empty((0, 3)), missing=lack).to_json()
    return {
        "notes": [f"{reason[0].upper()}{reason[1:]}."],
        "training": "",
        "networks": 0,
        "cells": 0,
        "trials": 0,
        "measured": {c.key: nothing for c in claims},
        "activity": {},
    }


def _conditions(claim: Claim) -> dict[str, Any]:
    return {condition.label: condition.factors for condition in claim.conditions}


def _simulated(known: Mapping[str, Any]) -> Simulated:
    return Simulated(
        {key: Measured.from_json(m) for key, m in known["measured"].items()},
        {key: xr.Dataset.from_dict(picture) for key, picture in known["activity"].items()},
        tuple(known["notes"]),
        known["training"],
        known["networks"],
        known["cells"],
        known["trials"],
    )
