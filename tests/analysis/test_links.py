"""Links in HDF5 that lead to other files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from errorneurons.analysis.door import open_recording, recordings_in
from errorneurons.analysis.session.contract import DoorError

MAPPING = """
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[events]
table = "trials"
time_zero = "event"
start = 0.0
stop = 0.5
bin_width = 0.1
[trial]
stimulus = "kind"
input_onset = "event"
[unit]
area = "region"
role = { constant = "unknown" }
"""
SPEED = "/acquisition/speed/data"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Return NWB whose raw data have been moved to the file `raw.h5` beside it."""
    file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC))
    for start in (0.0, 5.0):
        file.add_trial(start, start + 4)
    file.add_trial_column("kind", "c", data=["a", "b"])
    file.add_trial_column("event", "c", data=[1.0, 6.0])
    file.add_unit(spike_times=np.arange(0.05, 9, 0.1))
    file.add_unit_column("region", "c", data=["V1"])
    file.add_acquisition(TimeSeries(name="speed", data=np.ones(9), unit="cm/s", rate=1.0))
    path = tmp_path / "lab.nwb"
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    with h5py.File(path, "r+") as own, h5py.File(path.with_name("raw.h5"), "w") as raw:
        own.copy(SPEED, raw, "st")
        del own[SPEED]
        own[SPEED] = h5py.ExternalLink("raw.h5", "/st")
    path.with_name("m.toml").write_text(MAPPING)
    return path


def relinked(path: Path, file_name: str, inner: str = "/st") -> Path:
    with h5py.File(path, "r+") as file:
        del file[SPEED]
        file[SPEED] = h5py.ExternalLink(file_name, inner)
    return path


def opened(path: Path) -> xr.Dataset:
    return open_recording(path, path.with_name("m.toml"))["m1_s1"].to_dataset()


def test_a_link_to_a_file_beside_the_recording_is_followed_and_its_hash_kept(lab: Path) -> None:
    session = opened(lab)
    assert (session["rate"] == 10).all()
    assert len(json.loads(session.attrs["provenance"])["sha256 of raw.h5"]) == 64


def test_in_a_folder_a_file_that_another_links_to_is_no_recording_of_its_own(lab: Path) -> None:
    lab.with_name("raw.h5").rename(lab.with_name("raw.nwb"))
    relinked(lab, "raw.nwb")
    assert [path.name for path in recordings_in([lab.parent])] == ["lab.nwb"]
    assert list(open_recording(lab.parent, lab.with_name("m.toml"))) == ["m1_s1"]


@pytest.mark.parametrize(
    ("file_name", "inner", "message"),
    [
        ("../raw.h5", "/st", r"lab.nwb: `/acquisition/speed/data` is a link to '../raw.h5'"),
        (
            "/etc/passwd",
            "/st",
            "is a link to '/etc/passwd', in another folder; put that file besid",
        ),
        ("gone.h5", "/st", "is a link to 'gone.h5', which is not beside lab.nwb; copy it there"),
        ("raw.h5", "/no", "is a link to /no in 'raw.h5', which is not there; mend the link"),
        ("m.toml", "/st", "is a link to 'm.toml', which is no HDF5 file; mend the link"),
    ],
)
def test_links_elsewhere_are_refused(lab: Path, file_name: str, inner: str, message: str) -> None:
    with pytest.raises(DoorError, match=message):
        opened(relinked(lab, file_name, inner))


def test_a_file_that_is_linked_to_may_not_lead_elsewhere_either(lab: Path) -> None:
    with h5py.File(lab.with_name("raw.h5"), "r+") as raw:
        raw["more"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(DoorError, match="`/more` is a link to '/etc/passwd', in another folder"):
        opened(lab)


def test_data_in_another_file_are_refused(lab: Path) -> None:
    with h5py.File(lab, "r+") as file:
        del file[SPEED]
        file.create_dataset(SPEED, (6,), "f8", external=[("secret", 0, 48)])
    with pytest.raises(DoorError, match="`/acquisition/speed/data` stands in another file; "):
        opened(lab)


def test_a_file_of_the_contract_is_whole_in_itself(
    tmp_path: Path, make_session: Callable[..., xr.Dataset]
) -> None:
    make_session().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with h5py.File(tmp_path / "b.h5", "w") as other:
        other["x"] = [1.0]
    with h5py.File(tmp_path / "a.nc", "r+") as file:
        file["x"] = h5py.ExternalLink("b.h5", "/x")
    with pytest.raises(DoorError, match=r"a\.nc links to b.h5; copy what that holds into one file"):
        open_recording(tmp_path / "a.nc")
