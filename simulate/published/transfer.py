"""Reading phi' from noise: how an error neuron can know the slope of its partner.

A neuron whose potential u carries white noise fires phi(u + xi). What of its rate passes a
high-pass filter grows with the slope phi'(u); rectified and averaged, it is an estimate of it. It
is scaled here by what a slope of 1 gives with the same noise.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.parts.activations import ACTIVATIONS
from errorneurons.simulate.published.result import Case, Effort, PublishedResult, ResultPlot

STEP, LEVEL_STEPS, FILTER = 0.01, 10_000, 10
"""Step [ms], steps of each level (100 ms), and the high-pass filter's time constant [steps]."""
DROPPED = 5 * FILTER
"""Steps after a switch that are left out: the filter still answers the switch."""
POTENTIALS = np.arange(-5.0, 5.5, 0.5)
_NOISE = (0.05, 0.1)
_FUNCTIONS = ("logistic", "tanh", "soft_relu")


def _cases(_: Effort) -> tuple[Case, ...]:
    return tuple(
        Case(f"{name}-{sigma:g}", name, f"noise of {sigma:g}", (name, sigma))
        for name in _FUNCTIONS
        for sigma in _NOISE
    )


def high_passed(rate: Array) -> Array:
    """Return what passes a high-pass filter of the first order, along the last axis."""
    from scipy.signal import lfilter  # takes half a second to import

    kept = 1 - 1 / FILTER
    filtered: Array = lfilter([kept, -kept], [1.0, -kept], rate, axis=-1)
    return filtered


def transferred(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return slopes as read from noise, ``estimate`` (network, potential), and ``slope``."""
    name, sigma = str(case.how[0]), float(str(case.how[1]))
    phi = ACTIVATIONS[name]
    shape = (len(POTENTIALS), LEVEL_STEPS)
    found = []
    for network in range(effort.networks):
        noise = generator(seed, "slope from noise", name, network).normal(0.0, sigma, shape)
        rate = phi.function(POTENTIALS[:, None] + noise)
        signals = high_passed(np.stack([rate, noise]))[..., DROPPED:]
        seen, reference = np.maximum(signals, 0.0).mean(-1)
        found.append(seen / reference)
    return xr.Dataset(
        {
            "estimate": (("network", "potential"), np.array(found)),
            "slope": ("potential", phi.derivative(POTENTIALS)),
            "bias": (("network", "potential"), np.array(found) - phi.derivative(POTENTIALS)),
        },
        {"network": range(effort.networks), "potential": POTENTIALS},
    )


RESULT = PublishedResult(
    "slope_transfer",
    "Reading the slope of a neuron from its noise",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, Fig. 8",
    "The slope phi'(u) is read from the mean rectified high-pass rate of a neuron whose potential "
    "carries white noise.",
    _cases,
    transferred,
    Effort(10),
    Effort(2),
    (
        ResultPlot("Read from noise", "estimate", "phi'(u)", "potential", "potential u"),
        ResultPlot("Minus the true slope", "bias", "difference", "potential", "potential u"),
    ),
    {"bias": "difference from the true slope"},
    differs="Some milliseconds after each switch of the potential are left out; with them the "
    "estimate is biased upwards.",
)
