"""Labels that mean nothing answer nothing, whatever the cells do."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.labels import (
    chance_of_labels,
    doubt_of_labels,
    rank_sum,
    row_of_labels,
)
from errorneurons.predictions.judging.verdicts import on_recording

P18A, P21 = claim("P18a"), claim("P21")
CELLS = 8


def recorded(animal: int, meaning: bool, role: list[str] | None = None) -> xr.Dataset:
    """Return passive trials of an animal whose error cells are silent, or as all others."""
    rng = np.random.default_rng(animal)
    time = np.round(np.arange(-0.1, 0.3, 0.05) + 0.025, 9)
    error = np.arange(2 * CELLS) % 2 == 0
    driven = np.where(error & meaning, 0.0, 1.0) * rng.gamma(2.0, 1.0, 2 * CELLS)
    rate = driven * (time > 0)[:, None] + 0.1 * rng.normal(size=(8, len(time), 2 * CELLS))
    columns = {
        "time": time, "unit_id": [f"u{k}" for k in range(2 * CELLS)],
        "area": ["V1"] * CELLS + ["V2"] * CELLS, "level": [1.0] * CELLS + [2.0] * CELLS,
        "role": role or ["error" if e else "representation" for e in error],
        "label_source": ["genetic"] * 2 * CELLS, "stimulus": ["a", "b"] * 4,
        "input_onset": [0.0] * 8, "manipulation": ["none"] * 8, "teaching": [False] * 8,
        "familiarity": ["trained"] * 8,
    }  # fmt: skip
    known = {"animal": f"m{animal}", "session_id": "1"}
    return session({"rate": rate}, columns, known, signal="model", units="Hz", sampling_rate=20.0)


def test_the_sum_of_ranks_has_the_mean_and_deviation_of_labels_dealt_at_random() -> None:
    rng = np.random.default_rng(1)
    energies, strata = rng.normal(size=30), np.repeat([0.0, 1.0, 2.0], 10)
    labelled = np.tile([1.0, 1.0, 1.0] + 7 * [0.0], 3)
    dealt = [
        rank_sum(energies, np.concatenate([rng.permutation(x) for x in labelled.reshape(3, 10)]),
                 strata) for _ in range(2000)
    ]  # fmt: skip
    sums = np.array([x for x, _ in dealt])
    assert sums.mean() == pytest.approx(0.0, abs=0.03)
    assert sums.std() == pytest.approx(dealt[0][1], rel=0.05)


def test_an_area_whose_cells_are_all_labelled_alike_says_nothing_of_labels() -> None:
    alike = ["error"] * CELLS + ["representation"] * CELLS
    assert np.isnan(chance_of_labels([recorded(k, True, alike) for k in range(6)]))


def test_labels_are_told_from_chance_where_cells_differ_and_as_often_as_chance_has_it() -> None:
    assert chance_of_labels([recorded(k, True) for k in range(6)]) < 1e-6
    chances = np.array(
        [chance_of_labels([recorded(6 * k + j, False) for j in range(6)]) for k in range(100)]
    )
    assert (chances < 0.05).mean() <= 0.11
    assert np.median(chances) == pytest.approx(0.5, abs=0.15)


def test_the_same_cells_on_many_days_are_no_further_evidence() -> None:
    once, days = ([recorded(k, False) for k in range(6) for _ in range(n)] for n in (1, 20))
    assert chance_of_labels(days) == pytest.approx(chance_of_labels(once))


def test_what_labels_say_is_doubted_where_they_may_be_dealt_at_random() -> None:
    found = doubt_of_labels(P18A, 0.2)
    assert found is not None
    assert found.why == (
        "the labels may be wrong: nothing that is seen of the cells labelled error cells differs "
        "from the other cells of their areas by more than it does if labels are dealt at random "
        "(p 0.2)"
    )
    assert doubt_of_labels(P18A, 0.001) is None
    assert doubt_of_labels(P18A, float("nan")) is None
    assert doubt_of_labels(P21, 0.2) is None


def test_an_answer_says_beside_it_whether_its_labels_are_told_from_chance() -> None:
    p02 = claim("P02")
    verdicts, _ = on_recording([recorded(k, True) for k in range(6)], "x", [p02])
    assert verdicts[0].outcome is Outcome.NOT_TESTABLE
    assert row_of_labels(p02, 0.001) == {"labels": "told from labels dealt at random, p 0.001"}
    assert row_of_labels(P21, 0.001) == {}
