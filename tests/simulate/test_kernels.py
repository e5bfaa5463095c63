"""The engine against plain NumPy: what `step` and `learn` say, to rounding, in any blocking."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.parts.activations import ACTIVATIONS
from errorneurons.simulate.parts.connectivity import dense
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    AbsentTargetAsZero,
    DirectFeedback,
    ErrorActivation,
    LowPassed,
    NudgedOutput,
    PairedErrors,
    RateRule,
    RelaxingLaterals,
    SensoryLeak,
    TunedNeurons,
    Ungated,
    VariableNeurons,
    WithoutLookahead,
)
from errorneurons.simulate.theories.error_places import CircuitPart

TOLERANCE = 1e-10
SEED = 5
#: An unlinked area rests at exactly 0 in the engine and at 1e-18 in Euler steps: at the kink of
#: relu the gate then differs. relu is compared in the corners and the reference cases.
SMOOTH_AT_0 = sorted(set(ACTIVATIONS) - {"relu"})


def schedule_of(circuit: Any, networks: int, seed: int, steps: int = 4) -> layout.Schedule:
    """Return presentations of unequal length, with and without teaching and learning."""
    rng = np.random.default_rng(seed)
    teaching = np.array([True, True, False, True, True, False, True])
    learning = np.array([True, True, True, False, True, False, True])
    lengths = rng.integers(2, steps + 2, 7)
    return layout.Schedule(
        rng.uniform(-1, 1, (networks, 5, circuit.layers[0])),
        rng.uniform(-1, 1, (networks, 5, circuit.layers[-1])),
        rng.integers(0, 5, (networks, 7)), lengths, teaching, learning, target_lag=1,
    )  # fmt: skip


def plain(
    circuit: Any, weights: Any, plan: layout.Schedule, noise: layout.Noise | None = None
) -> tuple[Any, Any, list[Any]]:
    """Simulate a schedule by `step` and `learn`."""
    state, states, every = circuit.rest(weights, 1), [], np.arange(len(weights.W))
    total = int(plan.steps.sum())
    currents = noise and [
        layout.potential_noise(circuit, noise, network, total) for network in noise.networks
    ]
    taught, target = False, plan.targets[every, plan.order[:, 0]]
    for p, steps in enumerate(plan.steps):
        for step in range(steps):
            if step == plan.target_lag:
                taught, target = bool(plan.teaching[p]), plan.targets[every, plan.order[:, p]]
            current = {}
            if currents:
                for i, role in list(enumerate(("representation", "error")))[: len(currents[0])]:
                    current[role] = np.stack([c[i][len(states)] for c in currents])[:, None]
            world = World(
                plan.inputs[every, plan.order[:, p]][:, None], target[:, None],
                np.full((1, 1, 1), taught), current=current,  # type: ignore[arg-type]
            )  # fmt: skip
            after = circuit.step(weights, state, world)
            if plan.learning[p]:
                weights = circuit.learn(weights, state, after)
            state = after
            states.append(after)
    return weights, state, states


def assert_near(found: Any, wanted: Any, what: str) -> None:
    """Compare two arrays, relative to their size where they are large."""
    assert np.shape(found) == np.shape(wanted), what
    # A network without hidden areas has no interneurons, so its arrays are empty.
    scale = np.abs(wanted).max(initial=1.0)
    assert np.abs(found - wanted).max(initial=0.0) <= TOLERANCE * scale, what


def assert_same(found: Any, wanted: Any, what: str) -> None:
    """Compare two containers field by field."""
    for field in fields(wanted):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        pairs = zip(a, b, strict=True) if isinstance(b, tuple) else [(a, b)]
        for x, y in pairs:
            if y is not None:
                assert_near(x, y, f"{what}: {field.name}")


def compare(
    circuit: Any, networks: int = 3, noise: layout.Noise | None = None,
    plan: layout.Schedule | None = None,
) -> None:  # fmt: skip
    weights = circuit.initial_weights(SEED, range(networks))
    plan = plan or schedule_of(circuit, networks, SEED)
    names = tuple(n for n in kernels.recordable(circuit) if n != "surprise")
    out = kernels.run(
        circuit, weights, plan, recording=layout.Recording(names),
        execution=layout.Execution(noise=noise),
    )  # fmt: skip
    expected_weights, expected_state, states = plain(circuit, weights, plan, noise)
    for name in names:
        wanted = np.stack([getattr(state, name)[:, 0] for state in states], axis=1)
        assert_near(out.recorded[name], wanted, name)
    assert_same(out.weights, expected_weights, "weights")
    assert_same(out.state, expected_state, "state")


def one_or_all(areas: int, values: Any) -> Any:
    return st.tuples(*[values] * areas)


@st.composite
def parts(draw: Any, areas: int) -> list[CircuitPart]:
    """Draw any combination of the parts that the kernel knows."""
    names = st.sets(st.sampled_from([f"area {n}" for n in range(1, areas + 1)]))
    strategies: list[Any] = [
        st.builds(AbsentTargetAsZero),
        st.builds(SensoryLeak, st.sampled_from([0.0, 0.3, 1.0])),
        st.builds(DirectFeedback),
        st.builds(NudgedOutput),
        st.builds(ErrorActivation, one_or_all(areas, st.sampled_from(sorted(ACTIVATIONS)))),
        st.builds(PairedErrors),
        st.builds(
            TunedNeurons,
            one_or_all(areas, st.floats(0.5, 2)),
            one_or_all(areas, st.floats(-0.5, 0.5)),
        ),
        st.builds(VariableNeurons, st.just("representation"), st.sampled_from([0.0, 0.3])),
        st.builds(VariableNeurons, st.just("error"), st.sampled_from([0.0, 0.3])),
        st.builds(WithoutLookahead, st.just("representation"), names.map(sorted).map(tuple)),
        st.builds(WithoutLookahead, st.just("error"), names.map(sorted).map(tuple)),
        st.builds(Ungated),
        st.builds(RateRule),
        st.builds(LowPassed, st.just(3.0)),
        st.builds(RelaxingLaterals, *[st.none() | one_or_all(areas, st.floats(0, 1))] * 2),
    ]
    return [draw(strategy) for strategy in strategies if draw(st.booleans())]


@st.composite
def circuits(draw: Any) -> ErrorMicrocircuit:
    """Draw an error microcircuit with any combination of options."""
    areas = draw(st.integers(1, 4))
    sizes = st.integers(1, 5)
    layers = draw(st.tuples(*[sizes] * (areas + 1)))
    per_area = lambda values: draw(st.none() | one_or_all(areas, values))  # noqa: E731
    strength = st.sampled_from([0.0, 0.0316, 1.0])
    table = tuple(
        tuple(draw(strength) if k <= t else 0.0 for k in range(areas + 1)) for t in range(areas)
    )
    small = st.sampled_from([0.0, 0.3])
    return ErrorMicrocircuit(
        layers=layers,
        activation=draw(one_or_all(areas, st.sampled_from(SMOOTH_AT_0))),
        timing=Timing(1e-4, draw(st.integers(0, 3)) * 1e-4),
        g_leak=draw(st.sampled_from([0.03, 0.3])),
        g_apical=draw(st.sampled_from([0.0, 0.06])),
        learning_rates=draw(one_or_all(areas, st.floats(0, 2))),
        connectivity=draw(st.sampled_from([None, table])),
        feedback_noise=draw(small),
        lateral_noise=draw(small),
        weight_scale=draw(st.sampled_from([1.5, 8.0])),
        error_layers=per_area(sizes),
        derivative=draw(st.sampled_from(["exact", "nominal", "published"])),
        feedback=draw(st.sampled_from(["transpose", "transpose", "fixed"])),
        learning_grading=draw(st.sampled_from(["strength", "hierarchical", "uniform"])),
        parts=tuple(draw(st.permutations(draw(parts(areas))))),
    )


RELAXED = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@RELAXED
@given(circuit=circuits())
def test_the_engine_does_what_the_equations_say(circuit: ErrorMicrocircuit) -> None:
    compare(circuit)


@RELAXED
@given(circuit=circuits())
def test_large_networks_do_what_the_equations_say(
    circuit: ErrorMicrocircuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0)
    compare(circuit, networks=2)


@pytest.mark.slow
@settings(RELAXED, max_examples=3000)
@given(circuit=circuits(), large=st.booleans())
def test_the_engine_does_what_thousands_of_circuits_say(
    circuit: ErrorMicrocircuit, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    compare(circuit)


@st.composite
def rivals(draw: Any) -> Any:
    """Draw a circuit of another theory with any combination of options."""
    areas = draw(st.integers(1, 4))
    common = {
        "layers": draw(st.tuples(*[st.integers(1, 5)] * (areas + 1))),
        "activation": draw(one_or_all(areas, st.sampled_from(sorted(ACTIVATIONS)))),
        "timing": Timing(1e-4, draw(st.integers(0, 3)) * 1e-4),
        "learning_rates": draw(one_or_all(areas, st.floats(0, 2))),
        "derivative": draw(st.sampled_from(["exact", "published"])),
    }
    theory = draw(st.sampled_from(kernels.COMPILED_THEORIES[1:]))
    if theory.theory == "backprop":
        table = tuple(
            tuple(draw(st.sampled_from([0.0, 1.0])) if k <= t else 0.0 for k in range(areas + 1))
            for t in range(areas)
        )
        feedback = draw(st.sampled_from(["transpose", "fixed"]))
        return theory(
            **common, connectivity=draw(st.sampled_from([None, table])), feedback=feedback
        )
    hidden = one_or_all(areas - 1, st.floats(0, 2))
    names = {"dendritic_pc": ("lateral_rates",)}.get(
        theory.theory, ("interneuron_rates", "inhibition_rates")
    )
    return theory(
        **common,
        **{name: draw(hidden) for name in names},
        g_apical=draw(st.sampled_from([0.0, 0.06])),
        feedback=draw(st.sampled_from(["transpose", "fixed"])),
        feedback_noise=draw(st.sampled_from([0.0, 0.4])),
        target=draw(st.sampled_from(["rate", "potential"])),
        plasticity=draw(st.sampled_from(["potential", "rate"])),
        lateral=draw(st.sampled_from(["plastic", "ideal"])),
    )


@RELAXED
@given(circuit=rivals())
def test_the_engine_does_what_the_equations_of_rivals_say(circuit: Any) -> None:
    compare(circuit)


@RELAXED
@given(circuit=rivals())
def test_large_rivals_do_what_the_equations_say(
    circuit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0)
    compare(circuit, networks=2)


def small(**options: Any) -> ErrorMicrocircuit:
    arguments: dict[str, Any] = {
        "layers": (4, 5, 3, 2), "activation": ("tanh",) * 3, "timing": Timing(1e-4, 0.0),
        "learning_rates": (0.5, 0.3, 0.1),
    }  # fmt: skip
    return ErrorMicrocircuit(**(arguments | options))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": ("hard_sigmoid",) * 3, "weight_scale": 60.0},
        # Potentials of many neurons lie on both sides of the ramp's ends, and close to them.
        {"activation": ("hard_sigmoid",) * 3, "weight_scale": 18.0, "layers": (4, 40, 3, 2)},
        # Exactly at 0: a hair above or below, rounding decides, and the derivative jumps.
        {"activation": ("relu", "relu", "linear"), "weight_scale": 0.0, "feedback_noise": 0.3},
        {"parts": (WithoutLookahead("error"),)},
        {"activation": ("relu", "logistic", "soft_relu")},
        {
            "connectivity": ((1, 0, 0, 0), (1, 0.3, 0, 0), (0, 1, 0.1, 0)),
            "error_layers": (3, 6, 2),
            "feedback_noise": 0.4,
        },
        {"connectivity": ((1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0))},
        # Large networks take four rows at a time, and then what is left.
        {"connectivity": dense(3), "layers": (4, 9, 6, 7)},
        {"parts": (SensoryLeak(1.0),)},
        {"parts": (SensoryLeak(0.5),), "error_layers": (3, 6, 2)},
        {"parts": (SensoryLeak(0.5),), "error_layers": (3, 6, 2), "lateral_noise": 0.3},
        {
            "activation": ("tanh", "tanh", "relu"),
            "parts": (WithoutLookahead("representation", ("area 3",)), RateRule()),
        },
        {"parts": (LowPassed(3.0),), "error_layers": (3, 6, 2), "feedback_noise": 0.4},
        {"learning_rates": (0.0, 0.0, 0.0), "feedback_noise": 0.4},
        {"feedback": "fixed"},
    ],
    ids=[
        "hard_sigmoid beyond its ramp", "hard_sigmoid at the ends of its ramp", "relu at 0",
        "error lookahead off", "mixed activations", "skips with unequal populations",
        "skips across an area", "skips between areas of many neurons", "a leak of 1",
        "a leak onto unequal populations", "a leak through noisy laterals", "two areas alike",
        "low pass with unequal populations",
        "feedback refreshed without learning", "fixed feedback",
    ],
)  # fmt: skip
@pytest.mark.parametrize("large", [False, True])
def test_corners_do_what_the_equations_say(
    options: dict[str, Any], large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    compare(small(**options))


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
@pytest.mark.parametrize("large", [False, True])
def test_each_theory_does_what_its_equations_say(
    theory: Any, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    compare(theory(**arguments_of(theory)))


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES[1:3], ids=lambda theory: theory.theory)
def test_ideal_laterals_are_kept_as_the_equations_say(theory: Any) -> None:
    compare(theory(**arguments_of(theory), lateral="ideal"))


def test_feedback_that_interneurons_mirror_follows_the_feedback() -> None:
    theory: Any = kernels.COMPILED_THEORIES[2]
    compare(theory(**arguments_of(theory) | {"inhibition_rates": (0.0, 0.0)}))


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
def test_networks_settle_without_a_target_and_learn_again_as_the_equations_say(
    theory: Any,
) -> None:
    circuit = theory(**arguments_of(theory))
    plan = schedule_of(circuit, 3, SEED)
    taught = np.array([True, False, False, False, True, False, True])
    compare(circuit, plan=replace(plan, steps=np.full(7, 40), teaching=taught))


@pytest.mark.parametrize("steps", [1, 3])
def test_feedback_of_the_first_step_may_differ_from_that_of_later_steps(steps: int) -> None:
    circuit = small(feedback_noise=0.3)
    weights = circuit.initial_weights(SEED, range(2))
    weights = replace(weights, B=weights.B + 0.1)
    plan = replace(cut(schedule_of(circuit, 2, SEED), 0, 1), steps=np.array([steps + 1]))
    found = kernels.run(circuit, weights, plan)
    wanted, state, _ = plain(circuit, weights, plan)
    assert_same(found.weights, wanted, "weights")
    assert_same(found.state, state, "state")


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
@pytest.mark.parametrize("large", [False, True])
def test_noise_on_potentials_is_the_current_that_the_equations_take(
    theory: Any, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    compare(theory(**arguments_of(theory)), noise=layout.Noise(0.1, 3, (7, 8, 9)))


def assert_bitwise(found: Any, wanted: Any) -> None:
    for field in fields(wanted):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        for x, y in zip(a, b, strict=True) if isinstance(b, tuple) else [(a, b)]:
            np.testing.assert_array_equal(x, y, err_msg=field.name)


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("threads", "block"), [(1, 1), (1, 3), (1, 11), (2, 4), (2, 64)])
def test_results_do_not_depend_on_threads_and_blocks(
    theory: Any, large: bool, threads: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    circuit = theory(**arguments_of(theory))
    weights = circuit.initial_weights(SEED, range(11))
    plan, names = schedule_of(circuit, 11, SEED, 9), kernels.recordable(circuit)
    recording = layout.Recording(names)
    one = kernels.run(circuit, weights, plan, recording=recording)
    other = kernels.run(
        circuit, weights, plan, recording=recording,
        execution=layout.Execution(threads=threads, block=block),
    )  # fmt: skip
    assert_bitwise(other.weights, one.weights)
    assert_bitwise(other.state, one.state)
    for name in names:
        np.testing.assert_array_equal(other.recorded[name], one.recorded[name], err_msg=name)


def arguments_of(theory: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "layers": (4, 5, 3, 2), "activation": ("tanh", "logistic", "tanh"),
        "learning_rates": (0.5, 0.3, 0.1), "timing": Timing(1e-4, 2e-4),
    }  # fmt: skip
    if theory is ErrorMicrocircuit:
        arguments |= {"feedback_noise": 0.3, "lateral_noise": 0.3}
    if theory.theory == "dendritic_pc":
        arguments |= {"lateral_rates": (0.3, 0.1), "feedback_noise": 0.3}
    if theory.theory == "dendritic_microcircuit":
        arguments |= {"interneuron_rates": (0.3, 0.1), "inhibition_rates": (0.2, 0.2)}
    return arguments


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
def test_a_network_is_the_same_alone_and_among_others(theory: Any) -> None:
    circuit = theory(**arguments_of(theory))
    weights = circuit.initial_weights(SEED, range(5))
    plan = schedule_of(circuit, 5, SEED)
    together = kernels.run(circuit, weights, plan)
    alone = kernels.run(
        circuit, circuit.initial_weights(SEED, [3]),
        replace(plan, inputs=plan.inputs[3:4], targets=plan.targets[3:4], order=plan.order[3:4]),
    )  # fmt: skip
    np.testing.assert_array_equal(alone.weights.W[0], together.weights.W[3])


def test_what_all_networks_are_shown_may_be_given_once() -> None:
    circuit, weights = small(), small().initial_weights(SEED, range(3))
    plan = schedule_of(circuit, 3, SEED)
    names = ("inputs", "targets", "order")
    once = {name: getattr(plan, name)[:1] for name in names}
    thrice = {name: np.repeat(value, 3, axis=0) for name, value in once.items()}
    found, wanted = (
        kernels.run(circuit, weights, replace(plan, **shown)) for shown in (once, thrice)
    )
    assert_bitwise(found.weights, wanted.weights)
    assert_bitwise(found.state, wanted.state)


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
def test_a_run_leaves_what_it_was_given_untouched(theory: Any) -> None:
    circuit = theory(**arguments_of(theory))
    weights = circuit.initial_weights(SEED, [0])
    before = {
        f.name: np.copy(getattr(weights, f.name)) for f in fields(weights) if "tun" not in f.name
    }
    kernels.run(circuit, weights, schedule_of(circuit, 1, SEED))
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(weights, name), value)


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
def test_a_run_can_be_continued(theory: Any) -> None:
    circuit = theory(**arguments_of(theory))
    weights = circuit.initial_weights(SEED, range(2))
    plan = replace(schedule_of(circuit, 2, SEED), target_lag=0)
    whole, middle = (
        kernels.run(circuit, weights, plan),
        kernels.run(circuit, weights, cut(plan, 0, 4)),
    )
    end = kernels.run(circuit, middle.weights, cut(plan, 4, 7), state=middle.state)
    assert_same(end.weights, whole.weights, "weights")
    assert_same(end.state, whole.state, "state")


def cut(plan: layout.Schedule, start: int, stop: int) -> layout.Schedule:
    names = ("order", "steps", "teaching", "learning")
    return replace(plan, **{name: getattr(plan, name)[..., start:stop] for name in names})


@pytest.mark.parametrize("theory", kernels.COMPILED_THEORIES, ids=lambda theory: theory.theory)
def test_recording_at_the_end_of_presentations_picks_their_last_steps(theory: Any) -> None:
    circuit = theory(**arguments_of(theory))
    weights, plan = circuit.initial_weights(SEED, range(2)), schedule_of(circuit, 2, SEED)
    every = kernels.run(circuit, weights, plan, recording=layout.Recording(("r",)))
    ends = kernels.run(circuit, weights, plan, recording=layout.Recording(("r",), "presentation"))
    last = np.cumsum(plan.steps) - 1
    np.testing.assert_array_equal(ends.recorded["r"], every.recorded["r"][:, last])


def test_one_compilation_serves_all_options() -> None:
    weights, plan = small().initial_weights(0, [0]), schedule_of(small(), 1, SEED)
    kernels.run(small(), weights, plan)
    compiled = len(kernels.error_microcircuit.signatures)
    kernels.run(small(g_leak=0, parts=(RateRule(), LowPassed(3.0))), weights, plan)
    assert len(kernels.error_microcircuit.signatures) == compiled


def test_the_target_before_lasts_until_the_first_item_arrives() -> None:
    circuit, lag = small(), 2
    weights = circuit.initial_weights(0, range(3))
    plan = replace(schedule_of(circuit, 3, SEED), target_lag=lag, steps=np.full(7, 5))
    before = plan.targets[:, 4]
    # The same, said with a presentation of its own for the steps until the target arrives.
    first = (np.arange(3), plan.order[:, 0])
    inputs, targets = (
        np.concatenate([x, x[first][:, None]], axis=1) for x in (plan.inputs, plan.targets)
    )
    targets[:, 5] = before
    split = layout.Schedule(
        inputs, targets, np.hstack([np.full((3, 1), 5), plan.order[:, :1]]), np.array([lag, 3]),
        np.ones(2, bool), np.ones(2, bool),
    )  # fmt: skip
    wanted = kernels.run(circuit, weights, split)
    found = kernels.run(circuit, weights, cut(replace(plan, target_before=before), 0, 1))
    assert_same(found.weights, wanted.weights, "weights")
    assert_same(found.state, wanted.state, "state")


@pytest.mark.parametrize(
    ("networks", "block", "threads", "size"),
    [(1024, 128, 2, 128), (300, 128, 1, 100), (300, 128, 2, 75), (80, 128, 2, 40), (1, 128, 2, 1)],
)
def test_threads_have_as_much_to_do(networks: int, block: int, threads: int, size: int) -> None:
    assert kernels.block_size(networks, layout.Execution(threads, block)) == size


def test_the_path_is_chosen_by_layer_sizes() -> None:
    assert not layout.is_large(
        ErrorMicrocircuit(
            layers=(32, 16, 8, 4, 2, 1), activation=("tanh",) * 5, learning_rates=(0.1,) * 5
        )
    )
    assert layout.is_large(
        ErrorMicrocircuit(layers=(50,) * 8, activation=("tanh",) * 7, learning_rates=(0.1,) * 7)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": np.zeros((1, 5, 3))}, r"inputs of the schedule has shape \(1, 5, 3\); give"),
        ({"order": np.zeros((5, 7), int)}, "order of the schedule has 5 rows; give 1 or 3"),
        ({"target_before": np.zeros((3, 1))}, r"target_before of the schedule has shape \(3, 1\)"),
    ],
)
def test_a_schedule_that_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    plan = replace(schedule_of(small(), 3, SEED), **change)
    with pytest.raises(ValueError, match=message):
        kernels.run(small(), small().initial_weights(0, range(3)), plan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": np.full((1, 7), 9)}, "order of the schedule holds items 9 to 9, but there are"),
        ({"steps": np.ones(7, int)}, "target_lag is 1 steps but a presentation lasts 1"),
        ({"learning": np.ones(2, bool)}, r"learning of the schedule has shape \(2,\) for 7"),
        ({"inputs": np.zeros((5, 3))}, "inputs of the schedule has 2 dimensions"),
        ({"target_lag": -1}, "target_lag is -1; give 0 or more"),
    ],
)
def test_an_impossible_schedule_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(schedule_of(small(), 3, SEED), **change)


def test_an_unknown_quantity_is_named_with_the_nearest() -> None:
    circuit, weights = small(), small().initial_weights(0, [0])
    plan, wanted = schedule_of(circuit, 1, SEED), layout.Recording(("apcal",))
    with pytest.raises(ValueError, match=r"recorded quantity is 'apcal'.*did you mean 'apical'"):
        kernels.run(circuit, weights, plan, recording=wanted)


def test_parameters_of_single_networks_are_refused() -> None:
    own = small(g_apical=np.array([0.02, 0.06])[:, None, None])
    with pytest.raises(ValueError, match="the engine takes one g_apical for all networks, not 2;"):
        kernels.run(own, small().initial_weights(0, range(2)), schedule_of(small(), 2, SEED))


def test_several_streams_are_refused() -> None:
    circuit, weights = small(), small().initial_weights(0, range(3))
    with pytest.raises(ValueError, match="3 networks of 2 streams; the engine needs 3 networks"):
        kernels.run(circuit, weights, schedule_of(circuit, 3, SEED), state=circuit.rest(weights, 2))
