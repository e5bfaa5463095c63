"""The bench: a circuit with its task, and how an experimenter reaches its neurons.

A laser or a current is aimed at the cells that are *labelled* with a role. Usually labels are the
circuit's own; where the error carrier is no soma, or there is none, what is labelled error is a
part of the representation neurons (`Bench.labelled`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, cast, get_args

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.circuit import (
    Array,
    Circuit,
    Role,
    StateT,
    WeightsT,
    generator,
    has,
    neurons,
)
from errorneurons.simulate.readout import Readout
from errorneurons.simulate.tasks.association import Association

Chosen = npt.NDArray[np.bool_]

OTHER: Mapping[str, Role] = {"error": "representation", "representation": "error"}
"""The role whose neurons stand beside those of a role."""


@dataclass(frozen=True)
class Laser:
    """How well a laser silences.

    Attributes
    ----------
    efficacy
        Share of its rate that a silenced neuron loses; 1 silences it wholly.
    off_target
        Share of the other role's neurons in the same area that are silenced as well, because they
        express the opsin too.

    Raises
    ------
    ValueError
        If one is no share.
    """

    efficacy: float = 1.0
    off_target: float = 0.0

    def __post_init__(self) -> None:
        for name in ("efficacy", "off_target"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"Laser.{name} is {getattr(self, name)}; give a share between 0 and 1"
                )


@dataclass(frozen=True)
class Bench(Generic[WeightsT, StateT]):
    """A circuit with its networks' task, ready for trials.

    Attributes
    ----------
    circuit
        The theory.
    association
        What each network is shown.
    drive
        Current that moves the driven neurons by their natural tuning, (network, 1, 1).
    laser
        How well the laser silences.
    strays
        Role -> neurons that express the opsin though they are of the other role, (network,
        neuron); `strays` draws them.
    labelled
        Which representation neurons are labelled error cells, (network, neuron). None: the error
        carrier is what is labelled so. With it, what is done to the role "error" is done to these
        neurons, and what is done to the role "representation" to the others.
    apical
        Whether the apical potentials of the representation neurons are recorded too. The state
        of the circuit must have them.
    readout
        The cursor of a brain-computer interface, for trials that have a decoder.

    Raises
    ------
    ValueError
        If a laser misses its target, but nobody says whom it hits.
    """

    circuit: Circuit[WeightsT, StateT]
    association: Association
    drive: Array = field(default_factory=lambda: np.ones((1, 1, 1)))
    laser: Laser = field(default_factory=Laser)
    strays: Mapping[Role, Chosen] = field(default_factory=lambda: MappingProxyType({}))
    labelled: Chosen | None = None
    apical: bool = False
    readout: Readout | None = None

    def __post_init__(self) -> None:
        if self.laser.off_target and not self.strays:
            raise ValueError(
                f"Laser.off_target is {self.laser.off_target} but Bench.strays is empty; draw the "
                "neurons that are hit with `strays`"
            )


def strays(
    circuit: Circuit[Any, Any], laser: Laser, seed: int, networks: Sequence[int]
) -> dict[Role, Chosen]:
    """Draw which neurons a laser silences when it is aimed at the other role beside them.

    Parameters
    ----------
    circuit
        The theory.
    laser
        How often it misses.
    seed
        Seed of the run.
    networks
        Numbers of the networks.

    Returns
    -------
    dict
        Role -> (network, neuron). With a larger share the same neurons are hit, and more.
    """
    return {
        role: np.stack([
            generator(seed, circuit.theory, n, "off target", role).random(_count(circuit, role))
            < laser.off_target
            for n in networks
        ])
        for role in OTHER.values()
    }  # fmt: skip


def arbitrary_half(circuit: Circuit[Any, Any], seed: int, networks: Sequence[int]) -> Chosen:
    """Draw the half of each area's representation neurons that carry an arbitrary marker.

    Parameters
    ----------
    circuit
        The theory.
    seed
        Seed of the run.
    networks
        Numbers of the networks.

    Returns
    -------
    Chosen
        (network, representation neuron); of an odd number of neurons the smaller half.
    """
    rngs = [generator(seed, circuit.theory, n, "markers") for n in networks]
    sizes = [p.size for p in circuit.populations if p.role == "representation"]
    return np.concatenate(
        [np.stack([rng.permutation(size) < size // 2 for rng in rngs]) for size in sizes], axis=1
    )


def aimed_at(
    circuit: Circuit[Any, Any], labelled: Chosen | None, kind: str, role: str, area: str
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

    Returns
    -------
    role, neurons
        What these neurons are in the circuit, and which, (network or 1, neuron of that role); none
        if the theory has nobody of that role.

    Raises
    ------
    ValueError
        If the area has no such neurons, or there is no such role.
    """
    by_label = labelled is not None and role in OTHER
    source = cast("Role", "representation" if by_label else role)
    if source in get_args(Role) and not has(circuit, source):
        return source, np.zeros((1, 0), dtype=bool)
    where = neurons(circuit, source, area)
    aimed = np.zeros((1, _count(circuit, source)), dtype=bool)
    aimed[:, where] = True
    if labelled is not None and by_label:
        aimed = aimed & (labelled if role == "error" else ~labelled)
    if kind == "drive":
        aimed = aimed & (np.cumsum(aimed, axis=1) % 2 == 1)
    return source, aimed


