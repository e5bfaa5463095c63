"""Labels of error cells from an independent localiser, and the share of them that is false.

Localiser trials are expected and unexpected outcomes after the same stimuli, without
manipulation. A unit is called an error cell if

1. its response to the outcome differs between unexpected and expected outcomes. The contrast
   d_s is that of stimulus s: signed errors of different stimuli cancel in a mean over stimuli, so
   the statistic is sum_s n_s d_s^2, n_s = n_1 n_0 / (n_1 + n_0), of responses less what the
   activity just before the outcome explains of them. Its p comes from permuting the outcomes
   among the trials of each stimulus, and goes through Benjamini-Hochberg over the session's units;
2. the contrast is larger than the response to the same input without error by a factor. Both
   sizes are roots of energies, cross-validated as in `errorneurons.analysis.measures`; the
   response to the input is that of the last 100 ms before the outcome, when nothing is
   unexpected yet. With c and i for the two, the error modulation index is

       M = (c - i) / (c + i),        -1 <= M <= 1,

   and M > (factor - 1) / (factor + 1) is asked for. Units, gain and baseline cancel in M.

The second rule looks at the sustained response, not at the onset of the input: the claim that
error cells are silent at the onset of novel input is not decided by how they are chosen.

What a localiser cannot see: a cell that signals no error but responds to unexpected outcomes more
than to its input counts as an error cell, and no statistic of the same trials tells. Trials that
chose the units never test a claim; `cross_fitted` lets each half test what the others chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from errorneurons.analysis.measures import Array, Window, unit_energies, window_means
from errorneurons.analysis.schema import FIELDS

Mask = npt.NDArray[np.bool_]

OUTCOMES = ("expected", "unexpected")
BOOTSTRAPS = 1000


@dataclass(frozen=True)
class Rule:
    """When a unit is called an error cell.

    Attributes
    ----------
    level
        Level of the Benjamini-Hochberg procedure over the units of a session.
    factor
        How many times larger than the sustained response to the input the contrast must be.
    permutations
        Permutations of the outcomes.
    window
        The outcome window, relative to the outcome, from and to [s].
    baseline
        The window before the input, relative to it, from and to [s].
    sustained
        How long before the outcome the response to the input is read [s].
    """

    level: float = 0.05
    factor: float = 2.0
    permutations: int = 4999
    window: Window = (0.0, 0.2)
    baseline: Window = (-0.1, 0.0)
    sustained: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}; give a share between 0 and 1")
        if not 0 < self.factor < np.inf:
            raise ValueError(f"factor is {self.factor}; give a number above 0")
        if self.permutations < 99:
            raise ValueError(f"permutations is {self.permutations}; give 99 or more")


@dataclass(frozen=True)
class Labels:
    """What a localiser says of the units of a session.

    Attributes
    ----------
    animal, session_id
        The session.
    rule
        When a unit is called an error cell.
    trials
        Which trials chose, (trial,).
    unit_id
        The units, (unit,).
    error
        Which are called error cells, (unit,).
    error_sign
        Sign of the contrast averaged over stimuli, 0 where it is not clear of 0 at the level of
        the rule, or the unit is no error cell, (unit,). Errors that differ in sign from stimulus
        to stimulus have a contrast, but no such sign.
    score
        Error modulation index M, (unit,).
    p_value
        p of the contrast, not adjusted, (unit,).
    false_share
        Estimated share of false labels with its 95 % interval: value, low, high; NaN if no unit is
        called an error cell. See `localise` for what it does not see.
    reliability
        Correlation of M between two halves of the trials over units, corrected for their
        length by Spearman and Brown; NaN with fewer than 4 trials of each outcome.
    replication
        Share of the labels of one half that the other half gives, too, minus the share by chance;
        NaN like `reliability`, or without labels.
    """

    animal: str
    session_id: str
    rule: Rule
    trials: Mask
    unit_id: npt.NDArray[np.str_]
    error: Mask
    error_sign: Array
    score: Array
    p_value: Array
    false_share: tuple[float, float, float]
    reliability: float
    replication: float

    def __str__(self) -> str:
        """Say how the labels came about."""
        return (
            f"localiser of {int(self.trials.sum())} trials, Benjamini-Hochberg level "
            f"{self.rule.level:g}, contrast above {self.rule.factor:g} times the response to the "
            f"input; split-half reliability {self.reliability:.2f}, replication above chance "
            f"{self.replication:.2f}"
        )


@dataclass(frozen=True)
class _Sizes:
    """Contrast and response to the input of each unit.

    Attributes
    ----------
    p_value
        p of the contrast with the outcomes as they were (row 0) and permuted, (draw, unit).
    energy
        Energy of the contrast, (draw, unit).
    mean
        Contrast averaged over stimuli, (draw, unit).
    sustained
        Energy of the response to the input, (unit,).
    """

    p_value: Array
    energy: Array
    mean: Array
    sustained: Array

    def index(self) -> Array:
        """Return the error modulation index M, 0 where there is neither response, (unit,)."""
        c, i = (np.sqrt(np.maximum(e, 0.0)) for e in (self.energy[0], self.sustained))
        return np.asarray(np.divide(c - i, c + i, out=np.zeros_like(c), where=c + i > 0))

    def passes(self, rule: Rule, p_most: float) -> Mask:
        """Return which units keep both rules with p up to `p_most`, (draw, unit)."""
        larger = self.energy > rule.factor**2 * np.maximum(self.sustained, 0.0)
        return np.asarray((self.p_value <= p_most) & larger)

    def p_most(self, rule: Rule) -> float:
        """Return the largest p that Benjamini-Hochberg lets pass, 0 if none."""
        observed = self.p_value[0]
        kept = stats.false_discovery_control(observed, method="bh") <= rule.level
        return float(observed[kept].max()) if kept.any() else 0.0


def localise(session: xr.Dataset, rng: np.random.Generator, rule: Rule | None = None) -> Labels:
    """Find the error cells of a session by its localiser trials.

    The share of false labels is estimated as expected false labels over labels. Expected are
    pi_0 n q: of n units, the share pi_0 without any contrast (Storey: twice the share of p above
    one half) times the chance q of such a unit to pass both rules, which permuted outcomes show on
    the units that were not called error cells. The interval is predictive: the units are drawn
    anew with replacement, and of the labels found as many are false as chance has it. It assumes
    that units err independently, and that a unit either has no contrast or is an error cell.
    A contrast that is real but no error (arousal, an output clamped to its target, a response
    that merely shifts) is not counted as false.

    Parameters
    ----------
    session
        A session. If its column `localiser` marks trials, only they choose; else all trials with
        an expected or unexpected outcome and without manipulation, after learning. Stimuli count
        that have two trials of each outcome.
    rng
        Draws permutations and resamples.
    rule
        When a unit is called an error cell.

    Raises
    ------
    ValueError
        If no stimulus has two such trials of each outcome, or they do not cover the windows.
    """
    rule = rule or Rule()
    chosen = localiser_trials(session)
    sizes = _sizes(session, np.flatnonzero(chosen), rule, rng)
    if sizes is None:
        raise ValueError(_refusal(chosen, rule))
    p_most = sizes.p_most(rule)
    passing = sizes.passes(rule, p_most)
    p_sign = np.mean(np.abs(sizes.mean) >= np.abs(sizes.mean[0]), axis=0)
    clear = passing[0] & (p_sign <= rule.level)
    reliability, replication = _halves(session, chosen, rule, rng)
    return Labels(
        str(session.attrs["animal"]),
        str(session.attrs["session_id"]),
        rule,
        chosen,
        session["unit_id"].values.astype(str),
        passing[0],
        np.where(clear, np.sign(sizes.mean[0]), 0.0),
        sizes.index(),
        sizes.p_value[0],
        _false_share(passing, sizes.p_value[0], rng),
        reliability,
        replication,
    )


def localiser_trials(session: xr.Dataset) -> Mask:
    """Return which trials can choose error cells, (trial,); see `localise`."""
    chosen = np.ones(session.sizes["trial"], dtype=bool)
    if "outcome" not in session.coords or "outcome_onset" not in session.coords:
        return ~chosen
    outcome, stimulus = session["outcome"].values, session["stimulus"].values
    for name, other in (("manipulation", "none"), ("phase", "after")):
        if name in session.coords:
            chosen &= session[name].values == other
    if "localiser" in session.coords and session["localiser"].values.any():
        chosen &= session["localiser"].values
    counts = {
        o: pd.Series(stimulus[chosen & (outcome == o)]).value_counts() for o in OUTCOMES
    }  # fmt: skip
    both = [s for s in np.unique(stimulus) if all(counts[o].get(s, 0) >= 2 for o in OUTCOMES)]
    return np.asarray(chosen & np.isin(outcome, OUTCOMES) & np.isin(stimulus, both))


def _refusal(chosen: Mask, rule: Rule) -> str:
    if not chosen.any():
        return (
            "no stimulus has two trials with an expected and two with an unexpected outcome, "
            "without manipulation, to find error cells by; record them, or label cells by genetics"
        )
    return (
        "too few trials with an outcome were recorded in every unit from before `input_onset` to "
        f"{rule.window[1]:g} s after `outcome_onset`; record that long, or leave out units with "
        "gaps, to find error cells"
    )


def _sizes(
    session: xr.Dataset, chosen: npt.NDArray[np.int64], rule: Rule, rng: np.random.Generator
) -> _Sizes | None:
    """Return contrast and response to the input; None if there are too few complete trials."""
    cells = np.arange(session.sizes["unit"])
    windows = rule.window, (-rule.sustained, 0.0)
    after, sustained = window_means(session, chosen, cells, "outcome_onset", windows)
    (before,) = window_means(session, chosen, cells, "input_onset", (rule.baseline,))
    complete = np.isfinite(after + sustained + before).all(axis=1)
    stimulus = session["stimulus"].values[chosen][complete]
    unexpected = (session["outcome"].values[chosen] == "unexpected")[complete]
    after, sustained, before = (x[complete] for x in (after, sustained, before))
    response = _adjusted(sustained, before, stimulus) - before.mean(axis=0, keepdims=True)
    contrast = _adjusted(after, sustained, stimulus)
    own = {s: stimulus == s for s in np.unique(stimulus)}
    pairs = [(contrast[k & unexpected], contrast[k & ~unexpected]) for k in own.values()]
    pairs = [pair for pair in pairs if min(map(len, pair)) >= 2]
    if not pairs:
        return None
    energies = unit_energies({s: response[k] for s, k in own.items()})
    return _permuted(pairs, energies, rule.permutations, rng)


def _adjusted(x: Array, covariate: Array, stimulus: npt.NDArray[np.str_]) -> Array:
    """Return x less what a covariate explains of it within stimuli, (trial, unit).

    One slope a unit, of all trials whatever their outcome: drift is taken away as by a baseline,
    and where there is none the noise of a short baseline is not added.
    """
    _, number = np.unique(stimulus, return_inverse=True)
    member = (number == np.arange(number.max(initial=-1) + 1)[:, None]).astype(float)
    within = covariate - ((member @ covariate) / member.sum(axis=1, keepdims=True))[number]
    size = (within**2).sum(axis=0)
    slope = np.divide((within * x).sum(axis=0), size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(x - slope * within)


def _permuted(
    pairs: list[tuple[Array, Array]], sustained: Array, count: int, rng: np.random.Generator
) -> _Sizes:
    """Return the sizes with the outcomes as they were, and permuted within stimuli."""
    shape = count + 1, len(sustained)
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
    p_value = stats.rankdata(-np.round(statistic, 9), method="max", axis=0) / (count + 1)
    return _Sizes(p_value, energy, mean, sustained)


def _false_share(
    passing: Mask, p_value: Array, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return the expected share of false labels and its 95 % interval; see `localise`."""
    found = passing[0]
    labels = int(found.sum())
    if not labels:
        return float("nan"), float("nan"), float("nan")
    units = len(found)
    chance = np.where(found, 0.0, passing[1:].mean(axis=0))
    draws = rng.multinomial(units, np.full(units, 1 / units), size=BOOTSTRAPS)
    counts = np.concatenate([np.ones((1, units)), draws])
    others = np.maximum(counts @ ~found, 1)
    empty = np.minimum(1.0, 2 * (counts @ (p_value > 0.5)) / units)
    share = np.clip(empty * units * (counts @ chance) / others, 0, labels) / labels
    false = rng.binomial(labels, share[1:]) / labels
    low, high = np.quantile(false, [0.025, 0.975])
    value = float(share[0])
    return value, min(value, float(low)), max(value, float(high))


