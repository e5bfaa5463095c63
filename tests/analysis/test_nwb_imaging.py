"""Calcium that is written as NWB comes back; ROIs of other laboratories are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.readers.nwb.reader import (
    describe_nwb,
    parse_mapping,
    read_nwb,
    write_nwb,
)
from errorneurons.analysis.session.session import DoorError, collect

Make = Callable[..., xr.Dataset]
RoundTrip = Callable[[xr.DataTree], xr.DataTree]
Inspected = Callable[[xr.DataTree], list[str]]


def test_every_column_and_frame_comes_back(make_calcium: Make, round_trip: RoundTrip) -> None:
    tree = collect([make_calcium("m1"), make_calcium("m22")])
    back = round_trip(tree)
    for name in tree:
        made, read = tree[name].to_dataset(), back[name].to_dataset().drop_vars("trial_start")
        xr.testing.assert_allclose(read, made, atol=1e-9)
        np.testing.assert_array_equal(read["rate"].values, made["rate"].values)
        assert read["rate"].attrs == made["rate"].attrs
        assert read["label_error"].attrs == made["label_error"].attrs


def test_rois_that_were_not_seen_are_not_read_as_silent(
    make_calcium: Make, round_trip: RoundTrip
) -> None:
    made = make_calcium()
    made["rate"].values[2:4, :, 1] = np.nan
    made["rate"].values[0] = np.nan
    back = round_trip(collect([made]))["m1_s1"]
    np.testing.assert_array_equal(back["rate"].values, made["rate"].values)


def test_units_come_back_in_their_order_whatever_their_areas(
    make_calcium: Make, round_trip: RoundTrip
) -> None:
    mixed = make_calcium().isel(unit=[2, 0, 3, 1])
    back = round_trip(collect([mixed]))["m1_s1"]
    assert back["unit_id"].values.tolist() == ["u2", "u0", "u3", "u1"]
    np.testing.assert_array_equal(back["targeted"].values, mixed["targeted"].values)


@pytest.mark.filterwarnings("ignore")  # of the inspector's own dependencies
def test_the_inspector_finds_nothing(make_calcium: Make, inspected: Inspected) -> None:
    # of mice, the inspector wants areas in the words of one atlas
    made = [make_calcium(name).assign_attrs(species="Macaca mulatta") for name in ("m1", "m2")]
    assert inspected(collect(made)) == []


def test_what_is_in_the_file_is_described(make_calcium: Make, tmp_path: Path) -> None:
    content = describe_nwb(write_nwb(collect([make_calcium()]), tmp_path / "x.nwb"))
    assert content.rois == ("DfOverF",)
    assert content.units is not None
    assert (content.units.name, content.units.rows) == ("rois", 4)
    assert "responses of ROIs: DfOverF" in str(content)


def test_a_file_holds_either_spikes_or_calcium(
    make_session: Make, make_calcium: Make, tmp_path: Path
) -> None:
    tree = collect([make_session("m1"), make_calcium("m2")])
    with pytest.raises(DoorError, match="m2 holds calcium in dF/F, the first session spikes in Hz"):
        write_nwb(tree, tmp_path / "x.nwb")


# ROIs of other laboratories


def laboratory(path: Path, times: dict[str, Any]) -> Path:
    """Write two trials and two planes of two ROIs, whose numbers start anew; frame k shows k."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ophys import DfOverF, ImageSegmentation, OpticalChannel

    file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
    for start in (1.0, 2.0):
        file.add_trial(start_time=start, stop_time=start + 0.4)
    module = file.create_processing_module("ophys", "fluorescence")
    segmentation, ratio = ImageSegmentation(), DfOverF()
    module.add(segmentation)
    module.add(ratio)
    device = file.create_device(name="microscope")
    for k, area in enumerate(("V1", "LM")):
        channel = OpticalChannel(name="green", description="green", emission_lambda=510.0)
        plane = file.create_imaging_plane(
            name=area, optical_channel=channel, description=area, device=device, location=area,
            excitation_lambda=920.0, indicator="GCaMP6s", imaging_rate=10.0,
        )  # fmt: skip
        rois = segmentation.create_plane_segmentation("rois", plane, name=f"rois{k}")
        for _ in range(2):
            rois.add_roi(image_mask=np.ones((2, 2)))
        frames = np.arange(40.0)[:, None] + [100.0 * k, 1000.0]
        ratio.create_roi_response_series(
            name=area, data=frames, unit="n.a.", **times,
            rois=rois.create_roi_table_region(description="all", region=[0, 1]),
        )  # fmt: skip
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def mapping(rois: str = "DfOverF", width: float = 0.2) -> Any:
    return parse_mapping(f"""
        rois = "{rois}"
        areas = ["V1", "LM"]
        [session]
        animal = {{ constant = "m1" }}
        session_id = {{ metadata = "session_id" }}
        [events]
        table = "trials"
        time_zero = "start_time"
        start = 0.0
        stop = 0.4
        bin_width = {width}
        [trial]
        stimulus = {{ constant = "a" }}
        input_onset = "start_time"
        [unit]
        area = "location"
        role = {{ constant = "unknown" }}
    """)


@pytest.mark.parametrize(
    "times", [{"rate": 10.0, "starting_time": 0.05}, {"timestamps": 0.05 + 0.1 * np.arange(40)}]
)
def test_frames_are_averaged_in_bins_around_each_trial(
    tmp_path: Path, times: dict[str, Any]
) -> None:
    tree = read_nwb(laboratory(tmp_path / "lab.nwb", times), mapping())
    session = tree["m1_1"].to_dataset()
    frames = np.array([[10.5, 12.5], [20.5, 22.5]])  # means of two, (trial, bin)
    of_plane = {"V1": [0.0, 1000.0], "LM": [100.0, 1000.0]}
    for area, offsets in of_plane.items():
        read = session["rate"].values[..., session["area"].values == area]
        np.testing.assert_allclose(read, frames[..., None] + offsets)
    assert session["rate"].attrs["signal"] == "calcium"
    assert session["rate"].attrs["indicator"] == "GCaMP6s"


def test_bins_without_a_frame_are_not_recorded(tmp_path: Path) -> None:
    path = laboratory(tmp_path / "lab.nwb", {"rate": 10.0, "starting_time": 0.05})
    rate = read_nwb(path, mapping(width=0.04))["m1_1"]["rate"].values
    assert np.isfinite(rate).sum(axis=1).tolist() == [[4] * 4] * 2


def test_an_unknown_container_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = laboratory(tmp_path / "lab.nwb", {"rate": 10.0})
    with pytest.raises(DoorError, match=r"no responses of ROIs `DfOverf`; did you mean"):
        read_nwb(path, mapping("DfOverf"))


def test_a_file_without_rois_says_so(make_session: Make, tmp_path: Path) -> None:
    path = write_nwb(collect([make_session()]), tmp_path / "x.nwb")
    with pytest.raises(DoorError, match="`DfOverF`; it holds no responses of ROIs"):
        read_nwb(path, mapping())


def test_frames_that_go_back_in_time_are_refused(tmp_path: Path) -> None:
    times = {"timestamps": np.r_[np.arange(20), np.arange(20)] * 0.1}
    with pytest.raises(DoorError, match="`LM` has frames that go back in time; mend the clock"):
        read_nwb(laboratory(tmp_path / "lab.nwb", times), mapping())
