"""Datasets as groups of a netCDF-4 file, made in memory with nothing but HDF5.

A session has some forty variables, and h5netcdf looks each of them up by its name a dozen times.
What is written here it reads, as any library of netCDF-4 does: dims are scales of HDF5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.conventions import cf_encoder, encode_dataset_coordinates

if TYPE_CHECKING:
    import h5py

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable.{:10}"
"""The name of the scale of a dim that has no coordinate."""
_CLASH = "_nc4_non_coord_"
"""Stands before the name of a variable that has the name of a dim and is not its coordinate."""
_NUMBER = "_Netcdf4Dimid"
"""The attribute with the number of a dim."""


def as_netcdf(groups: Mapping[str, xr.Dataset]) -> bytes:
    """Return the netCDF-4 file that holds datasets as groups, by their paths.

    How a variable is chunked and compressed is said by its encoding, ``chunksizes`` and
    ``shuffle``; without, it is stored as it is.
    """
    import h5py

    with h5py.File("in memory", "w", driver="core", backing_store=False, track_order=True) as file:
        for path, dataset in groups.items():
            group = file if path == "/" else file.create_group(path, track_order=True)
            _write(group, dataset)
        file.flush()
        return bytes(file.id.get_file_image())


def _write(group: h5py.Group, dataset: xr.Dataset) -> None:
    from h5py.h5ds import attach_scale, set_scale

    variables, attrs = cf_encoder(*encode_dataset_coordinates(dataset))
    _describe(group, attrs)
    scales = {}
    for number, (dim, size) in enumerate(dataset.sizes.items()):
        name, own = str(dim), variables.get(dim)
        lone = own is None or own.dims != (dim,)
        made = group.create_dataset(name, (size,), ">f4") if lone else _stored(group, name, own)
        set_scale(made.id, (_NO_VARIABLE.format(size) if lone else name).encode())
        made.attrs.create(_NUMBER, number, dtype=np.int32)
        scales[dim] = made.id
    for name, variable in variables.items():
        if variable.dims != (name,):
            made = _stored(group, f"{_CLASH * (name in scales)}{name}", variable)
            for axis, dim in enumerate(variable.dims):
                attach_scale(made.id, scales[dim], axis)


def _stored(group: h5py.Group, name: str, variable: xr.Variable) -> h5py.Dataset:
    """Return a variable, written."""
    values = variable.values
    if values.dtype.kind in "OU":
        made = group.create_dataset(name, values.shape, _text())
        made[...] = values.astype(object)
    else:
        fill, how = variable.attrs.get("_FillValue"), variable.encoding
        squeezed = {"compression": "gzip", "compression_opts": 1} if "chunksizes" in how else {}
        made = group.create_dataset(
            name, data=values, fillvalue=fill, chunks=how.get("chunksizes"),
            shuffle=how.get("shuffle"), **squeezed,
        )  # fmt: skip
    _describe(made, variable.attrs)
    return made


def _describe(owner: h5py.Group | h5py.Dataset, attrs: Mapping[Any, Any]) -> None:
    """Write attributes; numbers as arrays of one, as other libraries of netCDF do."""
    for name, value in attrs.items():
        if isinstance(value, str):
            owner.attrs.create(name, str(value), dtype=_text())
        else:
            values = np.atleast_1d(value)
            text = values.dtype.kind in "OU"
            owner.attrs.create(name, values.astype(object) if text else values,
                               dtype=_text() if text else None)  # fmt: skip


def _text() -> Any:
    import h5py

    return h5py.string_dtype()
