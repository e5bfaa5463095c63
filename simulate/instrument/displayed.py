"""The trials of a day as its sessions hold them, and at whom their manipulations are aimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.session.session import FIELDS
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.columns import BY_NAME
from errorneurons.simulate.experiments.trials import kinds_of, with_defaults
from errorneurons.simulate.instrument.units import Units
from errorneurons.simulate.trials.bench import Chosen
from errorneurons.simulate.trials.manipulations import aim, aimed_at

_AIM = ("manipulation", "manipulated_role", "manipulated_area", "manipulated_cell")
"""The columns that say at whom a manipulation is aimed."""

TrialOrder = npt.NDArray[np.int64]
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
        kinds, numbers = kinds_of(table[[name for name in _AIM if name in table]])
        for number, row in enumerate(with_defaults(kinds).to_dict("records")):
            if row["manipulation"] != "none":
                aims[aim(row)] = numbers == number
    return Displayed(
        {name: values for name, values in columns.items() if name in FIELDS},
        {name: _factor(name, x) for name, x in columns.items() if name not in FIELDS},
        aims,
        len(table),
    )


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
