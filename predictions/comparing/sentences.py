"""What a recording says of the theories, as sentences a colleague could quote.

The verdict is the set of theories that could have given the recording (`analysis.evidence`); how
far to trust it was measured on virtual recordings of the same size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from errorneurons.analysis.evidence.experiments import bounded_index
from errorneurons.analysis.evidence.membership import CONFIDENCE
from errorneurons.analysis.evidence.weigh import Evidence
from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.comparing.effects import DISCREPANCY
from errorneurons.predictions.words import counted, listed, number

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
    return f"{_verdict(evidence, animals, label)} {_claims(verdicts)}"


def _verdict(evidence: Evidence, animals: int, label: Label) -> str:
    kept = listed(label(name) for name in evidence.kept)
    others = [name for name in evidence.posterior if name not in evidence.kept]
    over = listed(label(name) for name in others)
    if len(others) > NAMED:
        over = f"other {len(others)}"
    size = counted(animals, "animal")
    if not evidence.kept:
        return (
            f"None of the {len(evidence.posterior)} theories compared could have given this "
            f"recording of {size}; {_alarm(evidence)}. {ELSEWISE}."
        )
    if not others:
        return (
            f"This recording of {size} cannot tell: every one of the "
            f"{len(evidence.posterior)} theories compared could have given it."
        )
    if len(evidence.kept) == 1:
        belief = evidence.posterior[evidence.kept[0]]
        first = f"Of the theories compared, this recording supports the {kept} over the {over}"
        return f"{first} (posterior {belief:.2f}); {trust(evidence, animals)}."
    why = (
        "which no recording of this design can tell apart"
        if evidence.kind == "one class"
        else "which it cannot tell apart"
    )
    first = f"This recording leaves the {kept}, {why}, and rules out the {over}"
    return f"{first}; {trust(evidence, animals)}."


def trust(evidence: Evidence, animals: int) -> str:
    """Return how often a verdict like this one is right, in words."""
    share = evidence.trust
    if not math.isfinite(share.value):
        return "no virtual recording of this size gave this verdict, so its trust is unknown"
    return (
        f"with {counted(animals, 'animal')} a verdict like this is right {share.value:.0%} of the "
        f"time [{share.low:.0%}, {share.high:.0%}]"
    )


def at_odds(
    kept: Sequence[str],
    verdicts: Sequence[Verdict],
    expected: Mapping[str, Mapping[str, tuple[float, float]]],
    label: Label,
) -> str:
    """Return which claims are not as the theories that stay would have it; empty if all are.

    The set weighs all effects together, so that a circuit that differs from a theory in one claim
    alone may pass for it. A claim is told here if the interval of its N/M and the range that a
    theory leads one to expect are apart by more than what theories leave out.

    Parameters
    ----------
    kept
        The theories that stay.
    verdicts
        On the claims, with the values of the recording.
    expected
        Claim key -> theory -> the 5-95 % range of N/M.
    label
        Theory -> its name in a sentence.
    """
    parts = []
    for name in kept:
        odd = [v for v in verdicts if _apart(v, expected.get(v.claim, {}).get(name))]
        if odd:
            said = listed(_beside(v, expected[v.claim][name]) for v in odd)
            parts.append(f"{said}, of the {label(name)}")
    return f"Yet not all is as expected: {'; '.join(parts)}. {ELSEWISE}." if parts else ""


def _apart(verdict: Verdict, expected: tuple[float, float] | None) -> bool:
    """Return whether an interval and a range are clearly apart; never if one is unknown."""
    if expected is None:
        return False
    low, high, least, most = (_bounded(r) for r in (verdict.low, verdict.high, *expected))
    return max(least - high, low - most) > CLEARLY_APART


def _bounded(ratio: float) -> float:
    """Return N/M as a bounded index, on which large ratios differ little from one another."""
    return float(bounded_index(ratio, 1.0, 0.0))


def _beside(verdict: Verdict, expected: tuple[float, float]) -> str:
    low, high = map(number, expected)
    return f"{verdict.claim} has N/M = {number(verdict.value)} where {low} to {high} is expected"


def _alarm(evidence: Evidence) -> str:
    worst = max(evidence.false_alarms.values(), default=math.nan)
    if not math.isfinite(worst):
        return "how often that is said wrongly is not known"
    return (
        "of virtual recordings of the theories on the list, at most "
        f"{worst:.0%} are wrongly told the same"
    )


def _claims(verdicts: Sequence[Verdict]) -> str:
    told = {o: [v.claim for v in verdicts if v.outcome is o] for o in Outcome}
    testable = len(verdicts) - len(told[Outcome.NOT_TESTABLE])
    parts = [
        f"{len(told[o])} {o.value.lower()}"
        for o in (Outcome.SUPPORTED, Outcome.CONTRADICTED, Outcome.UNDECIDED)
        if told[o]
    ]
    return (
        f"Of the {counted(testable, 'claim part')} of the error-neuron microcircuit that it can "
        f"test, {listed(parts)}."
    )


def methods(evidence: Evidence, experiments: int, label: Label) -> str:
    """Return the paragraph on evidence for the methods of a paper."""
    worlds = listed(f"{n} for the {label(name)}" for name, n in evidence.worlds.items())
    classifiers = listed(f"{name} {score:.3f}" for name, score in evidence.classifiers.items())
    return (
        f"For each theory, {experiments} virtual experiments of the recording's own size were "
        f"drawn from simulated worlds ({worlds}); experiments of one world are not independent, so "
        "that the number of worlds, not of experiments, is the size of this sample. A world draws "
        "once what the theory leaves open (conductances, noise, skip strength, time constants, "
        "delays, stage of training, size of the outcome, baseline, label error, a discrepancy on "
        "every effect), with a spread of animals around it; its animals went through the same "
        "instrument, measures and claims as the recording. Each claim enters as a bounded index of "
        "animal means, (N - M) / (|N| + |M| + 2 s), with s the root of the summed squared standard "
        "errors of N and M over animals, and as whether M is more than two of its standard errors "
        "above 0; theories are weighed by secondary effects as well, such indices of other windows "
        "and areas of the same trials. The table of what was weighed names them all; no claim is "
        "judged by a secondary effect. Indices are not corrected for false labels, because virtual "
        "recordings have them too. Probabilities "
        f"come from {evidence.classifier}, chosen by its log score in worlds that it had not seen "
        f"({classifiers} nats) and calibrated on them; no probability falls below what the number "
        "of simulations can show. A theory stays in the set if its Monte-Carlo p is above .05: the "
        f"{CONFIDENCE:.0%} upper bound (Clopper and Pearson) of the share of held-out worlds of "
        "that theory that lie as far off as the recording, by the log odds against the theory or "
        "the distance to its nearest experiments, whichever is the larger in units of the theory's "
        "own. The p of theories are not adjusted for their number: the set is a confidence set, "
        "which leaves the true theory out in 5 % of recordings at most, in as large a share of "
        "libraries of worlds as that bound says. Theories of which the more probable is the true "
        "one in less than 75 % of held-out experiments count as one class. "
        f"Held out, the expected calibration error is {evidence.calibration_error:.3f}."
    )


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
