"""Check sessions against the contract: every breach at once, each with its mend."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.session.consistency import inconsistencies
from errorneurons.analysis.session.identity import names_of, spelled_otherwise
from errorneurons.analysis.session.schema import (
    ACTIVITY,
    ATTRIBUTES,
    FIELDS,
    SCHEMA_VERSION,
    Field,
)

_Recording = TypeVar("_Recording", xr.Dataset, xr.DataTree)

TRIALS_AT_ONCE = 64
"""Trials whose activity is looked at together; bounds the memory that a check needs."""


class DoorError(ValueError):
    """A recording cannot come in; the text says what was found and the mend."""


def told(error: Exception) -> str:
    """Return what an error says, without the number that the system gives it."""
    return getattr(error, "strerror", None) or str(error)


class ContractError(DoorError):
    """A recording breaks the contract; the text lists every breach with its mend.

    Attributes
    ----------
    breaches
        One sentence each.
    """

    def __init__(self, *breaches: str) -> None:
        self.breaches = breaches
        super().__init__("\n".join(breaches))


def check(recording: _Recording, *, activity: bool = True) -> _Recording:
    """Return the recording if it keeps the contract.

    Parameters
    ----------
    recording
        One session, or a collection of sessions.
    activity
        Whether to look at every value of the activity too, block by block. Files are opened
        without, so that opening stays lazy.

    Raises
    ------
    ContractError
        Naming every breach at once, each with its mend.
    DoorError
        If the recording is read from a file as it is checked, and the file is damaged.
    """
    try:
        if isinstance(recording, xr.DataTree):
            breaches = tuple(_tree(recording, activity))
        else:
            breaches = tuple(_session(recording, activity))
    except OSError as error:
        raise DoorError(f"the recording's file is damaged: {told(error)}; copy it again") from error
    if breaches:
        raise ContractError(*breaches)
    return recording


def collect(sessions: Iterable[xr.Dataset]) -> xr.DataTree:
    """Return a collection of sessions, each named ``<animal>_<session_id>``.

    Raises
    ------
    ContractError
        If two sessions are the same session of the same animal, or one breaks the contract in
        anything but the values of its activity.
    """
    every = list(sessions)
    names = names_of(every)
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ContractError(f"session {twice[0]} stands twice; give each its own session_id")
    children = dict(zip(names, every, strict=True))
    return check(xr.DataTree.from_dict(children), activity=False)


def name_of(session: xr.Dataset) -> str:
    """Return how a session is called in a collection."""
    return names_of([session])[0]


def _tree(tree: xr.DataTree, activity: bool) -> Iterator[str]:
    if tree.variables:
        names = ", ".join(sorted(str(name) for name in tree.variables))
        yield f"the root of the collection holds {names}; move everything into the sessions"
    if not tree.children:
        yield "the collection holds no session; add one child a session"
    seen: dict[tuple[object, object], str] = {}
    for name, node in tree.children.items():
        if node.children:
            yield f"session {name} has children; one child of the root is one session"
        session = node.to_dataset(inherit=False)
        key = (session.attrs.get("animal"), session.attrs.get("session_id"))
        if None not in key and key in seen:
            yield (
                f"sessions {seen[key]} and {name} are both animal {key[0]}, session {key[1]}; "
                "give each its own session_id"
            )
        seen.setdefault(key, name)
        yield from (f"session {name}: {breach}" for breach in _session(session, activity))
    yield from spelled_otherwise({name: node.to_dataset() for name, node in tree.children.items()})


def _session(session: xr.Dataset, activity: bool) -> Iterator[str]:
    yield from _attributes(session)
    yield from _presence(session)
    sound = set()
    for field in FIELDS.values():
        if field.name in session.variables:
            breaches = tuple(_field(session, field))
            yield from breaches
            if not breaches:
                sound.add(field.name)
    yield from _storable(session)
    yield from inconsistencies(session, sound)
    if activity:
        for field in ACTIVITY:
            if field.name in sound:
                yield from _samples(field.name, session.variables[field.name])


def _attributes(session: xr.Dataset) -> Iterator[str]:
    attrs = session.attrs
    for attribute in ATTRIBUTES:
        name = attribute.name
        if name not in attrs:
            if attribute.required:
                yield f"attribute `{name}` is missing; set attrs[{name!r}]: {attribute.meaning}"
        elif attribute.kind == "text" and not (isinstance(attrs[name], str) and attrs[name]):
            yield f"attribute `{name}` is {attrs[name]!r}; give it as text"
        elif attribute.kind == "number" and not isinstance(
            attrs[name], int | float | np.integer | np.floating
        ):
            yield f"attribute `{name}` is {attrs[name]!r}; give it as a number"
    version = attrs.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        yield (
            f"attribute `schema_version` is {version}; this version of errorneurons reads "
            f"{SCHEMA_VERSION}"
        )


def _presence(session: xr.Dataset) -> Iterator[str]:
    for dim in ("trial", "time", "unit"):
        if dim in session.sizes and session.sizes[dim] == 0:
            yield f"dim {dim} has length 0; a session needs at least one {dim}"
    for field in FIELDS.values():
        if field.required and field.name not in session.variables:
            yield f"`{field.name}` is missing; add it with dims {field.dims}"
    absent = [name for name in FIELDS if name not in session.variables]
    for name in (str(name) for name in session.variables if name not in FIELDS):
        guess = difflib.get_close_matches(name, absent, n=1, cutoff=0.85)
        if guess:
            yield f"`{name}` is not in the contract; did you mean `{guess[0]}`?"


def _storable(session: xr.Dataset) -> Iterator[str]:
    """Name what no file can hold: a file must give back what was put in, without pickles."""
    for name, variable in session.variables.items():
        if not isinstance(name, str):
            yield f"a variable is called {name!r}, which is no text; the file may be damaged"
        if name not in FIELDS and variable.dtype.kind not in "biufUM":
            yield f"`{name}` has dtype {variable.dtype}; give it as numbers, text or bool"
    known = {attribute.name for attribute in ATTRIBUTES}
    owners: list[xr.Dataset | xr.Variable] = [session, *session.variables.values()]
    for owner in owners:
        for name, value in owner.attrs.items():
            if isinstance(value, str) and "\0" in value:
                yield f"attribute `{name}` holds a NUL character; leave it out"
            elif name not in known and (
                isinstance(value, bool) or not isinstance(value, _STORABLE)
            ):
                yield f"attribute `{name}` is {value!r}; give it as text or numbers"


_STORABLE = (str, int, float, np.number, np.ndarray, list, tuple)


def _field(session: xr.Dataset, field: Field) -> Iterator[str]:
    name, variable = field.name, session.variables[field.name]
    if variable.dims != field.dims:
        yield f"`{name}` has dims {variable.dims}; give it dims {field.dims}"
        return
    if field not in ACTIVITY and name not in session.coords:
        yield f"`{name}` is a variable; make it a coordinate with set_coords({name!r})"
    if field.units:
        yield from _unit_of_measure(variable, field)
    if not _is_kind(variable, field):
        kind = "floats" if field in ACTIVITY else _KINDS[field.kind]
        yield f"`{name}` has dtype {variable.dtype}; give it as {kind}"
    elif field not in ACTIVITY:
        yield from _values(variable, field)


_KINDS = {"number": "numbers", "text": "text (empty where unknown)", "bool": "bool"}


def _is_kind(variable: xr.Variable, field: Field) -> bool:
    kind = str(variable.dtype.kind)
    if field in ACTIVITY:
        return kind == "f"
    if field.kind == "bool":
        return kind == "b"
    if field.kind == "number":
        return kind in "iuf"
    return kind == "U" or (kind == "O" and all(isinstance(v, str) for v in variable.values.flat))


def _unit_of_measure(variable: xr.Variable, field: Field) -> Iterator[str]:
    allowed = " or ".join(repr(unit) for unit in field.units)
    found = variable.attrs.get("units")
    if found is None:
        yield f"`{field.name}` has no units; set its attrs['units'] to {allowed}"
    elif found not in field.units:
        yield f"`{field.name}` has units {found!r}; convert it to {allowed}"


def _values(variable: xr.Variable, field: Field) -> Iterator[str]:
    values = np.unique(variable.values)
    if field.kind == "number":
        if np.isinf(values).any():
            yield f"`{field.name}` holds infinite values; write NaN where nothing was recorded"
        values = values[np.isfinite(values)]
    elif field.kind == "text" and any("\0" in str(value) for value in values):
        yield f"`{field.name}` holds a NUL character; leave it out"
    if field.values:
        wrong = [value for value in values.tolist() if value not in field.values]
        if wrong:
            allowed = ", ".join(str(value) for value in field.values)
            found = ", ".join(repr(value) for value in wrong[:5])
            yield f"`{field.name}` holds {found}; allowed are {allowed}"


def _read(name: str, variable: xr.Variable, start: int) -> npt.NDArray[np.floating]:
    """Return some trials of activity; what a damaged file makes of them is told in one sentence."""
    try:
        return np.asarray(variable.isel(trial=slice(start, start + TRIALS_AT_ONCE)).values)
    except (RuntimeError, ValueError, TypeError, SystemError, zlib.error) as error:
        raise DoorError(
            f"`{name}` cannot be read from trial {start} on: {told(error)}; the file is damaged, "
            "copy it again"
        ) from error


def _samples(name: str, variable: xr.Variable) -> Iterator[str]:
    negative = variable.attrs.get("signal") == "spikes"
    for start in range(0, variable.sizes["trial"], TRIALS_AT_ONCE):
        block = _read(name, variable, start)
        if np.isinf(block).any():
            yield f"`{name}` holds infinite values; write NaN where nothing was recorded"
            return
        if negative and (block < 0).any():
            yield f"`{name}` holds negative spike rates; give counts / bin width [Hz]"
            return
