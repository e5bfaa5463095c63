"""The benchmark of P01 draws populations in which N/M is known."""

from __future__ import annotations

import numpy as np
import pytest
from own_cells import P01, Kind, Recordings, energies, rates

from errorneurons.predictions.claims.claim import Outcome


@pytest.mark.parametrize(
    ("kind", "ratio"),
    [("threshold", 1 / 3), ("leak differs", 1 / 3), ("even", 2 / 3), ("alike", 1.0),
     ("independent", 1.0), ("two classes", 0.0), ("a tenth", 0.0)],
)  # fmt: skip
def test_populations_have_the_ratio_that_they_are_named_after(kind: Kind, ratio: float) -> None:
    drawn = energies(Recordings(kind, 50, 200, 5), np.random.default_rng(1), 60)
    n, m = drawn[..., 0].mean(), drawn[..., 1].mean()
    assert n / m == pytest.approx(ratio, abs=0.08 if kind == "independent" else 0.02)


def test_at_the_threshold_d_is_0_on_average_where_the_leak_differs_too() -> None:
    drawn = energies(Recordings("leak differs", 50, 500, 20), np.random.default_rng(2), 60)
    d = drawn[..., 0] - P01.threshold * drawn[..., 1]
    assert abs(d.mean()) < 3 * d.std() / np.sqrt(d.size)


def test_one_peak_is_not_taken_for_two_classes_and_two_classes_are_found() -> None:
    even, classes = (rates(Recordings(k, 10, 60), 1, 200) for k in ("even", "two classes"))
    assert even[Outcome.SUPPORTED] == 0.0
    assert classes[Outcome.SUPPORTED] > 0.95
