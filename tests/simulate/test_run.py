"""Trials follow one another, bins average, streams and networks do not mix, drives are matched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from errorneurons.simulate.animals.trained import matched_drive
from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Population, Timing, World
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.experiments.association import association
from errorneurons.simulate.experiments.learning import learning_block
from errorneurons.simulate.experiments.outcome import FROZEN
from errorneurons.simulate.experiments.trials import PASSIVE, WHILE_SETTLED, Clock, drive, silence
from errorneurons.simulate.theories.registry import SUBJECTS, THEORIES, Theory
from errorneurons.simulate.trials.bench import Bench, arbitrary_half
from errorneurons.simulate.trials.manipulations import aimed_at
from errorneurons.simulate.trials.run import Activity, run_trials
from errorneurons.simulate.trials.twins import Twins

CLOCK = Clock(start=-0.02, outcome=0.06, stop=0.1, bin=0.02)


@dataclass(frozen=True)
class Count:
    """Steps since rest, as the rate of five neurons."""

    steps: Array

    @property
    def rates(self) -> dict[str, Array]:
        return {"representation": self.steps}


@dataclass(frozen=True)
class Counter:
    """A circuit that counts its steps, and in its synapses how often it learns."""

    plastic: str = "always"
    theory = "counter"
    carrier = "none"
    timing: Timing = field(default_factory=Timing)
    output_area = "area 1"
    populations = (Population("representation", "area 1", 1, 5),)

    def initial_weights(self, seed: int, networks: Any) -> Array:  # noqa: ARG002
        return np.zeros((len(networks), 1, 1))

    def rest(self, weights: Array, streams: int) -> Count:
        return Count(np.zeros((len(weights), streams, 5)))

    def step(self, weights: Array, state: Count, world: Any) -> Count:  # noqa: ARG002
        return Count(state.steps + 1)

    def learn(self, weights: Array, before: Count, after: Count) -> Array:
        return weights + (after.steps - before.steps)[:, :1, :1]


def counted(
    plastic: str = "always", learn: bool = False, n_streams: int = 1, clock: Clock = CLOCK
) -> tuple[Activity, Array]:
    """Run 5 trials of 120 steps."""
    circuit: Any = Counter(plastic)
    table = learning_block(1, "trained", {}, 1, clock)
    bench = Bench(circuit, association(1, [0, 1]))
    return run_trials(bench, np.zeros((2, 1, 1)), table, clock, n_streams, learn)


def first_of(rates: Any, trials: slice) -> Any:
    return {role: rate[:, trials] for role, rate in rates.items()}


def assert_equal_rates(found: Any, wanted: Any) -> None:
    for role in wanted:
        np.testing.assert_allclose(found[role], wanted[role], rtol=1e-6, atol=1e-9)


def test_trials_start_from_the_end_of_the_one_before_and_bins_average_their_steps() -> None:
    activity, _ = counted()
    mean_of_first_bin = np.arange(1, 21).mean()
    expected = mean_of_first_bin + 20 * np.arange(5 * 6).reshape(5, 6)
    np.testing.assert_array_equal(activity.rates["representation"][1, :, :, 0], expected)


def test_the_output_is_the_mean_over_the_last_100_ms_before_the_outcome() -> None:
    activity, _ = counted()  # with 60 ms between input and outcome: all of it
    expected = np.arange(21, 81).mean() + 120 * np.arange(5)
    np.testing.assert_allclose(activity.output[0, :, 0], expected)


@pytest.mark.parametrize(("plastic", "steps"), [("always", 40), ("after settling", 10)])
def test_synapses_learn_with_the_outcome_only(plastic: str, steps: int) -> None:
    _, weights = counted(plastic, learn=True)
    assert (weights == 5 * steps).all()


@pytest.mark.parametrize(("plastic", "steps"), [("always", 25), ("after settling", 10)])
def test_synapses_learn_late_in_the_outcome_if_the_clock_says_so(plastic: str, steps: int) -> None:
    _, weights = counted(plastic, learn=True, clock=replace(CLOCK, plasticity=0.075))
    assert (weights == 5 * steps).all()


def test_synapses_stay_frozen_unless_asked_to_learn() -> None:
    _, weights = counted()
    assert (weights == 0).all()


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
def test_each_stream_that_learns_is_a_network_of_its_own(theory: Theory) -> None:
    bench, weights = bench_of(theory, [0, 1])
    parts = [block(), block(silence("error", "all", (0.06, 0.1)))]
    together, _ = run_trials(bench, weights, pd.concat(parts), CLOCK, n_streams=2, learn=True)
    alone = [run_trials(bench, weights, part, CLOCK, learn=True)[0].output for part in parts]
    np.testing.assert_allclose(together.output, np.concatenate(alone, axis=1), atol=1e-12)


def test_trials_that_cannot_be_dealt_evenly_are_refused() -> None:
    with pytest.raises(ValueError, match="5 trials cannot be dealt evenly to 2 streams"):
        counted(n_streams=2)


def test_bins_that_are_no_whole_number_of_steps_are_refused() -> None:
    bench, weights = bench_of(THEORIES[0], [0])
    fine = replace(CLOCK, bin=0.0005)
    with pytest.raises(
        ValueError, match=r"bin is 0\.0005 s; give a whole number of steps of 0.001"
    ):
        run_trials(bench, weights, block(), fine)


def bench_of(theory: Theory, networks: list[int]) -> tuple[Bench[Any, Any], Any]:
    weights = theory.circuit.initial_weights(1, networks)
    return Bench(theory.circuit, association(1, networks)), weights


def block(*manipulations: Any) -> pd.DataFrame:
    """Return a trial of each stimulus for each manipulation, with an outcome."""
    every = manipulations or ({},)
    return pd.concat([learning_block(1, "trained", m, 1, CLOCK) for m in every])


@pytest.mark.parametrize("kind", [silence, drive])
def test_an_unknown_area_is_refused_with_the_known_ones_listed(kind: Any) -> None:
    bench, weights = bench_of(THEORIES[0], [0])
    with pytest.raises(ValueError, match="no error neurons in area 'V1'; areas that have: area 1,"):
        run_trials(bench, weights, block(kind("error", "V1", (0.0, 0.1))), CLOCK)


def test_a_silenced_area_is_silent_from_onset_to_offset_and_only_there() -> None:
    bench, weights = bench_of(THEORIES[0], [0])
    table = block(silence("representation", "area 2", (0.02, 0.08)))
    rates = run_trials(bench, weights, table, CLOCK)[0].rates["representation"][0]
    silent = [not rates[:, b, 20:35].any() for b in range(6)]
    assert silent == [False, False, True, True, True, False]
    assert rates[:, 2:5, :20].all()


@pytest.mark.parametrize("theory", SUBJECTS, ids=lambda t: t.name)
def test_networks_do_not_depend_on_which_others_run_with_them(theory: Theory) -> None:
    alone, many = (
        run_trials(*bench_of(theory, networks), block(), CLOCK, learn=True)[0]
        for networks in ([5], [2, 5, 9])
    )
    assert_equal_rates({k: v[0] for k, v in alone.rates.items()},
                       {k: v[1] for k, v in many.rates.items()})  # fmt: skip


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
def test_streams_live_through_their_trials_as_a_single_stream_does(theory: Theory) -> None:
    off = silence("error", "area 2", (0.0, 0.1))
    bench, weights = bench_of(theory, [0, 1])
    parts = [block(), block(off), block(drive("representation", "area 2", (0.0, 0.1)))]
    together, _ = run_trials(bench, weights, pd.concat(parts), CLOCK, n_streams=3)
    for i, part in enumerate(parts):
        alone, _ = run_trials(bench, weights, part, CLOCK)
        assert_equal_rates(first_of(together.rates, slice(5 * i, 5 * i + 5)), alone.rates)


def test_each_stream_starts_from_rest() -> None:
    bench, weights = bench_of(THEORIES[0], [0])
    table = pd.concat([block()] * 2)
    (one, _), (two, _) = (run_trials(bench, weights, table, CLOCK, n_streams=n) for n in (1, 2))
    assert_equal_rates(first_of(one.rates, slice(0, 5)), first_of(two.rates, slice(0, 5)))
    first, second = (a.rates["representation"][:, 5] for a in (one, two))
    assert np.abs(first[:, 0] - second[:, 0]).max() > 1e-3


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
def test_the_drive_has_the_energy_of_the_areas_tuning(theory: Theory) -> None:
    bench, weights = bench_of(theory, [0, 1])
    bench = replace(bench, drive=matched_drive(bench, weights))
    table = pd.concat([
        learning_block(1, "trained", PASSIVE | {"outcome_onset": np.nan} | m, 1)
        for m in ({}, drive("representation", "area 2", WHILE_SETTLED))
    ])  # fmt: skip
    rates = run_trials(bench, weights, table, Clock(), n_streams=10)[0].rates["representation"]
    start = sum(p.size for p in theory.circuit.populations
                if p.role == "representation" and p.level < 2)  # fmt: skip
    natural, driven = np.split(rates[:, :, 39, start : start + 15], 2, axis=1)  # last of the drive
    share = ((driven - natural) ** 2).mean(axis=(1, 2)) / natural.var(axis=1).mean(axis=-1)
    assert (share > 0.5).all()
    assert (share < 2).all()


def test_with_labels_the_drive_has_the_energy_of_the_driven_cells_tuning() -> None:
    bench, weights = bench_of(THEORIES[0], [0, 1])
    bench = replace(bench, labelled=arbitrary_half(bench.circuit, 1, [0, 1]))
    bench = replace(bench, drive=matched_drive(bench, weights))
    _, driven = aimed_at(bench.circuit, bench.labelled, "drive", "representation", "area 2")
    table = pd.concat([
        learning_block(1, "trained", PASSIVE | {"outcome_onset": np.nan} | m, 1)
        for m in ({}, drive("representation", "area 2", WHILE_SETTLED))
    ])  # fmt: skip
    rates = run_trials(bench, weights, table, Clock(), n_streams=10)[0].rates["representation"]
    natural, moved = np.split(rates[:, :, 39], 2, axis=1)  # last of the drive
    for k in (0, 1):
        change = (moved[k] - natural[k])[:, driven[k]]
        share = (change**2).mean() / (2 * natural[k][:, driven[k]].var(axis=0).mean())
        assert share == pytest.approx(1, abs=0.5)


def test_the_unexpected_target_is_the_outcome_of_another_stimulus() -> None:
    bench, weights = bench_of(THEORIES[0], [0])
    table = FROZEN.block(1, 2, CLOCK).table
    activity, _ = run_trials(
        bench, weights, table, Clock(start=-0.1, stop=0.4, bin=0.1), n_streams=90
    )
    outcome, own = table["outcome"].to_numpy(), bench.association.outcomes["trained"][0]
    shown, pattern = activity.target[0], table["pattern"].to_numpy()
    assert np.isnan(shown[outcome == "none"]).all()
    np.testing.assert_array_equal(shown[outcome == "expected"], own[pattern[outcome == "expected"]])
    assert (shown[outcome == "unexpected"] != own[pattern[outcome == "unexpected"]]).any(-1).all()


@pytest.mark.parametrize("theory", THEORIES, ids=lambda t: t.name)
def test_streams_that_were_alike_so_far_are_one_to_the_bit(theory: Theory) -> None:
    circuit, tasks = theory.circuit, association(1, [0, 1])
    weights = circuit.initial_weights(1, [0, 1])
    inputs, targets = tasks.stimuli["trained"], tasks.outcomes["trained"]
    never, always = np.zeros((1, 1, 1), dtype=bool), np.ones((1, 1, 1), dtype=bool)
    dark = World(0 * inputs[:, :1], targets[:, [0, 1, 2, 3]], never)
    shown = replace(dark, input=inputs[:, [0, 0, 1, 1]])
    every, twins = Stepper(circuit, weights, 4), Twins(circuit, weights, 4)
    for world in (dark, shown, replace(shown, teaching=always), dark):
        expected = every.advance(world, [3, 5], show=every.roles)
        found = twins.advance(world, [3, 5], show=twins.roles)
        for role, rates in expected.items():
            np.testing.assert_array_equal(found[role], rates)
