"""The compiled loop: executes the operations of any theory, many steps of many networks.

This is the only compiled file. It knows operations and no theory: `lower` writes the table of
operations that `advance` goes through. All numbers of a block of networks, or of streams of one
network, lie in one array, rows of `lanes` numbers that belong to different networks or streams. An
operation on neighbouring neurons is then one flat loop over contiguous memory.

Where a value lies is looked up in `where`, so that what only moves on from step to step is not
copied, be it a potential that becomes the one before or a delay: a step ends by permuting `where`.

The products are written in the compiler's own vectors of `LANES_AT_ONCE` numbers, because it does
not find by itself that the sums of eight rows stay in registers. No sum runs over lanes, but for
what streams with common synapses learn, so results are the same to the bit in all blockings.
"""

# ruff: noqa: ARG001  what the compiler is given has the arguments that the loop calls it with

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from errorneurons.simulate.arrays import Array, Integers
from errorneurons.simulate.store.places import compiler_cache

LANES_AT_ONCE = 8
"""Lanes come in multiples of this."""

OPERATIONS = (
    "lin1", "lin2", "lin3", "lin4", "mul", "muladd1", "muladd2", "div", "max", "min", "select",
    "tanh", "logistic", "softplus", "abs", "sqrt", "exp", "lt", "le", "eq", "ne", "sum", "max_of",
    "broadcast", "copy", "accumulate", "product", "combine", "outer", "varying",
)  # fmt: skip
(
    LIN1, LIN2, LIN3, LIN4, MUL, MULADD1, MULADD2, DIV, MAX, MIN, SELECT, TANH, LOGISTIC, SOFTPLUS,
    ABS, SQRT, EXP, LT, LE, EQ, NE, SUM, MAX_OF, BROADCAST, COPY, ACCUMULATE, PRODUCT, COMBINE,
    OUTER, VARYING,
) = range(len(OPERATIONS))  # fmt: skip

PROGRAM_COLUMNS, FACTORS = 18, 5
"""An operation: its code, the size of what it works on, places (slot, offset) of its result and up
to four operands, and six numbers of its own."""

#: Nothing is allocated and the caller holds all arrays, so references to them need no count.
COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


#: Functions that only the loop calls need no door to Python, which would take long to compile.
inner = partial(
    njit, no_cpython_wrapper=True, no_cfunc_wrapper=True, fastmath={"contract"}, **COMMON
)
_kernel = partial(njit, cache=compiler_cache(), fastmath={"contract"}, **COMMON)


# --- activation functions ---------------------------------------------------------------------
# Written out because the compiler cannot vectorise calls to the C library. exp is reduced to
# |x| < ln(2)/2 and 2^n is assembled from its bits; the polynomials are Taylor's, to 1e-17.


@inner()
def _expm1_reduced(x: float) -> tuple[float, float]:
    """Return (exp(y) - 1, 2^n) with x = n ln(2) + y, for -700 < x < 700."""
    shifted = x * 1.4426950408889634 + 6755399441055744.0  # rounds to the nearest integer
    n = shifted - 6755399441055744.0
    y = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    p = 1.6059043836821613e-10
    p = p * y + 2.08767569878681e-09
    p = p * y + 2.505210838544172e-08
    p = p * y + 2.7557319223985893e-07
    p = p * y + 2.7557319223985893e-06
    p = p * y + 2.48015873015873e-05
    p = p * y + 1.984126984126984e-04
    p = p * y + 1.3888888888888889e-03
    p = p * y + 8.333333333333333e-03
    p = p * y + 4.1666666666666664e-02
    p = p * y + 1.6666666666666666e-01
    p = p * y + 0.5
    bits = (np.float64(shifted).view(np.int64) + 1023) << 52
    return y + y * y * p, np.int64(bits).view(np.float64)


@inner()
def _tanh(x: float) -> Any:
    magnitude = min(abs(x), 20.0)
    fraction, power = _expm1_reduced(-2.0 * magnitude)
    expm1 = power * fraction + (power - 1.0)
    rate = -expm1 / (expm1 + 2.0)
    return rate if x >= 0.0 else -rate


@inner()
def _logistic(x: float) -> float:
    fraction, power = _expm1_reduced(min(max(-x, -700.0), 700.0))
    rate: float = 1.0 / (1.0 + (power * fraction + power))
    return rate


# --- products -----------------------------------------------------------------------------------


