"""The tape: notes what is done to arrays that stand in for those of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from errorneurons.simulate.engine.matrix import Matrix, Term
from errorneurons.simulate.engine.nodes import (
    Given,
    Node,
    RecordingError,
    Ref,
    Traced,
    View,
    computed,
    cut,
    found_in,
)
from errorneurons.simulate.engine.vector import Cell, Turned, Vector, joined


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
    known
        Functions of NumPy, and how each is noted.
    """

    def __init__(
        self, theory: str, networks: int, learns: bool, known: Mapping[Any, Callable[..., Any]]
    ) -> None:
        self.theory, self.networks, self.learns, self.known = theory, networks, learns, known
        self.nodes: list[Node] = []
        self.opaque: set[Node] = set()
        self._known: dict[Any, Node] = {}
        self._constants: dict[Any, Given] = {}

    def error(self, operation: str, mend: str) -> RecordingError:
        """Return the error of an operation that cannot be recorded."""
        return RecordingError(
            f"{self.theory} cannot be recorded: {operation} is unknown to the engine; {mend}"
        )

    def apply(self, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Note what a function of NumPy does to arrays that stand in."""
        changing = found_in([*args, *kwargs.values()], (Vector, Matrix, Turned))
        if changing or function is np.broadcast_to:
            name = getattr(function, "__name__", str(function))
            if function not in self.known:
                names = ", ".join(sorted({f.__name__ for f in self.known}))
                raise self.error(name, f"use one of {names}")
            try:
                return self.known[function](self, *args, **kwargs)
            except TypeError as reason:
                raise self.error(f"{name} used so", f"{reason}") from reason
        result = computed(self, function, args, kwargs)
        turned = function is np.swapaxes and tuple(args[1:]) in ((-1, -2), (1, 2), (-2, -1))
        if turned and args[0].view is not None:
            result.view = args[0].view.turn()
        return result

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
        own = joined(self, [p for p in pieces if p.rows])
        return Vector(self, Cell(own), 0, sum(p.rows for p in own))

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
        number = number_of(value)
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
        rows = max(rows_of(x) for x in operands)
        lists = [self.pieces(x, rows) for x in operands]
        ends = sorted({int(e) for own in lists for e in np.cumsum([p.rows for p in own])})
        found, start = [], 0
        for end in ends:
            found.append(make([cut(own, start, end - start)[0] for own in lists], end - start))
            start = end
        return self.vector(found)

    def matrix(self, value: Any, post: int, pre: int) -> Matrix:
        """Return a value as synapses."""
        if isinstance(value, Matrix):
            return value
        own = value if isinstance(value, Given) else self.given(value)
        full = computed(self, lambda x: np.broadcast_to(x, (*x.shape[:-2], post, pre)), (own,), {})
        return Matrix(self, (post, pre), [Term(full, None)])


def rows_of(x: Any) -> int:
    """Return the number of neurons of anything."""
    shape = x.shape if isinstance(x, Traced) else np.shape(x)
    return int(shape[-1]) if shape else 1


def number_of(x: Any) -> float | None:
    """Return the number if all networks have the same one, whether or not there are several."""
    values = x.sample if isinstance(x, Given) and not x.needs else x
    if isinstance(values, Traced) or np.ndim(values) == 3 or np.size(values) != 1:
        return None
    return float(np.reshape(values, ()))