def _halves(
    session: xr.Dataset, chosen: Mask, rule: Rule, rng: np.random.Generator
) -> tuple[float, float]:
    """Return split-half reliability of the index, and replication of the labels above chance."""
    part = _parts(session, chosen, 2)
    sizes = [_sizes(session, np.flatnonzero(part == k), rule, rng) for k in (0, 1)]
    if sizes[0] is None or sizes[1] is None:
        return float("nan"), float("nan")
    first, second = (s.index() for s in sizes if s is not None)
    r = float("nan")
    if np.ptp(first) and np.ptp(second):
        r = float(stats.pearsonr(first, second).statistic)
    a, b = (s.passes(rule, s.p_most(rule))[0] for s in sizes if s is not None)
    if not (a.any() and b.any()):
        return 2 * r / (1 + r), float("nan")
    both = (a & b).sum() * (1 / a.sum() + 1 / b.sum()) / 2
    return 2 * r / (1 + r), float(both - (a.mean() + b.mean()) / 2)


def _parts(session: xr.Dataset, chosen: Mask, parts: int) -> npt.NDArray[np.int64]:
    """Deal the chosen trials of each outcome and stimulus in turn to parts; -1 for the others."""
    kinds = pd.DataFrame({name: session[name].values[chosen] for name in ("stimulus", "outcome")})
    part = np.full(len(chosen), -1, dtype=np.int64)
    part[chosen] = kinds.groupby(["stimulus", "outcome"]).cumcount().to_numpy() % parts
    return part


