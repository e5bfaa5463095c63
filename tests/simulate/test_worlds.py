"""Networks with different parameters run side by side as each would alone; trials start alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from errorneurons.predictions.claims import requirements as protocol
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.performed import (
    COARSE,
    ELECTRODES,
    OF_WORLDS,
    SIDE_BY_SIDE,
    Performed,
    put_through,
)
from errorneurons.simulate.animals.trained import train_animals
from errorneurons.simulate.arrays import Array, of_networks, own
from errorneurons.simulate.experiments.association import BESIDES, STIMULI, association
from errorneurons.simulate.experiments.learning import learning_block, lesson
from errorneurons.simulate.experiments.outcome import OUTCOME_ERROR
from errorneurons.simulate.experiments.trials import Clock, silence
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.nuisance import (
    DELAY,
    LEARNT_STIMULI,
    applied,
    draw_nuisances,
)
from errorneurons.simulate.theories.registry import INTACT, THEORIES, Theory, theory
from errorneurons.simulate.trials.bench import Bench
from errorneurons.simulate.trials.run import run_trials, synapses
from errorneurons.simulate.trials.training import train

CLOCK = Clock(start=-0.02, outcome=0.06, stop=0.1, bin=0.02)
SMALL = Animals(2, worlds=2)


WITHOUT_DELAY = replace(theory("supervised_pc"), nuisance=theory("supervised_pc").nuisance[:2])


@pytest.fixture(scope="module")
def animals() -> Performed:
    return put_through(WITHOUT_DELAY, OF_WORLDS, SMALL, ELECTRODES)


def bench_of(entry: Theory, networks: list[int]) -> tuple[Bench[Any, Any], Any]:
    """Return networks with parameters drawn for each, and their synapses."""
    values = draw_nuisances(entry.nuisance, 1, entry.name, 0, 3)
    circuit = applied(entry.circuit, entry.nuisance, values)
    bench = Bench(circuit, association(1, [0, 1, 2]))
    weights = circuit.initial_weights(1, [0, 1, 2])
    return of_networks(bench, networks, 3), of_networks(weights, networks, 3)


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("entry", THEORIES, ids=lambda t: t.name)
def test_a_network_is_the_same_to_the_bit_whoever_runs_beside_it(
    entry: Theory, learn: bool
) -> None:
    parts = [
        learning_block(1, "trained", m, 1, CLOCK) for m in ({}, silence("error", "all", (0, 1)))
    ]
    many, alone = (
        run_trials(*bench_of(entry, which), pd.concat(parts), CLOCK, n_streams=2, learn=learn)[0]
        for which in ([0, 1, 2], [1])
    )
    for role, rates in alone.rates.items():
        np.testing.assert_array_equal(many.rates[role][1], rates[0])


def test_parameters_one_a_network_are_those_of_circuits_of_their_own() -> None:
    each = [0.01, 0.03]
    together = replace(INTACT, g_apical=np.array(each)[:, None, None])
    rates = [
        run_trials(Bench(c, association(1, n)), c.initial_weights(1, n),
            learning_block(1, "trained", {}, 1, CLOCK), CLOCK, learn=True)[0].rates["error"]
        for c, n in ((together, [0, 1]), (replace(INTACT, g_apical=0.03), [1]))
    ]  # fmt: skip
    np.testing.assert_allclose(rates[0][1], rates[1][0], rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize(
    "name", ["lateral_noise", "feedback_noise", "weight_scale", "skip_strength"]
)
def test_start_weights_follow_parameters_one_a_network(name: str) -> None:
    each = np.array([0.1, 0.2])[:, None, None]
    together = replace(INTACT, **{name: each}).initial_weights(1, [0, 1])
    alone = replace(INTACT, **{name: 0.2}).initial_weights(1, [1])
    for part in ("W", "B", "L_RE", "L_ER"):
        np.testing.assert_allclose(getattr(together, part)[1], getattr(alone, part)[0])


def test_skips_reach_higher_areas_and_the_input_reaches_the_lowest_only() -> None:
    circuit = ErrorMicrocircuit(layers=(2, 2, 2, 2), activation=("tanh",) * 3,
                                learning_rates=(1.0,) * 3, skip_strength=0.3)  # fmt: skip
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.3, 1, 0]]
    np.testing.assert_allclose(circuit.area_strengths, expected)


def test_a_parameter_that_no_network_may_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"g_apical of error_microcircuit is -1.0; give a value"):
        replace(INTACT, g_apical=np.array([0.1, -1.0])[:, None, None])


def test_what_all_networks_share_is_kept_and_the_rest_is_taken() -> None:
    shared, each = np.ones((1, 2)), np.arange(6.0).reshape(3, 2)
    found = of_networks({"a": (shared, each)}, [2, 2], 3)
    np.testing.assert_array_equal(found["a"][1], each[[2, 2]])
    assert found["a"][0] is shared
    assert own(np.array([[[1.0]], [[2.0]]]), 1) == 2.0


def test_each_network_trains_to_a_stage_of_its_own() -> None:
    stage: Array = np.array([0.5, 0.9])
    circuit = theory("supervised_pc").circuit
    found = train(circuit, association(1, [0, 1]), 1, [0, 1], stage=stage)
    reached = 1 - found.loss / found.loss[0]
    last_but_one = [int(np.argmax(r >= s)) - 1 for r, s in zip(reached.T, stage, strict=True)]
    assert (found.removed >= stage).all()
    assert all(reached[k, n] < stage[n] for n, k in enumerate(last_but_one))


def test_an_unexpected_outcome_lies_between_the_expected_and_another_one() -> None:
    task = association(1, [0])
    own_one, other = task.outcomes["trained"], task.unexpected("trained")
    half = replace(task, surprise=np.full((1, 1, 1), 0.5)).unexpected("trained")
    np.testing.assert_allclose(half, (own_one + other) / 2)


def test_every_window_of_a_claim_is_a_multiple_of_the_coarse_bins() -> None:
    windows = (protocol.ONSET, protocol.BEFORE, protocol.BEFORE_LASER, protocol.OUTCOME)
    edges = [t for w in windows for t in w] + [protocol.READ_OUT, COARSE.outcome, COARSE.start]
    edges += [float(f.get("manipulation_onset", 0.0)) for f in OUTCOME_ERROR]
    edges += [float(f.get("manipulation_offset", 0.0)) for f in OUTCOME_ERROR]
    np.testing.assert_allclose(np.array(edges) / COARSE.bin, np.round(np.array(edges) / COARSE.bin))


@pytest.mark.parametrize("entry", THEORIES, ids=lambda t: t.name)
def test_batches_hold_every_world_once_and_one_structure_each(entry: Theory) -> None:
    every = Animals(10, worlds=30)
    found = every.batches(entry, SIDE_BY_SIDE)
    assert sorted(n for batch in found for n in batch.numbers) == list(every.numbers)
    assert sorted(w for batch in found for w in batch.of_worlds) == list(range(30))
    for batch in found:
        drawn = batch.drawn(entry)
        delays = drawn.get(DELAY, np.zeros(1))
        assert len(set((delays * 1000).round())) == 1
        assert all(len(set(drawn[n.name])) == 1 for n in entry.nuisance if n.choices)
        assert len(batch.numbers) <= SIDE_BY_SIDE


@pytest.mark.parametrize("entry", [t for t in THEORIES if t.nuisance], ids=lambda t: t.name)
def test_worlds_differ_in_what_is_one_of_a_few_and_all_else_stays_as_it_was(entry: Theory) -> None:
    every = Animals(2, worlds=12)
    without = replace(entry, nuisance=tuple(n for n in entry.nuisance if not n.choices))
    drawn, before = every.drawn(entry), every.drawn(without)
    for name, values in before.items():
        np.testing.assert_array_equal(drawn[name], values)
    for name in ("layers", LEARNT_STIMULI):
        assert len(set(drawn[name])) == 2


def test_the_theory_of_a_batch_has_the_areas_of_its_worlds() -> None:
    entry = theory("hierarchical_pc")
    for batch in Animals(2, worlds=12).batches(entry, SIDE_BY_SIDE):
        built = entry.nuisance[[n.name for n in entry.nuisance].index("layers")].choices
        own = batch.structured(entry).circuit
        assert own.layers == built[int(batch.drawn(entry)["layers"][0])]
        assert own.populations != entry.circuit.populations or own.layers == entry.circuit.layers
    assert Animals(2).structured(entry) is entry


def test_what_is_learnt_besides_leaves_the_five_as_they_are_and_is_learnt_too() -> None:
    alone, more = association(1, [0, 1]), association(1, [0, 1], besides=3)
    np.testing.assert_array_equal(alone.outcomes["trained"], more.outcomes["trained"])
    np.testing.assert_array_equal(alone.stimuli["new"], more.stimuli["new"])
    assert (alone.taught, more.taught) == ({"trained": 5}, {"trained": 5, BESIDES: 3})
    order = lesson(more.taught, 1, 2, CLOCK)
    for epoch in (order.iloc[:8], order.iloc[8:]):
        assert sorted(epoch["stimulus"]) == [
            *(f"{BESIDES} {k}" for k in (1, 2, 3)), *(f"trained {k}" for k in range(1, 6)),
        ]  # fmt: skip


@pytest.mark.parametrize("name", ["supervised_pc", "hierarchical_pc"])
def test_a_world_is_the_same_whoever_is_beside_it_though_sizes_differ(name: str) -> None:
    entry = theory(name)
    many = max(Animals(1, worlds=12).batches(entry, SIDE_BY_SIDE), key=lambda b: len(b.numbers))
    assert len(many.numbers) > 1
    together, alone = (
        train_animals(entry, animals, ELECTRODES)
        for animals in (many, replace(many, only=many.numbers[-1:]))
    )
    assert together.animals.numbers[-1:] == alone.animals.numbers
    for part, values in synapses(alone.weights).items():
        np.testing.assert_array_equal(synapses(together.weights)[part][-1], values[0])


def test_animals_have_every_kind_of_trial_once(animals: Performed) -> None:
    kinds, *learning = animals.activity
    assert len(kinds.table) == len(OUTCOME_ERROR) * STIMULI
    assert kinds.rates["error"].shape[:3] == (len(animals.number), len(kinds.table), 12)
    assert [lesson.output.shape[1] for lesson in learning] == [3 * STIMULI] * 2
    assert len(animals.left_out) + len(animals.number) == 4


def test_all_kinds_of_trials_start_from_the_same_state(animals: Performed) -> None:
    before = animals.activity[0].rates["representation"][:, :, 0]  # a laser comes 50 ms later
    np.testing.assert_array_equal(before, np.broadcast_to(before[:, :1], before.shape))


def test_animals_do_not_depend_on_the_batch(animals: Performed) -> None:
    alone = put_through(WITHOUT_DELAY, OF_WORLDS, replace(SMALL, only=(1000, 1001)), ELECTRODES)
    for role, rates in alone.activity[1].rates.items():
        np.testing.assert_array_equal(animals.activity[1].rates[role][animals.world == 1], rates)
