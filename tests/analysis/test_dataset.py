"""What the door lets in, what it refuses, and that files give back what was put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from errorneurons.analysis.dataset import (
    FIELDS,
    ContractError,
    DoorError,
    check,
    collect,
    open_recording,
    save,
    session,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Make = Callable[..., xr.Dataset]

MINIMUM = {
    "time": [0.0],
    "unit_id": ["u"],
    "area": ["V1"],
    "level": [np.nan],
    "role": ["unknown"],
    "stimulus": ["a"],
    "input_onset": [0.0],
}
NAMES = {"animal": "m", "session_id": "1"}


def smallest(rate: float = 0.0, **columns: object) -> xr.Dataset:
    return session({"rate": [[[rate]]]}, MINIMUM | columns, NAMES, sampling_rate=10.0)


# What a session consists of


def test_a_session_with_every_column_keeps_the_contract(make_session: Make) -> None:
    made = make_session()
    assert set(FIELDS) - set(made.variables) == {
        "trial_start", "soma", "basal", "apical", "burst_probability",
    }  # fmt: skip


def test_the_smallest_session_has_one_trial_one_bin_and_one_unit() -> None:
    assert dict(smallest().sizes) == {"trial": 1, "time": 1, "unit": 1}


def test_every_variable_of_a_session_has_a_long_name(make_session: Make) -> None:
    assert all(v.attrs["long_name"] for v in make_session().variables.values())


def test_numbers_carry_units(make_session: Make) -> None:
    made = make_session()
    assert made["rate"].attrs["units"] == "Hz"
    assert made["outcome_onset"].attrs["units"] == "s"


def test_the_sampling_rate_is_one_over_the_bin_width(make_session: Make) -> None:
    assert make_session()["rate"].attrs["sampling_rate"] == 50.0


def test_the_level_of_an_area_may_be_unknown() -> None:
    assert np.isnan(smallest(level=[np.nan])["level"]).all()


def test_activity_that_was_not_recorded_is_nan() -> None:
    assert np.isnan(smallest(np.nan)["rate"]).all()


def test_text_columns_from_pandas_are_plain_text() -> None:
    made = smallest(area=pd.Series(["V1"], dtype="string"), stimulus=pd.Series(["a"]))
    assert {made["area"].dtype.kind, made["stimulus"].dtype.kind} == {"U"}


def test_calcium_comes_in_other_units_than_spikes() -> None:
    made = session({"rate": [[[1.0]]]}, MINIMUM, NAMES, signal="calcium", sampling_rate=30.0)
    assert made["rate"].attrs["units"] == "dF/F"


def test_a_column_of_somebodys_own_is_kept() -> None:
    columns = {**MINIMUM, "unit_id": ["u", "v"], "area": ["V1"] * 2, "level": [1, 1]}
    columns |= {"role": ["unknown"] * 2, "depth": [100.0, 200.0]}
    made = session({"rate": np.zeros((1, 1, 2))}, columns, NAMES, sampling_rate=10.0)
    assert made["depth"].dims == ("unit",)


# What is refused, and the mend


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("outcome", ["surprise"], "`outcome` holds 'surprise'; allowed are expected, unexpected"),
        ("role", ["pyramidal"], "`role` holds 'pyramidal'; allowed are representation, error"),
        ("error_sign", [2.0], "`error_sign` holds 2.0; allowed are -1, 0, 1"),
        ("teaching", [1], "`teaching` has dtype int64; give it as bool"),
        ("area", [3], "`area` has dtype int64; give it as text"),
        ("area", [None], "`area` has dtype object; give it as text"),
        ("performance", ["good"], "`performance` has dtype <U4; give it as numbers"),
        ("performance", [np.inf], "`performance` holds infinite values; write NaN"),
        ("time", [np.nan], "`time` does not increase throughout"),
        ("label_error", [5.0], "`label_error` lies outside 0 to 1; give it as a share"),
        ("partner", ["x"], "`partner` names 'x', no unit_id; leave it empty if none"),
        ("role", ["error"], "`label_source` is missing but `role` is known"),
        ("manipulation", ["drive"], "`manipulation_onset` is missing but there is a `manipul"),
        ("input_onset", [812.0], "`input_onset` lies at 812 s but `time` runs from 0 to 0 s"),
        ("stimulus", ["a", "b"], r"`stimulus` has shape \(2,\); give it \('trial',\) = \(1,\)"),
        ("familiarty", ["novel"], "did you mean `familiarity`"),
    ],
)  # fmt: skip
def test_a_wrong_column_is_named_with_its_mend(name: str, value: object, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        session(
            {"rate": [[[0.0]]]}, MINIMUM | {"trial_start": [0.0], name: value}, NAMES,
            sampling_rate=10.0,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["area", "unit_id", "level", "role", "stimulus", "input_onset"])
def test_a_missing_column_is_named_with_its_dims(make_session: Make, name: str) -> None:
    dims = rf"\('{FIELDS[name].dims[0]}',\)"
    with pytest.raises(ContractError, match=f"`{name}` is missing; add it with dims {dims}"):
        check(make_session().drop_vars(name))


def test_every_breach_is_named_at_once(make_session: Make) -> None:
    broken = make_session().drop_vars("area").assign_attrs(animal="")
    broken["rate"].attrs["units"] = "kHz"
    with pytest.raises(ContractError) as caught:
        check(broken)
    assert len(caught.value.breaches) == 4
    assert str(caught.value).count("\n") == 3


def test_wrong_units_are_refused(make_session: Make) -> None:
    broken = make_session()
    broken["input_onset"].attrs["units"] = "ms"
    with pytest.raises(ContractError, match="`input_onset` has units 'ms'; convert it to 's'"):
        check(broken)


def test_missing_units_are_refused(make_session: Make) -> None:
    broken = make_session()
    del broken["rate"].attrs["units"]
    with pytest.raises(ContractError, match="`rate` has no units; set its attrs"):
        check(broken)


def test_an_unknown_signal_is_refused(make_session: Make) -> None:
    broken = make_session()
    broken["rate"].attrs["signal"] = "lfp"
    with pytest.raises(ContractError, match="`rate` has signal 'lfp'; set its attrs"):
        check(broken)


def test_a_sampling_rate_that_contradicts_time_is_refused(make_session: Make) -> None:
    broken = make_session()
    broken["rate"].attrs["sampling_rate"] = 1000.0
    with pytest.raises(ContractError, match=r"`time` has a step of 0.02 s but the sampling_rate"):
        check(broken)


def test_infinite_activity_is_refused() -> None:
    with pytest.raises(ContractError, match="`rate` holds infinite values; write NaN"):
        smallest(np.inf)


def test_negative_spike_rates_are_refused() -> None:
    with pytest.raises(ContractError, match="`rate` holds negative spike rates"):
        smallest(-1.0)


def test_what_no_file_can_hold_is_refused(make_session: Make) -> None:
    broken = make_session().assign_attrs(config={"seed": 1})
    broken["extra"] = ("unit", np.array([{}, None, 1, "a"], dtype=object))
    with pytest.raises(ContractError, match=r"`extra` has dtype object; .*\n.*`config` is {'seed'"):
        check(broken)


def test_counts_given_as_integers_become_floats() -> None:
    made = session({"rate": np.ones((1, 1, 1), int)}, MINIMUM, NAMES, sampling_rate=1.0)
    assert made["rate"].dtype == np.float64


def test_activity_must_be_floats(make_session: Make) -> None:
    broken = make_session()
    broken["rate"] = broken["rate"].astype(int, keep_attrs=True)
    with pytest.raises(ContractError, match="`rate` has dtype int64; give it as floats"):
        check(broken)


def test_two_units_of_one_name_are_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`unit_id` 'u1' stands twice"):
        make_session(changes={"unit_id": ["u0", "u1", "u1", "u2"]})


def test_an_area_with_two_levels_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`level` of area 'V1' is 1 and 2; give an area one"):
        make_session(changes={"level": [1, 2, 2, 2]})


def test_a_session_without_trials_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="dim trial has length 0"):
        check(make_session().isel(trial=slice(0)))


def test_a_column_must_be_a_coordinate(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`area` is a variable; make it a coordinate"):
        check(make_session().reset_coords("area"))


def test_another_version_of_the_schema_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="`schema_version` is 99; this version of errorneurons"):
        check(make_session().assign_attrs(schema_version=99))


def test_a_share_of_false_labels_must_lie_in_its_interval(make_session: Make) -> None:
    broken = make_session()
    broken["label_error"].attrs["high"] = 0.02
    with pytest.raises(ContractError, match=r"outside its interval 0.01 to 0.02; widen"):
        check(broken)


# Collections


def test_the_root_of_a_collection_is_empty(make_session: Make) -> None:
    tree = xr.DataTree.from_dict({"/": xr.Dataset({"x": 1}), "a": make_session()})
    with pytest.raises(ContractError, match="the root of the collection holds x"):
        check(tree)


def test_a_collection_holds_a_session() -> None:
    with pytest.raises(ContractError, match="the collection holds no session"):
        collect([])


def test_the_same_session_twice_is_refused(make_session: Make) -> None:
    with pytest.raises(ContractError, match="session m1_s1 stands twice"):
        collect([make_session(), make_session()])


def test_a_breach_in_a_collection_names_its_session(make_session: Make) -> None:
    with pytest.raises(ContractError, match=r"^session m1_s1: `area` is missing"):
        collect([make_session().drop_vars("area")])


# Files


def test_a_saved_collection_comes_back_as_it_was(make_session: Make, tmp_path: Path) -> None:
    tree = collect([make_session("m1"), make_session("m22")])
    opened = open_recording(save(tree, tmp_path / "x.nc"))
    for name in tree:
        xr.testing.assert_identical(opened[name].to_dataset().load(), tree[name].to_dataset())
    opened.close()


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
    tmp_path: Path, counts: list[float], bin_width: float, dtype: type
) -> None:
    rate = (np.array(counts).reshape(-1, 1, 1) / bin_width).astype(dtype)
    many = {"stimulus": ["a"] * len(counts), "input_onset": np.zeros(len(counts))}
    made = session({"rate": rate}, MINIMUM | many, NAMES, sampling_rate=1 / bin_width)
    opened = open_recording(save(collect([made]), tmp_path / "x.nc"))
    np.testing.assert_array_equal(opened["m_1/rate"].values, rate)
    opened.close()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9))
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    opened = open_recording(save(collect([smallest(stimulus=[text])]), tmp_path / "x.nc"))
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
    with pytest.raises(DoorError, match=r"cannot write .*x.nc: there is no folder"):
        save(collect([make_session()]), tmp_path / "none" / "x.nc")


def test_a_truncated_file_is_named_as_such(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DoorError, match=r"^x.nc is truncated: its end is missing; copy it again$"):
        open_recording(path)


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
    with pytest.raises(DoorError, match=r"x.nc is HDF5 but no netCDF|root of the collection holds"):
        open_recording(tmp_path / "x.nc")


def test_a_mapping_is_for_nwb_only(make_session: Make, tmp_path: Path) -> None:
    path = save(collect([make_session()]), tmp_path / "x.nc")
    with pytest.raises(DoorError, match=r"x.nc needs no mapping file; leave m.toml out"):
        open_recording(path, "m.toml")
