"""Items held for some steps: the compiled way and the plain way do the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.tasks import held
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import NoisyWeights, PairedErrors, VariableNeurons
from errorneurons.simulate.theories.prospective_configuration import ProspectiveConfiguration
from errorneurons.simulate.theories.supervised_pc import SupervisedPC

LAYERS = (3, 5, 2)
MICROCIRCUIT = ErrorMicrocircuit(
    layers=LAYERS, activation=("tanh", "tanh"), timing=Timing(1e-5, 0.0), g_apical=0.06,
    learning_rates=(2.0, 1.0), error_layers=(4, 2), feedback_noise=0.1,
)  # fmt: skip
SETTLES = SupervisedPC(layers=LAYERS, activation=("tanh", "linear"), timing=Timing(1e-3, 0.0))


def items(seed: int = 0) -> held.Items:
    rng = np.random.default_rng(seed)
    return held.Items(rng.uniform(-1, 1, (1, 6, 3)), rng.uniform(-0.8, 0.8, (1, 6, 2)))


def last(circuit: Any, epochs: int, steps: int = 10) -> Any:
    weights = circuit.initial_weights(0, range(2))
    orders = held.shuffled_items(0, "test", range(2), 6, epochs)
    return [weights, *held.learn_held(circuit, weights, items(), steps, orders)][-1]


def test_compiled_learning_is_that_of_step_and_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = last(MICROCIRCUIT, 3)
    monkeypatch.setattr(held.kernels, "COMPILED_THEORIES", ())
    np.testing.assert_allclose(last(MICROCIRCUIT, 3).W, compiled.W, atol=1e-10)


SQUARE = replace(MICROCIRCUIT, error_layers=None)
PAIRED = (PairedErrors(),)


@pytest.mark.parametrize(
    "changes",
    [
        {"cut": ("error_feedback",)},
        {"cut": ("error_to_representation",)},
        {"parts": (NoisyWeights(0.3),)},
        {"parts": (NoisyWeights(0.3),), "cut": ("error_feedback",)},
        {"parts": PAIRED},
        {"parts": (VariableNeurons("error", 0.3),)},
    ],
    ids=str,
)
def test_what_the_engine_does_not_know_is_written_as_other_synapses(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = replace(SQUARE, **changes)
    assert held.kernels.knows(held.for_engine(circuit, circuit.initial_weights(0, [0]))[0])
    compiled = last(circuit, 2)
    assert np.abs(compiled.W - last(SQUARE, 2).W).max() > 1e-4 or PAIRED in changes.values()
    monkeypatch.setattr(held.kernels, "COMPILED_THEORIES", ())
    np.testing.assert_allclose(last(circuit, 2).W, compiled.W, atol=1e-10)


def test_networks_that_diverge_are_refused_or_end_as_nan() -> None:
    wild = replace(SQUARE, activation=("linear", "linear"), learning_rates=(1e6, 1e6))
    with pytest.raises(held.kernels.DivergedError, match="networks of error_microcircuit diverged"):
        last(wild, 3)
    weights = wild.initial_weights(0, range(2))
    orders = held.shuffled_items(0, "test", range(2), 6, 3)
    with np.errstate(all="ignore"):
        *_, after = held.learn_held(wild, weights, items(), 10, orders, diverging=True)
    assert not np.isfinite(after.W).all()


def stepped_plainly(circuit: Any, steps: int, untaught: int) -> Any:
    """Two epochs by `step` and `learn` alone: targets lag, or come when all has settled."""
    weights, shown = circuit.initial_weights(0, range(2)), items()
    state, lag = circuit.rest(weights, 1), untaught or len(LAYERS) - 1
    for order in held.shuffled_items(0, "test", range(2), 6, 2):
        target, taught = shown.targets[:, :1], False
        for item in order.T:
            for step in range(steps + untaught):
                if step == lag:
                    target, taught = shown.targets[[0, 0], item][:, None], True
                told = np.full((1, 1, 1), taught and not (untaught and step < lag))
                world = World(shown.inputs[[0, 0], item][:, None], target, told)
                after = circuit.step(weights, state, world)
                end = step == steps + untaught - 1
                if end or (circuit.plastic == "always" and step >= untaught):
                    weights = circuit.learn(weights, state, after)
                state = after
    return weights


QUICK = {"layers": LAYERS, "activation": ("tanh", "linear"), "timing": Timing(1e-4, 0.0)}
OWN = {"layers": LAYERS, "activation": ("tanh", "linear"), "timing": Timing(1e-3, 0.0)}


@pytest.mark.parametrize("theory", [SupervisedPC, ProspectiveConfiguration])
@pytest.mark.parametrize(("parameters", "held_for"), [(QUICK, (10, 0)), (OWN, (100, 100))])
def test_any_theory_learns_as_its_step_and_learn_say(theory, parameters, held_for) -> None:
    circuit = theory(**parameters)
    assert held.paced(circuit, 10) == held_for
    np.testing.assert_allclose(
        last(circuit, 2).W, stepped_plainly(circuit, *held_for).W, atol=1e-10
    )


def test_the_order_of_a_network_is_its_own() -> None:
    alone = next(held.shuffled_items(0, "test", [3], 9, 1))
    among = next(held.shuffled_items(0, "test", [1, 3], 9, 1))
    np.testing.assert_array_equal(alone[0], among[1])
    np.testing.assert_array_equal(np.sort(among, axis=1), [range(9)] * 2)


def test_free_predictive_coding_answers_with_the_feedforward_sweep() -> None:
    weights, x = SETTLES.initial_weights(0, range(2)), items().inputs
    W_1, W_2 = weights.W[:, :5, :3], weights.W[:, 5:, 3:8]
    sweep = np.tanh(x @ W_1.swapaxes(1, 2)) @ W_2.swapaxes(1, 2)
    np.testing.assert_allclose(held.answers_to(SETTLES, weights, x), sweep, atol=1e-6)


@pytest.mark.parametrize("circuit", [MICROCIRCUIT, held.artificial(MICROCIRCUIT)])
def test_a_uniform_start_does_not_depend_on_the_fan_in(circuit: Any) -> None:
    start = held.uniform_start(circuit, circuit.initial_weights(0, range(200)), 0.5)
    for rows, columns in ((slice(0, 5), slice(0, 3)), (slice(5, 7), slice(3, 8))):
        assert np.abs(start.W[:, rows, columns]).max() == pytest.approx(0.5, abs=0.01)


def test_feedback_follows_a_uniform_start() -> None:
    circuit = replace(MICROCIRCUIT, feedback_noise=0.0)
    start = held.uniform_start(circuit, circuit.initial_weights(0, range(2)))
    np.testing.assert_allclose(start.B[:, :4, 4:], start.W[:, 5:, 3:7].swapaxes(1, 2))


def test_the_artificial_network_first_learns_as_the_microcircuit_does() -> None:
    circuit = replace(
        MICROCIRCUIT, error_layers=None, feedback_noise=0.0, activation=("linear",) * 2,
        g_apical=1e-6,
    )  # fmt: skip
    rival = held.artificial(circuit)
    assert isinstance(rival, Backprop)
    weights = circuit.initial_weights(0, range(1))
    # Potentials of the artificial network are larger by this factor; give it smaller weights.
    share = circuit.tau * circuit.g_basal / rival.gain
    theirs = replace(rival.initial_weights(0, range(1)), W=weights.W * share, B=weights.B)
    shown = held.Items(items().inputs[:, :1], items().targets[:, :1])
    one = iter([np.zeros((1, 1), int)])
    ours = next(held.learn_held(circuit, weights, shown, 400, one)).W - weights.W
    one = iter([np.zeros((1, 1), int)])
    rivals = next(held.learn_held(rival, theirs, shown, 400, one)).W - theirs.W
    np.testing.assert_allclose(rivals, ours, rtol=0.05, atol=1e-3 * np.abs(ours).max())
