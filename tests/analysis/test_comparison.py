"""Theories compared on a design, with known overlap."""

from dataclasses import replace

import numpy as np
import pytest

from errorneurons.analysis.evidence.classifiers import CANDIDATES
from errorneurons.analysis.evidence.comparison import (
    CLEARLY,
    Judged,
    capped,
    compare,
    equivalence_classes,
    pairwise_accuracy,
    same_class,
)
from errorneurons.analysis.evidence.membership import FEWEST_WORLDS, columns_of

SEED = np.random.SeedSequence(1)
SIMPLE = CANDIDATES[:1]
APART = {"a": [0.7, 0.0, -0.7], "b": [-0.7, 0.0, 0.0], "c": [0.0, 0.7, 0.7]}
TWINS = {"a": [0.5, 0.0], "twin": [0.5, 0.0], "c": [-0.5, 0.0]}


BROAD = {"a": [0.7, 0.0, 0.0, 0.0], "b": [-0.7, 0.0, 0.0, 0.0]}
"""Beside them, `spread` makes of the second theory one that may lie anywhere."""


def right(comparison, judged, label):
    leading, rows = judged.leading, np.arange(len(label))
    return leading[rows, label] & ~(leading & ~comparison.member[label]).any(axis=1)


def spread(known):
    """Let the worlds of the second theory lie anywhere."""
    worlds = np.unique(known.world)
    anywhere = np.random.default_rng(3).uniform(-0.9, 0.9, (len(worlds), known.values.shape[1]))
    own = known.label == 1
    known.values[own] = anywhere[known.world[own]]
    return known


def test_theories_far_apart_are_told_apart_in_new_worlds(clusters) -> None:
    comparison = compare(clusters(APART, worlds=60), SEED, SIMPLE)
    new = clusters(APART, worlds=400, each=1, seed=9)
    assert comparison.classes == (("a",), ("b",), ("c",))
    assert right(comparison, comparison.judge(new.values), new.label).mean() >= 0.93


def test_what_is_measured_on_held_out_worlds_holds_in_new_ones(clusters) -> None:
    close = {"a": [0.3, 0.0], "b": [-0.3, 0.0], "c": [0.0, 0.5]}
    comparison = compare(clusters(close, worlds=100, shift=0.2), SEED, SIMPLE)
    new = clusters(close, worlds=500, each=1, shift=0.2, seed=9)
    said = right(comparison, comparison.held_out, comparison.experiments.label).mean()
    found = right(comparison, comparison.judge(new.values), new.label).mean()
    assert said == pytest.approx(found, abs=0.06)
    assert 0.2 < found < 0.9


