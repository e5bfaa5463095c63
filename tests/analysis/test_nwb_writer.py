"""What is written as NWB comes back; what cannot be written is refused."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.readers.nwb.reader import (
    describe_nwb,
    mapping_template,
    write_nwb,
)
from errorneurons.analysis.session.session import DoorError, collect

Make = Callable[..., xr.Dataset]
RoundTrip = Callable[[xr.DataTree], xr.DataTree]
Inspected = Callable[[xr.DataTree], list[str]]


# What is written comes back


def test_every_column_comes_back(make_session: Make, round_trip: RoundTrip) -> None:
    tree = collect([make_session("m1"), make_session("m22")])
    back = round_trip(tree)
    for name in tree:
        made, read = tree[name].to_dataset(), back[name].to_dataset().drop_vars("trial_start")
        xr.testing.assert_allclose(read, made, atol=1e-9)
        assert read["label_error"].attrs == made["label_error"].attrs
        assert {**read.attrs, "provenance": "{}"} == made.attrs


def test_the_mapping_calls_no_column_unused_that_a_session_takes(
    make_session: Make, tmp_path: Path
) -> None:
    text = mapping_template(write_nwb(make_session(), tmp_path / "x.nwb"))
    assert 'session_id = "session_id"' in text
    assert "#   session_id" not in text


def test_spike_counts_come_back_exactly(make_session: Make, round_trip: RoundTrip) -> None:
    made = make_session()
    back = round_trip(collect([made]))["m1_s1"]
    np.testing.assert_array_equal(back["rate"].values, made["rate"].values)


def test_what_was_not_recorded_is_not_read_as_silence(
    make_session: Make, round_trip: RoundTrip
) -> None:
    made = make_session()
    made["rate"].values[2:4, :, 1] = np.nan
    made["rate"].values[0, 3, :] = np.nan
    back = round_trip(collect([made]))["m1_s1"]
    np.testing.assert_array_equal(back["rate"].values, made["rate"].values)


def test_two_sessions_of_an_animal_stay_apart(make_session: Make, round_trip: RoundTrip) -> None:
    sessions = [make_session().assign_attrs(session_id=name) for name in ("s1", "s2")]
    assert list(round_trip(collect(sessions))) == ["m1_s1", "m1_s2"]


def test_a_session_with_the_smallest_set_of_columns_comes_back(
    make_session: Make, round_trip: RoundTrip
) -> None:
    made = make_session()
    keep = {"time", "unit_id", "area", "level", "role", "stimulus", "input_onset", "label_source"}
    made = made.drop_vars(set(made.coords) - keep)
    back = round_trip(collect([made]))["m1_s1"].to_dataset()
    xr.testing.assert_allclose(back.drop_vars("trial_start"), made)


def test_labels_of_a_localiser_come_back_with_what_is_known_of_them(
    make_localised: Callable[[], list[xr.Dataset]], round_trip: RoundTrip
) -> None:
    folds = make_localised()
    back = round_trip(collect(folds))
    assert len(back) == len(folds) == 2
    for made, read in zip(folds, back.children.values(), strict=True):
        assert "localiser" in read["label_source"].values
        assert made["localiser"].values.any()
        xr.testing.assert_allclose(read.to_dataset().drop_vars("trial_start"), made, atol=1e-9)
        assert read["label_error"].attrs == made["label_error"].attrs
        assert {**read.attrs, "provenance": ""} == {**made.attrs, "provenance": ""}


def test_trials_in_which_nobody_is_targeted_come_back(
    make_session: Make, round_trip: RoundTrip
) -> None:
    made = make_session(changes={"targeted": np.zeros((6, 4), dtype=bool)})
    back = round_trip(collect([made]))["m1_s1"]
    assert back["targeted"].shape == (6, 4)
    assert not back["targeted"].any()


def test_the_same_seed_writes_the_same_spikes(make_session: Make, tmp_path: Path) -> None:
    spikes = []
    for k, seed in enumerate((1, 1, 2)):
        path = write_nwb(collect([make_session()]), tmp_path / f"{k}.nwb", seed=seed)
        with h5py.File(path) as file:
            spikes.append(file["units/spike_times"][:])
    np.testing.assert_array_equal(spikes[0], spikes[1])
    assert (spikes[0] != spikes[2]).any()


def test_manipulations_stand_in_a_table_of_their_own(make_session: Make, tmp_path: Path) -> None:
    path = write_nwb(collect([make_session()]), tmp_path / "x.nwb")
    tables = {table.name: table.rows for table in describe_nwb(path).intervals}
    assert tables == {"trials": 6, "laser_epochs": 3}


@pytest.mark.filterwarnings("ignore")  # of the inspector's own dependencies
def test_the_inspector_finds_nothing(make_session: Make, inspected: Inspected) -> None:
    made = make_session().assign_attrs(species="Macaca mulatta")
    assert inspected(collect([made, made.assign_attrs(animal="m2")])) == []


def test_where_a_recording_came_from_is_known(make_session: Make, round_trip: RoundTrip) -> None:
    back = round_trip(collect([make_session()]))["m1_s1"]
    origin = json.loads(back.attrs["provenance"])
    assert origin["source_file"] == "x.nwb"
    assert len(origin["source_sha256"]) == len(origin["mapping_sha256"]) == 64


# What cannot be written


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    make_session: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DoorError, match=r"^cannot write .*a\.nwb: the disk is full; make room, or"):
        write_nwb(make_session(), tmp_path / "a.nwb")
    assert not list(tmp_path.iterdir())


def test_only_spikes_and_calcium_are_written(make_session: Make, tmp_path: Path) -> None:
    made = make_session()
    made["rate"].attrs |= {"signal": "model"}
    with pytest.raises(DoorError, match="m1 holds model in Hz, neither spikes nor dF/F; make"):
        write_nwb(collect([made]), tmp_path / "x.nwb")
    assert list(tmp_path.iterdir()) == []


def test_a_carrier_that_the_file_cannot_hold_is_named(make_session: Make, tmp_path: Path) -> None:
    made = make_session()
    made["apical"] = made["rate"].copy()
    made["apical"].attrs = {"units": "a.u."}
    with pytest.raises(DoorError, match="holds `apical`, for which the file has no place"):
        write_nwb(collect([made]), tmp_path / "x.nwb")


def test_rates_that_are_no_counts_are_refused(make_session: Make, tmp_path: Path) -> None:
    made = make_session()
    made["rate"].values[0, 0, 0] = 12.3
    with pytest.raises(DoorError, match="rates are no whole numbers of spikes a bin"):
        write_nwb(collect([made]), tmp_path / "x.nwb")


def test_sessions_with_different_columns_are_refused(make_session: Make, tmp_path: Path) -> None:
    tree = collect([make_session("m1"), make_session("m2").drop_vars("layer")])
    with pytest.raises(DoorError, match="`layer` is in some sessions and not in others"):
        write_nwb(tree, tmp_path / "x.nwb")


def test_sessions_with_different_bins_are_refused(make_session: Make, tmp_path: Path) -> None:
    tree = collect([make_session("m1"), make_session("m2").isel(time=slice(3))])
    with pytest.raises(DoorError, match="session s1 of m2 has other bins"):
        write_nwb(tree, tmp_path / "x.nwb")


def test_nwb_is_written_as_nwb(make_session: Make) -> None:
    with pytest.raises(DoorError, match=r"cannot write NWB as x.nc: give a name that ends in .nwb"):
        write_nwb(collect([make_session()]), "x.nc")
