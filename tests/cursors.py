"""Days with a cursor of which it is known how cells answer its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.session import session

Array = npt.NDArray[np.float64]
GOALS = {"left": -1.0, "near left": -0.5, "near right": 0.5, "right": 1.0}
WEIGHTS = np.array([1.0, 0.5, -0.5, -1.0])
"""Of the cells that move the cursor."""


def cursor_day(
    answer: Callable[[Array, Array], Array], number: int = 1, decoder: str = "first",
    weights: Array = WEIGHTS, miss: float = 1.0, noise: float = 0.0, trials: int = 4,
    read_from_cells: bool = False, learnt: float = 0.5, **columns: Any,
) -> xr.Dataset:  # fmt: skip
    """Return a day on which the cursor misses its goals by a share of them that falls.

    Parameters
    ----------
    answer
        Errors (trial, 1) and weights (1, cell) -> responses (trial, cell).
    number, decoder, weights
        Of the day, what moves the cursor, and by how much each cell does.
    miss
        Errors over goals, on average over the trials of a goal.
    noise
        Of trials and bins.
    read_from_cells
        Whether noise before the error is shown moves the cursor.
    learnt
        How much more than on average the first trial of a goal misses, and how much less the last.
    columns
        Other columns than these; None to leave one out.
    """
    rng = np.random.default_rng(number)
    rows = [goal for goal in GOALS for _ in range(trials)]
    falling = np.tile(np.linspace(1 + learnt, 1 - learnt, trials), len(GOALS))
    error = miss * falling * np.array([GOALS[goal] for goal in rows])
    time = np.round(np.arange(-0.1, 0.5, 0.05) + 0.025, 9)
    rate = noise * rng.normal(size=(len(rows), len(time), len(weights)))
    if read_from_cells:
        error = error - rate[:, (time > 0.2) & (time < 0.3)].mean(axis=1) @ weights
    rate = rate + (time > 0.3)[:, None] * answer(error[:, None], weights[None])[:, None]
    count = len(weights)
    given = {
        "time": time, "unit_id": [f"day {number} unit {k}" for k in range(count)],
        "area": ["M1"] * count, "level": [1.0] * count, "role": ["unknown"] * count,
        "decoder_weight": weights, "stimulus": rows, "input_onset": [0.0] * len(rows),
        "outcome": ["expected"] * len(rows), "teaching": [True] * len(rows),
        "outcome_onset": [0.3] * len(rows), "manipulation": ["none"] * len(rows),
        "decoder": [decoder] * len(rows), "outcome_error": error,
    }  # fmt: skip
    kept = {name: column for name, column in (given | columns).items() if column is not None}
    attrs = {"animal": "m", "session_id": str(number), "day": number}
    return session({"rate": rate}, kept, attrs, signal="model", units="Hz", sampling_rate=20.0)
