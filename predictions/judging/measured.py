"""What the sessions of a subject say to a claim: its energies, averaged within animals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, false_labels
from errorneurons.analysis.measures.gaps import thinned
from errorneurons.predictions.claims.claim import Measure, answer_of, asked_together
from errorneurons.predictions.judging.lacks import losses, why_no_number
from errorneurons.simulate.arrays import Array

FEWEST_ANIMALS = 5
TRIAL_GROUPS = 8
Share = tuple[float, float, float]
"""A share of false labels and its interval."""


@dataclass(frozen=True)
class Doubt:
    """Why what sessions say to a claim may be no answer to it.

    Attributes
    ----------
    why
        In words that follow "but" or "since", without a full stop.
    remedy
        The nearest experiment that would answer, if there is one.
    """

    why: str
    remedy: str = ""


@dataclass(frozen=True)
class Measured:
    """What the sessions of a subject say to a claim.

    Attributes
    ----------
    animals
        Names of the animals, or networks, that can answer.
    energies
        N, M and N_R of each, averaged over its sessions, (animal, 3), and where a claim asks for
        two things at once the other N, (animal, 4). Where sessions state unlike
        shares of false labels, N_R stands for so much of it that pi N_R holds for each.
    label_error
        pi, the share of false labels: value, low and high; 0 where it is not stated.
    missing
        What the sessions that cannot answer lack.
    thinned
        The same averaged over animals with each group of trials left out, (group, 3 or 4); only
        where there are too few animals for a statement about the population.
    stated
        Whether the sessions state the share of false labels.
    lost
        What of the sessions that answer was not recorded, in words; of recordings only.
    elsewhere
        What M of each animal is in all cells, (animal,); 0 where it is taken in all, see `Effect`.
    doubt
        Why it may be no answer; None where nothing is known of such. A verdict is left open by it,
        and theories are not weighed by it.
    """

    animals: tuple[str, ...]
    energies: Array
    label_error: tuple[float, float, float] = (0.0, 0.0, 0.0)
    missing: Missing | None = None
    thinned: Array = field(default_factory=lambda: np.empty((0, 3)))
    stated: bool = True
    lost: str = ""
    elsewhere: Array = field(default_factory=lambda: np.zeros(1))
    doubt: Doubt | None = None

    @property
    def errors_over_trials(self) -> tuple[float, float]:
        """Standard errors of N and M over trials, see `error_of_thinned`."""
        return error_of_thinned(self.thinned[:, 0]), error_of_thinned(self.thinned[:, 1])

    def to_json(self) -> dict[str, Any]:
        """Return it as a file keeps what networks say: nothing is thinned or lost."""
        lack = self.missing
        return {
            "animals": self.animals,
            "energies": self.energies.tolist(),
            "label_error": self.label_error,
            "missing": [lack.what, lack.remedy] if lack else None,
            "elsewhere": self.elsewhere.tolist(),
        }

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> Measured:
        """Return what `to_json` made a file of."""
        value, low, high = known["label_error"]
        return cls(
            tuple(known["animals"]),
            np.array(known["energies"] or np.empty((0, 3)), dtype=float),
            (value, low, high),
            Missing(*known["missing"]) if known["missing"] else None,
            elsewhere=np.array(known["elsewhere"], dtype=float),
        )


def measure(effect: Measure, sessions: Sequence[xr.Dataset], trial_level: bool) -> Measured:
    """Take an effect from each session, and average it within animals.

    Parameters
    ----------
    effect
        The effect of a claim, or one of its secondary effects.
    sessions
        Sessions that obey the dataset contract.
    trial_level
        Whether to leave out groups of trials, too, if there are fewer than 5 animals.
    """
    asked = asked_together(effect, sessions)
    found = [_answer(effect, own) for own in asked]
    found = [
        why_no_number(s[0]) if a is _NO_NUMBER else a for s, a in zip(asked, found, strict=True)
    ]
    lacks = [a for a in found if isinstance(a, Missing)]
    missing = min(lacks, key=lambda lack: len(lack.each), default=None)  # the nearest
    answers = [(s, a) for s, a in zip(asked, found, strict=True) if not isinstance(a, Missing)]
    if not answers:
        return Measured((), np.empty((0, 3)), missing=missing)
    answering = [session for own, _ in answers for session in own]
    shares = _mean_share(answering)
    rows: dict[str, list[list[float]]] = {}
    for (first, *_), (n, m, n_r, *others) in answers:
        own = n_r * _own_share(first, shares)
        rows.setdefault(str(first.attrs["animal"]), []).append([n, m, own, *others])
    means = np.array([np.mean(own, axis=0) for own in rows.values()])
    measured = Measured(tuple(rows), _without_elsewhere(means), shares or (0.0, 0.0, 0.0), missing,
                        stated=shares is not None,
                        lost=losses(answering) if trial_level else "",
                        elsewhere=means[:, 3])  # fmt: skip
    if trial_level and len(rows) < FEWEST_ANIMALS:
        return replace(measured, thinned=_without_groups(effect, answering))
    return measured


def _mean_share(sessions: Sequence[xr.Dataset]) -> Share | None:
    """Mean share of false labels over the sessions that state it, and its interval."""
    shares = [share for session in sessions if (share := false_labels(session)) is not None]
    if not shares:
        return None
    value, low, high = np.mean(shares, axis=0)
    return float(value), float(low), float(high)


def _own_share(session: xr.Dataset, shares: Share | None) -> float:
    """Return the share of false labels of a session, as a multiple of the mean over sessions.

    N_R times this, times the mean, is what the session's own share adds to N.
    """
    own = false_labels(session)
    if shares is None or own is None or not shares[0] or math.isclose(own[0], shares[0]):
        return 1.0
    return own[0] / shares[0]


def error_of_thinned(left: Array) -> float:
    """Return the standard error, by the jackknife, of what each group of trials is left out of.

    NaN with fewer than two groups.
    """
    groups = len(left)
    if groups < 2:
        return math.nan
    return math.sqrt((groups - 1) / groups * float(((left - left.mean()) ** 2).sum()))


def energies_of_animal(effect: Measure, sessions: Sequence[xr.Dataset]) -> Array:
    """Return N, M and N_R over the sessions of one animal, as `measure` does; NaN without any."""
    found = [_answer(effect, own) for own in asked_together(effect, sessions)]
    rows = [a for a in found if not isinstance(a, Missing)]
    if len(rows) == 1:
        return np.array(rows[0][:3])
    return np.mean(rows, axis=0)[:3] if rows else np.full(3, np.nan)


def _answer(effect: Measure, together: Sequence[xr.Dataset]) -> list[float] | Missing:
    """Return N, M, N_R, M elsewhere and the other N of what is asked together, or its lack."""
    found = answer_of(effect, together)
    if isinstance(found, Missing):
        return found
    if all(map(math.isfinite, row := _row(found))):
        return row
    return _NO_NUMBER


_NO_NUMBER = Missing("the energies are no numbers", "See `why_no_number`.")
"""Stands for the reason, which takes time to find and of which virtual animals are not asked."""


def _row(effect: Effect) -> list[float]:
    as_well = () if effect.as_well is None else (effect.as_well,)
    return [effect.numerator, effect.denominator, effect.false_label, effect.elsewhere, *as_well]


def _without_elsewhere(rows: Array) -> Array:
    return np.delete(rows, 3, axis=-1)


def _without_groups(effect: Measure, sessions: Sequence[xr.Dataset]) -> Array:
    """Return N, M and N_R, means over sessions, without each group of trials, (group, 3)."""
    rows = []
    for group in range(TRIAL_GROUPS):
        left = [thinned(session, group, TRIAL_GROUPS) for session in sessions]
        effects = [answer_of(effect, own) for own in asked_together(effect, left)]
        answers = [_row(e) for e in effects if isinstance(e, Effect)]
        if len(answers) == len(effects):
            rows.append(_without_elsewhere(np.mean(answers, axis=0)))
    table = np.array(rows) if rows else np.empty((0, 3))
    return np.asarray(table[np.isfinite(table).all(axis=1)])