def _vectors(context: Any, builder: Any, array_type: Any, array: Any) -> tuple[Any, Any]:
    """Return functions that load and store `LANES_AT_ONCE` numbers of an array from an index on."""
    data = context.make_array(array_type)(context, builder, array).data
    pointer = ir.VectorType(ir.DoubleType(), LANES_AT_ONCE).as_pointer()

    def at(index: Any) -> Any:
        return builder.bitcast(builder.gep(data, [index]), pointer)

    def load(index: Any) -> Any:
        found = builder.load(at(index))
        found.align = 8
        return found

    def store(value: Any, index: Any) -> None:
        builder.store(value, at(index)).align = 8

    return load, store


def _multiply_add(builder: Any) -> Any:
    vector = ir.VectorType(ir.DoubleType(), LANES_AT_ONCE)
    name = f"llvm.fmuladd.v{LANES_AT_ONCE}f64"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
    return lambda x, y, z: builder.call(function, [x, y, z])


def _repeated(builder: Any, number: Any) -> Any:
    vector = ir.VectorType(ir.DoubleType(), LANES_AT_ONCE)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES_AT_ONCE), [0] * LANES_AT_ONCE)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


@contextmanager
def _columns(builder: Any, start: Any, columns: Any, lanes: Any) -> Iterator[Any]:
    """Loop over columns, and yield where each begins.

    How often is not told to the compiler: it would unroll loops that are too short for it.
    """
    stop = builder.add(start, builder.mul(columns, lanes))
    with cgutils.for_range_slice(builder, start, stop, lanes) as (at, _):
        yield at


