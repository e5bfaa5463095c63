"""Whether days of an animal can be put in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Missing


def undated(sessions: Sequence[xr.Dataset], then: str = "which came first") -> Missing | None:
    """Require of several sessions that each says its day, which tells before from after.

    Parameters
    ----------
    sessions
        Sessions of one animal.
    then
        What is not known without, e.g. ``"which sessions come before a reversal"``.
    """
    without = [s for s in sessions if not np.isfinite(float(s.attrs.get("day", np.nan)))]
    if len(sessions) < 2 or not without:
        return None
    return Missing(
        f"session {without[0].attrs['session_id']!r} says no `day`, so that {then} is not known",
        "Give the `day` of each session, a number.",
        declared=("day",),
    )
