"""The compiled loops: many networks, many steps, in the time that NumPy takes for one step.

`run` simulates what `step` and `learn` of a theory define, to rounding, and hundreds of times
faster. This is the only file that knows the compiler; a theory never needs to be read here.

How it is fast, in the order of what it buys:

1. *Networks innermost.* All arrays of a block have the network as last dimension, so that each
   line of a kernel works on up to 128 networks at once. Large networks run one at a time instead:
   their own synapses fill the cache. Which of the two is decided by the layer sizes alone.
2. *The lookahead is the steady state.* In exact arithmetic u~ at a step is tau times the total
   current of the step before, so nothing is lost by computing it as that, and
   ``u~ - g v_bas`` becomes ``tau g_api v_api``: a difference that need not be taken.
3. *One pass over the synapses a step* (`_pass_many`, `_pass_one`): read a weight, use it for the
   feedback, add the pending change, use it for the forward product. Published feedback lags by
   one learning step; reading before the change reproduces this without storing the feedback.
4. *Held input.* While an input is held, its product with W is corrected by the rank-one change;
   the input synapses themselves are written once a presentation.

Results are the same to the bit whatever the number of networks, of threads, and the blocking:
no sum runs over networks, and no sum over neurons depends on them. Kernels release the GIL, and
threads work on different blocks. There is no `parallel=True`: it is unsafe below Python threads.
`contract` and `reassoc` let the compiler fuse and reorder sums of large networks: 1e-16.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np
from numba import njit

from errorneurons.simulate import layout, layout_backprop, layout_dendritic
from errorneurons.simulate.circuit import Array, Circuit
from errorneurons.simulate.circuit import State as CircuitState
from errorneurons.simulate.layout import (
    EXACT,
    LINEAR,
    LOGISTIC,
    PUBLISHED,
    RELU,
    SOFT_RELU,
    TANH,
    Anatomy,
    Execution,
    Integers,
    Presentations,
    Recorded,
    Recording,
    Rules,
    Schedule,
    Synapses,
    Variables,
    check_shapes,
    is_large,
    presentations,
)
from errorneurons.simulate.layout_backprop import (
    BackpropAnatomy,
    BackpropRecorded,
    BackpropRules,
    BackpropSynapses,
    BackpropVariables,
)
from errorneurons.simulate.layout_dendritic import (
    DendriticAnatomy,
    DendriticRecorded,
    DendriticRules,
    DendriticSynapses,
    DendriticVariables,
)
from errorneurons.simulate.models.backprop import Backprop
from errorneurons.simulate.models.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.models.dendritic_pc import DendriticPC
from errorneurons.simulate.models.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.validation import known

#: Sums over neurons may be reordered only where a network runs alone.
ELEMENTWISE = {"contract"}
SUMS = {"contract", "reassoc", "nsz"}

#: Functions that only kernels call need no door to Python, which would take long to compile.
inner = partial(
    njit, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)


# --- activation functions ---------------------------------------------------------------------
# Written out because the compiler cannot vectorise calls to the C library. exp is reduced to
# |x| < ln(2)/2 and 2^n is assembled from its bits; the polynomials are Taylor's, to 1e-17.


@inner(fastmath=ELEMENTWISE)
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


@inner(fastmath=ELEMENTWISE)
def _tanh(x: float) -> Any:
    magnitude = min(abs(x), 20.0)
    fraction, power = _expm1_reduced(-2.0 * magnitude)
    expm1 = power * fraction + (power - 1.0)
    rate = -expm1 / (expm1 + 2.0)
    return rate if x >= 0.0 else -rate


@inner(fastmath=ELEMENTWISE)
def _logistic(x: float) -> float:
    fraction, power = _expm1_reduced(min(max(-x, -700.0), 700.0))
    rate: float = 1.0 / (1.0 + (power * fraction + power))
    return rate


@inner(fastmath=ELEMENTWISE)
def _soft_relu(x: float) -> float:
    rate: float = max(x, 0.0) + np.log1p(np.exp(-abs(10.0 * x))) / 10.0
    return rate


@inner(fastmath=ELEMENTWISE)
def _rates(code: int, x: Array, rate: Array) -> None:
    """Write phi(x), flat arrays of one area."""
    if code == LINEAR:
        for k in range(x.size):
            rate[k] = x[k]
    elif code == TANH:
        for k in range(x.size):
            rate[k] = _tanh(x[k])
    elif code == LOGISTIC:
        for k in range(x.size):
            rate[k] = _logistic(x[k])
    elif code == RELU:
        for k in range(x.size):
            rate[k] = max(x[k], 0.0)
    elif code == SOFT_RELU:
        for k in range(x.size):
            rate[k] = _soft_relu(x[k])
    else:
        for k in range(x.size):
            rate[k] = min(max(x[k] / 6.0 + 0.5, 0.0), 1.0)


@inner(fastmath=ELEMENTWISE)
def _slopes(code: int, x: Array, slope: Array, ramp: float) -> None:
    """Write phi'(x), flat arrays of one area; `ramp` is the derivative of hard_sigmoid."""
    if code == LINEAR:
        slope[:] = 1.0
    elif code == TANH:
        for k in range(x.size):
            rate = _tanh(x[k])
            slope[k] = 1.0 - rate * rate
    elif code == LOGISTIC:
        for k in range(x.size):
            rate = _logistic(x[k])
            slope[k] = rate * (1.0 - rate)
    elif code == RELU:
        for k in range(x.size):
            slope[k] = 1.0 if x[k] > 0.0 else 0.0
    elif code == SOFT_RELU:
        for k in range(x.size):
            slope[k] = _logistic(10.0 * x[k])
    else:
        for k in range(x.size):
            slope[k] = ramp if abs(x[k]) < 3.0 else 0.0


@inner(fastmath=ELEMENTWISE)
def _phi(
    code: int, x: Array, tuned: bool, slope: Array, offset: Array, scratch: Array, rate: Array
) -> None:
    """Write phi(x), or phi(slope (x - offset)), or slope phi(x - offset)."""
    inside = code in (TANH, LOGISTIC)
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


