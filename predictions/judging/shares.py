"""Shares of false labels: what sessions state together, and each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import false_labels

Share = tuple[float, float, float]
"""A share of false labels and its interval."""


def mean_share(sessions: Sequence[xr.Dataset]) -> Share | None:
    """Mean share of false labels over the sessions that state it, and its interval."""
    shares = [share for session in sessions if (share := false_labels(session)) is not None]
    if not shares:
        return None
    value, low, high = np.mean(shares, axis=0)
    return float(value), float(low), float(high)


def own_share(session: xr.Dataset, shares: Share | None) -> float:
    """Return the share of false labels of a session, as a multiple of the mean over sessions.

    N_R times this, times the mean, is what the session's own share adds to N.
    """
    own = false_labels(session)
    if shares is None or own is None or not shares[0] or math.isclose(own[0], shares[0]):
        return 1.0
    return own[0] / shares[0]
