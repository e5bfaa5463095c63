"""One recording in files of every kind that leave open what is what: all are read alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
import xarray as xr
from cut_arrays import BINS, CUT, REST, TRIALS, UNITS

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.readers.mat import hold_mat
from errorneurons.analysis.session.contract import DoorError

Arrays = dict[str, npt.NDArray[np.generic]]
Write = Callable[[Path, Arrays], Path]


def counts() -> npt.NDArray[np.float64]:
    drawn = np.random.default_rng(3).poisson(2.0, (TRIALS, BINS, UNITS))
    return drawn.astype(float)


def cut() -> Arrays:
    """Return a recording that has been cut out."""
    kinds = np.array(["grating", "plaid"] * (TRIALS // 2))
    regions = np.array(["V1", "V1", "LM", "LM", "AL"])
    return {"counts": counts(), "kind": kinds, "region": regions}


def as_npz(folder: Path, arrays: Arrays) -> Path:
    np.savez(folder / "x.npz", **arrays)
    return folder / "x.npz"


def as_packed_npz(folder: Path, arrays: Arrays) -> Path:
    np.savez_compressed(folder / "x.npz", **arrays)
    return folder / "x.npz"


def as_mat(folder: Path, arrays: Arrays) -> Path:
    lists = {
        name: a.astype(object)[:, None] if a.dtype.kind == "U" else a for name, a in arrays.items()
    }
    scipy.io.savemat(folder / "x.mat", lists, do_compression=True)
    return folder / "x.mat"


def as_mat73(folder: Path, arrays: Arrays) -> Path:
    """Write what MATLAB would: axes the other way round, texts as cells of characters."""
    with h5py.File(folder / "x.mat", "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                cells = [
                    file.create_dataset(f"#refs#/{name}{k}", data=np.frombuffer(
                        str(text).encode("utf-16-le"), "u2")[:, None])
                    for k, text in enumerate(array)
                ]  # fmt: skip
                for cell in cells:
                    cell.attrs["MATLAB_class"] = np.bytes_("char")
                references = np.array([[cell.ref for cell in cells]], h5py.ref_dtype)
                file[name] = references
                file[name].attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                file[name] = array.T
                file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with (folder / "x.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return folder / "x.mat"


WRITERS = [as_npz, as_packed_npz, as_mat, as_mat73]


def read(path: Path, mapping: str) -> xr.Dataset:
    path.with_suffix(".toml").write_text(mapping)
    (session,) = open_recording(path, path.with_suffix(".toml")).children.values()
    return session.to_dataset()


@pytest.mark.parametrize("write", WRITERS)
def test_counts_cut_out_become_rates_in_bins(tmp_path: Path, write: Write) -> None:
    made = read(write(tmp_path, cut()), CUT + REST)
    np.testing.assert_allclose(made["rate"], counts() / 0.05, rtol=1e-6)
    assert made["rate"].attrs["units"] == "Hz"
    np.testing.assert_allclose(made["time"], np.arange(BINS) * 0.05 - 0.075)
    assert list(made["stimulus"].values[:2]) == ["grating", "plaid"]
    assert list(made["area"].values) == ["V1", "V1", "LM", "LM", "AL"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    "dims", [("unit", "time", "trial"), ("time", "trial", "unit"), ("unit", "trial", "time")]
)
def test_axes_stand_in_any_order(tmp_path: Path, write: Write, dims: tuple[str, ...]) -> None:
    turned = counts().transpose([("trial", "time", "unit").index(name) for name in dims])
    said = CUT.replace('["trial", "time", "unit"]', str(list(dims)))
    made = read(write(tmp_path, cut() | {"counts": turned}), said + REST)
    np.testing.assert_allclose(made["rate"], counts() / 0.05, rtol=1e-6)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("dims", [["trial*time", "unit"], ["unit", "time*trial"]])
def test_trials_and_bins_may_run_in_one_axis(tmp_path: Path, write: Write, dims: list[str]) -> None:
    flat = counts().reshape(-1, UNITS)
    if dims[0] == "unit":
        flat = counts().transpose(2, 1, 0).reshape(UNITS, -1)
    said = CUT.replace('["trial", "time", "unit"]', f"{dims}\nbins = {BINS}")
    made = read(write(tmp_path, cut() | {"counts": flat}), said + REST)
    np.testing.assert_allclose(made["rate"], counts() / 0.05, rtol=1e-6)


@pytest.mark.parametrize("write", WRITERS)
def test_several_axes_are_trials_and_of_others_one_place_is_read(
    tmp_path: Path, write: Write
) -> None:
    apart = counts().reshape(3, 4, BINS, UNITS).transpose(3, 0, 1, 2)
    stacked = np.stack([apart, apart + 100], axis=-1)
    dims = ["unit", "trial:kind", "trial:repeat", "time", "plane=0"]
    said = CUT.replace('["trial", "time", "unit"]', str(dims))
    rest = REST.replace('"kind"', '{ combine = ["axis.kind", "axis.repeat"] }')
    made = read(write(tmp_path, cut() | {"counts": stacked}), said + rest)
    np.testing.assert_allclose(made["rate"], counts() / 0.05, rtol=1e-6)
    assert made["stimulus"].values[:5].tolist() == ["0 0", "0 1", "0 2", "0 3", "1 0"]


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ('"trial", "time", "unit", "1"', "an axis of 2 is named"),
        ('"trial", "time", "unit", "plane=2"', "`plane=2` in dims is beyond its 2 places"),
        ('"trial", "trial:x", "unit", "time"', 'several axes of trials as "trial:name"'),
        ('"trial", "time", "unit", "plane"', 'the place that is read, "plane=0"'),
    ],
)
def test_axes_that_do_not_fit_are_named(tmp_path: Path, dims: str, message: str) -> None:
    held = cut() | {"counts": np.stack([counts(), counts()], axis=-1)}
    with pytest.raises(DoorError, match=message):
        read(as_npz(tmp_path, held), (CUT + REST).replace('"trial", "time", "unit"', dims))


@pytest.mark.parametrize("write", WRITERS)
def test_spikes_with_owners_are_counted_around_events(tmp_path: Path, write: Write) -> None:
    rng = np.random.default_rng(1)
    times, owners = np.sort(rng.uniform(0, 60, 4000)), rng.integers(0, UNITS, 4000)
    onsets = np.arange(TRIALS) * 4.0 + 5
    held = cut() | {"st": times * 1000, "clu": owners, "onset": onsets}
    del held["counts"]
    mapping = """
