"""`inspect` of several recordings, and folders of folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from errorneurons.predictions.commands.cli import app

MAPPING = """
[session]
animal = { metadata = "folder.name" }
session_id = { metadata = "file.name" }
[signal]
values = "counts"
dims = ["trial", "time", "unit"]
bin_starts = "time_s"
units = "count"
[trial]
stimulus = "side"
input_onset = { constant = 0.0 }
[unit]
area = "area"
role = { constant = "unknown" }
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a laboratory: a folder an animal, with a recording of each day."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    for animal, day in (("m1", "a"), ("m1", "b"), ("m2", "a")):
        folder = tmp_path / "lab" / animal
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(
            folder / f"{day}.npz", counts=rng.poisson(1.0, (12, 30, 4)),
            time_s=np.arange(30) * 0.02 - 0.2, side=["left", "right"] * 6, area=["V1"] * 4,
        )  # fmt: skip
    (tmp_path / "lab" / ".old").mkdir()
    (tmp_path / "lab" / ".old" / "broken.npz").write_bytes(b"no recording")
    (tmp_path / "m.toml").write_text(MAPPING)
    return tmp_path


def said(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_folder_of_folders_is_all_recordings_in_it(lab: Path) -> None:
    told = said("check", "lab", "--mapping", "m.toml").stdout
    assert "lab obeys the dataset contract: 3 sessions, 2 animals, 36 trials, 12 units." in told


def test_one_mapping_is_written_for_recordings_with_the_same_fields(lab: Path) -> None:
    told = said("inspect", "lab")
    assert "The same fields have lab/m1/b.npz and lab/m2/a.npz." in told.stdout
    assert [path.name for path in lab.glob("*.toml")] != ["m.toml"]
    assert 'animal = { metadata = "folder.name" }  # m1' in Path("a.toml").read_text()


def test_times_of_events_are_not_taken_for_bins(lab: Path) -> None:
    rng = np.random.default_rng(2)
    np.savez(
        lab / "mouse.npz", counts=rng.poisson(1.0, (12, 30, 4)), image=["a", "b"] * 6,
        change_time=rng.uniform(0.4, 0.6, 12), time=np.arange(30) * 0.02, tagged=[True, False] * 2,
    )  # fmt: skip
    said("inspect", "mouse.npz")
    lines = Path("mouse.toml").read_text().splitlines()
    assert 'dims = ["trial", "time", "unit"]' in lines
    assert 'bin_starts = "time"' in lines
    assert lines[-2:] == ["# Not used yet:", "#   tagged: False, True"]


def test_inspect_says_which_claims_can_be_tested(example_nwb: Path) -> None:
    told = said("inspect", str(example_nwb), "--out", str(example_nwb.with_suffix(".toml"))).stdout
    assert "By this mapping as it stands:" in told
    assert "P02" in told.split("By this mapping")[1]


def test_what_a_mapping_leaves_open_is_said(lab: Path) -> None:
    np.savez(lab / "odd.npz", x=np.zeros(5))
    told = said("inspect", "odd.npz").stdout
    assert "Which claims can be tested is open until the mapping is corrected: odd.toml: " in told


def test_unlike_recordings_have_a_mapping_each(lab: Path) -> None:
    np.savez(lab / "a.npz", other=np.zeros((5, 7, 3)))
    refused = " ".join(said("inspect", "lab", "a.npz", "--out", "x.toml").stderr.split())
    assert "m1/a.npz and a.npz hold unlike fields; leave it out" in refused
    said("inspect", "lab", "a.npz")
    assert {path.name for path in lab.glob("a*.toml")} == {"a.toml", "a-2.toml"}


def test_a_table_of_sessions_may_stand_above_the_folders(lab: Path) -> None:
    rows = "file,mouse,day\nm1/a,M1,1\nm1/b.npz,M1,2\nm2/a.npz,M2,1\n"
    (lab / "lab" / "sessions.csv").write_text(rows)
    mapping = MAPPING.replace('"folder.name"', '"sessions.mouse"')
    mapping = mapping.replace('"file.name" }', '"file.name" }\nday = { metadata = "sessions.day" }')
    Path("m.toml").write_text('sessions = "sessions.csv"\n' + mapping)
    assert "3 sessions, 2 animals" in said("check", "lab", "--mapping", "m.toml").stdout
