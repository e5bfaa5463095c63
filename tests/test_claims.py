"""Every claim can be won and lost: under its own theory, and under its counter-circuit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import check
from errorneurons.predictions.claims.claim import Claim, Outcome, Verdict
from errorneurons.predictions.claims.registry import (
    CLAIMS,
    IN_ONE_EXPERIMENT,
    MANIPULATIONS,
    claim,
    is_usual,
)
from errorneurons.predictions.judging.judge import judge
from errorneurons.predictions.judging.measured import measure
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import Performed, put_through
from errorneurons.simulate.animals.runner import recordings_of, sessions
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import COUNTER_CIRCUITS, theory

THEORY, OUTCOME = "error_microcircuit", "outcome_error"
NETWORKS = 12
LEARNERS = (THEORY, claim("P06b").counter_circuit)  # blocks of learning take most of the time
each = pytest.mark.parametrize("claimed", CLAIMS, ids=lambda c: c.key)


INSTRUMENT = Instrument(spiking="none")


def tried(name: str, shown_by: str) -> Experiment:
    if shown_by != OUTCOME:
        known = experiment(shown_by)
        return known if len(known.days(1)) > 1 else replace(known, repeats=4)
    return replace(with_learning(12 if name in LEARNERS else 2), repeats=4)


@cache
def networks(name: str) -> Performed:
    return put_through(theory(name), tried(name, OUTCOME), Animals(NETWORKS), INSTRUMENT)


@cache
def recorded(name: str, shown_by: str = OUTCOME) -> tuple[xr.Dataset, ...]:
    if shown_by == OUTCOME:
        return tuple(recordings_of(networks(name), INSTRUMENT))
    return tuple(sessions(theory(name), tried(name, shown_by), Animals(NETWORKS), INSTRUMENT))


def shown(claimed: Claim, name: str) -> tuple[xr.Dataset, ...]:
    return recorded(name, claimed.shown_by)


def of_two_animals(claimed: Claim) -> list[xr.Dataset]:
    seen = shown(claimed, THEORY)
    two = sorted({s.attrs["animal"] for s in seen})[:2]
    return [s for s in seen if s.attrs["animal"] in two]


def verdict(claimed: Claim, name: str) -> Verdict:
    return judge(claimed, name, measure(claimed.effect, shown(claimed, name), False), "theory")


def verdict_on(claimed: Claim, sessions: Iterable[xr.Dataset]) -> Verdict:
    return judge(claimed, "recording", measure(claimed.effect, list(sessions), True), "recording")


def without_labels(seen: xr.Dataset) -> xr.Dataset:
    role = np.full(seen.sizes["unit"], "unknown")
    return seen.assign_coords(role=("unit", role))


# Every claim on simulated networks


@each
def test_the_error_microcircuit_supports_the_claim(claimed: Claim) -> None:
    found = verdict(claimed, THEORY)
    assert found.outcome is Outcome.SUPPORTED, found.reason


@each
def test_the_counter_circuit_contradicts_the_claim(claimed: Claim) -> None:
    found = verdict(claimed, claimed.counter_circuit)
    assert found.outcome is Outcome.CONTRADICTED, found.reason


@each
def test_the_counter_circuit_could_have_supported_the_claim(claimed: Claim) -> None:
    broken = networks(claimed.counter_circuit)
    assert broken.learnt
    assert len(broken.animals.numbers) >= NETWORKS / 2
    assert verdict(claimed, claimed.counter_circuit).points


@each
def test_the_same_sessions_judged_as_a_recording_support_the_claim(claimed: Claim) -> None:
    found = verdict_on(claimed, shown(claimed, THEORY))
    assert found.outcome is Outcome.SUPPORTED, found.reason


def test_the_simulated_sessions_obey_the_contract() -> None:
    for seen in recorded(THEORY)[:2]:
        check(seen)


def test_the_microcircuit_leaves_no_network_out() -> None:
    assert networks(THEORY).animals.numbers == tuple(range(NETWORKS))


@pytest.mark.parametrize("key", ["P04b", "P06a", "P18b"])
def test_some_counter_circuits_contradict_their_own_claim_alone(key: str) -> None:
    broken = claim(key).counter_circuit
    against = [c.key for c in CLAIMS if verdict(c, broken).outcome is Outcome.CONTRADICTED]
    assert against == [key]


# Every claim on sessions that lack something

NEEDS_NO_LABELS = ("P06a", "P06b")
COLUMNS = {
    "P02": ("manipulation", "familiarity", "outcome"),
    "P04a": ("manipulation", "outcome"),
    "P04b": ("manipulation", "outcome"),
    "P05a": ("manipulation", "familiarity", "outcome"),
    "P05b": ("manipulation", "familiarity", "outcome"),
    "P06a": ("manipulation", "familiarity"),
    "P06b": ("manipulation", "performance"),
}


@pytest.mark.parametrize("key", [key for key in COLUMNS if key not in NEEDS_NO_LABELS])
def test_without_labelled_error_cells_the_claim_is_not_testable(key: str) -> None:
    found = verdict_on(claim(key), map(without_labels, recorded(THEORY)[:2]))
    assert found.outcome is Outcome.NOT_TESTABLE
    assert found.reason.startswith("No unit has the role 'error'")
    assert found.remedy.startswith("Label error cells by genetics")


@pytest.mark.parametrize("key", NEEDS_NO_LABELS)
def test_a_claim_on_the_output_needs_no_labels(key: str) -> None:
    unlabelled = [without_labels(s) for s in recorded(THEORY)]
    found = verdict_on(claim(key), unlabelled)
    assert found.outcome is Outcome.SUPPORTED, found.reason


@pytest.mark.parametrize("key", COLUMNS)
@pytest.mark.parametrize("lacking", ["manipulation", "familiarity", "performance", "outcome"])
def test_a_claim_asks_for_the_columns_it_needs_and_no_others(key: str, lacking: str) -> None:
    found = verdict_on(claim(key), [s.drop_vars(lacking) for s in recorded(THEORY)])
    if lacking not in COLUMNS[key]:
        assert found.outcome is Outcome.SUPPORTED
        return
    assert found.outcome is Outcome.NOT_TESTABLE
    assert f"`{lacking}`" in found.reason
    assert found.remedy.endswith(".")


@each
def test_without_trials_the_claim_is_not_testable(claimed: Claim) -> None:
    found = verdict_on(claimed, [s.isel(trial=[0]) for s in of_two_animals(claimed)])
    assert found.outcome is Outcome.NOT_TESTABLE
    assert found.remedy


@each
def test_two_animals_say_nothing_of_the_population(claimed: Claim) -> None:
    found = verdict_on(claimed, of_two_animals(claimed))
    assert found.outcome is Outcome.UNDECIDED
    assert "2 animals: no statement about the population" in found.reason


# The registry


@each
def test_a_claim_has_all_its_texts(claimed: Claim) -> None:
    texts = [f.name for f in fields(claimed) if isinstance(getattr(claimed, f.name), str)]
    assert len(texts) >= 11
    for name in texts:
        assert getattr(claimed, name).strip(), name
    assert claimed.sentence.endswith(".")
    assert claimed.refuted_by.endswith(".")


@each
def test_a_claim_shows_at_least_two_conditions_by_different_names(claimed: Claim) -> None:
    labels = [condition.label for condition in claimed.conditions]
    assert len(set(labels)) == len(labels) >= 2


@each
def test_a_claims_counter_circuit_is_a_broken_microcircuit_and_no_rival(claimed: Claim) -> None:
    assert claimed.counter_circuit in {broken.name for broken in COUNTER_CIRCUITS}


@each
def test_a_claims_threshold_and_side_are_what_counts(claimed: Claim) -> None:
    assert 0 < claimed.threshold < 1
    assert claimed.side in ("below", "above", "within")


def test_a_manipulation_is_called_the_same_by_all_claims_that_need_it() -> None:
    usual = {m for c in CLAIMS if is_usual(c) for m in c.manipulations}
    assert len(usual) == len(IN_ONE_EXPERIMENT)
    others = {c.shown_by for c in CLAIMS if not is_usual(c)}
    assert {*MANIPULATIONS} == {*IN_ONE_EXPERIMENT} | others


def test_keys_names_and_sentences_are_unique() -> None:
    for column in ("key", "name", "sentence"):
        values = [getattr(c, column) for c in CLAIMS]
        assert len(set(values)) == len(values)


def test_an_unknown_claim_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no claim 'P04c'; did you mean 'P04"):
        claim("P04c")


def test_a_claim_like_no_other_is_answered_with_all_keys() -> None:
    with pytest.raises(ValueError, match="there is no claim 'x'; known are P02, P04a, P04b, P05a,"):
        claim("x")