[signal]
spike_times = "st"
spike_units = "clu"
rate = 1000
[events]
time_zero = "onset"
start = -0.1
stop = 0.2
bin_width = 0.1
"""
    made = read(write(tmp_path, held), mapping + REST)
    first = [np.sum((times >= t - 0.1) & (times < t) & (owners == 2)) for t in onsets]
    np.testing.assert_allclose(made["rate"][:, 0, 2], np.array(first) / 0.1, rtol=1e-6)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("turned", [False, True])
def test_traces_are_averaged_around_events(tmp_path: Path, write: Write, turned: bool) -> None:
    trace = np.random.default_rng(2).normal(size=(UNITS, 600))
    onsets = np.arange(TRIALS) * 4.0 + 5
    held = cut() | {"F": trace.T if turned else trace, "onset": onsets}
    dims = ["time", "unit"] if turned else ["unit", "time"]
    mapping = f"""
[signal]
values = "F"
dims = {dims}
rate = 10
units = "%"
[events]
time_zero = "onset"
start = 0.0
stop = 0.4
bin_width = 0.2
"""
    made = read(write(tmp_path, held), mapping + REST)
    expected = trace[3, 50:52].mean() / 100
    assert float(made["rate"][0, 0, 3]) == pytest.approx(expected, rel=1e-5)
    assert made["rate"].attrs["signal"] == "calcium"


def test_a_list_of_spike_times_is_one_unit_an_entry(tmp_path: Path) -> None:
    every = np.empty(UNITS, dtype=object)
    every[:] = [np.sort(np.random.default_rng(k).uniform(0, 60, 500 + k)) for k in range(UNITS)]
    held = {"spikes": every, "onset": np.arange(TRIALS) * 4.0 + 5}
    scipy.io.savemat(tmp_path / "x.mat", cut() | held)
    mapping = """
