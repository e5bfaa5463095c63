"""Ablations: what the equations demand of them, exactly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations import changes as ablations
from errorneurons.simulate.ablations.effects import (
    alignment,
    areas_of,
    effects_of_ablations,
    trained,
    transplanted,
)
from errorneurons.simulate.ablations.registry import ABLATIONS, LEARNERS, NULLS, ablation, pairs
from errorneurons.simulate.arrays import area_slices
from errorneurons.simulate.kernels.kernels import port
from errorneurons.simulate.tasks.registry import intact
from errorneurons.simulate.tasks.registry import task as entry
from errorneurons.simulate.tasks.task import TaskDesign
from errorneurons.simulate.trials.run import synapses

SMALL = TaskDesign(networks=2, seed=3, epochs=2)
EMC = "error_microcircuit"
HIDDEN = ["area 1", "area 2", "area 3"]
DESCENDING = ("hierarchical_pc", "hierarchical_pc_sensory", "hybrid_pc")
"""Whose areas own the synapses by which they predict, columns of V."""
EVERY = [pytest.param(t, a, id=f"{t} {a.name}") for t, a in pairs((), ())]


@cache
def measured(theory: str, name: str = "") -> Any:
    """Return the effects on two networks, lesions made in the intact trained ones."""
    whole = intact(theory)
    own = trained(whole, SMALL)
    if not name:
        return effects_of_ablations(whole, own, own.weights, SMALL)
    circuit = ablation(name).apply(whole)
    learnt = trained(circuit, SMALL)
    tested = learnt.weights
    if ablation(name).acute:
        tested = transplanted(circuit, synapses(own.weights), SMALL)
    return effects_of_ablations(circuit, learnt, tested, SMALL)


@cache
def changes(theory: str, name: str = "") -> Any:
    whole = intact(theory)
    circuit = ablation(name).apply(whole) if name else whole
    return alignment(circuit, shown(circuit), SMALL)


def shown(circuit: Any) -> Any:
    task = entry("association")
    assert task.shown is not None
    return task.shown(circuit, SMALL)


@pytest.mark.parametrize(("theory", "a"), EVERY)
def test_every_entry_changes_the_circuit_and_leaves_a_circuit(theory: str, a: Any) -> None:
    whole = intact(theory)
    circuit = a.apply(whole)
    assert circuit != whole
    assert circuit.theory == whole.theory
    state = circuit.rest(circuit.initial_weights(1, [0]), 1)
    assert set(state.rates) == set(whole.rest(whole.initial_weights(1, [0]), 1).rates)


@pytest.mark.parametrize(("theory", "a"), EVERY)
def test_a_lesion_leaves_the_draws_of_the_intact_networks(theory: str, a: Any) -> None:
    whole = intact(theory)
    before, after = (synapses(c.initial_weights(4, [2, 7])) for c in (whole, a.apply(whole)))
    if a.acute:
        for name, drawn in before.items():
            np.testing.assert_array_equal(after[name], drawn)


@pytest.mark.parametrize("theory", [EMC, "supervised_pc", "burst_dependent"])
def test_without_feedback_of_errors_hidden_synapses_do_not_change(theory: str) -> None:
    change, _ = changes(theory, "no_error_feedback")
    intact_change, _ = changes(theory)
    assert (change[:, :3] < 1e-8 * intact_change[:, :3]).all()
    assert (change[:, 3] > 0.5 * intact_change[:, 3]).all()


def test_without_feedback_of_errors_hidden_areas_have_none() -> None:
    found = measured(EMC, "no_error_feedback")
    assert not found["error"].sel(area=HIDDEN).values.any()
    assert (found["error"].sel(area="area 4") > 0).all()


def test_without_apical_drive_nothing_is_learnt_and_errors_descend_all_the_same() -> None:
    found, whole = measured(EMC, "no_error_to_representation"), measured(EMC)
    np.testing.assert_allclose(found["removed"], 0, atol=1e-9)
    np.testing.assert_array_equal(found["output"], whole["output"])
    assert (found["error"] > 0).all()
    assert np.isnan(found["angle"]).all()


@pytest.mark.parametrize("name", ["no_lookahead", "no_error_lookahead", "no_phi_prime"])
def test_what_acts_on_errors_or_in_time_only_leaves_inference_where_it_was(name: str) -> None:
    np.testing.assert_allclose(measured(EMC, name)["output"], measured(EMC)["output"], atol=1e-9)


def test_an_ungated_error_is_not_smaller() -> None:
    """phi' is at most 1; the 2 % are for representations that errors move."""
    assert (measured(EMC, "no_phi_prime")["error"] >= measured(EMC)["error"] * 0.98).all()


