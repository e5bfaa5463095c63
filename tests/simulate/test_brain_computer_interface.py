"""Errors are signed by what the animal takes a neuron to do, before and after a swap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import neurons
from errorneurons.simulate.experiments.interface import (
    EXPERIMENTS,
    KNOWN,
    SWAPPED,
    brain_computer_interface,
)
from errorneurons.simulate.experiments.readout import ALL, FIRST, NO_DECODER
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.run import Activity

AT_ONCE, REALIGNING, FIXED = EXPERIMENTS
MICROCIRCUIT = theory("error_microcircuit")


def interactions(days: list[Activity], name: str, role: str, evoked: Callable[..., Any]) -> Any:
    """Return the correlation of responses with the cursor's error times the sign of the weight."""
    circuit, found = theory(name).circuit, []
    for day in days[1:]:
        assert day.decoder is not None
        response = evoked(day, role)[..., neurons(circuit, role, circuit.output_area)]
        signed = (day.target - day.output) * np.sign(day.decoder)[:, None]
        found.append(float((signed * response).sum())
                     / np.sqrt(float((signed**2).sum() * (response**2).sum())))  # fmt: skip
    return np.array(found)


def realigned(rate: float) -> list[float]:
    days = replace(brain_computer_interface("any", "any", rate), repeats=1).days(1)
    return [float(days[number - 1].table["realigned"].iloc[0]) for number in SWAPPED]


def test_a_day_has_one_decoder_and_it_changes_on_the_day_of_the_swap() -> None:
    days = replace(AT_ONCE, repeats=2).days(1)
    names = [day.table["decoder"].unique().tolist() for day in days]
    assert names == [[NO_DECODER]] + [[FIRST]] * len(KNOWN) + [[ALL]] * len(SWAPPED)


def test_the_belief_covers_each_day_the_stated_share_of_what_is_missing() -> None:
    assert realigned(1.0) == [1.0] * 4
    assert realigned(0.0) == [0.0] * 4
    assert realigned(0.5) == [0.5, 0.75, 0.875, 0.9375]


def test_a_rate_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rate of realigning is 1\.5; give a share between 0 and"):
        brain_computer_interface("any", "any", 1.5)


def test_errors_have_the_sign_of_the_weight_and_flip_with_the_belief_only(
    put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    at_once, fixed = (
        interactions(put_through(MICROCIRCUIT, e), MICROCIRCUIT.name, "error", evoked)
        for e in (AT_ONCE, FIXED)
    )
    known = slice(0, len(KNOWN))
    assert (at_once[known] > 0.5).all()
    assert (at_once > 0.5).all()
    assert (fixed[known] == at_once[known]).all()
    assert (fixed[len(KNOWN) :] < -0.2).all()


def test_a_belief_that_realigns_flips_when_it_is_half_way(
    put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    found = interactions(put_through(MICROCIRCUIT, REALIGNING), MICROCIRCUIT.name, "error", evoked)
    assert np.sign(found[len(KNOWN) :]).tolist() == [-1 if r < 0.5 else 1 for r in realigned(0.25)]


def test_no_response_of_the_adaptation_null_is_signed_by_weights(
    put_through: Callable[..., list[Activity]], evoked: Callable[..., Any]
) -> None:
    found = interactions(
        put_through(theory("adaptation"), AT_ONCE), "adaptation", "representation", evoked
    )
    assert np.abs(found).max() < 0.3


def test_the_microcircuit_learns_to_move_the_cursor(
    put_through: Callable[..., list[Activity]],
) -> None:
    days = put_through(MICROCIRCUIT, AT_ONCE)
    misses = [float(np.sqrt(((day.target - day.output) ** 2).mean())) for day in days[1:]]
    first, swap = 0, len(KNOWN)
    assert misses[swap - 1] < 0.5 * misses[first]
    assert misses[swap] > 2 * misses[swap - 1]
    assert misses[-1] < 0.5 * misses[swap]
