"""Joint embedding: influence of both forms of predictive processing, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array, area_slices
from errorneurons.simulate.circuit import Timing, World, neurons
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC
from errorneurons.simulate.theories.joint_embedding import JointEmbedding
from errorneurons.simulate.theories.mismatch_neurons import MismatchNeurons, Weights

SMALL = JointEmbedding(
    layers=(4, 6, 5, 3), activation=("tanh", "tanh", "linear"), timing=Timing(1e-3, 1e-3)
)
LINEAR = replace(SMALL, activation=("linear",) * 3)
ROWS = area_slices((6, 5, 3))
POSITIVE, NEGATIVE = SMALL.error_places[::-1]

Maker = Callable[..., World]
Runner = Callable[..., list[Any]]


def predicting(circuit: JointEmbedding, scale: float = 0.1, within: float = 0.0) -> Weights:
    """Return synapses by which areas predict one another somehow, and themselves one to one."""
    weights = circuit.initial_weights(1, [0])
    V = np.random.default_rng(5).normal(size=weights.V.shape) * (circuit.plastic_synapses > 0)
    return replace(weights, V=scale * V + within * np.eye(14))


def moved(
    circuit: Any, weights: Any, make_world: Maker, states: Runner, role: Any, where: Any
) -> tuple[Array, Array]:
    """Return by how much rates of representation and error move, where some cells are driven."""
    size, current = neurons(circuit, role).stop, 0.3
    driven = np.zeros((1, 1, size))
    driven[..., where] = current
    both = (make_world(circuit), make_world(circuit, current={role: driven}))
    one, two = (states(circuit, weights, world, 2000)[-1].rates for world in both)
    return tuple((two[r] - one[r]).mean(axis=(0, 1)) for r in ("representation", "error"))  # type: ignore[return-value]


def test_an_embedding_drives_positive_errors_of_its_area_and_stills_negative_ones(
    make_world: Maker, states: Runner
) -> None:
    """As representations of hierarchical coding do; mismatch neurons do the opposite."""
    here = np.arange(6, 11)
    _, error = moved(SMALL, predicting(SMALL), make_world, states, "representation", here)
    assert error[POSITIVE[here]].sum() > 0.1
    assert error[NEGATIVE[here]].sum() < -0.1

    other = MismatchNeurons(layers=SMALL.layers, activation=SMALL.activation, timing=SMALL.timing)
    weights = predicting(SMALL, within=0.5)
    _, error = moved(other, weights, make_world, states, "representation", here)
    npe, ppe = other.error_places
    assert error[ppe[here]].sum() < -0.01
    assert error[npe[here]].sum() > 0.01


@pytest.mark.parametrize(("cells", "sign"), [(POSITIVE, 1), (NEGATIVE, -1)])
def test_positive_errors_drive_the_embedding_of_their_area_and_negative_ones_still_it(
    cells: Any, sign: int, make_world: Maker, states: Runner
) -> None:
    """As mismatch neurons do; an error of hierarchical coding explains its own level away."""
    here = np.arange(6, 11)
    x, _ = moved(SMALL, predicting(SMALL), make_world, states, "error", cells[here])
    assert sign * x[here].mean() > 0.01
    hierarchical = HierarchicalPC(layers=(4, 6, 5, 3), outcomes=3, timing=SMALL.timing, tau=20.0)
    area_2 = neurons(hierarchical, "error", "area 2")
    weights = hierarchical.initial_weights(1, [0])
    x, _ = moved(hierarchical, weights, make_world, states, "error", area_2)
    assert x[neurons(hierarchical, "representation", "area 2")].mean() < -0.01


def test_no_area_predicts_itself_and_all_others_are_its_context(
    make_world: Maker, states: Runner
) -> None:
    before, last = states(SMALL, predicting(SMALL), make_world(SMALL, teaching=True), 300)[-2:]
    weights = predicting(SMALL)
    changed = (SMALL.learn(weights, before, last).V != weights.V)[0]
    for one, here in enumerate(ROWS):
        for two, there in enumerate(ROWS):
            assert changed[here, there].all() == (one != two)


def test_a_linear_embedding_moves_away_from_what_is_predicted(
    make_world: Maker, states: Runner
) -> None:
    """x = z + k / (1 - k) (z - P), and errors report it: r - P = (z - P) / (1 - k)."""
    weights, k = predicting(LINEAR), LINEAR.correction
    last = states(LINEAR, weights, make_world(LINEAR, teaching=True), 3000)[-1]
    P = last.r @ weights.V[0].T
    z = make_world(LINEAR, teaching=True)
    shown = np.concatenate([z.input, last.r], axis=-1) @ weights.F[0].T
    shown[..., 11:] = z.target
    np.testing.assert_allclose(last.x, shown + k / (1 - k) * (shown - P), atol=1e-9)
    np.testing.assert_allclose(last.mismatch, (shown - P) / (1 - k), atol=1e-9)


def test_what_is_learnt_is_the_gradient_of_the_error_between_embeddings(
    make_world: Maker, states: Runner
) -> None:
    weights, world = predicting(SMALL), make_world(SMALL, teaching=True)
    before, last = states(SMALL, weights, world, 2000)[-2:]
    dV = (SMALL.learn(weights, before, last).V - weights.V)[0]
    dV = dV / (SMALL.timing.dt * SMALL.learning_rate)

    def loss(V: Array) -> float:
        return float(0.5 * ((last.r - last.context @ V.T) ** 2).sum())

    for post, pre in ((0, 8), (7, 12), (13, 2)):
        step = np.zeros_like(dV)
        step[post, pre] = 1e-5
        slope = (loss(weights.V[0] + step) - loss(weights.V[0] - step)) / 2e-5
        assert dV[post, pre] == pytest.approx(-slope, abs=1e-7)


def test_predictions_approach_the_best_linear_ones_of_other_areas(states: Runner) -> None:
    circuit = replace(SMALL, learning_rate=0.1, correction=0.0)
    weights, rng = circuit.initial_weights(1, [0]), np.random.default_rng(3)
    shown, outcome = rng.uniform(-1, 1, (1, 25, 4)), rng.uniform(-0.8, 0.8, (1, 25, 3))
    world = World(shown, outcome, np.ones((1, 1, 1), bool))
    last = states(circuit, weights, world, 300, circuit.rest(weights, 25))[-1]
    start = (last.r[0] ** 2).sum()
    for _ in range(4000):  # embeddings do not depend on predictions if nothing is corrected
        weights = circuit.learn(weights, last, last)
        last = replace(last, mismatch=last.r - last.context @ weights.V[0].T)
    best = 0.0
    for here in ROWS:
        others = np.delete(last.r[0], here, axis=1)
        V = np.linalg.lstsq(others, last.r[0][:, here], rcond=None)[0]
        best += ((last.r[0][:, here] - others @ V) ** 2).sum()
    left = (last.mismatch**2).sum()
    assert best - 1e-9 < left < best + 0.05 * (start - best)


def test_without_an_outcome_the_output_is_predicted_and_has_no_error(
    make_world: Maker, states: Runner
) -> None:
    weights = predicting(SMALL)
    last = states(SMALL, weights, make_world(SMALL), 3000)[-1]
    P = last.r @ weights.V[0].T
    np.testing.assert_allclose(last.r[..., 11:], P[..., 11:], atol=1e-9)
    np.testing.assert_allclose(last.mismatch[..., 11:], 0, atol=1e-9)
    assert np.abs(last.mismatch[..., :11]).max() > 0.1


def test_with_errors_silenced_areas_encode_and_the_output_predicts_all_the_same(
    make_world: Maker, states: Runner
) -> None:
    off = make_world(SMALL, keep={"error": np.zeros((1, 1, 28))})
    weights = predicting(SMALL)
    last = states(SMALL, weights, off, 3000)[-1]
    r_1 = np.tanh(off.input @ weights.F[0, :6, :4].T)
    r_2 = np.tanh(r_1 @ weights.F[0, 6:11, 4:10].T)
    np.testing.assert_allclose(last.r[..., :11], np.concatenate([r_1, r_2], axis=-1), atol=1e-9)
    cut = replace(SMALL, cut=("error_to_representation",))
    np.testing.assert_allclose(
        states(cut, weights, make_world(cut), 3000)[-1].r, last.r, atol=1e-12
    )


def test_a_correction_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"correction of joint_embedding is 1\.5; give a share"):
        JointEmbedding(correction=1.5)
