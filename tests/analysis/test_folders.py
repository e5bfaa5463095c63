"""Folders of Suite2p, Phy and ALF, tables beside them, and objects of Python."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import xarray as xr
import zarr
from mutations import ONSETS as LAB_ONSETS
from mutations import contract_zarr, nc, npz, nwb_zarr
from mutations import spikes as lab_spikes

from errorneurons.analysis.door import (
    describe_recording,
    open_recording,
    open_recordings,
    recordings_in,
)
from errorneurons.analysis.kinds import alike_by_fields
from errorneurons.analysis.readers.objects import named_objects
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.template import template_of

TRIALS, UNITS = 12, 6
ONSETS = np.arange(TRIALS) * 4.0 + 5
RNG = np.random.default_rng(4)
SPIKES = np.sort(RNG.uniform(0, 60, 6000))
OWNERS = RNG.integers(0, UNITS, 6000)
REST = """
[session]
animal = { constant = "m1" }
session_id = { metadata = "file.name" }
[trial]
stimulus = "kind"
input_onset = "onset"
[unit]
area = { constant = "V1" }
role = { constant = "unknown" }
"""
EVENTS = """
[events]
file = "trials.csv"
time_zero = "onset"
start = 0.0
stop = 1.0
bin_width = 0.5
"""


def trials(folder: Path) -> None:
    kinds = ["a", "b"] * (TRIALS // 2)
    pd.DataFrame({"onset": ONSETS, "kind": kinds}).to_csv(folder / "trials.csv", index=False)


def phy(folder: Path) -> Path:
    trials(folder)
    made = folder / "sorted"
    made.mkdir()
    np.save(made / "spike_times.npy", np.round(SPIKES * 30000).astype("u8")[:, None])
    np.save(made / "spike_clusters.npy", (OWNERS * 10).astype("i4"))
    (made / "params.py").write_text("dat_path = 'x.dat'\nsample_rate = 30000.\n")
    group = ["good"] * 4 + ["mua", "noise"]
    table = pd.DataFrame({"cluster_id": np.arange(UNITS) * 10, "group": group})
    table.to_csv(made / "cluster_group.tsv", sep="\t", index=False)
    return made


def suite2p(folder: Path) -> Path:
    trials(folder)
    made = folder / "suite2p"
    for k in range(2):
        plane = made / f"plane{k}"
        plane.mkdir(parents=True)
        for name in ("F", "Fneu", "spks"):
            np.save(plane / f"{name}.npy", trace(k).astype("f4"))
        np.save(plane / "iscell.npy", np.array([[1, 0.9], [1, 0.8], [0, 0.1]]))
        np.save(plane / "ops.npy", {"fs": 10.0}, allow_pickle=True)  # type: ignore[arg-type]
    return made


def trace(plane: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(plane).normal(size=(3, 600))


def alf(folder: Path, probes: int = 1) -> Path:
    made = folder / "alf"
    for k in range(probes):
        probe = made / f"probe0{k}"
        probe.mkdir(parents=True)
        np.save(probe / "spikes.times.npy", SPIKES)
        np.save(probe / "spikes.clusters.npy", OWNERS)
        np.save(probe / "clusters.channels.npy", np.arange(UNITS)[::-1].copy())
        np.save(probe / "channels.brainLocationIds_ccf_2017.npy", np.arange(UNITS) // 3 + 100)
    np.save(made / "_ibl_trials.stimOn_times.npy", ONSETS)
    np.save(made / "_ibl_trials.contrastLeft.npy", np.tile([0.0, 1.0], TRIALS // 2))
    return made


def test_folders_of_sessions_in_the_naming_of_alf_are_several_recordings(tmp_path: Path) -> None:
    animals = ("KS014", "KS015")
    for animal, probe in zip(animals, (0, 1), strict=True):
        session = tmp_path / "Subjects" / animal / "2019-12-03" / "001"
        session.mkdir(parents=True)
        alf(session, 2)
        shutil.rmtree(session / "alf" / f"probe0{probe}")  # so that no probe stands twice
    found = recordings_in([tmp_path])
    assert [path.name for path in found] == ["001", "001"]
    (kind,) = alike_by_fields(found[:1])
    assert kind.content is not None
    (tmp_path / "m.toml").write_text(template_of(kind.content))
    assert 'session_id = { metadata = "folder.name" }' in template_of(kind.content)
    assert open_recording(found[0], tmp_path / "m.toml")["KS014_2019-12-03"]


def test_numbers_that_each_probe_begins_anew_are_no_names_of_units(tmp_path: Path) -> None:
    made = alf(tmp_path, 2)
    for k in range(2):
        ids = pd.DataFrame({"cluster_id": np.arange(UNITS)})
        ids.to_csv(made / f"probe0{k}" / "clusters.metrics.csv", index=False)
    assert '# unit_id = "?"' in template_of(describe_recording(made))


def read(path: Path, mapping: str) -> xr.Dataset:
    said = path.parent / "m.toml"
    said.write_text(mapping)
    (session,) = open_recording(path, said).children.values()
    return session.to_dataset()


def spikes_of(unit: int) -> npt.NDArray[np.float64]:
    """Return the rate of a unit in the first half second of each trial [Hz]."""
    own = SPIKES[unit == OWNERS]
    return np.array([((own >= t) & (own < t + 0.5)).sum() for t in ONSETS]) / 0.5


def test_of_a_folder_of_no_kind_its_tables_are_named(tmp_path: Path) -> None:
    (tmp_path / "m1").mkdir()
    (tmp_path / "m1" / "notes.csv").write_text("who,what\nI,this\n")
    with pytest.raises(DoorError, match=r"one of its tables, name it: m1/notes\.csv"):
        describe_recording(tmp_path)


def test_phy_spikes_are_counted_in_samples(tmp_path: Path) -> None:
    made = read(phy(tmp_path), 'keep_units = { group = ["good"] }\n' + REST + EVENTS)
    assert list(made["unit_id"].values) == ["0", "10", "20", "30"]
    np.testing.assert_allclose(made["rate"][:, 0, 3], spikes_of(3))


def test_params_of_phy_are_never_run(tmp_path: Path) -> None:
    folder = phy(tmp_path)
    evil = f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nsample_rate = 30000\n"
    (folder / "params.py").write_text(evil)
    read(folder, REST + EVENTS)
    assert not (tmp_path / "ran").exists()
    (folder / "params.py").write_text("sample_rate = __import__('os').getpid()")
    with pytest.raises(DoorError, match="is damaged, or a part of it that is read is missing: mal"):
        read(folder, REST + EVENTS)


def test_suite2p_planes_are_read_together_and_its_pickles_are_not(tmp_path: Path) -> None:
    said = "keep_units = { iscell = [true] }\n" + REST + EVENTS + "[signal]\nrate = 10\n"
    made = read(suite2p(tmp_path), said)
    assert made.sizes["unit"] == 4
    assert made["rate"].attrs["signal"] == "event"
    assert float(made["rate"][0, 1, 2]) == pytest.approx(trace(1)[0, 55:60].mean(), rel=1e-5)
    wrong = said.replace("[signal]", '[signal]\nvalues = "ops"')
    with pytest.raises(DoorError, match="`ops` is pickled, and reading it could run code"):
        read(tmp_path / "suite2p", wrong)


ALF = EVENTS.replace('file = "trials.csv"', 'table = "trials"').replace("onset", "stimOn_times")


def test_alf_units_lie_where_their_channel_does(tmp_path: Path) -> None:
    area = '{ electrodes = "brainLocationIds_ccf_2017", values = { 100 = "VISp", 101 = "VISl" } }'
    said = REST.replace('{ constant = "V1" }', area).replace('"onset"', '"stimOn_times"')
    made = read(alf(tmp_path), said.replace('"kind"', '"contrastLeft"') + ALF)
    assert list(made["area"].values) == ["VISl"] * 3 + ["VISp"] * 3
    np.testing.assert_allclose(made["rate"][:, 0, 5], spikes_of(5))


def test_alf_probes_are_read_one_after_the_other(tmp_path: Path) -> None:
    said = REST.replace('"onset"', '"stimOn_times"').replace('"kind"', '"contrastLeft"')
    made = read(alf(tmp_path, probes=2), said + ALF)
    assert made.sizes["unit"] == 2 * UNITS
    np.testing.assert_allclose(made["rate"][:, 0, UNITS + 2], spikes_of(2))


@pytest.mark.parametrize("make", [phy, suite2p, alf])
def test_what_inspect_proposes_passes_once_the_animal_and_the_area_are_said(
    tmp_path: Path, make: object
) -> None:
    folder = make(tmp_path)  # type: ignore[operator]
    text = template_of(describe_recording(folder))
    for line, said in (
        ("# animal = ", 'animal = { constant = "m1" }\n# '),
        ("# stimulus = ", 'stimulus = "kind"\n# '),
        ("# area = ", 'area = { constant = "V1" }\n# '),
    ):
        text = text.replace(line, said, 1)
    assert read(folder, text).sizes["trial"] == TRIALS


def test_a_folder_of_recordings_is_a_collection(tmp_path: Path) -> None:
    for k in range(3):
        (tmp_path / f"m{k}").mkdir()
        phy(tmp_path / f"m{k}").rename(tmp_path / f"sorted{k}")
    trials(tmp_path)
    (tmp_path / "m.toml").write_text(REST + EVENTS)
    assert len(open_recording(tmp_path, tmp_path / "m.toml").children) == 3


@dataclass
class Train:
    """Times [s], as those of pynapple."""

    t: npt.NDArray[np.float64]
    d: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


class Trains(dict[int, Train]):
    """Trains by the numbers of their units, as those of pynapple."""

    metadata = pd.DataFrame({"region": ["V1"] * UNITS})


@dataclass
class Epochs:
    """Intervals, as those of pynapple."""

    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    metadata: pd.DataFrame


def test_objects_of_pynapple_are_read_by_what_they_can_do(tmp_path: Path) -> None:
    units = Trains({k: Train(SPIKES[k == OWNERS]) for k in range(UNITS)})
    kinds = pd.DataFrame({"kind": ["a", "b"] * (TRIALS // 2)})
    objects = {"units": units, "trials": Epochs(ONSETS, ONSETS + 1, kinds)}
    said = EVENTS.replace('file = "trials.csv"', 'table = "trials"').replace("onset", "start")
    signal = '[signal]\nspike_times = "units"\ntable = "units"\n'
    rest = REST.replace('"onset"', '"start"').replace('{ constant = "V1" }', '"region"')
    (tmp_path / "m.toml").write_text(signal + rest + said)
    (made,) = open_recording(objects, tmp_path / "m.toml").children.values()
    np.testing.assert_allclose(made["rate"][:, 0, 4], spikes_of(4))


def test_what_is_told_of_units_of_pynapple_goes_by_their_numbers(tmp_path: Path) -> None:
    class Turned(Trains):
        metadata = pd.DataFrame({"region": ["LM", "V1"]}, index=[1, 0])

    units = Turned({k: Train(SPIKES[k == OWNERS]) for k in range(2)})
    made = named_objects({"units": units})
    assert made.table("units").plain("region").tolist() == ["V1", "LM"]
    Turned.metadata = pd.DataFrame({"region": ["LM", "V1"]}, index=[1, 7])
    with pytest.raises(DoorError, match="the metadata of `units` are not of its units"):
        named_objects({"units": units})


def test_nwb_in_zarr_is_read_as_nwb(tmp_path: Path) -> None:
    path, mapping = nwb_zarr(tmp_path)
    made = read(path, mapping)
    times, owners = lab_spikes()
    first = [((times >= t) & (times < t + 0.5) & (owners == 2)).sum() for t in LAB_ONSETS]
    np.testing.assert_allclose(made["rate"][:, 0, 2], np.array(first) / 0.5)


def test_nwb_in_zarr_was_recorded_when_it_says(tmp_path: Path) -> None:
    path, mapping = nwb_zarr(tmp_path)
    root = zarr.open_group(str(path), mode="r+", zarr_format=2)
    root.create_array("units/obs_intervals", data=np.array([[0.0, 10.0]] * 4))
    root.create_array("units/obs_intervals_index", data=np.arange(1, 5))
    root.create_array("intervals/invalid_times/start_time", data=np.array([2.0, 50.0]))
    root.create_array("intervals/invalid_times/stop_time", data=np.array([2.4, 51.0]))
    rate = read(path, mapping)["rate"]
    assert np.isnan(rate[0, 0]).all()
    assert np.isfinite(rate[0, 1]).all()
    assert np.isnan(rate[3:]).all()


def test_what_a_pickle_was_packed_with_is_not_read(tmp_path: Path) -> None:
    path, mapping = nwb_zarr(tmp_path)
    described = path / "intervals" / "trials" / "kind" / ".zarray"
    said = json.loads(described.read_text())
    described.write_text(json.dumps({**said, "filters": [{"id": "pickle"}]}))
    with pytest.raises(DoorError, match="`kind` of table `trials` is packed with 'pickle', which"):
        read(path, mapping)


def test_a_store_of_the_contract_with_a_pickle_is_refused(tmp_path: Path) -> None:
    path, _ = contract_zarr(tmp_path)
    described = next(path.rglob(".zarray"))
    said = json.loads(described.read_text())
    described.write_text(json.dumps({**said, "compressor": {"id": "pickle"}}))
    with pytest.raises(DoorError, match="is packed with 'pickle', which is not known to be safe"):
        open_recording(path)


def test_kinds_are_mixed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path, mapping = npz(tmp_path)
    (tmp_path / "m.toml").write_text(mapping.replace('"s1"', '"s2"'))
    own, _ = nc(tmp_path / "a")
    sessions = open_recordings([path, own], tmp_path / "m.toml")
    assert [session.attrs["session_id"] for session in sessions] == ["s2", "s1"]


# More, or less, than one recording

OF_ALF = REST.replace('"onset"', '"stimOn_times"').replace('"kind"', '"contrastLeft"') + ALF


def told(folder: Path, name: str, group: list[str]) -> None:
    table = pd.DataFrame({"cluster_id": np.arange(len(group)) * 10, "group": group})
    table.to_csv(folder / name, sep="\t", index=False)


def test_clusters_that_were_merged_away_are_no_silent_units(tmp_path: Path) -> None:
    folder = phy(tmp_path)
    told(folder, "cluster_group.tsv", ["good"] * (UNITS + 3))
    assert read(folder, REST + EVENTS).sizes["unit"] == UNITS


def test_tables_that_disagree_about_a_cluster_are_refused(tmp_path: Path) -> None:
    folder = phy(tmp_path)
    told(folder, "cluster_info.tsv", ["good", "mua"])
    message = "its tables say of cluster 10 that `group` is good and mua; leave the older table out"
    with pytest.raises(DoorError, match=message):
        read(folder, REST + EVENTS)


def test_samples_without_params_need_a_rate(tmp_path: Path) -> None:
    folder = phy(tmp_path)
    (folder / "params.py").unlink()
    with pytest.raises(DoorError, match="`spike_times` holds whole numbers, and not how many"):
        read(folder, REST + EVENTS)
    made = read(folder, "[signal]\nrate = 30000\n" + REST + EVENTS)
    np.testing.assert_allclose(made["rate"][:, 0, 3], spikes_of(3))
    assert "# rate = 30000.0" in template_of(describe_recording(folder))


def test_rois_that_nobody_has_looked_at_are_no_cells(tmp_path: Path) -> None:
    folder = suite2p(tmp_path)
    (folder / "plane1" / "iscell.npy").unlink()
    said = REST + EVENTS + "[signal]\nrate = 10\n"
    with pytest.raises(DoorError, match="table `rois` has no column `iscell`"):
        read(folder, "keep_units = { iscell = [true] }\n" + said)
    assert read(folder, said).sizes["unit"] == 6


def test_planes_of_two_recordings_are_refused(tmp_path: Path) -> None:
    folder = suite2p(tmp_path)
    for name in ("F", "Fneu", "spks"):
        np.save(folder / "plane1" / f"{name}.npy", np.ones((3, 300)))
    with pytest.raises(DoorError, match=r"planes have .*'plane1': 300} frames; give those of one"):
        read(folder, REST + EVENTS + "[signal]\nrate = 10\n")


@pytest.mark.parametrize("place", ["#2024-05-06#", "pykilosort"])
def test_a_probe_that_was_sorted_twice_is_read_once_or_not_at_all(
    tmp_path: Path, place: str
) -> None:
    folder = alf(tmp_path)
    inside = folder / "probe00"
    shutil.copytree(inside, tmp_path / "copy")
    shutil.move(tmp_path / "copy", inside / place)
    message = f"two sortings of the same spikes, in `probe00` and `probe00/{place}`; leave one"
    with pytest.raises(DoorError, match=message):
        read(folder, OF_ALF)


def test_metrics_stand_at_the_number_of_their_cluster(tmp_path: Path) -> None:
    folder = alf(tmp_path)
    table = pd.DataFrame({"cluster_id": [4, 3, 0], "label": [0.3, 0.7, 1.0], "deep": [True] * 3})
    table.to_csv(folder / "probe00" / "clusters.metrics.csv", index=False)
    made = read(folder, 'keep_units = { label = "> 0.5" }\n' + OF_ALF)
    assert list(made["unit_id"].values) == ["0", "3"]
    np.testing.assert_allclose(made["rate"][:, 0, 1], spikes_of(3))
    table.assign(cluster_id=[4, 4, 0]).to_csv(folder / "probe00/clusters.metrics.csv", index=False)
    with pytest.raises(DoorError, match=r"`probe00.clusters.cluster_id` holds a number twice"):
        read(folder, OF_ALF)
