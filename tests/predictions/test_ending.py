"""That what an outcome evokes is told from the end of what was there before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import session
from errorneurons.predictions.claims.ending import of_what_was_there
from errorneurons.predictions.claims.violations import untaught_violations

UNITS, REPEATS, BIN = 40, 12, 0.05
TIME = np.arange(-0.1, 0.6, BIN) + BIN / 2
INPUT, OUTCOME = (TIME > 0) & (TIME < 0.3), TIME > 0.3
DOUBT = of_what_was_there(untaught_violations)


def mouse(
    number: int,
    before: tuple[float, float] = (1, 1),
    after: tuple[float, float] = (1, 1),
    error: float = 0.0,
    context: float = 0.0,
) -> xr.Dataset:
    """Return an animal that is shown one stimulus, with known responses and white noise.

    Parameters
    ----------
    number
        Of the animal.
    before, after
        Of unexpected and of expected trials, the response to the input before the outcome, and how
        much of it is left after.
    error
        Size of a pattern of its own that unexpected outcomes evoke.
    context
        Size of a pattern that is there before unexpected outcomes, and ends.
    """
    rng = np.random.default_rng([7, number])
    held, evoked, other = rng.normal(0, 3, (3, UNITS))
    trials = []
    for kind in range(2):
        shown = np.outer(before[kind] * INPUT + after[kind] * OUTCOME, held)
        if kind == 0:
            shown += np.outer(OUTCOME, error * evoked) + np.outer(INPUT, context * other)
        trials += [40 + shown + rng.normal(0, 3, shown.shape) for _ in range(REPEATS)]
    count = 2 * REPEATS
    return session(
        {"rate": np.array(trials)},
        {
            "time": TIME,
            "unit_id": [f"u{k}" for k in range(UNITS)],
            "area": ["V1"] * UNITS,
            "level": [1] * UNITS,
            "role": ["unknown"] * UNITS,
            "stimulus": ["A"] * count,
            "input_onset": np.zeros(count),
            "outcome": ["unexpected"] * REPEATS + ["expected"] * REPEATS,
            "outcome_onset": np.full(count, 0.3),
            "control": ["matched"] * count,
            "teaching": [False] * count,
            "manipulation": ["none"] * count,
        },
        {"animal": f"m{number}", "session_id": "one"},
    )


def mice(**known: object) -> Sequence[xr.Dataset]:
    return [mouse(k, **known) for k in range(6)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "known",
    [{"error": 1.0}, {"error": 1.0, "context": 0.4}, {"after": (2, 1)}, {"after": (0.0, 0.0)}],
    ids=["an error", "beside a little that ends", "a gain", "what ends in all trials"],
)
def test_what_outcomes_evoke_is_not_doubted(known: dict[str, object]) -> None:
    assert DOUBT(mice(**known)) == ""


def test_a_context_that_ends_at_the_outcome_is_no_answer_to_it() -> None:
    for error in (0.0, 0.7):
        said = DOUBT(mice(context=1.0, error=error))
        assert said.startswith("the trials that are compared differ before the outcome already")


def test_a_response_to_the_input_that_ends_at_unexpected_outcomes_is_no_answer_to_them() -> None:
    assert DOUBT(mice(after=(0, 1))).startswith("the response to the input ends at unexpected")


def test_a_single_animal_and_one_without_outcomes_are_not_doubted() -> None:
    assert DOUBT(mice(context=1.0)[:1]) == ""
    assert DOUBT([one.drop_vars("outcome") for one in mice(context=1.0)]) == ""
