"""What a theory leaves open, as ranges: the nuisance that a virtual experiment draws.

A theory says how errors are computed, not how strong an apical synapse is. Two animals of one
species have nearly the same strength, two theories' worth of cortices need not: nuisance is drawn
once a world, and the animals of a world scatter a little around it. What decides how a network is
built, or for how long it is simulated, is one of a few choices and the same in all of a world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from errorneurons.simulate.arrays import Array, generator

if TYPE_CHECKING:
    from errorneurons.simulate.theories.error_places import CircuitPart

_CircuitT = TypeVar("_CircuitT")

DELAY = "delay"
STAGE = "training stage"
SURPRISE = "outcome size"
DRIVE = "drive strength"
LEARNT_STIMULI = "stimuli learnt"
OF_EXPERIMENT = (DELAY, STAGE, SURPRISE, DRIVE, LEARNT_STIMULI)
"""Nuisance that is no parameter of the circuit's equations, and which every theory can name."""


@dataclass(frozen=True)
class Nuisance:
    """A range of one thing that a theory leaves open.

    Attributes
    ----------
    name
        A parameter of the circuit that may be one a network, or one of `OF_EXPERIMENT`: the axonal
        delay [s], the share of the loss that training removes, the size of an unexpected outcome
        as in `Association.surprise`, the factor on the matched drive current, or how many stimuli
        are learnt.
    low, high
        The range, drawn from evenly on its scale.
    reason
        Why this range.
    scale
        ``"log"`` or ``"linear"``.
    spread
        Standard deviation of the animals of a world around it, as a share of the range on its
        scale.
    acts
        ``"always"``, or ``"tested"`` for what begins once the networks are trained.
    factor_on
        If given, the value is no parameter itself but multiplies these of the circuit's.
    part
        If given, the value is the number of this part of the circuit, see `error_parts`.
    lifted
        By how much a second of the world's axonal delay lifts the low end, where networks would
        oscillate below.
    opposes
        If given, another nuisance: where that is high this is low. Drawn where that is not.
    choices
        If given, the value is the number of one of these, from 0, see `one_of`.
    """

    name: str
    low: float
    high: float
    reason: str
    scale: Literal["log", "linear"] = "log"
    spread: float = 0.05
    acts: Literal["always", "tested"] = "always"
    factor_on: tuple[str, ...] = ()
    part: Callable[[Array], CircuitPart] | None = None
    lifted: float = 0.0
    opposes: str = ""
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        least = 0.0 if self.scale == "linear" else np.finfo(float).tiny
        if not least <= self.low <= self.high:
            raise ValueError(
                f"the range of the nuisance {self.name!r} is {self.low} to {self.high}; give two "
                f"ascending numbers, {'above' if self.scale == 'log' else 'not below'} 0"
            )

    @property
    def of_worlds(self) -> bool:
        """Whether all animals of a world have the same: only networks alike in it run together."""
        return bool(self.choices) or self.name == DELAY

    def after(self, delay: float) -> Nuisance:
        """Return the range that is left in a world with this axonal delay [s]."""
        return replace(self, low=min(self.low + self.lifted * delay, self.high))

    def at(self, share: Array) -> Array:
        """Return the values at some shares of the range, 0 its low and 1 its high end."""
        if self.choices:
            last = len(self.choices) - 1
            return np.minimum(np.floor(share * len(self.choices)), last)
        if self.scale == "log":
            return np.asarray(self.low * (self.high / self.low) ** share)
        return np.asarray(self.low + (self.high - self.low) * share)


def one_of(name: str, choices: tuple[Any, ...], reason: str) -> Nuisance:
    """Return a nuisance that is one of a few things in each world, all equally likely.

    Parameters
    ----------
    name
        A parameter of the circuit, or one of `OF_EXPERIMENT`.
    choices
        What it may be.
    reason
        Why these.
    """
    return Nuisance(name, 0, len(choices) - 1, reason, "linear", 0.0, choices=choices)


def draw_nuisances(
    nuisances: Sequence[Nuisance], seed: int, theory: str, world: int, networks: int
) -> dict[str, Array]:
    """Draw one world: its nuisance, and how its animals scatter around it.

    Parameters
    ----------
    nuisances
        What is open.
    seed, theory, world
        Together they decide the numbers; how many worlds there are does not.
    networks
        Animals of the world.

    Returns
    -------
    dict
        Name -> value of each animal, (network,). The delay is that of all of them.
    """
    drawn: dict[str, Array] = {}
    shares: dict[str, Array] = {}
    # the delay first, and last what opposes another
    for nuisance in sorted(nuisances, key=lambda n: (bool(n.opposes), n.name != DELAY)):
        rng = generator(seed, "world", theory, world, nuisance.name)
        own = rng.uniform()
        centre = 1 - shares[nuisance.opposes] if nuisance.opposes in shares else own
        spread = 0.0 if nuisance.of_worlds else nuisance.spread
        share = np.clip(centre + spread * rng.normal(size=networks), 0, 1)
        shares[nuisance.name] = share
        delay = float(drawn[DELAY][0]) if DELAY in drawn else 0.0
        drawn[nuisance.name] = nuisance.after(delay).at(share)
    return drawn


def chosen(nuisances: Sequence[Nuisance], values: Mapping[str, Array]) -> dict[str, Any]:
    """Return what was chosen for the networks of worlds that are alike: name -> what it is."""
    return {
        n.name: n.choices[int(values[n.name][0])]
        for n in nuisances
        if n.choices and len(values.get(n.name, ()))
    }


def applied(
    circuit: _CircuitT, nuisances: Sequence[Nuisance], values: dict[str, Array]
) -> _CircuitT:
    """Return a circuit with the drawn values, one a network.

    Parameters
    ----------
    circuit
        A circuit with the theory's own parameters.
    nuisances
        What is open.
    values
        Name -> (network,); all networks have the same delay.
    """
    changed = {n: x for n, x in chosen(nuisances, values).items() if n not in OF_EXPERIMENT}
    parts = []
    for nuisance in nuisances:
        if nuisance.name in OF_EXPERIMENT or nuisance.choices:
            continue
        value = values[nuisance.name][:, None, None]
        if nuisance.part is not None:
            parts.append(nuisance.part(value))
        elif not nuisance.factor_on:
            changed[nuisance.name] = value
        for name in nuisance.factor_on:
            changed[name] = changed.get(name, getattr(circuit, name)) * value
    if DELAY in values:
        timing = circuit.timing  # type: ignore[attr-defined]
        delay = timing.step * round(float(values[DELAY][0]) / timing.step)
        changed["timing"] = replace(timing, delay=delay)
    made: Any = replace(circuit, **changed)  # type: ignore[type-var]
    whole: _CircuitT = made.having(*parts) if parts else made
    return whole
