"""Vectors: what changes from step to step, as pieces that stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from errorneurons.simulate.engine.nodes import Ref, Traced, cut, runs_of

if TYPE_CHECKING:
    from errorneurons.simulate.engine.tape import Tape


RECORDED_STREAMS = 2
"""Streams of the arrays that stand in. More than one: theories may treat one in its own way."""


POINTWISE = frozenset((
    "lin", "mul", "div", "max", "min", "select", "tanh", "logistic", "softplus", "abs", "sqrt",
    "exp", "lt", "le", "eq", "ne",
))  # fmt: skip


class Cell:
    """The memory that a vector and its slices share while a theory is recorded."""

    def __init__(self, pieces: list[Ref]) -> None:
        self.pieces = pieces


class Vector(Traced):
    """Values of neurons that change from step to step: some rows of a cell."""

    def __init__(self, tape: Tape, cell: Cell, start: int, rows: int) -> None:
        self.tape, self.cell, self.start, self.rows = tape, cell, start, rows
        self.shape = (tape.networks, RECORDED_STREAMS, rows)

    @property
    def pieces(self) -> list[Ref]:
        """What stands where now."""
        return cut(self.cell.pieces, self.start, self.rows)

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
                return runs_of(np.arange(self.rows)[last])
        raise self.tape.error(f"index {key!r}", "index neurons, [..., neurons], with a slice")

    def __getitem__(self, key: Any) -> Vector:
        runs = self._where(key)
        if len(runs) == 1 and not isinstance(
            key[-1] if isinstance(key, tuple) else key, np.ndarray
        ):
            return Vector(self.tape, self.cell, self.start + runs[0][0], runs[0][1])
        pieces = self.pieces
        return self.tape.vector([p for run in runs for p in cut(pieces, *run)])

    def __setitem__(self, key: Any, value: Any) -> None:
        at = 0
        runs = self._where(key)
        new = self.tape.pieces(value, sum(rows for _, rows in runs))
        for start, rows in runs:
            total = sum(p.rows for p in self.cell.pieces)
            first = self.start + start
            self.cell.pieces = joined(self.tape, [
                *cut(self.cell.pieces, 0, first), *cut(new, at, rows),
                *cut(self.cell.pieces, first + rows, total - first - rows),
            ])  # fmt: skip
            at += rows

    def copy(self) -> Vector:
        """Return a copy, which is written into by itself."""
        return self.tape.vector(self.pieces)

    def _reduced(self, op: str, axis: int | None, keepdims: bool) -> Vector:
        if axis not in (-1, 2) or not keepdims:
            raise self.tape.error(op, "reduce over neurons, axis=-1, keepdims=True")
        return self.tape.vector([self.tape.node(op, (self.tape.together(self),), (), 1)])

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the mean over neurons."""
        return self._reduced("sum", axis, keepdims) / self.rows

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the sum over neurons."""
        return self._reduced("sum", axis, keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the largest of the neurons."""
        return self._reduced("max_of", axis, keepdims)


class Turned(Traced):
    """A vector with neurons and streams swapped, on its way into an outer product."""

    def __init__(self, vector: Vector) -> None:
        self.tape, self.vector = vector.tape, vector
        self.shape = (vector.shape[0], vector.shape[2], vector.shape[1])


def joined(tape: Tape, pieces: Sequence[Ref]) -> list[Ref]:
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
    both = tape.node(a.op, tuple(x for x in args if x), a.factors, a.rows + b.rows)
    if {a, b} & tape.opaque:
        tape.opaque.add(both.node)
    return both
