"""Files give back what was put in, and other files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.session.session import ContractError, DoorError, check, collect, save

Make = Callable[..., xr.Dataset]
SESSIONS = Path(__file__).parents[1] / "data" / "sessions"

# Files


def test_a_saved_collection_comes_back_as_it_was(make_session: Make, tmp_path: Path) -> None:
    tree = collect([make_session("m1"), make_session("m22")])
    opened = open_recording(save(tree, tmp_path / "x.nc"))
    for name in tree:
        xr.testing.assert_identical(opened[name].to_dataset().load(), tree[name].to_dataset())
    opened.close()


def test_sessions_that_are_alike_share_the_variables_of_a_file(
    make_session: Make, tmp_path: Path
) -> None:
    alike = [make_session(f"m{n}").assign_attrs(day=n, weight=n / 3) for n in range(3)]
    alike[1]["rate"][0, 0, 0] = np.nan
    shorter = make_session("m9").isel(trial=slice(3))
    tree = collect([alike[0], alike[1], shorter, alike[2]])
    path = save(tree, tmp_path / "x.nc")
    with h5py.File(path) as file:
        assert {*file} == {"m2_s1", "m9_s1", "stacked sessions 0"}
        assert file["stacked sessions 0/rate"].shape == (2, *alike[0]["rate"].shape)
        assert file["stacked sessions 0/rate"].dtype == np.uint8
        assert file["stacked sessions 0/area"].shape == alike[0]["area"].shape
    with open_recording(path) as opened:
        assert list(opened) == list(tree)
        for name in tree:
            found = opened[name].to_dataset().load()
            xr.testing.assert_identical(found, tree[name].to_dataset())
            assert found["rate"].dtype == np.float32


def test_what_is_no_count_comes_back_from_a_shared_variable(
    make_session: Make, tmp_path: Path
) -> None:
    made = [make_session(f"m{n}") for n in range(2)]
    for number, each in enumerate(made):
        each["rate"] += np.float32(0.3 * number)
    with open_recording(save(collect(made), tmp_path / "x.nc")) as opened:
        for number, each in enumerate(made):
            xr.testing.assert_identical(opened[f"m{number}_s1"].to_dataset().load(), each)


def test_a_dim_is_a_scale_and_a_number_an_array_of_one(make_session: Make, tmp_path: Path) -> None:
    path = save(make_session().assign_attrs(day=3), tmp_path / "x.nc")
    with h5py.File(path) as file:
        group = file["m1_s1"]
        scales = [[*scale.values()] for scale in group["rate"].dims]
        assert scales == [[group["trial"]], [group["time"]], [group["unit"]]]
        assert group["time"].attrs["NAME"] == b"time"
        assert group["unit"].attrs["NAME"].startswith(b"This is a netCDF dimension but not a netC")
        assert group.attrs["day"].tolist() == [3]


def test_a_column_that_is_called_like_another_dim_comes_back(
    make_session: Make, tmp_path: Path
) -> None:
    made = make_session()
    made = made.assign_coords(unit=("trial", np.arange(made.sizes["trial"])))
    with open_recording(save(made, tmp_path / "x.nc")) as opened:
        xr.testing.assert_identical(opened["m1_s1"].to_dataset().load(), made)


def test_files_that_earlier_versions_wrote_are_read() -> None:
    with open_recording(SESSIONS / "supervised_pc.nc") as opened:
        (node,) = opened.children.values()
        seen = check(node.to_dataset().load())
    assert dict(seen.sizes) == {"trial": 110, "time": 6, "unit": 16}
    assert seen.attrs["animal"] == "network-000"
    assert np.isfinite(seen["rate"]).all()


def test_one_session_is_saved_as_a_collection_of_one(make_session: Make, tmp_path: Path) -> None:
    assert list(open_recording(save(make_session(), tmp_path / "x.nc"))) == ["m1_s1"]


def test_dtypes_come_back_as_they_were(make_session: Make, tmp_path: Path) -> None:
    made = make_session()
    opened = open_recording(save(collect([made]), tmp_path / "x.nc"))["m1_s1"].to_dataset()
    kinds = {name: opened[name].dtype.kind for name in made.variables}
    assert kinds == {name: made[name].dtype.kind for name in made.variables}
    assert opened["rate"].dtype == np.float32


def test_a_file_can_be_saved_over_itself(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    opened = open_recording(path)
    save(opened, path)
    opened.close()
    assert list(open_recording(path)) == ["m1_s1"]


def test_opening_does_not_read_activity(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    with h5py.File(path, "r+") as file:
        file["m1_s1/rate"][...] = 7
    opened = open_recording(path)["m1_s1"]
    assert float(opened["rate"].max()) == 7 * 50.0


def test_spike_counts_are_stored_as_small_integers(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    with h5py.File(path) as file:
        assert file["m1_s1/rate"].dtype == np.uint8


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    counts=st.lists(st.integers(0, 70000) | st.just(np.nan), min_size=1, max_size=5),
    bin_width=st.sampled_from([0.001, 0.01, 0.02, 0.025, 0.03, 0.05, 1 / 3, 0.7]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_rates_come_back_exactly(
    make_smallest: Make, tmp_path: Path, counts: list[float], bin_width: float, dtype: type
) -> None:
    rate = (np.array(counts).reshape(-1, 1, 1) / bin_width).astype(dtype)
    many = {"stimulus": ["a"] * len(counts), "input_onset": np.zeros(len(counts))}
    made = make_smallest(rate, sampling_rate=1 / bin_width, **many)
    opened = open_recording(save(collect([made]), tmp_path / "x.nc"))
    np.testing.assert_array_equal(opened["m_1/rate"].values, rate)
    opened.close()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9))
def test_any_text_comes_back(make_smallest: Make, tmp_path: Path, text: str) -> None:
    opened = open_recording(save(collect([make_smallest(stimulus=[text])]), tmp_path / "x.nc"))
    assert opened["m_1/stimulus"].to_numpy().tolist() == [text]
    opened.close()


def test_a_long_provenance_comes_back(make_session: Make, tmp_path: Path) -> None:
    made = make_session().assign_attrs(provenance="x" * 200_000)
    opened = open_recording(save(collect([made]), tmp_path / "x.nc"))
    assert opened["m1_s1"].attrs["provenance"] == "x" * 200_000


def test_a_lone_session_in_a_file_is_a_collection_of_one(
    make_session: Make, tmp_path: Path
) -> None:
    make_session().to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    assert list(open_recording(tmp_path / "x.nc")) == ["session"]


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
def test_zarr_is_read_too(make_session: Make, tmp_path: Path) -> None:
    tree = collect([make_session()])
    tree.to_zarr(tmp_path / "x.zarr", consolidated=False)
    opened = open_recording(tmp_path / "x.zarr")["m1_s1"].to_dataset().load()
    xr.testing.assert_equal(opened, tree["m1_s1"].to_dataset())


def test_nothing_is_left_of_a_save_that_fails(make_session: Make, tmp_path: Path) -> None:
    broken = xr.DataTree.from_dict({"a": make_session().drop_vars("area")})
    with pytest.raises(ContractError, match="session a: `area` is missing"):
        save(broken, tmp_path / "x.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_collection_is_saved_as_netcdf_only(make_session: Make) -> None:
    with pytest.raises(DoorError, match=r"cannot save as x.h5: give a name that ends in .nc"):
        save(collect([make_session()]), "x.h5")


def test_saving_into_no_folder_says_so(make_session: Make, tmp_path: Path) -> None:
    with pytest.raises(DoorError, match=r"cannot write .*x.nc: there is no folder .*; make it"):
        save(collect([make_session()]), tmp_path / "none" / "x.nc")


def test_a_truncated_file_is_named_as_such(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DoorError, match=r"^x.nc is truncated: its end is missing; copy it again$"):
        open_recording(path)


def test_damaged_activity_is_named_when_it_is_checked(make_session: Make, tmp_path: Path) -> None:
    path = save(make_session(), tmp_path / "x.nc")
    with h5py.File(path) as file:
        chunk = file["m1_s1/rate"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    with pytest.raises(DoorError, match=r"the recording's file is damaged: .*; copy it again"):
        check(open_recording(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.nc", b"", "x.nc is empty; write or copy it again"),
        ("x.nc", b"\x80\x04pickle" * 99, "x.nc is no HDF5 file, whatever its ending says"),
        ("x.pkl", b"abc", r"cannot read x.pkl: its ending is none of .nc, .zarr, .nwb"),
        ("x.zarr", b"abc", "x.zarr is a file; give a folder"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DoorError, match=message):
        open_recording(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match=r"there is no file .*x.nc"):
        open_recording(tmp_path / "x.nc")


def test_a_folder_is_no_netcdf_file(tmp_path: Path) -> None:
    (tmp_path / "x.nc").mkdir()
    with pytest.raises(DoorError, match=r"x.nc is a folder; give a file"):
        open_recording(tmp_path / "x.nc")


def test_an_empty_folder_is_no_zarr_group(tmp_path: Path) -> None:
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(DoorError, match=r"x.zarr is no Zarr group of sessions"):
        open_recording(tmp_path / "x.zarr")


def test_hdf5_without_sessions_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.nc", "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(
        DoorError, match=r"x.nc is damaged or no netCDF|root of the collection holds"
    ):
        open_recording(tmp_path / "x.nc")


def test_a_mapping_is_for_nwb_only(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    with pytest.raises(DoorError, match=r"x.nc needs no mapping file; leave m.toml out"):
        open_recording(path, "m.toml")
