"""Every quantity of the published trajectories, at every step, in every way to simulate."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import reference_cases

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


def replay(case: reference_cases.Case) -> None:
    """Step through a case in plain NumPy."""
    data, circuit, weights, state = case.data, case.circuit, case.weights, case.state
    checks = data["check_steps"].tolist()
    for t in range(case.steps):
        after, old = circuit.step(weights, state, case.world(t)), weights
        if data["learn"][t]:
            weights = circuit.learn(weights, state, after)
        for quantity, shown in case.recorded.items():
            assert_near(shown(after), data[f"traj_{quantity}"][t], f"{quantity} at step {t}")
        change = unfiltered(circuit).learn(old, state, after).W - old.W if data["learn"][t] else 0
        norms = [np.linalg.norm((change + 0 * old.W)[0][block]) for block in case.projections]
        assert_near(np.array(norms), data["traj_dWPP_norm"][t], f"dW at step {t}")
        if t + 1 in checks:
            for key, shown in case.synapses.items():
                assert_near(shown(weights), data[key][checks.index(t + 1)], f"{key}, step {t}")
        state = after


def unfiltered(circuit: Any) -> Any:
    """Return the circuit without a low pass: the files hold the norm of dW before it."""
    return replace(circuit, low_pass=0.0) if getattr(circuit, "low_pass", 0.0) else circuit


def test_plain_numpy_follows_the_published_trajectory(case: reference_cases.Case) -> None:
    replay(case)


def test_every_array_of_the_file_is_compared(case: reference_cases.Case) -> None:
    trajectories = {key for key in case.data if key.startswith("traj_")}
    assert trajectories == {f"traj_{q}" for q in case.recorded} | {"traj_dWPP_norm"}
    weights = {key for key in case.data if key.startswith("chk_")}
    assert weights == set(case.synapses)
