"""The virtual instrument: what it records obeys the contract, and is what was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import check
from errorneurons.simulate.circuit import Population, Role, neurons
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.outcome import FROZEN
from errorneurons.simulate.experiments.trials import Clock, drive
from errorneurons.simulate.instrument.calcium import GCAMP6F, Imaging
from errorneurons.simulate.instrument.instrument import (
    NEUROPIXELS,
    TWO_PHOTON_SOMATA,
    TWO_PHOTON_TUFTS,
    Instrument,
    snr_at,
)
from errorneurons.simulate.instrument.observe import observe
from errorneurons.simulate.theories.registry import INTACT, SUBJECTS, THEORIES, Theory, theory
from errorneurons.simulate.trials.bench import Bench, arbitrary_half
from errorneurons.simulate.trials.run import Activity, run_trials

CLOCK = Clock(start=0.0, outcome=0.1, stop=0.2, bin=0.05)
QUIET = Instrument(label_error=0.0, spiking="none")


def stepped(representation: float = 0.0, error: float = 0.0) -> Activity:
    """Return 90 trials of one network whose rates step up from 0 after the first of four bins."""
    table = FROZEN.block(1, 2, CLOCK).table
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
    seen = Instrument().sees(theory.circuit)
    half = None if seen else arbitrary_half(theory.circuit, 1, networks)
    bench = Bench(theory.circuit, association(1, networks), labelled=half)
    weights = theory.circuit.initial_weights(1, networks)
    table = learning_block(1, "trained", drive("representation", "area 2", (0.0, 0.1)), 1, CLOCK)
    return run_trials(bench, weights, table, CLOCK)[0]


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


# Which units


def named(instrument: Instrument) -> Any:
    """Return the expected rates of the units by name."""
    seen = observe(INTACT, [stepped(1.0, 1.0)], 0, 0, 1, replace(instrument, spiking="none"))
    return dict(zip(seen["unit_id"].values, seen["rate"].values[0].T.tolist(), strict=True))


def test_missing_areas_leave_the_units_of_the_others_as_they_are() -> None:
    every, some = named(QUIET), named(replace(QUIET, areas=("area 1", "area 3")))
    assert some == {name: rate for name, rate in every.items() if name[:6] in ("area 1", "area 3")}


def test_units_that_pass_are_a_share_of_those_sampled_and_keep_their_names() -> None:
    every, passed = (named(replace(QUIET, cells=200, passing=p)) for p in (1.0, 0.4))
    assert passed.items() <= every.items()
    assert len(passed) / len(every) == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 1600))


def test_an_area_may_have_another_number_of_cells() -> None:
    seen = observe(INTACT, [stepped()], 0, 0, 1, Instrument(cells=5, cells_in=(("area 2", 9),)))
    assert [(seen["area"].values == f"area {n}").sum() for n in (1, 2, 3, 4)] == [10, 18, 10, 10]


@pytest.mark.parametrize("changes", [{"areas": ("area 1", "area2")}, {"cells_in": (("area2", 9),)}])
def test_an_area_that_is_not_there_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is 'area2', which is unknown; did you mean 'area 2'\?"):
        observe(INTACT, [stepped()], 0, 0, 1, Instrument(**changes))


# Bins and spikes


def test_wider_bins_hold_the_mean_of_those_they_join() -> None:
    narrow, wide = (
        observe(INTACT, [stepped(1.0, 1.0)], 0, 0, 1, replace(QUIET, bin=b)) for b in (None, 0.1)
    )
    joined = narrow["rate"].values.reshape(90, 2, 2, -1).mean(axis=2)
    np.testing.assert_allclose(wide["rate"].values, joined, rtol=1e-6)
    np.testing.assert_allclose(wide["time"].values, [0.05, 0.15])


@pytest.mark.parametrize("width", [0.03, 0.15, 0.02])
def test_bins_that_do_not_fit_are_refused(width: float) -> None:
    with pytest.raises(
        ValueError, match=r"Instrument.bin is 0.\d+ s; give a whole number of the 0"
    ):
        observe(INTACT, [stepped()], 0, 0, 1, Instrument(bin=width))


def test_sub_poisson_spikes_have_the_same_mean_and_vary_less() -> None:
    blocks = [stepped(1.0, 1.0)] * 8
    expected, spikes = (
        observe(INTACT, blocks, 0, 0, 1, replace(QUIET, spiking=s, fano=0.3))["rate"].values
        for s in ("none", "sub_poisson")
    )
    window = spikes.sum(axis=1) * CLOCK.bin
    mean = expected[0].sum(axis=0) * CLOCK.bin
    often = mean > 2
    assert np.abs((window.mean(axis=0) - mean) / np.sqrt(mean / 720)).max() < 5
    assert (window.var(axis=0) / mean)[often].mean() == pytest.approx(0.33, abs=0.06)


# Calcium


IMAGING = Imaging(GCAMP6F, frame_rate=20.0, snr=5.0, neuropil=0.0)


@pytest.mark.parametrize("instrument", [NEUROPIXELS, TWO_PHOTON_SOMATA])
def test_the_instruments_that_are_often_used_record_what_obeys_the_contract(
    instrument: Instrument,
) -> None:
    seen = check(observe(INTACT, [simulated(THEORIES[0], [0])], 0, 0, 1, instrument))
    wanted = ("dF/F", "calcium") if instrument.imaging else ("Hz", "spikes")
    assert (seen["rate"].attrs["units"], seen["rate"].attrs["signal"]) == wanted
    assert np.isfinite(seen["rate"].values).all()


def test_calcium_says_how_it_was_imaged() -> None:
    seen = observe(INTACT, [stepped()], 0, 0, 1, Instrument(imaging=IMAGING))
    assert seen["rate"].attrs["frame_rate"] == 20.0
    assert seen["rate"].attrs["indicator"] == "GCaMP6f"


def test_expected_calcium_is_the_mean_of_many_noisy_films() -> None:
    blocks = [stepped(1.0, 1.0)] * 8
    expected, noisy = (
        observe(INTACT, blocks, 0, 0, 1, replace(QUIET, spiking=s, imaging=IMAGING))["rate"].values
        for s in ("none", "poisson")
    )
    error = noisy.std(axis=0) / np.sqrt(len(noisy))
    assert np.abs((noisy.mean(axis=0) - expected[0]) / error).max() < 5


def test_calcium_follows_a_step_of_the_rate_with_a_delay() -> None:
    seen = observe(INTACT, [stepped(1.0, 1.0)], 0, 0, 1, replace(QUIET, imaging=IMAGING))
    rate = seen["rate"].values[0][:, seen["role"].values == "representation"]
    np.testing.assert_allclose(rate[0], 0, atol=1e-6)
    assert (np.diff(rate, axis=0) > 0).all()


def test_the_signal_to_noise_ratio_follows_from_the_difference_of_frames() -> None:
    noise = np.random.default_rng(1).normal(0, GCAMP6F.peak / snr_at(0.02, 30.0, GCAMP6F), 10**6)
    assert np.median(np.abs(np.diff(noise))) / np.sqrt(30) == pytest.approx(0.02, rel=5e-3)


# What is labelled error where no soma carries it


@dataclass(frozen=True)
class Tufted:
    """The populations of a circuit whose error is an apical potential, or of one without error."""

    carrier: str = "apical"
    theory = "tufted"
    output_area = "area 3"

    @property
    def populations(self) -> tuple[Population, ...]:
        roles: tuple[Role, ...] = ("representation",)
        roles += () if self.carrier == "none" else ("error",)
        return tuple(Population(r, f"area {n}", n, 4) for r in roles for n in (1, 2, 3))


TUFTED: Any = Tufted()
TUFTS = replace(QUIET, compartment="apical")


def ramp(circuit: Any, **changes: Any) -> Activity:
    """Return 90 trials in which representation neuron k is at k and its error carrier at -k."""
    block = stepped()
    level = np.arange(12, dtype=np.float32) * block.rates["error"][..., :1] ** 0
    rates = {p.role: level * (1 if p.role == "representation" else -1) for p in circuit.populations}
    return replace(block, rates=rates, **changes)


def test_tufts_show_what_the_apical_dendrites_carry() -> None:
    seen = observe(TUFTED, [ramp(TUFTED)], 0, 0, 1, replace(TUFTS, coding="baseline", spread=0.0))
    error = seen["role"].values == "error"
    assert (seen["rate"].values[:, :, error] <= 10).all()
    assert (seen["rate"].values[:, :, ~error] >= 10).all()
    assert set(seen["cell_type"].values[error]) == {"apical tuft of a virtual representation cell"}


def test_tufts_of_the_microcircuit_show_the_apical_potential_of_its_representation_cells() -> None:
    bench = Bench(INTACT, association(1, [0]), apical=True)
    table = learning_block(1, "trained", {}, 1, CLOCK)
    activity, _ = run_trials(bench, INTACT.initial_weights(1, [0]), table, CLOCK)
    assert activity.apical is not None
    seen = observe(INTACT, [activity], 0, 0, 1, replace(TUFTS, baseline=200.0))
    tufts = seen.isel(unit=(seen["role"] == "error") & (seen["area"] == "area 2"))
    own = activity.apical[0][..., neurons(INTACT, "representation", "area 2")]
    traces = tufts["rate"].values.reshape(20, 24).T
    alike = np.abs(np.corrcoef(traces, own.reshape(20, 15).T)[:24, 24:])
    np.testing.assert_allclose(alike.max(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(("circuit", "instrument"), [(TUFTED, QUIET), (INTACT, TUFTS)])
def test_an_instrument_that_is_blind_to_the_error_is_refused(
    circuit: Any, instrument: Instrument
) -> None:
    with pytest.raises(ValueError, match="does not see; choose another compartment, or say with"):
        observe(circuit, [ramp(circuit)], 0, 0, 1, instrument)


@pytest.mark.parametrize("carrier", ["apical", "none"])
def test_labelled_representation_neurons_are_recorded_as_error_cells(carrier: str) -> None:
    circuit: Any = Tufted(carrier)
    half = np.zeros((1, 12), bool)
    half[0, [1, 3, 4, 7, 8, 10]] = True
    flat = replace(QUIET, spread=0.0, coding="baseline", cells=50)
    seen = observe(circuit, [ramp(circuit, labelled=half)], 0, 0, 1, flat)
    rate = seen["rate"].values[0, 0]
    neuron = np.rint((rate - 10) / 30 * 11).astype(int)  # the 99th percentile is that of neuron 11
    error = seen["role"].values == "error"
    assert set(neuron[error]) == set(np.flatnonzero(half))
    assert set(neuron[~error]) == set(np.flatnonzero(~half))
    assert set(seen["label_source"].values) == {"genetic"}


def test_arbitrary_labels_let_every_instrument_record_every_theory() -> None:
    for subject in SUBJECTS:
        block = replace(simulated(subject, [0]), labelled=arbitrary_half(subject.circuit, 1, [0]))
        for instrument in (Instrument(), TWO_PHOTON_TUFTS):
            seen = check(observe(subject.circuit, [block], 0, 0, 1, instrument))
            assert set(seen["role"].values) - {"interneuron"} == {"representation", "error"}


def test_the_tuft_of_a_driven_cell_is_targeted_with_it() -> None:
    table = learning_block(1, "trained", drive("representation", "area 2", (0.0, 0.1)), 18, CLOCK)
    block = replace(ramp(TUFTED), table=table.reset_index(drop=True))
    flat = replace(TUFTS, spread=0.0, coding="baseline", baseline=40.0, cells=50)
    seen = observe(TUFTED, [block], 0, 0, 1, flat)
    here = (seen["area"].values == "area 2") & (seen["role"].values == "error")
    neuron = np.rint((40 - seen["rate"].values[0, 0]) / 30 * 11).astype(int)
    aimed = seen["targeted"].values[0]
    assert set(neuron[here & aimed]) == {4, 6}
    assert set(neuron[here & ~aimed]) == {5, 7}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells_in": (("area 1", 1),)}, "Instrument.cells_in 'area 1' is 1; record 2 or more"),
        ({"fano": 1.0}, "Instrument.fano is 1.0; give a number between 0 and 1"),
        ({"passing": 0.0}, "Instrument.passing is 0.0; give a share above 0"),
        ({"spiking": "poison"}, "Instrument.spiking is 'poison', which is unknown; did you mean"),
        ({"compartment": "axon"}, "Instrument.compartment is 'axon', which is unknown"),
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
