"""Nuisance is drawn once a world, stays in its range, and depends on its world alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.simulate.theories.nuisance import (
    DELAY,
    OF_EXPERIMENT,
    STAGE,
    Nuisance,
    applied,
    draw_nuisances,
    one_of,
)
from errorneurons.simulate.theories.registry import INTACT, THEORIES, Theory

APICAL = Nuisance("g_apical", 0.01, 0.04, "half to twice the published")
SPEED = Nuisance("conductances", 0.5, 2.0, "time", factor_on=("g_leak", "g_basal", "g_apical"))


@given(share=st.floats(0, 1), scale=st.sampled_from(["log", "linear"]))
def test_values_stay_in_the_range_and_rise_with_their_share(share: float, scale: str) -> None:
    nuisance = replace(APICAL, scale=scale)
    low, here, high = nuisance.at(np.array([0.0, share, 1.0]))
    assert low == pytest.approx(0.01)
    assert high == pytest.approx(0.04)
    assert low <= here <= high * (1 + 1e-12)


def test_the_middle_of_a_log_range_is_its_geometric_mean() -> None:
    assert float(APICAL.at(np.array(0.5))) == pytest.approx(0.02)


def test_animals_scatter_less_within_a_world_than_worlds_do() -> None:
    worlds = np.array([draw_nuisances([APICAL], 1, "t", w, 20)["g_apical"] for w in range(30)])
    assert worlds.std(axis=1).mean() < 0.3 * worlds.mean(axis=1).std()


def test_a_world_does_not_depend_on_what_else_is_drawn() -> None:
    alone, beside = (
        draw_nuisances(n, 1, "t", 3, 5)["g_apical"] for n in ([APICAL], [SPEED, APICAL])
    )
    np.testing.assert_array_equal(alone, beside)
    assert (alone != draw_nuisances([APICAL], 1, "another", 3, 5)["g_apical"]).all()


def test_the_animals_of_a_world_share_one_delay_of_whole_steps() -> None:
    delay = Nuisance(DELAY, 0.001, 0.004, "conduction", "linear")
    values = draw_nuisances([delay], 1, "t", 0, 5)
    assert len(set(values[DELAY])) == 1
    steps = applied(INTACT, [delay], values).timing.delay_steps
    assert steps == round(1000 * values[DELAY][0])


def test_what_is_one_of_a_few_is_shared_by_a_world_and_falls_on_each_equally_often() -> None:
    sizes = one_of("layers", ((10, 5), (10, 7, 5), (10, 9, 5)), "sizes")
    drawn = np.array([draw_nuisances([sizes], 1, "t", w, 4)["layers"] for w in range(600)])
    assert (drawn == drawn[:, :1]).all()
    np.testing.assert_allclose(np.bincount(drawn[:, 0].astype(int)) / 600, 1 / 3, atol=0.06)


def test_what_was_chosen_is_what_the_circuit_has() -> None:
    sizes = one_of("layers", (INTACT.layers, (10, 15, 15, 15, 5)), "sizes")
    assert applied(INTACT, [sizes], {"layers": np.ones(4)}).sizes == (15, 15, 15, 5)


def test_a_factor_multiplies_what_another_nuisance_has_set() -> None:
    values = {"g_apical": np.array([0.01, 0.02]), "conductances": np.array([2.0, 0.5])}
    circuit = applied(INTACT, [APICAL, SPEED], values)
    np.testing.assert_allclose(np.ravel(circuit.g_apical), [0.02, 0.01])
    np.testing.assert_allclose(np.ravel(circuit.g_leak), [0.06, 0.015])


def test_conductances_scaled_together_scale_the_time_constant() -> None:
    circuit = applied(INTACT, [SPEED], {"conductances": np.array([2.0, 0.5])})
    np.testing.assert_allclose(np.ravel(circuit.tau), [INTACT.tau / 2, INTACT.tau * 2])


def test_a_delay_lifts_the_low_end_of_what_would_oscillate() -> None:
    tau = Nuisance("tau", 2.0, 8.0, "relaxation", lifted=1000.0)
    ends = [tau.after(d).at(np.array([0.0, 1.0])).tolist() for d in (0.0, 0.003, 0.1)]
    assert ends == [pytest.approx(e) for e in ([2.0, 8.0], [5.0, 8.0], [8.0, 8.0])]
    delay = Nuisance(DELAY, 0.003, 0.003, "conduction", "linear")
    for order in ([tau, delay], [delay, tau]):
        assert (draw_nuisances(order, 1, "t", 0, 200)["tau"] >= 5).all()


def test_what_opposes_another_is_low_where_that_is_high() -> None:
    prior = Nuisance("prior", 0.0, 1.0, "precision", "linear")
    stage = Nuisance(STAGE, 0.0, 1.0, "learnt", "linear", opposes="prior", spread=0.0)
    for world in range(5):
        drawn = draw_nuisances([stage, prior], 1, "t", world, 3)
        np.testing.assert_allclose(drawn[STAGE], 1 - drawn["prior"])


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_an_impossible_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"range of the nuisance 'g' is .* give two ascending"):
        Nuisance("g", low, high, "none")


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
def test_every_nuisance_is_something_of_the_circuit_or_the_experiment(theory: Theory) -> None:
    own = {f.name for f in fields(theory.circuit)}
    for nuisance in theory.nuisance:
        if nuisance.part is not None:
            own.add(nuisance.part(np.zeros(1)).name)
        assert set(nuisance.factor_on or (nuisance.name,)) <= own | set(OF_EXPERIMENT)
        assert nuisance.reason
