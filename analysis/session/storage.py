"""Collections as netCDF files.

A session on its own is a group of the file, named like it. Sessions that are alike in shape, as
networks that go through one experiment are, share the variables of one group along a dim
``session``: what they have in common is written once, and a file of many sessions holds no more
variables than a file of one. `unstacked` takes them apart again, lazily.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.contract import TRIALS_AT_ONCE, DoorError, check, name_of
from errorneurons.analysis.session.files import beside
from errorneurons.analysis.session.netcdf import as_netcdf
from errorneurons.analysis.session.schema import ACTIVITY

STACK = "stacked sessions "
"""How the groups that hold several sessions are called, with a number."""
SESSION = "session"
APART = "attributes_of_sessions"
"""The attribute of such a group with the sessions' names and what they do not share, as JSON."""

Sessions = Mapping[str, xr.Dataset]


def save(recording: xr.DataTree | xr.Dataset, path: str | Path) -> Path:
    """Write a collection, or one session, as a netCDF file, compressed.

    Spike counts are stored as small integers, and come back as exactly the same rates. The file
    is written beside its place and renamed: it is there whole, or not at all.

    Parameters
    ----------
    recording
        A collection, one child a session; or a session.
    path
        Where to; ends in ``.nc``.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ContractError
        If the collection breaks the contract.
    DoorError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".nc":
        raise DoorError(f"cannot save as {path.name}: give a name that ends in .nc")
    content = packed(recording)
    with beside(path) as part:
        part.write_bytes(content)
    return path


def packed(recording: xr.DataTree | xr.Dataset) -> bytes:
    """Return what the netCDF file of a collection, or of one session, consists of.

    It is made in memory: HDF5 that meets a full disk half way may bring the process down.

    Raises
    ------
    ContractError
        If the collection breaks the contract.
    """
    if isinstance(recording, xr.Dataset):
        return as_netcdf({(name := name_of(check(recording))): _as_group({name: recording})})
    check(recording)
    sessions = {name: node.to_dataset(inherit=False) for name, node in recording.children.items()}
    groups = {"/": xr.Dataset(attrs=recording.attrs)}
    for number, alike in enumerate(_alike(sessions)):
        name = next(iter(alike)) if len(alike) == 1 else f"{STACK}{number}"
        groups[name] = _as_group(alike)
    return as_netcdf(groups)


def unstacked(group: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return the sessions that a group of a file holds together, by name, not yet read."""
    apart = json.loads(group.attrs[APART])
    common = {name: value for name, value in group.attrs.items() if name != APART}
    return {
        name: _without_stack(group.isel({SESSION: number}), {**common, **own})
        for number, (name, own) in enumerate(apart.items())
    }


def _without_stack(session: xr.Dataset, attrs: Mapping[str, Any]) -> xr.Dataset:
    one = session.drop_vars(SESSION, errors="ignore")
    one.attrs = dict(attrs)
    return one


def _alike(sessions: Sessions) -> list[Sessions]:
    """Return runs of sessions that have the same variables, of the same shapes and attributes."""
    runs = groupby(sessions.items(), key=lambda item: _kind(*item))
    return [dict(run) for _, run in runs]


def _kind(name: str, session: xr.Dataset) -> tuple[object, ...]:
    """Return what sessions of one group have in common; the name of one that stays alone."""
    variables = session.variables
    owners: list[xr.Dataset | xr.Variable] = [session, *variables.values()]
    values = [value for owner in owners for value in owner.attrs.values()]
    if SESSION in variables or not all(
        isinstance(v, str | int | float | np.number) for v in values
    ):
        return (name,)
    shapes = frozenset(
        (n, v.dims, v.shape, "U" if v.dtype.kind == "U" else str(v.dtype), repr(v.attrs))
        for n, v in variables.items()
    )
    axes = frozenset((n, variables[n].values.tobytes()) for n in session.sizes if n in variables)
    return shapes, axes, frozenset(session.coords), tuple(session.attrs)


