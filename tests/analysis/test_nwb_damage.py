"""Files that contradict themselves, or hold what the mapping passes over, are refused or told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.readers.nwb.reader import parse_mapping, read_nwb
from errorneurons.analysis.session.session import ContractError, DoorError

MAPPING = """
[session]
animal = { constant = "m1" }
session_id = { metadata = "session_id" }
[events]
table = "trials"
time_zero = "event"
start = -0.1
stop = 0.2
bin_width = 0.1
[trial]
stimulus = { constant = "a" }
input_onset = "event"
[unit]
area = { electrodes = "location" }
role = { constant = "unknown" }
"""
TRIALS = 6
AREAS = ("V1", "V1", "LM", "CA1")
Lab = Callable[..., Path]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a maker of a file with six trials and two units at four electrodes."""

    def make(change: Callable[[Any], None] = lambda _: None, **units: list[Any]) -> Path:
        from pynwb import NWBHDF5IO, NWBFile

        file = NWBFile("a test", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="1")
        group = file.create_electrode_group("probe", "p", "brain", file.create_device(name="p"))
        for row, area in enumerate(AREAS):
            file.add_electrode(id=100 + row, group=group, location=area)
        file.add_trial_column("event", "time of the event")
        file.add_trial_column("aim", "ids of units", index=True)
        for k in range(TRIALS):
            file.add_trial(start_time=float(k), stop_time=k + 0.9, event=k + 0.5, aim=[k % 2])
        for name in units:
            file.add_unit_column(name, name)
        for k, electrodes in enumerate(([0, 1], [2, 3])):
            own = {name: values[k] for name, values in units.items()}
            file.add_unit(spike_times=np.arange(0, 6, 0.2), electrodes=electrodes, **own)
        change(file)
        with NWBHDF5IO(tmp_path / "lab.nwb", "w") as io:
            io.write(file)
        return tmp_path / "lab.nwb"

    return make


def read(path: Path, old: str = "", new: str = "") -> xr.Dataset:
    (node,) = read_nwb(path, parse_mapping(MAPPING.replace(old, new))).children.values()
    return node.to_dataset()


def swap(path: Path, name: str, values: Any) -> Path:
    """Replace a dataset, as no library would write it."""
    with h5py.File(path, "r+") as file:
        attrs = dict(file[name].attrs)
        del file[name]
        file[name] = values
        file[name].attrs.update(attrs)
    return path


