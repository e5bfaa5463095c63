"""Statistics over animals: one number an animal, and what can be said of the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
MOST_EXACT = 20
SKEWED = 0.8
"""Log of the factor of a critical value, for a skewness of 1 and one animal, see `shrunk`."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    value, low, high
        Estimate and interval.
    level
        What the interval is.
    """

    value: float
    low: float
    high: float
    level: str


@dataclass(frozen=True)
class Test:
    """A test of a mean against 0 over animals.

    Attributes
    ----------
    mean
        The mean.
    t, degrees
        Student's t and its degrees of freedom.
    p_above, p_below
        One-sided p: small if the mean lies above, or below, 0.
    p_sign_flip
        Two-sided p of the exact sign-flip test, NaN above 20 animals.
    smallest_sign_flip
        The smallest p that this number of animals allows the sign-flip test.
    """

    mean: float
    t: float
    degrees: int
    p_above: float
    p_below: float
    p_sign_flip: float
    smallest_sign_flip: float


def against_zero(values: npt.ArrayLike) -> Test:
    """Test the mean of one number an animal against 0.

    Parameters
    ----------
    values
        (animal,), at least 2.

    Raises
    ------
    ValueError
        With fewer than 2 animals.
    """
    x = np.asarray(values, dtype=float)
    t, above = student_t(x)
    flip, least = sign_flip(x)
    return Test(float(x.mean()), t, len(x) - 1, above, 1 - above, flip, least)


def student_t(values: npt.ArrayLike) -> tuple[float, float]:
    """Return Student's t of the mean against 0, and the one-sided p that it lies above.

    Raises
    ------
    ValueError
        With fewer than 2 animals.
    """
    t, above = students(values)
    return float(t), float(above)


def students(values: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return Student's t of means against 0, and the one-sided p, of many data sets at once.

    Parameters
    ----------
    values
        (..., animal), one number an animal.

    Returns
    -------
    tuple of array
        t and the p that the mean lies above 0, each of shape (...).

    Raises
    ------
    ValueError
        With fewer than 2 animals.
    """
    x = np.asarray(values, dtype=float)
    count = x.shape[-1]
    if count < 2:
        raise ValueError(f"a test over animals needs 2 or more, not {count}")
    constant = np.ptp(x, axis=-1) == 0  # t is infinite, or 0/0
    varied = np.where(constant[..., None], np.arange(count), x)
    infinite = np.sign(x[..., 0]) * np.where(x[..., 0] == 0, 1.0, np.inf)
    t = np.where(constant, infinite, scipy.stats.ttest_1samp(varied, 0.0, axis=-1).statistic)
    return np.asarray(t), np.asarray(scipy.stats.t.sf(t, count - 1))


def shrunk(t: npt.ArrayLike, skewness: npt.ArrayLike, count: int) -> Floats:
    """Return t, nearer to 0 where a skewed population makes it too large too often.

    The mean of a few values of a skewed population lies far from 0, in units of their spread, more
    often on the side away from the long tail. The critical value is then larger by a factor of
    about exp(.8 skewness / sqrt(count)): for gamma distributions of skewness up to 2, and 5 animals
    or more, a one-sided level of .05 comes out as .04 to .06. On the other side t stays as it is.

    Parameters
    ----------
    t
        (...), Student's.
    skewness
        (...), of the population.
    count
        Animals.

    Examples
    --------
    >>> shrunk([-3.0, 3.0], 1.0, 4).round(2).tolist()
    [-2.01, 3.0]
    """
    found = np.asarray(t, dtype=float)
    against = np.maximum(-np.sign(found) * np.asarray(skewness, dtype=float), 0.0)
    return np.asarray(found * np.exp(-SKEWED * against / np.sqrt(count)))


def skewness(values: npt.ArrayLike) -> Floats:
    """Return the sample skewness over the last axis, corrected for its bias.

    0 for values that are all alike, and for fewer than 3.
    """
    x = np.asarray(values, dtype=float)
    count = x.shape[-1]
    off = x - x.mean(axis=-1, keepdims=True)
    variance = (off**2).mean(axis=-1)
    same = (variance <= 0) | (np.ptp(x, axis=-1) == 0)
    if count < 3:
        return np.zeros(x.shape[:-1])
    found = (off**3).mean(axis=-1) / np.where(same, 1.0, variance) ** 1.5
    return np.where(same, 0.0, found * np.sqrt(count * (count - 1)) / (count - 2))


