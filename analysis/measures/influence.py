"""Influence: whom each driven cell moves, and how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr


def drives_single_cells(session: xr.Dataset) -> bool:
    """Return whether single cells are driven in some trials of a session."""
    return "manipulated_cell" in session.coords and bool(_driven(session).any())


def _driven(session: xr.Dataset) -> Any:
    drives = session.variables["manipulation"].values == "drive"
    return drives & (session.variables["manipulated_cell"].values >= 0)


def influence(session: xr.Dataset) -> xr.DataArray:
    """Return how far each driven cell moves each unit.

    Parameters
    ----------
    session
        With trials in which one cell is driven, and trials of the same stimuli without.

    Returns
    -------
    DataArray
        Dims ``(driven, unit)`` [units of ``rate``]: the mean rate while the cell is driven minus
        that of trials with the same stimulus in which nothing is done, at the same time. Driven
        cells have coordinates ``driven_role`` and ``driven_area``; they are sorted by these.
    """
    at = {n: session.variables[f"manipulat{n}"].values for n in
          ("ed_role", "ed_area", "ed_cell", "ion", "ion_onset", "ion_offset")}  # fmt: skip
    driven, stimulus = _driven(session), session.variables["stimulus"].values
    onset, offset = (np.nanmedian(at[n][driven]) for n in ("ion_onset", "ion_offset"))
    time = session.variables["time"].values
    rate = session.variables["rate"].values[:, (time > onset) & (time < offset)].mean(axis=1)
    plain = at["ion"] == "none"
    usual = {s: rate[plain & (stimulus == s)].mean(axis=0) for s in np.unique(stimulus[plain])}
    change = rate - np.stack([usual[s] if s in usual else rate[0] * np.nan for s in stimulus])
    keys = sorted({*zip(*(at[n][driven].tolist() for n in ("ed_role", "ed_area", "ed_cell")),
                        strict=True)}, key=lambda key: (key[0] == "error", *key))  # fmt: skip
    rows = [
        change[driven & (at["ed_role"] == r) & (at["ed_area"] == a) & (at["ed_cell"] == c)]
        for r, a, c in keys
    ]
    return xr.DataArray(
        np.stack([row.mean(axis=0) for row in rows]),
        {
            "driven_role": ("driven", [r for r, _, _ in keys]),
            "driven_area": ("driven", [a for _, a, _ in keys]),
            "role": ("unit", session["role"].values),
            "area": ("unit", session["area"].values),
        },
        ("driven", "unit"),
        attrs={"units": session["rate"].attrs.get("units", "")},
    )
