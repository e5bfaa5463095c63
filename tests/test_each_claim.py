"""The benchmark of each claim asks all that the outcome-error experiment shows, but for two."""

from __future__ import annotations

import numpy as np
import pytest
from each_claim import KEYS, at_the_threshold, found, power
from known_energies import Design

from errorneurons.predictions.claims.registry import CLAIMS, claim, is_usual

BY_THEMSELVES = {"P01", "P03"}
"""They compare products of energies, and have benchmarks of their own."""


def test_all_claims_that_compare_two_energies_are_asked_beside_others_of_their_threshold() -> None:
    assert {key for keys in KEYS for key in keys} == (
        {c.key for c in CLAIMS if is_usual(c)} - BY_THEMSELVES
    )
    for keys in KEYS:
        assert len({(claim(key).threshold, claim(key).side) for key in keys}) == 1


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_at_the_threshold_neither_answer_comes_often_and_what_is_claimed_does(
    keys: tuple[str, ...],
) -> None:
    judged = claim(keys[0])
    for shape in ("symmetric", "skewed"):
        assert max(at_the_threshold(judged, 10, shape, 1, 400).values()) < 0.1
    assert power(judged, 10, 1, 200) > 0.4


def test_twice_the_threshold_is_never_called_below_it() -> None:
    answers = found(claim("P04a"), Design(10, 60, 0.1, 0.0, 1.0, 0.5), 1, 200)
    assert np.isin(answers, ["CONTRADICTED", "UNDECIDED"]).all()
