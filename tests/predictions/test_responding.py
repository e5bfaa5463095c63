"""What of a recording has a response to compare with; without one nothing is weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import session
from errorneurons.analysis.statistics import holm
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.comparing import responding as asked
from errorneurons.predictions.comparing.responding import (
    BY_CHANCE,
    Responding,
    clear_of_chance,
    responding,
    telling,
)
from errorneurons.predictions.judging.measured import Measured
from errorneurons.predictions.judging.verdicts import on_recording

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
        monkeypatch.setattr(asked, "_untold", lambda *_: "")
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


def passive(animal: str, mismatch: float = 0.0, taught: float | None = None) -> xr.Dataset:
    """Return cells that answer the input, and as much as said violations, with noise."""
    rng = np.random.default_rng(ord(animal))
    blocks = [(False, mismatch)] if taught is None else [(False, mismatch), (True, taught)]
    rows = [(teaches, odd, size * odd) for teaches, size in blocks for odd in (0, 1) * 20]
    time = np.round(np.arange(-0.1, 0.6, 0.05) + 0.025, 9)
    rate = rng.normal(size=(len(rows), len(time), 12))
    rate[:, (time > 0) & (time < 0.2)] += 5.0
    rate[:, time > 0.3] += np.array([size for *_, size in rows])[:, None, None]
    columns = {
        "time": time, "unit_id": [f"u{k}" for k in range(12)], "area": ["V1"] * 12,
        "level": [1.0] * 12, "role": ["unknown"] * 12, "stimulus": ["A"] * len(rows),
        "input_onset": [0.0] * len(rows), "outcome_onset": [0.3] * len(rows),
        "outcome": ["unexpected" if odd else "expected" for _, odd, _ in rows],
        "teaching": [teaches for teaches, *_ in rows], "control": ["matched"] * len(rows),
        "manipulation": ["none"] * len(rows), "phase": ["after"] * len(rows),
    }  # fmt: skip
    attrs = {"animal": animal, "session_id": "1"}
    return session({"rate": rate}, columns, attrs, signal="model", units="Hz", sampling_rate=20.0)


def of_passive(mismatch: float = 0.0, taught: float | None = None) -> Responding:
    days = [passive(name, mismatch, taught) for name in ANIMALS]
    return telling(days, on_recording(days, "passive")[1]).responses


@pytest.mark.parametrize("taught", [None, 0.0])
def test_animals_that_are_not_seen_to_expect_bring_no_evidence_by_what_they_lack(
    taught: float | None,
) -> None:
    found = of_passive(taught=taught)
    assert found.set_aside["P21"] == "nothing shows that the animals expect anything"
    assert found.nothing.startswith(
        "P21 says nothing, since nothing shows that the animals expect anything"
    )


def test_animals_that_answer_violations_of_either_kind_expect() -> None:
    assert "P21" in of_passive(mismatch=2.0).clear
    assert "P21" in of_passive(taught=2.0).clear


def test_what_is_not_weighed_says_why() -> None:
    found = Responding(("P02",), (), untold={"P21": "nothing shows it"}).caution
    assert found == "P21 brings no evidence for or against any theory, since nothing shows it."


def test_responses_of_many_recordings_are_adjusted_as_those_of_one_are() -> None:
    rng = np.random.default_rng(1)
    p = 10 ** -rng.uniform(0, 4, (200, 9))
    p[rng.uniform(size=p.shape) < 0.2] = np.nan
    assert np.array_equal(clear_of_chance(p), [holm(row) <= BY_CHANCE for row in p])


def test_claims_that_one_reason_leaves_open_are_named_together() -> None:
    found = Responding((), (), untold={"P02": "labels may be wrong", "P04a": "labels may be wrong"})
    assert found.caution.startswith(
        "P02 and P04a bring no evidence for or against any theory, since labels may be wrong."
    )
    assert found.nothing.startswith("P02 and P04a say nothing, since labels may be wrong, so")
