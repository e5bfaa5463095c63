"""What theory demands of each experiment, on untrained networks, from the equations alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.trained import untrained_bench
from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import neurons
from errorneurons.simulate.experiments import oddball, single_cells
from errorneurons.simulate.experiments.registry import experiment
from errorneurons.simulate.experiments.tables import completed
from errorneurons.simulate.experiments.trials import (
    DURING_OUTCOME,
    EXPECTED,
    PASSIVE,
    UNEXPECTED,
    WHILE_SETTLED,
    Clock,
    TrialFactors,
    drive,
    silence,
    tabulated,
    trial,
)
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.theories.registry import THEORIES, Theory, theory
from errorneurons.simulate.trials.bench import Bench, NoiseCurrent
from errorneurons.simulate.trials.run import Activity, run_trials

CLOCK = Clock(start=0.0, outcome=0.3, stop=0.5, bin=0.02)
WHILE_ON = (0.15, 0.3)
NETWORKS = (0, 1)
STEP = 1e-3


def weights_of(name: str) -> Any:
    return theory(name).circuit.initial_weights(1, NETWORKS)


def bench_of(tested: Theory) -> Bench[Any, Any]:
    return untrained_bench(tested, Animals(only=NETWORKS), Instrument())


def ran(name: str, table: pd.DataFrame, clock: Clock = CLOCK, streams: int = 0) -> Activity:
    """Run a table on untrained networks, every trial in a stream of its own unless told."""
    bench = replace(bench_of(theory(name)), drive=np.full((2, 1, 1), 0.05))
    return run_trials(bench, weights_of(name), table, clock, streams or len(table))[0]


def trials(name: str, *conditions: TrialFactors) -> Activity:
    return ran(name, tabulated([trial(c, 0, CLOCK) for c in conditions]))


@cache
def experimented(name: str, tested: str) -> Activity:
    known = experiment(tested)
    ((block,),) = (day.blocks for day in replace(known, repeats=1).days(1))
    return ran(name, block.table, known.clock, block.streams)


def of(activity: Activity, role: Any, name: str, area: str) -> Array:
    """Return the rates of a role in an area, (network, trial, time, neuron)."""
    where = neurons(theory(name).circuit, role, area)
    return np.asarray(activity.rates[role][..., where], dtype=float)


# Silent without teaching


@pytest.mark.parametrize("tested", ["novelty", "oddball", "sinusoidal", "influence"])
def test_error_neurons_of_the_microcircuit_are_exactly_silent_without_teaching(
    tested: str,
) -> None:
    activity = experimented("error_microcircuit", tested)
    quiet = ~activity.table["teaching"].to_numpy(bool)
    driven = (activity.table["manipulated_role"] == "error").to_numpy()
    assert not activity.rates["error"][:, quiet & ~driven].any()


@pytest.mark.parametrize("tested", ["novelty", "oddball", "sinusoidal", "influence"])
def test_error_neurons_of_supervised_pc_are_not_silent_without_teaching(tested: str) -> None:
    activity = experimented("supervised_pc", tested)
    quiet = ~activity.table["teaching"].to_numpy(bool)
    assert np.abs(activity.rates["error"][:, quiet]).max() > 0.1


# Single cells


def test_a_driven_cell_of_the_microcircuit_moves_its_targets_as_the_weights_say() -> None:
    name, cell = "error_microcircuit", 3
    one = PASSIVE | drive("representation", "area 2", WHILE_ON) | {"manipulated_cell": cell}
    activity = trials(name, one, PASSIVE)
    at = slice(-12, -11)  # the last bin before the drive ends
    moved = {
        a: np.diff(of(activity, "representation", name, a)[:, ::-1, at], axis=1)[:, 0, 0]
        for a in ("area 1", "area 2", "area 3")
    }
    only = np.arange(15) == cell
    assert not moved["area 1"].any()
    assert not moved["area 2"][:, ~only].any()
    assert (np.abs(moved["area 2"][:, only]) > 0.05).all()
    circuit = theory(name).circuit
    column = circuit.layers[0] + neurons(circuit, "representation", "area 2").start + cell
    W = weights_of(name).W[:, neurons(circuit, "representation", "area 3"), column]
    expected = np.sign(W * moved["area 2"][:, only])
    np.testing.assert_array_equal(np.sign(moved["area 3"]), expected)


def test_a_cell_that_is_not_there_is_refused() -> None:
    one = PASSIVE | drive("error", "area 3", WHILE_ON) | {"manipulated_cell": 10}
    with pytest.raises(
        ValueError, match="manipulated_cell is 10, but there are 10 error cells in area 3 of error_"
    ):
        trials("error_microcircuit", one)


def test_driving_twice_as_hard_drives_with_twice_the_current() -> None:
    strong = PASSIVE | drive("error", "area 1", WHILE_ON) | {"drive_size": 2.0}
    activity = trials("error_microcircuit", strong, strong | {"drive_size": 1.0})
    twice, once = of(activity, "error", "error_microcircuit", "area 1")[:, :, 12].swapaxes(0, 1)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)


# Silencing


def outcome_errors(name: str, laser: TrialFactors) -> dict[str, Array]:
    """Return the late outcome error, unexpected - expected, with a laser over without."""
    activity = trials(name, UNEXPECTED | laser, EXPECTED | laser, UNEXPECTED, EXPECTED)
    errors = {}
    for area in ("area 1", "area 2", "area 3", "area 4"):
        late = of(activity, "error", name, area)[:, :, -1]
        on, off = late[:, 0] - late[:, 1], late[:, 2] - late[:, 3]
        errors[area] = np.linalg.norm(on, axis=1) / np.linalg.norm(off, axis=1)
    return errors


TERMINALS = silence("error", "area 3", DURING_OUTCOME) | {"manipulated_target": "area 2"}


@pytest.mark.parametrize("name", ["error_microcircuit", "supervised_pc"])
def test_silent_terminals_remove_the_outcome_error_below_but_not_where_the_cells_are(
    name: str,
) -> None:
    ratio = outcome_errors(name, TERMINALS)
    assert not ratio["area 1"].any()
    assert not ratio["area 2"].any()
    assert (ratio["area 3"] > 1).all()  # the area below no longer gives way


def test_half_silent_terminals_let_half_of_the_error_through() -> None:
    whole, half = (trials("error_microcircuit", UNEXPECTED | TERMINALS | {"efficacy": e})
                   for e in (0.0, 0.5))  # fmt: skip
    first = slice(16, 17)  # soon after the outcome, before representations have moved
    full, weak = (
        of(a, "error", "error_microcircuit", "area 2")[:, 0, first] for a in (whole, half)
    )
    np.testing.assert_allclose(weak, 0.5 * full, rtol=0.1, atol=1e-4)


def test_terminals_act_in_every_theory_that_has_such_axons() -> None:
    for tested in THEORIES:
        for role in {a.role for a in tested.circuit.axons}:
            route = next(r for a in tested.circuit.axons if a.role == role for r in a.routes[-1:])
            laser = silence(role, route[0], (0.0, 0.5)) | {"manipulated_target": route[1]}
            if bench_of(tested).labelled is not None and role == "error":
                continue  # aimed at representation cells that are labelled so
            activity = trials(tested.name, UNEXPECTED | laser, UNEXPECTED)
            assert any(
                np.abs(np.diff(rates, axis=1)).max() > 1e-3 for rates in activity.rates.values()
            )


def test_streams_do_not_share_silent_terminals() -> None:
    activity = trials("error_microcircuit", UNEXPECTED | TERMINALS, UNEXPECTED)
    alone = trials("error_microcircuit", UNEXPECTED)
    for role, rates in alone.rates.items():
        np.testing.assert_allclose(activity.rates[role][:, 1:], rates, atol=1e-6)


def test_half_the_efficacy_leaves_half_of_the_rate() -> None:
    laser = silence("representation", "area 1", WHILE_SETTLED) | {"efficacy": 0.5}
    activity = trials("error_microcircuit", PASSIVE | laser, PASSIVE)
    on, off = of(activity, "representation", "error_microcircuit", "area 1")[:, :, 10].swapaxes(
        0, 1
    )
    np.testing.assert_allclose(on, 0.5 * off, rtol=1e-6)


def test_a_trials_own_laser_can_hit_others() -> None:
    laser = silence("error", "area 2", DURING_OUTCOME) | {"off_target": 1.0}
    activity = trials("error_microcircuit", UNEXPECTED | laser)
    assert not of(activity, "representation", "error_microcircuit", "area 2")[:, 0, -1].any()


# Inputs and outcomes


def test_contrast_scales_the_input_and_an_offset_ends_it() -> None:
    name, plain = "error_microcircuit", PASSIVE | {"contrast": 0.1}
    activity = trials(name, plain, plain | {"contrast": 0.2}, plain | {"input_offset": 0.2})
    weak, twice, ended = of(activity, "representation", name, "area 1")[0]
    np.testing.assert_allclose(np.arctanh(twice[5]), 2 * np.arctanh(weak[5]), rtol=1e-4)
    np.testing.assert_array_equal(ended[:10], weak[:10])
    np.testing.assert_allclose(ended[12:], 0, atol=1e-12)


def test_the_outcome_size_is_the_way_from_the_expected_to_the_unexpected_outcome() -> None:
    kinds = [UNEXPECTED | {"outcome_size": size} for size in (0.0, 0.5, 1.0, 2.0)]
    target = trials("adaptation", EXPECTED, *kinds).target
    np.testing.assert_array_equal(target[:, 0], target[:, 1])
    np.testing.assert_allclose(target[:, 2], (target[:, 1] + target[:, 3]) / 2)
    np.testing.assert_allclose(target[:, 4], 2 * target[:, 3] - target[:, 1])


# Timing


def lags(name: str, frequency: float) -> Array:
    """Return by how much each area's fundamental lags the input [s], median over its cells."""
    clock = replace(single_cells.WAVES, bin=STEP)
    row = trial(PASSIVE | {"modulation_frequency": frequency, "contrast": 0.2}, 1, clock)
    activity = ran(name, tabulated([row]), clock)
    time = clock.start + STEP * np.arange(activity.rates["representation"].shape[2])
    steady = time >= 0.2 - STEP / 2
    wave = np.exp(-2j * np.pi * frequency * time[steady])
    found = []
    for area in ("area 1", "area 2", "area 3"):
        rates = of(activity, "representation", name, area)[:, 0, steady]
        fundamental = np.einsum("t,ntk->nk", wave, rates)
        ahead = np.angle(fundamental / (wave @ np.sin(2 * np.pi * frequency * time[steady])))
        turned = (
            ahead + np.pi / 2
        ) % np.pi - np.pi / 2  # a cell may go down where the input goes up
        found.append(np.median(-turned) / (2 * np.pi * frequency))
    return np.array(found)


