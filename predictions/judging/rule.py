"""The rule by which a recording answers a claim: a test of D over animals.

D = N - pi N_R - q0 M of each animal is tested against 0 by a one-sided Student t, alpha .05 each
way, that counts as smaller where D is skewed the wrong way (`tail`). A claim that N/M lies within
-q0 and q0 is tested at both ends: supported if it is at both, contradicted if beyond one of them
(two one-sided tests; N/M lies at one end at most, so each answer is wrong in alpha at most).

N/M says nothing where M is no response, or where both are almost nothing beside what cells of the
same kind show elsewhere: then it is a ratio of noise. Arrays may hold many recordings at once, so
that the rule whose error rates are measured is the one that judges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used

from errorneurons.analysis.statistics import shrunk, skewness, students
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.simulate.arrays import Array

ALPHA = 0.05
TAIL = 2.0
"""How much more skewed than by gamma distributions of their spread energies are taken to be."""
LEAST = 0.01
"""The share of the response elsewhere, as energy, that N or M must be clear of: a tenth in
amplitude."""


def difference(claim: Claim, energies: Array, label_error: float | Array) -> Array:
    """Return D = N - pi N_R - q0 M of each animal; positive above the threshold.

    Parameters
    ----------
    claim
        The claim, for its threshold q0.
    energies
        N, M and N_R, (..., animal, 3).
    label_error
        pi, a number or one for each animal: it is broadcast against (..., animal).
    """
    n, m, n_r = (energies[..., k] for k in range(3))
    return np.asarray(n - label_error * n_r - claim.threshold * m)


def outcomes(
    claim: Claim,
    energies: Array,
    label_error: npt.ArrayLike,
    alpha: float = ALPHA,
    elsewhere: npt.ArrayLike = 0.0,
) -> npt.NDArray[np.str_]:
    """Return what the test over animals says of a claim, for many recordings at once.

    Parameters
    ----------
    claim
        The claim.
    energies
        N, M and N_R of each animal, (..., animal, 3), 2 animals or more.
    label_error
        pi, the share of false labels: value, low and high, (3,) or (..., 3).
    alpha
        Of the test of D on either side. M is compared with 0 at .05 whatever it is.
    elsewhere
        What M is in all cells, see `comparable`.

    Returns
    -------
    array of str
        One of the four outcomes each, (...): NOT_TESTABLE where M is not above 0 or, as N, almost
        nothing beside what there is elsewhere, and UNDECIDED where the answer changes within the
        interval of pi.
    """
    pi = np.moveaxis(np.asarray(label_error, dtype=float), -1, 0)[..., None]
    known = answered(claim, energies, pi[0], alpha)
    # D clears 0 on one side for an interval of pi, so its ends speak for all that lies within
    plain, *others = (by_student(claim, energies, p, alpha) for p in pi)
    for other in others:
        known = np.where(other == plain, known, str(Outcome.UNDECIDED))
    testable = comparable(energies, elsewhere, np.asarray(label_error, dtype=float)[..., :1])
    return np.where(testable, known, str(Outcome.NOT_TESTABLE))


def ends(claim: Claim, energies: Array) -> list[Array]:
    """Return energies as they are compared with q0: N, of a claim on both sides -N as well.

    Where a claim asks for two things at once, either is compared: it is supported if both are on
    its side, and contradicted if one is not.
    """
    if claim.side == "within":
        return [energies, energies * np.array([-1.0, 1.0, -1.0])]
    return [energies[..., [k, 1, 2]] for k in (0, 3)[: energies.shape[-1] - 2]]


def _said(claim: Claim, above: Array, alpha: float) -> npt.NDArray[np.str_]:
    """Return the outcomes by the one-sided p that D lies above 0 at each of its `ends`."""
    # of two things that are asked at once both may be at the threshold; of two sides one may
    each = alpha if claim.side == "within" else alpha / len(above)
    if claim.side == "above":
        return named_outcomes(claim, above < alpha, above > 1 - each)
    return named_outcomes(claim, above < each, above > 1 - alpha)


def by_student(
    claim: Claim, energies: Array, label_error: float | Array, alpha: float = ALPHA
) -> npt.NDArray[np.str_]:
    """Return what Student's t of D over animals says of a claim, (...), however skewed D is."""
    above = np.stack(
        [students(difference(claim, x, label_error))[1] for x in ends(claim, energies)]
    )
    return _said(claim, above, alpha)


