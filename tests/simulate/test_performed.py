"""Networks are recorded by any instrument: what it cannot see is labelled by markers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from errorneurons.analysis.session.session import check
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import COARSE, Performed, put_through
from errorneurons.simulate.animals.runner import recordings_of
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.instrument.instrument import TWO_PHOTON_TUFTS, Instrument
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.bench import Laser

TRIED = replace(with_learning(2), repeats=2, clock=COARSE)


@pytest.fixture(scope="module")
def microcircuit() -> Performed:
    laser = Laser(0.7, 0.2)
    return put_through(theory("error_microcircuit"), TRIED, Animals(1), TWO_PHOTON_TUFTS, laser)


def seen_by(instrument: Instrument, made: Performed) -> xr.Dataset:
    (seen,) = recordings_of(made, instrument)
    return seen


def test_tufts_of_the_microcircuit_answer_an_unexpected_outcome(microcircuit: Performed) -> None:
    seen = seen_by(replace(TWO_PHOTON_TUFTS, spiking="none"), microcircuit)
    tufts = check(seen).isel(unit=(seen["role"] == "error") & (seen["level"] < 4))
    late = np.abs(tufts["rate"].values[:, -1]).mean(axis=1)
    plain = (seen["manipulation"] == "none").values & (seen["phase"] == "after").values
    taught, passive = (
        late[plain & (seen["outcome"].values == kind)].mean() for kind in ("unexpected", "none")
    )
    assert taught > 3 * passive


def test_the_same_networks_can_be_recorded_with_another_instrument(microcircuit: Performed) -> None:
    seen = seen_by(Instrument(cells=4), microcircuit)
    assert check(seen)["rate"].attrs["signal"] == "spikes"
    assert set(seen["cell_type"].values) == {"virtual error cell", "virtual representation cell"}


def test_a_laser_that_is_weak_and_misses_leaves_its_trace(microcircuit: Performed) -> None:
    frozen = microcircuit.activity[0]
    silenced = (frozen.table["manipulated_area"] == "area 3").to_numpy()
    rates = frozen.rates["representation"][0, :, :, 35:45]
    before, during = np.abs(rates[silenced, 4]).mean(), np.abs(rates[silenced, 6]).mean()
    assert during == pytest.approx(0.3 * before, rel=0.2)


def test_a_theory_without_apical_dendrites_shows_tufts_labelled_by_markers() -> None:
    made = put_through(theory("supervised_pc"), TRIED, Animals(1), TWO_PHOTON_TUFTS)
    seen = seen_by(TWO_PHOTON_TUFTS, made)
    assert made.activity[0].labelled is not None
    assert set(check(seen)["label_source"].values) == {"genetic"}


def test_other_repeats_are_the_same_trials_shown_more_often(microcircuit: Performed) -> None:
    more = microcircuit.repeated(3)
    assert len(more.blocks[0].table) == 3 * len(microcircuit.activity[0].table)
    assert more.activity[0] is microcircuit.activity[0]
    assert more.blocks[1:] == microcircuit.blocks[1:]


def test_every_trial_of_a_theory_with_noise_is_another_one() -> None:
    noisy = put_through(theory("supervised_pc_noisy"), TRIED, Animals(1), Instrument())
    rates = noisy.repeated(2).activity[0].rates["representation"][0]
    kinds = noisy.blocks[0].table.groupby(list(noisy.blocks[0].table), dropna=False).indices
    assert len(rates) == 2 * len(kinds)
    assert all((rates[a] != rates[b]).any() for a, b in kinds.values())
    assert noisy.experiment.noise == theory("supervised_pc_noisy").noise > 0


def test_if_every_network_diverges_in_the_experiment_a_sentence_says_so() -> None:
    with pytest.raises(ValueError, match="no network of scalar_reward_noisy is left: 1 diverged"):
        put_through(theory("scalar_reward_noisy"), TRIED, Animals(1), Instrument())
