"""What theories do to arrays, and how each of it is noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from errorneurons.simulate.engine.matrix import Leaf, Matrix, Outer, Term
from errorneurons.simulate.engine.nodes import Given, Ref, View, computed, cut
from errorneurons.simulate.engine.tape import Tape, number_of, rows_of
from errorneurons.simulate.engine.vector import Turned, Vector


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
    if number_of(exponent) == 2 and isinstance(x, Vector):
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
    if number_of(floor) != 0:
        raise tape.error("logaddexp", "its first argument must be 0")
    return _simple("softplus")(tape, x)


def _clip(_: Tape, x: Any, low: Any = None, high: Any = None) -> Any:
    above = x if low is None else np.maximum(x, low)
    return above if high is None else np.minimum(above, high)


def _where(tape: Tape, mask: Any, x: Any, y: Any) -> Any:
    """Choose at once where the choice is known, else note it."""
    constant = mask if isinstance(mask, np.ndarray) else None
    if isinstance(mask, Given) and not mask.needs:
        constant = mask.sample
    if constant is not None and (constant.ndim < 2 or constant.size == 1):
        rows = max(rows_of(mask), rows_of(x), rows_of(y))
        chosen = np.broadcast_to(constant.reshape(-1), rows)
        parts, start = [], 0
        both = {True: tape.pieces(x, rows), False: tape.pieces(y, rows)}
        for end in [*(np.flatnonzero(np.diff(chosen)) + 1).tolist(), rows]:
            parts += cut(both[bool(chosen[start])], start, end - start)
            start = end
        return tape.vector(parts)
    if isinstance(mask, Given) and mask.dtype == bool:
        mask = computed(tape, np.asarray, (mask, float), {})
    return _simple("select")(tape, mask, x, y)


def _concatenate(tape: Tape, parts: Sequence[Any], axis: int = 0) -> Vector:
    if axis not in (-1, 2):
        raise tape.error(f"np.concatenate along axis {axis}", "use axis=-1")
    return tape.vector([p for part in parts for p in tape.pieces(part, rows_of(part))])


def _swapaxes(tape: Tape, x: Any, one: int, two: int) -> Any:
    if {one % 3, two % 3} != {1, 2}:
        raise tape.error("np.swapaxes of networks", "swap the last two axes")
    if isinstance(x, Turned):
        return x.vector
    return x.turn() if isinstance(x, Matrix) else Turned(x)


def _matmul(tape: Tape, x: Any, y: Any) -> Any:
    if isinstance(x, Turned) and isinstance(y, Vector):
        ones = tape.given(np.ones((x.vector.rows, y.rows)))
        atom = Outer(tuple(x.vector.pieces), tuple(y.pieces), (0, 0))
        return Matrix(tape, (x.vector.rows, y.rows), [Term(ones, atom)])
    if isinstance(x, Vector) and isinstance(y, Matrix):
        return _product_plastic(tape, y.turn(), x)
    if isinstance(x, Vector) and isinstance(y, (Given, np.ndarray)):
        own = y if isinstance(y, Given) else tape.given(y)
        return _product(tape, tape.apply(np.swapaxes, (own, -1, -2), {}), x)
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
    linked = np.asarray(pattern.any(axis=1))
    partner = np.where(linked, pattern.argmax(axis=1), -1)
    parts: list[Ref] = []
    pieces = x.pieces
    values = computed(
        tape, lambda w: w[..., np.arange(post), partner][..., None, :], (synapses,), {}
    )
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
        own = tape.vector(cut(pieces, int(partner[rows[0]]), len(rows)))
        factor = values[..., rows[0] : rows[-1] + 1]
        # as if it had been a product: what is fused must not depend on the other networks
        result = own if ones else own * factor
        tape.opaque.update(ref.node for ref in (*own.pieces, *result.pieces))
        parts += result.pieces
    return tape.vector(parts)


def _product_plastic(tape: Tape, synapses: Matrix, x: Vector) -> Vector:
    """Return the product with synapses that learn."""
    post, pre = synapses.shape[1:]
    only = synapses.terms[0] if len(synapses.terms) == 1 else None
    view = View(synapses, (0, post), (0, pre), False)
    alike = only is not None and not only.factor.needs and (only.factor.sample == 1).all()
    if only is not None and isinstance(only.atom, Leaf) and alike:
        own = (only.atom.offsets[0], only.atom.offsets[0] + post)
        other = (only.atom.offsets[1], only.atom.offsets[1] + pre)
        rows, columns = (other, own) if only.atom.turned else (own, other)
        view = View(only.atom.name, rows, columns, only.atom.turned)
    return tape.vector([tape.node("product", tuple(x.pieces), (), post, view)])


def _exists(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where some network has a synapse, (post, pre)."""
    return np.asarray((values != 0).reshape(-1, *values.shape[-2:]).any(axis=0))


TRACED_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: lambda tape, x, y: _linear(tape, x, y, 1.0, 1.0),
    np.subtract: lambda tape, x, y: _linear(tape, x, y, 1.0, -1.0),
    np.negative: lambda tape, x: _multiply(tape, x, -1.0),
    np.positive: lambda _, x: x.copy(),
    np.copy: lambda _, x: x.copy(),
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
    np.broadcast_to: _broadcast,
    np.swapaxes: _swapaxes,
    np.matmul: _matmul,
    np.ones_like: lambda _, x: np.ones((1, 1, x.rows)),
    np.zeros_like: lambda tape, x: (
        Matrix(tape, x.shape[1:], []) if isinstance(x, Matrix) else np.zeros((1, 1, x.rows))
    ),
}  # fmt: skip
