"""Judges a claim: energies of sessions in, a verdict with its reasons out.

For a recording the test is a one-sided Student t on D = N - pi N_R - q0 M over animals, alpha .05
each way, with skewness allowed for (`rule.tail`). For a theory it is the 5-95 % range of D over
networks: networks are free, so a p-value would say only how many were run. Between the two stands
one code: the effect of the claim.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from errorneurons.analysis.measures.energies import Missing
from errorneurons.analysis.statistics import (
    Interval,
    Test,
    against_zero,
    central_range,
    fieller,
    ratio_of_means,
    shrunk,
    skewness,
)
from errorneurons.predictions.claims.claim import (
    Claim,
    Outcome,
    SubjectKind,
    Verdict,
)
from errorneurons.predictions.judging.measured import FEWEST_ANIMALS, Measured, error_of_thinned
from errorneurons.predictions.judging.nothing import almost_nothing, nothing_to_compare
from errorneurons.predictions.judging.phrases import agreeing, phrase, range_over, unanswered
from errorneurons.predictions.judging.rule import (
    LEAST,
    answered,
    by_student,
    comparable,
    difference,
    ends,
    named_outcomes,
    outcomes,
    p_above,
    tail,
)
from errorneurons.predictions.words import counted, plain_number
from errorneurons.simulate.arrays import Array

TIPPING_STEP = 0.005
UNNAMED = {"", "unknown"}
"""What stands for the animal where a file does not say which it is."""


def judge(claim: Claim, subject: str, measured: Measured, kind: SubjectKind) -> Verdict:
    """Return the verdict on a claim.

    Parameters
    ----------
    claim, subject
        Who is judged on what.
    measured
        From `measure`.
    kind
        ``"recording"`` for a test over animals; else the range over networks.
    """
    if not measured.animals:
        lack = measured.missing or Missing("there are no sessions", "Add sessions.")
        reason = f"{lack.what[0].upper()}{lack.what[1:]}."
        return Verdict(claim.key, subject, Outcome.NOT_TESTABLE, reason, lack.remedy)
    told = _judge_recording if kind == "recording" else _judge_theory
    if not claim.asks:
        return told(claim, subject, measured)
    weaker, measured = _weaker_first(claim, measured)
    verdict = told(claim, subject, measured)
    return replace(verdict, reason=re.sub("^N/M", f"{claim.asks[weaker]}, N/M", verdict.reason))


def _weaker_first(claim: Claim, measured: Measured) -> tuple[int, Measured]:
    """Let what of two things that a claim asks for holds less be the one that is shown."""
    n, _, _, other = measured.energies.mean(axis=0)
    if (other < n) != (claim.side == "above"):
        return 0, measured
    order = [3, 1, 2, 0]
    thinned = measured.thinned[:, order] if len(measured.thinned) else measured.thinned
    return 1, replace(measured, energies=measured.energies[:, order], thinned=thinned)


def _corrected(measured: Measured) -> Array:
    return np.asarray(measured.energies[:, 0] - measured.label_error[0] * measured.energies[:, 2])


def probability(claim: Claim, measured: Measured) -> float:
    """Return the one-sided p of the test over animals in the direction that the claim says.

    NaN with fewer than 5 animals, or if there is nothing to compare with.
    """
    if len(measured.animals) < FEWEST_ANIMALS or not _comparable(measured):
        return float("nan")
    p = [p_above(claim, x, measured.label_error[0]) for x in ends(claim, measured.energies)]
    return float(np.max(p) if claim.side == "above" else 1 - np.min(p))


def _nearer(claim: Claim, measured: Measured) -> tuple[float, Array]:
    """Return the sign of the end of the claim that N/M is nearer to, and energies seen from it."""
    turned = claim.side == "within" and _corrected(measured).mean() < 0
    return (-1.0 if turned else 1.0), ends(claim, measured.energies)[int(turned)]


def _points(claim: Claim, measured: Measured) -> tuple[float, ...]:
    sign, energies = _nearer(claim, measured)
    d = difference(claim, energies, measured.label_error[0])
    return tuple((sign * (claim.threshold + d / measured.energies[:, 1].mean())).tolist())


def _judge_theory(claim: Claim, subject: str, measured: Measured) -> Verdict:
    pi, m = measured.label_error[0], measured.energies[:, 1]
    count = len(measured.animals)
    if central_range(m)[0] <= 0:
        where = f"in {(m <= 0).sum()} of {counted(count, 'network')}"
        return nothing_to_compare(claim, subject, where)
    clear = (central_range(x - LEAST * measured.elsewhere)[0] for x in (_corrected(measured), m))
    if max(clear) <= 0:
        where = f"over {counted(count, 'network')}"
        return almost_nothing(claim, subject, measured, where)
    low, high = np.transpose(
        [central_range(difference(claim, x, pi)) for x in ends(claim, measured.energies)]
    )
    outcome = Outcome(str(named_outcomes(claim, low > 0, high < 0)))
    if count < 2:  # one network has no range
        outcome = Outcome.UNDECIDED
    points = _points(claim, measured)
    value = float(np.mean(points))
    bottom, top = central_range(points)
    agree = agreeing(claim, points)
    _, seen = _nearer(claim, measured)
    d_low, d_high = central_range(difference(claim, seen, pi) / m.mean())
    return Verdict(
        claim.key, subject, outcome,
        f"{phrase(claim, outcome, value)}; {agree} of {counted(count, 'network')} "
        f"{'agrees' if agree == 1 else 'agree'} with the claim{unanswered(measured.missing)}.",
        "Simulate more networks, or narrow the parameters." * (outcome is Outcome.UNDECIDED),
        value, bottom, top, claim.units, range_over(count), count, "networks",
        points=points, names=measured.animals, numbers={"agreeing": agree},
        statistics={
            "D / mean M, 5-95 %": f"{d_low:.3g} to {d_high:.3g}",
            **_label_rows(measured),
        },
    )  # fmt: skip


def _judge_recording(claim: Claim, subject: str, measured: Measured) -> Verdict:
    count = len(measured.animals)
    if count < FEWEST_ANIMALS:
        return _judge_few(claim, subject, measured)
    if not _comparable(measured):
        where = f"over {count} animals"
        if comparable(measured.energies):
            return almost_nothing(claim, subject, measured, where)
        return nothing_to_compare(claim, subject, where)
    test = against_zero(difference(claim, _nearer(claim, measured)[1], measured.label_error[0]))
    plain = _at(claim, measured, measured.label_error[0])
    outcome = Outcome(
        str(outcomes(claim, measured.energies, measured.label_error, elsewhere=measured.elsewhere))
    )
    ratio = ratio_of_means(_corrected(measured), measured.energies[:, 1])
    reason = f"{phrase(claim, plain, ratio.value)}, over {count} animals"
    tipping = _tipping_point(claim, measured, plain)
    if any(_at(claim, measured, pi) is not plain for pi in measured.label_error[1:]):
        reason += (
            f"; but the share of false labels is known only as {measured.label_error[1]:.0%} to "
            f"{measured.label_error[2]:.0%}, and the answer {tipping}"
        )
    reason += _of_skewness(claim, measured, plain) + _of_interval(claim, outcome, ratio)
    if not measured.stated and measured.energies[:, 2].any():
        reason += (
            f"; the share of false labels is not stated and taken as 0, and the answer {tipping}"
        )
    if measured.lost:
        reason += f". Energies are over the units and trials that are there: {measured.lost}"
    if measured.missing:
        reason += f". Some sessions could not answer: {measured.missing.what}"
    return Verdict(
        claim.key, subject, outcome, f"{reason}.", _more(outcome, count), ratio.value, ratio.low,
        ratio.high, claim.units, ratio.level, count, "animals", points=_points(claim, measured),
        names=measured.animals, numbers=_test_numbers(claim, measured, test),
        statistics={
            **_test_rows(test),
            "skewness of D": _skewness_row(claim, measured, test),
            "N/M, 95 % Fieller": _fieller_text(measured),
            **_label_rows(measured),
            "the answer": tipping,
        },
    )  # fmt: skip


def _of_interval(claim: Claim, outcome: Outcome, ratio: Interval) -> str:
    """Say why an answer is clear of a threshold that the interval of N/M holds."""
    q0 = math.copysign(claim.threshold, ratio.value) if claim.side == "within" else claim.threshold
    if outcome is Outcome.UNDECIDED or not ratio.low < q0 < ratio.high:
        return ""
    return (
        "; a one-sided test of N against M times the threshold decides, though the two-sided "
        "interval of N/M holds the threshold"
    )


def _judge_few(claim: Claim, subject: str, measured: Measured) -> Verdict:
    """Say what these animals show, and nothing of the population."""
    n, m, n_r = measured.energies.mean(axis=0)[:3]
    pi, count = measured.label_error[0], len(measured.animals)
    animals, these = counted(count, "animal"), "this animal" if count == 1 else "these animals"
    more = f"Record {FEWEST_ANIMALS} animals or more."
    if {*measured.animals} <= UNNAMED:
        animals, these = "unnamed animals", "these sessions"
        more = f"Say which animal each session is of. {more}"
    if not m > 0:
        return nothing_to_compare(claim, subject, f"in {animals}")
    least = LEAST * measured.elsewhere.mean()
    if max(m, n - pi * n_r) < least:
        return almost_nothing(claim, subject, measured, "in these animals")
    value = float((n - pi * n_r) / m)
    low = high = float("nan")
    level = "no interval: too few trials to leave any out"
    found = f"N/M is {plain_number(value)}"
    if len(measured.thinned) > 1:
        left = (measured.thinned[:, 0] - pi * measured.thinned[:, 2]) / measured.thinned[:, 1]
        reach = 2 * error_of_thinned(left)
        low, high = value - reach, value + reach
        level = "about 95 %, jackknife over groups of trials, these animals only"
        found += f" ({plain_number(low)} to {plain_number(high)})"
        if m <= 2 * measured.errors_over_trials[1]:
            found = (
                "the response to compare with is not told from noise: M is not clear of 0 with "
                f"groups of trials left out, and N/M, {plain_number(value)}, says nothing"
            )
    lost = f" Energies are over the units and trials that are there: {measured.lost}."
    silent = ""
    if measured.missing:
        silent = f" Some sessions could not answer: {measured.missing.what}."
        more = f"{measured.missing.remedy} {more}"
    return Verdict(
        claim.key, subject, Outcome.UNDECIDED,
        f"{animals[0].upper()}{animals[1:]}: no statement about the population. In {these} only, "
        f"{found}."
        + lost * bool(measured.lost) + silent,
        more,
        value, low, high, claim.units, level, count, "animals",
        points=_points(claim, measured), names=measured.animals,
        statistics=_label_rows(measured),
    )  # fmt: skip


def _comparable(measured: Measured) -> bool:
    return bool(comparable(measured.energies, measured.elsewhere, measured.label_error[0]))


def _at(claim: Claim, measured: Measured, label_error: float) -> Outcome:
    """Return what the test says if `label_error` is the share of false labels."""
    return Outcome(str(by_student(claim, measured.energies, label_error)))


def _tipping_point(claim: Claim, measured: Measured, outcome: Outcome) -> str:
    """Say for which shares of false labels the answer holds."""
    known, step = measured.label_error[0], TIPPING_STEP
    up = _first_change(claim, measured, outcome, np.arange(known, 0.5, step))
    down = _first_change(claim, measured, outcome, np.arange(known, -step / 2, -step))
    if up is None and down is None:
        return "holds for any share of false labels up to 50 %"
    parts = [f"up to {up - step:.1%}"] if up is not None else []
    parts += [f"from {down + step:.1%} on"] if down is not None else []
    return f"holds for shares of false labels {' and '.join(reversed(parts))}"


def _first_change(
    claim: Claim, measured: Measured, outcome: Outcome, shares: Array
) -> float | None:
    """Return the first of the shares of false labels that changes the answer."""
    answers = by_student(claim, measured.energies, np.maximum(shares, 0.0)[:, None])
    changed = np.flatnonzero(answers != str(outcome))
    return float(shares[changed[0]]) if len(changed) else None


def _fieller_text(measured: Measured) -> str:
    found = fieller(_corrected(measured), measured.energies[:, 1])
    if math.isinf(found.high):
        return found.level
    return f"{found.low:.3g} to {found.high:.3g}"


def _of_skewness(claim: Claim, measured: Measured, plain: Outcome) -> str:
    """Say where skewness takes the answer back, or is more than the test can allow for."""
    if plain is Outcome.UNDECIDED:
        return ""
    known = measured.label_error[0]
    if str(answered(claim, measured.energies, known)) != str(plain):
        return (
            "; but animals differ so much, or so much to one side, that a mean as far from the "
            "threshold comes too often by chance"
        )
    d = difference(claim, _nearer(claim, measured)[1], known)
    count, found = len(d), float(skewness(d) * np.sign(d.mean()))
    # the standard error of the sample skewness of normal values
    error = math.sqrt(6 * count * (count - 1) / ((count - 2) * (count + 1) * (count + 3)))
    if found > -2 * error:
        return ""
    return (
        f"; D is skewed towards the threshold ({-found:.2g}), which the test allows for, but no "
        "test can if one animal in ten, not among these, makes up for the others"
    )


def _skewness_row(claim: Claim, measured: Measured, test: Test) -> str:
    known, (_, energies) = measured.label_error[0], _nearer(claim, measured)
    reckoned = float(tail(claim, energies, known, np.sign(test.mean)))
    found = float(skewness(difference(claim, energies, known)))
    if not reckoned:
        return f"{found:.2g}, none towards the threshold"
    t = float(shrunk(test.t, reckoned, len(measured.animals)))
    above = float(p_above(claim, energies, known))
    counts = f"t counts as {t:.3g}, p {min(above, 1 - above):.3g}"
    return f"{found:.2g}, reckoned with as {reckoned:.2g}: {counts}"


def _test_numbers(claim: Claim, measured: Measured, test: Test) -> dict[str, float]:
    d = difference(claim, _nearer(claim, measured)[1], measured.label_error[0])
    return {
        "t": test.t,
        "df": test.degrees,
        "p": probability(claim, measured),
        "p_above": test.p_above,
        "p_below": test.p_below,
        "p_sign_flip": test.p_sign_flip,
        "p_sign_flip_least": test.smallest_sign_flip,
        "skewness": float(skewness(d)),
    }


def _test_rows(test: Test) -> dict[str, str]:
    flip = "not computed above 20 animals"
    if math.isfinite(test.p_sign_flip):
        flip = f"{test.p_sign_flip:.3g} (the smallest possible is {test.smallest_sign_flip:.2g})"
    return {
        "test": "Student t over animals of D = N - pi N_R - q0 M (pi: share of false labels, N_R: "
        "N of unlabelled cells, q0: the threshold), alpha .05 on each side, counted as smaller "
        "where D is skewed towards 0",
        "t": f"{test.t:.3g} with {test.degrees} degrees of freedom",
        "p, D below 0": f"{test.p_below:.3g}",
        "p, D above 0": f"{test.p_above:.3g}",
        "exact sign-flip p, two-sided": flip,
    }


def _label_rows(measured: Measured) -> dict[str, str]:
    value, low, high = measured.label_error
    if not measured.energies[:, 2].any():
        return {"false labels": "no correction: the read-out does not rest on labels"}
    if not measured.stated:
        return {"false labels": "no share is stated, so pi is taken as 0; give `label_error`"}
    return {"false labels": f"{value:.1%}, known as {low:.1%} to {high:.1%}; corrected for"}


def _more(outcome: Outcome, count: int) -> str:
    if outcome is not Outcome.UNDECIDED:
        return ""
    return f"Record more than these {count} animals, or more trials and labelled cells in each."
