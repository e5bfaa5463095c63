"""Benchmarks of recordings without an answer: lasers that do too little, cells without errors."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from other_nulls import CHANGES, nothing
from other_nulls import outcomes_of as outcomes_of_nothing
from weak_lasers import OPPOSITE, recorded, what_it_says
from weak_lasers import outcomes_of as outcomes_under

from errorneurons.predictions.claims.registry import claim

P02, P04A = claim("P02"), claim("P04a")


@pytest.fixture(scope="module")
def whole() -> list[xr.Dataset]:
    return recorded("error_microcircuit", 1.0, 5, 1)


def test_a_laser_silences_the_cells_that_it_is_aimed_at_in_those_without_errors(whole) -> None:
    made = nothing(whole[0], np.random.default_rng(1))
    time, area = made["time"], made["manipulated_area"]
    lit = (time >= made["manipulation_onset"]) & (time < made["manipulation_offset"])
    aimed = (made["role"] == made["manipulated_role"]) & ((made["area"] == area) | (area == "all"))
    hit = made["rate"].where(lit & aimed & (made["manipulation"] == "silence"))
    assert hit.notnull().any()
    assert float(hit.max()) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_leaves_sessions_that_are_judged_and_of_nothing_none_is_supported(
    whole, change: str
) -> None:
    (said,) = outcomes_of_nothing(whole, [P02], CHANGES[change], 1, 1, empty=True).values()
    assert (said.total(), said["SUPPORTED"]) == (1, 0)


def test_lasers_that_do_nothing_answer_nothing_and_whole_ones_what_the_theory_says(whole) -> None:
    seen = {0.0: recorded("error_microcircuit", 0.0, 5, 1), 1.0: whole}
    truth = what_it_says("error_microcircuit", 1)["P04a"]
    assert truth in OPPOSITE
    dead, perfect = (
        outcomes_under(seen, lambda _, e=e: [e] * 5, 1, 1, [P04A])["P04a"] for e in seen
    )
    assert dead[truth] == dead[OPPOSITE[truth]] == 0
    assert perfect[truth] == 1