@inner(fastmath=ELEMENTWISE)
def _phi_prime(
    c: Rules, code: int, x: Array, own: Array, offset: Array, scratch: Array, slope: Array
) -> None:
    """Write the derivative at x, exact or as published."""
    inside, exact = code in (TANH, LOGISTIC), c.tuned and c.derivative == EXACT
    y = x
    if exact:
        y = scratch
        for k in range(x.size):
            y[k] = (own[k] if inside else 1.0) * (x[k] - offset[k])
    _slopes(code, y, slope, 1.0 if c.derivative == PUBLISHED else 1.0 / 6.0)
    if exact:
        for k in range(x.size):
            slope[k] *= own[k]


@inner(fastmath=ELEMENTWISE)
def _activate(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, scratch: tuple[Array, Array], slope: Array
) -> None:
    """Write the rates of all neurons, and phi' at the lookahead, area by area."""
    for area in range(a.phi.size):
        R = slice(a.first[area], a.first[area + 1])
        code, ahead = a.phi[area], x.u_ahead[R].reshape(-1)
        source = ahead if a.ahead[area] else x.u[R].reshape(-1)
        rate, d, y = x.r[R].reshape(-1), slope[R].reshape(-1), scratch[0][R].reshape(-1)
        own, off = s.slope[R].reshape(-1), s.offset[R].reshape(-1)
        _phi(code, source, c.tuned, own, off, y, rate)
        if code == TANH and a.ahead[area] and not c.tuned:
            for k in range(d.size):
                d[k] = 1.0 - rate[k] * rate[k]
        else:
            _phi_prime(c, code, ahead, own, off, y, d)
        E = slice(a.first_error[area], a.first_error[area + 1])
        source = x.v_ahead[E].reshape(-1) if a.ahead_error[area] else x.v[E].reshape(-1)
        own, off = s.slope_error[E].reshape(-1), s.offset_error[E].reshape(-1)
        y, rate = scratch[1][E].reshape(-1), x.e[E].reshape(-1)
        _phi(a.phi_error[area], source, c.tuned_error, own, off, y, rate)


# --- passes over the synapses -----------------------------------------------------------------


@inner()
def _copy(source: Array, goal: Array) -> None:
    """Copy an array. Shorter to compile than an assignment to a slice."""
    x, y = source.reshape(-1), goal.reshape(-1)
    for k in range(x.size):
        y[k] = x[k]


@inner()
def _clear(goal: Array) -> None:
    y = goal.reshape(-1)
    for k in range(y.size):
        y[k] = 0.0


@inner()
def _note(room: Array, row: int, value: Array) -> None:
    """Record a quantity, if there is room for it."""
    if room.size:
        _copy(value, room[row])


@inner(fastmath=ELEMENTWISE)
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


@inner(fastmath=SUMS)
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


@inner(fastmath=ELEMENTWISE)
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


@inner(fastmath=SUMS)
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


@inner()
def _product(
    large: bool, M: Array, rows: tuple[int, int], columns: tuple[int, int], x: Array, y: Array
) -> None:
    if large:
        _product_one(M, rows, columns, x, y)
    else:
        _product_many(M, rows, columns, x, y)


@inner(fastmath=ELEMENTWISE)
def _new_input(
    W: Array, area_rows: tuple[int, int], changes: tuple[Array, Array],
    shown: tuple[Array, Array, Array], drive: Array,
) -> None:  # fmt: skip
    """Write the changes of the presentation into the input synapses, and multiply the new input.

    `changes` are the summed surprises that go with the last input and with the one before it;
    `shown` are these two inputs and the new one.
    """
    last, first = changes
    for i in range(area_rows[0], area_rows[1]):
        total, with_last, with_first = drive[i], last[i], first[i]
        _clear(total)
        for j in range(W.shape[1]):
            w, r_last, r_first, r_new = W[i, j], shown[0][j], shown[1][j], shown[2][j]
            for k in range(w.size):
                new = w[k] + with_last[k] * r_last[k] + with_first[k] * r_first[k]
                w[k] = new
                total[k] += new * r_new[k]
        _clear(with_last)
        _clear(with_first)


@inner(fastmath=SUMS)
def _new_input_one(
    W: Array, area_rows: tuple[int, int], changes: tuple[Array, Array],
    shown: tuple[Array, Array, Array], drive: Array,
) -> None:  # fmt: skip
    """`_new_input` for one large network."""
    last, first, result = changes[0].reshape(-1), changes[1].reshape(-1), drive.reshape(-1)
    r_last, r_first, r_new = shown[0].reshape(-1), shown[1].reshape(-1), shown[2].reshape(-1)
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


@inner(fastmath=ELEMENTWISE)
def _dot(x: Array, y: Array, result: Array) -> None:
    """Write the product of two inputs of each network."""
    _clear(result)
    for j in range(x.shape[0]):
        for k in range(result.size):
            result[k] += x[j, k] * y[j, k]


@inner(fastmath=ELEMENTWISE)
def _learn_filtered(
    W: Array, F: Array, rows: tuple[int, int], columns: tuple[int, int], eta: float, rate: float,
    surprise: Array, before: Array,
) -> None:  # fmt: skip
    """Low-passed plasticity of one projection: F += rate (dW - F), W += F."""
    for i in range(rows[0], rows[1]):
        for j in range(columns[0], columns[1]):
            for k in range(W.shape[2]):
                F[i, j, k] += rate * (eta * surprise[i, k] * before[j, k] - F[i, j, k])
                W[i, j, k] += F[i, j, k]


@inner(fastmath=ELEMENTWISE)
def _refresh(a: Anatomy, s: Synapses) -> None:
    """B = W^T + noise, between the partners of the neurons that W links."""
    for i in range(s.B.shape[0]):
        for j in range(s.B.shape[1]):
            linked = a.partner[i] >= 0 and a.partner[j] >= 0
            for k in range(s.B.shape[2]):
                w = s.W[a.partner[j], a.partner[i], k] if linked else 0.0
                s.B[i, j, k] = s.noise[i, j, k] + w


