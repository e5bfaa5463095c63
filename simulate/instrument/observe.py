"""The virtual recording: what an experimenter would have recorded of a simulated network.

A sample of cells of each role and area is recorded, as spikes or as calcium. A signed error
becomes two cells, one that fires more for a positive and one for a negative error; with a low
baseline a single cell would clip half of it. Some cells that are labelled as error cells are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.session.session import FIELDS, session
from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.columns import BY_NAME
from errorneurons.simulate.experiments.trials import kinds_of, whole, with_defaults
from errorneurons.simulate.instrument.calcium import fluorescence, imaged, left_of_before
from errorneurons.simulate.instrument.extents import extents, signals_of
from errorneurons.simulate.instrument.instrument import Instrument as Instrument
from errorneurons.simulate.instrument.session_columns import (
    TrialOrder,
    cursor_columns,
    outcome_columns,
    rate_scale,
    time_of,
    unit_columns,
)
from errorneurons.simulate.instrument.spikes import poisson, sub_poisson
from errorneurons.simulate.instrument.units import Units, labels_of, sampled
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.manipulations import aim, aimed_at
from errorneurons.simulate.trials.run import Activity, Binned

AIM = ("manipulation", "manipulated_role", "manipulated_area", "manipulated_cell")
"""The columns that say at whom a manipulation is aimed."""
BLOCK = 16
"""Trials whose rates or spikes are made together: it bounds memory, and they stay in the cache."""

Aim = tuple[str, str, str, int]
Aimed = tuple[str, Chosen, npt.NDArray[np.bool_]]
"""Source and neurons at whom a manipulation is aimed, and its trials, (trial,)."""


@dataclass(frozen=True)
class Displayed:
    """The trials of a day as its sessions hold them, the same for all networks.

    Attributes
    ----------
    factors
        Columns that the contract names, (trial,).
    others
        The other columns, as coordinates.
    aims
        Kind, role, area and cell of a manipulation -> its trials, (trial,).
    count
        Number of trials.
    """

    factors: Mapping[str, npt.NDArray[Any]]
    others: Mapping[str, xr.Variable]
    aims: Mapping[Aim, npt.NDArray[np.bool_]]
    count: int


def observe(
    circuit: Circuit[Any, Any],
    blocks: Sequence[Activity],
    network: int,
    index: int,
    seed: int,
    instrument: Instrument | None = None,
    shown: Displayed | None = None,
) -> xr.Dataset:
    """Record one network as one session.

    Parameters
    ----------
    circuit
        The theory.
    blocks
        What happened on one day, one after the other, all with the same clock and labels.
    network
        Number of the network; it names the virtual animal and decides the random numbers.
    index
        Where the network stands in the arrays of `blocks`.
    seed
        Seed of the run.
    instrument
        How it is recorded.
    shown
        What `shown_in` returns for the tables of `blocks`, where many networks share them.

    Returns
    -------
    xr.Dataset
        A session, dims ``(trial, time, unit)``, spikes [Hz] or calcium [dF/F]. ``targeted`` says
        at which units a manipulation was aimed; whom a laser hit besides, the session does not say.

    Raises
    ------
    ValueError
        If the instrument does not see what carries the error and nothing is labelled instead, or
        it asks for areas or bins that there are not.
    """
    instrument = instrument or Instrument()
    first = blocks[0]
    labelled = None if first.labelled is None else first.labelled[index : index + 1]
    populations = labels_of(circuit, labelled, instrument, apical=first.apical is not None)
    units = sampled(populations, instrument, (seed, circuit.theory, network))
    rng = generator(seed, circuit.theory, network, *purpose_of(first.day))
    width = instrument.bin or first.clock.bin
    sizes = first.extents or extents(first)
    expected = expected_rates(blocks, index, units, instrument, sizes)
    rate = as_shown(expected, width, units, instrument, rng)
    shown = shown or shown_in([block.table for block in blocks])
    every = [slice(None)] * len(blocks)
    columns: dict[str, npt.ArrayLike] = {
        "time": time_of(first, width, rate.shape[1]),
        **unit_columns(circuit, units, instrument, labelled),
        **shown.factors,
        "targeted": targeted_units(units, shown.count, aims_of(circuit, shown, labelled)),
        **outcome_columns(blocks, index, every),
        **cursor_columns(circuit, first, index, units, instrument, sizes),
    }
    seen = session(
        {"rate": rate},
        columns,
        attributes_of(circuit, network, first.day),
        signal=instrument.signal,
        units=instrument.units,
        sampling_rate=1 / width,
    )
    seen = seen.assign_coords(shown.others)
    low, high = instrument.label_error_interval
    seen["label_error"].attrs |= {"low": low, "high": high, "source": "virtual instrument"}
    if instrument.imaging:
        seen["rate"].attrs["frame_rate"] = instrument.imaging.frame_rate
        seen["rate"].attrs["indicator"] = instrument.imaging.indicator.name
    return seen


def shown_in(tables: Sequence[pd.DataFrame]) -> Displayed:
    """Return the trials of a day as its sessions hold them.

    Parameters
    ----------
    tables
        The tables of the blocks, one after the other.
    """
    table = pd.concat(tables, ignore_index=True)
    columns = {str(n): _as_text(table[n].to_numpy()) for n in table.columns if n != "pattern"}
    aims: dict[Aim, npt.NDArray[np.bool_]] = {}
    if "manipulation" in table:
        kinds, numbers = kinds_of(table[[name for name in AIM if name in table]])
        for number, row in enumerate(with_defaults(kinds).to_dict("records")):
            if row["manipulation"] != "none":
                aims[aim(row)] = numbers == number
    return Displayed(
        {name: values for name, values in columns.items() if name in FIELDS},
        {name: _factor(name, x) for name, x in columns.items() if name not in FIELDS},
        aims,
        len(table),
    )


def animal(network: int) -> str:
    """Return the name of the animal that a network is."""
    return f"network-{network:03d}"


def purpose_of(day: int) -> tuple[str | int, ...]:
    """Return the purpose of the random numbers of a day's spikes."""
    return ("spikes",) if day == 1 else ("spikes", day)


