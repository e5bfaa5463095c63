"""The angle between feedback and forward synapses, and how it falls in feedback alignment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from errorneurons.simulate.ablations.alignment import feedback_angles
from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.theories.registry import INTACT
from errorneurons.simulate.trials.training import train

FIXED = replace(INTACT, feedback="fixed")


def test_the_transpose_is_at_no_angle() -> None:
    weights = INTACT.initial_weights(1, [0, 1])
    angles = feedback_angles(INTACT.layers, weights.W, weights.B)
    np.testing.assert_allclose(angles[:, [0, 1, 2], [1, 2, 3]], 0, atol=1e-5)


def test_pairs_of_areas_without_synapses_have_no_angle() -> None:
    weights = INTACT.initial_weights(1, [0])
    angles = feedback_angles(INTACT.layers, weights.W, weights.B)
    assert np.isfinite(angles[0]).sum() == 3
    assert np.isnan(angles[0, 0, 2])


def test_the_opposite_and_the_unrelated_are_at_180_and_at_90_degrees() -> None:
    weights = FIXED.initial_weights(1, range(20))
    drawn = feedback_angles(FIXED.layers, weights.W, weights.B)[:, [0, 1, 2], [1, 2, 3]]
    assert drawn.mean() == pytest.approx(90, abs=2)
    opposite = -np.swapaxes(weights.W[:, :, 10:], 1, 2)
    angles = feedback_angles(FIXED.layers, weights.W, opposite)
    np.testing.assert_allclose(angles[:, 0, 1], 180, atol=1e-5)


def test_with_fixed_feedback_the_forward_synapses_turn_towards_it() -> None:
    networks = [0, 1, 2, 3]
    start = FIXED.initial_weights(1, networks)
    learnt = train(FIXED, association(1, networks), 1, networks, epochs=10).weights
    before, after = (feedback_angles(FIXED.layers, w.W, w.B)[:, 2, 3] for w in (start, learnt))
    assert (after < before - 5).all()


def test_shapes_that_do_not_fit_are_refused() -> None:
    rng = generator(1, "shapes")
    with pytest.raises(ValueError, match=r"W has shape \(1, 3, 3\) and B \(1, 2, 2\) for layers"):
        feedback_angles((1, 2), rng.normal(size=(1, 3, 3)), rng.normal(size=(1, 2, 2)))
