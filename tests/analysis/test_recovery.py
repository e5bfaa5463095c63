"""How good a comparison is, measured on held-out experiments."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from errorneurons.analysis.evidence.classifiers import CANDIDATES
from errorneurons.analysis.evidence.comparison import Judged, compare
from errorneurons.analysis.evidence.recovery import (
    calibration_curve,
    calibration_error,
    kinds,
    recovery,
    share,
    share_in_set,
    verdicts,
)

TWINS = {"a": [0.5, 0.0], "twin": [0.5, 0.0], "c": [-0.5, 0.0]}


@pytest.fixture(scope="module")
def twins(clusters):
    return compare(clusters(TWINS, worlds=40), np.random.SeedSequence(1), CANDIDATES[:1])


def wilson(value: float, count: float) -> tuple[float, float]:
    return pytest.approx(proportion_confint(value * count, count, method="wilson"))


def test_the_rows_of_recovery_sum_to_one_and_twins_share_theirs(twins) -> None:
    table = recovery(twins)
    assert table.sum(axis=1).to_numpy() == pytest.approx(np.ones(3))
    assert 0.3 < table.loc["a", "twin"] < 0.7
    assert table.loc["c", "c"] > 0.95


def test_the_diagonal_of_the_sets_is_their_coverage(twins) -> None:
    covered = verdicts(twins).groupby("theory", sort=False)["contains"].mean()
    assert np.diag(share_in_set(twins)) == pytest.approx(covered.to_numpy())
    assert (covered >= 0.93).all()


def test_the_kinds_of_verdict(twins) -> None:
    p = np.array([[0.9, 0.01, 0.01], [0.9, 0.9, 0.01], [0.9, 0.01, 0.9], [0.01, 0.01, 0.01]])
    said = kinds(twins, Judged(np.full((4, 3), 1 / 3), p, twins.member))
    assert said == ("one theory", "one class", "several", "none of these")


def test_a_verdict_need_not_tell_twins_apart_unless_asked_to(twins) -> None:
    by_class = verdicts(twins).groupby("theory")["right"].mean()
    asked = verdicts(twins, (("a",), ("twin",), ("c",))).groupby("theory")["right"].mean()
    assert by_class["a"] > 0.9
    assert asked["a"] < 0.1


def test_an_empty_set_is_not_right(twins) -> None:
    table = verdicts(twins)
    empty = table[table["kind"] == "none of these"]
    assert len(empty) > 0
    assert not empty[["contains", "inside", "right"]].to_numpy().any()


def test_calibrated_probabilities_come_true_as_often_as_they_say(clusters) -> None:
    near = clusters({"a": [0.15], "b": [-0.15]}, worlds=100, each=10, shift=0.0)
    curve = calibration_curve(compare(near, np.random.SeedSequence(1), CANDIDATES[:1]))
    assert curve["count"].sum() == 2000
    assert ((curve["low"] <= curve["said"]) & (curve["said"] <= curve["high"])).mean() >= 0.8
    assert calibration_error(curve) < 0.04


def test_the_calibration_error_is_a_mean_by_count() -> None:
    curve = pd.DataFrame({"said": [0.5, 0.9], "found": [0.4, 0.9], "count": [1, 3]})
    assert calibration_error(curve) == pytest.approx(0.025)


def test_experiments_in_worlds_of_their_own_have_a_plain_wilson_interval() -> None:
    right = np.arange(100) < 70
    found = share(right, ["a"] * 100, np.arange(100))
    assert (found.value, (found.low, found.high)) == (0.7, wilson(0.7, 100))


def test_experiments_of_one_world_that_agree_count_once() -> None:
    found = share(np.repeat(np.arange(20) < 14, 50), ["a"] * 1000, np.repeat(np.arange(20), 50))
    assert (found.low, found.high) == wilson(0.7, 20)


def test_if_all_are_right_only_the_worlds_count() -> None:
    found = share([True] * 1000, ["a"] * 1000, np.repeat(np.arange(20), 50))
    assert (found.value, (found.low, found.high)) == (1.0, wilson(1.0, 20))


def test_theories_weigh_the_same_in_a_share() -> None:
    assert share([True] * 9 + [False], ["a"] * 9 + ["b"], range(10)).value == pytest.approx(0.5)


def test_the_interval_of_a_share_covers_when_worlds_differ() -> None:
    rng, covered, world = np.random.default_rng(3), [], np.repeat(np.arange(60), 8)
    for _ in range(150):
        level = rng.beta(4, 1, 60)
        found = share(rng.random(480) < level[world], ["a"] * 480, world)
        covered.append(found.low <= 0.8 <= found.high)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_no_experiments_have_no_share() -> None:
    with pytest.raises(ValueError, match="a share needs one experiment or more, there are none"):
        share([], [], [])
