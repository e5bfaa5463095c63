"""Ensembles are recorded by any instrument: what it cannot see is labelled by markers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from errorneurons.analysis.session.session import check
from errorneurons.simulate.animals.sweep import Ensemble, Plan, ensemble
from errorneurons.simulate.instrument.instrument import TWO_PHOTON_TUFTS, Instrument
from errorneurons.simulate.theories.registry import theory
from errorneurons.simulate.trials.bench import Laser

PLAN = Plan(networks=1, repeats=2, learning_repeats=2, bin=0.05, instrument=TWO_PHOTON_TUFTS)


@pytest.fixture(scope="module")
def microcircuit() -> Ensemble:
    return ensemble(theory("error_microcircuit"), replace(PLAN, laser=Laser(0.7, 0.2)))


def test_tufts_of_the_microcircuit_answer_an_unexpected_outcome(microcircuit: Ensemble) -> None:
    (seen,) = microcircuit.sessions(replace(TWO_PHOTON_TUFTS, spiking="none"))
    tufts = check(seen).isel(unit=(seen["role"] == "error") & (seen["level"] < 4))
    late = np.abs(tufts["rate"].values[:, -1]).mean(axis=1)
    plain = (seen["manipulation"] == "none").values & (seen["phase"] == "after").values
    taught, passive = (
        late[plain & (seen["outcome"].values == kind)].mean() for kind in ("unexpected", "none")
    )
    assert taught > 3 * passive


def test_the_same_ensemble_can_be_recorded_with_another_instrument(microcircuit: Ensemble) -> None:
    (seen,) = microcircuit.sessions(Instrument(cells=4))
    assert check(seen)["rate"].attrs["signal"] == "spikes"
    assert set(seen["cell_type"].values) == {"virtual error cell", "virtual representation cell"}


def test_a_laser_that_is_weak_and_misses_leaves_its_trace(microcircuit: Ensemble) -> None:
    frozen = microcircuit.blocks[0]
    silenced = (frozen.table["manipulated_area"] == "area 3").to_numpy()
    rates = frozen.rates["representation"][0, :, :, 35:45]
    before, during = np.abs(rates[silenced, 4]).mean(), np.abs(rates[silenced, 6]).mean()
    assert during == pytest.approx(0.3 * before, rel=0.2)


def test_a_theory_without_apical_dendrites_shows_tufts_labelled_by_markers() -> None:
    made = ensemble(theory("supervised_pc"), PLAN)
    (seen,) = made.sessions()
    assert made.blocks[0].labelled is not None
    assert set(check(seen)["label_source"].values) == {"genetic"}


def test_bins_that_do_not_divide_a_trial_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"bin is 0\.07 s; give a width that divides the 0\.6 s"):
        Plan(bin=0.07)
