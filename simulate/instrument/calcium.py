"""Two-photon calcium: from spike counts to what a microscope sees, dF/F in frames.

============= ======================================================================
transient     k(t) = A (exp(-t/tau_decay) - exp(-t/tau_rise))     of one spike
fluorescence  dF/F(t) = sum over spikes k(t - t_spike) - its mean at the resting rate
neuropil      dF/F + c * mean of dF/F over the recorded cells in the plane
frame         dF/F + noise;  a bin holds the mean of its frames, NaN if it has none
============= ======================================================================

The transients of several spikes add up; saturation is left out. F0 is the fluorescence at the
resting rate, so a cell at rest has dF/F 0 on average. Trials are so far apart that each begins
with a cell at rest. Frames are not locked to trials.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array

Fluorescence = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Indicator:
    """A calcium indicator, by the transient that one spike evokes.

    Attributes
    ----------
    name
        Its name.
    peak
        Peak of the transient, dF/F.
    time_to_peak
        From the spike to the peak [s].
    half_decay
        From the peak to half of it [s].

    Raises
    ------
    ValueError
        If no difference of two exponentials has these times.
    """

    name: str
    peak: float
    time_to_peak: float
    half_decay: float

    def __post_init__(self) -> None:
        if not (self.peak > 0 and 0 < self.time_to_peak < 0.59 * self.half_decay):
            raise ValueError(
                f"Indicator {self.name!r} has peak {self.peak:g}, time_to_peak "
                f"{self.time_to_peak:g} s and half_decay {self.half_decay:g} s; give values above "
                "0, the time to peak below 0.59 of the half decay"
            )

    @cached_property
    def time_constants(self) -> tuple[float, float]:
        """tau_decay and tau_rise of the transient [s]."""
        from scipy.optimize import brentq  # here and below: it takes longer to load than to use

        def mismatch(ratio: float) -> float:
            return _peak_time(ratio) / _half_time(ratio) - self.time_to_peak / self.half_decay

        ratio = brentq(mismatch, 1e-9, 0.999)
        decay = self.time_to_peak / _peak_time(ratio)
        return decay, ratio * decay

    def transient(self, time: Array) -> Array:
        """Return dF/F at times after a spike [s], 0 before it."""
        decay, rise = self.time_constants
        after = np.maximum(time, 0.0)
        return self.amplitude * np.asarray(np.exp(-after / decay) - np.exp(-after / rise))

    @cached_property
    def amplitude(self) -> float:
        """A: what makes the transient as high as `peak`."""
        return self.peak / _shape(self.time_constants[1] / self.time_constants[0])


def _peak_time(ratio: float) -> float:
    """Time of the peak in units of tau_decay; `ratio` is tau_rise / tau_decay."""
    return float(ratio * np.log(1 / ratio) / (1 - ratio))


def _shape(ratio: float) -> float:
    """Height of the difference of exponentials at its peak."""
    peak = _peak_time(ratio)
    return float(np.exp(-peak) - np.exp(-peak / ratio))


def _half_time(ratio: float) -> float:
    """Time from the peak to its half in units of tau_decay."""
    from scipy.optimize import brentq

    peak, half = _peak_time(ratio), 0.5 * _shape(ratio)
    end = brentq(lambda t: np.exp(-t) - np.exp(-t / ratio) - half, peak, peak + 20)
    return float(end - peak)


#: Of one action potential in the mouse's visual cortex: Chen et al. 2013, doi:10.1038/nature12354,
#: supplementary table 3.
GCAMP6F = Indicator("GCaMP6f", peak=0.19, time_to_peak=0.045, half_decay=0.142)
GCAMP6S = Indicator("GCaMP6s", peak=0.23, time_to_peak=0.179, half_decay=0.550)


@dataclass(frozen=True)
class Imaging:
    """How fluorescence is imaged.

    Attributes
    ----------
    indicator
        The calcium indicator.
    frame_rate
        Frames a second of each plane [Hz].
    snr
        Peak of the transient of one spike over the standard deviation of the noise of a frame.
    neuropil
        Share of the mean dF/F of the plane's recorded cells that is added to each cell: what is
        left of the neuropil after its correction.

    Raises
    ------
    ValueError
        If a parameter is impossible.
    """

    indicator: Indicator = field(default_factory=lambda: GCAMP6F)
    frame_rate: float = 30.0
    snr: float = 3.0
    neuropil: float = 0.1

    def __post_init__(self) -> None:
        for name in ("frame_rate", "snr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"Imaging.{name} is {getattr(self, name)}; give a number above 0")
        if self.neuropil < 0:
            raise ValueError(f"Imaging.neuropil is {self.neuropil}; give a share of 0 or more")


def fluorescence(
    counts: npt.NDArray[np.generic],
    width: float,
    resting: Array,
    indicator: Indicator,
    start: tuple[Array, Array] | None = None,
) -> Fluorescence:
    """Return the mean dF/F in each bin, spikes being spread evenly over theirs.

    Parameters
    ----------
    counts
        Spikes in each bin, (trial, time, unit).
    width
        Width of a bin [s].
    resting
        Firing rate at rest [Hz], (unit,).
    indicator
        The calcium indicator.
    start
        What is left of the spikes before the trial: the two sums of exponentials, decay and rise,
        each (trial, unit). None: what the resting rate leaves on average.
    """
    from scipy.signal import lfilter

    spikes = counts.astype(np.float32)
    total = np.zeros_like(spikes)
    for k, (tau, sign) in enumerate(zip(indicator.time_constants, (1.0, -1.0), strict=True)):
        leak, per_bin = np.exp(-width / tau), tau / width
        left = per_bin * (1 - leak)
        trace = np.broadcast_to(resting * tau, (len(spikes), len(resting)))
        before = (trace if start is None else start[k]).astype(np.float32)[:, None]
        taps = np.array([[0.0, left], [1.0, -leak]], np.float32)
        at_start, _ = lfilter(taps[0], taps[1], spikes, axis=1, zi=before)
        mean = left * at_start + per_bin * (1 - left) * spikes - resting * tau
        total += np.float32(sign * indicator.amplitude) * mean.astype(np.float32)
    return total


def left_of_before(
    trials: int, resting: Array, fano: float, indicator: Indicator, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw what spikes before a trial, at the resting rate, have left, as `fluorescence` takes it.

    Mean and covariance are those of filtered Poisson noise (Campbell's theorem), the covariance
    times the Fano factor.
    """
    tau = np.array(indicator.time_constants)
    covariance = np.outer(tau, tau) / np.add.outer(tau, tau)
    noise = rng.standard_normal((trials, len(resting), 2)) @ np.linalg.cholesky(covariance).T
    traces = resting[:, None] * tau + np.sqrt(fano * resting)[:, None] * noise
    return traces[..., 0], traces[..., 1]


