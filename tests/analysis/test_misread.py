"""Arrays that come in under a wrong meaning: refused, or read right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import xarray as xr
from cut_arrays import BINS, CUT, REST, TRIALS, UNITS

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.session.contract import DoorError

ONSETS = np.arange(TRIALS) * 4.0 + 5
SPIKES = np.sort(np.random.default_rng(1).uniform(0, 60, 4000))
OWNERS = np.random.default_rng(2).integers(0, UNITS, 4000)
WINDOW = 'time_zero = "onset"\nstart = 0.0\nstop = 1.0\nbin_width = 0.5\n'
OWNED = f'[signal]\nspike_times = "st"\nspike_units = "clu"\n[events]\n{WINDOW}'
TRACES = f"""
[signal]
values = "F"
dims = ["unit", "time"]
rate = 10
units = "dF/F"
[events]
{WINDOW}"""


Arrays = dict[str, npt.NDArray[Any]]


def cut(**other: object) -> Arrays:
    """Return a recording that has been cut out."""
    counts = np.random.default_rng(3).poisson(2.0, (TRIALS, BINS, UNITS)).astype(float)
    kinds = np.array(["grating", "plaid"] * (TRIALS // 2))
    regions = np.array(["V1", "V1", "LM", "LM", "AL"])
    made = {"counts": counts, "kind": kinds, "region": regions}
    return made | {name: np.asarray(array) for name, array in other.items()}


def read(folder: Path, arrays: Arrays, mapping: str) -> xr.Dataset:
    np.savez(folder / "x.npz", **arrays)
    (folder / "x.toml").write_text(mapping)
    (session,) = open_recording(folder / "x.npz", folder / "x.toml").children.values()
    return session.to_dataset()


def spikes(**other: object) -> Arrays:
    """Return spikes with owners, and what is said of trials and units."""
    told = {name: array for name, array in cut().items() if name != "counts"}
    made = told | {"st": SPIKES, "clu": OWNERS * 10, "onset": ONSETS}
    return made | {name: np.asarray(array) for name, array in other.items()}


@pytest.mark.parametrize("rows", [TRIALS - 2, TRIALS + 2])
def test_a_table_of_other_trials_than_the_array_is_refused(tmp_path: Path, rows: int) -> None:
    pd.DataFrame({"kind": ["a"] * rows}).to_csv(tmp_path / "trials.csv", index=False)
    message = f"`counts` has 12 trials, table `trials` {rows} rows; give it one row a trial"
    with pytest.raises(DoorError, match=message):
        read(tmp_path, cut(), CUT + 'file = "trials.csv"\n' + REST)


def test_counts_are_whole_numbers(tmp_path: Path) -> None:
    rates = cut(counts=cut()["counts"] / 0.8)
    with pytest.raises(DoorError, match=r'no count; if it holds rates, write units = "Hz" under'):
        read(tmp_path, rates, CUT + REST)
    residuals = CUT.replace('units = "count"', 'units = "count"\nkind = "event"')
    assert read(tmp_path, rates, residuals + REST)["rate"].attrs["signal"] == "event"


def test_centres_of_bins_are_no_starts(tmp_path: Path) -> None:
    held = cut(bin_centers=np.arange(6) * 0.05 + 0.025)
    said = CUT.replace("[events]\nstart = -0.1\nbin_width = 0.05", 'bin_starts = "bin_centers"\n')
    with pytest.raises(DoorError, match="`bin_centers` are not the starts of bins, as its name"):
        read(tmp_path, held, said + REST)


def test_columns_of_units_go_by_their_numbers(tmp_path: Path) -> None:
    held = spikes(unit_id=[40, 30, 20, 10, 0])
    with pytest.raises(
        DoorError, match=r'in another order; if columns .* add unit_ids = "unit_id"'
    ):
        read(tmp_path, held, OWNED + REST)
    said = OWNED.replace("[events]", 'unit_ids = "unit_id"\n[events]')
    made = read(tmp_path, held, said + REST)
    assert dict(zip(made["unit_id"].values, made["area"].values, strict=True))["40"] == "V1"
    own = SPIKES[OWNERS == 4]
    first = [((own >= t) & (own < t + 0.5)).sum() / 0.5 for t in ONSETS]
    np.testing.assert_allclose(made["rate"][:, 0, 0], first)


@pytest.mark.parametrize(("owner", "said"), [(-1, "-1"), (np.nan, "nan")])
def test_spikes_of_no_unit_make_no_unit(tmp_path: Path, owner: float, said: str) -> None:
    held = spikes(clu=np.where(OWNERS == 0, owner, OWNERS))
    with pytest.raises(DoorError, match=f"`clu` holds {said}, which is no number of a unit"):
        read(tmp_path, held, OWNED + REST)


def test_whole_numbers_are_no_seconds_unless_that_is_said(tmp_path: Path) -> None:
    held = spikes(st=np.round(SPIKES * 1000), onset=ONSETS)
    with pytest.raises(DoorError, match="`st` holds whole numbers, and not how many there are a"):
        read(tmp_path, held, OWNED + REST)
    said = OWNED.replace("[events]", "rate = 1000\n[events]")
    assert read(tmp_path, held, said + REST)["rate"].mean() == pytest.approx(13, rel=0.2)


@pytest.mark.parametrize("name", ["st", "onset"])
def test_times_without_their_digits_are_refused(tmp_path: Path, name: str) -> None:
    held = spikes(st=SPIKES + 1.7e9, onset=ONSETS + 1.7e9)
    held[name] = held[name].astype(np.float32)
    message = r"stored with few digits: near 1700000\d+ s, times are 1.3e\+02 s apart"
    with pytest.raises(DoorError, match=message):
        read(tmp_path, held, OWNED + REST)


def test_ticks_in_single_precision_keep_what_digits_they_need(tmp_path: Path) -> None:
    held = spikes(st=(SPIKES * 30000).astype("f4"), onset=(ONSETS * 1000).astype("f4"))
    said = OWNED.replace("[events]", "rate = 30000\n[events]\nrate = 1000")
    whole = read(tmp_path, spikes(), OWNED + REST)
    np.testing.assert_array_equal(read(tmp_path, held, said + REST)["rate"], whole["rate"])
    late = {"st": SPIKES * 30000 + 6e8, "onset": ONSETS * 1000 + 2e7}
    held |= {name: times.astype("f4") for name, times in late.items()}
    assert read(tmp_path, held, said + REST)["trial_start"][0] == pytest.approx(20005, abs=0.01)


def test_a_column_of_another_length_is_named_with_it(tmp_path: Path) -> None:
    held = spikes(region=["V1"] * (UNITS - 1))
    with pytest.raises(DoorError, match=r"`region` of table .* has 4 values, and the table 5 rows"):
        read(tmp_path, held, OWNED + REST)


def test_times_that_begin_anew_are_told_from_windows_that_are_too_long(tmp_path: Path) -> None:
    held = spikes(onset=np.r_[ONSETS[:6], ONSETS[:6] + 0.5])
    with pytest.raises(DoorError, match="times begin anew at trial 6; put all on one clock"):
        read(tmp_path, held, OWNED + REST)


def test_minus_one_is_no_time(tmp_path: Path) -> None:
    held = spikes(on=np.r_[ONSETS[:10], -1, -1], onset=ONSETS + 20)
    with pytest.raises(DoorError, match="`input_onset` is -1 s in 2 trials, which is before the"):
        read(tmp_path, held, OWNED + REST.replace("{ constant = 0.0 }", '"on"'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate = 10", "rate = 2000", "frames run from 0 to .* s, trials from 5 to 50 s: no trial"),
        ("rate = 10", "rate = 0.01", "no bin of 12 trials holds a frame with a value; mend the"),
    ],
)
def test_frames_on_another_clock_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    held = spikes(F=np.random.default_rng(3).normal(size=(UNITS, 600)))
    with pytest.raises(DoorError, match=message):
        read(tmp_path, held, TRACES.replace(old, new) + REST)


def test_a_stimulus_is_written_one_way(tmp_path: Path) -> None:
    held = cut(kind=["a", "a ", "b", "A"] * 3)
    with pytest.raises(DoorError, match="`stimulus` is 'a' and 'a ', which differ in spelling"):
        read(tmp_path, held, CUT + REST)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'outcome = "kind"',
            "`outcome` holds 'grating', 'plaid'; allowed are expected, unexpected",
        ),
        ("teaching = true", r"is true; write { constant = true } if it is so everywhere, or the"),
        ("phase = after", "text stands between quotes, which 'phase = after' lacks"),
        ('association = "rule1"', 'or write { constant = "rule1" } if it is so everywhere'),
    ],
)
def test_what_is_no_column_may_be_a_constant(tmp_path: Path, line: str, message: str) -> None:
    said = CUT + REST.replace("[unit]", f"{line}\n[unit]")
    with pytest.raises(DoorError, match=message):
        read(tmp_path, cut(), said)


def test_what_belongs_above_the_sections_is_told_so(tmp_path: Path) -> None:
    said = CUT + 'areas = ["V1"]\n' + REST
    with pytest.raises(DoorError, match="`areas` is unknown; it belongs above the first section"):
        read(tmp_path, cut(), said)
