"""The compiled loop does what `step` and `learn` of every theory say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.ablations import changes as ablations
from errorneurons.simulate.arrays import of_networks
from errorneurons.simulate.circuit import Timing, World, has, neurons
from errorneurons.simulate.engine import counts, loop, run
from errorneurons.simulate.engine.nodes import RecordingError
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.engine.record import record_circuit
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.engine.trees import arrays, at_step
from errorneurons.simulate.instrument.spikes import poisson
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    FlooredErrors,
    LowPassed,
    NoisyWeights,
    RateRule,
    RelaxingLaterals,
    SensoryLeak,
)
from errorneurons.simulate.theories.registry import OPEN_CHOICES, SUBJECTS, theory

TOLERANCE = 1e-10
ROLES = ("representation", "error", "interneuron")
CIRCUITS = {subject.name: subject.circuit for subject in (*SUBJECTS, *OPEN_CHOICES)} | {
    "backprop": Backprop(),
    "fixed feedback": Backprop(feedback="fixed"),
    "low pass": ErrorMicrocircuit(parts=(LowPassed(20.0), RateRule())),
    "relaxing laterals": ErrorMicrocircuit(
        lateral_noise=0.1,
        parts=(RelaxingLaterals((0.1, 0.2, 0.1, 0.3), (0.1, 0.0, 0.1, 0.3)),),
    ),
    "skips, noisy weights and laterals": ErrorMicrocircuit(
        skip_strength=0.3, lateral_noise=0.1, feedback_noise=0.1, parts=(NoisyWeights(0.1),)
    ),
    "a leak, a floor and no lookahead": ablations.no_lookahead(
        ErrorMicrocircuit(parts=(SensoryLeak(0.1), FlooredErrors(0.2)))
    ),
    "paired errors": ablations.paired_error_neurons(theory("error_microcircuit").circuit),
    "fewer error neurons": ablations.error_neurons_per_representation(ErrorMicrocircuit(), 0.5),
    "variable neurons": ablations.variable_neurons(
        ErrorMicrocircuit(activation=("tanh", "soft_relu", "relu", "hard_sigmoid")),
        "representation",
    ),
    "nothing fed back": ablations.no_error_feedback(theory("supervised_pc").circuit),
    "one area": ErrorMicrocircuit(layers=(3, 2), activation=("logistic",), learning_rates=(0.1,)),
}  # fmt: skip


def drawn_world(circuit: Any, networks: int, streams: int, teaching: Any, seed: int) -> World:
    rng = np.random.default_rng(seed)
    out = neurons(circuit, "representation", circuit.output_area)
    return World(
        rng.uniform(-0.3, 0.3, (networks, streams, circuit.layers[0])),
        rng.uniform(-0.3, 0.3, (networks, streams, out.stop - out.start)),
        np.asarray(teaching, bool).reshape(1, -1, 1),
    )


def manipulated(circuit: Any, weights: Any, world: World, seed: int) -> World:
    """A world in which all roles are silenced and driven in part, and some axon terminals are."""
    rng = np.random.default_rng(seed)
    networks, streams = world.input.shape[:2]
    sizes = {r: neurons(circuit, r).stop for r in ROLES if has(circuit, r)}
    cut = {
        a.matrix: rng.integers(0, 2, (networks, *getattr(weights, a.matrix[0]).shape[1:]))
        for a in circuit.axons if "^T" not in a.matrix
    }  # fmt: skip
    return replace(
        world,
        keep={r: rng.integers(0, 2, (networks, streams, n)) * 1.0 for r, n in sizes.items()},
        current={r: rng.normal(0, 0.03, (1, streams, n)) for r, n in sizes.items()},
        synapses={name: x * 1.0 for name, x in cut.items()},
    )


@dataclass
class Plain:
    """Steps a theory in NumPy."""

    circuit: Any
    weights: Any
    state: Any

    def advance(self, world: World, steps: int, learn: bool) -> dict[str, Any]:
        sums: dict[str, Any] = {}
        for k in range(steps):
            before, self.state = (
                self.state,
                self.circuit.step(self.weights, self.state, at_step(world, k)),
            )
            if learn:
                self.weights = self.circuit.learn(self.weights, before, self.state)
            for role, rates in self.state.rates.items():
                sums[role] = sums.get(role, 0.0) + rates
        return sums


def assert_near(found: Any, wanted: Any, what: str) -> None:
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE, err_msg=what)


def assert_same(found: Any, wanted: Any, what: str) -> None:
    one, two = arrays(found), arrays(wanted)
    assert set(one) == set(two)
    for name, value in two.items():
        assert one[name].shape == value.shape, (what, name)
        np.testing.assert_allclose(
            one[name], value, rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{what} {name}"
        )


def assert_follows(circuit: Any, networks: int, streams: int, learn: bool) -> None:
    weights = circuit.initial_weights(1, range(networks))
    plain = Plain(circuit, weights, circuit.rest(weights, streams))
    stepper = Stepper(circuit, weights, streams)
    mixed = np.arange(streams) % 2 if streams > 1 else [1]
    for number, teaching in enumerate((0, 1, mixed, 0)):
        world = drawn_world(circuit, networks, streams, teaching, number)
        for now in (world, manipulated(circuit, weights, world, number), world):
            roles = tuple(plain.state.rates)
            wanted = plain.advance(now, 7, learn)
            found = stepper.advance(now, 7, learn, roles)
            assert_same(stepper.state, plain.state, "state")
            assert_same(stepper.weights, plain.weights, "synapses")
            for role in roles:
                np.testing.assert_allclose(
                    found[role], wanted[role], rtol=TOLERANCE, atol=TOLERANCE
                )
    assert stepper.compiled


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(("networks", "streams"), [(3, 1), (2, 3)])
def test_a_frozen_network_does_what_its_theory_says(name: str, networks: int, streams: int) -> None:
    assert_follows(CIRCUITS[name], networks, streams, learn=False)


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(("networks", "streams"), [(3, 1), (2, 3)])
def test_a_network_learns_what_its_theory_says(name: str, networks: int, streams: int) -> None:
    assert_follows(CIRCUITS[name], networks, streams, learn=True)


@pytest.mark.parametrize("name", [s.name for s in SUBJECTS])
@pytest.mark.parametrize("delay", [0.0, 1e-3, 4e-3])
def test_any_delay_is_kept(name: str, delay: float) -> None:
    circuit = replace(theory(name).circuit, timing=Timing(delay=delay))
    assert_follows(circuit, 2, 1, learn=True)


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [("error_microcircuit", ("g_apical", "g_basal")),
     ("supervised_pc", ("tau", "learning_rate")), ("supervised_pc_direct_ahead", ("lookahead",)),
     ("hierarchical_pc", ("tau", "learning_rate", "prior"))],
)  # fmt: skip
def test_a_parameter_may_be_one_a_network(
    name: str, parameters: tuple[str, ...], learn: bool
) -> None:
    circuit = theory(name).circuit
    own = {
        p: (getattr(circuit, p) + 0.01) * np.linspace(1, 2, 3)[:, None, None] for p in parameters
    }
    assert_follows(replace(circuit, **own), 3, 1, learn)
    assert_follows(replace(circuit, **own), 3, 2, learn)


@pytest.mark.parametrize(("streams", "learn"), [(1, False), (1, True), (2, True)])
def test_the_number_of_a_part_may_be_one_a_network(streams: int, learn: bool) -> None:
    leak = SensoryLeak(0.01 * np.linspace(1, 2, 3)[:, None, None])
    assert_follows(ErrorMicrocircuit(parts=(leak,)), 3, streams, learn)


@pytest.mark.parametrize("subject", [*SUBJECTS, *OPEN_CHOICES], ids=lambda s: s.name)
def test_every_theory_can_be_recorded(subject: Any) -> None:
    for circuit in (subject.circuit, subject.trained or subject.circuit):
        weights = circuit.initial_weights(1, [0])
        stepper = Stepper(circuit, weights)
        stepper.advance(drawn_world(circuit, 1, 1, 1, 0), 1, learn=True)
        assert stepper.compiled


def test_what_differs_from_step_to_step_may_be_given_at_once() -> None:
    circuit = theory("error_microcircuit").circuit
    weights = circuit.initial_weights(1, range(2))
    rng, world = np.random.default_rng(0), drawn_world(circuit, 2, 3, 1, 0)
    noisy = replace(
        world, input=rng.normal(size=(6, 2, 3, 10)),
        current={"error": rng.normal(size=(6, 2, 3, 50)), "representation": np.ones((1, 1, 50))},
    )  # fmt: skip
    plain = Plain(circuit, weights, circuit.rest(weights, 3))
    stepper = Stepper(circuit, weights, 3)
    plain.advance(noisy, 6, learn=False)
    stepper.advance(noisy, 6)
    assert_same(stepper.state, plain.state, "state")


def test_bins_are_sums_of_steps() -> None:
    circuit = theory("supervised_pc").circuit
    weights = circuit.initial_weights(1, range(2))
    world = drawn_world(circuit, 2, 1, 1, 0)
    binned = Stepper(circuit, weights).advance(world, [2, 3], show=("error",))["error"]
    single = Stepper(circuit, weights).advance(world, [1] * 5, show=("error",))["error"]
    np.testing.assert_allclose(binned, [single[:2].sum(0), single[2:].sum(0)], atol=1e-14)


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("name", ["error_microcircuit", "burst_dependent", "mismatch_neurons"])
def test_results_are_the_same_to_the_bit_in_any_blocking(
    name: str, learn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit, networks = theory(name).circuit, 19
    weights = circuit.initial_weights(1, range(networks))
    world = drawn_world(circuit, networks, 1 if learn else 5, 1, 0)

    def states(size: int, own: slice) -> Any:
        monkeypatch.setattr(run, "NETWORKS", size)
        monkeypatch.setattr(run, "STREAMS", size)
        part = circuit.initial_weights(1, range(networks)[own])
        stepper = Stepper(circuit, part, world.input.shape[1])
        stepper.advance(replace(world, input=world.input[own], target=world.target[own]), 30, learn)
        return arrays(stepper.state) | arrays(stepper.weights)

    whole = states(16, slice(None))
    for size, own in ((8, slice(None)), (24, slice(None)), (16, slice(0, 3)), (16, slice(7, 8))):
        for key, value in states(size, own).items():
            assert np.array_equal(value, whole[key][own]), (size, own, key)
    assert len(weights.W if hasattr(weights, "W") else weights.V) == networks


@pytest.mark.parametrize("learn", [False, True])
def test_what_other_networks_are_like_does_not_change_the_bits(learn: bool) -> None:
    own = np.array([0.0, 0.2, 0.1])[:, None, None]
    parameters: Any = {"skip_strength": own, "lateral_noise": own, "feedback_noise": own,
                  "parts": (SensoryLeak(own),), "g_apical": 0.02 + 0.1 * own}  # fmt: skip
    circuit = ErrorMicrocircuit(**parameters)
    weights, world = circuit.initial_weights(1, range(3)), drawn_world(circuit, 3, 1, 1, 0)
    together = Stepper(circuit, weights)
    together.advance(world, 30, learn)
    for n in range(3):
        alone, task, synapses = of_networks((circuit, world, weights), [n], 3)
        single = Stepper(alone, synapses)
        single.advance(task, 30, learn)
        assert np.array_equal(single.state.v[0], together.state.v[n])
        assert np.array_equal(single.weights.W[0], together.weights.W[n])


def test_segments_do_not_change_the_bits() -> None:
    circuit = theory("dendritic_microcircuit").circuit
    weights = circuit.initial_weights(1, range(3))
    world = drawn_world(circuit, 3, 1, 1, 0)
    one, two = Stepper(circuit, weights), Stepper(circuit, weights)
    one.advance(world, 20, learn=True)
    for steps in (1, 7, 12):
        two.advance(world, steps, learn=True)
    for key, value in arrays(one.state).items():
        assert np.array_equal(value, arrays(two.state)[key]), key
    assert np.array_equal(one.weights.B, two.weights.B)


@pytest.mark.parametrize(
    ("name", "wild"), [("supervised_pc", 1e300), ("error_microcircuit", 1e300),
                       ("burst_dependent", np.nan), ("dendritic_pc", np.nan)],
)  # fmt: skip
def test_a_network_that_diverges_is_not_finite_and_harms_no_other(name: str, wild: float) -> None:
    circuit = theory(name).circuit
    weights = circuit.initial_weights(1, range(2))
    diverging = replace(weights, W=weights.W * np.array([1.0, wild])[:, None, None])
    world = drawn_world(circuit, 2, 1, 1, 0)
    both, one = Stepper(circuit, diverging), Stepper(circuit, circuit.initial_weights(1, [0]))
    with np.errstate(all="ignore"):
        both.advance(world, 50, learn=True)
    one.advance(replace(world, input=world.input[:1], target=world.target[:1]), 50, learn=True)
    assert np.array_equal(both.weights.W[0], one.weights.W[0])
    assert not np.isfinite(both.weights.W[1]).all()


@dataclass(frozen=True)
class Odd(type(theory("supervised_pc").circuit)):  # type: ignore[misc]
    """A theory that does what the engine does not know."""

    def step(self, weights: Any, state: Any, world: World) -> Any:
        after = super().step(weights, state, world)
        return replace(after, e=np.sinh(after.e))


def test_what_cannot_be_recorded_is_refused_and_stepped_in_numpy() -> None:
    circuit = Odd()
    weights = circuit.initial_weights(1, range(2))
    state, world = circuit.rest(weights, 1), drawn_world(circuit, 2, 1, 1, 0)
    message = "supervised_pc cannot be recorded: sinh is unknown to the engine; use one of abs"
    with pytest.raises(RecordingError, match=message):
        record_circuit(circuit, weights, state, world, frozenset(), learn=False)
    stepper = Stepper(circuit, weights)
    sums = stepper.advance(world, 3, show=("error",))
    plain = Plain(circuit, weights, state)
    assert np.array_equal(sums["error"], plain.advance(world, 3, learn=False)["error"])
    assert not stepper.compiled


def test_what_is_compiled_ahead_is_what_is_called() -> None:
    compile_ahead()
    compiled = [list(f.signatures) for f in (loop.advance, counts.multiplied)]
    for plastic in (False, True):
        circuit = theory("error_microcircuit").circuit
        stepper = Stepper(circuit, circuit.initial_weights(1, range(2)), 1 if plastic else 3)
        stepper.advance(drawn_world(circuit, 2, 1 if plastic else 3, 1, 0), 4, learn=plastic)
    poisson(np.full((2, 3, 4), 0.1, np.float32), np.random.default_rng(0))
    assert [list(f.signatures) for f in (loop.advance, counts.multiplied)] == compiled
