"""A window for each event: rows with several events become as many trials."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
import xarray as xr
from pynwb import NWBHDF5IO, NWBFile

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.mapping import MappingError, parse_mapping
from errorneurons.analysis.session.contract import DoorError

MAPPING = """
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[signal]
spike_times = "st"
spike_units = "owner"
[events]
table = "trials"
time_zero = ["flash", "reward"]
start = -0.1
stop = 0.2
bin_width = 0.1
drop_missing = true
[trial]
stimulus = { column = "event.column", values = { flash = "image", reward = "drop" } }
input_onset = "event.time"
outcome_onset = "reward"
[unit]
area = { constant = "V1" }
role = { constant = "unknown" }
"""
FLASHES = np.array([1.0, 3.0, 5.0, 7.0, 9.0])
REWARDS = np.array([1.6, np.nan, 5.7, 7.5, np.nan])


def read(folder: Path, *changes: tuple[str, str], **arrays: npt.ArrayLike) -> xr.Dataset:
    """Return five rows with a flash each, three of them with a reward, as trials."""
    held: dict[str, npt.ArrayLike] = {
        "st": np.arange(0.025, 10, 0.05),
        "owner": np.zeros(200, int),
        "trials.flash": FLASHES,
        "trials.reward": REWARDS,
        "trials.side": list("lrlrl"),
        "trials.start_time": FLASHES - 0.5,
        "trials.stop_time": FLASHES + 1.4,
    }
    np.savez(folder / "x.npz", **{k: np.asarray(v) for k, v in (held | arrays).items()})
    text = MAPPING
    for old, new in changes:
        text = text.replace(old, new)
    (folder / "m.toml").write_text(text)
    return open_recording(folder / "x.npz", folder / "m.toml")["m1_s1"].to_dataset()


def test_each_event_of_a_row_is_a_trial_with_its_own_window(tmp_path: Path) -> None:
    session = read(tmp_path)
    assert session["trial_start"].values.tolist() == [1.0, 1.6, 3.0, 5.0, 5.7, 7.0, 7.5, 9.0]
    assert " ".join(session["stimulus"].values).startswith("image drop image image drop")
    assert (session["input_onset"] == 0).all()
    assert (session["rate"] == 20).all()
    assert session["outcome_onset"].values[:2] == pytest.approx([0.6, 0.0])


def test_what_a_row_says_holds_for_all_its_events(tmp_path: Path) -> None:
    session = read(tmp_path, ('stimulus = { column = "event.column"', 'stimulus = "side" #'))
    assert "".join(session["stimulus"].values) == "llrllrrl"


def test_the_value_before_is_that_of_the_event_before(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        ('"event.column", values', '"event.column", previous = true, default = "-", values'),
    )
    assert " ".join(session["stimulus"].values[:3]) == "- image drop"


def test_during_asks_of_the_window_of_an_event_not_of_its_row(tmp_path: Path) -> None:
    said = '{ during = "lamp", values = { true = "on", false = "off" } } #'
    session = read(
        tmp_path, ('{ column = "event.column"', said),
        **{"lamp.start_time": [5.75], "lamp.stop_time": [5.8]},
    )  # fmt: skip
    assert np.flatnonzero(session["stimulus"] == "on").tolist() == [4]


def test_an_event_outside_the_recording_is_counted_and_no_zero(tmp_path: Path) -> None:
    session = read(tmp_path, **{"trials.flash": [1.0, 3.0, 5.0, 7.0, 60.0]})
    assert np.isnan(session["rate"][-1]).all()
    assert "1 of 8 trials were not recorded" in session.attrs["cautions"]


def test_events_without_a_time_are_refused_unless_left_out(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="2 of 10 events of table `trials` have no time; set drop"):
        read(tmp_path, ("drop_missing = true", ""))


def test_rows_without_any_event_are_told_so(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("trials.flash", "trials.reward"), np.full(5, np.nan))
    with pytest.raises(DoorError, match="10 of 10 events of table `trials` have no time"):
        read(tmp_path, **nothing)


CLOSE = {"trials.reward": FLASHES + 0.25}


def test_overlapping_events_are_refused_with_what_can_be_said(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match=r'overlap by 0.05 s .* say overlap = "leave_out" there'):
        read(tmp_path, **CLOSE)


@pytest.mark.parametrize(
    ("word", "trials", "caution"),
    [
        ("leave_out", 5, "5 of 10 trials begin in the window of another and are left out"),
        ("keep", 10, "the windows of 10 of 10 trials overlap, and what they share counts twice"),
    ],
)
def test_overlapping_events_are_left_out_or_kept_and_counted(
    tmp_path: Path, word: str, trials: int, caution: str
) -> None:
    session = read(tmp_path, ("drop_missing = true", f'overlap = "{word}"'), **CLOSE)
    assert session.sizes["trial"] == trials
    assert session.attrs["cautions"].startswith(caution)


def test_rows_that_are_grouped_give_each_of_their_events_back(tmp_path: Path) -> None:
    session = read(
        tmp_path, ('["flash", "reward"]', '["flash"]\ngroup = "block"'),
        ('{ column = "event.column", values = { flash = "image", reward = "drop" } }',
         '{ column = "side", squeeze = "event" }'),
        ('outcome_onset = "reward"', ""), **{"trials.block": [1, 1, 1, 2, 2]},
    )  # fmt: skip
    assert "".join(session["stimulus"].values) == "lrlrl"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("[]", "is a list that names nothing"), ('["a", "a"]', "or a column twice")],
)
def test_a_list_of_events_names_columns_once(wrong: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mapping(MAPPING.replace('["flash", "reward"]', wrong))


def ragged(folder: Path, stimulus: str) -> list[str]:
    """Return what flashes are, of which a trial of NWB has several, by a source of `stimulus`."""
    file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC))
    for start in (1.0, 2.0, 3.0):
        file.add_trial(start, start + 0.9)
    for name, rows in {
        "flashes": [[1.1, 1.4], [2.1, 2.4], [3.1]],
        "images": [["a", "b"], ["b", "b"], ["c"]],
        "licks": [[1.2], [], [3.3, 3.4]],
    }.items():
        file.add_trial_column(name, "c", data=rows, index=True)
    file.add_trial_column("place", "c", data=[[1, 10], [2, 20], [3, 30]])
    file.add_unit(spike_times=np.arange(0.025, 5, 0.05))
    with NWBHDF5IO(folder / "x.nwb", "w") as io:
        io.write(file)
    head, tail = MAPPING.split("[signal]")
    text = head + "[events]" + tail.split("[events]")[1]
    text = re.sub("outcome_onset.*", "", text)
    text = re.sub("stimulus =.*", f"stimulus = {stimulus}", text)
    (folder / "m.toml").write_text(text.replace('["flash", "reward"]', '["flashes"]'))
    opened = open_recording(folder / "x.nwb", folder / "m.toml")["m1_s1"]
    found: list[str] = opened["stimulus"].values.tolist()
    return found


def test_several_times_in_one_cell_are_events_and_what_stands_beside_them_theirs(
    tmp_path: Path,
) -> None:
    assert "".join(ragged(tmp_path, '{ column = "images", squeeze = "event" }')) == "abbbc"


def test_a_column_with_other_counts_has_no_value_at_an_event(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="`licks` has not as many values a row as there are events"):
        ragged(tmp_path, '{ column = "licks", squeeze = "event" }')


def test_one_of_the_columns_of_a_matrix_is_read(tmp_path: Path) -> None:
    found = ragged(tmp_path, '{ column = "place", squeeze = 1 }')
    assert found == ["10", "10", "20", "20", "30"]


def test_cells_of_a_matlab_structure_hold_the_events_of_a_trial(tmp_path: Path) -> None:
    cells = np.empty((3, 1), dtype=object)
    cells[:, 0] = [np.array([1.1, 1.4]), np.array([2.2]), np.array([3.1, 3.4, 3.7])]
    trials = {"side": np.array([[1.0], [2.0], [1.0]]), "flashes": cells}
    held = {"st": np.arange(0.025, 5, 0.05), "owner": np.zeros(100), "trials": trials}
    scipy.io.savemat(tmp_path / "x.mat", held)
    text = re.sub("outcome_onset.*", "", MAPPING).replace('["flash", "reward"]', '["flashes"]')
    text = re.sub("stimulus =.*", 'stimulus = "side"', text).replace(
        "[events]", "rate = 1\n[events]"
    )
    (tmp_path / "m.toml").write_text(text)
    session = open_recording(tmp_path / "x.mat", tmp_path / "m.toml")["m1_s1"]
    assert session["trial_start"].values.tolist() == [1.1, 1.4, 2.2, 3.1, 3.4, 3.7]
    assert "".join(session["stimulus"].values) == "112111"
