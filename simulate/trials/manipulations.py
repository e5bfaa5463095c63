"""Manipulations: which neurons a laser or a current is aimed at, and what it does to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Axons, Circuit, Role, has, neurons
from errorneurons.simulate.experiments.columns import DEFAULTS
from errorneurons.simulate.trials.bench import OTHER, Bench, Chosen

Name = TypeVar("Name", Role, str)


def aimed_at(
    circuit: Circuit[Any, Any],
    labelled: Chosen | None,
    kind: str,
    role: str,
    area: str,
    cell: int = -1,
) -> tuple[Role, Chosen]:
    """Return the neurons that a manipulation is aimed at.

    Parameters
    ----------
    circuit
        The theory.
    labelled
        As in `Bench`.
    kind
        ``"silence"``: all cells labelled with the role; ``"drive"``: every other one of them.
    role, area
        Role and area that are manipulated; the area may be ``"all"``.
    cell
        Which one of them alone, from 0; -1 for as many as `kind` says.

    Returns
    -------
    role, neurons
        What these neurons are in the circuit, and which, (network or 1, neuron of that role); none
        if the theory has nobody of that role, or nobody in that area.

    Raises
    ------
    ValueError
        If there is no such area or role, or not so many neurons.
    """
    by_label = labelled is not None and role in OTHER
    source = cast("Role", "representation" if by_label else role)
    if source in get_args(Role) and not has(circuit, source):
        return source, np.zeros((1, 0), dtype=bool)
    aimed = np.zeros((1, neurons(circuit, source).stop), dtype=bool)
    known = any(p.area == area for p in circuit.populations)
    if not known or _has_in(circuit, source, area):
        aimed[:, neurons(circuit, source, area)] = True
    if labelled is not None and by_label:
        aimed = aimed & (labelled if role == "error" else ~labelled)
    if cell >= 0:
        return source, _only(aimed, cell, f"{role} cells in {area} of {circuit.theory}")
    if kind == "drive":
        aimed = aimed & (np.cumsum(aimed, axis=1) % 2 == 1)
    return source, aimed


def _has_in(circuit: Circuit[Any, Any], role: str, area: str) -> bool:
    return any(p.role == role and area in (p.area, "all") for p in circuit.populations)


def _only(aimed: Chosen, cell: int, what: str) -> Chosen:
    """Return the n-th of the neurons, from 0."""
    count = int(aimed.sum(axis=1).min())
    if cell >= count:
        raise ValueError(
            f"manipulated_cell is {cell}, but there are {count} {what}; "
            f"give a number from 0 to {count - 1}"
        )
    only: Chosen = aimed & (np.cumsum(aimed, axis=1) == cell + 1)
    return only


@dataclass(frozen=True)
class Manipulated:
    """What the manipulations of trials do, one trial a stream.

    Attributes
    ----------
    keep, current
        Factors on silenced neurons and currents into driven ones, by role, each
        (network or 1, stream, neuron).
    synapses
        Factors on synapses whose axon terminals are silenced, by matrix, (network or 1, stream,
        post, pre).
    """

    keep: Mapping[Role, Array]
    current: Mapping[Role, Array]
    synapses: Mapping[str, Array]


def manipulated(bench: Bench[Any, Any], trials: Sequence[Mapping[Any, Any]]) -> Manipulated:
    """Return what the manipulations of trials do, one trial a stream.

    Raises
    ------
    ValueError
        If a trial is aimed at neurons or axons that there are not.
    """
    keep: dict[Role, dict[int, Array]] = {}
    current: dict[Role, dict[int, Array]] = {}
    synapses: dict[str, dict[int, Array]] = {}
    for number, given in enumerate(trials):
        trial = {**DEFAULTS, **given}
        kind = trial["manipulation"]
        if kind == "drive":
            source, aimed = aimed_at(bench.circuit, bench.labelled, *aim(trial))
            amplitude = trial["drive_size"] * bench.drive[:, 0]
            current.setdefault(source, {})[number] = np.where(aimed, amplitude, 0.0)
        elif kind == "silence" and trial["manipulated_target"] == "somata":
            left = 1 - _of_laser(bench, trial, "efficacy")
            for source, hit in _hit(bench, trial).items():
                keep.setdefault(source, {})[number] = np.where(hit, left, 1.0)
        elif kind == "silence":
            for matrix, factor in _terminals(bench, trial).items():
                synapses.setdefault(matrix, {})[number] = factor
    count = len(trials)
    return Manipulated(
        _stacked(keep, 1.0, count), _stacked(current, 0.0, count), _stacked(synapses, 1.0, count)
    )


def aim(trial: Mapping[Any, Any]) -> tuple[str, str, str, int]:
    """Return kind, role, area and cell of a trial's manipulation, as `aimed_at` takes them."""
    kind, role, area = (
        str(trial[n]) for n in ("manipulation", "manipulated_role", "manipulated_area")
    )
    return kind, role, area, int(trial["manipulated_cell"])


