"""Statistics over animals: one number an animal, and what can be said of the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]

LEVEL = 0.95
MOST_EXACT = 20


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
    t, above = student(x)
    flip, least = sign_flip(x)
    return Test(float(x.mean()), t, len(x) - 1, above, 1 - above, flip, least)


def student(values: npt.ArrayLike) -> tuple[float, float]:
    """Return Student's t of the mean against 0, and the one-sided p that it lies above.

    Raises
    ------
    ValueError
        With fewer than 2 animals.
    """
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        raise ValueError(f"a test over animals needs 2 or more, not {len(x)}")
    if np.ptp(x) == 0:  # constant: t is infinite, or 0/0
        t = float(np.sign(x[0]) * np.inf) if x[0] else 0.0
    else:
        t = float(stats.ttest_1samp(x, 0.0).statistic)
    return t, float(stats.t.sf(t, len(x) - 1))


def sign_flip(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the two-sided p of the exact sign-flip test, and the smallest p it can reach.

    Every assignment of signs to the animals is as likely as the one found if the distribution is
    symmetric about 0. Above 20 animals (a million assignments) the p is NaN.
    """
    x = np.asarray(values, dtype=float)
    least = 2.0 ** (1 - len(x))
    if len(x) > MOST_EXACT:
        return float("nan"), least
    sums = np.zeros(1)
    for value in x:
        sums = np.concatenate([sums + value, sums - value])
    tolerance = 1e-12 * np.abs(x).sum()
    return float(np.mean(np.abs(sums) >= abs(x.sum()) - tolerance)), least


def holm(p_values: npt.ArrayLike) -> Array:
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
    n, m = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    count = len(n)
    value = float(n.mean() / m.mean())
    if count < 2:
        return Interval(value, float("nan"), float("nan"), "no interval from one animal")
    left_out = (n.sum() - n) / (m.sum() - m)
    error = float(np.sqrt((count - 1) / count * ((left_out - left_out.mean()) ** 2).sum()))
    reach = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1)) * error
    return Interval(value, value - reach, value + reach, "95 % jackknife interval over animals")


def spread(values: npt.ArrayLike, share: float = 0.9) -> tuple[float, float]:
    """Return the central range that holds a share of the values, by default 5-95 %."""
    x = np.asarray(values, dtype=float)
    low, high = np.quantile(x, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


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
    reach = float(stats.t.ppf(0.5 + LEVEL / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return Interval(float(x.mean()), float(x.mean() - reach), float(x.mean() + reach), level)
