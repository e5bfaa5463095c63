"""Sessions that stand in netCDF and Zarr as they are: what no library minds is minded here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import ZarrStore

from errorneurons.analysis.readers.codecs import check_codecs
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.session.schema import ACTIVITY, FIELDS

_ACTIVITY = {field.name for field in ACTIVITY}
_MAY_BE_EMPTY = {"layer", "cell_type", "partner"}
"""Text columns in which nothing is something."""


def open_netcdf(path: Path) -> xr.DataTree:
    """Open the groups of a netCDF file, lazily.

    Raises
    ------
    DoorError
        If a variable is shorter than its dims: libraries would fill it up with zeros. If an
        attribute is a list of numbers of unknown length, which no file of sessions has: where
        damage made one, reading it ends the process.
    """
    import h5py

    with h5py.File(path, "r") as file:
        file.visititems(lambda name, node: _check_attributes(path, name, node))
        for name, found, expected in _lengths(file):
            raise DoorError(
                f"{path.name}: `{name}` has shape {found} but its dims are {expected} long; what "
                "is missing would be read as zeros, so write the file again"
            )
    return xr.open_datatree(path, engine="h5netcdf", phony_dims="access")


def _check_attributes(path: Path, name: str, node: Any) -> None:
    from h5py import h5a, h5t

    for k in range(h5a.get_num_attrs(node.id)):
        attribute = h5a.open(node.id, index=k)
        kind = attribute.get_type()
        if isinstance(kind, h5t.TypeVlenID) and kind.get_super().get_class() != h5t.REFERENCE:
            said = attribute.name.decode("utf-8", "replace")
            raise DoorError(
                f"{path.name}: the attribute `{said}` of `{name}` is neither text nor numbers; the "
                "file is damaged, copy it again"
            )


def _lengths(file: Any) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Yield the variables whose shape is not that of their dims, with both."""
    import h5py

    found: list[tuple[str, Any]] = []
    file.visititems(lambda name, node: found.append((name, node)))
    for name, node in found:
        if isinstance(node, h5py.Dataset) and "DIMENSION_LIST" in node.attrs:
            scales = [dim[0] if len(dim) else None for dim in node.dims]
            expected = tuple(
                own if scale is None or not scale.shape else scale.shape[0]
                for own, scale in zip(node.shape, scales, strict=True)
            )
            if node.shape != expected:
                yield name, node.shape, expected


def open_zarr(path: Path) -> xr.DataTree:
    """Open the groups of a Zarr store, lazily; zeros are data whatever its fill values are.

    Raises
    ------
    DoorError
        If a block of activity or text is not there, and would be read as zeros or nothing, or if
        what it was packed with could run code.
    """
    import zarr

    check_codecs(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what zarr warns of is refused here
        _refuse_what_is_lost(path, zarr.open_group(str(path), mode="r"))
    tree = xr.open_datatree(path, engine="zarr", chunks=None, consolidated=False)
    if not any(_masks_data(v) for node in tree.subtree for v in node.variables.values()):
        return tree
    nodes = {
        node.path: _unmasked(node.to_dataset(inherit=False), _raw(path, node.path))
        for node in tree.subtree
    }
    mended = xr.DataTree.from_dict(nodes)
    mended.set_close(tree.close)
    return mended


def _refuse_what_is_lost(path: Path, root: Any) -> None:
    for name in _strays(path, root):
        raise DoorError(
            f"{path.name}: `{name}` is neither an array nor a group, its description is missing or "
            "broken; copy the store again"
        )
    for name, array in _arrays(root):
        if _has_lost(name.rpartition("/")[2], array):
            raise DoorError(
                f"{path.name}: {array.nchunks - array.nchunks_initialized} of {array.nchunks} "
                f"blocks of `{name}` are missing and would be read as zeros or as nothing; copy "
                "the store again, or write it with write_empty_chunks=True"
            )


def _raw(path: Path, group: str) -> xr.Dataset:
    """Return a group in which nothing counts as missing."""
    # `open_dataset` forgets this option on its way to the store
    store = ZarrStore.open_group(
        str(path), group=group, mode="r", consolidated=False, use_zarr_fill_value_as_mask=False
    )
    return xr.open_dataset(store, chunks=None)


def _arrays(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a store by their paths."""
    for name, array in group.arrays():
        yield f"{path}{name}", array
    for name, inner in group.groups():
        yield from _arrays(inner, f"{path}{name}/")


def _strays(folder: Path, group: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of folders that the store knows nothing of."""
    inner = dict(group.groups())
    known = {*inner, *(name for name, _ in group.arrays())}
    for child in sorted(folder.iterdir()):
        if child.is_dir() and child.name not in known:
            yield f"{path}{child.name}"
        elif child.name in inner:
            yield from _strays(child, inner[child.name], f"{path}{child.name}/")


def _has_lost(name: str, array: Any) -> bool:
    """Whether blocks that are not there would be taken for data."""
    if name not in FIELDS:
        return False
    kind, required = FIELDS[name].kind, FIELDS[name].required and name not in _ACTIVITY
    zeros = kind == "number" and array.fill_value is not None and array.fill_value == 0
    empty = kind == "text" and name not in _MAY_BE_EMPTY
    return bool(zeros or empty or required) and array.nchunks_initialized < array.nchunks


def _masks_data(variable: xr.Variable) -> bool:
    """Whether zeros, or empty text, were taken for missing."""
    fill = variable.encoding.get("_FillValue")
    return isinstance(fill, bool | int | float | str | np.generic) and not fill and fill == fill


def _unmasked(dataset: xr.Dataset, raw: xr.Dataset) -> xr.Dataset:
    """Return a dataset with the variables whose zeros were taken for missing as they are."""
    masked = {name for name, v in dataset.variables.items() if _masks_data(v)}
    return dataset.assign({n: raw[n] for n in masked - set(dataset.coords)}).assign_coords(
        {n: raw[n] for n in masked & set(dataset.coords)}
    )