[signal]
spike_times = "spikes"
[events]
time_zero = "onset"
start = 0.0
stop = 1.0
bin_width = 0.5
"""
    said = (
        (mapping + REST)
        .replace('"region"', '{ constant = "V1" }')
        .replace('stimulus = "kind"', 'stimulus = { constant = "a" }')
    )
    made = read(tmp_path / "x.mat", said)
    first = np.sum((every[4] >= 5) & (every[4] < 5.5))
    assert made.sizes["unit"] == UNITS
    assert float(made["rate"][0, 0, 4]) == first / 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"counts"', '"count"', "there is no array `count`; did you mean `counts`?"),
        ('"trial", "time", "unit"', '"trial", "unit"', r"array `counts` has shape \(12, 6, 5\)"),
        ('"trial", "time", "unit"', '"trial", "tim", "unit"', "name trial, time and unit once"),
        ('units = "count"', "", "`units` is missing; say what activity is measured in"),
        ('units = "count"', 'units = "spikes"', "is 'spikes', which is unknown; known are Hz"),
        ("start = -0.1", "start = -0.1\nstop = 9.0", "the recording has bins from -0.1 to 0.2 s"),
        ("start = -0.1", "", "give bin_starts under"),
        ('"kind"', '"region"', "`region` of table `arrays of 12 rows` has 5 values, and the table"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(DoorError, match=message):
        read(as_npz(tmp_path, cut()), (CUT + REST).replace(old, new, 1))


def test_what_each_gives_is_put_together_trial_after_trial(tmp_path: Path) -> None:
    held = cut()
    halves = {"first": held["counts"][:6], "second": held["counts"][6:], **held}
    said = 'each = { half = ["first", "second"] }\n' + REST + CUT.replace('"counts"', '"{half}"')
    made = read(as_npz(tmp_path, halves), said.replace('"kind"', '{ constant = "{half}" }'))
    np.testing.assert_allclose(made["rate"], counts() / 0.05, rtol=1e-6)
    assert list(made["stimulus"].values) == ["first"] * 6 + ["second"] * 6


def test_each_without_a_use_would_read_the_same_twice(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="`each` gives values of `half` and nothing says"):
        read(as_npz(tmp_path, cut()), 'each = { half = ["first", "second"] }\n' + REST + CUT)


def test_each_is_bounded(tmp_path: Path) -> None:
    said = f"each = {{ a = {[*range(100)]}, b = {[*range(100)]} }}\n" + REST + CUT
    with pytest.raises(DoorError, match="`each` gives more than 1000 readings of one file"):
        read(as_npz(tmp_path, cut()), said.replace('"counts"', '"{a}{b}"'))


def test_rois_are_of_nwb_alone(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="say where activity is under"):
        read(as_npz(tmp_path, cut()), 'rois = "DfOverF"\n' + CUT + REST)


def test_cautions_are_shown(tmp_path: Path) -> None:
    made = read(as_npz(tmp_path, cut()), 'cautions = ["no mice"]\n' + CUT + REST)
    assert made.attrs["cautions"] == "no mice"


def test_times_in_milliseconds_are_said_so(tmp_path: Path) -> None:
    held = cut() | {"on": np.full(TRIALS, 150.0), "zero": np.arange(TRIALS) * 1000.0}
    said = (CUT + 'rate = 1000\ntime_zero = "zero"\n' + REST).replace("{ constant = 0.0 }", '"on"')
    held["on"] = held["on"] + held["zero"]
    made = read(as_npz(tmp_path, held), said)
    np.testing.assert_allclose(made["input_onset"], 0.15)
    np.testing.assert_allclose(made["trial_start"], np.arange(TRIALS))


def test_a_part_of_the_bins_is_read(tmp_path: Path) -> None:
    held = cut() | {"t": np.arange(BINS) * 0.05 - 0.1}
    said = CUT.replace("[events]\nstart = -0.1\nbin_width = 0.05", 'bin_starts = "t"\n[events]\n'
                       "start = 0.0\nstop = 0.1")  # fmt: skip
    made = read(as_npz(tmp_path, held), said + REST)
    np.testing.assert_allclose(made["rate"], counts()[:, 2:4] / 0.05, rtol=1e-6)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_numbers_of_matlab_are_those_that_were_written(
    tmp_path: Path, kind: str, packed: bool
) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    nested = {"a": {"b": array, "c": [array, "text"]}, "name": "Ärzte", "few": array[0, 0, :2]}
    scipy.io.savemat(tmp_path / "x.mat", nested, do_compression=packed)
    with hold_mat(tmp_path / "x.mat") as held:
        for name in ("a.b", "a.c.1"):
            np.testing.assert_array_equal(np.asarray(held.array(name)[...]), array)
        assert [*held.vector("name"), *held.vector("a.c.2")] == ["Ärzte", "text"]
        np.testing.assert_array_equal(held.vector("few"), array[0, 0, :2])


def test_a_structure_array_of_matlab_is_a_table(tmp_path: Path) -> None:
    rows = np.array([(1.5, "a"), (2.5, "b")], dtype=[("onset", object), ("kind", object)])
    scipy.io.savemat(tmp_path / "x.mat", {"trials": rows})
    with hold_mat(tmp_path / "x.mat") as held:
        table = held.table("trials")
        assert table.plain("onset").tolist() == [1.5, 2.5]
        assert table.plain("kind").tolist() == ["a", "b"]
