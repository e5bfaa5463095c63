"""States, synapses and worlds as arrays by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.engine.nodes import Traced


def arrays(thing: Any, name: str = "") -> dict[str, Any]:
    """Return the arrays in a dataclass, or in the tuples that it holds, by path."""
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = [(f.name, getattr(thing, f.name)) for f in fields(thing)]
    elif isinstance(thing, tuple) and hasattr(thing, "_fields"):
        parts = list(zip(thing._fields, thing, strict=True))
    elif isinstance(thing, tuple):
        parts = [(str(k), x) for k, x in enumerate(thing)]
    else:
        return {name: thing} if isinstance(thing, (np.ndarray, Traced)) else {}
    found: dict[str, Any] = {}
    for part, value in parts:
        found |= arrays(value, f"{name}.{part}" if name else part)
    return found


def rebuilt(thing: Any, new: Mapping[str, Any], name: str = "") -> Any:
    """Return a thing with the arrays at some paths replaced."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return replace(thing, **{
            f.name: rebuilt(getattr(thing, f.name), new, f"{name}.{f.name}" if name else f.name)
            for f in fields(thing)
        })  # fmt: skip
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*(
            rebuilt(x, new, f"{name}.{part}")
            for part, x in zip(thing._fields, thing, strict=True)
        ))  # fmt: skip
    if isinstance(thing, tuple):
        return tuple(rebuilt(x, new, f"{name}.{k}") for k, x in enumerate(thing))
    return new.get(name, thing)


def world_arrays(world: Any) -> dict[str, Any]:
    """Return the arrays of a world by path."""
    found = {f"world.{name}": getattr(world, name) for name in ("input", "target", "teaching")}
    for name in ("keep", "current", "synapses"):
        found |= {f"world.{name}.{key}": x for key, x in getattr(world, name).items()}
    return found


def later(world: Any) -> Any:
    """Return the world from the second step on."""

    def own(x: Array) -> Array:
        return x[1:] if x.ndim == 4 else x

    return _mapped(world, own)


def at_step(world: Any, k: int) -> Any:
    """Return the world of one step."""

    def own(x: Array) -> Array:
        return x[k] if x.ndim == 4 else x

    return _mapped(world, own)


def _mapped(world: Any, own: Callable[[Array], Array]) -> Any:
    def each(things: Mapping[str, Array]) -> dict[str, Array]:
        return {name: own(x) for name, x in things.items()}

    return replace(
        world, input=own(world.input), target=own(world.target), keep=each(world.keep),
        current=each(world.current),
    )  # fmt: skip
