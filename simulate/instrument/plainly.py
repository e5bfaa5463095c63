"""The virtual recording for the claims alone: without labels and checks, which take longer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.plain import Plain, PlainColumn
from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.observe import (
    Aimed,
    Displayed,
    aims_of,
    as_shown,
    attributes_of,
    expected_rates,
    purpose_of,
    targeted_units,
)
from errorneurons.simulate.instrument.session_columns import (
    TrialOrder,
    cursor_columns,
    outcome_columns,
    performance,
    time_of,
    unit_columns,
)
from errorneurons.simulate.instrument.spikes import poisson_of_kinds
from errorneurons.simulate.instrument.sums import Sums
from errorneurons.simulate.instrument.units import Labelled, Units, labels_of, sampled
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.run import Activity


@dataclass(frozen=True, eq=False)
class DrawnCells:
    """The units of a network, and their columns that are the same on all days."""

    units: Units
    columns: Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Instrumented:
    """A network before an instrument, to be recorded once or more for the claims alone.

    What does not depend on the cells and the noise of a recording is found once.

    Attributes
    ----------
    circuit, blocks, network, index, instrument
        As in `observe`; with the labels of the first block.
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
    def performance(self) -> Array:
        """Performance in each trial, (trial,)."""
        each = zip(self.blocks, self.rows, strict=True)
        return np.concatenate(
            [performance(b.output[self.index][own], b.target[self.index][own]) for b, own in each]
        )

    @cached_property
    def aims(self) -> Sequence[Aimed]:
        """At whom manipulations are aimed."""
        return aims_of(self.circuit, self.shown, self.labelled)

    @property
    def bins(self) -> int:
        """Bins of a trial, as simulated."""
        return int(next(iter(self.blocks[0].rates.values())).shape[2])

    @property
    def sums_suffice(self) -> bool:
        """Whether sums over bins can be drawn alone: bins are independent, and as simulated."""
        how = self.instrument
        return how.spiking == "poisson" and how.imaging is None and how.bin is None

    def units(self, seed: int) -> Units:
        """Draw the units of a recording with a seed of its own."""
        return sampled(self.populations, self.instrument, (seed, self.circuit.theory, self.network))

    def noise(self, seed: int) -> np.random.Generator:
        """Return the random numbers of the noise of a recording."""
        day = purpose_of(self.blocks[0].day)
        return generator(seed, self.circuit.theory, self.network, *day)

    def rates(self, units: Units, seed: int) -> npt.NDArray[np.float32]:
        """Return what the instrument shows of units, (trial, time, unit)."""
        expected = expected_rates(self.blocks, self.index, units, self.instrument, self.sizes)
        every = expected[self.kinds]
        return as_shown(every, self.width, units, self.instrument, self.noise(seed))

    def means(self, units: Units, sums: Sums, seed: int) -> dict[Hashable, Array]:
        """Return the mean rate of units in windows [Hz], (trial, unit), see `sums_suffice`."""
        part = _bins_of(self.blocks, self.index, sums.kinds, sums.bins)
        sizes = {source: size[self.index : self.index + 1] for source, size in self.sizes.items()}
        rates = expected_rates([part], 0, units, self.instrument, sizes)[:, 0]
        expected = sums.expected(rates, self.width)
        return sums.means(poisson_of_kinds(expected, sums.drawn, self.noise(seed)), self.width)

    def session(self, units: Units, rates: npt.NDArray[np.float32] | None = None) -> Plain:
        """Return what was recorded of units as a session.

        Parameters
        ----------
        units
            The recorded units.
        rates
            What was recorded of them, (trial, time, unit); nothing if it is None.
        """
        if rates is None:
            shape = len(self.kinds), self.bins, len(units.label)
            rates = np.broadcast_to(np.float32(0), shape)
        return self._plain(rates, {
            "area": units.area,
            "level": units.level,
            "role": units.label,
            "label_error": np.where(units.label == "error", self.instrument.label_error, np.nan),
            "targeted": targeted_units(units, self.shown.count, self.aims),
            "performance": self.performance,
        })  # fmt: skip

    def expected(self, cells: DrawnCells) -> Plain:
        """Return what cells are expected to show, with all that `observe` says of them."""
        units, kinds, first = cells.units, self.kinds, self.blocks[0]
        rates = expected_rates(self.blocks, self.index, units, self.instrument, self.sizes)
        repeated = not np.array_equal(kinds, np.arange(len(rates)))
        about = self.circuit, first, self.index, units, self.instrument, self.sizes
        seen = self._plain(rates[kinds] if repeated else rates, {
            **cells.columns,
            "targeted": targeted_units(units, self.shown.count, self.aims),
            **outcome_columns(self.blocks, self.index, self.rows),
            **cursor_columns(*about),
        })  # fmt: skip
        others = {n: PlainColumn(x.values, x.attrs) for n, x in self.shown.others.items()}
        return replace(seen, variables={**seen.variables, **others})

    def cells(self, seed: int) -> DrawnCells:
        """Draw the cells of a recording with a seed of its own; they are the same on all days."""
        units = self.units(seed)
        columns = unit_columns(self.circuit, units, self.instrument, self.labelled)
        return DrawnCells(units, {name: np.asarray(x) for name, x in columns.items()})

    def _plain(
        self, rates: npt.NDArray[np.float32], columns: Mapping[str, npt.NDArray[Any]]
    ) -> Plain:
        """Return a session with the columns of all, and some of its units and trials."""
        how, width, first = self.instrument, self.width, self.blocks[0]
        low, high = how.label_error_interval
        attrs: dict[str, dict[str, Any]] = {
            "label_error": {"low": low, "high": high},
            "rate": {"sampling_rate": 1 / width, "signal": how.signal, "units": how.units},
        }
        every = {"time": time_of(first, width, rates.shape[1]), **self.shown.factors, **columns,
                 "rate": rates}  # fmt: skip
        variables = {name: PlainColumn(x, attrs.get(name, {})) for name, x in every.items()}
        return Plain(variables, attributes_of(self.circuit, self.network, first.day))


def _bins_of(
    blocks: Sequence[Activity], index: int, trials: TrialOrder, bins: TrialOrder
) -> Activity:
    """Return some bins of the trials of one network, as if each were a trial of its own."""
    first = blocks[0]
    starts = np.cumsum([0, *(len(block.table) for block in blocks)])

    def chosen(signals: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        found = np.empty((1, len(trials), 1, signals[0].shape[-1]), np.float32)
        for signal, start, stop in zip(signals, starts, starts[1:], strict=False):
            here = (trials >= start) & (trials < stop)
            found[0, here, 0] = signal[index][trials[here] - start, bins[here]]
        return found

    rates = {role: chosen([block.rates[role] for block in blocks]) for role in first.rates}
    tufts = [block.apical for block in blocks if block.apical is not None]
    return replace(first, rates=rates, apical=chosen(tufts) if tufts else None)
