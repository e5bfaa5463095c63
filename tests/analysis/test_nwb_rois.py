"""Responses of ROIs are read in the units of their file, one series of an ROI at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.readers.nwb.reader import (
    describe_nwb,
    mapping_template,
    parse_mapping,
    read_nwb,
)
from errorneurons.analysis.session.session import DoorError

MAPPING = """
rois = "{rois}"
[session]
animal = {{ constant = "m1" }}
session_id = {{ metadata = "session_id" }}
[events]
table = "trials"
time_zero = "start_time"
start = 0.0
stop = 0.4
bin_width = 0.1
[trial]
stimulus = {{ constant = "a" }}
input_onset = "start_time"
[unit]
area = "location"
role = {{ constant = "unknown" }}
"""
FRAMES, ROIS = 40, 3
TRUTH = np.arange(FRAMES)[:, None] + 100.0 * np.arange(ROIS)
"""Frame k, taken at 0.1 k s, shows k, and a hundred more in each further ROI."""
WHERE = "processing/ophys/DfOverF/dff"
Series = dict[str, dict[str, Any]]


def write(path: Path, holders: dict[str, Series]) -> Path:
    """Write one plane of ROIs, and series by the class that holds them and their name."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel

    file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
    for start in (1.0, 2.0):
        file.add_trial(start_time=start, stop_time=start + 0.4)
    module, segmentation = file.create_processing_module("ophys", "f"), ImageSegmentation()
    module.add(segmentation)
    channel = OpticalChannel(name="green", description="green", emission_lambda=510.0)
    plane = file.create_imaging_plane(
        name="plane", optical_channel=channel, description="V1", location="V1", indicator="GCaMP6s",
        device=file.create_device(name="microscope"), excitation_lambda=920.0, imaging_rate=10.0,
    )  # fmt: skip
    rois = segmentation.create_plane_segmentation("rois", plane, name="rois")
    for _ in range(ROIS):
        rois.add_roi(image_mask=np.ones((2, 2)))
    classes = {"DfOverF": DfOverF, "Fluorescence": Fluorescence}
    for holder, series in holders.items():
        container = classes[holder]()
        module.add(container)
        for name, given in series.items():
            region = rois.create_roi_table_region(description="all", region=list(range(ROIS)))
            default = {"data": TRUTH, "unit": "n.a.", "timestamps": 0.1 * np.arange(FRAMES)}
            container.create_roi_response_series(name=name, rois=region, **{**default, **given})
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def read(path: Path, rois: str = "DfOverF") -> xr.Dataset:
    return read_nwb(path, parse_mapping(MAPPING.format(rois=rois)))["m1_1"].to_dataset()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of a file with one series of dF/F."""
    return lambda **given: write(tmp_path / "lab.nwb", {"DfOverF": {"dff": given}})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": TRUTH.astype(np.int16) * 4, "conversion": 0.25},
        {"data": TRUTH - 7.0, "offset": 7.0},
        {"data": 100 * TRUTH, "unit": "%"},
        {"data": 10 * TRUTH - 50, "conversion": 10.0, "offset": 500.0, "unit": "Percent"},
        {"timestamps": 0.1 * np.arange(FRAMES) - 1e-12},
    ],
)
def test_responses_are_those_that_the_file_states(make: Any, given: dict[str, Any]) -> None:
    made = read(make(**given))
    np.testing.assert_allclose(made["rate"].values, np.stack([TRUTH[10:14], TRUTH[20:24]]))
    assert made["rate"].attrs["units"] == "dF/F"


SUITE2P: dict[str, Series] = {
    "Fluorescence": {"raw": {}, "neuropil": {"data": TRUTH + 1000}, "deconvolved": {"data": -TRUTH}}
}


def test_series_of_the_same_rois_are_not_averaged(tmp_path: Path) -> None:
    path = write(tmp_path / "lab.nwb", SUITE2P)
    message = 'are not to be averaged; name one: rois = "Fluorescence/raw"'
    with pytest.raises(DoorError, match=message):
        read(path, "Fluorescence")


@pytest.mark.parametrize(("name", "first"), [("raw", 10.0), ("neuropil", 1010.0)])
def test_one_series_is_read_by_its_name(tmp_path: Path, name: str, first: float) -> None:
    made = read(write(tmp_path / "lab.nwb", SUITE2P), f"Fluorescence/{name}")
    assert made["rate"].values[0, 0, 0] == first
    assert made["rate"].attrs["units"] == "a.u."


def test_an_unknown_series_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "lab.nwb", SUITE2P)
    with pytest.raises(DoorError, match="`Fluorescence` holds no series `row`; did you mean `raw`"):
        read(path, "Fluorescence/row")


def test_series_of_the_same_rois_one_after_the_other_are_one(tmp_path: Path) -> None:
    times = 0.1 * np.arange(FRAMES)
    parts = {
        name: {"data": TRUTH[own], "timestamps": times[own]}
        for name, own in (("early", slice(0, 15)), ("late", slice(15, None)))
    }
    made = read(write(tmp_path / "lab.nwb", {"DfOverF": parts}))
    np.testing.assert_allclose(made["rate"].values[:, :, 0], [TRUTH[10:14, 0], TRUTH[20:24, 0]])


def test_inspection_prefers_the_ratio_and_names_every_series(tmp_path: Path) -> None:
    path = write(tmp_path / "lab.nwb", {**SUITE2P, "DfOverF": {"dff": {}}})
    names = [f"Fluorescence/{name}" for name in ("raw", "deconvolved", "neuropil")]
    assert describe_nwb(path).rois == ("DfOverF", *names)
    assert 'rois = "DfOverF"' in mapping_template(path)


def swap(path: Path, name: str, values: Any) -> Path:
    """Replace a dataset of the series, as no library would write it."""
    with h5py.File(path, "r+") as file:
        attrs = dict(file[f"{WHERE}/{name}"].attrs)
        del file[f"{WHERE}/{name}"]
        file[f"{WHERE}/{name}"] = values
        file[f"{WHERE}/{name}"].attrs.update(attrs)
    return path


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("data", TRUTH.T, r"has shape \(3, 40\) but 3 ROIs, .* it stands ROI x time, transpose"),
        ("data", TRUTH[:, [0, 1, 2, 2]], r"has shape \(40, 4\) but 3 ROIs, and must be \(frame"),
        ("timestamps", np.arange(30.0), "`dff` has 40 frames but 30 timestamps; mend either"),
        ("timestamps", np.full(FRAMES, np.nan), "timestamps that are NaN or infinite; leave"),
        ("timestamps", np.ones(FRAMES), "has many frames at the same time; mend its timestamps"),
        ("rois", [0, 1, 1], "names rows of ROIs that are negative, beyond the table of 3 ROIs"),
        ("rois", [-1, 0, 1], "names rows of ROIs that are negative, beyond the table of 3 ROIs"),
        ("rois", [0, 1, 3], "names rows of ROIs that are negative, beyond the table of 3 ROIs"),
    ],
)  # fmt: skip
def test_a_damaged_series_is_refused(make: Any, name: str, values: Any, message: str) -> None:
    with pytest.raises(DoorError, match=message):
        read(swap(make(), name, values))


def test_responses_that_never_change_are_told(make: Any) -> None:
    made = read(make(data=np.zeros_like(TRUTH)))
    assert made.attrs["cautions"] == "activity is 0 throughout"


def test_a_conversion_that_is_no_number_is_refused(make: Any) -> None:
    with pytest.raises(DoorError, match="has conversion nan and offset 0; mend them"):
        read(make(conversion=np.nan))
