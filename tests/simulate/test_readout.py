"""Decoders, cursors, and what the cursor's error asks of the output."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errorneurons.simulate.experiments.readout import (
    ALL,
    FIRST,
    HALF,
    LIMIT,
    Cursor,
    cursor,
    decoder_of,
    readout,
)

NETWORKS = [0, 3, 7]


@given(st.integers(0, 50), st.integers(2, 9))
def test_decoders_have_length_one_and_as_many_positive_as_negative_weights(
    seed: int, outputs: int
) -> None:
    for weights in readout(seed, NETWORKS, outputs).decoders.values():
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1)
    first = readout(seed, NETWORKS, outputs).decoders[FIRST]
    assert (np.abs(np.sign(first).sum(axis=1)) <= outputs % 2).all()


def test_a_swap_changes_signs_alone_of_all_or_of_half_of_the_weights() -> None:
    decoders = readout(1, NETWORKS, 6).decoders
    np.testing.assert_array_equal(decoders[ALL], -decoders[FIRST])
    np.testing.assert_array_equal(np.abs(decoders[HALF]), np.abs(decoders[FIRST]))
    assert ((decoders[HALF] != decoders[FIRST]).sum(axis=1) == 3).all()


def test_a_network_has_its_decoder_whatever_others_are_drawn() -> None:
    alone, many = readout(1, [3]), readout(1, NETWORKS)
    np.testing.assert_array_equal(alone.decoders[FIRST][0], many.decoders[FIRST][1])
    np.testing.assert_array_equal(alone.goals[0], many.goals[1])


@given(st.floats(-0.5, 0.5), st.floats(-0.3, 0.3))
def test_small_errors_ask_for_what_moves_a_known_cursor_to_its_goal(
    goal: float, start: float
) -> None:
    weights = readout(1, [0], 4).decoders[FIRST][:, None]
    output = start * np.ones((1, 1, 4))
    one = Cursor(weights, weights, np.full((1, 1, 1), goal))
    np.testing.assert_allclose(one.position(one.targets(output)), goal, atol=1e-12)


def test_targets_stay_within_the_range_of_the_output() -> None:
    weights = readout(1, [0]).decoders[FIRST][:, None]
    far = Cursor(weights, weights, np.full((1, 1, 1), 100.0))
    assert (np.abs(far.targets(np.zeros((1, 1, 5)))) == LIMIT).all()


def test_the_belief_goes_from_the_first_decoder_to_the_one_in_force() -> None:
    drawn = readout(1, NETWORKS)
    trials = [{"pattern": 0, "realigned": share} for share in (0.0, 0.25, 1.0)]
    found = cursor(drawn, drawn.decoders[ALL], trials)
    assert found is not None
    for stream, factor in enumerate((1.0, 0.5, -1.0)):
        np.testing.assert_allclose(found.belief[:, stream], factor * drawn.decoders[FIRST])


def test_trials_without_a_decoder_have_no_cursor() -> None:
    for table in (pd.DataFrame({"pattern": [0]}), pd.DataFrame({"decoder": ["none"]})):
        assert decoder_of(None, table) is None
    assert cursor(readout(1, [0]), None, [{"pattern": 0}]) is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([FIRST, ALL], "one day has the decoders 'first' and 'all signs flipped'; give each a"),
        (["frist"], "there is no decoder 'frist'; did you mean 'first'"),
    ],
)
def test_decoders_that_cannot_be_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoder_of(readout(1, [0]), pd.DataFrame({"decoder": names}))


def test_a_decoder_without_a_readout_is_refused() -> None:
    with pytest.raises(ValueError, match=r"have the decoder 'first' but Bench\.readout is None"):
        decoder_of(None, pd.DataFrame({"decoder": [FIRST]}))
