"""Probability of the right verdict, the smallest design, and gains."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from errorneurons.analysis.evidence import power
from errorneurons.analysis.evidence.classifiers import CANDIDATES
from errorneurons.analysis.evidence.comparison import compare
from errorneurons.analysis.evidence.power import (
    as_weighed,
    gains,
    monotone,
    probability_right,
    smallest_design,
)

SEED = np.random.SeedSequence(1)
SIMPLE = CANDIDATES[:1]


def design(animals, cells, trials, right, worlds=20):
    rows = {"animals": animals, "cells": cells, "trials": trials, "theory": "a"}
    return pd.DataFrame({**rows, "world": range(worlds), "right": np.arange(worlds) < right})


def points(*rows):
    found = pd.DataFrame(rows, columns=["animals", "cells", "trials", "right"])
    return found.assign(low=0.0, high=1.0, count=20, smooth=monotone(found))


def test_each_design_has_a_probability_an_interval_and_a_count() -> None:
    found = probability_right(pd.concat([design(8, 30, 20, 18), design(4, 30, 20, 10)]))
    assert found["animals"].tolist() == [4, 8]
    assert found["right"].tolist() == [0.5, 0.9]
    assert ((found["low"] < found["right"]) & (found["right"] < found["high"])).all()
    assert found["count"].tolist() == [20, 20]


def test_missing_columns_are_named() -> None:
    with pytest.raises(ValueError, match="power needs verdicts; missing: cells, world"):
        probability_right(design(4, 30, 20, 10).drop(columns=["cells", "world"]))


def test_no_verdicts_are_refused() -> None:
    with pytest.raises(ValueError, match="power needs verdicts; missing: every row"):
        probability_right(design(4, 30, 20, 10).iloc[:0])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_along_one_axis_the_smoothing_is_isotonic_regression(right: list[float]) -> None:
    found = points(*((n, 30, 20, y) for n, y in enumerate(right, 3)))["smooth"]
    wanted = IsotonicRegression().fit_transform(range(len(right)), right)
    np.testing.assert_allclose(found, wanted, atol=1e-7)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_a_larger_design_is_never_the_worse_one(right: list[float]) -> None:
    sizes = [(a, c, t) for a in (4, 8) for c in (10, 30) for t in (20, 60)]
    smooth = points(*((*s, y) for s, y in zip(sizes, right, strict=True)))["smooth"].to_numpy()
    for s, y in zip(sizes, smooth, strict=True):
        larger = (np.array(sizes) >= s).all(axis=1)
        assert (smooth[larger] >= y - 1e-7).all()


def test_what_is_monotone_already_stays() -> None:
    found = points((4, 10, 20, 0.3), (4, 30, 20, 0.5), (8, 10, 20, 0.4), (8, 30, 20, 0.9))
    assert found["smooth"].tolist() == pytest.approx([0.3, 0.5, 0.4, 0.9])


def test_designs_that_are_not_larger_or_smaller_do_not_touch_each_other() -> None:
    assert points((4, 30, 20, 0.9), (8, 10, 20, 0.1))["smooth"].tolist() == [0.9, 0.1]


def test_the_smallest_design_has_the_fewest_animals_then_the_fewest_cells_and_trials() -> None:
    table = points((4, 90, 60, 0.85), (4, 30, 60, 0.82), (4, 10, 20, 0.4), (8, 10, 20, 0.97))
    found = smallest_design(table, 0.8)
    assert (found["animals"], found["cells"], found["trials"]) == (4, 30, 60)
    assert smallest_design(table, 0.95)["animals"] == 8


def test_if_no_design_reaches_the_target_there_is_no_smallest() -> None:
    assert smallest_design(points((4, 30, 20, 0.5)), 0.8) is None


def test_one_lucky_design_does_not_make_a_smallest() -> None:
    table = points((4, 30, 20, 0.84), (8, 30, 20, 0.70), (12, 30, 20, 0.9))
    assert smallest_design(table, 0.8)["animals"] == 12


@pytest.fixture(scope="module")
def silence_tells(clusters):
    known = clusters({"a": [0.7, 0.1], "b": [-0.7, 0.1], "c": [0.0, 0.1]}, worlds=60)
    groups = {"drive": ("claim 1",), "silence": ("claim 0",)}
    return gains(compare(known, SEED, SIMPLE), groups, 10, SEED)


def test_the_manipulation_that_tells_theories_apart_is_the_dearest_to_lose(silence_tells) -> None:
    assert silence_tells.index.tolist() == ["silence", "drive"]
    assert silence_tells.loc["silence", "lost"] > 0.7
    assert abs(silence_tells.loc["drive", "lost"]) < 0.1


def test_gains_are_differences_and_per_animal(silence_tells) -> None:
    row = silence_tells.loc["silence"]
    assert row["ungrouped"] == 0  # without any claim every theory stays
    assert row["added"] == row["alone"]
    assert row["lost_per_animal"] == pytest.approx(row["lost"] / 10)


def told_by_claim_0(clusters, weighed):
    """How often verdicts are right where claim 0 tells all: in all experiments but each fourth."""
    known = clusters({"a": [0.7, 0.1], "b": [-0.7, 0.1]}, worlds=60)
    mask = np.ones(known.values.shape, dtype=bool)
    mask[::4] = weighed
    found = compare(replace(known, weighed=mask), SEED, SIMPLE)
    right = as_weighed(found, found.classes, SEED)["right"].to_numpy().reshape(-1, 4)
    return right[:, 1:].mean(), right[:, 0].mean()


def test_a_verdict_is_right_by_what_the_experiment_is_weighed_by_alone(clusters) -> None:
    whole, part = told_by_claim_0(clusters, [False, True])
    assert whole > 0.9
    assert part < 0.3


def test_no_verdict_is_right_where_nothing_is_weighed(clusters) -> None:
    whole, part = told_by_claim_0(clusters, [False, False])
    assert whole > 0.9
    assert part == 0


def test_rare_sets_of_features_count_as_the_nearest_frequent_one(
    clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "MOST_SETS", 1)
    assert min(told_by_claim_0(clusters, [False, True])) > 0.9


def test_a_group_of_unknown_features_is_refused(clusters) -> None:
    with pytest.raises(ValueError, match="no virtual experiment has the features P99"):
        gains(compare(clusters({"a": [0.1], "b": [0.2]}), SEED, SIMPLE), {"x": ("P99",)}, 5, SEED)


@pytest.mark.parametrize(("groups", "animals"), [({}, 5), ({"x": ("claim 0",)}, 0)])
def test_gains_need_groups_and_animals(clusters, groups, animals) -> None:
    with pytest.raises(ValueError, match="gains need a claim or manipulation, and an animal"):
        gains(compare(clusters({"a": [0.1], "b": [0.2]}), SEED, SIMPLE), groups, animals, SEED)