@inner(fastmath=ELEMENTWISE)
def _relax(a: Anatomy, s: Synapses) -> None:
    """Lateral synapses relax towards one-to-one, whatever the activity."""
    for area in range(a.phi.size):
        R, E = a.first[area], a.first_error[area]
        for i in range(E, a.first_error[area + 1]):
            for j in range(R, a.first[area + 1]):
                link = 1.0 if i - E == j - R else 0.0
                for k in range(s.L_RE.shape[2]):
                    s.L_RE[i, j, k] -= a.relax_error[area] * (s.L_RE[i, j, k] - link)
                    own = a.relax_representation[area] * (s.L_ER[j, i, k] - link)
                    s.L_ER[j, i, k] -= own


# --- the error microcircuit -------------------------------------------------------------------


@inner(fastmath=ELEMENTWISE)
def _forward_and_back(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, commit: bool,
    r: Array, e_beside: Array, basal: Array, descending: Array, scaled: Array,
) -> None:  # fmt: skip
    """One pass over all projections between areas."""
    rates, results = (r, e_beside), (basal, descending)
    for post in range(1, a.phi.size):
        rows, begin = (a.first[post], a.first[post + 1]), 0
        for pre in range(post):
            eta, linked = a.eta[post, pre + 1], a.linked[post, pre + 1]
            columns = (a.first[pre], a.first[pre + 1])
            if not c.large:
                if linked:
                    change = (x.pending, x.pending_pre)
                    _pass_many(s.W, rows, columns, eta, commit, change, rates, results)
                continue
            # Neighbouring source areas are taken in one go, with their learning rates folded
            # into the presynaptic rates: long rows are what makes large networks fast.
            for j in range(columns[0], columns[1]):
                scaled[j] = eta * x.pending_pre[j, 0]
            ends = pre + 1 == post or not a.linked[post, pre + 2]
            if not linked:
                begin = columns[1]
            elif ends:
                _pass_one(s.W, rows, (begin, columns[1]), commit, x.pending, scaled, rates, results)
                begin = columns[1]


@inner(fastmath=ELEMENTWISE)
def _laterals(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, slope: Array, gate: Array, apical: Array
) -> None:
    """Write gate = L_RE phi'(u~) and apical = L_ER e."""
    _clear(gate)
    _clear(apical)
    for area in range(a.phi.size):
        R, E = (a.first[area], a.first[area + 1]), (a.first_error[area], a.first_error[area + 1])
        if not c.one_to_one_error:
            _product(c.large, s.L_RE, E, R, slope, gate)
        if not c.one_to_one_representation:
            _product(c.large, s.L_ER, R, E, x.e, apical)
    if c.aligned:
        if c.one_to_one_error:
            _copy(slope, gate)
        if c.one_to_one_representation:
            _copy(x.e, apical)
        return
    for i in range(a.partner.size):
        j = a.partner[i]
        if j >= 0 and c.one_to_one_error:
            _copy(slope[j], gate[i])
        if j >= 0 and c.one_to_one_representation:
            _copy(x.e[i], apical[j])


@inner(fastmath=ELEMENTWISE)
def _errors(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, teaching: bool, target: Array,
    slope: Array, gate: Array, descending: Array, dendritic: Array, top: Array,
) -> None:  # fmt: skip
    """Write top-down errors times the gate into `dendritic`, L_RE phi' (t - r) into `top`."""
    hidden = a.first_error[a.phi.size - 1]
    rows, n = (0, hidden), dendritic.shape[0]
    _clear(dendritic)
    _clear(top)
    if c.transposed and c.aligned:
        _copy(descending[:hidden], dendritic[:hidden])
    elif c.transposed:
        for i in range(hidden):
            if a.partner[i] >= 0:
                _copy(descending[a.partner[i]], dendritic[i])
    if s.B.size:
        late = x.e_line[(x.counter[0] + 2) % x.e_line.shape[0]]
        _product(c.large, s.B, rows, (0, n), late, dendritic)
    if c.gated:
        flat, factor = dendritic[:hidden].reshape(-1), gate[:hidden].reshape(-1)
        for k in range(flat.size):
            flat[k] *= factor[k]
    if c.leak != 0.0:
        sensed = np.empty_like(x.r)
        leaked, rate = sensed.reshape(-1), x.r.reshape(-1)
        for k in range(rate.size):
            leaked[k] = c.leak * rate[k]
        for area in range(a.phi.size - 1):
            R = (a.first[area], a.first[area + 1])
            E = (a.first_error[area], a.first_error[area + 1])
            _product(c.large, s.L_RE, E, R, sensed, dendritic)
    if teaching or c.absent_is_zero:
        out = a.first[a.phi.size - 1]
        error = np.zeros_like(slope)
        for i in range(out, a.first[a.phi.size]):
            for k in range(error.shape[1]):
                wanted = target[i - out, k] if teaching else 0.0
                error[i, k] = slope[i, k] * (wanted - x.r[i, k])
        _product(c.large, s.L_RE, (hidden, n), (out, a.first[a.phi.size]), error, top)


@inner(fastmath=ELEMENTWISE)
def _somas(
    a: Anatomy, c: Rules, x: Variables, top: Array,
    current: Array, current_error: Array, nudge: Array,
) -> None:  # fmt: skip
    """Move the potentials by one Euler step; the lookahead becomes tau times the current."""
    u, ahead, basal = x.u.reshape(-1), x.u_ahead.reshape(-1), x.basal.reshape(-1)
    top_down, surprise = x.apical.reshape(-1), x.surprise.reshape(-1)
    extra = current.size > 0
    for k in range(u.size):
        above_prediction = c.tau * c.g_apical * top_down[k]
        ahead[k] = c.tau * c.g_basal * basal[k] + above_prediction
        surprise[k] = above_prediction
    if extra:
        injected = current.reshape(-1)
        for k in range(u.size):
            ahead[k] += c.tau * injected[k]
            surprise[k] += c.tau * injected[k]
    if nudge.size:
        out = u.size - nudge.size
        wanted = nudge.reshape(-1)
        for k in range(out, u.size):
            pull = c.tau * c.g_target * (wanted[k - out] - u[k])
            ahead[k] += pull
            surprise[k] += pull
    for k in range(u.size):
        u[k] += c.dt / c.tau * (ahead[k] - u[k])
    v, v_ahead, drive = x.v.reshape(-1), x.v_ahead.reshape(-1), x.dendritic.reshape(-1)
    hidden = a.first_error[a.phi.size - 1] * x.v.shape[1]
    _error_somas(c.dt, c.tau_hidden, c.g_dendrite, v[:hidden], v_ahead[:hidden], drive[:hidden],
                 current_error.reshape(-1)[:hidden])  # fmt: skip
    _error_somas(c.dt, c.tau_top, c.g_target, v[hidden:], v_ahead[hidden:],
                 top.reshape(-1)[hidden:], current_error.reshape(-1)[hidden:])  # fmt: skip


