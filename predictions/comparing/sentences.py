"""What a recording says of the theories, as sentences a colleague could quote.

The verdict is the set of theories that could have given the recording, each by its own worlds, and
which of them lead among those listed (`analysis.evidence`); how far to trust it was measured on
virtual recordings of the same size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from errorneurons.analysis.evidence.classifiers import THINNED
from errorneurons.analysis.evidence.comparison import CLEARLY
from errorneurons.analysis.evidence.experiments import bounded_index
from errorneurons.analysis.evidence.membership import CONFIDENCE
from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.claims.registry import else_behind
from errorneurons.predictions.comparing.effects import DISCREPANCY
from errorneurons.predictions.texts import one_paragraph
from errorneurons.predictions.words import listed, number

NAMED = 3
"""The most theories that the answer names as ruled out; the table of the evidence has them all."""
CLEARLY_APART = 2 * DISCREPANCY
"""Least distance between what is found and what is expected, on the scale of the bounded index."""
ELSEWISE = (
    "It may be of a circuit that is not on the list, or be other than it states, as with more "
    "false labels"
)
"""What else may be behind a recording that theories do not explain."""
Label = Callable[[str], str]
"""Theory -> its name in a sentence."""


def answer(evidence: Evidence, verdicts: Sequence[Verdict], animals: int, label: Label) -> str:
    """Return the sentence that the page begins with.

    Parameters
    ----------
    evidence
        What the recording says.
    verdicts
        On the claims of the error-neuron microcircuit, one a claim.
    animals
        How many were recorded.
    label
        Theory -> its name in a sentence.
    """
    kept = evidence.kept
    others = [name for name in evidence.posterior if name not in kept]
    few, likeliest = (
        len(others) <= NAMED,
        max(evidence.posterior, key=lambda n: evidence.posterior[n]),
    )
    worst = max(evidence.false_alarms.values(), default=math.nan)
    told = {o: sum(v.outcome is o for v in verdicts) for o in Outcome}
    return one_paragraph("answers/recording", {
        "theories": evidence.posterior,
        "animals": animals,
        "kept": [label(name) for name in kept],
        "over": listed(label(name) for name in others) if few else f"other {len(others)}",
        "posterior": evidence.posterior[kept[0]] if kept else None,
        "likelier": label(likeliest) if likeliest not in kept else None,
        "one_class": evidence.kind == "one class",
        "leading": [label(name) for name in evidence.leading],
        "behind": [f"{number(factor)} times as probable as the {label(name)}"
                   for name, factor in _behind(evidence).items()],
        "trust": trust(evidence, animals),
        "worst": worst if math.isfinite(worst) else None,
        "elsewise": ELSEWISE,
        "testable": len(verdicts) - told[Outcome.NOT_TESTABLE],
        "told": [f"{n} {'is' if n == 1 else 'are'} {o.value.lower()}" for o, n in told.items()
                 if n and o is not Outcome.NOT_TESTABLE],
        "otherwise": else_behind(verdicts),
    })  # fmt: skip


def trust(evidence: Evidence, animals: int) -> str:
    """Return how often a verdict like this one is right, in words."""
    share = evidence.trust
    value = share.value if math.isfinite(share.value) else None
    known = {"animals": animals, "value": value, "low": share.low, "high": share.high}
    return one_paragraph("answers/trust", known)


def _behind(evidence: Evidence) -> dict[str, float]:
    """Return how many times as probable as those that stay and do not lead the first is."""
    shared = {name: sum(evidence.posterior[n] for n in own)
              for own in evidence.classes for name in own}  # fmt: skip
    first = max((shared[name] for name in evidence.leading), default=math.nan)
    return {n: first / shared[n] for n in evidence.kept if n not in evidence.leading}


def at_odds(
    kept: Sequence[str],
    verdicts: Sequence[Verdict],
    expected: Mapping[str, Mapping[str, tuple[float, float]]],
    misses: Mapping[str, Sequence[float]],
    label: Label,
) -> str:
    """Return which expected ranges of theories that stay are missed; empty if none is.

    The set weighs all effects together, so that a circuit that differs from a theory in one claim
    alone may pass for it. Every range that the value of a claim misses is told, with how often the
    theory's own virtual recordings miss as many: of seven ranges of 90 %, one is easily missed.
    Where interval and range are apart by more than what theories leave out, so is what else it may
    be.

    Parameters
    ----------
    kept
        The theories that stay.
    verdicts
        On the claims, with the values of the recording.
    expected
        Claim key -> theory -> the 5-95 % range of N/M.
    misses
        Theory -> (count,), the share of its virtual experiments that miss so many ranges or more.
    label
        Theory -> its name in a sentence.
    """
    parts, apart = [], False
    for name in kept:
        ranges = {v.claim: expected.get(v.claim, {}).get(name) for v in verdicts}
        odd = [(v, own) for v in verdicts if (own := ranges[v.claim]) and _missed(v, own)]
        apart |= any(_apart(v, own) for v, own in odd)
        if odd:
            parts.append(
                f"The {label(name)}, which stays, expects {listed(_beside(*one) for one in odd)}; "
                f"{misses[name][len(odd)]:.0%} of its own virtual recordings miss as many ranges."
            )
    return " ".join([*parts, f"{ELSEWISE}."] if apart else parts)


def _missed(verdict: Verdict, expected: tuple[float, float]) -> bool:
    """Return whether a claim that was tested has a value outside a range, by what is shown."""
    tested = verdict.outcome is not Outcome.NOT_TESTABLE and math.isfinite(verdict.value)
    inside = expected[0] <= verdict.value <= expected[1]
    return tested and not inside and number(verdict.value) not in map(number, expected)


def _apart(verdict: Verdict, expected: tuple[float, float]) -> bool:
    """Return whether an interval and a range are clearly apart; never if there is no interval."""
    low, high, least, most = (_bounded(r) for r in (verdict.low, verdict.high, *expected))
    return max(least - high, low - most) > CLEARLY_APART


def _bounded(ratio: float) -> float:
    """Return N/M as a bounded index, on which large ratios differ little from one another."""
    return float(bounded_index(ratio, 1.0, 0.0))


def _beside(verdict: Verdict, expected: tuple[float, float]) -> str:
    low, high = map(number, expected)
    return f"{verdict.claim} between {low} and {high} (found {number(verdict.value)})"


def methods(evidence: Evidence, experiments: int, label: Label) -> str:
    """Return the paragraph on evidence for the methods of a paper."""
    return one_paragraph("methods/evidence", {
        "experiments": experiments,
        "worlds": listed(f"{n} for the {label(name)}" for name, n in evidence.worlds.items()),
        "classifier": evidence.classifier,
        "few": THINNED,
        "scores": listed(f"{name} {score:.3f}" for name, score in evidence.classifiers.items()),
        "confidence": CONFIDENCE,
        "clearly": number(CLEARLY),
        "calibration_error": evidence.calibration_error,
    })  # fmt: skip


def nothing_of(evidence: Evidence, names: Mapping[str, str]) -> str:
    """Return of which claims nothing could be weighed, in a sentence; empty if of none.

    Parameters
    ----------
    evidence
        What the recording says.
    names
        Claim key -> its name on the page.
    """
    weighed = {feature.split()[0] for feature in evidence.features}
    parts = [f"{name} ({evidence.dropped[key]})" for key, name in names.items()
             if key not in weighed and key in evidence.dropped]  # fmt: skip
    return f"Nothing could be weighed, for all theories alike, of {listed(parts)}." if parts else ""
