"""How long one learning step of one network takes, compiled and in plain NumPy, side by side.

Run with ``python benchmarks/engine.py``; it takes a minute or two. The baseline is one network in
plain NumPy with nothing but the equations (`plain_numpy`, checked to compute the same); beside it
stands the theory's own `step` and `learn`, which has all options. All networks have all skip
connections, and learn. Each figure is the best of several runs, the ratio is taken in one run.

With one thread time is what the processor spends, so that other processes disturb little. Two
threads are timed by the clock on the wall and need two idle cores: the load is printed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.kernels import kernels, layout
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

HOLD = 20
#: layers, networks, presentations in a timed run, steps of plain NumPy
SIZES = {
    "8-4-2-1": ((8, 4, 2, 1), 1024, 100, 2000),
    "32-16-8-4-2-1": ((32, 16, 8, 4, 2, 1), 512, 40, 2000),
    "50+7x50": ((50,) * 8, 2, 100, 400),
    "784+4x256": ((784,) + (256,) * 4, 2, 60, 20),
}


def circuit_of(layers: tuple[int, ...]) -> ErrorMicrocircuit:
    """Return an error microcircuit with all skip connections."""
    areas = len(layers) - 1
    strengths = tuple(
        tuple(float(k <= t and (k > 0 or t == 0)) for k in range(areas + 1)) for t in range(areas)
    )
    return ErrorMicrocircuit(
        layers=layers,
        activation=("tanh",) * areas,
        timing=Timing(1e-5, 0.0),
        g_apical=0.06,
        learning_rates=(0.01,) * areas,
        connectivity=strengths,
    )


def schedule_of(circuit: ErrorMicrocircuit, networks: int, count: int) -> layout.Schedule:
    """Return presentations of random items, taught and learnt."""
    rng = np.random.default_rng(0)
    always = np.ones(count, bool)
    return layout.Schedule(
        rng.uniform(size=(1, 100, circuit.layers[0])),
        rng.uniform(-0.5, 0.5, (1, 100, circuit.layers[-1])),
        rng.integers(0, 100, (networks, count)),
        np.full(count, HOLD), always, always,
    )  # fmt: skip


def best(function: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Return the shortest time that a function takes [s]."""
    times = []
    for _ in range(repeats):
        start = clock()
        function()
        times.append(clock() - start)
    return min(times)


def plain_numpy(circuit: ErrorMicrocircuit, W: Array, plan: layout.Schedule, steps: int) -> Array:
    """Simulate one network with one-to-one laterals as a reader would write it; return W."""
    n, R, dt, tau = circuit.layers[0], sum(circuit.sizes), circuit.timing.dt, circuit.tau
    tau_error, out, eta = circuit.tau_error, circuit.output, circuit.timing.dt * circuit.eta
    drives = np.full(R, circuit.g_dendrite)
    u, u_before, v, v_before, basal = np.zeros((5, R))
    presynaptic, B, share = np.zeros(n + R), W[:, n:].T, tau * circuit.g_basal
    for step in range(steps):
        item = plan.order[0, step // HOLD]
        u_ahead = u_before + tau * (u - u_before) / dt
        e = v_before + tau_error * (v - v_before) / dt
        r = np.tanh(u_ahead)
        slope = 1 - r * r
        now = np.concatenate([plan.inputs[0, item], r])
        dendritic = slope * (B @ e)
        error = drives * dendritic
        error[out] = circuit.g_target * slope[out] * (plan.targets[0, item] - r[out])
        surprise, B = u_ahead - share * basal, W[:, n:].T
        basal = W @ now
        du = circuit.g_basal * basal + circuit.g_apical * e - u / tau
        u_before, v_before = u, v
        u, v = u + dt * du, v + dt * (error - v / tau_error)
        W = W + eta * np.outer(surprise, presynaptic)
        presynaptic = now
    return W


def numpy_steps(circuit: ErrorMicrocircuit, steps: int, repeats: int) -> tuple[float, float]:
    """Return what a step of one network takes in plain NumPy and by the theory's `step` [s]."""
    weights = circuit.initial_weights(0, [0])
    plan = schedule_of(circuit, 1, max(1, steps // HOLD))
    steps, yes = int(plan.steps.sum()), np.ones((1, 1, 1), bool)

    def own() -> Array:
        w, state = weights, circuit.rest(weights, 1)
        for item in plan.order[0]:
            world = World(plan.inputs[:, item : item + 1], plan.targets[:, item : item + 1], yes)
            for _ in range(HOLD):
                after = circuit.step(w, state, world)
                w, state = circuit.learn(w, state, after), after
        return w.W[0]

    plain = partial(plain_numpy, circuit, weights.W[0], plan, steps)
    for found in (own(), kernels.run(circuit, weights, plan).weights.W[0]):
        np.testing.assert_allclose(found, plain(), rtol=0, atol=1e-9)
    return (
        best(plain, repeats, time.thread_time) / steps,
        best(own, 2, time.thread_time) / steps,
    )


def engine_step(
    circuit: ErrorMicrocircuit, networks: int, count: int, threads: int, repeats: int,
    processor: bool,
) -> float:  # fmt: skip
    """Return what a step of one network takes in the engine [s], by the processor or the wall."""
    weights = circuit.initial_weights(0, range(networks))
    plan = schedule_of(circuit, networks, count)
    few = replace(plan, **{n: getattr(plan, n)[..., :1] for n in
                           ("order", "steps", "teaching", "learning")})  # fmt: skip
    simulate = partial(kernels.run, circuit, weights, execution=layout.Execution(threads))
    clock = time.thread_time if processor else time.perf_counter
    # Laying out is paid once a run, however long it is: what it takes is subtracted.
    short = best(partial(simulate, few), repeats, clock)
    long = best(partial(simulate, plan), repeats, clock)
    return (long - short) / ((count - 1) * HOLD * networks)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print("microseconds a learning step of one network, and how many times faster the engine is")
    for name, (layers, networks, count, steps) in SIZES.items():
        circuit, repeats = circuit_of(layers), arguments.repeats
        with threadpool_limits(1):
            # In turn, so that a burst of other processes is not all on one side.
            rounds = [
                (
                    *numpy_steps(circuit, steps, repeats),
                    engine_step(circuit, networks, count, 1, repeats, True),
                )
                for _ in range(3)
            ]
            single, double = (
                engine_step(circuit, networks, count, threads, repeats, False) for threads in (1, 2)
            )
        plain, own, one = np.min(rounds, axis=0)
        print(
            f"{name:>14}: NumPy {1e6 * plain:8.1f}  engine {1e6 * one:8.3f}  {plain / one:5.0f}x"
            f"   own step {1e6 * own:8.1f}  {own / one:5.0f}x   two threads {single / double:4.2f}x"
            f" (load {os.getloadavg()[0]:.1f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
