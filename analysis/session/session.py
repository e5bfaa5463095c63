"""Sessions: what simulated and recorded activity become, and nothing else does.

One session is one `xarray.Dataset`, a collection is a `xarray.DataTree` with one child a session;
`errorneurons.analysis.session.schema` says what a session consists of.

=================== ==============================================================
`session`           arrays -> a checked session
`collect`           sessions -> a collection
`check`             every breach of the contract at once, each with its mend
`save`              a collection -> a netCDF file
`packed`            a collection -> what that file consists of
=================== ==============================================================
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.contract import ContractError, DoorError, check, collect
from errorneurons.analysis.session.schema import FIELDS, SCHEMA_VERSION, SIGNALS
from errorneurons.analysis.session.storage import packed, save

__all__ = [
    "FIELDS",
    "SCHEMA_VERSION",
    "SIGNALS",
    "ContractError",
    "DoorError",
    "check",
    "collect",
    "packed",
    "save",
    "session",
]


def session(
    activity: Mapping[str, npt.ArrayLike],
    columns: Mapping[str, npt.ArrayLike],
    attrs: Mapping[str, str | int | float],
    *,
    signal: str = "spikes",
    units: str = "",
    sampling_rate: float | None = None,
) -> xr.Dataset:
    """Put arrays together as a checked session.

    Dims, units, long names and the version of the schema are filled in.

    Parameters
    ----------
    activity
        ``rate`` and, if there are any, the other carriers, each (trial, time, unit).
    columns
        ``time`` [s], the columns of units (unit,), of trials (trial,), and ``targeted``
        (trial, unit), by their names in the contract. A column that the contract does not name is
        kept if its length says which of the dims it runs along.
    attrs
        Attributes of the session; ``animal`` and ``session_id`` are required.
    signal
        ``spikes``, ``calcium``, ``event`` or ``model``.
    units
        Units of ``rate``; by default the first that `signal` allows, e.g. Hz for spikes.
    sampling_rate
        Samples a second, 1 / bin width [Hz]; by default from the spacing of ``time``.

    Returns
    -------
    xr.Dataset
        Dims ``(trial, time, unit)``.

    Raises
    ------
    ContractError
        Naming every breach at once.
    """
    arrays = {name: _array(value) for name, value in columns.items()}
    arrays |= {name: _floats(value) for name, value in activity.items()}
    _check_lengths(arrays)
    variables = {name: (_dims(name, arrays), array) for name, array in arrays.items()}
    coords = {name: variables.pop(name) for name in columns}
    dataset = xr.Dataset(variables, coords, {"schema_version": SCHEMA_VERSION, **attrs})
    for name, variable in dataset.variables.items():
        if name in FIELDS:
            field = FIELDS[str(name)]
            variable.attrs["long_name"] = field.long_name
            if field.kind == "number":
                variable.attrs["units"] = field.units[0] if field.units else "1"
    if "rate" in dataset:
        dataset["rate"].attrs |= {
            "signal": signal,
            "units": units or SIGNALS.get(signal, ("a.u.",))[0],
            "sampling_rate": sampling_rate or _sampling_rate(dataset),
        }
    return check(dataset)


def _array(values: npt.ArrayLike) -> npt.NDArray[np.generic]:
    array = np.asarray(values)
    # pandas hands text over as objects; only text is converted, `check` refuses the rest
    if array.dtype.kind in "OT" and all(isinstance(value, str) for value in array.flat):
        array = array.astype(str)
    return array


def _floats(values: npt.ArrayLike) -> npt.NDArray[np.generic]:
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "iu" else array


def _dims(name: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> tuple[str, ...]:
    if name in FIELDS:
        return FIELDS[name].dims
    lengths = _lengths(arrays)
    fitting = [dim for dim, length in lengths.items() if arrays[name].shape == (length,)]
    if len(fitting) != 1:
        guess = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.85)
        mend = f"did you mean `{guess[0]}`?" if guess else "leave it out, or add it afterwards"
        raise ContractError(
            f"`{name}` is not in the contract and its shape {arrays[name].shape} does not say "
            f"which dim it runs along; {mend}"
        )
    return (fitting[0],)


def _lengths(arrays: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, int]:
    """Return the length of each dim, as `rate` has it or else the first that has the dim."""
    lengths: dict[str, int] = {}
    order = sorted((name for name in arrays if name in FIELDS), key=lambda name: name != "rate")
    for name in order:
        for dim, length in zip(FIELDS[name].dims, arrays[name].shape, strict=False):
            lengths.setdefault(dim, length)
    return lengths


def _check_lengths(arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    lengths = _lengths(arrays)
    breaches = []
    for name, array in arrays.items():
        if name in FIELDS:
            expected = tuple(lengths.get(dim, 0) for dim in FIELDS[name].dims)
            if array.shape != expected:
                breaches.append(
                    f"`{name}` has shape {array.shape}; give it {FIELDS[name].dims} = {expected}"
                )
    if breaches:
        raise ContractError(*breaches)


def _sampling_rate(dataset: xr.Dataset) -> float:
    """Return samples a second [Hz] from the spacing of `time`, rounded as people choose bins."""
    if dataset.sizes.get("time", 0) < 2 or "time" not in dataset.coords:
        return float("nan")
    time = dataset["time"].values
    if time.dtype.kind not in "iuf":
        return float("nan")
    width = float(time[-1] - time[0]) / (len(time) - 1)
    return float(f"{1 / width:.9g}") if width > 0 else float("nan")