def _of_laser(bench: Bench[Any, Any], trial: Mapping[Any, Any], name: str) -> float:
    """Return a property of the laser, the trial's own if it has one."""
    return float(getattr(bench.laser, name) if np.isnan(trial[name]) else trial[name])


def _hit(bench: Bench[Any, Any], trial: Mapping[Any, Any]) -> dict[Role, Chosen]:
    """Return the neurons that a laser hits, aimed at or not, (network or 1, neuron) by role."""
    _, role, area, _ = aim(trial)
    source, aimed = aimed_at(bench.circuit, bench.labelled, *aim(trial))
    other, off_target = OTHER.get(role), _of_laser(bench, trial, "off_target")
    if not off_target or other is None:
        return {source: aimed}
    if bench.labelled is None and not _has_in(bench.circuit, other, area):
        return {source: aimed}  # there is nobody else
    if not bench.strays:
        raise ValueError(
            f"off_target is {off_target:g} but Bench.strays is empty; draw with `strays` the "
            "neurons that are hit"
        )
    beside, near = aimed_at(bench.circuit, bench.labelled, "silence", other, area)
    missed = near & (bench.strays[beside] < off_target)
    return {source: aimed | missed} if beside == source else {source: aimed, beside: missed}


def _terminals(bench: Bench[Any, Any], trial: Mapping[Any, Any]) -> dict[str, Array]:
    """Return factors on the synapses that the hit neurons make in the target area, by matrix."""
    target, area = str(trial["manipulated_target"]), str(trial["manipulated_area"])
    left, factors = 1 - _of_laser(bench, trial, "efficacy"), dict[str, Array]()
    hits = _hit(bench, trial)
    for axons in bench.circuit.axons:
        if axons.role in hits and _reaches(axons, area, target):
            hit = hits[axons.role]
            rows = max(place.stop for place in axons.rows.values())
            factor = np.ones((len(hit), rows, axons.first + hit.shape[1]))
            factor[:, axons.rows[target], axons.first :] = np.where(hit, left, 1.0)[:, None, :]
            factors[axons.matrix] = factors.get(axons.matrix, 1.0) * factor
    if not factors:
        raise ValueError(_no_axons(bench.circuit, trial, next(iter(hits))))
    return factors


def _reaches(axons: Axons, area: str, target: str) -> bool:
    return any(area in (source, "all") and target == end for source, end in axons.routes)


def _no_axons(circuit: Circuit[Any, Any], trial: Mapping[Any, Any], source: Role) -> str:
    """Return what to say where cells send nothing to an area; `source` is what they are."""
    area, target = trial["manipulated_area"], trial["manipulated_target"]
    role = f"{trial['manipulated_role']} cells"
    routes = [route for axons in circuit.axons if axons.role == source for route in axons.routes]
    known = ", ".join(dict.fromkeys(f"{start} to {end}" for start, end in routes))
    return (
        f"{circuit.theory} has no axons of {role} from {area} to {target} whose terminals could be "
        f"silenced; it has {f'some from {known}' if known else 'none between areas'}"
    )


def _stacked(
    rows: Mapping[Name, Mapping[int, Array]], otherwise: float, count: int
) -> dict[Name, Array]:
    """Return (network or 1, stream, ...) by name; streams without a row have `otherwise`."""
    stacked: dict[Name, Array] = {}
    for role, known in rows.items():
        nothing = np.full_like(next(iter(known.values()))[:1], otherwise)
        every = np.broadcast_arrays(*(known.get(k, nothing) for k in range(count)))
        stacked[role] = np.stack(every, axis=1)
    return stacked