@pytest.mark.parametrize("theory", [t for t in LEARNERS if t not in DESCENDING])
@pytest.mark.parametrize("level", [1, 4])
def test_a_frozen_area_keeps_its_synapses_and_the_others_learn(theory: str, level: int) -> None:
    circuit: Any = ablations.frozen_area(intact(theory), level)
    start = circuit.initial_weights(SMALL.seed, range(SMALL.networks))
    learnt = trained(circuit, SMALL).weights
    name = "V" if hasattr(start, "V") else "W"
    moved = np.abs(getattr(learnt, name) - getattr(start, name)).max(axis=(0, 2))
    rows = area_slices(circuit.layers[1:])
    assert not moved[rows[level - 1]].any()
    assert all(moved[rows[other - 1]].any() for other in (1, 2, 3, 4) if other != level)


def test_a_frozen_area_of_hierarchical_coding_keeps_its_predictions() -> None:
    circuit: Any = ablations.frozen_area(intact("hierarchical_pc"), 2)
    assert not circuit.plastic_synapses[:, area_slices(circuit.levels)[2]].any()
    assert circuit.plastic_synapses.sum() == circuit.strengths.sum() - 20 * 15


def test_error_neurons_without_a_partner_neither_teach_nor_do_harm() -> None:
    whole, double = measured(EMC), measured(EMC, "double_error_neurons")
    np.testing.assert_allclose(double["loss"], whole["loss"], rtol=1e-9)
    half = ablation("half_error_neurons").apply(intact(EMC))
    start = half.initial_weights(SMALL.seed, range(SMALL.networks))
    moved = np.abs(trained(half, SMALL).weights.W - start.W).max(axis=(0, 2))
    for rows in area_slices(half.sizes):
        paired = round(0.5 * (rows.stop - rows.start))
        assert moved[rows][:paired].all()
        assert moved[rows][paired:].max() < 1e-10


def test_changes_follow_backprop_and_with_random_feedback_hidden_ones_do_not() -> None:
    (_, exact), (_, random) = changes(EMC), changes(EMC, "random_feedback")
    assert exact.max() < 25
    assert random[:, :3].mean() == pytest.approx(90, abs=20)


def test_random_feedback_starts_unrelated_and_the_forward_synapses_turn_to_it() -> None:
    found, whole = measured(EMC, "random_feedback"), measured(EMC)
    assert found["feedback_start"].sel(area=HIDDEN).mean() == pytest.approx(90, abs=10)
    hidden = found.sel(area=HIDDEN)
    assert (hidden["feedback"] < hidden["feedback_start"] - 1).all()
    np.testing.assert_allclose(whole["feedback"].sel(area=HIDDEN), 0, atol=0.1)
    assert np.isnan(found["feedback"].sel(area="area 4")).all()


def test_weight_noise_moves_inference_and_turns_changes_away() -> None:
    found, whole = measured(EMC, "noisy_weights"), measured(EMC)
    assert np.abs(found["output"] - whole["output"]).max() > 0.05
    assert (found["angle"].sel(area="area 1") > whole["angle"].sel(area="area 1") + 20).all()
    np.testing.assert_allclose(found["feedback_start"].sel(area=HIDDEN), 0, atol=1e-5)


def test_pairs_of_error_neurons_do_what_signed_ones_do() -> None:
    found, whole = measured(EMC, "paired_error_neurons"), measured(EMC)
    for name in ("loss", "output", "change"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-6)
    assert (found["error"] <= whole["error"] * (1 + 1e-9)).all()


def test_neurons_that_vary_follow_the_gradient_of_the_network_they_are_in() -> None:
    assert changes(EMC, "variable_representation_neurons")[1].max() < 30


