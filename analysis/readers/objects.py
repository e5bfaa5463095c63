"""Objects of Python in place of a file: those of pynapple, arrays, and data frames.

What an object is, is seen from what it can do; pynapple need not be installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from errorneurons.analysis.mapping import Mapping as Meaning
from errorneurons.analysis.named.arrays import NamedArrays
from errorneurons.analysis.named.assembled import recording_of
from errorneurons.analysis.readers.tables import frame_columns
from errorneurons.analysis.session.contract import DoorError
from errorneurons.analysis.sources.limits import check_plain
from errorneurons.analysis.sources.recording import LazyArray, RawRecording
from errorneurons.analysis.sources.sessions import Opened


@runtime_checkable
class Trains(Protocol):
    """Spike times of units by their numbers, as a ``TsGroup``."""

    metadata: pd.DataFrame

    def keys(self) -> Any:
        """Return the numbers of the units."""

    def __getitem__(self, key: Any) -> Any:
        """Return the times of one."""


@runtime_checkable
class Intervals(Protocol):
    """Intervals with columns that tell of them, as an ``IntervalSet``."""

    start: Any
    end: Any
    metadata: pd.DataFrame


@runtime_checkable
class Timed(Protocol):
    """Values at times [s], as a ``Tsd``, ``TsdFrame`` or ``TsdTensor``."""

    t: Any
    d: Any


def opened_objects(objects: Mapping[str, object]) -> Opened:
    """Return how objects are opened in place of a file."""

    @contextmanager
    def opened(_: Path, mapping: Meaning) -> Iterator[RawRecording]:
        yield recording_of(named_objects(objects), mapping.signal, mapping.events, {})

    return opened


def named_objects(objects: Mapping[str, object]) -> NamedArrays:
    """Return named arrays: those of objects, each under its name.

    A group of spikes is a list, its metadata the table of that name; intervals are a table with
    ``start`` and ``end``; values at times are an array, and ``name_times``.

    Raises
    ------
    DoorError
        If an object is of another kind.
    """
    arrays: dict[str, LazyArray] = {}
    lists: dict[str, tuple[LazyArray, ...]] = {}
    for name, value in objects.items():
        if isinstance(value, Timed):
            arrays |= {name: np.asarray(value.d), f"{name}_times": np.asarray(value.t)}
        elif isinstance(value, Intervals):
            ends = {"start": np.asarray(value.start), "end": np.asarray(value.end)}
            arrays |= {f"{name}.{n}": a for n, a in {**ends, **_told(value.metadata)}.items()}
        elif isinstance(value, Trains):
            keys = [*value.keys()]
            lists[name] = tuple(np.asarray(value[key].t) for key in keys)
            told = {"key": np.array(keys), **_told(_in_order(name, value.metadata, keys))}
            arrays |= {f"{name}.{n}": a for n, a in told.items()}
        elif isinstance(value, pd.DataFrame):
            arrays |= {f"{name}.{n}": a for n, a in _told(value).items()}
        elif isinstance(value, np.ndarray | list | tuple):
            arrays[name] = np.asarray(value)
            check_plain(name, arrays[name].dtype)
        else:
            kind = type(value).__name__
            raise DoorError(
                f"`{name}` is of type {kind}; give an array, a table, or a pynapple object"
            )
    return NamedArrays(arrays, lists)


def _in_order(name: str, frame: pd.DataFrame, keys: list[Any]) -> pd.DataFrame:
    """Return what is told of units in the order of their trains."""
    if not len(frame.columns):
        return frame
    if set(frame.index) != set(keys) or not frame.index.is_unique:
        raise DoorError(
            f"the metadata of `{name}` are not of its units: its index must hold their numbers"
        )
    return frame.loc[keys]


def _told(frame: pd.DataFrame) -> Mapping[str, LazyArray]:
    return frame_columns(frame).arrays
