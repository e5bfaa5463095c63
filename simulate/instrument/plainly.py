"""The virtual recording for the claims alone: without labels and checks, which take longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from errorneurons.analysis.session.plain import Plain, PlainColumn
from errorneurons.simulate.arrays import generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.engine.counts import spiked
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.observe import (
    Displayed,
    TrialOrder,
    as_shown,
    attributes_of,
    expected_rates,
    extents,
    performance,
    purpose_of,
    targeted_units,
)
from errorneurons.simulate.instrument.units import Units, labels_of, sampled
from errorneurons.simulate.trials.run import Activity, Binned


def observe_plainly(
    circuit: Circuit[Any, Any],
    blocks: Sequence[Activity],
    rows: Sequence[TrialOrder],
    network: int,
    index: int,
    seed: int,
    instrument: Instrument,
    shown: Displayed,
) -> Plain:
    """Record one network as `observe` does, for the claims alone: without labels and checks.

    Parameters
    ----------
    circuit, blocks, network, index, seed, instrument
        As in `observe`; with the labels of the first block.
    rows
        For each block, which of its trials come, in which order; some may come several times.
    shown
        What `shown_in` returns for the tables of these trials.
    """
    first = blocks[0]
    labelled = None if first.labelled is None else first.labelled[index : index + 1]
    populations = labels_of(circuit, labelled, instrument, apical=first.apical is not None)
    units = sampled(populations, instrument, (seed, circuit.theory, network))
    rng = generator(seed, circuit.theory, network, *purpose_of(first.day))
    width = instrument.bin or first.clock.bin
    sizes = first.extents or extents(first, index, rows[0])
    expected = expected_rates(blocks, index, units, instrument, sizes)
    starts = np.cumsum([0, *(len(block.table) for block in blocks[:-1])])
    every = np.concatenate([own + start for own, start in zip(rows, starts, strict=True)])
    rate = _repeated(expected, every, width, units, instrument, rng)
    score = [
        performance(b.output[index][own], b.target[index][own])
        for b, own in zip(blocks, rows, strict=True)
    ]
    error = units.label == "error"
    low, high = instrument.label_error_interval
    columns = {
        **shown.factors,
        "time": (first.clock.start + width * (np.arange(rate.shape[1]) + 0.5)).round(9),
        "area": units.area,
        "level": units.level,
        "role": units.label,
        "targeted": targeted_units(circuit, units, shown, labelled),
        "performance": np.concatenate(score),
    }
    variables = {name: PlainColumn(values) for name, values in columns.items()}
    variables["label_error"] = PlainColumn(
        np.where(error, instrument.label_error, np.nan), {"low": low, "high": high}
    )
    variables["rate"] = PlainColumn(rate, {"sampling_rate": 1 / width, "signal": instrument.signal})
    return Plain(variables, attributes_of(circuit, network, first.day))


def _repeated(
    expected: Binned,
    rows: TrialOrder,
    width: float,
    units: Units,
    instrument: Instrument,
    rng: np.random.Generator,
) -> Binned:
    """Return what `as_shown` does of trials of which some are the same."""
    mean = expected * np.float32(width)
    if instrument.imaging or instrument.spiking != "poisson" or not mean.size:
        return as_shown(expected[rows], width, units, instrument, rng)
    rate = np.empty((len(rows), *expected.shape[1:]), np.float32)
    means = mean.reshape(len(mean), -1)
    spiked(means, rows, width, rng, rate.reshape(len(rows), -1), np.ones(means.shape[1]))
    return rate