@inner(fastmath=ELEMENTWISE)
def _error_somas(
    dt: float, tau: float, g: float, v: Array, ahead: Array, drive: Array, current: Array
) -> None:
    for k in range(v.size):
        ahead[k] = tau * g * drive[k]
    if current.size:
        for k in range(v.size):
            ahead[k] += tau * current[k]
    for k in range(v.size):
        v[k] += dt / tau * (ahead[k] - v[k])


@inner(fastmath=ELEMENTWISE)
def _learn_input(
    a: Any, x: Any, changes: tuple[Array, Array], drive: Array, step: int,
    norm: Array, overlap: Array,
) -> None:  # fmt: skip
    """Correct the product of the held input, and keep count of what its synapses are owed."""
    for area in range(a.phi.size):
        if not a.linked[area, 0]:
            continue
        eta = a.eta[area, 0]
        for i in range(a.first[area], a.first[area + 1]):
            # In the first step of a presentation plasticity still sees the input before.
            owed, by = (changes[1][i], overlap) if step == 0 else (changes[0][i], norm)
            total, surprise = drive[i], x.surprise[i]
            for k in range(total.size):
                change = eta * surprise[k]
                owed[k] += change
                total[k] += change * by[k]


@inner(fastmath=ELEMENTWISE)
def _learn(a: Anatomy, c: Rules, s: Synapses, x: Variables, input_before: Array) -> None:
    """Decide this step's change of W; refresh the feedback; relax the laterals."""
    before = x.r_line[(x.counter[0] + 1) % x.r_line.shape[0]]
    if c.filter == 0.0:
        _copy(x.surprise, x.pending)
        _copy(before, x.pending_pre)
        if x.counter[1] == 0 and c.transposed:
            if s.B.size:
                _copy(s.noise, s.B)
            x.counter[1] = 1
    else:
        if s.noise.size:
            _refresh(a, s)
        for post in range(a.phi.size):
            rows = (a.first[post], a.first[post + 1])
            if a.linked[post, 0]:
                columns, eta = (0, input_before.shape[0]), a.eta[post, 0]
                _learn_filtered(s.W_input, s.F_input, rows, columns, eta, c.filter, x.surprise,
                                input_before)  # fmt: skip
            for pre in range(post):
                if a.linked[post, pre + 1]:
                    columns, eta = (a.first[pre], a.first[pre + 1]), a.eta[post, pre + 1]
                    _learn_filtered(s.W, s.F, rows, columns, eta, c.filter, x.surprise, before)
    if c.relaxing:
        _relax(a, s)


@inner(fastmath=ELEMENTWISE)
def _write(out: Recorded, row: int, x: Variables) -> None:
    """Record what a step used; `u` and `v` are recorded after their Euler step, by the caller."""
    _note(out.u_ahead, row, x.u_ahead)
    _note(out.v_ahead, row, x.v_ahead)
    _note(out.r, row, x.r)
    _note(out.e, row, x.e)
    _note(out.basal, row, x.basal)
    _note(out.apical, row, x.apical)
    _note(out.dendritic, row, x.dendritic)
    _note(out.surprise, row, x.surprise)


@inner(fastmath=ELEMENTWISE)
def _all_new_inputs(
    a: Any, c: Any, s: Any, changes: tuple[Array, Array],
    shown: tuple[Array, Array, Array], drive: Array,
) -> None:  # fmt: skip
    for area in range(a.phi.size):
        if a.linked[area, 0]:
            rows = (a.first[area], a.first[area + 1])
            if c.large:
                _new_input_one(s.W_input, rows, changes, shown, drive)
            else:
                _new_input(s.W_input, rows, changes, shown, drive)


@inner()
def _item(items: Array, order: Integers, presentation: int, shown: Array) -> None:
    """Write the item that each network is shown, (neuron, network)."""
    for k in range(shown.shape[1]):
        item = order[min(k, order.shape[0] - 1), presentation]
        own = items[min(k, items.shape[0] - 1), item]
        for j in range(shown.shape[0]):
            shown[j, k] = own[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ELEMENTWISE)
