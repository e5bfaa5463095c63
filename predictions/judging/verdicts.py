"""All claims judged on sessions: verdicts, and the same as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike

import numpy as np
import pandas as pd
import xarray as xr

from errorneurons.analysis.measures.asking import asked_often
from errorneurons.analysis.session.session import collect
from errorneurons.analysis.statistics import holm, ratio_of_means
from errorneurons.predictions.claims.claim import Claim, Outcome, SubjectKind, Verdict
from errorneurons.predictions.claims.lasers import is_control
from errorneurons.predictions.claims.registry import CLAIMS, claim
from errorneurons.predictions.judging.believing import as_believed
from errorneurons.predictions.judging.doubts import beside_lasers, measured_with_doubts
from errorneurons.predictions.judging.judge import judge, probability
from errorneurons.predictions.judging.labels import chance_of_labels, row_of_labels
from errorneurons.predictions.judging.measured import Measured, measure
from errorneurons.predictions.judging.table import ResultTable, result_table
from errorneurons.predictions.judging.whom import verdict_of, who_was_recorded
from errorneurons.predictions.words import plain_number
from errorneurons.simulate.refusing import a_list, in_short

AnySessions = xr.DataTree | xr.Dataset | Iterable[xr.Dataset]
"""A collection, a session, or sessions one by one."""
_GIVE = "give what `open` or `simulate` returns, a session, or a list of sessions"
_COLUMNS = (
    "claim", "name", "outcome", "reason", "remedy", "value", "low", "high", "units", "level", "n",
    "over",
)  # fmt: skip
TEST_NUMBERS = ("t", "df", "p", "p_holm")
"""Numbers of the test over animals that stand in tables of verdicts, see `Verdict.numbers`."""


def verdict_table(
    sessions: AnySessions, claims: Sequence[str] | None = None, kind: SubjectKind | None = None
) -> ResultTable:
    """Judge claims on sessions, recorded or simulated.

    Parameters
    ----------
    sessions
        A collection as `open` returns it, sessions as `simulate` yields them, or one session; of
        one recording or of one theory.
    claims
        Keys of claims, see `CLAIMS`; all if not given.
    kind
        ``"recording"``: a test over animals. ``"theory"``: the 5 to 95 % range over networks,
        which are free. By default the latter if the sessions say which theory they are of.

    Returns
    -------
    ResultTable
        A DataFrame, with `to_xarray` by claim. One row a claim: ``claim``, its ``name``,
        ``outcome`` (SUPPORTED, CONTRADICTED, UNDECIDED or NOT_TESTABLE), ``reason`` and ``remedy``
        in a sentence, ``value``, ``low`` and ``high`` of N/M (NaN where there is none), their
        ``units``, what the interval is (``level``), and of how many (``n``) of what (``over``).
        Of the test over animals ``t`` of D with its degrees of freedom ``df``; ``p``, one-sided as
        claimed, with skewness allowed for; and ``p_holm``, the same adjusted within the
        confirmatory claims. They are NaN where there is no test: with fewer than 5 animals, and
        for networks.

    Raises
    ------
    ValueError
        If there is no session or no such claim, or a session breaks the contract or stands twice.

    Examples
    --------
    >>> import errorneurons as en
    >>> networks = en.simulate("error_microcircuit", "novelty", animals=2, repeats=2)
    >>> verdicts = en.judge(networks, claims=["P02", "P04a"])
    >>> verdicts[["claim", "n", "outcome"]]
      claim  n       outcome
    0   P02  2     SUPPORTED
    1  P04a  0  NOT_TESTABLE
    """
    if claims is not None:
        a_list("claims", claims)
    every = checked(sessions)
    chosen = CLAIMS if claims is None else tuple(claim(key) for key in claims)
    simulated = all("theory" in session.attrs for session in every)
    how = kind or ("theory" if simulated else "recording")
    if how == "recording":
        verdicts, _ = on_recording(as_believed(every), "recording", chosen)
    else:
        with asked_often(every):
            verdicts = tuple(
                judge(c, how, measure(c.effect, every, trial_level=False), how) for c in chosen
            )
    names = {c.key: c.name for c in CLAIMS}
    rows = [
        {"name": names[v.claim], **vars(v), "outcome": v.outcome.value, **numbers_of(v)}
        for v in verdicts
    ]
    return result_table(pd.DataFrame(rows, columns=[*_COLUMNS, *TEST_NUMBERS]), "claim")


def numbers_of(verdict: Verdict) -> dict[str, float]:
    """Return the numbers of the test over animals, NaN where there was none."""
    return {name: float(verdict.numbers.get(name, float("nan"))) for name in TEST_NUMBERS}


def sessions_in(recording: AnySessions) -> list[xr.Dataset]:
    """Return the sessions of a collection, or of what stands for one.

    Raises
    ------
    ValueError
        If there is none, or something else.
    """
    if isinstance(recording, xr.Dataset):
        return [recording]
    if isinstance(recording, xr.DataTree):
        found = [child.to_dataset() for child in recording.children.values()]
    elif isinstance(recording, str | PathLike):
        raise ValueError(f"sessions is {in_short(recording)}, a file; give what `open` makes of it")
    elif not isinstance(recording, Iterable):
        raise ValueError(f"sessions is {in_short(recording)}; {_GIVE}")
    else:
        found = list(recording)
    others = [one for one in list[object](found) if not isinstance(one, xr.Dataset)]
    if others:
        raise ValueError(f"among the sessions is {in_short(others[0])}; {_GIVE}")
    if not found:
        raise ValueError("there is no session to judge; give one or more")
    return found


def checked(recording: AnySessions) -> list[xr.Dataset]:
    """Return the sessions of a collection, which obey the contract, each once.

    Raises
    ------
    ValueError
        If there is none, or one breaks the contract, or stands twice.
    """
    every = sessions_in(recording)
    collect(every)
    return every


def on_recording(
    sessions: Sequence[xr.Dataset], name: str, claims: Sequence[Claim] = CLAIMS
) -> tuple[tuple[Verdict, ...], dict[str, Measured]]:
    """Return the verdicts on a recording, and what its sessions say to each claim.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    name
        Name of the recording.
    claims
        What it is judged on; p are adjusted within those that were chosen beforehand, or within
        all if no confirmatory set was declared.
    """
    with asked_often(sessions):
        measured = measured_with_doubts(sessions, claims)
        chance = chance_of_labels(sessions)
        found = (judge(c, name, measured[c.key], "recording") for c in claims)
        verdicts = [
            _considered(c, v, measured[c.key], chance, sessions)
            for c, v in zip(claims, found, strict=True)
        ]
    declared = confirmatory(sessions)
    chosen = [key for key in declared or measured if key in measured]
    noun = who_was_recorded(sessions)
    beside = [
        verdict_of(_beside_controls(c, v, sessions), noun)
        for c, v in zip(claims, verdicts, strict=True)
    ]
    return _with_holm(beside, measured, chosen, declared=bool(declared)), measured


def _considered(
    claim: Claim,
    verdict: Verdict,
    measured: Measured,
    chance: float,
    sessions: Sequence[xr.Dataset],
) -> Verdict:
    """Return a verdict as far as the recording bears it, with what else may explain it."""
    if verdict.decided:
        said = {**verdict.statistics, **row_of_labels(claim, chance)}
        verdict = replace(verdict, statistics=said)
        if doubt := measured.doubt:
            verdict = verdict.left_open(doubt.why, doubt.remedy)
        else:
            verdict = beside_lasers(claim, verdict, measured, sessions)
    return _cautioned(claim, verdict, sessions)


def _cautioned(claim: Claim, verdict: Verdict, sessions: Sequence[xr.Dataset]) -> Verdict:
    """Say beside an answer what it leaves open."""
    if verdict.outcome is Outcome.NOT_TESTABLE:
        return verdict
    said = [
        claim.caution(sessions) if claim.caution else None,
        claim.otherwise if verdict.outcome is Outcome.SUPPORTED else None,
    ]
    return replace(verdict, reason=" ".join([verdict.reason, *filter(None, said)]))


def _beside_controls(claim: Claim, verdict: Verdict, sessions: Sequence[xr.Dataset]) -> Verdict:
    """Write what control animals show beside the verdict; they are no part of the test."""
    controls = [s.assign_attrs(opsin="not asked") for s in sessions if is_control(s)]
    if not controls or not claim.manipulations:
        return verdict
    found = measure(claim.effect, controls, trial_level=False)
    if not found.animals:
        return verdict
    ratio = ratio_of_means(found.energies[:, 0], found.energies[:, 1])
    size = plain_number(ratio.value)
    said = f"N/M is {size} in {len(found.animals)} of them, which are not in the test"
    return replace(verdict, statistics={**verdict.statistics, "control animals": said})


def confirmatory(sessions: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """Return the claims that any file chose before the data were judged; none if none did.

    Raises
    ------
    ValueError
        If there is no such claim.
    """
    text = " ".join(str(session.attrs.get("confirmatory") or "") for session in sessions)
    named = dict.fromkeys(re.split(r"[\s,;]+", text.strip())) if text.strip() else ()
    try:
        return tuple(claim(key).key for key in named)
    except ValueError as error:
        raise ValueError(f"`confirmatory` names a claim that is none: {error}") from None


def _with_holm(
    verdicts: Sequence[Verdict],
    measured: Mapping[str, Measured],
    chosen: Sequence[str],
    *,
    declared: bool,
) -> tuple[Verdict, ...]:
    """Write the p of each claim, adjusted within those that were chosen, into its statistics."""
    p = [probability(claim(key), measured[key]) for key in chosen]
    known = {key: q for key, q in zip(chosen, holm(p), strict=True) if np.isfinite(q)}
    those = f"{len(known)} confirmatory claims" if declared else f"all {len(known)} claims tested"
    name = f"p as claimed, Holm over {those}"
    return tuple(
        replace(
            v,
            statistics={**v.statistics, name: f"{known[v.claim]:.3g}"},
            numbers={**v.numbers, "p_holm": float(known[v.claim])},
        )
        if v.claim in known
        else v
        for v in verdicts
    )
