"""How much the response of each unit to an outcome is modulated by error.

The contrast d_s of stimulus s is the response to unexpected minus that to expected outcomes.
Signed errors of different stimuli cancel in a mean over stimuli, so a unit's statistic is

    sum_s n_s d_s^2,        n_s = n_1 n_0 / (n_1 + n_0),

of responses less what the activity just before the outcome explains of them. Its p comes from
permuting the outcomes among the trials of each stimulus. With c for the size of the contrast and i
for that of the response without error, to the same input and its expected outcome in the same
window (less the activity before the input), the error modulation index is

    M = (c - i) / (c + i),        -1 <= M <= 1.

Sizes are roots of energies that are cross-validated as in
`errorneurons.analysis.measures.energies`. Units, gain and baseline cancel in M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used
import xarray as xr

from errorneurons.analysis.measures.energies import unit_energies
from errorneurons.analysis.measures.windows import Window, window_means
from errorneurons.analysis.statistics import Floats

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """When a unit is called an error cell.

    Attributes
    ----------
    level
        Level of the Benjamini-Hochberg procedure over the units of a session.
    factor
        How many times larger than the response without error the contrast must be.
    permutations
        Permutations of the outcomes.
    window
        The outcome window, relative to the outcome, from and to [s].
    before_outcome, before_input
        What is taken as baseline before the outcome, and before the input, relative to it [s].
    """

    level: float = 0.05
    factor: float = 2.0
    permutations: int = 4999
    window: Window = (0.0, 0.2)
    before_outcome: Window = (-0.1, 0.0)
    before_input: Window = (-0.1, 0.0)

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}; give a share between 0 and 1")
        if not 0 < self.factor < np.inf:
            raise ValueError(f"factor is {self.factor}; give a number above 0")
        if self.permutations < 99:
            raise ValueError(f"permutations is {self.permutations}; give 99 or more")


@dataclass(frozen=True)
class Modulation:
    """Contrast, and response without error, of each unit.

    Attributes
    ----------
    p_value
        p of the contrast with the outcomes as they were (row 0) and permuted, (draw, unit).
    energy
        Energy of the contrast, (draw, unit).
    mean
        Contrast averaged over stimuli, (draw, unit).
    without_error
        Energy of the response to the input and the expected outcome, (unit,).
    """

    p_value: Floats
    energy: Floats
    mean: Floats
    without_error: Floats

    def index(self) -> Floats:
        """Return the error modulation index M, 0 where there is neither response, (unit,)."""
        c, i = (np.sqrt(np.maximum(e, 0.0)) for e in (self.energy[0], self.without_error))
        return np.asarray(np.divide(c - i, c + i, out=np.zeros_like(c), where=c + i > 0))

    def passes(self, rule: Rule, p_most: float) -> Mask:
        """Return which units keep both rules with p up to `p_most`, (draw, unit)."""
        larger = self.energy > rule.factor**2 * np.maximum(self.without_error, 0.0)
        return np.asarray((self.p_value <= p_most) & larger)

    def p_most(self, rule: Rule) -> float:
        """Return the largest p that Benjamini-Hochberg lets pass, 0 if none."""
        observed = self.p_value[0]
        kept = scipy.stats.false_discovery_control(observed, method="bh") <= rule.level
        return float(observed[kept].max()) if kept.any() else 0.0


def modulation(
    session: xr.Dataset, chosen: npt.NDArray[np.int64], rule: Rule, rng: np.random.Generator
) -> Modulation | None:
    """Return contrast, and response without error, of each unit.

    Parameters
    ----------
    session
        A session.
    chosen
        Numbers of trials with an expected or unexpected outcome.
    rule
        The windows, and how many permutations.
    rng
        Draws the permutations.

    Returns
    -------
    Modulation or None
        None if no stimulus has two trials of each outcome without gaps.
    """
    cells = np.arange(session.sizes["unit"])
    windows = rule.window, rule.before_outcome
    after, before = window_means(session, chosen, cells, "outcome_onset", windows)
    (rest,) = window_means(session, chosen, cells, "input_onset", (rule.before_input,))
    complete, whole = _without_gaps(np.isfinite(after + before + rest))
    if not complete.any():
        return None
    after, before, rest = (x[:, whole] for x in (after, before, rest))
    stimulus = session["stimulus"].values[chosen][complete]
    unexpected = (session["outcome"].values[chosen] == "unexpected")[complete]
    after, before, rest = (x[complete] for x in (after, before, rest))
    response = _adjusted(after, rest, stimulus) - rest.mean(axis=0, keepdims=True)
    contrast = _adjusted(after, before, stimulus)
    own = {s: stimulus == s for s in np.unique(stimulus)}
    pairs = [(contrast[k & unexpected], contrast[k & ~unexpected]) for k in own.values()]
    pairs = [pair for pair in pairs if min(map(len, pair)) >= 2]
    if not pairs:
        return None
    without_error = unit_energies({s: response[k & ~unexpected] for s, k in own.items()})
    found = _permuted(pairs, without_error, rule.permutations, rng)
    return found if whole.all() else _among_all(found, whole)


MOST_GAPS = 0.1
"""A unit that lacks more of the trials than this is not labelled."""


def _without_gaps(
    known: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return trials and units that have no gap together, from what is known, (trial, unit)."""
    there = known.any(axis=1)
    share = np.asarray(known[there].mean(axis=0) if there.any() else np.zeros(known.shape[1]))
    whole = np.asarray(share >= 1 - MOST_GAPS)
    complete = np.asarray(there & known[:, whole].all(axis=1))
    if 2 * complete.sum() < there.sum():  # gaps here and there: rather fewer units than trials
        whole, complete = np.asarray(share == 1), np.asarray(there)
    return complete & np.full(len(complete), whole.any()), whole


