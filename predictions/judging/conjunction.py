"""Claims that hold only together, such as "silencing removes the error below and spares it above".

A conjunction is SUPPORTED if all of its parts are: each part is tested at alpha .05, and all must
clear, so no correction is due (an intersection-union test). It is CONTRADICTED if any part is at
alpha divided by the number of parts (Bonferroni), for each part is another chance to be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from errorneurons.predictions.claims.claim import Claim, Outcome, SubjectKind, Verdict
from errorneurons.predictions.judging.judge import Measured, judge
from errorneurons.predictions.judging.rule import ALPHA, outcomes


def conjunction(
    claims: Sequence[Claim],
    subject: str,
    measured: Sequence[Measured],
    kind: SubjectKind,
) -> Verdict:
    """Return the verdict on several claims as one.

    Parameters
    ----------
    claims
        The parts, 2 or more.
    subject
        Who is judged.
    measured
        What the sessions say to each part, in the same order.
    kind
        As for `errorneurons.predictions.judging.judge.judge`.

    Returns
    -------
    Verdict
        Its claim is the keys of the parts joined by ``+``. CONTRADICTED before all else; then
        NOT_TESTABLE if a part is, with the reason of that part; then SUPPORTED if all parts are.

    Raises
    ------
    ValueError
        With fewer than 2 parts, or not one measurement a part.
    """
    if len(claims) < 2 or len(claims) != len(measured):
        raise ValueError(
            "a conjunction needs 2 or more claims and one measurement for each, not "
            f"{len(claims)} claims and {len(measured)} measurements"
        )
    parts = [judge(c, subject, m, kind) for c, m in zip(claims, measured, strict=True)]
    alpha = ALPHA / len(claims)
    refuting = [
        part
        for part, c, m in zip(parts, claims, measured, strict=True)
        if part.outcome is Outcome.CONTRADICTED
        and (kind != "recording" or _answer(c, m, alpha) is Outcome.CONTRADICTED)
    ]
    lacking = [part for part in parts if part.outcome is Outcome.NOT_TESTABLE]
    unclear = [part for part in parts if part.outcome is not Outcome.SUPPORTED]
    outcome, deciding = (
        (Outcome.CONTRADICTED, refuting) if refuting
        else (Outcome.NOT_TESTABLE, lacking) if lacking
        else (Outcome.UNDECIDED, unclear) if unclear
        else (Outcome.SUPPORTED, parts)
    )  # fmt: skip
    reason = " ".join(f"{part.claim}: {part.reason}" for part in deciding)
    if outcome is Outcome.UNDECIDED and any(p.outcome is Outcome.CONTRADICTED for p in deciding):
        reason += f" Contradicted at alpha .05, but not at .05/{len(claims)}."
    remedy = " ".join(dict.fromkeys(part.remedy for part in deciding if part.remedy))
    return Verdict("+".join(c.key for c in claims), subject, outcome, reason, remedy)


def _answer(claim: Claim, measured: Measured, alpha: float) -> Outcome:
    return Outcome(str(outcomes(claim, measured.energies, measured.label_error, alpha)))
