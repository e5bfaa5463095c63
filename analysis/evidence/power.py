"""How large an experiment must be for its verdict to be right, and which part of it buys most.

A verdict is right if the true theory leads those that stay, and no theory leads that the richest
design could tell from it (`recovery.verdicts`). Everything here works on tables of such verdicts.

A recording is weighed by what it shows a response to, and by nothing else: so is each virtual
experiment. Whoever takes all features of all of them promises of a small design what its
recordings do not keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import lsq_linear

from errorneurons.analysis.evidence.classifiers import CANDIDATES, Candidate
from errorneurons.analysis.evidence.comparison import Comparison, compare
from errorneurons.analysis.evidence.recovery import share, verdicts
from errorneurons.analysis.statistics import Floats

SIZE = ("animals", "cells", "trials")
_POINTS = (*SIZE, "right", "low", "high", "smooth", "count")
MOST_SETS = 8
"""Sets of features by which experiments of a design are weighed: the most frequent; others count as
the nearest of these.
"""


def probability_right(table: pd.DataFrame) -> pd.DataFrame:
    """Return the probability of the right verdict at each design.

    Parameters
    ----------
    table
        One row a virtual experiment: ``animals``, ``cells``, ``trials``, ``theory``, ``world`` and
        ``right``, see `recovery.verdicts`.

    Returns
    -------
        One row a design, by size: ``right`` with its 95 % interval ``low``, ``high`` (worlds as
        clusters, theories alike), ``smooth`` (see `monotone`), and ``count``.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    missing = [name for name in (*SIZE, "theory", "world", "right") if name not in table]
    if missing or table.empty:
        raise ValueError(f"power needs verdicts; missing: {', '.join(missing) or 'every row'}")
    rows = []
    for size, own in table.groupby(list(SIZE)):
        found = share(own["right"], own["theory"], own["world"])
        rows.append((*size, found.value, found.low, found.high, np.nan, len(own)))
    points = pd.DataFrame(rows, columns=list(_POINTS))
    return points.assign(smooth=monotone(points))


def as_weighed(
    whole: Comparison, classes: Sequence[Sequence[str]], seed: np.random.SeedSequence
) -> pd.DataFrame:
    """Return whether the verdict on each virtual experiment is right, weighed as recordings are.

    Parameters
    ----------
    whole
        The theories compared on one design, by all features.
    classes
        Theories that a right verdict need not tell apart.
    seed
        Of the comparisons by some of the features, the seed of `whole`.

    Returns
    -------
        Columns ``theory``, ``world`` and ``right``, as in `recovery.verdicts`, each by the features
        that `Experiments.weighed` says. By none of them every theory stays.
    """
    experiments = whole.experiments
    found = verdicts(whole, classes)[["theory", "world", "right"]]
    if experiments.weighed is None:
        return found
    right, names = found["right"].to_numpy(copy=True), np.array(experiments.features)
    for those, kept in _weighed_alike(experiments.weighed):
        if not kept.any():
            right[those] = len(classes) == 1
        elif not kept.all():
            some = experiments.columns(tuple(names[kept].tolist()))
            part = compare(some, seed, _same_kind(whole))
            right[those] = verdicts(part, classes)["right"].to_numpy()[those]
    return found.assign(right=right)


