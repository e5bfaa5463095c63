"""Recorded trajectories with their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.engine.kernels import Run

#: Quantities of error neurons; those of interneurons are recognised by their number.
OF_ERROR = ("v", "v_ahead", "e")


def labelled(circuit: Circuit[Any, Any], run: Run[Any, Any]) -> xr.Dataset:
    """Return what a run recorded as a Dataset.

    Parameters
    ----------
    circuit
        The circuit that was simulated.
    run
        What `engine.run` returned.

    Returns
    -------
    xr.Dataset
        Each quantity with dims (network, record, <role>), and the coordinates ``area`` and
        ``level`` of each role; potentials and rates are in the model's own units.
    """
    coordinates: dict[str, Any] = {}
    for role in dict.fromkeys(p.role for p in circuit.populations):
        own = [p for p in circuit.populations if p.role == role]
        sizes = [p.size for p in own]
        coordinates[f"{role}_area"] = (role, np.repeat([p.area for p in own], sizes))
        coordinates[f"{role}_level"] = (role, np.repeat([p.level for p in own], sizes))
    data = {
        name: (("network", "record", _role(circuit, name)), values, {"units": "a.u."})
        for name, values in run.recorded.items()
    }
    return xr.Dataset(data, coordinates, {"theory": circuit.theory})


def _role(circuit: Circuit[Any, Any], name: str) -> str:
    if "interneuron" in name:
        return "interneuron"
    if name in OF_ERROR:
        return "error"
    if name == "dendritic":
        return "error" if circuit.theory == "error_microcircuit" else "interneuron"
    return "representation"