def _as_text(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a column with text as such, not as objects."""
    if values.dtype.kind in "OT" and all(isinstance(value, str) for value in values):
        return values.astype(str)
    return values


def _factor(name: str, values: npt.NDArray[Any]) -> xr.Variable:
    """Return a factor of the trials that is not in the contract as a coordinate."""
    column = BY_NAME.get(name)
    attributes = {} if column is None else {"long_name": column.meaning}
    if column is not None and column.units:
        attributes["units"] = column.units
    return xr.Variable("trial", values, attributes)


def attributes_of(
    circuit: Circuit[Any, Any], network: int, day: int
) -> dict[str, str | int | float]:
    """Return the attributes of a session of a network on a day."""
    highest = max(circuit.populations, key=lambda p: p.level)
    return {
        "animal": animal(network),
        "session_id": str(day),
        "opsin": "virtual",
        "teaching_area": highest.area,
        "output_area": circuit.output_area,
    }


def expected_rates(
    blocks: Sequence[Activity],
    index: int,
    units: Units,
    instrument: Instrument,
    sizes: Mapping[str, Array],
) -> Binned:
    """Return the expected firing rate of each unit [Hz] in bins of the session."""
    scale = {
        source: rate_scale(sizes, source, index, instrument)
        for source in dict.fromkeys(units.source.tolist())
    }
    each = [_expected_in(block, index, units, scale) for block in blocks]
    rate = each[0] if len(each) == 1 else np.concatenate(each)
    if instrument.bin is None:
        return rate
    narrow = blocks[0].clock.bin
    joined = whole(instrument.bin, narrow)
    if not joined or rate.shape[1] % joined:
        raise ValueError(
            f"Instrument.bin is {instrument.bin:g} s; give a whole number of the {narrow:g} s in "
            f"which activity was simulated that divides the {rate.shape[1] * narrow:g} s of a trial"
        )
    wide: Binned = rate.reshape(len(rate), -1, joined, rate.shape[2]).mean(axis=2)
    return wide


def _expected_in(block: Activity, index: int, units: Units, scale: Mapping[str, float]) -> Binned:
    """Return expected firing rates in a block [Hz]; `scale` turns signals into rates."""
    signals = signals_of(block)
    rate = np.empty((*signals["representation"].shape[1:3], len(units.source)), np.float32)
    gain, baseline = (x.astype(np.float32) for x in (units.gain * units.sign, units.baseline))
    chosen = {source: np.flatnonzero(units.source == source) for source in scale}
    for start in range(0, len(rate), BLOCK):
        part = rate[start : start + BLOCK]
        for source, factor in scale.items():
            own = signals[source][index][start : start + BLOCK]
            part[..., chosen[source]] = own[..., units.neuron[chosen[source]]] * factor
        part *= gain
        part += baseline
        np.maximum(part, np.float32(0), out=part)
    return rate


def as_shown(
    expected: Binned, width: float, units: Units, instrument: Instrument, rng: np.random.Generator
) -> Binned:
    """Return what the instrument shows of cells that fire at expected rates [Hz]."""
    imaging, random = instrument.imaging, instrument.spiking != "none"
    if not random and not imaging:
        return expected
    fano = instrument.fano if instrument.spiking == "sub_poisson" else 1.0
    if fano == 1 and not imaging:
        return _spikes(expected, width, rng)
    mean = expected * np.float32(width)
    counts: npt.NDArray[Any] = mean
    if random:
        counts = poisson(mean, rng) if fano == 1 else sub_poisson(mean, fano, rng)
    if not imaging:
        return (counts / width).astype(np.float32)
    before = None
    if random:
        before = left_of_before(len(mean), units.baseline, fano, imaging.indicator, rng)
    clean = fluorescence(counts, width, units.baseline, imaging.indicator, before)
    return imaged(clean, width, units.plane(instrument), imaging, rng, noisy=random)


def _spikes(expected: Binned, width: float, rng: np.random.Generator) -> Binned:
    """Return rates of Poisson spikes, block by block: the numbers are those of one go."""
    rate = np.empty_like(expected)
    for start in range(0, len(rate), BLOCK):
        part = slice(start, start + BLOCK)
        counts = poisson(expected[part] * np.float32(width), rng)
        np.divide(counts, width, out=rate[part], casting="same_kind")
    return rate


def aims_of(circuit: Circuit[Any, Any], shown: Displayed, labelled: Chosen | None) -> list[Aimed]:
    """Return at whom the manipulations of a day are aimed, and in which trials."""
    return [(*aimed_at(circuit, labelled, *key), where) for key, where in shown.aims.items()]


def targeted_units(units: Units, count: int, aims: Sequence[Aimed]) -> npt.NDArray[np.bool_]:
    """(trial, unit): whether a manipulation is aimed at the unit, or at the cell it is part of.

    Parameters
    ----------
    units
        The units.
    count
        Number of trials.
    aims
        What `aims_of` returns for the trials.
    """
    targeted = np.zeros((count, len(units.label)), dtype=bool)
    for source, chosen, where in aims:
        hit = (units.source == source) & _among(units.neuron, chosen)
        if source == "representation":
            hit |= _among(units.cell, chosen)
        targeted[where] = hit
    return targeted


def _among(numbers: TrialOrder, chosen: Chosen) -> npt.NDArray[np.bool_]:
    """Return which numbers are those of chosen neurons; -1 is none."""
    known = (numbers >= 0) & (numbers < chosen.size)
    return known & chosen.ravel()[np.where(known, numbers, 0)] if chosen.size else known
