"""What a verdict hangs on: single claims, the list of theories, and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from errorneurons.analysis.evidence.classifiers import CANDIDATES, Candidate
from errorneurons.analysis.evidence.comparison import Comparison, Judged, compare
from errorneurons.analysis.evidence.experiments import Experiments
from errorneurons.analysis.statistics import Floats

Strained = Mapping[tuple[str, str], Floats]
"""(what is other than assumed, true theory) -> virtual experiments, (experiment, feature)."""
ASSUMED = "as assumed"


def leave_one_claim_out(
    experiments: Experiments,
    values: Floats,
    seed: np.random.SeedSequence,
    claims: Mapping[str, Sequence[str]],
    candidates: Sequence[Candidate] = CANDIDATES,
) -> pd.DataFrame:
    """Return what a recording says without each claim in turn.

    Parameters
    ----------
    experiments, values
        Virtual experiments, and (feature,) the recording.
    seed
        As in `weigh`.
    claims
        Claim -> its features.
    candidates
        Kinds of classifiers to choose from.

    Returns
    -------
        One row a claim and theory: ``left_out`` (empty: nothing, to compare with; it has the same
        number of experiments), ``theory``, ``posterior``, ``p``, ``kept``. A claim without which
        nothing is left has no rows.
    """
    rows = []
    for claim, own in {"": (), **claims}.items():
        features = tuple(name for name in experiments.features if name not in own)
        if features:
            comparison = compare(experiments.columns(features), seed, candidates)
            place = [experiments.features.index(name) for name in features]
            judged = comparison.judge(values[place])
            for at, theory in enumerate(comparison.theories):
                row = (claim, theory, judged.posterior[0, at], judged.p[0, at], judged.kept[0, at])
                rows.append(row)
    return pd.DataFrame(rows, columns=["left_out", "theory", "posterior", "p", "kept"])


def leave_one_theory_out(
    experiments: Experiments,
    seed: np.random.SeedSequence,
    classes: Sequence[Sequence[str]],
    candidates: Sequence[Candidate] = CANDIDATES,
) -> pd.DataFrame:
    """Return what is said of the experiments of each theory when it is not on the list.

    Parameters
    ----------
    experiments, seed, candidates
        As in `weigh`.
    classes
        Theories that the design cannot tell apart.

    Returns
    -------
        One row a theory (index): ``none`` (share of its experiments for which the set is empty,
        the right answer), ``class`` (only theories that cannot be told from it lead, as good an
        answer), ``other`` (the rest). With two theories there is no list to be off: empty.
    """
    names = experiments.theories if len(experiments.theories) > 2 else ()
    rows = []
    for name in names:
        comparison = compare(experiments.without(name), seed, candidates)
        judged = comparison.judge(experiments.values[np.asarray(experiments.theory) == name])
        some = judged.kept.any(axis=1)
        mates = next(set(members) for members in classes if name in members)
        strange = np.array([other not in mates for other in comparison.theories])
        none = float((~some).mean())
        same = float((some & ~judged.leading[:, strange].any(axis=1)).mean())
        rows.append((none, same, 1 - none - same))
    return pd.DataFrame(rows, index=list(names), columns=["none", "class", "other"], dtype=float)


def misspecified(comparison: Comparison, strained: Strained) -> pd.DataFrame:
    """Return what is said of experiments in which something is other than assumed.

    Parameters
    ----------
    comparison
        Fitted to experiments in which all is as assumed.
    strained
        The experiments to be judged, with the features of the comparison.

    Returns
    -------
        One row a condition and theory, the held-out experiments `ASSUMED` first: ``what``,
        ``theory``, ``stays`` (share of the experiments whose set has the true theory), ``inside``
        (something leads, all of its class), ``none`` (the set is empty), ``experiments``.
    """
    truth = np.asarray(comparison.experiments.theory)
    held_out = comparison.held_out
    own = {name: held_out.rows(truth == name) for name in comparison.theories}
    judged = {(ASSUMED, name): found for name, found in own.items()}
    judged |= {key: comparison.judge(values) for key, values in strained.items()}
    rows = [(*key, *_said(comparison, key[1], found)) for key, found in judged.items()]
    columns = ["what", "theory", "stays", "inside", "none", "experiments"]
    return pd.DataFrame(rows, columns=columns)


def _said(comparison: Comparison, theory: str, found: Judged) -> tuple[float, float, float, int]:
    at = comparison.theories.index(theory)
    some = found.kept.any(axis=1)
    strange = found.leading[:, ~comparison.member[at]].any(axis=1)
    return (
        float(found.kept[:, at].mean()), float((some & ~strange).mean()),
        float((~some).mean()), len(found.kept),
    )  # fmt: skip
