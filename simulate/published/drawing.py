"""Drawing digits: how many neurons of each kind a hidden area needs, and how alike."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from errorneurons.simulate.published.result import (
    Case,
    Effort,
    PublishedResult,
    ResultPlot,
    barred_from,
)
from errorneurons.simulate.tasks.images import Images, image_learner, images
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import VariableNeurons

_SIZES = (50, 100, 500, 1000)
_SMALL = (25, 50)
"""Sizes of a quick run."""
_BRIEF = 50
"""A run of fewer epochs is quick."""
_MICROCIRCUIT = ErrorMicrocircuit.theory
_SIGMAS = (0.0, 0.1, 0.3, 0.5, 1.0)


def _sizes(effort: Effort) -> tuple[int, ...]:
    return _SMALL if effort.epochs < _BRIEF else _SIZES


def _of_sizes(effort: Effort) -> tuple[Case, ...]:
    sizes = _sizes(effort)
    own = [
        Case(f"{_MICROCIRCUIT}-{n}-{e}", _MICROCIRCUIT, f"{e} error neurons", (n, e))
        for e in sizes
        for n in sizes
    ]
    return (*own, *(Case(f"{Backprop.theory}-{n}", Backprop.theory, "", (n, n)) for n in sizes))


def drawn(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return errors of digits before and after each epoch, see `images`."""
    representation, error = (int(str(n)) for n in case.how[:2])
    own = error if case.theory == _MICROCIRCUIT else None
    found = images(
        image_learner(case.theory, representation, own), seed, range(effort.networks),
        replace(Images(), epochs=effort.epochs),
    )  # fmt: skip
    return found.assign_coords(representation=representation)


POPULATION_SIZES = PublishedResult(
    "population_sizes",
    "How many neurons of each kind",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, Fig. 4",
    "Networks of 10 inputs, a hidden area and 784 outputs draw the image of a digit; the hidden "
    "area has fewer, as many or more error neurons than representation neurons.",
    _of_sizes,
    drawn,
    Effort(10, 100),
    Effort(2, 10),
    (
        ResultPlot("After training", "score", "mean squared error of a pixel", "representation",
              "representation neurons", "log"),
        ResultPlot("Learning, a line a size", "error", "mean squared error of a pixel", "epoch",
              "epoch", "log"),
    ),
    {"score": "mean squared error of a pixel after training"},
    differs="Learning rates, times and images are ours: the published ones are not given. The "
    "images are the first of each digit in scikit-learn's set, enlarged.",
    cannot=barred_from("images"),
)  # fmt: skip


def _of_variability(effort: Effort) -> tuple[Case, ...]:
    size = max(_sizes(effort))
    return tuple(
        Case(f"{role}-{sigma:g}", _MICROCIRCUIT, f"{role} neurons", (size, role, sigma))
        for role in ("representation", "error")
        for sigma in _SIGMAS
    )


def varied(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return errors of digits where the neurons of one role differ in slope and offset."""
    size, role, sigma = case.how
    circuit = image_learner(case.theory, int(str(size)))
    assert role in ("representation", "error")
    if sigma:
        circuit = circuit.having(VariableNeurons(role=role, sigma=float(str(sigma))))  # type: ignore[arg-type]
    found = images(circuit, seed, range(effort.networks), replace(Images(), epochs=effort.epochs))
    return found.assign_coords(sigma=float(str(sigma)))


VARIABILITY = PublishedResult(
    "variability",
    "Neurons that differ",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, Fig. 5",
    "Slopes and offsets of single neurons are drawn around 1 and 0, either in representation or in "
    "error neurons, and the network draws digits all the same.",
    _of_variability,
    varied,
    Effort(10, 100),
    Effort(2, 10),
    (
        ResultPlot("After training", "score", "mean squared error of a pixel", "sigma",
              "sigma of slopes and offsets", "log"),
    ),
    {"score": "mean squared error of a pixel after training"},
    differs="The published release perturbs representation neurons alone; its runs named after "
    "error neurons are the same runs, so that the curve of error neurons is ours.",
    cannot=barred_from("images"),
)  # fmt: skip