def error_microcircuit(
    a: Anatomy, c: Rules, s: Synapses, x: Variables, p: Presentations, out: Recorded
) -> None:
    """Simulate a block of error microcircuits; changes `s` and `x`, and fills `out`."""
    size, networks = x.u.shape
    slope, scratch = np.empty_like(x.u), np.empty_like(x.u)
    scratch_error = np.empty_like(x.v)
    gate, top = np.empty_like(x.v), np.zeros_like(x.v)
    e_beside, descending = np.zeros_like(x.u), np.zeros_like(x.u)
    drive, nothing, scaled = np.zeros_like(x.u), np.zeros((0, networks)), np.zeros(size)
    changes = (np.zeros_like(x.u), np.zeros_like(x.u))
    held, shown = x.input_before.copy(), x.input_before.copy()
    norm, overlap = np.zeros(networks), np.zeros(networks)
    time = row = 0
    for presentation in range(p.steps.size):
        learning, taught = p.learning[presentation], p.teaching[presentation]
        _item(p.inputs, p.order, presentation, shown)
        _all_new_inputs(a, c, s, changes, (held, x.input_before, shown), drive)
        _copy(held, x.input_before)
        _copy(shown, held)
        _dot(held, held, norm)
        _dot(held, x.input_before, overlap)
        last = p.steps[presentation] - 1
        for step in range(p.steps[presentation]):
            if step == p.lag:
                _item(p.targets, p.order, presentation, x.target)
                x.counter[2] = taught
            teaching = x.counter[2] == 1
            line, n = x.r_line.shape[0], x.counter[0]
            now, late = n % line, (n + 2) % line
            _activate(a, c, s, x, (scratch, scratch_error), slope)
            _copy(x.r, x.r_line[now])
            _copy(x.e, x.e_line[now])
            beside = x.e_line[late] if c.aligned and c.transposed else e_beside
            if c.transposed:
                _clear(descending)
                for i in range(0 if c.aligned else a.partner.size):
                    if a.partner[i] >= 0:
                        _copy(x.e_line[late, i], e_beside[a.partner[i]])
            if learning and c.rate_rule:
                _rate_surprise(a, c, s, x, scratch)
            _copy(drive, x.basal)
            _forward_and_back(a, c, s, x, learning, x.r_line[late], beside, x.basal, descending,
                              scaled)  # fmt: skip
            _laterals(a, c, s, x, slope, gate, x.apical)
            _errors(a, c, s, x, teaching, x.target, slope, gate, descending, x.dendritic, top)
            if learning:
                before = x.input_before if step == 0 else held
                _learn(a, c, s, x, before)
                if c.filter == 0.0:
                    _learn_input(a, x, changes, drive, step, norm, overlap)
                else:
                    _all_new_inputs(a, c, s, changes, (held, held, held), drive)
            recording = out.each_step or step == last
            if recording:
                _write(out, row, x)
            if presentation == p.steps.size - 1 and step == last:
                _copy(x.u, x.u_before)
                _copy(x.v, x.v_before)
                _copy(x.u_ahead, x.u_used)
                _copy(x.v_ahead, x.v_used)
            current = p.current[time] if p.current.size else nothing
            current_error = p.current_error[time] if p.current_error.size else nothing
            nudge = x.target if c.nudged and teaching else nothing
            _somas(a, c, x, top, current, current_error, nudge)
            if recording:
                _note(out.u, row, x.u)
                _note(out.v, row, x.v)
                row += 1
            x.counter[0] += 1
            time += 1
    # What the input synapses are still owed.
    _all_new_inputs(a, c, s, changes, (held, x.input_before, held), drive)
    _copy(held, x.input_before)


@inner(fastmath=ELEMENTWISE)
def _rate_surprise(a: Anatomy, c: Rules, s: Synapses, x: Variables, scratch: Array) -> None:
    """Write r - phi(g v_bas), the surprise of the rate rule."""
    predicted, expected = np.empty_like(x.basal), np.empty_like(x.basal)
    flat, basal = predicted.reshape(-1), x.basal.reshape(-1)
    for k in range(flat.size):
        flat[k] = c.tau * c.g_basal * basal[k]
    for area in range(a.phi.size):
        R = slice(a.first[area], a.first[area + 1])
        y, rate = predicted[R].reshape(-1), expected[R].reshape(-1)
        own, off = s.slope[R].reshape(-1), s.offset[R].reshape(-1)
        _phi(a.phi[area], y, c.tuned, own, off, scratch[R].reshape(-1), rate)
    surprise, found, wanted = x.surprise.reshape(-1), x.r.reshape(-1), expected.reshape(-1)
    for k in range(flat.size):
        surprise[k] = found[k] - wanted[k]


# --- the theories with apical errors ------------------------------------------------------------


@inner(fastmath=ELEMENTWISE)
def _add_outer(
    W: Array, rows: tuple[int, int], columns: tuple[int, int], eta: float, post: Array, pre: Array
) -> None:
    """Add eta post pre^T."""
    if W.shape[2] == 1:
        flat, by = W.reshape(W.shape[0], W.shape[1]), pre.reshape(-1)
        for i in range(rows[0], rows[1]):
            w, change = flat[i], eta * post[i, 0]
            for j in range(columns[0], columns[1]):
                w[j] += change * by[j]
        return
    for i in range(rows[0], rows[1]):
        for j in range(columns[0], columns[1]):
            w, x, y = W[i, j], post[i], pre[j]
            for k in range(w.size):
                w[k] += eta * x[k] * y[k]


@inner(fastmath=ELEMENTWISE)
def _transpose(
    W: Array, B: Array, noise: Array, post: tuple[int, int], pre: tuple[int, int]
) -> None:
    """B = W^T (+ noise) for one projection."""
    for i in range(post[0], post[1]):
        for j in range(pre[0], pre[1]):
            for k in range(W.shape[2]):
                B[j, i, k] = W[i, j, k] + (noise[j, i, k] if noise.size else 0.0)


@inner(fastmath=ELEMENTWISE)
def _area_rates(a: DendriticAnatomy, x: Array, r: Array) -> None:
    for area in range(a.phi.size):
        R = slice(a.first[area], a.first[area + 1])
        _rates(a.phi[area], x[R].reshape(-1), r[R].reshape(-1))


@inner(fastmath=ELEMENTWISE)
def _mirror_rates(a: DendriticAnatomy, x: Array, r: Array) -> None:
    """Interneurons of an area have the activation function of the area above."""
    for area in range(1, a.phi.size):
        I = slice(a.first[area] - a.first[1], a.first[area + 1] - a.first[1])  # noqa: E741
        _rates(a.phi[area], x[I].reshape(-1), r[I].reshape(-1))


