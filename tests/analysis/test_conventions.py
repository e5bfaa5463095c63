"""Recordings as laboratories keep them: spikes by trial, a value a row, trials in other files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr
from cut_arrays import REST as CUT_OUT

from errorneurons.analysis.door import open_recording, recordings_in
from errorneurons.analysis.kinds import alike_by_fields
from errorneurons.analysis.readers.mat import hold_mat
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.signals import SignalSource
from errorneurons.analysis.sources.template import template_of

TRIALS, UNITS = 12, 4
RNG = np.random.default_rng(8)
TRAINS = [
    [np.sort(RNG.uniform(-0.5, 1.0, RNG.poisson(9))).round(4) for _ in range(TRIALS)]
    for _ in range(UNITS)
]
"""Spike times within trials [s], unit by unit."""
TRAINS[1][3] = np.empty(0)
KINDS = ["a", "b"] * (TRIALS // 2)
REST = CUT_OUT.replace('"region"', '{ constant = "V1" }')
WINDOW = "[events]\nstart = -0.5\nstop = 1.0\nbin_width = 0.25\n"
BY_TRIAL = f"""
[signal]
spike_times = "data.spikes"
dims = ["unit", "trial"]
table = "data"
{WINDOW}"""
EDGES = -0.5 + 0.25 * np.arange(7)
RATES = np.array([[np.histogram(t, EDGES)[0] / 0.25 for t in own] for own in TRAINS])
"""Dims (unit, trial, time) [Hz]."""


def read(path: Path, mapping: str) -> xr.Dataset:
    (path.parent / "m.toml").write_text(mapping)
    (session,) = open_recording(path, path.parent / "m.toml").children.values()
    return session.to_dataset()


def proposed(*paths: Path) -> str:
    (kind,) = alike_by_fields(recordings_in(paths))
    assert kind.content is not None
    return template_of(kind.content)


def cells(values: list[np.ndarray] | list[str]) -> np.ndarray:
    """Return cells of MATLAB, a row."""
    made = np.empty((1, len(values)), dtype=object)
    for k, value in enumerate(values):
        made[0, k] = value
    return made


def structures(folder: Path) -> Path:
    data = np.empty((1, UNITS), dtype=[("spikes", "O"), ("area", "O")])
    for k, own in enumerate(TRAINS):
        data[0, k] = (cells(own), "V1" if k < 2 else "LM")
    scipy.io.savemat(folder / "x.mat", {"data": data, "kind": cells(KINDS).T})
    return folder / "x.mat"


def structures73(folder: Path) -> Path:
    with h5py.File(folder / "x.mat", "w", userblock_size=512) as file:
        outer = []
        for k, own in enumerate(TRAINS):
            inner = []
            for t, train in enumerate(own):
                kept = file.create_dataset(f"#refs#/{k}_{t}", data=train[:, None])
                inner.append(kept.ref)
            made = np.array(inner, dtype=h5py.ref_dtype)[:, None]
            outer.append(file.create_dataset(f"#refs#/{k}", data=made).ref)
        file.create_dataset("data/spikes", data=np.array(outer, dtype=h5py.ref_dtype)[:, None])
        file["kind"] = np.arange(TRIALS)[None] % 2.0
    with (folder / "x.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return folder / "x.mat"


@pytest.mark.parametrize("made", [structures, structures73])
def test_spikes_of_trials_in_structures_are_counted_on_the_clock_of_trials(
    tmp_path: Path, made: object
) -> None:
    path = made(tmp_path)  # type: ignore[operator]
    table = 'table = "data"\n' if made is structures else ""
    session = read(path, BY_TRIAL.replace('table = "data"\n', table) + REST)
    np.testing.assert_allclose(session["rate"].transpose("unit", "trial", "time"), RATES)


def test_inspect_proposes_spikes_of_trials_in_structures(tmp_path: Path) -> None:
    mapping = proposed(structures(tmp_path))
    session = read(tmp_path / "x.mat", mapping.replace("bin_width = 0.05", "bin_width = 0.25"))
    np.testing.assert_allclose(session["rate"].transpose("unit", "trial", "time"), RATES)
    assert session["area"].values.tolist() == ["V1", "V1", "LM", "LM"]


def test_inspect_tells_structures_of_trials_from_structures_of_units(tmp_path: Path) -> None:
    trials = np.empty((1, TRIALS), dtype=[("spikes", "O"), ("kind", "O")])
    for t in range(TRIALS):
        trials[0, t] = (cells([own[t] for own in TRAINS]), KINDS[t])
    units = np.empty((1, UNITS), dtype=[("area", "O")])
    for k in range(UNITS):
        units[0, k] = ("V1" if k < 2 else "LM",)
    scipy.io.savemat(
        tmp_path / "x.mat", {"trials": trials, "units": units, "mouse": "JK1", "day": 3.0}
    )
    mapping = proposed(tmp_path / "x.mat")
    assert 'dims = ["trial", "unit"]' in mapping
    assert 'animal = { metadata = "mouse" }  # JK1' in mapping
    session = read(tmp_path / "x.mat", mapping.replace("bin_width = 0.05", "bin_width = 0.25"))
    np.testing.assert_allclose(session["rate"].transpose("unit", "trial", "time"), RATES)
    assert session["area"].values.tolist() == ["V1", "V1", "LM", "LM"]
    assert (session.attrs["animal"], float(session.attrs["day"])) == ("JK1", 3.0)


def test_a_table_of_times_and_units_alone_is_one_of_spikes(tmp_path: Path) -> None:
    times = np.sort(np.random.default_rng(0).uniform(0, 60, 200))
    frame = pd.DataFrame({"time": times, "cluster": np.arange(200) % 3})
    frame.to_csv(tmp_path / "spikes.csv", index=False)
    mapping = proposed(tmp_path / "spikes.csv")
    assert 'spike_times = "time"\nspike_units = "cluster"' in mapping


def test_cells_of_units_and_trials_are_no_units_each(tmp_path: Path) -> None:
    made = np.empty((UNITS, TRIALS), dtype=object)
    for k, own in enumerate(TRAINS):
        for t, train in enumerate(own):
            made[k, t] = train
    scipy.io.savemat(tmp_path / "x.mat", {"spikes": made, "kind": cells(KINDS).T})
    said = BY_TRIAL.replace("data.spikes", "spikes").replace('table = "data"\n', "") + REST
    session = read(tmp_path / "x.mat", said)
    np.testing.assert_allclose(session["rate"].transpose("unit", "trial", "time"), RATES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("start = -0.5", "start = -1.0", r"`data.spikes` runs from -0.\d+ to \S+ s within trials"),
        ("stop = 1.0\n", "", "spikes listed by trial need start, stop and bin_width under"),
        ('"unit", "trial"', '"unit", "trial", "time"', "spikes listed by trial have dims = "),
    ],
)
def test_what_was_not_recorded_of_a_trial_is_no_silence(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(DoorError, match=message):
        read(structures(tmp_path), BY_TRIAL.replace(old, new) + REST)


def rows_of_spikes() -> pd.DataFrame:
    return pd.DataFrame(
        [(t, f"n{k}", s) for k, own in enumerate(TRAINS) for t in range(TRIALS) for s in own[t]],
        columns=["trial", "neuron", "spike_time"],
    )


def test_rows_of_spikes_are_those_of_the_trials_in_their_table(tmp_path: Path) -> None:
    rows_of_spikes().sample(frac=1, random_state=1).to_csv(tmp_path / "spikes.csv", index=False)
    # a trial without a spike of any unit is there all the same
    trials = pd.DataFrame({"trial": range(TRIALS + 1), "kind": [*KINDS, "c"]})[::-1]
    trials.to_csv(tmp_path / "trials.csv", index=False)
    mapping = proposed(tmp_path).replace("bin_width = 0.05", "bin_width = 0.25")
    session = read(tmp_path / "spikes.csv", mapping)
    rates = session["rate"].transpose("unit", "trial", "time").values[:, ::-1]
    np.testing.assert_allclose(rates[:, :TRIALS], RATES)
    assert not rates[:, TRIALS].any()
    assert session["stimulus"].values.tolist() == ["c", *KINDS[::-1]]
    trials[1:].drop(index=5).to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(DoorError, match="`trial` names trial 5, which trials"):
        read(tmp_path / "spikes.csv", mapping)


def rows_of_values() -> pd.DataFrame:
    every = [(k, t, b) for t in range(TRIALS) for k in range(UNITS) for b in range(6)]
    told = {"trial": [t for _, t, _ in every], "unit": [f"n{k}" for k, _, _ in every]}
    own = {"time": [EDGES[b] for *_, b in every], "count": [RATES[i] / 4 for i in every]}
    more = {
        "kind": [KINDS[t] for _, t, _ in every],
        "area": ["V1" if k else "LM" for k, *_ in every],
    }
    return pd.DataFrame(told | own | more)


def test_a_table_with_a_value_a_row_is_an_array(tmp_path: Path) -> None:
    rows_of_values().sample(frac=1, random_state=2).sort_values("trial").to_csv(
        tmp_path / "x.csv", index=False
    )
    session = read(tmp_path / "x.csv", proposed(tmp_path / "x.csv"))
    np.testing.assert_allclose(session["rate"].transpose("unit", "trial", "time"), RATES)
    assert session["area"].values.tolist() == ["LM", "V1", "V1", "V1"]
    assert session["stimulus"].values.tolist() == KINDS


def test_a_value_that_no_row_gives_is_not_zero(tmp_path: Path) -> None:
    rows_of_values()[1:].to_csv(tmp_path / "x.csv", index=False)
    mapping = proposed(tmp_path / "x.csv")
    session = read(tmp_path / "x.csv", mapping)
    assert int(np.isnan(session["rate"]).sum()) == 1
    twice = rows_of_values()
    pd.concat([twice, twice[:1]]).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(DoorError, match="two rows of `count` are of the same trial, time and unit"):
        read(tmp_path / "x.csv", mapping)


def test_a_table_of_trials_is_no_table_of_traces(tmp_path: Path) -> None:
    trials = {"time": np.cumsum(RNG.exponential(3, 40))}
    trials |= {name: RNG.random(40) for name in ("contrast", "reaction_time", "reward")}
    pd.DataFrame(trials).to_csv(tmp_path / "x.csv", index=False)
    assert "# Decide: values with dims, or spike_times" in proposed(tmp_path / "x.csv")


def test_cells_of_words_are_columns(tmp_path: Path) -> None:
    pairs = np.array([["a", "go"], ["b", "go"], ["a", "stop"]], dtype=object)
    scipy.io.savemat(tmp_path / "x.mat", {"kinds": pairs})
    with hold_mat(tmp_path / "x.mat") as held:
        assert held.table("", 3).plain("kinds.1").tolist() == ["a", "b", "a"]


def test_columns_of_rows_take_the_place_of_dims() -> None:
    with pytest.raises(ValueError, match="`columns` say of which time, trial, unit a row is, in"):
        SignalSource.model_validate({"values": "x", "columns": {"trial": "t", "unit": "u"}})


def test_traces_in_columns_are_units_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    frames = {"time": np.arange(600) / 10}
    cells_ = {f"cell_{k}": np.full(600, float(k)) + 0.5 for k in (2, 1, 10)}
    pd.DataFrame(frames | cells_).to_csv(tmp_path / "dff.csv", index=False)
    onsets = pd.DataFrame({"onset": np.arange(TRIALS) * 4.0 + 3, "kind": KINDS})
    onsets.to_csv(tmp_path / "events.csv", index=False)
    names = "cell_2", "cell_1", "cell_10"
    session = read(tmp_path / "dff.csv", proposed(tmp_path))
    assert tuple(session["unit_id"].values) == names
    said = proposed(tmp_path).replace(f'["{names[0]}", "{names[1]}", "{names[2]}"]', '"cell_*"')
    session = read(tmp_path / "dff.csv", said)
    assert session["unit_id"].values.tolist() == ["cell_1", "cell_2", "cell_10"]
    np.testing.assert_allclose(session["rate"].mean(["trial", "time"]), [1.5, 2.5, 10.5])


def test_files_of_one_subject_are_found_by_how_they_are_called(tmp_path: Path) -> None:
    for sub in ("01", "02"):
        folder = tmp_path / "bids" / f"sub-{sub}" / "ses-1" / "ephys"
        folder.mkdir(parents=True)
        start = folder / f"sub-{sub}_ses-1_task-oddball"
        times = np.sort(RNG.uniform(0, 60, 900)).round(4)
        spikes = {"spike_time": times, "unit_id": RNG.integers(0, UNITS, 900) * 10}
        onsets = {"onset": np.arange(TRIALS) * 4.0 + 3, "trial_type": KINDS}
        units = {"unit_id": np.arange(UNITS)[::-1] * 10, "region": ["LM", "LM", "V1", "V1"]}
        for name, table in {"spikes": spikes, "events": onsets, "units": units}.items():
            pd.DataFrame(table).to_csv(f"{start}_{name}.tsv", sep="\t", index=False)
    mapping = proposed(tmp_path / "bids")
    join = '{ column = "region", table = "histology", by = "unit_id", id = "unit_id" }'
    said = 'tables = { histology = "*_units.tsv" }\n' + mapping.replace(
        'area = { constant = "unknown" }', f"area = {join}"
    )
    (tmp_path / "m.toml").write_text(said)
    made = open_recording(tmp_path / "bids", tmp_path / "m.toml")
    assert {node.attrs["animal"] for node in made.children.values()} == {"01", "02"}
    for node in made.children.values():
        assert node["area"].values.tolist() == ["V1", "V1", "LM", "LM"]


def test_trials_may_stand_in_another_file_of_matlab(tmp_path: Path) -> None:
    own = cells([np.sort(RNG.uniform(0, 60, 300))[:, None] for _ in range(UNITS)])
    spikes = {"times": own, "UID": np.arange(1, UNITS + 1)[None]}
    folder = tmp_path / "rat1"
    folder.mkdir()
    scipy.io.savemat(folder / "rat1.spikes.cellinfo.mat", {"spikes": spikes})
    starts = np.arange(TRIALS) * 4.0 + 3
    trials = {"startTime": starts[:, None], "type": cells(KINDS).T}
    scipy.io.savemat(folder / "rat1.trials.behavior.mat", {"trials": trials})
    mapping = proposed(folder)
    assert 'file = "*.trials.behavior.mat"' in mapping
    (tmp_path / "m.toml").write_text(mapping)
    (session,) = open_recording(folder, tmp_path / "m.toml").children.values()
    assert session["unit_id"].values.tolist() == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(session["trial_start"], starts)


def test_several_files_that_are_called_alike_are_told(tmp_path: Path) -> None:
    rows_of_spikes().to_csv(tmp_path / "spikes.csv", index=False)
    for name in ("one_trials.csv", "two_trials.csv"):
        pd.DataFrame({"trial": range(TRIALS), "kind": KINDS}).to_csv(tmp_path / name, index=False)
    rows = 'spike_times = "spike_time"\ncolumns = { trial = "trial", unit = "neuron" }\n'
    said = f'[signal]\n{rows}{WINDOW}file = "*_trials.csv"\n{REST}'
    with pytest.raises(DoorError, match=r"is the name of 2 files beside spikes.csv, one_"):
        read(tmp_path / "spikes.csv", said)


def test_times_in_frames_are_proposed_with_their_rate(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", dff=RNG.normal(size=(UNITS, 900)), t=np.arange(900) / 30)
    onsets = {"frame_on": np.arange(TRIALS) * 60 + 40, "orientation": [0, 45] * 6}
    pd.DataFrame(onsets).to_csv(tmp_path / "stimulus_log.csv", index=False)
    mapping = proposed(tmp_path / "x.npz")
    assert 'time_zero = "frame_on"\nrate = 30  # a guess; frames a second of one plane' in mapping
    said = mapping.replace("start = -0.5", "start = 0").replace("stop = 1\n", "stop = 0.5\n")
    session = read(tmp_path / "x.npz", said)
    np.testing.assert_allclose(session["trial_start"], (np.arange(TRIALS) * 60 + 40) / 30)


def test_a_table_without_times_is_no_end_of_inspecting(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", dff=RNG.normal(size=(UNITS, 900)), t=np.arange(900) / 30)
    pd.DataFrame({"choice": KINDS}).to_csv(tmp_path / "trials.csv", index=False)
    assert '# time_zero = "?"  # no name tells of times' in proposed(tmp_path / "x.npz")


def test_bins_with_starts_of_their_own_are_recognised(tmp_path: Path) -> None:
    counts = RNG.poisson(1, (30, 40, 25))
    starts = np.linspace(-0.5, 1.45, 40)
    np.savez(tmp_path / "x.npz", X=counts, y=np.arange(30) % 3, t=starts)
    session = read(tmp_path / "x.npz", proposed(tmp_path / "x.npz"))
    np.testing.assert_allclose(session["rate"], counts / 0.05, rtol=1e-6)
    assert session["stimulus"].values[:3].tolist() == ["0", "1", "2"]


def test_a_day_is_part_of_a_name_and_an_error_what_is_left_of_a_goal(tmp_path: Path) -> None:
    counts = RNG.poisson(2, (TRIALS, 6, UNITS))
    goal, cursor = np.tile([1.0, -1.0], TRIALS // 2), RNG.normal(size=TRIALS)
    folder = tmp_path / "rat_day12"
    folder.mkdir()
    np.savez(folder / "x.npz", counts=counts, kind=KINDS, goal=goal, cursor=cursor)
    cut = '[signal]\nvalues = "counts"\ndims = ["trial", "time", "unit"]\nunits = "count"\n'
    more = (
        'outcome_error = { column = "goal", minus = "cursor" }\noutcome_onset = { constant = 0.5 }'
    )
    day = 'day = { metadata = "folder.name", part = "day([0-9]+)" }'
    rest = REST.replace("[unit]", f"{more}\n[unit]").replace("[trial]", f"{day}\n[trial]")
    session = read(folder / "x.npz", f"{cut}[events]\nstart = -0.5\nbin_width = 0.25\n{rest}")
    assert session.attrs["day"] == 12
    np.testing.assert_allclose(session["outcome_error"], goal - cursor)


@pytest.mark.parametrize("pattern", ["day[0-9]+", "(d)(a)y"])
def test_a_part_of_a_text_is_one_group(tmp_path: Path, pattern: str) -> None:
    rest = REST.replace(
        "[trial]", f'day = {{ metadata = "file.name", part = "{pattern}" }}\n[trial]'
    )
    with pytest.raises(DoorError, match="`part` needs one group between brackets, as in"):
        read(structures(tmp_path), BY_TRIAL + rest)


def test_of_several_folders_that_is_named_in_which_a_file_is_refused(tmp_path: Path) -> None:
    for animal, kinds in (("m1", KINDS), ("m2", KINDS[1:])):
        (tmp_path / "lab" / animal).mkdir(parents=True)
        held = {"counts": RNG.poisson(2, (TRIALS, 6, UNITS)), "kind": kinds}
        np.savez(tmp_path / "lab" / animal / "x.npz", **held)
    cut = '[signal]\nvalues = "counts"\ndims = ["trial", "time", "unit"]\nunits = "count"\n'
    said = f"{cut}[events]\nstart = -0.5\nbin_width = 0.25\n{REST}"
    (tmp_path / "m.toml").write_text(said.replace('"m1"', '"{animal}"').replace("{animal}", "m"))
    with pytest.raises(DoorError, match=r"m2: x\.npz: `stimulus`: column `kind` .* has 11 values"):
        open_recording(tmp_path / "lab", tmp_path / "m.toml")


def loose(counts: np.ndarray) -> dict[str, np.ndarray]:
    starts = -0.5 + 0.25 * np.arange(6)
    return {"counts": counts, "labels": np.array(KINDS), "time": starts}


def test_arrays_in_files_of_their_own_are_one_recording(tmp_path: Path) -> None:
    counts = RNG.poisson(2, (TRIALS, 6, UNITS))
    folder = tmp_path / "m1"
    folder.mkdir()
    for name, array in loose(counts).items():
        np.save(folder / f"{name}.npy", array)
    session = read(folder, proposed(folder))
    np.testing.assert_allclose(session["rate"], counts * 4)
    assert session["stimulus"].values.tolist() == KINDS


def test_hdf5_comes_in_by_the_names_of_its_arrays(tmp_path: Path) -> None:
    counts = RNG.poisson(2, (TRIALS, 6, UNITS))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in loose(counts).items():
            file[f"session/{name}"] = array.astype(object) if array.dtype.kind == "U" else array
        file["labels"], file["time"] = KINDS, loose(counts)["time"]
    mapping = proposed(tmp_path / "x.h5")
    assert 'values = "session.counts"' in mapping
    session = read(tmp_path / "x.h5", mapping)
    np.testing.assert_allclose(session["rate"], counts * 4)
    assert session["stimulus"].values.tolist() == KINDS


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.attrs.update({"nwb_version": "2.9"}), "another kind of file; .* end in .nwb"),
        (lambda f: f.update({"y": h5py.ExternalLink("z.h5", "/x")}), "`y` is a link that leads"),
        (lambda f: f.create_dataset("y", (2**40,), "f8", chunks=(8,)), "`y` is declared"),
    ],
)
def test_hdf5_that_is_something_else_is_refused(
    tmp_path: Path, damage: Callable[[h5py.File], None], message: str
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.ones(3)
        damage(file)
    with pytest.raises(DoorError, match=message):
        proposed(tmp_path / "x.h5")


def test_texts_without_an_end_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["labels"] = KINDS
    data = (tmp_path / "x.h5").read_bytes()
    heap = data.index(b"GCOL")
    free = heap + 16 + 24 * TRIALS
    assert data[free : free + 2] == b"\0\0"
    (tmp_path / "x.h5").write_bytes(data[: free + 8] + bytes(8) + data[free + 16 :])
    with pytest.raises(DoorError, match=r"x.h5 is damaged: its texts have no end; copy it again"):
        proposed(tmp_path / "x.h5")


def test_milliseconds_within_trials_are_proposed_as_such(tmp_path: Path) -> None:
    frame = rows_of_spikes().assign(spike_time=lambda f: (f["spike_time"] * 1000).round())
    frame.to_csv(tmp_path / "spikes.csv", index=False)
    pd.DataFrame({"trial": range(TRIALS), "kind": KINDS}).to_csv(tmp_path / "trials.csv")
    mapping = proposed(tmp_path).replace("bin_width = 0.05", "bin_width = 0.25")
    assert "rate = 1000.0" in mapping
    session = read(tmp_path / "spikes.csv", mapping)
    assert float(session["rate"].mean()) == pytest.approx(RATES.mean(), rel=0.05)
    with pytest.raises(DoorError, match="holds whole numbers, and not how many there are a second"):
        read(tmp_path / "spikes.csv", mapping.replace("rate = 1000.0", ""))
