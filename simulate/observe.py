"""The virtual instrument: what an experimenter would have recorded of a simulated network.

A sample of cells of each role and area is recorded as spikes. A signed error becomes two cells,
one that fires more for a positive and one for a negative error; with a low baseline a single
cell would clip half of it. Some cells that are labelled as error cells are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.dataset import session
from errorneurons.simulate.circuit import (
    Array,
    Circuit,
    Population,
    Role,
    error_signs,
    generator,
    has,
    neurons,
)
from errorneurons.simulate.run import Activity, targeted

Coding = Literal["paired", "baseline"]
Spiking = Literal["poisson", "none"]


@dataclass(frozen=True)
class Instrument:
    """How a network is recorded.

    Attributes
    ----------
    cells
        Recorded cells of each role in each area.
    label_error
        Share of the cells labelled as error cells that are representation cells.
    label_error_interval
        What the experimenter knows of that share.
    baseline
        Mean firing rate without any signal [Hz].
    peak
        Change of the firing rate at the 99th percentile of a role's signal in the first block
        [Hz].
    spread
        Standard deviation of the logarithm of baseline and gain over cells.
    coding
        ``"paired"``: half of the error cells fire more for positive, half for negative errors.
        ``"baseline"``: all error cells fire more for positive errors.
    spiking
        ``"poisson"``, or ``"none"`` for the expected firing rates of the same cells.
    """

    cells: int = 24
    label_error: float = 0.05
    label_error_interval: tuple[float, float] = (0.0, 0.1)
    baseline: float = 10.0
    peak: float = 30.0
    spread: float = 0.3
    coding: Coding = "paired"
    spiking: Spiking = "poisson"

    def __post_init__(self) -> None:
        if self.cells < 2:
            raise ValueError(f"Instrument.cells is {self.cells}; record 2 or more of each role")
        low, high = self.label_error_interval
        if not 0 <= low <= self.label_error <= high < 1:
            raise ValueError(
                f"Instrument.label_error is {self.label_error} with interval [{low}, {high}]; "
                "give shares between 0 and 1, the interval around the value"
            )


@dataclass(frozen=True)
class _Cells:
    """The recorded cells, each an entry: its neuron in the circuit and what it is labelled."""

    label: list[Role]
    source: list[Role]
    neuron: npt.NDArray[np.int64]
    area: list[str]
    level: list[int]
    sign: npt.NDArray[np.int64]
    baseline: Array
    gain: Array


def observe(
    circuit: Circuit[Any, Any],
    blocks: Sequence[Activity],
    network: int,
    index: int,
    seed: int,
    instrument: Instrument | None = None,
) -> xr.Dataset:
    """Record one network as one session.

    Parameters
    ----------
    circuit
        The theory.
    blocks
        What happened, one after the other.
    network
        Number of the network; it names the virtual animal and decides the random numbers.
    index
        Where the network stands in the arrays of `blocks`.
    seed
        Seed of the run.
    instrument
        How it is recorded.

    Returns
    -------
    xr.Dataset
        A session, dims ``(trial, time, unit)``, spikes [Hz].
    """
    instrument = instrument or Instrument()
    cells = _sample(circuit, instrument, generator(seed, circuit.theory, network, "cells"))
    scale = {
        role: instrument.peak / max(_extent(rates[index]), 1e-12)
        for role, rates in blocks[0].rates.items()
    }
    rng = generator(seed, circuit.theory, network, "spikes")
    expected = [_expected(block, index, cells, scale) for block in blocks]
    spikes = instrument.spiking == "poisson"
    rate = np.concatenate([_spikes(r, blocks[0].clock.bin, rng) if spikes else r for r in expected])
    clock = blocks[0].clock
    table = pd.concat([block.table for block in blocks], ignore_index=True)
    time = clock.start + clock.bin * (np.arange(rate.shape[1]) + 0.5)
    columns: dict[str, npt.ArrayLike] = {
        "time": time.round(9),
        **_unit_columns(cells, instrument),
        **{str(name): table[name].to_numpy() for name in table.columns if name != "pattern"},
        "targeted": _targets(circuit, cells, table),
        "performance": np.concatenate([_performance(b, index) for b in blocks]),
        "outcome_error": np.concatenate(
            [(b.target[index] - b.output[index]).mean(axis=-1) for b in blocks]
        ),
    }
    highest = max(circuit.populations, key=lambda p: p.level)
    attrs = {
        "animal": f"network-{network:03d}",
        "session_id": "1",
        "opsin": "virtual",
        "teaching_area": highest.area,
        "output_area": circuit.output_area,
    }
    seen = session(
        {"rate": rate},
        columns,
        attrs,
        signal="spikes" if spikes else "model",
        units="Hz",
        sampling_rate=1 / clock.bin,
    )
    low, high = instrument.label_error_interval
    seen["label_error"].attrs |= {"low": low, "high": high, "source": "virtual instrument"}
    return seen


def _extent(signal: npt.NDArray[np.float32]) -> float:
    """Return the 99th percentile of the size of a signal, from every seventh value."""
    return float(np.quantile(np.abs(signal.ravel()[::7]), 0.99))


def _recorded(circuit: Circuit[Any, Any]) -> list[Population]:
    """Areas 1, 2, ... in both roles, and the output wherever it is."""
    return [
        p
        for p in circuit.populations
        if p.level > 0 or (p.area == circuit.output_area and p.role == "representation")
    ]


def _sample(circuit: Circuit[Any, Any], instrument: Instrument, rng: np.random.Generator) -> _Cells:
    label: list[Role] = []
    source: list[Role] = []
    area: list[str] = []
    level: list[int] = []
    neuron: list[int] = []
    for population in _recorded(circuit):
        for _ in range(instrument.cells):
            false = population.role == "error" and rng.random() < instrument.label_error
            role: Role = "representation" if false else population.role
            here = neurons(circuit, role, population.area)
            label.append(population.role)
            source.append(role)
            area.append(population.area)
            level.append(population.level)
            neuron.append(int(rng.integers(here.start, here.stop)))
    count = len(label)
    error = np.array([role == "error" for role in label])
    paired = instrument.coding == "paired"
    sign = np.where(error & paired & (np.arange(count) % 2 == 1), -1, 1)
    baseline = instrument.baseline * rng.lognormal(0.0, instrument.spread, count)
    gain = rng.lognormal(0.0, instrument.spread, count)
    # an error neuron that carries one half of the error fires more for it, whatever its sign
    of_error = np.array([role == "error" for role in source])
    half = np.zeros(count, dtype=np.int64)
    half[of_error] = error_signs(circuit)[np.array(neuron)[of_error]]
    sign, gain = np.where(half == 0, sign, half), np.where(half == 0, gain, gain * half)
    return _Cells(label, source, np.array(neuron), area, level, sign, baseline, gain)


def _expected(
    block: Activity, index: int, cells: _Cells, scale: dict[Role, float]
) -> npt.NDArray[np.float32]:
    """Return the expected firing rate of each cell [Hz], (trial, time, cell)."""
    signal = np.empty((*next(iter(block.rates.values())).shape[1:3], len(cells.label)), np.float32)
    for role in dict.fromkeys(cells.source):
        chosen = np.array([source == role for source in cells.source])
        signal[..., chosen] = block.rates[role][index][..., cells.neuron[chosen]] * scale[role]
    modulation = (cells.gain * cells.sign).astype(np.float32)
    rate = np.maximum(cells.baseline.astype(np.float32) + modulation * signal, np.float32(0))
    return np.asarray(rate, dtype=np.float32)


def _spikes(
    expected: npt.NDArray[np.float32], width: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return spike counts over bin width [Hz]."""
    return (rng.poisson(expected * width) / width).astype(np.float32)


