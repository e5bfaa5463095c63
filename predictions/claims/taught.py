"""Whether the outcomes that a session compares teach.

A violated expectation that nothing is learnt from, as in a passive oddball or an omission, is a
contrast of outcomes as well: the outcome is what came, or would have come, in its place. Claims
that say where a contrast is found, or that take it for a measure, do without teaching. A claim
that says what happens where nothing teaches does not: there it would measure itself by itself.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.asking import once_alike
from errorneurons.analysis.measures.energies import Factors, trials

UNEXPECTED_TRIALS: Factors = {"outcome": "unexpected", "teaching": True, "manipulation": "none",
                       "phase": "after"}  # fmt: skip
EXPECTED_TRIALS: Factors = {**UNEXPECTED_TRIALS, "outcome": "expected"}


def most_repeats(session: xr.Dataset, factors: Factors) -> int:
    """Return how many trials with `factors` the stimulus has that has most."""

    def counted() -> int:
        stimulus = session.variables["stimulus"].values[trials(session, factors)]
        return int(np.unique(stimulus, return_counts=True)[1].max(initial=0))

    return once_alike(session, ("most repeats", *factors.items()), counted)


def outcomes_teach(session: xr.Dataset) -> bool:
    """Whether the outcomes that are compared teach: others are, only if there are none of these.

    True where there is nothing to compare at all, for what is asked for then are outcomes that
    teach.
    """
    return once_alike(session, "outcomes teach", lambda: _outcomes_teach(session))


def _outcomes_teach(session: xr.Dataset) -> bool:
    both = UNEXPECTED_TRIALS, EXPECTED_TRIALS
    if all(most_repeats(session, factors) >= 2 for factors in both):
        return True
    return any(most_repeats(session, _untaught(session, factors)) < 2 for factors in both)


def as_taught(session: xr.Dataset, factors: Factors) -> Factors:
    """Return factors of trials with outcomes: of those that are compared, see `outcomes_teach`."""
    return factors if outcomes_teach(session) else _untaught(session, factors)


def _untaught(session: xr.Dataset, factors: Factors) -> Factors:
    """Return factors of the same trials without teaching.

    Where nothing teaches, `phase` says nothing, and that nothing does need not be said.
    """
    kept = {name: v for name, v in factors.items() if name not in ("teaching", "phase")}
    return {**kept, "teaching": False} if "teaching" in session.coords else kept
