"""Virtual data sets have the energies, the ICC and the mean of D that they are made with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_energies import (
    Cells,
    Design,
    animal_variance,
    drawn,
    drawn_animals,
    measured,
    numerator,
    responses,
)
from scipy import stats

from errorneurons.analysis.measures.energies import energy, energy_of_difference

DESIGN = Design(animals=6, cells=20, icc=0.3, label_error=0.05)
SHAPES = ("symmetric", "skewed", "heavy tails")


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed))


def test_the_energies_of_all_cells_are_those_of_measures() -> None:
    data = responses(DESIGN, rng(1))
    found = measured(data)
    for where in np.ndindex(6, 20):
        one = {name: {str(s): row[:, None] for s, row in enumerate(x[where])}
               for name, x in data.items()}  # fmt: skip
        contrast = energy_of_difference(one["unexpected"], one["expected"])
        assert found.numerator[where] == pytest.approx(energy(one["input"]))
        assert found.denominator[where] == pytest.approx(contrast)
        assert found.false_label[where] == pytest.approx(energy(one["unlabelled"]))


@pytest.mark.parametrize("part", ["numerator", "denominator", "false_label"])
@pytest.mark.parametrize("design", [DESIGN, replace(DESIGN, trials=2, stimuli=3, noise=1.0)])
def test_energies_drawn_at_once_are_distributed_as_those_of_trials(
    design: Design, part: str
) -> None:
    one = replace(design, animals=400, cells=2)
    trial_by_trial, at_once = measured(responses(one, rng(2))), drawn(one, rng(3), 10)
    first, second = (getattr(cells, part) for cells in (trial_by_trial, at_once))
    for take in (np.mean, np.ptp):  # of the two cells of an animal: together, and apart
        assert stats.ks_2samp(take(first, axis=-1), take(second, axis=-1).ravel()).pvalue > 1e-3


@pytest.mark.parametrize("label_error", [0.0, 0.1])
def test_animals_drawn_at_once_are_distributed_as_those_of_cells(label_error: float) -> None:
    design = replace(DESIGN, cells=10, label_error=label_error)
    first = drawn(design, rng(8), 400).energies().reshape(-1, 3)
    second = drawn_animals(design, rng(9), 4000).reshape(-1, 3)
    for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1 / 9, -label_error)):
        assert stats.ks_2samp(first @ weights, second @ weights).pvalue > 1e-3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("effect", [-0.5, 0.0, 1.0])
@pytest.mark.parametrize("label_error", [0.0, 0.1])
def test_d_has_the_mean_that_was_asked_for(shape: str, effect: float, label_error: float) -> None:
    design = replace(DESIGN, shape=shape, effect=effect, label_error=label_error)
    cells = drawn(design, rng(4), 3000)
    d = cells.difference(design.threshold, label_error).mean(axis=-1).ravel()
    wanted = effect * design.threshold * (1 - label_error / 2)
    assert abs(d.mean() - wanted) < 4 * stats.sem(d)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("icc", [0.05, 0.3])
def test_cells_of_an_animal_are_correlated_as_asked_for(shape: str, icc: float) -> None:
    design = replace(DESIGN, shape=shape, icc=icc, label_error=0.0, animals=40_000, cells=10)
    d = drawn(design, rng(5), 1).difference(design.threshold, 0.0)[0]
    within = d.var(axis=1, ddof=1).mean()
    between = d.mean(axis=1).var(ddof=1) - within / 10
    assert between / (between + within) == pytest.approx(icc, rel=0.1)


def test_symmetric_animals_give_a_symmetric_d_and_skewed_ones_do_not() -> None:
    skewness = []
    for shape in ("symmetric", "skewed"):
        design = replace(DESIGN, shape=shape, label_error=0.0, cells=60)
        d = drawn(design, rng(6), 3000).difference(design.threshold, 0.0).mean(axis=-1)
        skewness.append(stats.skew(d.ravel()))
    assert abs(skewness[0]) < 0.2 < 0.6 < skewness[1]


def test_the_share_of_false_labels_is_that_of_the_design() -> None:
    design = replace(DESIGN, icc=0.0, label_error=0.1, noise=1e-9, effect=-1.0)
    false = drawn(design, rng(7), 500).numerator > 1e-6
    assert false.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / false.size))


def test_false_labels_raise_the_n_that_lies_at_the_threshold() -> None:
    assert numerator(replace(DESIGN, label_error=0.0)) == pytest.approx(1 / 9)
    assert numerator(replace(DESIGN, label_error=0.1)) == pytest.approx(1 / 9 * (1 + 0.05 / 0.9))


def test_animals_of_no_correlation_do_not_differ() -> None:
    assert animal_variance(replace(DESIGN, icc=0.0)) == 0.0


@pytest.mark.parametrize(
    ("options", "said"),
    [({"stimuli": 1, "icc": 0.4}, "an ICC of 0.4 cannot be had with 1 stimuli"),
     ({"shape": "skewed", "effect": -1.0}, "only N is to vary, and an effect of -1 makes it 0")],
)  # fmt: skip
def test_designs_that_cannot_be_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        animal_variance(replace(DESIGN, **options))


def test_the_energies_of_an_animal_are_means_over_its_cells() -> None:
    cells = Cells(*(np.array([[1.0, 3.0]]) * k for k in (1, 2, 3)))
    assert cells.energies().tolist() == [[2.0, 4.0, 6.0]]
    np.testing.assert_allclose(cells.difference(0.5, 0.1), [[1 - 0.6 - 1, 3 - 0.6 - 3]])