@inner(fastmath=ELEMENTWISE)
def _dendritic_compartments(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, arriving: Array,
    rates: tuple[Array, Array, Array], basal: Array, apical: Array, dendritic: Array,
) -> None:  # fmt: skip
    """Add to basal, apical and dendritic; `rates` are r, r of the step before, r of mirrors."""
    _clear(apical)
    _clear(dendritic)
    for area in range(a.phi.size - 1):
        own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
        _product(c.large, s.W, above, own, arriving, basal)
        _product(c.large, s.B, own, above, arriving, apical)
        if c.mirrored:
            mirror = (above[0] - a.first[1], above[1] - a.first[1])
            _product(c.large, s.B_PI, own, mirror, rates[2], apical)
            _product(c.large, s.W_IP, mirror, own, rates[0], dendritic)
        else:
            for i in range(own[0], own[1]):
                for j in range(own[0], own[1]):
                    for k in range(apical.shape[1]):
                        apical[i, k] -= s.M[i, j, k] * rates[1][j, k]


@inner(fastmath=ELEMENTWISE)
def _keep_ideal(a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses) -> None:
    """Lateral synapses that predict the feedback exactly: M = B c W, or W^IP = c/c_I W."""
    for area in range(a.phi.size - 1):
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


@inner(fastmath=ELEMENTWISE)
def _learn_dendritic(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, x: DendriticVariables,
    r_before: Array, mirror_surprise: Array,
) -> None:  # fmt: skip
    """All plasticity of a step, from the compartments of the step before."""
    before = x.r_line[(x.counter[0] + 1) % x.r_line.shape[0]]
    for area in range(a.phi.size - 1):
        own, above = (a.first[area], a.first[area + 1]), (a.first[area + 1], a.first[area + 2])
        mirror = (above[0] - a.first[1], above[1] - a.first[1])
        if c.refreshed:
            _transpose(s.W, s.B, s.noise, above, own)
        if c.mirrored and (c.refreshed or c.ideal):
            for i in range(own[0], own[1]):
                for j in range(above[0], above[1]):
                    for k in range(s.B.shape[2]):
                        s.B_PI[i, j - a.first[1], k] = -s.B[i, j, k]
        _add_outer(s.W, above, own, a.eta[area + 1, area + 1], x.surprise, before)
        if c.ideal:
            continue
        if c.mirrored:
            _add_outer(s.W_IP, mirror, own, a.lateral[area], mirror_surprise, r_before)
            _add_outer(s.B_PI, own, mirror, -a.inhibition[area], x.apical, x.r_interneuron)
        else:
            _add_outer(s.M, own, own, a.lateral[area], x.apical, x.r_before)
    if c.ideal:
        _keep_ideal(a, c, s)


@inner(fastmath=ELEMENTWISE)
def _dendritic_somas(
    a: DendriticAnatomy, c: DendriticRules, x: DendriticVariables, teaching: bool,
    mirrored_potential: Array,
) -> None:  # fmt: skip
    """Move the potentials by one Euler step; the lookahead becomes tau times the current."""
    out = a.first[a.phi.size - 1]
    for i in range(x.u.shape[0]):
        tau, share = c.tau[i, 0], c.attenuation[i, 0]
        for k in range(x.u.shape[1]):
            if i < out:
                above_prediction = tau * c.g_apical * x.apical[i, k]
                ahead = share * x.basal[i, k] + above_prediction
            elif teaching:
                wanted = c.g_target * x.target[i - out, k]
                ahead = tau * (c.g_basal * x.basal[i, k] + wanted)
                above_prediction = ahead - share * x.basal[i, k]
            else:
                ahead, above_prediction = share * x.basal[i, k], 0.0
            x.u_ahead[i, k] = ahead
            x.surprise[i, k] = above_prediction
            x.u[i, k] += c.dt / tau * (ahead - x.u[i, k])
    for i in range(x.u_interneuron.shape[0]):
        for k in range(x.u.shape[1]):
            drive = c.g_dendrite * x.dendritic[i, k]
            drive += c.g_interneuron * mirrored_potential[i + a.first[1], k]
            ahead = c.tau_interneuron * drive
            x.u_interneuron_ahead[i, k] = ahead
            x.u_interneuron[i, k] += c.dt / c.tau_interneuron * (ahead - x.u_interneuron[i, k])


@inner(fastmath=ELEMENTWISE)
def _note_dendritic(out: DendriticRecorded, row: int, x: DendriticVariables) -> None:
    _note(out.r_before, row, x.r_before)
    _note(out.u_ahead, row, x.u_ahead)
    _note(out.r, row, x.r)
    _note(out.basal, row, x.basal)
    _note(out.apical, row, x.apical)
    _note(out.surprise, row, x.surprise)
    _note(out.u_interneuron_ahead, row, x.u_interneuron_ahead)
    _note(out.r_interneuron, row, x.r_interneuron)
    _note(out.dendritic, row, x.dendritic)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ELEMENTWISE)
