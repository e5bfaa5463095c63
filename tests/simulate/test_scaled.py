"""Students of any size: what is alike in all, and how their changes of synapses point."""

from __future__ import annotations

import numpy as np
import pytest

from errorneurons.simulate.published.scaling import RESULT, extrapolated
from errorneurons.simulate.tasks.held import Items
from errorneurons.simulate.tasks.scaled import (
    SIZED,
    affordable,
    grown,
    sized,
    update_directions,
)
from errorneurons.simulate.theories.registry import theory as find

MICROCIRCUIT, ARTIFICIAL = SIZED


@pytest.mark.parametrize("theory", SIZED)
@pytest.mark.parametrize("areas", [3, 20])
def test_activity_neither_fades_nor_grows_from_area_to_area(theory: str, areas: int) -> None:
    circuit = sized(theory, areas, 100)
    inputs = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 10, 100))
    rates = circuit.sweep(circuit.initial_weights(0, [0])).settled(inputs)[1]
    assert 0.3 < rates[..., -100:].std() / inputs.std() < 3


def test_the_artificial_network_follows_its_own_gradient_and_the_microcircuit_nearly() -> None:
    # its feedback is that of a change ago
    assert grown(sized(ARTIFICIAL, 3, 10), 0, [0], 1).angles.max() < 0.1
    assert grown(sized(MICROCIRCUIT, 3, 10), 0, [0], 1).angles.max() < 2


@pytest.mark.parametrize("theory", SIZED)
def test_students_learn_and_longer_is_better(theory: str) -> None:
    left = [
        float(np.median(found.error / found.untrained))
        for found in (grown(sized(theory, 3, 10), 0, range(3), epochs) for epochs in (1, 4))
    ]
    assert left[1] < left[0] < 1


def test_what_was_not_run_is_told_by_a_line_through_the_last_two() -> None:
    np.testing.assert_allclose(
        extrapolated([1, 10, 100], np.array([9.0, 12, 102]), 1000), [9, 12, 102, 1002]
    )


@pytest.mark.parametrize("name", ["prospective_configuration", "adaptation"])
def test_only_what_infers_by_a_sweep_has_an_angle_to_backpropagation(name: str) -> None:
    circuit = find(name).circuit
    weights = circuit.initial_weights(0, [0])
    rng = np.random.default_rng(0)
    asked = Items(rng.uniform(-1, 1, (1, 2, 10)), rng.uniform(-0.5, 0.5, (1, 2, 5)))
    angles = update_directions(circuit, weights, asked)
    assert angles.shape == (1, 4)
    assert np.isnan(angles).all() == (circuit.sweep(weights) is None) == (name == "adaptation")


def test_as_many_networks_are_run_as_fit_into_memory() -> None:
    assert affordable(sized(MICROCIRCUIT, 3, 10), 5) == 5
    assert 1 <= affordable(sized(MICROCIRCUIT, 3, 1000), 5) < 5


def test_a_network_that_does_not_fit_into_memory_is_refused() -> None:
    with pytest.raises(ValueError, match=r"20 areas of 1000 neurons take 80.6 GB a network"):
        affordable(sized(MICROCIRCUIT, 20, 1000), 5)


@pytest.mark.parametrize("quick", [True, False])
def test_every_size_of_the_published_result_fits_into_memory(quick: bool) -> None:
    effort = RESULT.quick if quick else RESULT.published
    for case in RESULT.cases(effort):
        areas, neurons = (int(str(n)) for n in case.how)
        assert affordable(sized(case.theory, areas, neurons), effort.networks) >= 1