def _unit_columns(cells: _Cells, instrument: Instrument) -> dict[str, npt.ArrayLike]:
    error = np.array([label == "error" for label in cells.label])
    counter = pd.Series(cells.label).groupby([cells.area, cells.label]).cumcount()
    return {
        "unit_id": [
            f"{a} {label} {n + 1:02d}"
            for a, label, n in zip(cells.area, cells.label, counter, strict=True)
        ],
        "area": cells.area,
        "level": np.array(cells.level, float),
        "role": cells.label,
        "cell_type": [f"virtual {label} cell" for label in cells.label],
        "error_sign": np.where(error, cells.sign, 0),
        "label_source": ["model"] * len(cells.label),
        "label_error": np.where(error, instrument.label_error, np.nan),
    }


def _targets(
    circuit: Circuit[Any, Any], cells: _Cells, table: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """(trial, cell): whether the cell's neuron is silenced or driven."""
    aimed = np.zeros((len(table), len(cells.label)), dtype=bool)
    manipulated = table.reset_index(drop=True).query("manipulation != 'none'")
    columns = ["manipulation", "manipulated_role", "manipulated_area"]
    for key, part in manipulated.groupby(columns):
        manipulation, role, area = (str(value) for value in key)
        if not has(circuit, cast("Role", role)):
            continue
        rows = part.index.to_numpy()
        where = neurons(circuit, cast("Role", role), area)
        reached = targeted(where) if manipulation == "drive" else where
        hit = np.isin(cells.neuron, np.arange(reached.start, reached.stop, reached.step))
        aimed[rows] = hit & (np.array(cells.source) == role)
    return aimed


def _performance(block: Activity, index: int) -> Array:
    """1 - squared error of the output over that of output 0, each trial; NaN without outcome."""
    error = ((block.target[index] - block.output[index]) ** 2).mean(axis=-1)
    size = np.nanmean(block.target[index] ** 2) if np.isfinite(block.target[index]).any() else 1.0
    return np.asarray(1 - error / size)