def _weighed_alike(
    weighed: npt.NDArray[np.bool_],
) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Yield which experiments are weighed by the same features, and by which."""
    sets, number, counts = np.unique(weighed, axis=0, return_inverse=True, return_counts=True)
    common = sets[np.argsort(-counts, kind="stable")[:MOST_SETS]]
    nearest = (sets[:, None] != common).sum(axis=2).argmin(axis=1)[number.ravel()]
    for at, kept in enumerate(common):
        yield nearest == at, kept


def _same_kind(whole: Comparison) -> tuple[Candidate, ...]:
    """Return the kind of classifier that was chosen for a comparison."""
    return tuple(one for one in CANDIDATES if one.name == whole.fitted.name)


def monotone(points: pd.DataFrame) -> Floats:
    """Return the probabilities, smoothed so that a larger design is never the worse one.

    Parameters
    ----------
    points
        ``animals``, ``cells``, ``trials``, ``right``.

    Returns
    -------
        (design,), the nearest values (least squares) that do not fall where no size falls.

    Notes
    -----
    The projection of y on the cone A x >= 0 is y + A' l, with the l >= 0 that minimises |y + A' l|
    (Moreau).
    """
    size, y = points[list(SIZE)].to_numpy(float), points["right"].to_numpy(float)
    below = (size[:, None, :] <= size[None, :, :]).all(axis=2) & ~np.eye(len(y), dtype=bool)
    lower, upper = np.nonzero(below & ~(below @ below))  # neighbours: the others follow
    if not len(lower):
        return y
    order = np.zeros((len(lower), len(y)))
    order[np.arange(len(lower)), upper] = 1.0
    order[np.arange(len(lower)), lower] = -1.0
    weight = lsq_linear(order.T, -y, (0, np.inf), method="bvls", max_iter=1000).x
    return np.asarray(np.clip(y + order.T @ weight, 0.0, 1.0))


def smallest_design(points: pd.DataFrame, target: float) -> dict[str, float] | None:
    """Return the smallest design whose smoothed probability reaches a target.

    Parameters
    ----------
    points
        See `probability_right`.
    target
        For example .8 or .95.

    Returns
    -------
        The row as a dictionary: fewest animals first, then fewest cells x trials, then fewest
        cells. None if no design that was simulated reaches the target.
    """
    enough = points[points["smooth"] >= target - 1e-9].copy()
    if enough.empty:
        return None
    enough["recorded"] = enough["cells"] * enough["trials"]
    first = enough.sort_values(["animals", "recorded", "cells"]).iloc[0]
    return {name: float(first[name]) for name in _POINTS}


def gains(
    whole: Comparison,
    groups: Mapping[str, Sequence[str]],
    animals: int,
    seed: np.random.SeedSequence,
    classes: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return what each claim or manipulation adds to the probability of the right verdict.

    Parameters
    ----------
    whole
        The theories compared on one design, by all features.
    groups
        Claim or manipulation -> its features. A feature of several is lost with any of them.
    animals
        Of the design.
    seed
        Of the comparisons by some of the features, the seed of `whole`: other folds, other figures.
        They are by the kind of classifier that was chosen for `whole`.
    classes
        Theories that a right verdict need not tell apart; default those that all features together
        cannot tell apart.

    Returns
    -------
        One row a group (index), the dearest to lose first. Probabilities of the right verdict:
        ``everything`` (all features), ``without`` (all but its own), ``ungrouped`` (those that no
        group has), ``alone`` (those and its own). Gains: ``lost`` (everything - without) and
        ``added`` (alone - ungrouped), and both per animal: ``lost_per_animal``,
        ``added_per_animal``.

    Raises
    ------
    ValueError
        If a group has a feature that the experiments have not, there is no group, or no animal.
    """
    experiments = whole.experiments
    unknown = sorted({n for own in groups.values() for n in own} - set(experiments.features))
    if unknown:
        raise ValueError(f"no virtual experiment has the features {', '.join(unknown)}")
    if not groups or animals < 1:
        raise ValueError("gains need a claim or manipulation, and an animal, or more")
    names = np.array(experiments.features)
    alike = whole.classes if classes is None else classes

    def right(kept: npt.NDArray[np.bool_]) -> float:
        features = tuple(names[kept].tolist())
        if not features:  # Nothing to go by: every theory stays.
            return float(len(alike) == 1)
        same = features == experiments.features
        part = whole if same else compare(experiments.columns(features), seed, _same_kind(whole))
        table = as_weighed(part, alike, seed)
        return share(table["right"], table["theory"], table["world"]).value

    owns = {group: np.isin(names, list(own)) for group, own in groups.items()}
    free = ~np.any(list(owns.values()), axis=0)
    everything, ungrouped = right(np.ones(len(names), dtype=bool)), right(free)
    rows = [(everything, right(~own), ungrouped, right(own | free)) for own in owns.values()]
    columns = ["everything", "without", "ungrouped", "alone"]
    found = pd.DataFrame(rows, index=list(owns), columns=columns, dtype=float)
    found["lost"] = found["everything"] - found["without"]
    found["added"] = found["alone"] - found["ungrouped"]
    found["lost_per_animal"] = found["lost"] / animals
    found["added_per_animal"] = found["added"] / animals
    return found.sort_values(["lost", "added"], ascending=False)
