"""Claims that are tested twice: within a threshold and its negative, or of two things at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from errorneurons.predictions.claims.claim import Outcome, SubjectKind, Verdict
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import Measured
from errorneurons.predictions.judging.rule import answered, by_student, ends

WITHIN = claim("P20")
BELOW = replace(WITHIN, side="below")
KINDS: tuple[SubjectKind, ...] = ("recording", "theory")


def energies(share: float, spread: float = 0.05, animals: int = 10) -> npt.NDArray[np.float64]:
    off = spread * np.linspace(-1, 1, animals)
    return np.stack([share + off, np.ones(animals), np.zeros(animals)], axis=-1)


def verdict(share: float, kind: SubjectKind, spread: float = 0.05) -> Verdict:
    table = energies(share, spread)
    return judge(WITHIN, "it", Measured(tuple(map(str, range(len(table)))), table), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("share", "outcome"),
    [(0.0, "SUPPORTED"), (0.2, "SUPPORTED"), (-0.2, "SUPPORTED"), (0.34, "UNDECIDED"),
     (-0.34, "UNDECIDED"), (0.5, "CONTRADICTED"), (-0.5, "CONTRADICTED")],
)  # fmt: skip
def test_either_end_counts(share: float, outcome: str, kind: SubjectKind) -> None:
    found = verdict(share, kind)
    assert found.outcome == outcome
    assert found.value == pytest.approx(share)
    assert np.mean(found.points) == pytest.approx(share)
    assert found.low <= share <= found.high


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_names_the_end(kind: SubjectKind) -> None:
    assert "N/M is 0.12, between -0.33 and 0.33, as claimed" in verdict(0.12, kind).reason
    beyond = "N/M is -0.72, beyond the threshold of -0.33; the claim says between -0.33 and 0.33"
    assert beyond in verdict(-0.72, kind).reason
    assert "N/M is -0.34, not clear of the threshold of -0.33" in verdict(-0.34, kind).reason


def test_a_recording_that_could_be_beyond_either_end_is_undecided() -> None:
    found = verdict(0.0, "recording", spread=1.0)
    assert found.outcome is Outcome.UNDECIDED
    assert found.numbers["p"] > 0.05


def test_at_an_end_the_two_tests_are_wrong_as_seldom_as_one() -> None:
    rng = np.random.default_rng(1)
    table = energies(-1 / 3, 0.0, 8) + rng.normal(0, 0.05, (4000, 8, 1)) * [1.0, 0.0, 0.0]
    for test in (by_student, answered):
        found = test(WITHIN, table, 0.0)
        for outcome in (Outcome.SUPPORTED, Outcome.CONTRADICTED):
            assert (found == outcome).mean() < 0.06


def test_mirrored_energies_are_answered_alike() -> None:
    table = energies(0.3, 0.3)
    _, mirrored = ends(WITHIN, table)
    assert answered(WITHIN, table, 0.0) == answered(WITHIN, mirrored, 0.0)
    assert answered(BELOW, mirrored, 0.0) == Outcome.SUPPORTED


# Two things at once

BOTH = claim("P11")


def of_both(first: float, second: float, animals: int = 10) -> Verdict:
    table = np.column_stack([energies(first, animals=animals), energies(second)[:, 0]])
    return judge(BOTH, "it", Measured(tuple(map(str, range(animals))), table), "recording")


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [(0.8, 0.62, "SUPPORTED"), (0.62, 0.8, "SUPPORTED"), (0.8, 0.12, "CONTRADICTED"),
     (0.12, 0.8, "CONTRADICTED"), (0.8, 0.34, "UNDECIDED")],
)  # fmt: skip
def test_two_things_at_once_hold_if_the_weaker_does_which_is_named(
    first: float, second: float, outcome: str
) -> None:
    found = of_both(first, second)
    assert found.outcome == outcome
    assert found.value == pytest.approx(min(first, second))
    where = "Between goals" if first < second else "At equal goal"
    assert found.reason.startswith(f"{where}, N/M is {min(first, second)}")


@pytest.mark.parametrize("second", [1 / 3, 0.6])
def test_two_things_at_the_threshold_are_wrong_as_seldom_as_one(second: float) -> None:
    rng = np.random.default_rng(2)
    table = np.column_stack([energies(1 / 3, 0.0, 8), np.full(8, second)])
    noisy = table + rng.normal(0, 0.05, (4000, 8, 4)) * [1.0, 0.0, 0.0, 1.0]
    for test in (by_student, answered):
        found = test(BOTH, noisy, 0.0)
        for outcome in (Outcome.SUPPORTED, Outcome.CONTRADICTED):
            assert (found == outcome).mean() < 0.06
