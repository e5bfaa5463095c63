"""What was not recorded is neither zero nor data: it is NaN, and it is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.readers.nwb.reader import parse_mapping, read_nwb
from errorneurons.analysis.session.session import DoorError
from errorneurons.analysis.sources.spikes import count_spikes
from errorneurons.analysis.sources.when import merged, observed, touched

MAPPING = """
[session]
animal = { constant = "m1" }
session_id = { metadata = "session_id" }
[events]
table = "trials"
time_zero = "start_time"
start = 0.0
stop = 1.0
bin_width = 0.25
[trial]
stimulus = { constant = "a" }
input_onset = "start_time"
[unit]
area = { constant = "V1" }
role = { constant = "unknown" }
"""
TRAIN = np.arange(0.1, 12.0, 0.1) + 0.02
"""Ten spikes a second."""
Laboratory = Callable[..., xr.Dataset]


@pytest.fixture
def read(tmp_path: Path) -> Laboratory:
    """Return a function that writes units and ten trials, one a second, and reads them."""

    def there_and_back(
        spikes: list[Any],
        intervals: list[Any] | None = None,
        invalid: list[Any] | None = None,
        first: float = 1.0,
    ) -> xr.Dataset:
        from pynwb import NWBHDF5IO, NWBFile

        file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
        for k in range(10):
            file.add_trial(start_time=first + k, stop_time=first + k + 1.0)
        for k, train in enumerate(spikes):
            own = {"obs_intervals": np.reshape(intervals[k], (-1, 2))} if intervals else {}
            file.add_unit(spike_times=train, **own)
        for start, stop in invalid or []:
            file.add_invalid_time_interval(start_time=start, stop_time=stop)
        with NWBHDF5IO(tmp_path / "lab.nwb", "w") as io:
            io.write(file)
        (node,) = read_nwb(tmp_path / "lab.nwb", parse_mapping(MAPPING)).children.values()
        return node.to_dataset()

    return there_and_back


def missing(session: xr.Dataset) -> np.ndarray:
    """Return which bins of which trials no unit has, (trial, bin)."""
    return np.isnan(session["rate"].values).all(axis=-1)


def test_trials_after_the_last_spike_of_all_were_not_recorded(read: Laboratory) -> None:
    made = read([TRAIN[TRAIN < 6.0], TRAIN[TRAIN < 5.0]])
    assert missing(made).all(axis=1).tolist() == [False] * 5 + [True] * 5
    assert made.attrs["cautions"] == "5 of 10 trials were not recorded"


def test_trials_before_the_first_spike_of_all_were_not_recorded(read: Laboratory) -> None:
    made = read([TRAIN[TRAIN > 5.0], TRAIN[TRAIN > 6.0]])
    assert missing(made).all(axis=1).tolist() == [True] * 4 + [False] * 6


def test_a_unit_that_falls_silent_while_others_fire_is_silent(read: Laboratory) -> None:
    made = read([TRAIN, TRAIN[TRAIN < 6.0]])
    assert (made["rate"].values[5:, :, 1] == 0).all()
    assert "cautions" not in made.attrs


def test_a_silence_that_chance_explains_is_silence(read: Laboratory) -> None:
    made = read([np.array([1.5, 4.0, 8.0])])
    assert np.isfinite(made["rate"].values).all()


def test_units_that_say_when_they_were_observed_may_be_silent_to_the_end(read: Laboratory) -> None:
    made = read([TRAIN[TRAIN < 6.0]], [[[0.0, 20.0]]])
    assert (made["rate"].values[5:] == 0).all()


def test_what_touches_invalid_times_was_not_recorded(read: Laboratory) -> None:
    made = read([TRAIN], invalid=[[2.3, 2.6], [4.0, 5.0]])
    expected = np.zeros((10, 4), dtype=bool)
    expected[1, 1:3] = expected[3] = True
    np.testing.assert_array_equal(missing(made), expected)
    assert made.attrs["cautions"] == (
        "1 of 10 trials were not recorded; 2 of 10 trials touch `invalid_times`"
    )


def test_invalid_times_that_end_before_they_start_are_refused(read: Laboratory) -> None:
    with pytest.raises(DoorError, match="`invalid_times` hold an interval that is NaN or ends"):
        read([TRAIN], invalid=[[3.0, 2.0]])


def test_a_unit_that_is_lost_half_way_is_counted(read: Laboratory) -> None:
    made = read([TRAIN, TRAIN[TRAIN < 6.0]], [[[0.0, 20.0]], [[0.0, 6.0]]])
    assert np.isnan(made["rate"].values[:, :, 1]).all(axis=1).tolist() == [False] * 5 + [True] * 5
    assert made.attrs["cautions"] == "1 of 2 units were not recorded in some trials"


def test_intervals_within_others_hide_nothing(read: Laboratory) -> None:
    made = read([TRAIN], [[[0.0, 20.0], [3.0, 4.0]]])
    assert np.isfinite(made["rate"].values).all()


def test_a_unit_with_spikes_and_without_intervals_is_observed_as_long_as_the_others(
    read: Laboratory,
) -> None:
    made = read([TRAIN, TRAIN], [[[0.0, 20.0]], []])
    assert np.isfinite(made["rate"].values).all()


def test_a_unit_without_spikes_and_intervals_was_not_observed(read: Laboratory) -> None:
    made = read([TRAIN, []], [[[0.0, 20.0]], []])
    assert np.isnan(made["rate"].values[..., 1]).all()


@pytest.mark.parametrize(
    ("intervals", "message"),
    [
        ([[8.0, 2.0]], "unit 0 hold an interval from 8 to 2 s, which ends before it starts"),
        ([[0.0, 6.0], [5.0, 20.0]], "unit 0 overlap: the interval from 5 to 20 s begins before"),
        ([[0.0, np.nan]], "unit 0 hold a time that is NaN or infinite"),
        ([[100.0, 200.0]], "none of the 119 spikes of unit 0 lies in its obs_intervals"),
    ],
)
def test_intervals_that_contradict_themselves_are_refused(
    read: Laboratory, intervals: list[list[float]], message: str
) -> None:
    with pytest.raises(DoorError, match=message):
        read([TRAIN], [intervals])


def test_blocks_that_touch_are_one_recording() -> None:
    starts = np.arange(0.0, 5.0)
    blocks = np.column_stack([starts, starts + 1.0])
    edges = 0.993 + np.arange(0, 3, 0.01)[None]
    assert observed(blocks, edges).all()
    assert merged(blocks).tolist() == [[0.0, 5.0]]


def test_a_bin_that_only_borders_on_an_interval_is_not_touched() -> None:
    edges = np.array([[0.0, 1.0, 2.0, 3.0]])
    assert touched(np.array([[1.0, 2.0]]), edges).tolist() == [[False, True, False]]


@pytest.mark.parametrize("clock", [1000, 20000, 30000, 32000])
@pytest.mark.parametrize("width", [0.001, 0.01, 0.05])
def test_spikes_on_edges_are_counted_once_each(clock: int, width: float) -> None:
    zero = np.round(np.random.default_rng(0).uniform(1, 5000, 50) * clock) / clock
    bins = np.arange(101)
    for own in zero:
        edges = own + (-0.5 + width * bins)
        ticks = np.rint(own * clock) + np.rint((-0.5 + width * bins[:-1]) * clock)
        assert (count_spikes(ticks / clock, edges[None]) == 1).all()


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        (1e3, "a unit fires 0.01 times a second: spike times seem to be in ms or samples; give"),
        (3e4, "spike times seem to be in ms or samples; give them in seconds"),
    ],
)
def test_spike_times_that_are_no_seconds_are_refused(
    read: Laboratory, clock: float, message: str
) -> None:
    with pytest.raises(DoorError, match=message):
        read([TRAIN * clock])


@pytest.mark.parametrize("lag", [1.7e9, 500.0, -500.0])
def test_spikes_on_another_clock_than_the_trials_are_refused(read: Laboratory, lag: float) -> None:
    with pytest.raises(DoorError, match="no trial lies in the recording; mend the clock of either"):
        read([TRAIN + lag])
