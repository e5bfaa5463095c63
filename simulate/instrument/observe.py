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
from errorneurons.simulate.experiments.trials import kinds_of, with_defaults
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.instrument.instrument import Instrument as Instrument
from errorneurons.simulate.instrument.pairing import (
    causal_signs,
    decoder_weights,
    partners,
)
from errorneurons.simulate.instrument.rates import as_shown, expected_rates, rate_of_one
from errorneurons.simulate.instrument.units import Units, labels_of, sampled
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.manipulations import aim, aimed_at
from errorneurons.simulate.trials.run import Activity

AIM = ("manipulation", "manipulated_role", "manipulated_area", "manipulated_cell")
"""The columns that say at whom a manipulation is aimed."""

Aim = tuple[str, str, str, int]
Aimed = tuple[str, Chosen, npt.NDArray[np.bool_]]
"""Source and neurons at whom a manipulation is aimed, and its trials, (trial,)."""
TrialOrder = npt.NDArray[np.int64]


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


def time_of(block: Activity, width: float, bins: int) -> Array:
    """Return the centres of the bins of a session [s]."""
    return np.asarray((block.clock.start + width * (np.arange(bins) + 0.5)).round(9))


def outcome_columns(
    blocks: Sequence[Activity], index: int, rows: Sequence[TrialOrder | slice]
) -> dict[str, Array]:
    """Return how well one network did in each trial, and by how much it missed the outcome.

    Parameters
    ----------
    blocks, index
        As in `observe`.
    rows
        For each block, which of its trials come, in which order.
    """
    each = [
        (b.output[index][own], b.target[index][own]) for b, own in zip(blocks, rows, strict=True)
    ]
    return {
        "performance": np.concatenate([performance(*both) for both in each]),
        "outcome_error": np.concatenate([(t - output).mean(axis=-1) for output, t in each]),
    }


def cursor_columns(
    circuit: Circuit[Any, Any],
    block: Activity,
    index: int,
    units: Units,
    instrument: Instrument,
    sizes: Mapping[str, Array],
) -> dict[str, Array]:
    """Return what each unit does to a cursor, if there is one.

    Parameters
    ----------
    circuit, index, instrument
        As in `observe`.
    block
        The first block.
    units
        The units.
    sizes
        Size of each signal, as `extents` returns it.
    """
    if block.decoder is None:
        return {}
    decoder, scale = block.decoder[index], rate_of_one(sizes, "representation", index, instrument)
    return {
        "causal_sign": causal_signs(circuit, units, decoder),
        "decoder_weight": decoder_weights(circuit, units, decoder, scale),
    }


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


def unit_columns(
    circuit: Circuit[Any, Any], units: Units, instrument: Instrument, labelled: Chosen | None
) -> dict[str, npt.ArrayLike]:
    """Return the columns of units that are the same on all days.

    Parameters
    ----------
    circuit, instrument
        As in `observe`.
    units
        The units.
    labelled
        Which neurons are labelled error cells, as in `Bench`.
    """
    label_source = "model" if labelled is None else "genetic"
    error = units.label == "error"
    tuft = "apical tuft of a virtual representation cell"
    kinds = {label: f"virtual {label} cell" for label in dict.fromkeys(units.label.tolist())}
    if instrument.compartment == "apical":
        kinds["error"] = tuft
    return {
        "unit_id": units.name,
        "area": units.area,
        "level": units.level,
        "role": units.label,
        "cell_type": [kinds[label] for label in units.label.tolist()],
        "error_sign": np.where(error, units.sign, 0),
        "label_source": [label_source] * len(error),
        "label_error": np.where(error, instrument.label_error, np.nan),
        "partner": partners(circuit, units),
    }


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


def performance(output: Array, target: Array) -> Array:
    """1 - squared error of the output over that of output 0, each trial; NaN without outcome."""
    error = ((target - output) ** 2).mean(axis=-1)
    size = np.nanmean(target**2) if np.isfinite(target).any() else 1.0
    return np.asarray(1 - error / size)
