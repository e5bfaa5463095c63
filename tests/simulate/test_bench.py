"""Whom manipulations reach: by label, with a laser that is weak or misses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Population, neurons
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.trials import Clock, drive, silence
from errorneurons.simulate.theories.registry import INTACT, THEORIES
from errorneurons.simulate.trials.bench import (
    Bench,
    Laser,
    arbitrary_half,
    strays,
)
from errorneurons.simulate.trials.manipulations import aimed_at, manipulated
from errorneurons.simulate.trials.run import run_trials

CLOCK = Clock(start=-0.02, outcome=0.06, stop=0.1, bin=0.02)
WINDOW = (0.02, 0.08)
NETWORKS = [0, 1, 2]
HALF = arbitrary_half(INTACT, 1, NETWORKS)
AREA_2 = neurons(INTACT, "representation", "area 2")


@dataclass(frozen=True)
class NoErrorNeurons:
    """The populations of a circuit without error neurons."""

    theory = "no_error_neurons"
    populations: tuple[Population, ...] = field(
        default=tuple(Population("representation", f"area {n}", n, 9) for n in (1, 2, 3))
    )


def keep_of(role: str, area: str = "area 2", **bench: Any) -> dict[str, Array]:
    """Return the factors in the second of two streams, in which a laser is on."""
    made = Bench(INTACT, association(1, NETWORKS), **bench)
    nothing = {**silence(role, area, WINDOW), "manipulation": "none"}
    done = manipulated(made, [nothing, silence(role, area, WINDOW)])
    assert not done.current
    assert all((factor[:, 0] == 1).all() for factor in done.keep.values())
    return {str(role): factor[:, 1] for role, factor in done.keep.items()}


def missing(share: float, **others: Any) -> dict[str, Any]:
    laser = Laser(off_target=share, **others)
    return {"laser": laser, "strays": strays(INTACT, 1, NETWORKS)}


# Labels


def test_half_of_each_areas_neurons_carry_a_marker() -> None:
    counts = [HALF[:, neurons(INTACT, "representation", p.area)].sum(axis=1).tolist()
              for p in INTACT.populations if p.role == "representation"]  # fmt: skip
    assert counts == [[10] * 3, [7] * 3, [5] * 3, [2] * 3]


def test_a_networks_markers_do_not_depend_on_the_others() -> None:
    np.testing.assert_array_equal(arbitrary_half(INTACT, 1, [2])[0], HALF[2])
    assert (HALF[0] != HALF[2]).any()


@pytest.mark.parametrize("circuit", [INTACT, NoErrorNeurons()], ids=lambda c: c.theory)
def test_the_roles_of_labelled_cells_split_the_representation_neurons(circuit: Any) -> None:
    half = arbitrary_half(circuit, 1, NETWORKS)
    aimed = [aimed_at(circuit, half, "silence", r, "area 2") for r in ("error", "representation")]
    assert [source for source, _ in aimed] == ["representation"] * 2
    where = neurons(circuit, "representation", "area 2")
    np.testing.assert_array_equal(aimed[0][1][:, where], half[:, where])
    assert (aimed[0][1] ^ aimed[1][1]).sum(axis=1).tolist() == [where.stop - where.start] * 3
    assert not (aimed[0][1] & aimed[1][1]).any()


def test_a_laser_on_an_area_without_such_cells_meets_nobody() -> None:
    above = (*NoErrorNeurons().populations, Population("error", "area 3", 3, 5))
    circuit: Any = NoErrorNeurons(above)
    hit = [aimed_at(circuit, None, "silence", "error", f"area {n}")[1].sum() for n in (2, 3)]
    assert hit == [0, 5]
    with pytest.raises(ValueError, match="areas that have: area 3"):
        aimed_at(circuit, None, "silence", "error", "area 9")


def test_a_drive_reaches_every_other_neuron_of_a_role() -> None:
    source, driven = aimed_at(INTACT, None, "drive", "representation", "area 2")
    assert source == "representation"
    assert np.flatnonzero(driven).tolist() == list(range(20, 35, 2))


def test_a_drive_of_labelled_cells_reaches_every_other_one_of_them() -> None:
    _, driven = aimed_at(INTACT, HALF, "drive", "error", "area 2")
    assert not (driven & ~HALF).any()
    assert driven.sum(axis=1).tolist() == [4, 4, 4]


@pytest.mark.parametrize("theory", THEORIES[:2], ids=lambda t: t.name)
def test_silencing_the_role_error_silences_the_labelled_neurons(theory: Any) -> None:
    half = arbitrary_half(theory.circuit, 1, [0])
    table = learning_block(1, "trained", silence("error", "area 2", WINDOW), 1, CLOCK)
    bench = Bench(theory.circuit, association(1, [0]), labelled=half)
    weights = theory.circuit.initial_weights(1, [0])
    activity, _ = run_trials(bench, weights, table, CLOCK)
    where = neurons(theory.circuit, "representation", "area 2")
    during = activity.rates["representation"][0, :, 2, where]
    assert ((during == 0).all(axis=0) == half[0, where]).all()
    assert activity.labelled is half


# Lasers


def test_a_laser_takes_its_share_of_the_rate() -> None:
    (factors,) = keep_of("error", laser=Laser(efficacy=0.8)).values()
    where = neurons(INTACT, "error", "area 2")
    np.testing.assert_allclose(factors[:, where], 0.2)
    assert (np.delete(factors, np.r_[where], axis=1) == 1).all()


@pytest.mark.parametrize(("role", "other"), [("error", "representation"),
                                             ("representation", "error")])  # fmt: skip
def test_a_laser_hits_a_share_of_the_other_role_in_the_same_area(role: str, other: str) -> None:
    keep = keep_of(role, **missing(1.0, efficacy=0.5))
    assert set(keep) == {role, other}
    where = neurons(INTACT, other, "area 2")  # type: ignore[arg-type]
    np.testing.assert_allclose(keep[other][:, where], 0.5)
    assert (np.delete(keep[other], np.r_[where], axis=1) == 1).all()


def test_a_larger_share_hits_the_same_neurons_and_more() -> None:
    drawn = strays(INTACT, 1, range(200))
    few, many = (keep_of("error", laser=Laser(off_target=s), strays=drawn) for s in (0.1, 0.4))
    few, many = (hit["representation"][:, AREA_2] == 0 for hit in (few, many))
    assert not (few & ~many).any()
    assert many.mean() == pytest.approx(0.4, abs=0.02)


def test_strays_of_a_network_do_not_depend_on_the_others() -> None:
    alone, among = (strays(INTACT, 1, n)["error"] for n in ([2], NETWORKS))
    np.testing.assert_array_equal(alone[0], among[2])


def test_with_labels_a_laser_that_misses_hits_unlabelled_neurons() -> None:
    keep = keep_of("error", labelled=HALF, **missing(0.4))
    assert set(keep) == {"representation"}
    hit = keep["representation"] == 0
    assert hit[:, AREA_2][HALF[:, AREA_2]].all()
    assert 0 < hit[:, AREA_2][~HALF[:, AREA_2]].mean() < 1
    assert not np.delete(hit, np.r_[AREA_2], axis=1).any()


def test_a_laser_of_no_efficacy_changes_nothing() -> None:
    weights = INTACT.initial_weights(1, [0])
    table = learning_block(1, "trained", silence("error", "area 2", WINDOW), 1, CLOCK)
    bench = Bench(INTACT, association(1, [0]))
    weak, _ = run_trials(replace(bench, laser=Laser(efficacy=0.0)), weights, table, CLOCK)
    none, _ = run_trials(bench, weights, table.assign(manipulation="none"), CLOCK)
    for role, rates in none.rates.items():
        np.testing.assert_array_equal(weak.rates[role], rates)


def test_currents_reach_driven_neurons_with_the_networks_own_strength() -> None:
    own = np.array([1.0, 2.0, 3.0])[:, None, None]
    bench = Bench(INTACT, association(1, NETWORKS), drive=own)
    done = manipulated(bench, [drive("error", "area 3", WINDOW)])
    assert not done.keep
    assert np.unique(done.current["error"][2]).tolist() == [0.0, 3.0]


@pytest.mark.parametrize("changes", [{"efficacy": 1.2}, {"efficacy": -0.1}, {"off_target": 2.0}])
def test_an_impossible_laser_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"Laser.\w+ is .*; give a share between 0 and 1"):
        Laser(**changes)


def test_a_laser_that_misses_needs_to_know_whom_it_hits() -> None:
    with pytest.raises(
        ValueError, match=r"off_target is 0\.1 but Bench\.strays is empty; draw the"
    ):
        Bench(INTACT, association(1, [0]), laser=Laser(off_target=0.1))