def _as_group(sessions: Sessions) -> xr.Dataset:
    """Return sessions that are alike as one group, (session, ...) where they differ.

    A lone one keeps its dims. None remembers how it was stored in another file.
    """
    first, *others = sessions.values()
    activity = [field.name for field in ACTIVITY if field.name in first]
    columns = {
        column: _activity([s.variables[column] for s in sessions.values()])
        if column in activity
        else _together([s.variables[column] for s in sessions.values()])
        for column in first.variables
    }
    variables = {n: columns.pop(str(n)) for n in first.data_vars}
    if not others:
        return xr.Dataset(variables, columns, first.attrs)
    differ = [key for key in first.attrs if any(s.attrs[key] != first.attrs[key] for s in others)]
    apart = {n: {key: _as_json(s.attrs[key]) for key in differ} for n, s in sessions.items()}
    attrs = {key: value for key, value in first.attrs.items() if key not in differ}
    return xr.Dataset(variables, columns, {**attrs, APART: json.dumps(apart)})


def _as_json(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _together(columns: Sequence[xr.Variable]) -> xr.Variable:
    """Return a column of several sessions: as each has it if all have the same, else stacked."""
    first = columns[0]
    if all(xr.DataArray(first).equals(xr.DataArray(other)) for other in columns[1:]):
        return xr.Variable(first.dims, first.values, first.attrs)
    return xr.Variable((SESSION, *first.dims), np.stack([c.values for c in columns]), first.attrs)


def _activity(sessions: Sequence[xr.Variable]) -> xr.Variable:
    """Return the activity of sessions as one variable, (session, trial, time, unit), as stored."""
    first, stored = sessions[0], _counted(sessions)
    attrs, floats = dict(first.attrs), stored is None
    chunks: tuple[int, ...] = (min(TRIALS_AT_ONCE, first.shape[0]), *first.shape[1:])
    if stored is None:
        stored = [session.values for session in sessions]
    else:
        dtype = stored[0].dtype
        attrs |= {"scale_factor": _scale(first), "_FillValue": dtype.type(np.iinfo(dtype).max)}
    if len(sessions) == 1:
        dims, values = first.dims, stored[0]
    else:
        dims, values, chunks = (SESSION, *first.dims), np.stack(stored), (1, *chunks)
    return xr.Variable(dims, values, attrs, {"chunksizes": chunks, "shuffle": floats})


def _scale(variable: xr.Variable) -> np.floating[Any]:
    """Return the rate of one spike in a bin."""
    scale: np.floating[Any] = variable.dtype.type(variable.attrs["sampling_rate"])
    return scale


def _counted(sessions: Sequence[xr.Variable]) -> list[npt.NDArray[Any]] | None:
    """Return activity as the smallest counts that give it back exactly, None if none do."""
    if sessions[0].attrs.get("signal") != "spikes":
        return None
    for dtype in (np.uint8, np.uint16):
        found = [_counts(session, dtype) for session in sessions]
        counts = [one for one in found if one is not None]
        if len(counts) == len(sessions):
            return counts
    return None


def _counts(variable: xr.Variable, dtype: type[np.unsignedinteger[Any]]) -> Any:
    """Return spike counts, None if one is too large or they do not give the rates exactly."""
    scale, fill = _scale(variable), np.iinfo(dtype).max
    stored = np.empty(variable.shape, dtype)
    for part, rate in _blocks(variable):
        missing = np.isnan(rate)
        if missing.any():
            rate = np.where(missing, 0, rate)
        count = np.rint(rate / scale)
        if not np.array_equal(count * scale, rate) or count.max(initial=0) >= fill:
            return None
        stored[part] = count
        stored[part][missing] = fill
    return stored


def _blocks(variable: xr.Variable) -> Iterator[tuple[slice, npt.NDArray[Any]]]:
    """Yield activity some trials at a time, so that little of it is in memory twice."""
    for start in range(0, variable.sizes["trial"], TRIALS_AT_ONCE):
        part = slice(start, start + TRIALS_AT_ONCE)
        yield part, variable.isel(trial=part).values
