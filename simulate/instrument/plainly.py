"""The virtual recording for the claims alone: without labels and checks, which take longer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.analysis.session.plain import Plain, PlainColumn
from errorneurons.simulate.arrays import Array
from errorneurons.simulate.instrument.displayed import TrialOrder
from errorneurons.simulate.instrument.firing import expected_rates
from errorneurons.simulate.instrument.instrumented import Instrumented
from errorneurons.simulate.instrument.spikes import poisson_of_kinds
from errorneurons.simulate.instrument.sums import Sums
from errorneurons.simulate.instrument.units import Units
from errorneurons.simulate.trials.run import Activity


@dataclass(frozen=True, eq=False)
class DrawnCells:
    """The units of a network, and their columns that are the same on all days."""

    units: Units
    columns: Mapping[str, npt.NDArray[Any]]


def draw_cells(one: Instrumented, seed: int) -> DrawnCells:
    """Draw the cells of a recording with a seed of its own; they are the same on all days."""
    units = one.units(seed)
    return DrawnCells(units, one.unit_columns(units))


def expected_of_cells(one: Instrumented, cells: DrawnCells) -> Plain:
    """Return what cells are expected to show, with all that `observe` says of them."""
    columns = {**cells.columns, **one.day_columns(cells.units)}
    seen = _plain(one, one.expected(cells.units), columns)
    others = {n: PlainColumn(x.values, x.attrs) for n, x in one.shown.others.items()}
    return replace(seen, variables={**seen.variables, **others})


def plain_session(
    one: Instrumented, units: Units, rates: npt.NDArray[np.float32] | None = None
) -> Plain:
    """Return what was recorded of units as a session.

    Parameters
    ----------
    one
        The network, and how it was recorded.
    units
        The recorded units.
    rates
        What was recorded of them, (trial, time, unit); nothing if it is None.
    """
    if rates is None:
        shape = len(one.kinds), simulated_bins(one), len(units.label)
        rates = np.broadcast_to(np.float32(0), shape)
    return _plain(one, rates, {
        "area": units.area,
        "level": units.level,
        "role": units.label,
        "label_error": np.where(units.label == "error", one.instrument.label_error, np.nan),
        "targeted": one.targeted(units),
        "performance": one.performance,
    })  # fmt: skip


def simulated_bins(one: Instrumented) -> int:
    """Return the number of bins of a trial, as simulated."""
    return int(next(iter(one.blocks[0].rates.values())).shape[2])


def sums_suffice(one: Instrumented) -> bool:
    """Return whether sums of bins can be drawn alone: bins are independent, and as simulated."""
    how = one.instrument
    return how.spiking == "poisson" and how.imaging is None and how.bin is None


def drawn_means(one: Instrumented, units: Units, sums: Sums, seed: int) -> dict[Hashable, Array]:
    """Return the mean rate of units in windows [Hz], (trial, unit), see `sums_suffice`."""
    part = _bins_of(one.blocks, one.index, sums.kinds, sums.bins)
    sizes = {source: size[one.index : one.index + 1] for source, size in one.sizes.items()}
    rates = expected_rates([part], 0, units, one.instrument, sizes)[:, 0]
    expected = sums.expected(rates, one.width)
    return sums.means(poisson_of_kinds(expected, sums.drawn, one.noise(seed)), one.width)


def _plain(
    one: Instrumented, rates: npt.NDArray[np.float32], columns: Mapping[str, npt.NDArray[Any]]
) -> Plain:
    """Return a session with the columns of all, and some of its units and trials."""
    how = one.instrument
    low, high = how.label_error_interval
    attrs: dict[str, dict[str, Any]] = {
        "label_error": {"low": low, "high": high},
        "rate": {"sampling_rate": 1 / one.width, "signal": how.signal, "units": how.units},
    }
    every = {"time": one.times(rates.shape[1]), **one.shown.factors, **columns, "rate": rates}
    variables = {name: PlainColumn(x, attrs.get(name, {})) for name, x in every.items()}
    return Plain(variables, one.attributes)


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
