"""Labels of error cells from an independent localiser, and the share of them that is false.

Localiser trials are expected and unexpected outcomes after the same stimuli, without
manipulation. A unit is called an error cell if

1. its response differs between unexpected and expected outcomes: p of the contrast, after
   Benjamini-Hochberg over the units of the session, is at most the level;
2. the contrast is larger than the response without error by a factor: in terms of the error
   modulation index, M > (factor - 1) / (factor + 1).

The response without error is read after the expected outcome, not at the onset of the input: the
claim that error cells are silent at the onset of novel input is not decided by how they are chosen.

What a localiser cannot see: a cell that signals no error but responds to unexpected outcomes more
than to its input counts as an error cell, and no statistic of the same trials tells. Trials that
chose the units never test a claim; `cross_fitted` lets each half test what the others chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used
import xarray as xr

from errorneurons.analysis.measures.modulation import Mask, modulation
from errorneurons.analysis.measures.modulation import Rule as Rule
from errorneurons.analysis.session.schema import FIELDS
from errorneurons.analysis.statistics import Floats

OUTCOMES = ("expected", "unexpected")
BOOTSTRAPS = 1000
FOLD = ", fold "
"""What comes between the name of a session and the number of its fold."""


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
    error_sign: Floats
    score: Floats
    p_value: Floats
    false_share: tuple[float, float, float]
    reliability: float
    replication: float

    def __str__(self) -> str:
        """Say how the labels came about."""
        return (
            f"localiser of {int(self.trials.sum())} trials, Benjamini-Hochberg level "
            f"{self.rule.level:g}, contrast above {self.rule.factor:g} times the response "
            f"without error; split-half reliability {self.reliability:.2f}, replication above "
            f"chance {self.replication:.2f}"
        )


def localise(session: xr.Dataset, rng: np.random.Generator, rule: Rule | None = None) -> Labels:
    """Find the error cells of a session by its localiser trials.

    The share of false labels is estimated as expected false labels over labels. Expected are
    pi_0 n q: of n units, the share pi_0 without any contrast (Storey: twice the share of p above
    one half) times the chance q of such a unit to pass both rules, which permuted outcomes show on
    the units that were not called error cells. The interval is predictive: the units are drawn
    anew with replacement, and of the labels found as many are false as chance has it. It assumes
    that units err independently, and that a unit either has no contrast or is an error cell.
    A contrast that is real but no error (arousal, an output clamped to its target, a
    representation that follows the outcome) is not counted as false: see ``docs/labelling.md``.

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
    sizes = modulation(session, np.flatnonzero(chosen), rule, rng)
    if sizes is None:
        raise ValueError(
            "too few trials with an outcome were recorded in every unit from before `input_onset` "
            f"to {rule.window[1]:g} s after `outcome_onset`; record that long, or leave out units "
            "with gaps, to find error cells"
        )
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
    """Return which trials can choose error cells, (trial,); see `localise`.

    Raises
    ------
    ValueError
        If there are none.
    """
    refusal = (
        "no stimulus has two trials with an expected and two with an unexpected outcome, without "
        "manipulation, to find error cells by; record them, or label cells by genetics"
    )
    if "outcome" not in session.coords or "outcome_onset" not in session.coords:
        raise ValueError(refusal)
    outcome, stimulus = session["outcome"].values, session["stimulus"].values
    chosen = np.isin(outcome, OUTCOMES)
    for name, value in (("manipulation", "none"), ("phase", "after")):
        if name in session.coords:
            chosen &= session[name].values == value
    if "localiser" in session.coords and session["localiser"].values.any():
        chosen &= session["localiser"].values
    counts = {o: pd.Series(stimulus[chosen & (outcome == o)]).value_counts() for o in OUTCOMES}
    both = [s for s in np.unique(stimulus) if all(counts[o].get(s, 0) >= 2 for o in OUTCOMES)]
    if not both:
        raise ValueError(refusal)
    return np.asarray(chosen & np.isin(stimulus, both))


def _false_share(
    passing: Mask, p_value: Floats, rng: np.random.Generator
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
    one, other = (modulation(session, np.flatnonzero(part == k), rule, rng) for k in (0, 1))
    if one is None or other is None:
        return float("nan"), float("nan")
    reliability = float("nan")
    if np.ptp(one.index()) and np.ptp(other.index()):
        r = float(scipy.stats.pearsonr(one.index(), other.index()).statistic)
        reliability = 2 * r / (1 + r)
    a, b = (half.passes(rule, half.p_most(rule))[0] for half in (one, other))
    if not (a.any() and b.any()):
        return reliability, float("nan")
    both = (a & b).sum() * (1 / a.sum() + 1 / b.sum()) / 2
    return reliability, float(both - (a.mean() + b.mean()) / 2)


def _parts(session: xr.Dataset, chosen: Mask, parts: int) -> npt.NDArray[np.int64]:
    """Deal the chosen trials of each outcome and stimulus in turn to parts; -1 for the others."""
    kinds = pd.DataFrame({name: session[name].values[chosen] for name in ("stimulus", "outcome")})
    part = np.full(len(chosen), -1, dtype=np.int64)
    part[chosen] = kinds.groupby(["stimulus", "outcome"]).cumcount().to_numpy() % parts
    return part


def with_labels(session: xr.Dataset, labels: Labels) -> xr.Dataset:
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
        marked = session["localiser"].values if "localiser" in session.coords else False
        return made.assign_coords(localiser=("trial", labels.trials | marked, _attrs("localiser")))
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
        name = f"{session.attrs['session_id']}{FOLD}{fold + 1} of {folds}"
        own = own.assign_attrs(session_id=name)
        made.append(with_labels(own, localise(own, rng, rule)))
    return tuple(made)


def labelled_by_localiser(session: xr.Dataset, rng: np.random.Generator) -> tuple[xr.Dataset, ...]:
    """Return a session labelled by its marked localiser trials, cross-fitted if there are none.

    Raises
    ------
    ValueError
        If there are too few trials to choose by.
    """
    if "localiser" in session.coords and session["localiser"].values.any():
        return (with_labels(session, localise(session, rng)),)
    return cross_fitted(session, rng)
