"""Conjunctions: all parts to be supported, one part at alpha/parts to be contradicted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from errorneurons.analysis.measures.energies import Missing
from errorneurons.predictions.claims.claim import Outcome, Verdict
from errorneurons.predictions.claims.registry import claim
from errorneurons.predictions.judging.conjunction import conjunction
from errorneurons.predictions.judging.judge import Measured

PARTS = (claim("P04a"), claim("P04b"))  # below .5, above .8
NAMES = tuple("abcdefgh")
LACK = Measured((), np.empty((0, 3)), missing=Missing("no silencing", "Silence."))


def with_t(part: int, t: float, animals: int = 8) -> Measured:
    """Return animals in which the t of D is `t`, above the threshold if positive."""
    spread = stats.norm.ppf((np.arange(animals) + 0.5) / animals)
    spread /= spread.std(ddof=1) / np.sqrt(animals)
    n = PARTS[part].threshold + 0.01 * (spread + t)
    return Measured(NAMES[:animals], np.stack([n, np.ones(animals), np.zeros(animals)], axis=1))


def together(first: Measured, second: Measured, kind: str = "recording") -> Verdict:
    return conjunction(PARTS, "r", [first, second], kind)


@pytest.mark.parametrize(
    ("below", "above", "outcome"),
    [(-5.0, 5.0, "SUPPORTED"), (-5.0, 0.0, "UNDECIDED"), (0.0, 0.0, "UNDECIDED"),
     (5.0, 5.0, "CONTRADICTED"), (-5.0, -5.0, "CONTRADICTED"), (5.0, 0.0, "CONTRADICTED")],
)  # fmt: skip
def test_all_parts_support_and_any_part_contradicts(
    below: float, above: float, outcome: str
) -> None:
    verdict = together(with_t(0, below), with_t(1, above))
    assert (verdict.claim, verdict.outcome) == ("P04a+P04b", outcome)


@pytest.mark.parametrize(("alpha", "outcome"), [(0.026, "UNDECIDED"), (0.024, "CONTRADICTED")])
def test_a_part_contradicts_at_alpha_over_the_number_of_parts(alpha: float, outcome: str) -> None:
    verdict = together(with_t(0, stats.t.isf(alpha, 7)), with_t(1, 5.0))
    assert verdict.outcome == outcome
    assert ("at alpha .05, but not at .05/2" in verdict.reason) == (outcome == "UNDECIDED")


@pytest.mark.parametrize("alpha", [0.049, 0.026])
def test_parts_support_at_alpha_undivided(alpha: float) -> None:
    t = stats.t.isf(alpha, 7)
    assert together(with_t(0, -t), with_t(1, t)).outcome is Outcome.SUPPORTED


@pytest.mark.parametrize(
    ("t", "outcome"), [(5.0, "NOT_TESTABLE"), (0.0, "NOT_TESTABLE"), (-5.0, "CONTRADICTED")]
)
def test_a_part_that_cannot_be_tested_leaves_contradiction_alone(t: float, outcome: str) -> None:
    verdict = together(LACK, with_t(1, t))
    assert verdict.outcome == outcome
    if outcome == "NOT_TESTABLE":
        assert (verdict.reason, verdict.remedy) == ("P04a: No silencing.", "Silence.")


def test_an_answer_that_depends_on_false_labels_contradicts_nothing() -> None:
    table = with_t(0, 5.0)
    table.energies[:, 2] = 1.0
    unsure = replace(table, label_error=(0.0, 0.0, 0.4))
    assert together(unsure, with_t(1, 5.0)).outcome is Outcome.UNDECIDED


def test_under_five_animals_nothing_is_said() -> None:
    verdict = together(with_t(0, 50.0, animals=4), with_t(1, 50.0, animals=4))
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.remedy == "Record 5 animals or more."


@pytest.mark.parametrize(("above", "outcome"), [(30.0, "SUPPORTED"), (-30.0, "CONTRADICTED")])
def test_theories_have_no_alpha_to_divide(above: float, outcome: str) -> None:
    assert together(with_t(0, -30.0), with_t(1, above), "theory").outcome == outcome


@pytest.mark.parametrize(("claims", "measured"), [(1, 1), (2, 1)])
def test_a_conjunction_of_one_is_refused(claims: int, measured: int) -> None:
    said = f"a conjunction needs 2 or more claims and one measurement for each, not {claims} claim"
    with pytest.raises(ValueError, match=said):
        conjunction(PARTS[:claims], "r", [LACK] * measured, "recording")


def test_at_both_thresholds_a_conjunction_is_contradicted_one_time_in_twenty_at_most() -> None:
    rng = np.random.default_rng(3)
    count = 100
    found = []
    for _ in range(count):
        tables = [np.stack([c.threshold + rng.normal(0, 0.1, 8), np.ones(8), np.zeros(8)], axis=1)
                  for c in PARTS]  # fmt: skip
        found.append(together(*(Measured(NAMES, t) for t in tables)).outcome)
    rate = {o: np.mean([f is o for f in found]) for o in Outcome}
    assert rate[Outcome.CONTRADICTED] <= stats.binom.isf(1e-3, count, 0.05) / count
    assert rate[Outcome.SUPPORTED] <= stats.binom.isf(1e-3, count, 0.05**2) / count
