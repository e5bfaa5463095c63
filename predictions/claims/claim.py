"""What a claim is, and what can be said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

import xarray as xr

from errorneurons.analysis.measures.energies import Effect, Missing, Window

Side = Literal["below", "above", "within"]
"""Where N/M lies if a claim holds: below or above q0, or within -q0 and q0."""
Action = Literal["record", "silence", "stimulate", "learn", "trace"]
SubjectKind = Literal["theory", "counter_circuit", "recording"]
Site = tuple[Literal["representation", "error"], int]
Measure = Callable[[xr.Dataset], Effect | Missing]
"""Session -> energies N and M, or what is missing and its mend."""
Incomplete = Callable[[float, float, Sequence[xr.Dataset]], float]
"""Threshold, share of their amplitude that silenced cells keep, sessions -> what N/M has to be
beyond, so that it is beyond the threshold if they are silenced wholly."""
Caution = Callable[[Sequence[xr.Dataset]], str]
"""Sessions of a recording -> a sentence on what an answer of theirs leaves open, or nothing."""


@dataclass(frozen=True)
class OverDays:
    """A measure of the sessions of one animal on several days together.

    Attributes
    ----------
    of
        Sessions of one animal, day by day -> energies N and M, or what is missing and its mend.
    """

    of: Callable[[Sequence[xr.Dataset]], Effect | Missing]

    def __call__(self, session: xr.Dataset) -> Effect | Missing:
        """Return what a single session says."""
        return self.of([session])


def asked_together(
    effect: Measure, sessions: Sequence[xr.Dataset]
) -> tuple[tuple[xr.Dataset, ...], ...]:
    """Return sessions as an effect takes them: one by one, or those of an animal by its days.

    Sessions of no day stand in the order in which they were given.
    """
    if not isinstance(effect, OverDays):
        return tuple((session,) for session in sessions)
    animals: dict[str, list[xr.Dataset]] = {}
    for session in sessions:
        animals.setdefault(str(session.attrs["animal"]), []).append(session)
    return tuple(tuple(sorted(own, key=_day)) for own in animals.values())


def _day(session: xr.Dataset) -> float:
    return float(session.attrs.get("day", 0))


def answer_of(effect: Measure, together: Sequence[xr.Dataset]) -> Effect | Missing:
    """Return what an effect finds in sessions from `asked_together`."""
    return effect.of(together) if isinstance(effect, OverDays) else effect(together[0])


class Outcome(StrEnum):
    """The four things that can be said of a claim."""

    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"
    UNDECIDED = "UNDECIDED"
    NOT_TESTABLE = "NOT_TESTABLE"


@dataclass(frozen=True)
class Condition:
    """A set of trials shown as one curve: its label, and the trial factors that pick it."""

    label: str
    factors: Mapping[str, str | bool]


@dataclass(frozen=True)
class Drawing:
    """What the small drawing of an experiment shows; levels count from 1, the lowest area.

    Attributes
    ----------
    read
        The cells that are read out: (role, level).
    areas
        Number of areas; the teaching signal, if any, enters the highest.
    manipulation, manipulated
        What is done, and to which cells: (role, level).
    manipulation_window
        When it is done [s].
    teaching
        Whether a teaching signal arrives.
    input_onset, outcome_onset, end
        Events on the time line [s]; `outcome_onset` is None where no outcome is given.
    read_window
        When the cells are read out [s].
    """

    read: tuple[Site, ...]
    areas: int = 4
    manipulation: Literal["none", "silence", "drive"] = "none"
    manipulated: tuple[Site, ...] = ()
    manipulation_window: Window | None = None
    teaching: bool = False
    input_onset: float = 0.0
    outcome_onset: float | None = None
    end: float = 0.4
    read_window: Window | None = None


@dataclass(frozen=True)
class Manipulation:
    """What an experimenter does beside recording, as a plan and its options name it.

    Attributes
    ----------
    name
        Identifier, one for all claims that need the same.
    words
        What is done, e.g. ``"driving representation cells"``.
    cost
        What it adds to the cost of an animal, of which recording alone on one day is 1: a guess.
    """

    name: str
    words: str
    cost: float = 1.0


SILENCE_AREA = Manipulation("silence-area", "silencing one area's error cells at the outcome")
"""Two claims look at the same trials: one at the areas below the silenced one, one above."""

ERROR_SITES: tuple[Site, ...] = tuple(("error", level) for level in range(1, 5))
"""The error cells of all four areas of the outcome-error experiment."""


@dataclass(frozen=True)
class Precondition:
    """What a recording must show before the absence of a response says anything.

    Attributes
    ----------
    what
        In words that follow "nothing shows", e.g. ``"that the animals expect anything"``.
    by
        An effect whose M is clear of 0 where it is shown.
    """

    what: str
    by: Measure


@dataclass(frozen=True)
class Claim:
    """A claim: a sentence about activity that an experiment can contradict.

    Attributes
    ----------
    key
        Stable identifier, e.g. ``"P04a"``.
    name
        In words, e.g. ``"silencing spares the outcome error above"``.
    sentence
        What the theory says an experiment would show.
    action
        What an experimenter does; the report groups claims by it.
    mechanism, equation
        Why the theory implies it: in words, and as one equation (plain text).
    source
        Where the theory says so.
    experiment
        The protocol, in words.
    refuted_by
        What would refute the claim.
    record
        The smallest recording that can test it.
    effect
        What the claim is judged by.
    threshold
        q0: the value of N/M that the claim is tested against, the smallest effect that counts.
    side
        On which side of the threshold N/M lies if the claim holds; ``"within"``: between it and its
        negative.
    asks
        Where a claim asks for two things at once: N of which is which, e.g. ``"Between goals"``.
    ratio_of
        What N and M are, of which the square root of energies is the amplitude.
    manipulations
        What the experiment needs beside recording, all of it; empty if recording alone tests the
        claim. Plans offer every manipulation of a claim.
    counter_circuit
        The circuit that must contradict the claim, by its name in the registry of subjects.
    conditions
        What the card's picture of activity shows.
    shown_by
        The experiment that virtual animals are put through for it, by its name in the registry.
    days
        The days of that experiment of which it asks sessions; all if empty.
    bin
        The widest bins in which all windows of its effects are whole [s]: recordings of virtual
        animals that are compared with real ones have no narrower ones than the claims need.
    by_labels
        Whether it is of labelled cells, so that labels that mean nothing answer nothing.
    of_outcomes
        Whether it compares what unexpected and expected outcomes evoke, so that what all cells
        share of it, as they do running or arousal, answers nothing.
    behaviour
        Whether N and M are what an animal learns to do; activity if not.
    incomplete
        What becomes of the threshold where a laser leaves a share of the response of the cells
        that it is to silence; None if nothing is silenced.
    caution
        What is said beside the answer of a recording.
    otherwise
        What else makes a recording support the claim, said wherever one does; None if nothing.
    doubt
        Why an answer of a recording would stay open, in words that follow "but" or "since"; then it
        is UNDECIDED, and brings no evidence between theories.
    unless
        What shows that this other reason does not hold, if N does not; without either the claim
        brings no evidence between theories. None where `effect` itself asks for it.
    drawing
        What the card's drawing of the experiment shows; None for no drawing.
    secondary
        Name in words -> a secondary effect: what other windows and areas of the same trials say.
        Theories are weighed by them, too; the claim is never judged by them.
    """

    key: str
    name: str
    sentence: str
    action: Action
    mechanism: str
    equation: str
    source: str
    experiment: str
    refuted_by: str
    record: str
    effect: Measure
    threshold: float
    side: Side
    manipulations: tuple[Manipulation, ...]
    counter_circuit: str
    conditions: tuple[Condition, ...]
    shown_by: str = "outcome_error"
    days: tuple[int, ...] = ()
    bin: float = 0.05
    by_labels: bool = True
    of_outcomes: bool = False
    behaviour: bool = False
    incomplete: Incomplete | None = None
    caution: Caution | None = None
    otherwise: str | None = None
    unless: Precondition | None = None
    doubt: Caution | None = None
    drawing: Drawing | None = None
    asks: tuple[str, ...] = ()
    ratio_of: Literal["energies", "amplitudes"] = "energies"
    secondary: Mapping[str, Measure] = field(default_factory=dict)

    @property
    def units(self) -> str:
        """What values of N/M are, as in the column ``units`` of verdicts."""
        return f"ratio of {self.ratio_of} N/M"


@dataclass(frozen=True)
class Verdict:
    """What is said of one claim on one subject.

    Attributes
    ----------
    claim, subject
        Identifiers.
    outcome
        One of four.
    reason
        The sentence a person reads. For NOT_TESTABLE: what is missing.
    remedy
        For NOT_TESTABLE and UNDECIDED, the nearest experiment that would answer; else empty.
    value, low, high
        N/M and its interval, of which `units` says what it is a ratio of; NaN where there is none.
    level
        What the interval is, e.g. ``"95 % jackknife interval"`` or ``"5-95 % range"``.
    n, over
        How many of what: animals, participants or networks.
    points
        One a unit of replication: threshold + D / mean(M), on the scale of `value`; their mean
        is `value` after the correction for false labels.
    names
        Of the animals or networks that `points` are of.
    statistics
        Rows of the card's table: name -> text.
    numbers
        The same as numbers. Of the test of D over animals ``t`` and its degrees of freedom ``df``;
        ``p_above`` and ``p_below``, one-sided p of D above and below 0 by Student's t; ``p``, as
        claimed, with ``skewness`` allowed for; ``p_sign_flip``, two-sided and exact, with
        ``p_sign_flip_least``, the smallest possible; ``p_holm``, ``p`` adjusted within the
        confirmatory claims. Of networks ``agreeing``, how many agree with the claim.
    """

    claim: str
    subject: str
    outcome: Outcome
    reason: str
    remedy: str = ""
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    units: str = "ratio of energies N/M"
    level: str = ""
    n: int = 0
    over: Literal["animals", "participants", "networks", ""] = ""
    points: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    statistics: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def decided(self) -> bool:
        """Whether it supports or contradicts its claim."""
        return self.outcome in (Outcome.SUPPORTED, Outcome.CONTRADICTED)

    def left_open(self, why: str, remedy: str = "") -> Verdict:
        """Return it UNDECIDED, with why what is found may be no answer.

        Parameters
        ----------
        why
            What follows "; but" in the reason, without a full stop.
        remedy
            The nearest experiment that would answer, if there is one.
        """
        reason = f"{self.reason.removesuffix('.')}; but {why}."
        return replace(self, outcome=Outcome.UNDECIDED, reason=reason, remedy=remedy or self.remedy)
