"""Spike times drawn for bins lie in their bins; spike times counted in bins are all counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errorneurons.analysis.nwb_export.spikes import Part, lay_out
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.spikes import count_spikes
from errorneurons.analysis.sources.when import observed

Make = Callable[..., xr.Dataset]
BIN_WIDTHS = [0.001, 0.005, 0.02, 0.03, 1 / 30, 0.1, 2.0]


def counted(make_session: Make, counts: np.ndarray, bin_width: float) -> xr.Dataset:
    """Return a session with some counts."""
    made = make_session()
    made = made.assign_coords(time=made["time"].copy(data=(np.arange(5) - 1.5) * bin_width))
    made["rate"].attrs["sampling_rate"] = 1 / bin_width
    made["rate"].values[:] = counts.reshape(made["rate"].shape) / bin_width
    return made


def units_of(part: Part) -> list[np.ndarray]:
    return np.split(part.spikes, part.spikes_end[:-1])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    counts=st.lists(st.integers(0, 20), min_size=120, max_size=120),
    bin_width=st.sampled_from(BIN_WIDTHS),
    seed=st.integers(0, 99),
)
def test_drawn_spikes_are_counted_in_their_bins(
    make_session: Make, counts: list[int], bin_width: float, seed: int
) -> None:
    made = counted(make_session, np.array(counts), bin_width)
    (part,) = lay_out([made], seed)
    zero = part.zero[:, None]
    edges = zero + (-2 * bin_width + bin_width * np.arange(6))
    found = np.stack([count_spikes(spikes, edges) for spikes in units_of(part)], axis=-1)
    np.testing.assert_array_equal(found.ravel(), counts)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 99), st.sampled_from(BIN_WIDTHS))
def test_no_two_spikes_of_a_unit_coincide(make_session: Make, seed: int, width: float) -> None:
    (part,) = lay_out([counted(make_session, np.full(120, 9), width)], seed)
    assert all((np.diff(spikes) > 0).all() for spikes in units_of(part))


def test_sessions_follow_one_another(make_session: Make) -> None:
    first, second = lay_out([make_session("m1"), make_session("m2")], seed=0)
    assert first.edges.max() < first.stop <= second.edges.min()


def test_the_draw_of_a_session_does_not_depend_on_those_after_it(make_session: Make) -> None:
    alone = lay_out([make_session("m1")], seed=0)[0]
    together = lay_out([make_session("m1"), make_session("m2")], seed=0)[0]
    np.testing.assert_array_equal(alone.spikes, together.spikes)


def test_spikes_are_spread_over_their_bin(make_session: Make) -> None:
    (part,) = lay_out([counted(make_session, np.full(120, 500), 0.1)], seed=0)
    phase = (part.spikes - part.edges[0, 0]) % 0.1 / 0.1
    np.testing.assert_allclose(np.histogram(phase, 10, (0, 1))[0] / len(phase), 0.1, atol=0.004)


def test_more_spikes_than_ticks_are_refused(make_session: Make) -> None:
    with pytest.raises(
        DoorError, match="a bin with 99 spikes is too short for a clock of 32768 Hz"
    ):
        lay_out([counted(make_session, np.full(120, 99), 0.001)], seed=0)


def test_a_spike_on_an_edge_belongs_to_the_later_bin() -> None:
    assert count_spikes(np.array([0.5]), np.array([[0.0, 0.5, 1.0]])).tolist() == [[0, 1]]


def test_a_bin_is_observed_if_all_of_it_is() -> None:
    edges = np.array([[0.0, 1.0, 2.0, 3.0]])
    assert observed(np.array([[0.5, 3.0]]), edges).tolist() == [[False, True, True]]


def test_without_intervals_nothing_was_observed() -> None:
    assert not observed(np.zeros((0, 2)), np.array([[0.0, 1.0]])).any()
