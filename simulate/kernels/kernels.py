"""The compiled loops: many networks, many steps, in the time that NumPy takes for one step.

`run` simulates what `step` and `learn` of a theory define, to rounding, and hundreds of times
faster, for the theories of the published tasks; `errorneurons.simulate.engine` does so for all.

How it is fast, in the order of what it buys:

1. *Networks innermost.* All arrays of a block have the network as last dimension, so that each
   line of a kernel works on up to 256 networks at once. Large networks run one at a time instead:
   their own synapses fill the cache. Which of the two is decided by the layer sizes alone.
2. *The lookahead is the steady state.* In exact arithmetic u~ at a step is tau times the total
   current of the step before, so nothing is lost by computing it as that, and
   ``u~ - g v_bas`` becomes ``tau g_api v_api``: a difference that need not be taken.
3. *One pass over the synapses a step* (`_pass_many`, `_pass_one`): read a weight, use it for the
   feedback, add the pending change, use it for the forward product. Published feedback lags by
   one learning step; reading before the change reproduces this without storing the feedback.
4. *Held input.* While an input is held, its product with W is corrected by the rank-one change;
   the input synapses themselves are written once a presentation.
5. *Nothing twice.* Without a target errors fade and nothing is learnt: then activity only
   ascends, and once it has settled, it is not computed again until the next input.
6. *Stages.* A step is a list of stages that become part of the kernel, and references to arrays
   are not counted: both cost more than the arithmetic where networks are small.
7. *Places in memory.* Synapses and what is used beside them begin with lines of the cache, apart
   from each other within a page (`layout.aligned`): up to twice as fast where networks are large.

Read the loop of `error_microcircuit` first: it names the stages of a step in their order. They
stand above it, and above them what all theories share: activation functions and passes over
synapses. The other kernels are shorter and of the same form; `run` lays out and hands over.

Results are the same to the bit whatever the number of networks, of threads, and the blocking:
no sum runs over networks, and no sum over neurons depends on them. Kernels release the GIL, and
threads work on different blocks. There is no `parallel=True`: it is unsafe below Python threads.
`contract` and `reassoc` let the compiler fuse and reorder sums of large networks: 1e-16.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numba import njit, typeof

from errorneurons.simulate.arrays import Array, Integers
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.circuit import State as CircuitState
from errorneurons.simulate.kernels.layout import (
    EXACT,
    PHI_LINEAR,
    PHI_LOGISTIC,
    PHI_RELU,
    PHI_SOFT_RELU,
    PHI_TANH,
    PUBLISHED,
    Execution,
    Flags,
    Layout,
    Presentations,
    Record,
    Recording,
    Schedule,
    check_shapes,
    is_large,
    presentations,
    recorded_activity,
    recorder,
)
from errorneurons.simulate.kernels.layout_backprop import (
    BACKPROP_LAYOUT,
    BackpropAnatomy,
    BackpropRules,
    BackpropSynapses,
    BackpropVariables,
)
from errorneurons.simulate.kernels.layout_dendritic import (
    DENDRITIC_LAYOUT,
    DendriticAnatomy,
    DendriticRules,
    DendriticSynapses,
    DendriticVariables,
)
from errorneurons.simulate.kernels.layout_error_microcircuit import (
    ERROR_MICROCIRCUIT_LAYOUT,
    Anatomy,
    Rules,
    Synapses,
    Variables,
)
from errorneurons.simulate.kernels.layout_error_parts import check_part
from errorneurons.simulate.refusing import known
from errorneurons.simulate.store.places import compiler_cache
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

#: Error potentials below this are none: they would change no bit of a synapse of usual strength.
_NOTHING = 1e-30

#: Sums over neurons may be reordered only where a network runs alone.
ELEMENTWISE = {"contract"}
SUMS = {"contract", "reassoc", "nsz"}

#: Kernels allocate nothing and the caller holds all arrays, so references to them need no count
#: (`_nrt`), which would take a good part of a step of small networks.
_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}

#: A kernel is what Python calls; its machine code is kept on disk.
kernel = partial(njit, cache=compiler_cache(), fastmath=ELEMENTWISE, **_COMMON)

#: Functions that only kernels call need no door to Python, which would take long to compile.
_inner = partial(njit, no_cpython_wrapper=True, no_cfunc_wrapper=True, **_COMMON)

#: Stages of a step become part of the kernel: to pass them all arrays would take longer than they.
stage = partial(_inner, fastmath=ELEMENTWISE, inline="always")


# --- activation functions ---------------------------------------------------------------------
# Written out because the compiler cannot vectorise calls to the C library. exp is reduced to
# |x| < ln(2)/2 and 2^n is assembled from its bits; the polynomials are Taylor's, to 1e-17.


@_inner(fastmath=ELEMENTWISE)
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


@_inner(fastmath=ELEMENTWISE)
def _tanh(x: float) -> Any:
    magnitude = min(abs(x), 20.0)
    fraction, power = _expm1_reduced(-2.0 * magnitude)
    expm1 = power * fraction + (power - 1.0)
    rate = -expm1 / (expm1 + 2.0)
    return rate if x >= 0.0 else -rate


@_inner(fastmath=ELEMENTWISE)
def _logistic(x: float) -> float:
    fraction, power = _expm1_reduced(min(max(-x, -700.0), 700.0))
    rate: float = 1.0 / (1.0 + (power * fraction + power))
    return rate


@_inner(fastmath=ELEMENTWISE)
def _soft_relu(x: float) -> float:
    rate: float = max(x, 0.0) + np.log1p(np.exp(-abs(10.0 * x))) / 10.0
    return rate


@_inner(fastmath=ELEMENTWISE)
def _rates(code: int, x: Array, rate: Array) -> None:
    """Write phi(x), flat arrays of one area."""
    if code == PHI_LINEAR:
        for k in range(x.size):
            rate[k] = x[k]
    elif code == PHI_TANH:
        for k in range(x.size):
            rate[k] = _tanh(x[k])
    elif code == PHI_LOGISTIC:
        for k in range(x.size):
            rate[k] = _logistic(x[k])
    elif code == PHI_RELU:
        for k in range(x.size):
            rate[k] = max(x[k], 0.0)
    elif code == PHI_SOFT_RELU:
        for k in range(x.size):
            rate[k] = _soft_relu(x[k])
    else:
        for k in range(x.size):
            rate[k] = min(max(x[k] / 6.0 + 0.5, 0.0), 1.0)


@_inner(fastmath=ELEMENTWISE)
def _slopes(code: int, x: Array, slope: Array, ramp: float) -> None:
    """Write phi'(x), flat arrays of one area; `ramp` is the derivative of hard_sigmoid."""
    if code == PHI_LINEAR:
        slope[:] = 1.0
    elif code == PHI_TANH:
        for k in range(x.size):
            rate = _tanh(x[k])
            slope[k] = 1.0 - rate * rate
    elif code == PHI_LOGISTIC:
        for k in range(x.size):
            rate = _logistic(x[k])
            slope[k] = rate * (1.0 - rate)
    elif code == PHI_RELU:
        for k in range(x.size):
            slope[k] = 1.0 if x[k] > 0.0 else 0.0
    elif code == PHI_SOFT_RELU:
        for k in range(x.size):
            slope[k] = _logistic(10.0 * x[k])
    else:
        for k in range(x.size):
            slope[k] = ramp if abs(x[k]) < 3.0 else 0.0