def answered(
    claim: Claim, energies: Array, label_error: float | Array, alpha: float = ALPHA
) -> npt.NDArray[np.str_]:
    """Return what the test of D over animals says of a claim, (...), for a pi that is known."""
    above = np.stack([p_above(claim, x, label_error) for x in ends(claim, energies)])
    return _said(claim, above, alpha)


def p_above(claim: Claim, energies: Array, label_error: float | Array) -> Array:
    """Return the one-sided p that D lies above 0 over animals, (...), with skewness allowed for."""
    d = difference(claim, energies, label_error)
    t, _ = students(d)
    count = d.shape[-1]
    t = shrunk(t, tail(claim, energies, label_error, np.sign(t)), count)
    return np.asarray(scipy.stats.t.sf(t, count - 1))


def tail(claim: Claim, energies: Array, label_error: float | Array, side: Array) -> Array:
    """Return the skewness of D over animals that is to be reckoned with.

    A few animals do not show how skewed their population is, but energies are positive, and the
    more they vary the more skewed they are. If N and q0 M are of a gamma distribution with the
    mean m, D has the skewness 2 cov(D, N + q0 M) / (sd(D) m). `TAIL` times as much is taken,
    because few animals show too little of their spread, and the sample skewness if it is larger.
    What of N and M lies below 0 is noise, which is not skewed and spreads as much above: twice its
    square is taken off the variances that count as spread of energies.

    Parameters
    ----------
    energies
        N, M and N_R of each animal, (..., animal, 3).
    label_error
        pi, broadcast against (..., animal).
    side
        (...), the sign of the mean of D: what matters is the skewness to the other side.
    """
    d = difference(claim, energies, label_error)
    parts = d + claim.threshold * energies[..., 1], claim.threshold * energies[..., 1]
    mean = sum(np.maximum(x.mean(axis=-1), 0.0) for x in parts) / 2
    spread = d.std(axis=-1, ddof=1)
    # cov(D, N + q0 M) is var(N) - var(q0 M)
    covariance = _of_energies(parts[0]) - _of_energies(parts[1])
    size = spread * mean
    of_energies = 2 * TAIL * covariance / np.where(size > 0, size, np.inf)
    larger = np.maximum(-side * of_energies, -side * skewness(d))
    return np.asarray(-side * np.maximum(larger, 0.0))


def _of_energies(x: Array) -> Array:
    """Return the variance over animals, less what noise makes of it by what lies below 0."""
    noise = 2 * (np.minimum(x, 0.0) ** 2).mean(axis=-1)
    return np.asarray(np.maximum(x.var(axis=-1, ddof=1) - noise, 0.0))


def named_outcomes(
    claim: Claim, above: npt.ArrayLike, below: npt.ArrayLike
) -> npt.NDArray[np.str_]:
    """Return what "D clears 0 above", or below, says of a claim, as text of the outcomes.

    Parameters
    ----------
    claim
        The claim.
    above, below
        Of D at each of its `ends`, (end, ...).
    """
    yes, no = (above, below) if claim.side == "above" else (below, above)
    supported, contradicted = np.all(yes, axis=0), np.any(no, axis=0)
    undecided = np.where(contradicted, str(Outcome.CONTRADICTED), str(Outcome.UNDECIDED))
    return np.where(supported, str(Outcome.SUPPORTED), undecided)


def comparable(
    energies: Array, elsewhere: npt.ArrayLike = 0.0, label_error: float | Array = 0.0
) -> npt.NDArray[np.bool_]:
    """Return whether N can be compared with M, over animals.

    M must be above 0, and M or N clear of `LEAST` of the response elsewhere. This only takes
    answers back: no answer is wrong more often for it.

    Parameters
    ----------
    energies
        N, M and N_R of each animal, (..., animal, 3).
    elsewhere
        What M is in all cells, (..., animal); 0 where M is taken in all.
    label_error
        pi, broadcast against (..., animal).
    """
    n, m, n_r = (energies[..., k] for k in range(3))
    least = LEAST * np.asarray(elsewhere, dtype=float)
    above = [students(x)[1] < ALPHA for x in (m, m - least, n - label_error * n_r - least)]
    return np.asarray(above[0] & (above[1] | above[2]))
