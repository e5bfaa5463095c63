"""Records a theory: runs its `step` and `learn` once with arrays that note what is done to them.

Three kinds of arrays stand in for those of NumPy:

========= ========================================================================
`Given`   what stays as it is while a program runs: parameters, the world, frozen
          synapses. Whatever is computed from such alone is left to NumPy.
`Vector`  what changes from step to step, dims (network, stream, neuron)
`Matrix`  synapses that learn, dims (network, post, pre): a sum of terms, each a factor
          times other synapses, or times an outer product of two vectors
========= ========================================================================

A `Vector` is a list of pieces, so that slices, `np.concatenate` and assignments to slices cost
nothing: they say where operands are found. What remains are `Node`s, operations on neurons that
stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy import special

Array = npt.NDArray[np.float64]
Environment = Mapping[str, Any]

STREAMS = 2
"""Streams of the arrays that stand in. More than one: theories may treat one in its own way."""


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


# --- what stays as it is ------------------------------------------------------------------------


class _Traced(NDArrayOperatorsMixin):
    """What all three kinds of arrays share: NumPy hands everything that is done to `_apply`."""

    tape: Tape
    shape: tuple[int, ...]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method != "__call__" or kwargs:
            raise self.tape.error(f"{ufunc.__name__}.{method}", "write it with plain arithmetic")
        result = _apply(self.tape, ufunc, inputs, {})
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def __array_function__(
        self, function: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        return _apply(self.tape, function, args, dict(kwargs))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.tape.error(
            "assignment of what changes to a plain array", "use np.concatenate, or copy a state"
        )

    def __bool__(self) -> bool:
        raise self.tape.error("a branch on a value", "use np.where")

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> Any:
        return np.dtype(float)


class Given(_Traced):
    """An array that is known when a program starts, and how to compute it then.

    Attributes
    ----------
    sample
        An example of it.
    compute
        From the environment, see `given_values`, to the array.
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
        return self.sample.dtype

    def value(self, environment: Environment, memory: dict[int, Any]) -> Any:
        """Return the array in an environment; what was computed is kept in `memory`."""
        if id(self) not in memory:
            memory[id(self)] = self._compute(environment, memory)
        return memory[id(self)]

    def __getitem__(self, key: Any) -> Given:
        item: Given = _given(self.tape, lambda x: x[key], (self,), {})
        block = _block_of(key, self.shape) if self.ndim == 3 else None
        if block is not None and self.view is not None:
            item.view = self.view.block(*block)
        return item

    def __setitem__(self, key: Any, value: Any) -> None:
        raise self.tape.error(
            "assignment to a part of the world or of a parameter", "copy it first"
        )

    def copy(self) -> Any:
        if self.tape.learns and self.view is not None:  # to be written into, by what learns
            return self.tape.matrix(self, *self.shape[1:])
        return _given(self.tape, np.copy, (self,), {})

    def reduced(self, name: str, **how: Any) -> Any:
        return _given(self.tape, lambda x: getattr(x, name)(**how), (self,), {})

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self.reduced("mean", axis=axis, keepdims=keepdims)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self.reduced("sum", axis=axis, keepdims=keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self.reduced("max", axis=axis, keepdims=keepdims)


def _walk(thing: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(thing, (list, tuple)) and not hasattr(thing, "_fields"):
        return type(thing)(_walk(x, change) for x in thing)
    return change(thing)


def _found(things: Any, kinds: Any) -> list[Any]:
    found: list[Any] = []
    _walk(tuple(things), lambda x: found.append(x) if isinstance(x, kinds) else None)
    return found


def _given(tape: Tape, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Apply a function of NumPy to what is given, now to the examples and later to the values."""
    inner = _found([*args, *kwargs.values()], Given)
    needs = frozenset().union(*(g.needs for g in inner))
    sample = _walk(tuple(args), lambda x: x.sample if isinstance(x, Given) else x)

    def compute(environment: Environment, memory: dict[int, Any]) -> Any:
        own = _walk(
            tuple(args), lambda x: x.value(environment, memory) if isinstance(x, Given) else x
        )
        return function(*own, **kwargs)

    return Given(tape, function(*sample, **kwargs), compute, needs)


# --- what changes -------------------------------------------------------------------------------


class _Cell:
    """The memory that a vector and its slices share while a theory is recorded."""

    def __init__(self, pieces: list[Ref]) -> None:
        self.pieces = pieces


class Vector(_Traced):
    """Values of neurons that change from step to step: some rows of a cell."""

    def __init__(self, tape: Tape, cell: _Cell, start: int, rows: int) -> None:
        self.tape, self.cell, self.start, self.rows = tape, cell, start, rows
        self.shape = (tape.networks, STREAMS, rows)

    @property
    def pieces(self) -> list[Ref]:
        """What stands where now."""
        return _cut(self.cell.pieces, self.start, self.rows)

    def _where(self, key: Any) -> list[tuple[int, int]]:
        """Return (first row, rows) of each run of neurons that an index names."""
        own = key if isinstance(key, tuple) else (key,)
        whole = all(k is Ellipsis or (isinstance(k, slice) and k == slice(None)) for k in own[:-1])
        last = own[-1]
        if whole and len(own) in (1, 2, 3):
            if last is Ellipsis:
                return [(0, self.rows)]
            if len(own) == 1 and last == slice(None):
                return [(0, self.rows)]
            if len(own) > 1 and isinstance(last, slice) and last.step in (None, 1):
                start, stop, _ = last.indices(self.rows)
                return [(start, max(stop - start, 0))]
            if len(own) > 1 and isinstance(last, np.ndarray) and last.ndim == 1:
                return _runs(np.arange(self.rows)[last])
        raise self.tape.error(f"index {key!r}", "index neurons, [..., neurons], with a slice")

    def __getitem__(self, key: Any) -> Vector:
        runs = self._where(key)
        if len(runs) == 1 and not isinstance(
            key[-1] if isinstance(key, tuple) else key, np.ndarray
        ):
            return Vector(self.tape, self.cell, self.start + runs[0][0], runs[0][1])
        pieces = self.pieces
        return self.tape.vector([p for run in runs for p in _cut(pieces, *run)])

    def __setitem__(self, key: Any, value: Any) -> None:
        at = 0
        runs = self._where(key)
        new = self.tape.pieces(value, sum(rows for _, rows in runs))
        for start, rows in runs:
            total = sum(p.rows for p in self.cell.pieces)
            first = self.start + start
            self.cell.pieces = _joined(self.tape, [
                *_cut(self.cell.pieces, 0, first), *_cut(new, at, rows),
                *_cut(self.cell.pieces, first + rows, total - first - rows),
            ])  # fmt: skip
            at += rows

    def copy(self) -> Vector:
        return self.tape.vector(self.pieces)

    def _reduced(self, op: str, axis: int | None, keepdims: bool) -> Vector:
        if axis not in (-1, 2) or not keepdims:
            raise self.tape.error(op, "reduce over neurons, axis=-1, keepdims=True")
        return self.tape.vector([self.tape.node(op, (self.tape.together(self),), (), 1)])

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self._reduced("sum", axis, keepdims) / self.rows

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self._reduced("sum", axis, keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        return self._reduced("max_of", axis, keepdims)


class Turned(_Traced):
    """A vector with neurons and streams swapped, on its way into an outer product."""

    def __init__(self, vector: Vector) -> None:
        self.tape, self.vector = vector.tape, vector
        self.shape = (vector.shape[0], vector.shape[2], vector.shape[1])


class Leaf(NamedTuple):
    """Synapses that learn, as they are before the step; (post, pre) of a term is at offsets."""

    name: str
    turned: bool
    offsets: tuple[int, int]


class Outer(NamedTuple):
    """The product of two vectors; (post, pre) of a term is at offsets in them."""

    post: tuple[Ref, ...]
    pre: tuple[Ref, ...]
    offsets: tuple[int, int]


Atom = Leaf | Outer | None


class Term(NamedTuple):
    """A factor (network or 1, post, pre) times an atom; without an atom the factor itself."""

    factor: Given
    atom: Atom


class Matrix(_Traced):
    """Synapses that learn, or what is computed from them: a sum of terms."""

    def __init__(self, tape: Tape, post: int, pre: int, terms: Sequence[Term]) -> None:
        self.tape, self.shape = tape, (tape.networks, post, pre)
        self.terms: list[Term] = []
        for term in terms:
            self._add(term)

    def _add(self, term: Term) -> None:
        """Add a term, to the one with the same atom if there is one."""
        for k, other in enumerate(self.terms):
            if other.atom == term.atom:
                factor = _given(self.tape, np.add, (other.factor, term.factor), {})
                self.terms[k] = Term(factor, term.atom)
                return
        self.terms.append(term)

    def scaled(self, factor: Any) -> Matrix:
        """Return the product with what is given."""
        new = [Term(_given(self.tape, np.multiply, (t.factor, factor), {}), t.atom)
               for t in self.terms]  # fmt: skip
        return Matrix(self.tape, *self.shape[1:], new)

    def plus(self, other: Matrix) -> Matrix:
        """Return the sum."""
        return Matrix(self.tape, *self.shape[1:], [*self.terms, *other.terms])

    def turn(self) -> Matrix:
        """Return the transpose."""
        terms = []
        for factor, atom in self.terms:
            swapped = _given(self.tape, np.swapaxes, (factor, -1, -2), {})
            new: Atom = None
            if isinstance(atom, Leaf):
                new = Leaf(atom.name, not atom.turned, atom.offsets[::-1])
            if isinstance(atom, Outer):
                new = Outer(atom.pre, atom.post, atom.offsets[::-1])
            terms.append(Term(swapped, new))
        return Matrix(self.tape, self.shape[2], self.shape[1], terms)

    def copy(self) -> Matrix:
        return Matrix(self.tape, *self.shape[1:], self.terms)

    def _blocks(self, key: Any) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        block = _block_of(key, self.shape)
        if block is not None:
            return [block]
        pairs = _pairs_of(key, self.shape)
        if pairs is None:
            raise self.tape.error(f"index {key!r} of synapses", "index [:, post, pre] with slices")
        return pairs

    def __getitem__(self, key: Any) -> Matrix:
        blocks = self._blocks(key)
        if len(blocks) == 1:
            return self._block(*blocks[0])
        posts, pres = _grid(blocks)
        shape = (sum(b - a for a, b in posts), sum(b - a for a, b in pres))
        whole = Matrix(self.tape, *shape, [])
        for to, (post, pre) in zip(_targets(posts, pres), blocks, strict=True):
            whole._put(*to, self._block(post, pre))
        return whole

    def _block(self, post: tuple[int, int], pre: tuple[int, int]) -> Matrix:
        terms = []
        for factor, atom in self.terms:
            own = factor[:, post[0] : post[1], pre[0] : pre[1]]
            moved = atom and atom._replace(
                offsets=(atom.offsets[0] + post[0], atom.offsets[1] + pre[0])
            )
            terms.append(Term(own, moved))
        return Matrix(self.tape, post[1] - post[0], pre[1] - pre[0], terms)

    def __setitem__(self, key: Any, value: Any) -> None:
        blocks = self._blocks(key)
        posts, pres = _grid(blocks)
        shape = (sum(b - a for a, b in posts), sum(b - a for a, b in pres))
        new = self.tape.matrix(value, *shape)
        for at, (post, pre) in zip(_targets(posts, pres), blocks, strict=True):
            self._put(post, pre, new._block(*at))

    def _put(self, post: tuple[int, int], pre: tuple[int, int], value: Matrix) -> None:
        hole = np.ones((1, *self.shape[1:]))
        hole[:, post[0] : post[1], pre[0] : pre[1]] = 0.0
        kept = self.scaled(hole).terms
        self.terms = []
        around = ((0, 0), (post[0], self.shape[1] - post[1]), (pre[0], self.shape[2] - pre[1]))
        for term in kept:
            self._add(term)
        for factor, atom in value.terms:
            moved = atom and atom._replace(
                offsets=(atom.offsets[0] - post[0], atom.offsets[1] - pre[0])
            )
            self._add(Term(_given(self.tape, np.pad, (factor, around), {}), moved))
        self.terms = [t for t in self.terms if t.factor.needs or np.any(t.factor.sample)]


def _grid(blocks: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    return list(dict.fromkeys(b[0] for b in blocks)), list(dict.fromkeys(b[1] for b in blocks))


def _targets(posts: list[Any], pres: list[Any]) -> list[Any]:
    """Return where blocks stand that are put side by side."""

    def ends(runs: list[Any]) -> list[tuple[int, int]]:
        sizes = np.cumsum([0, *(b - a for a, b in runs)]).tolist()
        return list(zip(sizes[:-1], sizes[1:], strict=True))

    return [(p, q) for p in ends(posts) for q in ends(pres)]


def _block_of(key: Any, shape: tuple[int, ...]) -> Any:
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


def _pairs_of(key: Any, shape: tuple[int, ...]) -> Any:
    """Return the blocks of [:, rows[:, None], columns], all runs of rows by all runs of columns."""
    if not (isinstance(key, tuple) and len(key) == 3 and key[0] == slice(None)):
        return None
    rows, columns = key[1:]
    if not (isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray)):
        return None
    if rows.ndim != 2 or rows.shape[1] != 1 or columns.ndim != 1:
        return None
    return [((r, r + n), (c, c + m)) for r, n in _runs(rows[:, 0]) for c, m in _runs(columns)]


def _runs(index: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Return (first, count) of each run of consecutive numbers."""
    if not len(index):
        return []
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    return [(int(part[0]), len(part)) for part in np.split(index, breaks)]


def _cut(pieces: Sequence[Ref], start: int, rows: int) -> list[Ref]:
    """Return what stands in some rows of a list of pieces."""
    found, at = [], 0
    for piece in pieces:
        lo, hi = max(start, at), min(start + rows, at + piece.rows)
        if lo < hi:
            found.append(piece.part(lo - at, hi - lo))
        at += piece.rows
    return found


POINTWISE = frozenset((
    "lin", "mul", "div", "max", "min", "select", "tanh", "logistic", "softplus", "abs", "sqrt",
    "exp", "lt", "le", "eq", "ne",
))  # fmt: skip


def _joined(tape: Tape, pieces: Sequence[Ref]) -> list[Ref]:
    """Return pieces with neighbours made one where the same is done to neighbouring operands."""
    found: list[Ref] = []
    for piece in pieces:
        joint = _join(tape, found[-1], piece) if found else None
        if joint is None:
            found.append(piece)
        else:
            found[-1] = joint
    return found


def _join(tape: Tape, one: Ref, two: Ref) -> Ref | None:
    a, b = one.node, two.node
    if a is b:
        if a.op == "const":
            return tape.node("const", (), a.factors, one.rows + two.rows)
        contiguous = one.start + one.rows == two.start
        return Ref(a, one.start, one.rows + two.rows) if contiguous else None
    if a.op != b.op or a.factors != b.factors:
        return None
    if a.op == "const":
        return tape.node("const", (), a.factors, one.rows + two.rows)
    if a.op not in POINTWISE or (one.start, one.rows) != (0, a.rows) or two.start:
        return None
    if two.rows != b.rows:
        return None
    args = [_join(tape, x, y) for x, y in zip(a.args, b.args, strict=True)]
    if any(x is None for x in args):
        return None
    return tape.node(a.op, tuple(x for x in args if x), a.factors, a.rows + b.rows)


# --- the tape -----------------------------------------------------------------------------------


class Tape:
    """The operations of a theory, in their order.

    Parameters
    ----------
    theory
        Name of the theory, for messages.
    networks
        How many networks there are.
    learns
        Whether some synapses learn.
    """

    def __init__(self, theory: str, networks: int, learns: bool) -> None:
        self.theory, self.networks, self.learns = theory, networks, learns
        self.nodes: list[Node] = []
        self._known: dict[Any, Node] = {}
        self._constants: dict[Any, Given] = {}

    def error(self, operation: str, mend: str) -> RecordingError:
        """Return the error of an operation that cannot be recorded."""
        return RecordingError(
            f"{self.theory} cannot be recorded: {operation} is unknown to the engine; {mend}"
        )

    def node(
        self, op: str, args: tuple[Ref, ...], factors: tuple[float, ...], rows: int,
        what: Any = None,
    ) -> Ref:  # fmt: skip
        """Note an operation, and return its result; the same is never noted twice."""
        if op == "lin" and len(args) == 1 and factors == (1.0, 0.0):
            return args[0]
        key = (
            op, tuple((id(a.node), a.start, a.rows) for a in args), factors, rows,
            (id(what.root), *what[1:]) if isinstance(what, View) else
            id(what) if isinstance(what, Given) else what,
        )  # fmt: skip
        if key not in self._known:
            self._known[key] = Node(op, args, factors, rows, what)
            self.nodes.append(self._known[key])
        return Ref(self._known[key], 0, rows)

    def vector(self, pieces: Sequence[Ref]) -> Vector:
        """Return pieces side by side as a vector."""
        own = _joined(self, [p for p in pieces if p.rows])
        return Vector(self, _Cell(own), 0, sum(p.rows for p in own))

    def leaf(self, name: str, rows: int) -> Vector:
        """Return a vector that is known by its name before the step."""
        return self.vector([self.node("leaf", (), (), rows, name)])

    def given(self, value: Any) -> Given:
        """Return a constant."""
        array = np.asarray(value)
        key = (array.shape, array.dtype.str, array.tobytes())
        if key not in self._constants:
            self._constants[key] = Given(self, array, lambda *_: array, frozenset())
        return self._constants[key]

    def pieces(self, value: Any, rows: int) -> list[Ref]:
        """Return a value as pieces, those of one row repeated."""
        if isinstance(value, Vector):
            if value.rows == rows:
                return value.pieces
            if value.rows == 1:
                return [self.node("broadcast", (value.pieces[0],), (), rows)]
            raise ValueError(f"{value.rows} neurons do not fit {rows}")
        if not rows:
            return []
        number = _number(value)
        if number is not None:
            return [self.node("const", (), (number,), rows)]
        own = value if isinstance(value, Given) else self.given(value)
        if own.ndim > 3 or own.shape[-1] not in (1, rows):
            raise ValueError(f"an array with dims {own.shape} does not fit {rows} neurons")
        return [self.node("given", (), (), rows, own)]

    def together(self, vector: Vector) -> Ref:
        """Return a vector in one piece."""
        pieces = vector.pieces
        if len(pieces) == 1:
            return pieces[0]
        return self.node("gather", tuple(pieces), (), vector.rows)

    def pointwise(self, make: Callable[[list[Ref], int], Ref], *operands: Any) -> Vector:
        """Do something to the neurons of operands, one with one."""
        rows = max(_rows(x) for x in operands)
        lists = [self.pieces(x, rows) for x in operands]
        ends = sorted({int(e) for own in lists for e in np.cumsum([p.rows for p in own])})
        found, start = [], 0
        for end in ends:
            found.append(make([_cut(own, start, end - start)[0] for own in lists], end - start))
            start = end
        return self.vector(found)

    def matrix(self, value: Any, post: int, pre: int) -> Matrix:
        """Return a value as synapses."""
        if isinstance(value, Matrix):
            return value
        own = value if isinstance(value, Given) else self.given(value)
        full = _given(self, lambda x: np.broadcast_to(
            x, (x.shape[0] if x.ndim == 3 else 1, post, pre)), (own,), {})  # fmt: skip
        return Matrix(self, post, pre, [Term(full, None)])


def _rows(x: Any) -> int:
    shape = x.shape if isinstance(x, _Traced) else np.shape(x)
    return int(shape[-1]) if shape else 1


def _number(x: Any) -> float | None:
    """Return a number if x is one, or an array of one constant element."""
    if isinstance(x, _Traced):
        constant = isinstance(x, Given) and not x.needs and x.size == 1
        return float(x.sample.reshape(())) if isinstance(x, Given) and constant else None
    return float(np.reshape(x, ())) if np.size(x) == 1 else None


# --- what theories do ---------------------------------------------------------------------------


def _apply(tape: Tape, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Note what a function of NumPy does to arrays that stand in."""
    changing = _found([*args, *kwargs.values()], (Vector, Matrix, Turned))
    if function is np.broadcast_to:
        return _broadcast(tape, *args)
    if function is np.where and not changing:
        pass
    if not changing:
        turned = function is np.swapaxes and tuple(args[1:]) in ((-1, -2), (1, 2), (-2, -1))
        result = _given(tape, function, args, kwargs)
        if turned and args[0].view is not None:
            result.view = args[0].view.turn()
        return result
    if function not in KNOWN:
        raise tape.error(getattr(function, "__name__", str(function)), f"use one of {_names()}")
    try:
        return KNOWN[function](tape, *args, **kwargs)
    except TypeError as reason:
        raise tape.error(
            f"{function.__name__} used so", f"its arguments are others: {reason}"
        ) from reason


def _names() -> str:
    return ", ".join(sorted({f.__name__ for f in KNOWN}))


def _broadcast(tape: Tape, x: Any, shape: tuple[int, ...]) -> Any:
    """Networks and streams are spread when values are laid out; only neurons are repeated."""
    if isinstance(x, Vector):
        return tape.vector(tape.pieces(x, shape[-1]))
    if not isinstance(x, Given) or shape[-1] != x.shape[-1]:
        raise tape.error("np.broadcast_to over neurons", "multiply with np.ones")
    sample = np.broadcast_to(x.sample, shape)
    return Given(tape, sample, x.value, x.needs)


def _linear(tape: Tape, x: Any, y: Any, a: float, b: float) -> Any:
    """Return a x + b y."""
    if isinstance(x, Matrix) or isinstance(y, Matrix):
        shape = x.shape[1:] if isinstance(x, Matrix) else y.shape[1:]
        one, two = tape.matrix(x, *shape), tape.matrix(y, *shape)
        one = one if a == 1 else one.scaled(a)
        return one.plus(two if b == 1 else two.scaled(b))

    def make(refs: list[Ref], rows: int) -> Ref:
        kept = [(f, r) for f, r in zip((a, b), refs, strict=True) if r.node.op != "const"]
        e = sum(f * r.node.factors[0] for f, r in zip((a, b), refs, strict=True)
                if r.node.op == "const")  # fmt: skip
        if not kept:
            return tape.node("const", (), (e,), rows)
        if len(kept) == 1:
            return _scaled_by(tape, kept[0][1], kept[0][0], e)
        return tape.node("lin", tuple(r for _, r in kept), (*(f for f, _ in kept), e), rows)

    return tape.pointwise(make, x, y)


def _scaled_by(tape: Tape, x: Ref, a: float, e: float = 0.0) -> Ref:
    return tape.node("lin", (x,), (float(a), float(e)), x.rows)


def _multiply(tape: Tape, x: Any, y: Any) -> Any:
    for one, two in ((x, y), (y, x)):
        if isinstance(one, Matrix):
            if isinstance(two, (Matrix, Vector)):
                raise tape.error("a product of changing synapses, point by point", "factor it")
            return one.scaled(two)

    def make(refs: list[Ref], rows: int) -> Ref:
        for one, two in (refs, refs[::-1]):
            if two.node.op == "const":
                if one.node.op == "const":
                    product = one.node.factors[0] * two.node.factors[0]
                    return tape.node("const", (), (product,), rows)
                return _scaled_by(tape, one, two.node.factors[0])
        return tape.node("mul", tuple(refs), (1.0, 0.0), rows)

    return tape.pointwise(make, x, y)


def _divide(tape: Tape, x: Any, y: Any) -> Any:
    if not isinstance(y, (Vector, Matrix)):
        return _multiply(tape, x, np.divide(1.0, y))
    if isinstance(x, Matrix) or isinstance(y, Matrix):
        raise tape.error("division by synapses", "divide by what does not change")
    return tape.pointwise(lambda refs, rows: tape.node("div", tuple(refs), (), rows), x, y)


def _power(tape: Tape, x: Any, exponent: Any) -> Any:
    if _number(exponent) == 2 and isinstance(x, Vector):
        return _multiply(tape, x, x)
    raise tape.error(f"power {exponent}", "multiply")


def _simple(op: str, swapped: bool = False) -> Callable[..., Any]:
    def note(tape: Tape, *operands: Any) -> Any:
        if any(isinstance(x, Matrix) for x in operands):
            raise tape.error(f"{op} of changing synapses", "synapses may be scaled and added")
        own = operands[::-1] if swapped else operands
        return tape.pointwise(lambda refs, rows: tape.node(op, tuple(refs), (), rows), *own)

    return note


def _softplus(tape: Tape, floor: Any, x: Any) -> Any:
    if _number(floor) != 0:
        raise tape.error("logaddexp", "its first argument must be 0")
    return _simple("softplus")(tape, x)


def _clip(tape: Tape, x: Any, low: Any = None, high: Any = None) -> Any:
    above = x if low is None else np.maximum(x, low)
    return above if high is None else np.minimum(above, high)


def _where(tape: Tape, mask: Any, x: Any, y: Any) -> Any:
    """Choose at once where the choice is known, else note it."""
    constant = mask if isinstance(mask, np.ndarray) else None
    if isinstance(mask, Given) and not mask.needs:
        constant = mask.sample
    if constant is not None and (constant.ndim < 2 or constant.shape[:-1] == (1, 1)):
        rows = max(_rows(mask), _rows(x), _rows(y))
        chosen = np.broadcast_to(constant.reshape(-1), rows)
        parts, start = [], 0
        both = {True: tape.pieces(x, rows), False: tape.pieces(y, rows)}
        for end in [*(np.flatnonzero(np.diff(chosen)) + 1).tolist(), rows]:
            parts += _cut(both[bool(chosen[start])], start, end - start)
            start = end
        return tape.vector(parts)
    if isinstance(mask, Given) and mask.dtype == bool:
        mask = _given(tape, np.asarray, (mask, float), {})
    return _simple("select")(tape, mask, x, y)


def _concatenate(tape: Tape, parts: Sequence[Any], axis: int = 0) -> Vector:
    if axis not in (-1, 2):
        raise tape.error(f"np.concatenate along axis {axis}", "use axis=-1")
    return tape.vector([p for part in parts for p in tape.pieces(part, _rows(part))])


def _swapaxes(tape: Tape, x: Any, one: int, two: int) -> Any:
    if {one % 3, two % 3} != {1, 2}:
        raise tape.error("np.swapaxes of networks", "swap the last two axes")
    if isinstance(x, Turned):
        return x.vector
    return x.turn() if isinstance(x, Matrix) else Turned(x)


def _matmul(tape: Tape, x: Any, y: Any) -> Any:
    if isinstance(x, Turned) and isinstance(y, Vector):
        ones = tape.given(np.ones((1, x.vector.rows, y.rows)))
        atom = Outer(tuple(x.vector.pieces), tuple(y.pieces), (0, 0))
        return Matrix(tape, x.vector.rows, y.rows, [Term(ones, atom)])
    if isinstance(x, Vector) and isinstance(y, Matrix):
        return _product_plastic(tape, y.turn(), x)
    if isinstance(x, Vector) and isinstance(y, (Given, np.ndarray)):
        return _product(tape, np.swapaxes(y if isinstance(y, Given) else tape.given(y), -1, -2), x)
    raise tape.error("matmul of these", "multiply rates with synapses, `matvec(weights, rates)`")


def _product(tape: Tape, synapses: Given, x: Vector) -> Vector:
    """Return the product with synapses that stay as they are, of one to one point by point."""
    post = synapses.shape[-2]
    pattern = _exists(synapses.sample)
    fixed = not any(name.startswith("world") for name in synapses.needs)
    single = fixed and (pattern.sum(axis=0) <= 1).all() and (pattern.sum(axis=1) <= 1).all()
    if not single:
        view = synapses.view or View(synapses, (0, post), (0, x.rows), False)
        return tape.vector([tape.node("product", tuple(x.pieces), (), post, view)])
    linked = pattern.any(axis=1)
    partner = np.where(linked, pattern.argmax(axis=1), -1)
    parts: list[Ref] = []
    pieces = x.pieces
    values = _given(tape, lambda w: w[..., np.arange(post), partner][..., None, :], (synapses,), {})
    ends = np.flatnonzero(np.diff(partner) != np.where(linked[:-1] & linked[1:], 1, 0)) + 1
    # plans are shared by networks whose matrices have the same zeros, and ones only where all are
    root = synapses.view.root if synapses.view else synapses
    known = synapses.view is not None or not synapses.needs
    ones = known and bool(np.isin(root.sample, (0, 1)).all())
    for rows in np.split(np.arange(post), ends):
        if not len(rows):
            continue
        if not linked[rows[0]]:
            parts.append(tape.node("const", (), (0.0,), len(rows)))
            continue
        own = tape.vector(_cut(pieces, int(partner[rows[0]]), len(rows)))
        factor = values[..., rows[0] : rows[-1] + 1]
        parts += (own if ones else own * factor).pieces
    return tape.vector(parts)


def _product_plastic(tape: Tape, synapses: Matrix, x: Vector) -> Vector:
    """Return the product with synapses that learn."""
    post, pre = synapses.shape[1:]
    only = synapses.terms[0] if len(synapses.terms) == 1 else None
    view = View(synapses, (0, post), (0, pre), False)
    if only and isinstance(only.atom, Leaf) and not only.factor.needs:
        if bool((only.factor.sample == 1).all()):
            own = (only.atom.offsets[0], only.atom.offsets[0] + post)
            other = (only.atom.offsets[1], only.atom.offsets[1] + pre)
            rows, columns = (other, own) if only.atom.turned else (own, other)
            view = View(only.atom.name, rows, columns, only.atom.turned)
    return tape.vector([tape.node("product", tuple(x.pieces), (), post, view)])


def _exists(values: Array) -> npt.NDArray[np.bool_]:
    """Return where some network has a synapse, (post, pre)."""
    return np.asarray((values != 0).reshape(-1, *values.shape[-2:]).any(axis=0))


KNOWN: dict[Any, Callable[..., Any]] = {
    np.add: lambda tape, x, y: _linear(tape, x, y, 1.0, 1.0),
    np.subtract: lambda tape, x, y: _linear(tape, x, y, 1.0, -1.0),
    np.negative: lambda tape, x: _multiply(tape, x, -1.0),
    np.positive: lambda tape, x: x.copy(),
    np.copy: lambda tape, x: x.copy(),
    np.multiply: _multiply,
    np.divide: _divide,
    np.power: _power,
    np.square: lambda tape, x: _multiply(tape, x, x),
    np.maximum: _simple("max"),
    np.minimum: _simple("min"),
    np.clip: _clip,
    np.absolute: _simple("abs"),
    np.sqrt: _simple("sqrt"),
    np.exp: _simple("exp"),
    np.tanh: _simple("tanh"),
    special.expit: _simple("logistic"),
    np.logaddexp: _softplus,
    np.less: _simple("lt"),
    np.less_equal: _simple("le"),
    np.greater: _simple("lt", swapped=True),
    np.greater_equal: _simple("le", swapped=True),
    np.equal: _simple("eq"),
    np.not_equal: _simple("ne"),
    np.where: _where,
    np.concatenate: _concatenate,
    np.swapaxes: _swapaxes,
    np.matmul: _matmul,
    np.ones_like: lambda tape, x: np.ones((1, 1, x.rows)),
    np.zeros_like: lambda tape, x: (
        Matrix(tape, *x.shape[1:], []) if isinstance(x, Matrix) else np.zeros((1, 1, x.rows))
    ),
}  # fmt: skip


# --- states and synapses as trees of arrays -----------------------------------------------------


def arrays(thing: Any, name: str = "") -> dict[str, Any]:
    """Return the arrays in a dataclass, or in the tuples that it holds, by path."""
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = [(f.name, getattr(thing, f.name)) for f in fields(thing)]
    elif isinstance(thing, tuple) and hasattr(thing, "_fields"):
        parts = list(zip(thing._fields, thing, strict=True))
    elif isinstance(thing, tuple):
        parts = [(str(k), x) for k, x in enumerate(thing)]
    else:
        return {name: thing} if isinstance(thing, (np.ndarray, _Traced)) else {}
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


@dataclass(frozen=True)
class Recorded:
    """What a theory does in one step.

    Attributes
    ----------
    tape
        The operations.
    state
        Path of each array of the state -> what it is after the step.
    template
        The state after the step, whose arrays are to be replaced.
    shown
        Role, or ``"apical"`` -> what is recorded of it.
    learnt
        Name of the synapses that learn -> what they are after the step.
    """

    tape: Tape
    state: Mapping[str, tuple[Ref, ...]]
    template: Any
    shown: Mapping[str, tuple[Ref, ...]]
    learnt: Mapping[str, Matrix]


def record(
    circuit: Any, weights: Any, state: Any, world: Any, plastic: frozenset[str], learn: bool,
    varying: frozenset[str] = frozenset(),
) -> Recorded:  # fmt: skip
    """Record a step of a theory.

    Parameters
    ----------
    circuit, weights, state
        A theory, its synapses and a state.
    world
        A world; which roles and synapses it names decides what is recorded.
    plastic
        Names of the synapses that learn, now or in other programs.
    learn
        Whether they do now.
    varying
        Paths in the world of what changes from step to step.

    Raises
    ------
    RecordingError
        If the theory does something that the engine does not know.
    """
    networks = len(next(iter(arrays(weights).values())))
    tape = Tape(circuit.theory, networks, bool(plastic))
    own = {}
    for name, value in arrays(weights).items():
        own[name] = _synapses(tape, name, value, name in plastic)
    traced = rebuilt(weights, own)
    before = rebuilt(state, {
        name: tape.leaf(f"state.{name}", value.shape[-1]) for name, value in arrays(state).items()
    })  # fmt: skip
    after = circuit.step(traced, before, _world(tape, world, varying))
    learnt: dict[str, Matrix] = {}
    if learn:
        new = arrays(circuit.learn(traced, before, after))
        if set(new) != set(own):
            raise tape.error("learning that makes new synapses", "let them be there from the start")
        learnt = {n: tape.matrix(x, *x.shape[1:]) for n, x in new.items() if x is not own[n]}
        if not set(learnt) <= plastic:
            raise tape.error(f"learning of {sorted(set(learnt) - plastic)}", "see `plastic`")
    after_arrays = arrays(after)
    shown = dict(after.rates)
    if "apical" in after_arrays:
        shown["apical"] = after.apical
    return Recorded(
        tape,
        {name: tuple(tape.pieces(x, _rows(x))) for name, x in after_arrays.items()},
        after,
        {name: tuple(tape.pieces(x, _rows(x))) for name, x in shown.items()},
        learnt,
    )


def _synapses(tape: Tape, name: str, value: Array, learns: bool) -> Any:
    path = f"weights.{name}"
    if learns:
        ones = tape.given(np.ones((1, *value.shape[1:])))
        return Matrix(tape, *value.shape[1:], [Term(ones, Leaf(name, False, (0, 0)))])
    own = _leaf_given(tape, path, value)
    if value.ndim == 3:
        own.view = View(own, (0, value.shape[1]), (0, value.shape[2]), False)
    return own


def _leaf_given(tape: Tape, path: str, sample: Array) -> Given:
    return Given(tape, sample, lambda environment, _: environment[path], frozenset((path,)))


def _world(tape: Tape, world: Any, varying: frozenset[str]) -> Any:
    def own(path: str, value: Array, ones: bool = False) -> Any:
        if path in varying:
            return tape.leaf(path, value.shape[-1])
        last = value.shape[-1]
        sample = (
            np.ones(value.shape)
            if ones
            else np.broadcast_to(
                value, (tape.networks, value.shape[-2] if value.shape[-2] == 1 else STREAMS, last)
            )
            if value.shape[-2] in (1, STREAMS)
            else np.zeros((tape.networks, STREAMS, last))
        )
        if ones:
            sample = np.ones(value.shape)
        return _leaf_given(tape, path, sample)

    teaching = world.teaching
    known = teaching.all() or not teaching.any()
    return replace(
        world,
        input=own("world.input", world.input),
        target=own("world.target", world.target),
        teaching=np.full((1, 1, 1), bool(teaching.all())) if known else _leaf_given(
            tape, "world.teaching", np.zeros((1, 1, 1), dtype=bool)
        ),
        keep={role: own(f"world.keep.{role}", x) for role, x in world.keep.items()},
        current={role: own(f"world.current.{role}", x) for role, x in world.current.items()},
        synapses={n: own(f"world.synapses.{n}", x, True) for n, x in world.synapses.items()},
    )  # fmt: skip