def dendritic(
    a: DendriticAnatomy, c: DendriticRules, s: DendriticSynapses, x: DendriticVariables,
    p: Presentations, out: DendriticRecorded,
) -> None:  # fmt: skip
    """Simulate a block of networks with apical errors; changes `s` and `x`, and fills `out`."""
    networks = x.u.shape[1]
    rate, r_before, expected = np.empty_like(x.r), np.empty_like(x.r), np.empty_like(x.r)
    basal, apical, ahead = np.empty_like(x.u), np.empty_like(x.u), np.empty_like(x.u)
    mirror, mirror_expected = np.empty_like(x.r_interneuron), np.empty_like(x.r_interneuron)
    compartment = np.empty_like(x.dendritic)
    drive, changes = np.zeros_like(x.u), (np.zeros_like(x.u), np.zeros_like(x.u))
    held, shown = x.input_before.copy(), x.input_before.copy()
    norm, overlap = np.zeros(networks), np.zeros(networks)
    time = row = 0
    total_steps = p.steps.sum()
    for presentation in range(p.steps.size + 1):
        # One turn more than presentations: it writes what the input synapses are still owed.
        more = presentation < p.steps.size
        if more:
            _item(p.inputs, p.order, presentation, shown)
        _all_new_inputs(a, c, s, changes, (held, x.input_before, shown), drive)
        _copy(held, x.input_before)
        _copy(shown, held)
        _dot(held, held, norm)
        _dot(held, x.input_before, overlap)
        steps = p.steps[presentation] if more else 0
        for step in range(steps):
            learning = p.learning[presentation]
            if step == p.lag:
                _item(p.targets, p.order, presentation, x.target)
                x.counter[2] = p.teaching[presentation]
            line = x.r_line.shape[0]
            now, late = x.counter[0] % line, (x.counter[0] + 2) % line
            _copy(x.r, r_before)
            _area_rates(a, x.u_ahead, rate)
            _copy(rate, x.r_line[now])
            _mirror_rates(a, x.u_interneuron_ahead, mirror)
            _copy(drive, basal)
            _dendritic_compartments(a, c, s, x.r_line[late], (rate, r_before, mirror), basal,
                                    apical, compartment)  # fmt: skip
            if learning:
                if c.rate_rule:
                    for i in range(expected.shape[0]):
                        for k in range(networks):
                            ahead[i, k] = c.attenuation[i, 0] * x.basal[i, k]
                    _area_rates(a, ahead, expected)
                    for i in range(expected.shape[0]):
                        for k in range(networks):
                            x.surprise[i, k] = rate[i, k] - expected[i, k]
                for i in range(mirror.shape[0]):
                    for k in range(networks):
                        x.dendritic[i, k] *= c.attenuation_interneuron
                _mirror_rates(a, x.dendritic, mirror_expected)
                for i in range(mirror.shape[0]):
                    for k in range(networks):
                        mirror_expected[i, k] = mirror[i, k] - mirror_expected[i, k]
                _learn_dendritic(a, c, s, x, r_before, mirror_expected)
                _learn_input(a, x, changes, drive, step, norm, overlap)
            _copy(rate, x.r)
            _copy(r_before, x.r_before)
            _copy(mirror, x.r_interneuron)
            _copy(basal, x.basal)
            _copy(apical, x.apical)
            _copy(compartment, x.dendritic)
            recording = out.each_step or step == steps - 1
            if recording:
                _note_dendritic(out, row, x)
            time += 1
            if time == total_steps:
                _copy(x.u, x.u_before)
                _copy(x.u_ahead, x.u_used)
                _copy(x.u_interneuron, x.u_interneuron_before)
                _copy(x.u_interneuron_ahead, x.u_interneuron_used)
            _copy(x.u_ahead, ahead)
            _dendritic_somas(a, c, x, x.counter[2] == 1, ahead)
            if recording:
                _note(out.u, row, x.u)
                _note(out.u_interneuron, row, x.u_interneuron)
                row += 1
            x.counter[0] += 1


# --- the artificial network ---------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ELEMENTWISE)
def backprop(
    a: BackpropAnatomy, c: BackpropRules, s: BackpropSynapses, x: BackpropVariables,
    p: Presentations, out: BackpropRecorded,
) -> None:  # fmt: skip
    """Simulate a block of artificial networks; changes `s` and `x`, and fills `out`."""
    networks = x.u.shape[1]
    drive, changes = np.zeros_like(x.u), (np.zeros_like(x.u), np.zeros_like(x.u))
    error, no_noise = np.empty_like(x.u), np.zeros((0, 0, 0))
    held, shown = x.input_before.copy(), x.input_before.copy()
    norm, overlap = np.zeros(networks), np.zeros(networks)
    ramp = 1.0 if c.derivative == PUBLISHED else 1.0 / 6.0
    top, row = a.first[a.phi.size - 1], 0
    for presentation in range(p.steps.size + 1):
        more = presentation < p.steps.size
        if more:
            _item(p.inputs, p.order, presentation, shown)
        _all_new_inputs(a, c, s, changes, (held, x.input_before, shown), drive)
        _copy(held, x.input_before)
        _copy(shown, held)
        _dot(held, held, norm)
        _dot(held, x.input_before, overlap)
        steps = p.steps[presentation] if more else 0
        for step in range(steps):
            if step == p.lag:
                _item(p.targets, p.order, presentation, x.target)
                x.counter[2] = p.teaching[presentation]
            line = x.r_line.shape[0]
            now, late = x.counter[0] % line, (x.counter[0] + 2) % line
            before = x.r_line[(x.counter[0] + 1) % line]
            for area in range(a.phi.size):
                R = slice(a.first[area], a.first[area + 1])
                _rates(a.phi[area], x.u[R].reshape(-1), x.r[R].reshape(-1))
                _slopes(a.phi[area], x.u[R].reshape(-1), x.slope[R].reshape(-1), ramp)
            _copy(x.r, x.r_line[now])
            _copy(x.delta, x.e_line[now])
            # The error of the start of the step is what plasticity multiplies.
            _copy(x.delta, x.surprise)
            _copy(drive, x.basal)
            _clear(error)
            for post in range(1, a.phi.size):
                rows = (a.first[post], a.first[post + 1])
                for pre in range(post):
                    if not a.linked[post, pre + 1]:
                        continue
                    columns = (a.first[pre], a.first[pre + 1])
                    _product(c.large, s.W, rows, columns, x.r_line[late], x.basal)
                    _product(c.large, s.B, columns, rows, x.e_line[late], error)
                    if p.learning[presentation]:
                        _transpose(s.W, s.B, no_noise, rows, columns)
                        _add_outer(s.W, rows, columns, a.eta[post, pre + 1], x.surprise, before)
            for i in range(top, x.u.shape[0]):
                for k in range(networks):
                    wanted = x.target[i - top, k] - x.r[i, k]
                    error[i, k] = wanted if x.counter[2] == 1 else 0.0
            if p.learning[presentation]:
                _learn_input(a, x, changes, drive, step, norm, overlap)
            for i in range(x.u.shape[0]):
                for k in range(networks):
                    x.delta[i, k] = x.slope[i, k] * error[i, k]
                    x.u[i, k] = c.gain * x.basal[i, k]
            if out.each_step or step == steps - 1:
                _note(out.u, row, x.u)
                _note(out.delta, row, x.delta)
                _note(out.r, row, x.r)
                _note(out.slope, row, x.slope)
                _note(out.basal, row, x.basal)
                _note(out.surprise, row, x.surprise)
                row += 1
            x.counter[0] += 1