@pytest.mark.parametrize("frequency", [4.0, 16.0])
def test_with_lookahead_areas_lag_by_conduction_alone(frequency: float) -> None:
    conduction = theory("error_microcircuit").circuit.timing.delay + STEP
    steps = np.diff(lags("error_microcircuit", frequency))
    np.testing.assert_allclose(steps, conduction, atol=0.1 * STEP)


def test_without_lookahead_each_area_lags_by_its_relaxation_too() -> None:
    prospective, relaxing = (lags(n, 4.0) for n in ("error_microcircuit", "supervised_pc"))
    assert (relaxing > prospective + 0.005).all()
    assert (np.diff(relaxing - prospective) > 0.005).all()


# Oddballs


def test_every_stimulus_is_equally_frequent_in_the_control_block() -> None:
    table = replace(experiment("oddball"), repeats=2).days(1)[0].table
    control = table[(table["block"] == "control") & (table["oddball"] != "pause")]
    assert set(control["pattern"].value_counts()) == {8}


def test_one_in_five_sequences_is_rare_and_oddballs_are_named_as_they_are() -> None:
    table = replace(experiment("oddball"), repeats=3).days(1)[0].table
    last = table[table["position"] == oddball.LENGTH]
    share = last.groupby(["block", "sequence"]).size()
    assert share["local oddball", "AAAB"] == share["global oddball", "AAAA"] == 6
    assert share["local oddball", "AAAA"] == share["global oddball", "AAAB"] == 24
    kinds = last.groupby(["block", "sequence"])["oddball"].unique().map(list)
    assert kinds["local oddball", "AAAB"] == ["local and global"]
    assert kinds["global oddball", "AAAB"] == ["local"]
    assert kinds["global oddball", "AAAA"] == ["global"]


