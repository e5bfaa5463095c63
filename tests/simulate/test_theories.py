"""The registry: theories by name, and untrained networks as controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations.registry import LEARNERS, pairs
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import put_through
from errorneurons.simulate.animals.runner import recordings_of
from errorneurons.simulate.circuit import World
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.parts.connectivity import ascending_routes
from errorneurons.simulate.theories.left_open import LEFT_OPEN
from errorneurons.simulate.theories.nuisance import applied
from errorneurons.simulate.theories.registry import (
    COMPARED,
    CONTROLS,
    OPEN_CHOICES,
    SUBJECTS,
    THEORIES,
    Theory,
    theory,
)
from errorneurons.simulate.trials.training import train


def test_every_subject_and_control_is_found_by_its_name() -> None:
    every = SUBJECTS + CONTROLS
    assert [theory(t.name) for t in every] == list(every)


def test_an_unknown_theory_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no theory 'burst_dependant'; did you mean 'burst_depend"):
        theory("burst_dependant")


@pytest.mark.parametrize("circuit", {type(t.circuit): None for t in SUBJECTS})
def test_help_explains_each_parameter_of_a_theory_once(circuit: type) -> None:
    section = (circuit.__doc__ or "").partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    heads = [line for line in section.splitlines() if not line.startswith(" ")]
    explained = [name for head in heads for name in head.split(", ")]
    assert explained == [f.name for f in fields(circuit)]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda t: t.name)
def test_training_leaves_the_synapses_of_a_control_where_they_started(control: Theory) -> None:
    assert control.trained is not None
    start = control.trained.initial_weights(1, [0])
    trained = train(control.trained, association(1, [0]), 1, [0], epochs=2)
    name = "V" if hasattr(start, "V") else "W"
    np.testing.assert_array_equal(getattr(trained.weights, name), getattr(start, name))
    assert trained.removed == pytest.approx(0, abs=0.01)


def test_a_control_learns_in_the_experiment_itself() -> None:
    for control, subject in zip(CONTROLS, THEORIES, strict=True):
        assert control.circuit == subject.circuit


def test_the_macaque_like_microcircuit_learns_to_matched_performance_and_is_stable() -> None:
    circuit = theory("error_microcircuit_macaque").circuit
    assert ascending_routes(circuit.area_strengths)[2:4] == (  # type: ignore[attr-defined]
        ("area 2", "area 3"),
        ("area 2", "area 4"),
    )
    trained = train(circuit, association(1, range(8)), 1, list(range(8)))
    assert (trained.removed > 0.9).all()
    assert not (trained.diverged | trained.oscillating).any()


def test_variants_are_judged_but_neither_compared_nor_ablated_unless_asked_for() -> None:
    variants = {t.name for t in THEORIES if t.variant_of}
    assert variants == {"error_microcircuit_macaque"}
    assert not variants & {*COMPARED, *LEARNERS}
    with pytest.raises(ValueError, match="start from the wiring of error_microcircuit_macaque"):
        pairs(tuple(variants), ())


@pytest.mark.parametrize("variant", OPEN_CHOICES, ids=lambda t: t.name)
def test_what_a_theory_leaves_open_makes_a_variant_in_its_family(variant: Theory) -> None:
    known = theory(variant.variant_of)
    assert variant.name.startswith(f"{known.name}_")
    assert (variant.kin, variant.circuit.theory) == (known.kin, known.circuit.theory)
    assert (variant.circuit, variant.noise) != (known.circuit, known.noise)
    assert variant not in (*SUBJECTS, *CONTROLS)
    assert theory(variant.name) is variant


@pytest.mark.parametrize("variant", OPEN_CHOICES, ids=lambda t: t.name)
def test_worlds_of_a_variant_draw_nothing_that_it_decides(variant: Theory) -> None:
    animals = Animals(1, 1, worlds=2)
    drawn = animals.drawn(variant)
    circuit: Any = applied(variant.circuit, variant.nuisance, drawn)
    for name, value in variant_parameters(variant).items():
        assert getattr(circuit, name) == value


def variant_parameters(variant: Theory) -> dict[str, Any]:
    own = (c for c in LEFT_OPEN if variant.name == f"{c.theory}_{c.name}")
    return dict(next(own).parameters)


def test_what_has_no_error_neurons_and_learns_nothing_goes_through_the_experiment() -> None:
    tried = replace(with_learning(2), repeats=2)
    found = put_through(theory("adaptation"), tried, Animals(1), Instrument())
    assert not found.learnt
    assert "Training removed 0 % of the loss" in found.training
    session = next(recordings_of(found, Instrument()))
    error = session["role"].values == "error"
    assert set(session["label_source"].values[error]) == {"genetic"}
    off = session["targeted"].values[session["manipulated_area"].values == "all"].any(axis=0)
    assert off[error].any()
    assert not off[~error].any()


PER_NETWORK = [
    ("supervised_pc", {"skips": (0.0, 0.7), "direct": (0.0, 0.6), "lookahead": (2.0, 0.0)}),
    ("prospective_configuration", {"skips": (0.0, 0.7), "limit": (1e-3, 1e-9), "tau": (10.0, 5.0)}),
    ("hierarchical_pc", {"skips": (0.0, 0.7), "prior": (1.0, 0.0)}),
    (
        "mismatch_neurons",
        {
            "tau": (10.0, 14.0),
            "correction": (0.5, 0.3),
            "learning_rate": (0.1, 0),
            "recurrence": (0.5, 0.0),
        },
    ),
    ("dendritic_pc", {"g_apical": (0.005, 0.01)}),
    ("dendritic_microcircuit", {"g_apical": (0.005, 0.01), "g_interneuron": (0.06, 0.03)}),
    (
        "burst_dependent",
        {
            "p_0": (0.2, 0.3),
            "beta": (6.0, 3.0),
            "kappa": (0.4, 0.2),
            "inhibition": (0.5, 1.0),
            "skips": (0.0, 0.7),
        },
    ),
    (
        "hybrid_pc",
        {
            "skips": (0.0, 0.7),
            "prior": (1.0, 0.0),
            "amortisation": (1.0, 0.5),
            "learning_rate": (0.1, 0),
        },
    ),
    (
        "latent_equilibrium",
        {"tau": (10.0, 14.0), "lookahead": (1.0, 0.7), "beta": (0.1, 0.05), "skips": (0.0, 0.7)},
    ),
    (
        "scalar_reward",
        {"skips": (0.0, 0.7), "exploration": (0.05, 0.1), "learning_rate": (0.002, 0.001)},
    ),
    (
        "deep_feedback_control",
        {
            "tau": (5.0, 3.0),
            "k_p": (0.1, 0.2),
            "k_i": (0.02, 0.01),
            "leak": (0.0, 0.01),
            "reach": (0.2, 0.1),
            "learning_rate": (0.05, 0.02),
        },
    ),
    (
        "burst_balanced",
        {"p_b": (0.2, 0.3), "beta": (6.0, 3.0), "kappa": (1.0, 0.5), "inhibition_rate": (0.1, 0.0)},
    ),
    (
        "joint_embedding",
        {"tau": (10.0, 14.0), "correction": (0.5, 0.3), "learning_rate": (0.1, 0)},
    ),
    (
        "desegregated",
        {
            "tau": (10.0, 14.0),
            "balance": (0.5, 0.3),
            "descent": (0.5, 0.2),
            "spread": (0.2, 0.0),
            "learning_rate": (0.1, 0),
        },
    ),
    ("adaptation", {"tau_recovery": (300.0, 100.0), "use": (0.01, 0.02)}),
    ("feature_gain", {"gamma": (1.0, 0.5), "tau_arousal": (50.0, 20.0)}),
]


@pytest.mark.parametrize(("name", "values"), PER_NETWORK, ids=[n for n, _ in PER_NETWORK])
def test_networks_may_have_parameters_of_their_own(
    name: str,
    values: dict[str, tuple[float, float]],
    make_world: Callable[..., World],
    states: Callable[..., list[Any]],
) -> None:
    circuit = theory(name).circuit
    arrays = {k: np.reshape(v, (2, 1, 1)).astype(float) for k, v in values.items()}
    both = replace(circuit, **arrays)  # type: ignore[type-var]
    world = make_world(circuit, teaching=True)
    before, after = states(both, both.initial_weights(1, [4, 5]), world, 60)[-2:]
    learnt = both.learn(both.initial_weights(1, [4, 5]), before, after)
    for index, network in enumerate((4, 5)):
        alone = replace(circuit, **{k: v[index] for k, v in values.items()})  # type: ignore[type-var]
        weights = alone.initial_weights(1, [network])
        one, last = states(alone, weights, world, 60)[-2:]
        for role, rates in last.rates.items():
            np.testing.assert_allclose(after.rates[role][index], rates[0], atol=1e-12)
        changed = alone.learn(weights, one, last)
        field = "V" if hasattr(changed, "V") else "W"
        np.testing.assert_allclose(getattr(learnt, field)[index], getattr(changed, field)[0])