def manipulated(
    bench: Bench[Any, Any], trials: Sequence[Mapping[Any, Any]]
) -> tuple[dict[Role, Array], dict[Role, Array]]:
    """Return what the manipulations of trials do, one trial a stream.

    Returns
    -------
    keep, current
        Factors on silenced neurons and currents into driven ones, by role, each
        (network or 1, stream, neuron).
    """
    keep: dict[Role, dict[int, Array]] = {}
    current: dict[Role, dict[int, Array]] = {}
    efficacy = bench.laser.efficacy
    for number, trial in enumerate(trials):
        kind, role, area = (
            str(trial[n]) for n in ("manipulation", "manipulated_role", "manipulated_area")
        )
        if kind == "drive":
            source, aimed = aimed_at(bench.circuit, bench.labelled, kind, role, area)
            current.setdefault(source, {})[number] = np.where(aimed, bench.drive[:, 0], 0.0)
        elif kind == "silence":
            for source, hit in _hit(bench, role, area).items():
                keep.setdefault(source, {})[number] = np.where(hit, 1 - efficacy, 1.0)
    return _stacked(keep, 1.0, len(trials)), _stacked(current, 0.0, len(trials))


def _hit(bench: Bench[Any, Any], role: str, area: str) -> dict[Role, Chosen]:
    """Return the neurons that a laser hits, aimed at or not, (network or 1, neuron) by role."""
    source, aimed = aimed_at(bench.circuit, bench.labelled, "silence", role, area)
    other = OTHER.get(role)
    if not bench.laser.off_target or other is None:
        return {source: aimed}
    if bench.labelled is None and not any(
        p.role == other and area in (p.area, "all") for p in bench.circuit.populations
    ):
        return {source: aimed}  # there is nobody else
    beside, near = aimed_at(bench.circuit, bench.labelled, "silence", other, area)
    missed = near & bench.strays[beside]
    return {source: aimed | missed} if beside == source else {source: aimed, beside: missed}


def _stacked(
    rows: Mapping[Role, Mapping[int, Array]], otherwise: float, count: int
) -> dict[Role, Array]:
    """Return (network or 1, stream, neuron) by role; streams without a row have `otherwise`."""
    stacked: dict[Role, Array] = {}
    for role, known in rows.items():
        nothing = np.full_like(next(iter(known.values()))[:1], otherwise)
        every = np.broadcast_arrays(*(known.get(k, nothing) for k in range(count)))
        stacked[role] = np.stack(every, axis=1)
    return stacked


def _count(circuit: Circuit[Any, Any], role: Role) -> int:
    return sum(p.size for p in circuit.populations if p.role == role)
