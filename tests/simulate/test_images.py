"""Drawing digits: what the best read-out can do, and what learning does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from errorneurons.simulate.tasks import images as task

SHORT = task.Images(epochs=30)


def with_best_readout(circuit: Any, weights: Any) -> Any:
    """Return synapses whose output is the least-squares fit of the images' potentials."""
    hidden = circuit.sizes[0]
    rates = circuit.sweep(weights).settled(task.items().inputs)[1][0, :, :hidden]
    wanted = logit(np.clip(task.digit_images(), 1e-9, 1 - 1e-9))
    W = weights.W.copy()
    W[0, hidden:, 10 : 10 + hidden] = np.linalg.lstsq(rates, wanted)[0].T / circuit.gain
    return replace(weights, W=W)


def test_ten_images_of_784_pixels_from_0_to_1() -> None:
    images = task.digit_images()
    assert images.shape == (10, 784)
    assert images.min() == 0
    assert images.max() == 1


def test_enlarging_keeps_the_digit() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    zero = digits.images[np.flatnonzero(digits.target == 0)[0]].ravel() / 16
    corners = np.round(np.linspace(0, 27, 8)).astype(int)
    small = task.digit_images()[0].reshape(28, 28)[np.ix_(corners, corners)].ravel()
    assert np.corrcoef(zero, small)[0, 1] > 0.98


def test_digits_are_told_apart_by_their_images() -> None:
    assert np.linalg.matrix_rank(task.digit_images()) == 10


def test_ten_hidden_neurons_are_enough_for_a_read_out_without_error() -> None:
    circuit = task.image_learner("backprop", 10)
    weights = with_best_readout(circuit, circuit.initial_weights(0, [0]))
    assert task.squared_error(circuit, weights, task.items()) < 1e-9


def test_fewer_are_not() -> None:
    circuit = task.image_learner("backprop", 5)
    weights = with_best_readout(circuit, circuit.initial_weights(0, [0]))
    assert task.squared_error(circuit, weights, task.items()) > 1e-3


@pytest.mark.parametrize(("theory", "error"), [("backprop", None), ("error_microcircuit", 5)])
def test_a_few_epochs_do_better_than_the_mean_image(theory: str, error: int | None) -> None:
    images = task.digit_images()
    found = task.images(task.image_learner(theory, 10, error), 0, [0], SHORT)
    assert found["error"].sizes == {"network": 1, "epoch": 31}
    assert float(found["score"][0]) < ((images - images.mean(axis=0)) ** 2).mean()


def test_the_start_is_that_of_small_weights() -> None:
    circuit = task.image_learner("error_microcircuit", 20)
    start = task.images(circuit, 0, [0], task.Images(epochs=1))["error"][0, 0]
    # Rates of 1/2 everywhere, but for weights that are small.
    assert float(start) == pytest.approx(((task.digit_images() - 0.5) ** 2).mean(), rel=0.1)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="epochs of the images is 0; give 1 or more"):
        task.Images(epochs=0)
    with pytest.raises(ValueError, match="theory is 'dendritic', which is unknown"):
        task.image_learner("dendritic")
