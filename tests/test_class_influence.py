"""The benchmark of P18a and P18b draws recordings in which N/M is known."""

from __future__ import annotations

import numpy as np
import pytest
from class_influence import Kind, Recordings, energies, rates

from errorneurons.predictions.claims.claim import Outcome

AT_THE_THRESHOLD: tuple[Kind, ...] = ("threshold", "one crosses", "gains differ", "ratios differ")


@pytest.mark.parametrize("key", ["P18a", "P18b"])
@pytest.mark.parametrize("kind", AT_THE_THRESHOLD)
def test_at_the_threshold_d_is_0_on_average(kind: Kind, key: str) -> None:
    one = Recordings(kind, 20, 40, 20, key)
    drawn = energies(one, np.random.default_rng(2), 40)
    d = drawn[..., 0] - one.claim.threshold * drawn[..., 1]
    assert abs(d.mean()) < 3 * d.std() / np.sqrt(d.size)


@pytest.mark.parametrize(
    ("kind", "key", "ratio"),
    [("as claimed", "P18a", 0.0), ("as claimed", "P18b", 0.0), ("no classes", "P18a", 1.0),
     ("no classes", "P18b", 2.0)],
)  # fmt: skip
def test_recordings_have_the_ratio_that_they_are_named_after(
    kind: Kind, key: str, ratio: float
) -> None:
    drawn = energies(Recordings(kind, 20, 40, 20, key), np.random.default_rng(1), 40)
    assert drawn[..., 0].mean() / drawn[..., 1].mean() == pytest.approx(ratio, abs=0.05)


@pytest.mark.parametrize("key", ["P18a", "P18b"])
def test_what_is_clear_is_found_and_silence_is_no_support(key: str) -> None:
    claimed, none, quiet = (
        rates(Recordings(k, 10, 20, key=key), 1, 200)
        for k in ("as claimed", "no classes", "nothing")
    )
    assert claimed[Outcome.SUPPORTED] > 0.95
    assert none[Outcome.CONTRADICTED] > 0.95
    assert quiet[Outcome.SUPPORTED] < 0.02
    assert quiet[Outcome.NOT_TESTABLE] > 0.9


@pytest.mark.parametrize("key", ["P18a", "P18b"])
@pytest.mark.parametrize("kind", AT_THE_THRESHOLD)
def test_at_the_threshold_neither_answer_comes_often(kind: Kind, key: str) -> None:
    found = rates(Recordings(kind, 10, 20, key=key), 1, 400)
    assert max(found[Outcome.SUPPORTED], found[Outcome.CONTRADICTED]) < 0.11
