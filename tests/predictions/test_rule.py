"""The rule for many recordings at once is the judge's own, with the error rates that it claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_energies import Design, drawn
from scipy import stats

from errorneurons.predictions.claims.claim import Outcome
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import Measured
from errorneurons.predictions.judging.rule import answered, by_student, difference, outcomes

BELOW, ABOVE = claim("P02"), claim("P04b")
MIXED = np.array([[0.05, 0.02, 0.11], [0.0, 0.0, 0.03], [0.1, 0.1, 0.1], [0.05, 0.0, 0.4]])


def tables(count: int, animals: int, seed: int) -> np.ndarray:
    """Return recordings on either side of both thresholds, some without a comparison response."""
    rng = np.random.default_rng(seed)
    ratio, m = (
        rng.choice([-1.0, 0.0, 0.1, 0.8, 1.5], (count, 1)),
        rng.normal(1, rng.uniform(0.1, 2, (count, 1))),
    )
    m = np.broadcast_to(m, (count, animals)) + rng.normal(0, 0.3, (count, animals))
    n = ratio * m + rng.normal(0, 0.1, m.shape)
    return np.stack([n, m, rng.uniform(0, 1, m.shape)], axis=-1)


def test_the_difference_is_what_is_left_of_n_above_the_threshold() -> None:
    table = np.array([[1.0, 2.0, 3.0]])
    assert difference(ABOVE, table, 0.1).tolist() == pytest.approx([1 - 0.3 - 1.6])


@pytest.mark.parametrize("claimed", [BELOW, ABOVE], ids=["below", "above"])
@pytest.mark.parametrize("animals", [5, 8, 20])
def test_many_recordings_are_judged_as_each_alone(claimed: object, animals: int) -> None:
    energies = tables(60, animals, seed=animals)
    pi = np.tile(MIXED, (15, 1))
    found = outcomes(claimed, energies, pi)
    names = tuple(map(str, range(animals)))
    alone = [
        judge(claimed, "r", Measured(names, e, tuple(p)), "recording").outcome
        for e, p in zip(energies, pi, strict=True)
    ]
    assert found.tolist() == alone
    assert set(alone) == set(Outcome)


def test_a_smaller_alpha_only_takes_answers_back() -> None:
    energies = tables(300, 6, seed=1)
    plain, strict = (outcomes(BELOW, energies, [0.05] * 3, alpha) for alpha in (0.05, 0.025))
    changed = plain != strict
    assert changed.any()
    assert set(strict[changed]) == {Outcome.UNDECIDED}


def test_one_answer_holds_throughout_an_interval_if_it_holds_at_its_ends() -> None:
    energies = tables(300, 6, seed=2)
    shares = np.linspace(0, 0.5, 21)
    answers = np.array([by_student(BELOW, energies, p) for p in shares])
    for side in (Outcome.SUPPORTED, Outcome.CONTRADICTED):
        turns = (np.diff((answers == side).astype(int), axis=0) != 0).sum(axis=0)
        starts = answers[0] == side
        assert (turns <= np.where(starts, 1, 2)).all()


def bounds(rate: float, count: int) -> tuple[float, float]:
    """Return what 999 of 1000 repetitions lie within."""
    low, high = stats.binom.interval(0.999, count, rate)
    return low / count, high / count


@pytest.mark.parametrize("claimed", [BELOW, ABOVE], ids=["below", "above"])
@pytest.mark.parametrize("pi", [0.0, 0.1])
def test_allowing_for_skewness_only_takes_answers_back(claimed: object, pi: float) -> None:
    energies = tables(400, 6, seed=3)
    plain, found = by_student(claimed, energies, pi), answered(claimed, energies, pi)
    changed = found != plain
    assert set(found[changed]) == {"UNDECIDED"}
    assert 0 < changed.mean() < 0.5


def test_noise_of_what_is_nothing_is_not_taken_for_skewed_energies() -> None:
    rng = np.random.default_rng(7)
    quiet = np.zeros((400, 10, 3))
    quiet[..., 0], quiet[..., 1] = rng.normal(0, 0.1, (400, 10)), 1.0
    plain, found = by_student(BELOW, quiet, 0.0), answered(BELOW, quiet, 0.0)
    assert (plain == "SUPPORTED").mean() > 0.85
    assert (found == "SUPPORTED").mean() > 0.6
    bursts = quiet.copy()
    bursts[..., 0] = rng.gamma(0.5, 2 / 9, (400, 10))
    assert (by_student(BELOW, bursts, 0.0) == "SUPPORTED").mean() > 0.1
    assert (answered(BELOW, bursts, 0.0) == "SUPPORTED").mean() < 0.1


def test_what_does_not_vary_between_animals_is_judged_as_it_is() -> None:
    same = np.tile([0.0, 1.0, 0.0], (6, 1))
    assert answered(BELOW, same, 0.0) == "SUPPORTED"
    assert answered(ABOVE, same, 0.0) == "CONTRADICTED"


@pytest.mark.parametrize("animals", [6, 20])
@pytest.mark.parametrize(("threshold", "claimed"), [(1 / 9, BELOW), (0.8, ABOVE)])
def test_at_the_threshold_each_wrong_answer_comes_about_one_time_in_twenty(
    animals: int, threshold: float, claimed: object
) -> None:
    design = Design(animals, 20, 0.1, threshold=threshold)
    found = outcomes(claimed, drawn(design, np.random.default_rng(4), 400).energies(), [0.0] * 3)
    low, high = bounds(0.03, 400)[0], bounds(0.05, 400)[1]
    for wrong in (Outcome.SUPPORTED, Outcome.CONTRADICTED):
        assert low <= (found == wrong).mean() <= high


def test_without_a_comparison_response_one_recording_in_twenty_is_judged() -> None:
    energies = np.random.default_rng(5).normal(size=(400, 8, 3))
    found = outcomes(BELOW, energies, [0.0] * 3)
    low, high = bounds(0.95, 400)
    assert low <= (found == Outcome.NOT_TESTABLE).mean() <= high


@pytest.mark.parametrize(("effect", "right"), [(-1.0, "SUPPORTED"), (3.0, "CONTRADICTED")])
def test_off_the_threshold_the_right_answer_is_found(effect: float, right: str) -> None:
    design = replace(Design(10, 60, 0.1, 0.05), effect=effect)
    found = outcomes(BELOW, drawn(design, np.random.default_rng(6), 100).energies(), [0.05] * 3)
    assert (found == right).mean() > 0.9


@pytest.mark.parametrize("claimed", [BELOW, ABOVE], ids=["below", "above"])
def test_what_there_is_elsewhere_only_takes_answers_back(claimed: object) -> None:
    """So no answer is wrong more often for it, whatever N, M and the response elsewhere are."""
    energies, pi = tables(400, 8, seed=7), [0.05, 0.0, 0.1]
    elsewhere = np.random.default_rng(7).lognormal(4, 1, (400, 8))
    plain = outcomes(claimed, energies, pi)
    found = outcomes(claimed, energies, pi, elsewhere=elsewhere)
    changed = found != plain
    assert set(found[changed]) == {"NOT_TESTABLE"}
    assert 0.05 < changed.mean() < 0.95


@pytest.mark.parametrize("share", [0.003, 0.03])
def test_noise_over_noise_is_told_from_a_small_response(share: float) -> None:
    """A response whose amplitude is a twentieth of that elsewhere, or a sixth."""
    rng = np.random.default_rng(8)
    elsewhere = rng.normal(100, 20, (400, 8))
    m = share * elsewhere + rng.normal(0, 0.1, (400, 8))
    energies = np.stack([m, m, 0 * m], axis=-1)
    found = outcomes(ABOVE, energies, [0.0] * 3, elsewhere=elsewhere)
    assert (found == "NOT_TESTABLE").mean() == pytest.approx(float(share < 0.01), abs=0.02)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0.9, 1.0), (1.0, 0.0, 0.065)])
def test_noise_of_energies_is_no_skewness_of_animals(
    share: float, least: float, most: float
) -> None:
    rng = np.random.default_rng(1)
    m = rng.gamma(4, 1 / 4, (4000, 20))
    n = BELOW.threshold * (share * m + rng.normal(size=m.shape))
    found = answered(BELOW, np.stack([n, m, 0 * n], axis=-1), 0.0)
    assert least <= np.mean(found == str(Outcome.SUPPORTED)) <= most