@_inner(fastmath=ELEMENTWISE)
def _phi(
    code: int, x: Array, tuned: bool, slope: Array, offset: Array, scratch: Array, rate: Array
) -> None:
    """Write phi(x), or phi(slope (x - offset)), or slope phi(x - offset)."""
    inside = code in (PHI_TANH, PHI_LOGISTIC)
    y = x
    if tuned:
        y = scratch
        for k in range(x.size):
            y[k] = (slope[k] if inside else 1.0) * (x[k] - offset[k])
    # Called once: each call is compiled in place, with all its activation functions.
    _rates(code, y, rate)
    if tuned and not inside:
        for k in range(x.size):
            rate[k] *= slope[k]


@_inner(fastmath=ELEMENTWISE)
def _phi_prime(
    c: Rules, code: int, x: Array, own: Array, offset: Array, scratch: Array, slope: Array
) -> None:
    """Write the derivative at x, exact or as published."""
    inside, exact = code in (PHI_TANH, PHI_LOGISTIC), c.tuned and c.derivative == EXACT
    y = x
    if exact:
        y = scratch
        for k in range(x.size):
            y[k] = (own[k] if inside else 1.0) * (x[k] - offset[k])
    _slopes(code, y, slope, 1.0 if c.derivative == PUBLISHED else 1.0 / 6.0)
    if exact:
        for k in range(x.size):
            slope[k] *= own[k]


@stage()
def _activate(a: Anatomy, c: Rules, s: Synapses, x: Variables, blocks: int) -> None:
    """Write the rates of the first blocks, and phi' of representation neurons at the lookahead."""
    for block in range(blocks):
        B = slice(a.begins[block], a.begins[block + 1])
        code, ahead, rate = a.phi[block], x.aheads[B].reshape(-1), x.rates[B].reshape(-1)
        source = ahead if a.ahead[block] else x.potentials[B].reshape(-1)
        own, off, y = s.slope[B].reshape(-1), s.offset[B].reshape(-1), x.scratch[B].reshape(-1)
        _phi(code, source, c.tuned, own, off, y, rate)
        if B.stop > x.slope.shape[0]:
            continue
        slope = x.slope[B].reshape(-1)
        if code == PHI_TANH and a.ahead[block] and not c.tuned:
            for k in range(slope.size):
                slope[k] = 1.0 - rate[k] * rate[k]
        else:
            _phi_prime(c, code, ahead, own, off, y, slope)


@_inner(fastmath=ELEMENTWISE)
def _block_rates(phi: Integers, begins: Integers, potentials: Array, rates: Array) -> None:
    """Write the rates of blocks of neurons that have nothing of their own."""
    for block in range(phi.size):
        B = slice(begins[block], begins[block + 1])
        _rates(phi[block], potentials[B].reshape(-1), rates[B].reshape(-1))


# --- passes over the synapses -----------------------------------------------------------------


@_inner()
def _copy(source: Array, goal: Array) -> None:
    """Copy an array. Shorter to compile than an assignment to a slice."""
    x, y = source.reshape(-1), goal.reshape(-1)
    for k in range(x.size):
        y[k] = x[k]


@_inner()
def _clear(goal: Array) -> None:
    y = goal.reshape(-1)
    for k in range(y.size):
        y[k] = 0.0


@_inner(fastmath=ELEMENTWISE)
def _scale(factor: float, source: Array, goal: Array) -> None:
    x, y = source.reshape(-1), goal.reshape(-1)
    for k in range(x.size):
        y[k] = factor * x[k]


@_inner(fastmath=ELEMENTWISE)
def _approach(pace: float, source: Array, goal: Array) -> None:
    """Move a share of the way to the source."""
    x, y = source.reshape(-1), goal.reshape(-1)
    for k in range(x.size):
        y[k] += pace * (x[k] - y[k])


@_inner(fastmath=ELEMENTWISE)
def _subtract(first: Array, second: Array, goal: Array) -> None:
    x, y, z = first.reshape(-1), second.reshape(-1), goal.reshape(-1)
    for k in range(x.size):
        z[k] = x[k] - y[k]


@_inner()
def _record(everything: Array, rows: Integers, room: Array) -> None:
    """Write down rows of everything."""
    for i in range(rows.size):
        for k in range(everything.shape[1]):
            room[i, k] = everything[rows[i], k]


@_inner()
def _all_zero(values: Array) -> bool:
    """Return whether all numbers of (neuron, network) are zero."""
    for i in range(values.shape[0]):
        row, found = values[i], 0
        for k in range(row.size):
            found += row[k] != 0.0
        if found:
            return False
    return True


@_inner()
def _none_travels(line: Array, first: int) -> bool:
    """Return whether no error is on its way; errors are the rows from `first` on."""
    travelling = 0
    for place in range(line.shape[0]):
        travelling += not _all_zero(line[place, first:])
    return travelling == 0


@_inner(fastmath=ELEMENTWISE)
def _pass_many(
    W: Array, rows: tuple[int, int], columns: tuple[int, int], eta: float, commit: bool,
    change: tuple[Array, Array], rates: tuple[Array, Array], results: tuple[Array, Array],
) -> None:  # fmt: skip
    """Forward product, transposed product and pending change of one projection.

    `change` is (surprise, presynaptic rates), `rates` is (forward, errors beside the post
    neurons), `results` is (basal, feedback): what this adds to.
    """
    for i in range(rows[0], rows[1]):
        surprise, error, basal = change[0][i], rates[1][i], results[0][i]
        for j in range(columns[0], columns[1]):
            w, before, r, feedback = W[i, j], change[1][j], rates[0][j], results[1][j]
            if commit:
                for k in range(w.size):
                    old = w[k]
                    feedback[k] += old * error[k]
                    new = old + eta * surprise[k] * before[k]
                    w[k] = new
                    basal[k] += new * r[k]
            else:
                for k in range(w.size):
                    old = w[k]
                    feedback[k] += old * error[k]
                    basal[k] += (old + eta * surprise[k] * before[k]) * r[k]


