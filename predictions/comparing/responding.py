"""Which claims of a recording have a response to compare with, and which animals show none.

A claim compares N with a response M. Where M is not clear of 0, noise is compared with noise: a
theory that expects a response would be left out, and it may be the labels, the trials or the
electrodes that are to blame. So such a claim brings no evidence. Nor does one whose N is absent for
what may be another reason (`Claim.unless`), or there for one (`Measured.doubt`), nor one whose
laser is seen to leave a part of what it is to silence, nor an animal in which nothing is clear of 0
where it is in the others. How often noise is taken for a response is held over all claims together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import scipy  # `scipy.stats` takes long to load, and is loaded when it is used
import xarray as xr

from errorneurons.analysis.statistics import holm, students
from errorneurons.predictions.claims.claim import Claim, Precondition
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.predictions.judging.doubts import left_by_lasers, measured_with_doubts
from errorneurons.predictions.judging.measured import (
    FEWEST_ANIMALS,
    Measured,
    measure,
)
from errorneurons.predictions.words import counted, listed
from errorneurons.simulate.arrays import Array

BY_CHANCE = 0.05
"""How often, at most, any claim of a recording of noise passes for one with a response."""
SILENT = "M is not clear of 0"
LITTLE = 0.25
"""An animal is looked at more closely if its M are all below so much of what others have."""
_OTHERS = 0.75
"""What others have: this quantile over animals."""


@dataclass(frozen=True)
class Responding:
    """What of a recording brings evidence.

    Attributes
    ----------
    clear, silent
        Keys of the claims that can be tested, by whether M is clear of 0.
    without
        Animals that were left out, since nothing is clear of 0 in them while it is in others.
    animals
        How many there are with them.
    untold
        Key of each other claim that can be tested -> why it says nothing of theories.
    """

    clear: tuple[str, ...]
    silent: tuple[str, ...]
    without: tuple[str, ...] = ()
    animals: int = 0
    untold: Mapping[str, str] = field(default_factory=dict)

    @property
    def set_aside(self) -> dict[str, str]:
        """Key of each claim that is not weighed -> why."""
        return {**dict.fromkeys(self.silent, SILENT), **self.untold}

    @property
    def of_activity(self) -> bool:
        """Whether any activity is clear of 0."""
        return any(c.key in self.clear and not c.behaviour for c in CLAIMS)

    def _untold_together(self, one: str, several: str) -> list[tuple[str, str]]:
        """Return claims of one reason with a verb for them, and the reason."""
        keys: dict[str, list[str]] = {}
        for key, reason in self.untold.items():
            keys.setdefault(reason, []).append(key)
        return [
            (f"{listed(own)} {one if len(own) == 1 else several}", why) for why, own in keys.items()
        ]

    @property
    def nothing(self) -> str:
        """Why theories cannot be weighed, in words; empty if they can."""
        if self.clear:
            return ""
        told = self._untold_together("says", "say")
        why = [f"{which} nothing, since {reason}" for which, reason in told]
        if self.silent:
            other = "other " if why else ""
            count = len(self.silent)
            which = f"the {other}claim" if count == 1 else f"any of the {count} {other}claims"
            why.append(
                f"the response that is compared with (M) is not clear of 0 in {which} that can be "
                "tested"
            )
        return f"{listed(why)}, so that there is nothing to weigh, and no theory is ruled out"

    @property
    def caution(self) -> str:
        """What of the recording is not weighed, as sentences; empty if all is."""
        said = []
        if self.without:
            who = f"{len(self.without)} of {counted(self.animals, 'animal')}"
            said.append(
                f"In {who} ({listed(self.without)}) no response is clear of 0 while it is in the "
                "others, as without labelled cells or with trials mixed up; these are not weighed."
            )
        if self.silent:
            said.append(
                "With all claims looked at together, the response that is compared with (M) is "
                f"not clear of 0 in {listed(self.silent)}, which "
                f"{'brings' if len(self.silent) == 1 else 'bring'} no evidence for or against any "
                "theory."
            )
        said += [
            f"{which} no evidence for or against any theory, since {reason}."
            for which, reason in self._untold_together("brings", "bring")
        ]
        if self.set_aside and not self.of_activity:
            said.append(
                f"So no activity is weighed: the verdict rests on {listed(self.clear)} alone, "
                "on what the animals do."
            )
        return " ".join(said)


@dataclass(frozen=True)
class Telling:
    """A recording as far as it brings evidence.

    Attributes
    ----------
    sessions, measured
        Those of all animals but `Responding.without`, and claim key -> what they say to the claim.
    responses
        What of it brings evidence.
    """

    sessions: Sequence[xr.Dataset]
    measured: Mapping[str, Measured]
    responses: Responding


def telling(sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]) -> Telling:
    """Return a recording as far as it brings evidence.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    measured
        Claim key -> what they say to the claim.
    """
    without = animals_without(sessions, measured)
    left = [session for session in sessions if str(session.attrs["animal"]) not in without]
    if without and (known := _active(said := _measured(left))):
        animals = len({str(session.attrs["animal"]) for session in sessions})
        found = replace(known, without=without, animals=animals)
        return Telling(left, said, _as_told(found, left, said))
    return Telling(sessions, measured, _as_told(responding(measured), sessions, measured))


def _as_told(
    found: Responding, sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]
) -> Responding:
    """Return what brings evidence, with what stays open set aside."""
    untold = {
        c.key: why
        for c in CLAIMS
        if c.key in found.clear and (why := _untold(c, sessions, measured))
    }
    clear = tuple(key for key in found.clear if key not in untold)
    return replace(found, clear=clear, untold=untold)


def _untold(claim: Claim, sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]) -> str:
    """Return why a claim says nothing of theories though there is a response; empty if it does."""
    if claim.unless and not _is_shown(claim.unless, sessions, measured, claim.key):
        return f"nothing shows {claim.unless.what}"
    doubt = measured[claim.key].doubt
    return doubt.why if doubt else left_by_lasers(claim, sessions)


def _is_shown(
    needed: Precondition, sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured], key: str
) -> bool:
    """Return whether N of a claim, or what it needs in the same animals, is clear of 0.

    Adjusted for both, and for the claims of which it is asked whether they have a response.
    """
    own = measured[key]
    same = [session for session in sessions if str(session.attrs["animal"]) in own.animals]
    shown = measure(needed.by, same, trial_level=True)
    others = [_p_above(other, 1) for other in measured.values() if other.animals]
    p = [_p_above(own, 0), _p_above(shown, 1) if shown.animals else math.nan]
    return any(adjusted <= BY_CHANCE for adjusted in holm([*p, *others])[:2])


def _measured(sessions: Sequence[xr.Dataset]) -> dict[str, Measured]:
    return measured_with_doubts(sessions, CLAIMS)


def _active(measured: Mapping[str, Measured]) -> Responding | None:
    """Return what responds, None if no activity does."""
    found = responding(measured)
    return found if found.of_activity else None


def responding(measured: Mapping[str, Measured]) -> Responding:
    """Return which claims have a response M that is clear of 0.

    Over animals, or over trials with fewer than 5, one-sided, adjusted by Holm for the number of
    claims.

    Parameters
    ----------
    measured
        Claim key -> what the recording says to it.
    """
    keys = [key for key, own in measured.items() if own.animals]
    found = clear_of_chance(np.array([_p_above(measured[key], 1) for key in keys]))
    clear = tuple(key for key, yes in zip(keys, found, strict=True) if yes)
    return Responding(clear, tuple(key for key in keys if key not in clear))


def clear_of_chance(p: Array) -> npt.NDArray[np.bool_]:
    """Return which responses are clear of 0, (..., claim), of many recordings at once.

    The smallest p is compared with `BY_CHANCE` divided by how many there are, the next one with
    that divided by one less, until one is larger (Holm).

    Parameters
    ----------
    p
        One-sided, (..., claim); NaN where there is none.
    """
    order = np.argsort(p, axis=-1)  # NaN come last
    left = np.isfinite(p).sum(axis=-1, keepdims=True) - np.arange(p.shape[-1])
    small = np.take_along_axis(p, order, axis=-1) * left <= BY_CHANCE
    first = np.logical_and.accumulate(small & (left > 0), axis=-1)
    return np.take_along_axis(first, np.argsort(order, axis=-1), axis=-1)


def animals_without(
    sessions: Sequence[xr.Dataset], measured: Mapping[str, Measured]
) -> tuple[str, ...]:
    """Return the animals in which no response is clear of 0, and which are less than others.

    Those are looked at whose M is small beside that of others in all claims on activity, one by
    one and over trials, by the same rule as recordings of few animals. Whether the others respond
    is not asked here.

    Parameters
    ----------
    sessions
        Sessions that obey the dataset contract.
    measured
        Claim key -> what they say to the claim.
    """
    names = dict.fromkeys(str(session.attrs["animal"]) for session in sessions)
    if len(names) < 2:
        return ()
    asked = [c for c in CLAIMS if not c.behaviour and c.key in measured and measured[c.key].animals]
    small = {name: [True] for name in names}
    for claim in asked:
        m = measured[claim.key].energies[:, 1]
        least = LITTLE * max(float(np.quantile(m, _OTHERS)), 0.0)
        for name, own in zip(measured[claim.key].animals, m, strict=True):
            small[name].append(bool(own < least))
    found = []
    for name in [name for name, little in small.items() if all(little) and len(little) > 1]:
        own = [session for session in sessions if str(session.attrs["animal"]) == name]
        if not _active(_measured(own)):
            found.append(name)
    return tuple(found) if len(found) < len(names) else ()


def _p_above(measured: Measured, which: int) -> float:
    """Return the one-sided p that N (0) or M (1) is above 0; NaN if trials are too few to say."""
    energies = measured.energies[:, which]
    if len(energies) >= FEWEST_ANIMALS:
        return float(students(energies)[1])
    groups, error = len(measured.thinned), measured.errors_over_trials[which]
    if groups < 2:
        return math.nan
    if error == 0:
        return 0.0 if energies.mean() > 0 else 1.0
    return float(scipy.stats.t.sf(energies.mean() / error, groups - 1))
