"""The secondary methods against analysis of variance, limits and their own rule."""

from __future__ import annotations

from typing import Any

import nested
import numpy as np
import pytest
from nested import hierarchical_bootstrap, mixed_model

SEED = np.random.SeedSequence(3)


def animals(count: int, *shape: int, between: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    return list(
        rng.normal(0, between, (count, *[1] * len(shape))) + rng.normal(size=(count, *shape))
    )


def methods(values: list[Any]) -> list[nested.Nested]:
    return [hierarchical_bootstrap(values, SEED, 200), mixed_model(values)]


def test_balanced_animals_give_the_plain_mean() -> None:
    values = animals(8, 10)
    for found in methods(values):
        assert found.interval.value == pytest.approx(np.mean(values))
        assert found.interval.low < found.interval.value < found.interval.high


def test_the_mixed_model_of_balanced_animals_is_analysis_of_variance() -> None:
    values = np.array(animals(12, 10, between=2.0))
    within = values.var(axis=1, ddof=1).mean()
    between = values.mean(axis=1).var(ddof=1) - within / 10
    found = mixed_model(list(values))
    assert found.animal_variance == pytest.approx(between, rel=1e-3)
    assert found.cell_variance == pytest.approx(within, rel=1e-3)
    reach = 1.959964 * np.sqrt(values.mean(axis=1).var(ddof=1) / 12)
    assert found.interval.high - found.interval.value == pytest.approx(reach, rel=1e-3)


def test_the_animals_keep_their_intercept_beside_that_of_the_cells() -> None:
    rng = np.random.default_rng(5)
    parts = [rng.normal(0, s, shape) for s, shape in
             ((2.0, (10, 1, 1)), (1.0, (10, 6, 1)), (0.5, (10, 6, 4)))]  # fmt: skip
    values = parts[0] + parts[1] + parts[2]
    cell_means = values.mean(axis=2)
    cells = cell_means.var(axis=1, ddof=1).mean()
    found = mixed_model(list(values))
    assert found.animal_variance == pytest.approx(
        cell_means.mean(axis=1).var(ddof=1) - cells / 6, rel=1e-2
    )
    assert found.cell_variance == pytest.approx(
        cells - values.var(axis=2, ddof=1).mean() / 4, rel=1e-2
    )


def test_the_mixed_model_never_gives_a_mean_that_no_animal_bears_out() -> None:
    """As with one optimiser, which calls all zeros and an infinite likelihood converged."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        values = list(rng.normal(0, 1, (8, 1)) + rng.normal(size=(8, 10)))
        assert mixed_model(values).interval.value == pytest.approx(np.mean(values))


def test_animals_that_do_not_differ_have_a_variance_of_nothing() -> None:
    found = mixed_model(animals(8, 30, between=0.0))
    assert found.animal_variance == pytest.approx(0.0, abs=0.02)


def test_the_bootstrap_varies_animals_and_the_cells_within_them() -> None:
    values = animals(40, 10)
    found = hierarchical_bootstrap(values, SEED, 4000).interval
    variance = np.mean(values, axis=1).var() / 40 + np.var(values, axis=1).mean() / 10 / 40
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.06)


def test_the_bootstrap_of_trials_is_wider_than_that_of_cells() -> None:
    values = np.array(animals(10, 5, 4, between=0.0))
    cells, trials = (hierarchical_bootstrap(list(v), SEED, 4000).interval for v in
                     (values.mean(axis=2), values))  # fmt: skip
    assert trials.high - trials.low > cells.high - cells.low
    assert trials.level == "95 % hierarchical bootstrap over animals, cells and trials"


def test_a_bootstrap_is_repeated_by_its_seed() -> None:
    first, second = (hierarchical_bootstrap(animals(6, 5), SEED) for _ in range(2))
    assert first.interval == second.interval


def test_below_twenty_animals_neither_is_put_behind_a_verdict() -> None:
    for found in methods(animals(19, 3)):
        said = f"a {found.method} is not put behind a verdict below 20 animals, and this has 19"
        with pytest.raises(ValueError, match=said):
            found.for_verdict()


def test_from_twenty_animals_on_they_may_be() -> None:
    for found in methods(animals(20, 3)):
        assert found.for_verdict() == found.interval


@pytest.mark.parametrize(
    ("values", "said"),
    [([[1.0, 2.0]], "an estimate over animals needs 2 or more, not 1"),
     ([[1.0, 2.0], []], "animal 1 has no cells: leave it out"),
     ([[1.0, 2.0], [[1.0], [2.0]]], "give every animal as .cell,., or every animal as")],
)  # fmt: skip
def test_what_is_no_set_of_animals_is_refused(values: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        hierarchical_bootstrap(values, SEED)
    with pytest.raises(ValueError, match=said):
        mixed_model(values)


def test_cells_that_do_not_differ_are_refused_by_the_mixed_model() -> None:
    with pytest.raises(ValueError, match="a mixed model needs cells that differ"):
        mixed_model([[1.0, 1.0], [1.0, 1.0]])


def test_a_mixed_model_that_does_not_converge_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    fit = MixedLM.fit
    monkeypatch.setattr(MixedLM, "fit", lambda self, method: fit(self, method=method, maxiter=0))
    with pytest.raises(ValueError, match="did not converge with any of powell, nm, bfgs, cg"):
        mixed_model(animals(6, 5))
