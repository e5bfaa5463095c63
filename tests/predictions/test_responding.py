"""What of a recording has a response to compare with; without one nothing is weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing import responding as asked
from errorneurons.predictions.comparing.responding import (
    BY_CHANCE,
    Responding,
    responding,
    telling,
)
from errorneurons.predictions.judging.measured import Measured

KEYS = tuple(c.key for c in CLAIMS if not c.behaviour)
ANIMALS = tuple("abcdefgh")
BEHAVIOUR = tuple(c.key for c in CLAIMS if c.behaviour)


def said(m: Sequence[float], rng: np.random.Generator, names: Sequence[str] = ANIMALS) -> Measured:
    """What animals with these M say to a claim, with noise; over trials, too."""
    energies = np.zeros((len(m), 3))
    energies[:, 1] = m + rng.normal(size=len(m))
    left = energies.mean(axis=0) + rng.normal(0, 0.38 / np.sqrt(len(m)), (8, 3))
    few = len(m) < 5
    return Measured(tuple(names[: len(m)]), energies, thinned=left if few else np.empty((0, 3)))


def recording(m: Sequence[float], seed: int = 0) -> dict[str, Measured]:
    rng = np.random.default_rng(seed)
    return {key: said(m, rng) for key in KEYS}


@pytest.mark.parametrize("animals", [1, 3, 8])
def test_a_claim_with_a_response_is_told_from_one_without(animals: int) -> None:
    rng = np.random.default_rng(1)
    found = responding({"P02": said([20.0] * animals, rng), "P04a": said([0.0] * animals, rng)})
    assert (found.clear, found.silent) == (("P02",), ("P04a",))


def test_noise_has_a_response_in_any_claim_as_rarely_as_the_level_says() -> None:
    found = [bool(responding(recording([0.0] * 8, seed)).clear) for seed in range(100)]
    assert np.mean(found) < BY_CHANCE + 2 * np.sqrt(BY_CHANCE / 100)


def test_a_claim_that_no_animal_answers_is_neither_clear_nor_silent() -> None:
    assert responding({"P02": Measured((), np.empty((0, 3)))}) == Responding((), ())


def test_a_recording_of_noise_says_why_nothing_is_weighed() -> None:
    found = Responding((), ("P02", "P04a")).nothing
    assert found == (
        "the response that is compared with (M) is not clear of 0 in any of the 2 claims that can "
        "be tested, so that there is nothing to weigh, and no theory is ruled out"
    )
    assert not Responding(("P02",), ("P04a",)).nothing


def test_claims_and_animals_without_a_response_are_named() -> None:
    found = Responding(("P02",), ("P04a", "P05a"), ("b", "d"), 8).caution
    assert found.startswith("In 2 of 8 animals (b and d) no response is clear of 0 while it is")
    assert "(M) is not clear of 0 in P04a and P05a, which bring no evidence" in found
    assert not Responding(("P02",), ()).caution


def test_a_verdict_that_rests_on_behaviour_alone_says_so() -> None:
    found = Responding(BEHAVIOUR, ("P02",)).caution
    assert found.endswith(
        "So no activity is weighed: the verdict rests on P06b alone, on what the animals do."
    )


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Weigh eight animals, of which those with a name from `without` respond to nothing."""

    def found(without: str) -> Any:
        m = {name: 0.0 if name in without else 40.0 for name in ANIMALS}

        def measured(sessions: Sequence[xr.Dataset]) -> dict[str, Measured]:
            return recording([m[str(s.attrs["animal"])] for s in sessions])

        monkeypatch.setattr(asked, "_measured", measured)
        sessions = [xr.Dataset(attrs={"animal": name}) for name in ANIMALS]
        return telling(sessions, measured(sessions))

    return found


def test_animals_that_respond_to_nothing_are_not_weighed_where_others_respond(half: Any) -> None:
    told = half("abcd")
    assert told.responses.without == tuple("abcd")
    assert [s.attrs["animal"] for s in told.sessions] == [*"efgh"]
    assert told.responses.clear == KEYS


def test_animals_are_left_out_neither_if_all_respond_nor_if_none_does(half: Any) -> None:
    assert not half("").responses.without
    nobody = half("abcdefgh").responses
    assert (nobody.without, bool(nobody.nothing)) == ((), True)
