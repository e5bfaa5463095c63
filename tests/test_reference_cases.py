"""Every quantity of the published trajectories, at every step, in every way to simulate."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import reference_cases

from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.theories.error_parts import LowPassed

TOLERANCE = 1e-10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        folder = metafunc.config.getoption("--reference-cases") or reference_cases.FOLDER
        metafunc.parametrize(
            "case", [(name, folder) for name in reference_cases.names(folder)],
            ids=lambda pair: pair[0], indirect=True,
        )  # fmt: skip


@pytest.fixture
def case(request: pytest.FixtureRequest) -> reference_cases.Case:
    return reference_cases.load(*request.param)


def assert_near(found: Any, wanted: Any, what: str) -> None:
    assert found.shape == wanted.shape, what
    if wanted.size:
        assert np.abs(found - wanted).max() <= TOLERANCE, what


class Plain:
    """Steps a circuit in plain NumPy."""

    def __init__(self, circuit: Any, weights: Any, state: Any) -> None:
        self.circuit, self.weights, self.state = circuit, weights, state

    def advance(self, world: Any, steps: int, learn: bool) -> None:
        for _ in range(steps):
            before, self.state = self.state, self.circuit.step(self.weights, self.state, world)
            if learn:
                self.weights = self.circuit.learn(self.weights, before, self.state)


def replay(case: reference_cases.Case, stepper: Any) -> None:
    """Step through a case."""
    data, circuit = case.data, case.circuit
    checks = data["check_steps"].tolist()
    for t in range(case.steps):
        learn, old, before = bool(data["learn"][t]), stepper.weights, stepper.state
        stepper.advance(case.world(t), 1, learn)
        after = stepper.state
        for quantity, shown in case.recorded.items():
            assert_near(shown(after), data[f"traj_{quantity}"][t], f"{quantity} at step {t}")
        change = unfiltered(circuit).learn(old, before, after).W - old.W if learn else 0
        norms = [np.linalg.norm((change + 0 * old.W)[0][block]) for block in case.projections]
        assert_near(np.array(norms), data["traj_dWPP_norm"][t], f"dW at step {t}")
        if t + 1 in checks:
            for key, shown in case.synapses.items():
                found = shown(stepper.weights)
                assert_near(found, data[key][checks.index(t + 1)], f"{key}, step {t}")


def unfiltered(circuit: Any) -> Any:
    """Return the circuit without a low pass: the files hold the norm of dW before it."""
    return circuit.lacking(LowPassed) if getattr(circuit, "parts", ()) else circuit


def test_plain_numpy_follows_the_published_trajectory(case: reference_cases.Case) -> None:
    replay(case, Plain(case.circuit, case.weights, case.state))


def test_the_compiled_loop_follows_the_published_trajectory(case: reference_cases.Case) -> None:
    stepper = Stepper(case.circuit, case.weights, state=case.state, plastic=True)
    replay(case, stepper)
    assert stepper.compiled


def test_every_array_of_the_file_is_compared(case: reference_cases.Case) -> None:
    trajectories = {key for key in case.data if key.startswith("traj_")}
    assert trajectories == {f"traj_{q}" for q in case.recorded} | {"traj_dWPP_norm"}
    weights = {key for key in case.data if key.startswith("chk_")}
    assert weights == set(case.synapses)


def legs(case: reference_cases.Case) -> list[tuple[int, int]]:
    """Return the stretches of steps between which synapses are compared."""
    ends = sorted({0, case.steps, *case.data["check_steps"].tolist()})
    return list(pairwise(ends))


def schedule(case: reference_cases.Case, leg: tuple[int, int], hold: bool) -> layout.Schedule:
    """Return what a leg shows; a presentation lasts while nothing changes, or one step."""
    keys = ("r0", "target", "has_target", "learn")
    data = {key: case.data[key][leg[0] : leg[1]] for key in keys}
    same = np.all([[np.array_equal(*x) for x in pairwise(data[key])] for key in keys], axis=0)
    starts = np.flatnonzero(np.concatenate([[True], ~same | (not hold)]))
    steps = np.diff([*starts, leg[1] - leg[0]])
    order = np.arange(len(starts))[None]
    shown = (data["r0"][starts][None], data["target"][starts][None])
    return layout.Schedule(*shown, order, steps, data["has_target"][starts], data["learn"][starts])


def stacked(value: Any, networks: int) -> Any:
    """Return synapses or a state of one network as those of several, all but the first altered."""
    if value is None or isinstance(value, Tuning):
        return value
    if isinstance(value, tuple):
        return tuple(stacked(v, networks) for v in value)
    return np.concatenate([value, *(value * (1 - 0.1 * k) for k in range(1, networks))])


def change_norms(
    case: reference_cases.Case, state: Any, surprise: Any, r: Any, leg: tuple[int, int]
) -> Any:
    """Return the norm of each step's weight change, which is an outer product and never stored."""
    presynaptic = np.hstack([case.data["r0"][slice(*leg)], r])
    before = np.vstack([state.presynaptic[0], presynaptic[:-1]])
    eta = (case.circuit.timing.dt * case.circuit.eta) ** 2
    norms = [
        np.sqrt(np.einsum("ti,ij,tj->t", surprise[:, i] ** 2, eta[i, j], before[:, j] ** 2))
        for i, j in case.projections
    ]
    return np.transpose(norms) * case.data["learn"][slice(*leg), None]


def test_the_engine_is_compared_with_every_trajectory(case: reference_cases.Case) -> None:
    compared = {name for records in case.compiled.values() for name, _ in records}
    assert compared == set(case.recorded)


def compiled(case: reference_cases.Case, networks: int, hold: bool) -> None:
    """Run a case through the engine, alone or as the first of several networks."""
    multiply = lambda x: replace(  # noqa: E731
        x, **{f.name: stacked(getattr(x, f.name), networks) for f in fields(x)}
    )
    weights, state, data = multiply(case.weights), multiply(case.state), case.data
    recording = kernels.Recording((*case.compiled, "surprise"))
    checks = data["check_steps"].tolist()
    for leg in legs(case):
        out = kernels.run(
            case.circuit, weights, schedule(case, leg, hold), state=state, recording=recording
        )
        norms = change_norms(case, state, out.recorded["surprise"][0], out.recorded["r"][0], leg)
        assert_near(norms, data["traj_dWPP_norm"][slice(*leg)], f"dW in steps {leg}")
        weights, state = out.weights, out.state
        for quantity, file_names in case.compiled.items():
            for name, shown in file_names:
                found = shown(out.recorded[quantity][0])
                assert_near(found, data[f"traj_{name}"][slice(*leg)], f"{name} in steps {leg}")
        if leg[1] in checks:
            for key, shown in case.synapses.items():
                assert_near(shown(weights), data[key][checks.index(leg[1])], f"{key}, {leg[1]}")


@pytest.mark.parametrize("hold", [True, False], ids=["held input", "input of every step"])
@pytest.mark.parametrize(
    ("networks", "large"), [(1, False), (1, True), (3, False)],
    ids=["one network", "one large network", "many networks"],
)  # fmt: skip
def test_the_engine_follows_the_published_trajectory(
    case: reference_cases.Case, networks: int, large: bool, hold: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(layout, "LARGE", 0 if large else np.inf)
    compiled(case, networks, hold)
