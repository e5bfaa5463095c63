"""Who is linked with whom: error neurons with representation neurons, and both with the cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Circuit, neurons
from errorneurons.simulate.instrument.units import Indices, Units

NOBODY = -1


def paired(circuit: Circuit[Any, Any]) -> Indices:
    """Return the representation neuron that each error neuron is paired with, (error neuron,).

    Populations are paired one to one, neuron by neuron; `NOBODY` for those that are left over.
    """
    areas = {p.area for p in circuit.populations if p.role == "representation"}
    found = [np.empty(0, dtype=np.int64)]
    for p in circuit.populations:
        if p.role == "error":
            area, pairs = p.partners or p.area, np.full(p.size, NOBODY)
            if area in areas:
                where = neurons(circuit, "representation", area)
                count = min(p.size, where.stop - where.start)
                pairs[:count] = where.start + np.arange(count)
            found.append(pairs)
    return np.concatenate(found)


def partners(circuit: Circuit[Any, Any], units: Units) -> npt.NDArray[np.str_]:
    """Return the name of the unit that each unit is paired with, empty if none is recorded.

    Of an error neuron it is its representation neuron, of a tuft its soma, and the other way
    round. If a neuron is recorded as several units, it is the first.
    """
    somata = _first(units, np.where(units.source == "representation", units.neuron, NOBODY))
    own = _own(circuit, units)
    others = _first(units, own)
    return np.array([
        somata.get(int(k), "") if k != NOBODY
        else others.get(int(n), "") if source == "representation" else ""
        for k, n, source in zip(own, units.neuron, units.source, strict=True)
    ], dtype=np.str_)  # fmt: skip


def causal_signs(circuit: Circuit[Any, Any], units: Units, decoder: Array) -> Array:
    """Return the sign of each unit's effect on the cursor, (unit,).

    Parameters
    ----------
    circuit
        The theory.
    units
        Output neurons have the sign of their weight, and so have the error neurons that are
        paired with them; for all others, whose effect nobody knows, it is NaN.
    decoder
        Weight of each output neuron, (output neuron,).
    """
    signs = np.full(sum(p.size for p in circuit.populations if p.role == "representation"), np.nan)
    signs[neurons(circuit, "representation", circuit.output_area)] = np.sign(decoder)
    own = np.where(units.source == "representation", units.neuron, _own(circuit, units))
    return np.where(own == NOBODY, np.nan, signs[own])


def decoder_weights(
    circuit: Circuit[Any, Any], units: Units, decoder: Array, scale: float
) -> Array:
    """Return how far a rate of 1 Hz of each unit moves the cursor, (unit,).

    What a unit is labelled does not matter. A neuron that is recorded as several units shares its
    weight out among them, so that the cursor is the sum of weights times rates, up to a constant;
    NaN for what does not move it.

    Parameters
    ----------
    circuit, units, decoder
        As in `causal_signs`.
    scale
        Firing rate of a unit without a gain of its own [Hz] for a rate of 1 of its neuron.
    """
    where = neurons(circuit, "representation", circuit.output_area)
    weights = np.full(len(units.source), np.nan)
    # half of what is falsely labelled error fires less when its neuron fires more, and is not read
    chosen = np.flatnonzero(
        (units.source == "representation")
        & (units.sign > 0)
        & (units.neuron >= where.start)
        & (units.neuron < where.stop)
    )
    own = units.neuron[chosen] - where.start
    copies = np.bincount(own, minlength=len(decoder))[own]
    weights[chosen] = decoder[own] / (copies * scale * units.gain[chosen])
    return weights


def _own(circuit: Circuit[Any, Any], units: Units) -> Indices:
    """Return the representation neuron that an error neuron or a tuft goes with, (unit,)."""
    own = np.where(units.source == "apical", units.cell, NOBODY)
    errors = np.flatnonzero(units.source == "error")
    own[errors] = paired(circuit)[units.neuron[errors]]
    return own


def _first(units: Units, numbers: Indices) -> dict[int, str]:
    """Return number -> name of the first unit that has it, those without one left out."""
    pairs = zip(numbers.tolist(), units.name.tolist(), strict=True)
    return {k: name for k, name in reversed([*pairs]) if k != NOBODY}
