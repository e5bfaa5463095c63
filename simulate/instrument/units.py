"""Which neurons are labelled with which role, and which of them are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit, Population, Role, error_signs, neurons
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.trials.bench import OTHER, Chosen

Indices = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Labelled:
    """The neurons of an area that carry a label.

    Attributes
    ----------
    label
        What they are taken for.
    area, level
        Where they are.
    source
        Where their signal comes from: a role of `Activity.rates`, or ``"apical"``.
    neurons
        Where they stand there.
    cells
        The representation neurons that they are, or whose tufts they are; -1 for none.
    signs
        Which half of a signed error each carries by firing more; 0 for both, or for no error.
    """

    label: Role
    area: str
    level: int
    source: str
    neurons: Indices
    cells: Indices
    signs: Indices


@dataclass(frozen=True)
class Units:
    """The recorded units, each an entry of every array.

    Attributes
    ----------
    label, area, level, source, neuron, cell
        As in `Labelled`, but of one unit.
    number
        Its number among those with its label in its area, from 1.
    sign
        Which errors it fires more for.
    baseline
        Firing rate without any signal [Hz].
    gain
        Factor on its signal.
    """

    label: Texts
    area: Texts
    level: Array
    number: Indices
    source: Texts
    neuron: Indices
    cell: Indices
    sign: Indices
    baseline: Array
    gain: Array

    @property
    def name(self) -> Texts:
        """Its name in the session."""
        parts = zip(self.area.tolist(), self.label.tolist(), self.number.tolist(), strict=True)
        names = [f"{area} {label} {number:02d}" for area, label, number in parts]
        return np.array(names, dtype=np.str_)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Units:
        """Return some of the units."""
        return self if chosen.all() else self.of(np.flatnonzero(chosen))

    def of(self, chosen: Indices) -> Units:
        """Return the units with some numbers."""
        return Units(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def plane(self, instrument: Instrument) -> Indices:
        """Return in which plane each unit is imaged: one an area, tufts in their own."""
        tuft = (self.label == "error") & (instrument.compartment == "apical")
        number = {area: 2 * k for k, area in enumerate(dict.fromkeys(self.area.tolist()))}
        pairs = zip(self.area.tolist(), tuft.tolist(), strict=True)
        return np.array([number[area] + deeper for area, deeper in pairs], dtype=np.int64)


def labels_of(
    circuit: Circuit[Any, Any], labelled: Chosen | None, instrument: Instrument, *, apical: bool
) -> list[Labelled]:
    """Return who carries which label in areas 1, 2, ..., and in the output area wherever it is.

    Parameters
    ----------
    circuit
        The theory.
    labelled
        Which representation neurons are labelled error cells, (1, neuron); None if error carriers
        are.
    instrument
        How the network is recorded.
    apical
        Whether apical potentials of representation neurons were recorded.

    Raises
    ------
    ValueError
        If the instrument does not see what carries the error and nothing is labelled instead.
    """
    carrier = _carrier(circuit, labelled, instrument, apical)
    found = []
    for label in get_args(Role):
        source = carrier if label == "error" else label
        role = source if source in get_args(Role) else "representation"
        for p in _one_an_area(circuit.populations):
            read_out = p.area == circuit.output_area and label == "representation"
            if p.role == role and (p.level > 0 or read_out):
                where = neurons(circuit, p.role, p.area)
                here = np.arange(where.start, where.stop)
                if labelled is not None and label in OTHER:
                    here = here[labelled[0, here] == (label == "error")]
                cells = _cells(circuit, p, here, instrument)
                signs = error_signs(circuit)[here] if source == "error" else np.zeros_like(here)
                found.append(Labelled(label, p.area, p.level, source, here, cells, signs))
    return [one for one in found if len(one.neurons)]


def _one_an_area(populations: Sequence[Population]) -> list[Population]:
    """Return the first population of each role and area; classes of neurons stand together."""
    return list({(p.role, p.area): p for p in reversed(populations)}.values())[::-1]


def _carrier(
    circuit: Circuit[Any, Any], labelled: Chosen | None, instrument: Instrument, apical: bool
) -> str:
    """Return where the signal of what is labelled error comes from."""
    if labelled is not None:
        return "representation"
    if apical and instrument.compartment == "apical" and not instrument.sees(circuit):
        return "apical"
    if instrument.sees(circuit):
        return "error"
    raise ValueError(
        f"{circuit.theory} carries its error as {circuit.carrier!r}, which an instrument with "
        f"compartment {instrument.compartment!r} does not see; choose another compartment, or say "
        "with Bench.labelled which representation neurons are labelled error cells"
    )


def _cells(
    circuit: Circuit[Any, Any], population: Population, here: Indices, instrument: Instrument
) -> Indices:
    """Return the representation neurons that neurons are, or whose tufts they are."""
    if population.role == "representation":
        return here
    if population.role == "error" and instrument.compartment == "apical":
        carriers = neurons(circuit, "error", population.area)
        shift = neurons(circuit, "representation", population.area).start - carriers.start
        return here + np.int64(shift)
    return np.full(len(here), -1)


def sampled(
    populations: Sequence[Labelled], instrument: Instrument, key: tuple[int, str, int]
) -> Units:
    """Draw the units of a session.

    Leaving areas out, or letting fewer units pass, does not change the others.

    Parameters
    ----------
    populations
        Who carries which label.
    instrument
        How many are recorded, and how they fire.
    key
        Seed of the run, theory and number of the network.

    Raises
    ------
    ValueError
        If the instrument names an area that is not there.
    """
    instrument.check_areas(p.area for p in populations)
    rng = generator(*key, "cells")
    counts = [instrument.cells_of(p.area) for p in populations]
    source, neuron, cell, half = _drawn(populations, counts, instrument.label_error, rng)
    label = np.repeat([p.label for p in populations], counts)
    area = np.repeat([p.area for p in populations], counts)
    odd = np.arange(len(label)) % 2 == 1
    signed = (label == "error") & (instrument.coding == "paired")
    units = Units(
        label, area,
        np.repeat([float(p.level) for p in populations], counts),
        np.concatenate([np.arange(1, count + 1) for count in counts]),
        # a neuron that carries one half of the error fires more for it, whatever its sign
        source, neuron, cell, np.where(half == 0, np.where(signed & odd, -1, 1), half),
        instrument.baseline * rng.lognormal(0.0, instrument.spread, len(label)),
        rng.lognormal(0.0, instrument.spread, len(label)) * np.where(half == 0, 1, half),
    )  # fmt: skip
    kept = np.isin(area, instrument.areas) if instrument.areas else np.ones(len(label), dtype=bool)
    if instrument.passing < 1:
        kept &= generator(*key, "quality").random(len(label)) < instrument.passing
    return units.only(kept)


def _drawn(
    populations: Sequence[Labelled],
    counts: Sequence[int],
    label_error: float,
    rng: np.random.Generator,
) -> tuple[Texts, Indices, Indices, Indices]:
    """Draw where the signal of each unit comes from: source, neuron, cell, half of the error."""
    unlabelled = {p.area: p for p in populations if p.label == "representation"}
    drawn = []
    for own, count in zip(populations, counts, strict=True):
        other, false = unlabelled.get(own.area, own), np.zeros(count, dtype=bool)
        if own.label == "error":
            chosen = np.empty(count, dtype=np.int64)
            for unit in range(count):
                false[unit] = rng.random() < label_error
                chosen[unit] = rng.integers(len((other if false[unit] else own).neurons))
        else:
            chosen = rng.integers(len(own.neurons), size=count)
        drawn.append((
            np.where(false, other.source, own.source),
            *(np.where(false, theirs[chosen * false], ours[chosen * ~false])
              for ours, theirs in ((own.neurons, other.neurons), (own.cells, other.cells),
                                   (own.signs, other.signs))),
        ))  # fmt: skip
    source, neuron, cell, half = (np.concatenate(column) for column in zip(*drawn, strict=True))
    return source, neuron, cell, half
