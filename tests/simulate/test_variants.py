"""Variants: theory x ablation x connectivity x sizes, and what makes no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.runner import sessions
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.parts.connectivity import chain, macaque_fln, strengths_of
from errorneurons.simulate.theories.registry import INTACT, SUBJECTS, theory
from errorneurons.simulate.variants import Skipped, combined, variant

EMC = "error_microcircuit"


@pytest.mark.parametrize("name", [t.name for t in SUBJECTS])
def test_nothing_changed_is_the_theory_itself(name: str) -> None:
    assert variant(name) == theory(name)
    assert variant(name, layers=theory(name).circuit.layers) == theory(name)


def test_a_variant_says_what_was_changed() -> None:
    made = variant(EMC, "no_error_feedback", "macaque_fln", (10, 8, 6, 4, 5))
    assert made.identifier == f"{EMC}+no_error_feedback+macaque_fln+10-8-6-4-5"
    assert made.label.endswith("microcircuit, no_error_feedback, macaque_fln, 10-8-6-4-5")
    circuit: Any = made.circuit
    assert circuit.cut == ("error_feedback",)
    assert circuit.connectivity == macaque_fln(4)


def test_a_lesion_is_made_after_training_and_other_wiring_is_there_from_the_start() -> None:
    assert variant(EMC, "no_error_feedback").trained == INTACT
    assert variant(EMC, "random_feedback").trained is None
    assert variant(EMC, connectivity="dense").trained is None


@pytest.mark.parametrize("name", [t.name for t in SUBJECTS])
@pytest.mark.parametrize("layers", [(6, 8, 7, 6, 5, 3), (12, 9, 4)])
def test_every_theory_takes_other_numbers_of_areas(name: str, layers: tuple[int, ...]) -> None:
    circuit = variant(name, layers=layers).circuit
    assert circuit.layers == layers
    state = circuit.rest(circuit.initial_weights(1, [0]), 1)
    areas = {p.area for p in circuit.populations if p.role == "representation"}
    assert {f"area {n}" for n in range(1, len(layers))} <= areas
    assert all(np.isfinite(rates).all() for rates in state.rates.values())


def test_rates_of_other_areas_lie_between_those_of_their_neighbours() -> None:
    circuit: Any = variant(EMC, layers=(10, 9, 8, 7, 6, 6, 5)).circuit
    rates = np.array(circuit.learning_rates)
    assert rates[[0, -1]] == pytest.approx([0.5, 0.08])
    assert (np.diff(rates) < 0).all()


def test_the_macaque_variant_keeps_its_wiring_with_more_areas() -> None:
    made = variant("error_microcircuit_macaque", layers=(10, 9, 8, 7, 6, 5))
    assert made.connectivity == "macaque_binned"
    circuit: Any = made.circuit
    assert len(circuit.connectivity) == 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("supervised_pc", "no_lookahead"), "supervised_pc has no lookahead to switch off"),
        (("supervised_pc", "intact", "dense"), "supervised_pc cannot be wired as dense: by its"),
        (("adaptation", "random_feedback"), "adaptation is a null: it has no errors"),
        (("sensory_leak", "random_feedback"), "sensory_leak is broken, or left untrained, on"),
        ((EMC, "hierarchical_only"), "hierarchical_only changes nothing in error_microcircuit wir"),
        ((EMC, "no_feedbak"), "no ablation 'no_feedbak'; did you mean 'noisy_feedback'"),
        ((EMC, "intact", "macaque"), "there is no connectivity 'macaque'; did you mean 'macaque_"),
        ((EMC, "intact", "mine.csv"), "there is no file mine.csv; give a CSV file"),
        ((EMC, "intact", None, (10, 5)), r"layers is \(10, 5\); give at least 3 whole numbers"),
        (("error_microcircit",), "no theory 'error_microcircit'; did you mean 'error_microcircui"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(arguments: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        variant(*arguments)


def test_a_connectivity_is_read_from_a_table_with_our_names_or_its_own(tmp_path: Path) -> None:
    mine, named = tmp_path / "mine.csv", tmp_path / "named.csv"
    mine.write_text("source,target,strength\narea 1,area 2,1\narea 2,area 3,1\n")
    named.write_text("source,target,strength\nV1,LM,1\nLM,AL,1\n")
    assert strengths_of(str(mine), 3) == strengths_of(str(named), 3) == chain(3)
    with pytest.raises(ValueError, match=r"names 3 areas \(V1, LM, AL\) for a circuit of 4; name"):
        strengths_of(str(named), 4)
    assert variant(EMC, connectivity=str(named), layers=(5, 4, 4, 4)).connectivity == "named.csv"


def test_combinations_that_make_no_sense_are_skipped_with_a_reason() -> None:
    made, skipped = combined([EMC, "supervised_pc"], ["intact"], ["chain", "dense"], [None])
    assert [t.identifier for t in made] == [EMC, f"{EMC}+dense", "supervised_pc"]
    assert [(s.theory, s.connectivity, s.size) for s in skipped] == [
        ("supervised_pc", "dense", "20-15-10-5")
    ]
    assert isinstance(skipped[0], Skipped)


def test_no_combination_that_makes_sense_is_refused_with_the_reasons() -> None:
    with pytest.raises(ValueError, match="no combination makes sense: supervised_pc cannot be wi"):
        combined(["supervised_pc"], ["intact"], ["dense"], [None])


def test_sessions_say_ablation_connectivity_and_layers() -> None:
    made = variant(EMC, "noisy_weights", layers=(6, 8, 7, 5))
    (seen,) = sessions(made, replace(experiment("novelty"), repeats=2), Animals(1), Instrument())
    assert {n: seen.attrs[n] for n in ("theory", "ablation", "connectivity", "layers")} == {
        "theory": EMC, "ablation": "noisy_weights", "connectivity": "chain", "layers": "6-8-7-5"
    }  # fmt: skip
    assert {*seen["area"].values.tolist()} == {"area 1", "area 2", "area 3"}
