"""The bench: a circuit with its task, a laser, and the labels of its neurons.

A laser or a current is aimed at the cells that are *labelled* with a role. Usually labels are the
circuit's own; where the error carrier is no soma, or there is none, what is labelled error is a
part of the representation neurons (`Bench.labelled`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit, Role, StateT, WeightsT
from errorneurons.simulate.experiments.association import Association
from errorneurons.simulate.experiments.readout import Readout

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
class NoiseCurrent:
    """White noise into all somata, drawn anew in each step.

    Attributes
    ----------
    size
        Its standard deviation as a share of the drive that is matched to natural tuning.
    seed
        Seed of the run.
    networks
        Numbers of the networks; each has noise of its own, whatever others run beside it.
    day, block
        Every day has its own noise, and every block of it.
    """

    size: float
    seed: int
    networks: npt.NDArray[np.int64]
    day: int = 1
    block: int = 0


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
        Role -> how readily each neuron is silenced when a laser is aimed at the other role beside
        it, (network, neuron); it is if this is below the share off target. `strays` draws them.
    labelled
        Which representation neurons are labelled error cells, (network, neuron). None: the error
        carrier is what is labelled so. With it, what is done to the role "error" is done to these
        neurons, and what is done to the role "representation" to the others.
    apical
        Whether the apical potentials of the representation neurons are recorded too. The state
        of the circuit must have them.
    noise
        Noise into the somata, if any.
    readout
        The cursor of a brain-computer interface, for trials that have a decoder.
    senses_outcomes
        Whether the circuit meets outcomes that do not teach, see `Theory`.

    Raises
    ------
    ValueError
        If a laser misses its target, but nobody says whom it hits.
    """

    circuit: Circuit[WeightsT, StateT]
    association: Association
    drive: Array = field(default_factory=lambda: np.ones((1, 1, 1)))
    laser: Laser = field(default_factory=Laser)
    strays: Mapping[Role, Array] = field(default_factory=lambda: MappingProxyType({}))
    labelled: Chosen | None = None
    apical: bool = False
    noise: NoiseCurrent | None = None
    readout: Readout | None = None
    senses_outcomes: bool = False

    def __post_init__(self) -> None:
        if self.laser.off_target and not self.strays:
            raise ValueError(
                f"Laser.off_target is {self.laser.off_target} but Bench.strays is empty; draw the "
                "neurons that are hit with `strays`"
            )


def strays(circuit: Circuit[Any, Any], seed: int, networks: Sequence[int]) -> dict[Role, Array]:
    """Draw how readily neurons are silenced when a laser is aimed at the other role beside them.

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
    dict
        Role -> (network, neuron), evenly between 0 and 1. With a larger share off target the same
        neurons are hit, and more.
    """
    return {
        role: np.stack([
            generator(seed, circuit.theory, n, "off target", role).random(_count(circuit, role))
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


def _count(circuit: Circuit[Any, Any], role: Role) -> int:
    return sum(p.size for p in circuit.populations if p.role == role)
