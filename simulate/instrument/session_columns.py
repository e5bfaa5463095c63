"""The columns of a session that depend on more than its table of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.pairing import causal_signs, decoder_weights, partners
from errorneurons.simulate.instrument.units import Units
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.run import Activity

TrialOrder = npt.NDArray[np.int64]


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
    decoder, scale = block.decoder[index], rate_scale(sizes, "representation", index, instrument)
    return {
        "causal_sign": causal_signs(circuit, units, decoder),
        "decoder_weight": decoder_weights(circuit, units, decoder, scale),
    }


def rate_scale(
    sizes: Mapping[str, Array], source: str, index: int, instrument: Instrument
) -> float:
    """Return the firing rate that stands for a signal of 1 [Hz]."""
    return float(instrument.peak / max(sizes[source][index], 1e-12))


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


def performance(output: Array, target: Array) -> Array:
    """1 - squared error of the output over that of output 0, each trial; NaN without outcome."""
    error = ((target - output) ** 2).mean(axis=-1)
    size = np.nanmean(target**2) if np.isfinite(target).any() else 1.0
    return np.asarray(1 - error / size)
