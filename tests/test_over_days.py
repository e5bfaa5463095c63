"""The benchmark of the claims over days draws recordings in which N/M is known."""

from __future__ import annotations

import numpy as np
import pytest
from over_days import DRAWN, Recordings, energies, rates

from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import claim


@pytest.mark.parametrize("key", DRAWN)
@pytest.mark.parametrize("ratio", [0.0, 0.25])
def test_recordings_have_the_ratio_that_they_are_drawn_with(key: str, ratio: float) -> None:
    drawn = energies(Recordings(key, ratio, 20, 40, 10), np.random.default_rng(1), 20)
    assert drawn[..., 0].mean() / drawn[..., 1].mean() == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize("key", DRAWN)
def test_at_the_threshold_d_is_0_on_average_where_animals_differ_too(key: str) -> None:
    known = claim(key)
    drawn = energies(Recordings(key, known.threshold, 20, 20, 10, differs=True),
                     np.random.default_rng(2), 30)  # fmt: skip
    d = drawn[..., 0] - known.threshold * drawn[..., 1]
    assert abs(d.mean()) < 3 * d.std() / np.sqrt(d.size)


@pytest.mark.parametrize("key", DRAWN)
def test_what_the_claim_says_is_found_and_its_contrary_is_not(key: str) -> None:
    no, yes = (0.0, 0.7) if claim(key).side == "above" else (1.0, 0.0)
    assert rates(Recordings(key, yes, 10, 20, 10), 1, 30)[Outcome.SUPPORTED] > 0.9
    assert rates(Recordings(key, no, 10, 20, 10), 1, 30)[Outcome.SUPPORTED] == 0.0


def test_a_shift_the_wrong_way_contradicts_p20() -> None:
    found = rates(Recordings("P20", -0.7, 10, 20, 10), 1, 30)
    assert found[Outcome.CONTRADICTED] > 0.9


def test_at_the_threshold_p10_is_seldom_wrong_where_animals_differ_too() -> None:
    found = rates(Recordings("P10", claim("P10").threshold, 10, 20, 4, differs=True), 1, 200)
    assert max(found[Outcome.SUPPORTED], found[Outcome.CONTRADICTED]) < 0.1
