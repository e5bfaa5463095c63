"""The benchmark of P21 and P03 draws recordings in which N/M is known."""

from __future__ import annotations

import numpy as np
import pytest
from mismatch import Recordings, energies, rates

from errorneurons.predictions.claims.claim import Outcome


@pytest.mark.parametrize(
    ("key", "kind", "ratio"),
    [("P21", "threshold", 1 / 9), ("P21", "one in nine", 1 / 9), ("P21", "ratio differs", 1 / 9),
     ("P21", "nothing", 0.0), ("P21", "all", 1.0), ("P03", "threshold", 2 / 3),
     ("P03", "together", 1 / 2), ("P03", "below first", 1.0)],
)  # fmt: skip
def test_recordings_have_the_ratio_that_they_are_named_after(
    key: str, kind: str, ratio: float
) -> None:
    drawn = energies(Recordings(key, kind, 50, 100, 5), np.random.default_rng(1), 60)
    n, m = drawn[..., 0].mean(), drawn[..., 1].mean()
    assert n / m == pytest.approx(ratio, abs=0.02)


def test_where_the_order_differs_d_is_0_on_average() -> None:
    one = Recordings("P03", "order differs", 50, 60, 10)
    drawn = energies(one, np.random.default_rng(2), 60)
    d = drawn[..., 0] - 2 / 3 * drawn[..., 1]
    assert abs(d.mean()) < 3 * d.std() / np.sqrt(d.size)


def test_what_is_clear_is_answered_right() -> None:
    clear = {("P21", "nothing"), ("P03", "together")}
    for key, kind in clear:
        assert rates(Recordings(key, kind, 10, 60), 1, 100)[Outcome.SUPPORTED] > 0.95
    for key, kind in (("P21", "all"), ("P03", "below first")):
        assert rates(Recordings(key, kind, 10, 60), 1, 100)[Outcome.CONTRADICTED] > 0.95


@pytest.mark.parametrize(
    ("key", "kind"),
    [("P21", "threshold"), ("P21", "one in nine"), ("P21", "ratio differs"), ("P03", "threshold"),
     ("P03", "order differs")],
)  # fmt: skip
def test_at_the_threshold_neither_answer_comes_often(key: str, kind: str) -> None:
    found = rates(Recordings(key, kind, 10, 20), 1, 400)
    assert max(found[Outcome.SUPPORTED], found[Outcome.CONTRADICTED]) < 0.1
