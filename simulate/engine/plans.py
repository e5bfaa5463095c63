"""Programs that networks share which differ in nothing but numbers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields, is_dataclass
from threading import Lock
from typing import Any

import numpy as np

from errorneurons.simulate.engine import counts, loop
from errorneurons.simulate.engine.table import OperationTable, Room
from errorneurons.simulate.store.places import compiler_cache


@dataclass(frozen=True)
class Program:
    """A program, ready for the loop."""

    table: OperationTable
    code: tuple[Any, ...]
    template: Any


class _Plan:
    """Programs that networks share which differ in nothing but numbers."""

    def __init__(self) -> None:
        self.programs: dict[Any, Program] = {}
        self.room = Room()
        self.patterns: dict[str, Any] = {}
        self.lock = Lock()


PLANS: OrderedDict[Any, _Plan] = OrderedDict()
"""Plans by what they depend on, those used last at the end; training runs the same one again."""


MOST_PLANS = 8
"""Training comes back to the last two; each holds megabytes."""


def plan_of(key: Any) -> _Plan:
    """Return the plan of a key, a new one if it is not known; None has a plan of its own."""
    plan = PLANS.pop(key, None) or _Plan()
    if key is not None:
        PLANS[key] = plan
        while len(PLANS) > MOST_PLANS:
            PLANS.popitem(last=False)
    return plan


def contents(thing: Any) -> Any:
    """Return something hashable that is equal for things whose contents are equal.

    Raises
    ------
    TypeError
        If a thing holds what cannot be compared so.
    """
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.dtype.str, thing.tobytes()
    if is_dataclass(thing) and not isinstance(thing, type):
        own = tuple((f.name, contents(getattr(thing, f.name))) for f in fields(thing))
        return type(thing), own
    if isinstance(thing, tuple):
        return tuple(contents(x) for x in thing)
    if isinstance(thing, (str, int, float, type(None))):
        return type(thing), thing
    raise TypeError(f"{type(thing).__name__} has no contents to compare")


def compile_ahead() -> None:
    """Compile the loop that all programs run in, and keep it, so that workers only load it.

    Nothing is done where compiled code cannot be kept: each worker compiles it then.
    """
    if compiler_cache():
        loop.advance.compile(loop.TYPES_OF_LOOP)
        counts.multiplied.compile(counts.TYPES)
        counts.inverted.compile(counts.TYPES_OF_INVERTED)
