"""Where tuning changes when a new association is learnt with one area's error cells off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from errorneurons.simulate.circuit import neurons
from errorneurons.simulate.experiments.association import STIMULI
from errorneurons.simulate.experiments.learning import CHRONIC_SILENCING
from errorneurons.simulate.experiments.trials import AREA_NAMES
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.run import Activity

MICROCIRCUIT = theory("error_microcircuit")


def tuning(activity: Activity, evoked: Callable[..., Any]) -> Any:
    """Return the mean response to each new stimulus, (stimulus, network, neuron)."""
    new = (activity.table["familiarity"] == "novel") & (activity.table["outcome"] == "none")
    response, pattern = evoked(activity, "representation", "stimulus"), activity.table["pattern"]
    return np.stack([response[:, new & (pattern == k)].mean(axis=1) for k in range(STIMULI)])


def changes(days: list[Activity], evoked: Callable[..., Any]) -> list[float]:
    """Return how much tuning changed in each area from the first to the last day."""
    change = tuning(days[-1], evoked) - tuning(days[0], evoked)
    where = [neurons(MICROCIRCUIT.circuit, "representation", area) for area in AREA_NAMES]
    return [float(np.sqrt((change[..., own] ** 2).mean())) for own in where]


def test_the_laser_is_on_at_the_outcome_of_every_trial_of_learning_and_of_no_test() -> None:
    for experiment, area in zip(CHRONIC_SILENCING, (None, *AREA_NAMES), strict=True):
        for (block,) in (day.blocks for day in replace(experiment, repeats=2).days(1)):
            silenced = block.table["manipulated_area"]
            assert (silenced == (area if area and block.plastic else "none")).all()
            assert block.plastic == (block.table["phase"] == "during").all()


def test_groups_are_taught_the_same_trials() -> None:
    first, *others = (replace(experiment, repeats=2).days(1) for experiment in CHRONIC_SILENCING)
    for days in others:
        for day, same in zip(days, first, strict=True):
            assert day.table["stimulus"].tolist() == same.table["stimulus"].tolist()


def test_the_microcircuit_learns_above_the_silenced_area_only(
    put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    second = CHRONIC_SILENCING[2]
    assert second.name == "chronic_silencing_area_2"
    *spared, area_3, area_4 = changes(put_through(MICROCIRCUIT, second), evoked)
    np.testing.assert_allclose(spared, 0, atol=1e-6)
    assert min(area_3, area_4) > 0.1