def labelled(session: xr.Dataset, labels: Labels) -> xr.Dataset:
    """Return a session with the labels of a localiser in place of its own.

    Units that are not called error cells get the role ``"unknown"``: a localiser that does not
    find a cell does not say what it is. The trials that chose are marked by `localiser`, so that
    no claim is tested on them; if they lie in another session of the animal, the attribute
    ``localiser_session`` names it.

    Parameters
    ----------
    session
        The session that was localised, or another one of the same animal.
    labels
        From `localise`.

    Raises
    ------
    ValueError
        If the labels are of another animal, or name none of the units.
    """
    if str(session.attrs["animal"]) != labels.animal:
        raise ValueError(
            f"the labels are of animal {labels.animal!r}, the session of "
            f"{session.attrs['animal']!r}; localise each animal by its own trials"
        )
    place = {name: k for k, name in enumerate(labels.unit_id.tolist())}
    row = np.array([place.get(str(name), -1) for name in session["unit_id"].values])
    if (row < 0).all():
        raise ValueError("the labels name no unit of the session; give `unit_id` as in the other")
    error = (row >= 0) & labels.error[row]
    sign = np.where(error, labels.error_sign[row], 0.0)
    value, low, high = labels.false_share
    made = session.assign_coords(
        role=("unit", np.where(error, "error", "unknown")),
        error_sign=("unit", sign, _attrs("error_sign")),
        label_source=("unit", np.full(len(row), "localiser"), _attrs("label_source")),
        label_error=("unit", np.where(error, value, np.nan), _attrs("label_error")),
    )
    made["label_error"].attrs["source"] = str(labels)
    if error.any():
        made["label_error"].attrs |= {"low": low, "high": high}
    if str(session.attrs["session_id"]) == labels.session_id:
        return made.assign_coords(localiser=("trial", labels.trials, _attrs("localiser")))
    return made.assign_attrs(localiser_session=labels.session_id)


