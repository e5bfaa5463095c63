"""The registry: theories by name, and untrained networks as controls."""

from __future__ import annotations

import numpy as np
import pytest

from errorneurons.simulate.sweep import Plan, ensemble
from errorneurons.simulate.tasks.association import association
from errorneurons.simulate.theories import CONTROLS, SUBJECTS, THEORIES, Theory, theory
from errorneurons.simulate.training import train


def test_every_subject_and_control_is_found_by_its_name() -> None:
    every = SUBJECTS + CONTROLS
    assert [theory(t.name) for t in every] == list(every)


def test_an_unknown_theory_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no theory 'burst_dependant'; did you mean 'burst_depend"):
        theory("burst_dependant")


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


def test_what_has_no_error_neurons_and_learns_nothing_goes_through_the_experiment() -> None:
    found = ensemble(theory("adaptation"), Plan(networks=1, repeats=2, learning_repeats=2))
    assert not found.learnt
    assert "Training removed 0 % of the loss" in found.training
    session = next(found.sessions())
    assert set(session["role"].values) == {"representation"}
    assert not session["targeted"].values[session["manipulated_role"].values == "error"].any()
