"""Files in the conventions of public sources get a mapping that is right and passes the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
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
Table = Mapping[str, list[Any]]
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
    for _ in next(iter(units.values()), []):
        file.add_unit(spike_times=np.sort(rng.uniform(5, 40, 200)))
    for column, values in units.items():
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


def test_presentations_of_allen_are_named_by_what_was_shown(tmp_path: Path) -> None:
    shown = {"start_time": list(ONSETS), "stop_time": list(ONSETS + 0.5)}
    gratings = shown | {"orientation": [0.0, 90.0] * 12, "contrast": [0.8] * 24}
    tables = {"drifting_gratings_presentations": gratings, "aaa_presentations": shown}
    units = {"peak_channel_id": [501, 502]}
    found, _ = proposed(nwb(tmp_path, tables, units))
    assert set(found["stimulus"].values) == {"0", "90"}


def suite2p(file: Any) -> None:
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
    rois = cells.create_plane_segmentation(
        name="PlaneSegmentation", description="s", imaging_plane=plane
    )
    for k in range(3):
        rois.add_roi(pixel_mask=[(k, k, 1.0)])
    rois.add_column(name="Accepted", description="iscell", data=[1, 0, 1])
    traces = Fluorescence(name="Fluorescence")
    module.add(traces)
    for k, name in enumerate(("RoiResponseSeries", "Neuropil", "Deconvolved")):
        region = rois.create_roi_table_region(description="all", region=[0, 1, 2])
        traces.create_roi_response_series(
            name=name, data=np.full((400, 3), float(k)), rois=region, unit="n.a.", rate=10.0
        )


def test_suite2p_in_nwb_is_deconvolved_activity_of_accepted_cells(tmp_path: Path) -> None:
    trials = {"start_time": list(ONSETS), "stop_time": list(ONSETS + 0.5), "stim": ["A"] * 24}
    found, text = proposed(nwb(tmp_path, {"trials": trials}, {}, suite2p))
    assert 'rois = "Fluorescence/Deconvolved"' in text
    assert found.sizes["unit"] == 2
    assert set(np.unique(found["rate"])) == {2.0}
    assert float(np.diff(found["time"])[0]) == pytest.approx(0.1)


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


def test_only_known_areas_are_put_in_order() -> None:
    assert areas_in_order(("AL", "LM", "V1")) == ("V1", "LM", "AL")
    assert areas_in_order(("A", "B", "PM")) == ()
    assert areas_in_order(("PM", "AM")) == ()
