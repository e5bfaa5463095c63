"""Simulates subjects, each in a process of its own, and keeps what is done on disk.

A subject is done once its sessions and what they say to every claim lie in the folder, under the
hash of everything they rest on. An interrupted run takes up where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons import __version__
from errorneurons.analysis.measures.activity import activities
from errorneurons.analysis.measures.energies import Missing, asked_often
from errorneurons.analysis.session.session import collect, save
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.judge import Measured, measure
from errorneurons.predictions.processes import Progress, run_all
from errorneurons.simulate.animals.sweep import Plan, ensemble
from errorneurons.simulate.instrument.instrument import where_errors_are
from errorneurons.simulate.theories.registry import theory

NOT_LEARNT = Missing(
    "its networks did not learn the task: training removed less than 90 % of the loss",
    "Train it on a task that it can learn.",
)


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
    names: Sequence[str], plan: Plan, folder: Path, progress: Progress, workers: int | None = None
) -> dict[str, Simulated]:
    """Simulate subjects, two at a time, taking from `folder` what is there already.

    Parameters
    ----------
    names
        Theories and counter-circuits by name.
    plan
        How many networks, seeds and how they are recorded.
    folder
        Where ``sessions/<name>.nc`` and what is known of them go.
    progress
        Called with a sentence whenever something is done.
    workers
        Processes; by default as many as there are cores, at most one a subject.
    """
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    open_ones = [name for name in names if not _done(folder, name, plan)]
    for name in names:
        if name not in open_ones:
            progress(f"{name}: taken from an earlier run")
    tasks = {f"{name}: simulated": (name, plan, folder) for name in open_ones}
    run_all(_simulate, tasks, progress, workers)
    return {name: _read(folder, name) for name in names}


def _plan_of(name: str, plan: Plan) -> Plan:
    """Return the plan of one subject.

    Each is recorded where its errors are: in tufts if dendrites carry them. Counter-circuits, which
    only guard claims, get fewer networks.
    """
    subject = theory(name)
    plan = replace(plan, instrument=where_errors_are(plan.instrument, subject.circuit))
    if subject.kind == "theory":
        return plan
    return replace(plan, networks=max(1, round(0.5 * plan.networks)))


def _simulate(name: str, plan: Plan, folder: Path) -> None:
    """Simulate a subject and leave its files in the folder, the summary last."""
    own = _plan_of(name, plan)
    networks = ensemble(theory(name), own)
    # a theory is judged on the firing rates its cells are expected to have: networks are free,
    # so spiking noise would only be averaged away
    expected = list(networks.sessions(replace(own.instrument, spiking="none"), repeats=2))
    with asked_often(expected):
        measured = {
            c.key: Measured((), np.empty((0, 3)), missing=NOT_LEARNT)
            if c.learning and not networks.learnt
            else measure(c.effect, expected, trial_level=False)
            for c in CLAIMS
        }
    pictures = activities(expected, {c.key: _conditions(c) for c in CLAIMS})
    sizes = expected[0].sizes
    summary = {
        "key": _key(name, plan),
        "notes": networks.notes,
        "training": networks.training,
        "networks": len(networks.networks),
        "cells": sizes["unit"],
        "trials": sizes["trial"],
        "measured": {key: _measured_to_json(m) for key, m in measured.items()},
        "activity": {key: picture.to_dict() for key, picture in pictures.items()},
    }
    del expected
    save(collect(networks.sessions()), folder / "sessions" / f"{name}.nc")
    path = _summary(folder, name)
    beside = path.with_suffix(".partial")
    beside.write_text(json.dumps(summary, default=float), encoding="utf-8")
    beside.replace(path)


def _conditions(claim: Claim) -> dict[str, Any]:
    return {condition.label: condition.factors for condition in claim.conditions}


def _summary(folder: Path, name: str) -> Path:
    return folder / "sessions" / f"{name}.json"


def _key(name: str, plan: Plan) -> str:
    """Return the hash of everything that a subject's results rest on."""
    subject = theory(name)
    circuits = [repr(subject.circuit), repr(subject.trained)]
    rests_on = [__version__, name, json.dumps(asdict(plan)), *circuits, *(c.key for c in CLAIMS)]
    return hashlib.sha256("\n".join(rests_on).encode()).hexdigest()


def _done(folder: Path, name: str, plan: Plan) -> bool:
    if not (folder / "sessions" / f"{name}.nc").exists():
        return False
    try:
        known = json.loads(_summary(folder, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(known.get("key") == _key(name, plan))


def _read(folder: Path, name: str) -> Simulated:
    known = json.loads(_summary(folder, name).read_text(encoding="utf-8"))
    return Simulated(
        {key: _measured_from_json(m) for key, m in known["measured"].items()},
        {key: xr.Dataset.from_dict(picture) for key, picture in known["activity"].items()},
        tuple(known["notes"]),
        known["training"],
        known["networks"],
        known["cells"],
        known["trials"],
    )


def _measured_to_json(measured: Measured) -> dict[str, Any]:
    lack = measured.missing
    return {
        "animals": measured.animals,
        "energies": measured.energies.tolist(),
        "label_error": measured.label_error,
        "missing": [lack.what, lack.remedy] if lack else None,
    }


def _measured_from_json(known: dict[str, Any]) -> Measured:
    value, low, high = known["label_error"]
    return Measured(
        tuple(known["animals"]),
        np.array(known["energies"], dtype=float).reshape(-1, 3),
        (value, low, high),
        Missing(*known["missing"]) if known["missing"] else None,
    )
