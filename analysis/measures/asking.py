"""Remembers what claims ask of sessions, while they ask often."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import xarray as xr

Remembered = dict[Hashable, object]
"""What was asked for -> what was found."""

_Found = TypeVar("_Found")
_KNOWN: ContextVar[Mapping[int, tuple[Remembered, Remembered]] | None] = ContextVar(
    "known", default=None
)


@contextmanager
def asked_often(
    sessions: Sequence[xr.Dataset], known: Sequence[tuple[Remembered, Remembered]] | None = None
) -> Iterator[None]:
    """Keep, while the block lasts, which trials and responses the claims ask sessions for.

    Several claims ask for the same. The sessions must not change meanwhile.

    Parameters
    ----------
    sessions
        Who is asked.
    known
        Of each session what is known of it alone, and what is known of its trials and of the roles
        and areas of its units; whoever hands the latter over again vouches that these are the same.
        Nothing at first, but of sessions that are asked often already.
    """
    before = _KNOWN.get() or {}
    memories = known or [before.get(id(s), ({}, {})) for s in sessions]
    token = _KNOWN.set({id(s): own for s, own in zip(sessions, memories, strict=True)})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def once(session: xr.Dataset, key: Hashable, found: Callable[[], _Found]) -> _Found:
    """Return what is found, or what was found before where sessions are `asked_often`.

    Parameters
    ----------
    session
        Who is asked.
    key
        What is asked for; no two functions may share one.
    found
        Finds it.
    """
    known = (_KNOWN.get() or {}).get(id(session))
    return found() if known is None else _kept(known[0], key, found)


def once_alike(session: xr.Dataset, key: Hashable, found: Callable[[], _Found]) -> _Found:
    """Return what is found of trials, or of roles and areas of units, alone; else as `once`."""
    known = (_KNOWN.get() or {}).get(id(session))
    return found() if known is None else _kept(known[1], key, found)


def _kept(memory: Remembered, key: Hashable, found: Callable[[], _Found]) -> _Found:
    if key not in memory:
        memory[key] = found()
    return memory[key]  # type: ignore[return-value]
