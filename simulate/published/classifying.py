"""Yin-Yang: a classification that needs a hidden area that learns."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from errorneurons.simulate.published.result import (
    Case,
    Effort,
    Figure,
    PublishedResult,
    ResultPlot,
    barred_from,
)
from errorneurons.simulate.tasks.yin_yang import (
    CLASSIFIERS,
    TASK,
    YinYang,
    yin_yang,
    yin_yang_learner,
    yin_yang_rival,
)
from errorneurons.simulate.theories.backprop import Backprop

_HIDDEN = 30
_OWN_STEP = "all synapses learn, at its own step"
_CONDITIONS = {
    "all": ("all synapses learn", False, _HIDDEN),
    "frozen": ("lower synapses frozen", True, _HIDDEN),
    "flat": ("no hidden area", False, 0),
}


def _joining(theory: str, _: Effort) -> tuple[Case, ...]:
    return (Case(f"{theory}-all", theory, _OWN_STEP, tuple(_CONDITIONS["all"][1:])),)


def _cases(effort: Effort) -> tuple[Case, ...]:
    own = tuple(
        Case(f"{theory}-{key}", theory, words, tuple(how))
        for key, (words, *how) in _CONDITIONS.items()
        for theory in CLASSIFIERS
    )
    return (*own, *(case for name in TASK.rivals for case in _joining(name, effort)))


def classified(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return the share of points told right, see `yin_yang`."""
    frozen, hidden = case.how
    if case.condition == _OWN_STEP:
        circuit = yin_yang_rival(case.source)
    else:
        circuit = yin_yang_learner(case.theory, frozen=bool(frozen), hidden=int(str(hidden)))
    task = replace(YinYang(), epochs=effort.epochs)
    return yin_yang(circuit, seed, range(effort.networks), task)


RESULT = PublishedResult(
    "yin_yang",
    "Yin-Yang",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164; numbers of the artificial network: "
    "Kriener, Goeltz & Petrovici 2022, doi:10.1145/3517343.3517380",
    "Networks 4-30-3 tell three regions of a disc apart; with frozen lower synapses they do so "
    "poorly, and without a hidden area worse.",
    _cases,
    classified,
    Effort(10, 300),
    Effort(2, 4),
    tuple(
        ResultPlot(words, "accuracy", "share right", "epoch", "epoch", conditions=(words,))
        for words in (*(words for words, *_ in _CONDITIONS.values()), _OWN_STEP)
    ),
    {
        "accuracy": "share of points right in validation",
        "score": "share of points right in the test",
    },
    tuple(
        Figure(f"{Backprop.theory}-{key}", "score", mean, mean - deviation, mean + deviation)
        for key, mean, deviation in (
            ("all", 0.976, 0.015), ("frozen", 0.855, 0.058), ("flat", 0.638, 0.010),
        )
    ),
    "The published artificial networks learn with Adam in batches of 20; those here learn online "
    "by plain gradient descent, at the rate at which their microcircuit does: slower, and in 300 "
    "epochs as good. The microcircuit stays below, which may be the noise on its feedback. "
    "Microcircuit and artificial network are as published, taught at every step of 0.01 ms; all "
    "others are as in the report, with 100 ms of each point and then 100 ms with its class, linear "
    "outputs, and learning rates of which the best of a few was taken. Adaptation and gain learn "
    "nothing and show what is chance.",
    barred_from("yin_yang"),
    _joining,
)  # fmt: skip
