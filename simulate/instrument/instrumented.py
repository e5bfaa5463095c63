"""A network before an instrument, and the columns of its sessions.

A sample of cells of each role and area is recorded, as spikes or as calcium. A signed error
becomes two cells, one that fires more for a positive and one for a negative error; with a low
baseline a single cell would clip half of it. Some cells that are labelled as error cells are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.displayed import (
    Aimed,
    Displayed,
    TrialOrder,
    aims_of,
    targeted_units,
)
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.instrument.firing import as_shown, expected_rates, rate_scale
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.pairing import causal_signs, decoder_weights, partners
from errorneurons.simulate.instrument.units import Labelled, Units, labels_of, sampled
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.run import Activity, Binned


@dataclass(frozen=True, eq=False)
class Instrumented:
    """A network before an instrument, to be recorded once or more.

    What does not depend on the cells and the noise of a recording is found once.

    Attributes
    ----------
    circuit, blocks, network, index, instrument
        As in `observe`.
    rows
        For each block, which of its trials come, in which order; some may come several times.
    shown
        What `shown_in` returns for the tables of these trials.
    """

    circuit: Circuit[Any, Any]
    blocks: Sequence[Activity]
    rows: Sequence[TrialOrder]
    network: int
    index: int
    instrument: Instrument
    shown: Displayed

    @property
    def width(self) -> float:
        """Width of a bin [s]."""
        return self.instrument.bin or self.blocks[0].clock.bin

    @cached_property
    def kinds(self) -> TrialOrder:
        """Where each trial stands among those of all blocks, (trial,)."""
        starts = np.cumsum([0, *(len(block.table) for block in self.blocks[:-1])])
        return np.concatenate([own + at for own, at in zip(self.rows, starts, strict=True)])

    @cached_property
    def labelled(self) -> Chosen | None:
        """Which neurons are labelled error cells, as in `Bench`."""
        first = self.blocks[0].labelled
        return None if first is None else first[self.index : self.index + 1]

    @cached_property
    def populations(self) -> Sequence[Labelled]:
        """Who carries which label."""
        apical = self.blocks[0].apical is not None
        return labels_of(self.circuit, self.labelled, self.instrument, apical=apical)

    @cached_property
    def sizes(self) -> Mapping[str, Array]:
        """Size of each signal, as `extents` returns it."""
        first = self.blocks[0]
        return first.extents or extents(first, self.index, self.rows[0])

    @cached_property
    def aims(self) -> Sequence[Aimed]:
        """At whom manipulations are aimed."""
        return aims_of(self.circuit, self.shown, self.labelled)

    @cached_property
    def outcomes(self) -> tuple[Sequence[Array], Sequence[Array]]:
        """Outputs and targets of the trials of each block, (trial, output neuron)."""
        each = [*zip(self.blocks, self.rows, strict=True)]
        return (
            [block.output[self.index][own] for block, own in each],
            [block.target[self.index][own] for block, own in each],
        )

    @cached_property
    def performance(self) -> Array:
        """How well the network did in each trial, (trial,)."""
        return np.concatenate([_performance(*both) for both in zip(*self.outcomes, strict=True)])

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """The attributes of its session."""
        highest = max(self.circuit.populations, key=lambda p: p.level)
        return {
            "animal": animal(self.network),
            "session_id": str(self.blocks[0].day),
            "opsin": "virtual",
            "teaching_area": highest.area,
            "output_area": self.circuit.output_area,
        }

    def units(self, seed: int) -> Units:
        """Draw the units of a recording with a seed of its own; they are the same on all days."""
        return sampled(self.populations, self.instrument, (seed, self.circuit.theory, self.network))

    def noise(self, seed: int) -> np.random.Generator:
        """Return the random numbers of the noise of a recording."""
        day = self.blocks[0].day
        purpose = ("spikes",) if day == 1 else ("spikes", day)
        return generator(seed, self.circuit.theory, self.network, *purpose)

    def expected(self, units: Units) -> Binned:
        """Return the firing rates that units are expected to have [Hz], (trial, time, unit)."""
        rates = expected_rates(self.blocks, self.index, units, self.instrument, self.sizes)
        in_order = np.array_equal(self.kinds, np.arange(len(rates)))
        return rates if in_order else rates[self.kinds]

    def rates(self, units: Units, seed: int) -> Binned:
        """Return what the instrument shows of units, (trial, time, unit)."""
        return as_shown(self.expected(units), self.width, units, self.instrument, self.noise(seed))

    def times(self, bins: int) -> Array:
        """Return the centres of the bins of a session [s]."""
        start = self.blocks[0].clock.start
        return np.asarray((start + self.width * (np.arange(bins) + 0.5)).round(9))

    def unit_columns(self, units: Units) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of units that are the same on all days, (unit,)."""
        error = units.label == "error"
        kinds = {label: f"virtual {label} cell" for label in dict.fromkeys(units.label.tolist())}
        if self.instrument.compartment == "apical":
            kinds["error"] = "apical tuft of a virtual representation cell"
        label_source = "model" if self.labelled is None else "genetic"
        return {
            "unit_id": units.name,
            "area": units.area,
            "level": units.level,
            "role": units.label,
            "cell_type": np.array([kinds[label] for label in units.label.tolist()]),
            "error_sign": np.where(error, units.sign, 0),
            "label_source": np.array([label_source] * len(error)),
            "label_error": np.where(error, self.instrument.label_error, np.nan),
            "partner": partners(self.circuit, units),
        }

    def targeted(self, units: Units) -> npt.NDArray[np.bool_]:
        """Return at which units a manipulation is aimed in a trial, (trial, unit)."""
        return targeted_units(units, self.shown.count, self.aims)

    def day_columns(self, units: Units) -> dict[str, npt.NDArray[Any]]:
        """Return the columns beside those of the table that depend on the day."""
        missed = [(t - output).mean(axis=-1) for output, t in zip(*self.outcomes, strict=True)]
        return {
            "targeted": self.targeted(units),
            "performance": self.performance,
            "outcome_error": np.concatenate(missed),
            **self._cursor_columns(units),
        }

    def _cursor_columns(self, units: Units) -> dict[str, Array]:
        """Return what each unit does to a cursor, if there is one, (unit,)."""
        first = self.blocks[0]
        if first.decoder is None:
            return {}
        decoder = first.decoder[self.index]
        scale = rate_scale(self.sizes, "representation", self.index, self.instrument)
        return {
            "causal_sign": causal_signs(self.circuit, units, decoder),
            "decoder_weight": decoder_weights(self.circuit, units, decoder, scale),
        }


def animal(network: int) -> str:
    """Return the name of the animal that a network is."""
    return f"network-{network:03d}"


def _performance(output: Array, target: Array) -> Array:
    """1 - squared error of the output over that of output 0, each trial; NaN without outcome."""
    error = ((target - output) ** 2).mean(axis=-1)
    size = np.nanmean(target**2) if np.isfinite(target).any() else 1.0
    return np.asarray(1 - error / size)
