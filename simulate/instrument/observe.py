"""The virtual recording: what an experimenter would have recorded of a simulated network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.session.session import session
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.instrument.displayed import Displayed, shown_in
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.instrumented import Instrumented
from errorneurons.simulate.trials.run import Activity


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
    how = instrument or Instrument()
    tables = [block.table for block in blocks]
    every = [np.arange(len(table)) for table in tables]
    one = Instrumented(circuit, blocks, every, network, index, how, shown or shown_in(tables))
    units = one.units(seed)
    rate = one.rates(units, seed)
    columns = {"time": one.times(rate.shape[1]), **one.unit_columns(units), **one.shown.factors,
               **one.day_columns(units)}  # fmt: skip
    seen = session(
        {"rate": rate}, columns, one.attributes,
        signal=how.signal, units=how.units, sampling_rate=1 / one.width,
    )  # fmt: skip
    return _described(seen.assign_coords(one.shown.others), how)


def _described(seen: xr.Dataset, instrument: Instrument) -> xr.Dataset:
    """Add to a session what its labels rest on, and with what it was imaged."""
    low, high = instrument.label_error_interval
    seen["label_error"].attrs |= {"low": low, "high": high, "source": "virtual instrument"}
    if instrument.imaging:
        seen["rate"].attrs["frame_rate"] = instrument.imaging.frame_rate
        seen["rate"].attrs["indicator"] = instrument.imaging.indicator.name
    return seen