# --- the door -----------------------------------------------------------------------------------

log = logging.getLogger(__name__)


WeightsT = TypeVar("WeightsT")
StateT = TypeVar("StateT", bound=CircuitState)

#: The theories that the engine simulates, how each is laid out, and its kernel.
PORTS: tuple[tuple[Any, ModuleType, Any], ...] = (
    (ErrorMicrocircuit, layout, error_microcircuit),
    (DendriticPC, layout_dendritic, dendritic),
    (DendriticMicrocircuit, layout_dendritic, dendritic),
    (Backprop, layout_backprop, backprop),
)
THEORIES = tuple(theory for theory, _, _ in PORTS)


@dataclass(frozen=True)
class Run(Generic[WeightsT, StateT]):
    """What a run leaves behind.

    Attributes
    ----------
    weights, state
        Of all networks, as the theory defines them; another run can go on from here.
    recorded
        For each name asked for, (network, time, neuron).
    """

    weights: WeightsT
    state: StateT
    recorded: Mapping[str, Array]


def run(
    circuit: Circuit[WeightsT, StateT],
    weights: WeightsT,
    schedule: Schedule,
    *,
    state: StateT | None = None,
    recording: Recording | None = None,
    execution: Execution | None = None,
) -> Run[WeightsT, StateT]:
    """Simulate networks through a schedule, compiled.

    Parameters
    ----------
    circuit
        A circuit of one of `THEORIES`.
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
        If the engine does not know the theory, if shapes do not fit, if noise is asked of a
        theory other than error_microcircuit, or if the potentials diverged.
    """
    plan, kernel = port(circuit)
    recording, execution = recording or Recording(), execution or Execution()
    start = circuit.rest(weights, 1) if state is None else state
    check_shapes(circuit, weights, schedule, start)
    for name in recording.names:
        known("recorded quantity", name, recordable(circuit))
    if execution.noise is not None and kernel is not error_microcircuit:
        raise ValueError(
            f"noise on potentials is compiled for error_microcircuit, not for {circuit.theory}; "
            "use step with a current of the world"
        )
    announce_compilation(kernel)
    networks = int(start.rates["representation"].shape[0])
    size = 1 if is_large(circuit) else execution.block  # type: ignore[arg-type]
    blocks = [slice(k, min(k + size, networks)) for k in range(0, networks, size)]
    shared = plan.anatomy(circuit), plan.rules(circuit, weights)
    targets = plan.targets(circuit, schedule.targets)

    def simulate(block: slice) -> tuple[Any, Any, Any]:
        s, x = plan.synapses(circuit, weights, block), plan.variables(circuit, start, block)
        shown = presentations(circuit, schedule, targets, execution, block)
        out = recorder(plan, circuit, schedule, recording, block)
        kernel(*shared, s, x, shown, out)
        return s, x, out

    if execution.threads == 1:
        done = [simulate(block) for block in blocks]
    else:
        with ThreadPoolExecutor(execution.threads) as pool:
            done = list(pool.map(simulate, blocks))
    ends = [(s, x) for s, x, _ in done]
    check_finite(circuit.theory, [x.u for _, x in ends])
    recorded = {
        name: np.concatenate([np.moveaxis(getattr(out, name), -1, 0) for _, _, out in done])
        for name in recording.names
    }
    final = plan.final_weights(circuit, weights, ends), plan.final_state(circuit, ends)
    return Run(*final, recorded)


def port(circuit: Any) -> tuple[ModuleType, Any]:
    """Return how a circuit is laid out, and its kernel.

    Raises
    ------
    ValueError
        If the engine does not know the theory.
    """
    if getattr(circuit, "cut", ()):
        raise ValueError(
            f"the engine cuts no routes, but {', '.join(circuit.cut)} is cut; use the theory's own "
            "step and learn"
        )
    if isinstance(circuit, ErrorMicrocircuit) and circuit.error_baseline is not None:
        raise ValueError(
            f"the engine knows no error_baseline, which is {circuit.error_baseline:g}; use the "
            "theory's own step and learn"
        )
    for theory, plan, kernel in PORTS:
        if isinstance(circuit, theory):
            return plan, kernel
    names = ", ".join(theory.theory for theory, _, _ in PORTS)
    raise ValueError(
        f"the engine simulates {names}; for {getattr(circuit, 'theory', type(circuit).__name__)} "
        "use the theory's own step and learn"
    )


def recordable(circuit: Any) -> tuple[str, ...]:
    """Return what `Recording` can name for a circuit."""
    plan, _ = port(circuit)
    fields: tuple[str, ...] = plan.RECORDED._fields[:-1]
    return tuple(name for name in fields if plan.room(circuit, name))


def recorder(
    plan: ModuleType, circuit: Any, schedule: Schedule, recording: Recording, block: slice
) -> Any:
    """Return room for what a block of networks records."""
    each_step = recording.at == "step"
    rows = int(schedule.steps.sum()) if each_step else len(schedule.steps)
    room = [
        np.zeros((rows if name in recording.names else 0, plan.room(circuit, name),
                  block.stop - block.start))
        for name in plan.RECORDED._fields[:-1]
    ]  # fmt: skip
    return plan.RECORDED(*room, each_step)


def check_finite(theory: str, potentials: Sequence[Array]) -> None:
    """Refuse to hand back a simulation that diverged.

    Raises
    ------
    ValueError
        If a potential is not finite at the end; the message counts the networks.
    """
    bad = sum(int((~np.isfinite(u)).any(axis=0).sum()) for u in potentials)
    if bad:
        raise ValueError(
            f"{bad} networks of {theory} diverged; lower the learning rates, g_apical or the "
            "scale of the weights"
        )


def announce_compilation(kernel: Any) -> None:
    """Log that compiling takes a while, where no compiled code is found on disk."""
    cache = Path(kernel.stats.cache_path)
    if not kernel.signatures and not any(cache.glob(f"engine.{kernel.__name__}-*.nbi")):
        log.info("compiling %s: some 25 s, once on this machine", kernel.__name__)
