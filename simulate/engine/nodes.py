"""What a recording consists of: operations, what they are done to, and blocks of synapses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from errorneurons.simulate.arrays import Array

if TYPE_CHECKING:
    from errorneurons.simulate.engine.tape import Tape


Environment = Mapping[str, Any]


class RecordingError(Exception):
    """Something that a theory does cannot be recorded."""


@dataclass(frozen=True, eq=False)
class Node:
    """One operation on neurons that stand side by side.

    Attributes
    ----------
    op
        Name of the operation.
    args
        What it is done to.
    factors
        Numbers that enter it: one an argument and a constant in ``"lin"`` (a x + b y + ... + e),
        a and e in ``"mul"`` (a x y + e).
    rows
        Number of neurons.
    what
        What else it needs: a `Given`, the name of a field, or a matrix.
    """

    op: str
    args: tuple[Ref, ...]
    factors: tuple[float, ...]
    rows: int
    what: Any = None


class Ref(NamedTuple):
    """Some neighbouring rows of what a node computes."""

    node: Node
    start: int
    rows: int

    def part(self, start: int, rows: int) -> Ref:
        """Return a part of these rows."""
        return Ref(self.node, self.start + start, rows)


class View(NamedTuple):
    """A block of a matrix, or of its transpose: rows and columns count in the matrix itself."""

    root: Any
    rows: tuple[int, int]
    columns: tuple[int, int]
    turned: bool

    def turn(self) -> View:
        """Return the transpose."""
        return self._replace(turned=not self.turned)

    def block(self, post: tuple[int, int], pre: tuple[int, int]) -> View:
        """Return a block, given in rows and columns of what is seen."""
        own = (pre, post) if self.turned else (post, pre)
        (r, rr), (c, cc) = own
        rows = (self.rows[0] + r, self.rows[0] + rr)
        return self._replace(rows=rows, columns=(self.columns[0] + c, self.columns[0] + cc))


class Traced(NDArrayOperatorsMixin):
    """What all three kinds of arrays share: NumPy hands everything that is done to `_apply`."""

    tape: Tape
    shape: Any

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method != "__call__" or kwargs:
            raise self.tape.error(f"{ufunc.__name__}.{method}", "write it with plain arithmetic")
        result = self.tape.apply(ufunc, inputs, {})
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def __array_function__(
        self, function: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        return self.tape.apply(function, args, dict(kwargs))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.tape.error(
            "assignment of what changes to a plain array", "use np.concatenate, or copy a state"
        )

    def __bool__(self) -> bool:
        raise self.tape.error("a branch on a value", "use np.where")

    def __len__(self) -> int:
        return int(self.shape[0])

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> Any:
        """What its entries are."""
        return np.dtype(float)


class Given(Traced):
    """An array that is known when a program starts, and how to compute it then.

    Attributes
    ----------
    sample
        An example of it.
    compute
        From the environment, arrays of weights and of a world by path, to the array.
    needs
        Names of what it depends on in the environment; empty for a constant.
    """

    def __init__(
        self, tape: Tape, sample: Array, compute: Callable[[Environment, dict[int, Any]], Any],
        needs: frozenset[str], view: View | None = None,
    ) -> None:  # fmt: skip
        self.tape, self.sample, self.needs = tape, np.asarray(sample), needs
        self.shape, self._compute, self.view = self.sample.shape, compute, view

    @property
    def dtype(self) -> Any:
        """What its entries are."""
        return self.sample.dtype

    def value(self, environment: Environment, memory: dict[int, Any]) -> Any:
        """Return the array in an environment; what was computed is kept in `memory`."""
        if id(self) not in memory:
            memory[id(self)] = self._compute(environment, memory)
        return memory[id(self)]

    def __getitem__(self, key: Any) -> Given:
        item: Given = computed(self.tape, lambda x: x[key], (self,), {})
        block = block_of(key, self.shape) if self.ndim == 3 else None
        if block is not None and self.view is not None:
            item.view = self.view.block(*block)
        return item

    def __setitem__(self, key: Any, value: Any) -> None:
        raise self.tape.error(
            "assignment to a part of the world or of a parameter", "copy it first"
        )

    def copy(self) -> Any:
        """Return a copy; of synapses one that what learns may be written into."""
        if self.tape.learns and self.view is not None:
            return self.tape.matrix(self, *self.shape[1:])
        return computed(self.tape, np.copy, (self,), {})

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the mean, as NumPy does."""
        return computed(self.tape, np.mean, (self,), {"axis": axis, "keepdims": keepdims})

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the sum, as NumPy does."""
        return computed(self.tape, np.sum, (self,), {"axis": axis, "keepdims": keepdims})

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the largest, as NumPy does."""
        return computed(self.tape, np.max, (self,), {"axis": axis, "keepdims": keepdims})


