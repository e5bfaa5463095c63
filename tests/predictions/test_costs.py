"""What recordings cost, and what is advised for its cost."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from designs import full_design

from errorneurons.predictions.commands.options import costs_given
from errorneurons.predictions.comparing import further
from errorneurons.predictions.comparing.costs import added_cost
from errorneurons.predictions.comparing.weigh import Question


def test_recording_costs_less_than_silencing_and_silencing_less_than_driving() -> None:
    assert added_cost((), {}) == 0
    assert 0 < added_cost(["untaught_outcomes"], {}) < added_cost(["silence-area"], {})
    assert added_cost(["silence-area"], {}) < added_cost(["drive"], {})
    assert added_cost(["silence-area", "drive"], {"drive": 0.25}) == 1.25


def test_of_steps_that_bring_as_much_the_cheaper_comes_first() -> None:
    points = pd.DataFrame({
        "title": ["As recorded", "Drive", "Silence", "Both"],
        "animals": 6.0, "cells": 12.0, "trials": 4.0, "claims": [1, 2, 2, 3],
        "right": [0.5, 0.8, 0.8, 0.9], "low": 0.0, "high": 1.0, "cost": [0.0, 12.0, 6.0, 18.0],
    })  # fmt: skip
    found = further._best(points)
    assert [step.title for step in found] == ["Silence.", "Drive.", "Both."]
    assert "at a cost of 6." in found[0].sentence


def test_an_option_costs_what_is_added_to_the_recording() -> None:
    now = replace(full_design(6, 12, 4), animals=6, claims=("P02", "P04a"))
    assert further._cost(now, 9, now.claims, {}) == 3 * 2  # three more, recorded and silenced
    assert further._cost(now, 6, ("P02", "P04a", "P05a"), {"drive": 3}) == 6 * 3


def test_a_cost_is_a_number_for_what_can_be_done() -> None:
    with pytest.raises(ValueError, match="the cost of drive is -1; give a number of 0 or more"):
        Question(costs={"drive": -1})
    with pytest.raises(ValueError, match="manipulation is 'driv', which is unknown"):
        Question(costs={"driv": 1})


def test_costs_are_given_with_commas_or_one_by_one() -> None:
    assert costs_given(["drive=3, silence-area=.5", "teach_reteach=8"]) == {
        "drive": 3.0, "silence-area": 0.5, "teach_reteach": 8.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match="--cost is 'drive'; give a manipulation and a number"):
        costs_given(["drive"])
