"""Collections as netCDF files."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.session.contract import BLOCK, DoorError, check, collect
from errorneurons.analysis.session.files import beside
from errorneurons.analysis.session.schema import ACTIVITY


def save(recording: xr.DataTree | xr.Dataset, path: str | Path) -> Path:
    """Write a collection, or one session, as a netCDF file, compressed.

    Spike counts are stored as small integers, and come back as exactly the same rates. The file
    is written beside its place and renamed: it is there whole, or not at all.

    Parameters
    ----------
    recording
        A collection, one child a session; or a session.
    path
        Where to; ends in ``.nc``.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ContractError
        If the collection breaks the contract.
    DoorError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".nc":
        raise DoorError(f"cannot save as {path.name}: give a name that ends in .nc")
    content = packed(recording)
    with beside(path) as part:
        part.write_bytes(content)
    return path


def packed(recording: xr.DataTree | xr.Dataset) -> memoryview:
    """Return what the netCDF file of a collection, or of one session, consists of.

    It is made in memory: HDF5 that meets a full disk half way may bring the process down.

    Raises
    ------
    ContractError
        If the collection breaks the contract.
    """
    lone = isinstance(recording, xr.Dataset)
    recording = collect([recording]) if isinstance(recording, xr.Dataset) else recording
    check(recording)
    nodes = {"/": xr.Dataset(attrs=recording.attrs)}
    encoding = {}
    for name, node in recording.children.items():
        session = nodes[f"/{name}"] = node.to_dataset(inherit=False).copy()
        for variable in session.variables.values():
            variable.encoding = {}
        encoding[f"/{name}"] = {
            field.name: _encoding(session[field.name])
            for field in ACTIVITY
            if field.name in session
        }
    content: memoryview = xr.DataTree.from_dict(nodes).to_netcdf(
        engine="h5netcdf", encoding=encoding
    )
    if lone:
        del recording, node, nodes, session
        gc.collect()  # a tree refers to itself, and would keep the arrays of the session
    return content


def _encoding(variable: xr.DataArray) -> dict[str, Any]:
    """Return how to store activity: as counts if that loses nothing, else as it is."""
    chunks = (min(BLOCK, variable.sizes["trial"]), *variable.shape[1:])
    encoding: dict[str, Any] = {"zlib": True, "complevel": 1, "chunksizes": chunks}
    if variable.attrs.get("signal") == "spikes":
        scale = variable.dtype.type(variable.attrs["sampling_rate"])
        most = _largest_count(variable, scale)
        for dtype in (np.uint8, np.uint16):
            fill = np.iinfo(dtype).max
            if most < fill:
                return {**encoding, "dtype": dtype, "scale_factor": scale, "_FillValue": fill}
    return {**encoding, "shuffle": True}


def _largest_count(variable: xr.DataArray, scale: np.floating[Any]) -> float:
    """Return the largest spike count in a bin, infinity if counts do not give the rates exactly."""
    most = 0.0
    for start in range(0, variable.sizes["trial"], BLOCK):
        rate = variable.isel(trial=slice(start, start + BLOCK)).values
        count = np.rint(rate / scale)
        if not np.array_equal(count * scale, rate, equal_nan=True):
            return np.inf
        most = max(most, float(np.nanmax(count, initial=0.0)))
    return most
