"""Weigh a recording between theories: probabilities, the set that stays, and how far to trust both.

The verdict is the set: the theories that could have given this recording, each by the rank of the
recording among its own held-out virtual experiments (`membership`), whoever else is listed. The
posterior says which of the theories *on the list* is the most probable; it cannot say that none of
them is right. Of the set, those lead that no other in it clearly exceeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from errorneurons.analysis.evidence.classifiers import CANDIDATES, THINNED, Candidate
from errorneurons.analysis.evidence.comparison import Comparison, Judged, compare
from errorneurons.analysis.evidence.experiments import Experiments
from errorneurons.analysis.evidence.recovery import (
    NONE,
    calibration_curve,
    calibration_error,
    kinds,
    recovery,
    same_verdicts,
    share,
    share_in_set,
    verdicts,
)
from errorneurons.analysis.evidence.robustness import (
    Strained,
    leave_one_claim_out,
    leave_one_theory_out,
    misspecified,
)
from errorneurons.analysis.statistics import Floats, Interval


@dataclass(frozen=True)
class Evidence:
    """What a recording says of the theories, and how good a verdict of this kind is.

    Attributes
    ----------
    posterior
        Probability of each theory, given that one of them is right; each was as probable before.
        Another list gives other probabilities.
    p
        Monte-Carlo p of each theory: could it have given this? The smaller of two ranks, of the
        recording as a whole and of the largest deviation in a claim's own effect, each of which
        leaves the true theory out once in twenty at most. By its own worlds alone: the same
        whatever else is listed, as long as the same features are weighed.
    kept
        The set: theories with p > .05.
    leading
        Those of the set that no other of it is `comparison.CLEARLY` times as probable as; theories
        of a class share their probability.
    kind
        ``"one theory"``, ``"one class"`` (several that this design can never tell apart),
        ``"several"`` (that it could have told apart), ``"none of these"``.
    classes
        Theories that this design can never tell apart, together.
    features, dropped
        What was weighed; and what was not, with the reason, for all theories alike.
    trust
        How often a verdict with this outcome is right: of the virtual experiments in which the
        same classes lead, the share whose true theory leads; theories alike. NaN if there is none,
        and for "none of these", which no virtual experiment can be right about: there, see
        `false_alarms` and `off_list`.
    trust_count
        How many virtual experiments that is.
    table
        One row a held-out virtual experiment, see `recovery.verdicts`.
    recovery, share_in_set
        True theory (rows) x most probable theory, and x theory in the set (columns), shares.
    calibration, calibration_error
        See `recovery.calibration_curve`; and the expected calibration error.
    left_out
        What the recording says without each claim in turn, see `leave_one_claim_out`.
    off_list
        What is said of a theory that is not on the list, see `leave_one_theory_out`.
    misspecified
        What is said where something is other than assumed, see `robustness.misspecified`.
    false_alarms
        By true theory, how often the set is empty though the theory is on the list.
    classifier, classifiers
        The one chosen, and the held-out log score of each [nats].
    worlds
        By theory, worlds that were simulated; below 32 no theory can be left out of the set.
    """

    posterior: dict[str, float]
    p: dict[str, float]
    kept: tuple[str, ...]
    leading: tuple[str, ...]
    kind: str
    classes: tuple[tuple[str, ...], ...]
    features: tuple[str, ...]
    dropped: dict[str, str]
    trust: Interval
    trust_count: int
    table: pd.DataFrame
    recovery: pd.DataFrame
    share_in_set: pd.DataFrame
    calibration: pd.DataFrame
    calibration_error: float
    left_out: pd.DataFrame
    off_list: pd.DataFrame
    misspecified: pd.DataFrame
    false_alarms: dict[str, float]
    classifier: str
    classifiers: dict[str, float]
    worlds: dict[str, int]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a theory, those that stay first.

        Returns
        -------
        DataFrame
            ``theory``, its ``posterior``, missing if it is ruled out, and ``p``, whether it is
            ``kept`` in the set and one of those ``leading`` it, what it can never be told from on
            this design (``alike``), and the ``worlds`` that were simulated.
        """
        rows = [
            {
                "theory": name,
                "posterior": self.posterior[name],
                "p": self.p[name],
                "kept": name in self.kept,
                "leading": name in self.leading,
                "alike": ", ".join(n for own in self.classes if name in own for n in own
                                   if n != name),
                "worlds": self.worlds[name],
            }
            for name in self.posterior
        ]  # fmt: skip
        table = pd.DataFrame(rows).sort_values(["kept", "posterior"], ascending=False)
        table["posterior"] = table["posterior"].where(table["kept"])
        return table.reset_index(drop=True)

    def to_xarray(self) -> xr.Dataset:
        """Return the same by theory, with what is said of all of them as attributes.

        Returns
        -------
        Dataset
            Dims ``(theory,)``; attributes ``kind``, ``classifier``, and ``trust`` with its
            interval, ``trust_low`` to ``trust_high``, over ``trust_count`` virtual experiments.
        """
        trust = {"trust": self.trust.value, "trust_low": self.trust.low,
                 "trust_high": self.trust.high, "trust_count": self.trust_count}  # fmt: skip
        table = self.to_dataframe().set_index("theory").to_xarray()
        return table.assign_attrs(kind=self.kind, classifier=self.classifier, **trust)

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it, below what it comes to."""
        led = escape(", ".join(self.leading)) or "no theory on the list"
        table = self.to_dataframe().to_html(index=False, na_rep="–")
        return f"<p>{escape(self.kind)}: {led}</p>{table}"


def weigh(
    experiments: Experiments,
    recording: Mapping[str, float],
    seed: np.random.SeedSequence,
    claims: Mapping[str, Sequence[str]] | None = None,
    candidates: Sequence[Candidate] = CANDIDATES,
    strained: Strained | None = None,
    set_aside: Mapping[str, str] | None = None,
) -> Evidence:
    """Weigh a recording between the theories of virtual experiments on its own design.

    Parameters
    ----------
    experiments
        At least two theories; 1,000 experiments of each in 100 worlds are advised.
    recording
        Feature -> value; NaN, or no entry, = not testable in this recording.
    seed
        Of the division into folds and of classifiers that draw.
    claims
        Claim -> its features, to leave out together; default: every feature is left out by itself.
    candidates
        Kinds of classifiers to choose from, from simple to complex.
    strained
        Experiments in which something is other than assumed, with all features of `experiments`.
    set_aside
        Feature -> why it is not weighed, whatever its value.

    Raises
    ------
    ValueError
        If the recording has a feature that the experiments have not, a value outside [-1, 1], or
        nothing that both can test.
    """
    dropped = {**(set_aside or {}), **untestable(experiments, recording)}
    features = _features_left(experiments, dropped)
    tested, values = experiments.columns(features), np.array([recording[n] for n in features])
    comparison = compare(tested, seed, candidates)
    judged = comparison.judge(values[None])
    table, curve = verdicts(comparison), calibration_curve(comparison)
    trust, count = _trust(comparison, judged, table)
    chosen = tuple(one for one in candidates if one.name == comparison.fitted.name)
    thin = tested.thinned(THINNED)  # the same fits, many times
    by_claim = _claims_tested(claims or {name: (name,) for name in features}, features)
    return Evidence(
        posterior=_by_theory(comparison, judged.posterior[0]),
        p=_by_theory(comparison, judged.p[0]),
        kept=_named(comparison, judged.kept[0]),
        leading=_named(comparison, judged.leading[0]),
        kind=kinds(comparison, judged)[0],
        classes=comparison.classes,
        features=features,
        dropped=dropped,
        trust=trust,
        trust_count=count,
        table=table,
        recovery=recovery(comparison),
        share_in_set=share_in_set(comparison),
        calibration=curve,
        calibration_error=calibration_error(curve),
        left_out=leave_one_claim_out(thin, values, seed, by_claim, chosen),
        off_list=leave_one_theory_out(thin, seed, comparison.classes, chosen),
        misspecified=misspecified(comparison, _columns(strained or {}, experiments, features)),
        false_alarms=false_alarms(table),
        classifier=comparison.fitted.name,
        classifiers=comparison.classifiers,
        worlds={str(name): n for name, n in table.groupby("theory")["world"].nunique().items()},
    )


def _features_left(experiments: Experiments, dropped: Mapping[str, str]) -> tuple[str, ...]:
    """Return the features that are weighed; it refuses if there is none."""
    features = tuple(name for name in experiments.features if name not in dropped)
    if not features:
        raise ValueError(
            "nothing can be weighed: no claim is testable both in the recording and in the virtual"
            f" experiments ({'; '.join(f'{name}: {why}' for name, why in dropped.items())})"
        )
    return features


def untestable(experiments: Experiments, recording: Mapping[str, float]) -> dict[str, str]:
    """Return the features that are dropped for all theories alike, each with its reason.

    Raises
    ------
    ValueError
        If the recording has a feature that the experiments have not, or a value outside [-1, 1].
    """
    for name, value in recording.items():
        if name not in experiments.features:
            known = ", ".join(experiments.features)
            raise ValueError(f"the recording has {name!r}, the virtual experiments only {known}")
        if abs(value) > 1:
            raise ValueError(
                f"{name!r} is {value:g} in the recording; give a bounded index in [-1, 1] or a bit"
            )
    dropped = {}
    for name, column in zip(experiments.features, experiments.values.T, strict=True):
        if np.isnan(recording.get(name, np.nan)):
            dropped[name] = "not testable in the recording"
        elif np.isnan(column).all():
            dropped[name] = "not testable in any virtual experiment"
    return dropped


def false_alarms(table: pd.DataFrame) -> dict[str, float]:
    """Return by theory how often the set is empty though the theory is on the list.

    Parameters
    ----------
    table
        See `recovery.verdicts`.
    """
    empty = (table["kind"] == NONE).groupby(table["theory"]).mean()
    return {str(theory): float(value) for theory, value in empty.items()}


def _trust(comparison: Comparison, judged: Judged, table: pd.DataFrame) -> tuple[Interval, int]:
    """Return how often the same verdict is right, and of how many that is."""
    leading, same = _named(comparison, judged.leading[0]), same_verdicts(comparison, judged)
    if not leading or not same.any():
        told = "no virtual experiment gave this verdict"
        why = told if leading else "every theory is on the list"
        return Interval(np.nan, np.nan, np.nan, why), int(same.sum())
    weight = 1.0 / table.groupby("theory")["world"].transform("size").to_numpy()[same]
    own = table[same]
    return share(own["theory"].isin(leading), own["theory"], own["world"], weight), len(own)


def _named(comparison: Comparison, those: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, own in zip(comparison.theories, those, strict=True) if own)


def _by_theory(comparison: Comparison, values: Floats) -> dict[str, float]:
    return {n: float(v) for n, v in zip(comparison.theories, values, strict=True)}


def _columns(
    strained: Strained, experiments: Experiments, features: Sequence[str]
) -> dict[tuple[str, str], Floats]:
    """Return strained experiments with some of the features."""
    place = [experiments.features.index(name) for name in features]
    return {key: values[:, place] for key, values in strained.items()}


def _claims_tested(
    claims: Mapping[str, Sequence[str]], features: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the claims of which a feature is weighed."""
    tested = {claim: tuple(n for n in own if n in features) for claim, own in claims.items()}
    return {claim: own for claim, own in tested.items() if own}
