"""Verdicts where there is nothing, or almost nothing, to compare with."""

from __future__ import annotations

from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.judging.measured import Measured
from errorneurons.predictions.judging.rule import LEAST

_LEARN = "Ask it of animals that learn: longer blocks, or an association that is easier."


def nothing_to_compare(claim: Claim, subject: str, where: str) -> Verdict:
    """Return that M is no response, in these animals or networks."""
    if claim.behaviour:
        return Verdict(
            claim.key, subject, Outcome.NOT_TESTABLE,
            f"Nothing is learnt to compare with: M, the gain of control blocks, is not above 0 "
            f"{where}.",
            _LEARN,
        )  # fmt: skip
    return Verdict(
        claim.key, subject, Outcome.NOT_TESTABLE,
        f"There is no response to compare with: M is not above 0 {where}.",
        "Record more trials or cells, or a larger outcome error, until the comparison response is "
        "clear of 0.",
    )  # fmt: skip


def almost_nothing(claim: Claim, subject: str, measured: Measured, where: str) -> Verdict:
    """Return that M and N are almost nothing beside what there is elsewhere, or was to learn."""
    m, whole = measured.energies[:, 1].mean(), measured.elsewhere.mean()
    if claim.behaviour:
        return Verdict(
            claim.key, subject, Outcome.NOT_TESTABLE,
            f"Almost nothing is learnt to compare with: {where} neither gain is clear of "
            f"{LEAST:.0%} of what there is to learn (the gain of control blocks is {m:.2g}, and "
            f"{whole:.2g} could be gained).",
            _LEARN,
        )  # fmt: skip
    return Verdict(
        claim.key, subject, Outcome.NOT_TESTABLE,
        f"There is almost no response to compare with: {where} neither N nor M is clear of "
        f"{LEAST:.0%} of the energy of the same response in all error cells, a tenth in amplitude "
        f"(M is {m:.2g}, and {whole:.2g} there), and N/M would be a ratio of noise.",
        "Ask it of cells that respond to the outcome: other areas, or a larger outcome error.",
    )  # fmt: skip