@pytest.mark.parametrize("worlds", [24, 40, 100])
def test_the_set_holds_the_true_theory_in_new_worlds(clusters, worlds) -> None:
    known = clusters(APART, worlds=worlds, each=400 // worlds, shift=0.3)
    new = clusters(APART, worlds=700, each=1, shift=0.3, seed=5)
    kept = compare(known, SEED, SIMPLE).judge(new.values).kept
    assert kept[np.arange(len(new.label)), new.label].mean() >= 0.93


def test_twins_are_one_class_and_stay_together(clusters) -> None:
    comparison = compare(clusters(TWINS, worlds=40), SEED, SIMPLE)
    assert comparison.classes == (("a", "twin"), ("c",))
    assert comparison.judge([0.5, 0.0]).kept.tolist() == [[True, True, False]]


@pytest.mark.parametrize("left", [("a", "b"), ("a", "c"), ("a", "b", "c")])
def test_whether_a_theory_stays_does_not_depend_on_who_else_is_listed(clusters, left) -> None:
    known = clusters(APART | {"near": [0.5, 0.1, -0.5]}, worlds=40)
    known.values[::7, 2] = np.nan
    shorter = known.rows(np.isin(known.theory, left))
    asked = np.vstack([np.eye(3), clusters({"a": [0.6, 0.1, -0.6], "b": [0.0] * 3}).values])
    long, short = (compare(data, SEED, SIMPLE) for data in (known, shorter))
    for at, name in enumerate(short.theories):
        place = long.theories.index(name)
        assert np.array_equal(short.judge(asked).p[:, at], long.judge(asked).p[:, place])
        own = [found.held_out.p[found.experiments.label == k, k]
               for found, k in ((short, at), (long, place))]  # fmt: skip
        assert np.array_equal(*own)


def test_a_theory_that_may_lie_anywhere_stays_but_does_not_lead(clusters) -> None:
    comparison = compare(spread(clusters(BROAD, worlds=200)), SEED, CANDIDATES[2:3])
    judged = comparison.judge([0.7, 0.0, 0.0, 0.0])
    assert judged.kept.tolist() == [[True, True]]
    assert judged.leading.tolist() == [[True, False]]


def test_a_theory_that_cannot_have_given_it_stands_in_no_other_s_way() -> None:
    posterior, alone = np.array([[0.97, 0.03], [0.97, 0.03], [0.9, 0.1]]), np.eye(2, dtype=bool)
    p = np.array([[0.01, 0.5], [0.5, 0.5], [0.5, 0.5]])
    leading = Judged(posterior, p, alone).leading
    assert leading.tolist() == [[False, True], [True, False], [True, True]]
    assert 0.97 / 0.03 > CLEARLY > 0.9 / 0.1


def test_theories_of_a_class_do_not_stand_in_each_other_s_way() -> None:
    judged = Judged(np.array([[0.97, 0.03]]), np.ones((1, 2)), np.ones((2, 2), dtype=bool))
    assert judged.leading.tolist() == [[True, True]]


def test_a_bit_that_never_varies_does_not_put_its_worlds_out_of_reach(clusters) -> None:
    known = clusters({"a": [0.5, 0.0], "b": [-0.5, 0.0]}, worlds=60)
    known.values[:, 1] = 1.0
    known.values[(known.label == 1) & (known.world < 4), 1] = 0.0
    assert columns_of(known.values).bits.tolist() == [False, True]
    assert compare(known, SEED, SIMPLE).judge([0.5, 1.0]).kept.tolist() == [[True, False]]


def test_a_theory_off_the_list_leaves_the_set_empty(clusters) -> None:
    comparison = compare(clusters(APART, worlds=60), SEED, SIMPLE)
    assert not comparison.judge([-0.9, -0.9, -0.9]).kept.any()


def test_with_too_few_worlds_no_theory_is_ruled_out(clusters) -> None:
    comparison = compare(clusters(APART, worlds=FEWEST_WORLDS - 1), SEED, SIMPLE)
    assert comparison.judge([-0.9, -0.9, -0.9]).kept.all()


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_two_experiments_a_theory_are_enough_to_say_nothing(clusters, candidate) -> None:
    few = clusters(APART, worlds=2, each=1)
    judged = compare(few, SEED, [candidate]).judge(np.eye(3))
    assert judged.kept.all()
    assert judged.posterior.max() < 0.7


def test_probabilities_and_ranks_are_within_their_limits(clusters) -> None:
    comparison = compare(clusters(APART, worlds=30), SEED, SIMPLE)
    for judged in (comparison.held_out, comparison.judge(np.eye(3))):
        assert judged.posterior.sum(axis=1) == pytest.approx(np.ones(len(judged.posterior)))
        assert ((judged.p >= 1 / 31) & (judged.p <= 1)).all()


def test_the_same_seed_gives_the_same_answer(clusters) -> None:
    known = clusters(APART, worlds=2)
    seed, drawn = np.random.SeedSequence(7), CANDIDATES[-1:]
    one, two = (compare(known, seed, drawn).judge(np.eye(3)) for _ in range(2))
    np.testing.assert_array_equal(one.posterior, two.posterior)
    np.testing.assert_array_equal(one.p, two.p)


def test_the_names_of_the_theories_do_not_matter(clusters) -> None:
    known = clusters(APART, worlds=20)
    other = replace(known, theory=tuple(name.upper() for name in known.theory))
    one, two = (compare(data, SEED, SIMPLE).judge(np.eye(3)) for data in (known, other))
    np.testing.assert_array_equal(one.p, two.p)


def test_exact_zeros_and_constant_bits_are_weighed(clusters) -> None:
    known = clusters(APART, worlds=60)
    known.values[known.label == 0, 1] = -1.0
    judged = compare(known, SEED, SIMPLE).judge([0.7, 0.0, -0.7])
    assert not judged.kept[0, 0]


def test_that_a_theory_can_never_be_tested_counts_against_it(clusters) -> None:
    known = clusters({"a": [0.0, 0.0], "b": [0.0, 0.0]}, worlds=60)
    known.values[known.label == 0, 1] = np.nan
    judged = compare(known, SEED, SIMPLE).judge([0.0, 0.0])
    assert judged.kept.tolist() == [[False, True]]
    assert judged.posterior[0, 1] > 0.95


def test_no_probability_is_below_what_so_many_experiments_can_show() -> None:
    labels = np.repeat([0, 1, 2], [9, 99, 99])
    found = capped(np.array([[0.0, 0.0, 1.0]]), labels)
    assert found[0] == pytest.approx(np.array([0.1, 0.01, 1.0]) / 1.11)


def test_pairwise_accuracy_is_that_of_two_gaussians() -> None:
    rng, labels = np.random.default_rng(0), np.repeat([0, 1], 20000)
    x = rng.normal(np.where(labels == 0, 0.5, -0.5))
    log = np.column_stack([x, np.zeros_like(x)])
    assert pairwise_accuracy(log, labels)[0, 1] == pytest.approx(0.6915, abs=0.01)


def test_not_knowing_is_an_accuracy_of_a_half() -> None:
    assert pairwise_accuracy(np.zeros((4, 2)), np.array([0, 0, 1, 1]))[0, 1] == 0.5


def test_classes_are_chains_of_theories_that_are_alike() -> None:
    labels = np.repeat([0, 1, 2, 3], 5000)
    x = np.random.default_rng(0).normal(labels * [1.0], 1.0) + 9 * (labels == 3)
    log = -0.5 * (x[:, None] - np.array([0.0, 1.0, 2.0, 12.0])) ** 2
    assert pairwise_accuracy(log, labels)[0, 2] > 0.75
    assert equivalence_classes(log, labels).tolist() == [0, 0, 0, 1]


def test_members_of_a_class_are_found_by_name() -> None:
    found = same_class(("a", "b", "c"), (("c", "a"), ("b",)))
    assert found.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
