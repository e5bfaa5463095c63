"""Cart-pole: the plant is gymnasium's, and a network that imitates well balances well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.arrays import generator
from errorneurons.simulate.circuit import World
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.tasks import cart_pole as task

PLANT = task.CartPole()
SHORT = replace(PLANT, ticks=2000, epochs=2)


def rngs(carts: int, seed: int = 0) -> list[np.random.Generator]:
    return [generator(seed, "test", cart) for cart in range(carts)]


def controller(none: None, state: Any) -> tuple[None, Any]:
    return none, PLANT.controlled(state)


@pytest.mark.parametrize("seed", range(5))
def test_the_plant_moves_as_gymnasiums_does_with_explicit_euler_steps(seed: int) -> None:
    cartpole = pytest.importorskip("gymnasium.envs.classic_control.cartpole")
    env = cartpole.CartPoleEnv()
    env.tau, env.kinematics_integrator = PLANT.tick, "euler"
    env.x_threshold, env.theta_threshold_radians = PLANT.track, np.radians(PLANT.angle)
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    env.state = state = rng.uniform(-1, 1, 4)
    failed = False
    for _ in range(300):
        force = rng.normal(0, 30)
        env.force_mag = force
        _, _, ended, _, _ = env.step(1)
        state = PLANT.moved(state, np.array(force))
        np.testing.assert_allclose(state, env.state, rtol=1e-12, atol=1e-12)
        assert PLANT.failed(state) == ended
        failed = failed or ended
        if ended:
            return
    assert not failed


def test_a_pole_that_hangs_on_nothing_falls_by_the_textbook_equation() -> None:
    # Without force and near the upright, theta'' = g theta / (l (4/3 - m/M)).
    moved = PLANT.moved(np.array([0.0, 0.0, 1e-6, 0.0]), np.array(0.0))
    wanted = 9.8 * 1e-6 / (0.5 * (4 / 3 - 0.1 / 1.1))
    assert moved[3] / PLANT.tick == pytest.approx(wanted, rel=1e-6)


def test_the_plant_knows_no_left_and_right() -> None:
    state = np.random.default_rng(0).uniform(-1, 1, (20, 4))
    force = PLANT.controlled(state)
    np.testing.assert_allclose(PLANT.moved(-state, -force), -PLANT.moved(state, force))


def test_the_upright_at_rest_stays() -> None:
    np.testing.assert_array_equal(PLANT.moved(np.zeros(4), np.array(0.0)), np.zeros(4))


def test_the_controller_stabilises_the_linearised_plant() -> None:
    base, size = np.zeros(4), 1e-6
    moved = [
        PLANT.moved(base + size * unit, PLANT.controlled(base + size * unit)) for unit in np.eye(4)
    ]
    assert np.abs(np.linalg.eigvals(np.array(moved).T / size)).max() < 1


def test_the_controller_alone_fails_about_five_times() -> None:
    failures = task.penalties(PLANT, controller, None, rngs(200))
    assert 4 <= np.median(failures) <= 7


def test_without_force_the_pole_keeps_falling() -> None:
    failures = task.penalties(
        SHORT, lambda none, state: (none, np.zeros(len(state))), None, rngs(5)
    )
    assert failures.min() > 10


def test_carts_fail_alike_alone_and_together() -> None:
    together = task.penalties(SHORT, controller, None, rngs(3))
    alone = task.penalties(SHORT, controller, None, rngs(3)[2:])
    assert together[2] == alone[0]


def test_a_cart_starts_anew_on_time_and_after_each_failure() -> None:
    plant, seen = replace(SHORT, ticks=10, restart=4), []

    def still(none: None, state: Any) -> tuple[None, Any]:
        seen.append(state.copy())
        return none, 0.0 * state[:, 0]

    assert task.penalties(plant, still, None, rngs(1)).sum() == 0
    jumps = [k for k in range(1, 10) if np.abs(seen[k] - seen[k - 1]).max() > 0.3]
    assert jumps == [4, 8]


def test_four_steps_a_tick_give_a_network_the_time_to_answer() -> None:
    circuit = task.cart_pole_learner("error_microcircuit", "tanh")
    weights = circuit.initial_weights(0, range(3))
    state = np.random.default_rng(0).uniform(-1, 1, (3, 4))
    act = task.network_acts(circuit, PLANT)
    memory, force = act(Stepper(circuit, weights), state)
    _, force = act(memory, state)
    rates = circuit.sweep(weights).settled(state[:, None])[1]
    np.testing.assert_allclose(force, PLANT.force * rates[:, 0, -1], atol=1e-8)


@pytest.mark.parametrize("theory", task.TASK.rivals)
def test_whoever_keeps_its_time_has_all_steps_of_a_tick(theory: str) -> None:
    circuit = task.cart_pole_rival(theory)
    weights, state = circuit.initial_weights(0, range(2)), np.full((2, 4), 0.3)
    _, force = task.network_acts(circuit, PLANT)(Stepper(circuit, weights), state)
    plain, world = (
        circuit.rest(weights, 1),
        World(state[:, None], np.zeros((1, 1, 1)), np.full((1, 1, 1), False)),
    )
    for _ in range(10):
        plain = circuit.step(weights, plain, world)
    np.testing.assert_allclose(
        force, PLANT.force * plain.rates["representation"][:, 0, -1], atol=1e-9
    )


@pytest.mark.parametrize(
    ("theory", "hidden"), [("error_microcircuit", "tanh"), ("backprop", "linear")]
)
def test_imitation_reduces_the_penalty(theory: str, hidden: Any) -> None:
    circuit, networks = task.cart_pole_learner(theory, hidden), range(5)
    weights = task.train_controller(circuit, 0, networks, SHORT)[-1]
    start = circuit.initial_weights(0, networks)
    before, after = (
        task.penalties(SHORT, task.network_acts(circuit, SHORT), Stepper(circuit, w), rngs(5))
        for w in (start, weights)
    )
    assert np.median(after) < 0.5 * np.median(before)


def test_the_dataset_says_what_was_found_after_each_epoch() -> None:
    plant = replace(SHORT, ticks=100, states=20)
    found = task.cart_pole(task.cart_pole_learner("error_microcircuit"), 0, range(2), plant)
    assert found["penalty"].sizes == {"network": 2, "epoch": 2}
    assert found["score"].attrs["units"] == found["controller"].attrs["units"] == "ticks"
    assert (found["penalty"] >= 0).all()


def test_the_published_conductance_gives_the_published_force() -> None:
    assert PLANT.controlled(np.ones(4)) == pytest.approx(84.3)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="ticks of the cart-pole is 0; give 1 or more"):
        task.CartPole(ticks=0)
    with pytest.raises(ValueError, match="hidden is 'relu', which is unknown"):
        task.cart_pole_learner("backprop", "relu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="theory is 'hierarchical_pc', which is unknown"):
        task.cart_pole_learner("hierarchical_pc")
