"""Bounded indices, and the container of virtual experiments."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.analysis.evidence.experiments import Experiments, bounded_index

ENERGY = st.floats(-1e300, 1e300, allow_nan=False, allow_subnormal=False)
SOME = Experiments(
    ("P02", "class found"),
    np.array([[0.1, 1.0], [-1.0, 0.0], [np.nan, 1.0], [0.4, 1.0]]),
    ("a", "a", "b", "b"),
    np.array([0, 1, 0, 1]),
)


@pytest.mark.parametrize(
    ("n", "m", "index"),
    [(0, 2, -1), (2, 0, 1), (1, 1, 0), (0, 0, 0), (3, 1, 0.5), (-1, 1, -1), (1, -1, 1)],
)
def test_the_index_of_known_energies(n: float, m: float, index: float) -> None:
    assert bounded_index(n, m) == pytest.approx(index)


@given(ENERGY, ENERGY)
def test_the_index_is_bounded_and_changes_sign_when_both_are_exchanged(n: float, m: float) -> None:
    assert -1 <= bounded_index(n, m) <= 1
    assert bounded_index(m, n) == -bounded_index(n, m)


@given(st.floats(0, 1e3), st.floats(0.1, 1e3), st.floats(0.01, 100))
def test_the_index_has_no_units(n: float, m: float, gain: float) -> None:
    assert bounded_index(gain * n, gain * m) == pytest.approx(bounded_index(n, m), abs=1e-12)


def test_what_could_not_be_tested_has_no_index() -> None:
    found = bounded_index([np.nan, 1.0], [1.0, np.nan])
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"theory": ("a", "a", "b")}, r"values are \(4, 2\) and worlds \(4,\) for 3 experiments"),
        ({"features": ("P02", "P02")}, "a feature is named twice among P02, P02"),
        (
            {"values": np.full((4, 2), 1.5)},
            r"a value of 'P02' lies outside \[-1, 1\]; give bounded",
        ),
        ({"values": np.full((4, 2), np.inf)}, "a value of 'P02' lies outside"),
        ({"theory": ("a",) * 4}, "evidence compares two theories or more, not 1"),
        ({"world": np.array([0, 1, 5, 5])}, "theory 'b' has 1 world; at least 2 are needed"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SOME, **change)


def test_features_and_experiments_are_chosen_by_name() -> None:
    assert SOME.columns(("class found",)).values.tolist() == [[1.0], [0.0], [1.0], [1.0]]
    three = replace(SOME, theory=("a", "b", "a", "b"), world=np.array([0, 0, 1, 1]))
    assert three.rows(np.array([3, 2, 1, 0])).theory == ("b", "a", "b", "a")


def test_a_theory_can_be_taken_off_the_list(clusters) -> None:
    left = clusters({"a": [0.0], "b": [0.1], "c": [0.2]}).without("b")
    assert left.theories == ("a", "c")
    assert len(left.theory) == 200


def test_thinning_keeps_every_world(clusters) -> None:
    few = clusters({"a": [0.0], "b": [0.1]}, worlds=7, each=9).thinned(15)
    counts = np.unique(few.world[np.array(few.theory) == "a"], return_counts=True)[1]
    assert sorted(counts) == [2] * 6 + [3]