def _rows(count: int, shared: bool, vectors: int = 1) -> Any:
    """Return what computes `count` rows of a product, for lanes that share synapses or do not.

    With synapses of their own, two vectors of lanes at a time go through them as they lie.
    """

    @intrinsic
    def rows(
        typingctx: Any, A: Any, M: Any, d: Any, x: Any, m: Any, z: Any, columns: Any, last: Any,
        lanes: Any, wi: Any, wj: Any, begin: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            A, M, d, x, m, z, columns, last, lanes, wi, wj, begin = args
            load, store = _vectors(context, builder, signature.args[0], A)
            load_M, _ = _vectors(context, builder, signature.args[1], M)
            single = context.make_array(signature.args[1])(context, builder, M).data
            add, vector = _multiply_add(builder), ir.VectorType(ir.DoubleType(), LANES_AT_ONCE)
            sums, synapses, goals = [], [], []
            zero = ir.Constant(vector, [0.0] * LANES_AT_ONCE)
            further = [ir.IntType(64)(LANES_AT_ONCE * v) for v in range(vectors)]
            for k in range(count):  # beyond the last row: the last once more
                number = ir.IntType(64)(k)
                row = builder.select(builder.icmp_signed("<", number, last), number, last)
                for v in further:
                    goals.append(builder.add(builder.add(d, v), builder.mul(row, lanes)))
                    total = cgutils.alloca_once(builder, vector)  # type: ignore[no-untyped-call]
                    builder.store(zero, total)
                    with builder.if_then(builder.icmp_signed("!=", begin, ir.IntType(64)(0))):
                        at = builder.add(builder.add(z, v), builder.mul(row, lanes))
                        builder.store(load(at), total)
                    sums.append(total)
                synapses.append(builder.add(m, builder.mul(row, wi)))
            places = [  # they move on, so that no offset is kept for each row
                cgutils.alloca_once_value(builder, start)  # type: ignore[no-untyped-call]
                for start in synapses
            ]
            with _columns(builder, x, columns, lanes) as at_x:
                starts = [builder.load(place) for place in places]
                for place, at in zip(places, starts, strict=True):
                    builder.store(builder.add(at, wj), place)
                own = [load(builder.add(at_x, v)) for v in further]
                for k, at in enumerate(starts):
                    if shared:
                        w = _repeated(builder, builder.load(builder.gep(single, [at])))
                    for v in range(vectors):
                        if not shared:
                            w = load_M(builder.add(at, further[v]))
                        total = sums[k * vectors + v]
                        builder.store(add(w, own[v], builder.load(total)), total)
            for total, goal in zip(sums, goals, strict=True):
                store(builder.load(total), goal)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(A, M, *(whole,) * 10), generate

    return rows


_eight_shared, _four_shared_twice = _rows(8, True), _rows(4, True, 2)
_eight_own, _four_own_twice = _rows(8, False), _rows(4, False, 2)


@inner()
def _product(
    A: Array, M: Array, d: int, x: int, m: int, z: int, rows: int, columns: int, lanes: int,
    wi: int, wj: int, begin: int, shared: bool,
) -> None:  # fmt: skip
    """Write a block of synapses times what lies at x, on top of what lies at z if `begin`."""
    own_lanes = 0 if shared else 1
    lane = 0
    while lane < lanes:
        # of a transpose, rows of own synapses lie side by side: eight of them are taken instead
        once = lanes - lane < 2 * LANES_AT_ONCE or (not shared and wj > wi)
        for i in range(0, rows, 8 if once else 4):
            last = rows - i - 1
            at, top, own = d + i * lanes + lane, z + i * lanes + lane, x + lane
            start = m + i * wi + own_lanes * lane
            if shared and once:
                _eight_shared(A, M, at, own, start, top, columns, last, lanes, wi, wj, begin)
            elif shared:
                _four_shared_twice(A, M, at, own, start, top, columns, last, lanes, wi, wj, begin)
            elif once:
                _eight_own(A, M, at, own, start, top, columns, last, lanes, wi, wj, begin)
            else:
                _four_own_twice(A, M, at, own, start, top, columns, last, lanes, wi, wj, begin)
        lane += LANES_AT_ONCE if once else 2 * LANES_AT_ONCE


def _outer_row_code(
    typingctx: Any, A: Any, M: Any, post: Any, pre: Any, d: Any, table: Any, columns: Any,
    lanes: Any, scale: Any,
) -> Any:  # fmt: skip
    """Add scale * post * pre to a row of synapses, each lane to its own, times a table if any."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        A, M, post, pre, d, table, columns, lanes, scale = args
        load, _ = _vectors(context, builder, signature.args[0], A)
        load_M, store_M = _vectors(context, builder, signature.args[1], M)
        add, tabled = _multiply_add(builder), builder.icmp_signed(">=", table, ir.IntType(64)(0))
        factor = builder.fmul(load(post), _repeated(builder, scale))
        with _columns(builder, ir.IntType(64)(0), columns, lanes) as step:
            at = builder.add(d, step)
            own = load(builder.add(pre, step))
            with builder.if_else(tabled) as (yes, no):
                with yes:
                    entry = load_M(builder.add(table, step))
                    store_M(add(builder.fmul(entry, factor), own, load_M(at)), at)
                with no:
                    store_M(add(factor, own, load_M(at)), at)
        return context.get_dummy_value()

    return types.void(A, M, *(types.int64,) * 6, types.float64), generate


_outer_row: Any = intrinsic(_outer_row_code)


def _combine_row_code(
    typingctx: Any, M: Any, d: Any, s: Any, step: Any, columns: Any, lanes: Any, keep: Any,
    scale: Any,
) -> Any:  # fmt: skip
    """Write keep * old + scale * other synapses into a row, the others being `step` apart."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        M, d, s, step, columns, lanes, keep, scale = args
        load, store = _vectors(context, builder, signature.args[0], M)
        add, factor = _multiply_add(builder), _repeated(builder, scale)
        adding = builder.icmp_signed("!=", keep, ir.IntType(64)(0))
        with cgutils.for_range(builder, columns) as loop:
            at = builder.add(d, builder.mul(loop.index, lanes))
            own = load(builder.add(s, builder.mul(loop.index, step)))
            with builder.if_else(adding) as (yes, no):
                with yes:
                    store(add(factor, own, load(at)), at)
                with no:
                    store(builder.fmul(factor, own), at)
        return context.get_dummy_value()

    return types.void(M, *(types.int64,) * 6, types.float64), generate


_combine_row: Any = intrinsic(_combine_row_code)


@inner()
def _outer(
    A: Array, M: Array, post: int, pre: int, d: int, table: int, rows: int, columns: int,
    lanes: int, real: int, row: int, scale: float, shared: bool,
) -> None:  # fmt: skip
    """Add scale * post * pre to a block of synapses; summed over the streams that share them."""
    for i in range(rows):
        if shared:
            for j in range(columns):
                total = 0.0
                for k in range(real):
                    total += A[post + i * lanes + k] * A[pre + j * lanes + k]
                factor = scale if table < 0 else scale * M[table + i * row + j]
                M[d + i * row + j] += factor * total
        else:
            for lane in range(0, lanes, LANES_AT_ONCE):
                _outer_row(
                    A, M, post + i * lanes + lane, pre + lane, d + i * row + lane,
                    table if table < 0 else table + i * row + lane, columns, lanes, scale,
                )  # fmt: skip


@inner()
def _combine(
    M: Array, d: int, s: int, table: int, rows: int, columns: int, lanes: int, row: int, si: int,
    sj: int, keep: int, scale: float,
) -> None:  # fmt: skip
    """Write into a block of synapses (or add, or clear) scale times a table times others."""
    for i in range(rows):
        if keep == 2:
            for k in range(columns * lanes):
                M[d + i * row + k] = 0.0
        elif table < 0 and lanes >= LANES_AT_ONCE:
            for lane in range(0, lanes, LANES_AT_ONCE):
                _combine_row(
                    M, d + i * row + lane, s + i * si + lane, sj, columns, lanes, keep, scale
                )
        else:
            for j in range(columns):
                for k in range(lanes):
                    at = d + i * row + j * lanes + k
                    value = scale * M[s + i * si + j * sj + k]
                    if table >= 0:
                        value *= M[table + i * row + j * lanes + k]
                    M[at] = M[at] + value if keep else value


# --- the loop -----------------------------------------------------------------------------------


_N1, _N2 = types.int64[::1], types.int64[:, ::1]
_X1, _X2, _X3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
TYPES_OF_LOOP = (
    _N2, _X2, _N1, _N1, _N1, _N1, _N1, _X1, _X2, _X2, _X2, _N1, _X3, _N1, _X3, _N1, types.boolean,
)  # fmt: skip
"""What `advance` is always called with."""


@_kernel()
def advance(
    program: Integers, factors: Array, parts: Integers, where_at_first: Integers,
    permutation: Integers, where: Integers, spare: Integers, A: Array, given: Array, state: Array,
    M: Array, synapses_of: Integers, sums: Array, steps: Integers, varying: Array,
    layout: Integers, shared: bool,
) -> None:  # fmt: skip
    """Advance all blocks.

    Parameters
    ----------
    program, factors
        Operations, (operation, column), and their numbers.
    parts
        Where the operations before the first step, those of a step, and those of the last step
        begin and end.
    where_at_first, permutation, where, spare
        Where values lie; what lies where after a step; room for these two.
    A
        Room for all numbers of a block.
    given, state
        What stays as it is, and the state, (block, number).
    M, synapses_of
        Synapses, (network or block, number), and which of them each block has.
    sums
        Sums over the steps of each bin of what is recorded, (block, bin, number).
    steps
        Steps of each bin.
    varying
        What changes from step to step, (step or none, block, number).
    layout
        Lanes, those that are real, and where given, state and sums begin in A.
    shared
        Whether lanes are streams that share synapses.
    """
    # a function for the operations would be optimised twice: compiling would take a third longer
    lanes, real = layout[0], layout[1]
    at_given, at_state, at_sums = layout[2], layout[3], layout[4]
    final = 0
    for number in range(steps.size):
        final += steps[number]
    for block in range(state.shape[0]):
        synapses = M[synapses_of[block]]
        for i in range(where.size):
            where[i] = where_at_first[i]
        own_given, own_state = given[block], state[block]
        for i in range(own_given.size):
            A[at_given + i] = own_given[i]
        for i in range(own_state.size):
            A[at_state + i] = own_state[i]
        done = 0
        for number in range(steps.size + 1):
            # the operations before the first step count as a bin, so that they are compiled once
            before = number == 0
            own_sums = sums[block, max(number - 1, 0)]
            if not before:
                for i in range(own_sums.size):
                    A[at_sums + i] = 0.0
            for _ in range(1 if before else steps[number - 1]):
                part = 0 if before else (2 if done + 1 < final else 4)
                news = varying[min(done, varying.shape[0] - 1), block]
                for q in range(parts[part], parts[part + 1]):
                    o, f = program[q], factors[q]
                    op, n = o[0], o[1]
                    a, b, c, g, e = f[0], f[1], f[2], f[3], f[4]
                    d, x = where[o[2]] + o[3], where[o[4]] + o[5]
                    y, z, w = where[o[6]] + o[7], where[o[8]] + o[9], where[o[10]] + o[11]
                    if op == PRODUCT:
                        _product(
                            A, synapses, d, x, y, z, n, o[12], lanes, o[13], o[14], o[15], shared
                        )
                        continue
                    if op == OUTER:
                        table = -1 if o[14] == 0 else z
                        _outer(A, synapses, x, y, d, table, n, o[12], lanes, real, o[13], a, shared)
                        continue
                    if op == COMBINE:
                        table = -1 if o[17] == 0 else y
                        own = 1 if shared else lanes
                        _combine(
                            synapses, d, x, table, n, o[12], own, o[13], o[14], o[15], o[16], a
                        )
                        continue
                    D = A[d : d + n]
                    if op == VARYING:
                        for i in range(n):
                            D[i] = news[o[12] + i]
                        continue
                    X = A[x : x + n]
                    if op == LIN1:
                        for i in range(n):
                            D[i] = a * X[i] + e
                    elif op == COPY:
                        for i in range(n):
                            D[i] = X[i]
                    elif op == ACCUMULATE:
                        for i in range(n):
                            D[i] += X[i]
                    elif op == TANH:
                        for i in range(n):
                            D[i] = _tanh(X[i])
                    elif op == LOGISTIC:
                        for i in range(n):
                            D[i] = _logistic(X[i])
                    elif op == SOFTPLUS:
                        for i in range(n):
                            D[i] = max(X[i], 0.0) + np.log1p(np.exp(-abs(X[i])))
                    elif op == ABS:
                        for i in range(n):
                            D[i] = abs(X[i])
                    elif op == SQRT:
                        for i in range(n):
                            D[i] = np.sqrt(X[i])
                    elif op == EXP:
                        for i in range(n):
                            D[i] = np.exp(X[i])
                    elif op == BROADCAST:
                        for row in range(n // lanes):
                            for k in range(lanes):
                                A[d + row * lanes + k] = A[x + k]
                    elif op == SUM:
                        for k in range(lanes):
                            A[d + k] = 0.0
                        for row in range(o[12]):
                            for k in range(lanes):
                                A[d + k] += A[x + row * lanes + k]
                    elif op == MAX_OF:
                        for k in range(lanes):
                            A[d + k] = A[x + k]
                        for row in range(1, o[12]):
                            for k in range(lanes):
                                old, new = A[d + k], A[x + row * lanes + k]
                                A[d + k] = new if new > old or new != new else old
                    else:
                        Y = A[y : y + n]
                        if op == LIN2:
                            for i in range(n):
                                D[i] = a * X[i] + b * Y[i] + e
                        elif op == MUL:
                            for i in range(n):
                                D[i] = a * X[i] * Y[i] + e
                        elif op == DIV:
                            for i in range(n):
                                D[i] = X[i] / Y[i]
                        elif op == MAX:
                            for i in range(n):
                                D[i] = X[i] if X[i] > Y[i] or X[i] != X[i] else Y[i]
                        elif op == MIN:
                            for i in range(n):
                                D[i] = X[i] if X[i] < Y[i] or X[i] != X[i] else Y[i]
                        elif op == LT:
                            for i in range(n):
                                D[i] = 1.0 if X[i] < Y[i] else 0.0
                        elif op == LE:
                            for i in range(n):
                                D[i] = 1.0 if X[i] <= Y[i] else 0.0
                        elif op == EQ:
                            for i in range(n):
                                D[i] = 1.0 if X[i] == Y[i] else 0.0
                        elif op == NE:
                            for i in range(n):
                                D[i] = 1.0 if X[i] != Y[i] else 0.0
                        else:
                            Z = A[z : z + n]
                            if op == LIN3:
                                for i in range(n):
                                    D[i] = a * X[i] + b * Y[i] + c * Z[i] + e
                            elif op == MULADD1:
                                for i in range(n):
                                    D[i] = a * X[i] * Y[i] + b * Z[i] + e
                            elif op == SELECT:
                                for i in range(n):
                                    yes, no = Y[i], Z[i]
                                    D[i] = yes if X[i] != 0.0 else no
                            else:
                                V = A[w : w + n]
                                if op == LIN4:
                                    for i in range(n):
                                        D[i] = a * X[i] + b * Y[i] + c * Z[i] + g * V[i] + e
                                else:
                                    for i in range(n):
                                        D[i] = a * X[i] * Y[i] + b * Z[i] + c * V[i] + e
                if before:
                    continue
                done += 1
                for i in range(where.size):
                    spare[i] = where[permutation[i]]
                for i in range(where.size):
                    where[i] = spare[i]
            if not before:
                for i in range(own_sums.size):
                    own_sums[i] = A[at_sums + i]
        for i in range(own_state.size):
            own_state[i] = A[at_state + i]
