"""Fluorescence against closed forms: one transient, a steady rate, noise of a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.instrument.calcium import (
    GCAMP6F,
    GCAMP6S,
    Imaging,
    Indicator,
    fluorescence,
    imaged,
    left_of_before,
)

REST = np.zeros(1)
INDICATORS = pytest.mark.parametrize("indicator", [GCAMP6F, GCAMP6S], ids=lambda i: i.name)


@INDICATORS
def test_the_transient_has_the_published_peak_rise_and_decay(indicator: Indicator) -> None:
    time = np.linspace(0, 3, 300_001)
    trace = indicator.transient(time)
    peak, half = time[trace.argmax()], indicator.time_to_peak + indicator.half_decay
    assert trace.max() == pytest.approx(indicator.peak)
    assert peak == pytest.approx(indicator.time_to_peak, abs=2e-5)
    assert indicator.transient(np.array([half]))[0] == pytest.approx(indicator.peak / 2)


def test_there_is_no_transient_before_the_spike() -> None:
    assert not GCAMP6F.transient(np.array([-1.0, 0.0])).any()


@INDICATORS
@pytest.mark.parametrize("width", [0.001, 0.01, 0.05])
def test_one_spike_evokes_its_transient_averaged_over_bins(
    indicator: Indicator, width: float
) -> None:
    bins, fine = round(0.6 / width), 200
    counts = np.zeros((1, bins, 1))
    counts[0, 2] = 1
    offsets = (np.arange(fine) + 0.5) * width / fine
    # the spike stands anywhere in its bin: average over its place and over the bin that is read
    expected = [
        indicator.transient(k * width + offsets[:, None] - offsets).mean() for k in range(bins - 2)
    ]
    found = fluorescence(counts, width, REST, indicator)[0, 2:, 0]
    np.testing.assert_allclose(found, expected, atol=2e-3 * indicator.peak)


def test_what_spikes_evoke_adds_up() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.poisson(1.0, (2, 3, 40, 5))
    rest = np.zeros(5)
    both = fluorescence(first + second, 0.01, rest, GCAMP6F)
    apart = [fluorescence(c, 0.01, rest, GCAMP6F) for c in (first, second)]
    np.testing.assert_allclose(both, apart[0] + apart[1], atol=1e-5)


@INDICATORS
def test_a_cell_at_rest_stays_at_zero(indicator: Indicator) -> None:
    rest = np.array([2.0, 10.0])
    steady = np.broadcast_to(rest * 0.01, (3, 60, 2))
    np.testing.assert_allclose(fluorescence(steady, 0.01, rest, indicator), 0, atol=1e-4)


def test_a_higher_steady_rate_ends_at_the_area_of_the_transient() -> None:
    decay, rise = GCAMP6F.time_constants
    steady = np.full((1, 500, 1), 7 * 0.01)
    end = fluorescence(steady, 0.01, REST, GCAMP6F)[0, -1, 0]
    assert end == pytest.approx(7 * GCAMP6F.amplitude * (decay - rise), rel=1e-3)


def test_the_fluorescence_of_poisson_spikes_varies_from_the_first_bin_as_in_the_last() -> None:
    rng, rest, width = np.random.default_rng(4), np.full(50, 10.0), 0.005
    counts = rng.poisson(rest * width, (300, 120, 50))
    before = left_of_before(300, rest, 1.0, GCAMP6F, rng)
    seen = fluorescence(counts, width, rest, GCAMP6F, before)
    decay, rise = GCAMP6F.time_constants
    # Campbell: variance = rate times the integral of the squared transient
    square = decay / 2 + rise / 2 - 2 * decay * rise / (decay + rise)
    expected = 10 * GCAMP6F.amplitude**2 * square
    for k in (0, -1):
        assert seen[:, k].var() == pytest.approx(expected, rel=0.06)
        assert abs(seen[:, k].mean()) < 5 * np.sqrt(expected / seen[:, k].size)


def film(imaging: Imaging, width: float, clean: Any = None, *, noisy: bool = True) -> Any:
    clean = np.zeros((500, 12, 4), np.float32) if clean is None else clean
    planes = np.array([0, 0, 1, 1])
    return imaged(clean, width, planes, imaging, np.random.default_rng(5), noisy=noisy)


def test_bins_without_a_frame_are_nan_and_the_others_are_not() -> None:
    seen = film(Imaging(frame_rate=11.0), 0.01)
    framed = np.isfinite(seen)
    assert (framed.all(axis=2) == framed.any(axis=2)).all()
    assert framed.mean() == pytest.approx(0.11, abs=0.01)


def test_a_bin_as_long_as_the_period_of_frames_always_holds_one() -> None:
    assert np.isfinite(film(Imaging(frame_rate=11.0), 0.1)).all()


def test_the_noise_of_a_frame_is_the_peak_over_the_signal_to_noise_ratio() -> None:
    seen = film(Imaging(frame_rate=10.0, snr=4.0), 0.1)  # one frame a bin
    assert np.std(seen) == pytest.approx(GCAMP6F.peak / 4, rel=0.02)


def test_frames_in_a_bin_are_averaged() -> None:
    seen = film(Imaging(frame_rate=40.0, snr=4.0), 0.1)  # four frames a bin
    assert np.std(seen) == pytest.approx(GCAMP6F.peak / 8, rel=0.02)


def test_neuropil_is_a_share_of_the_mean_of_the_plane() -> None:
    clean = np.zeros((500, 12, 4), np.float32)
    clean[..., 0] = 1.0
    seen = film(Imaging(frame_rate=10.0, neuropil=0.2), 0.1, clean, noisy=False)
    np.testing.assert_allclose(seen[0, 0], [1.1, 0.1, 0.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_rate": 0.0}, "Imaging.frame_rate is 0.0; give a number above 0"),
        ({"snr": -1.0}, "Imaging.snr is -1.0; give a number above 0"),
        ({"neuropil": -0.1}, "Imaging.neuropil is -0.1; give a share of 0 or more"),
    ],
)
def test_impossible_imaging_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Imaging(**changes)  # type: ignore[arg-type]


def test_a_transient_that_no_two_exponentials_make_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'slow' has peak 0.1, time_to_peak 0.3 s and half_decay"):
        Indicator("slow", 0.1, 0.3, 0.3)
