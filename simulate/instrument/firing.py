"""What an instrument shows of cells: the rates expected of them, their spikes, their calcium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.experiments.trials import whole
from errorneurons.simulate.instrument.calcium import fluorescence, imaged, left_of_before
from errorneurons.simulate.instrument.extents import signals_of
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.spikes import poisson, sub_poisson
from errorneurons.simulate.instrument.units import Units
from errorneurons.simulate.trials.run import Activity, Binned

_BLOCK = 16
"""Trials whose rates or spikes are made together: it bounds memory, and they stay in the cache."""


def rate_scale(
    sizes: Mapping[str, Array], source: str, index: int, instrument: Instrument
) -> float:
    """Return the firing rate that stands for a signal of 1 [Hz]."""
    return float(instrument.peak / max(sizes[source][index], 1e-12))


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
    for start in range(0, len(rate), _BLOCK):
        part = rate[start : start + _BLOCK]
        for source, factor in scale.items():
            own = signals[source][index][start : start + _BLOCK]
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
    for start in range(0, len(rate), _BLOCK):
        part = slice(start, start + _BLOCK)
        counts = poisson(expected[part] * np.float32(width), rng)
        np.divide(counts, width, out=rate[part], casting="same_kind")
    return rate