def test_error_neurons_that_vary_speak_without_an_outcome() -> None:
    found, whole = measured(EMC, "variable_error_neurons"), measured(EMC)
    assert np.abs(found["output"] - whole["output"]).max() > 1e-3
    assert (found["removed"] < whole["removed"]).all()


def test_small_apical_drive_follows_backprop_exactly_without_skips() -> None:
    """In a chain, c and the attenuations are one factor an area; nudges vanish with g_apical."""
    chain: Any = ablation("hierarchical_only").apply(intact(EMC))
    _, angle = alignment(replace(chain, g_apical=1e-4), shown(chain), SMALL)
    assert angle.max() < 0.5


def test_routes_are_cut_both_ways_and_one_by_one() -> None:
    whole, cut = (c.initial_weights(1, [0]) for c in (
        intact(EMC), ablation("no_skip_1_3").apply(intact(EMC))
    ))  # fmt: skip
    one, two, three, four = area_slices((20, 15, 10, 5))
    into = [slice(10 + a.start, 10 + a.stop) for a in (one, two)]
    assert whole.W[:, three, into[0]].all()
    assert not cut.W[:, three, into[0]].any()
    assert not cut.B[:, one, three].any()
    assert cut.W[:, four, into[1]].all()
    assert (
        not ablation("hierarchical_only")
        .apply(intact(EMC))
        .initial_weights(1, [0])
        .W[:, four, into[1]]
        .any()
    )


def test_shuffled_strengths_are_the_same_strengths_elsewhere() -> None:
    whole = np.array(intact(EMC).area_strengths)  # type: ignore[attr-defined]
    shuffled = np.array(ablation("shuffled_strengths").apply(intact(EMC)).area_strengths)
    np.testing.assert_allclose(np.sort(shuffled.ravel()), np.sort(whole.ravel()))
    assert (shuffled != whole).any()
    np.testing.assert_array_equal(shuffled[:, 0], whole[:, 0])


def test_intact_networks_do_not_depend_on_how_many_there_are() -> None:
    one = trained(intact(EMC), replace(SMALL, networks=1))
    np.testing.assert_allclose(one.loss[:, 0], measured(EMC)["loss"][0], rtol=1e-9)


def test_training_goes_on_for_all_epochs() -> None:
    assert measured(EMC).sizes["epoch"] == 1 + SMALL.epochs // 2
    assert measured(EMC, "without_learning").sizes["epoch"] == 1 + SMALL.epochs // 2


@pytest.mark.parametrize("theory", LEARNERS)
def test_areas_are_those_of_the_representations(theory: str) -> None:
    assert areas_of(intact(theory)) == (*HIDDEN, "area 4")


@pytest.mark.parametrize("name", NULLS)
def test_nulls_have_nothing_to_cut(name: str) -> None:
    with pytest.raises(ValueError, match=f"nothing to ablate: {name} is a null: it has no errors"):
        pairs((name,), ())


def test_what_makes_no_sense_says_why() -> None:
    with pytest.raises(ValueError, match="supervised_pc has no lookahead to switch off"):
        pairs(("supervised_pc",), ("no_lookahead",))
    assert ablation("no_skip_1_3").why_not("dendritic_pc") == (
        "dendritic_pc is a strict hierarchy: what an area subtracts or predicts belongs to the "
        "next area only"
    )


@pytest.mark.parametrize("a", ABLATIONS, ids=lambda a: a.name)
def test_every_ablation_states_its_equation_and_has_a_reason_where_it_is_not(a: Any) -> None:
    assert a.sentence.endswith(".")
    assert "{" not in a.sentence
    assert all(len(str(a.why_not(t))) > len(t) + 10 for t in LEARNERS if t not in a.theories)
    assert all(d.measure in ("learning", "inference") or d.areas for d in a.demands)


@pytest.mark.parametrize("theory", [*LEARNERS])
def test_an_unknown_route_or_area_is_refused(theory: str) -> None:
    with pytest.raises(ValueError, match=r"an entry of cut of .* is 'error_feedbak', which"):
        replace(intact(theory), cut=("error_feedbak",))  # type: ignore[type-var]


def test_the_engine_refuses_a_circuit_in_which_something_is_cut() -> None:
    with pytest.raises(ValueError, match="the engine cuts no routes, but error_feedback is cut"):
        port(ablation("no_error_feedback").apply(intact(EMC)))
