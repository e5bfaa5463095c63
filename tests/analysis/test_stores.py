"""Zeros in Zarr are data; what is missing from a store or a file is refused, not filled up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
import zarr
from h5py import h5a, h5s, h5t

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.session.session import DoorError, check, collect, save

Make = Callable[..., xr.Dataset]
RATE = "m1_s1/rate"
pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


def blocks(path: Path, made: xr.Dataset, zarr_format: int) -> Path:
    """Write a session of which zarr itself wrote the activity, in blocks, with fill value 0."""
    collect([made]).to_zarr(path, zarr_format=zarr_format, consolidated=False)
    group = zarr.open_group(str(path), mode="r+")["m1_s1"]
    values, attrs = group["rate"][:], dict(group["rate"].attrs)
    del group["rate"]
    dims = {"dimension_names": ["trial", "time", "unit"]} if zarr_format == 3 else {}
    array = group.create_array(
        "rate", shape=values.shape, dtype="f4", chunks=(3, *values.shape[1:]), fill_value=0, **dims
    )
    array[:] = values
    array.attrs.update({name: value for name, value in attrs.items() if name != "_FillValue"})
    return path


def block_of(path: Path) -> Path:
    """Return the file of a block of activity."""
    inside = sorted((path / RATE).rglob("*"))
    return next(f for f in inside if f.is_file() and f.name.lstrip(".")[0] not in "z")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zeros_are_data_whatever_the_fill_value(
    tmp_path: Path, make_session: Make, zarr_format: int
) -> None:
    made = make_session()
    assert (made["rate"].values == 0).any()
    with open_recording(blocks(tmp_path / "x.zarr", made, zarr_format)) as tree:
        np.testing.assert_array_equal(tree[RATE].values, made["rate"].values)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_was_not_recorded_stays_so(
    tmp_path: Path, make_session: Make, zarr_format: int
) -> None:
    made = make_session()
    made["rate"].values[2, :, 1] = np.nan
    collect([made]).to_zarr(tmp_path / "x.zarr", zarr_format=zarr_format, consolidated=False)
    with open_recording(tmp_path / "x.zarr") as tree:
        np.testing.assert_array_equal(tree[RATE].values, made["rate"].values)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_missing_block_is_not_read_as_zeros(
    tmp_path: Path, make_session: Make, zarr_format: int
) -> None:
    path = blocks(tmp_path / "x.zarr", make_session(), zarr_format)
    block_of(path).unlink()
    with pytest.raises(DoorError, match="1 of 2 blocks of `m1_s1/rate` are missing and would be"):
        open_recording(path)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_broken_block_is_told_in_one_sentence(
    tmp_path: Path, make_session: Make, zarr_format: int
) -> None:
    path = blocks(tmp_path / "x.zarr", make_session(), zarr_format)
    block_of(path).write_bytes(b"garbage")
    tree = open_recording(path)
    with pytest.raises(DoorError, match=r"`rate` cannot be read from trial 0 on: .* copy it again"):
        check(tree)


def test_activity_that_is_a_trial_short_is_not_filled_up(
    tmp_path: Path, make_session: Make
) -> None:
    path = save(make_session(), tmp_path / "x.nc")
    with h5py.File(path, "r+") as file:
        whole = file[RATE]
        values, scales = whole[:-1], [dim[0] for dim in whole.dims]
        attrs = {k: v for k, v in whole.attrs.items() if not k.startswith(("DIM", "_Netcdf4"))}
        del file[RATE]
        short = file.create_dataset(RATE, data=values)
        short.attrs.update(attrs)
        for axis, scale in enumerate(scales):
            short.dims[axis].attach_scale(scale)
    message = r"x.nc: `m1_s1/rate` has shape \(5, 5, 4\) but its dims are \(6, 5, 4\) long"
    with pytest.raises(DoorError, match=message):
        open_recording(path)


@pytest.mark.parametrize("name", ["zarr.json", ".zarray"])
def test_an_array_that_lost_its_description_is_not_left_out(
    tmp_path: Path, make_session: Make, name: str
) -> None:
    zarr_format = 3 if name == "zarr.json" else 2
    path = blocks(tmp_path / "x.zarr", make_session(), zarr_format)
    (path / "m1_s1" / "outcome" / name).unlink()
    with pytest.raises(DoorError, match="`m1_s1/outcome` is neither an array nor a group"):
        open_recording(path)


def test_a_broken_column_is_told_when_the_store_is_opened(
    tmp_path: Path, make_session: Make
) -> None:
    path = blocks(tmp_path / "x.zarr", make_session(), 3)
    (path / "m1_s1" / "stimulus" / "c" / "0").write_bytes(b"garbage")
    with pytest.raises(DoorError, match=r"x.zarr is no Zarr group of sessions: Zstd"):
        open_recording(path)


def test_an_attribute_that_is_no_text_any_more_is_not_read(
    make_session: Make, tmp_path: Path
) -> None:
    path = save(make_session(), tmp_path / "x.nc")
    with h5py.File(path, "r+") as file:
        node = file[next(iter(file))]["time"]
        del node.attrs["long_name"]
        numbers = h5t.vlen_create(h5t.STD_U8LE)
        h5a.create(node.id, b"long_name", numbers, h5s.create(h5s.SCALAR))
    with pytest.raises(
        DoorError, match=r"`long_name` of `.*time` is neither text nor numbers; the"
    ):
        open_recording(path)