def test_spike_times_that_are_cut_short_are_refused(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        index = file["units/spike_times_index"]
        index[:] = [30, 90]
    message = "column `spike_times` of table `units` holds 60 values but its index ends at 90"
    with pytest.raises(DoorError, match=message):
        read(path)


def test_an_index_that_goes_back_is_refused(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["units/spike_times_index"][:] = [70, 60]
    with pytest.raises(DoorError, match="`spike_times_index` of table `units` goes back"):
        read(path)


def test_units_that_are_aimed_at_must_exist(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["intervals/trials/aim"][3] = 77
    with pytest.raises(DoorError, match="column `aim` names unit 77, which is no id of a unit"):
        read(path, "stimulus", 'targeted = "aim"\nstimulus')


def test_an_onset_on_another_clock_is_refused(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["intervals/trials/stop_time"][2] = 1e6
    message = r"`input_onset` lies at 999998 s in trial 2 but .* \(1 of 6 trials\)"
    with pytest.raises(ContractError, match=message):
        read(path, 'input_onset = "event"', 'input_onset = "stop_time"')


def test_times_that_do_not_follow_one_another_as_trials_do_are_refused(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["intervals/trials/event"][:2] = [1.5, 0.5]
    with pytest.raises(
        DoorError, match=r"`event` goes back from 1.5 to 0.5 s between trials 0 and"
    ):
        read(path)


def test_what_a_library_says_of_a_damaged_file_is_one_sentence(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        del file["intervals/trials/stop_time"]
    with pytest.raises(DoorError) as caught:
        read(path)
    assert len(str(caught.value)) < 300
    assert "no valid NWB file: " in str(caught.value)


def test_overlapping_trials_are_named_by_their_rows_in_the_file(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["intervals/trials/event"][4] = 5.4
    keep = "\nkeep_trials = { event = [2.5, 3.5, 5.4, 5.5] }\n[session]"
    with pytest.raises(DoorError, match="the windows of trials 4 and 5 of the file overlap"):
        read(path, "\n[session]", keep)


# Areas


def test_units_whose_electrodes_disagree_are_told(lab: Lab) -> None:
    made = read(lab())
    assert made["area"].values.tolist() == ["V1", "LM"]
    expected = "1 of 2 units have electrodes in several areas, the first counts"
    assert made.attrs["cautions"] == expected


@pytest.mark.parametrize("name", ["peak_channel_id", "max_electrode"])
def test_the_peak_channel_decides_where_a_unit_is(lab: Lab, name: str) -> None:
    made = read(lab(**{name: [102, 103]}))
    assert made["area"].values.tolist() == ["LM", "CA1"]
    assert "cautions" not in made.attrs


def test_electrodes_that_do_not_exist_are_refused(lab: Lab) -> None:
    path = lab()
    with h5py.File(path, "r+") as file:
        file["units/electrodes"][0] = 9
    with pytest.raises(DoorError, match="the units name electrodes beyond the table of 4"):
        read(path)


# Lasers


def laser_table(start: float) -> Callable[[Any], None]:
    """Return what adds a table with one laser epoch."""

    def add(file: Any) -> None:
        from pynwb.epoch import TimeIntervals

        table = TimeIntervals(name="optogenetic_epochs", description="laser")
        table.add_interval(start_time=start, stop_time=start + 0.1)
        file.add_time_intervals(table)

    return add


def laser_series(file: Any) -> None:
    from pynwb.ogen import OptogeneticSeries

    site = file.create_ogen_site(
        name="site", device=file.devices["p"], description="s", excitation_lambda=473.0,
        location="V1",
    )  # fmt: skip
    power = np.zeros(600)
    power[[255, 355]] = 1.0
    file.add_stimulus(OptogeneticSeries(name="power", data=power, site=site, rate=100.0))


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (laser_table(2.6), "`optogenetic_epochs` has light in 1 of 6 trials that the mapping says"),
        (laser_series, "`power` has light in 2 of 6 trials that the mapping says nothing is done"),
    ],
)
def test_a_laser_that_the_mapping_passes_over_is_refused(
    lab: Lab, add: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(DoorError, match=message):
        read(lab(add))


LIT = """manipulation = { during = "power", values = { true = "silence", false = "none" } }
manipulated_role = { during = "power", values = { true = "error", false = "none" } }
manipulated_area = { during = "power", column = "location", default = "none" }
manipulation_onset = { during = "power", column = "start_time" }
manipulation_offset = { during = "power", column = "stop_time" }
stimulus ="""


def test_a_series_of_laser_power_is_a_table_of_epochs(lab: Lab) -> None:
    session = read(lab(laser_series), "stimulus =", LIT)
    assert session["manipulation"].values.tolist() == ["none"] * 2 + ["silence"] * 2 + ["none"] * 2
    assert session["manipulated_area"].values.tolist()[1:3] == ["none", "V1"]
    np.testing.assert_allclose(session["manipulation_onset"].values[2:4], 0.05)


def test_pulses_of_a_train_are_one_epoch(lab: Lab) -> None:
    def train(file: Any) -> None:
        laser_series(file)
        power = file.stimulus["power"].data
        power[:] = 0.0
        power[250:270:5] = 2.0

    session = read(lab(train), "stimulus =", LIT)
    lasts = session["manipulation_offset"] - session["manipulation_onset"]
    np.testing.assert_allclose(lasts.values[2], 0.16)


def test_a_column_of_trials_that_tells_of_a_laser_is_not_passed_over(lab: Lab) -> None:
    def add(file: Any) -> None:
        file.add_trial_column("laser_on", "laser", data=[k % 2 == 0 for k in range(TRIALS)])

    with pytest.raises(DoorError, match="column `laser_on` of the trials seems to tell of a laser"):
        read(lab(add))
    assert read(lab(add), "stimulus =", 'performance = "laser_on"\nstimulus =')
    kept = read(lab(add), "\n[session]", "\nkeep_trials = { laser_on = [false] }\n[session]")
    assert kept.sizes["trial"] == TRIALS / 2


def test_a_laser_may_be_passed_over_knowingly(lab: Lab) -> None:
    ignored = '\nignored = ["optogenetic_epochs"]\n[session]'
    assert read(lab(laser_table(2.6)), "\n[session]", ignored).sizes["trial"] == TRIALS


def test_a_laser_outside_of_all_trials_is_nobodys_business(lab: Lab) -> None:
    assert read(lab(laser_table(2.8))).sizes["trial"] == TRIALS


def test_what_breaks_the_contract_is_refused_before_spikes_are_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from errorneurons.analysis.sources.spikes import Spikes

    def never(*_: object) -> None:
        raise AssertionError("spikes were read")

    monkeypatch.setattr(Spikes, "binned", never)
    wrong = 'outcome = { constant = "odd" }\nstimulus'
    with pytest.raises(DoorError, match="`outcome` holds 'odd'; allowed are"):
        read(lab(), "stimulus", wrong)
