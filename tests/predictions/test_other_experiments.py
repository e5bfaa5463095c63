"""Claims that another experiment shows: in the report, between theories, and in plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
from errorneurons.predictions.claims.claim import (
    Claim,
    Condition,
    OverDays,
    answer_of,
    asked_together,
)
from errorneurons.predictions.comparing import animals, design
from errorneurons.predictions.comparing import effects as drawn
from errorneurons.predictions.comparing import plan as planning
from errorneurons.predictions.comparing import weigh as weighing
from errorneurons.predictions.comparing.conditions import days_matched, of_worlds
from errorneurons.predictions.comparing.design import designs_of, no_trial_of, taken_together
from errorneurons.predictions.comparing.effects import draw
from errorneurons.predictions.comparing.library import virtual_animals
from errorneurons.predictions.studies import theories
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.days import through_days
from errorneurons.simulate.animals.performed import ready_animals
from errorneurons.simulate.animals.runner import recordings_of
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.store.work import Labour
from errorneurons.simulate.theories.registry import theory

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
    conditions=(Condition("reversed", REVERSED),), behaviour=True,
)  # fmt: skip


USUAL = tuple(c for c in registry.CLAIMS if registry.is_usual(c))


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> tuple[Claim, ...]:
    """Return the usual claims and two more: one that oddballs show, one that days show."""
    more = (*USUAL, ODDBALL, DAYS)
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
    monkeypatch.setattr(theories, "CLAIMS", USUAL)
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
    monkeypatch.setattr(theories, "CLAIMS", (*USUAL, ODDBALL))
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


# Between theories


RATES = replace(theories.INSTRUMENT, cells=5, spiking="none")


@pytest.fixture(scope="module")
def recordings() -> dict[str, list[xr.Dataset]]:
    """Two networks as animals: after oddballs, and over days of learning."""
    ready = ready_animals(theory("supervised_pc"), NETWORKS, RATES)
    return {
        name: [
            session
            for day in through_days(ready, replace(experiment(name), repeats=3))
            for session in recordings_of(day, RATES)
        ]
        for name in ("oddball", "teach_reteach")
    }


@pytest.fixture
def compared(claims: tuple[Claim, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The two claims stand in the registry for all that is compared."""
    usual = {c.key: registry.EFFECTS[c.key] for c in USUAL}
    effects = {**usual, "T01": {"T01": mismatch}, "T02": {"T02": DAYS.effect}}
    for module in (design, animals, drawn, weighing):
        for name, value in (("CLAIMS", claims), ("EFFECTS", effects)):
            if name in vars(module):
                monkeypatch.setattr(module, name, value)


def made(name: str, own: design.Design, folder: Path) -> animals.Table:
    said: list[str] = []
    return virtual_animals([name], own, Animals(2, worlds=2), folder, said.append, Labour(1))[name]


@pytest.mark.usefixtures("compared")
def test_a_recording_has_a_design_for_each_experiment_whose_claims_it_can_test(
    recordings: dict[str, list[xr.Dataset]],
) -> None:
    oddballs, days = recordings["oddball"], recordings["teach_reteach"]
    assert [(d.experiment, d.claims) for d in designs_of(oddballs)] == [("oddball", ("T01",))]
    own = {d.experiment: d for d in designs_of([*oddballs, *days])}
    assert own["oddball"].claims == ("T01",)
    assert own["teach_reteach"].claims == ("T02",)
    assert taken_together([*own.values()]).claims[-2:] == ("T01", "T02")
    assert designs_of([s.isel(trial=slice(0, 0)) for s in oddballs]) == ()


@pytest.mark.usefixtures("compared")
def test_the_trials_of_oddballs_are_those_of_the_recording(
    recordings: dict[str, list[xr.Dataset]],
) -> None:
    (own,) = designs_of(recordings["oddball"])
    at = {str(f): n for f, n in zip(own.conditions.factors, own.trials, strict=True)}
    rare = [n for f, n in at.items() if "'oddball': 'local and global'" in f]
    first = [n for f, n in at.items() if "AAAA" in f and "'position': 1" in f and "local" in f]
    assert rare == [3]  # of each of the two stimuli
    assert max(first) == 12


@pytest.mark.usefixtures("compared")
def test_virtual_animals_go_through_the_days_of_the_recording(
    recordings: dict[str, list[xr.Dataset]],
) -> None:
    some = [s for s in recordings["teach_reteach"] if s.attrs["day"] in (1, 3, 5, 8)]
    own = {d.experiment: d for d in designs_of(some)}["teach_reteach"]
    told = own.conditions
    shown = {told.day[k]: n for k, n in enumerate(own.trials) if n}
    assert shown == {1: 3, 2: 3, 7: 3, 8: 3}  # two days of reversal are its first and its last