def test_adaptation_responds_to_what_breaks_the_row_and_not_to_what_breaks_the_rule() -> None:
    activity = experimented("adaptation", "oddball")
    table, area = activity.table.reset_index(drop=True), "area 1"
    size = np.abs(of(activity, "representation", "adaptation", area)[:, :, 5:15]).mean(
        axis=(0, 2, 3)
    )
    standard, rare, breaks = (
        size[((table["position"] == 4) & (table["oddball"] == kind)
              & (table["block"] != "control")).to_numpy()].mean()
        for kind in ("none", "global", "local")
    )  # fmt: skip
    third = size[((table["position"] == 3) & (table["block"] != "control")).to_numpy()].mean()
    assert breaks > 1.05 * standard
    assert rare == pytest.approx(standard, rel=0.02)
    assert standard < third


# Noise


def noise_correlation(name: str, **changes: Any) -> float:
    """Return the correlation of partners over identical passive trials, in area 2."""
    known = experiment("repeats")
    table = replace(known, repeats=1).days(1)[0].table
    bench = bench_of(theory(name))
    noise = NoiseCurrent(known.noise, 1, np.array(NETWORKS))
    noisy = replace(
        bench, circuit=replace(bench.circuit, **changes), noise=noise,
        drive=np.full((2, 1, 1), 0.1),
    )  # fmt: skip
    passive = table[table["outcome"] == "none"]
    activity, _ = run_trials(noisy, weights_of(name), passive, known.clock, 5)
    r, e = (of(activity, role, name, "area 2") for role in ("representation", "error"))
    r, e = (x[:, :, 20:40].reshape(2, 5, -1, 20, 15) for x in (r, e))
    r, e = (x - x.mean(axis=2, keepdims=True) for x in (r, e))
    return float((r * e).mean() / np.sqrt((r**2).mean() * (e**2).mean()))