def _among_all(found: Modulation, whole: npt.NDArray[np.bool_]) -> Modulation:
    """Return what was found of some units among all; of the others nothing was."""
    shape = len(found.p_value), len(whole)
    p_value, energy, mean = np.ones(shape), np.zeros(shape), np.zeros(shape)
    without_error = np.zeros(len(whole))
    p_value[:, whole], energy[:, whole], mean[:, whole] = found.p_value, found.energy, found.mean
    without_error[whole] = found.without_error
    return Modulation(p_value, energy, mean, without_error)


def _adjusted(x: Floats, covariate: Floats, stimulus: npt.NDArray[np.str_]) -> Floats:
    """Return x less what a covariate explains of it within stimuli, (trial, unit).

    One slope a unit, of all trials whatever their outcome: drift is taken away as by a baseline,
    and where there is none the noise of a short baseline is not added.
    """
    _, number = np.unique(stimulus, return_inverse=True)
    member = (number == np.arange(number.max() + 1)[:, None]).astype(float)
    within = covariate - ((member @ covariate) / member.sum(axis=1, keepdims=True))[number]
    size = (within**2).sum(axis=0)
    slope = np.divide((within * x).sum(axis=0), size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(x - slope * within)


def _permuted(
    pairs: list[tuple[Floats, Floats]], without_error: Floats, count: int, rng: np.random.Generator
) -> Modulation:
    """Return the sizes with the outcomes as they were, and permuted within stimuli."""
    shape = count + 1, len(without_error)
    statistic, energy, mean = (np.zeros(shape) for _ in range(3))
    for unexpected, expected in pairs:
        x = np.concatenate([unexpected, expected])
        x = x - x.mean(axis=0)
        n1, n0 = len(unexpected), len(expected)
        first = np.tile(np.arange(n1 + n0) < n1, (count + 1, 1))
        first[1:] = rng.permuted(first[1:], axis=1)
        sums, squares = first @ x, first @ x**2
        others, other_squares = x.sum(axis=0) - sums, (x**2).sum(axis=0) - squares
        contrast = sums / n1 - others / n0
        statistic += n1 * n0 / (n1 + n0) * contrast**2
        mean += contrast / len(pairs)
        own = (sums**2 - squares) / (n1 * (n1 - 1))
        other = (others**2 - other_squares) / (n0 * (n0 - 1))
        energy += (own + other - 2 * sums * others / (n1 * n0)) / len(pairs)
    # rounding must not part draws that are the same but for the order of their trials
    p_value = scipy.stats.rankdata(-np.round(statistic, 9), method="max", axis=0) / (count + 1)
    return Modulation(p_value, energy, mean, without_error)
