"""How large the signals of networks are, to which the gain of an instrument is set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.trials.run import Activity, Binned


def signals_of(activity: Activity) -> dict[str, Binned]:
    """Return what was recorded of the neurons, by where it comes from."""
    signals = dict[str, Binned](activity.rates.items())
    return signals if activity.apical is None else signals | {"apical": activity.apical}


def extents(
    activity: Activity, index: int | None = None, rows: npt.NDArray[np.int64] | slice = slice(None)
) -> dict[str, Array]:
    """Return the size of each signal in each network, by source, (network,).

    It is the 99th percentile of the absolute value, from every seventh value.

    Parameters
    ----------
    activity
        What was recorded.
    index
        Look at one network only; the others have none, NaN.
    rows
        Which trials it is of.
    """
    found = {}
    for source, signal in signals_of(activity).items():
        found[source] = np.full(len(signal), np.nan)
        for k in range(len(signal)) if index is None else (index,):
            found[source][k] = np.quantile(np.abs(signal[k][rows].ravel()[::7]), 0.99)
    return found