def test_noise_of_partners_is_shared_by_the_way_from_one_to_the_other() -> None:
    name = "error_microcircuit"
    assert abs(noise_correlation(name, cut=("error_to_representation",))) < 0.03
    assert 0.05 < noise_correlation(name) < noise_correlation("supervised_pc")


def test_a_table_of_a_user_runs_as_the_experiment_whose_rows_it_has() -> None:
    ((block,),) = (day.blocks for day in replace(experiment("novelty"), repeats=1).days(1))
    mine = completed(block.table[["pattern", "familiarity", "outcome"]])
    first, second = (ran("supervised_pc", t, Clock(), block.streams) for t in (block.table, mine))
    for role, rates in first.rates.items():
        np.testing.assert_array_equal(rates, second.rates[role])


def test_tables_put_together_need_not_have_the_same_columns() -> None:
    laser = PASSIVE | silence("error", "area 2", (0.0, 0.5)) | {"efficacy": 0.5}
    parts = [pd.DataFrame([trial(c, 0, CLOCK)]) for c in (PASSIVE, laser | {"contrast": 1.0})]
    together = ran("supervised_pc", pd.concat(parts))
    wanted = trials("supervised_pc", PASSIVE, laser)
    for role, rates in wanted.rates.items():
        np.testing.assert_array_equal(together.rates[role], rates)
