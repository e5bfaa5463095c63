"""The virtual instrument: what it records obeys the contract, and is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.dataset import check
from errorneurons.simulate.circuit import Role, neurons
from errorneurons.simulate.experiments import Clock, drive, learning_block, outcome_error
from errorneurons.simulate.observe import Instrument, observe
from errorneurons.simulate.run import Activity, Bench, run
from errorneurons.simulate.tasks.association import association
from errorneurons.simulate.theories import INTACT, SUBJECTS, THEORIES, Theory, theory

CLOCK = Clock(start=0.0, outcome=0.1, stop=0.2, bin=0.05)
QUIET = Instrument(label_error=0.0, spiking="none")


def stepped(representation: float = 0.0, error: float = 0.0) -> Activity:
    """Return 90 trials of one network whose rates step up from 0 after the first of four bins."""
    table = outcome_error(1, 2, CLOCK)
    step = np.array([0.0, 1.0, 1.0, 1.0], np.float32)[None, None, :, None]
    sizes: dict[Role, float] = {"representation": representation, "error": error}
    rates = {
        role: np.broadcast_to(step * size, (1, len(table), 4, neurons(INTACT, role).stop))
        for role, size in sizes.items()
    }
    output = np.ones((1, len(table), 5))
    return Activity(rates, output, output, table, CLOCK)


def change(seen: xr.Dataset, role: str) -> Any:
    """Return by how much the cells with a label step up in the first trial [Hz]."""
    rate = seen["rate"].values[0][:, seen["role"].values == role]
    return rate[-1] - rate[0]


def simulated(theory: Theory, networks: list[int]) -> Activity:
    bench = Bench(theory.circuit, association(1, networks))
    weights = theory.circuit.initial_weights(1, networks)
    table = learning_block(1, "trained", drive("representation", "area 2", (0.0, 0.1)), 1, CLOCK)
    return run(bench, weights, table, CLOCK)[0]


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
@pytest.mark.parametrize("spiking", ["poisson", "none"])
def test_a_recorded_session_obeys_the_contract(theory: Theory, spiking: Any) -> None:
    blocks = [simulated(theory, [0])] * 2
    seen = check(observe(theory.circuit, blocks, 0, 0, 1, Instrument(spiking=spiking)))
    assert seen.sizes["trial"] == 10
    assert seen.attrs["output_area"] == theory.circuit.output_area


@pytest.mark.parametrize("theory", SUBJECTS, ids=lambda t: t.name)
def test_a_network_is_recorded_alike_whatever_else_is_simulated(theory: Theory) -> None:
    alone = observe(theory.circuit, [simulated(theory, [4])], 4, 0, 1)
    among = observe(theory.circuit, [simulated(theory, [1, 4, 6])], 4, 1, 1)
    xr.testing.assert_allclose(alone["rate"], among["rate"])
    assert alone["unit_id"].equals(among["unit_id"])


def test_another_network_is_another_animal_with_other_cells() -> None:
    first, second = (observe(INTACT, [stepped(1, 1)], n, 0, 1, QUIET) for n in (0, 1))
    assert (first.attrs["animal"], second.attrs["animal"]) == ("network-000", "network-001")
    assert (first["rate"].values[0, 0] != second["rate"].values[0, 0]).all()


def test_as_many_cells_as_asked_are_recorded_of_each_role_in_each_area() -> None:
    seen = observe(INTACT, [stepped()], 0, 0, 1, Instrument(cells=7))
    kinds = list(zip(seen["area"].values, seen["role"].values, strict=True))
    assert {kinds.count(kind) for kind in kinds} == {7}
    assert len(set(kinds)) == 8


def test_the_share_of_false_labels_is_as_asked() -> None:
    instrument = replace(QUIET, cells=500, label_error=0.2, label_error_interval=(0.1, 0.3))
    seen = observe(INTACT, [stepped(representation=1.0)], 0, 0, 1, instrument)
    false = (change(seen, "error") != 0).mean()
    assert abs(false - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 2000)
    assert (change(seen, "representation") > 0).all()


def test_a_session_says_what_is_known_of_its_false_labels() -> None:
    seen = observe(INTACT, [stepped()], 0, 0, 1, Instrument(label_error=0.07))
    error = seen["role"].values == "error"
    assert (seen["label_error"].values[error] == 0.07).all()
    assert (seen["label_error"].attrs["low"], seen["label_error"].attrs["high"]) == (0.0, 0.1)


def test_without_false_labels_all_error_cells_are_error_cells() -> None:
    seen = observe(INTACT, [stepped(representation=1.0)], 0, 0, 1, QUIET)
    assert not change(seen, "error").any()


@pytest.mark.parametrize("error", [1.0, -1.0])
def test_the_two_cells_of_a_pair_have_opposite_signs(error: float) -> None:
    seen = observe(INTACT, [stepped(error=error)], 0, 0, 1, QUIET)
    signs = seen["error_sign"].values[seen["role"].values == "error"]
    assert (np.sign(change(seen, "error")) == np.sign(error) * signs).all()
    assert (signs == 1).sum() == (signs == -1).sum()


def test_representation_cells_have_no_error_sign() -> None:
    seen = observe(INTACT, [stepped()], 0, 0, 1, QUIET)
    assert not seen["error_sign"].values[seen["role"].values == "representation"].any()


def test_a_low_baseline_clips_one_half_of_a_signed_error() -> None:
    low = replace(QUIET, coding="baseline", baseline=2.0)
    up, down = (observe(INTACT, [stepped(error=e)], 0, 0, 1, low) for e in (1.0, -1.0))
    error = up["role"].values == "error"
    assert (up["error_sign"].values[error] == 1).all()
    assert not down["rate"].values[:, -1, error].any()
    assert np.abs(change(down, "error")).mean() < 0.2 * change(up, "error").mean()


def test_the_peak_is_the_change_of_rate_at_the_top_of_a_roles_signal() -> None:
    seen = observe(INTACT, [stepped(error=0.003)], 0, 0, 1, replace(QUIET, spread=0.0, peak=20.0))
    np.testing.assert_allclose(np.abs(change(seen, "error")).max(), 20.0, rtol=1e-5)


def test_what_happens_in_later_blocks_does_not_change_how_cells_are_read() -> None:
    alone = observe(INTACT, [stepped(1.0, 1.0)], 0, 0, 1, QUIET)
    followed = observe(INTACT, [stepped(1.0, 1.0), stepped(1.0, 300.0)], 0, 0, 1, QUIET)
    np.testing.assert_array_equal(followed["rate"].values[:90], alone["rate"].values)


def test_expected_rates_are_the_mean_of_many_draws_of_spikes() -> None:
    blocks = [stepped(1.0, 1.0)] * 8  # 720 trials that are all alike
    expected = observe(INTACT, blocks, 0, 0, 1, QUIET)["rate"].values[0]
    spikes = observe(INTACT, blocks, 0, 0, 1, replace(QUIET, spiking="poisson"))["rate"].values
    error = np.sqrt(np.maximum(expected, 0.01) / CLOCK.bin / len(spikes))
    deviation = (spikes.mean(axis=0) - expected) / error
    assert np.abs(deviation).max() < 5
    assert 0.8 < (deviation[expected > 0] ** 2).mean() < 1.2


def test_targeted_cells_are_those_whose_neuron_is_driven() -> None:
    block = simulated(THEORIES[0], [0])
    seen = observe(INTACT, [block], 0, 0, 1, Instrument(cells=40))
    aimed = seen["targeted"].values.any(axis=0)
    area, role = seen["area"].values[aimed], seen["role"].values[aimed]
    assert set(area) == {"area 2"}
    assert (role == "representation").sum() / 40 == pytest.approx(0.5, abs=0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells": 1}, "Instrument.cells is 1; record 2 or more of each role"),
        ({"label_error": 0.3}, r"label_error is 0.3 with interval \[0.0, 0.1\]; give shares"),
        ({"label_error": -0.1}, "label_error is -0.1 with interval"),
        ({"label_error_interval": (0.0, 1.0)}, r"with interval \[0.0, 1.0\]; give shares"),
        ({"label_error_interval": (0.06, 0.1)}, r"the interval around the value"),
    ],
)
def test_an_impossible_instrument_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Instrument(**changes)


def test_error_neurons_that_carry_one_half_are_not_split_again() -> None:
    mismatch = theory("mismatch_neurons")
    block = simulated(mismatch, [0])
    step = np.array([0.0, 1.0, 1.0, 1.0], np.float32)[:, None]
    rising = {role: np.zeros_like(rate) + step for role, rate in block.rates.items()}
    blocks = [replace(block, rates=rising)] * 2
    seen = observe(mismatch.circuit, blocks, 0, 0, 1, QUIET)
    assert set(seen["error_sign"].values[seen["role"].values == "error"]) == {-1, 1}
    assert (change(seen, "error") > 0).all()
