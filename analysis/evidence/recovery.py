"""How good a comparison of theories is on a design: measured on held-out virtual experiments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from errorneurons.analysis.evidence.comparison import Comparison, Judged, same_class
from errorneurons.analysis.statistics import Interval

ONE, CLASS, SEVERAL, NONE = "one theory", "one class", "several", "none of these"
"""What a verdict can be: a set of one theory; of several that this design can never tell apart; of
theories that it could have told apart; empty."""
BINS = 10


def kinds(comparison: Comparison, judged: Judged) -> tuple[str, ...]:
    """Return (experiment,) what each verdict is: `ONE`, `CLASS`, `SEVERAL` or `NONE`."""
    size = judged.kept.sum(axis=1)
    spanned = classes_kept(comparison, judged).sum(axis=1)
    return tuple(
        NONE if not n else ONE if n == 1 else CLASS if c == 1 else SEVERAL
        for n, c in zip(size, spanned, strict=True)
    )


def classes_kept(comparison: Comparison, judged: Judged) -> npt.NDArray[np.bool_]:
    """Return (experiment, class): whether the set has a theory of the class."""
    return _by_class(comparison, judged.kept)


def _by_class(comparison: Comparison, theories: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return (experiment, class): whether a theory of the class is among some of them."""
    columns = [[name in members for name in comparison.theories] for members in comparison.classes]
    return np.column_stack([theories[:, own].any(axis=1) for own in np.array(columns)])


def verdicts(
    comparison: Comparison, classes: Sequence[Sequence[str]] | None = None
) -> pd.DataFrame:
    """Return one row a virtual experiment: what held-out models said, and whether it was right.

    Parameters
    ----------
    comparison
        With its held-out experiments.
    classes
        Theories that a right verdict need not tell apart; default: those that this design cannot.
        Give the classes of the richest design to compare designs: a poor one that can tell nothing
        apart has a single class, and any verdict would be right.

    Returns
    -------
        Columns ``theory`` and ``world`` (the truth), ``most_probable``, ``posterior`` (of the most
        probable), ``kind`` (see `kinds`), ``contains`` (the true theory is in the set), ``inside``
        (something leads, and nothing outside the true theory's equivalence class does), ``alone``
        (nothing outside it even stays), ``right`` (the true theory leads, and ``inside``).
    """
    judged, experiments = comparison.held_out, comparison.experiments
    label, kept, leading = experiments.label, judged.kept, judged.leading
    first, place = judged.posterior.argmax(axis=1), np.arange(len(label))
    member = same_class(comparison.theories, classes or comparison.classes)
    some, strange = kept.any(axis=1), ~member[label]
    inside = some & ~(leading & strange).any(axis=1)
    return pd.DataFrame(
        {
            "theory": experiments.theory,
            "world": experiments.world,
            "most_probable": np.array(comparison.theories)[first],
            "posterior": judged.posterior.max(axis=1),
            "kind": kinds(comparison, judged),
            "contains": kept[place, label],
            "inside": inside,
            "alone": some & ~(kept & strange).any(axis=1),
            "right": leading[place, label] & inside,
        }
    )


def recovery(comparison: Comparison) -> pd.DataFrame:
    """Return true theory (rows) x most probable theory (columns), shares of each row."""
    table = verdicts(comparison)
    names = list(comparison.theories)
    counts = pd.crosstab(table["theory"], table["most_probable"], normalize="index")
    return counts.reindex(index=names, columns=names, fill_value=0.0)


def share_in_set(comparison: Comparison) -> pd.DataFrame:
    """Return true theory (rows) x theory (columns): how often the set has it.

    The diagonal is the coverage of the set, theory by theory.
    """
    names, label = list(comparison.theories), comparison.experiments.label
    rows = [comparison.held_out.kept[label == at].mean(axis=0) for at in range(len(names))]
    return pd.DataFrame(np.array(rows), index=names, columns=names)


def calibration_curve(comparison: Comparison) -> pd.DataFrame:
    """Return how often the most probable theory is the true one, by its posterior.

    Returns
    -------
        One row a tenth of the posterior that occurs: ``said`` (mean posterior), ``found`` (share
        that is right), ``low``, ``high`` (95 % interval of it, worlds as clusters), ``count``.
    """
    table = verdicts(comparison)
    table["found"] = table["most_probable"] == table["theory"]
    bins = np.minimum((table["posterior"] * BINS).astype(int), BINS - 1)
    rows = []
    for _, own in table.groupby(bins):
        found = share(own["found"], own["theory"], own["world"], np.ones(len(own)))
        rows.append((own["posterior"].mean(), found.value, found.low, found.high, len(own)))
    return pd.DataFrame(rows, columns=["said", "found", "low", "high", "count"])


def calibration_error(curve: pd.DataFrame) -> float:
    """Return the expected calibration error: the mean distance of said and found, by count."""
    return float(np.average((curve["said"] - curve["found"]).abs(), weights=curve["count"]))


def share(
    right: Sequence[bool] | pd.Series,
    theory: Sequence[str] | pd.Series,
    world: Sequence[int] | pd.Series,
    weight: npt.ArrayLike | None = None,
) -> Interval:
    """Return a share with its Wilson interval, worlds as clusters.

    Parameters
    ----------
    right
        (experiment,).
    theory, world
        (experiment,), the truth. Experiments of one world are alike, so they count for fewer: the
        number of experiments in the Wilson interval is the one whose binomial variance is the
        variance found between worlds, at least the number of worlds (all that is known if every
        verdict is right), at most that of experiments.
    weight
        (experiment,); default: every theory has the same.

    Raises
    ------
    ValueError
        Without an experiment.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24: effective sample size of clustered data.
    """
    from statsmodels.stats.proportion import proportion_confint

    table = pd.DataFrame({"right": np.asarray(right, float), "theory": theory, "world": world})
    if table.empty:
        raise ValueError("a share needs one experiment or more, there are none")
    alike = 1.0 / table.groupby("theory")["right"].transform("size").to_numpy()
    table["weight"] = alike if weight is None else np.asarray(weight, dtype=float)
    table["weight"] /= table["weight"].sum()
    # Rounded: a share of one must be one for its variance to be nothing.
    value = round(float((table["weight"] * table["right"]).sum()), 12)
    table["off"] = table["weight"] * (table["right"] - value)
    clusters = table.groupby(["theory", "world"])["off"].sum()
    variance = float((clusters**2).sum()) * len(clusters) / max(1, len(clusters) - 1)
    found = value * (1 - value) / variance if variance > 0 else 0.0
    count = float(np.clip(found, len(clusters), len(table)))
    low, high = proportion_confint(value * count, count, method="wilson")
    return Interval(value, float(low), float(high), "95 % Wilson interval, worlds as clusters")


def same_verdicts(comparison: Comparison, judged: Judged) -> npt.NDArray[np.bool_]:
    """Return (experiment,): in which held-out experiments the same classes lead as in one judged.

    Parameters
    ----------
    comparison
        With its held-out experiments.
    judged
        Of one experiment.
    """
    wanted = _by_class(comparison, judged.leading)[0]
    found = _by_class(comparison, comparison.held_out.leading)
    return np.asarray((found == wanted).all(axis=1))