@pytest.mark.usefixtures("compared")
def test_virtual_animals_of_several_experiments_are_the_same_animals(
    recordings: dict[str, list[xr.Dataset]], tmp_path: Path
) -> None:
    designs = designs_of([*recordings["oddball"], *recordings["teach_reteach"]])
    tables = [made("supervised_pc", own, tmp_path) for own in designs if own.claims[0] > "T"]
    both = animals.joined_tables(tables)
    assert both.effects == ("T01", "T02")
    assert np.isfinite(both.energies).all()
    np.testing.assert_array_equal(both.world, tables[0].world)
    found = draw(both, "supervised_pc", taken_together(designs), 1, 4)
    assert np.isfinite(found.ratios[:, -2:]).any(axis=0).all()  # M of few animals may be below 0
    assert np.isnan(found.ratios[:, 0]).all()
    folders = {p.parent.name for p in tmp_path.rglob("worlds-*.npz")}
    assert folders == {"oddball", "teach_reteach"}


def test_days_of_a_stage_are_spread_over_those_that_were_simulated() -> None:
    days = [frozenset({0}), *[frozenset({1})] * 4, frozenset({0, 2})]
    assert days_matched([{0}, {1}, {1}, {0, 2}], days) == {0: 1, 1: 2, 2: 5, 3: 6}
    assert days_matched([{1}] * 8, days) == {0: 2, 2: 3, 5: 4, 7: 5}
    assert days_matched([{7}], days) == {}


def test_days_before_a_reversal_are_not_those_after_the_next() -> None:
    practice, other = frozenset({1}), frozenset({2})
    days = [frozenset({1, 3, 4}), other, other, frozenset({2, 5, 6}), practice, practice]
    assert days_matched([{1}] * 6 + [{2}], days) == {0: 1, 6: 2}
    assert days_matched([{1}, {2}, {2}, {1}], days) == {0: 1, 1: 2, 2: 3, 3: 5}


@pytest.mark.usefixtures("compared")
def test_rules_may_have_any_name(recordings: dict[str, list[xr.Dataset]]) -> None:
    names = {"trained": "left is sweet", "reversed": "right is sweet"}
    renamed = [
        s.assign_coords(association=("trial", [names[str(v)] for v in s["association"].values]))
        for s in recordings["teach_reteach"]
    ]
    first, second = (
        design.design_of(some, "teach_reteach") for some in (recordings["teach_reteach"], renamed)
    )
    assert first.trials == second.trials
    assert first.told == second.told == ("outcome", "teaching", "phase", "association")


@pytest.mark.usefixtures("compared")
def test_a_recording_without_trials_of_the_experiment_is_told_which_it_lacks() -> None:
    assert no_trial_of(["P02", "T01"]) == (
        "no trial is of a condition of the outcome-error experiment (in which outcomes teach) or "
        "the experiment 'passive local and global oddballs', outside of learning, which virtual "
        "experiments imitate"
    )


def test_a_plan_has_a_design_for_each_experiment_that_can_be_done(
    claims: tuple[Claim, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = registry.manipulations_of(claims)
    assert {*known} - {*registry.IN_ONE_EXPERIMENT} == {"oddball", "teach_reteach"}
    monkeypatch.setattr(planning, "MANIPULATIONS", known)
    monkeypatch.setattr(planning, "CLAIMS", claims)
    usual, oddballs = planning.Grid((2,), (4,), (2,), ("drive", "oddball")).designs(4, 2)
    assert (usual.experiment, oddballs.experiment) == ("outcome_error", "oddball")
    assert {"block", "position", "oddball"} <= {*oddballs.told}
    assert {*oddballs.trials} == {2}
    assert "T01" not in registry.claims_for(("drive",), claims)
    assert "T01" in registry.claims_for(("oddball",), claims)


@pytest.mark.parametrize("name", dict.fromkeys(c.shown_by for c in registry.CLAIMS))
def test_claims_are_answered_in_the_bins_of_worlds(name: str) -> None:
    tried, how = of_worlds(name), replace(RATES, cells=24)
    ready = ready_animals(theory("error_microcircuit"), Animals(1), how)
    made = [s for day in through_days(ready, tried) for s in recordings_of(day, how)]
    for claim in registry.claims_shown_by(name):
        found = [answer_of(claim.effect, own) for own in asked_together(claim.effect, made)]
        assert any(isinstance(one, Effect) for one in found), f"{claim.key}: {found}"