def imaged(
    clean: Fluorescence,
    width: float,
    planes: npt.NDArray[np.int64],
    imaging: Imaging,
    rng: np.random.Generator,
    *,
    noisy: bool,
) -> Fluorescence:
    """Return what the frames show, NaN in bins without a frame.

    Parameters
    ----------
    clean
        Mean dF/F in each bin, (trial, time, unit).
    width
        Width of a bin [s].
    planes
        In which plane each cell lies, (unit,).
    imaging
        How it is imaged.
    rng
        Random numbers.
    noisy
        Whether frames are noisy.
    """
    seen = clean.copy()
    for plane in np.unique(planes):
        here = planes == plane
        seen[..., here] += np.float32(imaging.neuropil) * clean[..., here].mean(-1, keepdims=True)
    frames = _frames(clean.shape[0], clean.shape[1], width * imaging.frame_rate, rng)
    if noisy:
        sd = imaging.indicator.peak / imaging.snr / np.sqrt(np.maximum(frames, 1))
        noise = rng.standard_normal(seen.shape, dtype=np.float32)
        seen += sd.astype(np.float32)[..., None] * noise
    seen[frames == 0] = np.nan
    return seen


def _frames(
    trials: int, bins: int, per_bin: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return how many frames fall in each bin, (trial, bin); the first comes at any time."""
    edges = per_bin * np.arange(bins + 1) - rng.random((trials, 1))
    return np.diff(np.ceil(edges)).astype(np.int64)