def _attrs(name: str) -> dict[str, str]:
    field = FIELDS[name]
    return {"long_name": field.long_name} | ({"units": field.units[0]} if field.units else {})


def cross_fitted(
    session: xr.Dataset, rng: np.random.Generator, folds: int = 2, rule: Rule | None = None
) -> tuple[xr.Dataset, ...]:
    """Return a session once for each fold, its error cells found by the trials of the others.

    Only the trials that can choose are dealt to folds, evenly over stimuli and outcomes; in each
    session those of the other folds are marked by `localiser` and test nothing. All other
    trials (novel input, laser, learning) chose nothing and may test in every fold. The judge
    averages the sessions of an animal.

    Parameters
    ----------
    session
        A session without marked localiser trials.
    rng, rule
        As in `localise`.
    folds
        How many, at least 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 folds, or localiser trials are marked already, or too few.
    """
    if folds < 2:
        raise ValueError(f"folds is {folds}; give 2 or more, one tests what the others chose")
    if "localiser" in session.coords and session["localiser"].values.any():
        raise ValueError(
            "`localiser` marks trials already; label by them, with labelled(session, "
            "localise(session, rng)), and test on all others"
        )
    part = _parts(session, localiser_trials(session), folds)
    made = []
    for fold in range(folds):
        own = session.assign_coords(localiser=("trial", (part >= 0) & (part != fold)))
        name = f"{session.attrs['session_id']}, fold {fold + 1} of {folds}"
        own = own.assign_attrs(session_id=name)
        made.append(labelled(own, localise(own, rng, rule)))
    return tuple(made)


def labelled_by_localiser(session: xr.Dataset, rng: np.random.Generator) -> tuple[xr.Dataset, ...]:
    """Return a session labelled by its marked localiser trials, cross-fitted if there are none.

    Raises
    ------
    ValueError
        If there are too few trials to choose by.
    """
    if "localiser" in session.coords and session["localiser"].values.any():
        return (labelled(session, localise(session, rng)),)
    return cross_fitted(session, rng)
