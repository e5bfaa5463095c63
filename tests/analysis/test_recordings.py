"""NWB files: what is written comes back, and what a laboratory wrote is read or refused."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from pynwb import NWBHDF5IO, NWBFile

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.readers.nwb.reader import (
    describe_nwb,
    mapping_template,
    parse_mapping,
    read_nwb,
)
from errorneurons.analysis.session.session import DoorError

Make = Callable[..., xr.Dataset]
MakeNwb = Callable[..., Path]

MAPPING = """
[session]
animal = { constant = "m1" }
session_id = { metadata = "session_id" }
[events]
table = "trials"
time_zero = "event"
start = -0.1
stop = 0.2
bin_width = 0.1
[trial]
stimulus = "kind"
input_onset = "event"
[unit]
area = "region"
role = { constant = "unknown" }
"""

TRIALS = {
    "start_time": [0.0, 2.0, 4.0],
    "stop_time": [1.0, 3.0, 5.0],
    "kind": ["a", "b", "a"],
    "event": [0.5, 2.5, 4.5],
}


def read(path: Path, old: str = "", new: str = "") -> xr.Dataset:
    (node,) = read_nwb(path, parse_mapping(MAPPING.replace(old, new))).children.values()
    return node.to_dataset()


def test_the_confirmatory_set_is_carried_along(make_nwb: MakeNwb) -> None:
    made = read(
        make_nwb(TRIALS, [0.5]), "\n[session]", '\nconfirmatory = ["P02", "P06a"]\n[session]'
    )
    assert made.attrs["confirmatory"] == "P02 P06a"


# What a laboratory wrote


def test_spikes_are_counted_around_the_event(make_nwb: MakeNwb) -> None:
    made = read(make_nwb(TRIALS, [0.39, 0.41, 0.5, 0.55, 2.65, 4.7]))
    counts = np.rint(made["rate"].values[:, :, 0] * 0.1)
    np.testing.assert_array_equal(counts, [[1, 2, 0], [0, 0, 1], [0, 0, 0]])


def test_onsets_are_put_on_the_axis_of_the_trial(make_nwb: MakeNwb) -> None:
    made = read(make_nwb(TRIALS, [0.5]), 'input_onset = "event"', 'input_onset = "start_time"')
    np.testing.assert_allclose(made["input_onset"], -0.5)
    np.testing.assert_allclose(made["trial_start"], [0.5, 2.5, 4.5])


def test_outside_its_intervals_a_unit_was_not_recorded(make_nwb: MakeNwb) -> None:
    made = read(make_nwb(TRIALS, [0.5], [[0.0, 0.65], [2.4, 3.0]]))
    silent = np.isnan(made["rate"].values[:, :, 0])
    np.testing.assert_array_equal(silent, [[0, 0, 1], [0, 0, 0], [1, 1, 1]])


def test_values_are_translated(make_nwb: MakeNwb) -> None:
    new = 'outcome = { column = "kind", values = { a = "expected", b = "unexpected" } }\nstimulus'
    made = read(make_nwb(TRIALS, [0.5]), "stimulus", new)
    assert made["outcome"].to_numpy().tolist() == ["expected", "unexpected", "expected"]


def test_trials_are_kept_by_the_values_of_a_column(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS | {"event": [0.5, np.nan, 4.5]}, [0.5])
    made = read(path, "\n[session]", '\nkeep_trials = { kind = ["a"] }\n[session]')
    assert made["stimulus"].to_numpy().tolist() == ["a", "a"]


def test_keeping_nothing_says_what_there_is(make_nwb: MakeNwb) -> None:
    keep = '\nkeep_units = { region = ["LM"] }\n[session]'
    with pytest.raises(DoorError, match="no row of table `units` is kept by `region`, which holds"):
        read(make_nwb(TRIALS, [0.5]), "\n[session]", keep)


def test_areas_get_their_level_from_their_order(make_nwb: MakeNwb) -> None:
    made = read(make_nwb(TRIALS, [0.5]), "\n[session]", '\nareas = ["V1"]\n[session]')
    assert made["level"].to_numpy().tolist() == [1.0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"trials"', '"trails"', "has no interval table `trails`; did you mean `trials`?"),
        ('"event"', '"evnt"', "table `trials` has no column `evnt`; did you mean `event`?"),
        ('"kind"', '"kid"', "`stimulus`: table `trials` has no column `kid`; did you mean `kind`?"),
        ('"kind"', '{ column = "kind", values = { a = "x" } }', "holds 'b', which `values` does"),
        ('"region"', '{ electrodes = "location" }', "there is no electrode to take `location`"),
        ('"session_id"', '"subject.species"', "the file does not give `subject.species`"),
        ('"session_id"', '"sesion_id"', "no metadata `sesion_id`; did you mean `session_id`?"),
        ("stimulus", 'teaching = "kind"\nstimulus', "`teaching` must be true or false but"),
        ("stimulus", 'running = "kind"\nstimulus', "`running` must be numbers: could not convert"),
        ("stimulus", 'targeted = "kind"\nstimulus', "no ragged column `kind` of ids of units"),
        ("stimulus", 'outcome = "kind"\nstimulus', "`outcome` holds 'a', 'b'; allowed are"),
        ("stop = 0.2", "stop = 2.0", "the windows of trials 0 and 1 of the file overlap by 0.1 s"),
        ('{ constant = "m1" }', '"kind"', "the trials name their animal in `kind`, the un"),
        ("\n[session]", '\nareas = ["LM"]\n[session]', "`areas` names 'LM', where no unit is"),
        ("[session]", '[session]\nday = "start_time"', "`day` is 0.0 and 2.0 in one session"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_answered(
    make_nwb: MakeNwb, old: str, new: str, message: str
) -> None:
    with pytest.raises(DoorError, match=message):
        read(make_nwb(TRIALS, [0.5]), old, new)


def test_a_trial_without_its_event_is_refused_or_left_out(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS | {"event": [0.5, np.nan, 4.5]}, [0.5])
    with pytest.raises(DoorError, match="`event` is NaN in 1 of 3 trials; choose another"):
        read(path)
    assert read(path, "stop = ", "drop_missing = true\nstop = ").sizes["trial"] == 2


def test_unsorted_spikes_are_refused(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match="the spike times of unit 0 go back in time; sort them"):
        read(make_nwb(TRIALS, [0.5, 0.4]))


def test_spikes_that_are_nan_are_refused(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match="unit 0 has spike times that are NaN or infinite"):
        read(make_nwb(TRIALS, [0.5, np.nan]))


def test_a_file_without_units_is_refused(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match=r"lab.nwb: the file holds no units"):
        read(make_nwb(TRIALS, None))


def test_a_file_without_trials_is_refused(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match="the file holds no interval table"):
        read(make_nwb(None, [0.5]))


def test_a_file_with_no_trial_in_its_table_is_refused(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS, [0.5])
    with h5py.File(path, "r+") as file:
        for name in ("id", *TRIALS):
            attrs = dict(file[f"intervals/trials/{name}"].attrs)
            del file[f"intervals/trials/{name}"]
            file[f"intervals/trials/{name}"] = np.zeros(0, dtype=int if name == "id" else float)
            file[f"intervals/trials/{name}"].attrs.update(attrs)
    with pytest.raises(DoorError, match="table `trials` holds no trials"):
        read(path)


def test_a_breach_of_the_contract_names_the_file(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match=r"^lab.nwb: `outcome` holds 'a', 'b'"):
        read(make_nwb(TRIALS, [0.5]), "stimulus", 'outcome = "kind"\nstimulus')


@pytest.mark.parametrize("action", [describe_nwb, mapping_template])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.nwb is empty; write or copy it again"),
        (b"\x80\x04random" * 99, "x.nwb is no HDF5 file, whatever its ending says"),
        (None, "there is no file .*x.nwb"),
    ],
)
def test_what_is_no_nwb_file_is_refused(
    tmp_path: Path, action: Callable[[Path], object], content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "x.nwb").write_bytes(content)
    with pytest.raises(DoorError, match=message):
        action(tmp_path / "x.nwb")


def test_hdf5_that_is_no_nwb_is_refused(tmp_path: Path) -> None:
    h5py.File(tmp_path / "x.nwb", "w").close()
    with pytest.raises(DoorError, match=r"x.nwb is HDF5 but no NWB file: it has no nwb_version"):
        describe_nwb(tmp_path / "x.nwb")


def test_hdf5_that_claims_to_be_nwb_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.nwb", "w") as file:
        file.attrs["nwb_version"] = "2.8.0"
    with pytest.raises(DoorError, match=r"x.nwb is damaged or no valid NWB file"):
        describe_nwb(tmp_path / "x.nwb")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_nwb_file_is_refused(make_nwb: MakeNwb, share: float) -> None:
    path = make_nwb(TRIALS, [0.5])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DoorError, match=r"^lab.nwb is truncated: its end is missing"):
        read(path)


def test_nwb_without_a_mapping_says_how_to_get_one(make_nwb: MakeNwb) -> None:
    with pytest.raises(DoorError, match=r"lab.nwb needs a mapping file .* `errorneurons inspect"):
        open_recording(make_nwb(TRIALS, [0.5]))


def test_the_template_of_somebody_elses_file_can_be_read_as_it_is(make_nwb: MakeNwb) -> None:
    text = mapping_template(make_nwb(TRIALS, [0.5]))
    assert 'area = "region"  # V1' in text
    assert 'stimulus = "kind"  # a, b' in text
    assert "#   event: 0.5, 2.5, 4.5" in text


@pytest.mark.parametrize(("trials", "spikes"), [(None, [0.5]), (TRIALS, None), (None, None)])
def test_whatever_a_file_lacks_it_gets_a_template_that_is_toml(
    make_nwb: MakeNwb, trials: dict[str, list[object]] | None, spikes: list[float] | None
) -> None:
    assert set(tomllib.loads(mapping_template(make_nwb(trials, spikes)))) >= {"session", "trial"}


def test_the_description_names_tables_columns_and_values(make_nwb: MakeNwb) -> None:
    text = str(describe_nwb(make_nwb(TRIALS | {"event": [0.5, np.nan, 4.5]}, [0.5])))
    assert "trials: 3 rows" in text
    assert "  kind (text); 2 values: a, b" in text
    assert "  event (float64); 0.5 to 4.5; 2 values: 0.5, 4.5; 1 missing" in text
    assert "units: 1 rows" in text


@pytest.mark.skipif(sys.platform == "win32", reason="caches are elsewhere there")
def test_files_are_read_where_no_cache_can_be_written(make_nwb: MakeNwb, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = "import sys; from errorneurons.analysis.readers.nwb.reader import describe_nwb as d"
    asked = f"{program}; print(d(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", asked, str(make_nwb(TRIALS, [0.5]))],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "file")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "trials: 3 rows" in done.stdout, done.stderr


def test_control_characters_of_a_file_stay_out_of_its_description(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS | {"kind": ["a\n[session]", "\x1b[31m", "c"]}, [0.5])
    assert "\x1b" not in str(describe_nwb(path)) + mapping_template(path)
    assert "\n[session]\nanimal" not in mapping_template(path).split("[trial]")[1]


# The recording of Zheng et al. 2022


def test_a_published_recording_is_read(zheng: Path) -> None:
    mapping = Path(__file__).parents[2] / "docs" / "mappings" / "zheng2022_human_mtl.toml"
    made = open_recording(zheng, mapping)["4_4"]
    assert dict(made.sizes) == {"trial": 90, "time": 60, "unit": 35}
    assert np.unique(made["area"]).tolist() == ["amygdala_right", "hippocampus_right"]
    assert [int((made["stimulus"] == kind).sum()) for kind in ("NB", "SB", "HB")] == [30, 30, 30]
    assert "teaching_area" not in made.attrs


def test_a_published_recording_has_as_many_spikes_as_its_file(zheng: Path) -> None:
    mapping = Path(__file__).parents[2] / "docs" / "mappings" / "zheng2022_human_mtl.toml"
    made = open_recording(zheng, mapping)["4_4"]
    with h5py.File(zheng) as file:
        spikes, ends = file["units/spike_times"][:], file["units/spike_times_index"][:]
    zero = made["trial_start"].values
    first = spikes[: ends[0]]
    expected = [((first >= t - 1) & (first < t + 2)).sum() for t in zero]
    counts = np.rint(made["rate"].values[:, :, 0] * 0.05).sum(axis=1)
    np.testing.assert_array_equal(counts, expected)


def test_the_template_of_a_published_recording_reads_as_it_is(zheng: Path) -> None:
    made = read_nwb(zheng, parse_mapping(mapping_template(zheng)))["4_4"]
    assert made.sizes["unit"] == 35


def test_nwb_says_itself_where_activity_is(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS, [0.5])
    said = mapping_template(path) + '[signal]\nspike_times = "x"\n'
    said = said.replace("# animal =", 'animal = { constant = "m1" } #')
    said = said.replace("# stimulus =", 'stimulus = "kind" #')
    with pytest.raises(DoorError, match=r"lab.nwb: NWB says itself where activity is; leave"):
        read_nwb(path, parse_mapping(said))


def test_a_column_of_a_matrix_of_one_column_is_a_column(make_nwb: MakeNwb) -> None:
    path = make_nwb(TRIALS, [0.5])
    with h5py.File(path, "r+") as file:
        table = file["intervals/trials"]
        about, values = dict(table["event"].attrs), table["event"][:]
        del table["event"]
        table["event"] = values[:, None]
        table["event"].attrs.update(about)
    assert "event (float64)" in str(describe_nwb(path))


def test_events_with_a_timestamp_each_are_a_table(tmp_path: Path) -> None:
    event = pytest.importorskip("pynwb.event", reason="tables of events need a later pynwb")
    file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
    table = event.EventsTable(name="flashes", description="s")
    table.add_column(name="kind", description="k")
    for k in range(4):
        table.add_row(timestamp=2.0 * k, kind="ab"[k % 2])
    file.add_events_table(table)
    file.add_unit(spike_times=[0.5, 4.2, 7.0])
    with NWBHDF5IO(tmp_path / "lab.nwb", "w") as io:
        io.write(file)
    text = mapping_template(tmp_path / "lab.nwb")
    assert 'table = "flashes"' in text
    assert 'time_zero = "timestamp"' in text