@_inner(fastmath=SUMS)
def _pass_one(
    W: Array, rows: tuple[int, int], columns: tuple[int, int], commit: bool,
    pending: Array, scaled: Array, rates: tuple[Array, Array], results: tuple[Array, Array],
) -> None:  # fmt: skip
    """`_pass_many` for one large network: neurons innermost, four rows at a time."""
    low, high = columns
    # Slices of flat arrays: the compiler vectorises what it knows to be contiguous.
    before, r = scaled[low:high], rates[0].reshape(-1)[low:high]
    feedback, basal = results[1].reshape(-1)[low:high], results[0].reshape(-1)
    surprise, error = pending.reshape(-1), rates[1].reshape(-1)
    W = W.reshape(W.shape[0], W.shape[1])
    quads = rows[0] + 4 * ((rows[1] - rows[0]) // 4)
    for i in range(rows[0], quads, 4):
        w0, w1, w2, w3 = W[i, low:high], W[i + 1, low:high], W[i + 2, low:high], W[i + 3, low:high]
        a0, a1, a2, a3 = surprise[i], surprise[i + 1], surprise[i + 2], surprise[i + 3]
        e0, e1, e2, e3 = error[i], error[i + 1], error[i + 2], error[i + 3]
        s0 = s1 = s2 = s3 = 0.0
        for j in range(high - low):
            x0, x1, x2, x3 = w0[j], w1[j], w2[j], w3[j]
            feedback[j] += x0 * e0 + x1 * e1 + x2 * e2 + x3 * e3
            b, rate = before[j], r[j]
            x0 += a0 * b
            x1 += a1 * b
            x2 += a2 * b
            x3 += a3 * b
            if commit:
                w0[j] = x0
                w1[j] = x1
                w2[j] = x2
                w3[j] = x3
            s0 += x0 * rate
            s1 += x1 * rate
            s2 += x2 * rate
            s3 += x3 * rate
        basal[i] += s0
        basal[i + 1] += s1
        basal[i + 2] += s2
        basal[i + 3] += s3
    for i in range(quads, rows[1]):
        w = W[i, low:high]
        total = 0.0
        for j in range(high - low):
            new = w[j] + surprise[i] * before[j]
            feedback[j] += w[j] * error[i]
            if commit:
                w[j] = new
            total += new * r[j]
        basal[i] += total


@_inner(fastmath=ELEMENTWISE)
def _product_many(
    M: Array, rows: tuple[int, int], columns: tuple[int, int], x: Array, y: Array
) -> None:
    """Add M x to y, for the given rows and columns."""
    for i in range(rows[0], rows[1]):
        total = y[i]
        for j in range(columns[0], columns[1]):
            m, value = M[i, j], x[j]
            for k in range(m.size):
                total[k] += m[k] * value[k]


@_inner(fastmath=SUMS)
def _product_one(
    M: Array, rows: tuple[int, int], columns: tuple[int, int], x: Array, y: Array
) -> None:
    """`_product_many` for one large network."""
    value, result = x.reshape(-1)[columns[0] : columns[1]], y.reshape(-1)
    M = M.reshape(M.shape[0], M.shape[1])
    for i in range(rows[0], rows[1]):
        m = M[i, columns[0] : columns[1]]
        total = 0.0
        for j in range(value.size):
            total += m[j] * value[j]
        result[i] += total


@_inner()
def _product(
    alone: bool | None, M: Array, rows: tuple[int, int], columns: tuple[int, int], x: Array,
    y: Array,
) -> None:  # fmt: skip
    if alone is None:
        _product_many(M, rows, columns, x, y)
    else:
        _product_one(M, rows, columns, x, y)


@_inner(fastmath=ELEMENTWISE)
def _relearn_many(
    synapses: tuple[Array, Array, Array], rows: tuple[int, int], columns: tuple[int, int],
    eta: float, change: tuple[Array, Array], rates: tuple[Array, Array],
    results: tuple[Array, Array],
) -> None:  # fmt: skip
    """Both products of one projection with stored feedback, which is refreshed, and its change.

    `synapses` are W, B and the noise of B, `change` is (surprise, presynaptic rates), `rates` is
    (forward, what descends), `results` is (basal, feedback): what this adds to.
    """
    W, B, noises = synapses
    noisy = noises.size > 0
    for i in range(rows[0], rows[1]):
        surprise, late, basal = change[0][i], rates[1][i], results[0][i]
        for j in range(columns[0], columns[1]):
            w, b, feedback = W[i, j], B[j, i], results[1][j]
            before, r = change[1][j], rates[0][j]
            if noisy:
                noise = noises[j, i]
                for k in range(w.size):
                    old = w[k]
                    feedback[k] += b[k] * late[k]
                    b[k] = old + noise[k]
                    basal[k] += old * r[k]
                    w[k] = old + eta * surprise[k] * before[k]
            else:
                for k in range(w.size):
                    old = w[k]
                    feedback[k] += b[k] * late[k]
                    b[k] = old
                    basal[k] += old * r[k]
                    w[k] = old + eta * surprise[k] * before[k]


@_inner(fastmath=ELEMENTWISE)
def _product_and_outer(
    W: Array, rows: tuple[int, int], columns: tuple[int, int], sign: float, x: Array, y: Array,
    eta: float, post: Array, pre: Array,
) -> None:  # fmt: skip
    """Add sign W x to y, and then eta post pre^T to W, in one pass."""
    for i in range(rows[0], rows[1]):
        total, change = y[i], post[i]
        for j in range(columns[0], columns[1]):
            w, value, before = W[i, j], x[j], pre[j]
            for k in range(w.size):
                old = w[k]
                total[k] += sign * old * value[k]
                w[k] = old + eta * change[k] * before[k]


@_inner(fastmath=ELEMENTWISE)
def _new_input(
    W: Array, area_rows: tuple[int, int], owed: tuple[Array, Array],
    inputs: tuple[Array, Array, Array], drive: Array,
) -> None:  # fmt: skip
    """Write the changes of the presentation into the input synapses, and multiply the new input.

    `owed` are the summed surprises that go with the last input and with the one before it;
    `inputs` are these two inputs and the new one.
    """
    for i in range(area_rows[0], area_rows[1]):
        total, with_last, with_first = drive[i], owed[0][i], owed[1][i]
        _clear(total)
        for j in range(W.shape[1]):
            w, r_last, r_first, r_new = W[i, j], inputs[0][j], inputs[1][j], inputs[2][j]
            for k in range(w.size):
                new = w[k] + with_last[k] * r_last[k] + with_first[k] * r_first[k]
                w[k] = new
                total[k] += new * r_new[k]
        _clear(with_last)
        _clear(with_first)


@_inner(fastmath=SUMS)
def _new_input_one(
    W: Array, area_rows: tuple[int, int], owed: tuple[Array, Array],
    inputs: tuple[Array, Array, Array], drive: Array,
) -> None:  # fmt: skip
    """`_new_input` for one large network."""
    last, first, result = owed[0].reshape(-1), owed[1].reshape(-1), drive.reshape(-1)
    r_last, r_first, r_new = inputs[0].reshape(-1), inputs[1].reshape(-1), inputs[2].reshape(-1)
    W = W.reshape(W.shape[0], W.shape[1])
    for i in range(area_rows[0], area_rows[1]):
        w = W[i]
        total = 0.0
        for j in range(w.size):
            new = w[j] + last[i] * r_last[j] + first[i] * r_first[j]
            w[j] = new
            total += new * r_new[j]
        result[i] = total
        last[i] = 0.0
        first[i] = 0.0


@_inner(fastmath=ELEMENTWISE)
def _new_inputs(alone: bool | None, a: Any, s: Any, x: Any) -> None:
    """Write what the input synapses are owed, and multiply what is shown, in all areas."""
    inputs, owed = (x.held, x.input_before, x.shown), (x.owed, x.owed_before)
    for area in range(a.first.size - 1):
        if a.linked[area, 0]:
            rows = (a.first[area], a.first[area + 1])
            if alone is None:
                _new_input(s.W_input, rows, owed, inputs, x.drive)
            else:
                _new_input_one(s.W_input, rows, owed, inputs, x.drive)


@_inner()
def _item(items: Array, order: Integers, presentation: int, shown: Array) -> None:
    """Write the item that each network is shown, (neuron, network)."""
    for k in range(shown.shape[1]):
        item = order[min(k, order.shape[0] - 1), presentation]
        own = items[min(k, items.shape[0] - 1), item]
        for j in range(shown.shape[0]):
            shown[j, k] = own[j]


@stage()
def _present(alone: bool | None, a: Any, s: Any, x: Any, p: Presentations, number: int) -> None:
    """Begin a presentation; the one after the last only writes what input synapses are owed."""
    if number < p.steps.size:
        _item(p.inputs, p.order, number, x.shown)
    _new_inputs(alone, a, s, x)
    _copy(x.held, x.input_before)
    _copy(x.shown, x.held)
    _dot(x.held, x.held, x.norm[0])
    _dot(x.held, x.input_before, x.overlap[0])


@stage()
def _teach(x: Any, p: Presentations, number: int, step: int) -> None:
    """Begin to teach the target of a presentation, once it has lagged long enough."""
    if step == p.lag:
        _item(p.targets, p.order, number, x.target)
        x.counter[2] = p.teaching[number]


@_inner(fastmath=ELEMENTWISE)
def _dot(x: Array, y: Array, result: Array) -> None:
    """Write the product of two inputs of each network."""
    _clear(result)
    for j in range(x.shape[0]):
        for k in range(result.size):
            result[k] += x[j, k] * y[j, k]


@stage()
def _learn_input(a: Any, x: Any, step: int) -> None:
    """Correct the product of the held input, and keep count of what its synapses are owed."""
    # In the first step of a presentation plasticity still sees the input before.
    owed, by = (x.owed_before, x.overlap[0]) if step == 0 else (x.owed, x.norm[0])
    for area in range(a.first.size - 1):
        if not a.linked[area, 0]:
            continue
        eta = a.eta[area, 0]
        for i in range(a.first[area], a.first[area + 1]):
            sums, total, surprise = owed[i], x.drive[i], x.surprise[i]
            for k in range(total.size):
                change = eta * surprise[k]
                sums[k] += change
                total[k] += change * by[k]


@_inner(fastmath=ELEMENTWISE)
def _learn_filtered(
    W: Array, F: Array, rows: tuple[int, int], surprise: Array,
    columns: tuple[int, int], before: Array, eta: float, rate: float,
) -> None:  # fmt: skip
    """Low-passed plasticity of one projection: F += rate (dW - F), W += F."""
    for i in range(rows[0], rows[1]):
        for j in range(columns[0], columns[1]):
            for k in range(W.shape[2]):
                F[i, j, k] += rate * (eta * surprise[i, k] * before[j, k] - F[i, j, k])
                W[i, j, k] += F[i, j, k]


@_inner(fastmath=ELEMENTWISE)
def _refresh(a: Anatomy, s: Synapses) -> None:
    """B = W^T + noise, between the partners of the neurons that W links."""
    for i in range(s.B.shape[0]):
        for j in range(s.B.shape[1]):
            linked = a.partner[i] >= 0 and a.partner[j] >= 0
            for k in range(s.B.shape[2]):
                w = s.W[a.partner[j], a.partner[i], k] if linked else 0.0
                s.B[i, j, k] = s.noise[i, j, k] + w


@_inner(fastmath=ELEMENTWISE)
def _relax(a: Anatomy, s: Synapses) -> None:
    """Lateral synapses relax towards one-to-one, whatever the activity."""
    for area in range(a.first.size - 1):
        R, E = a.first[area], a.first_error[area]
        for i in range(E, a.first_error[area + 1]):
            for j in range(R, a.first[area + 1]):
                link = 1.0 if i - E == j - R else 0.0
                for k in range(s.L_RE.shape[2]):
                    s.L_RE[i, j, k] -= a.relax_error[area] * (s.L_RE[i, j, k] - link)
                    own = a.relax_representation[area] * (s.L_ER[j, i, k] - link)
                    s.L_ER[j, i, k] -= own


# --- the error microcircuit -------------------------------------------------------------------


@stage()
def _pass_all(
    alone: bool | None, a: Anatomy, s: Synapses, x: Variables, commit: bool,
    r: Array, beside: Array,
) -> None:  # fmt: skip
    """One pass over all projections between areas."""
    rates, results = (r, beside), (x.basal, x.descending)
    for post in range(1, a.first.size - 1):
        rows, begin = (a.first[post], a.first[post + 1]), a.first[0]
        for pre in range(post):
            eta, linked = a.eta[post, pre + 1], a.linked[post, pre + 1]
            columns = (a.first[pre], a.first[pre + 1])
            if alone is None:
                if linked:
                    change = (x.pending, x.pending_pre)
                    _pass_many(s.W, rows, columns, eta, commit, change, rates, results)
            else:
                # Neighbouring source areas are taken in one go, with their learning rates folded
                # into the presynaptic rates: long rows are what makes large networks fast.
                scaled = x.scaled.reshape(-1)
                own = slice(columns[0], columns[1])
                _scale(eta, x.pending_pre[own], x.scaled[own])
                if not linked:
                    begin = columns[1]
                elif pre + 1 == post or not a.linked[post, pre + 2]:
                    joined = (begin, columns[1])
                    _pass_one(s.W, rows, joined, commit, x.pending, scaled, rates, results)
                    begin = columns[1]


@_inner()
def _onto_errors(a: Anatomy, c: Rules, source: Array, goal: Array) -> None:
    """Copy what representation neurons hold to the error neurons beside them."""
    if c.aligned:
        _copy(source[: goal.shape[0]], goal)
        return
    for i in range(goal.shape[0]):
        if a.partner[i] >= 0:
            for k in range(goal.shape[1]):
                goal[i, k] = source[a.partner[i], k]


@_inner()
def _onto_representations(a: Anatomy, c: Rules, source: Array, goal: Array) -> None:
    """Copy what error neurons hold to the representation neurons beside them."""
    if c.aligned:
        _copy(source, goal)
        return
    for i in range(source.shape[0]):
        if a.partner[i] >= 0:
            for k in range(goal.shape[1]):
                goal[a.partner[i], k] = source[i, k]


@stage()
def _laterals(alone: bool | None, a: Anatomy, c: Rules, s: Synapses, x: Variables) -> None:
    """Write gate = L_RE phi'(u~) and apical = L_ER e."""
    if not c.direct:
        _clear(x.gate)
    if not (c.aligned and c.one_to_one_representation):
        _clear(x.apical)
    for area in range(a.first.size - 1):
        R, E = (a.first[area], a.first[area + 1]), (a.first_error[area], a.first_error[area + 1])
        if not c.one_to_one_error:
            _product(alone, s.L_RE, E, R, x.slope, x.gate)
        if not c.one_to_one_representation:
            _product(alone, s.L_ER, R, E, x.e, x.apical)
    if c.one_to_one_error and not c.direct:
        _onto_errors(a, c, x.slope, x.gate)
    if c.one_to_one_representation:
        _onto_representations(a, c, x.e, x.apical)


@stage()
def _errors(
    alone: bool | None, a: Anatomy, c: Rules, s: Synapses, x: Variables, late: Array
) -> None:
    """Write top-down errors times the gate into `dendritic`, L_RE phi' (t - r) into `top`.

    `late` are the rates of error neurons that arrive.
    """
    areas, networks = a.first.size - 1, x.u.shape[1]
    hidden, out = a.first_error[areas - 1], a.first[areas - 1]
    _clear(x.dendritic)
    _clear(x.top)
    if c.transposed:
        _onto_errors(a, c, x.descending, x.dendritic[:hidden])
    if s.B.size and alone is None:
        # Noise that links areas one way leaves half of the matrix empty.
        for i in range(hidden):
            _product_many(s.B, (i, i + 1), (c.descends[i, 0], c.descends[i, 1]), late, x.dendritic)
    elif s.B.size:
        rows, columns = (a.first_error[0], hidden), (a.first_error[0], a.first_error[areas])
        _product_one(s.B, rows, columns, late, x.dendritic)
    if c.gated:
        gate = x.slope if c.direct else x.gate
        flat, factor = x.dendritic[:hidden].reshape(-1), gate.reshape(-1)
        for k in range(flat.size):
            flat[k] *= factor[k]
    # What the top senses of the error, and what leaks into hidden areas, comes through L_RE.
    if c.leak != 0.0:
        _scale(c.leak, x.r, x.leaked)
    teaching = x.counter[2] == 1
    for i in range(out, x.r.shape[0]):
        for k in range(networks):
            error = x.slope[i, k] * ((x.target[i - out, k] if teaching else 0.0) - x.r[i, k])
            x.leaked[i, k] = error if teaching or c.absent_is_zero else 0.0
    if c.one_to_one_error:
        _onto_errors(a, c, x.leaked, x.top)
    else:
        for area in range(0 if c.leak != 0.0 else areas - 1, areas):
            R = (a.first[area], a.first[area + 1])
            E = (a.first_error[area], a.first_error[area + 1])
            _product(alone, s.L_RE, E, R, x.leaked, x.top)
    if c.leak != 0.0:
        flat, sensed = x.dendritic[:hidden].reshape(-1), x.top.reshape(-1)
        for k in range(flat.size):
            flat[k] += sensed[k]


@stage()
def _somas(a: Anatomy, c: Rules, x: Variables, noise: Array) -> None:
    """Move the potentials by one Euler step; the lookahead becomes tau times the current."""
    networks = x.u.shape[1]
    hidden = a.first_error[a.first_error.size - 2]
    ahead, basal, apical = x.u_ahead.reshape(-1), x.basal.reshape(-1), x.apical.reshape(-1)
    surprise = x.surprise.reshape(-1)
    for k in range(ahead.size):
        surprise[k] = c.apical_share * apical[k]
        ahead[k] = c.basal_share * basal[k] + surprise[k]
    _scale(c.dendritic_share, x.dendritic[:hidden], x.v_ahead[:hidden])
    _scale(c.top_share, x.top[hidden:], x.v_ahead[hidden:])
    # Errors that run around in noisy feedback would fade for thousands of steps.
    errors = x.v_ahead.reshape(-1)
    for k in range(errors.size):
        errors[k] = 0.0 if abs(errors[k]) < _NOTHING else errors[k]
    if noise.size:
        both, added = x.aheads.reshape(-1), noise.reshape(-1)
        for k in range(added.size):
            both[k] += added[k]
        for k in range(surprise.size):
            surprise[k] += added[k]
    if c.nudged and x.counter[2] == 1:
        out = x.u.shape[0] - x.target.shape[0]
        for i in range(out, x.u.shape[0]):
            for k in range(networks):
                pull = c.target_share * (x.target[i - out, k] - x.u[i, k])
                x.u_ahead[i, k] += pull
                x.surprise[i, k] += pull
    _approach(c.pace[0], x.u_ahead, x.u)
    _approach(c.pace[1], x.v_ahead[:hidden], x.v[:hidden])
    _approach(c.pace[2], x.v_ahead[hidden:], x.v[hidden:])


@stage()
def _learn(a: Anatomy, c: Rules, s: Synapses, x: Variables, step: int) -> None:
    """Decide this step's change of W; refresh the feedback; relax the laterals."""
    before = x.line[(x.counter[0] + 1) % x.line.shape[0]]
    if c.filter == 0.0:
        _learn_input(a, x, step)
        _copy(x.surprise, x.pending)
        _copy(before[: x.r.shape[0]], x.pending_pre)
        if x.counter[1] == 0 and c.transposed:
            if s.B.size:
                _copy(s.noise, s.B)
            x.counter[1] = 1
    else:
        if s.noise.size:
            _refresh(a, s)
        shown = x.input_before if step == 0 else x.held
        for post in range(a.first.size - 1):
            rows = (a.first[post], a.first[post + 1])
            if a.linked[post, 0]:
                columns, eta = (a.first[0], shown.shape[0]), a.eta[post, 0]
                _learn_filtered(
                    s.W_input, s.F_input, rows, x.surprise, columns, shown, eta, c.filter
                )
            for pre in range(post):
                if a.linked[post, pre + 1]:
                    columns, eta = (a.first[pre], a.first[pre + 1]), a.eta[post, pre + 1]
                    _learn_filtered(s.W, s.F, rows, x.surprise, columns, before, eta, c.filter)
        # Nothing is owed then: this multiplies the held input by the new synapses.
        _new_inputs(c.alone, a, s, x)
    if c.relaxing:
        _relax(a, s)


@_inner()
def _is_silent(c: Rules, x: Variables, learning: bool) -> bool:
    """Return whether no network has a target, an error or anything left to learn."""
    if x.counter[2] == 1 or c.absent_is_zero or c.leak != 0.0 or c.filter != 0.0 or c.relaxing:
        return False
    if learning and (c.rate_rule or (c.transposed and x.counter[1] == 0)):
        return False
    silent = _none_travels(x.line, x.u.shape[0])
    return silent and _all_zero(x.surprise) and _all_zero(x.pending)


@_inner()
def _ascend(a: Anatomy, s: Synapses, x: Variables, r: Array) -> None:
    """Make the step of networks whose errors are silent: what ascends is all there is."""
    for post in range(1, a.first.size - 1):
        for pre in range(post):
            if a.linked[post, pre + 1]:
                rows, columns = (a.first[post], a.first[post + 1]), (a.first[pre], a.first[pre + 1])
                _product_many(s.W, rows, columns, r, x.basal)
    _clear(x.apical)
    _clear(x.dendritic)
    _clear(x.top)
    _clear(x.pending)


@_inner()
def _settles_after(a: Anatomy, ahead: Flags, line: int, R: int) -> int:
    """Return after how many steps of a held input nothing changes while errors are silent.

    Rates that follow the lookahead pass on what they receive at once, or after the delay.
    """
    for block in range(ahead.size):
        if a.begins[block] < R and not ahead[block]:
            return 1 << 62
    return (a.first.size - 1) * (line - 1) + line


@kernel()
def error_microcircuit(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, p: Presentations, out: Record
) -> None:
    """Simulate a block of error microcircuits; changes `s` and `x`, and fills `out`."""
    R, E = x.u.shape[0], x.v.shape[0]
    time = row = np.int64(0)
    enough = _settles_after(a, a.ahead, x.line.shape[0], R)
    for presentation in range(p.steps.size + 1):
        _present(c.alone, a, s, x, p, presentation)
        steps = p.steps[presentation] if presentation < p.steps.size else 0
        silent_for = 0
        for step in range(steps):
            _teach(x, p, presentation, step)
            learning, n, line = p.learning[presentation], x.counter[0], x.line.shape[0]
            settled = silent_for > enough and x.counter[2] == 0
            if not settled:
                by_rates = learning and c.rate_rule
                if by_rates:
                    _scale(c.basal_share, x.basal, x.predicted)
                _activate(a, c, s, x, a.phi.size if by_rates else 2 * a.phi.size // 3)
                if by_rates:
                    _subtract(x.r, x.expected, x.surprise)
                _copy(x.rates[: R + E], x.line[n % line])
                late = x.line[(n + 2) % line]
                _copy(x.drive, x.basal)
                if c.alone is None and not p.noise.size and _is_silent(c, x, learning):
                    _ascend(a, s, x, late)
                    silent_for += 1
                else:
                    beside = late[R:] if c.aligned else x.beside
                    if c.transposed:
                        _clear(x.descending)
                        if not c.aligned:
                            _onto_representations(a, c, late[R:], x.beside)
                    _pass_all(c.alone, a, s, x, learning, late, beside)
                    _laterals(c.alone, a, c, s, x)
                    _errors(c.alone, a, c, s, x, late[R:])
                    if learning:
                        _learn(a, c, s, x, step)
                    silent_for = 0
            recording = out.each_step or step == steps - 1
            if recording:
                _record(x.everything, out.during, out.room[row])
            if presentation == p.steps.size - 1 and step == steps - 1:
                _copy(x.everything, x.last)
            _somas(a, c, x, p.noise[time] if p.noise.size else x.everything[:0])
            if recording:
                _record(x.everything, out.after, out.room[row, out.during.size :])
                row += 1
            time += 1
            x.counter[0] += 1


# --- the theories with apical errors ------------------------------------------------------------


@_inner(fastmath=ELEMENTWISE)
def _add_outer(
    alone: bool | None, W: Array, rows: tuple[int, int], columns: tuple[int, int], eta: float,
    post: Array, pre: Array,
) -> None:  # fmt: skip
    """Add eta post pre^T."""
    if alone is None:
        for i in range(rows[0], rows[1]):
            for j in range(columns[0], columns[1]):
                w, x, y = W[i, j], post[i], pre[j]
                for k in range(w.size):
                    w[k] += eta * x[k] * y[k]
    else:
        flat, by = W.reshape(W.shape[0], W.shape[1]), pre.reshape(-1)
        for i in range(rows[0], rows[1]):
            w, change = flat[i], eta * post[i, 0]
            for j in range(columns[0], columns[1]):
                w[j] += change * by[j]


@_inner(fastmath=ELEMENTWISE)
def _transpose(
    W: Array, B: Array, noise: Array, post: tuple[int, int], pre: tuple[int, int]
) -> None:
    """B = W^T (+ noise) for one projection."""
    for i in range(post[0], post[1]):
        for j in range(pre[0], pre[1]):
            for k in range(W.shape[2]):
                B[j, i, k] = W[i, j, k] + (noise[j, i, k] if noise.size else 0.0)


@stage()
def _dendritic_compartments(
    alone: bool | None, a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses,
    x: DendriticVariables, arriving: Array,
) -> None:  # fmt: skip
    """Write basal, apical and dendritic potentials."""
    _copy(x.drive, x.basal)
    _clear(x.apical)
    _clear(x.dendritic)
    for area in range(a.first.size - 2):
        own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
        _product(alone, s.W, above, own, arriving, x.basal)
        _product(alone, s.B, own, above, arriving, x.apical)
        if c.mirrored:
            mirror = (above[0] - a.first[1], above[1] - a.first[1])
            _product(alone, s.B_PI, own, mirror, x.r_interneuron, x.apical)
            _product(alone, s.W_IP, mirror, own, x.r, x.dendritic)
        else:
            for i in range(own[0], own[1]):
                for j in range(own[0], own[1]):
                    for k in range(x.u.shape[1]):
                        x.apical[i, k] -= s.M[i, j, k] * x.r_before[j, k]


@_inner(fastmath=ELEMENTWISE)
def _negative(a: DendriticAnatomy, s: DendriticSynapses, area: int) -> None:
    """B^PI = -B for the feedback to one area."""
    for i in range(a.first[area], a.first[area + 1]):
        for j in range(a.first[area + 1], a.first[area + 2]):
            for k in range(s.B.shape[2]):
                s.B_PI[i, j - a.first[1], k] = -s.B[i, j, k]


@_inner(fastmath=ELEMENTWISE)
def _keep_ideal(a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses) -> None:
    """Lateral synapses that predict the feedback exactly: M = B c W, or W^IP = c/c_I W."""
    for area in range(a.first.size - 2):
        for i in range(a.first[area + 1], a.first[area + 2]):
            for j in range(a.first[area], a.first[area + 1]):
                if c.mirrored:
                    share = c.attenuation[i, 0] / c.attenuation_interneuron
                    for k in range(s.W.shape[2]):
                        s.W_IP[i - a.first[1], j, k] = share * s.W[i, j, k]
                else:
                    for m in range(a.first[area], a.first[area + 1]):
                        if i == a.first[area + 1]:
                            _clear(s.M[m, j])
                        for k in range(s.W.shape[2]):
                            s.M[m, j, k] += s.B[m, i, k] * c.attenuation[i, 0] * s.W[i, j, k]


@stage()
def _expect(c: DendriticRules, x: DendriticVariables) -> None:
    """Write the potentials that somas would have by the prediction alone, a step before."""
    for i in range(x.predicted.shape[0]):
        for k in range(x.predicted.shape[1]):
            x.predicted[i, k] = c.attenuation[i, 0] * x.last_basal[i, k]
    _scale(c.attenuation_interneuron, x.last_dendritic, x.predicted_interneuron)


@stage()
def _learn_dendritic(
    alone: bool | None, a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses,
    x: DendriticVariables,
) -> None:  # fmt: skip
    """All plasticity of a step, from the compartments of the step before."""
    before = x.line[(x.counter[0] + 1) % x.line.shape[0]]
    _subtract(x.r_interneuron, x.expected_interneuron, x.expected_interneuron)
    for area in range(a.first.size - 2):
        own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
        mirror = (above[0] - a.first[1], above[1] - a.first[1])
        if c.refreshed:
            _transpose(s.W, s.B, s.noise, above, own)
        if c.mirrored and (c.refreshed or c.ideal):
            _negative(a, s, area)
        _add_outer(alone, s.W, above, own, a.eta[area + 1, area + 1], x.surprise, before)
        if c.ideal:
            continue
        lateral = a.lateral[area]
        if c.mirrored:
            _add_outer(alone, s.W_IP, mirror, own, lateral, x.expected_interneuron, x.last_r)
            _add_outer(alone, s.B_PI, own, mirror, -a.inhibition[area], x.last_apical,
                       x.last_r_interneuron)  # fmt: skip
        else:
            _add_outer(alone, s.M, own, own, lateral, x.last_apical, x.last_r_before)
    if c.ideal:
        _keep_ideal(a, c, s)


@_inner()
def _write_implied(a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses) -> None:
    """Write the synapses that have followed from others while networks learnt."""
    if c.mirrored:
        for area in range(a.first.size - 2):
            _negative(a, s, area)
    if c.ideal:
        _keep_ideal(a, c, s)


@_inner(fastmath=ELEMENTWISE)
def _unpredicted(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, x: DendriticVariables,
    area: int, arriving: Array,
) -> None:  # fmt: skip
    """Write what descends and is not predicted by implied synapses into `predicted`.

    Feedback and what predicts it are then one product: B c W r is B applied to c W r.
    """
    own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
    if c.ideal:
        _clear(x.predicted[above[0] : above[1]])
        _product_many(s.W, above, own, x.r if c.mirrored else x.r_before, x.predicted)
    for i in range(above[0], above[1]):
        late, found, share = arriving[i], x.predicted[i], c.attenuation[i, 0]
        if c.mirrored:
            m = i - a.first[1]
            rate, dendritic = x.r_interneuron[m], x.dendritic[m]
            if c.ideal:
                for k in range(found.size):
                    dendritic[k] = share / c.attenuation_interneuron * found[k]
            for k in range(found.size):
                found[k] = late[k] - rate[k]
        else:
            for k in range(found.size):
                found[k] = late[k] - share * found[k]


@stage()
def _compartments_and_learning(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, x: DendriticVariables,
    arriving: Array,
) -> None:  # fmt: skip
    """`_dendritic_compartments` and `_learn_dendritic`: synapses are gone through once."""
    before = x.line[(x.counter[0] + 1) % x.line.shape[0]]
    implied = c.implied and x.counter[1] == 1
    _copy(x.drive, x.basal)
    _clear(x.apical)
    _clear(x.dendritic)
    _subtract(x.r_interneuron, x.expected_interneuron, x.expected_interneuron)
    for area in range(a.first.size - 2):
        own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
        mirror, lateral = (above[0] - a.first[1], above[1] - a.first[1]), a.lateral[area]
        late, eta = x.predicted if implied else arriving, a.eta[area + 1, area + 1]
        if implied:
            _unpredicted(a, c, s, x, area, arriving)
        if c.refreshed:
            _relearn_many((s.W, s.B, s.noise), above, own, eta, (x.surprise, before),
                          (arriving, late), (x.basal, x.apical))  # fmt: skip
        else:
            _product_many(s.B, own, above, late, x.apical)
            _product_and_outer(s.W, above, own, 1.0, arriving, x.basal, eta, x.surprise, before)
        if c.mirrored and not implied:
            _product_many(s.B_PI, own, mirror, x.r_interneuron, x.apical)
            if not c.implied:
                if c.refreshed:
                    _negative(a, s, area)
                _add_outer(None, s.B_PI, own, mirror, -a.inhibition[area], x.last_apical,
                           x.last_r_interneuron)  # fmt: skip
        if c.ideal and not implied:
            if c.mirrored:
                _product_many(s.W_IP, mirror, own, x.r, x.dendritic)
            else:
                _product_and_outer(
                    s.M, own, own, -1.0, x.r_before, x.apical, 0.0, x.r_before, x.r_before
                )
        elif c.mirrored and not c.ideal:
            _product_and_outer(s.W_IP, mirror, own, 1.0, x.r, x.dendritic, lateral,
                               x.expected_interneuron, x.last_r)  # fmt: skip
        elif not c.ideal:
            _product_and_outer(s.M, own, own, -1.0, x.r_before, x.apical, lateral,
                               x.last_apical, x.last_r_before)  # fmt: skip
    x.counter[1] = 1


@stage()
def _dendritic_somas(
    a: DendriticAnatomy, c: DendriticRules, x: DendriticVariables, noise: Array
) -> None:
    """Move the potentials by one Euler step; the lookahead becomes tau times the current."""
    out, networks = a.first[a.first.size - 2], x.u.shape[1]
    # Interneurons first: their teacher is the lookahead that the area above has used.
    for i in range(x.u_interneuron.shape[0]):
        for k in range(networks):
            drive = c.g_dendrite * x.dendritic[i, k]
            drive += c.g_interneuron * x.u_ahead[i + a.first[1], k]
            ahead = c.tau_interneuron * drive
            x.u_interneuron_ahead[i, k] = ahead
            x.u_interneuron[i, k] += c.dt / c.tau_interneuron * (ahead - x.u_interneuron[i, k])
    for i in range(x.u.shape[0]):
        tau, share = c.tau[i, 0], c.attenuation[i, 0]
        for k in range(networks):
            if i < out:
                above_prediction = tau * c.g_apical * x.apical[i, k]
                ahead = share * x.basal[i, k] + above_prediction
            elif x.counter[2] == 1:
                wanted = c.g_target * x.target[i - out, k]
                ahead = tau * (c.g_basal * x.basal[i, k] + wanted)
                above_prediction = ahead - share * x.basal[i, k]
            else:
                ahead, above_prediction = share * x.basal[i, k], 0.0
            x.u_ahead[i, k] = ahead
            x.surprise[i, k] = above_prediction
        if noise.size:
            for k in range(networks):
                x.u_ahead[i, k] += noise[i, k]
                x.surprise[i, k] += noise[i, k]
        for k in range(networks):
            x.u[i, k] += c.dt / tau * (x.u_ahead[i, k] - x.u[i, k])


@kernel()
def dendritic(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, x: DendriticVariables,
    p: Presentations, out: Record,
) -> None:  # fmt: skip
    """Simulate a block of networks with apical errors; changes `s` and `x`, and fills `out`."""
    time = row = np.int64(0)
    for presentation in range(p.steps.size + 1):
        _present(c.alone, a, s, x, p, presentation)
        steps = p.steps[presentation] if presentation < p.steps.size else 0
        learning = presentation < p.steps.size and p.learning[presentation]
        if c.implied and x.counter[1] == 1 and not learning:
            _write_implied(a, c, s)
            x.counter[1] = 0
        for step in range(steps):
            _teach(x, p, presentation, step)
            n, line = x.counter[0], x.line.shape[0]
            _copy(x.now, x.before)
            _copy(x.last_r, x.r_before)
            if learning:
                _expect(c, x)
            blocks = a.phi.size if learning else a.phi.size // 2
            _block_rates(a.phi[:blocks], a.begins, x.aheads, x.rates)
            _copy(x.r, x.line[n % line])
            arriving = x.line[(n + 2) % line]
            if learning and c.rate_rule:
                _subtract(x.r, x.expected, x.surprise)
            if c.alone is None and learning:
                _compartments_and_learning(a, c, s, x, arriving)
            else:
                _dendritic_compartments(c.alone, a, c, s, x, arriving)
            if c.alone is not None and learning:
                _learn_dendritic(c.alone, a, c, s, x)
            if learning:
                _learn_input(a, x, step)
            recording = out.each_step or step == steps - 1
            if recording:
                _record(x.everything, out.during, out.room[row])
            if presentation == p.steps.size - 1 and step == steps - 1:
                _copy(x.everything, x.last)
            _dendritic_somas(a, c, x, p.noise[time] if p.noise.size else x.everything[:0])
            if recording:
                _record(x.everything, out.after, out.room[row, out.during.size :])
                row += 1
            time += 1
            x.counter[0] += 1


# --- the artificial network ---------------------------------------------------------------------


@kernel()
def backprop(
    a: BackpropAnatomy, c: BackpropRules, s: BackpropSynapses, x: BackpropVariables,
    p: Presentations, out: Record,
) -> None:  # fmt: skip
    """Simulate a block of artificial networks; changes `s` and `x`, and fills `out`."""
    R, areas = x.u.shape[0], a.first.size - 1
    time = row = np.int64(0)
    ramp, no_noise = 1.0 if c.derivative == PUBLISHED else 1.0 / 6.0, s.B[:0]
    enough = areas * (x.line.shape[0] - 1) + x.line.shape[0]
    for presentation in range(p.steps.size + 1):
        _present(c.alone, a, s, x, p, presentation)
        learning = presentation < p.steps.size and p.learning[presentation]
        steps = p.steps[presentation] if presentation < p.steps.size else 0
        silent_for = 0
        for step in range(steps):
            _teach(x, p, presentation, step)
            n, line = x.counter[0], x.line.shape[0]
            if silent_for > enough and x.counter[2] == 0:
                if out.each_step or step == steps - 1:
                    _record(x.everything, out.during, out.room[row])
                    _record(x.everything, out.after, out.room[row, out.during.size :])
                    row += 1
                time += 1
                x.counter[0] += 1
                continue
            late, before = x.line[(n + 2) % line], x.line[(n + 1) % line]
            _block_rates(a.phi, a.first, x.u, x.r)
            for area in range(areas):
                B = slice(a.first[area], a.first[area + 1])
                _slopes(a.phi[area], x.u[B].reshape(-1), x.slope[B].reshape(-1), ramp)
            _copy(x.r, x.line[n % line, :R])
            _copy(x.delta, x.line[n % line, R:])
            # The error of the start of the step is what plasticity multiplies.
            _copy(x.delta, x.surprise)
            _copy(x.drive, x.basal)
            _clear(x.error)
            silent = c.alone is None and not p.noise.size and x.counter[2] == 0
            silent = silent and _none_travels(x.line, R)
            for post in range(1, areas):
                rows = (a.first[post], a.first[post + 1])
                for pre in range(post):
                    if not a.linked[post, pre + 1]:
                        continue
                    columns, eta = (a.first[pre], a.first[pre + 1]), a.eta[post, pre + 1]
                    # The first silent step may still have feedback to refresh.
                    if silent and silent_for:
                        _product_many(s.W, rows, columns, late, x.basal)
                    elif c.alone is None and learning and c.refreshed:
                        _relearn_many((s.W, s.B, no_noise), rows, columns, eta,
                                      (x.surprise, before), (late, late[R:]),
                                      (x.basal, x.error))  # fmt: skip
                    else:
                        _product(c.alone, s.W, rows, columns, late, x.basal)
                        _product(c.alone, s.B, columns, rows, late[R:], x.error)
                        if learning and c.refreshed:
                            _transpose(s.W, s.B, no_noise, rows, columns)
                        if learning:
                            _add_outer(c.alone, s.W, rows, columns, eta, x.surprise, before)
            silent_for = silent_for + 1 if silent else 0
            top = a.first[areas - 1]
            for i in range(top, R):
                for k in range(x.u.shape[1]):
                    wanted = x.target[i - top, k] - x.r[i, k]
                    x.error[i, k] = wanted if x.counter[2] == 1 else 0.0
            if learning:
                _learn_input(a, x, step)
            for i in range(R):
                for k in range(x.u.shape[1]):
                    x.delta[i, k] = x.slope[i, k] * x.error[i, k]
                    x.u[i, k] = c.gain * x.basal[i, k]
            if p.noise.size:
                for i in range(R):
                    for k in range(x.u.shape[1]):
                        x.u[i, k] += p.noise[time, i, k]
            if out.each_step or step == steps - 1:
                _record(x.everything, out.during, out.room[row])
                _record(x.everything, out.after, out.room[row, out.during.size :])
                row += 1
            time += 1
            x.counter[0] += 1


# --- the door -----------------------------------------------------------------------------------

log = logging.getLogger(__name__)


_WeightsT = TypeVar("_WeightsT")
_StateT = TypeVar("_StateT", bound=CircuitState)

#: The theories that the engine simulates, how each is laid out, and its kernel.
PORTS: tuple[tuple[Any, Layout, Any], ...] = (
    (ErrorMicrocircuit, ERROR_MICROCIRCUIT_LAYOUT, error_microcircuit),
    (DendriticPC, DENDRITIC_LAYOUT, dendritic),
    (DendriticMicrocircuit, DENDRITIC_LAYOUT, dendritic),
    (Backprop, BACKPROP_LAYOUT, backprop),
)
COMPILED_THEORIES = tuple(theory for theory, _, _ in PORTS)


@dataclass(frozen=True)
class Run(Generic[_WeightsT, _StateT]):
    """What a run leaves behind.

    Attributes
    ----------
    weights, state
        Of all networks, as the theory defines them; another run can go on from here.
    recorded
        For each name asked for, (network, time, neuron).
    """

    weights: _WeightsT
    state: _StateT
    recorded: Mapping[str, Array]


class DivergedError(ValueError):
    """Potentials were no longer finite at the end of a run."""


def run(
    circuit: Circuit[_WeightsT, _StateT],
    weights: _WeightsT,
    schedule: Schedule,
    *,
    state: _StateT | None = None,
    recording: Recording | None = None,
    execution: Execution | None = None,
) -> Run[_WeightsT, _StateT]:
    """Simulate networks through a schedule, compiled.

    Parameters
    ----------
    circuit
        A circuit of one of `COMPILED_THEORIES`.
    weights
        Its synapses, of any number of networks.
    schedule
        What is shown, taught and learnt.
    state
        Where to start, one stream; default at rest.
    recording
        What to record; default nothing.
    execution
        Threads, and noise on the potentials; default one thread and none.

    Returns
    -------
    Run
        Final synapses, final state, and the recorded trajectories.

    Raises
    ------
    ValueError
        If the engine does not know the theory or an option, if shapes do not fit, or if the
        potentials diverged.
    """
    plan, simulated = port(circuit)
    recording, execution = recording or Recording(), execution or Execution()
    start = circuit.rest(weights, 1) if state is None else state
    check_shapes(circuit, weights, schedule, start)
    for name in recording.names:
        known("recorded quantity", name, recordable(circuit))
    networks = int(start.rates["representation"].shape[0])
    size = 1 if is_large(circuit) else block_size(networks, execution)  # type: ignore[arg-type]
    blocks = [slice(k, min(k + size, networks)) for k in range(0, networks, size)]
    shared = plan.anatomy(circuit), plan.rules(circuit, weights)
    announce_compilation(simulated, shared[1])
    targets, where = plan.targets(circuit, schedule.targets), plan.rows(circuit)

    def simulate(block: slice) -> tuple[Any, Any, Any]:
        s, x = plan.synapses(circuit, weights, block), plan.variables(circuit, start, block)
        if schedule.target_before is not None:
            before = np.broadcast_to(schedule.target_before, (networks, schedule.targets.shape[-1]))
            x.target[:] = plan.targets(circuit, before)[block].T
            x.counter[2] = 1
        shown = presentations(circuit, schedule, targets, execution, block)
        out = recorder(where, recording, schedule, block.stop - block.start)
        simulated(*shared, s, x, shown, out)
        return s, x, out

    if execution.threads == 1:
        done = [simulate(block) for block in blocks]
    else:
        with ThreadPoolExecutor(execution.threads) as pool:
            done = list(pool.map(simulate, blocks))
    ends = [(s, x) for s, x, _ in done]
    check_finite(circuit.theory, [x.u for _, x in ends])
    final = plan.final_weights(circuit, weights, ends), plan.final_state(circuit, ends)
    return Run(*final, recorded_activity(where, recording, [out for _, _, out in done]))


def block_size(networks: int, execution: Execution) -> int:
    """Return how many networks to simulate side by side, so that all threads have as much to do."""
    rounds = math.ceil(networks / (execution.block * execution.threads))
    return math.ceil(networks / (rounds * execution.threads))


def port(circuit: Any) -> tuple[Layout, Any]:
    """Return how a circuit is laid out, and its kernel.

    Raises
    ------
    ValueError
        If the engine does not know the theory, or an option that is set.
    """
    for theory, plan, compiled in PORTS:
        if isinstance(circuit, theory):
            _check_options(circuit)
            return plan, compiled
    names = ", ".join(theory.theory for theory, _, _ in PORTS)
    raise ValueError(
        f"the engine simulates {names}; for {getattr(circuit, 'theory', type(circuit).__name__)} "
        "use the theory's own step and learn"
    )


def knows(circuit: Any) -> bool:
    """Return whether the engine simulates a circuit."""
    try:
        port(circuit)
    except ValueError:
        return False
    return True


def _check_options(circuit: Any) -> None:
    """Refuse what only `step` and `learn` of a theory can do.

    Raises
    ------
    ValueError
        If a route is cut, a part is not known, or a parameter is one a network.
    """
    mend = "use the theory's own step and learn"
    if getattr(circuit, "cut", ()):
        raise ValueError(f"the engine cuts no routes, but {', '.join(circuit.cut)} is cut; {mend}")
    for part in getattr(circuit, "parts", ()):
        check_part(part, mend)
    # These three only say how synapses are drawn.
    drawn = ("feedback_noise", "lateral_noise", "weight_scale")
    for parameter in fields(circuit):
        value = getattr(circuit, parameter.name)
        if parameter.name not in drawn and isinstance(value, np.ndarray):
            raise ValueError(
                f"the engine takes one {parameter.name} for all networks, not {value.size}; {mend}"
            )


def recordable(circuit: Any) -> tuple[str, ...]:
    """Return what `Recording` can name for a circuit."""
    plan, _ = port(circuit)
    return plan.recordable(circuit)


def check_finite(theory: str, potentials: Sequence[Array]) -> None:
    """Refuse to hand back a simulation that diverged.

    Raises
    ------
    DivergedError
        If a potential is not finite at the end; the message counts the networks.
    """
    bad = sum(int((~np.isfinite(u)).any(axis=0).sum()) for u in potentials)
    if bad:
        raise DivergedError(
            f"{bad} networks of {theory} diverged; lower the learning rates, g_apical or the "
            "scale of the weights"
        )


def announce_compilation(compiled: Any, rules: Any) -> None:
    """Log that compiling takes a while, where no compiled code is found on disk.

    A kernel is compiled twice: for networks side by side, and for large ones that run alone.
    """
    kind = typeof(rules)  # type: ignore[no-untyped-call]
    ready = any(kind in signature for signature in compiled.signatures)
    pattern = f"{Path(__file__).stem}.{compiled.__name__}-*.nbc"
    stored = [*Path(compiled.stats.cache_path).glob(pattern)]
    if not ready and len(stored) < 2:
        log.info("compiling %s unless that is stored: some 15 s, once here", compiled.__name__)