def sign_flip(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the two-sided p of the exact sign-flip test, and the smallest p it can reach.

    Every assignment of signs to the animals is as likely as the one found if the distribution is
    symmetric about 0. Above 20 animals (a million assignments) the p is NaN.
    """
    x = np.asarray(values, dtype=float)
    least = 2.0 ** (1 - len(x))
    if len(x) > MOST_EXACT:
        return float("nan"), least
    # every sum is one of each half, so that a thousand sorted sums stand for a million
    half = len(x) // 2
    first, second = _signed_sums(x[:half]), np.sort(_signed_sums(x[half:]))
    found = abs(x.sum()) - 1e-12 * np.abs(x).sum()
    above = len(second) - np.searchsorted(second, found - first, side="left")
    below = np.searchsorted(second, -found - first, side="right")
    extreme = int((above + below).sum()) if found > 0 else 2 ** len(x)
    return extreme / 2 ** len(x), least


def _signed_sums(x: Floats) -> Floats:
    """Return the sums of x under all assignments of signs, (2 ** len(x),)."""
    sums = np.zeros(1)
    for value in x:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def holm(p_values: npt.ArrayLike) -> Floats:
    """Return p-values adjusted by Holm for being judged together; NaN are left out and stay NaN."""
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted


def ratio_of_means(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Interval:
    """Return mean(N) / mean(M) with its 95 % jackknife interval over animals.

    The ratio of the means, never the mean of the ratios: an animal with a small denominator would
    rule the latter.
    """
    value, error = jackknife_ratios(numerator, denominator)
    count = len(np.asarray(numerator))
    if count < 2:
        return Interval(float(value), np.nan, np.nan, "no interval from one animal")
    reach = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, count - 1) * error)
    level = "95 % jackknife interval over animals"
    return Interval(float(value), float(value - reach), float(value + reach), level)


def jackknife_ratios(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return mean(N) / mean(M) and its jackknife standard error, of many data sets at once.

    Parameters
    ----------
    numerator, denominator
        (..., animal).

    Returns
    -------
    tuple of array
        Ratio and standard error, each of shape (...); the error is 0 for a single animal.
    """
    n, m = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    count = n.shape[-1]
    value = n.mean(axis=-1) / m.mean(axis=-1)
    if count < 2:
        return value, np.zeros_like(value)
    left_out = (n.sum(axis=-1, keepdims=True) - n) / (m.sum(axis=-1, keepdims=True) - m)
    return value, np.asarray(np.sqrt(count - 1) * left_out.std(axis=-1))


def fieller(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Interval:
    """Return mean(N) / mean(M) with the 95 % set of Fieller over animals.

    The set holds every ratio r for which Student's t does not reject that N - r M has mean 0, so it
    covers where N and M are normal, however variable M is. If M is not clear of 0 the set has no
    bounds; `low` and `high` are then infinite and `level` says what it leaves out.

    Parameters
    ----------
    numerator, denominator
        (animal,), at least 2.

    Raises
    ------
    ValueError
        With fewer than 2 animals.

    References
    ----------
    Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x
    """
    n, m = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    if len(n) < 2:
        raise ValueError(f"an interval over animals needs 2 or more, not {len(n)}")
    reach = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, len(n) - 1)) ** 2 / len(n)
    (s_nn, s_nm), (_, s_mm) = np.cov(n, m)
    # r belongs to the set if a r^2 - 2 b r + c <= 0
    a = m.mean() ** 2 - reach * s_mm
    b = n.mean() * m.mean() - reach * s_nm
    c = n.mean() ** 2 - reach * s_nn
    value, root = float(n.mean() / m.mean()), float(np.sqrt(max(b * b - a * c, 0.0)))
    if a > 0:
        return Interval(value, (b - root) / a, (b + root) / a, "95 % Fieller set over animals")
    left_out = "nothing"
    if a < 0 and root > 0:
        left_out = f"{(b + root) / a:.3g} to {(b - root) / a:.3g}"
    level = f"95 % Fieller set over animals, without bounds: M is not clear of 0 (out: {left_out})"
    return Interval(value, -np.inf, np.inf, level)


def central_range(values: npt.ArrayLike, share: float = 0.9) -> tuple[float, float]:
    """Return the central range that holds a share of the values, by default 5-95 %."""
    x = np.asarray(values, dtype=float)
    low, high = np.quantile(x, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def separation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return how far two samples are apart: Cliff's delta without its sign.

    0: a value of one is as often above as below a value of the other; 1: the samples do not
    overlap. NaN if one is empty.

    Source: Cliff 1993, doi:10.1037/0033-2909.114.3.494.

    Examples
    --------
    >>> separation([1.0, 2.0], [3.0, 4.0]), separation([1.0, 2.0], [2.0, 1.0])
    (1.0, 0.0)
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not len(a) or not len(b):
        return float("nan")
    return float(abs(np.sign(a[:, None] - b[None, :]).mean()))


def mean_interval(values: npt.ArrayLike) -> Interval:
    """Return the mean of one number a network or animal with its 95 % Student interval.

    Numbers that are not finite are left out; the interval is NaN with fewer than 2.
    """
    x = np.asarray(values, dtype=float)
    x = x[np.isfinite(x)]
    level = "95 % Student interval of the mean"
    if len(x) < 2:
        value = float(x[0]) if len(x) else float("nan")
        return Interval(value, float("nan"), float("nan"), level)
    reach = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return Interval(float(x.mean()), float(x.mean() - reach), float(x.mean() + reach), level)
