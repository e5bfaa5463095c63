"""Collections as files: netCDF is written, netCDF, Zarr and NWB are read."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.session.contract import BLOCK, DoorError, check, collect
from errorneurons.analysis.session.files import beside, check_hdf5
from errorneurons.analysis.session.schema import ACTIVITY, FIELDS


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
    lone = isinstance(recording, xr.Dataset)
    recording = collect([recording]) if isinstance(recording, xr.Dataset) else recording
    check(recording)
    with beside(path) as part:
        xr.Dataset(attrs=recording.attrs).to_netcdf(part, engine="h5netcdf")
        for name, node in recording.children.items():
            _append(node.to_dataset(inherit=False), name, part)
    if lone:
        del recording, node
        gc.collect()  # a tree refers to itself, and would keep the arrays of the session
    return path


def open_recording(path: str | Path, mapping: str | Path | None = None) -> xr.DataTree:
    """Open a recording of any kind that can be read, checked against the contract.

    netCDF (``.nc``) and Zarr (``.zarr``) are opened lazily: activity is read when it is used.

    Parameters
    ----------
    path
        The recording.
    mapping
        The mapping file (TOML) that says what the fields of an NWB file mean.

    Returns
    -------
    xr.DataTree
        One child a session.

    Raises
    ------
    DoorError
        If there is no such file, or it is damaged or of another kind.
    ContractError
        If the recording breaks the contract.
    """
    path = Path(path)
    if path.suffix not in READERS:
        kinds = ", ".join(READERS)
        raise DoorError(f"cannot read {path.name}: its ending is none of {kinds}")
    if not path.exists():
        raise DoorError(f"there is no file {path}")
    if path.is_dir() != (path.suffix == ".zarr"):
        kind = "a folder" if path.is_dir() else "a file"
        raise DoorError(f"{path} is {kind}; give {'a folder' if path.is_file() else 'a file'}")
    try:
        return check(READERS[path.suffix](path, mapping), activity=False)
    except OSError as error:
        raise DoorError(f"{path.name} is damaged: {error}; copy it again") from error


def _read_netcdf(path: Path, mapping: str | Path | None) -> xr.DataTree:
    _refuse_mapping(path, mapping)
    check_hdf5(path)
    try:
        return _as_text(xr.open_datatree(path, engine="h5netcdf", phony_dims="access"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise DoorError(f"{path.name} is damaged or no netCDF file of sessions: {error}") from error


def _read_zarr(path: Path, mapping: str | Path | None) -> xr.DataTree:
    _refuse_mapping(path, mapping)
    try:
        return _as_text(xr.open_datatree(path, engine="zarr", chunks=None, consolidated=False))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DoorError(f"{path.name} is no Zarr group of sessions: {error}") from error


def _read_nwb(path: Path, mapping: str | Path | None) -> xr.DataTree:
    from errorneurons.analysis.readers.nwb.reader import load_mapping, read_nwb

    if mapping is None:
        raise DoorError(
            f"{path.name} needs a mapping file that says what its fields mean; "
            f"`errorneurons inspect {path.name}` writes one to start from"
        )
    return read_nwb(path, load_mapping(mapping))


READERS: Mapping[str, Callable[[Path, str | Path | None], xr.DataTree]] = {
    ".nc": _read_netcdf,
    ".zarr": _read_zarr,
    ".nwb": _read_nwb,
}
"""How each kind of file is read."""


def _refuse_mapping(path: Path, mapping: str | Path | None) -> None:
    if mapping is not None:
        raise DoorError(f"{path.name} needs no mapping file; leave {Path(mapping).name} out")


def _as_text(tree: xr.DataTree) -> xr.DataTree:
    """Give text one dtype, whichever the file's own was; a lone session becomes a collection."""
    nodes = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
    for dataset in nodes.values():
        for name in FIELDS:
            if name in dataset.variables and _is_loose_text(dataset[name].variable):
                dataset[name] = dataset[name].astype(str)
    if len(nodes) == 1 and "rate" in nodes["/"]:
        nodes = {"/session": nodes["/"]}
    text = xr.DataTree.from_dict(nodes)
    text.set_close(tree.close)
    return text


def _is_loose_text(column: xr.Variable) -> bool:
    kind = column.dtype.kind
    return kind in "OT" and all(isinstance(value, str) for value in column.values.flat)


def _append(session: xr.Dataset, name: str, path: Path) -> None:
    session = session.copy()
    for variable in session.variables.values():
        variable.encoding = {}
    encoding = {
        field.name: _encoding(session[field.name]) for field in ACTIVITY if field.name in session
    }
    session.to_netcdf(path, mode="a", group=name, engine="h5netcdf", encoding=encoding)


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
