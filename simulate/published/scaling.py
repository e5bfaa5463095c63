"""Whether the microcircuit keeps up with the artificial network as areas and neurons grow.

Time and memory of many networks are measured for up to a thousand, and told for a hundred thousand
by a model: once the blocks of networks that are stepped together are full, each block costs the
same, so that seconds and bytes are a + b networks; b is that of the largest two that were run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.published.result import (
    Case,
    Effort,
    PublishedResult,
    ResultPlot,
    barred_from,
)
from errorneurons.simulate.tasks.scaled import SIZED, affordable, grown, sized

_AREAS = (2, 3, 5, 10, 20)
_NEURONS = (10, 30, 100, 300, 1000)
_COUNTS = (10, 100, 300, 1000)
_TOLD = 100_000
_FEW_AREAS, _FEW_NEURONS = 3, 10
_MANY = 100
"""From so many neurons on, a quick run leaves networks out."""
_DEEPER, _LARGER, _BOTH, _MORE = "areas", "neurons", "areas and neurons", "networks"
_MANY_AREAS, _MOST_NEURONS = 20, (30, 100)


def _cases(effort: Effort) -> tuple[Case, ...]:
    neurons = [n for n in _NEURONS if n < _MANY or effort.epochs > 1]
    sizes = (
        *((_DEEPER, areas, _FEW_NEURONS) for areas in _AREAS),
        *((_LARGER, _FEW_AREAS, n) for n in neurons),
        *((_BOTH, _MANY_AREAS, n) for n in _MOST_NEURONS if n < _MANY or effort.epochs > 1),
        (_MORE, _FEW_AREAS, _FEW_NEURONS),
    )
    return tuple(
        Case(f"{theory}-{what.replace(' ', '-')}-{areas}x{n}", theory, what, (areas, n))
        for what, areas, n in sizes
        for theory in SIZED
    )


def learnt_at(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return what students of a size learn, how their changes point, and what that takes.

    Returns
    -------
    Dataset
        ``left`` (network), the share of the error that is left; ``angle`` (network, area) [deg],
        ``mean_angle`` and ``largest_angle`` (network); ``seconds`` of CPU for a network and item,
        and ``megabytes`` for a network, the same for all (network). Of the case of many networks
        ``all_seconds`` and ``all_megabytes`` (network, count) of all of them, the largest told.
    """
    areas, neurons = (int(str(n)) for n in case.how)
    circuit = sized(case.theory, areas, neurons)
    if case.condition == _MORE:
        return _counted(circuit, effort, seed)
    networks = range(affordable(circuit, effort.networks))
    found = grown(circuit, seed, networks, effort.epochs)
    every = np.ones(len(networks))
    return xr.Dataset(
        {
            "left": ("network", found.error / found.untrained),
            "angle": (("network", "area"), found.angles),
            "mean_angle": ("network", found.angles.mean(1)),
            "largest_angle": ("network", found.angles.max(1)),
            "seconds": ("network", found.seconds * every),
            "megabytes": ("network", found.peak / 1e6 * every),
        },
        {
            "network": networks, "area": np.arange(1, areas + 1),
            "areas": areas, "neurons": neurons,
        },
    )  # fmt: skip


def _counted(circuit: Any, effort: Effort, seed: int) -> xr.Dataset:
    counts = [n for n in _COUNTS if n <= _MANY or effort.epochs > 1]
    runs = [grown(circuit, seed, range(n), 1) for n in counts]
    seconds = np.array([run.seconds * n for run, n in zip(runs, counts, strict=True)])
    size = np.array([run.peak * n / 1e6 for run, n in zip(runs, counts, strict=True)])
    return xr.Dataset(
        {
            "all_seconds": (("network", "count"), extrapolated(counts, seconds, _TOLD)[None]),
            "all_megabytes": (("network", "count"), extrapolated(counts, size, _TOLD)[None]),
        },
        {
            "network": [0],
            "count": [*counts, _TOLD],
            "areas": len(circuit.sizes),
            "neurons": circuit.layers[0],
        },
        {"told": f"{_TOLD} by a + b networks through the largest two"},
    )


def extrapolated(counts: Sequence[int], values: Array, count: int) -> Array:
    """Return values and, behind them, that of another count on the line through the last two."""
    slope = (values[-1] - values[-2]) / (counts[-1] - counts[-2])
    return np.append(values, values[-1] + slope * (count - counts[-1]))


RESULT = PublishedResult(
    "scale",
    "Size",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, which says that the microcircuit keeps up "
    "as networks grow",
    "Students of 2 to 20 areas, or of areas of 10 to 1000 neurons, learn from random networks of "
    "their size; what is left of the error, the angle to backpropagation, time and memory.",
    _cases,
    learnt_at,
    Effort(5, 10),
    Effort(2, 1),
    (
        ResultPlot("Error left, by areas", "left", "share of the error left", "areas", "areas",
                   conditions=(_DEEPER,)),
        ResultPlot("Angle, by areas", "mean_angle", "angle to backpropagation [deg]", "areas",
                   "areas", conditions=(_DEEPER,)),
        ResultPlot("Error left, by neurons", "left", "share of the error left", "neurons",
                   "neurons an area", conditions=(_LARGER,), wide=True),
        ResultPlot("Angle, by neurons", "mean_angle", "angle to backpropagation [deg]", "neurons",
                   "neurons an area", conditions=(_LARGER,), wide=True),
        ResultPlot("Error left, 20 areas", "left", "share of the error left", "neurons",
                   "neurons an area", conditions=(_BOTH,), wide=True),
        ResultPlot("Time, by neurons", "seconds", "CPU time of a network and item [s]", "neurons",
                   "neurons an area", "log", (_LARGER,), wide=True),
        ResultPlot("Memory, by neurons", "megabytes", "memory of a network [MB]", "neurons",
                   "neurons an area", "log", (_LARGER,), wide=True),
        ResultPlot("Time of many networks", "all_seconds", "CPU time of an item [s]", "count",
                   "networks; the last point is told", "log", (_MORE,), wide=True),
        ResultPlot("Memory of many networks", "all_megabytes", "memory [MB]", "count",
                   "networks; the last point is told", "log", (_MORE,), wide=True),
    ),
    {"left": "share of the error left"},
    differs="No sizes, tasks or numbers are published of large networks. Here start weights and "
    "rates are scaled with the size and feedback has no noise, so that size alone differs. "
    "Synapses are kept as squares of all neurons, most of them zeros in a deep network: 20 areas "
    "of 1000 neurons would take 81 GB and are not run; of 20 areas at most 100 neurons are. "
    "Of large networks so many are run as fit into 2.4 GB, of 3 areas of 1000 neurons one. "
    "A hundred thousand networks are told by seconds = a + b networks, and memory alike.",
    cannot=barred_from("teacher_student"),
)  # fmt: skip
