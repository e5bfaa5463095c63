"""Theories of the report on published tasks: layers, rates and time."""

from __future__ import annotations

import numpy as np
import pytest

from errorneurons.simulate.circuit import neurons
from errorneurons.simulate.tasks import cart_pole, match_to_sample, rivals, yin_yang
from errorneurons.simulate.tasks.held import keeps_its_time, paced
from errorneurons.simulate.theories.registry import theory as find


@pytest.mark.parametrize("theory", yin_yang.TASK.rivals)
def test_a_rival_has_the_layers_of_the_task_and_keeps_its_time(theory: str) -> None:
    circuit = yin_yang.yin_yang_rival(theory)
    assert circuit.layers == (4, 30, 3)
    assert keeps_its_time(circuit)
    assert paced(circuit, 10) == (100, 100)
    output = neurons(circuit, "representation", circuit.output_area)
    weights = circuit.initial_weights(0, [0])
    assert circuit.rest(weights, 1).rates["representation"][..., output].shape == (1, 1, 3)


def test_rates_are_those_of_the_report_times_the_pace() -> None:
    own, there = find("supervised_pc"), rivals.rival("supervised_pc", "yin_yang", (4, 30, 3))
    assert there.learning_rate == own.paces["yin_yang"] * own.circuit.learning_rate
    tufts = rivals.rival("dendritic_microcircuit", "cart_pole", (8, 4, 4, 1))
    assert tufts.learning_rates == (0.8, 0.4, 0.04)
    assert tufts.interneuron_rates == (0.4, 0.2)


def test_deep_networks_have_the_last_hidden_rate_again() -> None:
    deep = rivals.rival("burst_balanced", "teacher_student", (8, 8, 8, 8, 8, 8, 1))
    assert deep.learning_rates == (0.5, 0.3, 0.2, 0.2, 0.2, 0.1)


@pytest.mark.parametrize("theory", match_to_sample.TASK.rivals)
def test_in_match_to_sample_a_rival_is_as_fast_as_published(theory: str) -> None:
    circuit = match_to_sample.match_rival(theory)
    assert not keeps_its_time(circuit)
    assert not match_to_sample.is_threshold(circuit)


def test_potentials_are_read_through_the_threshold() -> None:
    circuit = match_to_sample.match_rival("supervised_pc")
    np.testing.assert_allclose(
        match_to_sample.thresholded(circuit, np.array([0.4, 0.5, 0.6])), np.tanh([-2, 0, 2])
    )


def test_what_predicts_the_other_way_round_keeps_its_own_start() -> None:
    assert yin_yang.yin_yang_rival("supervised_pc").weight_scale == 4.0
    assert yin_yang.yin_yang_rival("hierarchical_pc").weight_scale == 1.0


def test_a_rival_is_neither_published_with_the_task_nor_a_variant() -> None:
    assert not set(cart_pole.TASK.rivals) & set(cart_pole.CONTROLLERS)
    assert "error_microcircuit_macaque" not in yin_yang.TASK.rivals
    assert "supervised_pc" not in rivals.rivals("yin_yang", ("supervised_pc",))