def walk(thing: Any, change: Callable[[Any], Any]) -> Any:
    """Return a thing with whatever its lists and tuples hold changed."""
    if isinstance(thing, (list, tuple)) and not hasattr(thing, "_fields"):
        return type(thing)(walk(x, change) for x in thing)
    return change(thing)


def found_in(things: Any, kinds: Any) -> list[Any]:
    """Return the things of some kinds in lists and tuples."""
    found: list[Any] = []
    for thing in things:
        if isinstance(thing, kinds):
            found.append(thing)
        elif type(thing) in (list, tuple):
            found += found_in(thing, kinds)
    return found


def computed(tape: Tape, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Apply a function of NumPy to what is given, now to the examples and later to the values."""
    inner = found_in([*args, *kwargs.values()], Given)
    needs = frozenset().union(*(g.needs for g in inner))
    sample = walk(tuple(args), lambda x: x.sample if isinstance(x, Given) else x)

    def compute(environment: Environment, memory: dict[int, Any]) -> Any:
        own = walk(
            tuple(args), lambda x: x.value(environment, memory) if isinstance(x, Given) else x
        )
        return function(*own, **kwargs)

    return Given(tape, function(*sample, **kwargs), compute, needs)


def block_of(key: Any, shape: tuple[int, ...]) -> Any:
    """Return the rows and columns of [:, rows, columns], None if the index is another one."""
    own = key if isinstance(key, tuple) else (key,)
    if len(own) == 1 and own[0] is Ellipsis:
        return (0, shape[1]), (0, shape[2])
    if own and own[0] is Ellipsis:
        own = (slice(None), *own[1:]) if len(own) == 3 else own
    if len(own) not in (2, 3) or not all(isinstance(k, slice) for k in own):
        return None
    if own[0] != slice(None) or any(k.step not in (None, 1) for k in own):
        return None
    found = [k.indices(n)[:2] for k, n in zip(own[1:], shape[1:], strict=False)]
    found += [(0, shape[2])] * (2 - len(found))
    return tuple(found)


def pairs_of(key: Any) -> Any:
    """Return the blocks of [:, rows[:, None], columns], all runs of rows by all runs of columns."""
    if not (isinstance(key, tuple) and len(key) == 3 and key[0] == slice(None)):
        return None
    rows, columns = key[1:]
    if not (isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray)):
        return None
    if rows.ndim != 2 or rows.shape[1] != 1 or columns.ndim != 1:
        return None
    return [((r, r + n), (c, c + m)) for r, n in runs_of(rows[:, 0]) for c, m in runs_of(columns)]


def runs_of(index: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Return (first, count) of each run of consecutive numbers."""
    if not len(index):
        return []
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    return [(int(part[0]), len(part)) for part in np.split(index, breaks)]


def cut(pieces: Sequence[Ref], start: int, rows: int) -> list[Ref]:
    """Return what stands in some rows of a list of pieces."""
    found, at = [], 0
    for piece in pieces:
        lo, hi = max(start, at), min(start + rows, at + piece.rows)
        if lo < hi:
            found.append(piece.part(lo - at, hi - lo))
        at += piece.rows
    return found


def zeros(rows: int) -> Ref:
    """Return rows of zeros."""
    return Ref(Node("const", (), (0.0,), rows), 0, rows)


def regions_of(lists: Mapping[str, Sequence[Ref]]) -> dict[str, tuple[int, int]]:
    """Return where each list of rows begins, one after the other, and how many it has."""
    found, at = {}, 0
    for name, refs in lists.items():
        rows = sum(r.rows for r in refs)
        found[name] = (at, rows)
        at += rows
    return found
