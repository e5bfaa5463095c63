"""Files in the conventions of public sources get a mapping that is right and passes the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from errorneurons.analysis.door import describe_recording, open_recording
from errorneurons.analysis.sources.presets import areas_in_order
from errorneurons.analysis.sources.template import template_of

ONSETS = 10 + 0.75 * np.arange(24)
Table = Mapping[str, Any]
Fill = Callable[[Any], None]


def proposed(path: Path) -> tuple[xr.Dataset, str]:
    """Return the session that comes of a file by the mapping that is proposed, and the mapping."""
    text = template_of(describe_recording(path))
    mapping = path.parent / "proposed.toml"
    mapping.write_text(text)
    opened = open_recording(path, mapping)
    return next(iter(opened.children.values())).to_dataset(), text


def nwb(
    folder: Path,
    intervals: Mapping[str, Table],
    units: Table,
    fill: Callable[[Any], None] = lambda _: None,
) -> Path:
    """Write NWB with tables of intervals, and units at electrodes of three areas."""
    pynwb = pytest.importorskip("pynwb")
    from pynwb.epoch import TimeIntervals

    when = datetime(2024, 1, 1, tzinfo=UTC)
    file = pynwb.NWBFile("s", "id1", when, session_id="s1")
    file.subject = pynwb.file.Subject(subject_id="m1", species="Mus musculus", age="P90D")
    for name, columns in intervals.items():
        table = TimeIntervals(name=name, description="t")
        for column in columns:
            if column not in ("start_time", "stop_time"):
                table.add_column(name=column, description="c")
        for row in zip(*columns.values(), strict=True):
            table.add_interval(**dict(zip(columns, row, strict=True)))
        file.add_time_intervals(table)
    group = file.create_electrode_group("p", "p", "see", device=file.create_device("p"))
    for k, area in enumerate(["VISp", "VISl", "CA1"]):
        file.add_electrode(id=500 + k, group=group, location=area, x=0.0, y=0.0, z=0.0)
    rng = np.random.default_rng(2)
    rows = units.get("electrodes")
    for k, _ in enumerate(next(iter(units.values()), [])):
        near = {} if rows is None else {"electrodes": rows[k]}
        file.add_unit(spike_times=np.sort(rng.uniform(5, 40, 200)), **near)
    for column, values in ((n, v) for n, v in units.items() if n != "electrodes"):
        file.add_unit_column(column, "c", data=values)
    fill(file)
    with pynwb.NWBHDF5IO(folder / "x.nwb", "w") as io:
        io.write(file)
    return folder / "x.nwb"


def flashes() -> dict[str, list[Any]]:
    names = ["a"] * 12 + ["b"] * 12
    omitted = [k in (5, 20) for k in range(24)]
    return {
        "start_time": list(ONSETS),
        "stop_time": list(ONSETS + 0.25),
        "image_name": ["omitted" if o else n for o, n in zip(omitted, names, strict=True)],
        "omitted": omitted,
        "is_change": [k == 12 for k in range(24)],
    }


def test_flashes_of_allen_are_trials_and_omissions_violate_what_the_image_before_foretold(
    tmp_path: Path,
) -> None:
    trials = {"start_time": [10.0, 19.0], "stop_time": [18.0, 28.0], "hit": [True, False]}
    tables = {"a_spontaneous": {k: v[:2] for k, v in trials.items()}, "x_presentations": flashes()}
    units = {"peak_channel_id": [501, 500], "quality": ["good", "good"]}
    found, text = proposed(nwb(tmp_path, {**tables, "trials": trials}, units))
    assert found["area"].values.tolist() == ["VISl", "VISp"]
    assert found.sizes["trial"] == 23
    violated = found["outcome"].values == "unexpected"
    assert found["stimulus"].values[violated].tolist() == ["a", "b"]
    assert '# areas = ["VISp", "VISl"]' in text
    assert "\nareas" not in text


def test_passive_replay_of_flashes_is_left_out(tmp_path: Path) -> None:
    active = [True] * 20 + [False] * 4
    tables = {"x_presentations": flashes() | {"active": active}}
    units = {"peak_channel_id": [501, 500], "quality": ["good", "good"]}
    found, text = proposed(nwb(tmp_path, tables, units))
    assert found.sizes["trial"] == 19
    assert 'keep_trials = { "is_change" = [false], "active" = [true] }' in text
    assert "and the passive replay are left out" in text


def test_presentations_of_allen_are_named_by_what_was_shown(tmp_path: Path) -> None:
    shown = {"start_time": list(ONSETS), "stop_time": list(ONSETS + 0.5)}
    gratings = shown | {"orientation": [0.0, 90.0] * 12, "contrast": [0.8] * 24}
    tables = {"drifting_gratings_presentations": gratings, "aaa_presentations": shown}
    units = {"peak_channel_id": [501, 502]}
    found, _ = proposed(nwb(tmp_path, tables, units))
    assert set(found["stimulus"].values) == {"0", "90"}


def suite2p(file: Any, planes: tuple[str, ...] = ("",)) -> None:
    """Add what NeuroConv writes of Suite2p: per plane raw, neuropil and deconvolved series."""
    from pynwb.ophys import Fluorescence, ImageSegmentation, OpticalChannel

    channel = OpticalChannel(name="green", description="g", emission_lambda=510.0)
    plane = file.create_imaging_plane(
        name="plane", optical_channel=channel, description="p",
        device=file.devices["p"], excitation_lambda=920.0, imaging_rate=10.0, indicator="G",
        location="VISp",
    )  # fmt: skip
    module = file.create_processing_module(name="ophys", description="o")
    cells = ImageSegmentation(name="ImageSegmentation")
    module.add(cells)
    traces = Fluorescence(name="Fluorescence")
    module.add(traces)
    for suffix in planes:
        rois = cells.create_plane_segmentation(
            name=f"PlaneSegmentation{suffix}", description="s", imaging_plane=plane
        )
        for k in range(3):
            rois.add_roi(pixel_mask=[(k, k, 1.0)])
        rois.add_column(name="Accepted", description="iscell", data=[1, 0, 1])
        for k, name in enumerate(("RoiResponseSeries", "Neuropil", "Deconvolved")):
            region = rois.create_roi_table_region(description="all", region=[0, 1, 2])
            traces.create_roi_response_series(
                name=f"{name}{suffix}", data=np.full((400, 3), float(k)), rois=region,
                unit="n.a.", rate=10.0,
            )  # fmt: skip


def test_suite2p_in_nwb_is_deconvolved_activity_of_accepted_cells(tmp_path: Path) -> None:
    trials = {"start_time": list(ONSETS), "stop_time": list(ONSETS + 0.5), "stim": ["A"] * 24}
    found, text = proposed(nwb(tmp_path, {"trials": trials}, {}, suite2p))
    assert 'rois = "Fluorescence/Deconvolved"' in text
    assert found.sizes["unit"] == 2
    assert set(np.unique(found["rate"])) == {2.0}
    assert float(np.diff(found["time"])[0]) == pytest.approx(0.1)


def test_suite2p_of_several_planes_is_deconvolved_activity_of_all(tmp_path: Path) -> None:
    trials = {"start_time": list(ONSETS), "stop_time": list(ONSETS + 0.5), "stim": ["A"] * 24}
    fill = partial(suite2p, planes=("Chan1Plane0", "Chan1Plane1"))
    found, text = proposed(nwb(tmp_path, {"trials": trials}, {}, fill))
    assert 'rois = "Fluorescence/Deconvolved*"' in text
    assert found.sizes["unit"] == 4
    assert set(np.unique(found["rate"])) == {2.0}


def alf(folder: Path, trials: Mapping[str, npt.ArrayLike], **more: npt.ArrayLike) -> Path:
    """Write a folder in the naming of ALF."""
    folder = folder / "alf"
    folder.mkdir()
    rng = np.random.default_rng(3)
    files = {f"trials.{name}": values for name, values in trials.items()} | more
    files |= {"spikes.times": np.sort(rng.uniform(5, 40, 300))}
    files |= {"spikes.clusters": rng.integers(0, 2, 300)}
    for name, values in files.items():
        np.save(folder / f"{name}.npy", np.asarray(values))
    return folder


def test_trials_of_the_ibl_begin_with_the_grating(tmp_path: Path) -> None:
    late = ONSETS * 4
    stimuli = {
        "stimOn_times": late,
        "feedback_times": late + 0.6,
        "firstMovement_times": late + 0.3,
    }
    sides = {"contrastLeft": [0.5, np.nan] * 12, "contrastRight": [np.nan, 0.25] * 12}
    stimuli["stimOn_times"] = np.r_[np.nan, late[1:]]
    answers = {"feedbackType": [-1.0, 1.0] * 12}
    marks = {"clusters.label": [1.0, 2 / 3], "clusters.channels": [0, 1]}
    found, _ = proposed(alf(tmp_path, {**stimuli, **sides, **answers}, **marks))
    assert set(found["stimulus"].values) == {"0.5 -", "- 0.25"}
    assert found.sizes["unit"] == 1
    assert found.sizes["trial"] == 23
    assert np.allclose(found["outcome_onset"], 0.6)
    assert set(found["performance"].values) == {0.0, 1.0}


def test_good_units_of_steinmetz_are_noted_two_or_more(tmp_path: Path) -> None:
    late = ONSETS * 4
    trials = {
        "visualStim_times": late,
        "feedback_times": late + 0.9,
        "included": [True, False] * 12,
    }
    sides = {"visualStim_contrastLeft": [0.5, 0.0] * 12, "visualStim_contrastRight": [0.0] * 24}
    noted = {"clusters._phy_annotation": [3, 1], "clusters.depths": [1.0, 2.0]}
    found, _ = proposed(alf(tmp_path, {**trials, **sides}, **noted))
    assert found.sizes == {"trial": 12, "time": 30, "unit": 1}
    assert set(found["stimulus"].values) == {"0.5 0"}


def images(file: Any) -> None:
    """Add images that were presented, a series for each list of events, and one that is none."""
    from pynwb.base import ImageReferences, TimeSeries
    from pynwb.behavior import BehavioralEvents
    from pynwb.image import GrayscaleImage, Images, IndexSeries

    every = [GrayscaleImage(name=f"i{k}", data=np.zeros((2, 2))) for k in range(3)]
    shown = Images(name="scenes", images=every, description="x")
    shown.order_of_images = ImageReferences(name="order_of_images", data=every)
    file.add_stimulus_template(shown)
    index = np.arange(24, dtype="u4") % 3
    about = {"unit": "N/A", "timestamps": ONSETS, "indexed_images": shown}
    file.add_stimulus(IndexSeries(name="presentations", data=index, **about))
    licks = TimeSeries(name="licks", data=np.ones(5), unit="n", timestamps=np.arange(5.0) + 10)
    file.create_processing_module("behavior", "x").add(BehavioralEvents(time_series=licks))
    steady = TimeSeries(name="luminance", data=np.ones(50), unit="cd", rate=10.0)
    file.add_stimulus(steady)


@pytest.mark.filterwarnings("ignore:BehavioralEvents is deprecated")
def test_images_that_were_presented_are_trials_where_no_table_says_so(tmp_path: Path) -> None:
    path = nwb(tmp_path, {}, {"peak_channel_id": [501, 500]}, images)
    found, text = proposed(path)
    np.testing.assert_allclose(found["trial_start"], ONSETS)
    assert found["stimulus"].values[:4].tolist() == ["0", "1", "2", "0"]
    assert "# other interval tables: licks" in text
    assert "luminance" not in text


def test_only_known_areas_are_put_in_order() -> None:
    assert areas_in_order(("AL", "LM", "V1")) == ("V1", "LM", "AL")
    assert areas_in_order(("A", "B", "PM")) == ()
    assert areas_in_order(("PM", "AM")) == ()


def test_peaks_of_steinmetz_in_nwb_count_from_one(tmp_path: Path) -> None:
    late = list(ONSETS * 4)
    trials = {
        "start_time": [t - 0.5 for t in late],
        "stop_time": [t + 2.5 for t in late],
        "included": [True] * 20 + [False] * 4,
        "go_cue": [t + 0.7 for t in late],
        "visual_stimulus_time": late,
        "visual_stimulus_left_contrast": [0.5, 0.0] * 12,
        "visual_stimulus_right_contrast": [0.0, 0.25] * 12,
        "response_time": [t + 1.1 for t in late],
        "response_choice": [1.0, -1.0] * 12,
        "feedback_time": [t + 1.15 for t in late],
        "feedback_type": [1, -1] * 12,
        "rep_num": [1.0] * 24,
    }
    quiet = {"start_time": [1.0], "stop_time": [3.0]}
    units = {
        "electrodes": [[1, 0, 2], [0, 1, 2], [2, 1, 0], [1, 2, 0]],
        "peak_channel": np.array([[2], [1], [3], [2]]),
        "phy_annotations": [2, 3, 2, 1],
        "waveform_duration": np.array([[10], [20], [12], [13]]),
    }
    found, text = proposed(nwb(tmp_path, {"spontaneous": quiet, "trials": trials}, units))
    assert "Steinmetz" in text
    assert found["area"].values.tolist() == ["VISl", "VISp", "CA1"]
    assert found.sizes["trial"] == 20
    assert set(found["stimulus"].values) == {"0.5 0", "0 0.25"}
    assert np.allclose(found["outcome_onset"], 1.15)
    assert found["performance"].values[:2].tolist() == [1.0, 0.0]


VISUAL_BEHAVIOR = "Natural_Images_Lum_Matched_set_ophys_G_2019_presentations"


def visual_behavior() -> dict[str, Table]:
    """Return the tables of a session of Visual Behavior, columns as in the published files."""
    shown: dict[str, list[Any]] = flashes()
    count = len(shown["start_time"])
    shown |= {
        "active": [True] * count,
        "duration": [0.25] * count,
        "flashes_since_change": list(range(count)),
        "image_index": [0] * count,
        "image_set": ["G"] * count,
        "is_image_novel": [False] * count,
        "is_sham_change": [False] * count,
        "stimulus_block": [0] * count,
        "stimulus_name": ["Natural_Images_Lum_Matched_set_ophys_G_2019"] * count,
    }
    go = {
        "start_time": [10.0, 19.0],
        "stop_time": [18.9, 28.0],
        "aborted": [False, False],
        "catch": [False, True],
        "change_time": [19.0, 27.0],
        "go": [True, False],
        "hit": [True, False],
        "initial_image_name": ["a", "b"],
        "change_image_name": ["b", "b"],
        "reward_time": [19.5, np.nan],
        "response_latency": [0.4, np.nan],
    }
    return {"trials": go, VISUAL_BEHAVIOR: shown}


def visual_behavior_ophys(file: Any) -> None:
    """Add one plane of Visual Behavior Ophys: dF/F and corrected fluorescence of three ROIs."""
    from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel

    channel = OpticalChannel(name="channel_1", description="2P", emission_lambda=520.0)
    plane = file.create_imaging_plane(
        name="imaging_plane_1", optical_channel=channel, description="p",
        device=file.devices["p"], excitation_lambda=910.0, imaging_rate=11.0,
        indicator="GCaMP6f", location="VISl",
    )  # fmt: skip
    module = file.create_processing_module(name="ophys", description="o")
    cells = ImageSegmentation(name="image_segmentation")
    module.add(cells)
    rois = cells.create_plane_segmentation(
        name="cell_specimen_table", description="Segmented rois", imaging_plane=plane
    )
    for name in ("cell_specimen_id", "valid_roi", "max_correction_up", "x"):
        rois.add_column(name, "c")
    for k, valid in enumerate((True, True, False)):
        more = {"cell_specimen_id": -1, "valid_roi": valid, "max_correction_up": 1.0, "x": k}
        rois.add_roi(id=9000 + k, image_mask=np.eye(4), **more)
    times = np.arange(0, 45, 1 / 11)
    for name, kind, level in (
        ("corrected_fluorescence", Fluorescence, 100.0),
        ("dff", DfOverF, 0.1),
    ):
        series = kind(name=name)
        module.add(series)
        series.create_roi_response_series(
            name="traces", data=np.full((len(times), 3), level), unit="NA", timestamps=times,
            rois=rois.create_roi_table_region(description="all", region=slice(3)),
        )  # fmt: skip


def test_visual_behavior_ophys_is_dff_of_valid_rois_around_flashes(tmp_path: Path) -> None:
    found, text = proposed(nwb(tmp_path, visual_behavior(), {}, visual_behavior_ophys))
    assert 'rois = "dff"' in text
    assert found["unit_id"].values.tolist() == ["9000", "9001"]
    assert set(found["area"].values) == {"VISl"}
    assert found["rate"].attrs["units"] == "dF/F"
    assert np.allclose(found["rate"], 0.1)
    assert found.sizes["trial"] == 23
    assert (found["outcome"].values == "unexpected").sum() == 2


def test_visual_behavior_neuropixels_has_flashes_of_good_units(tmp_path: Path) -> None:
    units = {"peak_channel_id": [501, 500, 502], "quality": ["good", "noise", "good"]}
    flash = {"start_time": [35.0, 36.0], "stop_time": [35.2, 36.2], "color": [1.0, -1.0]}
    tables = {**visual_behavior(), "flash_250ms_presentations": flash}
    found, text = proposed(nwb(tmp_path, tables, units))
    assert f'table = "{VISUAL_BEHAVIOR}"' in text
    assert found["area"].values.tolist() == ["VISl", "CA1"]
    assert set(found["stimulus"].values) >= {"a", "b"}


def test_ibl_in_nwb_has_areas_of_the_beryl_atlas_at_the_largest_electrode(tmp_path: Path) -> None:
    late = ONSETS * 4
    trials = {
        "start_time": list(late - 0.6),
        "stop_time": list(late + 1.8),
        "quiescence_period": [0.55] * 24,
        "gabor_stimulus_onset_time": [np.nan, *late[1:]],
        "auditory_cue_time": list(late + 0.01),
        "gabor_stimulus_contrast": [100.0, 12.5] * 12,
        "gabor_stimulus_side": ["left", "right"] * 12,
        "wheel_movement_onset_time": list(late + 0.3),
        "choice_registration_time": list(late + 0.5),
        "feedback_time": list(late + 0.51),
        "mouse_wheel_choice": ["clockwise", "counter_clockwise"] * 12,
        "is_mouse_rewarded": [True, False] * 12,
        "probability_left": [0.8] * 24,
        "block_index": [0] * 24,
    }
    units = {
        "max_electrode": [502, 501, 500],
        "ibl_quality_score": [1.0, 2 / 3, 1.0],
        "distance_from_probe_tip_um": [10.0, 20.0, 30.0],
    }

    def fill(file: Any) -> None:
        names = ["VISp1", "VISl2", "CA1x"]
        file.electrodes.add_column("beryl_location", "b", data=[n[:-1] for n in names])

    found, text = proposed(nwb(tmp_path, {"trials": trials}, units, fill))
    assert 'electrodes = "beryl_location"' in text
    assert found["area"].values.tolist() == ["CA1", "VISp"]
    assert found.sizes["trial"] == 23
    assert set(found["stimulus"].values) == {"left 100", "right 12.5"}
    assert np.allclose(found["outcome_onset"], 0.51)
    assert found["performance"].values[0] == 0.0
