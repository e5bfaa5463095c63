"""The runner: sessions of any theory, the same in any batch, with a gain that stays."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from errorneurons.analysis.session.session import check
from errorneurons.simulate.animals import runner
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.cost import cost
from errorneurons.simulate.animals.runner import batches_of_animals, memory_of, sessions
from errorneurons.simulate.animals.trained import untrained_bench
from errorneurons.simulate.arrays import generator
from errorneurons.simulate.experiments.experiment import Block, Experiment, Written
from errorneurons.simulate.experiments.outcome import with_learning
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.experiments.tables import completed, experiment_of
from errorneurons.simulate.experiments.trials import CLOCK as CLOCK_OF_TRIALS
from errorneurons.simulate.experiments.trials import Clock
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.counter_circuits import without_learning
from errorneurons.simulate.theories.mismatch_neurons import MismatchNeurons
from errorneurons.simulate.theories.registry import THEORIES, Theory, theory
from errorneurons.simulate.trials.bench import NoiseCurrent
from errorneurons.simulate.trials.run import run_trials
from errorneurons.simulate.trials.trial import SomaticNoise

CLOCK = Clock(start=-0.02, outcome=0.06, stop=0.1, bin=0.02)
TABLE = pd.DataFrame({"pattern": [0, 1, 2, 3], "outcome": ["none", "unexpected"] * 2})
NOISY = replace(experiment_of(TABLE, "noisy", CLOCK, streams=2), noise=0.3, repeats=1)
FEW = Instrument(cells=4)
QUIET = replace(FEW, spiking="none")
TWO = Animals(seed=3, only=(0, 2))
ONE = Animals(1, seed=3)


def recorded(
    name: str, tested: Experiment, animals: Animals = TWO, instrument: Instrument = FEW
) -> list[xr.Dataset]:
    return list(sessions(theory(name), tested, animals, instrument))


def taught(streams: int = 1) -> Experiment:
    """Return an experiment of three days: a test, a day of learning, the same test."""
    test = completed(pd.DataFrame({"pattern": range(5), "association": "new"}), CLOCK)
    lesson = pd.concat([test] * 4).assign(outcome="expected", teaching=True, outcome_onset=0.06)
    blocks = Block(test), Block(lesson, plastic=True, streams=streams), Block(test)
    return of(*(Written(block, day) for day, block in enumerate(blocks, start=1)))


def of(*blocks: Written) -> Experiment:
    return Experiment("taught", "taught", "A test.", blocks, CLOCK, repeats=1)


def in_one_day(**changes: Any) -> Experiment:
    """Return the same blocks on one day, the last with changes."""
    *first, last = (block for day in taught().days(1) for block in day.blocks)
    return of(*map(Written, first), Written(replace(last, **changes)))


@pytest.fixture(scope="module")
def three_days() -> list[xr.Dataset]:
    return recorded("error_microcircuit", taught(), ONE, QUIET)


def test_a_network_is_the_same_to_the_bit_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    together = recorded("error_microcircuit", NOISY)
    monkeypatch.setattr(runner, "MEMORY", 1.0)
    one_by_one = recorded("error_microcircuit", NOISY)
    assert all(a.identical(b) for a, b in zip(together, one_by_one, strict=True))


@pytest.mark.parametrize("tested", THEORIES, ids=lambda t: t.name)
def test_what_a_network_does_is_the_same_to_the_bit_in_any_batch(tested: Theory) -> None:
    table = completed(TABLE, CLOCK)
    rates = []
    for numbers in ((0, 2), (2,)):
        bench = untrained_bench(tested, replace(TWO, only=numbers), FEW)
        noisy = replace(bench, noise=NoiseCurrent(0.3, 3, np.array(numbers)))
        weights = tested.circuit.initial_weights(3, numbers)
        learning, _ = run_trials(noisy, weights, table, CLOCK, learn=True)
        frozen, _ = run_trials(noisy, weights, table, CLOCK, n_streams=2)
        rates.append([a.rates[r][-1] for a in (learning, frozen) for r in a.rates])
    for among, alone in zip(*rates, strict=True):
        np.testing.assert_array_equal(among, alone)


def test_a_session_obeys_the_contract_and_keeps_the_columns_of_its_table() -> None:
    mine = experiment_of(TABLE.assign(block=["a", "a", "b", "b"], contrast=0.5), "mine", CLOCK)
    (seen,) = recorded("supervised_pc", replace(mine, repeats=1), Animals(seed=3, only=(1,)))
    assert check(seen)["block"].values.tolist() == ["a", "a", "b", "b"]
    assert seen["contrast"].attrs["units"] == "1"
    assert seen.attrs["animal"] == "network-001"
    assert json.loads(seen.attrs["provenance"])["experiment"]["name"] == "mine"


def test_days_are_sessions_of_the_same_animal_and_cells(three_days: list[xr.Dataset]) -> None:
    assert [s.attrs["day"] for s in three_days] == [1, 2, 3]
    assert [s.attrs["session_id"] for s in three_days] == [
        f"{three_days[0].attrs['experiment']}_day{day}" for day in (1, 2, 3)
    ]
    assert {s.attrs["animal"] for s in three_days} == {"network-000"}
    assert all((s["unit_id"] == three_days[0]["unit_id"]).all() for s in three_days)


def test_synapses_are_carried_from_day_to_day(three_days: list[xr.Dataset]) -> None:
    first, lesson, last = (s["rate"].values for s in three_days)
    np.testing.assert_array_equal(first[:, 0].shape, last[:, 0].shape)
    assert not np.array_equal(first, last)
    performance = three_days[1]["performance"].values
    assert performance[-5:].mean() > performance[:5].mean()
    assert len(lesson) == 20


def test_what_is_silent_stays_silent_whatever_the_gain(three_days: list[xr.Dataset]) -> None:
    test = three_days[0].isel(unit=np.isfinite(three_days[0]["label_error"].values))
    spread = np.ptp(test["rate"].values, axis=(0, 1))
    assert np.median(spread) == 0  # all but the falsely labelled ones


def test_the_blocks_of_a_day_are_one_session_and_carry_their_synapses(
    three_days: list[xr.Dataset],
) -> None:
    (seen,) = recorded("error_microcircuit", in_one_day(), ONE, QUIET)
    parts = np.split(seen["rate"].values, np.cumsum([len(s["trial"]) for s in three_days])[:-1])
    for part, alone in zip(parts, three_days, strict=True):
        np.testing.assert_array_equal(part, alone["rate"].values)


def test_a_block_may_start_from_the_synapses_of_the_morning() -> None:
    untaught = in_one_day(starts_from="morning")
    (seen,) = recorded("error_microcircuit", untaught, ONE, QUIET)
    rate = seen["rate"].values
    np.testing.assert_array_equal(rate[:5], rate[-5:])
    assert not np.array_equal(rate[:5], rate[5:10])


def test_both_blocks_of_learning_of_the_outcome_error_start_from_the_same_synapses() -> None:
    tested = replace(with_learning(2), clock=replace(CLOCK_OF_TRIALS, bin=0.1), repeats=2)
    (seen,) = recorded("error_microcircuit", tested, ONE, QUIET)
    learning = seen.isel(trial=(seen["phase"] == "during").values)
    free, silenced = (learning["performance"].values[part] for part in (np.s_[:10], np.s_[10:]))
    assert free[0] == silenced[0]
    assert set(learning["manipulation"].values[:10]) == {"none"}
    assert set(learning["manipulation"].values[10:]) == {"silence"}
    assert free[5:].mean() > silenced[5:].mean()


def test_every_block_of_a_noisy_day_has_noise_of_its_own() -> None:
    noisy = replace(in_one_day(starts_from="morning"), noise=0.1)
    (seen,) = recorded("error_microcircuit", noisy, ONE, QUIET)
    rate = seen["rate"].values  # the first and last block would be one without noise
    assert not np.isclose(rate[:5], rate[-5:]).all()


def test_a_plastic_block_with_several_streams_is_refused() -> None:
    with pytest.raises(ValueError, match="a plastic block of taught has 5 streams; give 1, since"):
        recorded("error_microcircuit", taught(streams=5))


def test_a_role_that_a_theory_lacks_is_refused_before_training() -> None:
    with pytest.raises(
        ValueError, match="interneurons needs interneuron neurons, and supervised_pc has none; theo"
    ):
        recorded("supervised_pc", experiment("interneurons"))


def test_axons_that_a_theory_lacks_are_refused_before_training() -> None:
    with pytest.raises(
        ValueError, match="hierarchical_pc has no axons of error cells from area 3 to area 2 whose "
    ):
        recorded("hierarchical_pc", experiment("terminals"))


def test_the_memory_decides_how_many_networks_run_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tested, known = replace(experiment("repeats"), repeats=20), theory("mismatch_neurons")
    activity, session = memory_of(known.circuit, tested, 3, FEW)
    assert activity == (4 * 1200 + 32 * 10) * 60 * 300
    monkeypatch.setattr(runner, "MEMORY", session + 7.5 * activity)
    found = batches_of_animals(known, tested, Animals(30, seed=3), FEW)
    assert [len(batch.numbers) for batch in found] == [6] * 5


def test_the_cost_counts_what_is_simulated() -> None:
    known = cost(theory("adaptation"), replace(NOISY, repeats=3), TWO, FEW)
    assert (known.trials, known.sessions) == (12, 2)
    assert known.simulated == pytest.approx(2 * 12 * 0.12)
    assert "12 trials a network, 3 s simulated; about" in str(known)


def test_noise_is_the_networks_own_and_as_strong_as_asked() -> None:
    bench = untrained_bench(theory("supervised_pc"), TWO, FEW)
    drive = np.array([1.0, 3.0])[:, None, None]
    bench = replace(bench, drive=drive, noise=NoiseCurrent(0.5, 3, np.array([0, 2])))
    noise = SomaticNoise(bench, 4)
    drawn = [noise.currents(steps) for steps in (7, 153, 40)]
    both = np.concatenate(
        [np.concatenate([d["representation"], d["error"]], axis=-1) for d in drawn]
    )
    np.testing.assert_allclose(both.std(axis=(0, 2, 3)), 0.5 * drive[:, 0, 0], rtol=0.02)
    rng = generator(3, "supervised_pc", 2, "noise", 1)
    own = rng.integers(0, 2, (200, 4, both.shape[-1]), np.int8)
    np.testing.assert_allclose(both[:, 1], 1.5 * (2.0 * own - 1.0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seed": -1}, "Animals.seed is -1; give a whole number of 0 or more"),
        ({"count": 0}, "Animals.count is 0; give a whole number of 1 or more"),
        ({"worlds": 0}, "Animals.worlds is 0; give a whole number of 1 or more"),
        ({"count": 2000, "worlds": 1}, "Animals.count is 2000; give 1000 or fewer a world"),
    ],
)
def test_impossible_animals_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Animals(**values)


def test_an_experiment_without_a_trial_is_refused() -> None:
    with pytest.raises(ValueError, match="repeats is 0; give a whole number of 1 or more"):
        replace(NOISY, repeats=0)


def test_a_network_that_diverges_while_it_learns_is_named_and_leaves_the_experiment() -> None:
    wild = MismatchNeurons(learning_rate=1e9)
    subject = Theory("wild", "wild", "theory", "It learns too fast.", wild, without_learning(wild))
    said: list[str] = []
    left = list(sessions(subject, taught(), TWO, FEW, progress=said.append))
    assert [(seen.attrs["animal"], seen.attrs["day"]) for seen in left] == [
        ("network-000", 1), ("network-002", 1)
    ]  # fmt: skip
    assert said[-2:] == [f"wild: network {n} diverged on day 2, its last" for n in (0, 2)]
