"""Claims that another experiment shows: in the report, between theories, and in plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.measures.energies import (
    Effect,
    Factors,
    Missing,
    energy,
    responses,
    trials,
    units,
)
from errorneurons.predictions.claims import registry
from errorneurons.predictions.claims.claim import Claim, Condition, OverDays
from errorneurons.predictions.studies import theories
from errorneurons.simulate.animals.animals import Animals

NOTHING = Missing("nothing to see", "Look elsewhere.")
RARE: Factors = {"block": "local oddball", "oddball": "local and global"}
ALIKE: Factors = {"block": "local oddball", "oddball": "none"}
NETWORKS = Animals(2)


def seen(session: xr.Dataset, role: str, factors: Factors, event: str) -> float:
    """Return the energy of the response of cells of a role to an event."""
    chosen = trials(session, factors)
    window = (0.0, 0.1)
    if not len(chosen):
        return float("nan")
    return energy(responses(session, chosen, units(session, role), event, window, (-0.05, 0.0)))


def mismatch(session: xr.Dataset) -> Effect | Missing:
    """N: error cells at what breaks a row; M: representation cells at what does not."""
    if "oddball" not in session.coords:
        return NOTHING
    rare, alike = (
        seen(session, role, factors, "input_onset")
        for role, factors in (("error", RARE), ("representation", ALIKE))
    )
    return Effect(rare, alike)


def return_of_errors(sessions: Sequence[xr.Dataset]) -> Effect | Missing:
    """N: the outcome response on the last day of reversal; M: on its first."""
    days = [s for s in sessions if "association" in s.coords and len(trials(s, REVERSED))]
    if len(days) < 2:
        return NOTHING
    last, first = (seen(s, "error", REVERSED, "outcome_onset") for s in (days[-1], days[0]))
    return Effect(last, first)


REVERSED: Factors = {"association": "reversed", "phase": "during"}
PLAIN = replace(registry.CLAIMS[0], manipulations=(), secondary={}, side="below", threshold=0.5)
ODDBALL = replace(
    PLAIN, key="T01", name="oddball", effect=mismatch, shown_by="oddball",
    conditions=(Condition("rare", RARE),), counter_circuit="mismatch_neurons",
)  # fmt: skip
DAYS = replace(
    PLAIN, key="T02", name="days", effect=OverDays(return_of_errors), shown_by="teach_reteach",
    conditions=(Condition("reversed", REVERSED),), learning=True,
)  # fmt: skip


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> tuple[Claim, ...]:
    """Two more claims: one that oddballs show, one that days of learning show."""
    more = (*registry.CLAIMS, ODDBALL, DAYS)
    for module in (registry, theories):
        monkeypatch.setattr(module, "CLAIMS", more)
    return more


# The report


@pytest.fixture
def simulated(claims: tuple[Claim, ...]) -> theories.Simulated:
    return theories._simulated(theories._simulate("supervised_pc", NETWORKS, None))


def test_each_claim_is_measured_in_its_own_experiment(
    claims: tuple[Claim, ...], simulated: theories.Simulated
) -> None:
    assert list(simulated.measured) == [c.key for c in claims]
    assert {c.key for c in claims} == {*simulated.activity}
    for claim in (ODDBALL, DAYS):
        found = simulated.measured[claim.key]
        assert found.animals == ("network-000", "network-001")
        assert np.isfinite(found.energies).all()
        assert (found.energies[:, 1] > 0).all()
    assert simulated.activity["T01"]["mean"].notnull().any()


def test_the_usual_claims_say_the_same_beside_other_experiments(
    simulated: theories.Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    alone = theories._simulated(theories._simulate("supervised_pc", NETWORKS, None))
    for key, own in alone.measured.items():
        np.testing.assert_array_equal(own.energies, simulated.measured[key].energies)


def test_a_theory_that_cannot_be_put_through_an_experiment_is_not_testable(
    claims: tuple[Claim, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking = replace(theories.experiment("oddball"), needs=("interneuron",))
    others = [theories.experiment("outcome_error"), lacking]
    monkeypatch.setattr(theories, "_asked", lambda: others)
    monkeypatch.setattr(theories, "CLAIMS", (*registry.CLAIMS[:-2], ODDBALL))
    found = theories._simulated(theories._simulate("supervised_pc", NETWORKS, None))
    lack = found.measured["T01"].missing
    assert lack is not None
    assert lack.what.startswith("oddball needs interneuron neurons, and supervised_pc has none")
    assert "T01" not in found.activity


def test_what_is_kept_of_a_subject_rests_on_the_experiments_of_the_claims(
    claims: tuple[Claim, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def key() -> str:
        return theories._piece("adaptation", NETWORKS, None).key

    before, asked = key(), theories._asked()
    monkeypatch.setattr(theories, "_asked", lambda: asked[:2])
    assert key() != before
    longer = [*asked[:-1], replace(asked[-1], repeats=7)]
    monkeypatch.setattr(theories, "_asked", lambda: longer)
    assert key() != before
