"""The words of a mapping file: what each does with the columns of a small recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.mapping import MappingError, parse_mapping
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.columns import as_kind

MAPPING = """
TOP
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[signal]
spike_times = "st"
spike_units = "owner"
table = "cells"
[events]
table = "trials"
time_zero = "start_time"
start = 0.0
stop = 0.5
bin_width = 0.1
[trial]
stimulus = STIMULUS
input_onset = "start_time"
[unit]
area = AREA
role = { constant = "unknown" }
"""


def read(folder: Path, top: str = "", stimulus: str = '"kind"', area: str = '"area"') -> xr.Dataset:
    """Return six trials of two cells, read by a mapping with one word in it."""
    rng = np.random.default_rng(1)
    arrays = {
        "st": np.sort(rng.uniform(0, 14, 300)),
        "owner": rng.integers(0, 2, 300),
        "cells.area": ["V1", "LM"],
        "cells.peak": [42.0, 41.0],
        "cells.snr": [1.0, 3.0],
        "sites.id": [40, 41, 42],
        "sites.place": ["AL", "RL", "PM"],
        "trials.start_time": 1 + 2.0 * np.arange(6),
        "trials.stop_time": 2 + 2.0 * np.arange(6),
        "trials.kind": ["a", "b", "", "a", "c", "a"],
        "trials.side": ["left", "right"] * 3,
        "trials.block": [1, 1, 2, 2, 3, 3],
        "lamp.start_time": [3.5, 20.0],
        "lamp.stop_time": [5.5, 21.0],
        "lamp.colour": ["red", "blue"],
    }
    np.savez(folder / "x.npz", **{name: np.asarray(a) for name, a in arrays.items()})
    text = MAPPING.replace("TOP", top).replace("STIMULUS", stimulus).replace("AREA", area)
    if "group" in top:
        text = text.replace(top, "").replace("[trial]", f"{top}\n[trial]")
    (folder / "m.toml").write_text(text)
    return open_recording(folder / "x.npz", folder / "m.toml")["m1_s1"].to_dataset()


SAID = {
    '{ combine = ["kind", "side"] }': "a left|b right|left|a right|c left|a right",
    '{ combine = ["side", { constant = 2 }] }': "left 2|right 2|left 2|right 2|left 2|right 2",
    '{ column = "side", previous = true, default = "none" }': "none|left|right|left|right|left",
    '{ column = "kind", default = "x" }': "a|b|x|a|c|a",
    '{ column = "kind", values = { a = "A" }, default = "x" }': "A|x|x|A|x|A",
    '{ column = "kind", matches = "^[ab]" }': "true|true|false|true|false|true",
    '{ column = "block", matches = [1, 3] }': "true|true|false|false|true|true",
    '{ during = "lamp" }': "false|true|true|false|false|false",
    '{ during = "lamp", column = "colour", default = "dark" }': "dark|red|red|dark|dark|dark",
}


@pytest.mark.parametrize("said", SAID)
def test_a_word_does_what_it_says(tmp_path: Path, said: str) -> None:
    assert "|".join(read(tmp_path, stimulus=said)["stimulus"].values) == SAID[said]


def test_a_column_is_joined_by_id(tmp_path: Path) -> None:
    said = '{ column = "place", table = "sites", by = "peak", id = "id" }'
    assert read(tmp_path, area=said)["area"].values.tolist() == ["PM", "RL"]


def test_units_are_kept_by_a_comparison(tmp_path: Path) -> None:
    found = read(tmp_path, 'keep_units = { snr = "> 2 and <= 3" }')
    assert found["area"].values.tolist() == ["LM"]


def test_rows_are_grouped_into_trials(tmp_path: Path) -> None:
    said = '{ column = "kind", squeeze = "all" }'
    found = read(tmp_path, 'group = "block"', stimulus=said)
    assert found["stimulus"].values.tolist() == ["a b", " a", "c a"]
    assert found["trial_start"].values.tolist() == [1, 5, 9]


def test_a_table_of_sessions_says_what_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("file,rule,day\nx.npz,go,2\ny.npz,stop,3\n")
    found = read(tmp_path, 'sessions = "days.csv"', stimulus='{ metadata = "sessions.rule" }')
    assert set(found["stimulus"].values) == {"go"}


REFUSED = {
    '{ during = "lamps" }': "x.npz: `stimulus`: there is no table `lamps`; did you mean `lamp`",
    '{ column = "place", table = "sites", by = "block", id = "id" }': "column `block` names '",
    '{ column = "kind", squeeze = "last" }': "has one value a row; leave `squeeze` out",
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_word_that_does_not_fit_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(DoorError, match=REFUSED[said]):
        read(tmp_path, stimulus=said)


WRONG = {
    'stimulus = { column = "kind", matches = "(a+)+" }': "`matches` repeats what repeats",
    'stimulus = { column = "kind", matches = "(" }': "`matches` is no regular expression",
    'stimulus = { column = "kind", by = "peak" }': "needs `table` and `by`",
    "stimulus = { combine = [] }": "`combine` names nothing",
    'stimulus = "kind"\n[keep_units]\nsnr = "large"': "'large' is no comparison; give a list",
}


@pytest.mark.parametrize("said", WRONG)
def test_a_word_that_makes_no_sense_is_named(said: str) -> None:
    text = MAPPING.replace("TOP", "").replace("stimulus = STIMULUS", "TRIAL").replace("AREA", '"a"')
    first, _, rest = said.partition("\n")
    with pytest.raises(MappingError, match=WRONG[said]):
        parse_mapping(text.replace("TRIAL", first) + rest)


def test_a_number_is_written_one_way() -> None:
    single = np.array([0.1, 0.25, 16777216.0, np.nan], dtype=np.float32)
    assert as_kind(single, "text", "stimulus").tolist() == ["0.1", "0.25", "16777216", ""]
    assert as_kind(np.array([-0.0, 0.0, -0.5]), "text", "stimulus").tolist() == ["0", "0", "-0.5"]
