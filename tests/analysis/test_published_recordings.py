"""Published recordings come in by the mappings of the documentation, and mean what they say."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.readers.mat import hold_mat

ROOT = Path(__file__).parents[2]


def recordings() -> Path:
    """Return the folder of published recordings, beside the repository or above it."""
    given = os.environ.get("ERRORNEURONS_RECORDINGS", str(ROOT.parent / "shared" / "recordings"))
    if Path(given).is_dir():
        return Path(given)
    pytest.skip("the published recordings are not here; set ERRORNEURONS_RECORDINGS")


def opened(name: str, file: str, mapping: str = "") -> xr.DataTree:
    said = ROOT / "docs" / "mappings" / f"{mapping or name}.toml"
    return open_recording(recordings() / name / file, said)


def test_price_shows_the_evoked_difference_of_its_provenance() -> None:
    days = opened("price2023_v1_sequence_violation", "price2023_heldout_trials.npz")
    late = {}
    for day in (1, 2, 3, 4):
        session = days[f"all mice_day {day}"]
        window = session["rate"].sel(time=slice(0.1, 0.15)).mean("time")
        is_e = session["stimulus"] == "E"
        difference = window[is_e].mean("trial") - window[~is_e].mean("trial")
        late[day] = float(difference.mean())
    assert [round(late[day], 3) for day in (1, 2, 3, 4)] == [-0.022, 0.142, 0.068, 0.195]


def test_price_expects_nothing_before_training_and_has_no_mice_to_test_over() -> None:
    days = opened("price2023_v1_sequence_violation", "price2023_heldout_trials.npz")
    first, second = days["all mice_day 1"], days["all mice_day 2"]
    assert set(first["outcome"].values) == {"none"}
    assert set(second["outcome"].values) == {"expected", "unexpected"}
    assert second.attrs["level_of_data"] == "pooled"
    assert "which mouse" in second.attrs["cautions"]


def test_price_shows_the_difference_of_the_element_that_never_comes() -> None:
    days = opened(
        "price2023_v1_sequence_violation",
        "price2023_heldout_trials.npz",
        "price2023_v1_held_element",
    )
    late = {}
    for day in (1, 2, 3, 4):
        session = days[f"all mice_day {day}"].to_dataset()
        window = session["rate"].sel(time=slice(0.4, 0.45)).mean("time")
        held = raw_held(day)
        late[day] = float((window[held].mean("trial") - window[~held].mean("trial")).mean())
        expected = np.where(held, "unexpected", "expected") if day > 1 else "none"
        assert (session["outcome"].values == expected).all()
    assert [round(late[day], 3) for day in (1, 2, 3, 4)] == [-0.016, 0.144, 0.093, 0.161]


def raw_held(day: int) -> npt.NDArray[np.bool_]:
    folder = recordings() / "price2023_v1_sequence_violation"
    with np.load(folder / "price2023_heldout_trials.npz") as raw:
        return np.asarray(raw[f"day{day}_second_held"])


def test_semedo_is_trials_of_ten_bins_in_two_areas() -> None:
    made = opened("semedo2019_v1_v2", "sample_data.mat")["macaque_sample"]
    raw = scipy.io.loadmat(recordings() / "semedo2019_v1_v2" / "sample_data.mat")
    expected = raw["Y_V2"].reshape(400, 10, -1) / 0.1
    np.testing.assert_allclose(made["rate"][:, :, made["area"].values == "V2"], expected, rtol=1e-5)
    assert dict(made.sizes) == {"trial": 400, "time": 10, "unit": 141}
    assert made["rate"].attrs["signal"] == "event"


def test_golub_is_one_session_of_samples_before_and_after_learning() -> None:
    made = opened("golub2018_bci_learning", "exampleData.mat")["J_2012-03-05"]
    raw = scipy.io.loadmat(
        recordings() / "golub2018_bci_learning" / "exampleData.mat", simplify_cells=True
    )
    third = raw["afterLearning"]["clouds"]["spikes"][2].T / 0.045
    chosen = (made["phase"] == "after") & (made["stimulus"] == "direction 3")
    np.testing.assert_allclose(made["rate"].values[chosen.values][:, 0], third, rtol=1e-5)
    assert made.sizes["unit"] == 86
    assert made.attrs["level_of_data"] == "sample"
    assert "no trial boundaries" in made.attrs["cautions"]


@pytest.mark.parametrize(
    "file",
    ["golub2018_bci_learning/exampleData.mat", "semedo2019_v1_v2/sample_data.mat",
     "price2023_v1_sequence_violation/SequenceVars.mat",
     "price2023_v1_sequence_violation/SeqRFExp_DataForMbTDRDecoder-140Neurons-25msBins.mat"],
)  # fmt: skip
def test_matlab_files_are_read_as_scipy_reads_them(file: str) -> None:
    path = recordings() / file
    raw = scipy.io.loadmat(path)
    with hold_mat(path) as held:
        plain = {name for name, a in raw.items() if name[0] != "_" and a.dtype.kind in "biuf"}
        assert plain <= {*held.arrays}
        for name in plain:
            np.testing.assert_array_equal(np.asarray(held.array(name)[...]), raw[name])
